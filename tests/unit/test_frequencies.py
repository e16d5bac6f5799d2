"""One in so many: the rule of the words and of the icons, by table and by what must hold for every interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdi_stats.findings.examine import examine
from cdi_stats.report.frequencies import _spoken, frequency_of_missed
from cdi_stats.report.icon_charts import icons_chart
from cdi_stats.report.numbers import percent


@pytest.mark.parametrize(
    ("share", "low", "high", "cases", "of", "words", "few", "many"),
    [
        (0.164, 0.145, 0.185, 1, 6, "1 in 6", "1 in 7", "1 in 5"),
        (0.1, 0.047, 0.206, 1, 10, "1 in 10", "1 in 22", "1 in 4"),
        (0.25, 0.2, 0.5, 1, 4, "1 in 4", "1 in 5", "1 in 2"),
        (1 / 6, 1 / 6, 1 / 6, 1, 6, "1 in 6", "1 in 6", "1 in 6"),
        (0.05, 0.0, 0.2, 1, 20, "1 in 20", "none", "1 in 5"),
        (0.25, 0.1, 0.51, 3, 10, "3 in 10", "1 in 10", "6 in 10"),
        (0.4, 0.31, 0.49, 4, 10, "4 in 10", "3 in 10", "5 in 10"),
        (1.0, 0.9, 1.0, 10, 10, "10 in 10", "9 in 10", "10 in 10"),
        (0.034, 0.023, 0.051, 3, 100, "3 in every 100", "2 in every 100", "6 in every 100"),
        (0.002, 0.0, 0.01, 1, 100, "1 in every 100", "none", "1 in every 100"),
    ],
)
def test_the_rule_by_table(share, low, high, cases, of, words, few, many):
    assert _spoken(share, low, high) == (cases, of, words, few, many)


def fraction(words):
    if words == "none":
        return 0.0
    cases, of = words.replace("in every", "in").split(" in ")
    return int(cases) / int(of.replace(",", ""))


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(sorted))
def test_the_range_in_words_holds_the_interval_and_the_icons_show_the_words(shares):
    low, share, high = shares
    cases, of, words, few, many = _spoken(share, low, high)
    assert fraction(few) <= low + 1e-9
    assert fraction(many) >= high - 1e-9
    assert fraction(words) == pytest.approx(cases / of)
    assert fraction(few) <= cases / of <= fraction(many) or cases == 1, "1 in every 100 stands for fewer too"
    assert abs(cases / of - share) < 0.055


def test_kents_published_rate_is_about_one_in_six(findings):
    """83.6% of 1,500 crimes in 2017 (the inspection report); the words stand beside the percentage."""
    found = frequency_of_missed(findings["kent-2017"].overall)
    estimate = findings["kent-2017"].overall.estimate
    assert (found.missed, found.of) == (1, 6)
    assert (found.words.text, found.low.text, found.high.text) == ("1 in 6", "1 in 7", "1 in 5")
    assert found.words.value == found.share[0].value == 1 - estimate.rate
    assert [figure.value for figure in found.share[1:]] == [1 - estimate.interval.high, 1 - estimate.interval.low]
    assert [figure.key for figure in found.share] == [figure.key for figure in (found.words, found.low, found.high)]


def test_icons_are_drawn_one_a_crime_and_told_in_words(findings):
    chart = icons_chart(findings["kent-2017"].overall)
    assert chart.title == "About 1 in 6 reported crimes was not recorded"
    estimate = findings["kent-2017"].overall.estimate
    shown = percent(1 - estimate.rate)
    assert f"{shown}, 95% interval 14.5% to 18.5%, so between 1 in 7 and 1 in 5" in chart.subtitle
    assert "Not recorded: in words 1 in 6 (1 in 7 to 1 in 5), share 16.4% (14.5% to 18.5%)" in chart.alt
    hundred = icons_chart(findings["kent-2018"].overall)
    assert hundred.title == "About 3 in every 100 reported crimes were not recorded"
    assert hundred.svg.count("<use ") - chart.svg.count("<use ") == (97 + 2 * 3) - (5 + 2 * 1)


def test_where_no_crime_was_missed_or_due_there_are_no_icons(make_audit):
    found = examine(make_audit({"a": [(1, 1)] * 20, "b": [(0, 0)] * 20}))
    assert icons_chart(found.stratum("a")) is None
    assert icons_chart(found.stratum("b")) is None


def test_where_all_crimes_were_missed_all_icons_say_so(make_audit):
    chart = icons_chart(examine(make_audit({"a": [(1, 0)] * 20})).overall)
    assert chart.title == "About 10 in 10 reported crimes were not recorded"
    assert ">recorded<" not in chart.svg
