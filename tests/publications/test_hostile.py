"""An audit whose every text is an attack, on a browser, a spreadsheet, Word, Typst or the eye, is published as text.

What holds for every report holds for it too; nothing runs, and what is to stay in the reader is in no file.
"""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from datetime import timedelta
from itertools import cycle

import pytest
from tests.browser.chromium import NARROW, View
from tests.publications import test_equal_figures, test_pages, test_pdfs, test_word_files, test_workbooks
from tests.publications.examples import FORMATS
from tests.publications.read_back import dense

from cdi_stats.audit.examples import build_example
from cdi_stats.audit.schema import all_sheets
from cdi_stats.audit.template import write_workbook
from cdi_stats.publishing.publication import publish

ATTACKS = (
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    '#eval("panic()") $x^2$ *b* @l',
    "</w:t></w:r><w:p/>]]><!--",
    '"><img src=x onerror=alert(1)>',
    "+1+cmd|' /C calc'!A0",
    "تسجيل الجرائم",
    "{{7*7}} {% raw %} ${7*7}",
    '-2+3 =HYPERLINK("//h.invalid")',
    "👩🏽‍🚒🚔 zero\u200bwidth\ufeff",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "</style><svg/onload=alert(1)>",
    "\u202eesrever\u202c bell\x07 tab\t",
    "[a](javascript:alert(1)) ![x](x)",
    "../../../etc/passwd C:\\con\\nul",
    "`code` \\input{x} %n &amp; ~",
)
SECRET = "Zebedee"  # no other word of any report holds it
LONG = "All work and no play. " * 460
NAMES = {"violence": ATTACKS[0], "sexual": ATTACKS[1], "other": ATTACKS[2]}
STAYS = {
    "record_id", "opening_code", "auditor", "second_auditor", "exclusion", "offence", "n100_id", "cancellation_id",
    "reason", "frame_hash",
}  # fmt: skip
GROUPS = {"district": ATTACKS[3:9], "team": ATTACKS[9:15]}


def hostile_tables(years):
    """Return the tables of Kent's audit of 2018 so many years earlier, with an attack in the place of every text."""
    tables, attacks = build_example("kent-2018"), cycle(ATTACKS)
    shift = timedelta(days=365 * years)
    for name, table in tables.items():
        for column in all_sheets()[name].columns if name != "audit" else ():
            if column.kind in ("date", "moment"):
                table[column.name] = [value and value - shift for value in table[column.name]]
            elif column.kind == "text" and column.name not in ("seed", "domain"):
                table[column.name] = [
                    attacked(column.name, value, place, attacks) for place, value in enumerate(table[column.name])
                ]
    facts = tables["audit"]
    texts = {column.name for column in all_sheets()["audit"].columns if column.kind == "text"} - {"earlier_audit"}
    facts["value"] = [
        next(attacks) if key in texts else value - shift if key == "publication_date" else value
        for key, value in facts.values.tolist()
    ]
    tables["actions"].loc[0, "progress"] = tables["context"].loc[0, "text"] = LONG
    tables["records"]["notes"] = SECRET
    return tables


def attacked(column, value, place, attacks):
    """Return what stands in a cell instead: the secret in what is to stay in the reader, the same for the same key."""
    if column in GROUPS:
        return GROUPS[column][place % len(GROUPS[column])]
    if value is None or (column == "reason" and value in NAMES):
        return value
    if column == "stratum":
        return NAMES[value]
    return f"{SECRET} ../{value}" if column in STAYS else next(attacks)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A folder with two hostile audits, the second a year after the first."""
    folder = tmp_path_factory.mktemp("attack") / "=cmd' & $x$ #1"
    folder.mkdir()
    for name, years in (("later ..", 0), ("earlier ..", 1)):
        write_workbook(hostile_tables(years), folder / f"{name}.xlsx")
    return folder


@pytest.fixture(scope="module")
def broken(series):
    """The later audit with cells that are no answers, which the data quality report is asked to print."""
    tables = hostile_tables(0)
    for place, attack in enumerate(ATTACKS):
        tables["crimes"].loc[place, "recorded"] = attack
    tables["vulnerable"].loc[0, "reported"] = LONG
    tables["crimes"]["offence"] = None
    path = series.parent / "broken.xlsx"
    write_workbook(tables, path)
    return path


@pytest.fixture(scope="module", params=["inspection", "reinspection", "board_paper", "data_quality", "monitoring"])
def hostile(request, series, broken, warm, tmp_path_factory):  # noqa: ARG001
    """Each report of the hostile audits, in every format."""
    audit, options = series / "later ...xlsx", {}
    if request.param == "reinspection":
        options = {"earlier": str(series / "earlier ...xlsx")}
    elif request.param == "data_quality":
        audit, options = broken, {"show_cells": True}
    elif request.param == "monitoring":
        audit = series
    return publish(request.param, audit, out=tmp_path_factory.mktemp("out"), formats=FORMATS, **options)


@pytest.fixture
def read(hostile, reading):
    return reading(hostile)


@pytest.mark.parametrize(
    "held",
    [
        test_pages.test_page_is_one_file_without_script_or_address,
        test_pages.test_links_lead_somewhere_and_ids_are_unique,
        test_pages.test_headings_stand_in_order,
        test_pages.test_tables_have_captions_and_scopes,
        test_pdfs.test_headings_are_read_in_the_order_of_the_page,
        test_pdfs.test_no_words_run_off_the_page,
        test_pdfs.test_no_words_of_a_chart_run_off_the_page,
        test_pdfs.test_no_words_stand_over_others,
        test_pdfs.test_a_chart_stands_on_one_page_with_its_title,
        test_word_files.test_headings_are_real_ones_in_the_order_of_the_page,
        test_word_files.test_tables_have_captions_and_header_rows_that_repeat,
        test_workbooks.test_no_cell_of_a_workbook_is_a_formula,
        test_workbooks.test_no_cells_are_merged_and_none_of_a_table_is_empty,
        test_workbooks.test_each_table_has_a_csv_file_that_the_schema_describes,
        test_equal_figures.test_page_notebook_and_json_hold_the_same_figures,
        test_equal_figures.test_the_csv_of_figures_holds_every_figure_of_figures_json,
    ],
    ids=lambda held: held.__name__.removeprefix("test_"),
)
def test_what_holds_for_every_report_holds(read, held):
    held(read)


def test_attacks_are_told_as_they_are_written(read):
    (title,) = read.of("title")
    assert dense(title["subtitle"]) in dense(read.page.text)
    shown = [attack for attack in ATTACKS if dense(attack) in dense(read.page.text)]
    assert len(shown) >= 5


def test_no_cell_of_a_csv_file_is_run_by_a_spreadsheet(read):
    begun = [cell for rows in read.csv.values() for row in rows for cell in row if cell[:1] in tuple("=@\t\r")]
    assert begun == []
    assert [cell for rows in read.csv.values() for row in rows for cell in row if cell.startswith(("+1+", "-2+"))] == []


def test_what_is_to_stay_in_the_reader_is_in_no_file(hostile, read):
    for path in hostile.folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in unpacked(path), path.name
    assert SECRET not in read.pdf.text_of(read.pdf.root)


def unpacked(path):
    """Return the bytes of a file, of an archive those of all its parts."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def test_nothing_runs_in_a_browser_and_the_page_keeps_its_width(hostile, chromium):
    assert chromium.open(hostile.files["html"]) == []
    assert [chromium.excess(width) for width in (NARROW, 1200)] == [0, 0]
    assert chromium.see(View(width=NARROW)).violations == ()
    assert chromium.open(hostile.folder.parents[1] / "index.html") == []
    assert [chromium.excess(width) for width in (NARROW, 1200)] == [0, 0]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice on this machine")
@pytest.mark.parametrize("hostile", ["reinspection"], indirect=True)
def test_office_opens_the_word_file_and_the_workbook(hostile, tmp_path):
    for path in (hostile.files["docx"], hostile.files["tables"] / f"{hostile.report}.xlsx"):
        command = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
        subprocess.run(
            [*command, "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)], capture_output=True, check=True
        )
        assert (tmp_path / f"{hostile.report}.pdf").stat().st_size > 10_000
        (tmp_path / f"{hostile.report}.pdf").unlink()
