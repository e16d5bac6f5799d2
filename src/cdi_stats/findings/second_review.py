"""What a second auditor's review says of the audit, and what auditors' errors would do to its rates."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_stats.audit.model import Audit
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.methods.agreement import Agreement, CorrectedRate, auditor_agreement, correct_for_auditor_error

FEWEST_RECORDS = 2
ERROR_RATES = ((0.99, 0.99), (0.98, 0.95), (0.95, 0.98))


def examine_second_review(audit: Audit, *, confidence_level: float) -> Agreement | None:
    """Return how far two auditors agreed on the crimes both judged; None where fewer than two records were."""
    rows = audit.table("second_review")
    if rows["record_id"].nunique() < FEWEST_RECORDS:
        return None
    return auditor_agreement(
        rows["first"].to_numpy(bool),
        rows["second"].to_numpy(bool),
        record=rows["record_id"].to_numpy(),
        confidence_level=confidence_level,
    )


@dataclass(frozen=True)
class WhatIf:
    """A rate as it would be were auditors to err so often; `sensitivity` and `specificity` are assumed shares."""

    finding: Finding
    label: str
    sensitivity: float
    specificity: float
    corrected: CorrectedRate


def correct_rates(findings: Findings) -> list[WhatIf]:
    """Return each stratum's rate corrected for the error rates of ERROR_RATES."""
    found = []
    for stratum in findings.audit.strata:
        finding = findings.stratum(stratum.stratum)
        if finding.estimate is None:
            continue
        for se, sp in ERROR_RATES:
            corrected = correct_for_auditor_error(finding.estimate, sensitivity=se, specificity=sp)
            found.append(WhatIf(finding, stratum.label, se, sp, corrected))
    return found
