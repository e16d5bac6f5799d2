"""A disk that is full or may not be written: one clear line, the last good report whole, the ledger true."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager, suppress

import pytest

from cdi_stats.batch.ledger import FAILED, INTERRUPTED, PUBLISHED, Ledger


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
    with filler.open("wb", buffering=0) as file, suppress(OSError):
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
        troubled.audits("full", "other", missed=5)
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
        troubled.audits("full", "other", missed=5)
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
    troubled.audits("full", "other", missed=5)
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
