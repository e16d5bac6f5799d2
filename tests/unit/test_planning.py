"""How many crimes and records an audit needs, against slow and obvious reckonings."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, hypergeom
from statsmodels.stats.proportion import proportion_confint

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.planning import (
    assurance,
    discovery_size,
    expected_margin,
    sample_size,
    sample_size_for_assurance,
)
from cdi_stats.methods.proportion import proportion_interval

rates = st.floats(0.01, 0.99)
margins = st.floats(0.005, 0.3)
effects = st.floats(0.8, 6)
frames = st.one_of(st.none(), st.integers(10, 100_000))
per_record = st.floats(0.2, 5)
methods = st.sampled_from(["wilson", "wald"])


def codes(result):
    return [caution.code for caution in result.warnings]


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.5, 0.836, 0.97, 1.0])
@pytest.mark.parametrize("margin", [0.01, 0.03, 0.2])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_statsmodels_wilson_has_the_width_asked_for(rate, margin, level):
    n = sample_size(rate, margin, confidence_level=level).exact_crimes
    low, high = proportion_confint(rate * n, n, alpha=1 - level, method="wilson")
    assert (high - low) / 2 == pytest.approx(margin, abs=1e-12)


def test_a_frame_and_a_design_effect_enter_as_in_a_search():
    """O'Neill's n* = n (N - 1) / (N - n), over the design effect, in Wilson's limits: searched, not solved."""
    rate, margin, effect, crimes = 0.9, 0.03, 1.4, 1.25 * 800
    z = 1.959963984540054

    def half_width(n):
        size = n * (crimes - 1) / (crimes - n) / effect
        return z * math.sqrt(rate * (1 - rate) / size + z**2 / (4 * size**2)) / (1 + z**2 / size)

    searched = brentq(lambda n: half_width(n) - margin, 2, crimes - 1, xtol=1e-10)
    planned = sample_size(rate, margin, population=800, design_effect=effect, crimes_per_record=1.25)
    assert planned.exact_crimes == pytest.approx(searched, abs=1e-7)
    assert planned.crimes == math.ceil(searched)
    assert planned.records == math.ceil(planned.crimes / 1.25)


def test_crimes_and_records_are_rounded_up():
    planned = sample_size(0.9, 0.03, crimes_per_record=0.95)
    assert planned.exact_crimes == pytest.approx(387.0164, abs=1e-4)
    assert (planned.crimes, planned.records) == (388, 409)


@given(rates, margins, effects, frames, per_record, methods)
def test_expected_margin_turns_it_round(rate, margin, effect, frame, crimes_per_record, method):
    options = {
        "population": frame, "design_effect": effect, "crimes_per_record": crimes_per_record, "method": method
    }  # fmt: skip
    planned = sample_size(rate, margin, **options)
    held = math.inf if frame is None else frame * crimes_per_record
    assert 0 < planned.exact_crimes <= held
    assert expected_margin(rate, planned.exact_crimes, **options) == pytest.approx(margin, rel=1e-6)
    assert expected_margin(rate, planned.crimes, **options) <= margin * (1 + 1e-6) or planned.crimes > held - 1
    assert planned.records >= 1
    assert frame is None or planned.records <= frame


@given(rates, margins, margins, effects)
def test_a_narrower_margin_needs_more(rate, one, other, effect):
    wide, narrow = max(one, other), min(one, other)
    sizes = [sample_size(rate, e, design_effect=effect).exact_crimes for e in (narrow, wide)]
    assert sizes[0] >= sizes[1]
    assert sample_size(rate, wide, design_effect=effect, population=500).exact_crimes <= sizes[1] or sizes[1] < 1


def test_a_design_effect_multiplies():
    assert sample_size(0.9, 0.03, design_effect=2).exact_crimes == pytest.approx(
        2 * sample_size(0.9, 0.03).exact_crimes
    )


def test_what_a_planner_must_know():
    assert codes(sample_size(0.9, 0.03)) == []
    assert codes(sample_size(0.9, 0.03, crimes_per_record=1.2)) == ["no-design-effect"]
    assert codes(sample_size(0.9, 0.03, crimes_per_record=1.2, design_effect=1.3)) == []
    assert codes(sample_size(0.995, 0.01, method="wald")) == ["wald-few-misses"]
    assert codes(sample_size(0.9, 0.03, population=300)) == ["most-of-the-frame"]


def test_it_prints_as_a_sentence():
    assert str(sample_size(0.9, 0.03, design_effect=1.2, crimes_per_record=1.1)) == (
        "423 records (465 reported crimes) estimate a recording rate of 90.0% to within 3 points (95% wilson)"
    )


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((1.2, 0.03), {}, "rate: found 1.2; expected a share from 0 to 1"),
        (("most", 0.03), {}, "rate: found 'most'; expected a share"),
        ((math.nan, 0.03), {}, "rate: found nan; expected a share"),
        ((0.9, 0), {}, "margin_of_error: found 0; expected a share above 0 and below 0.5"),
        ((0.9, 3), {}, "margin_of_error: found 3; expected a share above 0 and below 0.5"),
        ((0.9, 0.03), {"confidence_level": 95}, "confidence_level: found 95"),
        ((0.9, 0.03), {"population": 0.05}, "population: found 0.05; expected the number of records"),
        ((0.9, 0.03), {"population": 3, "crimes_per_record": 0.5}, "found 3; .* to hold 2 crimes at 0.5 each"),
        ((0.9, 0.03), {"design_effect": 0}, "design_effect: found 0; expected a number above 0"),
        ((0.9, 0.03), {"crimes_per_record": -1}, "crimes_per_record: found -1; expected a number above 0"),
        ((0.9, 0.03), {"method": "exact"}, "method: found 'exact'; expected one of wilson, wald"),
        ((1.0, 0.03), {"method": "wald"}, "rate: found 1.0 with method 'wald'; expected a rate between"),
    ],
)
def test_impossible_plans_are_refused(arguments, options, message):
    with pytest.raises(InvalidCounts, match=message):
        sample_size(*arguments, **options)


def test_it_is_half_of_what_the_interval_shows():
    interval = proportion_interval(222, 266)
    assert expected_margin(222 / 266, 266) == pytest.approx((interval.high - interval.low) / 2, abs=1e-15)
    framed = proportion_interval(222, 266, population=2000)
    assert expected_margin(222 / 266, 266, population=2000) == pytest.approx((framed.high - framed.low) / 2)


def test_many_sizes_at_once():
    sizes = np.array([50.0, 100.0, 400.0])
    margins = expected_margin(0.9, sizes, design_effect=1.5)
    assert margins.tolist() == [expected_margin(0.9, size, design_effect=1.5) for size in (50, 100, 400)]
    assert (np.diff(margins) < 0).all()


@pytest.mark.parametrize("method", ["wilson", "wald"])
def test_a_census_leaves_no_margin(method):
    assert expected_margin(0.9, 500, population=500, method=method) == 0


@pytest.mark.parametrize("crimes", [0, -1, [10, math.nan], 501, []])
def test_impossible_sizes_are_refused(crimes):
    with pytest.raises(InvalidCounts, match="crimes: found"):
        expected_margin(0.9, crimes, population=500)


@pytest.mark.parametrize(("rate", "standard", "crimes"), [(0.95, 0.9, 300), (0.97, 0.9, 41), (0.6, 0.5, 97)])
@pytest.mark.parametrize("effect", [1.0, 1.7])
def test_it_is_the_chance_of_every_result_that_shows_it(rate, standard, crimes, effect):
    m = math.floor(crimes / effect)
    shown = [x for x in range(m + 1) if proportion_interval(x, m).low > standard]
    chance = binom.pmf(shown, m, rate).sum()
    assert assurance(rate, standard, crimes, design_effect=effect) == pytest.approx(chance, abs=1e-12)


def test_one_sided_is_the_lower_limit_at_the_level():
    shown = [x for x in range(201) if proportion_interval(x, 200, confidence_level=0.9).low > 0.9]
    assert assurance(0.95, 0.9, 200, one_sided=True) == pytest.approx(binom.pmf(shown, 200, 0.95).sum(), abs=1e-12)
    assert assurance(0.95, 0.9, 200, one_sided=True) > assurance(0.95, 0.9, 200)


def test_the_edges():
    assert assurance(1.0, 0.9, 34) == 0.0
    assert assurance(1.0, 0.9, 35) == 1.0
    assert assurance(0.95, 0.9, 1) == 0.0
    assert assurance(0.0, 0.5, 100) == 0.0
    assert assurance(0.3, 0.0, 2) == pytest.approx(1 - 0.7**2)


def test_a_rate_at_the_standard_is_seldom_shown_above_it():
    assert max(assurance(0.9, 0.9, n) for n in range(50, 500)) < 0.05


@pytest.mark.parametrize(
    ("rate", "standard", "target"), [(0.95, 0.9, 0.8), (0.97, 0.9, 0.95), (0.999, 0.99, 0.5), (0.6, 0.5, 0.9)]
)
@pytest.mark.parametrize("effect", [1.0, 1.3])
def test_no_larger_size_falls_short(rate, standard, target, effect):
    planned = sample_size_for_assurance(rate, standard, target=target, design_effect=effect)

    def reached(n):
        return assurance(rate, standard, n, design_effect=effect)

    assert planned.assurance == reached(planned.crimes) >= target
    assert reached(planned.crimes - 1) < target
    assert all(reached(n) >= target for n in range(planned.crimes, 20 * planned.crimes))


def test_records_follow_from_crimes():
    planned = sample_size_for_assurance(0.95, 0.9, crimes_per_record=0.8)
    assert planned.records == math.ceil(planned.crimes / 0.8)
    assert str(planned).startswith(f"{planned.records} records ({planned.crimes} reported crimes) show a recording")


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0.9, 0.9), {}, "rate: found 0.9; expected a rate above the standard, 0.9"),
        ((0.9, 0.95), {}, "rate: found 0.9; expected a rate above the standard, 0.95"),
        ((0.9001, 0.9), {}, "standard: found 0.9 for a rate of 0.9001; expected one further below"),
        ((0.95, 0.9), {"target": 1}, "target: found 1; expected a share between 0 and 1"),
        ((0.95, 1), {}, "standard: found 1; expected a share from 0 to below 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments, options, message):
    with pytest.raises(InvalidCounts, match=message):
        sample_size_for_assurance(*arguments, **options)


@pytest.mark.parametrize("tolerable", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("acceptable", [0, 1, 4])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_binomial_by_counting_up(tolerable, acceptable, level):
    n = next(n for n in itertools.count(1) if binom.cdf(acceptable, n, tolerable) <= 1 - level)
    assert discovery_size(tolerable, acceptable=acceptable, confidence_level=level) == n


@pytest.mark.parametrize(("population", "tolerable", "acceptable"), [(500, 0.05, 0), (1234, 0.02, 3), (40, 0.1, 1)])
def test_hypergeometric_by_counting_up(population, tolerable, acceptable):
    missed = math.floor(population * tolerable)
    n = next(n for n in itertools.count(1) if hypergeom.cdf(acceptable, population, missed, n) <= 0.05)
    assert discovery_size(tolerable, acceptable=acceptable, population=population) == n


def test_a_large_population_is_as_none():
    assert discovery_size(0.05, population=10_000_000) == discovery_size(0.05)


def test_shares_that_arithmetic_cuts_short():
    """0.29 x 100 is 28.999999999999996 to a computer, and 29 misses to an auditor."""
    n = next(n for n in itertools.count(1) if hypergeom.cdf(4, 100, 29, n) <= 0.05)
    assert discovery_size(0.29, acceptable=4, population=100) == n


@pytest.mark.parametrize(
    ("tolerable", "options", "message"),
    [
        (0, {}, "tolerable_rate: found 0; expected a share between 0 and 1"),
        (0.05, {"acceptable": 1.5}, "acceptable: found 1.5; expected a whole number of at least 0"),
        (0.05, {"population": 19}, "population: found 19, in which 0.05 is 0 misses; expected one in which"),
        (0.05, {"confidence_level": 1}, "confidence_level: found 1"),
    ],
)
def test_impossible_questions_are_refused(tolerable, options, message):
    with pytest.raises(InvalidCounts, match=message):
        discovery_size(tolerable, **options)
