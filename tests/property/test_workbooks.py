"""Workbooks as anyone may send them: each is read, or refused with clear messages; never a traceback or a wrong number.

`CDI_EXAMPLES=10000 python -m pytest tests/property/test_workbooks.py` makes as many.
"""

from __future__ import annotations

import json
import math
import os
from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cdi_stats.audit.reading import inspect_audit
from cdi_stats.audit.schema import FACTS, SHEETS
from cdi_stats.errors import BadParameters, CdiStatsError
from cdi_stats.findings.examine import examine

EXAMPLES = int(os.environ.get("CDI_EXAMPLES", "120"))
DAY = date(2018, 6, 1)
VALID = {
    "audit": [
        ["force", "Kent Police"],
        ["audit_type", "internal audit"],
        ["prepared_by", "Registrar"],
        ["publication_date", date(2018, 8, 1)],
        ["counting_rules", "April 2018"],
    ],
    "strata": [
        ["stratum", "label", "period_start", "period_end", "records_in_frame", "records_sampled"],
        ["violence", "violent crime", DAY, date(2018, 6, 30), 900, 4],
        ["other", "all other crime", "1 June 2018", "30/06/2018", 1200, 3],
    ],
    "records": [
        ["record_id", "stratum", "opening_code", "opened_at"],
        *(["V-1", "violence", "assault", datetime(2018, 6, 2, 10)], ["V-2", "violence", None, "03/06/2018 11:00"]),
        *(["V-3", "violence", "", 43260.5], ["V-4", "violence", "domestic", None], ["O-1", "other", "theft", None]),
        *(["O-2", "other", "theft", None], ["O-3", "other", "nuisance", None]),
    ],
    "crimes": [
        ["record_id", "crime_number", "offence", "reported_at", "recorded", "recorded_at", "domestic_abuse", "reason"],
        ["V-1", 1, "violence with injury", datetime(2018, 6, 2, 10), "yes", datetime(2018, 6, 2, 12), "y", None],
        ["V-1", 2, "public order", datetime(2018, 6, 2, 10), "no", None, "n", "one of several"],
        ["V-2", 1, "stalking and harassment", None, "Y", None, "Y", None],
        ["V-3", 1, "robbery", None, True, None, "", None],
        ["O-1", 1, "burglary", None, 1, None, "No", None],
        ["O-2", 1, "theft", None, "N", None, "No", "no supervision"],
    ],
}
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.text(max_size=40),
    st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 31)),
    st.dates(date(1900, 3, 1), date(9999, 12, 31)),
    st.times(),
    st.timedeltas(timedelta(0), timedelta(days=900)),
    st.sampled_from(
        [
            *(
                "31/06/2018",
                "30/06/2018",
                "06/30/2018",
                "yes",
                "no",
                "maybe",
                "n/a",
                "-",
                "all",
                "1e400",
                "-1",
                "0",
                "1",
            ),
            *(
                "=1+1",
                "=cmd|'/c calc'!A1",
                "#REF!",
                "violence",
                "other",
                "V-1",
                "O-1",
                "V-1 ",
                "v-1",
                "<b>x</b>",
                "1,000",
            ),
            *("weighted", "\u202egnp", "\x00", "a" * 5000, "100%", "record_id", "stratum", " ", "call detail", "none"),
        ]
    ),
)
SHEET = st.sampled_from(sorted(VALID))
OTHER_SHEETS = st.sampled_from([*SHEETS, "audit", "Records ", "notes", "Crimes2"])


@st.composite
def workbooks(draw):
    """Return an audit with up to six of its cells, rows, columns, headings or sheets changed."""
    book = {name: [list(row) for row in rows] for name, rows in VALID.items()}
    for _ in range(draw(st.integers(0, 6))):
        draw(st.sampled_from(CHANGES))(book, draw)
    return book


def _place(book, draw):
    name = draw(st.sampled_from(sorted(book)))
    rows = book[name]
    if not rows or not rows[0]:
        return name, rows, 0, 0
    row = draw(st.integers(0, len(rows) - 1))
    return name, rows, row, draw(st.integers(0, max(0, len(rows[row]) - 1)))


def change_cell(book, draw):
    _, rows, row, column = _place(book, draw)
    if rows and rows[row]:
        rows[row][column] = draw(CELLS)


def copy_cell(book, draw):
    """Put a cell where another of the same column stands: right kind, wrong meaning."""
    _, rows, row, column = _place(book, draw)
    other = draw(st.integers(0, max(0, len(rows) - 1)))
    if rows and column < len(rows[row]) and column < len(rows[other]):
        rows[row][column] = rows[other][column]


def drop_row(book, draw):
    _, rows, row, _ = _place(book, draw)
    if rows:
        del rows[row]


def repeat_row(book, draw):
    _, rows, row, _ = _place(book, draw)
    if rows:
        rows.insert(draw(st.integers(0, len(rows))), list(rows[row]))


def drop_column(book, draw):
    _, rows, _, column = _place(book, draw)
    for row in rows:
        if column < len(row):
            del row[column]


def add_column(book, draw):
    _, rows, _, column = _place(book, draw)
    name = draw(st.sampled_from([*SHEETS["crimes"].names, *SHEETS["records"].names, "notes", ""]))
    for place, row in enumerate(rows):
        row.insert(column, name if place == 0 else draw(CELLS))


def add_title(book, draw):
    _, rows, _, _ = _place(book, draw)
    rows.insert(0, [draw(CELLS)])


def drop_sheet(book, draw):
    if len(book) > 1:
        del book[draw(st.sampled_from(sorted(book)))]


def add_sheet(book, draw):
    name = draw(OTHER_SHEETS)
    if name.strip().lower() not in {known.strip().lower() for known in book}:
        known = SHEETS.get(name, FACTS).names
        rows = draw(st.lists(st.lists(CELLS, min_size=len(known), max_size=len(known)), max_size=3))
        book[name] = [list(known), *rows]


CHANGES = [change_cell, change_cell, change_cell, copy_cell, copy_cell, drop_row, repeat_row, drop_column, add_column,
           add_title, drop_sheet, add_sheet]  # fmt: skip


def write(book, path):
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(str(path), options) as workbook:
        moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for name, rows in book.items():
            sheet = workbook.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    _write(sheet, row, column, cell, moment)


def _write(sheet, row, column, cell, moment):
    if isinstance(cell, date | time | timedelta):
        sheet.write_datetime(row, column, cell, moment)
    elif isinstance(cell, str) and cell.startswith("=1"):
        sheet.write_formula(row, column, cell, value="")
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write(row, column, cell)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(book=workbooks())
def test_any_workbook_is_read_or_refused_in_words(tmp_path, book):
    path = tmp_path / "book.xlsx"
    write(book, path)
    try:
        found = inspect_audit(path)
    except CdiStatsError:
        return
    for problem in found.problems:
        assert all((problem.sheet, problem.found, problem.expected, problem.mend)), problem
        assert problem.severity in ("error", "warning")
        assert problem.row is None or problem.row >= 1
        assert "Traceback" not in str(problem)
        assert len(str(problem)) < 2_000
    assert (found.audit is None) == any(problem.severity == "error" for problem in found.problems)
    if found.audit:
        sensible(examine(found.audit).table)


def sensible(table):
    """Assert what no audit can break: parts within wholes, rates between 0 and 1, limits around them."""
    for row in table.to_dict("records"):
        assert 0 <= row["recorded"] <= row["reported"], row
        if row["rate"] is None or math.isnan(row["rate"]):
            continue
        assert 0 <= row["low"] <= row["rate"] + 1e-9 <= row["high"] + 2e-9 <= 1 + 4e-9, row


def test_the_unchanged_workbook_is_in_order(tmp_path):
    write(VALID, tmp_path / "book.xlsx")
    found = inspect_audit(tmp_path / "book.xlsx")
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    rates = examine(found.audit).table.set_index(["measure", "domain", "stratum"])
    assert list(rates.loc[("recording_rate", "all", "violence"), ["reported", "recorded"]]) == [4, 3]
    assert list(rates.loc[("recording_rate", "all", "other"), ["reported", "recorded"]]) == [2, 1]


WRONG_CELLS = {
    "whole": ["two", "1.5", "1,23", "=1+1", "#REF!"],
    "share": ["most", "=1+1"],
    "date": ["31/06/2018", "06/30/2018", "soon", 1e9, "=1+1"],
    "moment": ["31/06/2018 10:00", "29/02/2018", "noon", "=1+1"],
    "yes_no": ["maybe", "2", "yes?", "=1+1"],
    "code": ["no such code"],
}
PLACES = [
    (name, row, column, kind)
    for name in ("strata", "records", "crimes")
    for row in range(1, len(VALID[name]))
    for column, heading in enumerate(VALID[name][0])
    for kind in [next(c.kind for c in SHEETS[name].columns if c.name == heading)]
    if kind in WRONG_CELLS
]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.sampled_from(PLACES), min_size=1, max_size=5, unique=True), data=st.data())
def test_no_wrong_cell_hides_another(tmp_path, places, data):
    """However many cells are wrong at once, each is named at its sheet, row and column."""
    book = {name: [list(row) for row in rows] for name, rows in VALID.items()}
    for name, row, column, kind in places:
        book[name][row][column] = data.draw(st.sampled_from(WRONG_CELLS[kind]))
    write(book, tmp_path / "book.xlsx")
    found = {
        (p.sheet, p.row, p.column) for p in inspect_audit(tmp_path / "book.xlsx").problems if p.severity == "error"
    }
    for name, row, column, _ in places:
        assert (name, row + 1, VALID[name][0][column]) in found


@pytest.mark.parametrize("sheet", ["records", "crimes", "counts"])
def test_a_sheet_of_headings_only_is_an_empty_one(tmp_path, sheet):
    book = {**VALID, sheet: [list(SHEETS[sheet].names)]}
    write(book, tmp_path / "book.xlsx")
    found = inspect_audit(tmp_path / "book.xlsx")
    assert (found.audit is None) == (sheet != "counts")


HEADINGS = st.sampled_from(
    [*dict.fromkeys(name for rows in VALID.values() for name in map(str, rows[0])), "Nowhere", "-"]
)
TEXTS = st.one_of(st.sampled_from(["yes", "no", "", "V-1", "violence", "call detail"]), st.text(max_size=8))
ANYTHING = st.one_of(TEXTS, st.integers(-5, 10**20), st.floats(), st.booleans(), st.lists(TEXTS, max_size=2))
COUNTS = st.fixed_dictionaries({"due": HEADINGS, "recorded": HEADINGS}, optional={"in_time": HEADINGS})
LAYOUTS = st.fixed_dictionaries(
    {},
    optional={
        "sheet": st.one_of(st.sampled_from(sorted(VALID)), st.lists(st.sampled_from(sorted(VALID)), max_size=3)),
        "sheet_is": HEADINGS,
        "header_row": st.integers(-1, 9),
        "columns": st.dictionaries(
            HEADINGS, st.one_of(HEADINGS, st.lists(HEADINGS, min_size=2, max_size=2)), max_size=4
        ),
        "values": st.dictionaries(HEADINGS, st.dictionaries(TEXTS, TEXTS, max_size=2), max_size=2),
        "fixed": st.dictionaries(HEADINGS, ANYTHING, max_size=2),
        "fill_down": st.lists(HEADINGS, max_size=2),
        "skip": st.dictionaries(HEADINGS, st.lists(TEXTS, max_size=2), max_size=2),
        "distinct": st.booleans(),
        "number_crimes": st.booleans(),
        "wide": COUNTS,
    },
)
MAPPINGS = st.fixed_dictionaries(
    {},
    optional={
        "conventions": st.fixed_dictionaries(
            {},
            optional={
                "yes": st.lists(TEXTS, max_size=2),
                "blank": st.lists(TEXTS, max_size=2),
                "dates": st.sampled_from(["day first", "month first", "any"]),
            },
        ),
        "facts": st.dictionaries(
            st.sampled_from(["force", "overall", "timeliness_hours", "colour"]), ANYTHING, max_size=2
        ),
        "sheets": st.dictionaries(st.sampled_from(sorted(VALID)), LAYOUTS, max_size=3),
        "rows": st.dictionaries(
            st.sampled_from(["strata", "records", "counts"]),
            st.lists(st.dictionaries(HEADINGS, ANYTHING, max_size=3), max_size=2),
            max_size=1,
        ),
    },
)


def toml(value):
    """Return a value as TOML, tables within a table in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) or not math.isfinite(value) else f"{value:.1f}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(mapping=MAPPINGS)
def test_any_mapping_is_followed_or_refused_in_words(tmp_path, mapping):
    path = tmp_path / "book.xlsx"
    if not path.exists():
        write(VALID, path)
    (tmp_path / "book.mapping.toml").write_text("\n".join(f"{k} = {toml(v)}" for k, v in mapping.items()), "utf-8")
    said = ""
    try:
        found = inspect_audit(path)
    except BadParameters as refused:
        said = str(refused)
    assert "is not TOML" not in said
    if said:
        return
    assert (found.audit is None) == any(problem.severity == "error" for problem in found.problems)
    if found.audit:
        sensible(examine(found.audit).table)
