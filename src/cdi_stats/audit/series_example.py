"""The bundled series: monthly audits of Example Police. Force, records and every figure in it are made up.

It holds what a series has to be read for: a month that fell out of the ordinary, a month without an audit, a stratum
left out of one audit, a change of the counting rules, a weak district, and further crimes of a record missed more than
the first. All is drawn by hashes of what is drawn, so every machine builds the same.
`python -m cdi_stats.audit.series_example` writes the workbooks.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

import pandas as pd

from cdi_stats.audit.schema import SHEETS
from cdi_stats.audit.template import write_workbook
from cdi_stats.resources import resource

Row = dict[str, Any]
NAME = "example-police"
NOTE = (
    "Made up. Example Police does not exist; records, districts, teams and every figure are drawn by chance to show "
    "what this report can tell."
)


@dataclass(frozen=True)
class Stratum:
    """A stratum: records in a month's frame, records sampled, the chance that a crime is recorded, its offences."""

    name: str
    label: str
    frame: int
    sampled: int
    rate: float
    offences: tuple[str, ...]


STRATA = (
    Stratum(
        "violence", "violent crime", 1850, 70, 0.91,
        ("violence without injury", "stalking and harassment", "violence with injury", "stalking and harassment"),
    ),
    Stratum("sexual", "sexual offences", 210, 30, 0.95, ("other sexual offences", "rape")),
    Stratum(
        "other", "all other crime", 3300, 70, 0.95,
        ("other theft", "criminal damage", "burglary", "public order", "vehicle offences"),
    ),
)  # fmt: skip
MONTHS = [(2022 + month // 12, month % 12 + 1) for month in range(9, 32)]
NOT_AUDITED = (2023, 12)
WITHOUT_SEXUAL = (2023, 6)
SPECIAL = (2023, 9)
SPECIAL_FALL = 0.28
NEW_RULES = (2024, 3)
NEW_RULES_RISE = 0.02
RULES = ("Example counting rules, edition 1", "Example counting rules, edition 2")
DISTRICTS = {
    "Castle": 0.01, "Coast": 0.0, "Forest": 0.01, "Harbour": 0.0, "Market": -0.01, "Moor": 0.0, "Park": -0.02,
    "Quarry": 0.01, "River": 0.0, "Valley": -0.13,
}  # fmt: skip
TEAMS = ("A", "B")
# chances that a record holds no crime, one, two and so on: under the second rules fewer crimes share a record
SIZES = ((0.12, 0.70, 0.13, 0.04, 0.01), (0.12, 0.78, 0.08, 0.015, 0.005))
FURTHER_CRIME, FURTHER_HARASSMENT = 2.0, 4.0
SHARED_FATE = 0.5


def build_series() -> dict[str, dict[str, pd.DataFrame]]:
    """Return the tables of every audit of the series by the month's name, such as 2023-09."""
    return {f"{year}-{month:02d}": _audit(year, month) for year, month in MONTHS if (year, month) != NOT_AUDITED}


def main() -> None:
    """Write the series into `data/series`."""
    folder = resource("data", "series", NAME)
    folder.mkdir(parents=True, exist_ok=True)
    for name, tables in build_series().items():
        write_workbook(tables, folder / f"{name}.xlsx")


def _draw(*key: object) -> float:
    """Return a number in 0-1 (1 excluded) that depends on nothing but its key."""
    return float(int.from_bytes(blake2b("|".join(map(str, key)).encode(), digest_size=6).digest()) / 2**48)


def _pick(choices: tuple[str, ...], *key: object) -> str:
    return choices[int(_draw(*key) * len(choices))]


def _audit(year: int, month: int) -> dict[str, pd.DataFrame]:
    strata = [s for s in STRATA if (year, month) != WITHOUT_SEXUAL or s.name != "sexual"]
    records = [record for stratum in strata for record in _records(stratum, year, month)]
    return {
        "audit": pd.DataFrame(list(_facts(year, month).items()), columns=["key", "value"]),
        "strata": _table("strata", [_stratum(stratum, year, month) for stratum in strata]),
        "records": _table("records", records),
        "crimes": _table("crimes", [crime for record in records for crime in _crimes(record, (year, month))]),
    }


def _table(sheet: str, rows: list[Row]) -> pd.DataFrame:
    columns = [name for name in SHEETS[sheet].names if name in rows[0]]
    return pd.DataFrame([[row[name] for name in columns] for row in rows], columns=columns, dtype=object)


def _facts(year: int, month: int) -> Row:
    return {
        "note": NOTE,
        "force": "Example Police",
        "disclosure": "public",
        "title": f"Example Police, monthly audit of {date(year, month, 1):%B %Y}",
        "audit_type": "internal audit",
        "prepared_by": "Force crime registrar",
        "publication_date": date(year + month // 12, month % 12 + 1, 15),
        "counting_rules": RULES[(year, month) >= NEW_RULES],
        "selection": "Records of the month drawn at random within each stratum.",
        "independence": "Audited by the registrar's office, which does not record crime.",
        "overall": "weighted",
    }


def _stratum(stratum: Stratum, year: int, month: int) -> Row:
    moved = 0.9 + 0.2 * _draw("frame", stratum.name, year, month)
    return {
        "stratum": stratum.name,
        "label": stratum.label,
        "period_start": date(year, month, 1),
        "period_end": date(year, month, monthrange(year, month)[1]),
        "records_in_frame": round(stratum.frame * moved),
        "records_sampled": stratum.sampled,
    }


def _records(stratum: Stratum, year: int, month: int) -> Iterator[Row]:
    minutes = monthrange(year, month)[1] * 24 * 60
    for number in range(1, stratum.sampled + 1):
        record = f"{stratum.name[0].upper()}-{year % 100}{month:02d}-{number:03d}"
        district = _pick(tuple(DISTRICTS), "district", record)
        place = (number - 1 + _draw("opened", record)) / stratum.sampled
        yield {
            "record_id": record,
            "stratum": stratum.name,
            "opened_at": datetime(year, month, 1) + timedelta(minutes=int(minutes * place)),
            "district": district,
            "team": f"{district} {_pick(TEAMS, 'team', record)}",
        }


def _crimes(record: Row, month: tuple[int, int]) -> Iterator[Row]:
    name = record["record_id"]
    stratum = next(s for s in STRATA if s.name == record["stratum"])
    for number in range(1, _size(name, month) + 1):
        offence = _pick(stratum.offences, "offence", name, number)
        alike = _draw("alike", name, number) < SHARED_FATE
        missed = _draw("missed", name, *(() if alike else (number,))) < _chance(stratum, record, offence, number, month)
        yield {
            "record_id": name,
            "crime_number": number,
            "offence": offence,
            "recorded": "no" if missed else "yes",
            "reason": _reason(name, number) if missed else None,
        }


def _size(record: str, month: tuple[int, int]) -> int:
    """Return how many crimes a record holds."""
    left = _draw("size", record)
    for size, share in enumerate(SIZES[month >= NEW_RULES]):
        if left < share:
            return size
        left -= share
    return 1


def _chance(stratum: Stratum, record: Row, offence: str, number: int, month: tuple[int, int]) -> float:
    """Return the chance that a crime is missed."""
    rate = stratum.rate + DISTRICTS[record["district"]] + NEW_RULES_RISE * (month >= NEW_RULES)
    missed = 1 - rate
    if number > 1:
        missed *= FURTHER_HARASSMENT if offence == "stalking and harassment" else FURTHER_CRIME
    return missed + SPECIAL_FALL * (month == SPECIAL)


def _reason(record: str, number: int) -> str:
    if number > 1:
        return "one of several"
    return _pick(("call detail", "wrong code", "not sent", "harassment", "victim unwilling"), "reason", record)


if __name__ == "__main__":
    main()
