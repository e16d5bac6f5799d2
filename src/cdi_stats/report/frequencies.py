"""Shares as people say them: 1 in 6, 4 in 10, 3 in every 100. With the range, by rule.

Whole numbers of cases are understood by more readers than percentages are (Gigerenzer and others 2007, Psychological
Science in the Public Interest 8, 53-96). They are rounder too, so they stand beside the percentage, never for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Figure
from cdi_stats.report.numbers import count, percent, rounded

LEAST_IN_N = 1 / 20
MOST_IN_N = 2 / 7  # from here on the nearest 1 in n is 1 in 3, and too far off
ONE_IN, TEN, HUNDRED = "1 in {n}", "{k} in 10", "{k} in every 100"


@dataclass(frozen=True)
class Frequency:
    """Crimes missed of those reported, as so many (`missed`) in so many (`of`), with a range of the same form.

    `share` and its limits are the same as percentages: figures of the same keys.
    """

    missed: int
    of: int
    words: Figure
    low: Figure
    high: Figure
    share: tuple[Figure, Figure, Figure]


def frequency_of_missed(finding: Finding) -> Frequency | None:
    """Return how many crimes were missed in how many, by this rule; None where there is no rate or no crime was missed.

    From 1 in 20 to 2 in 7: 1 in n, n the nearest whole number. Above, or where the range reaches past a half: k in 10.
    Below: k in every 100. The range is rounded outwards, so that it never is narrower than the interval.
    """
    if finding.estimate is None or finding.estimate.rate == 1:
        return None
    interval = finding.estimate.interval
    shares = (1 - finding.estimate.rate, 1 - interval.high, 1 - interval.low)
    missed, of, *texts = _spoken(*shares)
    names = ("missed_rate", "missed_low", "missed_high")
    words, low, high = (_figure(finding, *row) for row in zip(names, shares, texts, strict=True))
    return Frequency(missed, of, words, low, high, _percentages(finding, names, shares))


def _percentages(finding: Finding, names: tuple[str, ...], shares: tuple[float, ...]) -> tuple[Figure, Figure, Figure]:
    first, low, high = (_figure(finding, n, share, percent(share)) for n, share in zip(names, shares, strict=True))
    return first, low, high


def _figure(finding: Finding, name: str, share: float, text: str) -> Figure:
    return Figure(f"{finding.key}/{name}", share, text, "percent", finding.provenance)


def _spoken(share: float, low: float, high: float) -> tuple[int, int, str, str, str]:
    """Return cases, out of how many, and the share with its limits in words."""
    if LEAST_IN_N <= share <= MOST_IN_N and high <= 0.5:
        n, fewest, most = int(rounded(1 / share, 0)), math.ceil(_whole(1 / low)) if low else 0, _whole(1 / high)
        low_text = ONE_IN.format(n=count(fewest)) if fewest else "none"
        return 1, n, ONE_IN.format(n=n), low_text, ONE_IN.format(n=math.floor(most))
    of, form = (10, TEN) if share > LEAST_IN_N else (100, HUNDRED)
    cases = min(max(int(rounded(of * share, 0)), 1), of)
    limits = math.floor(_whole(of * low)), math.ceil(_whole(of * high))
    low_text, high_text = (form.format(k=k) if k else "none" for k in limits)
    return cases, of, form.format(k=cases), low_text, high_text


def _whole(number: float) -> float:
    """Return a number with what arithmetic leaves of a whole one taken away."""
    return round(number, 9)
