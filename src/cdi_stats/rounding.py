"""How a number reads: one set of rules for every sentence, table and chart, and for every result that is printed.

Rates are 0-1 in code and percentages here. Halves round up; a rate below 1 is never shown as 100%, nor one above 0 as
0%. Crimes not recorded in a year are rounded down, as in the inspectorate's "over 24,300"; additional ones to the ten.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

NOT_APPLICABLE = "n/a"


def rounded(value: float, decimals: int) -> Decimal:
    """Return a number rounded to some decimals, halves away from zero.

    A half is a half to twelve digits: beyond them, sums differ from processor to processor.
    """
    return Decimal(f"{value:.12g}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def percent(share: float, decimals: int = 1) -> str:
    """Return a share as a percentage: 0.836 reads 83.6%."""
    if share in (0, 1):
        return f"{share:.0%}"
    step = Decimal(1).scaleb(-decimals)
    shown = rounded(share * 100, decimals)
    if 0 < share < 1:
        shown = min(max(shown, step), 100 - step)
    return f"{shown}%"


def points(difference: float, decimals: int = 1) -> str:
    """Return a difference of two rates in percentage points, with its sign: 0.1296 reads +13.0."""
    shown = rounded(difference * 100, decimals)
    return f"{shown:+}".replace("-", "−") if shown else f"{abs(shown)}"


def margin(share: float, decimals: int = 2) -> str:
    """Return half the width of an interval in percentage points: 0.01855 reads 1.86."""
    return str(rounded(share * 100, decimals))


def count(number: float) -> str:
    """Return a whole number with thousands separated: 1254 reads 1,254."""
    whole = rounded(number, 0)
    return f"{whole:,}".replace("-", "−") if whole else "0"


def yearly(number: float) -> str:
    """Return crimes in a year rounded down: to the hundred from 1,000 on, to the ten below it."""
    if math.isinf(number):
        return "no upper limit"
    step = 100 if abs(number) >= 1000 else 10
    return count(math.trunc(number / step + 1e-9) * step)


def yearly_limit(number: float) -> str:
    """Return a limit of crimes in a year, rounded to the nearest hundred (ten below 1,000)."""
    if math.isinf(number):
        return "no upper limit"
    step = 100 if abs(number) >= 1000 else 10
    return count(float(rounded(number / step, 0)) * step)


def to_places(number: float, places: int = 2) -> str:
    """Return a number to some decimals, n/a where there is none, and "no limit" for an infinite one."""
    if math.isnan(number):
        return NOT_APPLICABLE
    return "no limit" if math.isinf(number) else f"{rounded(number, places):,}".replace("-", "−")


def whole(number: float) -> str:
    """Return a whole number with thousands separated, as count does, for one that may have no limit."""
    return count(number) if math.isfinite(number) else to_places(number)


def as_level(confidence_level: float) -> str:
    """Return a confidence level: 0.95 reads 95%."""
    return f"{100 * confidence_level:g}%"


READS: Mapping[str, Callable[[float], str]] = {
    "share": percent,
    "difference": points,
    "ratio": lambda ratio: to_places(ratio, 3),
    "crimes": whole,
    "number": lambda number: f"{number:,.4g}",
}
