"""Kent 2018, the re-inspection: printed margins, the rule of three, additional crimes and the weighted overall.

Counts of the strata are inferred (their sum is the printed 784). The population is implied by the printed figures:
N = additional a year / (printed rate - printed rate of 2017) x months audited / 12.
"""

import pytest

from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.extrapolation import extrapolate_additional
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

OVERALL, VIOLENCE, SEXUAL = (757, 784), (292, 305), (167, 167)
OTHER = (757 - 292 - 167, 784 - 305 - 167)
MONTHS = 3


def reported_in_a_year(additional, rate, earlier_rate):
    return additional / (rate - earlier_rate)


def printed_rate(rate):
    """Return an estimate whose rate is exactly a rate as printed, to a tenth of a per cent."""
    return estimate_rate_from_counts(round(1000 * rate), 1000)


@pytest.mark.parametrize(
    ("counts", "additional", "rate", "earlier_rate", "population", "printed_margin"),
    [
        (OVERALL, 25_400, 0.966, 0.836, 48_846, 1.27),
        (VIOLENCE, 12_380, 0.957, 0.792, 18_758, 2.25),
    ],
)
def test_printed_rates_and_margins(counts, additional, rate, earlier_rate, population, printed_margin):
    recorded, reported = counts
    assert round(reported_in_a_year(additional, rate, earlier_rate) * MONTHS / 12) == population
    interval = proportion_interval(recorded, reported, method="wald-fpc", population=population)
    assert round(recorded / reported, 3) == rate
    assert round(100 * (recorded / reported - interval.low), 2) == printed_margin


def test_all_recorded_follows_the_rule_of_three_without_finite_population():
    population = round(reported_in_a_year(660, 1.0, 0.902) * MONTHS / 12)
    assert population == 1_684
    interval = proportion_interval(*SEXUAL, method="wald-fpc", population=population)
    assert interval.low == pytest.approx(1 - 3 / 167, abs=1e-15)
    assert (round(100 * (1 - interval.low), 2), interval.high) == (1.80, 1.0)
    assert round(100 * interval.low, 1) == 98.2


@pytest.mark.parametrize(
    ("additional", "rate", "earlier_rate"), [(25_400, 0.966, 0.836), (12_380, 0.957, 0.792), (660, 1.0, 0.902)]
)
def test_additional_crimes_from_reported_and_from_recorded_volumes(additional, rate, earlier_rate):
    later, earlier = printed_rate(rate), printed_rate(earlier_rate)
    reported = reported_in_a_year(additional, rate, earlier_rate)
    from_reported = extrapolate_additional(later, earlier, reported=reported)
    from_recorded = extrapolate_additional(later, earlier, recorded=reported * rate)
    assert from_reported.value == pytest.approx(additional, rel=1e-9)
    assert from_recorded.value == pytest.approx(additional, rel=1e-9)
    assert from_reported.interval.low < additional < from_reported.interval.high
    assert from_recorded.interval.low < additional < from_recorded.interval.high


def test_the_improvement_since_2017_is_clear():
    change = compare_rates(estimate_rate_from_counts(*OVERALL), estimate_rate_from_counts(1254, 1500))
    assert change.direction == "improved"
    assert change.value == pytest.approx(757 / 784 - 0.836, abs=1e-15)
    assert change.interval.low > 0.10


def test_weighted_overall():
    strata = (VIOLENCE, SEXUAL, OTHER)
    population = {0: 18_758, 1: 1_684, 2: 48_846 - 18_758 - 1_684}
    assert population[2] == 28_404
    recorded = [crime < k for k, m in strata for crime in range(m)]
    stratum = [name for name, (_, m) in enumerate(strata) for _ in range(m)]
    weighted = estimate_rate(recorded, [1] * 784, stratum=stratum, population=population)
    pooled = estimate_rate(recorded, [1] * 784, stratum=stratum, population=population, weight=[1.0] * 784)
    assert (round(weighted.rate, 3), round(pooled.rate, 3)) == (0.958, 0.966)


@pytest.mark.parametrize(
    ("recorded", "reported", "low", "high"), [(62, 63, 0.9154, 0.9972), (152, 165, 0.8699, 0.9534)]
)
def test_rape_and_domestic_abuse(recorded, reported, low, high):
    interval = proportion_interval(recorded, reported)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)
