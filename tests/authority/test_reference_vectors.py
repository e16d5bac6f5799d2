"""Every row of reference_vectors.csv within its own tolerance: published, peer-computed or by formula, as it says.

Two kinds of rows hold a peer's convention and not ours. R's samplingbook reports exact finite-population limits one
unit wide on each side unless clipped; R's tern takes Yan and Su's own weights but the quantile shared by equal ones.
Both are rebuilt here from our values, so that the row is held and the difference is seen.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from cdi_stats.methods.agreement import correct_for_auditor_error
from cdi_stats.methods.allocation import PlannedStratum, allocation_shares
from cdi_stats.methods.comparison import difference_limits, ratio_limits
from cdi_stats.methods.monitoring import funnel, p_prime_chart
from cdi_stats.methods.pilot import anova_wilson_interval
from cdi_stats.methods.planning import discovery_size, sample_size
from cdi_stats.methods.proportion import proportion_interval, wilson_limits
from cdi_stats.methods.score import score_difference_limits, score_ratio_limits
from cdi_stats.methods.stratified import stratified_rate
from cdi_stats.methods.survey import estimate_rate_from_counts

ROWS = pd.read_csv(Path(__file__).resolve().parents[1] / "data" / "reference_vectors.csv")
OUR_NAMES = {"waldcc": "wald-cc", "wilsoncc": "wilson-cc", "midp": "mid-p", "lik": "likelihood"}
Z = norm.ppf(0.975)


def numbers_of(inputs):
    """Return {name: number or list of numbers} of a row's inputs."""
    found = {}
    for part in inputs.split(";"):
        name, _, value = part.partition("=")
        values = [_number(text) for text in value.split(",")]
        found[name] = values[0] if len(values) == 1 else np.array(values)
    return found


def _number(text):
    above, slash, below = text.partition("/")
    return float(above) / float(below) if slash else float(text)


def one_proportion(row, given):
    interval = proportion_interval(
        int(given["x"]),
        int(given["n"]),
        method=OUR_NAMES.get(row.method, row.method),
        confidence_level=given.get("level", 0.95),
    )
    return {"lower": interval.low, "upper": interval.high}


def difference(row, given):
    counts = [int(given[name]) for name in ("x1", "n1", "x2", "n2")]
    method = row.method.removeprefix("difference:")
    if method in ("mee", "miettinen-nurminen"):
        low, high = score_difference_limits(*counts, variance=method, confidence_level=given["level"])
        return {"lower": low, "upper": high}
    arms = _wilson_arms(counts, given["level"], "wilson-cc" if method.endswith("-cc") else "wilson")
    return dict(zip(("estimate", "lower", "upper"), difference_limits(*arms), strict=True))


def ratio(row, given):
    counts = [int(given[name]) for name in ("x1", "n1", "x2", "n2")]
    if row.method == "ratio:miettinen-nurminen":
        low, high = score_ratio_limits(*counts, confidence_level=given["level"])
        return {"lower": low, "upper": high}
    return dict(
        zip(("estimate", "lower", "upper"), ratio_limits(*_wilson_arms(counts, given["level"], "wilson")), strict=True)
    )


def _wilson_arms(counts, level, method):
    x1, n1, x2, n2 = counts
    first, second = (proportion_interval(x, n, method=method, confidence_level=level) for x, n in ((x1, n1), (x2, n2)))
    return (x1 / n1, first.low, first.high), (x2 / n2, second.low, second.high)


def clustered(row, _given):
    """Read Liang's data from the row's own source: (events, size, count) triples."""
    triples = [tuple(map(int, t)) for t in re.findall(r"(\d+),(\d+),(\d+)", row.source)]
    events, sizes, times = (np.array(column) for column in zip(*triples, strict=True))
    found = anova_wilson_interval(np.repeat(events, times), np.repeat(sizes, times))
    return {
        "lower": found.interval.low,
        "upper": found.interval.high,
        "icc-anova": found.pilot.intra_record_correlation,
        "vif": found.pilot.variance_inflation,
        "estimate": found.rate,
    }


def stratified(_row, given):
    rate, size = given["x"] / given["n"], given["n"]
    if "w" in given:
        found = stratified_rate(rate, size, weight=given["w"])
        return {"estimate": found.rate, "lower": found.interval.low, "upper": found.interval.high}
    weights = stratified_rate(rate, size).weights
    error, equal = np.sqrt(rate * (1 - rate) / size), np.full(rate.size, 1 / rate.size)
    shared = Z * np.sqrt((equal**2 * error**2).sum()) / (equal * error).sum()
    low, high = wilson_limits(rate, size, shared)
    limits = {"lower": (weights * low).sum(), "upper": (weights * high).sum()}
    return limits | {f"w{place}": weight for place, weight in enumerate(weights, start=1)}


def finite_population(row, given):
    x, n, population = (int(given[name]) for name in ("x", "n", "N"))
    method = "wilson" if row.method == "wilson-fpc" else "hypergeometric"
    interval = proportion_interval(x, n, method=method, population=population, confidence_level=given["level"])
    if method == "wilson":
        return {"lower": interval.low, "upper": interval.high}
    low, high = round(interval.low * population), round(interval.high * population)
    if row.method == "hypergeometric-samplingbook":
        low, high = max(low - 1, x), min(high + 1, population - (n - x))
    return {"lower_count": low, "upper_count": high}


def sizes(row, given):
    if row.method.startswith("discovery"):
        population = int(given["N"]) if row.method.endswith("hypergeometric") else None
        acceptable = int(given["acceptable_errors"])
        return {"n": discovery_size(given["tolerable"], acceptable=acceptable, population=population)}
    if row.method == "wilson-half-width":
        return {"n": sample_size(given["p"], given["half_width"], confidence_level=given["level"]).exact_crimes}
    population = None if np.isinf(given["N"]) else given["N"]
    planned = sample_size(
        given["p"], given["moe"], population=population, method="wald", confidence_level=given["level"]
    )
    return {"n": planned.exact_crimes}


def allocation(row, given):
    frames = given["N"]
    rates = given["p"] if "p" in given else [None] * len(frames)
    strata = {f"n{i}": PlannedStratum(N, rate=p) for i, (N, p) in enumerate(zip(frames, rates, strict=True), start=1)}
    return allocation_shares(int(given["n"]), strata, rule=row.method)


def misclassification(_row, given):
    apparent = estimate_rate_from_counts(int(given["x"]), int(given["n"]))
    found = correct_for_auditor_error(apparent, sensitivity=given["se"], specificity=given["sp"])
    return {
        "apparent": apparent.rate,
        "apparent_lower": apparent.interval.low,
        "apparent_upper": apparent.interval.high,
        "true": found.rate,
        "true_lower": found.interval.low,
        "true_upper": found.interval.high,
    }


def funnel_plot(_row, given):
    rate, size = given["x"] / given["n"], given["n"]
    found = funnel(rate, size)
    return {
        "phi_winsor10": found.phi,
        "tau2_winsor10": found.tau_squared,
        "phi_raw": found.raw_phi,
        "tau2_raw": found.raw_tau_squared,
    }


def control_chart(_row, given):
    chart = p_prime_chart(given["x"] / given["n"], given["n"])
    return {
        "pbar": chart.centre[0],
        "sigma_z": chart.sigma_z[0],
        "ucl_1": chart.high[0],
        "ucl_2": chart.high[1],
    }


def published_audit(row, given):
    if "misses" in row.inputs:
        missed, crimes = map(int, re.findall(r"\d+", row.inputs))
        interval = proportion_interval(crimes - missed, crimes, method="wald-fpc")
        return {"half_width": interval.high - interval.low}
    return {"half_width": Z * np.sqrt(given["p"] * (1 - given["p"]) / given["n"])}


KINDS = {
    "one-proportion": one_proportion,
    "difference": difference,
    "difference/ratio": lambda row, given: (ratio if row.method.startswith("ratio") else difference)(row, given),
    "clustered-proportion": clustered,
    "stratified": stratified,
    "finite-population": finite_population,
    "sample-size": sizes,
    "allocation": allocation,
    "misclassification": misclassification,
    "funnel": funnel_plot,
    "spc": control_chart,
    "published-audit": published_audit,
}


@cache
def ours(number):
    row = ROWS.iloc[number]
    given = numbers_of(row.inputs) if "=" in row.inputs else {}
    return KINDS[row.kind](row, given)


@pytest.mark.parametrize("number", range(len(ROWS)), ids=lambda n: f"{n}-{ROWS.method[n]}-{ROWS.quantity[n]}")
def test_every_reference_row_is_met(number):
    row = ROWS.iloc[number]
    assert abs(ours(number)[row.quantity] - row.value) <= float(row.tolerance)


def test_there_are_as_many_rows_as_were_given():
    assert len(ROWS) == 396
    assert set(ROWS.kind) == set(KINDS)
