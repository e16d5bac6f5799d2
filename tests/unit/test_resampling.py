"""The bootstrap of patterns beside every possible draw of records, and its intervals beside their formulas."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods import resampling
from cdi_stats.methods.design import declare_design
from cdi_stats.methods.resampling import _alike, _drawn, bootstrap_rate
from cdi_stats.methods.survey import estimate_rate

RECORDED = np.array([2, 1, 0, 1, 0, 3, 1, 0, 2, 1, 4, 1])
REPORTED = np.array([2, 1, 2, 1, 0, 4, 1, 1, 2, 1, 5, 2])
STRATUM = np.array(["a"] * 5 + ["b"] * 7)
DESIGN = {"stratum": STRATUM, "population": {"a": 50, "b": 700}}


class EveryDraw:
    """In place of a random generator: each draw of records with replacement once, counted by pattern."""

    def multinomial(self, draws, shares, size):
        patterns = np.repeat(np.arange(len(shares)), np.rint(np.asarray(shares) * (draws + 1)).astype(int))
        chosen = list(itertools.product(patterns, repeat=draws))
        assert len(chosen) == size
        return np.array([np.bincount(draw, minlength=len(shares)) for draw in chosen])


def every_draw(recorded, reported, population, weight=None):
    """Return crimes recorded and reported in each of the equally likely draws of one stratum, as draws x 2."""
    n = len(recorded)
    design = declare_design(n, population=population, weight=weight)
    crimes = np.asarray(recorded, float), np.asarray(reported, float)
    return _drawn(_alike(design, 0, *crimes), n ** (n - 1), EveryDraw())


def every_draw_of_records(recorded, reported, population):
    """Return the same without patterns, record by record, as Rao, Wu and Yue write the weights."""
    n = len(recorded)
    kept, sums = math.sqrt(1 - n / population), []
    for draw in itertools.product(range(n), repeat=n - 1):
        weight = [population / n * (1 - kept + kept * n / (n - 1) * draw.count(i)) for i in range(n)]
        sums.append([sum(w * x for w, x in zip(weight, crimes, strict=True)) for crimes in (recorded, reported)])
    return np.array(sums)


def moments(sums):
    return np.concatenate([sums.mean(axis=0), np.cov(sums.T, ddof=0).ravel(), (sums**3).mean(axis=0)])


@pytest.mark.parametrize(
    ("recorded", "reported"),
    [([1, 1, 0, 2, 1], [1, 1, 1, 3, 1]), ([1, 1, 1, 1, 0], [1, 1, 1, 1, 1]), ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5])],
)
def test_patterns_draw_what_records_draw(recorded, reported):
    """Every one of the 625 draws of four records of five: the same values, as often."""
    fast = every_draw(recorded, reported, 20)
    slow = every_draw_of_records(recorded, reported, 20)
    np.testing.assert_allclose(np.sort(fast[:, 0]), np.sort(slow[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(np.sort(fast[:, 1]), np.sort(slow[:, 1]), rtol=1e-12)
    np.testing.assert_allclose(moments(fast), moments(slow), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("population", [5, 6, 20, 5000])
def test_over_every_draw_the_variance_is_the_linearised_one(population):
    """And the mean is the estimate itself: drawing n - 1 of n and scaling makes both exact."""
    recorded, reported = np.array([1, 1, 0, 2, 1]), np.array([1, 1, 1, 3, 1])
    sums = every_draw(recorded, reported, population)
    estimate = estimate_rate(recorded, reported, population=population)
    crimes = population / 5 * reported.sum()
    assert sums.mean(axis=0) == pytest.approx([crimes * estimate.rate, crimes], rel=1e-12)
    linear = (sums[:, 0] - estimate.rate * sums[:, 1]) / crimes
    assert linear.var() == pytest.approx(estimate.standard_error**2, rel=1e-11, abs=1e-28)


def test_a_seeded_run_is_a_sample_of_every_draw():
    """20,000 replicates: mean and variance lie within four Monte Carlo errors of the exact ones."""
    recorded, reported = [1, 1, 0, 2, 1, 1], [1, 1, 1, 3, 1, 2]
    sums = every_draw(recorded, reported, 60)
    exact = sums[:, 0] / sums[:, 1]
    found = bootstrap_rate(recorded, reported, population=60, seed=7, replicates=20_000).replicates
    spread = exact.std()
    fourth = ((exact - exact.mean()) ** 4).mean() / spread**4
    assert found.mean() == pytest.approx(exact.mean(), abs=4 * spread / math.sqrt(20_000))
    assert found.var() == pytest.approx(spread**2, abs=4 * spread**2 * math.sqrt((fourth - 1) / 20_000))
    assert set(found.round(10)) <= set(exact.round(10))


def test_strata_are_drawn_apart_and_add_up_by_weight():
    boot = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=50, **DESIGN)
    assert (boot.strata, boot.by_stratum.shape) == (("a", "b"), (50, 2))
    assert ((boot.by_stratum >= 0) & (boot.by_stratum <= 1)).all()
    assert boot.rate == pytest.approx(estimate_rate(RECORDED, REPORTED, **DESIGN).rate, abs=1e-15)


def test_the_same_seed_gives_the_same_replicates_in_any_order_of_records():
    order = np.random.default_rng(2).permutation(12)
    boot = bootstrap_rate(RECORDED, REPORTED, seed=9, replicates=300, **DESIGN)
    turned = bootstrap_rate(
        RECORDED[order], REPORTED[order], seed=9, replicates=300, stratum=STRATUM[order], population={"a": 50, "b": 700}
    )
    np.testing.assert_array_equal(turned.replicates, boot.replicates)
    np.testing.assert_array_equal(turned.by_stratum, boot.by_stratum)
    another = bootstrap_rate(RECORDED, REPORTED, seed=10, replicates=300, **DESIGN)
    assert (another.replicates != boot.replicates).any()


def test_pieces_may_be_drawn_anywhere_and_the_first_is_what_it_was(monkeypatch):
    """Drawn backwards the pieces are the same; up to a piece's size nothing differs from a draw in one."""
    whole = bootstrap_rate(RECORDED, REPORTED, seed=9, replicates=300, **DESIGN)
    monkeypatch.setattr(resampling, "A_PIECE", 300)

    def backwards(function, *given):
        return [function(*each) for each in reversed([*zip(*given, strict=True)])][::-1]

    inside = bootstrap_rate(RECORDED, REPORTED, seed=9, replicates=300, spread=backwards, **DESIGN)
    np.testing.assert_array_equal(inside.by_stratum, whole.by_stratum)
    more = bootstrap_rate(RECORDED, REPORTED, seed=9, replicates=700, **DESIGN)
    turned = bootstrap_rate(RECORDED, REPORTED, seed=9, replicates=700, spread=backwards, **DESIGN)
    np.testing.assert_array_equal(turned.by_stratum, more.by_stratum)
    np.testing.assert_array_equal(more.by_stratum[:300], whole.by_stratum)
    assert (more.by_stratum[300:600] != whole.by_stratum).any()


def test_a_census_has_one_replicate():
    boot = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=20, stratum=STRATUM, population={"a": 5, "b": 7})
    assert boot.replicates.tolist() == pytest.approx([boot.rate] * 20)


def test_crimes_outside_a_domain_count_as_none():
    inside = STRATUM == "b"
    part = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=20, domain=inside, **DESIGN)
    assert part.rate == 12 / 16
    assert np.isnan(part.by_stratum[:, 0]).all()


# intervals


def test_percentile_limits_are_quantiles_of_the_replicates():
    boot = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=999, **DESIGN)
    interval = boot.interval(0.9)
    assert (interval.low, interval.high) == tuple(np.quantile(boot.replicates, [0.05, 0.95]))
    assert interval.method == "bootstrap percentile"


def test_bca_limits_follow_efrons_formula():
    """Phi(b + (b + z) / (1 - a (b + z))), b from the replicates below the rate, a the residuals' skewness over 6."""
    boot = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=999, **DESIGN)
    weight = np.where(STRATUM == "a", 10.0, 100.0)
    e = weight * (RECORDED - boot.rate * REPORTED)
    a = (e**3).sum() / (6 * (e**2).sum() ** 1.5)
    assert boot.acceleration == pytest.approx(a, rel=1e-12)
    assert a < 0
    b = stats.norm.ppf((boot.replicates < boot.rate).mean() + (boot.replicates == boot.rate).mean() / 2)
    tails = [stats.norm.cdf(b + (b + z) / (1 - a * (b + z))) for z in stats.norm.ppf([0.025, 0.975])]
    interval = boot.interval(kind="bca")
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(boot.replicates, tails)), abs=1e-12)
    assert interval.low != boot.interval().low


def test_without_bias_or_skewness_bca_is_the_percentile():
    """As many crimes recorded as missed, in mirrored records."""
    boot = bootstrap_rate([1, 0] * 30, [1] * 60, seed=4, replicates=4000)
    assert boot.acceleration == pytest.approx(0, abs=1e-12)
    plain, moved = boot.interval(), boot.interval(kind="bca")
    assert (moved.low, moved.high) == pytest.approx((plain.low, plain.high), abs=0.02)


@pytest.mark.parametrize("kind", ["percentile", "bca"])
def test_where_nothing_was_missed_the_bootstrap_sees_no_width(kind):
    """Why it is no default: every replicate of a sample without a miss has none either."""
    interval = bootstrap_rate([1] * 30, [1] * 30, seed=1, replicates=50).interval(kind=kind)
    assert (interval.low, interval.high) == (1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicates": 1}, "replicates: found 1; expected two or more"),
        ({"stratum": ["a"] * 11 + ["b"]}, "stratum: found one sampled record; expected two or more"),
        ({"population": 3}, "population of stratum 0: found 3"),
    ],
)
def test_what_cannot_be_drawn_again_is_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        bootstrap_rate(RECORDED, REPORTED, seed=1, **options)


def test_draws_without_a_crime_are_refused():
    with pytest.raises(InvalidCounts, match="too few records with a crime"):
        bootstrap_rate([1, 0, 0, 0], [2, 0, 0, 0], seed=1, replicates=100)


def test_unknown_intervals_are_refused():
    boot = bootstrap_rate(RECORDED, REPORTED, seed=1, replicates=20)
    with pytest.raises(InvalidCounts, match="kind: found 'studentised'; expected one of percentile, bca"):
        boot.interval(kind="studentised")
    with pytest.raises(InvalidCounts, match="confidence_level: found 95"):
        boot.interval(95)


def test_a_bootstrap_reads_as_a_sentence():
    boot = bootstrap_rate([1] * 80 + [0] * 20, [1] * 100, seed=1, replicates=2000)
    assert str(boot).startswith("80.0%, standard error ")
    assert str(boot).endswith(" points, 2,000 replicates")
    assert boot.standard_error == pytest.approx(boot.replicates.std(ddof=1))
