"""Miettinen & Nurminen 1985 (Statistics in Medicine 4:213-226), as Newcombe 1998b tabulates methods 5 and 6.

statsmodels 0.15 has the second sample's recorded crimes where its reported ones belong in the cubic (its issue 10269);
its limits for a difference are therefore no authority here. Its ratio, whose null is solved by another path, is.
"""

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from cdi_stats.methods.score import score_difference_limits, score_ratio_limits

# Newcombe 1998b, Table II: cases a and d, methods 5 (Mee) and 6 (Miettinen-Nurminen)
TABLE = [
    ((56, 70, 48, 80), "mee", (0.0533, 0.3377)),
    ((56, 70, 48, 80), "miettinen-nurminen", (0.0528, 0.3382)),
    ((5, 56, 0, 29), "mee", (-0.0313, 0.1926)),
    ((5, 56, 0, 29), "miettinen-nurminen", (-0.0326, 0.1933)),
]


@pytest.mark.parametrize(("counts", "variance", "limits"), TABLE)
def test_differences_as_newcombe_tabulates_them(counts, variance, limits):
    assert score_difference_limits(*counts, variance=variance) == pytest.approx(limits, abs=5e-5)


@pytest.mark.parametrize("counts", [(757, 784, 1254, 1500), (56, 70, 48, 80), (20, 30, 11, 20)])
def test_ratios_equal_statsmodels(counts):
    theirs = confint_proportions_2indep(*counts, compare="ratio", method="score", correction=True)
    assert score_ratio_limits(*counts) == pytest.approx(theirs, rel=1e-6)
