"""Meaning: what an audit shows."""
