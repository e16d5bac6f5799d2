"""`cdi batch` again and again from one warm process, with trouble made from outside the product.

Each line of the standard input is JSON: a folder, the arguments of a run, and where its lines go; the answer is its
exit code. The folder holds the notebooks, and in `faults`, under an audit's name, what befalls its report: the kind,
and how many times; in `clock` the seconds that the wall clock is ahead. A run is a fork of this process, and so are its
workers and their kernels: all of them have the traps that are laid here.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cdi_stats.publishing.kernels import keep_one_thread

keep_one_thread()

import cdi_stats  # noqa: E402
from cdi_stats import cli  # noqa: E402
from cdi_stats.batch import freshness, ledger, night, warm, worker  # noqa: E402
from cdi_stats.publishing import execution, publication, staging  # noqa: E402

FOLDER = Path()
YEAR = 365 * 86400
real_time = time.time
PR_SET_CHILD_SUBREAPER = 36
BATCH = 0


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    time.sleep(60)  # it takes a moment


def grow() -> None:
    bytearray(4_000_000_000)


def fill(folder: Path) -> None:
    """Leave no room on a disk."""
    with (folder / "filler").open("ab", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


class Clock(datetime):
    """The wall clock, as much ahead as the folder says."""

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(time.time(), tz)


def ahead() -> float:
    told = FOLDER / "clock"
    return float(told.read_text(encoding="utf-8")) if told.exists() else 0.0


def spoil(audit: Path, how: str) -> None:
    """Make an audit unreadable, or another one."""
    crimes = audit / "crimes.csv"
    match how:
        case "gone":
            shutil.rmtree(audit)
        case "cut":
            crimes.write_bytes(crimes.read_bytes()[:200] + b'"')
        case "garbage":
            crimes.write_bytes(bytes(range(256)) * 9)
        case "folder":
            crimes.unlink()
            crimes.mkdir()
        case "other":
            crimes.write_text(crimes.read_text(encoding="utf-8").replace(",no", ",yes"), encoding="utf-8")


def hit(audit: Path, place: str) -> None:
    """Do what is to befall a report of this audit at this place, if anything."""
    note = FOLDER / "faults" / audit.name
    if not note.exists():
        return
    kind, times = note.read_text(encoding="utf-8").split()
    at, _, what = kind.partition(":")
    if at != place or times == "0":
        return
    note.write_text(f"{kind} {int(times) - 1}", encoding="utf-8")
    TROUBLE[what](audit)


TROUBLE = {
    "raises": lambda _: 1 / 0,
    "exits": lambda _: os._exit(3),
    "hangs": lambda _: time.sleep(600),
    "prints": lambda _: print("x" * 2_000_000),
    "grows": lambda _: grow(),
    "kill-itself": lambda _: kill(os.getpid()),
    "kill-parent": lambda _: kill(os.getppid()),
    "kill-batch": lambda _: kill(BATCH),
    "no-room": lambda _: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY)),
    "gone": lambda audit: spoil(audit, "gone"),
    "cut": lambda audit: spoil(audit, "cut"),
    "garbage": lambda audit: spoil(audit, "garbage"),
    "folder": lambda audit: spoil(audit, "folder"),
    "fill": lambda _: fill(FOLDER / "reports"),
    "year-back": lambda _: (FOLDER / "clock").write_text(str(ahead() - YEAR), encoding="utf-8"),
    "year-on": lambda _: (FOLDER / "clock").write_text(str(ahead() + YEAR), encoding="utf-8"),
    "other": lambda audit: spoil(audit, "other"),
}


def lay_traps() -> None:
    """Have trouble come where it is due: as a report is read, told, written, moved into place, and noted."""
    sources, write, exchange = publication.read_sources, publication._write_format, staging._exchange
    noted, opened = worker.hashes_as_read, cdi_stats.open_report
    at_work = [Path("none")]

    def read_sources(report, checked):
        at_work[:] = [Path(checked["audit"])]
        hit(at_work[0], "reading")
        return sources(report, checked)

    def _write_format(*given):
        hit(at_work[0], "writing")
        write(*given)

    def _exchange(new, old):
        hit(at_work[0], "moving")
        done = exchange(new, old)
        hit(at_work[0], "moved")
        return done

    def hashes_as_read(*inputs):
        hit(at_work[0], "noting")
        return noted(*inputs)

    def open_report(audit, **given):
        hit(Path(audit), "kernel")
        report = opened(audit, **given)
        hit(Path(audit), "told")
        return report

    publication.read_sources, publication._write_format, staging._exchange = read_sources, _write_format, _exchange
    worker.hashes_as_read, cdi_stats.open_report = hashes_as_read, open_report
    time.time = lambda: real_time() + ahead()
    ledger.datetime = night.datetime = Clock
    for module in (execution, publication, freshness):
        module.notebook_path = lambda report: FOLDER / "notebooks" / f"{report}.ipynb"


def run(folder: str, arguments: list[str], out: str, err: str) -> int:
    """Run `cdi` in a fork, and return its exit code once all that it started has ended too."""
    global BATCH, FOLDER
    child = os.fork()
    if child == 0:
        BATCH, FOLDER = os.getpid(), Path(folder)
        tempfile.tempdir = str(FOLDER / "t")
        for number, name in ((1, out), (2, err)):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        sys.argv[:] = ["cdi", *arguments]
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 99
        finally:
            sys.stdout.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    # orphans of the run are ours now: each must end by itself
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return os.waitstatus_to_exitcode(status)


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    warm.warm_up()
    warm._tell_example = lambda: None
    lay_traps()
    for line in sys.stdin:
        print(run(**json.loads(line)), flush=True)


main()
