"""Totals and ratios over a sample of records, with Student intervals: what R's svytotal and svyratio give.

Notation: y and x values of a record, w its weight. The total is Y = sum w y with residuals w y; the ratio Y / X with
residuals w (y - (Y / X) x) / X; the variance of either is the design's (Cochran 1977; Woodruff 1971), its Student
quantile on records minus strata. For a recording rate prefer estimate_rate, whose limits stay within 0-1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import Design, declare_design, domain_mask, numbers
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level
from cdi_stats.methods.survey_limits import student_quantile
from cdi_stats.showing import Shown


@dataclass(frozen=True, repr=False)
class LinearEstimate(Shown):
    """A total (in crimes or records of the frame) or a ratio, with its symmetric Student interval."""

    value: float
    standard_error: float
    interval: Interval[float]
    degrees_of_freedom: float

    def __str__(self) -> str:
        return f"{self.value:,.4g} ({self.interval.level} interval {self.interval.span})"


def estimate_total(
    values: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    lonely_stratum: str = "error",
    confidence_level: float = 0.95,
) -> LinearEstimate:
    """Return the total of `values` (one a record) over the frame, such as all crimes missed; svytotal's twin.

    The design is declared as for estimate_rate; `domain` is a boolean mask. Without population or weight the total is
    the sample's own. Raises InvalidCounts for impossible input.
    """
    y = _values("values", values)
    design = declare_design(
        y.size, stratum=stratum, population=population, weight=weight, lonely_stratum=lonely_stratum
    )
    inside = domain_mask(domain, y.size)
    weighted = design.weight * y * inside
    return _linear(design, inside, float(weighted.sum()), weighted, np.abs(weighted), confidence_level)


def estimate_ratio(
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    domain: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    lonely_stratum: str = "error",
    confidence_level: float = 0.95,
) -> LinearEstimate:
    """Return the ratio of two totals, such as crimes missed for each crime recorded; svyratio's twin.

    Both hold one value a record; the rest as for estimate_total. Raises InvalidCounts where the denominator adds to 0.
    """
    y, x = _values("numerator", numerator), _values("denominator", denominator)
    if x.shape != y.shape:
        raise InvalidCounts(f"denominator: found {x.size} entries; expected one a record, {y.size}")
    design = declare_design(
        y.size, stratum=stratum, population=population, weight=weight, lonely_stratum=lonely_stratum
    )
    inside = domain_mask(domain, y.size)
    w = design.weight * inside
    whole = float((w * x).sum())
    if whole == 0:
        raise InvalidCounts("denominator: found a total of 0; expected another, else there is no ratio")
    ratio = float((w * y).sum()) / whole
    residual = w * (y - ratio * x) / whole
    largest = np.maximum(np.abs(w * y), np.abs(w * x)) / abs(whole)
    return _linear(design, inside, ratio, residual, largest, confidence_level)


def _linear(
    design: Design, inside: np.ndarray[Any, Any], value: float, residual: FloatArray, largest: FloatArray, level: float
) -> LinearEstimate:
    check_confidence_level(level)
    if not inside.any():
        raise InvalidCounts("domain: found no record in it; expected at least one")
    spread = design.spread(residual, np.where(inside, 0, -1), 1, largest=np.array([largest.max()]))
    error, df = math.sqrt(float(spread.variance[0])), float(spread.design_df[0])
    margin = student_quantile(df, level) * error
    return LinearEstimate(value, error, Interval(value - margin, value + margin, level, "wald", unit="number"), df)


def _values(argument: str, values: ArrayLike) -> FloatArray:
    found = numbers(argument, values)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise InvalidCounts(f"{argument}: expected one number a record")
    return found
