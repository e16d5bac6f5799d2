"""Many reports to HTML and PDF: `cdi batch` beside papermill and nbconvert as commands, one a processor at a time.

Both make the same inspection of the same audits. The peer makes fewer of them, as its rate does not depend on how many
there are; ours pays its start once. Memory is what a worker and its kernel have to themselves, and the most that one
of their processes holds with what all share; it is read in a batch of its own, as to read it takes a tenth of the time.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from benchmarks.cold_report import ROOT, browser, peer
from cdi_stats.resources import resource

OURS, PEERS, WATCHED = 43, 6, 12
AUDIT = "kent-2017"
PLAN = """out = "reports"
[[report]]
report = "{report}"
formats = {formats}
audits = ["audits/*.xlsx"]
"""


def watch(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return the most memory that a batch's processes took, in bytes, a worker with its kernel taken together."""
    peaks = dict.fromkeys(("batch", "own", "resident"), 0)
    while process.poll() is None:
        time.sleep(0.2)
        try:
            batch = psutil.Process(process.pid)
            peaks["batch"] = max(peaks["batch"], batch.memory_info().rss)
            workers = batch.children()
            for worker in workers:
                used = [child.memory_full_info() for child in (worker, *worker.children())]
                peaks["own"] = max(peaks["own"], sum(memory.uss for memory in used))
                peaks["resident"] = max([peaks["resident"], *(memory.rss for memory in used)])
        except psutil.Error:
            continue
    return peaks


def ours(
    folder: Path,
    reports: int,
    report: str = "inspection",
    formats: tuple[str, ...] = ("html", "pdf"),
    *,
    watched: bool = False,
) -> tuple[float, dict[str, int]]:
    """Return the seconds of a batch from its start, and of a watched one its peaks of memory in bytes."""
    audits = folder / "audits"
    audits.mkdir()
    for number in range(reports):
        shutil.copy(resource("data", "examples", f"{AUDIT}.xlsx"), audits / f"force-{number:03}.xlsx")
    (folder / "plan.toml").write_text(PLAN.format(report=report, formats=list(formats)), encoding="utf-8")
    command = [sys.executable, "-m", "cdi_stats", "batch", str(folder / "plan.toml")]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peaks = watch(process) if watched else {}
    assert process.wait() == 0
    return time.perf_counter() - start, peaks


def theirs(folder: Path, reports: int) -> float:
    """Return the seconds of the commands, so many reports at a time."""
    folders = [folder / str(number) for number in range(reports)]
    for each in folders:
        each.mkdir()
    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(partial(peer, audit=AUDIT), folders))
    return time.perf_counter() - start


def computed() -> float:
    """Return the processor seconds of every process that has been waited for; 0 where the system does not say."""
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    print(f"Inspections to HTML and PDF: {OURS} by cdi batch, {PEERS} by papermill and nbconvert")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        start = computed()
        before = PEERS / theirs(Path(name), PEERS)
        their_cost = (computed() - start) / PEERS
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        start = computed()
        seconds, _ = ours(Path(name), OURS)
        rate, cost = OURS / seconds, (computed() - start) / OURS
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        _, peaks = ours(Path(name), WATCHED, watched=True)
    pdf = "" if browser() else ", no PDF"
    print(f"  papermill + nbconvert{pdf:8}     {60 * before:6.1f} reports a minute")
    print(f"  cdi batch, start included       {60 * rate:6.1f} reports a minute")
    print(f"  ratio                           {rate / before:6.1f}")
    if cost:
        print(f"  processor seconds a report      {their_cost:6.1f} and {cost:.1f}, ratio {their_cost / cost:.1f}")
    print(f"  a worker and its kernel         {peaks['own'] / 1e6:6.0f} MB of their own")
    print(f"  the larger of their processes   {peaks['resident'] / 1e6:6.0f} MB with what all share")


if __name__ == "__main__":
    main()
