"""The bundled audits: Kent Police in 2017 and 2018, rebuilt record by record so that they add up to published totals.

The tables below hold the crimes published, or implied by what was. In `data/examples`, rows.csv holds the sheets that
need no spreading over records, illustrative.csv what records look like where nothing was published. The spreading is by
hashes of what is spread, so every machine builds the same. `python -m cdi_stats.audit.examples` writes the workbooks.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from hashlib import blake2b
from typing import Any

import pandas as pd

from cdi_stats.audit.schema import FACTS, all_sheets
from cdi_stats.audit.template import write_workbook
from cdi_stats.resources import resource

Row = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """A published proportion: cases due, and those of them that were right (recorded, made, in time)."""

    due: int = 0
    right: int = 0

    @property
    def missed(self) -> int:
        """Return the cases due that were not right."""
        return self.due - self.right


@dataclass(frozen=True)
class Stratum:
    """What is known of a stratum.

    `crimes_in_frame` and `recorded_in_year` are implied: the first by the published margin of error, the second by the
    published yearly figure, U = R (1 - p) / p in 2017 and A = R (1 - p_old / p_new) in 2018. `in_time` counts the
    crimes timed. `large_records` maps the crimes due in a record that stands out to those missed in it (illustrative,
    as are the records sampled in 2017 and 2018).
    """

    name: str
    label: str
    period_start: date
    period_end: date
    records_sampled: int
    crimes: Share
    crimes_in_frame: int | None = None
    recorded_in_year: int | None = None
    in_time: Share = Share()
    large_records: Mapping[int, int] = field(default_factory=dict)

    @property
    def records_in_frame(self) -> int | None:
        """Return the records that hold the crimes in the frame, if they hold as many each as those sampled."""
        if self.crimes_in_frame is None:
            return None
        return round(self.crimes_in_frame * self.records_sampled / self.crimes.due)

    @property
    def record_ids(self) -> list[str]:
        """Return the numbers of the sampled records, such as V-0001."""
        return [f"{self.name[0].upper()}-{number:04d}" for number in range(1, self.records_sampled + 1)]


@dataclass(frozen=True)
class Example:
    """What is known of an audit's crimes.

    `everywhere` fills the same cells of every stratum; `flags` holds a flag's crimes by stratum (their sum published,
    the split not); `aftercare`, by flag ("" for all), how many missed crimes had safeguarding considered and how many
    were investigated (None: not published).
    """

    name: str
    strata: tuple[Stratum, ...]
    everywhere: Mapping[str, object]
    flags: Mapping[str, Mapping[str, Share]] = field(default_factory=dict)
    aftercare: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)


VIOLENCE, SEXUAL, OTHER = ("violence", "violent crime"), ("sexual", "sexual offences"), ("other", "all other crime")
HALF_2016 = (date(2016, 6, 1), date(2016, 11, 30))
SPRING_2018 = (date(2018, 4, 1), date(2018, 6, 30))
SEPTEMBER_2017 = (date(2017, 9, 9), date(2017, 9, 20))
SUMMER_2017 = (date(2017, 7, 1), date(2017, 9, 20))

KENT_2017 = Example(
    "kent-2017",
    (
        Stratum(*VIOLENCE, *HALF_2016, 520, Share(582, 461), 25_481, 40_386),
        Stratum(*SEXUAL, *HALF_2016, 290, Share(319, 288), 2_041, 3_717),
        Stratum(*OTHER, *HALF_2016, 560, Share(599, 505), 46_563, 79_768),
    ),
    {"year_end": date(2016, 11, 30), "auditable_share": 0.988},
    flags={
        "rape": {"sexual": Share(112, 102)},
        "domestic_abuse": {"violence": Share(354, 270), "sexual": Share(18, 16), "other": Share(74, 62)},
    },
    aftercare={"domestic_abuse": (88, 21), "rape": (10, 9)},
)

KENT_2018 = Example(
    "kent-2018",
    (
        Stratum(*VIOLENCE, *SPRING_2018, 270, Share(305, 292), 18_758, 71_710, Share(292, 133)),
        Stratum(*SEXUAL, *SPRING_2018, 150, Share(167, 167), 1_684, 6_792, Share(167, 142)),
        Stratum(*OTHER, *SPRING_2018, 290, Share(312, 298), 28_404, 110_793, Share(290, 177)),
    ),
    {"year_end": date(2018, 6, 30), "auditable_share": 0.995},
    flags={"domestic_abuse": {"violence": Share(130, 119), "sexual": Share(5, 5), "other": Share(30, 28)}},
    aftercare={"domestic_abuse": (13, None)},
)

KENT_BOARD_2017 = Example(
    "kent-board-2017",
    (
        Stratum(*VIOLENCE, *SEPTEMBER_2017, 228, Share(216, 199)),
        Stratum(*SEXUAL, *SUMMER_2017, 213, Share(266, 222), large_records={20: 18, 16: 14}),
        Stratum(*OTHER, *SEPTEMBER_2017, 228, Share(235, 223)),
    ),
    {"planned_margin": 0.03, "planned_confidence_level": 0.95},
    aftercare={"": (73, None)},
)

EXAMPLES = {example.name: example for example in (KENT_2017, KENT_2018, KENT_BOARD_2017)}
CRIMES_IN_RECORDS = {4: 0.01, 3: 0.03, 2: 0.09}  # illustrative: shares of records with several crimes
YES_NO = {True: "yes", False: "no"}


def build_example(name: str) -> dict[str, pd.DataFrame]:
    """Return a bundled audit's tables by sheet, with the schema's columns; blank cells hold None.

    Raises KeyError for a name that is not in EXAMPLES.
    """
    example = EXAMPLES[name]
    crimes = [crime for stratum in example.strata for crime in _crimes(example, stratum)]
    _add_aftercare(example, crimes)
    rows = {
        "audit": _facts(name),
        "strata": [_stratum(example, stratum) for stratum in example.strata],
        "records": _records(example, crimes),
        "crimes": crimes,
    }
    return {sheet: _table(sheet, rows[sheet] if sheet in rows else _rows(name, sheet)) for sheet in all_sheets()}


def main() -> None:
    """Write every bundled audit into `data/examples`."""
    for name in EXAMPLES:
        write_workbook(build_example(name), resource("data", "examples", f"{name}.xlsx"))


def _draw(*key: object) -> float:
    """Return a number in 0-1 (1 excluded) that depends on nothing but its key."""
    return float(int.from_bytes(blake2b("|".join(map(str, key)).encode(), digest_size=6).digest()) / 2**48)


def _shuffled(rows: Iterable[Row], *key: object, by: Sequence[str] = ("record_id", "crime_number")) -> list[Row]:
    """Return the rows in an order drawn from the key and the columns `by`."""
    return sorted(rows, key=lambda row: _draw(*key, *(row[column] for column in by)))


def _deal(example: Example, what: str, parts: Mapping[str, bool], *key: object) -> str:
    """Return one of the illustrative choices for the first part that holds and has any."""
    lists = (
        _choices().get((audit, what, part)) for part, holds in parts.items() if holds for audit in (example.name, "all")
    )
    choices = next(filter(None, lists))
    return choices[int(_draw(example.name, what, *key) * len(choices))]


@cache
def _choices() -> Mapping[tuple[str, str, str], list[str]]:
    """Return the illustrative choices of each audit, thing and part, repeated by their weights."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in _csv("illustrative"):
        found.setdefault((row["audit"], row["what"], row["part"]), []).extend([row["choice"]] * int(row["weight"]))
    return found


@cache
def _csv(name: str) -> list[dict[str, str]]:
    with resource("data", "examples", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _sizes(example: Example, stratum: Stratum) -> list[int]:
    """Return the crimes due in each record: most hold one, some none, a few several."""
    sizes = list(stratum.large_records)
    ordinary = stratum.records_sampled - len(sizes)
    for crimes, share in CRIMES_IN_RECORDS.items():
        sizes += [crimes] * round(share * ordinary)
    sizes += [1] * (stratum.crimes.due - sum(sizes))
    sizes += [0] * (stratum.records_sampled - len(sizes))
    order = sorted(range(len(sizes)), key=lambda place: _draw(example.name, stratum.name, "size", place))
    return [sizes[place] for place in order]


def _crimes(example: Example, stratum: Stratum) -> list[Row]:
    """Return a stratum's crimes with everything but what was done for the victims of missed ones."""
    sizes = zip(stratum.record_ids, _sizes(example, stratum), strict=True)
    crimes: list[Row] = [
        {"record_id": record_id, "crime_number": number, "size": size}
        for record_id, size in sizes
        for number in range(1, size + 1)
    ]
    ranked = sorted(crimes, key=lambda crime: _standing(example, stratum, crime))
    for place, crime in enumerate(ranked):
        crime["recorded"] = YES_NO[place >= stratum.crimes.missed]
    for flag, shares in example.flags.items():
        _add_flag(example, flag, shares.get(stratum.name, Share()), crimes)
    part_recorded = {crime["record_id"] for crime in crimes if crime["recorded"] == "yes"}
    for crime in crimes:
        _add_particulars(example, stratum, crime, part_recorded)
        crime["reported_at"] = _reported_at(example, stratum, crime)
    _add_recorded_at(example, stratum, crimes)
    return crimes


def _standing(example: Example, stratum: Stratum, crime: Row) -> float:
    """Return how well a crime stands; the lowest are missed. A record's crimes tend to share their fate.

    Beside large records misses lie singly; elsewhere the second crime of a record is missed most.
    """
    size, number = crime["size"], crime["crime_number"]
    if size in stratum.large_records:
        return -1.0 if number > size - stratum.large_records[size] else 2.0
    if stratum.large_records and number > 1:
        return 2.0
    record = _draw(example.name, "missed", crime["record_id"])
    own = _draw(example.name, "missed", crime["record_id"], number)
    return float(0.7 * record + 0.3 * own - 0.05 * (number == 2) + 0.1 * (number > 2))


def _add_flag(example: Example, flag: str, share: Share, crimes: list[Row]) -> None:
    """Flag as many recorded and missed crimes as published, record by record; a rape bears no second flag."""
    free = [crime for crime in crimes if crime.get("rape") != "yes"]
    left = {"yes": share.right, "no": share.missed}
    for crime in crimes:
        crime[flag] = "no"
    for crime in _shuffled(free, example.name, flag, by=("record_id",)):
        if left[crime["recorded"]]:
            left[crime["recorded"]] -= 1
            crime[flag] = "yes"


def _add_particulars(example: Example, stratum: Stratum, crime: Row, part_recorded: set[str]) -> None:
    """Give a crime its reason, if it was missed, and an offence that goes with it."""
    key = (crime["record_id"], crime["crime_number"])
    missed = crime["recorded"] == "no"
    parts = {
        "large record": crime["size"] in stratum.large_records,
        "part recorded": crime["record_id"] in part_recorded,
        "rape": crime.get("rape") == "yes",
        f"{stratum.name} domestic_abuse": crime.get("domestic_abuse") == "yes",
        f"{stratum.name} missed": missed,
        stratum.name: True,
    }
    crime["reason"] = _deal(example, "reason", parts, *key) if missed else None
    crime["offence"] = _deal(example, "offence", {str(crime["reason"]): True} | parts, *key)


def _opened_at(example: Example, stratum: Stratum, record_id: str) -> datetime:
    """Return when a record was opened: records lie evenly over the period, in the order of their numbers."""
    start, end = (datetime.combine(day, datetime.min.time()) for day in (stratum.period_start, stratum.period_end))
    place = stratum.record_ids.index(record_id) + _draw(example.name, "opened", record_id)
    minutes = (end - start) / timedelta(minutes=1) + 22 * 60
    return start + timedelta(minutes=int(minutes * place / stratum.records_sampled))


def _reported_at(example: Example, stratum: Stratum, crime: Row) -> datetime:
    """Return when a crime was reported: one after another, minutes apart, from the record's opening on."""
    number = crime["crime_number"]
    minutes = 4 * (number - 1) + int(4 * _draw(example.name, "reported", crime["record_id"], number))
    return _opened_at(example, stratum, crime["record_id"]) + timedelta(minutes=minutes)


def _add_recorded_at(example: Example, stratum: Stratum, crimes: list[Row]) -> None:
    """Say when crimes were recorded, the published number in time; crimes beyond those timed stay blank."""
    recorded = _shuffled((crime for crime in crimes if crime["recorded"] == "yes"), example.name, "timed")
    for place, crime in enumerate(recorded[: stratum.in_time.due]):
        skewed = _draw(example.name, "delay", crime["record_id"], crime["crime_number"]) ** 2
        minutes = 5 + int(1435 * skewed) if place < stratum.in_time.right else 1441 + int(7 * 1440 * skewed)
        crime["recorded_at"] = crime["reported_at"] + timedelta(minutes=minutes)


def _add_aftercare(example: Example, crimes: list[Row]) -> None:
    """Say for missed crimes of the published kinds whether safeguarding was considered and an investigation made."""
    for flag, (considered, investigated) in example.aftercare.items():
        missed = [crime for crime in crimes if crime["recorded"] == "no" and crime.get(flag, "yes") == "yes"]
        for place, crime in enumerate(_shuffled(missed, example.name, "aftercare")):
            crime["safeguarding"] = YES_NO[place < considered]
            crime["investigated"] = None if investigated is None else YES_NO[place < investigated]


def _stratum(example: Example, stratum: Stratum) -> Row:
    extra = {"stratum": stratum.name, "records_in_frame": stratum.records_in_frame}
    return {**vars(stratum), **example.everywhere, **extra}


def _records(example: Example, crimes: list[Row]) -> list[Row]:
    held: dict[str, list[Row]] = {}
    for crime in crimes:
        held.setdefault(crime["record_id"], []).append(crime)
    return [_record(example, s, record, held.get(record, [])) for s in example.strata for record in s.record_ids]


def _record(example: Example, stratum: Stratum, record_id: str, crimes: list[Row]) -> Row:
    """Return a sampled record; its route and opening code follow from its crimes where these say so."""
    routes = {"third party": any(crime["reason"] == "third party" for crime in crimes), "records": True}
    codes = {
        "domestic_abuse": any(crime.get("domestic_abuse") == "yes" for crime in crimes),
        f"{stratum.name} missed": any(crime["recorded"] == "no" for crime in crimes),
        stratum.name: True,
    }
    return {
        "record_id": record_id,
        "stratum": stratum.name,
        "route": _deal(example, "route", routes, record_id),
        "opening_code": _deal(example, "opening_code", codes, record_id),
        "opened_at": _opened_at(example, stratum, record_id),
    }


def _columns(sheet: str) -> tuple[str, ...]:
    return ("key", "value") if sheet == FACTS.name else all_sheets()[sheet].names


def _table(sheet: str, rows: Iterable[Row]) -> pd.DataFrame:
    columns = _columns(sheet)
    return pd.DataFrame([[row.get(column) for column in columns] for row in rows], columns=list(columns), dtype=object)


def _rows(name: str, sheet: str) -> list[Row]:
    """Return a sheet that needs no spreading: its cells in the order of its columns, #### for a running number."""
    kinds = {column.name: column.kind for column in all_sheets()[sheet].columns}
    lines = enumerate(_lines(name, sheet), start=1)
    return [
        {column: _typed(kind, cell, number) for (column, kind), cell in zip(kinds.items(), cells, strict=False)}
        for number, cells in lines
    ]


def _lines(name: str, sheet: str) -> Iterator[list[str]]:
    """Yield the cells of a sheet's rows, a row as often as it is counted."""
    for audit, place, times, *cells in (row.values() for row in _csv("rows")):
        if audit in ("all", name) and place == sheet:
            yield from [cells] * int(times)


def _facts(name: str) -> list[Row]:
    """Return the facts as keys and values, the note first so that whoever opens the file sees it."""
    given = {key: value for key, value, *_ in _lines(name, FACTS.name)}
    facts = sorted(FACTS.columns, key=lambda column: column.name != "note")
    return [{"key": fact.name, "value": _typed(fact.kind, given.get(fact.name, ""))} for fact in facts]


TYPES: dict[str, Callable[[str], object]] = {"date": date.fromisoformat, "whole": int}


def _typed(kind: str, cell: str, number: int = 0) -> object:
    return TYPES.get(kind, str)(cell.replace("####", f"{number:04d}")) if cell else None


if __name__ == "__main__":
    main()
