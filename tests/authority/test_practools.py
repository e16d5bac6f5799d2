"""Sizes and allocations as the textbooks and R's PracTools give them.

Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, and their package's output
(1.7.5 and its vignette on single-stage samples); Cochran (1977), Sampling Techniques, chapters 4 and 5; AICPA, Audit
Guide: Audit Sampling (2017), appendix A, tables A-1 and A-2.
"""

import math

import pytest

from cdi_stats.methods.allocation import PlannedStratum, allocate_sample, allocation_shares
from cdi_stats.methods.planning import discovery_size, expected_margin, sample_size

N_WILSON = [
    (0.5, 0.03, 1063.230436),
    (0.5, 0.05, 380.3044232),
    (0.04, 0.01, 1492.151422),
]
N_PROP_MOE = [
    (0.5, 0.03, None, 1067.071895),
    (0.5, 0.03, 280, 221.9644669),
    (0.5, 0.05, None, 384.1458821),
    (0.9, 0.03, 1000, 277.7334532),
]
VIGNETTE_MARGINS = {0.01: 9604, 0.02: 2401, 0.03: 1068, 0.04: 601, 0.05: 385, 0.06: 267, 0.07: 196, 0.08: 151}
AICPA_5_PERCENT = {
    0.02: (149, 236, 313, 386),
    0.03: (99, 157, 208, 257, 303),
    0.04: (74, 117, 156, 192, 227),
    0.05: (59, 93, 124, 153, 181, 208, 234),
    0.06: (49, 78, 103, 127, 150, 173, 195),
    0.08: (36, 58, 77, 95, 112, 129, 146),
    0.10: (29, 46, 61, 76, 89),
    0.15: (19, 30, 40, 50),
    0.20: (14, 22, 30, 37, 44, 50),
}
AICPA_10_PERCENT = {
    0.02: (114, 194, 265),
    0.05: (45, 77, 105, 132, 158),
    0.10: (22, 38, 52, 65, 78),
    0.20: (11, 18, 25, 32, 38),
}


@pytest.mark.parametrize(("rate", "margin", "size"), N_WILSON)
def test_n_wilson(rate, margin, size):
    assert sample_size(rate, margin).exact_crimes == pytest.approx(size, abs=1e-5)


@pytest.mark.parametrize(("rate", "margin", "population", "size"), N_PROP_MOE)
def test_n_prop_moe(rate, margin, population, size):
    planned = sample_size(rate, margin, population=population, method="wald")
    assert planned.exact_crimes == pytest.approx(size, abs=1e-5)
    assert expected_margin(rate, size, population=population, method="wald") == pytest.approx(margin, abs=1e-9)


@pytest.mark.parametrize(("margin", "size"), VIGNETTE_MARGINS.items())
def test_vignette_table_of_margins(margin, size):
    assert sample_size(0.5, margin, method="wald").crimes == size


def test_str_alloc():
    strata = {"violence": 30_000, "sexual": 4_000, "other": 42_000}
    assert list(allocation_shares(669, strata).values()) == pytest.approx(
        [264.07894737, 35.21052632, 369.71052632], abs=1e-6
    )
    rated = {
        name: PlannedStratum(strata[name], rate=rate)
        for name, rate in {"violence": 0.92, "sexual": 0.83, "other": 0.95}.items()
    }
    neyman = allocation_shares(669, rated, rule="neyman")
    assert list(neyman.values()) == pytest.approx([289.69673727, 53.48191387, 325.82134886], abs=1e-6)
    assert allocate_sample(669, rated, rule="neyman") == {"violence": 290, "sexual": 53, "other": 326}


def test_vignette_neyman_allocation_of_hospitals():
    frame = [215, 65, 252, 50, 149, 144]
    deviation = [26787207, 10645109, 6909676, 11085034, 9817762, 44553355]
    strata = {place: PlannedStratum(frame[place], deviation=deviation[place]) for place in range(6)}
    shares = allocation_shares(100, strata, rule="neyman")
    assert list(shares.values()) == pytest.approx(
        [34.641683, 4.161947, 10.473487, 3.333804, 8.798970, 38.590108], abs=5e-7
    )
    assert list(allocate_sample(100, strata, rule="neyman").values()) == [35, 4, 10, 3, 9, 39]


@pytest.mark.parametrize(("tolerable", "sizes"), AICPA_5_PERCENT.items())
def test_aicpa_table_a_1(tolerable, sizes):
    found = tuple(discovery_size(tolerable, acceptable=errors) for errors in range(len(sizes)))
    assert found == sizes


@pytest.mark.parametrize(("tolerable", "sizes"), AICPA_10_PERCENT.items())
def test_aicpa_table_a_2(tolerable, sizes):
    found = tuple(discovery_size(tolerable, acceptable=errors, confidence_level=0.9) for errors in range(len(sizes)))
    assert found == sizes


def test_n_audit_attr():
    """nAuditAttr(TolRate = .05, AccDev = 1, CL = .95): 93 either way at N = 5000; by its formula 87 at 500."""
    assert discovery_size(0.05, acceptable=1) == 93
    assert discovery_size(0.05, acceptable=1, population=5000) == 93
    assert discovery_size(0.05, acceptable=1, population=500) == 87


def test_cochran_blood_groups_on_an_island():
    """Section 4.4: p = 50 %, within 5 points, t = 2: n0 = 400, and 356 of the 3,200 people on the island."""
    level = math.erf(math.sqrt(2))
    assert sample_size(0.5, 0.05, confidence_level=level, method="wald").crimes == 400
    assert sample_size(0.5, 0.05, confidence_level=level, method="wald", population=3200).exact_crimes == pytest.approx(
        400 / (1 + 399 / 3200), abs=1e-6
    )
    assert round(sample_size(0.5, 0.05, confidence_level=level, method="wald", population=3200).exact_crimes) == 356


def test_cochran_sixty_four_cities():
    """Table 5.1: 16 and 48 cities, S^2 = 53,843 and 5,581, a sample of 24 by each rule."""
    cities = {
        "large": PlannedStratum(16, deviation=math.sqrt(53_843)),
        "others": PlannedStratum(48, deviation=math.sqrt(5_581)),
    }
    assert allocate_sample(24, cities) == {"large": 6, "others": 18}
    assert allocation_shares(24, cities, rule="neyman")["large"] == pytest.approx(12.21, abs=0.005)
    assert allocate_sample(24, cities, rule="neyman") == {"large": 12, "others": 12}
