"""A disk that is full or may not be written: one clear line, the last good report whole, the ledger true."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import contextmanager

import pytest

from cdi_stats.batch.ledger import FAILED, INTERRUPTED, PUBLISHED, Ledger
from cdi_stats.resources import resource

from .conftest import Place


class Troubled(Place):
    """A place whose batches run where trouble may befall them."""

    def __init__(self, folder, trouble):
        super().__init__(folder)
        self.trouble = trouble
        (folder / "faults").mkdir()

    def batch(self, *options, **where):
        """Run the batch; return its exit code, what came of each report by audit, and what it said of an error."""
        for name in ("out.txt", "err.txt"):
            (self.folder / name).unlink(missing_ok=True)
        code = self.trouble.run(self.folder, "batch", str(self.plan), "--json", *options, **where)
        events = map(json.loads, self._said("out.txt").splitlines())
        results = {event["audit"]: event["result"] for event in events if event["event"] == "report"}
        return code, results, self._said("err.txt")

    def _said(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def befall(self, audit, kind, times=1):
        (self.folder / "faults" / f"{audit}.xlsx").write_text(f"{kind} {times}", encoding="utf-8")

    def change(self, *names):
        """Give audits under these names that hold something else than before."""
        for name in names:
            data = resource("data", "examples", "kent-board-2017.xlsx").read_bytes()
            (self.folder / f"{name}.xlsx").write_bytes(data)

    def files(self, audit):
        folder = self.out / audit / "inspection"
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def results(self):
        return [run.result for run in Ledger(self.out / "batch").runs()]


@pytest.fixture
def troubled(tmp_path, trouble):
    """A place with two reports to make."""
    made = Troubled(tmp_path, trouble)
    made.audits("full", "other")
    made.ask("full.xlsx", "other.xlsx")
    return made


def mount(*words):
    done = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")


@contextmanager
def small_disk(folder):
    """Have a folder on a disk of two megabytes."""
    folder.mkdir(parents=True, exist_ok=True)
    mount("-t", "tmpfs", "-o", "size=2m", "tmpfs", folder)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def read_only(folder):
    """Have nobody write beneath a folder: the owner by its mode, root, whom no mode binds, by a mount."""
    if os.geteuid():
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)
        return
    mount("--bind", folder, folder)
    try:
        mount("-o", "remount,ro,bind", folder)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder):
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))
    return filler


def only_line(said):
    """Return the one line that was said."""
    (line,) = said.splitlines()
    assert "Traceback" not in line
    assert "To mend: " in line
    return line


def test_a_full_disk_fails_the_report_that_lies_on_it(troubled):
    with small_disk(troubled.out / "full"):
        assert troubled.batch()[:2] == (0, {"full": PUBLISHED, "other": PUBLISHED})
        before = troubled.files("full")
        filler = fill(troubled.out / "full")
        troubled.change("full", "other")
        assert troubled.batch() == (1, {"full": FAILED, "other": PUBLISHED}, "")
        line = only_line(Ledger(troubled.out / "batch").runs()[2].message)
        assert line.startswith(f"{troubled.out / 'full' / 'inspection'}: cannot be written (No space left on device)")
        assert troubled.files("full") == before
        filler.unlink()
        assert troubled.left() == []
        assert troubled.batch()[:2] == (0, {"full": PUBLISHED, "other": "current"})
        assert troubled.files("full") != before
    assert list(troubled.scratch.iterdir()) == []


def test_a_disk_that_fills_up_stops_a_batch_that_cannot_note_what_it_did(troubled):
    """The ledger lies on it too: what was under way counts as interrupted, and the next run goes on from there."""
    with small_disk(troubled.out):
        assert troubled.batch()[0] == 0
        before = troubled.files("full")
        troubled.change("full", "other")
        troubled.befall("full", "kernel:fill")
        code, results, said = troubled.batch("--workers", "1")
        assert (code, results) == (1, {})
        assert "ledger.sqlite: the ledger cannot be used (database or disk is full)" in only_line(said)
        assert "free space" in said
        assert troubled.files("full") == before
        code, results, said = troubled.batch()
        assert (code, results) == (1, {})
        assert "free space" in only_line(said)
        (troubled.out / "filler").unlink()
        assert troubled.results()[2:] == [INTERRUPTED]
        assert troubled.batch()[:2] == (0, {"full": PUBLISHED, "other": PUBLISHED})
        assert troubled.files("full") != before
        assert troubled.left() == []
    assert list(troubled.scratch.iterdir()) == []


def test_what_may_not_be_written_is_said_in_one_line_and_left_as_it_was(troubled):
    assert troubled.batch()[0] == 0
    troubled.change("full", "other")
    before = {path: path.read_bytes() for path in troubled.out.rglob("*") if path.is_file()}
    for folder, where in ((troubled.out, "reports"), (troubled.out / "batch", "reports/batch")):
        with read_only(folder):
            code, results, said = troubled.batch()
        assert (code, results) == (1, {})
        assert f"{where}/" in only_line(said)
        assert {path: path.read_bytes() for path in troubled.out.rglob("*") if path.is_file()} == before
    with read_only(troubled.out / "full"):
        assert troubled.batch() == (1, {"full": FAILED, "other": PUBLISHED}, "")
    line = only_line(Ledger(troubled.out / "batch").runs()[-2].message)
    assert line.startswith(f"{troubled.out / 'full' / 'inspection'}: cannot be written")
    assert troubled.left() == []
    assert list(troubled.scratch.iterdir()) == []


def test_a_temporary_folder_without_room_fails_reports_and_leaves_nothing(troubled):
    with small_disk(troubled.scratch):
        filler = fill(troubled.scratch)
        code, results, said = troubled.batch()
        assert (code, results, said) == (1, {"full": FAILED, "other": FAILED}, "")
        for run in Ledger(troubled.out / "batch").runs():
            assert "the temporary folder" in only_line(run.message)
        filler.unlink()
        assert list(troubled.scratch.iterdir()) == []
    assert troubled.left() == []


def test_lines_that_cannot_be_written_stop_a_batch_with_one_line(troubled):
    """As a log on a full disk does: /dev/full is one."""
    code, _, said = troubled.batch(out="/dev/full")
    assert code
    assert "cannot be used (No space left on device)" in said
    assert "Traceback" not in said
    assert troubled.batch()[:2] == (0, {"full": PUBLISHED, "other": PUBLISHED})
    assert troubled.left() == []
