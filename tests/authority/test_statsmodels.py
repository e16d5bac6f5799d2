"""statsmodels 0.15, SciPy and the peers behind reference_vectors.csv (DescTools, ratesci), for methods ours too."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    multinomial_proportions_confint,
    proportion_confint,
)

from cdi_stats.findings.causes import shares_together
from cdi_stats.findings.change import adjust_p_values
from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import estimate_rate_from_counts

VECTORS = pd.read_csv(Path(__file__).resolve().parents[1] / "data" / "reference_vectors.csv", dtype=str)
PEER_NAMES = {
    "wilson": "wilson",
    "clopper-pearson": "beta",
    "wald": "normal",
    "agresti-coull": "agresti_coull",
    "jeffreys": "jeffreys",
}
SCIPY_NAMES = {"wilson": "wilson", "wilson-cc": "wilsoncc", "clopper-pearson": "exact"}
COUNTS = [(x, n) for n in (1, 2, 7, 20, 63, 266, 1500) for x in sorted({0, 1, n // 3, n - 1, n})]


def vectors(kinds, methods):
    """Return the reference vectors of some kinds and methods as (id, method, inputs, quantity, value, tolerance)."""
    rows = VECTORS[VECTORS["kind"].isin(kinds) & VECTORS["method"].isin(methods)]
    assert not rows.empty
    return [
        pytest.param(
            row.method,
            {name: float(value) for name, value in (pair.split("=") for pair in row.inputs.split(";"))},
            row.quantity,
            float(row.value),
            float(row.tolerance),
            id=f"{row.source[:12]}-{row.method}-{row.inputs}-{row.quantity}",
        )
        for row in rows.itertuples()
    ]


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("method", PEER_NAMES)
def test_proportion_confint(method, level):
    """At the ends ours are 0 and 1, as Brown, Cai & DasGupta say, where statsmodels leaves Jeffreys a little inside."""
    recorded, reported = np.array(COUNTS).T
    ours = proportion_interval(recorded, reported, confidence_level=level, method=method)
    theirs = proportion_confint(recorded, reported, alpha=1 - level, method=PEER_NAMES[method])
    assert ours.low == pytest.approx(np.where(recorded == 0, 0, np.clip(theirs[0], 0, 1)), abs=1e-12)
    assert ours.high == pytest.approx(np.where(recorded == reported, 1, np.clip(theirs[1], 0, 1)), abs=1e-12)


@pytest.mark.parametrize("side", ["both", "lower", "upper"])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("method", SCIPY_NAMES)
def test_scipy_binomtest(method, level, side):
    """Its alternative "greater" leaves the shares from a lower limit on."""
    alternative = {"both": "two-sided", "lower": "greater", "upper": "less"}[side]
    for recorded, reported in COUNTS:
        ours = proportion_interval(recorded, reported, confidence_level=level, method=method, side=side)
        test = binomtest(recorded, reported, alternative=alternative)
        theirs = test.proportion_ci(confidence_level=level, method=SCIPY_NAMES[method])
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-11)


@pytest.mark.parametrize(("first", "second"), [((62, 63), (102, 112)), ((56, 70), (48, 80)), ((152, 165), (348, 446))])
def test_newcombe_difference(first, second):
    change = compare_rates(estimate_rate_from_counts(*first), estimate_rate_from_counts(*second))
    theirs = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert (change.interval.low, change.interval.high) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize(
    ("method", "inputs", "quantity", "value", "tolerance"),
    vectors(["one-proportion"], ["wilson", "wald", "clopper-pearson"]),
)
def test_one_proportion_vectors(method, inputs, quantity, value, tolerance):
    interval = proportion_interval(inputs["x"], inputs["n"], confidence_level=inputs["level"], method=method)
    assert {"lower": interval.low, "upper": interval.high}[quantity] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("method", "inputs", "quantity", "value", "tolerance"), vectors(["finite-population"], ["wilson-fpc"])
)
def test_finite_population_vectors(method, inputs, quantity, value, tolerance):
    interval = proportion_interval(inputs["x"], inputs["n"], method=method.removesuffix("-fpc"), population=inputs["N"])
    assert {"lower": interval.low, "upper": interval.high}[quantity] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("method", "inputs", "quantity", "value", "tolerance"),
    vectors(
        ["difference", "difference/ratio"],
        ["newcombe-hybrid-score", "difference:newcombe-hybrid-score", "ratio:mover-r-wilson"],
    ),
)
def test_two_sample_vectors(method, inputs, quantity, value, tolerance):
    first = estimate_rate_from_counts(int(inputs["x1"]), int(inputs["n1"]))
    second = estimate_rate_from_counts(int(inputs["x2"]), int(inputs["n2"]))
    measure = "ratio" if method.startswith("ratio") else "difference"
    change = compare_rates(first, second, measure=measure, confidence_level=inputs["level"])
    found = {"lower": change.interval.low, "upper": change.interval.high, "estimate": change.value}
    assert found[quantity] == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("sizes", [[3, 1], [88, 21, 9, 1], [1] * 12])
def test_goodman_intervals_of_shares_that_hold_together(sizes, level):
    expected = multinomial_proportions_confint(sizes, 1 - level, method="goodman")
    assert np.array(shares_together(sizes, level)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("p_values", [[0.04], [0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 1.0], [0.0, 0.2, 0.2, 0.9, 1e-9]])
def test_holm(p_values):
    assert adjust_p_values(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], rel=1e-12)
    assert adjust_p_values([]) == []
