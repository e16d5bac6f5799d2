"""Numbers as they are printed, read back with the number format that a spreadsheet shows them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from cdi_stats.report.numbers import rounded

_PRINTED = re.compile(r"([+−-]?)(\d{1,3}(?:,\d{3})+|0|[1-9]\d*)(?:\.(\d+))?(%?)")
UNROUNDED = "General"


@dataclass(frozen=True)
class Number:
    """A number in a spreadsheet and the format that it is shown by, as Excel writes formats."""

    value: float
    format: str = UNROUNDED


def printed_number(text: str) -> Number | None:
    """Return the number that a text is, 0.836 for 83.6%, in a format that shows it as the text does; None for words."""
    found = _PRINTED.fullmatch(text)
    if not found:
        return None
    sign, whole, decimals, percent = found.groups()
    number = Decimal(whole.replace(",", "") + (f".{decimals}" if decimals else ""))
    if percent:
        number = number.scaleb(-2)
    shown = "#,##0" if "," in whole or len(whole) <= 3 else "0"
    shown += ("." + "0" * len(decimals) if decimals else "") + percent
    if sign == "+":
        shown = f"+{shown};-{shown};{shown}"
    return Number(float(-number if sign in ("−", "-") else number), shown)


def shows(number: Number, value: float) -> bool:
    """Return whether a value, in the format of a printed number, reads as that number does."""
    places = decimals_of(number.format) + (2 if "%" in number.format else 0)
    return rounded(value, places) == rounded(number.value, places)


def decimals_of(form: str) -> int:
    """Return how many decimals a number format shows."""
    return len(re.sub(r"[^0]", "", form.split(";")[0].partition(".")[2]))


def spelt(value: float) -> str:
    """Return a value with the digits that figures.json gives it, twelve at most: 1254 for 1254.0."""
    return f"{value:.12g}"
