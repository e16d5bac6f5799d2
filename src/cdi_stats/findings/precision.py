"""How precise an audit was against its plan, and what the next one needs: each stratum as its own pilot."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cdi_stats.findings.examine import Findings
from cdi_stats.methods.pilot import Pilot, pilot_design
from cdi_stats.methods.planning import AssuranceSize, SampleSize, sample_size, sample_size_for_assurance
from cdi_stats.methods.reconciliation import PlannedAgainstAchieved, planned_against_achieved
from cdi_stats.methods.survey import RateEstimate

USUAL_MARGIN = 0.03


@dataclass(frozen=True)
class Precision:
    """A stratum's precision: `planned` says whether its margin was planned or is the usual three points.

    `pilot` is None where only totals are known; `needed` is the sample for that margin, `assured` the one that would
    show the rate to be above the standard (None where the rate is not above it).
    """

    stratum: str
    label: str
    planned: bool
    achieved: PlannedAgainstAchieved
    pilot: Pilot | None
    needed: SampleSize
    assured: AssuranceSize | None


def examine_precision(findings: Findings, *, standard: float) -> list[Precision]:
    """Return the precision of every stratum that has a rate; `standard` is a rate to be shown exceeded (0-1)."""
    audit, found = findings.audit, []
    for stratum in audit.strata:
        estimate = findings.stratum(stratum.stratum).estimate
        if estimate is None:
            continue
        margin = stratum.planned_margin or USUAL_MARGIN
        level = stratum.planned_confidence_level or findings.confidence_level
        pilot = _pilot(findings, stratum.stratum)
        effect, per_record = _effect(estimate, pilot), pilot.crimes_per_record if pilot else 1.0
        found.append(
            Precision(
                stratum=stratum.stratum,
                label=stratum.label,
                planned=stratum.planned_margin is not None,
                achieved=planned_against_achieved(margin, estimate, confidence_level=level),
                pilot=pilot,
                needed=sample_size(
                    estimate.rate,
                    margin,
                    confidence_level=level,
                    population=stratum.records_in_frame,
                    design_effect=effect,
                    crimes_per_record=per_record,
                ),
                assured=sample_size_for_assurance(
                    estimate.rate,
                    standard,
                    confidence_level=level,
                    design_effect=effect,
                    crimes_per_record=per_record,
                )
                if standard < estimate.rate < 1
                else None,
            )
        )
    return found


def _effect(estimate: RateEstimate, pilot: Pilot | None) -> float:
    """Return the design effect to plan with: the greater of the one seen and the one that one correlation implies."""
    seen = 1.0 if math.isnan(estimate.design_effect) else estimate.design_effect
    return max(seen, pilot.design_effect if pilot else 1.0)


def _pilot(findings: Findings, stratum: str) -> Pilot | None:
    if not findings.audit.has_records:
        return None
    records = findings.audit.crimes_by_record
    rows = records[records["stratum"] == stratum]
    if (rows["reported"] > 0).sum() < 2:
        return None
    return pilot_design(rows["recorded"].to_numpy(), rows["reported"].to_numpy())
