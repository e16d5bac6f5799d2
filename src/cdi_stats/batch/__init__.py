"""MANY. Audits by reports by parameters: only what is out of date, several at a time, every run on record."""
