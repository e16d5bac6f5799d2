"""Telling: findings become blocks of words, tables and charts."""
