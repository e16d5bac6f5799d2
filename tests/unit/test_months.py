"""An audit looked at every month: looks add up, and limits that hold together are wider than at one look."""

import pytest

from cdi_stats.findings.months import LARGEST_RECORD, examine_months
from cdi_stats.methods.proportion import proportion_interval


@pytest.fixture(scope="module")
def looks(bundled):
    return examine_months(bundled["kent-2017"], confidence_level=0.95)


def test_the_months_of_the_first_stratum_are_looked_at_in_turn(looks, findings):
    """The 2017 inspection sampled violence from June to November 2016: 461 of 582 in the end."""
    assert [look.label for look in looks.looks] == [
        *("June 2016", "July 2016", "August 2016", "September 2016", "October 2016", "November 2016")
    ]
    assert looks.stratum == "violence"
    assert [look.records for look in looks.looks] == sorted(look.records for look in looks.looks)
    last = looks.looks[-1]
    assert last.records == findings["kent-2017"].stratum("violence").estimate.records
    assert last.rate == pytest.approx(461 / 582, abs=1e-15)
    assert last.single == proportion_interval(461, 582)


def test_limits_for_all_looks_are_wider_than_for_one_and_never_widen(looks):
    for look in looks.looks:
        assert look.low < look.single.low < look.rate < look.single.high < look.high
    lows, highs = [look.low for look in looks.looks], [look.high for look in looks.looks]
    assert lows == sorted(lows)
    assert highs == sorted(highs, reverse=True)
    assert looks.largest_record == LARGEST_RECORD


def test_an_audit_of_totals_or_of_few_months_has_no_looks(make_audit):
    assert examine_months(make_audit({"a": [(1, 1)] * 10}), confidence_level=0.95) is None
