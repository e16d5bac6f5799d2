"""Whatever happens to a report or a batch: others go on, the last good report is whole, nothing is left behind."""

from __future__ import annotations

import signal
import time

import psutil
import pytest

from cdi_stats.batch.ledger import FAILED, INTERRUPTED, PUBLISHED, Ledger

from .conftest import GOOD

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signals here")

# What a report does is told by the name of its audit.
TROUBLE = """
import os, time
from pathlib import Path
name, here = Path(audit).stem, Path(audit).parent
first = not (here / f"{name}.tried").exists()
(here / f"{name}.tried").touch()
match name:
    case "raises": 1 / 0
    case "exits": os._exit(3)
    case "exits-once" if first: os._exit(3)
    case "hangs": time.sleep(600)
    case "grows": held = bytearray(4_000_000_000)
    case "prints":
        for _ in range(100): print("x" * 1_000_000)
    case "slow-once" if first: time.sleep(600)
    case "ignores":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(600)
"""


def until(true, seconds=60.0):
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.05)
    return found


def family(batch):
    """Return a batch's worker and that worker's kernel, once both are there."""

    def look():
        workers = psutil.Process(batch.pid).children()
        kernels = workers and workers[0].children()
        return (workers[0], kernels[0]) if kernels else None

    return until(look)


def under_way(place, name="slow-once"):
    """Start a batch and return it with its worker and kernel when the notebook's cell is at work."""
    batch = place.start("--workers", "1")
    until((place.folder / f"{name}.tried").exists)
    return (batch, *family(batch))


def all_gone(*processes):
    return until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes), 10)


def test_each_report_for_itself(place):
    """Failures of every kind in one batch: each is named, none touches another, none is published."""
    names = ("good", "raises", "exits", "exits-once", "hangs", "prints", "grows", "ignores", "last")
    place.audits(*names)
    (place.folder / "broken.xlsx").write_text("no workbook", encoding="utf-8")
    place.use(TROUBLE, GOOD)
    place.ask(*(f"{name}.xlsx" for name in (*names, "broken")), top="time_limit = 8")
    code, reports, whole = place.run()
    assert code == 1
    good = {name for name, report in reports.items() if report["result"] == PUBLISHED}
    assert good == {"good", "exits-once", "last"}
    assert (whole["published"], whole["failed"]) == (3, 7)
    said = {name: report["message"] for name, report in reports.items()}
    assert "ZeroDivisionError" in said["raises"]
    assert "kernel died" in said["exits"]
    assert "8 seconds" in said["hangs"]
    assert "8 seconds" in said["ignores"]
    assert "prints more than" in said["prints"]
    assert "MemoryError" in said["grows"]
    assert "broken.xlsx" in said["broken"]
    runs = {run.audit.rpartition("/")[2]: run for run in Ledger(place.out / "batch").runs()}
    assert {name.removesuffix(".xlsx"): run.result for name, run in runs.items()} == {
        name: report["result"] for name, report in reports.items()
    }
    assert (runs["exits.xlsx"].attempts, runs["exits-once.xlsx"].attempts, runs["raises.xlsx"].attempts) == (2, 2, 1)
    assert {path.name for path in place.out.iterdir()} == {*good, "batch", "index.html"}
    assert place.left() == []
    assert list(place.scratch.iterdir()) == []


def test_stop_at_first_leaves_the_rest_for_the_next_time(place):
    place.audits("raises", "good")
    place.use(TROUBLE, GOOD)
    place.ask("raises.xlsx", "good.xlsx")
    code, reports, whole = place.run("--stop-at-first", "--workers", "1")
    assert (code, list(reports), whole["not_begun"]) == (1, ["raises"], 1)
    code, reports, _ = place.run()
    assert (code, {name: report["result"] for name, report in reports.items()}) == (
        1,
        {"raises": FAILED, "good": PUBLISHED},
    )


def test_a_failed_report_leaves_the_last_good_one(place):
    place.audits("good")
    place.ask("good.xlsx")
    assert place.run()[0] == 0
    before = place.published("good")
    place.use("1 / 0")
    assert place.run()[0] == 1
    assert place.published("good") == before
    place.use(GOOD)
    assert place.run()[1]["good"]["result"] == "current", "what is there is what the first notebook gives"


@pytest.mark.parametrize("victim", ["worker", "kernel"])
def test_a_killed_process_is_replaced_once(place, victim):
    place.audits("slow-once")
    place.use(TROUBLE, GOOD)
    place.ask("slow-once.xlsx")
    batch, worker, kernel = under_way(place)
    with batch:
        (worker if victim == "worker" else kernel).kill()
        all_gone(worker, kernel)
        assert batch.wait(60) == 0
    (run,) = Ledger(place.out / "batch").runs()
    assert (run.result, run.attempts) == (PUBLISHED, 2)
    assert place.left() == []


def test_a_killed_batch_leaves_nobody_running_and_goes_on_when_run_again(place):
    place.audits("good", "slow-once")
    place.use(TROUBLE, GOOD)
    place.ask("good.xlsx", "slow-once.xlsx")
    batch, worker, kernel = under_way(place)
    with batch:
        batch.kill()
    all_gone(worker, kernel)
    ledger = Ledger(place.out / "batch")
    assert [run.result for run in ledger.runs()] == [PUBLISHED, INTERRUPTED]
    assert any(name.startswith(".inspection.") for name in place.left()), "its stage is left for the next to clear away"
    code, reports, _ = place.run()
    assert (code, {name: report["result"] for name, report in reports.items()}) == (
        0,
        {"good": "current", "slow-once": PUBLISHED},
    )
    assert [run.result for run in ledger.runs()] == [PUBLISHED, INTERRUPTED, "current", PUBLISHED]
    assert place.left() == []
    assert list(place.scratch.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_batch_that_is_stopped_says_so_and_clears_up(place, number):
    place.audits("slow-once")
    place.use(TROUBLE, GOOD)
    place.ask("slow-once.xlsx")
    batch, worker, kernel = under_way(place)
    with batch:
        batch.send_signal(number)
        _, err = batch.communicate(timeout=30)
    assert batch.returncode == 1
    assert "plan.toml: stopped before its end. To go on: run it again" in err
    all_gone(worker, kernel)
    ledger = Ledger(place.out / "batch")
    assert ([run.result for run in ledger.runs()], ledger.facts(1)["result"]) == ([INTERRUPTED], INTERRUPTED)
    assert place.left() == []
    assert list(place.scratch.iterdir()) == []


def test_two_batches_at_once_do_not_overlap(place):
    """Each report is made twice, one after the other; whoever looks finds it whole."""
    place.audits("a", "b")
    place.use("import time; time.sleep(0.5)", GOOD)
    place.ask("a.xlsx", "b.xlsx")
    first, second = place.start(), place.start()
    with first, second:
        assert (first.wait(120), second.wait(120)) == (0, 0)
    assert {run.result for run in Ledger(place.out / "batch").runs()} <= {PUBLISHED, "current"}
    assert place.run()[2]["current"] == 2
    assert place.left() == []
