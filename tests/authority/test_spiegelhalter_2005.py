"""Spiegelhalter 2005 (Statistics in Medicine 24:1185-1202; Quality and Safety in Health Care 14:347-351).

Peers: statsmodels' DerSimonian and Laird for tau^2, and R's own quantile() for the winsorised ends.
"""

import math
import shutil
import subprocess

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from cdi_stats.methods.monitoring import funnel

RECORDED = np.array([412, 880, 233, 1105, 640, 518, 95, 1500, 760, 301, 450])
REPORTED = np.array([480, 960, 300, 1190, 690, 600, 120, 1580, 905, 330, 470])
RATE = RECORDED / REPORTED


def slow(recorded, reported, share):
    """Return phi and tau^2 written out group by group, with winsorising by sorted scores (R's quantile type 7)."""
    groups = len(recorded)
    target = math.asin(math.sqrt(sum(recorded) / sum(reported)))
    error = [1 / (2 * math.sqrt(n)) for n in reported]
    z = [(math.asin(math.sqrt(x / n)) - target) / s for x, n, s in zip(recorded, reported, error, strict=True)]
    ordered = sorted(z)

    def quantile(at):
        place = at * (groups - 1)
        below = math.floor(place)
        return ordered[below] + (place - below) * (ordered[min(below + 1, groups - 1)] - ordered[below])

    low, high = quantile(share), quantile(1 - share)
    drawn_in = [min(max(score, low), high) for score in z]
    phi = sum(score**2 for score in drawn_in) / groups
    weight = [1 / s**2 for s in error]
    spread = sum(weight) - sum(w**2 for w in weight) / sum(weight)
    return phi, max(0.0, (groups * phi - (groups - 1)) / spread)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25])
def test_dispersion_group_by_group(share):
    found = funnel(RATE, REPORTED, winsorise=share)
    assert (found.phi, found.tau_squared) == pytest.approx(slow(RECORDED, REPORTED, share), rel=1e-11)
    assert (found.raw_phi, found.raw_tau_squared) == pytest.approx(slow(RECORDED, REPORTED, 0.0), rel=1e-11)
    chance = stats.chi2.sf(found.raw_phi * RATE.size, RATE.size - 1)
    assert found.dispersion_p_value == pytest.approx(chance, rel=1e-9, abs=0)


def test_tau_squared_is_dersimonian_and_lairds():
    """Where the target is the weighted mean on the arcsine scale, and no score is drawn in."""
    effect, variance = np.arcsin(np.sqrt(RATE)), 1 / (4 * REPORTED)
    peer = combine_effects(effect, variance, method_re="chi2")
    target = math.sin((effect / variance).sum() / (1 / variance).sum()) ** 2
    found = funnel(RATE, REPORTED, target=target, winsorise=0)
    assert found.tau_squared == pytest.approx(peer.tau2, rel=1e-10)
    assert found.phi * RATE.size == pytest.approx(peer.q, rel=1e-10)
    assert found.dispersion_p_value == pytest.approx(stats.chi2.sf(peer.q, RATE.size), rel=1e-9, abs=0)


def test_limits_by_the_formula():
    for form in ("additive", "multiplicative", "none"):
        found = funnel(RATE, REPORTED, form=form)
        sizes = [50, 400, 3000]
        for level, z in ((0.95, 1.959963984540054), (0.998, 3.090232306167813)):
            limits = found.limits_at(sizes)[level]
            for size, low, high in zip(sizes, limits.low, limits.high, strict=True):
                variance = {
                    "additive": 1 / (4 * size) + found.tau_squared,
                    "multiplicative": found.phi / (4 * size),
                    "none": 1 / (4 * size),
                }[form]
                centre = math.asin(math.sqrt(RECORDED.sum() / REPORTED.sum()))
                assert low == pytest.approx(math.sin(centre - z * math.sqrt(variance)) ** 2, rel=1e-12)
                assert high == pytest.approx(
                    math.sin(min(centre + z * math.sqrt(variance), math.pi / 2)) ** 2, rel=1e-12
                )


def test_without_over_dispersion_the_funnel_holds_what_it_says():
    """Groups that share one rate: 5 % beyond the 95 % limits, 0.2 % beyond 99.8 %, to within 4 standard errors."""
    random = np.random.default_rng(24)
    size = random.integers(200, 2000, 20_000)
    found = funnel(random.binomial(size, 0.85) / size, size, target=0.85, form="none")
    assert found.outside[0.95].mean() == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 20_000) ** 0.5)
    assert found.outside[0.998].mean() == pytest.approx(0.002, abs=4 * (0.002 * 0.998 / 20_000) ** 0.5)
    assert found.raw_phi == pytest.approx(1, abs=4 * (2 / 20_000) ** 0.5)


def test_over_dispersed_groups_are_held_by_the_additive_limits():
    """Groups whose rates differ: the additive limits hold about 95 % of them, those without it far fewer."""
    random = np.random.default_rng(14)
    size = random.integers(200, 2000, 4000)
    angle = math.asin(math.sqrt(0.85)) + random.normal(0, 0.05, 4000)
    found = funnel(random.binomial(size, np.sin(angle) ** 2) / size, size, winsorise=0)
    assert found.tau_squared == pytest.approx(0.05**2, rel=0.1)
    assert found.outside[0.95].mean() == pytest.approx(0.05, abs=0.015)
    unadjusted = funnel(found.rate, size, form="none")
    assert unadjusted.outside[0.95].mean() > 0.35


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_same_in_r():
    script = (
        f"x <- c({','.join(map(str, RECORDED))}); n <- c({','.join(map(str, REPORTED))})\n"
        "s <- 1/(2*sqrt(n)); z <- (asin(sqrt(x/n)) - asin(sqrt(sum(x)/sum(n))))/s\n"
        "q <- quantile(z, c(.1,.9)); z <- pmin(pmax(z, q[1]), q[2]); phi <- mean(z^2); w <- 1/s^2; I <- length(x)\n"
        "cat(format(c(phi, max(0, (I*phi-(I-1))/(sum(w)-sum(w^2)/sum(w)))), digits=15))"
    )
    done = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
    found = funnel(RATE, REPORTED)
    assert [found.phi, found.tau_squared] == pytest.approx([float(word) for word in done.stdout.split()], rel=1e-12)
