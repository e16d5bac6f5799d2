"""What the rows of an audit's other sheets already count: the cases due and done that a count must not repeat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from cdi_stats.audit.schema import FLAGS

ALL = "all"
AFTERCARE = ("safeguarding", "investigated")
Counted = tuple[str, str, str]
Cases = tuple[int, int | None]


def counted_in_detail(tables: dict[str, pd.DataFrame]) -> dict[Counted, Cases]:
    """Return {(measure, domain, stratum): (cases due, cases done)} of every rate that rows of a sheet give.

    Domain and stratum are "all" where the rate is of the whole; done is None where it takes the audit's facts to tell.
    """
    return {key: cases for found in (_of_crimes(tables), _of_reviews(tables)) for key, cases in found if cases[0]}


def _of_crimes(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[Counted, Cases]]:
    crimes = tables["crimes"]
    codes, strata = pd.factorize(crime_strata(crimes, tables["records"]))
    recorded, missed = _answers(crimes["recorded"], False), ~_answers(crimes["recorded"], True)
    reported_and_recorded = crimes["recorded_at"].notna() & crimes["reported_at"].notna()
    timed = recorded & (reported_and_recorded | crimes["in_time"].notna()).to_numpy()
    for code, name in ((None, ALL), *enumerate(strata)):
        part = np.ones(len(crimes), bool) if code is None else codes == code
        yield ("recording_rate", ALL, str(name)), (int(part.sum()), int((part & recorded).sum()))
        yield ("timeliness", ALL, str(name)), (int((part & timed).sum()), None)
    answered = {name: missed & crimes[name].notna().to_numpy() for name in AFTERCARE}
    done = {name: _answers(crimes[name], False) for name in AFTERCARE}
    for flag in (ALL, *FLAGS):
        part = _answers(crimes[flag], False) if flag != ALL else np.ones(len(crimes), bool)
        for measure in AFTERCARE:
            known = answered[measure] & part
            yield (measure, flag, ALL), (int(known.sum()), int((known & done[measure]).sum()))


def crime_strata(crimes: pd.DataFrame, records: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return the stratum of each crime's record, None where it is not among the records; of two alike the first's."""
    listed = zip(*(records[name].to_numpy()[::-1] for name in ("record_id", "stratum")), strict=True)
    stratum_of = {name: stratum for name, stratum in listed if isinstance(name, str)}
    return np.array([stratum_of.get(name) for name in crimes["record_id"].to_numpy()], object)


def _answers(column: pd.Series[bool], blank: bool) -> npt.NDArray[np.bool_]:
    """Return yes and no as an array, which counts a hundred times faster; a blank counts as that."""
    return column.to_numpy(bool, na_value=blank)


def _of_reviews(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[Counted, Cases]]:
    n100, vulnerable, cancelled = (tables[name] for name in ("n100", "vulnerable", "cancellations"))
    needed, examined = ((n100["test"] == name).to_numpy() for name in ("needed", "examined"))
    made, correct = _answers(n100["made"], False), (n100["outcome"] == "correct").to_numpy()
    yield ("n100_made", ALL, ALL), (int(needed.sum()), int((needed & made).sum()))
    yield ("n100_correct", ALL, ALL), (int(examined.sum()), int((examined & correct).sum()))
    due, done = (int(vulnerable[name].fillna(0).sum()) for name in ("reported", "recorded"))
    yield ("vulnerable_victims", ALL, ALL), (due, done)
    told = cancelled["victim_informed"]
    yield ("victims_informed", ALL, ALL), (int(told.notna().sum()), int(_answers(told, False).sum()))
    right, kinds = _answers(cancelled["correct"], False), cancelled["crime_type"]
    for kind in (ALL, *kinds.dropna().unique()):
        part = np.ones(len(cancelled), bool) if kind == ALL else (kinds == kind).to_numpy()
        yield ("cancelled_correctly", str(kind), ALL), (int(part.sum()), int((part & right).sum()))
