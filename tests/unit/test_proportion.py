"""Edges of one proportion: what is refused, what is exact, what shape comes back."""

import dataclasses
import math
import tracemalloc

import numpy as np
import pytest
from scipy import stats

from cdi_stats.errors import CdiStatsError, InvalidCounts
from cdi_stats.methods.proportion import (
    BLOCK,
    METHODS,
    Interval,
    finite_population_size,
    normal_quantile,
    proportion_interval,
    wilson_limits,
)

FINITE = {"hypergeometric": {"population": 1_000_000}}
WITHOUT_POPULATION = [name for name, method in METHODS.items() if method.population == "refused"]
EVERYWHERE = [name for name in METHODS if name != "rule-of-three"]
ONE_SIDED = [name for name in EVERYWHERE if METHODS[name].one_sided]


def limits(recorded, reported, method, **options):
    """Return the interval by any method, of a large population where one is needed."""
    return proportion_interval(recorded, reported, method=method, **(FINITE.get(method, {}) | options))


@pytest.mark.parametrize(
    ("recorded", "reported", "field"),
    [
        (11, 10, "recorded"),
        (-1, 10, "recorded"),
        (1.5, 10, "recorded"),
        (math.nan, 10, "recorded"),
        (math.inf, 10, "recorded"),
        (0, 0, "reported"),
        (0, -5, "reported"),
        (1, 2.5, "reported"),
        (1, math.inf, "reported"),
        (math.inf, math.inf, "reported"),
        (1, math.nan, "reported"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_impossible_counts_are_refused_by_name(method, recorded, reported, field):
    with pytest.raises(InvalidCounts, match=f"^{field}: found "):
        limits(recorded, reported, method)
    with pytest.raises(InvalidCounts, match=rf"^{field}\[1\]: found "):
        limits([0, recorded], [20, reported], method)


def test_an_entry_of_an_array_is_refused_with_its_place():
    with pytest.raises(InvalidCounts, match=r"recorded\[1, 0\]: found 9; expected no more than the crimes reported"):
        proportion_interval([[1, 2], [9, 4]], 8)


def test_an_entry_of_a_late_block_is_refused_with_its_place():
    recorded = np.zeros(3 * BLOCK, int)
    recorded[2 * BLOCK + 5] = -1
    with pytest.raises(InvalidCounts, match=rf"recorded\[{2 * BLOCK + 5}\]: found -1"):
        proportion_interval(recorded, 8)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InvalidCounts, match="one shape"):
        proportion_interval([1, 2, 3], [4, 5])


def test_words_are_refused():
    with pytest.raises(InvalidCounts, match="expected numbers"):
        proportion_interval("many", 10)


@pytest.mark.parametrize("population", [0.1, 0.99, 9, 0, -5, math.nan, math.inf])
@pytest.mark.parametrize("method", ["wilson", "wald-fpc", "hypergeometric"])
def test_a_population_below_the_sample_is_refused(method, population):
    with pytest.raises(InvalidCounts, match=r"^population: found "):
        proportion_interval(3, 10, population=population, method=method)


@pytest.mark.parametrize("method", WITHOUT_POPULATION)
def test_methods_without_a_finite_population_say_so(method):
    with pytest.raises(InvalidCounts, match=f"'{method}' takes no population; use 'w"):
        proportion_interval(3, 10, method=method, population=100)


def test_the_exact_finite_method_needs_a_whole_population():
    with pytest.raises(InvalidCounts, match="population: found None; expected the crimes sampled from"):
        proportion_interval(3, 10, method="hypergeometric")
    with pytest.raises(InvalidCounts, match=r"population: found 50\.5; expected a whole number"):
        proportion_interval(3, 10, method="hypergeometric", population=50.5)
    assert proportion_interval(3, 10, population=50.5).low > 0


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


def test_counts_too_large_for_the_special_functions_are_refused_not_guessed():
    with pytest.raises(InvalidCounts, match=r"reported: found up to 1e\+19; expected fewer, or choose 'wilson'"):
        proportion_interval(10**18, 10**19, method="clopper-pearson")
    assert proportion_interval(10**18, 10**19).low == pytest.approx(0.1)


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].exact_ends])
@pytest.mark.parametrize("reported", [1, 2, 20, 100_000])
def test_ends_are_exact(method, reported):
    assert limits(0, reported, method).low == 0.0
    assert limits(reported, reported, method).high == 1.0


def test_only_wald_has_no_width_where_nothing_varies():
    assert proportion_interval(20, 20, method="wald").low == 1.0
    for method in METHODS:
        if method != "wald":
            assert limits(20, 20, method).low < 1.0
            assert limits(0, 20, method).high > 0.0


def test_wilson_at_all_recorded_is_its_closed_form():
    z = normal_quantile(0.95)
    assert proportion_interval(20, 20).low == pytest.approx(20 / (20 + z * z), abs=1e-15)


@pytest.mark.parametrize(
    ("method", "low"),
    [
        ("clopper-pearson", 0.025 ** (1 / 20)),
        ("logit", 0.025 ** (1 / 20)),
        ("mid-p", 0.05 ** (1 / 20)),
        ("likelihood", math.exp(-(normal_quantile(0.95) ** 2) / 40)),
    ],
)
def test_limits_at_all_recorded_have_closed_forms(method, low):
    assert limits(20, 20, method).low == pytest.approx(low, abs=1e-14)
    assert limits(0, 20, method).high == pytest.approx(1 - low, abs=1e-14)


def test_the_rule_of_three_is_a_95_per_cent_rule():
    for method in ("wald-fpc", "rule-of-three"):
        assert proportion_interval(167, 167, method=method).low == pytest.approx(1 - 3 / 167, abs=1e-15)
        assert proportion_interval(0, 167, method=method).high == pytest.approx(3 / 167, abs=1e-15)
        assert proportion_interval(2, 2, method=method).low == 0.0
        with pytest.raises(InvalidCounts, match="rule of three"):
            proportion_interval(167, 167, method=method, confidence_level=0.9)


def test_the_rule_of_three_alone_is_for_the_ends():
    with pytest.raises(InvalidCounts, match="recorded: found 5 of 20; expected none or all of them"):
        proportion_interval([0, 5], 20, method="rule-of-three")


def test_wald_fpc_without_a_population_is_wald():
    plain = proportion_interval(81, 263, method="wald")
    finite = proportion_interval(81, 263, method="wald-fpc")
    assert (finite.low, finite.high) == pytest.approx((plain.low, plain.high), abs=1e-15)


@pytest.mark.parametrize("method", ["wilson", "hypergeometric"])
@pytest.mark.parametrize("recorded", [0, 3, 10])
def test_a_census_has_no_width(method, recorded):
    interval = proportion_interval(recorded, 10, population=10, method=method)
    assert (interval.low, interval.high) == (recorded / 10, recorded / 10)


def test_a_population_narrows_and_a_huge_one_changes_nothing():
    plain, huge, small = (proportion_interval(80, 100, population=size) for size in (None, 10**12, 150))
    assert (huge.low, huge.high) == pytest.approx((plain.low, plain.high), abs=1e-9)
    assert plain.low < small.low < 0.8 < small.high < plain.high


def test_the_exact_finite_limits_of_a_huge_population_are_clopper_and_pearsons():
    infinite = proportion_interval(80, 100, method="clopper-pearson")
    finite = proportion_interval(80, 100, method="hypergeometric", population=10**8)
    assert (finite.low, finite.high) == pytest.approx((infinite.low, infinite.high), abs=2e-7)


def test_finite_population_size_is_oneills():
    assert finite_population_size(10, 50) == pytest.approx(10 * 49 / 40)
    assert finite_population_size(10, 10) == math.inf


# formulas written out beside the code's


@pytest.mark.parametrize(("x", "n"), [(1, 2), (5, 18), (81, 263), (644, 717), (62, 63)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
class TestFormula:
    def test_wilson_cc_solves_the_corrected_score_equation(self, x, n, level):
        interval = proportion_interval(x, n, confidence_level=level, method="wilson-cc")
        for limit, distance in ((interval.low, x / n - interval.low), (interval.high, interval.high - x / n)):
            if 0 < limit < 1:
                score = (distance - 1 / (2 * n)) / math.sqrt(limit * (1 - limit) / n)
                assert score == pytest.approx(stats.norm.ppf((1 + level) / 2), rel=1e-9)

    def test_agresti_coull_is_wald_on_more_crimes_and_holds_wilson(self, x, n, level):
        z = stats.norm.ppf((1 + level) / 2)
        rate, size = (x + z**2 / 2) / (n + z**2), n + z**2
        margin = z * math.sqrt(rate * (1 - rate) / size)
        interval = proportion_interval(x, n, confidence_level=level, method="agresti-coull")
        assert interval.low == pytest.approx(max(rate - margin, 0), abs=1e-14)
        assert interval.high == pytest.approx(min(rate + margin, 1), abs=1e-14)
        wilson = proportion_interval(x, n, confidence_level=level)
        assert interval.low <= wilson.low + 1e-15 < wilson.high - 1e-15 <= interval.high

    def test_wald_cc_reaches_half_a_crime_further_than_wald(self, x, n, level):
        z, rate = stats.norm.ppf((1 + level) / 2), x / n
        margin = z * math.sqrt(rate * (1 - rate) / n) + 0.5 / n
        interval = proportion_interval(x, n, confidence_level=level, method="wald-cc")
        assert interval.low == pytest.approx(max(rate - margin, 0), abs=1e-14)
        assert interval.high == pytest.approx(min(rate + margin, 1), abs=1e-14)

    def test_logit_is_symmetric_in_log_odds(self, x, n, level):
        z, centre = stats.norm.ppf((1 + level) / 2), math.log(x / (n - x))
        error = math.sqrt(n / (x * (n - x)))
        interval = proportion_interval(x, n, confidence_level=level, method="logit")
        for limit, log_odds in ((interval.low, centre - z * error), (interval.high, centre + z * error)):
            assert limit == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-14)

    def test_arcsine_is_symmetric_in_the_angle(self, x, n, level):
        """Anscombe's angle has variance 1 / (4n); where it passes a quarter turn its sine turns back."""
        z, rate = stats.norm.ppf((1 + level) / 2), (x + 3 / 8) / (n + 3 / 4)
        angle, margin = math.asin(math.sqrt(rate)), z / math.sqrt(4 * n)
        interval = proportion_interval(x, n, confidence_level=level, method="arcsine")
        assert interval.low == pytest.approx(min(math.sin(angle - margin) ** 2, rate), abs=1e-14)
        assert interval.high == pytest.approx(max(math.sin(angle + margin) ** 2, rate), abs=1e-14)


# one side


@pytest.mark.parametrize("method", ONE_SIDED)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
def test_a_limit_on_one_side_is_that_of_an_interval_with_twice_the_chance_outside(method, level):
    both = limits(81, 263, method, confidence_level=2 * level - 1)
    lower = limits(81, 263, method, confidence_level=level, side="lower")
    upper = limits(81, 263, method, confidence_level=level, side="upper")
    assert (lower.low, lower.high) == (pytest.approx(both.low, abs=1e-13), 1.0)
    assert (upper.low, upper.high) == (0.0, pytest.approx(both.high, abs=1e-13))
    assert (lower.side, upper.side, both.side) == ("lower", "upper", "both")


def test_the_exact_limit_on_one_side_with_nothing_missed():
    assert proportion_interval(59, 59, method="clopper-pearson", side="lower").low == pytest.approx(0.05 ** (1 / 59))


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_arrays_have_one_sided_limits_too(side):
    many = proportion_interval([199, 222], [216, 266], side=side)
    for place, (recorded, reported) in enumerate([(199, 216), (222, 266)]):
        alone = proportion_interval(recorded, reported, side=side)
        assert (many.low[place], many.high[place]) == (alone.low, alone.high)


def test_what_has_no_one_sided_form_is_refused():
    with pytest.raises(InvalidCounts, match="side: found 'lower'; expected 'both' for method 'blaker'"):
        proportion_interval(3, 10, method="blaker", side="lower")
    with pytest.raises(InvalidCounts, match="side: found 'left'; expected one of both, lower, upper"):
        proportion_interval(3, 10, side="left")
    with pytest.raises(InvalidCounts, match=r"confidence_level: found 0\.5; expected more than 0\.5"):
        proportion_interval(3, 10, side="upper", confidence_level=0.5)


# scalars, arrays, blocks


@pytest.mark.parametrize("method", EVERYWHERE)
def test_scalars_give_floats_and_arrays_give_their_broadcast_shape(method):
    scalar = limits(3, 10, method)
    assert (type(scalar.low), type(scalar.high)) == (float, float)
    grid = limits(np.arange(1, 4)[:, None], np.array([10, 20]), method)
    assert grid.low.shape == grid.high.shape == (3, 2)
    single = limits(2, 20, method)
    assert (grid.low[1, 1], grid.high[1, 1]) == (single.low, single.high)


def test_numpys_own_scalars_give_floats():
    interval = proportion_interval(np.int64(3), np.float32(10))
    assert (type(interval.low), interval) == (float, proportion_interval(3, 10))


@pytest.mark.parametrize("method", EVERYWHERE)
def test_nothing_gives_nothing(method):
    empty = limits(np.zeros((0, 3), int), 5, method)
    assert empty.low.shape == empty.high.shape == (0, 3)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64, np.float32, np.float64])
@pytest.mark.parametrize("method", ["wilson", "clopper-pearson"])
def test_every_kind_of_number_gives_the_same_limits(method, kind):
    recorded, reported = np.array([0, 3, 250], kind), np.array([1, 250, 250], kind)
    found = proportion_interval(recorded, reported, method=method)
    for place, (x, n) in enumerate([(0, 1), (3, 250), (250, 250)]):
        alone = proportion_interval(x, n, method=method)
        assert (found.low[place], found.high[place]) == (alone.low, alone.high)


@pytest.mark.parametrize("method", ["wilson", "clopper-pearson", "logit"])
def test_blocks_change_nothing(method):
    random = np.random.default_rng(1)
    reported = random.integers(1, 300, 2 * BLOCK + 7)
    recorded = random.integers(0, reported + 1)
    whole = proportion_interval(recorded, reported, method=method)
    for start in (0, BLOCK - 3, 2 * BLOCK - 2):
        part = slice(start, start + 9)
        alone = proportion_interval(recorded[part], reported[part], method=method)
        assert np.array_equal(whole.low[part], alone.low)
        assert np.array_equal(whole.high[part], alone.high)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_wilson_in_place_gives_the_bits_of_its_formula(level):
    random = np.random.default_rng(2)
    reported = random.integers(1, 100_000, 20_000)
    recorded = random.integers(0, reported + 1)
    x, n, z = recorded.astype(float), reported.astype(float), normal_quantile(level)
    half = z * np.sqrt(x * (1 - x / n) + z * z / 4)
    low, high = (x + z * z / 2 - half) / (n + z * z), (x + z * z / 2 + half) / (n + z * z)
    interval = proportion_interval(recorded, reported, confidence_level=level)
    assert np.array_equal(interval.low, np.where(recorded == 0, 0.0, np.clip(low, 0, 1)))
    assert np.array_equal(interval.high, np.where(recorded == reported, 1.0, np.clip(high, 0, 1)))


def test_inputs_are_left_as_they_were():
    recorded, reported = np.array([3.0, 10.0]), np.array([10.0, 10.0])
    proportion_interval(recorded, reported)
    assert (recorded.tolist(), reported.tolist()) == ([3.0, 10.0], [10.0, 10.0])


def test_memory_beyond_the_limits_is_that_of_a_few_blocks():
    recorded, reported = np.full(1_000_000, 9), np.full(1_000_000, 10)
    tracemalloc.start()
    proportion_interval(recorded, reported)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 8 * recorded.size + 10 * 8 * BLOCK


def test_populations_broadcast_with_counts():
    both = proportion_interval([80, 80], 100, population=[150, 10_000])
    for place, size in enumerate((150, 10_000)):
        alone = proportion_interval(80, 100, population=size)
        assert (both.low[place], both.high[place]) == (alone.low, alone.high)


def test_wilson_limits_solve_the_score_equation():
    low, high = wilson_limits(0.3, 40.0, 1.7)
    for limit in (low, high):
        assert abs(0.3 - limit) / math.sqrt(limit * (1 - limit) / 40) == pytest.approx(1.7, abs=1e-12)


# the result itself


def test_intervals_say_themselves_in_one_line():
    assert str(proportion_interval(81, 263)) == "25.5% to 36.6% (95% interval, wilson)"
    assert str(proportion_interval([1, 2], 10)) == "2 intervals, the first 1.8% to 40.4% (95%, wilson)"
    assert str(proportion_interval(167, 167, side="lower")) == "at least 98.4% (95% lower limit, wilson)"
    assert str(proportion_interval(0, 20, side="upper", method="clopper-pearson")) == (
        "at most 13.9% (95% upper limit, clopper-pearson)"
    )
    assert str(proportion_interval([1, 2], 10, side="upper")) == "2 upper limits, the first at most 34.8% (95%, wilson)"


def test_intervals_are_frozen_values():
    interval = Interval(0.1, 0.2, 0.95, "wilson")
    with pytest.raises(AttributeError, match="low"):
        interval.low = 0.0
    assert interval.side == "both"
    assert interval == Interval(low=0.1, high=0.2, confidence_level=0.95, method="wilson", side="both")
    assert dataclasses.replace(interval, high=0.3) == Interval(0.1, 0.3, 0.95, "wilson")
    assert hash(interval) == hash(Interval(0.1, 0.2, 0.95, "wilson"))
