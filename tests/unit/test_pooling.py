"""Edges of partial pooling, and the slow sums beside the quadrature."""

import math

import numpy as np
import pytest
from scipy import optimize, special, stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.pooling import _log_rise, hyperposterior, mixture_limits, pool_rates

FORCES = (np.array([18.0, 40, 9, 25, 5]), np.array([20.0, 60, 10, 50, 25]))
ALIKE = ([9, 18, 27, 45], [10, 20, 30, 50])


@pytest.mark.parametrize(
    ("recorded", "reported", "options", "message"),
    [
        ([1, 2], [3, 4], {}, "reported: found 2 groups with a crime; expected at least 3"),
        ([1, 2, 0], [3, 4, 0], {}, "reported: found 2 groups with a crime"),
        ([1, 2, 5], [3, 4, 4], {}, "group 2: found 5 recorded of 4 reported"),
        ([1, -2, 3], [3, 4, 4], {}, "group 1: found -2 recorded of 4 reported"),
        ([1, 2, math.nan], [3, 4, 4], {}, "group 2: found nan"),
        ([1, 2, 3], [3, 4, math.inf], {}, "group 2: found 3 recorded of inf"),
        ([1, 2, "some"], [3, 4, 4], {}, "recorded: found something that is no number"),
        ([1, 2, 3], [4, 4], {}, "recorded, reported: found shapes"),
        (5, 6, {}, "recorded, reported: found shapes"),
        (*ALIKE, {"method": "mcmc"}, "method: found 'mcmc'; expected one of maximum-likelihood, moments"),
        (*ALIKE, {"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_impossible_input_is_refused(recorded, reported, options, message):
    with pytest.raises(InvalidCounts, match=message):
        pool_rates(recorded, reported, **options)


@pytest.mark.parametrize("method", ["maximum-likelihood", "moments"])
def test_rates_are_drawn_towards_the_mean_by_their_weights(method):
    pooled = pool_rates(*FORCES, method=method)
    a, b = pooled.beta_parameters
    x, n = FORCES
    assert pooled.raw_rate == pytest.approx(x / n)
    assert pooled.weight == pytest.approx(n / (n + a + b))
    assert pooled.rate == pytest.approx((x + a) / (n + a + b))
    assert pooled.rate == pytest.approx(pooled.weight * x / n + (1 - pooled.weight) * pooled.prior_mean)
    assert pooled.naive_interval.low == pytest.approx(stats.beta.ppf(0.025, x + a, n - x + b))
    assert pooled.naive_interval.high == pytest.approx(stats.beta.ppf(0.975, x + a, n - x + b))
    assert pooled.warnings == ()


def test_maximum_likelihood_agrees_with_a_general_search():
    def loss(place):
        return -stats.betabinom.logpmf(*FORCES, *np.exp(place)).sum()

    found = optimize.minimize(loss, [0, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    assert pool_rates(*FORCES).beta_parameters == pytest.approx(tuple(np.exp(found.x)), rel=1e-5)


def test_of_two_summits_the_higher_is_found():
    """20 of 182 and nothing of 33 in four small groups: moments see one rate, the likelihood a little further off."""
    groups = (np.array([20.0, 0, 0, 0, 0]), np.array([182.0, 2, 18, 6, 7]))
    a, b = pool_rates(*groups).beta_parameters
    assert pool_rates(*groups, method="moments").prior_strength == math.inf
    one_rate = stats.binom.logpmf(*groups, 20 / 215).sum()
    assert stats.betabinom.logpmf(*groups, a, b).sum() > one_rate + 0.1


def test_moments_solve_their_equation():
    """Kleinman's weighted sum of squares equals what it is expected to be at the correlation found."""
    x, n = FORCES
    pooled = pool_rates(x, n, method="moments")
    p, correlation = x.sum() / n.sum(), 1 / (1 + pooled.prior_strength)
    variance = p * (1 - p) / n * (1 + (n - 1) * correlation)
    expected = (n * variance).sum() - (n**2 * variance).sum() / n.sum()
    assert (n * (x / n - p) ** 2).sum() == pytest.approx(expected)
    assert pooled.prior_mean == pytest.approx(p)


@pytest.mark.parametrize(
    ("groups", "tolerance"),
    [(FORCES, 2e-5), ((np.array([9.0, 18, 27, 45]), np.array([10.0, 20, 30, 50])), 5e-4)],
    ids=["different", "alike"],
)
def test_limits_leave_out_two_and_a_half_percent_on_each_side_of_a_dense_sum(groups, tolerance):
    """A plain midpoint sum over (mu, s^-1/2), in which the hyperprior (a + b)^(-5/2) is flat."""
    x, n = groups
    pooled = pool_rates(x, n)
    mean = (np.arange(300) + 0.5) / 300
    share = (np.arange(150) + 0.5) / 150
    weight, below = [], []
    for t in share:
        strength = (t / (1 - t) / 4) ** -2
        a, b = mean * strength, (1 - mean) * strength
        chance = sum(stats.betabinom.logpmf(k, m, a, b) for k, m in zip(x, n, strict=True))
        weight.append(np.exp(chance) / (1 - t) ** 2)
        limits = zip(x, n, pooled.interval.low, pooled.interval.high, strict=True)
        below.append([[special.betainc(k + a, m - k + b, at) for at in (low, high)] for k, m, low, high in limits])
    weight = np.array(weight) / np.sum(weight)
    cumulative = np.einsum("tm,tjqm->qj", weight, np.array(below))
    assert cumulative[0] == pytest.approx(np.full(x.size, 0.025), abs=tolerance)
    assert cumulative[1] == pytest.approx(np.full(x.size, 0.975), abs=tolerance)


def test_posterior_weights_add_up_and_repeated_groups_count():
    x, n = np.array([3.0, 3, 5, 9, 9, 9]), np.array([4.0, 4, 9, 10, 10, 10])
    whole = hyperposterior(x, n)
    counted = hyperposterior(np.array([3.0, 5, 9]), np.array([4.0, 9, 10]), np.array([2.0, 1, 3]))
    assert whole.weight.sum() == pytest.approx(1)
    assert counted.mean == pytest.approx(whole.mean)
    assert counted.weight == pytest.approx(whole.weight, abs=1e-14)
    assert pool_rates(x, n).interval.low[:2] == pytest.approx(
        mixture_limits(np.array([3.0]), np.array([4.0]), counted, 0.95)[0].repeat(2), abs=1e-4
    )


def test_order_of_groups_does_not_matter_and_recorded_mirrors_missed():
    x, n = FORCES
    pooled, turned, mirrored = pool_rates(x, n), pool_rates(x[::-1], n[::-1]), pool_rates(n - x, n)
    assert turned.rate[::-1] == pytest.approx(pooled.rate, abs=1e-12)
    assert turned.interval.low[::-1] == pytest.approx(pooled.interval.low, abs=1e-9)
    assert 1 - mirrored.rate == pytest.approx(pooled.rate, abs=1e-9)
    assert 1 - mirrored.interval.high == pytest.approx(pooled.interval.low, abs=1e-7)


def test_groups_no_more_different_than_chance_get_one_rate_with_limits_all_the_same():
    pooled = pool_rates(*ALIKE)
    assert pooled.prior_strength == math.inf
    assert pooled.beta_parameters == (math.inf, math.inf)
    assert pooled.rate == pytest.approx(np.full(4, 0.9))
    assert pooled.weight.tolist() == [0, 0, 0, 0]
    assert (pooled.naive_interval.high == pooled.naive_interval.low).all()
    width = pooled.interval.high - pooled.interval.low
    assert (np.diff(width) < 0).all()
    assert width[-1] > 0.1
    assert [caution.code for caution in pooled.warnings] == ["no-spread"]
    assert pool_rates(*ALIKE, method="moments").prior_strength == math.inf


@pytest.mark.parametrize("share", [0, 1])
def test_unanimous_groups_keep_an_interval(share):
    n = np.array([5.0, 9, 14])
    pooled = pool_rates(share * n, n)
    assert (pooled.rate == share).all()
    inner, outer = (pooled.interval.low, pooled.interval.high)[:: 1 if share else -1]
    assert (outer == share).all()
    assert (np.abs(inner - share) > 0.05).all()
    assert [caution.code for caution in pooled.warnings] == ["unanimous"]


def test_a_group_without_a_crime_gets_the_mean_of_all_and_wide_limits():
    pooled = pool_rates([*FORCES[0], 0], [*FORCES[1], 0])
    without = pool_rates(*FORCES)
    assert math.isnan(pooled.raw_rate[-1])
    assert pooled.rate[-1] == pooled.prior_mean == without.prior_mean
    assert pooled.weight[-1] == 0
    assert pooled.interval.low[:-1] == pytest.approx(without.interval.low, abs=1e-9)
    assert pooled.interval.low[-1] < without.interval.low.min()
    assert pooled.interval.high[-1] > without.interval.high.max()
    assert [caution.code for caution in pooled.warnings] == ["empty-groups"]


def test_all_or_nothing_groups_are_labelled():
    pooled = pool_rates([5, 0, 14, 3], [5, 9, 14, 3])
    assert pooled.prior_strength == 1
    assert (pooled.interval.low < pooled.rate).all()
    assert (pooled.interval.high > pooled.rate).all()
    assert [caution.code for caution in pooled.warnings] == ["all-or-nothing"]


def test_effective_counts_may_be_fractions():
    pooled = pool_rates([5.25, 0.2, 14.5, 3.0], [9.1, 0.5, 15.0, 30.0])
    nearly = pool_rates([5.25 + 1e-9, 0.2, 14.5, 3.0], [9.1, 0.5, 15.0, 30.0])
    assert pooled.rate == pytest.approx(nearly.rate, abs=1e-7)
    assert pooled.interval.low == pytest.approx(nearly.interval.low, abs=1e-7)


def test_fewer_crimes_for_the_same_rates_mean_more_pooling():
    x, n = FORCES
    full, half = pool_rates(x, n), pool_rates(x / 4, n / 4)
    assert (half.weight < full.weight).all()


def test_large_groups_are_left_as_they_are():
    n = np.full(5, 1e6)
    pooled = pool_rates(n * [0.8, 0.85, 0.9, 0.95, 0.7], n)
    assert pooled.rate == pytest.approx(pooled.raw_rate, abs=1e-4)
    assert pooled.interval.low == pytest.approx(pooled.naive_interval.low, abs=1e-5)


def test_a_higher_level_gives_wider_limits():
    narrow, wide = (pool_rates(*FORCES, confidence_level=level).interval for level in (0.8, 0.99))
    assert (wide.low < narrow.low).all()
    assert (wide.high > narrow.high).all()


def test_limits_hold_the_true_rates_of_few_groups_and_the_naive_ones_do_not():
    """Groups drawn from the model: in the mean over groups, 95 % of the limits hold (three standard errors allowed)."""
    random = np.random.default_rng(20_250)
    held, naive = [], []
    for _ in range(30):
        truth = random.beta(18, 2, 4)
        n = random.integers(10, 40, 4)
        pooled = pool_rates(random.binomial(n, truth), n)
        held.append(((pooled.interval.low <= truth) & (truth <= pooled.interval.high)).mean())
        naive.append(((pooled.naive_interval.low <= truth) & (truth <= pooled.naive_interval.high)).mean())
    assert np.mean(held) > 0.95 - 3 * np.std(held) / math.sqrt(30)
    assert np.mean(naive) < np.mean(held) - 0.2


def test_it_reads_as_a_sentence():
    assert str(pool_rates(*ALIKE)) == "4 groups around 90.0% (one rate for all): pooled rates from 90.0% to 90.0%"
    assert str(pool_rates(*FORCES)).startswith("5 groups around 6")
    assert "crimes): pooled rates from" in str(pool_rates(*FORCES))


@pytest.mark.parametrize("value", [0.3, 99.9, 100.0, 250.5, 1e4])
@pytest.mark.parametrize("by", [0.0, 1.0, 37.0, 4000.0])
def test_the_rise_of_log_gamma_is_the_sum_of_logarithms(value, by):
    """Gamma(v + 1) = v Gamma(v), as often as crimes are added; Stirling's series must not be seen at the seam."""
    by_steps = math.fsum(math.log(value + step) for step in range(int(by)))
    assert float(_log_rise(np.array(value), by)) == pytest.approx(by_steps, rel=1e-12, abs=1e-10)
