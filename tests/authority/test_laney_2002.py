"""Laney 2002 (Quality Engineering 14:531-537), "Improved control charts for attributes": what the p' chart must be."""

import numpy as np
import pytest

from cdi_stats.methods.monitoring import p_prime_chart

MISSED = np.array([31, 28, 44, 25, 39, 52, 30, 27, 41, 36, 29, 33])
REPORTED = np.array([410, 395, 505, 388, 460, 512, 402, 377, 480, 431, 399, 420])


def test_limits_by_the_formula_point_by_point():
    chart = p_prime_chart(MISSED / REPORTED, REPORTED)
    pbar = MISSED.sum() / REPORTED.sum()
    sigma_p = [(pbar * (1 - pbar) / n) ** 0.5 for n in REPORTED]
    z = [(x / n - pbar) / sigma for x, n, sigma in zip(MISSED, REPORTED, sigma_p, strict=True)]
    ranges = [abs(z[i] - z[i - 1]) for i in range(1, len(z))]
    sigma_z = sum(ranges) / len(ranges) / 1.128
    assert chart.sigma_z == pytest.approx(np.full(12, sigma_z), rel=1e-13)
    assert chart.centre == pytest.approx(np.full(12, pbar), rel=1e-13)
    assert chart.high == pytest.approx([pbar + 3 * sigma * sigma_z for sigma in sigma_p], rel=1e-12)
    assert chart.low == pytest.approx([max(0, pbar - 3 * sigma * sigma_z) for sigma in sigma_p], rel=1e-12)


def test_with_equal_subgroups_it_is_the_chart_of_individual_values():
    """Shewhart's XmR chart: mean -+ 2.660 times the mean moving range (2.660 = 3 / 1.128, as manuals round it)."""
    rate = MISSED / 450
    chart = p_prime_chart(rate, np.full(12, 450))
    moving_range = np.abs(np.diff(rate)).mean()
    assert chart.centre[0] == pytest.approx(rate.mean(), rel=1e-13)
    assert chart.high - chart.centre == pytest.approx(np.full(12, 3 / 1.128 * moving_range), rel=1e-12)
    assert chart.high - chart.centre == pytest.approx(np.full(12, 2.660 * moving_range), rel=2e-4)
    again = p_prime_chart(rate, np.full(12, 45_000))
    assert again.high == pytest.approx(chart.high, rel=1e-12)


def test_with_chance_alone_it_is_the_p_chart():
    """Sigma_z is 1 where nothing but binomial chance is at work: over many subgroups, to within 4 standard errors."""
    random = np.random.default_rng(2002)
    n = random.integers(300, 600, 4000)
    chart = p_prime_chart(random.binomial(n, 0.1) / n, n)
    assert chart.sigma_z[0] == pytest.approx(1, abs=4 * 0.9 / 4000**0.5)
    p_chart = chart.centre + 3 * np.sqrt(chart.centre * (1 - chart.centre) / n)
    assert chart.high == pytest.approx(p_chart, rel=0.03)


def test_variation_between_subgroups_widens_the_limits_that_the_p_chart_would_break():
    """Laney's reason for the chart: large subgroups whose rate moves by more than binomial chance."""
    random = np.random.default_rng(14)
    n = np.full(60, 50_000)
    rate = random.binomial(n, random.normal(0.1, 0.01, 60)) / n
    chart = p_prime_chart(rate, n)
    p_chart = 3 * np.sqrt(chart.centre * (1 - chart.centre) / n)
    assert (np.abs(rate - chart.centre) > p_chart).mean() > 0.4
    assert chart.outside.mean() < 0.05


def test_montgomerys_cans_of_orange_juice():
    """Montgomery, Introduction to Statistical Quality Control: 30 samples of 50 cans, p chart .2313, .0524 to .4102.

    Laney's limits are the p chart's, sigma_z times as far from the centre.
    """
    cans = "12 15 8 10 4 7 16 9 14 10 5 6 17 12 22 8 10 5 13 11 20 18 24 15 9 12 7 13 9 6"
    rate = np.array(cans.split(), float) / 50
    chart = p_prime_chart(rate, np.full(30, 50))
    assert round(chart.centre[0], 4) == 0.2313
    p_chart = (chart.high[0] - chart.centre[0]) / chart.sigma_z[0]
    assert round(chart.centre[0] + p_chart, 4) == 0.4102
    assert round(chart.centre[0] - p_chart, 4) == 0.0524
    assert chart.signals == ()
