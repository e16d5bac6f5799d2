"""Charts: sound SVG, the same bytes each time, text kept as text, and all of it said in the alternative text."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import examine
from cdi_stats.findings.timeliness import examine_delays
from cdi_stats.report import charts, spread_charts
from cdi_stats.report.blocks import figures, plain
from cdi_stats.report.icon_charts import icons_chart
from cdi_stats.report.numbers import ChangeNumbers, ConcentrationNumbers, FindingNumbers, percent, yearly, yearly_limit

STRATA = ("violence", "sexual", "other")
SVG = "{http://www.w3.org/2000/svg}"
KEYS = [(name, ("recording_rate", "all", name)) for name in ("all", *STRATA)]


def rates(found):
    return [("Overall", found.overall), *((name.capitalize(), found.stratum(name)) for name in STRATA)]


def by_label(comparison):
    """Return the changes of the rates under the labels that rates() gives them."""
    return [(label.capitalize() if label != "all" else "Overall", change) for label, change in labelled(comparison)]


def labelled(comparison):
    """Return the changes of KEYS under their labels, as a report passes them."""
    return [(label, comparison.get(*key)) for label, key in KEYS]


def drawings(findings, bundled, comparison):
    """Return a function for each chart."""
    now, before = findings["kent-2018"], findings["kent-2017"]
    timely = [row for row in now.of("timeliness") if row.stratum != "all"]
    piles = [(name, examine_concentration(bundled["kent-board-2017"], stratum=name)) for name in STRATA]
    return {
        "rates": lambda: charts.rates_chart("Rates", rates(now)),
        "dumbbells": lambda: charts.rates_chart("Then and now", rates(now), by_label(comparison)),
        "timeliness": lambda: charts.timeliness_chart("In time", 24, [(row.stratum, row) for row in timely]),
        "delays": lambda: spread_charts.delays_chart("Hours", 24, examine_delays(now.audit), timely),
        "causes": lambda: charts.causes_chart("Causes", examine_causes(bundled["kent-2017"]), "95%"),
        "annual": lambda: charts.annual_chart("A year", rates(before)),
        "concentration": lambda: spread_charts.concentration_chart("Concentration", piles),
        "change": lambda: charts.change_chart("Change", "95%", labelled(comparison)),
        "icons": lambda: icons_chart(before.overall),
    }


NAMES = ("rates", "dumbbells", "timeliness", "delays", "causes", "annual", "concentration", "change", "icons")


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


@pytest.mark.parametrize("name", NAMES)
def test_every_number_in_the_picture_is_a_figure_of_its_data(drawn, name):
    """What is no figure of the data is a mark of an axis: a round number, a share, a month or a time."""
    chart = drawn[name]
    held = {figure["text"] for figure in figures([chart.data.to_json()])}
    axis = re.compile(r"[+−±]?[\d,]+%?|1 hour|6 hours|24 hours|3 days|1 week|30 days")
    for text in texts(chart):
        if axis.fullmatch(text) and text not in held:
            continue
        left = text
        for shown in sorted(held, key=len, reverse=True):
            left = left.replace(shown, "")
        left = left.replace("24 hours", "").replace("the left of 0", "").replace("Other reasons, 6", "")
        assert not re.search(r"\d", left), text


@pytest.mark.parametrize("name", NAMES)
def test_all_the_data_are_in_the_alternative_text(drawn, name):
    """Fifteen rows or fewer are told whole; nothing stands in it that the data and the subtitle do not say."""
    chart = drawn[name]
    assert len(chart.data.rows) <= 15
    for row in chart.data.rows:
        assert all(plain(cell) in chart.alt for cell in row)
    assert chart.alt.startswith(f"{chart.subtitle}. ")


def test_rates_in_data_picture_and_words_are_the_findings(drawn, findings):
    for row, (label, finding) in zip(drawn["rates"].data.rows, rates(findings["kent-2018"]), strict=True):
        n = FindingNumbers(finding)
        assert row == (label, (n.rate,), (n.low, " to ", n.high))
        assert f"{label} {n.rate} ({n.low} to {n.high})" in drawn["rates"].alt
        assert f"{n.rate} ({n.low} to {n.high})" in texts(drawn["rates"])


def test_a_dumbbell_says_in_words_which_way_a_rate_went(drawn, comparison):
    chart = drawn["dumbbells"]
    for row, (label, change) in zip(chart.data.rows, by_label(comparison), strict=True):
        before, now = FindingNumbers(change.earlier, "earlier/"), FindingNumbers(change.later)
        verdict = change.change.direction
        assert row == (label, (before.rate,), (before.low, " to ", before.high),
                       (now.rate,), (now.low, " to ", now.high), verdict)  # fmt: skip
        assert f"{label}: earlier {before.rate} (" in chart.alt
        assert f"present {now.rate} ({now.low} to {now.high}), verdict {verdict}" in chart.alt
        place = texts(chart).index(f"{before.rate}, now {now.rate}:")
        assert texts(chart)[place + 1] == verdict
    assert "improved" in chart.alt


def test_a_rate_without_an_earlier_one_stands_alone_in_a_dumbbell_chart(findings, comparison):
    chart = charts.rates_chart("Then and now", rates(findings["kent-2018"]), by_label(comparison)[:1])
    assert [row[-1] for row in chart.data.rows] == ["improved", *["not audited before"] * 3]
    assert [row[1] for row in chart.data.rows][1:] == [""] * 3
    assert "Violence: present 95.7%" in chart.alt


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


def test_a_lorenz_curve_by_hand():
    """Five records with 3, 1, 1, 1 and 1 misses: 3, 4, 5, 6 and 7 in the first 1 to 5, in whichever order given."""
    assert spread_charts.lorenz_curve([1, 3, 1, 1, 1]) == ([0, 1, 2, 3, 4, 5], [0, 3, 4, 5, 6, 7])
    assert spread_charts.lorenz_curve([1, 1, 1]) == ([0, 1, 2, 3], [0, 1, 2, 3]), "one each is the even case"


def test_concentration_data_are_the_curve_at_every_size(drawn, bundled):
    """The board's sexual offences: records with 18 and 14 misses and twelve with one, 44 in all."""
    c = examine_concentration(bundled["kent-board-2017"], stratum="sexual")
    assert c.misses == (18, 14, *[1] * 12)
    rows = [row for row in drawn["concentration"].data.rows if row[0].startswith("sexual")]
    assert [tuple(plain(cell) for cell in row) for row in rows] == [
        ("sexual, 18 or more missed each", "1", "213", "18", "41%"),
        ("sexual, 14 or more missed each", "2", "213", "32", "73%"),
        ("sexual, one or more missed each", "14", "213", "44", "100%"),
    ]
    n = ConcentrationNumbers(c)
    assert rows[-1][1:4] == ((n.records_with_misses,), (n.records,), (n.missed,)), (
        "the totals are the table's own figures"
    )


def test_causes_are_a_pareto_chart_with_the_others_together_and_last(drawn, bundled):
    causes = examine_causes(bundled["kent-2017"])
    assert len(causes) > charts.MOST_CAUSES, "the example must hold more"
    rows = drawn["causes"].data.rows
    assert [row[0] for row in rows[:-1]] == [cause.label for cause in causes[: charts.MOST_CAUSES - 1]]
    sizes = [row[1][0].value for row in rows]
    assert sizes[:-1] == sorted(sizes[:-1], reverse=True)
    assert plain(rows[-1][0]) == f"Other reasons, {len(causes) - charts.MOST_CAUSES + 1} in all"
    assert sum(sizes) == sum(cause.crimes for cause in causes)
    assert [row[-1][0].value for row in rows] == pytest.approx([sum(sizes[: i + 1]) / sum(sizes) for i in range(10)])
    assert plain(rows[-1][-1]) == "100%"
    few = charts.causes_chart("Causes", causes[:3], "95%")
    assert len(few.data.rows) == 3


def test_an_axis_that_does_not_start_at_nought_is_named(drawn, findings):
    lowest = min(row.estimate.interval.low for name in ("kent-2017", "kent-2018") for _, row in rates(findings[name]))
    assert "starts at 90%" in drawn["rates"].subtitle
    start = math.floor(lowest * 20) / 20
    assert 0 < start < lowest
    assert f"starts at {percent(start, 0)}" in drawn["dumbbells"].subtitle


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
    chart = spread_charts.concentration_chart("Concentration", rows, ("The records are rebuilt.",))
    assert [plain(note) for note in chart.notes] == ["The records are rebuilt."]
    assert chart.to_json()["notes"] == ["The records are rebuilt."]
    assert spread_charts.concentration_chart("Concentration", rows).notes == ()


def test_no_stratum_missed_is_left_out_of_concentration(bundled):
    rows = [(name, examine_concentration(bundled["kent-2018"], stratum=name)) for name in STRATA]
    chart = spread_charts.concentration_chart("Concentration", rows)
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
