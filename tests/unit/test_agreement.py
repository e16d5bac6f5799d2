"""Agreement of two auditors: influence values by hand, clusters, edges; rates corrected for an auditor's errors."""

import math

import numpy as np
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.agreement import (
    auditor_agreement,
    auditor_agreement_from_counts,
    correct_for_auditor_error,
)
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

RANDOM = np.random.default_rng(5)
FIRST = RANDOM.random(60) < 0.7
SECOND = np.where(RANDOM.random(60) < 0.85, FIRST, ~FIRST)
RECORD = np.repeat(np.arange(20), 3)


def coefficients_of(first, second):
    """Return observed agreement, kappa and AC1 from their definitions."""
    agreed = (first == second).mean()
    shares = first.mean(), second.mean()
    by_chance = shares[0] * shares[1] + (1 - shares[0]) * (1 - shares[1])
    middle = sum(shares) / 2
    gwet = 2 * middle * (1 - middle)
    return agreed, (agreed - by_chance) / (1 - by_chance), (agreed - gwet) / (1 - gwet)


def test_values_follow_their_definitions():
    found = auditor_agreement(FIRST, SECOND)
    assert (found.observed.value, found.kappa.value, found.ac1.value) == pytest.approx(coefficients_of(FIRST, SECOND))
    assert found.table.tolist() == [
        [int((~FIRST & ~SECOND).sum()), int((~FIRST & SECOND).sum())],
        [int((FIRST & ~SECOND).sum()), int((FIRST & SECOND).sum())],
    ]


@pytest.mark.parametrize("name", ["observed", "kappa", "ac1"])
def test_clustered_errors_are_close_to_the_jackknife_over_records(name):
    """Deleting one record at a time: the jackknife and the linearised error agree to second order."""
    place = ("observed", "kappa", "ac1").index(name)
    left = np.array([coefficients_of(FIRST[r != RECORD], SECOND[r != RECORD])[place] for r in range(20)])
    jackknife = math.sqrt(19 / 20 * ((left - left.mean()) ** 2).sum())
    found = getattr(auditor_agreement(FIRST, SECOND, record=RECORD), name)
    assert found.standard_error == pytest.approx(jackknife, rel=0.06)


def test_records_that_repeat_one_answer_count_once():
    """Every crime five times in its record: as uncertain as the twelve records alone, not as sixty crimes."""
    few, other = FIRST[:12], SECOND[:12]
    alone = auditor_agreement(few, other)
    repeated = auditor_agreement(np.repeat(few, 5), np.repeat(other, 5), record=np.repeat(np.arange(12), 5))
    assert repeated.ac1.value == pytest.approx(alone.ac1.value, abs=1e-12)
    assert repeated.ac1.standard_error == pytest.approx(alone.ac1.standard_error, abs=1e-12)
    assert (repeated.crimes, repeated.records) == (60, 12)


def test_labels_and_counts_give_the_same():
    words = np.where(FIRST, "recorded", "missed"), np.where(SECOND, "recorded", "missed")
    by_label, by_bool = auditor_agreement(*words), auditor_agreement(FIRST, SECOND)
    by_counts = auditor_agreement_from_counts(by_bool.table)
    for found in (by_label, by_counts):
        assert found.kappa == by_bool.kappa
        assert found.ac1 == by_bool.ac1
    assert by_label.answers == ("missed", "recorded")


def test_three_answers_are_allowed():
    found = auditor_agreement_from_counts([[40, 5, 3], [2, 30, 4], [1, 2, 20]])
    assert 0 < found.kappa.value < found.observed.value < 1


@pytest.mark.parametrize(
    ("table", "told"), [([[95, 2], [3, 0]], True), ([[95, 0], [0, 5]], False), ([[80, 8], [8, 4]], False)]
)
def test_the_paradox_is_told_where_one_answer_is_nearly_all_and_kappa_is_low_for_it(table, told):
    """Feinstein and Cicchetti (1990): high agreement beside a low kappa, where one answer prevails."""
    found = auditor_agreement_from_counts(table)
    assert [caution.code for caution in found.warnings] == ["kappa-paradox"] * told


def test_one_answer_throughout_leaves_kappa_undefined_and_says_so():
    found = auditor_agreement([True] * 9, [True] * 9)
    assert math.isnan(found.kappa.value)
    assert (found.observed.value, found.ac1.value) == (1.0, 1.0)
    assert [caution.code for caution in found.warnings] == ["kappa-undefined"]
    assert auditor_agreement(["a"] * 4, ["a"] * 4).observed.value == 1.0


@pytest.mark.parametrize(
    ("first", "second", "options", "message"),
    [
        ([True, False], [True], {}, "first, second: found 2 and 1 answers"),
        ([True], [True], {}, "record: found 1; expected crimes of two records or more"),
        ([True, False], [True, False], {"record": ["x", "x"]}, "record: found 1"),
        ([True, False], [True, False], {"record": ["x"]}, "record: found 1 entries"),
        ([True, False], [True, False], {"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_reviews_are_refused(first, second, options, message):
    with pytest.raises(InvalidCounts, match=message):
        auditor_agreement(first, second, **options)


@pytest.mark.parametrize("table", [[[1, 2, 3]], [[1.5, 2], [3, 4]], [[-1, 2], [3, 4]], [[0, 0], [0, 1]], [[5]]])
def test_impossible_tables_are_refused(table):
    with pytest.raises(InvalidCounts, match="table: expected a square table of whole counts"):
        auditor_agreement_from_counts(table)


def test_an_auditor_without_error_changes_nothing():
    rate = estimate_rate([1] * 40 + [0] * 9, [1] * 49)
    found = correct_for_auditor_error(rate, sensitivity=1.0, specificity=1.0)
    limits = rate.interval.low, rate.interval.high
    assert found.rate == pytest.approx(rate.rate, abs=1e-15)
    assert (found.interval.low, found.interval.high) == pytest.approx(limits, abs=1e-15)


def test_sampled_errors_widen_the_interval_and_vanish_with_their_sample():
    rate = estimate_rate_from_counts(222, 266)
    fixed = correct_for_auditor_error(rate, sensitivity=0.95, specificity=0.98)
    small = correct_for_auditor_error(rate, sensitivity=(95, 100), specificity=(49, 50))
    large = correct_for_auditor_error(rate, sensitivity=(950_000, 1_000_000), specificity=(980_000, 1_000_000))
    assert small.interval.high - small.interval.low > fixed.interval.high - fixed.interval.low
    limits = fixed.interval.low, fixed.interval.high
    assert (large.interval.low, large.interval.high) == pytest.approx(limits, abs=2e-3)
    assert (fixed.interval.method, small.interval.method) == ("rogan-gladen", "lang-reiczigel")


def test_a_census_keeps_only_the_error_of_the_second_review():
    census = estimate_rate([1] * 80 + [0] * 20, [1] * 100, population=100)
    found = correct_for_auditor_error(census, sensitivity=(95, 100), specificity=(49, 50))
    sampled = correct_for_auditor_error(
        estimate_rate([1] * 80 + [0] * 20, [1] * 100), sensitivity=(95, 100), specificity=(49, 50)
    )
    assert 0 < found.interval.high - found.interval.low < sampled.interval.high - sampled.interval.low


def test_a_rate_beyond_what_the_errors_allow_is_cut_and_says_so():
    found = correct_for_auditor_error(estimate_rate_from_counts(99, 100), sensitivity=0.95, specificity=0.95)
    assert found.rate == 1.0
    assert found.interval.high == 1.0
    assert "beyond-range" in {caution.code for caution in found.warnings}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sensitivity": 0.4, "specificity": 0.5}, r"found a sum of 0\.9; expected more than 1"),
        ({"sensitivity": 1.2, "specificity": 0.5}, r"sensitivity: found 1\.2"),
        ({"sensitivity": (3, 2), "specificity": (1, 2)}, r"sensitivity: found \(3, 2\)"),
        ({"sensitivity": (2, 2), "specificity": 0.9}, "expected both as counts, or both as shares"),
    ],
)
def test_impossible_error_rates_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        correct_for_auditor_error(estimate_rate_from_counts(222, 266), **options)
