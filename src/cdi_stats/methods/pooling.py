"""Partial pooling: the recording rates of many small groups, each drawn towards what all of them show.

Notation: group j has x_j crimes recorded of n_j reported (effective crimes may be fractions), raw rate x_j / n_j. The
groups' true rates are Beta(a, b): mean mu = a / (a + b), strength s = a + b, in crimes. Given a and b

    rate_j = (x_j + a) / (n_j + s) = w_j x_j / n_j + (1 - w_j) mu      w_j = n_j / (n_j + s)
    log L(a, b) = sum_j [log B(x_j + a, n_j - x_j + b) - log B(a, b)]

Maximum likelihood takes the a and b of the largest L; moments (Kleinman 1973), with p = sum x / sum n, takes
mu = p and s = 1/r - 1, r the correlation of crimes in a group:

    r = (sum n_j (x_j / n_j - p)^2 / (p (1 - p)) - (J - 1)) / (sum n - sum n^2 / sum n - (J - 1))

The interval admits that a and b are estimated: the posterior of a group's rate is a mixture of Beta(x_j + a,
n_j - x_j + b) over the posterior of (a, b), proportional to L(a, b) (a + b)^(-5/2) (Gelman et al., Bayesian Data
Analysis, section 5.3). That hyperprior is flat in (mu, s^(-1/2)), the plane that the quadrature below works in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, betaln, digamma, gammaln, polygamma

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import numbers
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

METHODS = ("maximum-likelihood", "moments")
FEWEST_GROUPS = 3
# a prior worth this many times all the crimes there are is one rate for every group
STRONGEST = 1e4
WEAKEST = 1e-6
STRENGTHS, MEANS, SCAN = 30, 40, 400
# above this many times all the crimes, the points over mu lie too far apart for the Betas between them
FAR = 16.0
NEGLIGIBLE = 1e-9
ROUNDING = 1e-10


@dataclass(frozen=True, repr=False)
class PooledRates(Shown):
    """Recording rates of groups drawn towards each other; every array has one entry a group, in the order given.

    `rate` is the pooled rate and `raw_rate` the group's own (shares; nan for a group without a crime, whose rate is the
    mean of all). `weight` is the share (0-1) that the group's own rate has in it. `prior_mean` (0-1) and
    `prior_strength` (in crimes; inf where the groups differ no more than chance allows) describe the groups.
    `interval` admits that these are estimated; `naive_interval` does not and is too narrow: for comparison only.
    """

    rate: FloatArray
    raw_rate: FloatArray
    weight: FloatArray
    interval: Interval[FloatArray]
    naive_interval: Interval[FloatArray]
    prior_mean: float
    prior_strength: float
    method: str
    warnings: tuple[Caution, ...] = ()

    @property
    def beta_parameters(self) -> tuple[float, float]:
        """Return (a, b) of the groups' Beta distribution; infinite where the groups do not differ."""
        if math.isinf(self.prior_strength):
            return math.inf, math.inf
        return self.prior_mean * self.prior_strength, (1 - self.prior_mean) * self.prior_strength

    def __str__(self) -> str:
        worth = "one rate for all" if math.isinf(self.prior_strength) else f"worth {self.prior_strength:,.1f} crimes"
        return (
            f"{self.rate.size} groups around {percent(self.prior_mean)} ({worth}): pooled rates from "
            f"{percent(self.rate.min())} to {percent(self.rate.max())}"
        )


@dataclass(frozen=True)
class Hyperposterior:
    """The posterior of the groups' Beta distribution, as weighted points.

    `strength` holds one entry a row; `mean` and `weight` are rows x columns, and the weights add up to 1.
    """

    strength: FloatArray
    mean: FloatArray
    weight: FloatArray


def pool_rates(
    recorded: ArrayLike, reported: ArrayLike, *, confidence_level: float = 0.95, method: str = "maximum-likelihood"
) -> PooledRates:
    """Return the groups' recording rates, each drawn towards their mean, as PooledRates.

    `recorded` and `reported` hold one entry a group, and need not be whole: give rate x n_eff and n_eff where crimes
    are clustered in records. Methods: "maximum-likelihood", "moments" (Kleinman 1973); the interval is the same under
    both. Raises InvalidCounts for impossible counts, or fewer than three groups with a crime. Sources: Efron & Morris
    1975; Morris 1983; Gelman et al., Bayesian Data Analysis, chapter 5.
    """
    check_confidence_level(confidence_level)
    if method not in METHODS:
        raise InvalidCounts(f"method: found {method!r}; expected one of {', '.join(METHODS)}")
    x, n = _checked_groups(recorded, reported)
    cells, place, groups = _distinct(x, n)
    mean, strength = _fitted(cells, groups, method)
    weight = n / (n + strength) if math.isfinite(strength) else np.zeros(n.size)
    raw = np.divide(x, n, out=np.full(n.size, np.nan), where=n > 0)
    rate = np.where(n > 0, weight * np.nan_to_num(raw) + (1 - weight) * mean, mean)
    low, high = mixture_limits(cells[0], cells[1], hyperposterior(*cells, groups), confidence_level)
    if mean in (0.0, 1.0):
        low, high = (np.zeros_like(low), high) if mean == 0 else (low, np.ones_like(high))
    return PooledRates(
        rate, raw, weight,
        Interval(np.minimum(low[place], rate), np.maximum(high[place], rate), confidence_level, "hierarchical-beta"),
        _naive_interval(n, rate, strength, confidence_level),
        mean, strength, method, _cautions(x, n, strength),
    )  # fmt: skip


def hyperposterior(recorded: FloatArray, reported: FloatArray, groups: FloatArray | None = None) -> Hyperposterior:
    """Return the posterior of mu and s under the hyperprior (a + b)^(-5/2); `groups` says how often each pair occurs.

    Gauss-Legendre points over s^(-1/2) = v t / (1 - t), t in 0-1, v^-2 a typical group's crimes, and at each over mu,
    both within what matters. Where no group holds recorded and missed crimes alike, the posterior has no total:
    strengths below one crime are then left out.
    """
    x, n = recorded[reported > 0], reported[reported > 0]
    times = np.ones(x.size) if groups is None else groups[reported > 0]
    scale = float(times.sum() / (times * n).sum()) ** 0.5
    end = 1.0 if _mixed(x, n) else 1 / (1 + scale)
    share = (np.arange(SCAN) + 0.5) / SCAN * end
    log_density = _profile(x, n, times, (scale * share / (1 - share)) ** -2) - 2 * np.log1p(-share)
    matters = np.flatnonzero(log_density > log_density.max() + math.log(NEGLIGIBLE))
    share, width = _nodes(matters[0] / SCAN * end, (matters[-1] + 1) / SCAN * end, STRENGTHS)
    strength = (scale * share / (1 - share)) ** -2
    mean, mean_width = _mean_nodes(x, n, times, strength)
    log_likelihood = _log_likelihood(x, n, times, mean * strength[:, None], (1 - mean) * strength[:, None])
    log_weight = log_likelihood + np.log(mean_width * (width / (1 - share) ** 2)[:, None])
    weight = np.exp(log_weight - log_weight.max())
    return Hyperposterior(strength, mean, weight / weight.sum())


def mixture_limits(
    recorded: FloatArray, reported: FloatArray, posterior: Hyperposterior, confidence_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return equal-tailed limits of each group's rate under the posterior, by root finding on the mixture of Betas."""
    far = posterior.strength > FAR * reported.sum()
    first, second, weight = _near_betas(recorded[:, None], reported[:, None], posterior, ~far)
    if far.any():
        betas = _far_betas(recorded[:, None], reported[:, None], posterior, far)
        first, second, weight = (np.hstack(pair) for pair in zip((first, second, weight), betas, strict=True))
    weight = weight / weight.sum()
    tail = (1 - confidence_level) / 2
    return _mixture_quantile(first, second, weight, tail), _mixture_quantile(first, second, weight, 1 - tail)


def _near_betas(
    x: FloatArray, n: FloatArray, posterior: Hyperposterior, rows: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the Beta distributions of each group's rate at every point of the posterior, and their weights."""
    heavy = posterior.weight[rows] > 1000 * NEGLIGIBLE * posterior.weight.max()
    mean, strength = posterior.mean[rows], np.broadcast_to(posterior.strength[rows, None], heavy.shape)
    a, b = (mean * strength)[heavy], ((1 - mean) * strength)[heavy]
    return x + a, n - x + b, posterior.weight[rows][heavy]


def _far_betas(
    x: FloatArray, n: FloatArray, posterior: Hyperposterior, rows: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return one Beta for each strength, of the mean and variance that a group's rate has over mu.

    Far out the rate is hardly more than mu, and a mixture over points of mu would be a staircase.
    """
    s, weight = posterior.strength[rows], posterior.weight[rows]
    total = weight.sum(axis=1)
    centre = (weight * posterior.mean[rows]).sum(axis=1) / total
    spread = (weight * (posterior.mean[rows] - centre[:, None]) ** 2).sum(axis=1) / total
    rate = (x + s * centre) / (n + s)
    between = (s / (n + s)) ** 2 * spread
    worth = rate * (1 - rate) / (between + (rate * (1 - rate) - between) / (n + s + 1)) - 1
    return rate * worth, (1 - rate) * worth, total


def _mixture_quantile(first: FloatArray, second: FloatArray, weight: FloatArray, level: float) -> FloatArray:
    """Solve sum w I_q(first, second) = level for q, each row of its own: Newton's steps, kept within a bracket."""
    mean = (weight * first / (first + second)).sum(axis=1)
    square = (weight * first * (first + 1) / ((first + second) * (first + second + 1))).sum(axis=1)
    strength = np.maximum(mean * (1 - mean) / np.maximum(square - mean**2, 1e-300) - 1, 1e-3)
    quantile = _inside(betaincinv(mean * strength, (1 - mean) * strength, level))
    low, high = np.zeros(mean.size), np.ones(mean.size)
    constant = betaln(first, second)
    for _ in range(60):
        q = quantile[:, None]
        excess = (weight * betainc(first, second, q)).sum(axis=1) - level
        density = (weight * np.exp((first - 1) * np.log(q) + (second - 1) * np.log1p(-q) - constant)).sum(axis=1)
        low, high = np.where(excess < 0, quantile, low), np.where(excess < 0, high, quantile)
        following = quantile - excess / np.maximum(density, 1e-300)
        following = _inside(np.where((following > low) & (following < high), following, (low + high) / 2))
        moved, quantile = np.abs(following - quantile), following
        if (moved < 1e-10).all():
            break
    return quantile


def _inside(rate: FloatArray) -> FloatArray:
    return np.clip(rate, 1e-15, 1 - 1e-15)


def _fitted(cells: tuple[FloatArray, FloatArray], groups: FloatArray, method: str) -> tuple[float, float]:
    """Return the mean and strength of the groups' Beta distribution."""
    x, n = cells
    x, n, times = x[n > 0], n[n > 0], groups[n > 0]
    pooled = float((times * x).sum() / (times * n).sum())
    if not 0 < pooled < 1:
        return pooled, math.inf
    strength = max(_moment_strength(x, n, times, pooled), _weakest(x, n))
    return (pooled, strength) if method == "moments" else _likeliest(x, n, times, pooled, strength)


def _moment_strength(x: FloatArray, n: FloatArray, times: FloatArray, pooled: float) -> float:
    crimes, others = (times * n).sum(), times.sum() - 1
    spread = (times * n * (x / n - pooled) ** 2).sum() / (pooled * (1 - pooled))
    seen = crimes - (times * n * n).sum() / crimes - others
    if seen <= 0 or spread <= others:
        return math.inf
    return max(float(seen / (spread - others)) - 1, 0.0)


def _likeliest(x: FloatArray, n: FloatArray, times: FloatArray, pooled: float, start: float) -> tuple[float, float]:
    """Return the mean and strength of the largest L: of two climbs, the weakest prior, and one rate for every group."""
    weakest, strongest = _weakest(x, n), STRONGEST * float((times * n).sum())
    weight = times * n / (n + weakest)
    found = [(float((weight * x / n).sum() / weight.sum()), weakest)]
    for first in (1.0, min(max(start, 0.1), float(n.max()))):
        a, b = _climbed(x, n, times, first * pooled, first * (1 - pooled), strongest)
        if weakest < a + b < strongest:
            found.append((a / (a + b), a + b))
    value, mean, strength = max((float(_log_likelihood(x, n, times, m * s, (1 - m) * s)), m, s) for m, s in found)
    one_rate = float((times * (x * math.log(pooled) + (n - x) * math.log1p(-pooled))).sum())
    return (mean, strength) if value > one_rate + ROUNDING * abs(one_rate) else (pooled, math.inf)


def _climbed(
    x: FloatArray, n: FloatArray, times: FloatArray, a: float, b: float, strongest: float
) -> tuple[float, float]:
    """Return where Newton's steps over (log a, log b) lead, uphill in log L."""
    place = np.log([a, b])
    value = float(_log_likelihood(x, n, times, *np.exp(place)))
    for _ in range(200):
        step = _newton_step(x, n, times, *np.exp(place))
        while (following := float(_log_likelihood(x, n, times, *np.exp(place + step)))) < value - ROUNDING * abs(value):
            step /= 2
        place, value = place + step, following
        if np.abs(step).max() < 1e-11 or not WEAKEST < np.exp(place).sum() < strongest:
            break
    return float(np.exp(place[0])), float(np.exp(place[1]))


def _newton_step(x: FloatArray, n: FloatArray, times: FloatArray, a: float, b: float) -> FloatArray:
    """Return the step uphill in (log a, log b): along each axis of the curvature, by its size whatever its sign."""
    whole = (times * (digamma(n + a + b) - digamma(a + b))).sum()
    slope_a = a * ((times * (digamma(x + a) - digamma(a))).sum() - whole)
    slope_b = b * ((times * (digamma(n - x + b) - digamma(b))).sum() - whole)
    shared = (times * (polygamma(1, a + b) - polygamma(1, n + a + b))).sum()
    bend_a = a * a * ((times * (polygamma(1, x + a) - polygamma(1, a))).sum() + shared) + slope_a
    bend_b = b * b * ((times * (polygamma(1, n - x + b) - polygamma(1, b))).sum() + shared) + slope_b
    bends, axes = np.linalg.eigh(np.array([[bend_a, a * b * shared], [a * b * shared, bend_b]]))
    along = (axes * np.array([[slope_a], [slope_b]])).sum(axis=0) / np.maximum(np.abs(bends), 1e-9)
    step: FloatArray = (axes * along).sum(axis=1)
    return step / max(1.0, float(np.abs(step).max()))


def _log_likelihood(x: FloatArray, n: FloatArray, times: FloatArray, a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Return log L for every a and b given, without the binomial coefficients."""
    first, second = np.asarray(a, float), np.asarray(b, float)
    total = np.zeros(first.shape)
    for count, crimes, often in zip(x, n, times, strict=True):
        rises = _log_rise(first, count) + _log_rise(second, crimes - count) - _log_rise(first + second, crimes)
        total = total + often * rises
    return total


def _log_rise(value: FloatArray, by: float) -> FloatArray:
    """Return log Gamma(value + by) - log Gamma(value); by Stirling's series where the two would cancel."""
    large = np.maximum(value, 100.0)
    ratio = large + by
    series = (1 / ratio - 1 / large) / 12 - (1 / ratio**3 - 1 / large**3) / 360
    stirling = (large - 0.5) * np.log1p(by / large) + by * (np.log(ratio) - 1) + series
    small = np.clip(value, 1e-300, 100.0)
    return np.where(value < 100, gammaln(small + by) - gammaln(small), stirling)


def _profile(x: FloatArray, n: FloatArray, times: FloatArray, strength: FloatArray) -> FloatArray:
    """Return, to Laplace's approximation, the log posterior of each strength: only to see which strengths matter."""
    first, second = _mean_shape(x, n, times, strength)
    mean = first / (first + second)
    spread = 0.5 * np.log(mean * (1 - mean) / (first + second))
    return _log_likelihood(x, n, times, mean * strength, (1 - mean) * strength) + spread


def _mean_shape(x: FloatArray, n: FloatArray, times: FloatArray, strength: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the Beta shape that the posterior of mu nearly has at each strength: group j counts (s + 1) n/(s + n)."""
    known = times * n * ((strength[:, None] + 1) / (strength[:, None] + n))
    return 1 + (known * (x / n)).sum(axis=1), 1 + (known * (1 - x / n)).sum(axis=1)


def _mean_nodes(x: FloatArray, n: FloatArray, times: FloatArray, strength: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return points over mu and their widths, one row a strength, reaching well beyond what matters."""
    first, second = _mean_shape(x, n, times, strength)
    first, second = 1 + 0.6 * (first - 1), 1 + 0.6 * (second - 1)
    low, high = betaincinv(first, second, NEGLIGIBLE), betaincinv(first, second, 1 - NEGLIGIBLE)
    return _nodes(low[:, None], high[:, None], MEANS)


def _nodes(low: ArrayLike, high: ArrayLike, count: int) -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre points and widths between two ends."""
    points, widths = np.polynomial.legendre.leggauss(count)
    half = (np.asarray(high) - np.asarray(low)) / 2
    return np.asarray(low) + half * (points + 1), half * widths


def _naive_interval(n: FloatArray, rate: FloatArray, strength: float, level: float) -> Interval[FloatArray]:
    """Return Beta limits that take the estimated prior for the truth: without width where there is one rate for all."""
    if math.isinf(strength):
        return Interval(rate.copy(), rate.copy(), level, "beta")
    tail = (1 - level) / 2
    first, second = rate * (n + strength), (1 - rate) * (n + strength)
    low, high = (np.asarray(betaincinv(first, second, at), np.float64) for at in (tail, 1 - tail))
    return Interval(low, high, level, "beta")


def _weakest(x: FloatArray, n: FloatArray) -> float:
    return WEAKEST if _mixed(x, n) else 1.0


def _mixed(x: FloatArray, n: FloatArray) -> bool:
    return bool(((x > 0) & (x < n)).any())


def _distinct(x: FloatArray, n: FloatArray) -> tuple[tuple[FloatArray, FloatArray], np.ndarray, FloatArray]:
    """Return the distinct (x, n), which of them each group is, and how many groups each is: each is solved once."""
    cells, place, groups = np.unique(np.column_stack([x, n]), axis=0, return_inverse=True, return_counts=True)
    return (cells[:, 0], cells[:, 1]), place.reshape(-1), groups.astype(float)


def _checked_groups(recorded: ArrayLike, reported: ArrayLike) -> tuple[FloatArray, FloatArray]:
    x, n = numbers("recorded", recorded), numbers("reported", reported)
    if x.ndim != 1 or x.shape != n.shape:
        raise InvalidCounts(
            f"recorded, reported: found shapes {x.shape} and {n.shape}; expected one entry a group each"
        )
    fine = (x >= 0) & (x <= n) & (n < np.inf)
    if not fine.all():
        j = int(np.argmin(fine))
        raise InvalidCounts(
            f"group {j}: found {x[j]:g} recorded of {n[j]:g} reported; expected 0 <= recorded <= reported"
        )
    if (n > 0).sum() < FEWEST_GROUPS:
        raise InvalidCounts(
            f"reported: found {(n > 0).sum()} groups with a crime; expected at least {FEWEST_GROUPS}, "
            "fewer do not show how groups differ"
        )
    return x, n


def _cautions(x: FloatArray, n: FloatArray, strength: float) -> tuple[Caution, ...]:
    found = []
    crimes = n > 0
    if x.sum() in (0, n.sum()):
        what = "No crime was missed" if x.sum() else "No crime was recorded"
        found.append(Caution("unanimous", f"{what} in any group; how groups differ cannot be seen."))
    elif math.isinf(strength):
        found.append(Caution("no-spread", "The groups differ no more than chance allows: one rate is given to all."))
    elif not _mixed(x, n):
        message = "Every group is all recorded or all missed; the prior is taken to be worth at least one crime."
        found.append(Caution("all-or-nothing", message))
    if not crimes.all():
        empty = int((~crimes).sum())
        found.append(Caution("empty-groups", f"Groups without a crime: {empty}; each is given the mean of all groups."))
    return tuple(found)
