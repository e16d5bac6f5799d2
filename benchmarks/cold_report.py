"""One cold report to HTML and PDF: `cdi report` beside papermill, nbconvert to HTML, and nbconvert to a browser's PDF.

Both run the same notebook on the same audit, each command in a new process. The peer's last step is headless Chromium
printing the HTML, which is the core of what `nbconvert --to webpdf` does; that itself where only playwright is
installed. Without either, the PDF step is left out of the peer, to its advantage.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
ROUNDS = 3
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync")  # fmt: skip


def run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=ROOT, env=os.environ)


def ours(folder: Path) -> None:
    run(BIN / "cdi", "report", "inspection", "kent-2018", "--out", folder)


def peer(folder: Path, audit: str = "kent-2018") -> None:
    executed = folder / "inspection.ipynb"
    run(BIN / "papermill", ROOT / "notebooks" / "inspection.ipynb", executed, "-p", "audit", audit)
    run(BIN / "jupyter", "nbconvert", "--to", "html", "--no-input", executed)
    if browser():
        page = executed.with_suffix(".html").as_uri()
        run(browser(), *QUIET, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={folder / 'out.pdf'}", page)
    elif importlib.util.find_spec("playwright"):
        run(BIN / "jupyter", "nbconvert", "--to", "webpdf", "--no-input", "--disable-chromium-sandbox", executed)


def browser() -> str:
    return next((path for path in map(shutil.which, CHROMIUM) if path), "")


def seconds(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        start = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - start


def main() -> None:
    print(f"One cold inspection report to HTML and PDF, median of {ROUNDS}, taken in turn")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    how = (
        "Chromium to PDF"
        if browser()
        else "nbconvert to webpdf"
        if importlib.util.find_spec("playwright")
        else "no PDF"
    )
    times = [(seconds(ours), seconds(peer)) for _ in range(ROUNDS)]
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"  cdi report                               {mine:6.2f} s")
    print(f"  papermill + nbconvert to HTML + {how:20} {theirs:6.2f} s")
    print(f"  ratio                                    {theirs / mine:6.2f}")


if __name__ == "__main__":
    main()
