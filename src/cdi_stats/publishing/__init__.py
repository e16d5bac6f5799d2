"""Files: parameters, execution, the document read from an executed notebook, its writers, publication."""
