"""Many reports under random faults: publish or nothing, no wrong figure, all finished in the end, nothing left behind.

Every number of reports and every seed may be asked for: CDI_CHAOS=200 CDI_CHAOS_SEED=7 pytest tests/batch/test_chaos.py
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import threading
from collections.abc import Mapping
from itertools import cycle, islice
from pathlib import Path

import psutil

from cdi_stats.batch.freshness import folder_hashes
from cdi_stats.batch.ledger import CURRENT, FAILED, INTERRUPTED, PUBLISHED, Ledger

from .conftest import GOOD, Trouble, write_audit, write_notebook

REPORTS = int(os.environ.get("CDI_CHAOS", "28"))
SEED = int(os.environ.get("CDI_CHAOS_SEED", "1"))
TIME_LIMIT = 20
# Where and what befalls a report, how often, and what its run then says; one that is tried again says nothing.
FAULTS = {
    "kernel:raises": (99, "ZeroDivisionError"),
    "kernel:exits": (99, "kernel died"),
    "kernel:kill-itself": (1, ""),
    "kernel:kill-parent": (1, ""),
    "kernel:kill-batch": (1, ""),
    "kernel:hangs": (99, f"{TIME_LIMIT} seconds"),
    "kernel:prints": (99, "prints more than"),
    "kernel:grows": (99, "MemoryError"),
    "kernel:gone": (99, "found no such file"),
    "kernel:other": (99, "changed, or was gone"),
    "told:cut": (99, "changed, or was gone"),
    "told:gone": (99, "changed, or was gone"),
    "reading:gone": (99, "found no such file"),
    "reading:cut": (99, "To mend"),
    "reading:garbage": (99, "crimes"),
    "reading:folder": (99, "crimes"),
    "writing:no-room": (99, "File too large"),
    "writing:kill-itself": (99, "its process ended while writing html"),
    "moving:kill-itself": (1, ""),
    "moved:kill-itself": (1, ""),
    "moving:kill-batch": (1, ""),
    "noting:kill-itself": (1, ""),
    "noting:kill-batch": (1, ""),
}
RARE = ("kernel:hangs", "kernel:kill-batch", "moving:kill-batch", "noting:kill-batch")
LETTERS = {FAILED: "f", INTERRUPTED: "i", PUBLISHED: "p", CURRENT: "c"}
Files = Mapping[str, bytes]


class Chaos:
    """A folder with audits, plans and faults, and what runs its batches."""

    def __init__(self, folder: Path, trouble: Trouble) -> None:
        self.folder, self.out, self.scratch = folder, folder / "reports", folder / "t"
        self.trouble = trouble
        self.names = [f"a{number:03}" for number in range(REPORTS)]
        for made in ("notebooks", "faults", "t"):
            (folder / made).mkdir()
        write_notebook(folder / "notebooks" / "inspection.ipynb", *GOOD.split("\n\n"))
        self.plan("all", self.names)

    def plan(self, name: str, audits: list[str]) -> None:
        asked = f'report = "inspection"\naudits = {json.dumps([f"audits/{audit}" for audit in audits])}\n'
        plan = f'time_limit = {TIME_LIMIT}\n[[report]]\n{asked}formats = ["html"]\n'
        (self.folder / f"{name}.toml").write_text(plan, encoding="utf-8")

    def audits(self, *, now: bool = True) -> None:
        """Write every audit, as it is now or as it was earlier."""
        for number, name in enumerate(self.names):
            write_audit(self.folder / "audits" / name, number % 5 + now)

    def run(self, plan: str = "all") -> int:
        """Run a plan's batch and return its exit code."""
        return self.trouble.run(self.folder, "batch", str(self.folder / f"{plan}.toml"), "--json")

    def said(self) -> str:
        return "".join((self.folder / name).read_text(encoding="utf-8") for name in ("out.txt", "err.txt"))

    def published(self) -> dict[str, Files]:
        return {name: found for name in self.names if (found := whole(self.out / name / "inspection"))}


def whole(folder: Path) -> Files | None:
    """Return a folder's files as they are at one moment; None where there is none, or another takes its place now."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        found = {name: _read(name, handle) for name in os.listdir(handle)}  # noqa: PTH208
        return found if os.stat(folder).st_ino == os.fstat(handle).st_ino else None  # noqa: PTH116
    except FileNotFoundError:
        return None
    finally:
        os.close(handle)


def _read(name: str, folder: int) -> bytes:
    with open(os.open(name, os.O_RDONLY, dir_fd=folder), "rb") as file:  # noqa: PTH123
        return file.read()


class Watch(threading.Thread):
    """Looks at every published folder again and again, and notes each that is not whole, or not there any more."""

    def __init__(self, chaos: Chaos, allowed: Mapping[str, list[Files]], there: set[str]) -> None:
        super().__init__(daemon=True)
        self.chaos, self.allowed, self.there = chaos, allowed, there
        self.looks, self.wrong, self.over = 0, set[str](), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.3):
            self.looks += 1
            for name, found in self.chaos.published().items():
                if found not in self.allowed[name]:
                    self.wrong.add(f"{name}: not whole")
            gone = (name for name in self.there if not (self.chaos.out / name / "inspection").is_dir())
            self.wrong |= {f"{name}: gone" for name in gone}


def draw(names: list[str]) -> dict[str, str]:
    """Return a fault for three in four reports, each kind as often as the others but for the dear ones."""
    dice = random.Random(SEED)
    often = [kind for kind in FAULTS if kind not in RARE]
    some = dice.sample(RARE, 2) if len(names) < 100 else list(RARE) * (len(names) // 100)
    kinds = [*some, *islice(cycle(dice.sample(often, len(often))), len(names) * 3 // 4 - len(some))]
    return dict(zip(dice.sample(names, len(kinds)), kinds, strict=True))


def test_chaos(tmp_path, trouble):
    chaos = Chaos(tmp_path, trouble)
    chaos.audits()
    assert chaos.run() == 0, chaos.said()
    expected = chaos.published()
    assert len(expected) == REPORTS
    assert len({files["figures.json"] for files in expected.values()}) == REPORTS

    shutil.rmtree(chaos.out)
    old = chaos.names[::3]
    chaos.plan("earlier", old)
    chaos.audits(now=False)
    assert chaos.run("earlier") == 0
    earlier = chaos.published()
    assert not any(earlier[name] == expected[name] for name in old)

    chaos.audits()
    faults = draw(chaos.names)
    for name, kind in faults.items():
        (chaos.folder / "faults" / name).write_text(f"{kind} {FAULTS[kind][0]}", encoding="utf-8")
    ledger = Ledger(chaos.out / "batch")
    before = len(ledger.runs())
    allowed = {name: [expected[name], *([earlier[name]] if name in earlier else [])] for name in chaos.names}
    watch = Watch(chaos, allowed, set(earlier))
    watch.start()
    codes = [chaos.run()]
    while codes[-1] == -9:
        # a plan that asks for an audit which is not there is refused as a whole
        chaos.audits()
        codes.append(chaos.run())
    assert codes[-1] == 1, chaos.said()
    assert codes.count(-9) <= sum("kill-batch" in kind for kind in faults.values())
    last = {run.target.split("/")[0]: run for run in ledger.runs()}
    for name, kind in faults.items():
        times, words = FAULTS[kind]
        left = (chaos.folder / "faults" / name).read_text(encoding="utf-8")
        assert left != f"{kind} {times}", f"{name}: {kind} never came"
        result = FAILED if words else {PUBLISHED, CURRENT}
        assert last[name].result in result, (name, kind, last[name])
        assert words in last[name].message, (name, kind, last[name].message)
    assert {name for name, run in last.items() if run.result == FAILED} == {
        n for n, k in faults.items() if FAULTS[k][1]
    }

    for name in faults:
        (chaos.folder / "faults" / name).unlink()
    chaos.audits()
    assert chaos.run() == 0, chaos.said()
    watch.over.set()
    watch.join()
    assert watch.looks > 1
    assert watch.wrong == set()
    assert chaos.published() == expected
    runs = ledger.runs()[before:]
    for name in chaos.names:
        course = "".join(LETTERS[run.result] for run in runs if run.target == f"{name}/inspection")
        assert re.fullmatch("[fi]*pc*", course), f"{name}: {course}: what was published is not made again"
        assert ledger.last(f"{name}/inspection").outputs == folder_hashes(chaos.out / name / "inspection")
    assert chaos.run() == 0
    assert {run.result for run in ledger.runs()[-REPORTS:]} == {CURRENT}
    assert "Traceback" not in chaos.said()
    assert list(chaos.out.rglob(".*")) == []
    assert {path.name for path in chaos.out.iterdir()} == {*chaos.names, "batch", "index.html"}
    assert list(chaos.scratch.iterdir()) == []
    assert psutil.Process(trouble.process.pid).children(recursive=True) == []
