"""Confidence sequences: that the bets are fair, exactly; that limits hold at every look; edges."""

import itertools
import math

import numpy as np
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.sequential import confidence_sequence, log_capital

LOOKS = range(30, 361, 30)
REFUTED = math.log(20)


def draw(random, records, rate=0.9, correlation=0.3):
    """Return records of 0 to 4 crimes, those of one record alike, in random order."""
    m = random.choice(5, p=[0.25, 0.45, 0.18, 0.08, 0.04], size=records)
    strength = (1 - correlation) / correlation
    return random.binomial(m, random.beta(rate * strength, (1 - rate) * strength, records)), m


@pytest.mark.parametrize(
    ("recorded", "reported", "options", "message"),
    [
        ([1, 3], [1, 3], {"largest_record": 2}, "record 1: found 3 crimes; expected at most the largest_record of 2"),
        ([1, 1], [1, 1], {"largest_record": 0}, "largest_record: found 0; expected a whole number"),
        ([1, 1], [1, 1], {"largest_record": 1.5}, "largest_record: found 1.5"),
        ([1, 1], [1, 1], {"largest_record": 1, "population": 1}, "population: found 1; .* at least 2"),
        ([1, 1], [1, 1], {"largest_record": 1, "population": 9.5}, "population: found 9.5"),
        ([1, 1], [1, 1], {"largest_record": 1, "looks": [2, 1]}, r"looks: found \[2, 1\]; expected .* rising"),
        ([1, 1], [1, 1], {"largest_record": 1, "looks": [1, 3]}, r"looks: found \[1, 3\]; expected .* from 1 to 2"),
        ([1, 1], [1, 1], {"largest_record": 1, "looks": [0, 1]}, r"looks: found \[0, 1\]"),
        ([1, 1], [1, 1], {"largest_record": 1, "looks": []}, r"looks: found \[\]"),
        ([0, 1], [0, 1], {"largest_record": 1, "looks": [1, 2]}, "looks: found no crime in the first 1 records"),
        ([2, 1], [1, 1], {"largest_record": 2}, "record 0: found 2 recorded of 1 reported"),
        ([1, 1], [1, 1], {"largest_record": 1, "confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_input_is_refused(recorded, reported, options, message):
    with pytest.raises(InvalidCounts, match=message):
        confidence_sequence(recorded, reported, **options)


@pytest.mark.parametrize("rate", [0, 1, math.nan, [0.5, 1.2], [[0.5]], "most"])
def test_capital_is_for_rates_that_could_be_tested(rate):
    with pytest.raises(InvalidCounts, match="rate: found"):
        log_capital([1, 0], [1, 1], rate, largest_record=1)


# fairness, exactly


def test_bets_on_a_large_frame_are_fair():
    """Every sequence of five records from a frame of four kinds: under the true rate the mean capital stays 1."""
    kinds = [(1, 1), (0, 1), (2, 3), (0, 0)]
    rate = 3 / 5
    capital = [
        np.exp(log_capital(*zip(*order, strict=True), rate, largest_record=3))
        for order in itertools.product(kinds, repeat=5)
        if any(m for _, m in order)
    ]
    nothing = np.ones((1, 5))  # four records without a crime win and lose nothing
    assert np.vstack([*capital, nothing]).mean(axis=0) == pytest.approx(np.ones(5), abs=1e-12)


@pytest.mark.parametrize("largest", [3, 7])
def test_bets_without_replacement_are_fair(largest):
    """Every order of a frame of six records: under its rate the mean capital stays 1 to the last record."""
    frame = [(1, 1), (0, 2), (2, 3), (0, 0), (1, 1), (3, 3)]
    rate = 7 / 10
    capital = [
        np.exp(log_capital(*zip(*order, strict=True), rate, largest_record=largest, population=6))
        for order in itertools.permutations(frame)
    ]
    assert np.mean(capital, axis=0) == pytest.approx(np.ones(6), abs=1e-11)


def test_bets_at_a_wrong_rate_gain():
    random = np.random.default_rng(4)
    k, m = draw(random, 3000)
    capital = log_capital(k, m, [0.7, 0.8, 0.97], largest_record=4)
    assert capital.shape == (3000, 3)
    assert (capital[-1] > REFUTED).all()


def slow_log_capital(k, m, rate, largest, population=None):
    """Return the log capital, one record after the other."""
    above = below = 0.5
    seen, squares, total, capital = [], 1 / (4 * largest), rate, []
    for t, (recorded, reported) in enumerate(zip(k, m, strict=True), start=1):
        centre = rate
        if population is not None:
            centre = rate - sum(x - rate * n for x, n in seen) / (largest * (population - t + 1))
        y = rate + (recorded - rate * reported) / largest
        variance = squares / t
        bet = math.sqrt(2 * math.log(2 / 0.05) / (variance * t * math.log(1 + t)))
        above *= 1 + min(bet, 0.75 / centre) * (y - centre)
        below *= 1 - min(bet, 0.75 / (1 - centre)) * (y - centre)
        seen.append((recorded, reported))
        total += y
        squares += (y - total / (t + 1)) ** 2
        capital.append(math.log(above + below))
    return capital


@pytest.mark.parametrize("population", [None, 400])
def test_capital_record_by_record(population):
    k, m = draw(np.random.default_rng(11), 120)
    for rate in (0.6, 0.9, 0.97):
        fast = log_capital(k, m, rate, largest_record=4, population=population)
        assert fast == pytest.approx(slow_log_capital(k, m, rate, 4, population), abs=1e-9)


# limits


@pytest.mark.parametrize("population", [None, 400])
def test_limits_are_where_the_capital_reaches_twenty(population):
    k, m = draw(np.random.default_rng(5), 360)
    sequence = confidence_sequence(k, m, largest_record=4, population=population, looks=LOOKS)
    for place, look in enumerate(LOOKS):
        for limit, outwards in ((sequence.interval.low[place], -1e-6), (sequence.interval.high[place], 1e-6)):
            if 0 < limit < 1:
                tested = [limit + outwards, limit - outwards]
                capital = log_capital(k, m, tested, largest_record=4, population=population)[:look].max(axis=0)
                assert capital[0] >= REFUTED - 1e-6 > capital[1] - 1e-3
                assert capital[1] < REFUTED


def test_limits_do_not_depend_on_the_other_looks():
    k, m = draw(np.random.default_rng(6), 360)
    often = confidence_sequence(k, m, largest_record=4, looks=LOOKS)
    once = confidence_sequence(k, m, largest_record=4)
    assert once.looks.tolist() == [360]
    assert (once.interval.low[0], once.interval.high[0]) == pytest.approx(
        (often.interval.low[-1], often.interval.high[-1]), abs=1e-8
    )


def test_a_rate_once_refuted_stays_refuted_unless_asked_otherwise():
    k, m = draw(np.random.default_rng(7), 360)
    running = confidence_sequence(k, m, largest_record=4, looks=LOOKS).interval
    single = confidence_sequence(k, m, largest_record=4, looks=LOOKS, running_intersection=False).interval
    assert (np.diff(running.low) >= -1e-8).all()
    assert (np.diff(running.high) <= 1e-8).all()
    assert (running.low >= single.low - 1e-8).all()
    assert (running.high <= single.high + 1e-8).all()


def test_a_small_frame_gives_narrower_limits_and_a_census_the_rate_itself():
    k, m = draw(np.random.default_rng(8), 360)
    large = confidence_sequence(k, m, largest_record=4, looks=[300, 360]).interval
    small = confidence_sequence(k, m, largest_record=4, looks=[300, 360], population=400).interval
    assert ((small.high - small.low) < (large.high - large.low)).all()
    census = confidence_sequence(k, m, largest_record=4, looks=[300, 359, 360], population=360)
    assert census.interval.low[-1] == census.interval.high[-1] == k.sum() / m.sum()
    assert census.interval.low[1] < k.sum() / m.sum() < census.interval.high[1]
    assert [caution.code for caution in census.warnings] == ["census"]


def test_a_larger_record_declared_costs_width():
    k, m = draw(np.random.default_rng(9), 360)
    width = []
    for largest in (4, 10, 30):
        interval = confidence_sequence(k, m, largest_record=largest).interval
        width.append(interval.high[0] - interval.low[0])
    assert width == sorted(width)
    assert width[-1] > 1.5 * width[0]


@pytest.mark.parametrize("share", [0, 1])
def test_unanimous_records_leave_the_end_open(share):
    sequence = confidence_sequence([share] * 100, [1] * 100, largest_record=1, looks=[1, 10, 100])
    inner, outer = (sequence.interval.low, sequence.interval.high)[:: 1 if share else -1]
    assert outer.tolist() == [share] * 3
    assert (np.diff(np.abs(inner - share)) < 0).all()
    assert np.abs(inner - share)[-1] > 3 / 100


def test_recorded_mirrors_missed():
    k, m = draw(np.random.default_rng(10), 200)
    recorded = confidence_sequence(k, m, largest_record=4).interval
    missed = confidence_sequence(m - k, m, largest_record=4).interval
    assert 1 - missed.high[0] == pytest.approx(recorded.low[0], abs=1e-8)
    assert 1 - missed.low[0] == pytest.approx(recorded.high[0], abs=1e-8)


def test_a_rate_that_changes_midway_is_seen_and_gets_no_limits():
    sequence = confidence_sequence([1] * 300 + [0] * 300, [1] * 600, largest_record=1, looks=[300, 600])
    assert (sequence.interval.low[1], sequence.interval.high[1]) == (0, 1)
    assert sequence.interval.low[0] > 0.9
    assert [caution.code for caution in sequence.warnings] == ["contradiction"]
    assert "From 600 records on" in str(sequence.warnings[0])


def test_a_rate_that_the_records_left_cannot_reach_is_refuted():
    capital = log_capital([1] * 9, [1] * 9, 0.5, largest_record=1, population=10)
    assert capital[-1] == math.inf
    assert np.isfinite(capital[0])


def test_it_reads_as_a_sentence():
    sequence = confidence_sequence([1] * 9 + [0], [1] * 10, largest_record=1)
    assert str(sequence).startswith("90.0% after 10 records (95% limits ")
    assert str(sequence).endswith("valid at every look)")


# twelve monthly looks


@pytest.mark.parametrize("population", [None, 400])
def test_twelve_looks_miss_the_true_rate_in_fewer_than_five_of_a_hundred_audits(population):
    """1,000 audits of 360 records: the share missed at any look is below 5 % by more than three standard errors."""
    random = np.random.default_rng(2024)
    missed = 0
    for _ in range(1000):
        k, m = draw(random, population or 360)
        rate = 0.9 if population is None else k.sum() / m.sum()
        capital = log_capital(k[:360], m[:360], rate, largest_record=4, population=population)
        missed += bool((capital[np.array(LOOKS) - 1] >= REFUTED).any())
    assert missed / 1000 + 3 * math.sqrt(0.05 * 0.95 / 1000) < 0.05


def test_wilson_limits_looked_at_every_month_miss_far_more():
    """Crimes one a record, so that one look is right: twelve miss the true rate in more than 12 of 100 audits."""
    random = np.random.default_rng(2024)
    recorded = np.cumsum(random.binomial(30, 0.9, size=(4000, 12)), axis=1)
    limits = proportion_interval(recorded, np.tile(np.array(LOOKS), (4000, 1)))
    beyond = (limits.low > 0.9) | (limits.high < 0.9)
    assert beyond[:, -1].mean() < 0.07
    assert beyond.any(axis=1).mean() > 0.12


@pytest.mark.parametrize("recorded", [0, 1])
def test_a_rate_is_refuted_for_good_once_the_records_left_cannot_reach_it(recorded):
    """Of ten crimes in ten records three must be unlike the first eight: before the ninth only two are left."""
    capital = log_capital([recorded] * 9, [1] * 9, abs(recorded - 0.3), largest_record=1, population=10)
    assert np.isinf(capital).tolist() == [False] * 8 + [True]
