"""Charts: sound SVG, the same bytes each time, text kept as text, and all of it said in the alternative text."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import examine
from cdi_stats.report import charts
from cdi_stats.report.blocks import plain
from cdi_stats.report.numbers import ChangeNumbers, FindingNumbers, percent, yearly, yearly_limit

STRATA = ("violence", "sexual", "other")
SVG = "{http://www.w3.org/2000/svg}"
KEYS = [(name, ("recording_rate", "all", name)) for name in ("all", *STRATA)]


def rates(found):
    return [("Overall", found.overall), *((name.capitalize(), found.stratum(name)) for name in STRATA)]


def labelled(comparison):
    """Return the changes of KEYS under their labels, as a report passes them."""
    return [(label, comparison.get(*key)) for label, key in KEYS]


def drawings(findings, bundled, comparison):
    """Return a function for each chart."""
    now, before = findings["kent-2018"], findings["kent-2017"]
    timely = [(row.stratum, row) for row in now.of("timeliness") if row.stratum != "all"]
    piles = [(name, examine_concentration(bundled["kent-board-2017"], stratum=name)) for name in STRATA]
    return {
        "rates": lambda: charts.rates_chart("Rates", rates(now), rates(before)),
        "timeliness": lambda: charts.timeliness_chart("In time", 24, timely),
        "causes": lambda: charts.causes_chart("Causes", examine_causes(bundled["kent-2017"]), "95%"),
        "annual": lambda: charts.annual_chart("A year", rates(before)),
        "concentration": lambda: charts.concentration_chart("Concentration", piles),
        "change": lambda: charts.change_chart("Change", "95%", labelled(comparison)),
    }


NAMES = ("rates", "timeliness", "causes", "annual", "concentration", "change")


@pytest.fixture(scope="module")
def drawn(findings, bundled, comparison):
    return {name: draw() for name, draw in drawings(findings, bundled, comparison).items()}


def texts(chart):
    """Return the words of a picture, kept as text."""
    return ["".join(element.itertext()).strip() for element in ElementTree.fromstring(chart.svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_is_sound_svg_with_words_as_text(drawn, name):
    chart = drawn[name]
    root = ElementTree.fromstring(chart.svg)
    assert root.tag == f"{SVG}svg"
    assert texts(chart)
    assert root.find(f".//{SVG}image") is None, "a vector, no picture of pixels"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert "nan" not in " ".join(element.get("d", "") for element in root.iter()).lower()


@pytest.mark.parametrize("name", NAMES)
def test_every_face_a_chart_asks_for_is_there(findings, bundled, comparison, name, caplog):
    """A missing weight is only logged, and the label then measured by another face."""
    drawings(findings, bundled, comparison)[name]()
    assert "findfont" not in caplog.text


@pytest.mark.parametrize("name", NAMES)
def test_the_same_chart_gives_the_same_bytes(drawn, findings, bundled, comparison, name):
    again = drawings(findings, bundled, comparison)[name]()
    assert again.svg.encode() == drawn[name].svg.encode()
    assert again == drawn[name]


@pytest.mark.parametrize("name", ["rates", "timeliness", "causes", "annual", "change"])
def test_all_that_stands_beside_a_mark_is_in_the_alternative_text(drawn, name):
    """What stands right of the axes is the marks' numbers; left of them, their labels."""
    chart = drawn[name]
    beside = [text for text in texts(chart) if "(" in text]
    assert beside
    assert [text for text in beside if text not in chart.alt] == []
    assert chart.subtitle in chart.alt


def test_rates_in_the_alternative_text_are_the_findings(drawn, findings):
    for audit in ("kent-2018", "kent-2017"):
        for _, row in rates(findings[audit]):
            n = FindingNumbers(row)
            mark = f"{n.rate} ({n.low} to {n.high})"
            assert mark in drawn["rates"].alt
            assert mark in texts(drawn["rates"])
    assert drawn["rates"].alt.count("earlier") == 4


def test_timeliness_in_the_alternative_text(drawn, findings):
    for stratum in STRATA:
        n = FindingNumbers(findings["kent-2018"].get("timeliness", "all", stratum))
        assert f"{n.rate} ({n.low} to {n.high})" in drawn["timeliness"].alt
    assert "24 hours" in drawn["timeliness"].subtitle


def test_years_in_the_alternative_text(drawn, findings):
    for _, row in rates(findings["kent-2017"]):
        low, high = row.unrecorded.interval.low, row.unrecorded.interval.high
        mark = f"{yearly(row.unrecorded.value)} ({yearly_limit(low)} to {yearly_limit(high)})"
        assert mark in drawn["annual"].alt
        assert mark in texts(drawn["annual"])


def test_changes_in_the_alternative_text(drawn, comparison):
    for _, key in KEYS:
        n = ChangeNumbers(comparison.get(*key))
        assert f"{n.difference} ({n.low} to {n.high})" in drawn["change"].alt


def test_concentration_in_the_alternative_text(drawn, bundled):
    for name in STRATA:
        c = examine_concentration(bundled["kent-board-2017"], stratum=name)
        assert f"{c.missed} misses in {len(c.misses)} records" in drawn["concentration"].alt
        assert percent(c.share(2), 0) in drawn["concentration"].alt
        assert name in texts(drawn["concentration"])


def test_only_the_most_frequent_reasons_are_drawn_and_this_is_said(drawn, bundled):
    causes = examine_causes(bundled["kent-2017"])
    assert len(causes) > charts.MOST_CAUSES, "the example must hold more"
    for place, cause in enumerate(causes):
        assert (cause.label in drawn["causes"].alt) == (place < charts.MOST_CAUSES)
    assert str(charts.MOST_CAUSES) in drawn["causes"].subtitle
    few = charts.causes_chart("Causes", causes[:3], "95%")
    assert str(charts.MOST_CAUSES) not in few.subtitle


def test_an_axis_that_does_not_start_at_nought_is_named(drawn, findings):
    lowest = min(row.estimate.interval.low for name in ("kent-2017", "kent-2018") for _, row in rates(findings[name]))
    start = math.floor(lowest * 20) / 20
    assert 0 < start < lowest
    assert f"starts at {percent(start, 0)}" in drawn["rates"].subtitle


def test_markup_in_a_label_stays_text(findings):
    chart = charts.rates_chart("Rates", [("<b>&$x_1$", findings["kent-2017"].overall)])
    assert "<b>&$x_1$" in texts(chart)
    assert "<b>&$x_1$" in chart.alt


def test_a_range_without_upper_end_can_be_drawn(make_audit):
    year = {"records_in_frame": 1000, "recorded_in_year": 5000, "year_end": "31/03/2019"}
    open_ended = examine(make_audit({"a": [(1, 0)] * 20 + [(1, 1)]}, strata=year), method="wald").overall
    assert open_ended.unrecorded.interval.high == math.inf
    chart = charts.annual_chart("A year", [("Open-ended", open_ended)])
    ElementTree.fromstring(chart.svg)
    assert "no upper limit" in chart.alt


def test_one_change_alone_can_be_drawn(comparison):
    """None at all never comes here: a report without a change says so instead (test_inspection)."""
    chart = charts.change_chart("Change", "95%", labelled(comparison)[:1])
    n = ChangeNumbers(comparison.get(*KEYS[0][1]))
    assert f"{n.difference} ({n.low} to {n.high})" in texts(chart)


def test_what_is_illustrative_is_noted_beneath_a_chart(bundled):
    rows = [("Other", examine_concentration(bundled["kent-2017"], stratum="other"))]
    chart = charts.concentration_chart("Concentration", rows, ("The records are rebuilt.",))
    assert [plain(note) for note in chart.notes] == ["The records are rebuilt."]
    assert chart.to_json()["notes"] == ["The records are rebuilt."]
    assert charts.concentration_chart("Concentration", rows).notes == ()


def test_no_stratum_missed_is_left_out_of_concentration(bundled):
    rows = [(name, examine_concentration(bundled["kent-2018"], stratum=name)) for name in STRATA]
    chart = charts.concentration_chart("Concentration", rows)
    assert "sexual" not in chart.alt
    assert "violence" in chart.alt


@pytest.mark.parametrize(("level", "text"), [(0.9, "90%"), (0.975, "97.5%"), (0.999, "99.9%")])
def test_level_stands_in_the_subtitle_unrounded(bundled, level, text):
    now, before = (examine(bundled[name], confidence_level=level) for name in ("kent-2018", "kent-2017"))
    assert f"with {text} " in charts.rates_chart("Rates", rates(now)).subtitle
    assert f"with {text} " in charts.annual_chart("A year", rates(now)).subtitle
    comparison = compare_findings(now, before)
    assert f"with {text} " in charts.change_chart("Change", now.level, labelled(comparison)).subtitle


def test_drawing_brings_in_no_pyplot():
    code = (
        "import json, sys\n"
        "from cdi_stats import examine, read_audit\n"
        "from cdi_stats.report.charts import rates_chart\n"
        "chart = rates_chart('Rates', [('Overall', examine(read_audit('kent-2018')).overall)])\n"
        "print(json.dumps(['matplotlib.pyplot' in sys.modules, 'matplotlib' in sys.modules, len(chart.svg)]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pyplot, matplotlib, size = json.loads(done.stdout)
    assert not pyplot
    assert matplotlib
    assert size > 1000
