"""Cohen 1960 and Gwet 2008: kappa and AC1 of 118/5/2/0, statsmodels' kappa error, and Gwet's own variance formula."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from cdi_stats.methods.agreement import auditor_agreement_from_counts

TABLES = [[[118, 5], [2, 0]], [[40, 5], [7, 30]], [[40, 5, 3], [2, 30, 4], [1, 2, 20]]]


def test_the_paradox_of_kappa():
    """94 % agreement, yet kappa below 0, since one answer prevails; AC1 says what is seen."""
    found = auditor_agreement_from_counts([[118, 5], [2, 0]])
    assert (round(found.kappa.value, 4), round(found.ac1.value, 4)) == (-0.0234, 0.9408)
    assert [caution.code for caution in found.warnings] == ["kappa-paradox"]


@pytest.mark.parametrize("table", TABLES)
def test_kappa_and_its_error_equal_statsmodels(table):
    """Ours is n / (n - 1) times the asymptotic variance of Fleiss, Cohen and Everitt 1969."""
    found, theirs, n = auditor_agreement_from_counts(table), cohens_kappa(np.array(table)), np.sum(table)
    assert found.kappa.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert found.kappa.standard_error * np.sqrt((n - 1) / n) == pytest.approx(theirs.std_kappa, abs=1e-10)


@pytest.mark.parametrize("table", TABLES)
def test_the_error_of_ac1_is_gwets(table):
    """Gwet 2008: v = sum (g_i* - g)^2 / (n (n - 1)) with g_i* = g_i - 2 (1 - g) (pe_i - pe) / (1 - pe)."""
    table = np.array(table)
    n, q = table.sum(), len(table)
    share = (table.sum(axis=0) + table.sum(axis=1)) / (2 * n)
    chance = (share * (1 - share)).sum() / (q - 1)
    value = (np.trace(table) / n - chance) / (1 - chance)
    total = 0.0
    for i in range(q):
        for j in range(q):
            own = (float(i == j) - chance) / (1 - chance)
            by_chance = ((1 - share[i]) + (1 - share[j])) / 2 / (q - 1)
            total += table[i, j] * (own - 2 * (1 - value) * (by_chance - chance) / (1 - chance) - value) ** 2
    found = auditor_agreement_from_counts(table).ac1
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(total / (n * (n - 1))), abs=1e-12)
