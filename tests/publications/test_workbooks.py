"""Each report's tables as data: workbooks by the conventions of official statistics, and CSV with its schema.

Authority: the Analysis Function's guidance on releasing statistics in spreadsheets (one table a sheet, from its first
column, without merged cells; cover, contents and notes) and the W3C's CSV on the Web.
"""

from __future__ import annotations

import re
import zipfile

import pytest
from tests.publications.read_back import csv_name


def test_sheets_are_cover_contents_notes_tables_and_figures(read):
    names = read.xlsx.sheetnames
    notes = ["Notes"] if any(block["notes"] for kind in ("table", "chart") for block in read.of(kind)) else []
    assert names == ["Cover", "Contents", *notes, *(name for name, _ in read.grids), "Figures"]
    assert list(read.sheets["ods"]) == names


def test_no_cell_of_a_workbook_is_a_formula(read):
    with zipfile.ZipFile(read.files["tables"] / f"{read.report}.xlsx") as archive:
        for name in archive.namelist():
            assert not re.search(rb"<(\w+:)?f[ >]", archive.read(name)) or "worksheets/" not in name, name
        assert not [name for name in archive.namelist() if re.search("vba|macro|externalLink", name, re.IGNORECASE)]
    with zipfile.ZipFile(read.files["tables"] / f"{read.report}.ods") as archive:
        assert b"table:formula" not in archive.read("content.xml")


def test_no_cells_are_merged_and_none_of_a_table_is_empty(read):
    with zipfile.ZipFile(read.files["tables"] / f"{read.report}.ods") as archive:
        assert not re.search(rb'(columns|rows)-spanned="(?!1")', archive.read("content.xml"))
    for sheet in read.xlsx.worksheets:
        assert not sheet.merged_cells.ranges
        for table in sheet.tables.values():
            assert all(cell.value not in (None, "") for row in sheet[table.ref] for cell in row)


def test_each_table_is_marked_with_one_header_row_from_the_first_column(read):
    for sheet in read.xlsx.worksheets[1:]:
        (table,) = sheet.tables.values()
        first = sheet[table.ref][0]
        assert table.headerRowCount == 1
        assert [cell.value for cell in first] == [column.name for column in table.tableColumns]
        assert first[0].column == 1
        assert table.ref.endswith(f"{sheet.cell(1, sheet.max_column).column_letter}{sheet.max_row}"), "nothing beneath"
        assert all(isinstance(row[0].value, str) for row in sheet.iter_rows(max_row=first[0].row))
    for table in read.ods.body.tables[1:]:
        (head,) = table.get_elements("table:table-header-rows")
        assert len(head.get_elements("table:table-row")) == 1


def test_each_sheet_says_first_what_it_holds(read):
    title = read.page.headings[0][1]
    assert read.xlsx["Cover"]["A1"].value == title
    for name, block in read.grids:
        said = read.xlsx[name]["A1"].value
        assert said.startswith(name.replace("_", " ") + ": ")
        assert block["caption"] in said or name.startswith("Figure")


def test_contents_lead_to_every_sheet(read):
    sheet = read.xlsx["Contents"]
    (table,) = sheet.tables.values()
    leading = [cell.hyperlink.location for cell, *_ in sheet[table.ref][1:]]
    assert leading == [f"'{name}'!A1" for name in read.xlsx.sheetnames[2:]]


def test_each_table_has_a_csv_file_that_the_schema_describes(read):
    wanted = [csv_name(name) for name, _ in read.grids]
    assert sorted(read.csv) == sorted([*wanted, "figures.csv"])
    assert sorted(table["url"] for table in read.schema["tables"]) == sorted(read.csv)
    for table in read.schema["tables"]:
        head, *rows = read.csv[table["url"]]
        columns = table["tableSchema"]["columns"]
        assert [column["titles"] for column in columns] == head
        assert len({column["name"] for column in columns}) == len(columns)
        assert {len(row) for row in rows} <= {len(head)}
        for place, column in enumerate(columns):
            READERS[column["datatype"]]([row[place] for row in rows])


def numbers_or_nothing(cells):
    assert [cell for cell in cells if cell and not re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?", cell)] == []


READERS = {"string": lambda _: None, "double": numbers_or_nothing}


@pytest.mark.parametrize("ending", ["xlsx", "ods"])
def test_rows_of_a_sheet_are_those_of_its_csv_file(read, ending):
    for name, block in read.grids:
        rows = read.sheets[ending][name]
        assert len(read.csv[csv_name(name)]) - 1 == len(block["rows"]) <= len(rows) - 2
