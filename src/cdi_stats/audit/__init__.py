"""Audit data: what an audit is, reading it, checking it."""
