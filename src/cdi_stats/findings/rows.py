"""A finding as a sentence, as a row of the small table that is shown, and as a row of the tidy table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cdi_stats.findings.measures import ALL, DOMAIN_LABELS, MEASURES
from cdi_stats.rounding import NOT_APPLICABLE, percent, points
from cdi_stats.showing import Grid, counted

if TYPE_CHECKING:
    from cdi_stats.findings.change import Comparison, FindingChange
    from cdi_stats.findings.examine import Finding

COLUMNS = ("Measure", "Stratum", "Rate", "Interval", "Sample")
CHANGES = ("Measure", "Stratum", "Earlier", "Later", "Change, points", "Interval", "Direction")


def finding_sentence(finding: Finding) -> str:
    """Return a finding in one line; where it has no rate, why it has none."""
    if finding.estimate is None:
        return f"{_where(finding)}: {' '.join(map(str, finding.warnings)) or 'no case due'}"
    e = finding.estimate
    weighting = f"{finding.weighting}; " if finding.weighting else ""
    return (
        f"{_where(finding)}: {percent(e.rate)} ({e.interval.level} interval {e.interval.span}; {weighting}"
        f"{_sample(finding)}; {e.interval.method})"
    )


def findings_grid(findings: Iterable[Finding]) -> Grid:
    """Return findings as a table, a row each, with the cautions of all of them once."""
    found = list(findings)
    said = dict.fromkeys(str(caution) for finding in found for caution in finding.warnings)
    return Grid([_finding_row(finding) for finding in found], COLUMNS, tuple(said))


def tidy_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as a row of Findings.table: rates in 0-1, blanks where a figure does not exist."""
    e, total = finding.estimate, finding.unrecorded
    nan = math.nan
    return {
        "measure": finding.measure,
        "domain": finding.domain,
        "stratum": finding.stratum,
        "records": e.records if e and e.records is not None else None,
        "reported": finding.due,
        "recorded": finding.done,
        "rate": e.rate if e else nan,
        "low": e.interval.low if e else nan,
        "high": e.interval.high if e else nan,
        "confidence_level": e.interval.confidence_level if e else nan,
        "method": e.interval.method if e else "",
        "effective_sample_size": e.effective_sample_size if e else nan,
        "design_effect": e.design_effect if e else nan,
        "degrees_of_freedom": e.degrees_of_freedom if e else nan,
        "unrecorded_per_year": total.value if total else nan,
        "unrecorded_low": total.interval.low if total else nan,
        "unrecorded_high": total.interval.high if total else nan,
        "warnings": "; ".join(caution.message for caution in finding.warnings),
        "weighting": finding.weighting,
        "standard_error": e.standard_error if e else nan,
        "plain_low": finding.plain.low if finding.plain else nan,
        "plain_high": finding.plain.high if finding.plain else nan,
        "published_low": finding.published.low if finding.published else nan,
        "published_high": finding.published.high if finding.published else nan,
    }


def change_sentence(change: FindingChange) -> str:
    """Return one rate's change between two audits in one line."""
    interval = change.change.interval
    return (
        f"{_where(change.later)}: {_rate(change.earlier)}, then {_rate(change.later)}; "
        f"{change.change.direction}, {points(change.change.value)} percentage points "
        f"({interval.level} interval {interval.span}; {interval.method})"
    )


def comparison_grid(comparison: Comparison) -> Grid:
    """Return the changes between two audits as a table, a row each, with what makes the two less than alike."""
    return Grid([_change_row(change) for change in comparison.changes], CHANGES, comparison.cautions)


def _where(finding: Finding) -> str:
    return _name(finding) if finding.stratum == ALL else f"{_name(finding)}, {finding.stratum}"


def _name(finding: Finding) -> str:
    measure = MEASURES[finding.measure].name if finding.measure in MEASURES else finding.measure.replace("_", " ")
    return measure if finding.domain == ALL else f"{measure}, {DOMAIN_LABELS.get(finding.domain, finding.domain)}"


def _stratum(finding: Finding) -> str:
    return "" if finding.stratum == ALL else finding.stratum


def _rate(finding: Finding) -> str:
    return NOT_APPLICABLE if finding.estimate is None else percent(finding.estimate.rate)


def _sample(finding: Finding) -> str:
    assert finding.estimate is not None
    records = "" if finding.estimate.records is None else f" in {counted(finding.estimate.records, 'record')}"
    return f"{finding.done:,} of {finding.due:,}{records}"


def _finding_row(finding: Finding) -> tuple[str, ...]:
    head = (_name(finding), _stratum(finding), _rate(finding))
    if finding.estimate is None:
        return *head, "", ""
    interval = finding.estimate.interval
    return *head, f"{interval.span} ({interval.level})", _sample(finding)


def _change_row(change: FindingChange) -> tuple[str, ...]:
    interval = change.change.interval
    return (
        *(_name(change.later), _stratum(change.later), _rate(change.earlier), _rate(change.later)),
        *(points(change.change.value), f"{interval.span} ({interval.level})", change.change.direction),
    )
