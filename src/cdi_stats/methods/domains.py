"""Several domains of one sample: their rates with covariance, contrasts between them, and one test over all.

Notation: domain g holds m_ig reported and k_ig recorded crimes of record i, p_g its rate, e_g its residuals (see
`survey`). Domains of one sample share records, so their rates are correlated:

    V_gg' = sum_h (1 - f_h) n_h/(n_h - 1) sum_i (e_hig - mean e_hg) (e_hig' - mean e_hg')

The test of equal rates is Pearson's X^2 on the weighted cells, adjusted to second order (Rao & Scott 1984):
F = X^2 / tr D on d = (tr D)^2 / tr D^2 and d (records - strata) degrees of freedom, D the matrix of design effects.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtrc

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import Change, compare_rates
from cdi_stats.methods.design import checked_crimes, code_labels, declare_design, numbers
from cdi_stats.methods.proportion import FloatArray
from cdi_stats.methods.survey import RateEstimate, Rates, estimate_rate
from cdi_stats.showing import Grid, Shown


@dataclass(frozen=True, repr=False)
class DomainRates(Shown):
    """Recording rates of several domains of one sample; `covariance` is a square array in the order of `rates`."""

    rates: dict[Hashable, RateEstimate]
    covariance: FloatArray

    def __str__(self) -> str:
        return str(Rates(self.rates))

    def _grid(self) -> Grid:
        return Rates(self.rates)._grid()

    def correlation(self, first: Hashable, second: Hashable) -> float:
        """Return the correlation of two domains' rates (-1 to 1; 0 where one of them does not vary)."""
        g, h = self._place(first), self._place(second)
        spread = math.sqrt(self.covariance[g, g] * self.covariance[h, h])
        return float(self.covariance[g, h] / spread) if spread else 0.0

    def compare(self, first: Hashable, second: Hashable, *, measure: str = "difference") -> Change:
        """Return the Change from the second domain to the first, their correlation allowed for."""
        return compare_rates(
            self.rates[self._name(first)],
            self.rates[self._name(second)],
            measure=measure,
            confidence_level=self.rates[first].interval.confidence_level,
            correlation=self.correlation(first, second),
        )

    def _name(self, label: Hashable) -> Hashable:
        if label not in self.rates:
            raise InvalidCounts(f"domain: found {label!r}; expected one of {', '.join(map(str, self.rates))}")
        return label

    def _place(self, label: Hashable) -> int:
        return list(self.rates).index(self._name(label))


@dataclass(frozen=True, repr=False)
class RaoScottTest(Shown):
    """Whether several domains share one rate: Rao and Scott's F, its degrees of freedom and p-value (0-1)."""

    statistic: float
    p_value: float
    degrees_of_freedom: tuple[float, float]
    design_effect: float

    def __str__(self) -> str:
        first, second = self.degrees_of_freedom
        return f"F = {self.statistic:.2f} on {first:.2f} and {second:.1f} degrees of freedom, p = {self.p_value:.3f}"


def estimate_domain_rates(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    domain: ArrayLike,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    weight: ArrayLike | None = None,
    lonely_stratum: str = "error",
    **options: Any,
) -> DomainRates:
    """Return the rates of every domain with their covariance, as DomainRates.

    Either `recorded` and `reported` hold one entry a record and `domain` labels the records; or, where crimes of one
    record belong to several domains (a flag on crimes), both are arrays of records x domains and `domain` names the
    columns. Other arguments as for estimate_rate. Raises InvalidCounts for impossible input, or a domain without crime.
    """
    k, m, names, inside = _by_domain(recorded, reported, domain)
    design = declare_design(
        k.shape[0], stratum=stratum, population=population, weight=weight, lonely_stratum=lonely_stratum
    )
    shared: dict[str, Any] = {
        "stratum": stratum, "population": population, "weight": weight, "lonely_stratum": lonely_stratum,
    }  # fmt: skip
    rates = {
        name: estimate_rate(k[:, g], m[:, g], domain=inside[:, g], **shared, **options) for g, name in enumerate(names)
    }
    crimes = (design.weight[:, None] * m).sum(axis=0)
    rate = np.array([estimate.rate for estimate in rates.values()])
    residual = design.weight[:, None] * (k - rate * m) / crimes
    return DomainRates(rates, design.covariance(residual))


def rao_scott_test(
    recorded: ArrayLike,
    reported: ArrayLike,
    *,
    domain: ArrayLike,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> RaoScottTest:
    """Return Rao and Scott's test that all domains share one recording rate; svychisq's F.

    Arguments as for estimate_domain_rates. Raises InvalidCounts for fewer than two domains, or where no crime (or
    every crime) was missed, so that there is nothing to test.
    """
    k, m, names, _ = _by_domain(recorded, reported, domain)
    if len(names) < 2:
        raise InvalidCounts(f"domain: found {len(names)}; expected two or more to compare")
    if k.sum() in (0, m.sum()):
        raise InvalidCounts("recorded: found every crime or none recorded; expected both, else there is no test")
    design = declare_design(k.shape[0], stratum=stratum, population=population, weight=weight)
    w = design.weight[:, None]
    cells = np.concatenate([w * k, w * (m - k)], axis=1)
    whole = float(cells.sum())
    share = cells.sum(axis=0) / whole
    variance = design.covariance((cells - share * cells.sum(axis=1, keepdims=True)) / whole)
    crimes = float(m.sum())
    effects = _design_effects(share, variance * crimes, len(names))
    trace, squared = float(np.trace(effects)), float((effects * effects.T).sum())
    if trace <= 1e-12:
        raise InvalidCounts("recorded: found no variation within any domain; expected some, else there is no test")
    first = trace**2 / squared
    second = first * (design.stratum.size - len(design.names))
    statistic = crimes * _pearson(share.reshape(2, -1)) / trace
    return RaoScottTest(statistic, float(fdtrc(first, second, statistic)), (first, second), trace / (len(names) - 1))


def _pearson(share: FloatArray) -> float:
    expected = share.sum(axis=1, keepdims=True) * share.sum(axis=0)
    return float(((share - expected) ** 2 / expected).sum())


def _design_effects(share: FloatArray, variance: FloatArray, domains: int) -> FloatArray:
    """Return Rao and Scott's matrix D of generalised design effects: (C'D^-1 C)^-1 (C' D^-1 V D^-1 C), D = diag share.

    C spans the interaction of outcome and domain, made orthogonal to both main effects.
    """
    outcome, group = np.repeat([0, 1], domains), np.tile(np.arange(domains), 2)
    contrast = (outcome - 0.5)[:, None] * ((group[:, None] == np.arange(1, domains)) - 1 / domains)
    inverse = np.divide(1.0, share, out=np.zeros_like(share), where=share > 0)
    scaled = contrast * inverse[:, None]
    simple = np.einsum("ia,ib->ab", contrast, scaled)
    return np.linalg.solve(simple, np.einsum("ia,ij,jb->ab", scaled, variance, scaled))


def _by_domain(
    recorded: ArrayLike, reported: ArrayLike, domain: ArrayLike
) -> tuple[FloatArray, FloatArray, list[Hashable], np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return crimes recorded and reported as records x domains, the domains' names, and which records are inside."""
    k, m = numbers("recorded", recorded), numbers("reported", reported)
    if k.ndim == 2:
        names: list[Hashable] = list(np.asarray(domain).tolist())
        if k.shape != m.shape or k.shape[1] != len(names):
            raise InvalidCounts(
                f"recorded, reported: found shapes {k.shape} and {m.shape}; expected records x domains, {len(names)}"
            )
        checked_crimes(k.ravel(), m.ravel())
        inside = m > 0
    else:
        k, m = checked_crimes(recorded, reported)
        labels = code_labels("domain", domain, k.size)
        names = list(labels.names)
        inside = np.asarray(labels.codes[:, None] == np.arange(len(names)))
        k, m = k[:, None] * inside, m[:, None] * inside
    empty = [str(name) for name, crimes in zip(names, m.sum(axis=0), strict=True) if not crimes]
    if empty:
        raise InvalidCounts(f"domain {', '.join(empty)}: found no reported crime; expected at least one in each")
    return k, m, names, inside
