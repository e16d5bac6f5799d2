"""What a series of audits shows: overall rates in a control chart, and the latest audit beside earlier ones.

Audits are set on one chart only where they are alike: the same strata, one weighting, and a segment of its own for each
set of counting rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from cdi_stats.audit.model import Audit
from cdi_stats.audit.series import Series
from cdi_stats.errors import BadParameters
from cdi_stats.findings.change import Comparison, adjust_p_values, compare_findings
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.findings.rows import findings_grid
from cdi_stats.findings.withheld import UNPROTECTED, Rules, withhold
from cdi_stats.methods.comparison import Change, change_p_value, compare_rates
from cdi_stats.methods.monitoring import ControlChart, p_prime_chart
from cdi_stats.methods.survey import RateEstimate
from cdi_stats.rounding import as_level
from cdi_stats.showing import Grid, Shown, join_words

# limits from fewer say next to nothing: of two or three points none can lie beyond them
FEWEST_FOR_LIMITS = 4
# Montgomery (2013, chapter 7): at least 20 to 25 samples before limits are more than provisional
ENOUGH_FOR_LIMITS = 20


@dataclass(frozen=True, eq=False)
class SeriesAudit:
    """One audit of a series. `left_out` says why it is on no chart ("" where it is on one)."""

    audit: Audit
    findings: Findings
    label: str
    left_out: str = ""

    @property
    def prefix(self) -> str:
        """Return what sets this audit's figures apart."""
        return f"series/{self.audit.id}/"

    @property
    def estimate(self) -> RateEstimate | None:
        """Return the overall rate."""
        return self.findings.overall.estimate

    @property
    def effective_sample_size(self) -> float:
        """Return the effective crimes of the overall rate; the crimes themselves where every record was examined."""
        assert self.estimate is not None
        return min(self.estimate.effective_sample_size, self.estimate.reported)


@dataclass(frozen=True)
class Segment:
    """Audits under one set of counting rules, in order.

    `chart` has an entry each; None where they are too few for limits, or `steady`: their rates do not vary at all.
    """

    rules: str
    audits: tuple[SeriesAudit, ...]
    aside: tuple[bool, ...]
    chart: ControlChart | None
    steady: bool = False

    @property
    def outside(self) -> tuple[SeriesAudit, ...]:
        """Return the audits beyond a limit."""
        found = [] if self.chart is None else self.chart.outside.tolist()
        return tuple(audit for audit, beyond in zip(self.audits, found, strict=False) if beyond)

    @property
    def runs(self) -> tuple[tuple[SeriesAudit, ...], ...]:
        """Return each run of audits on one side of the centre."""
        if self.chart is None:
            return ()
        runs: list[list[SeriesAudit]] = []
        last = (-2, False)
        for place in np.flatnonzero(self.chart.run).tolist():
            above = bool(self.chart.rate[place] > self.chart.centre[place])
            if last != (place - 1, above):
                runs.append([])
            runs[-1].append(self.audits[place])
            last = (place, above)
        return tuple(map(tuple, runs))


@dataclass(frozen=True)
class EarlierRate:
    """An earlier audit beside the latest one, under the same rules. The adjusted p-value allows for their number."""

    earlier: SeriesAudit
    change: Change
    p_value: float
    adjusted_p_value: float


@dataclass(frozen=True, repr=False)
class SeriesFindings(Shown):
    """What a series shows. `audits` are all of them in order of time; `weighting` that of every overall rate.

    `reweighted` says that some audits state another weighting, which had to give way for rates to be alike.
    """

    series: Series
    audits: tuple[SeriesAudit, ...]
    segments: tuple[Segment, ...]
    weighting: str
    reweighted: bool
    confidence_level: float

    def __str__(self) -> str:
        return f"{self.series}. Latest: {self.latest.findings.overall}"

    def _grid(self) -> Grid:
        overall = [(audit.audit.id, *findings_grid([audit.findings.overall]).rows[0][2:]) for audit in self.audits]
        return Grid(overall, ("Audit", "Rate", "Interval", "Sample"))

    @property
    def level(self) -> str:
        """Return the confidence level in words, such as 95%."""
        return as_level(self.confidence_level)

    @property
    def latest(self) -> SeriesAudit:
        """Return the last audit in time."""
        return self.audits[-1]

    @property
    def rebuilt(self) -> bool:
        """Return whether records under the present rules are rebuilt from totals, so that what they hold is made up."""
        return any(a.audit.facts.records_basis != "audited" for a in self.present if a.audit.has_records)

    @property
    def charted(self) -> tuple[SeriesAudit, ...]:
        """Return the audits that are on the chart."""
        return tuple(audit for audit in self.audits if not audit.left_out)

    @property
    def present(self) -> tuple[SeriesAudit, ...]:
        """Return the audits under the counting rules of the latest one."""
        rules = rules_of(self.latest.audit)
        return tuple(audit for audit in self.audits if rules_of(audit.audit) == rules)

    @cached_property
    def before(self) -> Comparison | None:
        """Return the latest audit against the one before it; None where there is none under the same rules."""
        earlier = self.present[:-1]
        return compare_findings(self.latest.findings, earlier[-1].findings) if earlier else None

    @cached_property
    def trend(self) -> tuple[EarlierRate, ...]:
        """Return the latest overall rate against that of each earlier audit under the same rules."""
        latest = self.latest
        if latest.left_out or latest.estimate is None:
            return ()
        pairs = [(a, a.estimate) for a in self.present[:-1] if not a.left_out and a.estimate]
        changes = [compare_rates(latest.estimate, e, confidence_level=self.confidence_level) for _, e in pairs]
        plain = [change_p_value(latest.estimate, estimate) for _, estimate in pairs]
        rows = zip(pairs, changes, plain, adjust_p_values(plain), strict=True)
        return tuple(EarlierRate(audit, change, p, adjusted) for (audit, _), change, p, adjusted in rows)


def examine_series(
    series: Series,
    *,
    confidence_level: float = 0.95,
    overall: str = "",
    known_causes: Sequence[str] = (),
    rules: Rules = UNPROTECTED,
) -> SeriesFindings:
    """Return what a series of audits shows.

    `overall` ("pooled" or "weighted") overrides what the audits say of their strata; where they differ, or frames are
    missing in one, all are pooled. `known_causes` names audits whose cause is known: they stay on the chart and out of
    what sets its limits. `rules` say what is withheld as too small. Raises BadParameters for a name that no audit has.
    """
    unknown = [name for name in known_causes if name not in {audit.id for audit in series.audits}]
    if unknown:
        names = ", ".join(audit.id for audit in series.audits)
        raise BadParameters(f"known_causes: found {', '.join(unknown)}; expected some of {names}")
    found = [_findings(a, confidence_level, overall or None, rules) for a in series.audits]
    weightings = {findings.overall.weighting for findings in found} - {""}
    reweighted = len(weightings) > 1
    if reweighted:
        found = [_findings(a, confidence_level, "pooled", rules) for a in series.audits]
    usual = _usual_strata(series.audits)
    strata = {s.stratum: s.label for audit in series.audits for s in audit.strata}
    audits = tuple(
        SeriesAudit(audit, findings, label, _left_out(findings, usual, strata))
        for audit, findings, label in zip(series.audits, found, _labels(series.audits), strict=True)
    )
    weighting = "pooled" if reweighted else next(iter(weightings), "")
    segments = tuple(_segments([a for a in audits if not a.left_out], known_causes))
    return SeriesFindings(series, audits, segments, weighting, reweighted, confidence_level)


def _findings(audit: Audit, level: float, overall: str | None, rules: Rules) -> Findings:
    return withhold(examine(audit, confidence_level=level, overall=overall), rules)


def rules_of(audit: Audit) -> str:
    """Return an audit's counting rules in one spelling, to tell whether two audits share them."""
    return " ".join(audit.facts.counting_rules.split()).casefold()


def month_label(start: date, end: date) -> str:
    """Return a period as months: September 2023, June to November 2016, or December 2016 to March 2017."""
    if start.year != end.year:
        return f"{start:%B %Y} to {end:%B %Y}"
    return f"{end:%B %Y}" if start.month == end.month else f"{start:%B} to {end:%B %Y}"


def _labels(audits: Sequence[Audit]) -> list[str]:
    """Return each audit's months, with its name where two audits have the same."""
    labels = [month_label(*audit.period) for audit in audits]
    return [
        f"{label} ({audit.id})" if labels.count(label) > 1 else label
        for label, audit in zip(labels, audits, strict=True)
    ]


def _usual_strata(audits: Sequence[Audit]) -> frozenset[str]:
    """Return the strata that most audits have; of two sets as frequent, the later one."""
    sets = [frozenset(s.stratum for s in audit.strata) for audit in audits]
    times = Counter(sets)
    return max(reversed(sets), key=lambda names: times[names])


def _left_out(findings: Findings, usual: frozenset[str], labels: Mapping[str, str]) -> str:
    """Return why an audit's overall rate cannot stand beside the others', or nothing."""
    overall, strata = findings.overall, {s.stratum for s in findings.audit.strata}
    missing, added = ([labels[name] for name in labels if name in part] for part in (usual - strata, strata - usual))
    if missing:
        return f"it did not audit {join_words(missing)}"
    if added:
        return f"it has a stratum that the others do not: {join_words(added)}"
    if overall.estimate is None:
        words = " ".join(str(caution) for caution in overall.warnings) or "It has no overall rate."
        return words[:1].lower() + words[1:].rstrip(".")
    return ""


def _segments(audits: Sequence[SeriesAudit], known_causes: Sequence[str]) -> list[Segment]:
    """Return the audits cut wherever the counting rules change."""
    runs: list[list[SeriesAudit]] = []
    for audit in audits:
        if not runs or rules_of(runs[-1][-1].audit) != rules_of(audit.audit):
            runs.append([])
        runs[-1].append(audit)
    return [_segment(run, known_causes) for run in runs]


def _segment(audits: Sequence[SeriesAudit], known_causes: Sequence[str]) -> Segment:
    aside = tuple(audit.audit.id in known_causes for audit in audits)
    chart = None
    if aside.count(False) >= FEWEST_FOR_LIMITS:
        rates = [audit.estimate.rate for audit in audits if audit.estimate]
        sizes = [audit.effective_sample_size for audit in audits]
        chart = p_prime_chart(rates, sizes, baseline=~np.array(aside))
    steady = chart is not None and bool(chart.warnings)
    return Segment(audits[0].audit.facts.counting_rules, tuple(audits), aside, None if steady else chart, steady)
