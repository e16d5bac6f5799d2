"""Three more printed samples: a margin with finite population, one without, and one that neither gives."""

import pytest

from cdi_stats.methods.proportion import proportion_interval


def margin(recorded, reported, **options):
    """Return the half-width of a symmetric interval in percentage points."""
    interval = proportion_interval(recorded, reported, **options)
    return 100 * (interval.high - interval.low) / 2


def implied_population(unrecorded, printed_rate):
    return round(unrecorded / (1 - printed_rate) * 6 / 12)


def test_lancashire_2017_takes_the_finite_population():
    recorded = round(0.843 * 1438)
    population = implied_population(20_000, 0.843)
    assert round(margin(recorded, 1438, method="wald-fpc", population=population), 2) == 1.86
    assert round(margin(recorded, 1438, method="wald"), 2) == 1.88


def test_thames_valley_2017_does_not():
    recorded = round(0.804 * 1970)
    population = implied_population(35_200, 0.804)
    assert round(margin(recorded, 1970, method="wald"), 2) == 1.75
    assert round(margin(recorded, 1970, method="wald-fpc", population=population), 2) == 1.73


@pytest.mark.parametrize("recorded", [1229, 1230])
def test_south_yorkshire_2018_is_neither(recorded):
    population = implied_population(17_000, 0.895)
    plain, finite = (
        margin(recorded, 1374, method="wald"),
        margin(recorded, 1374, method="wald-fpc", population=population),
    )
    assert 1.60 < finite < plain < 1.63
    assert round(plain, 2) != 1.64
