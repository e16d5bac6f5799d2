"""The declared sample: labels as codes, frames, and the variance of sums beside the plain formula."""

import numpy as np
import pandas as pd
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.design import checked_crimes, code_labels, declare_design, domain_maximum

STRATUM = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2])
FRAMES = {0: 40, 1: 9, 2: 5}
RESIDUAL = np.array([0.3, -0.1, 0.0, 0.2, -0.4, 0.1, 0.1, 0.2, -0.3, 0.0, 0.1, -0.2])


def by_loops(design, residual, domain, code):
    """Return the variance and its kurtosis degrees of freedom, as the module's docstring writes them."""
    variance = lost = 0.0
    touched = set(design.stratum[domain == code].tolist())
    for h in touched:
        inside = [
            e if d == code else 0.0
            for e, s, d in zip(residual.tolist(), design.stratum.tolist(), domain.tolist(), strict=True)
            if s == h
        ]
        n, mean = len(inside), sum(inside) / len(inside)
        second = sum((e - mean) ** 2 for e in inside)
        fourth = sum((e - mean) ** 4 for e in inside)
        share = n / design.frame[h] if np.isfinite(design.frame[h]) else 0.0
        part = (1 - share) * n / (n - 1) * second
        variance += part
        if second > 0:
            lost += part**2 * (fourth - second**2 / n) / (2 * second**2)
    return variance, (variance**2 / lost if lost else np.inf), int((domain == code).sum()) - len(touched)


def big(domains, records=4000, strata=30, seed=5):
    """Return a design of many strata, residuals, and a domain for each record (-1 for none)."""
    random = np.random.default_rng(seed)
    stratum = np.concatenate([np.repeat(np.arange(strata), 3), random.integers(0, strata, records - 3 * strata)])
    frames = {h: int((stratum == h).sum() + random.integers(0, 900)) for h in range(strata)}
    design = declare_design(records, stratum=stratum, population=frames)
    return design, random.normal(size=records), random.integers(-1, domains, records)


# labels


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b", "c"],
        np.array(["b", "a", "b", "c"]),
        pd.Series(["b", "a", "b", "c"]),
        pd.Categorical(["b", "a", "b", "c"]),
        pd.Series(["b", "a", "b", "c"], dtype="category"),
        pd.Categorical(["b", "a", "b", "c"], categories=["a", "b", "c", "never seen"]),
    ],
    ids=["list", "array", "series", "categorical", "categorical series", "unused category"],
)
def test_labels_of_any_kind_become_the_same_codes(labels):
    coded = code_labels("stratum", labels, 4)
    assert coded.codes.tolist() == [1, 0, 1, 2]
    assert coded.names == ("a", "b", "c")
    assert coded.by_appearance == [1, 0, 2]


@pytest.mark.parametrize("labels", [[7, 3, 7, 9], [-7, -9, -7, 3], [7_000_000, 3, 7_000_000, 9_000_000]])
def test_whole_numbers_are_labels_as_they_are(labels):
    coded = code_labels("stratum", labels, 4)
    assert coded.codes.tolist() == [1, 0, 1, 2]
    assert coded.names == tuple(sorted(set(labels)))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], "stratum: found 2 entries; expected one a record, 3"),
        (pd.Categorical(["a", "b"]), "stratum: found 2 entries; expected one a record, 3"),
        (pd.Categorical(["a", None, "b"]), "stratum: found a record without a label"),
        (["a", None, 3], "stratum: found labels of several kinds"),
    ],
)
def test_labels_that_fit_no_sample_are_refused(labels, message):
    if isinstance(labels, list) and None in labels:
        labels = np.array(labels, object)
    with pytest.raises(InvalidCounts, match=message):
        code_labels("stratum", labels, 3)


# the declaration


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"lonely_stratum": "remove"},
            "lonely_stratum: found 'remove'; expected one of error, adjust, average, certain",
        ),
        ({"population": "many"}, "population: found something that is no number; expected numbers"),
        ({"weight": ["one"] * 12}, "weight: found something that is no number; expected numbers"),
        ({"population": {0: 40, 1: 9}}, "population: no entry for stratum 2; expected one for each stratum"),
        ({"population": {0: 40, 1: 9, 2: 4}}, "population of stratum 2: found 4; expected the number of records"),
    ],
)
def test_impossible_declarations_are_refused(options, message):
    with pytest.raises(InvalidCounts, match=message):
        declare_design(12, stratum=STRATUM, **options)


def test_a_declared_sample_knows_its_fractions():
    design = declare_design(12, stratum=STRATUM, population=FRAMES)
    assert design.sampled.tolist() == [4, 3, 5]
    assert design.unsampled.tolist() == pytest.approx([0.9, 2 / 3, 0.0])
    assert design.factor.tolist() == pytest.approx([0.9 * 4 / 3, 2 / 3 * 3 / 2, 0.0])
    assert design.weight.tolist() == pytest.approx([10] * 4 + [3] * 3 + [1] * 5)


def test_without_a_frame_nothing_is_known_to_be_sampled_up():
    design = declare_design(12, stratum=STRATUM)
    assert design.weight.tolist() == [1] * 12
    assert design.unsampled.tolist() == [1, 1, 1]


def test_one_record_of_several_is_alone_and_one_of_one_is_not():
    design = declare_design(4, stratum=["a", "a", "b", "c"], population={"a": 9, "b": 7, "c": 1})
    assert design.alone.tolist() == [False, True, False]


# crimes


@pytest.mark.parametrize("kind", [int, float, bool, np.int8])
def test_counts_of_any_number_type_are_crimes(kind):
    recorded, reported = checked_crimes(np.array([1, 0], kind), np.array([1, 1], kind))
    assert (recorded.tolist(), reported.tolist()) == ([1.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("recorded", "reported", "message"),
    [
        (["one"], [1], "recorded: found something that is no number"),
        ([1, 0], [1, 0.5], "record 1: found 0 recorded of 0.5 reported"),
        ([1, 2], [1, 1], "record 1: found 2 recorded of 1 reported"),
    ],
)
def test_impossible_crimes_are_refused(recorded, reported, message):
    with pytest.raises(InvalidCounts, match=message):
        checked_crimes(recorded, reported)


# the variance


def test_spread_equals_the_plain_formula():
    design = declare_design(12, stratum=STRATUM, population=FRAMES)
    domain = np.array([0, 0, 1, 0, 0, -1, 0, 0, 1, -1, 1, 0])
    spread = design.spread(RESIDUAL, domain, 2, largest=np.array([1.0, 1.0]))
    for code in (0, 1):
        variance, df, design_df = by_loops(design, RESIDUAL, domain, code)
        assert spread.variance[code] == pytest.approx(variance, rel=1e-13)
        assert spread.kurtosis_df[code] == pytest.approx(min(max(df, 1), max(design_df, 1)), rel=1e-12)
        assert spread.design_df[code] == max(design_df, 1)
    assert spread.strata.tolist() == [3, 2]
    assert spread.census.tolist() == [False, False]


@pytest.mark.parametrize("domains", [3, 43, 400], ids=["few", "forces", "most cells empty"])
def test_many_domains_in_one_pass_equal_one_by_one(domains):
    design, residual, domain = big(domains)
    together = design.spread(residual, domain, domains, largest=np.full(domains, 1.0))
    assert set(domain.tolist()) == {-1, *range(domains)}
    for code in range(domains):
        alone = design.spread(residual, np.where(domain == code, 0, -1), 1, largest=np.ones(1))
        for name in ("variance", "kurtosis_df", "design_df", "top_share"):
            assert getattr(together, name)[code] == pytest.approx(getattr(alone, name)[0], rel=1e-11), name
        for name in ("strata", "census", "lonely"):
            assert getattr(together, name)[code] == getattr(alone, name)[0], name


def test_domains_that_are_the_strata_equal_the_plain_formula():
    design, residual, _ = big(3)
    spread = design.spread(residual, design.stratum, 30, largest=np.ones(30))
    for code in range(30):
        variance, df, design_df = by_loops(design, residual, design.stratum, code)
        assert spread.variance[code] == pytest.approx(variance, rel=1e-12)
        assert spread.kurtosis_df[code] == pytest.approx(min(df, design_df), rel=1e-10)


def test_the_variances_of_the_strata_add_up():
    design, residual, _ = big(3)
    parts = design.spread(residual, design.stratum, 30, largest=np.ones(30)).variance
    whole = design.spread(residual, np.zeros(residual.size, np.intp), 1, largest=np.ones(1)).variance
    assert parts.sum() == pytest.approx(whole[0], rel=1e-12)


def test_two_records_of_a_stratum_are_one_degree_of_freedom():
    """They always lie equally far from their mean: by kurtosis alone they would seem to be known for certain."""
    design = declare_design(4, stratum=[0, 0, 1, 1])
    spread = design.spread(np.array([0.4, -0.4, 0.1, -0.1]), np.zeros(4, np.intp), 1, largest=np.ones(1))
    one, other = 2 * 2 * 0.4**2, 2 * 2 * 0.1**2
    assert spread.variance[0] == pytest.approx(one + other, rel=1e-12)
    assert spread.kurtosis_df[0] == pytest.approx((one + other) ** 2 / (one**2 + other**2), rel=1e-12)


def test_a_domain_of_one_stratum_examined_whole_is_a_census():
    design = declare_design(12, stratum=STRATUM, population=FRAMES)
    spread = design.spread(RESIDUAL, STRATUM, 3, largest=np.ones(3))
    assert spread.census.tolist() == [False, False, True]
    assert spread.variance[2] == 0
    assert np.isnan(spread.top_share[2])


def test_rounding_is_not_variation():
    design = declare_design(3, population=30)
    spread = design.spread(np.array([1e-17, -1e-17, 2e-17]), np.zeros(3, np.intp), 1, largest=np.ones(1))
    assert spread.variance[0] == 0


def test_the_covariance_of_domains_has_their_variances_on_its_diagonal():
    design, residual, domain = big(5)
    columns = np.where(domain[:, None] == np.arange(5), residual[:, None], 0.0)
    covariance = design.covariance(columns)
    variance = design.spread(residual, domain, 5, largest=np.ones(5)).variance
    assert covariance.diagonal() == pytest.approx(variance, rel=1e-11)
    np.testing.assert_allclose(covariance, covariance.T, rtol=0, atol=1e-12)


def test_covariance_is_half_of_what_a_sum_varies_beyond_its_parts():
    """V(A + B) = V(A) + V(B) + 2 Cov(A, B): the covariance from variances alone."""
    design, first, _ = big(3)
    second = np.random.default_rng(8).normal(size=first.size) + first / 2
    everything = np.zeros(first.size, np.intp)

    def variance(values):
        return design.spread(values, everything, 1, largest=np.ones(1)).variance[0]

    half = (variance(first + second) - variance(first) - variance(second)) / 2
    assert design.covariance(np.column_stack([first, second]))[0, 1] == pytest.approx(half, rel=1e-9)


@pytest.mark.parametrize("domains", [1, 2])
def test_the_greatest_value_of_each_domain(domains):
    values, domain = np.array([0.2, 0.7, 0.1]), np.array([0, 0, domains - 1])
    assert domain_maximum(values, domain, domains).tolist() == [0.7, 0.1][:domains]
    assert domain_maximum(np.zeros(0), np.zeros(0, np.intp), domains).tolist() == [0.0] * domains


# a stratum with one sampled record


LONELY = np.array(["a", "a", "a", "b", "b", "c"])
VALUES = np.array([0.3, -0.2, 0.1, 0.2, -0.5, 0.1])


def lonely_variance(rule):
    design = declare_design(6, stratum=LONELY, population={"a": 30, "b": 20, "c": 50}, lonely_stratum=rule)
    spread = design.spread(VALUES, np.zeros(6, np.intp), 1, largest=np.ones(1))
    assert spread.lonely.tolist() == [True]
    covariance = design.covariance(VALUES[:, None])[0, 0]
    assert covariance == pytest.approx(spread.variance[0], rel=1e-12)
    return spread.variance[0]


def test_lonely_rules_by_hand():
    others = 0.9 * 3 / 2 * (VALUES[:3].var() * 3) + 0.9 * 2 * (VALUES[3:5].var() * 2)
    assert lonely_variance("certainty") == pytest.approx(others, rel=1e-12)
    assert lonely_variance("adjust") == pytest.approx(others + 0.98 * 0.1**2, rel=1e-12)
    assert lonely_variance("average") == pytest.approx(others * 3 / 2, rel=1e-12)


def test_a_lonely_stratum_is_refused_only_where_it_is_touched():
    design = declare_design(6, stratum=LONELY)
    outside = np.array([0, 0, 0, 0, 0, -1])
    assert design.spread(VALUES, outside, 1, largest=np.ones(1)).lonely.tolist() == [False]
    with pytest.raises(InvalidCounts, match="stratum c: found one sampled record; expected two or more"):
        design.spread(VALUES, np.zeros(6, np.intp), 1, largest=np.ones(1))
    with pytest.raises(InvalidCounts, match="stratum c: found one sampled record"):
        design.covariance(VALUES[:, None])
