"""Domains of one sample: their covariance beside loops, contrasts, and Rao and Scott's test beside Pearson's."""

import math

import numpy as np
import pytest
from scipy import stats

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.domains import estimate_domain_rates, rao_scott_test
from cdi_stats.methods.survey import estimate_rate

RECORDED = np.array([2, 1, 0, 1, 0, 3, 1, 0, 2, 1, 4, 1])
REPORTED = np.array([2, 1, 2, 1, 0, 4, 1, 1, 2, 1, 5, 2])
STRATUM = np.array(["a"] * 5 + ["b"] * 7)
SOURCE = np.array(
    ["public", "third", "public", "third", "public", "public", "third"] + ["third", "public"] * 2 + ["other"]
)
DESIGN = {"stratum": STRATUM, "population": {"a": 50, "b": 700}}
MEASURES = ("difference", "ratio", "missed-ratio")


def covariance_by_loops(recorded, reported):
    """Return the covariance of the columns' rates as the module's docstring writes it; arrays are records x domains."""
    weight = {"a": 10.0, "b": 100.0}
    domains = range(recorded.shape[1])
    crimes = [sum(weight[s] * m for s, m in zip(STRATUM, reported[:, g], strict=True)) for g in domains]
    rate = [sum(weight[s] * k for s, k in zip(STRATUM, recorded[:, g], strict=True)) / crimes[g] for g in domains]
    total = np.zeros((len(domains), len(domains)))
    for name, frame in DESIGN["population"].items():
        rows = np.flatnonzero(name == STRATUM)
        e = [[weight[name] * (recorded[i, g] - rate[g] * reported[i, g]) / crimes[g] for g in domains] for i in rows]
        mean = [sum(row[g] for row in e) / len(rows) for g in domains]
        for g in domains:
            for other in domains:
                crossed = sum((row[g] - mean[g]) * (row[other] - mean[other]) for row in e)
                total[g, other] += (1 - len(rows) / frame) * len(rows) / (len(rows) - 1) * crossed
    return total


def test_every_domain_is_what_estimate_rate_gives():
    found = estimate_domain_rates(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    alone = estimate_rate(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    assert set(found.rates) == set(alone) == {"public", "third", "other"}
    for name, rate in found.rates.items():
        assert rate.rate == pytest.approx(alone[name].rate, abs=1e-15)
        assert rate.standard_error == pytest.approx(alone[name].standard_error, rel=1e-12)
        assert (rate.records, rate.reported) == (alone[name].records, alone[name].reported)


def test_the_covariance_equals_loops():
    inside = SOURCE[:, None] == np.array(["other", "public", "third"])
    expected = covariance_by_loops(RECORDED[:, None] * inside, REPORTED[:, None] * inside)
    found = estimate_domain_rates(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    assert list(found.rates) == ["other", "public", "third"]
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-11, atol=1e-16)
    errors = [rate.standard_error for rate in found.rates.values()]
    assert np.sqrt(found.covariance.diagonal()) == pytest.approx(errors, rel=1e-12)


def test_crimes_of_one_record_may_lie_in_several_domains():
    """A flag on crimes: the two rates share records, so they are correlated."""
    flagged_due = np.array([1, 0, 1, 1, 0, 2, 0, 1, 1, 0, 3, 1])
    flagged_done = np.minimum(np.array([1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 2, 1]), RECORDED)
    recorded = np.column_stack([flagged_done, RECORDED - flagged_done])
    reported = np.column_stack([flagged_due, REPORTED - flagged_due])
    found = estimate_domain_rates(recorded, reported, domain=["domestic", "other"], **DESIGN)
    np.testing.assert_allclose(found.covariance, covariance_by_loops(recorded, reported), rtol=1e-11, atol=1e-16)
    assert found.rates["domestic"].records == (flagged_due > 0).sum()
    assert found.correlation("domestic", "other") == pytest.approx(-0.3577, abs=5e-5)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_contrast_allows_for_the_correlation(measure):
    found = estimate_domain_rates(RECORDED, REPORTED, domain=SOURCE, confidence_level=0.9, **DESIGN)
    change = found.compare("public", "third", measure=measure)
    assert change == compare_rates(
        found.rates["public"],
        found.rates["third"],
        measure=measure,
        confidence_level=0.9,
        correlation=found.correlation("public", "third"),
    )


def test_the_error_of_a_difference_comes_from_variances_and_covariance():
    found = estimate_domain_rates(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    v = found.covariance
    change = found.compare("public", "third")
    assert change.standard_error == pytest.approx(math.sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2]), rel=1e-12)


def test_strata_are_not_correlated():
    found = estimate_domain_rates(RECORDED, REPORTED, domain=STRATUM, **DESIGN)
    assert found.correlation("a", "b") == pytest.approx(0, abs=1e-15)
    assert found.correlation("a", "a") == pytest.approx(1, abs=1e-12)


def test_a_domain_that_does_not_vary_correlates_with_none():
    found = estimate_domain_rates([1, 1, 0, 1], [1, 1, 1, 1], domain=list("xxyy"))
    assert found.correlation("x", "y") == 0


def test_an_unknown_domain_is_refused():
    found = estimate_domain_rates(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    for ask in (found.correlation, found.compare):
        with pytest.raises(InvalidCounts, match="domain: found 'police'; expected one of other, public, third"):
            ask("police", "public")


@pytest.mark.parametrize(
    ("recorded", "reported", "domain", "message"),
    [
        ([[1, 0], [1, 1]], [[1, 1], [1, 1]], ["a"], r"shapes \(2, 2\) and \(2, 2\); expected records x domains, 1"),
        ([[1, 0]], [[1, 1], [1, 1]], ["a", "b"], "expected records x domains, 2"),
        ([1, 0], [1, 1, 1], ["a", "b"], "recorded, reported: found shapes"),
        ([1, 0], [1, 1], ["a"], "domain: found 1 entries; expected one a record, 2"),
        ([1, 0, 0], [1, 1, 0], ["a", "a", "b"], "found no"),
    ],
)
def test_domains_that_fit_no_sample_are_refused(recorded, reported, domain, message):
    with pytest.raises(InvalidCounts, match=message):
        estimate_domain_rates(recorded, reported, domain=domain)


# Rao and Scott


def single_crimes(domains):
    """Return a simple sample of single crimes in domains of uneven size, and its table of counts."""
    random = np.random.default_rng(3)
    domain = random.choice(domains, 300, p=np.arange(1, domains + 1) / sum(range(1, domains + 1)))
    recorded = (random.random(300) < 0.7 + 0.05 * domain).astype(int)
    table = np.array([[((domain == g) & (recorded == k)).sum() for g in range(domains)] for k in (1, 0)])
    return recorded, domain, table


@pytest.mark.parametrize("domains", [2, 3, 5])
def test_single_crimes_give_pearsons_statistic(domains):
    """V = (diag p - p p') / (n - 1), so D = n / (n - 1) times the unit: F = X^2 (n - 1) / n over its G - 1."""
    recorded, domain, table = single_crimes(domains)
    pearson = stats.chi2_contingency(table, correction=False)
    test = rao_scott_test(recorded, np.ones(300), domain=domain)
    assert test.statistic == pytest.approx(pearson.statistic * 299 / 300 / (domains - 1), rel=1e-10)
    assert test.degrees_of_freedom == pytest.approx((domains - 1, 299 * (domains - 1)), rel=1e-10)
    assert test.design_effect == pytest.approx(300 / 299, rel=1e-10)
    assert test.p_value == pytest.approx(stats.f.sf(test.statistic, *test.degrees_of_freedom), rel=1e-10)


def test_crimes_that_only_repeat_their_record_add_nothing():
    """Five crimes a record, all recorded or none: X^2 is five times as large, the design effect too, F the same."""
    recorded, domain, _ = single_crimes(3)
    once = rao_scott_test(recorded, np.ones(300), domain=domain)
    five = rao_scott_test(5 * recorded, np.full(300, 5), domain=domain)
    assert five.design_effect == pytest.approx(5 * once.design_effect, rel=1e-10)
    assert (five.statistic, five.p_value) == pytest.approx((once.statistic, once.p_value), rel=1e-9)


def test_the_test_knows_neither_order_nor_scale():
    test = rao_scott_test(RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    turned = rao_scott_test(
        RECORDED[::-1], REPORTED[::-1], domain=SOURCE[::-1], stratum=STRATUM[::-1], population=DESIGN["population"]
    )
    assert turned.statistic == pytest.approx(test.statistic, rel=1e-10)
    weight = np.where(STRATUM == "a", 10.0, 100.0)
    plain, scaled = (
        rao_scott_test(RECORDED, REPORTED, domain=SOURCE, stratum=STRATUM, weight=times * weight) for times in (1, 7)
    )
    assert scaled.statistic == pytest.approx(plain.statistic, rel=1e-10)
    missed = rao_scott_test(REPORTED - RECORDED, REPORTED, domain=SOURCE, **DESIGN)
    assert missed.statistic == pytest.approx(test.statistic, rel=1e-10)


@pytest.mark.parametrize(
    ("recorded", "domain", "message"),
    [
        ([1, 0, 1], ["a", "a", "a"], "domain: found 1; expected two or more to compare"),
        ([1, 1, 1], ["a", "b", "b"], "recorded: found every crime or none recorded"),
        ([0, 0, 0], ["a", "b", "b"], "recorded: found every crime or none recorded"),
    ],
)
def test_what_cannot_be_tested_is_refused(recorded, domain, message):
    with pytest.raises(InvalidCounts, match=message):
        rao_scott_test(recorded, [1, 1, 1], domain=domain)


def test_a_test_reads_as_a_sentence():
    recorded, domain, _ = single_crimes(2)
    text = str(rao_scott_test(recorded, np.ones(300), domain=domain))
    assert text.startswith("F = ")
    assert " on 1.00 and 299.0 degrees of freedom, p = 0." in text


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty"])
def test_a_lonely_stratum_follows_one_rule_in_rates_and_covariance(rule):
    strata = np.array(["a"] * 5 + ["b"] * 6 + ["c"])
    design = {"stratum": strata, "population": {"a": 50, "b": 700, "c": 9}, "lonely_stratum": rule}
    flagged = {"domain": ["flagged", "others"]}
    recorded, reported = (np.column_stack([np.minimum(x, 1), x - np.minimum(x, 1)]) for x in (RECORDED, REPORTED))
    found = estimate_domain_rates(recorded, reported, **flagged, **design)
    errors = [rate.standard_error for rate in found.rates.values()]
    assert np.sqrt(np.diag(found.covariance)) == pytest.approx(errors, rel=1e-12)
