"""What single records do: the fast formulas beside records really left out."""

import math

import numpy as np
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import declare_design
from cdi_stats.methods.influence import estimate_without, jackknife_error, leave_one_out, measure_influence
from cdi_stats.methods.survey import estimate_rate

RECORDED = np.array([2, 1, 0, 1, 0, 3, 1, 0, 2, 3, 1, 1])
REPORTED = np.array([2, 1, 2, 1, 0, 4, 1, 1, 2, 14, 1, 1])
STRATUM = np.array(["a"] * 5 + ["b"] * 7)
POPULATION = {"a": 50, "b": 700}
INSIDE = np.array([True, True, False, True, True, True, True, False, True, True, True, True])
DESIGNS = {
    "simple": {},
    "finite": {"population": 90},
    "strata": {"stratum": STRATUM, "population": POPULATION},
    "pooled": {"stratum": STRATUM, "population": POPULATION, "weight": np.ones(12)},
    "weights": {"stratum": STRATUM, "weight": np.linspace(1, 5, 12)},
}


def deleted(record, domain, stratum=None, population=None, weight=None):
    """Return the rate with a record really left out, the others of its stratum standing for the whole frame."""
    kept = np.arange(12) != record
    options = {"population": population, "stratum": None if stratum is None else stratum[kept]}
    if weight is not None:
        same = np.ones(12, bool) if stratum is None else stratum == stratum[record]
        options["weight"] = np.where(same, weight * same.sum() / (same.sum() - 1), weight)[kept]
    return estimate_rate(RECORDED[kept], REPORTED[kept], domain=domain[kept], **options).rate


# leave one record out


@pytest.mark.parametrize("domain", [np.ones(12, bool), INSIDE], ids=["all", "domain"])
@pytest.mark.parametrize("design", DESIGNS)
def test_leaving_one_out_equals_really_leaving_it_out(design, domain):
    influence = measure_influence(RECORDED, REPORTED, domain=domain, **DESIGNS[design])
    expected = [deleted(record, domain, **DESIGNS[design]) for record in range(12)]
    assert influence.rate_without.tolist() == pytest.approx(expected, abs=1e-13)
    whole = estimate_rate(RECORDED, REPORTED, domain=domain, **DESIGNS[design])
    assert influence.rate == pytest.approx(whole.rate, abs=1e-15)


def test_nothing_stands_for_the_only_record_of_a_stratum_or_with_a_crime():
    only = declare_design(3, stratum=["a", "a", "b"], population={"a": 9, "b": 1})
    without = leave_one_out(only, np.array([1.0, 0.0, 1.0]), np.ones(3))
    assert np.isnan(without).tolist() == [False, False, True]
    assert np.isnan(measure_influence([3, 0, 0], [4, 0, 0]).rate_without).tolist() == [True, False, False]


# the jackknife


@pytest.mark.parametrize("domain", [np.ones(12, bool), INSIDE], ids=["all", "domain"])
@pytest.mark.parametrize("design", DESIGNS)
def test_the_jackknife_equals_loops_over_records(design, domain):
    options = DESIGNS[design]
    replicates = [deleted(record, domain, **options) for record in range(12)]
    centre = sum(replicates) / 12
    labels = options.get("stratum", np.repeat("all", 12))
    variance = 0.0
    for name in set(labels.tolist()):
        n = int((labels == name).sum())
        population = options.get("population")
        frame = population[name] if isinstance(population, dict) else population or math.inf
        squares = sum((p - centre) ** 2 for p, label in zip(replicates, labels, strict=True) if label == name)
        variance += (1 - n / frame) * (n - 1) / n * squares
    error = jackknife_error(RECORDED, REPORTED, domain=domain, **options)
    assert error == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_the_jackknife_of_single_crimes_is_the_linearised_error():
    """Every record holds one crime: the rate is a mean, and the jackknife of a mean is exact."""
    recorded = [1] * 40 + [0] * 10
    linearised = estimate_rate(recorded, [1] * 50, population=400).standard_error
    assert jackknife_error(recorded, [1] * 50, population=400) == pytest.approx(linearised, rel=1e-12)


def test_the_jackknife_refuses_what_leaves_no_crime():
    with pytest.raises(InvalidCounts, match="in one record; expected two or more, to leave one out"):
        jackknife_error([3, 0, 0], [4, 0, 0])


# shares


def test_shares_of_the_variance_are_each_records_squared_residual():
    influence = measure_influence(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION)
    weight = np.where(STRATUM == "a", 10.0, 100.0)
    rate = (weight * RECORDED).sum() / (weight * REPORTED).sum()
    parts = np.zeros(12)
    for name, n in (("a", 5), ("b", 7)):
        rows = name == STRATUM
        e = (weight * (RECORDED - rate * REPORTED))[rows]
        parts[rows] = (1 - n / POPULATION[name]) * n / (n - 1) * (e - e.mean()) ** 2
    assert influence.variance_share.tolist() == pytest.approx((parts / parts.sum()).tolist(), rel=1e-11)
    assert influence.variance_share.sum() == pytest.approx(1)
    estimate = estimate_rate(RECORDED, REPORTED, stratum=STRATUM, population=POPULATION)
    assert influence.top_variance_share(1) == pytest.approx(estimate.top_record_share, rel=1e-12)
    assert influence.top_variance_share(12) == pytest.approx(1)


def test_records_are_ranked_by_misses_and_ties_keep_their_order():
    influence = measure_influence(RECORDED, REPORTED)
    assert influence.missed.tolist() == [0, 0, 2, 0, 0, 1, 0, 1, 0, 11, 0, 0]
    assert influence.ranked.tolist()[:4] == [9, 2, 5, 7]
    assert [influence.missed_share(top) for top in (0, 1, 2, 12)] == pytest.approx([0, 11 / 15, 13 / 15, 1])


@pytest.mark.parametrize(
    ("missed", "carrying"),
    [
        ([11, 2, 1, 1], 1),
        ([4, 4, 1, 1], 2),
        ([5, 5], 2),
        ([1, 1, 1, 1], 3),
        ([2, 1, 1], 2),
        ([0, 0], 0),
    ],
)
def test_records_that_carry_hold_more_than_half_of_all_misses(missed, carrying):
    assert measure_influence(np.zeros(len(missed)) + 1, np.array(missed) + 1).carrying == carrying


def test_where_nothing_is_missed_nothing_carries():
    influence = measure_influence([1, 2, 1], [1, 2, 1])
    assert (influence.carrying, influence.missed_share(2), influence.top_variance_share(2)) == (0, 0, 0)
    assert str(influence) == "0 records hold 0% of the 0 misses"


@pytest.mark.parametrize("recorded", [[0, 0, 0], [1, 2, 1]])
def test_shares_are_zero_where_nothing_varies(recorded):
    assert measure_influence(recorded, [1, 2, 1]).variance_share.tolist() == [0, 0, 0]


def test_crimes_outside_a_domain_are_no_misses_of_it():
    influence = measure_influence(RECORDED, REPORTED, domain=np.arange(12) != 9)
    assert influence.missed.sum() == 4
    assert influence.ranked[0] == 2


def test_influence_reads_as_a_sentence():
    assert str(measure_influence(RECORDED, REPORTED)) == "1 record holds 73% of the 15 misses"
    assert str(measure_influence([1, 1, 1, 1], [3, 3, 2, 1])) == "2 records hold 80% of the 5 misses"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"domain": [True]}, "domain: found"),
        ({"domain": [False] * 12}, "domain: found no reported crime in it"),
        ({"domain": np.arange(12) == 4}, "domain: found no reported crime in it"),
        ({"stratum": ["a"]}, "stratum: found 1 entries"),
    ],
)
def test_impossible_domains_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        measure_influence(RECORDED, REPORTED, **options)


# the estimate had some not been drawn


def test_an_estimate_without_records_is_that_of_the_others():
    kept = np.setdiff1d(np.arange(12), [2, 9])
    options = {"population": POPULATION, "confidence_level": 0.9, "method": "logit"}
    without = estimate_without(RECORDED, REPORTED, [2, 9], stratum=STRATUM, domain=INSIDE, **options)
    assert without == estimate_rate(
        RECORDED[kept], REPORTED[kept], stratum=STRATUM[kept], domain=INSIDE[kept], **options
    )


def test_weights_and_populations_given_one_a_record_lose_the_same_entries():
    population, weight = np.where(STRATUM == "a", 50, 700), np.linspace(1, 5, 12)
    without = estimate_without(RECORDED, REPORTED, [9], stratum=STRATUM, population=population, weight=weight)
    assert (without.records, without.reported) == (11, 16)


def test_without_no_record_nothing_changes():
    assert estimate_without(RECORDED, REPORTED, [], stratum=list(STRATUM)) == estimate_rate(
        RECORDED, REPORTED, stratum=STRATUM
    )


def test_leaving_everything_out_is_refused():
    with pytest.raises(InvalidCounts, match="expected one entry a record each"):
        estimate_without(RECORDED, REPORTED, range(12))
