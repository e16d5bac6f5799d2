"""Files of every kind an audit comes in, and files that only look like one."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

import odfdo
import openpyxl
import pandas as pd
import pytest

from cdi_stats.audit import archive, sheet_xml
from cdi_stats.audit.archive import Flaw
from cdi_stats.audit.examples import build_example
from cdi_stats.audit.files import open_book, read_contents
from cdi_stats.audit.reading import check_audit, inspect_audit, read_audit
from cdi_stats.audit.template import write_workbook
from cdi_stats.errors import UnreadableAudit
from cdi_stats.findings.examine import examine


@pytest.fixture(scope="module")
def kent():
    return build_example("kent-board-2017")


@pytest.fixture(scope="module")
def expected(kent, tmp_path_factory):
    path = tmp_path_factory.mktemp("kent") / "audit.xlsx"
    write_workbook(kent, path)
    return findings(path)


def findings(path):
    return examine(read_audit(path)).table.to_csv(index=False)


def uk_text(value):
    """Return a value as Excel in the UK writes it into a CSV file."""
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}"
    return f"{value:%d/%m/%Y}" if hasattr(value, "strftime") else str(value)


def write_csv(tables, folder, encoding="utf-8-sig", delimiter=",", ending="csv"):
    folder.mkdir()
    for name, table in tables.items():
        text = table.map(uk_text).to_csv(index=False, sep=delimiter)
        (folder / f"{name}.{ending}").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize(
    ("encoding", "delimiter", "ending"),
    [
        ("utf-8-sig", ",", "csv"),
        ("utf-8", ",", "CSV"),
        ("cp1252", ",", "csv"),
        ("utf-16", "\t", "txt"),
        ("utf-8", ";", "csv"),
        ("utf-8", "\t", "tsv"),
        ("utf-8", "|", "csv"),
    ],
)
def test_csv_folders_as_excel_in_the_uk_writes_them(kent, expected, tmp_path, encoding, delimiter, ending):
    assert findings(write_csv(kent, tmp_path / "audit", encoding, delimiter, ending)) == expected


def test_csv_keeps_letters_beyond_ascii(kent, tmp_path):
    named = {**kent, "strata": kent["strata"].assign(label=["violence – grave", "café", "other"])}
    for encoding in ("cp1252", "utf-8", "utf-16"):
        folder = write_csv(named, tmp_path / encoding, encoding)
        assert [stratum.label for stratum in read_audit(folder).strata] == ["violence – grave", "café", "other"]


def test_csv_with_a_declared_delimiter(kent, expected, tmp_path):
    folder = write_csv(kent, tmp_path / "audit", "utf-8", ";")
    for file in folder.iterdir():
        file.write_text("sep=;\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert findings(folder) == expected


def test_parquet_folder(kent, expected, tmp_path):
    for name, table in kent.items():
        typed = table.map(uk_text) if name == "audit" else table.infer_objects()
        typed.to_parquet(tmp_path / f"{name}.parquet")
    assert findings(tmp_path) == expected


def test_ods_workbook(kent, expected, tmp_path):
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    for name, table in kent.items():
        sheet = odfdo.Table(name)
        sheet.append_row(odfdo.Row())
        sheet.append_row(row_of(table.columns))
        for values in table.itertuples(index=False):
            sheet.append_row(row_of(None if pd.isna(value) else value for value in values))
        document.body.append(sheet)
    document.save(tmp_path / "audit.ods")
    assert findings(tmp_path / "audit.ods") == expected


def row_of(values):
    row = odfdo.Row()
    for value in values:
        row.append_cell(odfdo.Cell(value))
    return row


def test_xlsm_workbook_and_one_named_wrongly(kent, expected, tmp_path):
    """What a file is, its content says: macros and the name's ending change nothing."""
    for name in ("audit.xlsm", "audit.bin", "audit"):
        write_workbook(kent, tmp_path / "audit.xlsx")
        (tmp_path / "audit.xlsx").rename(tmp_path / name)
        assert findings(tmp_path / name) == expected


def test_serial_dates_titles_and_trailing_rows(kent, expected, tmp_path):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook["Sheet"])
    for name, table in kent.items():
        sheet = workbook.create_sheet(f" {name.title()} ")
        sheet.append(["OFFICIAL - SENSITIVE"])
        sheet.append(["Audit of", "records", "by the registrar"])
        sheet.merge_cells("A1:H1")
        sheet.append([])
        sheet.append([column.replace("_", " ").upper() for column in table.columns])
        for values in table.itertuples(index=False):
            sheet.append([None if pd.isna(value) else value for value in values])
        for _ in range(30):
            sheet.append(["", " ", None])
        for row in sheet.iter_rows(min_row=5):
            for cell in row:
                cell.number_format = "General"
    workbook.save(tmp_path / "audit.xlsx")
    assert findings(tmp_path / "audit.xlsx") == expected


def test_dates_of_the_1904_system(tmp_path, kent):
    """A workbook from an old Macintosh counts from 1904 (ECMA-376 part 1, 18.2.28)."""
    write_workbook(kent, tmp_path / "audit.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "audit.xlsx")
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    workbook.save(tmp_path / "mac.xlsx")
    assert read_audit(tmp_path / "mac.xlsx").strata == read_audit(tmp_path / "audit.xlsx").strata


def test_formulas_are_read_by_their_saved_values_and_refused_without(tmp_path):
    """openpyxl writes formulas without values, as any program does that does not calculate."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.append(["n", "=1+1", "text", "=A1"])
    sheet["C3"] = "=CONCATENATE(A1)"
    workbook.save(tmp_path / "a.xlsx")
    rows = open_book(tmp_path / "a.xlsx").read("Sheet")
    flaw = Flaw("formula-without-value", "a formula without a saved value")
    assert rows[0] == ["n", flaw, "text", flaw]
    assert rows[2][2] == flaw
    changed = rezip(
        (tmp_path / "a.xlsx").read_bytes(),
        {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")},
    )
    (tmp_path / "b.xlsx").write_bytes(changed)
    assert open_book(tmp_path / "b.xlsx").read("Sheet")[0][:2] == ["n", 2.0]


def test_an_error_in_a_cell_is_no_blank(kent, tmp_path):
    write_workbook(kent, tmp_path / "audit.xlsx")
    workbook = openpyxl.load_workbook(tmp_path / "audit.xlsx")
    workbook["crimes"]["E9"] = "#REF!"
    workbook["strata"]["F2"] = "=SUM(records!A:A)"
    workbook.save(tmp_path / "audit.xlsx")
    found = {(p.sheet, p.row, p.column, p.rule, p.found) for p in check_audit(tmp_path / "audit.xlsx")}
    column = read_columns(kent, "crimes")[4]
    assert ("crimes", 9, column, "error-value", "the error #REF!") in found
    column = read_columns(kent, "strata")[5]
    assert ("strata", 2, column, "formula-without-value", "a formula without a saved value") in found


def read_columns(tables, sheet):
    return list(tables[sheet].columns)


def test_ods_formulas_without_values_and_errors(tmp_path):
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    sheet = odfdo.Table("records")
    sheet.append_row(row_of(["record_id", "stratum"]))
    sheet.append_row(row_of(["1", "v"]))
    document.body.append(sheet)
    document.save(tmp_path / "a.ods")
    cell = b'<table:table-cell table:formula="of:=1+1"/>'
    bad = b'<table:table-cell table:formula="of:=1/0" office:value-type="string" calcext:value-type="error"/>'
    space = b' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'

    def change(xml):
        xml = xml.replace(b"</table:table>", b"<table:table-row>" + cell + bad + b"</table:table-row></table:table>")
        return xml if b"xmlns:calcext" in xml else re.sub(rb"(<office:document-content)", rb"\1" + space, xml, count=1)

    (tmp_path / "b.ods").write_bytes(rezip((tmp_path / "a.ods").read_bytes(), {"content.xml": change}))
    rows = open_book(tmp_path / "b.ods").read("records")
    assert [cell.rule for cell in rows[2]] == ["formula-without-value", "error-value"]


def rezip(data, changes, add=()):
    """Return an archive with some of its members changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, changes.get(member.filename, lambda same: same)(content))
        for name, content in add:
            new.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def book(kent, tmp_path):
    write_workbook(kent, tmp_path / "audit.xlsx")
    return (tmp_path / "audit.xlsx").read_bytes()


def refused(tmp_path, data, message):
    path = tmp_path / "given.xlsx"
    path.write_bytes(data)
    with pytest.raises(UnreadableAudit, match=message):
        check_audit(path)


def test_a_cell_far_away_is_refused_before_memory_is_taken(book, tmp_path):
    """A sheet is read as one rectangle: two cells may ask for 17 thousand million."""
    for far in (b"XFD1048576", b"xfd1048576", b"A999999999", b"ZZZ9999999"):
        cell = b'<c r="' + far + b'" t="inlineStr"><is><t>x</t></is></c>'
        change = {"xl/worksheets/sheet3.xml": lambda xml, cell=cell: xml.replace(b"</row>", cell + b"</row>", 1)}
        refused(tmp_path, rezip(book, change), "reaches over .* cells; expected at most")


def test_styled_blanks_far_away_do_no_harm(book, tmp_path, expected):
    """Spreadsheet programs leave formatted blank cells to the end of a sheet."""
    change = {"xl/worksheets/sheet3.xml": lambda xml: xml.replace(b"</row>", b'<c r="XFD1048576" s="1"/></row>', 1)}
    (tmp_path / "given.xlsx").write_bytes(rezip(book, change))
    assert findings(tmp_path / "given.xlsx") == expected


def test_cells_without_addresses_are_refused(book, tmp_path):
    change = {"xl/worksheets/sheet3.xml": lambda xml: xml.replace(b'<c r="A2"', b"<c", 1)}
    refused(tmp_path, rezip(book, change), "cells without an address")


def test_a_bomb_is_refused_by_what_it_unpacks_to(book, tmp_path):
    refused(tmp_path, rezip(book, {}, [("xl/bomb.xml", b"0" * (archive.MOST_BYTES + 1))]), "unpacks to .* bytes")


def test_a_claim_of_size_is_not_taken_on_trust(book, tmp_path):
    data = rezip(book, {}, [("xl/bomb.xml", b"0" * 5_000_000)])
    lie = data.replace((5_000_000).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    refused(tmp_path, lie, "damaged")


@pytest.mark.parametrize("name", ["xl/sharedStrings.xml", "xl/SharedStrings.XML", "xl\\sharedStrings.xml"])
@pytest.mark.parametrize("claim", ['"4294967296"', "'4294967296'", '"&#52;294967296"'])
def test_a_claim_of_many_texts_is_refused(book, tmp_path, name, claim):
    """The reader makes room for as many texts as are claimed, and ends the process where there is none."""
    with zipfile.ZipFile(io.BytesIO(book)) as whole:
        parts = {part: whole.read(part) for part in whole.namelist()}
    texts = parts.pop("xl/sharedStrings.xml")
    parts[name] = re.sub(rb'uniqueCount="\d+"', b"uniqueCount = " + claim.encode(), texts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for part, content in parts.items():
            made.writestr(part, content)
    refused(tmp_path, out.getvalue(), "claims to hold")


def test_a_workbook_of_two_kinds_is_refused(book, tmp_path):
    """A reader that fails at the first kind goes on to the second."""
    refused(tmp_path, rezip(book, {}, [("content.xml", b"<x/>")]), "a workbook of Excel and one of OpenDocument")
    refused(tmp_path, rezip(book, {}, [("XL/workbook.bin", b"")]), "a workbook of Excel and a binary workbook")


def test_texts_that_multiply_are_refused(tmp_path, monkeypatch):
    """One long shared text may stand in every cell of a sheet."""
    monkeypatch.setattr(sheet_xml, "MOST_TEXT", 1_000_000)
    write_workbook({"records": pd.DataFrame({"record_id": ["x" * 30_000] * 200})}, tmp_path / "a.xlsx")
    with pytest.raises(UnreadableAudit, match="texts come to 6,"):
        open_book(tmp_path / "a.xlsx").read("records")


def test_repeated_ods_cells_are_counted_before_they_are_made(tmp_path):
    document = odfdo.Document("spreadsheet")
    document.save(tmp_path / "a.ods")
    cell = b'<table:table-row table:number-rows-repeated="1000000"><table:table-cell office:value-type="float" '
    cell += b'office:value="1" table:number-columns-repeated="16000"/></table:table-row></table:table>'
    change = {"content.xml": lambda xml: re.sub(rb"</table:table>", cell, xml, count=1)}
    refused(tmp_path, rezip((tmp_path / "a.ods").read_bytes(), change), "reaches over 16,000,0.* cells")


def test_entities_are_refused(book, tmp_path):
    """The thousand million laughs: ten entities of ten each."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    change = {"xl/workbook.xml": lambda xml: xml.replace(b"?>", b"?>" + laughs, 1)}
    refused(tmp_path, rezip(book, change), "declares XML entities")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found an empty file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "an old .xls workbook, or one protected by a password"),
        (b"record_id,stratum\n1,violence\n", "found text"),
        (b"<html><table></table></html>", "found text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "no workbook that can be opened"),
        (b"PK\x03\x04" + b"\x00" * 100, "cut short or damaged"),
    ],
)
def test_what_is_no_workbook_is_called_by_its_name(tmp_path, data, message):
    refused(tmp_path, data, message)


def test_other_archives(tmp_path):
    for name, message in (("xl/workbook.bin", "binary workbook"), ("word/document.xml", "found no workbook")):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as other:
            other.writestr(name, b"x")
        refused(tmp_path, out.getvalue(), message)


def test_a_part_given_twice_is_refused(book, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = rezip(book, {}, [("xl/workbook.xml", b"<workbook/>")])
    refused(tmp_path, data, "repeated")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97, 0.999])
def test_files_cut_short(book, tmp_path, share):
    refused(tmp_path, book[: int(len(book) * share)], "expected one saved as|damaged")


def test_parquet_that_is_none(tmp_path):
    (tmp_path / "audit.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(UnreadableAudit, match="cannot be opened as Parquet"):
        check_audit(tmp_path)


def test_bytes_of_no_encoding(tmp_path):
    (tmp_path / "audit.csv").write_bytes(b"key,value\nforce,\x81\x8d\n")
    with pytest.raises(UnreadableAudit, match="row 2 holds a byte of no known encoding"):
        check_audit(tmp_path)


def test_a_sheet_in_two_files(tmp_path):
    (tmp_path / "audit.csv").write_text("key,value\n")
    (tmp_path / "audit.txt").write_text("key,value\n")
    with pytest.raises(UnreadableAudit, match="found audit as two files"):
        check_audit(tmp_path)


@pytest.mark.usefixtures("book")
def test_the_published_digest_does_not_give_the_key_of_aliases(tmp_path):
    """Who has the report, its manifest and a list of record numbers cannot tell which were sampled."""
    first = read_contents(tmp_path / "audit.xlsx")
    assert first.key.hex() != first.digest
    audit = inspect_audit(tmp_path / "audit.xlsx").audit
    ids = audit.table("records")["record_id"]
    aliases = [audit.alias(record) for record in ids]
    assert len(set(aliases)) == len(aliases)
    assert all(re.fullmatch(r"R-[A-Z2-7]{7}", alias) for alias in aliases)
    assert not any(record in "".join(aliases) for record in ids)
