"""One schema: its reference page, the blank workbook and the worked example say what it says, and nothing else."""

import re

import openpyxl
import pytest

from cdi_stats.audit.problems import rules
from cdi_stats.audit.reading import check_audit
from cdi_stats.audit.schema import FACTS, SHEETS, all_sheets
from cdi_stats.audit.schema_page import PAGE, render_page
from cdi_stats.audit.template import EXAMPLE, GUIDE, LISTS, worked_example, write_template
from cdi_stats.resources import code_list, resource

COLUMNS = [(sheet, column) for sheet in SHEETS.values() for column in sheet.columns]
CODED = {c.codes for sheet in all_sheets().values() for c in sheet.columns if c.codes}


@pytest.fixture(scope="module")
def page():
    return resource(*PAGE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "audit.xlsx"
    write_template(path)
    return openpyxl.load_workbook(path)


def heading(book, sheet, column):
    return book[sheet.name].cell(1, sheet.names.index(column.name) + 1)


def listed(book, cell):
    """Return what the drop-down list on a cell offers; none where the cell has no list."""
    found = [v for v in cell.parent.data_validations.dataValidation if cell.coordinate in v.sqref and v.type == "list"]
    if not found:
        return None
    place = re.fullmatch(r"=?lists!(\S+)", found[0].formula1)
    if place is None:
        return found[0].formula1
    return [row[0].value for row in book[LISTS][place[1].replace("$", "")]]


def test_the_page_is_what_the_schema_says(page):
    assert page == render_page(), "run: python -m cdi_stats.audit.schema_page"


def test_the_page_names_every_sheet_column_code_and_check(page):
    """The slow way round, so that a part the renderer forgets is missed here."""
    chapters = re.split(r"^##+ ", page, flags=re.MULTILINE)
    rows = {chapter.splitlines()[0]: re.findall(r"^\| `([^`]+)` \|", chapter, re.MULTILINE) for chapter in chapters}
    assert {name for name in rows if name.startswith("Sheet ")} == {f"Sheet `{name}`" for name in all_sheets()}
    assert {name: rows[f"Sheet `{name}`"] for name in all_sheets()} == {n: [*s.names] for n, s in all_sheets().items()}
    assert {name: rows[f"Codes: {name}"] for name in CODED} == {name: [*code_list(name)] for name in CODED}
    assert rows["Checks"] == [*rules()]


def test_the_workbook_has_the_sheets_and_headings(book):
    assert book.sheetnames == [GUIDE, *all_sheets(), EXAMPLE, LISTS]
    assert {name: [cell.value for cell in book[name][1]] for name in SHEETS} == {
        n: [*s.names] for n, s in SHEETS.items()
    }
    assert [cell.value for cell in book[FACTS.name]["A"]][1:] == [*FACTS.names]


def test_the_workbook_explains_itself(book):
    guide = [cell.value for cell in book[GUIDE]["A"]]
    assert guide[-len(all_sheets()) :] == [f"{sheet.name}: {sheet.help}" for sheet in all_sheets().values()]
    notes = {(s.name, c.name): (c.help, heading(book, s, c).comment) for s, c in COLUMNS}
    assert [key for key, (meaning, note) in notes.items() if note is None or meaning not in note.text] == []
    told = [book[FACTS.name].cell(row, 3).value for row in range(2, len(FACTS.columns) + 2)]
    assert [c.name for c, words in zip(FACTS.columns, told, strict=True) if c.help not in words] == []


def test_headings_stay_in_sight(book):
    assert {name: book[name].freeze_panes for name in SHEETS} == dict.fromkeys(SHEETS, "A2")
    assert book[FACTS.name].freeze_panes == "B2"


def test_required_columns_are_shaded(book):
    shaded = {(s.name, c.name): heading(book, s, c).fill.fill_type is not None for s, c in COLUMNS}
    assert shaded == {(s.name, c.name): c.required for s, c in COLUMNS}


def test_codes_are_chosen_from_their_lists(book):
    offered = {(s.name, c.name): listed(book, heading(book, s, c).offset(1)) for s, c in COLUMNS}
    offered |= {(FACTS.name, c.name): listed(book, book[FACTS.name].cell(n, 2)) for n, c in enumerate(FACTS.columns, 2)}
    columns = {(s.name, c.name): c for s in all_sheets().values() for c in s.columns}
    expected = {key: [*c.allowed] if c.codes else '"yes,no"' for key, c in columns.items()}
    lists = {key: found for key, found in offered.items() if columns[key].codes or columns[key].kind == "yes_no"}
    assert lists == {key: expected[key] for key in lists}
    strata = {key for key, found in offered.items() if key not in lists and found}
    assert strata == {(s.name, "stratum") for s, c in COLUMNS if c.name == "stratum" and s.name != "strata"}


def test_the_worked_example_keeps_to_the_schema():
    example = worked_example()
    assert {*example["audit"]["key"]} <= {*FACTS.names}
    assert {name: [*table] for name, table in example.items() if name != FACTS.name} == {
        name: [*SHEETS[name].names] for name in example if name != FACTS.name
    }
    assert check_audit(resource("data", "worked_example")) == []
