"""The controls without a browser: each one moved, what is shown follows and is the library's own."""

from __future__ import annotations

import importlib
import sys
from html import unescape

import pytest

from cdi_stats import explore, show_view
from cdi_stats.errors import BadParameters, CdiStatsError, UnreadableAudit
from cdi_stats.report.blocks import MIME_TYPE, plain
from cdi_stats.report.fragments import html_fragment
from cdi_stats.report.view import View, look
from cdi_stats.resources import resource

MONTH = str(resource("data", "series", "example-police", "2023-04.xlsx"))
MOVES = {
    "audit": "kent-2018",
    "earlier": "kent-2018",
    "measure": "safeguarding",
    "split": "flag",
    "stratum": "violence",
    "domain": "theft",
    "flag": "rape",
    "method": "logit",
    "confidence_level": 0.99,
}


@pytest.fixture(scope="module")
def explorer():
    return explore("kent-2017")


@pytest.fixture(autouse=True)
def back(explorer):
    """Each test starts at the same view, all of Kent 2017."""
    for name in explorer.controls:
        explorer.controls[name].value = getattr(View("kent-2017"), name)
    explorer.identifiers.value, explorer.more.value, explorer.cell.value = False, 300, True


def shows(explorer, view):
    """Return whether everything on the page is what the library says of a view."""
    sight = look(view)
    bars = [(bar["rate"], bar["low"], bar["high"]) for bar in explorer.chart.bars]
    estimates = [finding.estimate for _, _, finding in sight.bars]
    return (
        explorer.copy_sentence.text == plain(sight.sentence)
        and bars == [(e.rate, e.interval.low, e.interval.high) for e in estimates]
        and explorer.table.value == html_fragment([sight.table().to_json()])
        and explorer.chart.title == sight.title
    )


@pytest.mark.parametrize("name", MOVES)
def test_a_control_moved_shows_what_the_library_says(explorer, name):
    before = explorer.copy_sentence.text, explorer.chart.bars, explorer.table.value
    explorer.controls[name].value = MOVES[name]
    assert shows(explorer, View(**{"audit": "kent-2017"} | {name: MOVES[name]}))
    assert (explorer.copy_sentence.text, explorer.chart.bars, explorer.table.value) != before


def test_a_district_is_offered_where_records_name_one():
    explorer = explore(MONTH, split="district")
    assert len(explorer.chart.bars) == 11, "ten districts and all of them"
    explorer.controls["district"].value = "Valley"
    assert shows(explorer, View(MONTH, district="Valley", split="district"))
    assert [bar["key"] for bar in explorer.chart.bars if bar["current"]] == ["Valley"]


def test_a_control_without_choices_is_disabled_and_says_all(explorer):
    assert explorer.controls["district"].disabled
    assert explorer.controls["district"].label == "All districts"
    explorer.controls["measure"].value = "n100_made"
    assert [explorer.controls[name].disabled for name in ("stratum", "domain", "flag")] == [True] * 3


def test_choices_that_another_audit_lacks_become_all(explorer):
    explorer.controls["stratum"].value, explorer.controls["flag"].value = "violence", "domestic_abuse"
    explorer.controls["audit"].value = "kent-board-2017"
    assert (explorer.sight.view.stratum, explorer.sight.view.flag) == ("violence", "all")
    assert shows(explorer, View("kent-board-2017", stratum="violence"))


def test_an_audit_that_cannot_be_read_leaves_what_is_shown(explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.xlsx").write_text("no workbook")
    explorer.controls["stratum"].value = "violence"
    assert ("notes.xlsx", "notes.xlsx") in explorer.controls["audit"].options
    explorer.controls["audit"].value = "notes.xlsx"
    assert "notes.xlsx" in explorer.message.value
    assert "Traceback" not in explorer.message.value
    assert "79.2%" in explorer.copy_sentence.text
    assert explorer.controls["audit"].value == "kent-2017", "the control says what is shown"


def test_the_audits_of_the_analysts_folder_are_offered(tmp_path, monkeypatch):
    """In a folder as cdi lab lays it: the notebooks in one of their own; what a workbook locks while open is none."""
    (tmp_path / "notebooks").mkdir()
    for name in ("audit.xlsx", "~$audit.xlsx", "notebooks/copy.ods", "notes.txt"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path / "notebooks")
    offered = [value for _, value in explore("kent-2017").controls["audit"].options]
    assert offered == ["kent-2017", "copy.ods", "../audit.xlsx", "kent-2018", "kent-board-2017"]


def test_a_bar_clicked_shows_its_cases_without_identifiers(explorer):
    assert "Click a bar" in explorer.records.value
    explorer.chart.chosen = "sexual"
    assert "319 reported crimes" in explorer.records.value
    assert "S-0256" not in explorer.records.value + explorer.width.value
    explorer.identifiers.value = True
    assert "S-0256" in explorer.records.value
    assert "S-0256" in explorer.width.value
    explorer.controls["measure"].value = "timeliness"
    assert explorer.chart.chosen == "", "another view has other bars"
    explorer.chart.chosen = "violence"
    assert "Only totals are known" in explorer.records.value


def test_more_records_narrow_the_margin(explorer):
    few = explorer.margin.value
    explorer.more.value = 3000
    assert ">3,000</span> more records" in explorer.margin.value
    assert explorer.margin.value != few


def test_the_cell_is_shown_as_it_is_copied(explorer):
    explorer.controls["stratum"].value = "violence"
    assert unescape(explorer.code.value.partition(">")[2].removesuffix("</pre>")) == explorer.copy_cell.text
    assert "show_view(audit, **part, **how)" in explorer.copy_cell.text
    explorer.cell.value = False
    assert 'show_view("kent-2017", **part, **how)' in explorer.copy_cell.text


def test_the_chart_is_saved_as_the_report_draws_it(explorer, monkeypatch):
    sent = []
    monkeypatch.setattr(explorer.chart, "send", sent.append)
    explorer.save_chart()
    (saved,) = sent
    assert saved["name"] == "kent-2017-recording_rate-by-stratum.svg"
    assert saved["svg"] == look(View("kent-2017")).chart().svg


def test_a_small_part_is_warned_of_where_a_report_withholds_it():
    explorer = explore("kent-2017", domain="image or message", disclosure="threshold=5")
    assert "A published report withholds this" in explorer.message.value


def test_the_output_holds_the_controls_and_the_report_of_the_view(explorer):
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    blocks = data[MIME_TYPE]["blocks"]
    assert [block["block"] for block in blocks[:4]] == ["protection", "paragraph", "chart", "table"]
    assert show_view("kent-2017").to_blocks() == blocks[1:4]


def test_what_cannot_be_shown_is_refused_before_any_control():
    with pytest.raises(BadParameters, match="parameter stratum"):
        explore("kent-2017", stratum="violense")
    with pytest.raises(UnreadableAudit, match="no such file"):
        explore("kent-2071")


def test_without_jupyterlabs_parts_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.delitem(sys.modules, "cdi_stats.lab.controls")
    with pytest.raises(CdiStatsError, match=r'found no ipywidgets.*To mend: pip install "cdi-stats\[lab\]"'):
        importlib.import_module("cdi_stats.lab.controls")
