"""Batches of more and more reports: seconds a report and the most memory, which should both stay as they are.

`python -m benchmarks.growth 1000` adds a batch of a thousand. The report is a cheap one, so that what the batch itself
costs shows. Processor seconds tell, as others may use the machine; the start is in them, and weighs less in a long one.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.batch import computed, ours

SIZES = (50, 100, 200)
REPORT, FORMATS = "data_quality", ("html",)


def main(sizes: tuple[int, ...] = SIZES) -> None:
    print(f"Batches of {REPORT} to {' and '.join(FORMATS)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    print("  reports  processor s a report  of each further one  s a report  batch, MB  worker and kernel, MB")
    before = (0, 0.0)
    for reports in sizes:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            start = computed()
            seconds, peaks = ours(Path(name), reports, REPORT, FORMATS, watched=True)
            cost = computed() - start
        further = (cost - before[1]) / (reports - before[0])
        print(
            f"  {reports:7} {cost / reports:21.2f} {further:20.2f} {seconds / reports:11.2f}"
            f" {peaks['batch'] / 1e6:10.0f} {peaks['own'] / 1e6:22.0f}",
            flush=True,
        )
        before = (reports, cost)


if __name__ == "__main__":
    main((*SIZES, *map(int, sys.argv[1:])))
