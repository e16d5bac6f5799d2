"""One audit by every method: each agrees with its own door, and flags are compared within one sample."""

from dataclasses import replace

import numpy as np
import pytest

from cdi_stats.findings.alternatives import (
    PLAIN,
    difference_from_statsmodels,
    examine_alternatives,
    examine_flags,
)
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey_limits import METHODS


@pytest.fixture(scope="module")
def board(bundled):
    found = examine_alternatives(bundled["kent-board-2017"], confidence_level=0.95, replicates=400, seed=1)
    return {a.stratum: a for a in found}


def test_every_method_is_there_for_every_stratum(board):
    assert set(board) == {"violence", "sexual", "other"}
    for found in board.values():
        assert {method for method, _ in found.by_records} == set(METHODS)
        assert set(found.plain) == set(PLAIN)


def test_the_default_is_the_findings_own(board, findings):
    for stratum, found in board.items():
        ours = findings["kent-board-2017"].stratum(stratum).estimate
        assert found.default.interval.low == pytest.approx(ours.interval.low, abs=1e-12)
        assert found.default.standard_error == pytest.approx(ours.standard_error, abs=1e-14)


def test_plain_intervals_are_those_of_the_counts(board):
    """The board paper's counts: 199 of 216, 222 of 266, 223 of 235."""
    for stratum, (recorded, reported) in {"violence": (199, 216), "sexual": (222, 266), "other": (223, 235)}.items():
        for method in PLAIN:
            assert board[stratum].plain[method] == proportion_interval(recorded, reported, method=method)


def test_jackknife_and_bootstrap_stand_beside_the_linearised_error(board):
    for found in board.values():
        assert found.jackknife == pytest.approx(found.default.standard_error, rel=0.1)
        assert found.bootstrap.standard_error == pytest.approx(found.default.standard_error, rel=0.2)


def test_an_audit_without_flags_has_nothing_to_contrast(bundled):
    assert list(examine_flags(bundled["kent-board-2017"], confidence_level=0.95)) == []


def test_flagged_crimes_and_all_others_make_the_whole(bundled):
    """Domestic abuse in the 2017 inspection: 348 of 446, the rest 906 of 1,054."""
    found = {c.flag: c for c in examine_flags(bundled["kent-2017"], confidence_level=0.95)}
    abuse = found["domestic_abuse"]
    assert (abuse.flagged.recorded, abuse.flagged.reported) == (348, 446)
    assert (abuse.others.recorded, abuse.others.reported) == (1254 - 348, 1500 - 446)
    assert abuse.change.value == pytest.approx(abuse.flagged.rate - abuse.others.rate, abs=1e-15)
    assert -1 <= abuse.correlation <= 1
    assert 0 < abuse.test.p_value < 1
    variance = abuse.flagged.standard_error**2 + abuse.others.standard_error**2
    covariance = abuse.correlation * abuse.flagged.standard_error * abuse.others.standard_error
    assert abuse.change.standard_error == pytest.approx(np.sqrt(variance - 2 * covariance), rel=1e-9)


def test_plain_limits_are_those_of_statsmodels_and_a_difference_would_be_seen(bundled):
    found = examine_alternatives(bundled["kent-2017"], confidence_level=0.9, replicates=10, seed=1)
    assert difference_from_statsmodels(found) < 1e-10
    moved = replace(found[0].plain["jeffreys"], low=found[0].plain["jeffreys"].low - 0.002)
    wrong = replace(found[0], plain=found[0].plain | {"jeffreys": moved})
    assert difference_from_statsmodels([*found[1:], wrong]) == pytest.approx(0.002)
    assert difference_from_statsmodels([]) == 0
