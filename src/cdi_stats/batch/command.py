"""`cdi batch` from plan to exit code."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cdi_stats.batch.ledger import Ledger
from cdi_stats.batch.night import run_scheduled
from cdi_stats.batch.plan import LEDGER_FOLDER, read_batch_plan
from cdi_stats.batch.progress import JsonLines, listening, outcome_words
from cdi_stats.batch.run import Outcome, run_batch
from cdi_stats.batch.schedule import HOW, WRITERS, Scheduled, schedule_files, stale_files
from cdi_stats.errors import BadParameters, ReportFailed


def batch_command(plan: Path, *, workers: int | None, stop_at_first: bool, dask: str, as_json: bool) -> bool:
    """Run a batch, say how it goes and what came of it, and return whether a report failed.

    Raises ReportFailed when somebody stops it: what was under way is marked as interrupted, and left as it was.
    """
    read = read_batch_plan(plan)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with listening(as_json=as_json) as listener:
            outcome = run_batch(read, workers=workers, stop_at_first=stop_at_first, dask=dask, listener=listener)
    except KeyboardInterrupt:
        raise ReportFailed(f"{plan.name}: stopped before its end. To go on: run it again") from None
    _tell(outcome, as_json=as_json)
    return bool(outcome.count("failed"))


def scheduled_command(plan: Path, *, workers: int | None) -> int:
    """Run a batch as its schedule says and return its exit code: 0, or 1 where anything failed."""
    night = run_scheduled(read_batch_plan(plan), workers=workers)
    for line in night.failures:
        print(line, file=sys.stderr)
    print(night.log)
    return night.exit_code


def schedule_command(plan: Path, *, kind: str, out: Path, check: bool) -> bool:
    """Write a scheduler's files and say how it is given them; or check them, and return whether any is stale.

    Raises BadParameters for a plan without a schedule, and for a kind of scheduler that is none of ours.
    """
    read = read_batch_plan(plan)
    if kind not in WRITERS:
        raise BadParameters(f"--for: found {kind!r}; expected one of {', '.join(WRITERS)}")
    if read.schedule is None:
        raise BadParameters(f'{plan.name}: found no [schedule]; expected one with a time, such as at = "02:30"')
    scheduled = Scheduled(read.path, read.schedule)
    if not all(word.isprintable() for word in scheduled.command):
        raise BadParameters(f"{plan.name!r}: found a path with a line break in it; expected one that fits on a line")
    if check:
        stale = list(stale_files(scheduled, kind, out))
        print("\n".join(stale) or f"{out}: as {plan.name} asks")
        return bool(stale)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in schedule_files(scheduled, kind).items():
        (out / name).write_bytes(data)
        print(out / name)
    print("To begin:", HOW[kind].format(name=scheduled.name, file=next(iter(schedule_files(scheduled, kind)))))
    return False


def ledger_command(plan: Path, *, as_json: bool) -> None:
    """Print every run in the ledger of a plan's reports folder, the latest last."""
    ledger = Ledger(read_batch_plan(plan).out / LEDGER_FOLDER)
    runs = ledger.runs()
    whose = {batch: ledger.facts(batch)["who"] for batch in {run.batch for run in runs}}
    if as_json:
        print(json.dumps([asdict(run) | {"who": whose[run.batch]} for run in runs], indent=1))
        return
    for run in runs:
        took = "" if run.seconds is None else f"{run.seconds:.1f} s"
        told = f"{run.batch:>5}  {run.started}  {whose[run.batch]}  {run.result:11}  {took:>8}  {run.target}"
        print(f"{told}  {run.message}".rstrip())


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _tell(outcome: Outcome, *, as_json: bool) -> None:
    if as_json:
        counts = {result: outcome.count(result) for result in ("published", "current", "failed")}
        facts = counts | {"not_begun": len(outcome.undone), "seconds": round(outcome.seconds, 1)}
        JsonLines(sys.stdout).say("batch", batch=outcome.batch, **facts)
    else:
        print(outcome_words(outcome))
        print(outcome.summary / "summary.html")
