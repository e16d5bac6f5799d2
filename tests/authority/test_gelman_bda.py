"""Partial pooling against published beta-binomial fits.

Rats: tumours in 70 control groups and the current experiment (Tarone 1982; Gelman et al., Bayesian Data Analysis,
Table 5.1), posterior means E(alpha) = 2.4 and E(beta) = 14.3 of section 5.3; R's BayesGOF fits alpha = 2.304768 and
beta = 14.079707 to the 70 (its vignette). Families: boys among 12 children (Geissler 1889; Lindsey & Altham 1998), with
the estimates printed in the article on the beta-binomial distribution in Wikipedia.
"""

import numpy as np
import pytest
from scipy import special, stats

from cdi_stats.methods.pooling import hyperposterior, pool_rates

TUMOURS = """
0/20 0/20 0/20 0/20 0/20 0/20 0/20 0/19 0/19 0/19 0/19 0/18 0/18 0/17 1/20 1/20 1/20 1/20 1/19 1/19 1/18 1/18 3/27 2/25
2/24 2/23 2/20 2/20 2/20 2/20 2/20 2/20 1/10 5/49 2/19 5/46 2/17 7/49 7/47 3/20 3/20 2/13 9/48 10/50 4/20 4/20 4/20
4/20 4/20 4/20 4/20 10/48 4/19 4/19 4/19 5/22 11/46 12/49 5/20 5/20 6/23 5/19 6/22 6/20 6/20 6/20 16/52 15/46 15/47
9/24 4/14
"""
RATS = np.array([group.split("/") for group in TUMOURS.split()], float).T
BOYS = np.array([3, 24, 104, 286, 670, 1033, 1343, 1112, 829, 478, 181, 45, 7])
FAMILIES = np.repeat(np.arange(13), BOYS)


def test_the_rats_are_those_of_the_table():
    assert RATS.shape == (2, 71)
    assert RATS.sum(axis=1).tolist() == [267, 1739]


def test_posterior_means_of_the_rats_as_printed():
    posterior = hyperposterior(*RATS)
    a = posterior.mean * posterior.strength[:, None]
    b = (1 - posterior.mean) * posterior.strength[:, None]
    assert round(float((posterior.weight * a).sum()), 1) == 2.4
    assert round(float((posterior.weight * b).sum()), 1) == 14.3


def test_maximum_likelihood_of_the_historical_rats():
    assert pool_rates(*RATS[:, :70]).beta_parameters == pytest.approx((2.304768, 14.079707), rel=1e-5)


def test_the_current_experiment_is_drawn_towards_the_others():
    """4 of 14 tumours (0.286): between its own rate and the mean of all, and within the limits of the posterior."""
    pooled = pool_rates(*RATS)
    assert pooled.prior_mean < pooled.rate[-1] < pooled.raw_rate[-1]
    assert pooled.interval.low[-1] < pooled.rate[-1] < pooled.interval.high[-1]


def test_limits_of_the_rats_against_a_plain_grid():
    """Gelman et al. compute the posterior on a grid of (log(alpha / beta), log(alpha + beta)): so does this."""
    pooled = pool_rates(*RATS)
    ratio, size = (grid.ravel() for grid in np.meshgrid(np.linspace(-2.6, -1, 90), np.linspace(1, 6, 120)))
    b = np.exp(size) / (1 + np.exp(ratio))
    a = np.exp(size) - b
    chance = np.log(a) + np.log(b) - 2.5 * size
    for x, n in RATS.T:
        chance = chance + stats.betabinom.logpmf(x, n, a, b)
    weight = np.exp(chance - chance.max())
    weight /= weight.sum()
    for group in (0, 32, 66, 70):
        x, n = RATS[:, group]
        for limit, expected in ((pooled.interval.low[group], 0.025), (pooled.interval.high[group], 0.975)):
            assert (weight * special.betainc(x + a, n - x + b, limit)).sum() == pytest.approx(expected, abs=2e-5)


def test_boys_in_families_of_twelve():
    """The likelihood is so flat that the printed estimates stop a little short: ours has the greater likelihood."""
    fitted = pool_rates(FAMILIES, np.full(FAMILIES.size, 12)).beta_parameters
    assert fitted == pytest.approx((34.09558, 31.5715), rel=3e-4)

    def log_likelihood(a, b):
        return (BOYS * stats.betabinom.logpmf(np.arange(13), 12, a, b)).sum()

    assert log_likelihood(*fitted) >= log_likelihood(34.09558, 31.5715)
    assert round(log_likelihood(*fitted), 1) == -12492.9
