"""The same figures everywhere: read back from every file of every report, and held to the notebook and the findings.

Authority for what the two inspections must say: the inspection of 2017 and the re-inspection report of 15 January 2019
as the domain page gives them.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest
from tests.publications.examples import EXAMPLES
from tests.publications.read_back import csv_name, dense

from cdi_stats.audit.series import read_series
from cdi_stats.findings.examine import examine
from cdi_stats.findings.measures import ALL
from cdi_stats.publishing.parameters import REPORTS
from cdi_stats.report.blocks import figures, plain_json

TABLE_COLUMNS = {
    "rate": "rate",
    "low": "low",
    "high": "high",
    "reported": "reported",
    "recorded": "recorded",
    "records": "records",
    "effective_sample_size": "effective_sample_size",
    "design_effect": "design_effect",
    "degrees_of_freedom": "degrees_of_freedom",
    "unrecorded_per_year": "unrecorded_per_year",
    "unrecorded_low": "unrecorded_low",
    "unrecorded_high": "unrecorded_high",
    "plain_low": "plain_low",
    "plain_high": "plain_high",
    "published_low": "published_low",
}
OF_FINDINGS = {
    "inspection": 120,
    "reinspection": 120,
    "board_paper": 30,
    "monitoring": 120,
    "benchmark": 20,
    "methods": 5,
}  # how many figures of each report are findings, at least
UNITS = {"percent", "points", "count", "ratio", "crimes a year", "hours", "place"}


def pairs(blocks):
    """Return the values and texts of each figure of some blocks, by its key."""
    found = defaultdict(set)
    for figure in figures(blocks):
        found[figure["figure"]].add((figure["value"], figure["text"]))
    return found


def test_every_report_is_held_to_this():
    assert set(EXAMPLES) == set(REPORTS)


# From file to file.


def test_page_notebook_and_json_hold_the_same_figures(read):
    known = {figure["key"]: {(figure["value"], text) for text in figure["texts"]} for figure in read.figures}
    assert len(known) > 40
    assert pairs(read.blocks) == known
    assert dict(read.page.figures) == known
    assert {key: figure["value"] for key, figure in read.publication.figures.items()} == {
        key: next(iter(values))[0] for key, values in known.items()
    }


def test_every_text_of_every_figure_stands_in_the_pdf_and_in_the_word_file(read):
    texts = {dense(figure["text"]) for figure in figures(read.on_paper)}
    words = dense(read.pdf.text_of(read.pdf.root))
    assert {text for text in texts if text not in words} == set()
    assert {text for text in texts if text not in read.word_words} == set()


def unhyphenated(text):
    return re.sub(r"[-‐]", "", dense(text))


def test_every_cell_of_the_pdf_is_the_notebooks(read):
    """A number in the wrong cell would be found by no search for its text. Words may be hyphenated in a cell."""
    tables = read.pdf.root.all("Table")
    for table, block in zip(tables, read.of("table"), strict=True):
        found = [[read.pdf.text_of(cell) for cell in row.all("TH", "TD")] for row in table.all("TR")]
        wanted = [
            [column["header"] for column in block["columns"]],
            *([plain_json(c) for c in r] for r in block["rows"]),
        ]
        assert [list(map(unhyphenated, row)) for row in found] == [list(map(unhyphenated, row)) for row in wanted]


def test_every_cell_of_the_word_file_is_the_notebooks(read):
    captions = {block["caption"]: block for block in read.of("table")}
    called = [(table._tbl.tblPr.xpath("./w:tblCaption/@w:val")[0], table) for table in read.word.tables]
    found = {name: [[cell.text for cell in row.cells] for row in table.rows] for name, table in called}
    assert set(captions) <= set(found)
    for name, block in captions.items():
        assert found[name][1:] == [[plain_json(cell) for cell in row] for row in block["rows"]]


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_the_workbooks_hold_every_figure_of_figures_json(read, ending):
    rows = read.sheets[ending]["Figures"]
    top = next(place for place, row in enumerate(rows) if list(row[:2]) == ["Figure", "Value"])
    found = {row[0]: (number(row[1]), *row[2:4]) for row in rows[top + 1 :]}
    assert found == {
        figure["key"]: (figure["value"], figure["unit"], " or ".join(figure["texts"])) for figure in read.figures
    }


def number(cell):
    """Return what a cell of a workbook or a CSV file holds as a number; None for words such as [z], or nothing."""
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def test_the_csv_of_figures_holds_every_figure_of_figures_json(read):
    found = {row[0]: number(row[1]) for row in read.csv["figures.csv"][1:]}
    assert found == {figure["key"]: figure["value"] for figure in read.figures}


def printed_columns(head, columns):
    """Yield where each column stands as printed; the second of a name is called so."""
    seen = Counter()
    for column in columns:
        seen[name := column["header"]] += 1
        yield head.index(name if seen[name] == 1 else f"{name} ({seen[name]})")


def test_every_figure_of_a_table_stands_beside_its_text_in_csv(read):
    checked = 0
    for name, block in read.grids:
        head, *rows = read.csv[csv_name(name)]
        starts = list(printed_columns(head, block["columns"]))
        for values, row in zip(rows, block["rows"], strict=True):
            for (start, stop), cell in zip(pairwise([*starts, len(head)]), row, strict=True):
                printed, *beside = values[start:stop]
                shown = list(figures([{"cell": cell}]))
                held = [figure["value"] for figure in shown if figure["value"] is not None]
                assert [value for value in map(number, beside) if value is not None] == held
                assert all(figure["text"] in printed for figure in shown)
                checked += len(held)
    assert checked > 20


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_every_figure_of_a_table_stands_in_its_sheet(read, ending):
    for name, block in read.grids:
        body = read.sheets[ending][name][-len(block["rows"]) :]
        for cells, row in zip(body, block["rows"], strict=True):
            held = {float(cell) for cell in cells if cell is not None and not isinstance(cell, str)}
            assert {figure["value"] for figure in figures([{"row": row}])} - {None} <= held


def test_sentences_of_the_notebook_stand_in_page_and_pdf(read):
    page, words = dense(read.page.text), dense(read.pdf.text_of(read.pdf.root))
    sentences = [dense(plain_json(block["text"])) for kind in ("paragraph", "numbered") for block in read.of(kind)]
    assert len(sentences) > 5
    assert [text for text in sentences if text not in page] == []
    assert [text for text in sentences if text not in words] == []


# From the findings.


@pytest.fixture(scope="module")
def series():
    """What each audit of the example series shows, by the beginning of its figures' keys; the latest needs none."""
    found = {f"series/{audit.id}/": examine(audit) for audit in read_series("example-police").audits}
    return found | {"": list(found.values())[-1]}


@pytest.mark.parametrize("report", OF_FINDINGS)
def test_figures_equal_the_findings(report, published, findings, series, comparison):
    made = published(report)
    examined = series if report == "monitoring" else {"": findings[made.audit], "earlier/": findings["kent-2017"]}
    rows = {
        f"{prefix}{row.measure}/{row.domain}/{row.stratum}": row
        for prefix, found in examined.items()
        for row in found.table.itertuples()
    }
    changes = {
        "/".join(("change", c.later.measure, c.later.domain, c.later.stratum)): row
        for c, row in zip(comparison.changes, comparison.table.itertuples(), strict=True)
    }
    in_change = {"difference_low": "low", "difference_high": "high"}
    checked = 0
    for key, figure in made.figures.items():
        finding, _, name = key.rpartition("/")
        if finding in rows and name in TABLE_COLUMNS:
            wanted = getattr(rows[finding], TABLE_COLUMNS[name])
        elif finding in rows and name == "missed":
            wanted = rows[finding].reported - rows[finding].recorded
        elif report == "reinspection" and finding in changes:
            wanted = getattr(changes[finding], in_change.get(name, name))
        else:
            continue
        assert figure["value"] == pytest.approx(wanted, rel=1e-11), key
        checked += 1
    assert checked >= OF_FINDINGS[report]
    assert report != "reinspection" or "change/recording_rate/all/all/difference" in made.figures


@pytest.mark.parametrize("report", ["inspection", "reinspection"])
def test_every_finding_is_on_the_page(report, published, findings):
    """A measure as a whole may give way to its parts; every part, and every measure without parts, is there."""
    made = published(report)
    found = findings[made.audit]
    for row in found.rows:
        own = {key.rpartition("/")[2] for key in made.figures if key.rpartition("/")[0] == row.key}
        if row.measure == "recording_rate_weighted":
            assert {"rate", "low", "high"} <= own
        elif (row.domain, row.stratum) != (ALL, ALL) or len(found.of(row.measure)) == 1:
            assert "reported" in own, row.key
            assert {"low", "high"} & own, row.key


def test_figures_are_of_a_known_unit_and_within_it(read):
    for figure in read.figures:
        assert figure["value"] is None or math.isfinite(figure["value"])
        assert figure["unit"] in UNITS, figure["key"]
        assert figure["texts"]
        if figure["unit"] == "percent" and figure["key"].endswith(("/rate", "/low", "/high")):
            assert 0 <= figure["value"] <= 1


@pytest.mark.parametrize("report", ["inspection", "reinspection", "board_paper"])
def test_rates_and_limits_say_how_they_came_about(report, published):
    for key, figure in published(report).figures.items():
        if figure["unit"] == "percent" and key.endswith(("/rate", "/low", "/high")):
            assert figure["source"], key


# What the two inspections say.


@pytest.mark.parametrize(
    ("report", "said"),
    [
        ("inspection", ["83.6%", "24,300", "21,200 to 27,900", "79.2%", "10,600", "82.7%", "1.85", "3.26", "2.99"]),
        ("inspection", ["348 of 446", "102 of 112", "36 of 53", "5 of 18", "49 of 70", "Inadequate"]),
        ("reinspection", ["96.6%", "25,400", "95.7%", "more than 98.2%", "12,380", "660", "95.8%", "83.6%", "1.27"]),
        ("reinspection", ["62 of 63", "152 of 165", "6 of 13", "10 of 10", "Outstanding"]),
    ],
)
def test_published_figures_stand_on_the_page_and_in_the_pdf(published, reading, report, said):
    read = reading(published(report))
    for text in said:
        assert text in read.page.text
        assert dense(text) in dense(read.pdf.text_of(read.pdf.root))


@pytest.mark.parametrize("report", ["inspection", "reinspection"])
def test_each_headline_rate_carries_interval_counts_and_method(report, published, reading):
    statements = reading(published(report)).of("statement")
    assert len(statements) > 10
    for block in statements:
        (headline, *others) = figures([{"headline": block["headline"]}])
        finding = headline["figure"].rpartition("/")[0]
        assert all(f["figure"].rpartition("/")[0] == finding for f in others)
        detail = {f["figure"].removeprefix(f"{finding}/"): f for f in figures([{"detail": block["detail"]}])}
        assert {"low", "high", "recorded", "reported"} <= set(detail)
        words = plain_json(block["detail"])
        assert "95%" in words
        assert "Wilson" in words
        assert detail["low"]["value"] <= detail["recorded"]["value"] / detail["reported"]["value"] or "weight" in words
