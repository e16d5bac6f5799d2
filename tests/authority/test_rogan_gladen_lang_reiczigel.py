"""Rogan & Gladen 1978 (epiR's values stand in reference_vectors.csv) and the coverage Lang & Reiczigel 2014 promise."""

import math

import numpy as np
import pytest

from cdi_stats.methods.agreement import correct_for_auditor_error
from cdi_stats.methods.survey import estimate_rate_from_counts


def test_a_corrected_rate_put_through_the_errors_is_the_apparent_one():
    """Of P recorded and 1 - P missed the auditor finds P se + (1 - P)(1 - sp) recorded."""
    apparent = estimate_rate_from_counts(222, 266)
    found = correct_for_auditor_error(apparent, sensitivity=0.95, specificity=0.98)
    assert found.rate * 0.95 + (1 - found.rate) * 0.02 == pytest.approx(apparent.rate, abs=1e-14)


@pytest.mark.parametrize(
    ("rate", "sensitivity", "specificity", "crimes", "reviewed"),
    [(0.9, 0.97, 0.95, 500, (200, 100)), (0.85, 0.95, 0.98, 266, (100, 60)), (0.95, 0.98, 0.9, 300, (300, 50))],
)
def test_the_interval_covers_when_both_error_rates_are_sampled(rate, sensitivity, specificity, crimes, reviewed):
    """2,000 seeded audits with their second reviews: no less than the level but for chance, and not far above it."""
    random, held, audits = np.random.default_rng(8), 0, 2000
    for _ in range(audits):
        found = random.binomial(crimes, rate * sensitivity + (1 - rate) * (1 - specificity))
        right = (int(random.binomial(reviewed[0], sensitivity)), int(random.binomial(reviewed[1], specificity)))
        corrected = correct_for_auditor_error(
            estimate_rate_from_counts(int(found), crimes),
            sensitivity=(right[0], reviewed[0]),
            specificity=(right[1], reviewed[1]),
        )
        held += corrected.interval.low <= rate <= corrected.interval.high
    assert 0.95 - 3 * math.sqrt(0.95 * 0.05 / audits) <= held / audits <= 0.98
