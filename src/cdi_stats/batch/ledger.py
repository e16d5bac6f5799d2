"""The ledger of a reports folder: every run of every batch, in SQLite. What it says is true whenever it is read.

A run is written down when it starts and again when it ends. One without an end is called interrupted as soon as the
batch that started it is seen to be gone: a batch holds a lock for as long as it lives.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cdi_stats.batch.plan import BatchPlan, Job
from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.staging import is_locked, locked, unwritable

FILE = "ledger.sqlite"
DONE = "done"
STARTED, PUBLISHED, CURRENT, FAILED, INTERRUPTED = "started", "published", "current", "failed", "interrupted"
LONGEST_WAIT = 30.0
PRIMARY = 0xFF  # the part of SQLite's error codes that names the kind
_NO_ROOM = "free space on its disk, or let it be written, and run this again"
MENDS = {
    sqlite3.SQLITE_FULL: _NO_ROOM,
    sqlite3.SQLITE_IOERR: _NO_ROOM,
    sqlite3.SQLITE_READONLY: _NO_ROOM,
    sqlite3.SQLITE_CANTOPEN: _NO_ROOM,
    sqlite3.SQLITE_BUSY: "wait until whoever holds it has ended, and run this again",
}
TABLES = """
CREATE TABLE IF NOT EXISTS batches (
  batch INTEGER PRIMARY KEY AUTOINCREMENT, plan TEXT, plan_sha256 TEXT, reports INTEGER, workers INTEGER,
  who TEXT, machine TEXT, version TEXT, started TEXT, ended TEXT, result TEXT);
CREATE TABLE IF NOT EXISTS runs (
  run INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER REFERENCES batches, report TEXT, audit TEXT, target TEXT,
  parameters TEXT, formats TEXT, fingerprint TEXT, inputs TEXT, outputs TEXT,
  started TEXT, ended TEXT, seconds REAL, attempts INTEGER, result TEXT, message TEXT);
CREATE INDEX IF NOT EXISTS runs_of_target ON runs (target, run);
"""
RUN_COLUMNS = (
    "batch, report, audit, target, parameters, formats, fingerprint, inputs, outputs, started, ended, attempts, "
    "result, message"
)


@dataclass(frozen=True)
class Run:
    """A run of one report: `inputs` and `outputs` are SHA-256 by path; `ended` and `seconds` are None until it ends."""

    run: int
    batch: int
    report: str
    audit: str
    target: str
    parameters: Mapping[str, Any]
    formats: tuple[str, ...]
    fingerprint: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    started: str
    ended: str | None
    seconds: float | None
    attempts: int
    result: str
    message: str


class Ledger:
    """The ledger of one reports folder. Nothing is kept open between calls, so that a fork of the process has none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE

    @contextmanager
    def batch(self, plan: BatchPlan, plan_sha256: str, workers: int, version: str) -> Iterator[int]:
        """Write down a batch, give its number, and hold its lock until it ends."""
        self._set_right()
        facts = (str(plan.path), plan_sha256, len(plan.jobs), workers, _who(), platform.node(), version)
        columns = "plan, plan_sha256, reports, workers, who, machine, version"
        number = self._insert("batches", f"{columns}, started, result", (*facts, _now(), INTERRUPTED))
        with locked(self._mark(number)):
            # not before the lock is held: another batch would see nobody who has started this one
            self._change("batches", {"result": STARTED}, "batch", number)
            result = INTERRUPTED
            try:
                yield number
                failed = [run for run in self.runs(number) if run.result == FAILED]
                result = FAILED if failed else DONE
            finally:
                self._interrupt(number)
                self._change("batches", {"ended": _now(), "result": result}, "batch", number)

    def start(self, batch: int, job: Job, fingerprint: str, inputs: Mapping[str, str]) -> int:
        """Write down that a report's run starts, and return its number."""
        return self._insert("runs", RUN_COLUMNS, _row(batch, job, fingerprint, inputs, STARTED, None))

    def note(self, batch: int, result: str, runs: Iterable[tuple[Job, str, Mapping[str, str]]]) -> None:
        """Write down runs that were over as soon as they began: each a report, its fingerprint and its inputs."""
        rows = [_row(batch, job, fingerprint, inputs, result, _now()) for job, fingerprint, inputs in runs]
        with self._open() as ledger:
            ledger.executemany(_inserting("runs", RUN_COLUMNS), rows)

    def end(self, run: int, result: str, **facts: Any) -> None:
        """Write down how a run ended, with what it made of what: any of a Run's fields."""
        told = {name: _json(value) if isinstance(value, dict) else value for name, value in facts.items()}
        self._change("runs", told | {"result": result, "ended": _now()}, "run", run)

    def runs(self, batch: int | None = None) -> list[Run]:
        """Return the runs of a batch, or of all batches, in order."""
        self._set_right()
        where, given = ("WHERE batch = ?", [batch]) if batch is not None else ("", [])
        with self._open() as ledger:
            return [_run(row) for row in ledger.execute(f"SELECT * FROM runs {where} ORDER BY run", given)]

    def last(self, target: str) -> Run | None:
        """Return the last run that published a report, or None."""
        query = "SELECT * FROM runs WHERE target = ? AND result = ? ORDER BY run DESC LIMIT 1"
        with self._open() as ledger:
            row = ledger.execute(query, [target, PUBLISHED]).fetchone()
        return _run(row) if row else None

    def facts(self, batch: int) -> dict[str, Any]:
        """Return a batch's row: plan, who, machine, version, workers, started, ended, result."""
        self._set_right()
        with self._open() as ledger:
            return dict(ledger.execute("SELECT * FROM batches WHERE batch = ?", [batch]).fetchone())

    def _set_right(self) -> None:
        """Call interrupted what the batches had started that are gone."""
        with self._open() as ledger:
            begun = ledger.execute("SELECT batch FROM batches WHERE result = ?", [STARTED]).fetchall()
        for (number,) in begun:
            if not is_locked(self._mark(number)):
                self._interrupt(number)
                self._change("batches", {"result": INTERRUPTED}, "batch", number)

    def _interrupt(self, batch: int) -> None:
        with self._open() as ledger:
            query = "UPDATE runs SET result = ?, message = ? WHERE batch = ? AND result = ?"
            ledger.execute(query, [INTERRUPTED, "the batch was stopped before this run ended", batch, STARTED])

    def _mark(self, batch: int) -> Path:
        return self.folder / f"batch-{batch}"

    def _insert(self, table: str, columns: str, values: Sequence[Any]) -> int:
        with self._open() as ledger:
            return int(ledger.execute(_inserting(table, columns), values).lastrowid or 0)

    def _change(self, table: str, facts: Mapping[str, Any], key: str, number: int) -> None:
        changes = ", ".join(f"{name} = ?" for name in facts)
        with self._open() as ledger:
            ledger.execute(f"UPDATE {table} SET {changes} WHERE {key} = ?", [*facts.values(), number])

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give the open ledger; what is done to it is kept if all goes well.

        Raises ReportFailed if the ledger cannot be used.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            ledger = sqlite3.connect(self.path, timeout=LONGEST_WAIT)
            try:
                ledger.row_factory = sqlite3.Row
                ledger.executescript(TABLES)
                with ledger:
                    yield ledger
            finally:
                ledger.close()
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & PRIMARY
            mend = MENDS.get(code, "move it away, and a new one is begun")
            raise ReportFailed(
                f"{self.path}: the ledger cannot be used ({error}); expected a SQLite file that can be written. "
                f"To mend: {mend}"
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None


def _inserting(table: str, columns: str) -> str:
    places = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"


def _row(
    batch: int, job: Job, fingerprint: str, inputs: Mapping[str, str], result: str, ended: str | None
) -> tuple[Any, ...]:
    audit, parameters = job.told
    asked = (batch, job.report, audit, job.target, _json(parameters), _json(job.formats))
    return (*asked, fingerprint, _json(dict(inputs)), _json({}), _now(), ended, 1, result, "")


def _run(row: sqlite3.Row) -> Run:
    told = {name: json.loads(row[name]) for name in ("parameters", "inputs", "outputs")}
    return Run(**{**dict(row), **told, "formats": tuple(json.loads(row["formats"]))})


def _who() -> str:
    """Return whoever runs this: by name, or in a container that has none by number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
