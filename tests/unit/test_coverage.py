"""The coverage study: populations are what they say, chunks add up, and the default interval keeps its promise."""

import math

import numpy as np
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.coverage import (
    AUDITS_A_CHUNK,
    DEFAULT,
    INTERVALS,
    ORDINARY,
    POPULATIONS,
    RATES,
    Cell,
    coverage_cells,
    coverage_chunk,
    simulate_coverage,
)
from cdi_stats.methods.survey import estimate_rate

DESIGN_EFFECTS = {
    "iid": (0.95, 1.05),
    "mild": (1.0, 1.2),
    "size-dependent": (1.4, 1.75),
    "skew": (1.4, 2.1),
    "mega-2": (1.3, 8.5),
    "mega": (7, 11),
}


@pytest.mark.parametrize("population", POPULATIONS)
def test_a_population_has_the_rate_it_is_given(population):
    """p = sum f m p_m / sum f m, exactly."""
    found = POPULATIONS[population]
    assert math.isclose(sum(found.shares), 1, abs_tol=1e-12)
    weight = np.array(found.shares) * np.array(found.crimes)
    for rate in RATES if population != "mega" else RATES[:1]:
        assert float((weight * found.rates_by_size(rate)).sum() / weight.sum()) == pytest.approx(rate, abs=1e-12)


@pytest.mark.parametrize("population", POPULATIONS)
def test_a_population_is_as_clustered_as_the_study_says(population):
    """Design effects of the study's specification: 1 with single crimes, 1.0-1.2 mild, up to 11 in mega."""
    low, high = DESIGN_EFFECTS[population]
    for rate in RATES if population != "mega" else RATES[:1]:
        recorded, reported = POPULATIONS[population].draw(1, 200_000, rate, np.random.default_rng(7))
        assert low <= estimate_rate(recorded[0], reported[0]).design_effect <= high


def test_a_rate_that_a_population_cannot_have_is_refused():
    with pytest.raises(InvalidCounts, match=r"rate: found 0\.999; population 'mega' cannot have it"):
        POPULATIONS["mega"].rates_by_size(0.999)
    with pytest.raises(InvalidCounts, match="population: found 'large'; expected one of iid"):
        simulate_coverage(Cell("large", 150, 0.9), audits=10, seed=1)
    with pytest.raises(InvalidCounts, match="audits: found 0; expected at least one"):
        simulate_coverage(Cell("mild", 150, 0.9), audits=0, seed=1)


def test_the_same_seed_gives_the_same_audits_and_another_others():
    cell = Cell("mild", 150, 0.9)
    assert simulate_coverage(cell, audits=40, seed=1) == simulate_coverage(cell, audits=40, seed=1)
    assert simulate_coverage(cell, audits=40, seed=1) != simulate_coverage(cell, audits=40, seed=2)


def backwards(function, *given):
    """A map that makes its calls from the last to the first."""
    return [function(*each) for each in reversed([*zip(*given, strict=True)])][::-1]


def test_chunks_run_apart_add_up_to_the_whole():
    cell, audits = Cell("iid", 150, 0.9), AUDITS_A_CHUNK + 50
    whole = simulate_coverage(cell, audits=audits, seed=3)
    second = coverage_chunk(cell, 1, audits=50, seed=3)
    first = coverage_chunk(cell, 0, audits=AUDITS_A_CHUNK, seed=3)
    assert [a + b for a, b in zip(first, second, strict=True)] == whole
    assert simulate_coverage(cell, audits=audits, seed=3, spread=backwards) == whole
    assert {c.method for c in whole} == set(INTERVALS)
    assert all(c.audits == audits for c in whole)
    with pytest.raises(InvalidCounts, match="chunks of two cells"):
        first[0] + first[1]


def test_a_small_study_is_part_of_the_full_one():
    small, full = list(coverage_cells(full=False)), list(coverage_cells())
    assert set(small) < set(full)
    assert {cell.population for cell in small} == set(POPULATIONS)
    assert len(full) == 5 * 16 + 4


@pytest.mark.parametrize("population", ORDINARY)
@pytest.mark.parametrize("records", [150, 500])
def test_the_default_interval_holds_the_true_rate_in_ordinary_audits(population, records):
    """At least 0.945 in every cell: 1,000 seeded audits must not speak against it by three standard errors."""
    for rate in (0.83, 0.95):
        (default,) = [
            c for c in simulate_coverage(Cell(population, records, rate), audits=1000, seed=1) if c.method == DEFAULT
        ]
        assert default.share >= 0.945 - 3 * math.sqrt(0.945 * 0.055 / 1000)
        assert default.without_width == 0


def test_where_one_record_in_a_hundred_holds_most_misses_the_reader_is_told():
    """No interval helps when the sample missed the records that matter; the result must say so where it can be seen."""
    (default,) = [c for c in simulate_coverage(Cell("mega", 230, 0.83), audits=500, seed=1) if c.method == DEFAULT]
    assert default.share < 0.92
    assert default.warned / default.audits > 0.8


def test_ignoring_records_costs_coverage_where_they_matter():
    """Section D of the study: 8 to 14 points are lost with a long tail, whatever the interval."""
    found = {c.method: c.share for c in simulate_coverage(Cell("skew", 500, 0.9), audits=1000, seed=1)}
    for method in ("Wald, records unseen", "Wilson, records unseen", "Clopper-Pearson, records unseen"):
        assert found[method] < found[DEFAULT] - 0.05
