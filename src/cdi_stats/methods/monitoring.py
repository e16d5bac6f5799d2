"""Rates over time and between groups: Laney's p' chart and Spiegelhalter's funnel, on effective sample sizes.

Notation: point (month, force) i has rate p_i on n_i effective crimes.

p' chart (Laney 2002), with pbar = sum n p / sum n over the baseline and MR the mean of |z_i - z_(i-1)|:

    z_i = (p_i - pbar) / sqrt(pbar (1 - pbar) / n_i)    sigma_z = MR / 1.128
    limits_i = pbar -+ 3 sigma_z sqrt(pbar (1 - pbar) / n_i)

Funnel (Spiegelhalter 2005a, b), with y = arcsin sqrt(rate), s_i^2 = 1 / (4 n_i), w_i = 1 / s_i^2, I groups:

    z_i = (y_i - y_target) / s_i, winsorised          phi = sum z_i^2 / I
    tau^2 = max(0, (I phi - (I - 1)) / (sum w - sum w^2 / sum w))
    limits at n: sin^2(y_target -+ z sqrt(1 / (4 n) + tau^2))     multiplicative: -+ z sqrt(phi / (4 n))

With crimes in place of effective crimes both would take clustering in records for differences between the points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import numbers
from cdi_stats.methods.proportion import FloatArray, Interval, check_confidence_level, normal_quantile
from cdi_stats.methods.survey import Caution
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

BoolArray = NDArray[np.bool_]
# d2, the mean range of two standard normal values, as every chart manual rounds it
MEAN_RANGE_OF_TWO = 1.128
CHART_WIDTH = 3.0
RUN_LENGTH = 8
FEWEST_GROUPS = 3
FEW_GROUPS = 10
FUNNEL_LEVELS = (0.95, 0.998)
FORMS = ("additive", "multiplicative", "none")


@dataclass(frozen=True, repr=False)
class ControlChart(Shown):
    """A p' chart; every array has one entry a point, in the order given.

    `centre`, `low` and `high` are shares (0-1); `sigma_z` is how much more (or less) the points vary than crimes drawn
    at random would; `segment` counts from 0, one more after every break. `outside` marks points beyond a limit, `run`
    points of eight or more in a row on one side of the centre (of one segment).
    """

    rate: FloatArray
    effective_sample_size: FloatArray
    centre: FloatArray
    sigma_z: FloatArray
    low: FloatArray
    high: FloatArray
    outside: BoolArray
    run: BoolArray
    segment: NDArray[np.intp]
    warnings: tuple[Caution, ...] = ()

    @property
    def signals(self) -> tuple[int, ...]:
        """Return the places, from 0, of the points that are outside or in a run."""
        return tuple(np.flatnonzero(self.outside | self.run).tolist())

    def __str__(self) -> str:
        found = f"{self.outside.sum()} outside the limits, {self.run.sum()} in a run of {RUN_LENGTH} or more"
        return f"{self.rate.size} points around {percent(self.centre[-1])}: {found}"


@dataclass(frozen=True, repr=False)
class Funnel(Shown):
    """Groups against a target; arrays have one entry a group, in the order given.

    `z_score` is a group's distance from the target in standard errors without over-dispersion, `adjusted_z_score` with
    it. `phi` and `tau_squared` come from winsorised scores, `raw_phi` and `raw_tau_squared` from all as they are.
    `dispersion_p_value` is the chance (0-1) of scores as spread as these were all groups alike. `limits` are the
    groups' own limits at each of `levels`, `outside` the groups beyond them.
    """

    rate: FloatArray
    effective_sample_size: FloatArray
    target: float
    z_score: FloatArray
    adjusted_z_score: FloatArray
    phi: float
    tau_squared: float
    raw_phi: float
    raw_tau_squared: float
    dispersion_p_value: float
    form: str
    levels: tuple[float, ...]
    warnings: tuple[Caution, ...] = ()

    @property
    def limits(self) -> dict[float, Interval[FloatArray]]:
        """Return the limits that each group is held against, by level."""
        return self.limits_at(self.effective_sample_size)

    @property
    def outside(self) -> dict[float, BoolArray]:
        """Return which groups lie beyond the limits, by level."""
        return {level: np.abs(self.adjusted_z_score) > normal_quantile(level) for level in self.levels}

    def limits_at(self, sizes: ArrayLike) -> dict[float, Interval[FloatArray]]:
        """Return the limits (0-1) at any effective sample sizes, by level: the funnel's curves.

        Raises InvalidCounts for a size that is not above 0.
        """
        size = numbers("sizes", sizes)
        if not ((size > 0) & (size < np.inf)).all():
            raise InvalidCounts("sizes: found one that is not above 0; expected effective numbers of crimes")
        centre = np.arcsin(np.sqrt(self.target))
        error = _adjusted_error(1 / (4 * size), self.form, self.phi, self.tau_squared)
        limits = {}
        for level in self.levels:
            margin = normal_quantile(level) * error
            low = np.sin(np.maximum(centre - margin, 0)) ** 2
            high = np.sin(np.minimum(centre + margin, np.pi / 2)) ** 2
            limits[level] = Interval(low, high, level, f"funnel-{self.form}")
        return limits

    def __str__(self) -> str:
        beyond = ", ".join(
            f"{outside.sum()} beyond the {100 * level:g}% limits" for level, outside in self.outside.items()
        )
        return f"{self.rate.size} groups around {percent(self.target)} (phi {self.phi:.2f}, {self.form}): {beyond}"


def p_prime_chart(
    rate: ArrayLike,
    effective_sample_size: ArrayLike,
    *,
    baseline: int | ArrayLike | None = None,
    breaks: Sequence[int] = (),
) -> ControlChart:
    """Return Laney's p' chart of rates in order of time, as a ControlChart.

    `rate` (0-1; of crimes recorded, or missed) and `effective_sample_size` (crimes) have one entry a point. `baseline`
    says which points set centre and limits: how many first points of each segment, or a mask (default: all); moving
    ranges join successive baseline points. `breaks` are the places, from 0, of the first points after a change of the
    rules: each segment has its own centre. Where a segment's baseline does not vary at all no limits can be set: they
    are 0 and 1, with a warning. Raises InvalidCounts for impossible input, or a segment with fewer than two points in
    its baseline.
    """
    p, n = _checked_points(rate, effective_sample_size, fewest=2)
    segment = _segments(breaks, p.size)
    chosen = _baseline(baseline, segment)
    centre, sigma_z = np.empty(p.size), np.empty(p.size)
    for part in range(int(segment[-1]) + 1):
        inside = segment == part
        centre[inside], sigma_z[inside] = _centre_and_spread(p[inside & chosen], n[inside & chosen], part)
    unlimited = sigma_z == 0
    margin = CHART_WIDTH * sigma_z * np.sqrt(centre * (1 - centre) / n)
    low = np.where(unlimited, 0.0, np.clip(centre - margin, 0, 1))
    high = np.where(unlimited, 1.0, np.clip(centre + margin, 0, 1))
    outside = (p < low) | (p > high)
    return ControlChart(
        p, n, centre, sigma_z, low, high, outside, _runs(np.sign(p - centre), segment), segment,
        _chart_cautions(segment, unlimited),
    )  # fmt: skip


def funnel(
    rate: ArrayLike,
    effective_sample_size: ArrayLike,
    *,
    target: float | None = None,
    form: str = "additive",
    winsorise: float = 0.1,
    levels: Sequence[float] = FUNNEL_LEVELS,
) -> Funnel:
    """Return groups' rates against a target with limits that allow for over-dispersion, as a Funnel.

    `rate` (0-1) and `effective_sample_size` (crimes) have one entry a group; `target` defaults to the rate of all
    groups together. `form` is "additive" (tau^2 between groups, applied whenever it is above 0: no test decides),
    "multiplicative" (phi, where it is above 1) or "none". `winsorise` is the share (0 to 0.5) of scores drawn in at
    each end before phi is taken, by R's default quantiles. Raises InvalidCounts for impossible input, or fewer than
    three groups. Sources: Spiegelhalter 2005 (Statistics in Medicine 24:1185-1202; Quality and Safety in Health Care
    14:347-351); phi and tau^2 agree with R's FunnelPlotR.
    """
    p, n = _checked_points(rate, effective_sample_size, fewest=FEWEST_GROUPS)
    _check_options(target, form, winsorise, levels)
    aim = float((n * p).sum() / n.sum()) if target is None else float(target)
    aim = min(max(aim, 0.0), 1.0)
    score = (np.arcsin(np.sqrt(p)) - np.arcsin(np.sqrt(aim))) * 2 * np.sqrt(n)
    drawn_in = np.clip(score, *np.quantile(score, [winsorise, 1 - winsorise]))
    phi, tau_squared = _dispersion(drawn_in, n)
    raw_phi, raw_tau_squared = _dispersion(score, n)
    error = _adjusted_error(1 / (4 * n), form, phi, tau_squared)
    freedom = p.size - (target is None)
    return Funnel(
        p, n, aim, score, score / (2 * np.sqrt(n)) / error, phi, tau_squared, raw_phi, raw_tau_squared,
        float(chdtrc(freedom, p.size * raw_phi)), form, tuple(levels), _funnel_cautions(p, aim),
    )  # fmt: skip


def _dispersion(score: FloatArray, n: FloatArray) -> tuple[float, float]:
    """Return phi and tau^2 of the scores."""
    groups, weight = score.size, 4 * n
    phi = float((score**2).sum() / groups)
    unexplained = (groups * phi - (groups - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    return phi, max(0.0, float(unexplained))


def _adjusted_error(variance: FloatArray, form: str, phi: float, tau_squared: float) -> FloatArray:
    """Return the standard error on the arcsine scale, over-dispersion allowed for."""
    if form == "additive":
        variance = variance + tau_squared
    elif form == "multiplicative":
        variance = variance * max(phi, 1.0)
    error: FloatArray = np.sqrt(variance)
    return error


def _centre_and_spread(p: FloatArray, n: FloatArray, part: int) -> tuple[float, float]:
    """Return pbar and sigma_z of a baseline; 0 for sigma_z where its points do not vary."""
    if p.size < 2:
        raise InvalidCounts(f"baseline: found {p.size} points in segment {part}; expected at least two in each")
    if (p == p[0]).all():
        return float(p[0]), 0.0
    centre = float((n * p).sum() / n.sum())
    z = (p - centre) / np.sqrt(centre * (1 - centre) / n)
    return centre, float(np.abs(np.diff(z)).mean()) / MEAN_RANGE_OF_TWO


def _runs(side: FloatArray, segment: NDArray[np.intp]) -> BoolArray:
    """Return which points are in a run of at least RUN_LENGTH on one side; a point on the centre ends a run."""
    begins = np.r_[True, (side[1:] != side[:-1]) | (segment[1:] != segment[:-1])]
    stretch = np.cumsum(begins) - 1
    long: BoolArray = (np.bincount(stretch)[stretch] >= RUN_LENGTH) & (side != 0)
    return long


def _segments(breaks: Sequence[int], points: int) -> NDArray[np.intp]:
    places = list(breaks)
    if any(not isinstance(at, (int, np.integer)) or not 0 < at < points for at in places):
        raise InvalidCounts(f"breaks: found {places}; expected places of points, whole numbers from 1 to {points - 1}")
    starts = np.zeros(points, np.intp)
    starts[places] = 1
    segment: NDArray[np.intp] = np.cumsum(starts)
    return segment


def _baseline(baseline: int | ArrayLike | None, segment: NDArray[np.intp]) -> BoolArray:
    """Return which points set the centre of their segment."""
    if baseline is None:
        return np.ones(segment.size, bool)
    if isinstance(baseline, (int, np.integer)) and not isinstance(baseline, bool):
        if baseline < 2:
            raise InvalidCounts(f"baseline: found {baseline}; expected at least two first points, or a mask")
        first: BoolArray = np.arange(segment.size) - np.searchsorted(segment, segment) < baseline
        return first
    mask = np.asarray(baseline)
    if mask.dtype != bool or mask.shape != segment.shape:
        raise InvalidCounts(
            f"baseline: found shape {mask.shape} of {mask.dtype}; expected a number, or true or false for each point"
        )
    return mask


def _checked_points(rate: ArrayLike, size: ArrayLike, *, fewest: int) -> tuple[FloatArray, FloatArray]:
    p, n = numbers("rate", rate), numbers("effective_sample_size", size)
    if p.ndim != 1 or p.shape != n.shape:
        raise InvalidCounts(
            f"rate, effective_sample_size: found shapes {p.shape} and {n.shape}; expected one entry a point each"
        )
    if p.size < fewest:
        raise InvalidCounts(f"rate: found {p.size} points; expected at least {fewest}")
    for name, values, fine, expected in (
        ("rate", p, (p >= 0) & (p <= 1), "a share from 0 to 1"),
        ("effective_sample_size", n, (n > 0) & (n < np.inf), "a number of crimes above 0"),
    ):
        if not fine.all():
            i = int(np.argmin(fine))
            raise InvalidCounts(f"{name}[{i}]: found {values[i]:g}; expected {expected}")
    return p, n


def _check_options(target: float | None, form: str, winsorise: float, levels: Sequence[float]) -> None:
    if form not in FORMS:
        raise InvalidCounts(f"form: found {form!r}; expected one of {', '.join(FORMS)}")
    if target is not None and not 0 <= target <= 1:
        raise InvalidCounts(f"target: found {target!r}; expected a share from 0 to 1")
    if not 0 <= winsorise < 0.5:
        raise InvalidCounts(f"winsorise: found {winsorise!r}; expected a share from 0 to below 0.5")
    for level in levels:
        check_confidence_level(level)


def _chart_cautions(segment: NDArray[np.intp], unlimited: BoolArray) -> tuple[Caution, ...]:
    parts = sorted({int(part) for part in segment[unlimited]})
    if not parts:
        return ()
    where = ", ".join(map(str, parts))
    return (Caution("no-variation", f"The baseline of segment {where} does not vary: no limits can be set from it."),)


def _funnel_cautions(p: FloatArray, target: float) -> tuple[Caution, ...]:
    found = []
    if target in (0.0, 1.0):
        found.append(Caution("unanimous", f"The target is {target:.0%}: only chance below or above it can be judged."))
    if p.size < FEW_GROUPS:
        message = f"Only {p.size} groups: how much groups differ beyond chance is hardly known."
        found.append(Caution("few-groups", message))
    return tuple(found)
