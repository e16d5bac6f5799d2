"""What one more report of a batch costs, beside its own findings, charts and rendering in one plain process.

The plain process reads each audit, examines it, tells and draws every section of the inspection, and renders HTML and
PDF: no notebook, no kernel, no folder to publish. Both give the same figures, or this stops.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.batch import AUDIT, computed, ours
from benchmarks.cold_report import ROOT
from cdi_stats.resources import resource

FEW, MANY = 4, 24
SECTION = re.compile(r"report\.(\w+)\(\)")


def batch_cost(reports: int) -> tuple[float, dict[str, Any]]:
    """Return the processor seconds of a batch, and the figures of one of its reports by key."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        start = computed()
        ours(Path(name), reports)
        cost = computed() - start
        figures = json.loads(next(Path(name).glob("reports/*/inspection/figures.json")).read_text(encoding="utf-8"))
        return cost, {figure["key"]: figure for figure in figures["figures"]}


def render(audit: Path) -> dict[str, Any]:
    """Return the figures of an inspection that is told and rendered in this process."""
    from cdi_stats import open_report
    from cdi_stats.publishing.document import assemble, markdown_blocks
    from cdi_stats.publishing.html import render_html
    from cdi_stats.publishing.publication import collect_figures
    from cdi_stats.publishing.typst import render_pdf

    report, blocks = open_report(str(audit)), []
    for cell in json.loads((ROOT / "notebooks" / "inspection.ipynb").read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            blocks += markdown_blocks(source)
        elif section := SECTION.fullmatch(source.strip()):
            blocks += getattr(report, section[1])().to_blocks()
    document = assemble(blocks)
    render_html(document)
    render_pdf(document)
    return collect_figures(document.blocks)


def plain(folder: Path) -> None:
    """Print the processor seconds of a report after the first ones, and the figures of the last."""
    audits = [folder / f"force-{number:03}.xlsx" for number in range(MANY)]
    for audit in audits:
        shutil.copy(resource("data", "examples", f"{AUDIT}.xlsx"), audit)
    for audit in audits[:FEW]:
        render(audit)
    start = time.process_time()
    for audit in audits[FEW:]:
        figures = render(audit)
    print(json.dumps({"cost": (time.process_time() - start) / (MANY - FEW), "figures": figures}))


def plain_cost() -> tuple[float, dict[str, Any]]:
    """Return what `plain` tells, in a process of its own that starts no thread for numbers, as a batch does not."""
    from cdi_stats.publishing.kernels import ONE_THREAD

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        command = [sys.executable, "-m", "benchmarks.marginal", name]
        told = subprocess.run(command, cwd=ROOT, env=os.environ | ONE_THREAD, check=True, capture_output=True).stdout
    said = json.loads(told)
    return said["cost"], said["figures"]


def main() -> None:
    print(f"One more inspection to HTML and PDF, processor seconds, from batches of {FEW} and {MANY}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    few, figures = batch_cost(FEW)
    plainly, same = plain_cost()
    many, _ = batch_cost(MANY)
    assert figures == same
    more = (many - few) / (MANY - FEW)
    print(f"  one more report in a batch               {more:6.2f} s")
    print(f"  its findings, charts and rendering alone {plainly:6.2f} s")
    print(f"  ratio                                    {more / plainly:6.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        plain(Path(sys.argv[1]))
    else:
        main()
