"""Any part of an audit's cases: its rate, the cases behind it, why its interval is wide, and what more records give."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.findings.examine import OTHER_WEIGHTING, Examiner, Finding
from cdi_stats.findings.measures import ALL, MEASURES, flags_used
from cdi_stats.methods.influence import estimate_without, measure_influence
from cdi_stats.methods.planning import MARGINS, expected_margin
from cdi_stats.methods.proportion import FloatArray, Interval
from cdi_stats.methods.survey import Caution, RateEstimate

DIMENSIONS = ("stratum", "domain", "flag", "district")
DOMAIN_COLUMNS = {"crimes": "offence", "cancellations": "crime_type"}
MOST_RECORDS = 5
ALIKE = 1.05  # records whose shares are closer than this weigh alike


@dataclass(frozen=True)
class Part:
    """The cases of a measure in a stratum and a domain, with a flag, of a district; "all" is any of them.

    A domain is a kind of case: an offence group, a type of crime cancelled, or what the counts sheet calls so.
    """

    measure: str = "recording_rate"
    stratum: str = ALL
    domain: str = ALL
    flag: str = ALL
    district: str = ALL

    @property
    def named(self) -> str:
        """Return what its finding calls the part beside its stratum; no two parts of a measure and stratum share it."""
        offence = MEASURES[self.measure].sheet == "crimes"
        names = {
            "flag": self.flag,
            "domain": f"offence {self.domain}" if offence else self.domain,
            "district": f"district {self.district}",
        }
        return ", ".join(name.replace("/", "-") for key, name in names.items() if getattr(self, key) != ALL) or ALL


@dataclass(frozen=True)
class Options:
    """How rates are made: as examine takes it; `overall` is blank for what the audit says."""

    confidence_level: float = 0.95
    method: str = "wilson"
    degrees_of_freedom: str = "kurtosis"
    overall: str = ""

    @property
    def interval(self) -> dict[str, Any]:
        """Return how intervals are made."""
        return {"confidence_level": self.confidence_level, "method": self.method}

    def examiner(self, audit: Audit) -> Examiner:
        """Return what examines an audit so."""
        overall = self.overall if self.overall in OTHER_WEIGHTING else audit.facts.overall
        return Examiner(audit, self.confidence_level, self.method, self.degrees_of_freedom, overall)


@dataclass(frozen=True)
class _Place:
    """A part of an audit, told by the audit's digest; its figures follow from that and the options."""

    digest: str
    part: Part
    options: Options
    audit: Audit = field(compare=False)

    @property
    def measure(self) -> str:
        return self.part.measure


def _whole(audit: Audit, measure: str, options: Options = Options()) -> _Place:
    """Return all cases of a measure."""
    return _Place(audit.digest, Part(measure), options, audit)


# a control moved back, or another part of the same measure, finds its figures made
@lru_cache(maxsize=64)
def _known(whole: _Place) -> dict[tuple[str, str], Finding]:
    rows = whole.options.examiner(whole.audit).rows(MEASURES[whole.measure])
    return {(row.domain, row.stratum): row for row in rows if row.measure == whole.measure}


def examine_part(audit: Audit, part: Part, options: Options | None = None) -> Finding:
    """Return the finding of a part: examine's own where it has one, else made in the same way from the part's cases.

    Its estimate is None where no case was due. Raises InvalidCounts for an unknown method or level.
    """
    return _examined(_Place(audit.digest, part, options or Options(), audit))


@lru_cache(maxsize=512)
def _examined(place: _Place) -> Finding:
    audit, part, options = place.audit, place.part, place.options
    known = _known(_whole(audit, part.measure, options))
    if (part.named, part.stratum) in known:
        return known[part.named, part.stratum]
    cases = cases_of_part(audit, part)
    if cases.empty or MEASURES[part.measure].weight:
        return _from_totals(part, known)
    if options.interval != Options().interval:
        # the sample is counted once: another method or level needs only the interval anew
        base = _examined(replace(place, options=replace(options, **Options().interval)))
        assert base.estimate is not None
        estimate = base.estimate.by(options.method, options.confidence_level)
        return options.examiner(audit).complete(replace(base, estimate=estimate))
    measure = MEASURES[part.measure]
    held = audit.cases(cases, cases["done"], sampled=measure.sampled and audit.has_records)
    return options.examiner(audit).finding(measure, part.named, part.stratum, held)


def _from_totals(part: Part, known: dict[tuple[str, str], Finding]) -> Finding:
    """Return the finding that the counts sheet gives of one domain or flag, or that no case was due.

    A domain that lies in one stratum is counted under it, so it is found without naming that stratum.
    """
    chosen = [name for name in (part.domain, part.flag, part.district) if name != ALL]
    found = [row for row in known.values() if [row.domain] == chosen and part.stratum in (ALL, row.stratum)]
    if len(found) == 1 and part.district == ALL:
        return found[0]
    return Finding(part.measure, part.named, part.stratum, None, warnings=(Caution("no-case", "No case was due."),))


def cases_of_part(audit: Audit, part: Part) -> pd.DataFrame:
    """Return the rows due of a part as the audit holds them, with `done`; none where only totals are known."""
    rows = _cases(_whole(audit, part.measure))
    kept = pd.Series(True, index=rows.index, dtype=bool)
    for dimension in DIMENSIONS:
        wanted = getattr(part, dimension)
        if wanted != ALL:
            kept &= _holds(rows, MEASURES[part.measure].sheet, dimension, wanted)
    return rows[kept]


@lru_cache(maxsize=32)
def _cases(whole: _Place) -> pd.DataFrame:
    """Return all rows due of a measure, each with `done`, and the district and team of its record."""
    audit, measure = whole.audit, MEASURES[whole.measure]
    rows = audit.crimes if measure.sheet == "crimes" else audit.table(measure.sheet)
    rows = rows[measure.due(audit, rows)]
    rows = rows.assign(done=measure.done(audit, rows))
    if measure.sheet != "crimes":
        return rows
    places = audit.tables["records"].set_index("record_id")[["district", "team"]]
    return rows.join(places, on="record_id")


def _holds(rows: pd.DataFrame, sheet: str, dimension: str, wanted: str) -> pd.Series[bool]:
    column, value = _column(sheet, dimension, wanted)
    if column not in rows:
        return pd.Series(False, index=rows.index, dtype=bool)
    return (rows[column] == value).fillna(False).astype(bool)


def _column(sheet: str, dimension: str, wanted: str) -> tuple[str, object]:
    """Return the column and the value in it that a dimension's choice stands for."""
    if dimension == "flag":
        return wanted, True
    return DOMAIN_COLUMNS.get(sheet, "") if dimension == "domain" else dimension, wanted


def choices(audit: Audit, measure: str) -> dict[str, tuple[str, ...]]:
    """Return {dimension: what may be chosen of it beside all} for a measure, as far as the audit holds cases of it."""
    return dict(_choices(_whole(audit, measure)))


@lru_cache(maxsize=32)
def _choices(whole: _Place) -> dict[str, tuple[str, ...]]:
    audit, measure = whole.audit, whole.measure
    rows = [row for row in _known(whole).values() if row.estimate]
    cases = cases_of_part(audit, Part(measure))
    flags = [flag for flag in flags_used(audit) if flag in cases and cases[flag].eq(True).any()]
    domains = [row.domain for row in rows if row.domain not in (ALL, *flags)]
    if MEASURES[measure].weight:
        cases = cases.head(0)
    return {
        "stratum": tuple(
            s.stratum for s in audit.strata if s.stratum in {row.stratum for row in rows} | _values(cases, "stratum")
        ),
        "domain": tuple(
            dict.fromkeys([*domains, *sorted(_values(cases, DOMAIN_COLUMNS.get(MEASURES[measure].sheet, "")))])
        ),
        "flag": tuple(flags),
        "district": tuple(sorted(_values(cases, "district"))),
    }


def _values(cases: pd.DataFrame, column: str) -> set[str]:
    return {str(value) for value in cases[column].dropna().unique()} if column in cases else set()


def measures_held(audit: Audit) -> list[str]:
    """Return the measures of which an audit holds a case."""
    found = {key: _known(_whole(audit, key)) for key in MEASURES}
    return [key for key, rows in found.items() if any(row.estimate for row in rows.values())]


@dataclass(frozen=True)
class WeighingRecord:
    """A record that weighs much in an interval: its crimes due and missed, and its share (0-1) of the variance.

    `rate_without` is the rate had it not been drawn (0-1; nan where there would be none).
    """

    record_id: str
    reported: int
    missed: int
    variance_share: float
    rate_without: float


@dataclass(frozen=True)
class Width:
    """What makes an interval as wide as it is: up to five records that have more of its variance than any other.

    There are none where records weigh alike. `without` is the estimate had none of them been drawn; None
    where they are all that a stratum, or the part, has.
    """

    finding: Finding
    records: tuple[WeighingRecord, ...]
    without: RateEstimate | None

    @property
    def interval(self) -> Interval[float]:
        """Return the interval that is explained."""
        assert self.finding.estimate is not None
        return self.finding.estimate.interval

    @property
    def variance_share(self) -> float:
        """Return the share (0-1) of the sampling variance in these records."""
        return sum(record.variance_share for record in self.records)


def explain_width(audit: Audit, part: Part, options: Options | None = None) -> Width | None:
    """Return what makes a part's interval wide; None where its records are not known, or hold no case."""
    options = options or Options()
    finding = examine_part(audit, part, options)
    if finding.estimate is None or finding.estimate.records is None or not MEASURES[part.measure].sampled:
        return None
    cases = cases_of_part(audit, part)
    whole = part.measure == "recording_rate" and part.named == ALL
    held = audit.cases(cases, cases["done"])
    sample = options.examiner(audit).sample(held, finding.weighting, part.stratum, whole=whole)
    influence = measure_influence(**sample)
    due = _due(sample)
    top = _standing_out(influence.variance_share)
    ids = audit.tables["records"]["record_id"].to_numpy()
    records = tuple(
        WeighingRecord(
            str(ids[place]),
            int(due[place]),
            int(influence.missed[place]),
            float(influence.variance_share[place]),
            float(influence.rate_without[place]),
        )
        for place in top
    )
    return Width(finding, records, _without(sample, top, options) if top else None)


def _standing_out(shares: FloatArray) -> list[int]:
    """Return the places of up to five shares, largest first, that are larger than those of the records after them."""
    ranked = np.argsort(-shares, kind="stable")[: MOST_RECORDS + 1]
    least = shares[ranked[-1]] if ranked.size > MOST_RECORDS else 0.0
    return [int(place) for place in ranked[:MOST_RECORDS] if shares[place] > least * ALIKE]


def _due(sample: dict[str, Any]) -> Any:
    return sample["reported"] if sample["domain"] is None else sample["reported"] * sample["domain"]


def _without(sample: dict[str, Any], left_out: list[int], options: Options) -> RateEstimate | None:
    """Return the estimate without some records, unless a stratum would keep fewer than two, or no case were left."""
    kept = np.ones(len(sample["stratum"]), bool)
    kept[left_out] = False
    strata = sample["stratum"].tolist()
    left = [strata.count(name) - [strata[place] for place in left_out].count(name) for name in set(strata)]
    if not _due(sample)[kept].any() or min(left) < 2:
        return None
    how = {name: getattr(options, name) for name in ("confidence_level", "method", "degrees_of_freedom")}
    return estimate_without(**sample, records=left_out, **how)


@dataclass(frozen=True)
class MarginExpected:
    """The margin of error (a share) to expect of `more` records like those examined, beside that of as many as now.

    `records` were examined, of `records_in_frame` (None if not known); `more` is cut where the frame has fewer left.
    """

    finding: Finding
    more: int
    more_cases: float
    records: int
    records_in_frame: int | None
    now: float
    then: float


def expect_margin(audit: Audit, part: Part, more: int, options: Options | None = None) -> MarginExpected | None:
    """Return the margin to expect of so many more records, by planning's formula at the rate and design effect seen.

    None where the measure does not come from the sampled records, or no case was due.
    """
    options = options or Options()
    finding = examine_part(audit, part, options)
    strata = [s for s in audit.strata if part.stratum in (ALL, s.stratum)]
    records = sum(s.records_sampled for s in strata)
    e = finding.estimate
    if e is None or not MEASURES[part.measure].sampled or not records:
        return None
    frame = _frame(s.records_in_frame for s in strata)
    more = more if frame is None else min(more, frame - records)
    each = e.reported / records
    now, then = expected_margin(
        e.rate,
        [e.reported, e.reported + more * each],
        confidence_level=options.confidence_level,
        population=frame if frame is not None and frame * each >= 2 else None,
        design_effect=e.design_effect if math.isfinite(e.design_effect) and e.design_effect > 0 else 1.0,
        crimes_per_record=each,
        method=options.method if options.method in MARGINS else "wilson",
    )
    return MarginExpected(finding, more, more * each, records, frame, float(now), float(then))


def _frame(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)


def split_part(audit: Audit, part: Part, by: str) -> list[Part]:
    """Return a part with every choice of one of its dimensions, all first, and each of which there is a case."""
    return [replace(part, **{by: value}) for value in (ALL, *choices(audit, part.measure)[by])]
