"""Statistics and reports for crime data integrity audits."""
