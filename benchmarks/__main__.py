"""Run every benchmark: `python -m benchmarks`."""

from benchmarks import cold_report

cold_report.main()
