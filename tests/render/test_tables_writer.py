"""Tables as data: CSV with its schema, and the workbook reopened as xlsx and as ods, the two alike."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from odfdo import Document as OdfDocument
from odfdo import Element

from cdi_stats.publishing.document import Document
from cdi_stats.publishing.tables import render_ods, render_tables, render_xlsx
from cdi_stats.publishing.tables.layout import shown
from cdi_stats.publishing.tables.numbers import Number, printed_number, shows
from cdi_stats.publishing.tables.reading import figures_in
from cdi_stats.publishing.tables.sheets import number_data, printed_data
from cdi_stats.report.blocks import Column, Figure, Json, Table, figures, plain_json

SHARE = Figure("rate", 0.8361234, "83.6%", "percent", "crimes sheet")
LOW, HIGH = (
    Figure("a/low", 0.815, "81.5%", "percent", "crimes sheet"),
    Figure("a/high", 0.855, "85.5%", "percent", "crimes sheet"),
)
YEARLY = Figure("a/unrecorded", 24_312.4, "24,300", "crimes a year", "crimes sheet")
POINTS = Figure("a/difference", 0.1296, "+13.0", "points", "crimes sheet")
OPEN = Figure("a/top", float("inf"), "no upper limit", "crimes a year", "crimes sheet")


@pytest.fixture(scope="module")
def files(sample: Document) -> dict[str, bytes]:
    return render_tables(sample, "inspection")


@pytest.fixture(scope="module")
def book(files: dict[str, bytes]) -> Any:
    return openpyxl.load_workbook(io.BytesIO(files["inspection.xlsx"]))


@pytest.fixture(scope="module")
def ods(files: dict[str, bytes]) -> OdfDocument:
    return OdfDocument(io.BytesIO(files["inspection.ods"]))


@pytest.fixture(scope="module")
def schema(files: dict[str, bytes]) -> Json:
    made: Json = json.loads(files["csv-metadata.json"])
    return made


def tables(document: Document) -> list[Json]:
    return [block for block in document.blocks if block["block"] == "table"]


def charts(document: Document) -> list[Json]:
    return [block for block in document.blocks if block["block"] == "chart"]


def of(*rows: tuple[Any, ...], numeric: bool = True) -> Json:
    """Return a table of these rows: a label and a column for each other cell."""
    columns = (Column("Kind"), *(Column(f"C{place}", numeric=numeric) for place in range(1, len(rows[0]))))
    return Table("T", columns, rows).to_json() | {"number": 1}


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def with_table(document: Document, block: Json) -> Document:
    return replace(document, blocks=(block,))


def xlsx_of(document: Document) -> Any:
    return openpyxl.load_workbook(io.BytesIO(render_xlsx(document)))


def rows_of(sheet: Any) -> list[list[Any]]:
    (table,) = sheet.tables.values()
    return [[cell.value for cell in row] for row in sheet[table.ref]]


def ods_rows(table: Any) -> list[list[Any]]:
    return [[text_of(cell) if cell.type == "string" else cell.value for cell in row.cells] for row in table.rows]


# CSV.


def test_each_table_is_a_file_and_so_are_the_figures(files: dict[str, bytes], sample: Document) -> None:
    made = [f"table-{block['number']:02d}.csv" for block in tables(sample)]
    made += [f"figure-{block['number']:02d}.csv" for block in charts(sample)]
    assert set(files) == {*made, "figures.csv", "csv-metadata.json", "inspection.xlsx", "inspection.ods"}


def test_csv_is_utf_8_with_one_header_row_and_rows_of_one_length(files: dict[str, bytes], sample: Document) -> None:
    for block in tables(sample):
        data = files[f"table-{block['number']:02d}.csv"]
        assert not data.startswith(b"\xef\xbb\xbf")
        assert data.endswith(b"\r\n")
        head, *rows = read_csv(data)
        assert len(head) == len({name.lower() for name in head})
        assert len(rows) == len(block["rows"])
        assert {len(row) for row in rows} == {len(head)}


def test_every_cell_stands_as_printed_with_its_figures_beside_it(files: dict[str, bytes], sample: Document) -> None:
    for block in tables(sample):
        head, *rows = read_csv(files[f"table-{block['number']:02d}.csv"])
        for read, row in zip(rows, block["rows"], strict=True):
            printed = dict(zip(head, read, strict=True))
            for column, cell in zip(block["columns"], row, strict=True):
                name = column["header"]
                assert printed[name].removeprefix("'") == plain_json(cell)
                held = [figure["value"] for figure in figures([{"cell": cell}])]
                beside = [float(text) for other, text in printed.items() if other.startswith(f"{name} (") and text]
                assert beside == held


def test_figures_say_in_the_header_what_they_are() -> None:
    row = ("All", (SHARE,), (LOW, " to ", HIGH), (YEARLY,), (SHARE, " ±", POINTS))
    assert [field.header for field in printed_data(of(row)).fields] == [
        "Kind",
        *("C1", "C1 (as a share)"),
        *("C2", "C2 (low, as a share)", "C2 (high, as a share)"),
        *("C3", "C3 (unrounded)"),
        *("C4", "C4 (rate, as a share)", "C4 (difference, as a share)"),
    ]


def test_figures_whose_keys_do_not_tell_them_apart_are_counted() -> None:
    data = printed_data(of(("a", (LOW, "–", LOW)), ("b", (HIGH, "–", LOW))))
    assert [field.header for field in data.fields[2:]] == ["C1 (value 1, as a share)", "C1 (value 2, as a share)"]


def test_headers_are_made_unique_and_are_never_empty() -> None:
    block = Table("T", (Column("A"), Column("a"), Column(""), Column(" B\nc ")), (("1", "2", "3", "4"),)).to_json()
    assert [field.header for field in printed_data(block).fields] == ["A", "a (2)", "Column 3", "B c"]


def test_schema_describes_every_column_of_every_file(files: dict[str, bytes], schema: Json, sample: Document) -> None:
    assert schema["@context"] == ["http://www.w3.org/ns/csvw", {"@language": "en-GB"}]
    assert (schema["dc:title"], schema["dc:creator"], schema["dc:issued"]) == (
        sample.title,
        sample.author,
        sample.date,
    )
    assert [table["url"] for table in schema["tables"]] == [name for name in files if name.endswith(".csv")]
    for table in schema["tables"]:
        head, *rows = read_csv(files[table["url"]])
        columns = table["tableSchema"]["columns"]
        assert [column["titles"] for column in columns] == head
        names = [column["name"] for column in columns]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch("[a-z0-9][a-z0-9_]*", name) for name in names)
        for place, column in enumerate(columns):
            if column["datatype"] == "double":
                assert "not rounded" in column["dc:description"]
                assert all(float(row[place]) is not None for row in rows if row[place])
    noted = {table["url"]: table["rdfs:comment"] for table in schema["tables"] if "rdfs:comment" in table}
    assert noted["table-01.csv"] == ["Districts with fewer than ten records are joined."]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("\t=1", "'\t=1"),
        ("+13.0", "+13.0"),
        ("+10.4 to +15.3", "+10.4 to +15.3"),
        ("−2.1", "−2.1"),
        ("-5%", "-5%"),
        ('say "no", then\ngo', 'say "no", then\ngo'),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
    ],
)
def test_no_text_of_a_csv_is_run_by_a_spreadsheet(sample: Document, text: str, written: str) -> None:
    made = render_tables(with_table(sample, of((text, "1"))), "t")
    assert read_csv(made["table-01.csv"])[1] == [written, "1"]


# Numbers.


@pytest.mark.parametrize(
    ("text", "value", "form"),
    [
        ("1,254", 1254, "#,##0"),
        ("1500", 1500, "0"),
        ("83.6%", 0.836, "#,##0.0%"),
        ("100%", 1, "#,##0%"),
        ("+13.0", 13, "+#,##0.0;-#,##0.0;#,##0.0"),
        ("−0.6", -0.6, "#,##0.0"),
        ("0", 0, "#,##0"),
    ],
)
def test_printed_numbers_are_read_with_their_format(text: str, value: float, form: str) -> None:
    number = printed_number(text)
    assert number == Number(value, form)
    assert shown(number).replace("-", "−") == text
    assert shows(number, value)


@pytest.mark.parametrize("text", ["", "n/a", "007", "1,5", "1.2.3", "81.5% to 85.5%", "±1.85", "1e5", "all", "٣"])
def test_words_and_codes_are_no_numbers(text: str) -> None:
    assert printed_number(text) is None


def test_one_figure_a_cell_is_one_column_of_numbers_if_a_format_can_show_it() -> None:
    data = number_data(of(("All", (SHARE,)), ("Rape", "n/a")))
    assert [field.header for field in data.fields] == ["Kind", "C1"]
    assert data.rows == (("All", Number(0.8361234, "#,##0.0%")), ("Rape", "[x]"))


def test_a_figure_rounded_in_words_keeps_both_numbers() -> None:
    data = number_data(of(("All", (YEARLY,), (POINTS,))))
    assert data.rows == (
        ("All", Number(24300, "#,##0"), Number(24312.4), Number(13.0, "+#,##0.0;-#,##0.0;#,##0.0"), Number(0.1296)),
    )


def test_no_cell_of_a_workbook_is_left_empty() -> None:
    data = number_data(of(("All", (LOW, " to ", OPEN)), ("None", "n/a"), ("", "")))
    assert [row[1:] for row in data.rows] == [
        ("81.5% to no upper limit", Number(0.815), "[z]"),
        ("[x]", "[z]", "[z]"),
        ("[z]", "[z]", "[z]"),
    ]


# The workbook.


def test_sheets_come_in_the_order_of_the_convention(book: Any, ods: OdfDocument, sample: Document) -> None:
    sheets = [f"Table_{block['number']}" for block in tables(sample)]
    sheets += [f"Figure_{block['number']}" for block in charts(sample)]
    wanted = ["Cover", "Contents", "Notes", *sheets, "Figures"]
    assert book.sheetnames == wanted
    assert [table.name for table in ods.body.tables] == wanted


def test_without_notes_there_is_no_notes_sheet(sample: Document) -> None:
    assert xlsx_of(with_table(sample, of(("a", "1")))).sheetnames == ["Cover", "Contents", "Table_1", "Figures"]


def test_each_sheet_says_in_its_first_cell_what_it_is(book: Any, sample: Document) -> None:
    assert book["Cover"]["A1"].value == sample.title
    for block in tables(sample):
        title = book[f"Table_{block['number']}"]["A1"].value
        assert title.startswith(f"Table {block['number']}: {block['caption']}")
    assert book["Table_1"]["A1"].value.endswith("[note 1]")
    assert "one table" in book["Table_1"]["A2"].value


def test_every_table_is_a_real_one_with_a_name_and_a_header_row(book: Any) -> None:
    names = []
    for sheet in book.worksheets[1:]:
        (table,) = sheet.tables.values()
        names.append(table.displayName)
        assert table.headerRowCount == 1
        assert table.autoFilter is None
        heads = [cell.value for cell in sheet[table.ref][0]]
        assert heads == [column.name for column in table.tableColumns]
        assert sheet[table.ref][0][0].column == 1
    assert len(set(names)) == len(names)
    assert not book["Cover"].tables


def test_sheets_have_no_merged_and_no_empty_cells_in_their_tables(book: Any) -> None:
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert all(sheet.cell(row, 1).value not in (None, "") for row in range(1, sheet.max_row + 1))
        for table in sheet.tables.values():
            assert all(cell.value not in (None, "") for row in sheet[table.ref] for cell in row)


def test_contents_link_every_sheet(book: Any, ods: OdfDocument) -> None:
    rows = rows_of(book["Contents"])[1:]
    assert [row[0] for row in rows] == book.sheetnames[2:]
    sheet = book["Contents"]
    targets = [cell.hyperlink.location for (cell, _) in sheet[sheet.tables["contents_data"].ref][1:]]
    assert targets == [f"'{name}'!A1" for name in book.sheetnames[2:]]
    links = [
        link.get_attribute("xlink:href")
        for link in ods.body.get_table(name="Contents").get_elements("descendant::text:a")
    ]
    assert links == [f"#{name}.A1" for name in book.sheetnames[2:]]


def test_notes_are_numbered_and_say_where_they_belong(book: Any) -> None:
    assert rows_of(book["Notes"]) == [
        ["Note", "Text", "Belongs to"],
        ["[note 1]", "Districts with fewer than ten records are joined.", "Table 1"],
        ["[note 2]", "Source: audited records, June to November 2016.", "Figure 1"],
    ]


def test_numbers_are_numbers_shown_as_printed(book: Any) -> None:
    sheet = book["Table_1"]
    head, first, *_ = sheet[sheet.tables["table_1_data"].ref]
    assert [cell.value for cell in head] == ["District", "Reported", "Recorded", "Recording rate", "Remark"]
    assert [cell.value for cell in first][:3] == ["District 01", 37, 31]
    assert (first[3].value, first[3].number_format) == (float(f"{31 / 37:.12g}"), "#,##0.0%")


def test_ods_holds_what_xlsx_holds(book: Any, ods: OdfDocument) -> None:
    for sheet, table in zip(book.worksheets, ods.body.tables, strict=True):
        rows = [[cell.value for cell in row if cell.value is not None] for row in sheet.iter_rows()]
        found = [[value for value in row if value is not None] for row in ods_rows(table)]
        assert [[plain(value) for value in row] for row in found] == [[plain(value) for value in row] for row in rows]


def plain(value: Any) -> Any:
    return value if isinstance(value, str) else pytest.approx(float(value), rel=1e-15)


def test_ods_marks_its_tables_and_their_headers(ods: OdfDocument) -> None:
    ranges = ods.body.get_elements("//table:database-range")
    assert [area.get_attribute("table:name") for area in ranges][:2] == ["contents_data", "notes_data"]
    assert {area.get_attribute("table:contains-header") for area in ranges} == {True}
    address = next(a for a in ranges if a.get_attribute("table:name") == "table_1_data")
    assert address.get_attribute("table:target-range-address") == "Table_1.A4:Table_1.E64"
    for table in ods.body.tables[1:]:
        (head,) = table.get_elements("table:table-header-rows")
        assert len(head.get_elements("table:table-row")) == 1


def test_ods_is_a_real_one(files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(files["inspection.ods"])) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/vnd.oasis.opendocument.spreadsheet"
        listed = set(re.findall(r'full-path="([^"]+)"', archive.read("META-INF/manifest.xml").decode()))
        assert listed - {"/"} <= set(archive.namelist())
        assert not [name for name in archive.namelist() if "Thumbnails" in name or "Configurations" in name]


def test_ods_percentages_are_shown_as_printed(ods: OdfDocument) -> None:
    cell = ods.body.get_table(name="Table_1").get_cell((3, 4))
    assert cell.get_attribute("office:value-type") == "percentage"
    assert text_of(cell) == "83.8%"
    assert cell.get_attribute("office:value") == f"{31 / 37:.12g}"


def text_of(cell: Element) -> str:
    """Return what a cell says: of a link its words, where odfdo would give its target too."""
    links = cell.get_elements("descendant::text:a")
    return "".join(part.text if links else part.text_recursive for part in links or cell.get_elements("text:p"))


def test_both_say_whose_they_are_and_when(book: Any, ods: OdfDocument, sample: Document) -> None:
    title = f"{sample.title} – {sample.subtitle}"
    assert (book.properties.title, book.properties.creator) == (title, sample.author)
    assert book.properties.created.date().isoformat() == sample.date
    assert (ods.meta.title, ods.meta.creator, ods.meta.language) == (title, sample.author, "en-GB")
    assert ods.meta.creation_date.date().isoformat() == sample.date


def test_every_figure_is_in_the_workbooks_with_its_value(files: dict[str, bytes], sample: Document) -> None:
    known = {figure["figure"]: figure["value"] for figure in figures(sample.blocks)}
    assert len(known) > 60
    for ending in ("xlsx", "ods"):
        assert figures_in(files[f"inspection.{ending}"]) == known
    head, *rows = read_csv(files["figures.csv"])
    assert head[:2] == ["Figure", "Value"]
    assert {row[0]: float(row[1]) for row in rows} == known


def test_a_figure_without_a_value_has_none_there_either(sample: Document) -> None:
    document = with_table(sample, of(("All", (OPEN,))))
    assert figures_in(render_xlsx(document)) == figures_in(render_ods(document)) == {"a/top": None}


def test_same_document_gives_the_same_bytes(files: dict[str, bytes], sample: Document) -> None:
    assert render_tables(sample, "inspection") == files
    undated = replace(sample, date="", author="")
    assert render_tables(undated, "x") == render_tables(undated, "x")
    for ending in ("xlsx", "ods"):
        with zipfile.ZipFile(io.BytesIO(files[f"inspection.{ending}"])) as archive:
            assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# Text is text.


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "{=SUM(A1)}",
        "+cmd|' /C calc'!A0",
        "https://example.org",
        "internal:'Cover'!A1",
        "_x0041_ </t><f>1</f>",
        "🚔 تسجيل",
        "  two  spaces, a\ttab ",
        "two\nlines",
        "long " * 2000,
    ],
)
def test_any_text_is_a_text_in_both_workbooks(sample: Document, text: str) -> None:
    block = Table(text, (Column(text), Column("N", numeric=True)), ((text, "1"),), (text,)).to_json() | {"number": 1}
    document = replace(sample, title=text, blocks=(block,))
    sheet = xlsx_of(document)["Table_1"]
    cell = sheet.cell(sheet.max_row, 1)
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert unescaped(cell.value) == text
    row = OdfDocument(io.BytesIO(render_ods(document))).body.get_table(name="Table_1").rows[-1]
    assert row.cells[0].get_attribute("table:formula") is None
    assert row.cells[0].get_attribute("office:value-type") == "string"
    assert row.cells[0].value == text


def unescaped(text: str) -> str:
    """Return a text of an xlsx as Excel reads it: openpyxl leaves _x005F_ as it is written."""
    return text.replace("_x005F_", "_")


def test_what_no_file_can_hold_is_replaced_or_cut(sample: Document) -> None:
    document = with_table(sample, of(("nul\x00 \ud800 \uffff", "1"), ("x" * 40_000, "2")))
    sheet = xlsx_of(document)["Table_1"]
    values = [row[0] for row in rows_of(sheet)[1:]]
    assert values[0] == "nul\ufffd \ufffd \ufffd"
    assert len(values[1]) == 32_767
    assert values[1].endswith("…")
    ods = OdfDocument(io.BytesIO(render_ods(document)))
    assert ods_rows(ods.body.get_table(name="Table_1"))[-2][0] == values[0]


def test_a_table_without_rows_is_still_a_table(sample: Document) -> None:
    block = Table("Empty", (Column("A"), Column("B", numeric=True)), ()).to_json() | {"number": 1}
    document = with_table(sample, block)
    sheet = xlsx_of(document)["Table_1"]
    assert [cell.value for cell in sheet[sheet.tables["table_1_data"].ref][0]] == ["A", "B"]
    assert read_csv(render_tables(document, "t")["table-01.csv"]) == [["A", "B"]]
    assert OdfDocument(io.BytesIO(render_ods(document))).body.get_table(name="Table_1") is not None


def test_a_document_without_tables_still_has_its_figures(sample: Document) -> None:
    document = replace(sample, blocks=())
    assert xlsx_of(document).sheetnames == ["Cover", "Contents", "Figures"]
    assert set(render_tables(document, "t")) == {"t.xlsx", "t.ods", "figures.csv", "csv-metadata.json"}
