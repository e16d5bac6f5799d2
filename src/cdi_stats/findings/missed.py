"""What the missed crimes of a stratum share, and the offences of further crimes missed in records with several."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.findings.causes import NOT_GIVEN
from cdi_stats.resources import code_list

FEWEST_TO_NAME = 5
LISTED = {"reason": "reasons", "offence": "offences"}


@dataclass(frozen=True)
class Common:
    """A value that most of a stratum's missed crimes share: `crimes` of the `missed` bear it."""

    stratum: str
    column: str
    value: str
    label: str
    crimes: int
    missed: int

    @property
    def every(self) -> bool:
        """Return whether every missed crime bears it."""
        return self.crimes == self.missed


@dataclass(frozen=True)
class Further:
    """An offence among crimes missed in records with several due: its misses, and the records that hold them."""

    offence: str
    label: str
    missed: int
    records: int


def examine_common(audit: Audit, stratum: str) -> dict[str, Common]:
    """Return {column: the value that most missed crimes of a stratum share} for reason, offence and opening_code.

    A column is left out where no value is shared by two, two are shared by as many, or (but for reasons) by less than
    half. A value that is on no code list is named only where five crimes bear it, since it may be anything.
    """
    crimes = audit.crimes[audit.crimes["stratum"] == stratum]
    missed = crimes[~crimes["recorded"].astype(bool)]
    found = {}
    for column in ("reason", "offence", "opening_code"):
        named = _most(missed[column], crimes[column], column)
        if named:
            found[column] = Common(stratum, column, *named, len(missed))
    return found


def examine_further(audit: Audit) -> list[Further]:
    """Return the offences of crimes missed in records with two crimes due or more, most misses first."""
    crimes = audit.crimes
    several = crimes.groupby("record_id")["recorded"].transform("size") > 1
    missed = crimes[several & ~crimes["recorded"].astype(bool)].dropna(subset=["offence"])
    offences = missed["offence"].str.lower()
    labels = code_list("offences")
    counts = offences.value_counts(sort=False)
    named = [str(name) for name in counts.index if name in labels]
    found = [
        Further(name, labels[name], int(counts[name]), int(missed.loc[offences == name, "record_id"].nunique()))
        for name in named
    ]
    return sorted(found, key=lambda further: (-further.missed, further.label))


def _most(missed: pd.Series[str], all_crimes: pd.Series[str], column: str) -> tuple[str, str, int] | None:
    """Return the value that most missed crimes share, its label and how many share it."""
    labels: Mapping[str, str] = code_list(LISTED[column]) if column in LISTED else {}
    values, everywhere = (values.dropna().str.lower() for values in (missed, all_crimes))
    ranked = values[values != NOT_GIVEN].value_counts()
    if ranked.empty or ranked.iloc[0] < 2 or (len(ranked) > 1 and ranked.iloc[0] == ranked.iloc[1]):
        return None
    value, crimes = str(ranked.index[0]), int(ranked.iloc[0])
    if column != "reason" and 2 * crimes <= len(missed):
        return None
    if value not in labels and int((everywhere == value).sum()) < FEWEST_TO_NAME:
        return None
    return value, labels.get(value, value), crimes
