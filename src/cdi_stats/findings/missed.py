"""What the missed crimes of a stratum have in common: reason, offence, opening code."""

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
