"""The design's own reference (prototype_default.csv): the default estimate of both golden inspections, every domain.

Its estimates and standard errors equal R survey's where R has rows; for inspection 2 by source they stand alone, so the
standard error is also worked out here by plain loops.
"""

import math
from pathlib import Path

import pandas as pd
import pytest

from cdi_stats.methods.extrapolation import extrapolate_unrecorded
from cdi_stats.methods.survey import estimate_rate

DATA = Path(__file__).resolve().parents[1] / "data"
INCIDENTS = pd.read_csv(DATA / "incidents.csv")
PROTOTYPE = pd.read_csv(DATA / "prototype_default.csv").set_index(["inspection", "domain"])
CASES = PROTOTYPE.index.tolist()


def sample(inspection):
    return INCIDENTS[INCIDENTS["inspection"] == int(inspection.removeprefix("insp"))]


def inside(inspection, domain):
    table = sample(inspection)
    if domain == "all":
        return [True] * len(table)
    column, label = domain.split("=")
    return [value == label for value in table[column]]


def estimate(inspection, domain, **options):
    table = sample(inspection)
    return estimate_rate(
        table["recorded"],
        table["crimes"],
        stratum=table["stratum"],
        population=dict(zip(table["stratum"], table["N_incidents"], strict=True)),
        domain=inside(inspection, domain),
        **options,
    )


def standard_error_by_loops(inspection, domain):
    """Return the linearised standard error of recorded / reported, term by term as it is written in a textbook."""
    rows = [
        {"stratum": row.stratum, "frame": row.N_incidents, "m": row.crimes * member, "k": row.recorded * member}
        for row, member in zip(sample(inspection).itertuples(), inside(inspection, domain), strict=True)
    ]
    strata = {row["stratum"]: [other for other in rows if other["stratum"] == row["stratum"]] for row in rows}
    crimes = recorded = 0.0
    for members in strata.values():
        for row in members:
            weight = row["frame"] / len(members)
            crimes += weight * row["m"]
            recorded += weight * row["k"]
    rate = recorded / crimes
    variance = 0.0
    for members in strata.values():
        n, frame = len(members), members[0]["frame"]
        terms = [frame / n * (row["k"] - rate * row["m"]) / crimes for row in members]
        mean = sum(terms) / n
        variance += (1 - n / frame) * n / (n - 1) * sum((term - mean) ** 2 for term in terms)
    return math.sqrt(variance)


@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_rate_and_standard_error(inspection, domain):
    expected = PROTOTYPE.loc[inspection, domain]
    result = estimate(inspection, domain)
    assert result.rate == pytest.approx(expected["rate"], abs=1e-12)
    assert result.standard_error == pytest.approx(expected["se"], abs=1e-12)
    assert result.standard_error == pytest.approx(standard_error_by_loops(inspection, domain), abs=1e-12)


@pytest.mark.parametrize("degrees_of_freedom", ["kurtosis", "design"])
@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_limits(inspection, domain, degrees_of_freedom):
    expected = PROTOTYPE.loc[inspection, domain]
    interval = estimate(inspection, domain, degrees_of_freedom=degrees_of_freedom).interval
    assert interval.low == pytest.approx(expected[f"wilson_t_{degrees_of_freedom}_lower"], abs=1e-8)
    assert interval.high == pytest.approx(expected[f"wilson_t_{degrees_of_freedom}_upper"], abs=1e-8)


@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_effective_sizes_and_degrees_of_freedom(inspection, domain):
    expected = PROTOTYPE.loc[inspection, domain]
    result = estimate(inspection, domain)
    assert result.reported == expected["crimes"]
    assert result.effective_sample_size == pytest.approx(expected["n_eff_capped"], abs=1e-8)
    if expected["rule"] == "linearised":
        design = estimate(inspection, domain, degrees_of_freedom="design")
        assert design.effective_sample_size == pytest.approx(expected["n_eff"], abs=1e-8)
        assert design.degrees_of_freedom == expected["df_design"]
        assert result.degrees_of_freedom == pytest.approx(expected["df_kurtosis"], abs=1e-8)
    else:
        assert result.effective_sample_size == pytest.approx(expected["kish_incidents"], abs=1e-8)
        assert result.degrees_of_freedom == math.inf


@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_unrecorded_crimes_grossed_up_from_the_recorded(inspection, domain):
    expected = PROTOTYPE.loc[inspection, domain]
    volume = (sample(inspection)["weight"] * sample(inspection)["recorded"] * inside(inspection, domain)).sum()
    total = extrapolate_unrecorded(estimate(inspection, domain), recorded=volume)
    assert total.interval.low == pytest.approx(expected["missed_from_recorded_lower"], abs=1e-5)
    assert total.interval.high == pytest.approx(expected["missed_from_recorded_upper"], abs=1e-5)
