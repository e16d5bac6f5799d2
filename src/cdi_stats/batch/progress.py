"""How a batch is told while it goes: a bar for people at a terminal, plain lines elsewhere, JSON lines for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from cdi_stats.batch.ledger import CURRENT, FAILED
from cdi_stats.batch.run import Ended, Listener, Outcome, Progress
from cdi_stats.batch.words import clock, counted

LINE_EVERY = 30.0
WIDTH = 30


def progress_words(progress: Progress) -> str:
    """Return how far a batch is, in one line."""
    words = f"{progress.done} of {progress.reports} reports, {progress.rate:.0f} a minute"
    left = progress.seconds_left
    return words if left is None else f"{words}, {clock(left)} left"


def outcome_words(outcome: Outcome) -> str:
    """Return what came of a batch, in one line."""
    return f"batch {outcome.batch}: {counted(outcome.runs, len(outcome.undone))}, in {clock(outcome.seconds)}"


class Lines(Listener):
    """Tells a batch in lines: each report as it ends, and now and then how far it is."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._told = 0.0

    def _say(self, words: str) -> None:
        print(words, file=self.stream, flush=True)

    def phase(self, words: str) -> None:
        """Say what the batch is about to do."""
        self._say(words)

    def ended(self, ended: Ended) -> None:
        """Say that a report is done with; one that is current only in the sum."""
        if ended.result == FAILED:
            self._say(f"failed     {ended.job.target}: {ended.message}")
        elif ended.result != CURRENT:
            self._say(f"{ended.result}  {ended.job.target} ({ended.seconds:.1f} s)")

    def progress(self, progress: Progress) -> None:
        """Say how far the batch is, every half minute."""
        if progress.seconds - self._told >= LINE_EVERY:
            self._told = progress.seconds
            self._say(progress_words(progress))


class JsonLines(Listener):
    """Tells a batch in lines of JSON, an event each."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._done = -1

    def say(self, event: str, **facts: Any) -> None:
        """Write an event."""
        print(json.dumps({"event": event} | facts), file=self.stream, flush=True)

    def phase(self, words: str) -> None:
        """Write what the batch is about to do."""
        self.say("phase", phase=words)

    def ended(self, ended: Ended) -> None:
        """Write what came of a report."""
        facts = {"result": ended.result, "seconds": ended.seconds, "message": ended.message}
        self.say("report", report=ended.job.report, audit=ended.job.audit_id, folder=ended.job.target, **facts)

    def progress(self, progress: Progress) -> None:
        """Write how far the batch is, whenever another report is done with."""
        if progress.done != self._done:
            self._done = progress.done
            left = None if progress.seconds_left is None else round(progress.seconds_left)
            rate = round(progress.rate, 1)
            self.say("progress", done=progress.done, reports=progress.reports, reports_a_minute=rate, seconds_left=left)


class Bar(Lines):
    """Tells a batch at a terminal: a bar with what is at work beneath it, and above it what failed."""

    def __init__(self, live: Any) -> None:
        super().__init__(sys.stderr)
        self.live = live

    def _say(self, words: str) -> None:
        self.live.console.print(words, highlight=False, markup=False)

    def progress(self, progress: Progress) -> None:
        """Draw how far the batch is."""
        from rich.console import Group
        from rich.text import Text

        full = WIDTH * progress.done // max(progress.reports, 1)
        bar = Text.assemble(("━" * full, "green"), ("━" * (WIDTH - full), "dim"), " ", progress_words(progress))
        at_work = (Text(f"  {target}: {step}") for target, step in progress.at_work)
        lines = [bar, *at_work]
        for line in lines:
            line.no_wrap = True
        self.live.update(Group(*lines), refresh=True)


@contextmanager
def listening(*, as_json: bool) -> Iterator[Listener]:
    """Give the listener that suits whoever reads: JSON on the standard output, else lines or a bar on the other."""
    if as_json:
        yield JsonLines(sys.stdout)
    elif not sys.stderr.isatty():
        yield Lines(sys.stderr)
    else:
        from rich.console import Console
        from rich.live import Live

        # a display that refreshes itself has a thread, and a process with threads cannot fork safely
        with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
            yield Bar(live)
