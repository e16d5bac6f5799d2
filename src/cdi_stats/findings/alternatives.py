"""One audit by every method: what the choice of method does to its rates, and how sure the default can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cdi_stats.audit.model import Audit
from cdi_stats.findings.measures import flags_used
from cdi_stats.methods.comparison import Change
from cdi_stats.methods.domains import RaoScottTest, estimate_domain_rates, rao_scott_test
from cdi_stats.methods.influence import jackknife_error
from cdi_stats.methods.proportion import Interval, proportion_interval
from cdi_stats.methods.resampling import Bootstrap, bootstrap_rate
from cdi_stats.methods.survey import RateEstimate, estimate_rate
from cdi_stats.methods.survey_limits import METHODS

PLAIN = ("wilson", "wilson-cc", "clopper-pearson", "mid-p", "blaker", "jeffreys", "agresti-coull", "likelihood",
         "arcsine", "wald")  # fmt: skip


# the plain methods that statsmodels has too, by its own names
IN_STATSMODELS = {
    "wilson": "wilson", "clopper-pearson": "beta", "jeffreys": "jeffreys", "agresti-coull": "agresti_coull",
    "wald": "normal",
}  # fmt: skip


@dataclass(frozen=True)
class Alternatives:
    """A stratum's rate by every method, on the level asked for.

    `by_records` holds the estimate by each method that allows for records, on `kurtosis` and on `design` degrees of
    freedom; `plain` each interval that takes crimes as independent. `jackknife` is that standard error.
    """

    stratum: str
    label: str
    by_records: dict[tuple[str, str], RateEstimate]
    plain: dict[str, Interval[float]]
    jackknife: float
    bootstrap: Bootstrap

    @property
    def default(self) -> RateEstimate:
        """Return the estimate by the default method."""
        return self.by_records["wilson", "kurtosis"]


def examine_alternatives(audit: Audit, *, confidence_level: float, replicates: int, seed: int) -> list[Alternatives]:
    """Return every sampled stratum of an audit by every method; empty where only totals are known."""
    if not audit.has_records:
        return []
    records = audit.crimes_by_record
    found = []
    for stratum in audit.strata:
        rows = records[records["stratum"] == stratum.stratum]
        k, m = rows["recorded"].to_numpy(), rows["reported"].to_numpy()
        if m.sum() == 0 or len(rows) < 2:
            continue
        frame: dict[str, Any] = {"population": stratum.records_in_frame}
        estimates = {
            (method, rule): estimate_rate(
                k, m, method=method, degrees_of_freedom=rule, confidence_level=confidence_level, **frame
            )
            for method in METHODS
            for rule in ("kurtosis", "design")
        }
        plain = {
            method: proportion_interval(int(k.sum()), int(m.sum()), method=method, confidence_level=confidence_level)
            for method in PLAIN
        }
        again = bootstrap_rate(k, m, seed=seed, replicates=replicates, **frame)
        found.append(
            Alternatives(stratum.stratum, stratum.label, estimates, plain, jackknife_error(k, m, **frame), again)
        )
    return found


def difference_from_statsmodels(found: Sequence[Alternatives]) -> float:
    """Return the largest difference (0-1) of a plain limit from statsmodels', over the methods that it has too."""
    from statsmodels.stats.proportion import proportion_confint

    differences = [0.0]
    for alternatives in found:
        recorded, reported = alternatives.default.recorded, alternatives.default.reported
        for ours, theirs in IN_STATSMODELS.items():
            interval = alternatives.plain[ours]
            limits = proportion_confint(recorded, reported, 1 - interval.confidence_level, theirs)
            differences += [abs(a - b) for a, b in zip((interval.low, interval.high), limits, strict=True)]
    return float(max(differences))


@dataclass(frozen=True)
class FlagContrast:
    """A flag's crimes against all others of the same sample: their change, correlation and the test of equal rates."""

    flag: str
    flagged: RateEstimate
    others: RateEstimate
    correlation: float
    change: Change
    test: RaoScottTest | None


def examine_flags(audit: Audit, *, confidence_level: float) -> Iterator[FlagContrast]:
    """Yield each flag of an audit whose crimes, and whose absence, the sample holds."""
    if not audit.has_records:
        return
    for flag in flags_used(audit):
        flagged = audit.crimes[flag].fillna(False).astype(bool)
        if flagged.all() or not flagged.any():
            continue
        recorded, reported, stratum = _by_flag(audit, flagged)
        design: dict[str, Any] = {"domain": ["flagged", "others"], "stratum": stratum, "population": audit.population}
        rates = estimate_domain_rates(recorded, reported, confidence_level=confidence_level, **design)
        missed = 0 < recorded.sum() < reported.sum()
        yield FlagContrast(
            flag=flag,
            flagged=rates.rates["flagged"],
            others=rates.rates["others"],
            correlation=rates.correlation("flagged", "others"),
            change=rates.compare("flagged", "others"),
            test=rao_scott_test(recorded, reported, **design) if missed else None,
        )


def _by_flag(audit: Audit, flagged: Any) -> tuple[Any, Any, Any]:
    """Return crimes recorded and reported as records x (flagged, others), and each record's stratum."""
    crimes, columns = audit.crimes, []
    for part in (flagged, ~flagged):
        rows = crimes[part]
        columns.append(audit.by_record(rows, rows["recorded"].astype(bool)))
    recorded, reported = (np.column_stack([column[name] for column in columns]) for name in ("recorded", "reported"))
    return recorded, reported, columns[0]["stratum"].to_numpy()
