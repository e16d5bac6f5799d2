"""The ledger is true whenever it is read: what ended, what goes on, and what was cut off."""

import multiprocessing
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from cdi_stats.batch.ledger import CURRENT, FAILED, INTERRUPTED, PUBLISHED, STARTED, Ledger
from cdi_stats.batch.plan import BatchPlan, Job, Limits
from cdi_stats.errors import ReportFailed

JOB = Job("inspection", "kent-2017", "kent-2017", "inspection", ("html",), "", "", {"method": "wald"}, "report 1")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "batch")


@pytest.fixture
def plan(tmp_path):
    return BatchPlan(Path("plan.toml"), tmp_path, Limits(600, 3000), (JOB,))


def test_a_run_is_told_as_it_was(ledger, plan):
    with ledger.batch(plan, "hash", 2, "0.1") as batch:
        run = ledger.start(batch, JOB, "made of", {"a.xlsx": "1"})
        assert ledger.runs(batch)[0].result == STARTED
        ledger.end(run, PUBLISHED, outputs={"a.html": "2"}, seconds=1.5, attempts=2)
    (told,) = ledger.runs()
    assert (told.target, told.parameters, told.formats) == ("kent-2017/inspection", {"method": "wald"}, ("html",))
    assert (told.inputs, told.outputs, told.seconds, told.attempts) == ({"a.xlsx": "1"}, {"a.html": "2"}, 1.5, 2)
    assert told.started <= told.ended
    assert ledger.last("kent-2017/inspection") == told
    facts = ledger.facts(batch)
    assert (facts["plan"], facts["plan_sha256"], facts["workers"], facts["result"]) == ("plan.toml", "hash", 2, "done")
    assert facts["who"]
    assert facts["ended"] >= facts["started"]


def test_the_last_published_run_outlives_one_that_failed(ledger, plan):
    with ledger.batch(plan, "hash", 1, "0.1") as batch:
        good, bad = (ledger.start(batch, JOB, "made of", {}) for _ in range(2))
        ledger.end(good, PUBLISHED)
        ledger.end(bad, FAILED, message="stopped")
        ledger.note(batch, CURRENT, [(JOB, "made of", {})])
    assert ledger.last(JOB.target).run == good
    assert ledger.last("kent-2018/inspection") is None
    assert [run.result for run in ledger.runs()] == [PUBLISHED, FAILED, CURRENT]
    assert ledger.facts(batch)["result"] == FAILED


def test_what_an_error_cuts_off_is_called_interrupted(ledger, plan):
    def cut_off():
        with ledger.batch(plan, "hash", 1, "0.1") as batch:
            ledger.start(batch, JOB, "made of", {})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert ledger.runs()[0].result == INTERRUPTED
    assert ledger.facts(1)["result"] == INTERRUPTED


def _hold(folder, plan):
    ledger = Ledger(folder)
    with ledger.batch(plan, "hash", 1, "0.1") as batch:
        ledger.start(batch, JOB, "made of", {})
        time.sleep(60)


def test_a_batch_is_interrupted_once_its_process_is_gone_and_not_before(ledger, plan):
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(ledger.folder, plan))
    process.start()
    try:
        until = time.monotonic() + 30
        while not ledger.runs() and time.monotonic() < until:
            time.sleep(0.1)
        assert [run.result for run in ledger.runs()] == [STARTED]
    finally:
        os.kill(process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        process.join()
    assert [run.result for run in ledger.runs()] == [INTERRUPTED]
    assert ledger.facts(1)["result"] == INTERRUPTED


def test_a_ledger_that_is_none_is_said_to_be(ledger):
    ledger.folder.mkdir()
    ledger.path.write_text("no ledger, but long enough to be taken for one", encoding="utf-8")
    with pytest.raises(ReportFailed, match="the ledger cannot be used"):
        ledger.runs()


def test_anyone_can_read_it_with_sqlite(ledger, plan):
    with ledger.batch(plan, "hash", 1, "0.1") as batch:
        ledger.end(ledger.start(batch, JOB, "made of", {}), PUBLISHED)
    rows = sqlite3.connect(ledger.path).execute("SELECT report, audit, target, result FROM runs").fetchall()
    assert rows == [("inspection", "kent-2017", "kent-2017/inspection", PUBLISHED)]
