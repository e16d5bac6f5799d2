"""Planned against achieved, and what the next audit needs, in the bundled audits."""

import math

import pytest

from cdi_stats.findings.examine import examine
from cdi_stats.findings.precision import USUAL_MARGIN, examine_precision
from cdi_stats.methods.planning import expected_margin


@pytest.fixture(scope="module")
def board(findings):
    return {p.stratum: p for p in examine_precision(findings["kent-board-2017"], standard=0.8)}


def test_no_stratum_of_the_board_audit_met_the_plan_of_three_points(board):
    """The paper asked for ±3 points at 95%; even crimes taken as independent gave 3.6, 4.5 and 2.9."""
    assert {p.achieved.planned_margin for p in board.values()} == {0.03}
    assert not any(p.achieved.met for p in board.values())
    assert all(p.planned for p in board.values())


def test_the_design_effect_to_plan_with_is_the_greater_of_two(board, findings):
    for stratum, precision in board.items():
        seen = findings["kent-board-2017"].stratum(stratum).estimate.design_effect
        assert precision.needed.design_effect == max(seen, precision.pilot.design_effect)
    assert board["sexual"].needed.design_effect > 9


def test_the_sample_needed_has_the_margin_asked_for(board):
    for precision in board.values():
        n = precision.needed
        assert expected_margin(n.rate, n.crimes, design_effect=n.design_effect) <= 0.03
        assert n.records == math.ceil(n.crimes / n.crimes_per_record)


def test_a_rate_below_the_standard_cannot_be_shown_above_it(findings):
    found = {p.stratum: p for p in examine_precision(findings["kent-2017"], standard=0.85)}
    assert found["violence"].assured is None
    assert found["sexual"].assured.assurance >= 0.8
    assert found["violence"].achieved.planned_margin == USUAL_MARGIN
    assert not found["violence"].planned


def test_records_of_one_crime_need_no_design_effect(make_audit):
    audit = make_audit({"a": [(1, 1)] * 30 + [(1, 0)] * 6})
    (precision,) = examine_precision(examine(audit), standard=0.5)
    assert precision.pilot.crimes_per_record == 1.0
    assert precision.needed.crimes_per_record == 1.0
    assert precision.needed.design_effect == pytest.approx(1, abs=0.05)
