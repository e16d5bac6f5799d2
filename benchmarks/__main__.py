"""Run every benchmark: `python -m benchmarks`; or some by name: `python -m benchmarks scaling`, only so."""

import importlib
import sys

for name in sys.argv[1:] or ("statistics", "reading", "explore", "frame", "cold_report", "batch", "marginal", "growth"):
    importlib.import_module(f"benchmarks.{name}").main()
