"""The declared sample: strata, frames and weights of its records, and the variance of what is added over them.

Notation: n_h records were sampled of N_h in stratum h, f_h = n_h / N_h; w the weight of a record (N_h / n_h unless
given); e its residual, already weighted and 0 outside a domain. Every variance of the package is

    V_h = (1 - f_h) n_h/(n_h - 1) S2_h,    S2_h = sum_i (e_hi - mean e_h)^2,    V = sum_h V_h

(Cochran 1977, ch. 5 and 11), and its degrees of freedom come from the residuals' kurtosis by Satterthwaite's rule

    df_h = 2 S2_h^2 / (S4_h - S2_h^2 / n_h),    df = V^2 / sum_h (V_h^2 / df_h)

(after Valliant & Rust 2010; about twice the number of records with misses). Many domains are done in one pass over
the cells domain x stratum, so that 43 forces cost little more than one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import FloatArray

IntArray = NDArray[np.intp]
LONELY_RULES = ("error", "adjust", "average", "certainty")


@dataclass(frozen=True)
class Labels:
    """A column of labels as codes: `codes` one a record, `names` one a label, sorted or as its categories stand."""

    codes: IntArray
    names: tuple[Any, ...]

    @property
    def by_appearance(self) -> list[int]:
        """Return the codes in the order in which the records first show them."""
        _, first = np.unique(self.codes, return_index=True)
        return self.codes[np.sort(first)].tolist()  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Spread:
    """The sampling variance of domain sums, one entry a domain.

    `kurtosis_df` is Satterthwaite's degrees of freedom and `design_df` records minus strata, both of the domain, at
    least 1; `top_share` the largest record's share of the variance (0-1, nan where it is 0); `strata` the strata the
    domain touches, `census` whether all of these were sampled whole, `lonely` whether one of them has one record.
    """

    variance: FloatArray
    kurtosis_df: FloatArray
    design_df: FloatArray
    top_share: FloatArray
    strata: IntArray
    census: NDArray[np.bool_]
    lonely: NDArray[np.bool_]


@dataclass(frozen=True)
class Design:
    """The declared sample: one entry a record, and one a stratum (`sampled`, `frame`; frame inf where unknown).

    `lonely` says what a stratum with one sampled record of several does: "error", or R survey's rules "adjust" (its
    residual counts from 0), "average" (the mean variance of the others) or "certainty" (none).
    """

    weight: FloatArray
    stratum: IntArray
    names: tuple[Hashable, ...]
    sampled: FloatArray
    frame: FloatArray
    lonely: str = "error"

    @property
    def unsampled(self) -> FloatArray:
        """Return 1 - f_h, one entry a stratum."""
        return 1 - np.where(np.isfinite(self.frame), self.sampled / self.frame, 0.0)

    @property
    def factor(self) -> FloatArray:
        """Return (1 - f_h) n_h / (n_h - 1), one entry a stratum (n_h where n_h is 1)."""
        return self.unsampled * self.sampled / np.maximum(self.sampled - 1, 1)

    @property
    def alone(self) -> NDArray[np.bool_]:
        """Return the strata with one sampled record of several: their variation cannot be seen."""
        return np.asarray((self.sampled < 2) & (self.frame != self.sampled))

    def spread(self, residual: FloatArray, domain: IntArray, domains: int, *, largest: FloatArray) -> Spread:
        """Return the variance of the residuals' sum in each domain: `domain` holds a code a record, -1 for none.

        `largest` is the greatest value that a record could add to its domain's sum: what is 1e-12 of it is rounding.
        """
        d, h, e = domain, self.stratum, residual
        if domain.size and domain.min() < 0:
            inside = np.flatnonzero(domain >= 0)
            d, h, e = d[inside], h[inside], e[inside]
        cell, cell_domain, cell_stratum = self._cells(d, h, domains)
        n, count = self.sampled[cell_stratum], np.bincount(cell, minlength=cell_domain.size)
        touched = count > 0
        lonely = touched & self.alone[cell_stratum]
        self._refuse_lonely(cell_stratum[lonely])

        mean = np.bincount(cell, e, cell_domain.size) / n
        if self.lonely == "adjust":
            mean[lonely] = 0.0
        centred = e - mean[cell]
        # rounding must not pass for variation: it would claim an almost infinite effective sample
        mean[np.abs(mean) < 1e-12 * largest[cell_domain]] = 0.0
        centred[np.abs(centred) < 1e-12 * largest[d]] = 0.0
        squared = centred * centred
        outside = n - count
        squares = np.bincount(cell, squared, cell_domain.size) + outside * mean**2
        fourths = np.bincount(cell, squared * squared, cell_domain.size) + outside * mean**4
        parts = self.factor[cell_stratum] * squares

        strata = np.bincount(cell_domain, touched, domains)
        lonely_strata = np.bincount(cell_domain, lonely, domains)
        variance = group_sums(parts, cell_domain, domains)
        top = domain_maximum(self.factor[h] * squared, d, domains)
        with np.errstate(divide="ignore", invalid="ignore"):
            lost = np.bincount(cell_domain, parts**2 * _inverse_df(squares, fourths, n), domains)
            design_df = np.maximum(np.bincount(d, minlength=domains) - strata, 1.0)
            kurtosis_df = np.clip(np.where(lost > 0, variance**2 / lost, np.inf), 1.0, design_df)
            top_share = np.where(variance > 0, top / variance, np.nan)
            if self.lonely == "average":
                seen = strata - lonely_strata
                variance = variance * np.where(seen > 0, strata / seen, 1.0)
        return Spread(
            variance=variance,
            kurtosis_df=kurtosis_df,
            design_df=design_df,
            top_share=top_share,
            strata=strata.astype(np.intp),
            census=np.bincount(cell_domain, touched & (self.unsampled[cell_stratum] > 0), domains) == 0,
            lonely=lonely_strata > 0,
        )

    def covariance(self, residual: FloatArray) -> FloatArray:
        """Return the covariance of the columns' sums over the sample: `residual` is an array of records x columns."""
        touched = np.bincount(self.stratum, (residual != 0).any(axis=1), self.sampled.size) > 0
        alone = self.alone & touched
        self._refuse_lonely(np.flatnonzero(alone))
        centred = np.empty_like(residual)
        for column in range(residual.shape[1]):
            mean = np.bincount(self.stratum, residual[:, column]) / self.sampled
            if self.lonely == "adjust":
                mean[alone] = 0.0
            centred[:, column] = residual[:, column] - mean[self.stratum]
        seen = touched.sum() - alone.sum()
        scale = touched.sum() / seen if self.lonely == "average" and seen else 1.0
        return np.asarray(scale * np.einsum("i,ij,ik->jk", self.factor[self.stratum], centred, centred))

    def _cells(self, d: IntArray, h: IntArray, domains: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return the cell of each record, and each cell's domain and stratum; only seen cells where most are empty."""
        strata = self.sampled.size
        if domains == strata and np.array_equal(d, h):
            return h, np.arange(strata), np.arange(strata)
        cell = h if domains == 1 else d * strata + h
        if domains * strata <= 4 * d.size + 1000:
            cells = np.arange(domains * strata)
        else:
            cells, cell = np.unique(cell, return_inverse=True)
        return cell, cells // strata, cells % strata

    def _refuse_lonely(self, strata: IntArray) -> None:
        if strata.size and self.lonely == "error":
            names = ", ".join(str(self.names[h]) for h in np.unique(strata))
            raise InvalidCounts(
                f"stratum {names}: found one sampled record; expected two or more, to see any variation "
                "(or lonely_stratum 'adjust', 'average' or 'certainty')"
            )


def group_sums(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Return the sum of values in each group, 0 where it has none."""
    return np.asarray(np.bincount(group, values, groups), np.float64)


def domain_maximum(values: FloatArray, domain: IntArray, domains: int) -> FloatArray:
    """Return the greatest of values that are never negative, one a domain (0 where it has none)."""
    if domains == 1:
        return np.array([values.max(initial=0.0)])
    top = np.zeros(domains)
    np.maximum.at(top, domain, values)
    return top


def _inverse_df(squares: FloatArray, fourths: FloatArray, sampled: FloatArray) -> FloatArray:
    """Return 1 / df_h, one entry a cell; two records are alike in size, so they count as one degree of freedom."""
    excess = np.maximum(fourths - squares**2 / sampled, 0.0) / (2 * squares**2)
    return np.where(squares > 0, np.where(sampled > 2, excess, 1.0), 0.0)


def declare_design(
    records: int,
    *,
    stratum: ArrayLike | None = None,
    population: Mapping[Any, float] | ArrayLike | None = None,
    weight: ArrayLike | None = None,
    lonely_stratum: str = "error",
) -> Design:
    """Return the Design of a sample of `records`, arguments as estimate_rate takes them.

    Raises InvalidCounts where lengths differ, a population is smaller than its sample or is no number of records, or a
    weight is not positive.
    """
    if lonely_stratum not in LONELY_RULES:
        raise InvalidCounts(f"lonely_stratum: found {lonely_stratum!r}; expected one of {', '.join(LONELY_RULES)}")
    labels = Labels(np.zeros(records, np.intp), (0,)) if stratum is None else code_labels("stratum", stratum, records)
    sampled = np.bincount(labels.codes, minlength=len(labels.names)).astype(float)
    frame = _frame_sizes(population, labels, sampled)
    if weight is not None:
        w = numbers("weight", weight)
        if w.shape != (records,) or not np.all(np.isfinite(w) & (w > 0)):
            raise InvalidCounts("weight: expected one positive number a record")
    else:
        w = np.ones(records) if population is None else (frame / sampled)[labels.codes]
    return Design(w, labels.codes, labels.names, sampled, frame, lonely_stratum)


def code_labels(argument: str, labels: Any, records: int) -> Labels:
    """Return labels as codes, one a record. Small whole numbers and pandas categories are not sorted again."""
    categories = getattr(getattr(labels, "cat", labels), "categories", None)
    if categories is not None:
        codes = np.asarray(getattr(labels, "cat", labels).codes, np.intp)
        names = np.asarray(categories)
        if codes.size and codes.min() < 0:
            raise InvalidCounts(f"{argument}: found a record without a label; expected one a record")
    else:
        values = np.asarray(labels)
        if values.shape != (records,):
            raise InvalidCounts(f"{argument}: found {values.size} entries; expected one a record, {records}")
        whole = np.issubdtype(values.dtype, np.integer)
        if not (whole and records and values.min() >= 0 and values.max() <= 4 * records + 1000):
            try:
                names, codes = np.unique(values, return_inverse=True)
            except TypeError:
                raise InvalidCounts(
                    f"{argument}: found labels of several kinds; expected all text or all numbers"
                ) from None
            return Labels(codes, tuple(names.tolist()))
        codes, names = values.astype(np.intp, copy=False), np.arange(int(values.max()) + 1)
    if codes.shape != (records,):
        raise InvalidCounts(f"{argument}: found {codes.size} entries; expected one a record, {records}")
    seen = np.bincount(codes, minlength=names.size) > 0
    if seen.all():
        return Labels(codes, tuple(names.tolist()))
    return Labels((np.cumsum(seen) - 1)[codes], tuple(names[seen].tolist()))


def numbers(argument: str, values: ArrayLike) -> FloatArray:
    """Return values as an array of floats; raises InvalidCounts naming the argument where one is no number."""
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise InvalidCounts(f"{argument}: found something that is no number; expected numbers") from None


def domain_mask(domain: ArrayLike | None, records: int) -> NDArray[np.bool_]:
    """Return a domain as a mask, all true for None; raises InvalidCounts for labels, or a mask of another length."""
    inside = np.ones(records, bool) if domain is None else np.asarray(domain)
    if inside.shape != (records,) or inside.dtype != bool:
        raise InvalidCounts(f"domain: found {inside.size} entries of {inside.dtype}; expected {records}, true or false")
    return inside


def checked_crimes(recorded: ArrayLike, reported: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return crimes recorded and reported, one entry a record, as floats; raises InvalidCounts for impossible ones."""
    k, m = numbers("recorded", recorded), numbers("reported", reported)
    if k.ndim != 1 or k.shape != m.shape or not k.size:
        raise InvalidCounts(
            f"recorded, reported: found shapes {k.shape} and {m.shape}; expected one entry a record each"
        )
    fine = (k >= 0) & (k <= m) & (m < np.inf)
    if not (fine.all() and np.array_equal(k, np.floor(k)) and np.array_equal(m, np.floor(m))):
        i = int(np.argmin(fine & (k == np.floor(k)) & (m == np.floor(m))))
        raise InvalidCounts(
            f"record {i}: found {k[i]:g} recorded of {m[i]:g} reported; "
            "expected whole numbers, 0 <= recorded <= reported"
        )
    if m.sum() == 0:
        raise InvalidCounts("reported: found no crime in any record; expected at least one, else there is no rate")
    return k, m


def _frame_sizes(population: Mapping[Any, float] | ArrayLike | None, labels: Labels, sampled: FloatArray) -> FloatArray:
    names, codes = labels.names, labels.codes
    if population is None:
        return np.full(len(names), np.inf)
    if isinstance(population, Mapping):
        missing = [str(name) for name in names if name not in population]
        if missing:
            raise InvalidCounts(f"population: no entry for stratum {', '.join(missing)}; expected one for each stratum")
        frame = numbers("population", [population[name] for name in names])
    else:
        given = numbers("population", population)
        if given.ndim == 0 and len(names) > 1:
            raise InvalidCounts(
                "population: found one number for several strata; expected {stratum: records in the frame}"
            )
        entries = np.broadcast_to(given, codes.shape) if given.ndim == 0 else given
        if entries.shape != codes.shape:
            raise InvalidCounts(f"population: found {entries.size} entries; expected one a record, {codes.size}")
        frame = np.zeros(len(names))
        frame[codes] = entries
        if np.any(frame[codes] != entries):
            raise InvalidCounts("population: found different sizes within one stratum; expected one size a stratum")
    for name, size, drawn in zip(names, frame, sampled, strict=True):
        if not (np.isfinite(size) and size >= drawn):
            raise InvalidCounts(
                f"population of stratum {name}: found {size:g}; expected the number of records in the frame, "
                f"at least the {drawn:g} sampled (a number, not a share)"
            )
    return frame
