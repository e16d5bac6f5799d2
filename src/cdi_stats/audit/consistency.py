"""Rows of an audit's sheets that must agree: records, crimes, reviews and the draw.

Each reconciliation says what it compares, for the reader of a report too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

import pandas as pd

from cdi_stats.audit.problems import Problem
from cdi_stats.audit.spelling import alike_names, folded, met, strangers

Tables = dict[str, pd.DataFrame]
Facts = dict[str, Any]
MOST_ALIKE, MOST_HINTS = 20, 200
AFTERCARE = ("safeguarding", "investigated", "victim_informed")


@dataclass(frozen=True)
class Reconciliation:
    """A check across sheets: `compares` says what, `sheets` where; `check` yields the problems of facts and tables."""

    compares: str
    sheets: tuple[str, ...]
    check: Callable[[Facts, Tables], Iterator[Problem]]


def yes(mask: Any) -> Any:
    """Return a mask with unknown as not."""
    return mask.fillna(False).astype(bool)


class Nearest:
    """Finds the allowed word that a value is most like, for as many different values as a reader would go through."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = {word.lower(): word for word in allowed}
        self._found: dict[str, str] = {}

    def __call__(self, value: str) -> str:
        """Return the word, or nothing."""
        if value not in self._found and len(self._found) < MOST_HINTS:
            near = get_close_matches(value.lower(), self._allowed, n=1)
            self._found[value] = self._allowed[near[0]] if near else ""
        return self._found.get(value, "")


def rows(table: pd.DataFrame, mask: Any) -> Iterator[tuple[int, Any]]:
    """Yield the number and values of each row for which the mask holds."""
    held = yes(mask)
    if held.any():
        for row in table[held].itertuples():
            yield int(str(row.Index)), row


def alike(problems: Sequence[Problem], many: str) -> Iterator[Problem]:
    """Yield like problems one by one, or as one where they are more than a reader would go through."""
    if len(problems) <= MOST_ALIKE:
        yield from problems
    else:
        first = problems[0]
        yield Problem(
            *(first.sheet, f"{len(problems):,} {many}, the first in row {first.row}", first.expected, first.mend),
            *(first.row, first.column),
            rule=first.rule,
        )


def _known_strata(_: Facts, tables: Tables) -> Iterator[Problem]:
    known = set(tables["strata"]["stratum"].dropna())
    if not known:
        return
    expected = f"a stratum of the strata sheet: {', '.join(sorted(known))[:300]}"
    nearest = Nearest(sorted(known))
    for sheet in ("records", "counts", "selection", "draw"):
        values = tables[sheet]["stratum"]
        for number, value in strangers(values, known).items():
            near = nearest(value)
            mend = f"correct the name: perhaps {near}" if near else "correct the name, or add the stratum"
            yield Problem(
                *(sheet, repr(value)[:120], expected, mend, int(str(number)), "stratum"),
                rule="unknown-stratum",
                quotes=True,
            )


def _alike(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the strata and records whose names another has but for case, blanks or dashes."""
    for sheet, column, rule in (("strata", "stratum", "alike-strata"), ("records", "record_id", "alike-records")):
        found = [
            Problem(
                *(sheet, repr(tables[sheet][column][number])[:120], f"a name unlike {other!r} above"[:200]),
                *("correct one of the two, or delete the row if both are the same", number, column),
                rule=rule,
                quotes=True,
            )
            for number, other in alike_names(tables[sheet][column]).items()
        ]
        yield from alike(found, "names like those of other rows")


def _known_records(_: Facts, tables: Tables) -> Iterator[Problem]:
    records = tables["records"]
    known, left_out = records["record_id"].dropna(), records["record_id"][records["exclusion"].notna()]
    for sheet in ("crimes", "second_review"):
        values = tables[sheet]["record_id"]
        if known.empty and values.notna().any():
            found, expected = f"{len(values):,} rows, but no record", "the records that they belong to"
            mend = "fill in the records sheet"
            yield Problem(sheet, found, expected, mend, column="record_id", rule="unknown-record")
            continue
        unknown = strangers(values, known)
        short = {record.lstrip("0"): record for record in known} if len(unknown) else {}
        for number, value in unknown.items():
            meant = short.get(value.lstrip("0"))
            mend = f"correct it: perhaps {meant}, noughts kept" if meant else "correct the number, or add the record"
            yield Problem(
                *(sheet, repr(value)[:120], "a record of the records sheet", mend, int(str(number)), "record_id"),
                rule="unknown-record",
                quotes=True,
            )
        for number, value in met(values, left_out.dropna()).items():
            yield Problem(
                *(sheet, repr(value)[:120], "a record that is in the audit: this one has an exclusion"),
                *("delete the row, or the record's exclusion", int(str(number)), "record_id"),
                rule="crime-of-excluded",
                quotes=True,
            )


def _times(facts: Facts, tables: Tables) -> Iterator[Problem]:
    crimes = tables["crimes"]
    delay = crimes["recorded_at"] - crimes["reported_at"]
    for number, row in rows(crimes, delay < timedelta(0)):
        yield Problem(
            *("crimes", f"{row.recorded_at:%d/%m/%Y %H:%M}, reported {row.reported_at:%d/%m/%Y %H:%M}"),
            *("a time from that of the report on", "correct one of the two times"),
            row=number,
            column="recorded_at",
            rule="recorded-before-reported",
            quotes=True,
        )
    for number, _row in rows(crimes, crimes["recorded_at"].notna() & ~crimes["recorded"].fillna(True).astype(bool)):
        yield Problem(
            *("crimes", "a time for a crime marked not recorded", "a blank cell"),
            *("correct recorded, or clear the time", number, "recorded_at"),
            rule="time-of-missed",
        )
    for number, _row in rows(crimes, yes(crimes["in_time"]) & ~crimes["recorded"].fillna(True).astype(bool)):
        yield Problem(
            *("crimes", "in time, for a crime marked not recorded", "no, or a blank cell"),
            *("correct recorded, or clear the answer", number, "in_time"),
            rule="in-time-of-missed",
        )
    hours = facts.get("timeliness_hours", 24)
    within = (delay <= timedelta(hours=min(max(hours, 0), 100_000))).astype("boolean")
    for number, row in rows(crimes, delay.notna() & crimes["in_time"].notna() & (within != crimes["in_time"])):
        answer, other = ("yes", "no") if row.in_time else ("no", "yes")
        yield Problem(
            *("crimes", answer, f"{other}, as the two times and {hours} hours say"),
            *("correct the answer or the times", number, "in_time"),
            rule="in-time-disagrees",
        )


def _times_of_day(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the columns of times most of which are midnight: days without a clock, from which no delay can be told."""
    crimes = tables["crimes"]
    for name in ("reported_at", "recorded_at"):
        times = crimes[name].dropna()
        at_midnight = times[times == times.dt.normalize()]
        if len(at_midnight) > max(2, len(times) / 2):
            yield Problem(
                *("crimes", f"{len(at_midnight):,} of {len(times):,} times at midnight", "the time of day too"),
                *("give the times, or leave the column blank and answer in_time instead", None, name),
                rule="times-at-midnight",
            )


def _opened_within_period(_: Facts, tables: Tables) -> Iterator[Problem]:
    periods = tables["strata"].drop_duplicates("stratum").set_index("stratum")[["period_start", "period_end"]]
    records = tables["records"].dropna(subset=["opened_at"]).join(periods, on="stratum")
    day = records["opened_at"].dt.normalize()
    found = [
        Problem(
            *("records", f"{row.opened_at:%d/%m/%Y}", f"a day of the audit period of {row.stratum}"),
            *("correct the date, or take the record out", number, "opened_at"),
            rule="outside-period",
            quotes=True,
        )
        for number, row in rows(records, (day < records["period_start"]) | (day > records["period_end"]))
    ]
    yield from alike(found, "records opened outside the period")


def _reported_when_opened(_: Facts, tables: Tables) -> Iterator[Problem]:
    """Yield the crimes reported more than a day before their record was opened."""
    crimes, records = tables["crimes"], tables["records"].dropna(subset=["record_id"]).drop_duplicates("record_id")
    if crimes["reported_at"].isna().all() or records.empty:
        return
    opened = crimes["record_id"].map(records.set_index("record_id")["opened_at"])
    found = [
        Problem(
            *("crimes", f"{row.reported_at:%d/%m/%Y %H:%M}, its record opened {opened[number]:%d/%m/%Y %H:%M}"),
            *("a report not more than a day before its record", "correct one of the two"),
            row=number,
            column="reported_at",
            rule="reported-before-opened",
            quotes=True,
        )
        for number, row in rows(crimes, opened - crimes["reported_at"] > timedelta(days=1))
    ]
    yield from alike(found, "crimes reported more than a day before their record was opened")


def _two_auditors(_: Facts, tables: Tables) -> Iterator[Problem]:
    records = tables["records"]
    both = records[records["auditor"].notna() & records["second_auditor"].notna()]
    first, second = (both[name].map(folded) for name in ("auditor", "second_auditor"))
    found = [
        Problem(
            *("records", "the first auditor's name", "another auditor, or a blank cell"),
            *("correct one of the two", number, "second_auditor"),
            rule="same-auditor",
        )
        for number, _row in rows(both, first == second)
    ]
    yield from alike(found, "records whose second auditor is the first")


def _n100_answered(_: Facts, tables: Tables) -> Iterator[Problem]:
    table = tables["n100"]
    for test, column in (("needed", "made"), ("examined", "outcome")):
        for number, _row in rows(table, (table["test"] == test) & table[column].isna()):
            expected, mend = f"an answer, since the N100 was {test}", "fill it in, or take the row out"
            yield Problem("n100", "a blank cell", expected, mend, number, column, rule="n100-unanswered")


def _crimes_numbered(_: Facts, tables: Tables) -> Iterator[Problem]:
    crimes = tables["crimes"].dropna(subset=["record_id"])
    held = crimes.groupby("record_id")["record_id"].transform("size")
    found = [
        Problem(
            *("crimes", f"crime {row.crime_number}", f"numbers from 1 to {held[number]} within the record"),
            *("renumber the record's crimes, or add the one left out", number, "crime_number"),
            rule="crime-numbers",
        )
        for number, row in rows(crimes, (crimes["crime_number"] > held) | (crimes["crime_number"] == 0))
    ]
    yield from alike(found, "crimes numbered beyond those of their record")


def _reasons(_: Facts, tables: Tables) -> Iterator[Problem]:
    crimes = tables["crimes"]
    recorded = crimes["recorded"].astype("boolean")
    for name in ("reason", *AFTERCARE):
        rule = "reason-of-recorded" if name == "reason" else "aftercare-of-recorded"
        found = [
            Problem(
                *("crimes", f"an entry for a recorded crime, under {name}", "a blank cell: it is for missed crimes"),
                *("correct recorded, or clear the cell", number, name),
                rule=rule,
            )
            for number, _row in rows(crimes, recorded & crimes[name].notna())
        ]
        yield from alike(found, f"recorded crimes with an entry under {name}")
    if crimes["reason"].notna().any():
        found = [
            Problem(
                *("crimes", "a missed crime without a reason", "why it was not recorded"),
                *("fill it in, if only as: none given", number, "reason"),
                rule="reason-missing",
            )
            for number, _row in rows(crimes, ~recorded & crimes["reason"].isna())
        ]
        yield from alike(found, "missed crimes without a reason")


def _second_review(_: Facts, tables: Tables) -> Iterator[Problem]:
    crimes, review = tables["crimes"], tables["second_review"]
    if review.empty:
        return
    keys = ["record_id", "crime_number"]
    first = crimes.dropna(subset=keys).drop_duplicates(keys).set_index(keys)["recorded"]
    records = set(crimes["record_id"].dropna())
    for number, row in review.dropna(subset=keys).iterrows():
        key, place = (row["record_id"], row["crime_number"]), int(str(number))
        if key not in first.index:
            if row["record_id"] in records:
                yield Problem(
                    *("second_review", f"{key[0]}, {key[1]}", "a crime of the crimes sheet"),
                    *("correct the number, or add the crime", place, "crime_number"),
                    rule="unknown-crime",
                    quotes=True,
                )
        elif pd.notna(row["first"]) and pd.notna(first[key]) and row["first"] != first[key]:
            yield Problem(
                *("second_review", "yes" if row["first"] else "no", "the answer that the crimes sheet has"),
                *("correct one of the two", place, "first"),
                rule="second-review-disagrees",
            )


def _drawn(_: Facts, tables: Tables) -> Iterator[Problem]:
    selection, records = tables["selection"], tables["records"]
    if selection.empty or records.empty:
        return
    sample = selection[yes(selection["role"] == "sample")]
    for sheet, rows, known, rule, found in (
        ("selection", sample, records["record_id"], "drawn-not-examined", "drawn, but not among the records"),
        ("records", records, sample["record_id"], "examined-not-drawn", "examined, but not drawn for the sample"),
    ):
        values = rows["record_id"]
        problems = [
            Problem(
                *(sheet, f"{value} {found}", "the same records in both sheets"),
                *("examine it, or set it aside with a reason", int(str(number)), "record_id"),
                rule=rule,
                quotes=True,
            )
            for number, value in strangers(values, known.dropna()).items()
        ]
        yield from alike(problems, f"records {found}")


def _frames_agree(_: Facts, tables: Tables) -> Iterator[Problem]:
    draw, strata = tables["draw"], tables["strata"]
    stated = draw["stratum"].map(strata.drop_duplicates("stratum").set_index("stratum")["records_in_frame"])
    for number, row in rows(draw, stated.notna() & (draw["records_in_frame"] != stated)):
        yield Problem(
            *("draw", str(row.records_in_frame), f"{stated[number]}, as the strata sheet has for {row.stratum}"),
            *("correct the strata sheet, or leave it if the frame was counted again", number, "records_in_frame"),
            rule="frame-disagrees",
        )


ROWS_AGREE: tuple[Reconciliation, ...] = (
    Reconciliation("Every stratum named is in the strata sheet", ("strata", "records", "counts"), _known_strata),
    Reconciliation("No two strata or records have names alike", ("strata", "records"), _alike),
    Reconciliation("Every crime belongs to a record in the audit", ("records", "crimes"), _known_records),
    Reconciliation("Crimes are recorded after they are reported", ("crimes",), _times),
    Reconciliation("Times of reports and recording have a time of day", ("crimes",), _times_of_day),
    Reconciliation("Records were opened within the audit period", ("records", "strata"), _opened_within_period),
    Reconciliation("Crimes are reported when their record is opened", ("crimes", "records"), _reported_when_opened),
    Reconciliation("The second auditor is another than the first", ("records",), _two_auditors),
    Reconciliation("Each N100 has the answer to its test", ("n100",), _n100_answered),
    Reconciliation("Crimes are numbered from 1 within their record", ("crimes",), _crimes_numbered),
    Reconciliation("Reasons and aftercare stand beside missed crimes only", ("crimes",), _reasons),
    Reconciliation("Second reviews are of crimes in the audit", ("second_review", "crimes"), _second_review),
    Reconciliation("The records examined are those drawn", ("selection", "records"), _drawn),
    Reconciliation("The frame drawn from is the frame stated", ("draw", "strata"), _frames_agree),
)
