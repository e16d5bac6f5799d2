"""Run every benchmark: `python -m benchmarks`, or some of them: `python -m benchmarks statistics`."""

import importlib
import sys

for name in sys.argv[1:] or ("statistics", "reading", "frame", "cold_report", "batch", "marginal", "growth"):
    importlib.import_module(f"benchmarks.{name}").main()
