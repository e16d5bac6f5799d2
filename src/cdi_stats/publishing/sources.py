"""What a report is made from: its audits, series or plan, read and told apart by what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from cdi_stats.audit.reading import (
    NO_EARLIER,
    audit_digest,
    audit_id,
    bundled_audits,
    inspect_audit,
    locate_audit,
    locate_bundled,
    locate_earlier,
    read_audit,
)
from cdi_stats.audit.sampling import PLAN_ENDING, read_plan
from cdi_stats.audit.series import locate_series, read_series, series_files
from cdi_stats.errors import BadParameters, CdiStatsError
from cdi_stats.resources import resource

COMPARING = ("reinspection",)
SERIES = ("monitoring",)


class Input(NamedTuple):
    """A file that a report is made from: its name, its SHA-256 and where it lies."""

    id: str
    digest: str
    path: Path

    def is_as_read(self) -> bool:
        """Return whether the file, with what lies beside it, still holds what it did when it was read."""
        try:
            now = file_digest(self.path) if self.path.suffix.lower() == PLAN_ENDING else audit_digest(self.path)
        except (CdiStatsError, OSError):
            return False
        return now == self.digest


class Sources(NamedTuple):
    """What a report is made from: the name it is filed under, whose it is, every file, and the days audited.

    `notebook` is an analyst's own, None for the bundled one.
    """

    id: str
    force: str
    inputs: tuple[Input, ...]
    period: tuple[date, date] | None = None
    notebook: Path | None = None


def read_sources(report: str, checked: Mapping[str, Any]) -> Sources:
    """Read what a report is made from, so that anything wrong with it is said before a kernel starts."""
    if report in SERIES:
        series = read_series(checked["audit"])
        files = {audit_id(file): file for file in series_files(locate_series(checked["audit"]))}
        inputs = tuple(Input(audit.id, audit.digest, files[audit.id]) for audit in series.audits)
        starts, ends = zip(*(audit.period for audit in series.audits), strict=True)
        return Sources(series.id, series.force, inputs, (min(starts), max(ends)))
    path = locate_audit(checked["audit"])
    if path.suffix.lower() == PLAN_ENDING and report == "sample_plan":
        plan = read_plan(path)
        return Sources(audit_id(path), plan.force, (Input(audit_id(path), file_digest(path), path),))
    if report == "data_quality":
        found = inspect_audit(path)
        period = found.audit.period if found.audit else None
        return Sources(found.id, str(found.facts.get("force", "")), (Input(found.id, found.digest, path),), period)
    audit = read_audit(path)
    earlier = locate_earlier(path, audit, checked.get("earlier", NO_EARLIER))
    if earlier is None and report in COMPARING:
        raise BadParameters(
            f"parameter earlier: missing; expected an audit for the {report} to compare with (--earlier)"
        )
    audits = {path: audit} if earlier is None else {path: audit, earlier: read_audit(earlier)}
    inputs = tuple(Input(read.id, read.digest, file) for file, read in audits.items())
    return Sources(audit.id, audit.facts.force, inputs, audit.period)


def locate_reported(report: str, audit: str | Path) -> Path:
    """Return where that lies which a report is made of. Raises UnreadableAudit where there is nothing."""
    return locate_series(audit) if report in SERIES else locate_audit(audit)


def portable(report: str, name: str, beside: Path | None = None) -> str:
    """Return a bundled audit's or series' name as it is, any other as an absolute path: the kernel works elsewhere."""
    if report in SERIES:
        path = locate_series(name)
        shipped = [resource("data", "series", name), locate_bundled(name)] if name == Path(name).name else []
    else:
        path = locate_audit(name, beside)
        shipped = [locate_bundled(name)] if name in bundled_audits() else []
    return name if path in shipped else str(path.resolve())


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
