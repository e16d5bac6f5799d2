"""What changed between two audits: each shared rate, earlier beside later, with the change's interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.audit.spelling import folded
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL
from cdi_stats.findings.rows import change_sentence, comparison_grid
from cdi_stats.methods.comparison import Change, change_p_value, compare_rates
from cdi_stats.methods.extrapolation import Total, extrapolate_additional, sum_totals
from cdi_stats.showing import Grid, Shown, counted

OTHER_OVERALL = ("recording_rate_pooled", "recording_rate_weighted")


@dataclass(frozen=True, repr=False)
class FindingChange(Shown):
    """One rate in both audits. `additional` is the crimes a year that the earlier rate would have missed.

    `p_value` is that of no change; `adjusted_p_value` allows for all the rates compared at once (Holm 1979).
    """

    later: Finding
    earlier: Finding
    change: Change
    additional: Total | None
    p_value: float = math.nan
    adjusted_p_value: float = math.nan

    def __str__(self) -> str:
        return change_sentence(self)

    @property
    def key(self) -> str:
        """Return the change's name in figures.json."""
        return f"change/{self.later.key}"


@dataclass(frozen=True, repr=False)
class Comparison(Shown):
    """A later audit against an earlier one."""

    later: Findings
    earlier: Findings
    changes: tuple[FindingChange, ...]

    def __str__(self) -> str:
        first = next(iter(self.changes), "The two audits share no rate that could be compared.")
        return f"{self.later.audit.facts.force}, {counted(len(self.changes), 'rate')} compared. {first}"

    def _grid(self) -> Grid:
        return comparison_grid(self)

    def get(self, measure: str, domain: str = ALL, stratum: str = ALL) -> FindingChange | None:
        """Return the change of one rate, or None where one of the audits does not have it."""
        wanted = (measure, domain, stratum)
        return next((c for c in self.changes if (c.later.measure, c.later.domain, c.later.stratum) == wanted), None)

    @property
    def table(self) -> pd.DataFrame:
        """Return one row a change: both rates (0-1), their difference with its interval, additional crimes a year."""
        return pd.DataFrame([_row(change) for change in self.changes])

    @property
    def cautions(self) -> tuple[str, ...]:
        """Return what makes the two audits less than alike."""
        later, earlier = self.later.audit.facts, self.earlier.audit.facts
        found = []
        if later.counting_rules != earlier.counting_rules:
            found.append(
                "The two audits applied different counting rules "
                f"({earlier.counting_rules}, then {later.counting_rules})."
            )
        if self.later.audit.digest == self.earlier.audit.digest:
            found.append("Both are the same audit file.")
        elif self.later.audit.period[1] < self.earlier.audit.period[0]:
            found.append("The audit called earlier is the later of the two in time.")
        if later.force != earlier.force:
            found.append(f"The two audits are of different forces ({earlier.force}, then {later.force}).")
        if later.timeliness_hours != earlier.timeliness_hours:
            found.append(
                f"Timeliness means {later.timeliness_hours} hours here, and "
                f"{earlier.timeliness_hours} hours in the earlier audit."
            )
        if (later.audit_type == "internal audit") != (earlier.audit_type == "internal audit"):
            found.append("One of the two was made by inspectors, the other by the force itself.")
        if {self.later.overall.weighting, self.earlier.overall.weighting} == {"pooled", "weighted"}:
            found.append("One overall rate is pooled over strata, the other weighted.")
        alone = _strata_alone(self.later.audit, self.earlier.audit)
        if alone:
            found.append(
                f"Only one of the two holds {' and '.join(alone)}, so the overall rates are of different crimes."
            )
        return tuple(found)


def compare_findings(later: Findings, earlier: Findings) -> Comparison:
    """Return every rate that both audits have, later against earlier."""
    changes = []
    for finding in later.rows:
        before = earlier.get(finding.measure, finding.domain, finding.stratum)
        if before is not None and finding.estimate and before.estimate:
            changes.append(_change(finding, before, _volume(later, finding)))
    size = len(later.audit.strata)
    return Comparison(later, earlier, tuple(_summed(change, changes, size) for change in _adjusted(changes)))


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Return p-values that allow for their number (Holm 1979)."""
    ranked = np.argsort(p_values)
    grown = np.asarray(p_values, float)[ranked] * np.arange(len(ranked), 0, -1)
    adjusted = np.empty_like(grown)
    adjusted[ranked] = np.minimum(np.maximum.accumulate(grown), 1)
    return [float(p) for p in adjusted]


def _strata_alone(later: Audit, earlier: Audit) -> list[str]:
    """Return the labels of the strata of each audit that the other has none of that name for."""
    names = [{folded(stratum.stratum) for stratum in audit.strata} for audit in (earlier, later)]
    pairs = zip((later, earlier), names, strict=True)
    return [s.label for audit, others in pairs for s in audit.strata if folded(s.stratum) not in others]


def _adjusted(changes: list[FindingChange]) -> list[FindingChange]:
    """Return the changes with p-values adjusted for their number; the other weighting of one rate counts once."""
    counted = [c for c in changes if c.later.measure not in OTHER_OVERALL]
    adjusted = dict(zip(map(id, counted), adjust_p_values([c.p_value for c in counted]), strict=True))
    return [replace(c, adjusted_p_value=adjusted.get(id(c), math.nan)) for c in changes]


def _summed(change: FindingChange, changes: list[FindingChange], size: int) -> FindingChange:
    """Return a weighted overall rate's change with its additional crimes as the sum of all `size` strata's."""
    later = change.later
    overall = later.measure.startswith("recording_rate") and later.stratum == ALL and later.domain == ALL
    if not overall or later.weighting != "weighted":
        return change
    strata = [c.additional for c in changes if c.later.measure == "recording_rate" and c.later.stratum != ALL]
    totals = [total for total in strata if total]
    return replace(change, additional=sum_totals(totals) if len(totals) == size else None)


def _change(later: Finding, earlier: Finding, recorded: int | None) -> FindingChange:
    assert later.estimate is not None
    assert earlier.estimate is not None
    level = later.estimate.interval.confidence_level
    change = compare_rates(later.estimate, earlier.estimate, confidence_level=level)
    comparable = recorded is not None and earlier.estimate.rate > 0 and later.estimate.rate > 0
    additional = extrapolate_additional(later.estimate, earlier.estimate, recorded=recorded) if comparable else None
    return FindingChange(later, earlier, change, additional, change_p_value(later.estimate, earlier.estimate))


def _volume(findings: Findings, finding: Finding) -> int | None:
    """Return the recorded crimes in the year that a recording rate speaks for."""
    if not finding.measure.startswith("recording_rate") or finding.domain != ALL:
        return None
    if finding.stratum == ALL:
        return findings.audit.recorded_in_year
    return next(s.recorded_in_year for s in findings.audit.strata if s.stratum == finding.stratum)


def _row(change: FindingChange) -> dict[str, Any]:
    later, earlier, total = change.later, change.earlier, change.additional
    return {
        "measure": later.measure,
        "domain": later.domain,
        "stratum": later.stratum,
        "earlier": earlier.estimate.rate if earlier.estimate else math.nan,
        "later": later.estimate.rate if later.estimate else math.nan,
        "difference": change.change.value,
        "low": change.change.interval.low,
        "high": change.change.interval.high,
        "verdict": change.change.direction,
        "p_value": change.p_value,
        "adjusted_p_value": change.adjusted_p_value,
        "additional_per_year": total.value if total else math.nan,
        "additional_low": total.interval.low if total else math.nan,
        "additional_high": total.interval.high if total else math.nan,
    }
