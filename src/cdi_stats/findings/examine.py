"""An audit becomes Findings: one row a measure, domain and stratum, with everything a reader needs to judge it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cdi_stats.audit.cases import Cases
from cdi_stats.audit.model import Audit, Stratum
from cdi_stats.audit.spelling import folded
from cdi_stats.errors import InvalidCounts
from cdi_stats.findings.measures import ALL, MEASURES, Measure, flags_used
from cdi_stats.findings.rows import finding_sentence, findings_grid, tidy_row
from cdi_stats.methods.extrapolation import Total, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.proportion import Interval, normal_quantile, proportion_interval, wilson_limits
from cdi_stats.methods.survey import Caution, RateEstimate, estimate_rate, estimate_rate_from_counts
from cdi_stats.rounding import as_level
from cdi_stats.showing import Grid, Shown, counted

OTHER_WEIGHTING = {"pooled": "weighted", "weighted": "pooled"}
TOTALS_ONLY = Caution("totals-only", "Only totals are known, so clustering of crimes in records cannot be seen.")


@dataclass(frozen=True, repr=False)
class Finding(Shown):
    """One rate: what was measured, on what, and how it came out. `estimate` is None where no case was due.

    `plain` is the Wilson interval that ignores records, strata and frames; `published` the inspectorate's (Wald with
    finite population, rule of three at 100 %); `unrecorded` and `unrecorded_plain` the crimes not recorded in a year.
    """

    measure: str
    domain: str
    stratum: str
    estimate: RateEstimate | None
    weighting: str = ""
    plain: Interval[float] | None = None
    published: Interval[float] | None = None
    unrecorded: Total | None = None
    unrecorded_plain: Total | None = None
    warnings: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        return finding_sentence(self)

    @property
    def key(self) -> str:
        """Return the finding's name in figures.json."""
        return f"{self.measure}/{self.domain}/{self.stratum}"

    @property
    def due(self) -> int:
        """Return the cases due (0 where none was)."""
        return self.estimate.reported if self.estimate else 0

    @property
    def done(self) -> int:
        """Return the cases done, of those due."""
        return self.estimate.recorded if self.estimate else 0

    @property
    def provenance(self) -> str:
        """Say in one line how the figures of this finding came about."""
        if self.estimate is None:
            return f"{self.measure}: no case due"
        e = self.estimate
        records = "" if e.records is None else f" in {e.records} {'record' if e.records == 1 else 'records'}"
        weighting = f", {self.weighting}" if self.weighting else ""
        return (
            f"{e.recorded} of {e.reported}{records}{weighting}; "
            f"{e.interval.method}, {as_level(e.interval.confidence_level)}, "
            f"effective sample {e.effective_sample_size:.1f}, degrees of freedom {e.degrees_of_freedom:.1f}"
        )


@dataclass(frozen=True, repr=False)
class Findings(Shown):
    """What an audit shows. `table` is the tidy form; `get` finds one row."""

    audit: Audit
    rows: tuple[Finding, ...]
    confidence_level: float
    method: str
    degrees_of_freedom: str
    _index: dict[tuple[str, str, str], Finding] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {(row.measure, row.domain, folded(row.stratum)): row for row in self.rows}
        object.__setattr__(self, "_index", index | {(row.measure, row.domain, row.stratum): row for row in self.rows})

    def get(self, measure: str, domain: str = ALL, stratum: str = ALL) -> Finding | None:
        """Return the finding of a measure, or None where the audit has none; a stratum's capitals do not count."""
        return self._index.get((measure, domain, stratum)) or self._index.get((measure, domain, folded(stratum)))

    def of(self, measure: str) -> list[Finding]:
        """Return every finding of a measure, in order."""
        return [row for row in self.rows if row.measure == measure]

    @property
    def level(self) -> str:
        """Return the confidence level in words, such as 95%."""
        return as_level(self.confidence_level)

    @property
    def overall(self) -> Finding:
        """Return the overall recording rate."""
        return self._index["recording_rate", ALL, ALL]

    def stratum(self, name: str) -> Finding:
        """Return a stratum's recording rate."""
        return self._index["recording_rate", ALL, name]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Return one row a finding; rates in 0-1, yearly crimes unrounded, blanks where a figure does not exist."""
        return pd.DataFrame([tidy_row(row) for row in self.rows])

    def __str__(self) -> str:
        return f"{self.audit.facts.force}, {counted(len(self.rows), 'finding')}. {self.overall}"

    def _grid(self) -> Grid:
        return findings_grid(self.rows)


def examine(
    audit: Audit,
    *,
    confidence_level: float = 0.95,
    method: str = "wilson",
    degrees_of_freedom: str = "kurtosis",
    overall: str | None = None,
) -> Findings:
    """Return the Findings of an audit: every measure of the catalogue for which it holds a case.

    `overall` ("pooled" or "weighted") overrides what the audit says of its strata; where frames are not known the
    overall rate is pooled, and says so. Raises InvalidCounts for an unknown method or level.
    """
    if overall and overall not in OTHER_WEIGHTING:
        raise InvalidCounts(f"overall: found {overall!r}; expected one of {', '.join(OTHER_WEIGHTING)}")
    examiner = Examiner(audit, confidence_level, method, degrees_of_freedom, overall or audit.facts.overall)
    rows = tuple(row for measure in MEASURES.values() for row in examiner.rows(measure))
    return Findings(audit, rows, confidence_level, method, degrees_of_freedom)


@dataclass(frozen=True)
class Examiner:
    """How an audit is examined; `finding` is the rate of any of its cases."""

    audit: Audit
    level: float
    method: str
    degrees_of_freedom: str
    overall: str

    def rows(self, measure: Measure) -> list[Finding]:
        """Return the findings of one measure, those that are known by their totals last."""
        found = list(self._measure(measure))
        counted = {(row.domain, row.stratum) for row in found}
        for row in self._counts(measure):
            if (row.domain, row.stratum) in counted:
                raise InvalidCounts(
                    f"sheet counts: found {measure.key} for {row.domain}, {row.stratum}, which the records give too; "
                    "expected one source. To mend: delete one of the two"
                )
            found.append(row)
        return found

    def _measure(self, measure: Measure) -> Iterator[Finding]:
        rows = self.audit.crimes if measure.sheet == "crimes" else self.audit.table(measure.sheet)
        rows = rows[measure.due(self.audit, rows)]
        if measure.key == "recording_rate":
            yield from self._recording_rates(measure, rows)
        elif not rows.empty:
            if measure.weight:
                yield self._by_count(measure, rows, measure.weight)
                return
            cases = self._cases(measure, rows)
            for domain, stratum, part in self._parts(measure, rows):
                yield self.finding(measure, domain, stratum, cases.among(part))

    def _recording_rates(self, measure: Measure, rows: pd.DataFrame) -> Iterator[Finding]:
        if rows.empty:
            yield from self._rates_from_totals()
            return
        cases = self._cases(measure, rows)
        parts = [
            self._with_year(self.finding(measure, domain, stratum, cases.among(part)), self._volume(domain, stratum))
            for domain, stratum, part in self._parts(measure, rows)
            if (domain, stratum) != (ALL, ALL)
        ]
        strata = [part for part in parts if part.domain == ALL]
        for key, weighting in self._weightings():
            finding = replace(self.finding(measure, ALL, ALL, cases, weighting=weighting), measure=key)
            yield self._with_overall_year(finding, strata)
        yield from parts

    def _cases(self, measure: Measure, rows: pd.DataFrame) -> Cases:
        sampled = measure.sampled and self.audit.has_records
        return self.audit.cases(rows, measure.done(self.audit, rows), sampled=sampled)

    def _parts(self, measure: Measure, rows: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
        yield ALL, ALL, np.ones(len(rows), bool)
        for by in measure.by:
            if by == "strata":
                strata = rows["stratum"].to_numpy()
                for stratum in self.audit.strata:
                    part = strata == stratum.stratum
                    if part.any() or measure.key == "recording_rate":
                        yield ALL, stratum.stratum, part
            elif by == "flags":
                for flag in flags_used(self.audit):
                    part = rows[flag].to_numpy(bool, na_value=False)
                    if part.any():
                        yield flag, ALL, part
            else:
                values = rows[by].to_numpy()
                for value in dict.fromkeys(values):
                    yield str(value), ALL, values == value

    def finding(
        self,
        measure: Measure,
        domain: str,
        stratum: str,
        cases: Cases,
        weighting: str | None = None,
    ) -> Finding:
        """Return the rate of some of a measure's cases, called by a domain and stratum."""
        if measure.sampled and self.audit.has_records:
            weighting = (weighting or self._weighting()) if stratum == ALL else ""
            missing = self._strata_without_sample() if stratum == ALL and domain == ALL else []
            if missing:
                return Finding(measure.key, domain, stratum, None, weighting, warnings=(_missing_stratum(missing),))
            whole = measure.key == "recording_rate" and domain == ALL
            estimate = self._estimate(**self.sample(cases, weighting, stratum, whole=whole)) if len(cases) else None
        else:
            weighting = ""
            estimate = estimate_rate_from_counts(
                int(cases.done.sum()), len(cases), confidence_level=self.level, method=self.method
            )
        return self.complete(Finding(measure.key, domain, stratum, estimate, weighting))

    def sample(self, cases: Cases, weighting: str, stratum: str, *, whole: bool) -> dict[str, Any]:
        """Return what estimate_rate takes for some crimes, one entry a sampled record, in the order of its sheet.

        `whole` keeps records with none in the domain: they were sampled for it.
        """
        strata = self.audit.sampled_strata
        reported, recorded = cases.by_record(len(strata))
        return {
            "recorded": recorded,
            "reported": reported,
            "stratum": strata,
            "population": self.audit.population,
            "weight": self._weights(strata, {s.stratum: s.records_sampled for s in self.audit.strata}, weighting),
            "domain": (None if stratum == ALL else strata == stratum) if whole else reported > 0,
        }

    def _estimate(self, **sample: Any) -> RateEstimate:
        options = {name: getattr(self, name) for name in ("method", "degrees_of_freedom")}
        estimate: RateEstimate = estimate_rate(**sample, confidence_level=self.level, **options)
        return estimate

    def _by_count(self, measure: Measure, rows: pd.DataFrame, weight: tuple[str, str]) -> Finding:
        """Return the finding of a sheet whose rows are records that count their own cases."""
        rows = rows.assign(missed=rows["reported"] - rows["recorded"])
        due, done = (rows[column].astype(int).to_numpy() for column in weight)
        if not due.sum():
            caution = Caution("no-case", f"None of the {len(rows)} records held one of the {measure.due_as}.")
            return Finding(measure.key, ALL, ALL, None, warnings=(caution,))
        if len(rows) == 1:
            estimate = estimate_rate_from_counts(
                int(done[0]), int(due[0]), confidence_level=self.level, method=self.method
            )
        else:
            estimate = self._estimate(recorded=done, reported=due)
        return self.complete(Finding(measure.key, ALL, ALL, estimate))

    def _counts(self, measure: Measure) -> Iterator[Finding]:
        """Yield the findings of a measure that the counts sheet carries as totals."""
        for row in self._totals.get(measure.key, ()):
            domain, stratum = (ALL if pd.isna(row[name]) else str(row[name]) for name in ("domain", "stratum"))
            if measure.key == "recording_rate" and domain == ALL and not self.audit.has_records:
                continue
            yield self._from_totals(measure.key, domain, stratum, int(row["recorded"]), int(row["reported"]))

    @cached_property
    def _totals(self) -> Mapping[str, Sequence[Mapping[Any, Any]]]:
        """Return the rows of the counts sheet by measure."""
        totals: dict[str, list[Mapping[Any, Any]]] = {}
        for row in self.audit.tables["counts"].to_dict("records"):
            totals.setdefault(row["measure"], []).append(row)
        return totals

    def _from_totals(
        self, measure: str, domain: str, stratum: str, recorded: int, reported: int, population: float | None = None
    ) -> Finding:
        if not reported:
            return Finding(measure, domain, stratum, None, warnings=(Caution("no-case", "No case was due."),))
        estimate = estimate_rate_from_counts(
            recorded, reported, population=population, confidence_level=self.level, method=self.method
        )
        return self.complete(Finding(measure, domain, stratum, replace(estimate, warnings=(TOTALS_ONLY,))))

    def _rates_from_totals(self) -> Iterator[Finding]:
        """Yield the recording rates of an audit known only by its strata's totals."""
        table = self.audit.tables["counts"]
        chosen = table[(table["measure"] == "recording_rate") & table["domain"].isna() & table["stratum"].notna()]
        totals = {
            str(row["stratum"]): (int(row["recorded"]), int(row["reported"])) for row in chosen.to_dict("records")
        }
        strata = []
        for s in self.audit.strata:
            recorded, reported = totals.get(s.stratum, (0, 0))
            population = _crimes_in_frame(s, reported)
            finding = self._from_totals("recording_rate", ALL, s.stratum, recorded, reported, population)
            strata.append(self._with_year(finding, s.recorded_in_year))
        missing = [s.label for s in self.audit.strata if not totals.get(s.stratum, (0, 0))[1]]
        if missing:
            yield Finding("recording_rate", ALL, ALL, None, warnings=(_missing_stratum(missing),))
        else:
            for measure, weighting in self._weightings():
                yield self._with_overall_year(self._overall_from_totals(measure, weighting, totals), strata)
        yield from strata

    def _weightings(self) -> Iterable[tuple[str, str]]:
        """Yield the overall rate's measure and weighting, then the other one where the frames allow both."""
        weighting = self._weighting()
        yield "recording_rate", weighting
        if self.audit.population and len(self.audit.strata) > 1:
            other = OTHER_WEIGHTING[weighting]
            yield f"recording_rate_{other}", other

    def _overall_from_totals(self, measure: str, weighting: str, totals: dict[str, tuple[int, int]]) -> Finding:
        """Return the overall rate of totals: each crime counted as a record of its own, strata and frames kept."""
        names = [s.stratum for s in self.audit.strata]
        recorded = np.concatenate([np.repeat([1, 0], [totals[n][0], totals[n][1] - totals[n][0]]) for n in names])
        stratum = np.repeat(names, [totals[n][1] for n in names])
        frames = {s.stratum: _crimes_in_frame(s, totals[s.stratum][1]) for s in self.audit.strata}
        known = None if None in frames.values() else {name: size or 0.0 for name, size in frames.items()}
        estimate: RateEstimate = estimate_rate(
            recorded,
            np.ones(recorded.size),
            stratum=stratum,
            population=known,
            weight=self._weights(stratum, {n: totals[n][1] for n in names}, weighting, frames),
            confidence_level=self.level,
            degrees_of_freedom="normal",
        )
        kept = tuple(caution for caution in estimate.warnings if caution.code in ("pooled", "unanimous"))
        estimate = replace(estimate, records=None, design_effect=math.nan, warnings=(*kept, TOTALS_ONLY))
        return self.complete(Finding(measure, ALL, ALL, estimate, weighting))

    def _weights(
        self, stratum: Any, sampled: dict[str, int], weighting: str, frames: Mapping[str, float | None] | None = None
    ) -> Any:
        """Return each record's weight: what it stands for in a year, so that a longer audit period counts no more."""
        if weighting != "weighted":
            return np.ones(len(stratum))
        frames = frames or {s.stratum: s.records_in_frame for s in self.audit.strata}
        by_stratum = {
            s.stratum: (frames[s.stratum] or 0) / sampled[s.stratum] * 365 / s.days
            for s in self.audit.strata
            if sampled[s.stratum]
        }
        return np.array([by_stratum[name] for name in stratum])

    def complete(self, finding: Finding) -> Finding:
        """Add what each rate is set beside: the plain interval, the published one, and its cautions."""
        e = finding.estimate
        if e is None:
            return replace(finding, warnings=(Caution("no-case", "No case was due."),))
        low, high = wilson_limits(e.rate, e.reported, normal_quantile(self.level))
        plain = Interval(max(float(low), 0.0), min(float(high), 1.0), self.level, "wilson")
        published = None
        if finding.measure.startswith("recording_rate") and finding.domain == ALL:
            size = None if e.crimes_in_frame is None else max(e.crimes_in_frame, e.reported)
            published = proportion_interval(e.recorded, e.reported, method="wald-fpc", population=size)
        return replace(finding, plain=plain, published=published, warnings=e.warnings)

    def _with_year(self, finding: Finding, recorded: int | None) -> Finding:
        """Add the crimes not recorded in a year, where its volume is known and some crime was recorded."""
        if not recorded or finding.estimate is None or finding.plain is None or not finding.done:
            return finding
        plain = replace(finding.estimate, interval=finding.plain)
        return replace(
            finding,
            unrecorded=extrapolate_unrecorded(finding.estimate, recorded=recorded),
            unrecorded_plain=extrapolate_unrecorded(plain, recorded=recorded),
        )

    def _with_overall_year(self, finding: Finding, strata: Sequence[Finding]) -> Finding:
        """Add the year's crimes: of the pooled rate by itself, as the inspectorate does; else the sum of strata."""
        if finding.weighting != "weighted":
            return self._with_year(finding, self.audit.recorded_in_year)
        totals = [(row.unrecorded, row.unrecorded_plain) for row in strata if row.unrecorded and row.unrecorded_plain]
        if len(totals) < len(strata):
            return finding
        whole, plain = (sum_totals(column) for column in zip(*totals, strict=True))
        return replace(finding, unrecorded=whole, unrecorded_plain=plain)

    def _weighting(self) -> str:
        """Return how strata make the overall rate: as asked where frames are known, else pooled; "" for one."""
        if len(self.audit.strata) < 2:
            return ""
        return self.overall if self.audit.population else "pooled"

    def _volume(self, domain: str, stratum: str) -> int | None:
        if domain != ALL:
            return None
        return next((s.recorded_in_year for s in self.audit.strata if s.stratum == stratum), None)

    def _strata_without_sample(self) -> list[str]:
        present = set(self.audit.crimes["stratum"].unique())
        return [s.label for s in self.audit.strata if s.stratum not in present]


def _missing_stratum(labels: Sequence[str]) -> Caution:
    return Caution(
        "missing-stratum", f"There is no overall rate, because no crime was sampled of: {', '.join(labels)}."
    )


def _crimes_in_frame(stratum: Stratum, reported: int) -> float | None:
    """Return the crimes in a stratum's frame: records in the frame times crimes a sampled record."""
    if stratum.records_in_frame is None or not stratum.records_sampled:
        return None
    return max(stratum.records_in_frame * reported / stratum.records_sampled, reported)
