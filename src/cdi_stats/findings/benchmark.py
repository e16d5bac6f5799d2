"""A force among the published results of all: like beside like, each with its interval, and what a place is worth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.audit.spelling import folded
from cdi_stats.findings.examine import Finding, Findings, examine
from cdi_stats.findings.inspections import LEVEL, Forces, compare_forces, kind_of, published_rates
from cdi_stats.findings.measures import ALL, DOMAIN_LABELS
from cdi_stats.findings.replication import MEASURES, published_figures
from cdi_stats.findings.rows import findings_grid
from cdi_stats.findings.withheld import UNPROTECTED, Rules, round_findings, withhold
from cdi_stats.methods.monitoring import FEW_GROUPS
from cdi_stats.methods.proportion import normal_quantile, wilson_limits
from cdi_stats.showing import Grid, Shown, counted

KINDS = ("inspection", "re-inspection")
COMPARED = ("overall", "violence", "sexual", "rape", "domestic_abuse")
# linked reports between the same people count as one crime from about then on
RULES_CHANGED = 2023
NOT_NAMES = re.compile(r"\b(police|constabulary|service|force)\b|[^a-z ]")


@dataclass(frozen=True)
class PublishedResult:
    """A published rate with an interval (shares): its printed margin, else Wilson's on its printed crimes.

    `ended` is the last day of the audit period, None where it was not published; `reported` the crimes printed.
    """

    force: str
    report: str
    rate: float
    low: float
    high: float
    from_margin: bool
    reported: int | None
    started: date | None
    ended: date | None

    @property
    def label(self) -> str:
        """Return the force and the year of its report."""
        return f"{self.force} {self.report[-4:]}"


@dataclass(frozen=True)
class Standing:
    """A rate among others: its place by the rate alone (1 is the highest), and what the intervals leave of it.

    `above` and `below` count the others whose whole interval lies above or below the rate's own.
    """

    place: int
    others: int
    above: int
    below: int

    @property
    def overlapping(self) -> int:
        """Return the others whose interval overlaps."""
        return self.others - self.above - self.below

    @property
    def best(self) -> int:
        """Return the best place that the intervals allow."""
        return self.above + 1

    @property
    def worst(self) -> int:
        """Return the worst place that they allow."""
        return self.others + 1 - self.below


@dataclass(frozen=True)
class Field:
    """Published results of one measure and kind, highest rate first. `unbounded` counts those without margin or count.

    `own` is the audit's finding and `standing` its place among the other forces, both None where it has none or where
    the kind is another; `forces` the results in a funnel and drawn together, where there are ten or more.
    """

    measure: str
    kind: str
    results: tuple[PublishedResult, ...]
    unbounded: int
    own: Finding | None
    standing: Standing | None
    forces: Forces | None


@dataclass(frozen=True, repr=False)
class Benchmark(Shown):
    """An audit among published results. `force` is its force as published results name it."""

    findings: Findings
    force: str
    kind: str
    fields: tuple[Field, ...]

    def __str__(self) -> str:
        others = sum(len(field.results) for field in self.fields if field.measure == "overall")
        return f"{self.force} among {counted(others, 'published overall rate')}. {self.findings.overall}"

    def _grid(self) -> Grid:
        return findings_grid(self.findings.rows)

    @property
    def audit(self) -> Audit:
        """Return the audit."""
        return self.findings.audit

    def field(self, measure: str, kind: str) -> Field:
        """Return the results of one measure and kind."""
        return next(f for f in self.fields if (f.measure, f.kind) == (measure, kind))

    @property
    def published(self) -> tuple[PublishedResult, ...]:
        """Return the force's own published overall results with an interval."""
        overall = [result for f in self.fields if f.measure == "overall" for result in f.results]
        return tuple(result for result in overall if self.is_own(result))

    def is_own(self, result: PublishedResult) -> bool:
        """Return whether a result is of the audit's force."""
        return same_force(result.force, self.force)

    def is_same(self, result: PublishedResult) -> bool:
        """Return whether a result is that of this very audit."""
        return self.is_own(result) and (result.started, result.ended) == self.audit.period

    @property
    def is_internal(self) -> bool:
        """Return whether the force audited itself."""
        return self.audit.facts.audit_type not in KINDS

    @property
    def under_later_rules(self) -> bool:
        """Return whether the audit is from after the change of rules that no published result here knows."""
        return self.audit.period[1].year >= RULES_CHANGED


def examine_benchmark(audit: Audit, *, rules: Rules = UNPROTECTED) -> Benchmark:
    """Return an audit among the published results, its strata pooled as the published rates are.

    An inspection stands beside inspections and a re-inspection beside re-inspections; a force's own audit beside
    inspections, for want of its like. Intervals are at 95%, the level that published margins have; `rules` say what
    of the audit is withheld as too small.
    """
    findings = round_findings(withhold(examine(audit, confidence_level=LEVEL, overall="pooled"), rules), rules)
    kind = audit.facts.audit_type if audit.facts.audit_type in KINDS else KINDS[0]
    table = published_figures()
    names = {str(force) for force in table["force"]}
    force = next((name for name in sorted(names) if same_force(name, audit.facts.force)), _short(audit.facts.force))
    fields = [_field(table, measure, k, findings, k == kind) for measure in COMPARED for k in KINDS]
    return Benchmark(findings, force, kind, tuple(fields))


def same_force(first: str, second: str) -> bool:
    """Return whether two names are of one force: Kent, Kent Police and Kent Constabulary are."""
    return _plain(first) == _plain(second)


def stand(low: float, high: float, rate: float, others: Sequence[PublishedResult]) -> Standing:
    """Return the place of a rate and its interval among other results."""
    return Standing(
        place=1 + sum(other.rate > rate for other in others),
        others=len(others),
        above=sum(other.low > high for other in others),
        below=sum(other.high < low for other in others),
    )


def _plain(name: str) -> str:
    words = NOT_NAMES.sub(" ", name.casefold().replace("&", " and ").replace("-", " "))
    return " ".join(words.split())


def _short(name: str) -> str:
    """Return a force's name without what all of them are called."""
    return re.sub(r"\s+(Police( Service)?|Constabulary)$", "", name.strip()) or name


def _field(table: pd.DataFrame, measure: str, kind: str, findings: Findings, alike: bool) -> Field:
    rows = table[(table["measure"] == measure) & (table["report"].map(kind_of) == kind)]
    found = [_result(row) for _, row in rows.iterrows()]
    results = sorted((r for r in found if r), key=lambda r: (-r.rate, r.label))
    own = _own(findings, measure) if alike else None
    own = own if own and own.estimate else None
    others = [r for r in results if not same_force(r.force, findings.audit.facts.force)]
    standing = None
    if own and own.estimate and others:
        interval = own.estimate.interval
        standing = stand(interval.low, interval.high, own.estimate.rate, others)
    rates = [p for p in published_rates() if p.kind == kind] if measure == "overall" else []
    forces = compare_forces(rates) if len(rates) >= FEW_GROUPS else None
    return Field(measure, kind, tuple(results), sum(r is None for r in found), own, standing, forces)


def _own(findings: Findings, measure: str) -> Finding | None:
    """Return the audit's finding of a published measure; a stratum goes by its name or its label."""
    name, domain, part = MEASURES[measure]
    called = {folded(part), folded(DOMAIN_LABELS[part])}
    strata = [s.stratum for s in findings.audit.strata if called & {folded(s.stratum), folded(s.label)}]
    return findings.get(name, domain, strata[0] if strata and part != ALL else part)


def _result(row: pd.Series[float]) -> PublishedResult | None:
    """Return a published row with an interval; None where neither a margin nor a count was published."""
    reported, recorded = (None if pd.isna(row[name]) else int(row[name]) for name in ("n_reported", "n_recorded"))
    margin, percentage = (
        None if pd.isna(row[name]) else round(float(row[name]) / 100, 4) for name in ("ci_plus_minus_pct", "rate_pct")
    )
    rate = percentage if percentage is not None else recorded / reported if recorded is not None and reported else None
    if rate is None or (margin is None and reported is None):
        return None
    if margin is not None:
        low, high = rate - margin, min(rate + margin, 1.0)
    else:
        low, high = (float(limit) for limit in wilson_limits(rate, reported or 1, normal_quantile(LEVEL)))
    started, ended = (_day(row[name]) for name in ("audit_start", "audit_end"))
    return PublishedResult(
        str(row["force"]), str(row["report"]), rate, low, high, margin is not None, reported, started, ended
    )


def _day(cell: object) -> date | None:
    return date.fromisoformat(str(cell)) if isinstance(cell, str) and len(cell) == len("2017-01-31") else None
