"""Published overall margins: Kent, Lancashire and Thames Valley explained, South Yorkshire by no simple method."""

import pytest

from cdi_stats.findings.inspections import published_rates


@pytest.fixture(scope="module")
def published():
    return {p.label: p for p in published_rates()}


@pytest.mark.parametrize(
    ("label", "method"), [("Kent 2017", "wald-fpc"), ("Kent 2018", "wald-fpc"), ("Lancashire 2017", "wald-fpc")]
)
def test_margins_of_known_samples_are_walds_with_the_frame(published, label, method):
    assert published[label].reconciliation.matching == (method,)


def test_thames_valley_is_plain_wald(published):
    """1,970 crimes, 80.4 %, 1.75 points: Wald without a frame (Wilson's half-width prints the same)."""
    assert "wald" in published["Thames Valley 2017"].reconciliation.matching
    assert "wald-fpc" not in published["Thames Valley 2017"].reconciliation.matching


def test_south_yorkshire_is_given_by_no_simple_method(published):
    """1,374 crimes, 89.5 %, 1.64 points, where Wald gives 1.61 to 1.62."""
    found = published["South Yorkshire 2018"].reconciliation
    assert found.matching == ()
    assert 1.0 < found.by("wald").design_effect.low < found.by("wald").design_effect.high < 1.05


def test_every_margin_implies_crimes_and_they_come_in_order_of_time(published):
    ended = [p.ended for p in published.values()]
    assert ended == sorted(ended)
    assert len(published) == 24
    for p in (p for p in published.values() if p.reported is None):
        wald = p.reconciliation.by("wald").reported
        assert wald.low <= p.effective_sample_size <= wald.high
