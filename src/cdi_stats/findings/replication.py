"""The published figures again: each printed value beside ours, with the method that gives it.

The inspectorate does not print its method; it was reconstructed from its figures. Rates are pooled counts; margins are
Wald's with finite-population correction, and the rule of three at 100 %; yearly figures follow from the crimes
recorded in the year, which is implied by the printed figure where the force's own volume was not published.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pandas as pd

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.change import Comparison, compare_findings
from cdi_stats.findings.examine import Finding, Findings, examine
from cdi_stats.findings.measures import ALL
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.resources import resource

AUDITS = {
    "CDI inspection 2017": "kent-2017",
    "CDI re-inspection 2018": "kent-2018",
    "Force internal audit in board paper": "kent-board-2017",
}
MEASURES = {
    "overall": ("recording_rate", ALL, ALL),
    "violence": ("recording_rate", ALL, "violence"),
    "sexual": ("recording_rate", ALL, "sexual"),
    "other": ("recording_rate", ALL, "other"),
    "rape": ("recording_rate", "rape", ALL),
    "domestic_abuse": ("recording_rate", "domestic_abuse", ALL),
    "vulnerable_victim_crimes": ("vulnerable_victims", ALL, ALL),
    "n100_should_have_been_applied": ("n100_made", ALL, ALL),
    "n100_records_correct": ("n100_correct", ALL, ALL),
    "timeliness_24h_violence": ("timeliness", ALL, "violence"),
    "timeliness_24h_sexual": ("timeliness", ALL, "sexual"),
    "timeliness_24h_other": ("timeliness", ALL, "other"),
    "timeliness_24h_sexual_excl_rape": ("timeliness", "sexual excluding rape", "sexual"),
    "timeliness_24h_rape": ("timeliness", "rape", "sexual"),
    "cancelled_rape": ("cancelled_correctly", "rape", ALL),
    "cancelled_sexual": ("cancelled_correctly", "sexual", ALL),
    "cancelled_sexual_excl_rape": ("cancelled_correctly", "sexual", ALL),
    "cancelled_violence": ("cancelled_correctly", "violence", ALL),
    "cancelled_robbery": ("cancelled_correctly", "robbery", ALL),
    "cancelled_victim_informed": ("victims_informed", ALL, ALL),
}
WALD_FPC = "Wald, corrected for the frame"


@dataclass(frozen=True)
class Replica:
    """One published figure: `printed` as it stands in print, `computed` to the same digit, and whether they agree.

    `expected` is False for a figure that no simple method is known to give.
    """

    figure: str
    printed: str
    computed: str
    method: str
    matches: bool
    expected: bool = True


def published_figures() -> pd.DataFrame:
    """Return the published figures of all forces, one row a force, report and measure.

    Rates and margins are in percent and points as printed, counts and yearly figures as numbers; blank where not
    printed. `url` and `note` say where each stands.
    """
    return pd.read_csv(resource("data", "published", "published_figures.csv"))


def replicate_published() -> pd.DataFrame:
    """Return every published Kent figure, and the margins of three other forces, beside what we compute."""
    published = published_figures()
    return pd.DataFrame([asdict(replica) for replica in [*_kent(published), *_other_forces(published)]])


def _kent(published: pd.DataFrame) -> Iterator[Replica]:
    findings = {name: examine(read_audit(name)) for name in AUDITS.values()}
    comparison = compare_findings(findings["kent-2018"], findings["kent-2017"])
    for row in published[(published["force"] == "Kent") & published["report"].isin(list(AUDITS))].to_dict("records"):
        audit = AUDITS[row["report"]]
        yield from _row_replicas(row, audit, findings[audit], comparison)


def _row_replicas(row: Mapping[Any, Any], audit: str, findings: Findings, comparison: Comparison) -> Iterator[Replica]:
    """Yield one replica for each number that a published row carries."""
    key = MEASURES[str(row["measure"])]
    finding = findings.get(*key)
    name = f"{audit} {row['measure']}"
    if finding is None:
        yield Replica(name, "", "", "not in the audit", matches=False)
        return
    for column, value in (("n_reported", finding.due), ("n_recorded", finding.done)):
        if _given(row[column]):
            what = column.removeprefix("n_")
            yield _same(f"{name} {what}", f"{_number(row[column]):.0f}", str(value), "count in the audit")
    if _given(row["rate_pct"]):
        yield _rate(name, str(row["rate_pct"]), finding)
    if _given(row["ci_plus_minus_pct"]):
        yield _margin(name, _number(row["ci_plus_minus_pct"]), finding)
    if _given(row["annual_unrecorded"]):
        yield _unrecorded(name, _number(row["annual_unrecorded"]), finding)
    if _given(row["annual_additional"]):
        yield _additional(name, _number(row["annual_additional"]), comparison, key)


def _rate(name: str, printed: str, finding: Finding) -> Replica:
    """Return a rate to the printed digit: rounded, or cut where print cuts."""
    text = printed.removesuffix(".0")
    decimals = len(text.partition(".")[2])
    percent = 100 * finding.done / finding.due
    counts = f"{finding.done} / {finding.due}"
    rounded = f"{percent:.{decimals}f}"
    if rounded == text:
        return Replica(f"{name} rate", text, rounded, f"{counts}, rounded", matches=True)
    cut = f"{math.floor(percent * 10**decimals) / 10**decimals:.{decimals}f}"
    return Replica(f"{name} rate", text, cut, f"{counts}, cut at the printed digit (rounded: {rounded})", cut == text)


def _margin(name: str, printed: float, finding: Finding) -> Replica:
    assert finding.published is not None
    half = 100 * (finding.done / finding.due - finding.published.low)
    method = "rule of three, 3 / n, below the rate" if finding.done == finding.due else WALD_FPC
    return _same(f"{name} margin", f"{printed:.2f}", f"{half:.2f}", method)


def _unrecorded(name: str, printed: float, finding: Finding) -> Replica:
    """Return unrecorded crimes a year, rounded down as "over 24,300" is: to the hundred, to the ten below 1,000."""
    assert finding.unrecorded is not None
    step = 100 if printed >= 1000 else 10
    computed = math.floor(finding.unrecorded.value / step) * step
    return _same(
        f"{name} unrecorded a year", f"{printed:,.0f}", f"{computed:,}", "R (1 - p) / p, rounded down; R implied"
    )


def _additional(name: str, printed: float, comparison: Comparison, key: tuple[str, str, str]) -> Replica:
    change = comparison.get(*key)
    assert change is not None
    assert change.additional is not None
    computed = round(change.additional.value / 10) * 10
    method = "R (1 - p earlier / p later), to the ten; R implied"
    return _same(f"{name} additional a year", f"{printed:,.0f}", f"{computed:,}", method)


def _other_forces(published: pd.DataFrame) -> Iterator[Replica]:
    """Yield the margins of other forces: the published rate and sample, and N from the unrecorded crimes a year."""
    for force, with_frame, expected in (
        ("Lancashire", True, True),
        ("Thames Valley", False, True),
        ("South Yorkshire", True, False),
    ):
        chosen = published[(published["force"] == force) & (published["measure"] == "overall")]
        row = chosen[chosen["ci_plus_minus_pct"].notna()].iloc[0]
        reported, rate = int(row["n_reported"]), float(row["rate_pct"]) / 100
        frame = (
            row["annual_unrecorded"] / (1 - rate) * _years(row["audit_start"], row["audit_end"]) if with_frame else None
        )
        recorded = round(reported * rate)
        interval = proportion_interval(recorded, reported, method="wald-fpc", population=frame)
        half = 100 * (interval.high - interval.low) / 2
        method = WALD_FPC if with_frame else "Wald, no correction"
        method = method if expected else f"{method}: no simple method gives the printed margin"
        replica = _same(
            f"{force} {row['report'][-4:]} overall margin", f"{row['ci_plus_minus_pct']:.2f}", f"{half:.2f}", method
        )
        yield Replica(**(asdict(replica) | {"expected": expected}))


def _years(start: str, end: str) -> float:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return ((last.year - first.year) * 12 + last.month - first.month + 1) / 12


def _same(figure: str, printed: str, computed: str, method: str) -> Replica:
    return Replica(figure, printed, computed, method, printed == computed)


def _given(value: Any) -> bool:
    return bool(pd.notna(value))


def _number(value: object) -> float:
    return float(str(value))
