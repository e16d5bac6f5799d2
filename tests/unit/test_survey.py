"""Edges of a sample of records: what is refused, what counts, and what a reader is told."""

import math

import numpy as np
import pandas as pd
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import proportion_interval, wilson_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

RECORDED = [2, 1, 0, 1, 0, 3, 1, 0]
REPORTED = [2, 1, 2, 1, 0, 4, 1, 1]
STRATUM = ["a", "a", "a", "a", "b", "b", "b", "b"]
POPULATION = {"a": 100, "b": 900}
RULES = ("adjust", "average", "certainty")


def codes(estimate):
    return {caution.code for caution in estimate.warnings}


# what is refused


@pytest.mark.parametrize(
    ("recorded", "reported", "message"),
    [
        ([1, 3], [1, 2], "record 1: found 3 recorded of 2 reported"),
        ([1, -1], [1, 2], "record 1: found -1 recorded of 2 reported"),
        ([0.5, 1], [1, 2], "record 0: found 0.5 recorded of 1 reported"),
        ([1, math.nan], [1, 2], "record 1: found nan recorded of 2 reported"),
        ([1, 1], [1, math.inf], "record 1: found 1 recorded of inf reported"),
        ([1, 1], [1], "shapes"),
        ([[1], [1]], [[1], [1]], "shapes"),
        ([], [], "shapes"),
        ([0, 0], [0, 0], "reported: found no crime in any record"),
    ],
)
def test_impossible_records_are_refused(recorded, reported, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_rate(recorded, reported)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stratum": ["a", "b"]}, "stratum: found 2 entries; expected one a record, 8"),
        ({"domain": ["a", "b"]}, "domain: found 2 entries; expected one a record, 8"),
        ({"weight": [1.0, 2.0]}, "weight: expected one positive number a record"),
        ({"weight": [0.0] * 8}, "weight: expected one positive number a record"),
        ({"weight": [math.nan] * 8}, "weight: expected one positive number a record"),
        (
            {"method": "beta"},
            "method: found 'beta'; expected one of wilson, korn-graubard, logit, likelihood, arcsine, wald",
        ),
        ({"degrees_of_freedom": 5}, "degrees_of_freedom: found 5; expected one of kurtosis, design, normal"),
        ({"lonely_stratum": "remove"}, "lonely_stratum: found 'remove'; expected one of error, adjust, average, certa"),
        ({"confidence_level": 95}, "confidence_level: found 95"),
        ({"domain": [False] * 8}, "domain: found no reported crime in it"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_rate(RECORDED, REPORTED, **options)


@pytest.mark.parametrize("factor", [0.05, 0.5, 1.0])
def test_a_population_is_a_number_of_records_not_a_factor(factor):
    with pytest.raises(InvalidCounts, match=f"found {factor:g}; expected the number of records in the frame"):
        estimate_rate(RECORDED, REPORTED, population=factor)
    with pytest.raises(InvalidCounts, match="population of stratum b: found"):
        estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population={"a": 100, "b": factor})
    with pytest.raises(InvalidCounts, match="population of stratum a: found"):
        estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=[factor] * 8)


@pytest.mark.parametrize(
    ("population", "message"),
    [
        (1000, "one number for several strata"),
        ({"a": 100}, "no entry for stratum b"),
        ({"a": 100, "b": 3}, "population of stratum b: found 3"),
        ({"a": 100, "b": math.inf}, "population of stratum b: found inf"),
        ([100, 100], "population: found 2 entries; expected one a record, 8"),
        ([100] * 4 + [900] * 3 + [901], "different sizes within one stratum"),
    ],
)
def test_populations_that_do_not_fit_the_strata_are_refused(population, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=population)


def test_one_record_in_a_stratum_is_refused_unless_it_is_the_whole_stratum():
    stratum = ["a"] * 7 + ["b"]
    with pytest.raises(InvalidCounts, match="stratum b: found one sampled record; expected two or more"):
        estimate_rate(RECORDED, REPORTED, stratum=stratum, population={"a": 100, "b": 2})
    with pytest.raises(InvalidCounts, match="stratum b: found one sampled record"):
        estimate_rate(RECORDED, REPORTED, stratum=stratum)
    whole = estimate_rate(RECORDED, REPORTED, stratum=stratum, population={"a": 100, "b": 1})
    assert whole.rate == pytest.approx((100 / 7 * 8 + 0) / (100 / 7 * 11 + 1))


LONELY = {"stratum": ["a"] * 7 + ["b"], "population": {"a": 70, "b": 20}}


def test_a_lonely_stratum_follows_the_rule_asked_for():
    """By hand: crimes 10 x 11 + 20 x 1, recorded 10 x 8; the lone record's residual is -20 x 80 / 130 / 130."""
    rules = {rule: estimate_rate(RECORDED, REPORTED, lonely_stratum=rule, **LONELY) for rule in RULES}
    assert {estimate.rate for estimate in rules.values()} == {80 / 130}
    variance = {rule: estimate.standard_error**2 for rule, estimate in rules.items()}
    residual = 20 * (80 / 130) / 130
    assert variance["adjust"] == pytest.approx(variance["certainty"] + (1 - 1 / 20) * residual**2, rel=1e-12)
    assert variance["average"] == pytest.approx(2 * variance["certainty"], rel=1e-12)
    for rule, estimate in rules.items():
        assert "lonely-stratum" in codes(estimate)
        assert any(f"set by the rule '{rule}'" in str(caution) for caution in estimate.warnings)


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty"])
def test_a_lonely_stratum_examined_whole_needs_no_rule(rule):
    whole = LONELY | {"population": {"a": 70, "b": 1}}
    assert estimate_rate(RECORDED, REPORTED, lonely_stratum=rule, **whole) == estimate_rate(RECORDED, REPORTED, **whole)


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty"])
def test_strata_that_are_all_lonely_never_have_zero_width(rule):
    estimate = estimate_rate([1, 2], [1, 3], stratum=["a", "b"], population={"a": 9, "b": 9}, lonely_stratum=rule)
    assert estimate.interval.low < estimate.rate - 0.1
    assert estimate.interval.high > estimate.rate + 0.1


def test_a_domain_outside_a_lonely_stratum_is_not_refused():
    inside = np.array(LONELY["stratum"]) == "a"
    found = estimate_rate(RECORDED, REPORTED, domain=inside, **LONELY)
    assert found == estimate_rate(RECORDED, REPORTED, domain=inside, lonely_stratum="average", **LONELY)
    assert "lonely-stratum" not in codes(found)


# what counts


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pd.Categorical], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("names", [("b", "a", "c"), (2, 1, 3), (7_000_000, 5, 9_000_000)], ids=["text", "few", "large"])
def test_labels_of_any_kind_give_the_same_in_order_of_first_appearance(kind, names):
    """Strata and domains named by text, by numbers small and large, or by categories."""
    first, second, third = names
    stratum = kind([first] * 4 + [second] * 4)
    domain = kind([third, first, third, first, second, third, third, second])
    population = {first: 100, second: 900}
    found = estimate_rate(RECORDED, REPORTED, stratum=stratum, population=population, domain=domain)
    assert list(found) == [third, first, second]
    as_numbers = estimate_rate(
        RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, domain=[0, 1, 0, 1, 2, 0, 0, 2]
    )
    assert [as_numbers[code] for code in (0, 1)] == [found[third], found[first]]
    assert as_numbers[2] == found[second]


def test_a_label_whose_records_hold_no_crime_has_no_rate():
    found = estimate_rate(RECORDED, REPORTED, domain=["x", "x", "x", "x", "empty", "x", "x", "x"])
    assert found["empty"] is None
    assert found["x"].records == 7


def test_a_domain_counts_its_own_records_not_the_samples():
    """One peer once took the whole sample's number: degrees of freedom, effective crimes and limits all followed."""
    recorded, reported = [1, 1, 1, 0, 1, 1] + [1] * 200, [1] * 206
    inside = [True] * 6 + [False] * 200
    small = estimate_rate(recorded, reported, domain=inside, degrees_of_freedom="design")
    assert (small.records, small.reported, small.recorded) == (6, 6, 5)
    assert small.degrees_of_freedom == small.design_degrees_of_freedom == 5
    assert small.interval.high - small.interval.low > 0.5
    unanimous = estimate_rate([1] * 206, reported, domain=inside)
    assert unanimous.effective_sample_size == 6
    assert unanimous.interval.low == pytest.approx(proportion_interval(6, 6).low, abs=1e-12)


@pytest.mark.parametrize("population", [{"a": 100, "b": 900}, [100] * 4 + [900] * 4, None])
def test_populations_may_be_named_or_one_a_record(population):
    estimate = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=population)
    weights = (25, 225) if population else (1, 1)
    recorded, reported = weights[0] * 4 + weights[1] * 4, weights[0] * 6 + weights[1] * 6
    assert estimate.rate == pytest.approx(recorded / reported, abs=1e-15)
    assert (estimate.records, estimate.reported, estimate.recorded) == (8, 12, 8)


def test_one_number_is_the_population_of_an_unstratified_sample():
    by_number = estimate_rate(RECORDED, REPORTED, population=500)
    by_name = estimate_rate(RECORDED, REPORTED, stratum=["all"] * 8, population={"all": 500})
    assert by_number == by_name


def test_records_without_crimes_count_as_records():
    with_empty = estimate_rate([*RECORDED, 0, 0], [*REPORTED, 0, 0], population=500)
    without = estimate_rate(RECORDED, REPORTED, population=500)
    assert with_empty.rate == pytest.approx(without.rate, abs=1e-15)
    assert (with_empty.records, without.records) == (10, 8)
    assert with_empty.standard_error != without.standard_error


def test_a_label_and_its_mask_give_the_same():
    source = np.array(["public", "third", "public", "third", "public", "public", "third", "third"])
    by_label = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, domain=source)
    assert list(by_label) == ["public", "third"]
    for label, estimate in by_label.items():
        by_mask = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, domain=source == label)
        assert by_mask == estimate


def test_a_domain_of_every_record_is_no_domain():
    everything = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, domain=[True] * 8)
    assert everything == estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION)


def test_a_domain_counts_its_own_records_and_crimes():
    estimate = estimate_rate(RECORDED, REPORTED, domain=[True] * 4 + [False] * 4)
    assert (estimate.records, estimate.reported, estimate.recorded) == (4, 6, 4)


def test_a_stratum_is_the_same_alone_and_as_a_domain():
    alone = estimate_rate(RECORDED[:4], REPORTED[:4], population=100)
    as_domain = estimate_rate(
        RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, domain=np.array(STRATUM) == "a"
    )
    assert as_domain.standard_error == pytest.approx(alone.standard_error, abs=1e-15)
    assert as_domain.interval.low == pytest.approx(alone.interval.low, abs=1e-12)


def test_single_crimes_in_a_simple_sample_lose_only_the_last_degree():
    """One crime a record: V = p (1 - p) / (n - 1), so n - 1 crimes are effective."""
    estimate = estimate_rate([1] * 40 + [0] * 10, [1] * 50)
    assert estimate.standard_error == pytest.approx(math.sqrt(0.8 * 0.2 / 49), abs=1e-15)
    assert estimate.effective_sample_size == pytest.approx(49, abs=1e-9)
    assert estimate.design_effect == pytest.approx(50 / 49, abs=1e-12)


def test_effective_crimes_are_capped_unless_the_design_says_otherwise():
    """Misses spread evenly over equal records vary less than single crimes would."""
    recorded, reported = [3, 3, 3, 3, 3, 3, 3, 2], [4] * 8
    capped = estimate_rate(recorded, reported)
    uncapped = estimate_rate(recorded, reported, degrees_of_freedom="design")
    assert capped.effective_sample_size == 32
    assert uncapped.effective_sample_size > 32
    assert uncapped.degrees_of_freedom == 7


def test_kurtosis_degrees_of_freedom_follow_their_formula():
    recorded, reported = [1, 1, 1, 1, 0, 2, 1, 1, 1, 3, 1, 2], [1, 1, 1, 1, 3, 2, 2, 1, 1, 3, 1, 2]
    rate = sum(recorded) / sum(reported)
    residuals = [k - rate * m for k, m in zip(recorded, reported, strict=True)]
    mean = sum(residuals) / 12
    second = sum((e - mean) ** 2 for e in residuals)
    fourth = sum((e - mean) ** 4 for e in residuals)
    expected = 2 * second**2 / (fourth - second**2 / 12)
    assert 1 < expected < 11
    assert estimate_rate(recorded, reported).degrees_of_freedom == pytest.approx(expected, rel=1e-12)


def test_normal_degrees_of_freedom_on_crimes_that_stand_alone_are_plain_wilson():
    """Each record one crime, no frame: the linearised variance differs from p(1-p)/n by n/(n-1) alone."""
    alone = estimate_rate([1] * 800 + [0] * 200, [1] * 1000, degrees_of_freedom="normal")
    assert alone.degrees_of_freedom == math.inf
    assert alone.effective_sample_size == pytest.approx(1000, rel=1.1e-3)
    plain = proportion_interval(800, 1000)
    assert (alone.interval.low, alone.interval.high) == pytest.approx((plain.low, plain.high), abs=2e-5)
    assert "no-variation" not in codes(alone)


def test_kurtosis_degrees_of_freedom_stay_between_two_and_the_design():
    one_miss = estimate_rate([1] * 99 + [0], [1] * 100)
    assert 2 < one_miss.degrees_of_freedom < 3
    even_split = estimate_rate([1, 0] * 50, [1] * 100)
    assert even_split.degrees_of_freedom == 99


# nothing missed, nothing varying, everything examined


def test_all_recorded_counts_records_not_crimes():
    reported = [10, 10, 1, 1, 1]
    estimate = estimate_rate(reported, reported)
    kish = sum(reported) ** 2 / sum(m * m for m in reported)
    assert estimate.effective_sample_size == pytest.approx(kish, abs=1e-12)
    assert estimate.interval.low == pytest.approx(float(wilson_limits(1.0, kish, 1.959963984540054)[0]), abs=1e-12)
    assert estimate.interval.high == 1.0
    assert estimate.interval.low < proportion_interval(23, 23).low
    assert "unanimous" in codes(estimate)


def test_none_recorded_mirrors_all_recorded():
    reported = [10, 10, 1, 1, 1]
    none, every = estimate_rate([0] * 5, reported), estimate_rate(reported, reported)
    assert none.interval.low == 0.0
    assert none.interval.high == pytest.approx(1 - every.interval.low, abs=1e-12)
    assert "unanimous" in codes(none)


def test_all_recorded_never_has_zero_width_with_either_method():
    for method in ("wilson", "wald"):
        for degrees_of_freedom in ("kurtosis", "design"):
            estimate = estimate_rate([1] * 30, [1] * 30, method=method, degrees_of_freedom=degrees_of_freedom)
            assert estimate.interval.low == pytest.approx(proportion_interval(30, 30).low, abs=1e-12)


@pytest.mark.parametrize("degrees_of_freedom", ["kurtosis", "design"])
@pytest.mark.parametrize(("k", "m"), [(1, 5), (5, 6), (7, 11)])
def test_records_that_all_share_one_ratio_show_no_variance_and_count_as_records(k, m, degrees_of_freedom):
    """Rounding must not pass for variation: in one frame in five it gave an interval of zero width."""
    times = np.array([2, 2, 2, 1, 2])
    for population in range(100, 200):
        estimate = estimate_rate(k * times, m * times, population=population, degrees_of_freedom=degrees_of_freedom)
        assert estimate.standard_error == 0.0
        assert estimate.effective_sample_size == pytest.approx(times.sum() ** 2 / (times @ times), abs=1e-12)
        assert estimate.interval.low < k / m - 0.05
        assert estimate.interval.high > k / m + 0.05


@pytest.mark.parametrize("degrees_of_freedom", ["kurtosis", "design"])
def test_a_domain_of_one_record_counts_as_one_record(degrees_of_freedom):
    only_first = [True, False, False, False]
    for population in range(100, 200):
        estimate = estimate_rate(
            [3, 2, 3, 1], [7, 2, 3, 1], population=population, domain=only_first, degrees_of_freedom=degrees_of_freedom
        )
        assert estimate.effective_sample_size == 1
        assert estimate.interval.high - estimate.interval.low > 0.8


@pytest.mark.parametrize("method", ["wilson", "korn-graubard", "logit", "likelihood", "arcsine", "wald"])
@pytest.mark.parametrize("recorded", [3, 7])
def test_a_domain_of_one_record_has_width_by_every_method(method, recorded):
    """One peer once gave none: a record alone shows no variation, which is not certainty."""
    only_first = [True, False, False, False]
    estimate = estimate_rate([recorded, 2, 3, 1], [7, 2, 3, 1], population=100, domain=only_first, method=method)
    assert (estimate.records, estimate.reported) == (1, 7)
    assert estimate.interval.high - estimate.interval.low > 0.4


@pytest.mark.parametrize("degrees_of_freedom", ["kurtosis", "design"])
def test_strata_that_differ_only_from_each_other_count_as_records(degrees_of_freedom):
    """All recorded in one stratum, none in the other: the variance within strata is nothing, not rounding."""
    for size in range(100, 200):
        estimate = estimate_rate(
            [1] * 7 + [0] * 3,
            [1] * 10,
            stratum=["a"] * 7 + ["b"] * 3,
            population={"a": size, "b": 77},
            degrees_of_freedom=degrees_of_freedom,
        )
        assert estimate.standard_error == 0.0
        assert estimate.effective_sample_size <= 10


def test_a_census_has_no_width_and_says_so():
    estimate = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population={"a": 4, "b": 4})
    assert estimate.standard_error == 0.0
    assert (estimate.interval.low, estimate.interval.high) == (estimate.rate, estimate.rate)
    assert codes(estimate) == {"census"}


def test_a_census_of_one_stratum_leaves_the_variance_of_the_other():
    part = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population={"a": 4, "b": 900})
    assert part.standard_error > 0
    assert "census" not in codes(part)
    examined = estimate_rate(
        RECORDED, REPORTED, stratum=STRATUM, population={"a": 4, "b": 900}, domain=np.array(STRATUM) == "a"
    )
    assert (examined.interval.low, examined.interval.high) == (examined.rate, examined.rate)


# pooled and weighted


def test_weights_of_one_give_the_pooled_rate_and_say_so():
    recorded, reported = [1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1]
    stratum, population = ["a", "a", "a", "b", "b", "b"], {"a": 30, "b": 3000}
    pooled = estimate_rate(recorded, reported, stratum=stratum, population=population, weight=[1.0] * 6)
    weighted = estimate_rate(recorded, reported, stratum=stratum, population=population)
    assert pooled.rate == pytest.approx(5 / 6, abs=1e-15)
    assert weighted.rate == pytest.approx((10 * 2 + 1000 * 3) / (10 * 3 + 1000 * 3), abs=1e-15)
    assert "pooled" in codes(pooled)
    assert "pooled" not in codes(weighted)


def test_strata_without_populations_are_pooled_and_say_so():
    estimate = estimate_rate(RECORDED, REPORTED, stratum=STRATUM)
    assert "pooled" in codes(estimate)
    within_one = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, domain=np.array(STRATUM) == "a")
    assert "pooled" not in codes(within_one)


def test_pooled_crimes_still_know_their_strata_and_frames():
    pooled = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION, weight=[1.0] * 8)
    no_strata = estimate_rate(RECORDED, REPORTED)
    assert pooled.rate == no_strata.rate
    assert pooled.standard_error != no_strata.standard_error


# what a reader is told


def test_one_record_that_dominates_is_named():
    recorded = [1] * 60 + [2]
    reported = [1] * 60 + [20]
    estimate = estimate_rate(recorded, reported)
    assert estimate.top_record_share > 0.9
    assert {"one-record-dominates", "few-degrees-of-freedom"} <= codes(estimate)
    assert any("One record accounts for 9" in str(caution) for caution in estimate.warnings)


@pytest.mark.parametrize(("records", "told"), [(8, True), (9, False)])
def test_fewer_than_eight_degrees_of_freedom_are_named(records, told):
    estimate = estimate_rate([0, 1] * (records // 2) + [1] * (records % 2), [1] * records, degrees_of_freedom="design")
    assert ("few-degrees-of-freedom" in codes(estimate)) is told


def test_an_ordinary_sample_needs_no_caution():
    assert estimate_rate([1] * 80 + [0] * 40, [1] * 120).warnings == ()


def test_an_estimate_reads_as_a_sentence():
    assert str(estimate_rate_from_counts(1254, 1500)) == (
        "83.6% of reported crimes were recorded (95% interval 81.6% to 85.4%; 1,254 of 1,500 crimes; wilson)"
    )


# another level


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("method", ["wilson", "korn-graubard", "logit", "likelihood", "arcsine", "wald"])
def test_at_another_level_equals_asking_for_it(level, method):
    asked = estimate_rate(RECORDED, REPORTED, population=500, method=method, confidence_level=level)
    assert estimate_rate(RECORDED, REPORTED, population=500, method=method).at(level) == asked


def test_at_its_own_level_is_itself():
    estimate = estimate_rate(RECORDED, REPORTED)
    assert estimate.at(0.95) is estimate
    with pytest.raises(InvalidCounts, match="confidence_level"):
        estimate.at(1.0)


# totals only


@pytest.mark.parametrize("population", [None, 74_085, 1500])
def test_totals_give_plain_wilson(population):
    estimate = estimate_rate_from_counts(1254, 1500, population=population)
    interval = proportion_interval(1254, 1500, population=population)
    assert (estimate.interval.low, estimate.interval.high) == (interval.low, interval.high)
    assert estimate.records is None
    assert math.isnan(estimate.design_effect)


@pytest.mark.parametrize("population", [None, 74_085])
def test_totals_at_another_level(population):
    at_ninety = estimate_rate_from_counts(1254, 1500, population=population).at(0.9)
    asked = proportion_interval(1254, 1500, population=population, confidence_level=0.9)
    assert (at_ninety.interval.low, at_ninety.interval.high) == pytest.approx((asked.low, asked.high), abs=1e-14)


def test_impossible_totals_are_refused():
    with pytest.raises(InvalidCounts, match=r"^recorded: found 11"):
        estimate_rate_from_counts(11, 10)
    with pytest.raises(InvalidCounts, match=r"^population: found 0\.02"):
        estimate_rate_from_counts(9, 10, population=0.02)
