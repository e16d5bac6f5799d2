"""Edges of one proportion: what is refused, what is exact, what shape comes back."""

import math

import numpy as np
import pytest

from cdi_stats.errors import CdiStatsError, InvalidCounts
from cdi_stats.methods.proportion import (
    METHODS,
    Interval,
    finite_population_size,
    normal_quantile,
    proportion_interval,
    wilson_limits,
)


@pytest.mark.parametrize(
    ("recorded", "reported", "field"),
    [
        (11, 10, "recorded"),
        (-1, 10, "recorded"),
        (1.5, 10, "recorded"),
        (math.nan, 10, "recorded"),
        (0, 0, "reported"),
        (0, -5, "reported"),
        (1, 2.5, "reported"),
        (1, math.inf, "reported"),
        (1, math.nan, "reported"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_impossible_counts_are_refused_by_name(method, recorded, reported, field):
    with pytest.raises(InvalidCounts, match=f"^{field}: found "):
        proportion_interval(recorded, reported, method=method)


def test_an_entry_of_an_array_is_refused_with_its_place():
    with pytest.raises(InvalidCounts, match=r"recorded\[1, 0\]: found 9; expected no more than the crimes reported"):
        proportion_interval([[1, 2], [9, 4]], 8)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidCounts, match="one shape"):
        proportion_interval([1, 2, 3], [4, 5])


def test_words_are_refused():
    with pytest.raises(InvalidCounts, match="expected numbers"):
        proportion_interval("many", 10)


@pytest.mark.parametrize("population", [0.1, 0.99, 9, 0, -5, math.nan])
def test_a_population_below_the_sample_is_refused(population):
    with pytest.raises(InvalidCounts, match=r"^population: found "):
        proportion_interval(3, 10, population=population)


@pytest.mark.parametrize("method", ["wald", "clopper-pearson"])
def test_methods_without_a_finite_population_say_so(method):
    with pytest.raises(InvalidCounts, match=f"'{method}' takes no population"):
        proportion_interval(3, 10, method=method, population=100)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, math.nan])
def test_impossible_levels_are_refused(level):
    with pytest.raises(InvalidCounts, match=r"^confidence_level: found "):
        proportion_interval(3, 10, confidence_level=level)


def test_an_unknown_method_is_refused_with_those_known():
    with pytest.raises(InvalidCounts, match="method: found 'wilsen'; expected one of wilson, "):
        proportion_interval(3, 10, method="wilsen")


def test_refusals_are_of_this_package_and_value_errors():
    assert issubclass(InvalidCounts, CdiStatsError)
    assert issubclass(InvalidCounts, ValueError)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("reported", [1, 2, 20, 100_000])
def test_ends_are_exact(method, reported):
    assert proportion_interval(0, reported, method=method).low == 0.0
    assert proportion_interval(reported, reported, method=method).high == 1.0


def test_only_wald_has_no_width_where_nothing_varies():
    assert proportion_interval(20, 20, method="wald").low == 1.0
    for method in ("wilson", "clopper-pearson", "wald-fpc"):
        assert proportion_interval(20, 20, method=method).low < 1.0


def test_wilson_at_all_recorded_is_its_closed_form():
    z = normal_quantile(0.95)
    assert proportion_interval(20, 20).low == pytest.approx(20 / (20 + z * z), abs=1e-15)


def test_clopper_pearson_at_all_recorded_is_its_closed_form():
    assert proportion_interval(20, 20, method="clopper-pearson").low == pytest.approx(0.025 ** (1 / 20), abs=1e-14)


def test_the_rule_of_three_is_a_95_per_cent_rule():
    assert proportion_interval(167, 167, method="wald-fpc").low == pytest.approx(1 - 3 / 167, abs=1e-15)
    assert proportion_interval(0, 167, method="wald-fpc").high == pytest.approx(3 / 167, abs=1e-15)
    assert proportion_interval(2, 2, method="wald-fpc").low == 0.0
    with pytest.raises(InvalidCounts, match="rule of three"):
        proportion_interval(167, 167, method="wald-fpc", confidence_level=0.9)


def test_wald_fpc_without_a_population_is_wald():
    plain = proportion_interval(81, 263, method="wald")
    finite = proportion_interval(81, 263, method="wald-fpc")
    assert (finite.low, finite.high) == pytest.approx((plain.low, plain.high), abs=1e-15)


@pytest.mark.parametrize("recorded", [0, 3, 10])
def test_a_census_has_no_width(recorded):
    interval = proportion_interval(recorded, 10, population=10)
    assert (interval.low, interval.high) == (recorded / 10, recorded / 10)


def test_a_population_narrows_and_a_huge_one_changes_nothing():
    plain, huge, small = (proportion_interval(80, 100, population=size) for size in (None, 10**12, 150))
    assert (huge.low, huge.high) == pytest.approx((plain.low, plain.high), abs=1e-9)
    assert plain.low < small.low < 0.8 < small.high < plain.high


def test_finite_population_size_is_oneills():
    assert finite_population_size(10, 50) == pytest.approx(10 * 49 / 40)
    assert finite_population_size(10, 10) == math.inf


@pytest.mark.parametrize("method", METHODS)
def test_scalars_give_floats_and_arrays_give_their_broadcast_shape(method):
    scalar = proportion_interval(3, 10, method=method)
    assert (type(scalar.low), type(scalar.high)) == (float, float)
    grid = proportion_interval(np.arange(1, 4)[:, None], np.array([10, 20]), method=method)
    assert grid.low.shape == grid.high.shape == (3, 2)
    single = proportion_interval(2, 20, method=method)
    assert (grid.low[1, 1], grid.high[1, 1]) == (single.low, single.high)


def test_populations_broadcast_with_counts():
    both = proportion_interval([80, 80], 100, population=[150, 10_000])
    for place, size in enumerate((150, 10_000)):
        alone = proportion_interval(80, 100, population=size)
        assert (both.low[place], both.high[place]) == (alone.low, alone.high)


def test_wilson_limits_solve_the_score_equation():
    low, high = wilson_limits(0.3, 40.0, 1.7)
    for limit in (low, high):
        assert abs(0.3 - limit) / math.sqrt(limit * (1 - limit) / 40) == pytest.approx(1.7, abs=1e-12)


def test_intervals_say_themselves_in_one_line():
    assert str(proportion_interval(81, 263)) == "0.2553 to 0.3662 (95% wilson)"
    assert str(proportion_interval([1, 2], 10)) == "2 intervals (95% wilson)"


def test_intervals_are_frozen():
    with pytest.raises(AttributeError, match="low"):
        Interval(0.1, 0.2, 0.95, "wilson").low = 0.0
