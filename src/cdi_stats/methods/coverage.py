"""Coverage, shown: how often each interval holds the true rate, in audits simulated from known populations.

A population says how many crimes a record holds and how its crimes are recorded: record i holds m crimes with chance
f_m; its own rate is Beta with mean p_m and intra-record correlation c, and each crime is recorded with that chance. The
means p_m are set so that sum f_m m p_m / sum f_m m is the true rate. A cell is a population, a number of records and a
true rate; its audits are drawn in chunks, each from its own seed, so that chunks may run anywhere and be added up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import FloatArray, Interval, proportion_interval
from cdi_stats.methods.survey import RateEstimate, estimate_rate
from cdi_stats.rounding import percent
from cdi_stats.showing import Shown

RECORDS = (150, 230, 500, 700)
RATES = (0.83, 0.90, 0.95, 0.97)
AUDITS_A_CHUNK = 500


@dataclass(frozen=True)
class Population:
    """A population of records: `crimes` and `shares` give f_m; `correlation` c is that of crimes within a record.

    `missed` gives the missed share of each size relative to the others (None: all alike); sizes at `mega` or above (by
    default none) are recorded at the rate `mega_rate` instead, and the others make up for it.
    """

    name: str
    crimes: tuple[int, ...]
    shares: tuple[float, ...]
    correlation: float
    missed: Callable[[FloatArray], FloatArray] | None = None
    mega: float = math.inf
    mega_rate: float = 0.0

    def rates_by_size(self, rate: float) -> FloatArray:
        """Return p_m, one a size, so that the population's recording rate is `rate`; or raise InvalidCounts."""
        m, f = np.array(self.crimes, float), np.array(self.shares)
        relative = np.ones(m.size) if self.missed is None else self.missed(m)
        big = m >= self.mega
        missed = (1 - rate) * (f * m).sum() - (f * m)[big].sum() * (1 - self.mega_rate)
        level = missed / (f * m * relative)[~big].sum()
        means = np.where(big, self.mega_rate, 1 - level * relative)
        if not ((means >= 0) & (means <= 1)).all():
            raise InvalidCounts(f"rate: found {rate}; population {self.name!r} cannot have it")
        return means

    def draw(
        self, audits: int, records: int, rate: float, random: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return crimes recorded and reported of `audits` samples of `records`, one row an audit."""
        size = random.choice(len(self.crimes), p=self.shares, size=(audits, records))
        m, mean = np.array(self.crimes)[size], self.rates_by_size(rate)[size]
        own = mean
        if self.correlation:
            strength = (1 - self.correlation) / self.correlation
            inside = np.clip(mean, 1e-9, 1 - 1e-9)
            own = random.beta(inside * strength, (1 - inside) * strength)
        return random.binomial(m, own).astype(float), m.astype(float)


def _tail(sizes: Iterable[int], power: float, share: float) -> tuple[float, ...]:
    raw = np.array([size**-power for size in sizes])
    return tuple((share * raw / raw.sum()).tolist())


_MEGA_BASE = (0.25, 0.45, 0.20, 0.07, 0.03)
POPULATIONS = {
    population.name: population
    for population in (
        Population("iid", (1,), (1.0,), 0.0),
        Population("mild", (0, 1, 2, 3, 4), (0.25, 0.60, 0.11, 0.03, 0.01), 0.3),
        Population(
            "size-dependent", tuple(range(7)), (0.2, 0.53, 0.15, 0.07, 0.03, 0.015, 0.005), 0.3, missed=lambda m: m
        ),
        Population("skew", tuple(range(11)), (0.2, *_tail(range(1, 11), 2.4, 0.8)), 0.5),
        Population(
            "mega-2", (*range(5), *range(5, 21)), (*(0.995 * s for s in _MEGA_BASE), *(0.005 / 16,) * 16), 0.3,
            mega=5, mega_rate=0.5,
        ),
        Population(
            "mega", (*range(5), *range(8, 36)), (*(0.99 * s for s in _MEGA_BASE), *(0.01 / 28,) * 28), 0.3,
            mega=8, mega_rate=0.3,
        ),
    )
}  # fmt: skip
ORDINARY = ("iid", "mild", "size-dependent", "skew")


@dataclass(frozen=True)
class Cell:
    """One population, number of records and true rate (0-1)."""

    population: str
    records: int
    rate: float


@dataclass(frozen=True, repr=False)
class Coverage(Shown):
    """How an interval did in a cell: audits whose interval held the true rate, and the intervals' widths added up.

    `without_width` counts intervals of no width, `warned` audits told that one record dominates, that few degrees of
    freedom decide, or that all crimes or none were recorded.
    """

    cell: Cell
    method: str
    audits: int
    covered: int
    width: float
    without_width: int
    warned: int

    def __str__(self) -> str:
        return f"{self.method}: {percent(self.share)} of {self.audits:,} simulated audits held the true rate"

    @property
    def share(self) -> float:
        """Return the share (0-1) of audits whose interval held the true rate."""
        return self.covered / self.audits

    @property
    def mean_width(self) -> float:
        """Return the mean width of the intervals, as a share."""
        return self.width / self.audits

    def __add__(self, other: Coverage) -> Coverage:
        """Return both chunks of one cell and method together."""
        if (self.cell, self.method) != (other.cell, other.method):
            raise InvalidCounts("coverage: found chunks of two cells or methods; expected one")
        sums = (
            getattr(self, name) + getattr(other, name)
            for name in ("audits", "covered", "width", "without_width", "warned")
        )
        return Coverage(self.cell, self.method, *sums)


def coverage_cells(*, full: bool = True) -> Iterator[Cell]:
    """Yield the cells of the study: every population x records x rate that can be; of a small one, the ends of each."""
    for name in POPULATIONS:
        for records in RECORDS if full else (RECORDS[0], RECORDS[-2]):
            rates = RATES if full else RATES[::2]
            for rate in rates if name != "mega" else rates[:1]:
                yield Cell(name, records, rate)


def simulate_coverage(
    cell: Cell, *, audits: int, seed: int, spread: Callable[..., Iterable[list[Coverage]]] = map
) -> list[Coverage]:
    """Return the Coverage of every interval of INTERVALS in a cell, from `audits` simulated audits.

    The same seed gives the same audits, in chunks of 500 that are seeded each on its own. `spread` is a map that may
    make its calls anywhere, such as on_cluster gives, as long as their results come in order: what is returned is the
    same. Raises InvalidCounts for an unknown population, a rate it cannot have, or no audit.
    """
    if cell.population not in POPULATIONS:
        raise InvalidCounts(f"population: found {cell.population!r}; expected one of {', '.join(POPULATIONS)}")
    if audits < 1:
        raise InvalidCounts(f"audits: found {audits}; expected at least one")
    chunks = range(-(-audits // AUDITS_A_CHUNK))
    sizes = [min(AUDITS_A_CHUNK, audits - chunk * AUDITS_A_CHUNK) for chunk in chunks]
    found = spread(partial(_chunk, cell, seed), chunks, sizes)
    return [sum(parts[1:], parts[0]) for parts in zip(*found, strict=True)]


def _chunk(cell: Cell, seed: int, chunk: int, audits: int) -> list[Coverage]:
    return coverage_chunk(cell, chunk, audits=audits, seed=seed)


def coverage_chunk(cell: Cell, chunk: int, *, audits: int, seed: int) -> list[Coverage]:
    """Return the Coverage of one chunk of a cell, whatever ran before it: the unit that batches share out."""
    key = (list(POPULATIONS).index(cell.population), cell.records, round(1e6 * cell.rate), chunk)
    random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    recorded, reported = POPULATIONS[cell.population].draw(audits, cell.records, cell.rate, random)
    audit = np.repeat(np.arange(audits), cell.records)
    estimates = {
        rule: list(
            estimate_rate(
                recorded.ravel(), reported.ravel(), stratum=audit, domain=audit, degrees_of_freedom=rule
            ).values()
        )
        for rule in ("kurtosis", "design")
    }
    return [_score(cell, name, estimates[rule], limits) for name, (rule, limits) in INTERVALS.items()]


def _score(
    cell: Cell, method: str, estimates: list[RateEstimate], limits: Callable[[RateEstimate], Interval[float]]
) -> Coverage:
    intervals = [limits(estimate) for estimate in estimates]
    low, high = (np.array([getattr(interval, end) for interval in intervals]) for end in ("low", "high"))
    held = (low <= cell.rate) & (cell.rate <= high)
    told = [{caution.code for caution in e.warnings} & TELLING for e in estimates]
    return Coverage(
        cell, method, len(estimates), int(held.sum()), float((high - low).sum()), int((high <= low).sum()),
        sum(map(bool, told)),
    )  # fmt: skip


def _plain(method: str) -> Callable[[RateEstimate], Interval[float]]:
    """Return the interval that takes crimes as a simple random sample, records unseen."""

    def limits(estimate: RateEstimate) -> Interval[float]:
        return proportion_interval(estimate.recorded, estimate.reported, method=method)

    return limits


def _by(method: str) -> Callable[[RateEstimate], Interval[float]]:
    def limits(estimate: RateEstimate) -> Interval[float]:
        return estimate.by(method).interval

    return limits


TELLING = frozenset({"one-record-dominates", "few-degrees-of-freedom", "unanimous"})
DEFAULT = "Wilson, kurtosis degrees of freedom"
INTERVALS: dict[str, tuple[str, Callable[[RateEstimate], Interval[float]]]] = {
    "Wald, records unseen": ("design", _plain("wald")),
    "Wilson, records unseen": ("design", _plain("wilson")),
    "Clopper-Pearson, records unseen": ("design", _plain("clopper-pearson")),
    "Wald, design degrees of freedom": ("design", _by("wald")),
    "arcsine, design degrees of freedom": ("design", _by("arcsine")),
    "logit, design degrees of freedom": ("design", _by("logit")),
    "Wilson, design degrees of freedom": ("design", _by("wilson")),
    DEFAULT: ("kurtosis", _by("wilson")),
    "Korn-Graubard, design degrees of freedom": ("design", _by("korn-graubard")),
    "Korn-Graubard, kurtosis degrees of freedom": ("kurtosis", _by("korn-graubard")),
}
