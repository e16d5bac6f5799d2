"""A process for each report: forked from one that has imported everything, so that a report costs its own computation.

What a report does, and how it ends, cannot touch another's: not its memory, not its kernel, not its files.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cdi_stats.audit.remote import Copies
from cdi_stats.batch.freshness import hashes_as_read
from cdi_stats.batch.ledger import FAILED, PUBLISHED
from cdi_stats.batch.plan import Job, Limits
from cdi_stats.errors import CdiStatsError, KernelDied
from cdi_stats.publishing.kernels import can_fork, end_with
from cdi_stats.publishing.publication import Manner, publish

DIED = "died"
STEP = "step"
MOST_ATTEMPTS = 2
GRACE = 15.0  # seconds beyond its time limit, for a report to stop by itself and say where
LONGEST_GOODBYE = 5.0


@dataclass(frozen=True)
class Task:
    """A report to make: its fingerprint and the hashes of its inputs as they are before it is made."""

    job: Job
    fingerprint: str
    inputs: Mapping[str, str]

    def brought(self, copies: Copies) -> Task:
        """Return it with local copies in place of whatever its job names by URL. Raises UnreadableAudit."""
        return replace(self, job=brought(self.job, copies))


def brought(job: Job, copies: Copies) -> Job:
    """Return a job with local copies in place of whatever it names by URL. Raises UnreadableAudit."""
    named = {name: copies.local(value) if name == "earlier" else value for name, value in job.parameters.items()}
    audit = str(copies.local(job.audit))
    return replace(job, audit=audit, parameters=named, origins=copies.origins)


class Worker:
    """A process at work on a report, as its owner sees it. `run` is its number in the ledger."""

    def __init__(self, task: Task, run: int, out: Path | str, limits: Limits) -> None:
        self.task, self.run, self.out, self.limits = task, run, out, limits
        self.began = time.monotonic()
        self.attempts = 0
        self._start()

    def _start(self) -> None:
        context = _context()
        self.attempts += 1
        self.step = "starting"
        self.pipe, theirs = context.Pipe(duplex=False)
        order = (self.task.job, self.out, self.limits, theirs, self._parent(context))
        self.process = context.Process(target=_work, args=order, daemon=True)
        self.process.start()
        theirs.close()
        self._until = time.monotonic() + self.limits.seconds + GRACE

    @staticmethod
    def _parent(context: Any) -> int | None:
        """Return the process that the new one must not outlive, None where it is the fork server's child."""
        return None if context.get_start_method() == "forkserver" else os.getpid()

    @property
    def handles(self) -> tuple[Any, ...]:
        """Return what becomes ready when there is something to hear."""
        return self.pipe, self.process.sentinel

    @property
    def seconds(self) -> float:
        """Return how long the report has taken, over all attempts."""
        return time.monotonic() - self.began

    def outcome(self) -> tuple[str, dict[str, Any]] | None:
        """Return what came of the report, with the facts for the ledger; None while it is being made.

        A process that died, or whose kernel did, is started once more; one that takes too long is stopped.
        """
        ended = self._heard()
        if ended is None and time.monotonic() > self._until:
            ended = (
                FAILED,
                {"message": f"{self.task.job.report}: took more than {self.limits.seconds} seconds ({self.step})"},
            )
        if ended is None:
            return None
        self.stop()
        result, facts = ended
        if result == DIED and self.attempts < MOST_ATTEMPTS:
            self._start()
            return None
        return (FAILED if result == DIED else result), facts

    def _heard(self) -> tuple[str, dict[str, Any]] | None:
        alive = self.process.is_alive()
        with suppress(EOFError, OSError):
            while self.pipe.poll():
                kind, told = self.pipe.recv()
                if kind != STEP:
                    return kind, told
                self.step = told
        if alive:
            return None
        how = f"its process ended while {self.step} (exit code {self.process.exitcode})"
        return DIED, {"message": f"{self.task.job.report}: {how}"}

    def stop(self) -> None:
        """End the process, and with it whatever it has started."""
        self.process.terminate()
        self.process.join(LONGEST_GOODBYE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _context() -> Any:
    """Return how to start a process: by a fork, where that is not safe by a server that forks, else anew in seconds."""
    if can_fork():
        return get_context("fork")
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["cdi_stats.batch.preloaded"])
    return context


def _work(job: Job, out: Path | str, limits: Limits, pipe: Connection, owner: int | None) -> None:
    """Publish a report and say how it went; the owner hears each step."""
    _stand_alone(owner)
    _limit_memory(limits.megabytes)
    pipe.send(report_outcome(job, out, limits, lambda step: pipe.send((STEP, step))))


def report_outcome(
    job: Job, out: Path | str, limits: Limits, step: Callable[[str], None] = lambda _: None
) -> tuple[str, dict[str, Any]]:
    """Publish a report in this process and return what came of it, with the facts for the ledger."""
    try:
        return PUBLISHED, _publish(job, out, limits, step)
    except KernelDied as error:
        return DIED, {"message": str(error)}
    except CdiStatsError as error:
        return FAILED, {"message": str(error)}
    except Exception as error:
        return FAILED, {"message": f"{job.report}: stopped unexpectedly. {type(error).__name__}: {error}"}


def _limit_memory(megabytes: int) -> None:
    """Have this process, and each that it starts, refused more memory than that; where the system cannot, nothing."""
    if sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = megabytes * 1_000_000
        allowed = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, most))


def _stand_alone(owner: int | None) -> None:
    """Part from the owner's terminal: its signals are for the owner, and its lines the owner's to write."""
    if os.name != "nt":
        os.setsid()
        end_with(owner or os.getppid())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)


def _publish(job: Job, out: Path | str, limits: Limits, step: Callable[[str], None]) -> dict[str, Any]:
    made = publish(
        job.report,
        job.audit,
        out=out,
        formats=job.formats,
        template=job.template or None,
        theme=job.theme or None,
        manner=Manner(name=job.name, time_limit=limits.seconds, fork=True, index=False, step=step, origins=job.origins),
        **job.parameters,
    )
    return {"inputs": hashes_as_read(made.inputs, job.origins), "outputs": dict(made.digests)}
