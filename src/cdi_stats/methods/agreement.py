"""Two auditors on the same crimes: how far they agree, and a rate corrected for an auditor's errors.

Notation: a_i is 1 where both give crime i the same answer, p1_k and p2_k the share of answer k given by each auditor,
pi_k their mean, q the number of answers, po = mean a. Cohen's kappa (1960) and Gwet's AC1 (2008) are

    (po - pe) / (1 - pe),    pe = sum p1_k p2_k  (kappa),    pe = sum pi_k (1 - pi_k) / (q - 1)  (AC1)

With u_i the linearised value of crime i and U_r its sum over record r of R, V = R / (R - 1) sum U_r^2 / n^2: with one
crime a record, Gwet's variance, and n / (n - 1) times Fleiss, Cohen and Everitt's (1969).

Correction (Rogan & Gladen 1978): with se the share of recorded crimes that the auditor finds recorded and sp the share
of missed ones that he finds missed, the true rate is (p + sp - 1) / (se + sp - 1), and so are its limits. Where se and
sp are themselves sampled: Lang & Reiczigel (2014), Preventive Veterinary Medicine 113:13-22.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import rate_arms
from cdi_stats.methods.design import code_labels
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level, normal_quantile
from cdi_stats.methods.survey import Caution, RateEstimate
from cdi_stats.methods.survey_limits import student_quantile
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

ONE_SIDED = 0.9
Sample = tuple[int, int]


@dataclass(frozen=True, repr=False)
class Coefficient(Shown):
    """A measure of agreement (at most 1) with its standard error and interval."""

    value: float
    standard_error: float
    interval: Interval[float]

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.interval.low:.3f} to {self.interval.high:.3f})"


@dataclass(frozen=True, repr=False)
class Agreement(Shown):
    """How far two auditors agree on the same crimes. `table` counts first (rows) against second (columns) answers.

    `kappa` is nan, with a caution, where both always gave one and the same answer.
    """

    crimes: int
    records: int
    answers: tuple[Any, ...]
    table: NDArray[np.intp]
    observed: Coefficient
    kappa: Coefficient
    ac1: Coefficient
    warnings: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        return (
            f"Two auditors agreed on {percent(self.observed.value)} of {self.crimes:,} crimes in "
            f"{self.records:,} records: AC1 {self.ac1}, kappa {self.kappa}"
        )


def auditor_agreement(
    first: ArrayLike, second: ArrayLike, *, record: ArrayLike | None = None, confidence_level: float = 0.95
) -> Agreement:
    """Return how far two auditors agree, one entry a crime each, as Agreement.

    Answers are labels or booleans. `record` labels the crimes' records, which cluster them; Student's t is on records
    - 1. Answers that neither auditor gave are not counted in q; booleans always count two. Raises InvalidCounts for
    answers of different lengths, or fewer than two records.
    """
    check_confidence_level(confidence_level)
    one, two = np.asarray(first), np.asarray(second)
    if one.ndim != 1 or one.shape != two.shape:
        raise InvalidCounts(f"first, second: found {one.size} and {two.size} answers; expected one a crime each")
    n = one.size
    if one.dtype == bool and two.dtype == bool:
        answers: tuple[Any, ...] = (False, True)
        f, s = one.astype(np.intp), two.astype(np.intp)
    else:
        labels = code_labels("first, second", np.concatenate([one, two]), 2 * n)
        answers, f, s = labels.names, labels.codes[:n], labels.codes[n:]
    records = np.arange(n) if record is None else code_labels("record", record, n).codes
    if np.unique(records).size < 2:
        raise InvalidCounts(f"record: found {np.unique(records).size}; expected crimes of two records or more")
    return _agreement(f, s, records, answers, confidence_level)


def auditor_agreement_from_counts(table: ArrayLike, *, confidence_level: float = 0.95) -> Agreement:
    """Return Agreement from a square table of counts, first auditor in rows: each crime is its own record."""
    counts = np.asarray(table)
    square = counts.ndim == 2 and counts.shape[0] == counts.shape[1] > 1
    if not square or counts.dtype.kind not in "iu" or (counts < 0).any() or counts.sum() < 2:
        raise InvalidCounts("table: expected a square table of whole counts, at least 2 crimes in all")
    size = counts.shape[0]
    f, s = np.divmod(np.repeat(np.arange(size * size), counts.ravel()), size)
    check_confidence_level(confidence_level)
    return _agreement(f, s, np.arange(f.size), tuple(range(size)), confidence_level)


def _agreement(
    f: NDArray[np.intp], s: NDArray[np.intp], record: NDArray[np.intp], answers: tuple[Any, ...], level: float
) -> Agreement:
    n, q = f.size, len(answers)
    table = np.bincount(f * q + s, minlength=q * q).reshape(q, q)
    p1, p2 = table.sum(axis=1) / n, table.sum(axis=0) / n
    shares = (p1 + p2) / 2
    agreed = (f == s).astype(float)
    expected = float((p1 * p2).sum())
    kappa = _coefficient(agreed, expected, p2[f] + p1[s] - 2 * expected, record, level)
    if q > 1:
        chance = float((shares * (1 - shares)).sum()) / (q - 1)
        slope = 1 - 2 * shares
        moved = ((slope[f] + slope[s]) / 2 - float((slope * shares).sum())) / (q - 1)
    else:
        chance, moved = 0.0, np.zeros(n)
    ac1 = _coefficient(agreed, chance, moved, record, level)
    observed = _coefficient(agreed, 0.0, np.zeros(n), record, level)
    warnings = _cautions(kappa.value, ac1.value, float(shares.max()))
    return Agreement(n, np.unique(record).size, answers, table, observed, kappa, ac1, warnings)


def _coefficient(
    agreed: FloatArray, expected: float, moved: FloatArray, record: NDArray[np.intp], level: float
) -> Coefficient:
    """Return (po - pe) / (1 - pe) with the variance of its linearised values; `moved` is what each crime adds to pe."""
    if expected >= 1:
        return Coefficient(math.nan, math.nan, Interval(math.nan, math.nan, level, "linearised", unit="ratio"))
    po = float(agreed.mean())
    value = (po - expected) / (1 - expected)
    u = (agreed - po) / (1 - expected) - (1 - po) * moved / (1 - expected) ** 2
    _, place = np.unique(record, return_inverse=True)
    sums = np.bincount(place, u)
    records = sums.size
    error = math.sqrt(records / (records - 1) * float((sums**2).sum())) / agreed.size
    margin = student_quantile(records - 1, level) * error
    low, high = max(value - margin, -1.0), min(value + margin, 1.0)
    return Coefficient(value, error, Interval(low, high, level, "linearised", unit="ratio"))


def _cautions(kappa: float, ac1: float, largest: float) -> tuple[Caution, ...]:
    if math.isnan(kappa):
        return (Caution("kappa-undefined", "Both auditors always gave the same answer: kappa is not defined."),)
    if largest > ONE_SIDED and kappa < ac1 - 0.1:
        message = f"One answer makes up {percent(largest, 0)}: kappa is then low whatever the auditors do; read AC1."
        return (Caution("kappa-paradox", message),)
    return ()


@dataclass(frozen=True, repr=False)
class CorrectedRate(Shown):
    """A recording rate (0-1) corrected for an auditor's errors, with its interval; `apparent` is what he found."""

    rate: float
    interval: Interval[float]
    apparent: RateEstimate
    sensitivity: float
    specificity: float
    warnings: tuple[Caution, ...] = ()

    def __str__(self) -> str:
        return (
            f"{percent(self.rate)} ({self.interval.level} interval {self.interval.span}) were recorded, "
            f"where auditors found {percent(self.apparent.rate)}"
        )


def correct_for_auditor_error(
    rate: RateEstimate,
    *,
    sensitivity: float | Sample,
    specificity: float | Sample,
) -> CorrectedRate:
    """Return the recording rate corrected for an auditor who errs, as a CorrectedRate.

    `sensitivity` is the share (0-1) of recorded crimes that the auditor finds recorded, `specificity` the share of
    missed ones that he finds missed; as (right, reviewed) counts of a second review they come with their own error
    (then both). The interval is the rate's own, transformed; or Lang and Reiczigel's, on effective crimes and the
    rate's quantile. Limits are kept within 0-1. Raises InvalidCounts unless sensitivity + specificity exceed 1.
    """
    if isinstance(sensitivity, tuple) != isinstance(specificity, tuple):
        raise InvalidCounts("sensitivity, specificity: found one as counts; expected both as counts, or both as shares")
    se, sp = _share("sensitivity", sensitivity), _share("specificity", specificity)
    if se + sp <= 1:
        raise InvalidCounts(f"sensitivity, specificity: found a sum of {se + sp:g}; expected more than 1")
    value, low, high = ((p + sp - 1) / (se + sp - 1) for p in rate_arms(rate))
    method = "rogan-gladen"
    if isinstance(sensitivity, tuple) and isinstance(specificity, tuple):
        low, high = _lang_reiczigel(rate, sensitivity, specificity)
        method = "lang-reiczigel"
    warnings = rate.warnings
    if not 0 <= value <= 1:
        warnings += (Caution("beyond-range", "The rate found lies beyond what such errors allow; it is cut to 0-1."),)
    value, low, high = (min(max(limit, 0.0), 1.0) for limit in (value, low, high))
    interval = Interval(min(low, value), max(high, value), rate.interval.confidence_level, method)
    return CorrectedRate(value, interval, rate, se, sp, warnings)


def _lang_reiczigel(rate: RateEstimate, sensitivity: Sample, specificity: Sample) -> tuple[float, float]:
    """Return limits that allow for sampled sensitivity and specificity (Lang & Reiczigel 2014, equations 3 and 4)."""
    level = rate.interval.confidence_level
    z, t = normal_quantile(level), student_quantile(rate.degrees_of_freedom, level)
    n, squared = rate.effective_sample_size * (z / t) ** 2, z * z
    # a census has no sampling error of its own
    known = math.isinf(n)
    p = rate.rate if known else (n * rate.rate + squared / 2) / (n + squared)
    (se_right, se_all), (sp_right, sp_all) = sensitivity, specificity
    se, sp = (se_right + 1) / (se_all + 2), (sp_right + 1) / (sp_all + 2)
    power = se + sp - 1
    value = (p + sp - 1) / power
    se_part, sp_part = se * (1 - se) / (se_all + 2), sp * (1 - sp) / (sp_all + 2)
    shift = 2 * squared * (value * se_part - (1 - value) * sp_part)
    spread = (0.0 if known else p * (1 - p) / (n + squared)) + value**2 * se_part + (1 - value) ** 2 * sp_part
    margin = z * math.sqrt(spread) / power
    return value + shift - margin, value + shift + margin


def _share(name: str, given: float | Sample) -> float:
    if not isinstance(given, tuple):
        if not 0 <= given <= 1:
            raise InvalidCounts(f"{name}: found {given!r}; expected a share from 0 to 1, or (right, reviewed) counts")
        return float(given)
    right, reviewed = given
    if not (0 <= right <= reviewed and reviewed >= 1 and right % 1 == reviewed % 1 == 0):
        raise InvalidCounts(f"{name}: found {given}; expected (right, reviewed), whole numbers, right <= reviewed")
    return right / reviewed
