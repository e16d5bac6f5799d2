"""The report of a batch itself: what was made, what was current, what failed and why. Published like any other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from cdi_stats.batch.ledger import CURRENT, FAILED, PUBLISHED, Run
from cdi_stats.batch.plan import LEDGER_FOLDER, BatchPlan
from cdi_stats.batch.words import clock, counted
from cdi_stats.publishing.document import Document, assemble
from cdi_stats.publishing.formats import WRITERS, Look
from cdi_stats.publishing.staging import staging
from cdi_stats.report.blocks import Bullets, Callout, Column, Heading, Paragraph, Section, Table, Text, Title, section
from cdi_stats.report.numbers import long_date

NAME = "summary"
FORMATS = ("html", "pdf")
MOST_WORDS = 300
RESULTS = {PUBLISHED: "published", CURRENT: "was up to date", FAILED: "failed"}


def publish_summary(plan: BatchPlan, facts: dict[str, str], runs: Iterable[Run], undone: Iterable[str]) -> Path:
    """Publish what came of a batch under OUT/batch/summary/, and return its folder.

    `facts` are the batch's row of the ledger. Raises ReportFailed where it cannot be written.
    """
    document = summary_document(plan.path.name, facts, tuple(runs), tuple(undone))
    folder = plan.out / LEDGER_FOLDER / NAME
    look = Look(plan.theme)
    with staging(folder) as stage:
        files = {path: data for name in FORMATS for path, data in WRITERS[name].write(document, NAME, look).items()}
        for path, data in files.items():
            (stage / path).write_bytes(data)
        manifest = {
            "report": NAME,
            "title": document.title,
            "subtitle": document.subtitle,
            "date": document.date,
            "force": "",
            "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
        }
        (stage / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8", newline="\n")
    return folder


def summary_document(plan: str, facts: dict[str, str], runs: tuple[Run, ...], undone: tuple[str, ...]) -> Document:
    """Return the report of a batch. `plan` is its file's name, `undone` the reports that were never begun."""
    parts = section(
        Heading(1, "Batch of reports"),
        _title(plan, facts),
        _verdict(runs, undone),
        _failures([run for run in runs if run.result == FAILED]),
        _undone(undone),
        Heading(2, "Every report"),
        _table(runs) if runs else Paragraph("No report was begun."),
    )
    return assemble(parts.to_blocks())


def _title(plan: str, facts: dict[str, str]) -> Title:
    started = datetime.fromisoformat(facts["started"])
    seconds = (datetime.now(UTC) - started).total_seconds()
    told: tuple[tuple[str, Text], ...] = (
        ("Plan", plan),
        ("Number", f"{facts['batch']} in the ledger of this folder"),
        ("Started", f"{long_date(started.date())}, {started:%H:%M} UTC"),
        ("Took", f"{clock(seconds)}, {facts['workers']} at a time"),
        ("Started by", facts["who"]),
        ("Version", f"cdi-stats {facts['version']}"),
    )
    return Title(plan, started.date().isoformat(), told, facts["who"])


def _verdict(runs: tuple[Run, ...], undone: tuple[str, ...]) -> Callout:
    failed = sum(run.result == FAILED for run in runs)
    words = counted(runs, len(undone))
    if failed or undone:
        return Callout(
            "warning", "Not every report is up to date", f"{words}. A report that failed is still the last good one."
        )
    return Callout("note", "Every report is up to date", f"{words}.")


def _failures(failed: list[Run]) -> Section:
    columns = (Column("Report"), Column("What went wrong", width=2.5))
    rows = tuple((run.target, run.message[:MOST_WORDS]) for run in failed)
    table = Table("Reports that failed", columns, rows, ("Mend what is named and run the batch again.",))
    return section(Heading(2, "What failed"), table) if failed else section()


def _undone(undone: tuple[str, ...]) -> Section:
    return section(Heading(2, "What was not begun"), Bullets(undone)) if undone else section()


def _table(runs: tuple[Run, ...]) -> Table:
    columns = (Column("Report", width=2.2), Column("What came of it"), Column("Seconds", numeric=True, width=0.6))
    rows = tuple(
        (run.target, RESULTS.get(run.result, run.result), f"{run.seconds:.1f}" if run.seconds else "") for run in runs
    )
    return Table("Reports of the plan, in order", columns, rows)
