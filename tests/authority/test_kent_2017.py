"""Kent 2017: the inspection's printed margins and annual figure, and the force's own audit in its board paper.

Counts of the strata are inferred (their sum is the printed 1,500). The population is implied by the printed figures:
N = unrecorded a year / (1 - printed rate) x months audited / 12.
"""

import pytest

from cdi_stats.methods.extrapolation import extrapolate_unrecorded
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

OVERALL, VIOLENCE, SEXUAL = (1254, 1500), (461, 582), (288, 319)
OTHER = (1254 - 461 - 288, 1500 - 582 - 319)
MONTHS = 6


def implied_population(unrecorded, printed_rate):
    return round(unrecorded / (1 - printed_rate) * MONTHS / 12)


def half_width(recorded, reported, **options):
    interval = proportion_interval(recorded, reported, **options)
    return (interval.high - interval.low) / 2


def one_crime_a_record(*strata):
    """Return recorded, reported and stratum labels of samples known only by their totals."""
    recorded = [crime < k for k, m in strata for crime in range(m)]
    return recorded, [1] * len(recorded), [name for name, (_, m) in enumerate(strata) for _ in range(m)]


@pytest.mark.parametrize(
    ("counts", "unrecorded", "printed_rate", "population", "printed_margin"),
    [
        (OVERALL, 24_300, 0.836, 74_085, 1.85),
        (VIOLENCE, 10_600, 0.792, 25_481, 3.26),
        (SEXUAL, 400, 0.902, 2_041, 2.99),
    ],
)
def test_printed_rates_and_margins(counts, unrecorded, printed_rate, population, printed_margin):
    recorded, reported = counts
    rate = recorded / reported
    assert implied_population(unrecorded, printed_rate) == population
    interval = proportion_interval(recorded, reported, method="wald-fpc", population=population)
    assert rate == pytest.approx(printed_rate, abs=1e-3)
    assert round(100 * (rate - interval.low), 2) == printed_margin
    assert round(100 * (interval.high - rate), 2) == printed_margin


def test_the_counts_inferred_for_sexual_offences_do_not_round_to_the_printed_rate():
    """288 of 319 is 90.28 %, printed as 90.2; no count with the printed margin rounds to 90.2."""
    fitting = [
        (recorded, reported)
        for reported in range(300, 340)
        for recorded in range(reported - 60, reported)
        if round(recorded / reported, 3) == 0.902
        and round(100 * half_width(recorded, reported, method="wald-fpc", population=2_041), 2) == 2.99
    ]
    assert fitting == []
    assert round(288 / 319, 3) == 0.903


def test_the_plain_margin_is_not_the_printed_one():
    assert round(100 * half_width(*OVERALL, method="wald"), 2) == 1.87


def test_annual_figure_with_the_range_that_was_not_printed():
    implied_recorded = 24_300 / (1 - 0.836) * 0.836
    assert round(implied_recorded) == 123_871
    total = extrapolate_unrecorded(estimate_rate_from_counts(*OVERALL), recorded=123_871)
    assert round(total.value) == 24_300
    assert (round(total.interval.low), round(total.interval.high)) == (21_198, 27_856)


def test_pooled_overall_is_the_printed_one_and_the_weighted_is_not():
    recorded, reported, stratum = one_crime_a_record(VIOLENCE, SEXUAL, OTHER)
    population = {0: 25_481, 1: 2_041, 2: 74_085 - 25_481 - 2_041}
    assert population[2] == 46_563
    weighted = estimate_rate(recorded, reported, stratum=stratum, population=population)
    pooled = estimate_rate(recorded, reported, stratum=stratum, population=population, weight=[1.0] * 1500)
    assert round(weighted.rate, 3) == 0.827
    assert round(pooled.rate, 3) == 0.836


@pytest.mark.parametrize(
    ("recorded", "reported", "low", "high", "margin"),
    [(199, 216, 0.8776, 0.9503, 3.6), (222, 266, 0.7852, 0.8744, 4.5), (223, 235, 0.9129, 0.9706, 2.9)],
)
def test_board_paper_achieved_margins(recorded, reported, low, high, margin):
    interval = proportion_interval(recorded, reported)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)
    assert round(100 * half_width(recorded, reported), 1) == margin


def test_board_paper_overall_is_pooled():
    pooled = estimate_rate(*one_crime_a_record((199, 216), (222, 266), (223, 235))[:2])
    assert (pooled.recorded, pooled.reported, round(100 * pooled.rate, 1)) == (644, 717, 89.8)


@pytest.mark.parametrize(
    ("recorded", "reported", "low", "high"), [(102, 112, 0.8434, 0.9508), (348, 446, 0.7395, 0.8162)]
)
def test_rape_and_domestic_abuse(recorded, reported, low, high):
    interval = proportion_interval(recorded, reported)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)
