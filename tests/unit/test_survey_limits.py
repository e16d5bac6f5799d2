"""Each method's limits beside another way to them: SciPy's distributions, or the equation that they solve."""

import math

import pytest
from scipy import optimize, stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.proportion import proportion_interval, wilson_limits
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts
from cdi_stats.methods.survey_limits import METHODS, NEEDS_VARIATION, Evidence, rate_interval, student_quantile

RATE, SIZE, REPORTED, DF = 0.86, 41.5, 118, 9.3
EVIDENCE = Evidence(RATE, math.sqrt(RATE * (1 - RATE) / SIZE), SIZE, REPORTED, DF, capped=True)
LEVELS = (0.5, 0.9, 0.95, 0.99)


def limits(method, level, evidence=EVIDENCE):
    interval = rate_interval(evidence, level, method)
    assert (interval.confidence_level, interval.method) == (level, method)
    return interval.low, interval.high


def uncapped(rate, df=DF, size=SIZE, reported=REPORTED):
    return Evidence(rate, math.sqrt(rate * (1 - rate) / size), size, reported, df, capped=False)


def zeros(function):
    """Return where a function of the rate is 0 below and above RATE."""
    return tuple(optimize.brentq(function, start, RATE, xtol=1e-15) for start in (1e-12, 1 - 1e-12))


@pytest.mark.parametrize("df", [1, 1.7, 9.3, 200, math.inf])
@pytest.mark.parametrize("level", LEVELS)
def test_student_quantiles_are_scipys(df, level):
    expected = stats.norm.ppf((1 + level) / 2) if math.isinf(df) else stats.t.ppf((1 + level) / 2, df)
    assert student_quantile(df, level) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("level", LEVELS)
def test_wilson_solves_its_quadratic(level):
    t = stats.t.ppf((1 + level) / 2, DF)
    expected = zeros(lambda q: (RATE - q) ** 2 - t * t * q * (1 - q) / SIZE)
    assert limits("wilson", level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_wald_is_student_t(level):
    margin = stats.t.ppf((1 + level) / 2, DF) * EVIDENCE.standard_error
    assert limits("wald", level) == pytest.approx((RATE - margin, min(RATE + margin, 1)), abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_logit_is_student_t_on_the_log_odds(level):
    margin = stats.t.ppf((1 + level) / 2, DF) / math.sqrt(SIZE * RATE * (1 - RATE))
    log_odds = math.log(RATE) - math.log(1 - RATE)
    expected = [1 / (1 + math.exp(-(log_odds + sign * margin))) for sign in (-1, 1)]
    assert limits("logit", level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_arcsine_is_student_t_on_the_angle(level):
    margin = stats.t.ppf((1 + level) / 2, DF) / (2 * math.sqrt(SIZE))
    angle = math.asin(math.sqrt(RATE))
    expected = math.sin(angle - margin) ** 2, math.sin(min(angle + margin, math.pi / 2)) ** 2
    assert limits("arcsine", level) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", LEVELS)
def test_likelihood_drops_by_half_the_squared_quantile(level):
    """On n_eff (n - 1) / n crimes: the log-likelihood at the limits lies t^2 / 2 below its top."""
    t, size = stats.t.ppf((1 + level) / 2, DF), SIZE * (REPORTED - 1) / REPORTED

    def drop(q):
        top = RATE * math.log(RATE) + (1 - RATE) * math.log(1 - RATE)
        return size * (top - RATE * math.log(q) - (1 - RATE) * math.log(1 - q)) - t * t / 2

    assert limits("likelihood", level) == pytest.approx(zeros(drop), abs=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_korn_graubard_is_clopper_pearson_on_effective_crimes(level):
    tail = (1 - level) / 2
    shrunk = SIZE * (stats.t.ppf(1 - tail, REPORTED - 1) / stats.t.ppf(1 - tail, DF)) ** 2
    x = RATE * shrunk
    expected = stats.beta.ppf(tail, x, shrunk - x + 1), stats.beta.ppf(1 - tail, x + 1, shrunk - x)
    assert limits("korn-graubard", level) == pytest.approx(expected, abs=1e-10)


def test_korn_graubard_counts_no_more_crimes_than_there_are_unless_uncapped():
    """Four crimes and forty degrees of freedom: Student's quantile on three would make more of them."""
    few = Evidence(0.75, 0.2, 4.0, 4, 40.0, capped=True)
    exact = stats.beta.ppf(0.025, 3, 2), stats.beta.ppf(0.975, 4, 1)
    assert limits("korn-graubard", 0.95, few) == pytest.approx(exact, abs=1e-10)
    low, high = limits("korn-graubard", 0.95, uncapped(0.75, 40.0, 4.0, 4))
    assert exact[0] < low < high < exact[1]


@pytest.mark.parametrize("level", LEVELS)
def test_korn_graubard_counts_effective_records_where_nothing_varies(level):
    """Student's quantile on the crimes, against none on records, would make more of them than there are."""
    alike = rate_interval(Evidence(0.0, 0.0, 1.0, 4, math.inf, capped=True), level, "korn-graubard")
    assert alike.high == pytest.approx((1 + level) / 2, abs=1e-12)


# at the ends, where nothing varies, and in a census


@pytest.mark.parametrize("rate", [0.0, 1.0])
@pytest.mark.parametrize("method", METHODS)
def test_at_the_ends_every_method_has_one_true_limit(method, rate):
    """Methods that need variation give Wilson's there, and say so."""
    nothing = Evidence(rate, 0.0, 26.4, 61, math.inf, capped=True)
    interval = rate_interval(nothing, 0.95, method)
    assert interval.method == ("wilson" if method in NEEDS_VARIATION else method)
    assert (interval.low if rate == 0 else interval.high) == rate
    assert interval.high - interval.low > 0.05
    if method in NEEDS_VARIATION:
        other = wilson_limits(rate, 26.4, stats.norm.ppf(0.975))
        assert (interval.low, interval.high) == pytest.approx((max(other[0], 0), min(other[1], 1)), abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_records_that_all_share_one_rate_still_have_width(method):
    low, high = limits(method, 0.95, Evidence(0.8, 0.0, 5.0, 20, math.inf, capped=True))
    assert low < 0.7
    assert high > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_a_census_has_none(method):
    assert limits(method, 0.95, Evidence(0.8, 0.0, math.inf, 20, math.inf, capped=False)) == (0.8, 0.8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rate", [0.001, 0.02, 0.5, 0.98, 0.999])
def test_limits_stay_within_bounds_and_hold_the_rate(method, rate):
    low, high = limits(method, 0.99, uncapped(rate, df=1.0, size=3.0))
    assert 0 <= low < rate < high <= 1


# through estimate_rate


@pytest.mark.parametrize("method", METHODS)
def test_an_estimate_by_another_method_equals_asking_for_it(method):
    recorded, reported = [2, 1, 0, 1, 0, 3, 1, 0], [2, 1, 2, 1, 0, 4, 1, 1]
    asked = estimate_rate(recorded, reported, population=500, method=method, confidence_level=0.9)
    assert estimate_rate(recorded, reported, population=500).by(method, 0.9) == asked
    assert asked.at(0.95).by("wilson") == estimate_rate(recorded, reported, population=500)
    assert (asked.method, asked.interval.method) == (method, method)


def test_an_unknown_method_is_refused_by_name():
    expected = "method: found 'beta'; expected one of wilson, korn-graubard, logit, likelihood, arcsine, wald"
    with pytest.raises(InvalidCounts, match=expected):
        estimate_rate([1, 0], [1, 1]).by("beta")
    with pytest.raises(InvalidCounts, match=expected):
        estimate_rate_from_counts(9, 10, method="beta")


@pytest.mark.parametrize(("ours", "plain"), [("korn-graubard", "clopper-pearson"), ("wald", "wald")])
@pytest.mark.parametrize(("recorded", "reported"), [(81, 263), (15, 148), (1, 29), (1254, 1500)])
def test_totals_alone_give_the_plain_intervals(ours, plain, recorded, reported):
    interval = estimate_rate_from_counts(recorded, reported, method=ours).interval
    expected = proportion_interval(recorded, reported, method=plain)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
