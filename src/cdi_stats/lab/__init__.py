"""JupyterLab: the analyst's folder and the controls of explore.ipynb."""
