"""A batch on many machines: each report is made by a Dask worker, and its run written down by who started the batch.

Every worker must see the plan's audits and the reports folder under the same paths, or by the same URLs. A report is
published by the worker that makes it, whole or not at all, so what lies in the reports folder is what a run on one
machine would give.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import current_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from cdi_stats.audit.remote import Copies
from cdi_stats.batch.freshness import code_hash
from cdi_stats.batch.ledger import FAILED
from cdi_stats.batch.plan import Limits
from cdi_stats.batch.worker import DIED, Task, Worker, report_outcome
from cdi_stats.errors import BadParameters, ReportFailed, UnreadableAudit

LOCAL = "local"
TICK = 0.2
CONNECT_WITHIN = 20
QUEUED = 2  # reports sent ahead for each that is at work, so that no worker waits for one


class RemoteWorker:
    """A report at work on a cluster, as its owner sees it; in every other way like a Worker."""

    attempts = 1
    step = "on the cluster"
    handles: tuple[Any, ...] = ()

    def __init__(self, client: Any, task: Task, run: int, out: Path | str, limits: Limits) -> None:
        self.task, self.run = task, run
        self.began = time.monotonic()
        self.future = client.submit(make_report, task, out, limits, key=f"{task.job.target}-{run}", pure=False)

    @property
    def seconds(self) -> float:
        """Return how long ago the report was sent."""
        return time.monotonic() - self.began

    def outcome(self) -> tuple[str, dict[str, Any]] | None:
        """Return what came of the report, with the facts for the ledger; None while it is being made."""
        if not self.future.done():
            return None
        if self.future.status == "finished":
            result: tuple[str, dict[str, Any]] = self.future.result()
            return result
        why = repr(self.future.exception()) if self.future.status == "error" else self.future.status
        return FAILED, {"message": f"{self.task.job.report}: the cluster gave it up ({why})"}

    def stop(self) -> None:
        """Give the report up; a worker that is at it ends it by itself."""
        self.future.cancel()


def make_report(task: Task, out: Path | str, limits: Limits) -> tuple[str, dict[str, Any]]:
    """Make a report on the machine that this runs on, in a process of its own; return as Worker.outcome does.

    Inputs at URLs are fetched before that process starts, as one that has reached for a store forks no kernel.
    """
    try:
        with Copies() as copies:
            return _make_report(task.brought(copies), out, limits)
    except UnreadableAudit as error:
        return FAILED, {"message": str(error)}


def _make_report(task: Task, out: Path | str, limits: Limits) -> tuple[str, dict[str, Any]]:
    if current_process().daemon:
        # such a process must not have children, so it makes the report itself
        result, facts = report_outcome(task.job, out, limits)
        return (FAILED if result == DIED else result), facts
    worker = Worker(task, 0, out, limits)
    while (ended := worker.outcome()) is None:
        wait(worker.handles, TICK)
    return ended


@contextmanager
def cluster(address: str, workers: int | None) -> Iterator[Any]:
    """Give the client of the Dask scheduler at an address, or for "local" of a cluster on this machine.

    Raises BadParameters where there is no Dask, scheduler or worker, or where a worker runs another version of this.
    """
    try:
        from distributed import Client
    except ImportError:
        raise BadParameters("--dask: Dask is not installed; expected the extra dask of cdi-stats") from None
    with ExitStack() as stack:
        scheduler = stack.enter_context(_local(workers)) if address == LOCAL else address
        try:
            made: Any = Client
            client = stack.enter_context(made(scheduler, timeout=CONNECT_WITHIN, set_as_default=False))
        except (OSError, ValueError) as error:
            raise BadParameters(f"--dask: found no scheduler at {address} ({error}); expected one that runs") from None
        _check_workers(client, address)
        yield client


@contextmanager
def on_cluster(address: str = LOCAL, workers: int | None = None) -> Iterator[Callable[..., list[Any]]]:
    """Return a map, for a `with`, whose calls the workers of a Dask cluster make; results come in order.

    For the `spread` of simulate_coverage and bootstrap_rate. A call whose worker is lost is made by another. `address`
    and `workers` as cluster() takes them, and it raises the same; ReportFailed where the cluster gives a call up.
    """
    with cluster(address, workers) as client:
        from distributed import CancelledError, KilledWorker

        def spread(function: Callable[..., Any], *given: Iterable[Any]) -> list[Any]:
            try:
                results: list[Any] = client.gather(client.map(function, *given, pure=False))
            except (KilledWorker, CancelledError) as error:
                raise ReportFailed(
                    f"{address}: the cluster gave the work up ({type(error).__name__}); expected workers that live. "
                    "To mend: see their logs, such as for memory, and run this again"
                ) from None
            return results

        yield spread


def _local(workers: int | None) -> Any:
    import dask
    import distributed

    # a worker that is a daemon must not have children, and each report is one
    with dask.config.set({"distributed.worker.daemon": False}):
        made: Any = distributed.LocalCluster
        return made(
            n_workers=workers or os.cpu_count() or 1, threads_per_worker=1, processes=True, dashboard_address=None
        )


def _check_workers(client: Any, address: str) -> None:
    found = client.run(code_hash)
    if not found:
        raise BadParameters(f"--dask: found no worker at {address}; expected one or more")
    others = sorted(worker for worker, code in found.items() if code != code_hash())
    if others:
        raise BadParameters(
            f"--dask: found another version of cdi-stats on {', '.join(others)}; expected the one that runs here"
        )


def reports_at_once(client: Any) -> int:
    """Return how many reports to have on a cluster: all that it can make at a time, and some to follow."""
    threads: dict[str, int] = client.nthreads()
    return QUEUED * sum(threads.values())
