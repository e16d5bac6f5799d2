"""One run at a time at a report's folder, and nothing left of those that were cut off."""

import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing import staging as stages
from cdi_stats.publishing.staging import is_locked, locked, socket_folder, staging, tidy, tidy_all

CONTEXT = multiprocessing.get_context("spawn")


def _hold(folder, said, seconds):
    with staging(folder) as stage:
        (stage / "report.html").write_text("held", encoding="utf-8")
        said.set()
        time.sleep(seconds)


@pytest.fixture
def hold(tmp_path):
    """Be at a folder in another process; it is killed at the end."""
    folder, started = tmp_path / "kent" / "inspection", []

    def start(seconds):
        said = CONTEXT.Event()
        process = CONTEXT.Process(target=_hold, args=(folder, said, seconds))
        process.start()
        started.append(process)
        assert said.wait(60)
        return folder, process

    yield start
    for process in started:
        process.kill()
        process.join()


def test_a_second_run_waits_for_the_first(hold):
    folder, process = hold(1.0)
    assert is_locked(folder)
    with staging(folder) as stage:
        assert (folder / "report.html").read_text(encoding="utf-8") == "held", "the first has published"
        (stage / "report.html").write_text("second", encoding="utf-8")
    process.join()
    assert (folder / "report.html").read_text(encoding="utf-8") == "second"
    assert [path.name for path in folder.parent.iterdir()] == ["inspection"]


def test_a_run_that_waits_too_long_says_why(hold):
    folder, _ = hold(60)
    with pytest.raises(ReportFailed, match="another run has been at it"), staging(folder, longest_wait=0.2):
        pytest.fail("two runs at one folder")
    tidy(folder)
    assert len(list(folder.parent.glob(".inspection.????????"))) == 1, "its stage is its own while it lives"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_run_holds_nobody_up_and_its_stage_is_cleared_away(hold):
    folder, process = hold(60)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not is_locked(folder)
    other = folder.with_name(".inspection-0.9.abcdefgh")
    other.mkdir()
    with staging(folder) as stage:
        assert [path.name for path in folder.parent.glob(".inspection.????????")] == [stage.name]
    assert other.exists(), "another report's stage is not this one's"
    assert {path.name for path in folder.parent.iterdir()} == {"inspection", other.name}


def test_all_that_was_left_beneath_a_reports_folder_is_cleared_away(hold, tmp_path):
    folder, _ = hold(60)
    for name in (".inspection-0.9.abcdefgh", ".board_paper.previous", ".gitkeep"):
        folder.with_name(name).mkdir()
    tidy_all(tmp_path)
    (stage,) = folder.parent.glob(".inspection.????????")
    left = {path.name for path in folder.parent.iterdir()}
    assert left == {stage.name, ".inspection.lock", ".gitkeep", "board_paper"}, "a run that lives keeps what it has"


@pytest.mark.parametrize("swap", [stages._exchange, lambda *_: False], ids=["in one step", "in two renames"])
def test_a_report_takes_the_place_of_the_last(tmp_path, monkeypatch, swap):
    monkeypatch.setattr(stages, "_exchange", swap)
    folder = tmp_path / "kent" / "inspection"
    for words in ("first", "second"):
        with staging(folder) as stage:
            (stage / "report.html").write_text(words, encoding="utf-8")
        assert (folder / "report.html").read_text(encoding="utf-8") == words
        assert [path.name for path in folder.parent.iterdir()] == ["inspection"]


def test_a_lock_leaves_no_file_however_often_it_changes_hands(tmp_path):
    path = tmp_path / "index.html"
    for _ in range(3):
        with locked(path):
            assert is_locked(path)
        assert not is_locked(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_does_not_hold_its_owners_locks(tmp_path):
    path = tmp_path / "index.html"
    with locked(path):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        assert is_locked(path)
    try:
        with locked(path, longest_wait=0):
            assert is_locked(path)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("year", [1980, 2080])
def test_socket_folders_of_nobody_are_cleared_away_whatever_the_clock_says(tmp_path, monkeypatch, year):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left, held, other = (tmp_path / f"cdi-{name}" for name in ("k00000001", "k00000002", "examples"))
    for folder in (left, held, other):
        folder.mkdir()
        os.utime(folder, (365.25 * 86400 * (year - 1970),) * 2)
    (tmp_path / ".cdi-k00000003.lock").touch()
    with locked(held), socket_folder() as ours:
        assert {path.name for path in tmp_path.glob("cdi-*")} == {held.name, other.name, Path(ours).name}
        assert Path(ours).stat().st_mode & 0o777 == 0o700 or os.name == "nt", "audits hold victims' data"
    assert {path.name for path in tmp_path.iterdir()} == {held.name, other.name}, "another's folder is not ours"
