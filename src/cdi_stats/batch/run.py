"""Run a batch: what is out of date, several reports at a time, every run on record, whatever happens to any of them."""

from __future__ import annotations

import os
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import cdi_stats
from cdi_stats.audit.remote import Copies, joined
from cdi_stats.batch.cluster import RemoteWorker, cluster, reports_at_once
from cdi_stats.batch.freshness import file_hash, fingerprint, input_hashes, is_current
from cdi_stats.batch.ledger import CURRENT, FAILED, Ledger, Run
from cdi_stats.batch.plan import LEDGER_FOLDER, BatchPlan, Job
from cdi_stats.batch.summary import publish_summary
from cdi_stats.batch.warm import warm_up
from cdi_stats.batch.worker import Task, Worker, brought
from cdi_stats.errors import CdiStatsError
from cdi_stats.publishing.publication import renew_index
from cdi_stats.publishing.remote import fetch_manifests, put_index, put_up
from cdi_stats.publishing.staging import tidy, tidy_all, tidy_sockets

TICK = 0.2
INDEX_EVERY = 5.0
INDEX_SHARE = 50  # between two of them, so many times what one took: an index of a thousand reports takes its time


@dataclass(frozen=True)
class Ended:
    """A report that is done with: what came of it, how long it took, and what it failed of."""

    job: Job
    result: str
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a batch is: the reports to make, those done with, and those at work with the step that each is at."""

    reports: int
    done: int
    at_work: tuple[tuple[str, str], ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Return how many reports a minute are made."""
        return 60 * self.done / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Return how long the rest will take at this rate, or None before there is one."""
        return 60 * (self.reports - self.done) / self.rate if self.rate else None


class Listener:
    """Who is told how a batch goes; this one says nothing."""

    def phase(self, words: str) -> None:
        """Hear what the batch is about to do."""

    def ended(self, ended: Ended) -> None:
        """Hear that a report is done with."""

    def progress(self, progress: Progress) -> None:
        """Hear how far the batch is, several times a second."""


@dataclass(frozen=True)
class Outcome:
    """What came of a batch: its number in the ledger, its runs, the reports not begun, its own report, the seconds."""

    batch: int
    runs: tuple[Run, ...]
    undone: tuple[str, ...]
    summary: Path
    seconds: float

    def count(self, result: str) -> int:
        """Return how many reports came to that."""
        return sum(run.result == result for run in self.runs)


@dataclass
class _Batch:
    """A batch under way."""

    plan: BatchPlan
    ledger: Ledger
    number: int
    listener: Listener
    copies: Copies
    waiting: deque[Task] = field(default_factory=deque)
    workers: list[Worker | RemoteWorker] = field(default_factory=list)
    failed: int = 0
    client: Any = None


def run_batch(
    plan: BatchPlan,
    *,
    workers: int | None = None,
    stop_at_first: bool = False,
    dask: str = "",
    listener: Listener | None = None,
) -> Outcome:
    """Publish every report of a plan that is out of date, `workers` at a time, and return what came of each.

    A report that fails leaves its last good one as it was, and the others go on, unless `stop_at_first`. A report whose
    kernel or process died is tried once more. Stopped at any moment, a batch goes on where it was when run again.
    `dask` is the address of a Dask scheduler whose workers make the reports, or "local" for a cluster on this machine.
    Raises BadParameters for a cluster that cannot be had, ReportFailed where the ledger, the summary
    or the index cannot be written.
    """
    began = time.monotonic()
    # one more than can compute at a time: a report waits now and then for its kernel
    at_once = workers or (os.cpu_count() or 1) + 1
    ledger = Ledger(plan.out / LEDGER_FOLDER)
    with ledger.batch(plan, file_hash(plan.path), at_once, cdi_stats.__version__) as number, Copies() as copies:
        batch = _Batch(plan, ledger, number, listener := listener or Listener(), copies)
        listener.phase("looking for what is out of date")
        tidy_all(plan.out)
        batch.waiting.extend(_out_of_date(batch))
        try:
            if batch.waiting:
                _publish_waiting(batch, at_once, workers, dask, stop_at_first=stop_at_first)
        finally:
            _renew_index(plan)
        undone = tuple(task.job.target for task in batch.waiting)
        listener.phase("telling what came of it")
        seconds = time.monotonic() - began
        summary = publish_summary(plan, ledger.facts(number), ledger.runs(number), undone, seconds)
        if plan.url:
            put_up(summary, joined(plan.url, LEDGER_FOLDER, summary.name))
        _renew_index(plan)
    return Outcome(number, tuple(ledger.runs(number)), undone, summary, time.monotonic() - began)


def _renew_index(plan: BatchPlan) -> None:
    if plan.url:
        put_index(plan.url, plan.theme)
    else:
        renew_index(plan.out, plan.theme)


def _publish_waiting(batch: _Batch, at_once: int, workers: int | None, dask: str, *, stop_at_first: bool) -> None:
    reports = f"publishing {len(batch.waiting)} of {len(batch.plan.jobs)} reports"
    if not dask:
        batch.listener.phase("loading")
        warm_up()
        batch.listener.phase(reports)
        _publish_all(batch, at_once, stop_at_first=stop_at_first)
        return
    batch.listener.phase("reaching the cluster")
    with cluster(dask, workers) as batch.client:
        batch.listener.phase(reports)
        _publish_all(batch, reports_at_once(batch.client), stop_at_first=stop_at_first)


def _out_of_date(batch: _Batch) -> Iterator[Task]:
    """Yield the reports that are to be made, and write down those that are current as such."""
    current = []
    with _published(batch.plan) as out:
        for job in batch.plan.jobs:
            task = Task(job, fingerprint(job), _inputs(job, batch.copies))
            last, apart = batch.ledger.last(job.target), bool(batch.plan.url)
            if is_current(job, task.fingerprint, task.inputs, last, out, manifests_alone=apart):
                current.append(task)
            else:
                yield task
    batch.ledger.note(batch.number, CURRENT, ((task.job, task.fingerprint, task.inputs) for task in current))
    for task in current:
        batch.listener.ended(Ended(task.job, CURRENT))


@contextmanager
def _published(plan: BatchPlan) -> Iterator[Path]:
    """Give the folder of a plan's reports, or one of their manifests where they are at a URL."""
    if not plan.url:
        yield plan.out
        return
    with tempfile.TemporaryDirectory(prefix="cdi-manifests-") as name:
        fetch_manifests(plan.url, Path(name))
        yield Path(name)


def _inputs(job: Job, copies: Copies) -> dict[str, str]:
    try:
        return input_hashes(brought(job, copies))
    except (CdiStatsError, OSError):
        # what is wrong with it the report's own run will say
        return {}


def _publish_all(batch: _Batch, at_once: int, *, stop_at_first: bool) -> None:
    reports, began = len(batch.waiting), time.monotonic()
    indexed, pause = began, INDEX_EVERY
    try:
        while (batch.waiting or batch.workers) and not (stop_at_first and batch.failed):
            while batch.waiting and len(batch.workers) < at_once:
                _start(batch, batch.waiting.popleft())
            _pause(batch.workers)
            for worker in list(batch.workers):
                _look_after(batch, worker)
            at_work = tuple((worker.task.job.target, worker.step) for worker in batch.workers)
            done = reports - len(batch.waiting) - len(at_work)
            batch.listener.progress(Progress(reports, done, at_work, time.monotonic() - began))
            if time.monotonic() - indexed > pause and not batch.plan.url:
                asked = time.monotonic()
                renew_index(batch.plan.out, batch.plan.theme)
                indexed = time.monotonic()
                pause = max(INDEX_EVERY, INDEX_SHARE * (indexed - asked))
    finally:
        for worker in batch.workers:
            worker.stop()
            tidy(batch.plan.out / worker.task.job.target)
        tidy_sockets()


def _pause(workers: Sequence[Worker | RemoteWorker]) -> None:
    """Wait until a report may have something to say."""
    handles = [handle for worker in workers for handle in worker.handles]
    if handles:
        wait(handles, TICK)
    else:
        time.sleep(TICK)


def _start(batch: _Batch, task: Task) -> None:
    run = batch.ledger.start(batch.number, task.job, task.fingerprint, task.inputs)
    order = (run, batch.plan.url or batch.plan.out, batch.plan.limits)
    if batch.client:
        batch.workers.append(RemoteWorker(batch.client, task, *order))
    else:
        with suppress(CdiStatsError):
            # what cannot be fetched the report's own run will say
            task = task.brought(batch.copies)
        batch.workers.append(Worker(task, *order))


def _look_after(batch: _Batch, worker: Worker | RemoteWorker) -> None:
    """Write down what came of a report, once it is done with."""
    outcome = worker.outcome()
    if outcome is None:
        return
    result, facts = outcome
    batch.workers.remove(worker)
    batch.failed += result == FAILED
    # what the report was made of, not what lay there when the batch began: hours may be between
    inputs = dict(worker.task.inputs) | dict(facts.pop("inputs", {}))
    seconds = round(worker.seconds, 2)
    batch.ledger.end(worker.run, result, inputs=inputs, attempts=worker.attempts, seconds=seconds, **facts)
    if result == FAILED:
        tidy(batch.plan.out / worker.task.job.target)
    batch.listener.ended(Ended(worker.task.job, result, seconds, facts.get("message", "")))
