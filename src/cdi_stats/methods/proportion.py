"""Confidence intervals for one proportion, scalar or array.

Notation in this module: x crimes recorded of n reported, p = x / n, z the normal quantile of the level, N the crimes in
the finite population. Rates are shares in 0-1. Limits in closed form:

    wilson          (x + z^2/2 -+ z sqrt(x (n - x) / n + z^2/4)) / (n + z^2); if N is given, p and n (N - 1) / (N - n)
    wilson-cc       (2x -+ 1 + z^2 -+ z sqrt(z^2 -+ 2 - 1/n + 4 x (n - x +- 1) / n)) / (2 (n + z^2))
    agresti-coull   q -+ z sqrt(q (1 - q) / m), m = n + z^2, q = (x + z^2/2) / m
    wald, wald-cc   p -+ z sqrt(p (1 - p) / n), and a further 1 / (2n)
    wald-fpc        p -+ z sqrt(p (1 - p) / n) sqrt(1 - n / N); p -+ 3 / n at 0 and 1, which is "rule-of-three"
    arcsine         sin^2(asin sqrt((x + 3/8) / (n + 3/4)) -+ z / (2 sqrt n))
    logit           expit(log(x / (n - x)) -+ z sqrt(1 / x + 1 / (n - x))); Clopper-Pearson's at 0 and 1

Those found by inverting a test stand in `inversion`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods import inversion
from cdi_stats.methods.interval import FloatArray as FloatArray
from cdi_stats.methods.interval import Interval as Interval

Limits = tuple[Any, Any]
Side = Literal["both", "lower", "upper"]
SIDES = ("both", "lower", "upper")
BLOCK = 32_768
PLAIN = (int, float)
# products of two counts below this are exact, so that Python's whole numbers and numpy's floats agree to the last bit
LARGEST_PLAIN = 2**26


class Criterion(NamedTuple):
    """What limits are taken at: the level, the chance left in each tail that counts, the normal quantile of that."""

    level: float
    tail: float
    quantile: float


@overload
def proportion_interval(
    recorded: float,
    reported: float,
    *,
    confidence_level: float = ...,
    method: str = ...,
    population: float | None = ...,
    side: Side = ...,
) -> Interval[float]: ...
@overload
def proportion_interval(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    confidence_level: float = ...,
    method: str = ...,
    population: ArrayLike | None = ...,
    side: Side = ...,
) -> Interval[FloatArray]: ...
def proportion_interval(
    recorded: Any,
    reported: Any,
    *,
    confidence_level: float = 0.95,
    method: str = "wilson",
    population: ArrayLike | None = None,
    side: Side = "both",
) -> Interval[Any]:
    """Return the confidence interval of recorded / reported, crimes taken as a simple random sample.

    Scalars give floats, arrays give arrays of their broadcast shape; limits are shares in 0-1. `population` is
    the number of crimes the sample was drawn from, never a fraction: "hypergeometric" needs it, "wilson" (O'Neill
    2021) and "wald-fpc" (the inspectorate's published method) take it, the others refuse it. `side` "lower" or "upper"
    gives one limit at the whole level, with 1 or 0 at the other end. The methods are those of METHODS, each with its
    source in the documentation. Raises InvalidCounts for counts that no sample can have, an unknown method or side, or
    what a method does not offer.
    """
    chosen, at = _choice(method, confidence_level, side)
    plain = chosen.plain and population is None and type(recorded) in PLAIN and type(reported) in PLAIN
    if plain and 0 <= recorded <= reported and 1 <= reported < LARGEST_PLAIN and recorded % 1 == reported % 1 == 0:
        low, high = chosen.limits(recorded, reported, at, math)
        if low < 0 or (recorded == 0 and chosen.exact_ends):
            low = 0.0
        if high > 1 or (recorded == reported and chosen.exact_ends):
            high = 1.0
    else:
        _check_population(method, chosen, population)
        low, high = _array_limits(recorded, reported, population, chosen, at)
    if side != "both":
        low, high = (low, high * 0 + 1) if side == "lower" else (low * 0, high)
    return Interval(low, high, confidence_level, method, side)


def normal_quantile(confidence_level: float) -> float:
    """Return z with P(|Z| <= z) = confidence_level for a standard normal Z (1.959964 at 0.95)."""
    return float(ndtri((1 + confidence_level) / 2))


def check_confidence_level(confidence_level: float) -> None:
    """Raise InvalidCounts unless the level lies strictly between 0 and 1."""
    if not 0 < confidence_level < 1:
        raise InvalidCounts(
            f"confidence_level: found {confidence_level!r}; expected a share between 0 and 1, such as 0.95"
        )


def wilson_limits(rate: Any, size: Any, quantile: Any) -> Limits:
    """Return Wilson's limits for a rate seen on `size` (effective) crimes at a normal or Student quantile.

    Wilson 1927: (x + z^2/2 -+ z sqrt(x (n - x) / n + z^2 / 4)) / (n + z^2) with x = n p, arranged so that
    nothing is 0/0 at p = 0 or 1.
    """
    x, squared = rate * size, quantile * quantile
    half = quantile * np.sqrt(x * (1 - rate) + squared / 4)
    return (x + squared / 2 - half) / (size + squared), (x + squared / 2 + half) / (size + squared)


def finite_population_size(size: Any, population: Any) -> Any:
    """Return n* = n (N - 1) / (N - n), the infinite-population sample as informative as n of N (O'Neill 2021)."""
    with np.errstate(divide="ignore"):
        return np.where(population > size, size * (population - 1) / np.maximum(population - size, 1e-300), np.inf)


# Each formula takes counts, the criterion, `m` (math for plain numbers, numpy for arrays) and a population if given.


def _wilson(x: Any, n: Any, at: Criterion, m: Any, population: Any = None) -> Limits:
    z = at.quantile
    if population is None:
        squared = z * z
        centre, half, whole = x + squared / 2, z * m.sqrt(x * (1 - x / n) + squared / 4), n + squared
        return (centre - half) / whole, (centre + half) / whole
    rate, census = x / n, population == n
    size = finite_population_size(n, np.where(census, n + 1, population))
    low, high = wilson_limits(rate, size, z)
    return np.where(census, rate, low), np.where(census, rate, high)


def _wilson_in_place(
    x: FloatArray, n: FloatArray, rate: FloatArray, at: Criterion, low: FloatArray, high: FloatArray
) -> None:
    """Write what `_wilson` returns, the same steps in the same order, over its arguments without new arrays."""
    z, squared = at.quantile, at.quantile * at.quantile
    half = np.subtract(1, rate, out=rate)
    half *= x
    half += squared / 4
    np.sqrt(half, out=half)
    half *= z
    x += squared / 2
    n += squared
    np.subtract(x, half, out=low)
    np.add(x, half, out=high)
    low /= n
    high /= n


def _wilson_cc(x: Any, n: Any, at: Criterion, m: Any) -> Limits:
    z, squared = at.quantile, at.quantile * at.quantile
    # below 0 only at the ends, whose limits are 0 and 1
    below = z * m.sqrt(abs(squared - 2 - 1 / n + 4 * x * (n - x + 1) / n))
    above = z * m.sqrt(abs(squared + 2 - 1 / n + 4 * x * (n - x - 1) / n))
    return (2 * x - 1 + squared - below) / (2 * (n + squared)), (2 * x + 1 + squared + above) / (2 * (n + squared))


def _agresti_coull(x: Any, n: Any, at: Criterion, m: Any) -> Limits:
    squared = at.quantile * at.quantile
    size = n + squared
    rate = (x + squared / 2) / size
    margin = at.quantile * m.sqrt(rate * (1 - rate) / size)
    return rate - margin, rate + margin


def _wald(x: Any, n: Any, at: Criterion, m: Any) -> Limits:
    margin = at.quantile * m.sqrt(x * (n - x) / n) / n
    return x / n - margin, x / n + margin


def _wald_cc(x: Any, n: Any, at: Criterion, m: Any) -> Limits:
    margin = at.quantile * m.sqrt(x * (n - x) / n) / n + 1 / (2 * n)
    return x / n - margin, x / n + margin


def _wald_fpc(x: FloatArray, n: FloatArray, at: Criterion, _m: Any, population: Any = math.inf) -> Limits:
    sampled_share = n / population
    margin = at.quantile * np.sqrt(x * (n - x) / n) / n * np.sqrt(1 - sampled_share)
    unanimous = (x == 0) | (x == n)
    if np.any(unanimous):
        _check_rule_of_three("wald-fpc", at.level)
    margin = np.where(unanimous, 3 / n, margin)
    return x / n - margin, x / n + margin


def _rule_of_three(x: FloatArray, n: FloatArray, at: Criterion, _m: Any) -> Limits:
    _check_rule_of_three("rule-of-three", at.level)
    between = (x > 0) & (x < n)
    if np.any(between):
        raise InvalidCounts(
            f"recorded: found {x[between][0]:g} of {n[between][0]:g}; expected none or all of them for method "
            "'rule-of-three', or choose 'wilson'"
        )
    return x / n - 3 / n, x / n + 3 / n


def _check_rule_of_three(method: str, level: float) -> None:
    if not np.isclose(level, 0.95):
        raise InvalidCounts(
            f"method {method!r} uses the rule of three at 0 and 100 %, which is a 95 % rule: "
            f"found confidence_level {level}; expected 0.95, or choose 'wilson'"
        )


def _arcsine(x: FloatArray, n: FloatArray, at: Criterion, _m: Any) -> Limits:
    rate = (x + 0.375) / (n + 0.75)
    angle, margin = np.asin(np.sqrt(rate)), at.quantile / (2 * np.sqrt(n))
    # past a quarter turn the sine turns back, as it does in DescTools, but not past the rate itself
    return np.minimum(np.sin(angle - margin) ** 2, rate), np.maximum(np.sin(angle + margin) ** 2, rate)


def _logit(x: FloatArray, n: FloatArray, at: Criterion, _m: Any) -> Limits:
    done, missed = np.where(x == 0, n, x), np.where(x == n, n, n - x)
    centre, margin = np.log(done / missed), at.quantile * np.sqrt(1 / done + 1 / missed)
    logarithm = math.log(at.tail) / n
    low = np.where(x == n, np.exp(logarithm), expit(centre - margin))
    return low, np.where(x == 0, -np.expm1(logarithm), expit(centre + margin))


@dataclass(frozen=True)
class Method:
    """A method: its formula, and what sets it apart.

    `plain`: it serves plain numbers too. `solved`: it takes special functions or roots, so that each distinct sample
    is worked out once. `population` is "refused" (then `instead` says what to use), "optional" or "needed".
    """

    limits: Callable[..., Limits]
    plain: bool = False
    solved: bool = False
    population: str = "refused"
    instead: str = "use 'wilson' for a finite population"
    one_sided: bool = True
    exact_ends: bool = True


def _inverted(limits: Callable[[FloatArray, FloatArray, float], Limits], *, one_sided: bool = True) -> Method:
    return Method(lambda x, n, at, _m: limits(x, n, at.tail), solved=True, one_sided=one_sided)


METHODS: dict[str, Method] = {
    "wilson": Method(_wilson, plain=True, population="optional"),
    "wilson-cc": Method(_wilson_cc, plain=True),
    "clopper-pearson": _inverted(inversion.clopper_pearson_limits),
    "mid-p": _inverted(inversion.mid_p_limits),
    "jeffreys": _inverted(inversion.jeffreys_limits),
    # modified as in the reference vectors: 0 and 1 at the ends, which "jeffreys" has here too; DescTools changes more
    "jeffreys-modified": _inverted(inversion.jeffreys_limits),
    "agresti-coull": Method(_agresti_coull, plain=True),
    "likelihood": Method(lambda x, n, at, _m: inversion.likelihood_limits(x, n, at.quantile), solved=True),
    "arcsine": Method(_arcsine, exact_ends=False),
    "logit": Method(_logit),
    "wald": Method(_wald, plain=True, instead="use 'wald-fpc' for the finite-population form"),
    "wald-cc": Method(_wald_cc, plain=True),
    "wald-fpc": Method(_wald_fpc, population="optional"),
    "rule-of-three": Method(_rule_of_three),
    "hypergeometric": Method(
        lambda x, n, at, _m, population: inversion.hypergeometric_limits(x, n, population, at.tail),
        solved=True,
        population="needed",
    ),
    "blaker": _inverted(inversion.blaker_limits, one_sided=False),
}


@lru_cache(maxsize=256)
def _choice(method: str, level: float, side: str) -> tuple[Method, Criterion]:
    check_confidence_level(level)
    if method not in METHODS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    if side not in SIDES:
        raise InvalidCounts(f"side: found {side!r}; expected one of {', '.join(SIDES)}")
    chosen = METHODS[method]
    if side == "both":
        return chosen, Criterion(level, (1 - level) / 2, normal_quantile(level))
    if not chosen.one_sided:
        raise InvalidCounts(f"side: found {side!r}; expected 'both' for method {method!r}, or choose 'clopper-pearson'")
    if level <= 0.5:
        raise InvalidCounts(f"confidence_level: found {level!r}; expected more than 0.5 for a limit on one side")
    return chosen, Criterion(level, 1 - level, float(ndtri(level)))


def _check_population(name: str, method: Method, population: Any) -> None:
    if population is not None and method.population == "refused":
        raise InvalidCounts(f"method {name!r} takes no population; {method.instead}")
    if population is None and method.population == "needed":
        raise InvalidCounts(f"population: found None; expected the crimes sampled from, which method {name!r} needs")


def _array_limits(recorded: Any, reported: Any, population: Any, method: Method, at: Criterion) -> Limits:
    """Return limits of the arguments' broadcast shape, floats for scalars."""
    columns, shape = _columns(recorded, reported, population)
    whole_population = method.population == "needed"
    low, high = np.empty(columns[0].shape), np.empty(columns[0].shape)
    if method.solved:
        for _ in _checked_blocks(columns, shape, whole_population):
            pass
        first, place = inversion.first_of_each(columns)
        distinct = [column[first].astype(float) for column in columns]
        lowest, highest = np.empty(first.shape), np.empty(first.shape)
        _fill(lowest, highest, distinct, distinct[0] / distinct[1], method, at)
        if np.isnan(lowest).any() or np.isnan(highest).any():
            raise InvalidCounts(f"reported: found up to {columns[1].max():g}; expected fewer, or choose 'wilson'")
        np.take(lowest, place, out=low)
        np.take(highest, place, out=high)
    else:
        for part, block, rate in _checked_blocks(columns, shape, whole_population):
            _fill(low[part], high[part], block, rate, method, at)
    if not shape:
        return float(low[0]), float(high[0])
    return low.reshape(shape), high.reshape(shape)


def _fill(
    low: FloatArray, high: FloatArray, counts: list[FloatArray], rate: FloatArray, method: Method, at: Criterion
) -> None:
    """Write a block's limits into `low` and `high`, within 0-1 and exact at the ends; may overwrite counts and rate."""
    none, every = rate == 0, rate == 1
    x, n, *population = counts
    if method.limits is _wilson and not population:
        _wilson_in_place(x, n, rate, at, low, high)
    else:
        low[:], high[:] = method.limits(x, n, at, np, *population)
    if method.exact_ends:
        np.copyto(low, 0.0, where=none)
        np.copyto(high, 1.0, where=every)
    if np.minimum.reduce(low, initial=0) < 0 or np.maximum.reduce(high, initial=1) > 1:
        np.maximum(low, 0.0, out=low)
        np.minimum(high, 1.0, out=high)


def _columns(recorded: Any, reported: Any, population: Any) -> tuple[list[NDArray[Any]], tuple[int, ...]]:
    """Return the arguments as flat arrays of one length, in their own number types, and the shape they stand for."""
    given = (recorded, reported) if population is None else (recorded, reported, population)
    try:
        arrays = [array if array.dtype.kind in "biuf" else array.astype(float) for array in map(np.asarray, given)]
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
    except (TypeError, ValueError) as error:
        raise InvalidCounts(f"counts: expected numbers of one shape; {error}") from None
    return [np.broadcast_to(array, shape).reshape(-1) for array in arrays], shape


def _checked_blocks(
    columns: list[NDArray[Any]], shape: tuple[int, ...], whole_population: bool
) -> Iterator[tuple[slice, list[FloatArray], FloatArray]]:
    """Yield blocks as floats with their rate, each checked while it is in the processor's cache."""
    size = columns[0].size
    fractions = [column.dtype.kind == "f" and (place < 2 or whole_population) for place, column in enumerate(columns)]
    scratch = np.empty((len(columns) + 1, min(BLOCK, size)))
    for start in range(0, size, BLOCK):
        part = slice(start, min(start + BLOCK, size))
        *block, rate = scratch[:, : part.stop - start]
        for values, column in zip(block, columns, strict=True):
            values[:] = column[part]
        if not _are_possible(block, rate, fractions):
            _refuse_counts([column.astype(float).reshape(shape) for column in columns], whole_population)
        yield part, block, rate


def _are_possible(block: list[FloatArray], rate: FloatArray, fractions: list[bool]) -> bool:
    """Tell whether 1 <= n, 0 <= x <= n, n <= N and all are whole that must be; write x / n, over 1 exactly if x > n."""
    x, n, *population = block
    for values, fraction in zip(block, fractions, strict=True):
        if fraction and not (np.isfinite(values).all() and (np.floor(values) == values).all()):
            return False
    if not np.minimum.reduce(n) >= 1:
        return False
    np.divide(x, n, out=rate)
    sampled = all(np.isfinite(size).all() and (size >= n).all() for size in population)
    return bool(np.minimum.reduce(rate) >= 0 and np.maximum.reduce(rate) <= 1 and sampled)


def _refuse_counts(columns: list[FloatArray], whole_population: bool) -> None:
    """Raise InvalidCounts for the first entry that cannot be, with its place."""
    x, n, *population = columns
    _refuse(~np.isfinite(n) | (n < 1) | (n != np.floor(n)), "reported", n, "a whole number of at least 1")
    _refuse(~np.isfinite(x) | (x < 0) | (x != np.floor(x)), "recorded", x, "a whole number of at least 0")
    _refuse(x > n, "recorded", x, "no more than the crimes reported")
    for size in population:
        impossible = ~((size >= n) & np.isfinite(size))
        _refuse(impossible, "population", size, "the number of crimes sampled from, at least those reported")
        _refuse(whole_population & (size != np.floor(size)), "population", size, "a whole number for this method")


def _refuse(bad: NDArray[np.bool_], name: str, values: FloatArray, expected: str) -> None:
    if np.any(bad):
        first = np.argwhere(bad)[0]
        where = f"{name}[{', '.join(map(str, first))}]" if values.ndim else name
        raise InvalidCounts(f"{where}: found {values[tuple(first)]:g}; expected {expected}")
