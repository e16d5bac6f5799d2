"""Audits as other people write them down: one small audit in the habits of many workbooks gives the same rates.

Counted by hand: violence 3 recorded of 5 due in 5 records, other crime 3 of 4 in 4 records; one record holds no crime.
"""

from __future__ import annotations

import csv
import decimal
import io
import re
import zipfile
from copy import deepcopy
from datetime import date, datetime, timedelta

import odfdo
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from cdi_stats.audit.reading import check_audit, inspect_audit
from cdi_stats.findings.examine import examine

RATES = {"violence": (5, 3), "other": (4, 3)}
JUNE = date(2018, 6, 1), date(2018, 6, 30)
# record, crime within it, recorded, domestic abuse; records 5 and 9 hold none
CRIMES = [(1, 1, 1, 1), (1, 2, 0, 0), (2, 1, 1, 1), (3, 1, 1, 0), (4, 1, 0, 1),
          (6, 1, 1, 0), (7, 1, 1, 0), (8, 1, 0, 0), (8, 2, 1, 1)]  # fmt: skip


def record(number):
    return f"KP-2018060{number}-00{number}"


def sheets():
    """Return the audit's sheets as rows, the schema's names first."""
    opened = {n: datetime(2018, 6, n, 10, n) for n in range(1, 10)}
    return deepcopy(
        {
            "audit": [
                ["key", "value"],
                ["force", "Testshire Police"],
                ["audit_type", "internal audit"],
                ["prepared_by", "Registrar"],
                ["publication_date", date(2018, 8, 1)],
                ["counting_rules", "April 2018"],
            ],
            "strata": [
                ["stratum", "label", "period_start", "period_end", "records_in_frame", "records_sampled"],
                ["violence", "violent crime", *JUNE, 900, 5],
                ["other", "all other crime", *JUNE, 1200, 4],
            ],
            "records": [
                ["record_id", "stratum", "opening_code", "opened_at"],
                *([record(n), "violence" if n < 6 else "other", "assault", opened[n]] for n in opened),
            ],
            "crimes": [
                ["record_id", "crime_number", "reported_at", "recorded", "recorded_at", "domestic_abuse", "reason"],
                *(
                    [record(n), place, opened[n], *(("yes", datetime(2018, 6, n, 15, 30)) if done else ("no", None)),
                     "yes" if abuse else "no", None if done else "call detail"]
                    for n, place, done, abuse in CRIMES
                ),
            ],
        }
    )  # fmt: skip


def change(book, sheet, column, new):
    """Turn each cell of a column into new(cell, its place)."""
    at = book[sheet][0].index(column)
    for place, row in enumerate(book[sheet][1:]):
        row[at] = new(row[at], place)


def save(book, path, finish=None):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in book.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    if finish:
        finish(workbook)
    workbook.save(path)
    return path


def uk(cell):
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y %H:%M}"
    return "" if cell is None else f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell)


def save_csv(book, folder, encoding="cp1252", delimiter=",", before="", **options):
    folder.mkdir(exist_ok=True)
    for title, rows in book.items():
        text = io.StringIO()
        text.write(before)
        csv.writer(text, delimiter=delimiter, **options).writerows([uk(cell) for cell in row] for row in rows)
        (folder / f"{title}.csv").write_bytes(text.getvalue().encode(encoding))
    return folder


def same(path, *, told=(), ids=True, **options):
    """Assert the audit counted by hand, down to its times and flags, and no problem but those of the rules `told`."""
    found = inspect_audit(path, **options)
    assert {p.rule for p in found.problems} == set(told), [str(p) for p in found.problems]
    assert found.audit, "it can be used"
    table = examine(found.audit).table
    rates = table[(table["measure"] == "recording_rate") & (table["domain"] == "all") & (table["stratum"] != "all")]
    assert {row.stratum: (row.reported, row.recorded) for row in rates.itertuples()} == RATES
    book, crimes, strata = sheets(), found.audit.table("crimes"), found.audit.strata
    assert not ids or list(crimes["record_id"]) == [row[0] for row in book["crimes"][1:]]
    assert crimes["domestic_abuse"].tolist() == [row[5] == "yes" for row in book["crimes"][1:]]
    for name, at in (("reported_at", 2), ("recorded_at", 4)):
        assert [None if time != time else time for time in crimes[name]] == [row[at] for row in book["crimes"][1:]]
    assert [(s.stratum, s.period_start, s.period_end, s.records_in_frame) for s in strata] == [
        ("violence", *JUNE, 900), ("other", *JUNE, 1200)
    ]  # fmt: skip
    return found


# How cells are filled in.


def ticks(book):
    change(book, "crimes", "recorded", lambda cell, _: {"yes": "✓", "no": "✗"}[cell])
    change(
        book, "crimes", "domestic_abuse", lambda cell, _: {"yes": "ü", "no": "☐"}[cell]
    )  # Wingdings has the tick at ü


def every_answer(book):
    yes = [True, 1, 1.0, "Y", "TRUE", "yES ", "\xa0Y", "Yes.", "✔\ufe0f"]
    no = [False, 0, 0.0, "N", "FALSE", " nO", "N\xa0", "No!", "❌"]
    change(book, "crimes", "recorded", lambda cell, place: (yes if cell == "yes" else no)[place])


def times_as_text(book):
    forms = ["%d/%m/%Y %I:%M %p", "%d/%m/%Y %I.%M%p", "%d %b %Y %H:%M", "%A %d %B %Y at %H:%M", "%Y-%m-%dT%H:%M:%S",
             "%d/%m/%y %H%M", "%d/%m/%Y %H:%M hrs", "%d/%m/%Y - %H:%M", "%H:%M on %d/%m/%Y"]  # fmt: skip
    for name in ("reported_at", "recorded_at"):
        change(book, "crimes", name, lambda cell, place: cell and cell.strftime(forms[place]))


def serials_as_text(book):
    def serial(cell, _):
        return cell and f"{(cell - datetime(1899, 12, 30)) / timedelta(days=1):.10f}"

    change(book, "crimes", "reported_at", serial)
    change(book, "crimes", "recorded_at", serial)


def blanks_nobody_sees(book):
    for name in ("records", "crimes"):
        change(book, name, "record_id", lambda cell, place: f"\xa0{cell}\u200b" if place % 2 else f"{cell}\u2003")
    change(book, "records", "stratum", lambda cell, _: f"\ufeff{cell}")
    book["crimes"][0][0] = "Record\xa0ID\u200b"


def spellings_that_differ(book):
    change(book, "records", "stratum", lambda cell, place: [cell, cell.title(), cell.upper(), f" {cell}"][place % 4])
    change(
        book, "crimes", "record_id", lambda cell, place: [cell.lower(), cell.replace("-", "\u2011"), cell][place % 3]
    )


def titles_and_two_headers(book):
    for name in ("strata", "records", "crimes"):
        above = [["CDI AUDIT"], [None], ["Record", None, None, "Dates"]]
        book[name] = [[None, *row] for row in (*above, *book[name], [], ["", " "])]
    book["audit"] = [[], ["Audit details"], *([None, None, key, value] for key, value in book["audit"][1:])]


def numbers_as_text(book):
    """pandas writes whole numbers beside a blank as 12.0."""
    change(book, "records", "record_id", lambda cell, _: int(cell[-3:]) + 2018060000)
    change(book, "crimes", "record_id", lambda cell, _: f"{int(cell[-3:]) + 2018060000}.0")
    change(book, "strata", "records_in_frame", lambda cell, _: f"{cell:,}")
    change(book, "crimes", "crime_number", lambda cell, _: f"{cell}.0")


def codes_by_their_labels(book):
    change(book, "crimes", "reason", lambda cell, _: cell and "Call Handler left detail out")
    book["audit"][2][1] = "Internal-Audit"


@pytest.mark.parametrize(
    "habit",
    [ticks, every_answer, times_as_text, serials_as_text, blanks_nobody_sees, spellings_that_differ,
     titles_and_two_headers, numbers_as_text, codes_by_their_labels],
)  # fmt: skip
def test_habits_of_filling_in(tmp_path, habit):
    book = sheets()
    habit(book)
    same(save(book, tmp_path / "audit.xlsx"), ids=habit is not numbers_as_text)


def test_headings_two_rows_deep(tmp_path):
    """Date and Time stand twice in the lower row; the upper one says of what."""
    book = sheets()
    head, *rows = book["crimes"]
    deep = [[None] * 2 + ["Reported", None, "Outcome", "Recorded", None, None, None],
            [*head[:2], "Date", "Time", head[3], "Date", "Time", *head[5:]]]  # fmt: skip
    for row in rows:
        times = [(cell.date(), cell.time()) if cell else (None, None) for cell in (row[2], row[4])]
        deep.append([*row[:2], *times[0], row[3], *times[1], *row[5:]])
    (tmp_path / "audit.mapping.toml").write_text(
        '[sheets.crimes.columns]\nreported_at = ["Reported Date", "Reported Time"]\n'
        'recorded_at = ["Recorded Date", "Recorded Time"]\n'
    )
    same(save({**book, "crimes": deep}, tmp_path / "audit.xlsx"))


def test_hidden_sheets_filters_comments_and_lists_change_nothing(tmp_path):
    def finish(workbook):
        workbook.create_sheet("Lookups").sheet_state = "hidden"
        crimes = workbook["crimes"]
        crimes.auto_filter.ref = "A1:G10"
        crimes.row_dimensions[4].hidden = True
        crimes["A2"].comment = openpyxl.comments.Comment("queried", "auditor")
        crimes.cell(5000, 40).fill = openpyxl.styles.PatternFill("solid", fgColor="FF0000")
        workbook.create_chartsheet("Chart")

    same(save(sheets(), tmp_path / "audit.xlsx", finish))


def test_lines_of_totals_are_told_and_compared(tmp_path):
    """A workbook's own sums are no rows; a sum that is wrong is an error, of subtotals too."""
    book = sheets()
    book["strata"].append(["Total", None, None, None, 2100, 9])
    book["records"] += [[], ["Grand total:", 9]]
    book["crimes"].append(["TOTAL", 9, None, 6])
    same(save(book, tmp_path / "audit.xlsx"), told=["totals-line"])
    book["strata"][3][4] = 2000
    wrong = [p for p in check_audit(save(book, tmp_path / "audit.xlsx")) if p.severity == "error"]
    assert [(p.sheet, p.row, p.column, p.found, p.rule) for p in wrong] == [
        ("strata", 4, "records_in_frame", "2000", "totals-do-not-add")
    ]
    assert "2100" in wrong[0].expected


# The files themselves.


def write_with_xlsxwriter(path, options=None, special=None):
    with xlsxwriter.Workbook(str(path), options or {}) as workbook:
        moment = workbook.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        for title, rows in sheets().items():
            sheet = workbook.add_worksheet(title)
            for row, values in enumerate(rows):
                for column, cell in enumerate(values):
                    if special and row and special(workbook, sheet, title, row, column, cell):
                        continue
                    if isinstance(cell, date):
                        sheet.write_datetime(row, column, cell, moment)
                    elif cell is not None:
                        sheet.write(row, column, cell)
    return path


def formulas(_workbook, sheet, title, row, column, cell):
    if title == "crimes" and column in (0, 3):
        return sheet.write_formula(row, column, f"=records!A{row}", None, cell) == 0
    return title == "strata" and column == 5 and sheet.write_formula(row, column, "=COUNTA(A:A)", None, cell) == 0


def rich_text(workbook, sheet, title, row, column, cell):
    bold = workbook.add_format({"bold": True})
    return title == "crimes" and column == 0 and sheet.write_rich_string(row, column, cell[:3], bold, cell[3:]) == 0


def days_since_1904_unformatted(_workbook, sheet, title, row, column, cell):
    """A day of a 1904 workbook whose cell lost its format is a bare number: 1,462 less than it would be elsewhere."""
    if title != "crimes" or column != 2:
        return False
    return sheet.write_number(row, column, (cell - datetime(1904, 1, 1)) / timedelta(days=1)) == 0


@pytest.mark.parametrize(
    ("options", "special"),
    [
        ({"constant_memory": True}, None),
        ({"date_1904": True}, None),
        ({"date_1904": True}, days_since_1904_unformatted),
        ({}, formulas),
        ({}, rich_text),
    ],
    ids=["inline strings", "1904", "1904 without formats", "formulas with values", "rich text"],
)
def test_kinds_of_xlsx(tmp_path, options, special):
    same(write_with_xlsxwriter(tmp_path / "audit.xlsx", options, special))


def rewritten(path, changes):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts:
        for pattern, turn in changes.items():
            parts[name] = turn(parts[name]) if re.fullmatch(pattern, name) else parts[name]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_strict_and_prefixed_xml(tmp_path):
    """ISO/IEC 29500 strict has other namespaces; other writers give every tag a prefix."""
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"

    def strict(xml):
        xml = xml.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main")
        return xml.replace(links, b"http://purl.oclc.org/ooxml/officeDocument/relationships")

    def prefixed(xml):
        return re.sub(rb"<(/?)([a-zA-Z])", rb"<\1x:\2", xml.replace(b"xmlns=", b"xmlns:x=", 1))

    same(rewritten(save(sheets(), tmp_path / "strict.xlsx"), {r".*\.(xml|rels)": strict}))
    same(rewritten(save(sheets(), tmp_path / "prefixed.xlsx"), {r"xl/worksheets/sheet\d\.xml": prefixed}))


@pytest.mark.parametrize(
    "target",
    ["xl/worksheets/sheet2.xml", "./worksheets/sheet2.xml", "../xl/worksheets/sheet2.xml", "Worksheets/Sheet2.xml",
     "worksheets\\sheet2.xml"],
)  # fmt: skip
def test_a_part_named_in_another_way_hides_no_formula(tmp_path, target):
    path = save(sheets(), tmp_path / "audit.xlsx")
    rewritten(
        path,
        {
            "xl/_rels/workbook.xml.rels": lambda xml: xml.replace(b"/xl/worksheets/sheet2.xml", target.encode()),
            r"xl/worksheets/sheet2\.xml": lambda xml: xml.replace(b"<v>900</v>", b"<f>1+1</f>"),
        },
    )
    try:
        assert "formula-without-value" in {p.rule for p in check_audit(path)}
    except Exception as error:  # refused in words is as good
        assert type(error).__name__ == "UnreadableAudit"  # noqa: PT017


def test_ods_with_repeats_notes_and_spans(tmp_path):
    document = odfdo.Document("spreadsheet")
    document.body.clear()
    for title, rows in sheets().items():
        sheet = odfdo.Table(title)
        for values in rows:
            row = odfdo.Row()
            for cell in values:
                row.append_cell(odfdo.Cell(cell))
            sheet.append_row(row)
        document.body.append(sheet)
    document.save(tmp_path / "audit.ods")

    def turn(xml):
        note = b"<office:annotation><text:p>queried</text:p></office:annotation>"
        split = b"<text:p>KP-<text:span>20180601</text:span>-001</text:p>"
        tail = b'<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
        xml = xml.replace(b"<text:p>KP-20180601-001</text:p>", note + split)
        return xml.replace(
            b"</table:table>", tail + b'table:number-columns-repeated="1024"/></table:table-row></table:table>'
        )

    same(rewritten(tmp_path / "audit.ods", {r"content\.xml": turn}))


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": "utf-16", "delimiter": "\t"},
        {"encoding": "utf-16-le", "delimiter": "\t"},
        {"encoding": "utf-8-sig", "delimiter": ";", "before": '"sep=;"\r\n'},
        {"quoting": csv.QUOTE_ALL},
        {"lineterminator": "\r"},
        {"delimiter": ";"},
    ],
    ids=["UTF-16", "UTF-16 without mark", "quoted sep line", "all quoted", "old Mac lines", "semicolons"],
)
def test_csv_with_long_texts_in_every_form(tmp_path, options):
    """Marks within texts, quoted or not, do not decide the delimiter; line breaks within them do not count as rows."""
    book = sheets()
    book["crimes"][0].append("summary")
    for row in book["crimes"][1:]:
        row.append('He said; she said,\r\n"no";;;;;;;;;; and, so, on, and on, and on, and on')
    same(save_csv(book, tmp_path / "audit", **options), told=["unknown-column"])
    book["crimes"][4][3] = "perhaps"
    (problem,) = [p for p in check_audit(save_csv(book, tmp_path / "audit", **options)) if p.severity == "error"]
    assert (problem.row, problem.column) == (5 + bool(options.get("before")), "recorded")


def test_csv_that_keeps_its_numbers_from_excel(tmp_path):
    book = sheets()
    for name in ("records", "crimes"):
        change(book, name, "record_id", lambda cell, _: f'="{cell}"')
    same(save_csv(book, tmp_path / "audit"))


@pytest.mark.parametrize("sheet", ["records", "crimes"])
def test_numbers_shortened_to_powers_of_ten_have_lost_digits(tmp_path, sheet):
    """Excel writes 201806000001 into a CSV file as 2.01806E+11: two records may then share one number."""
    book = sheets()
    change(book, sheet, "record_id", lambda cell, place: "2.01806E+11" if place in (2, 5) else cell)
    problems = check_audit(save_csv(book, tmp_path / "audit"))
    shortened = [(p.sheet, p.row, p.column) for p in problems if p.rule == "shortened-number"]
    assert shortened == [(sheet, 4, "record_id"), (sheet, 7, "record_id")]
    assert not {(p.sheet, p.row) for p in problems if p.rule in ("repeated-key", "blank-cell")} & {
        (sheet, 4),
        (sheet, 7),
    }


def test_lost_noughts_are_pointed_out_not_put_right(tmp_path):
    book = sheets()
    change(book, "records", "record_id", lambda _, place: f"00{place + 1}")
    change(book, "crimes", "record_id", lambda cell, _: int(cell[-3:]))
    problems = [p for p in check_audit(save(book, tmp_path / "audit.xlsx")) if p.rule == "unknown-record"]
    assert [p.row for p in problems] == list(range(2, 11))
    assert problems[0].mend == "correct it: perhaps 001, noughts kept"


def save_parquet(folder, **typed):
    folder.mkdir()
    for title, rows in sheets().items():
        columns = dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))
        columns |= {"value": list(map(str, columns["value"]))} if title == "audit" else {}
        table = {name: typed.get(name, pa.array)(values) for name, values in columns.items()}
        pq.write_table(pa.table(table), folder / f"{title}.parquet")
    return folder


def zoned(values):
    """An hour less in UTC is the same time of a British summer."""
    return pa.array([value - timedelta(hours=1) for value in values], pa.timestamp("us")).cast(
        pa.timestamp("us", "UTC")
    )


@pytest.mark.parametrize(
    "typed",
    [
        {"record_id": lambda values: pa.array(values).dictionary_encode(), "reported_at": zoned},
        {"crime_number": lambda values: pa.array(list(map(decimal.Decimal, values)), pa.decimal128(5, 2))},
        {"period_start": lambda values: pa.array(values, pa.date32()),
         "period_end": lambda values: pa.array(values, pa.date64())},
        {"record_id": lambda values: pa.array([value.encode() for value in values]),
         "recorded": lambda values: pa.array([value == "yes" for value in values])},
        {"records_in_frame": lambda values: pa.array(values, pa.float32()),
         "records_sampled": lambda values: pa.array(values, pa.uint8()),
         "reported_at": lambda values: pa.array(values, pa.timestamp("ns"))},
    ],
    ids=["dictionary and zone", "decimals", "days", "bytes and truth", "floats and nanoseconds"],
)  # fmt: skip
def test_kinds_of_parquet(tmp_path, typed):
    same(save_parquet(tmp_path / "audit", **typed))


def test_lists_within_parquet_cells_are_no_values(tmp_path):
    nested = {"opening_code": lambda values: pa.array([[value] for value in values])}
    problems = check_audit(save_parquet(tmp_path / "audit", **nested))
    assert [(p.sheet, p.row, p.column, p.found) for p in problems] == [
        ("records", row, "opening_code", "a list or table within a cell") for row in range(2, 11)
    ]


# What must be refused, and what hides nothing else.


def told(book, path):
    return {(p.rule, p.sheet, p.row, p.column) for p in check_audit(save(book, path / "audit.xlsx"))}


def test_names_alike_are_not_two(tmp_path):
    book = sheets()
    book["strata"].append(["VIOLENCE ", "violent crime", *JUNE, 9, 0])
    book["records"].append(["kp\u201320180601-001", "violence", "assault", None])
    found = told(book, tmp_path)
    assert {("alike-strata", "strata", 4, "stratum"), ("alike-records", "records", 11, "record_id")} <= found


def test_counts_of_all_strata_by_any_name(tmp_path):
    """A total under the name of a total is one, and is compared with the strata; "all" as a domain is no domain."""
    book = {name: sheets()[name] for name in ("audit", "strata")}
    book["counts"] = [
        ["measure", "stratum", "domain", "records", "reported", "recorded"],
        ["Recording rate", "Violence", "All", 5, 50, 45],
        ["recording rate", "OTHER", None, 4, 40, 30],
        ["Recording Rate", "Total", None, 9, 90, 75],
        ["recording_rate", None, "Domestic Abuse", 2, 9, 8],
    ]
    found = inspect_audit(save(book, tmp_path / "audit.xlsx"))
    assert found.problems == ()
    table = examine(found.audit).table.set_index(["measure", "domain", "stratum"])
    assert list(table.loc[("recording_rate", "all", "violence"), ["reported", "recorded"]]) == [50, 45]
    assert list(table.loc[("recording_rate", "domestic_abuse", "all"), ["reported", "recorded"]]) == [9, 8]
    book["counts"][3][4] = 91
    assert told(book, tmp_path) == {("totals-do-not-add", "counts", 4, "reported")}


def test_facts_are_told_at_their_rows(tmp_path):
    book = sheets()
    book["audit"][2][1], book["audit"][4][1] = "exam", date(2018, 6, 15)
    book["audit"][3][1] = None
    book["audit"].append(["timeliness hours", "a day"])
    assert told(book, tmp_path) == {
        ("code-not-listed", "audit", 3, "value"),
        ("missing-fact", "audit", 4, "value"),
        ("published-early", "audit", 5, "value"),
        ("unreadable-optional-cell", "audit", 7, "value"),
    }


def test_an_empty_audit_sheet_lacks_every_required_fact(tmp_path):
    book = {**sheets(), "audit": [[]]}
    assert told(book, tmp_path) == {("missing-fact", "audit", None, None)}


@pytest.mark.parametrize(
    ("sheet", "column"),
    [("crimes", "recorded"), ("crimes", "record_id"), ("records", "stratum"), ("records", "record_id")],
)
def test_a_missing_column_is_one_problem_and_hides_none(tmp_path, sheet, column):
    """Nothing that merely follows from the missing column is told; what is wrong elsewhere is."""
    book = sheets()
    at = book[sheet][0].index(column)
    book[sheet] = [[cell for place, cell in enumerate(row) if place != at] for row in book[sheet]]
    change(book, "crimes", "domestic_abuse", lambda cell, place: "perhaps" if place == 1 else cell)
    found = told(book, tmp_path)
    assert {
        ("missing-column", sheet, 1, column),
        ("unreadable-optional-cell", "crimes", 3, "domestic_abuse"),
    } <= found
    assert not {rule for rule, *_ in found} & {"sampled-count", "blank-cell", "stratum-without-crime", "empty-stratum"}


def test_days_without_a_clock_tell_no_delay(tmp_path):
    """Recorded at 00:00 on the next day would count as within 24 hours, whenever in that day it was."""
    book = sheets()
    change(book, "crimes", "recorded_at", lambda cell, _: cell and cell.date() + timedelta(days=1))
    (problem,) = check_audit(save(book, tmp_path / "audit.xlsx"))
    assert (problem.severity, problem.sheet, problem.column, problem.found) == (
        "warning", "crimes", "recorded_at", "6 of 6 times at midnight"
    )  # fmt: skip


def test_everything_wrong_with_one_row(tmp_path):
    book = sheets()
    book["crimes"][1] = [None, "x", datetime(2018, 6, 1, 10), "maybe", datetime(2018, 5, 1), "p", "unheard of"]
    book["crimes"][2] = ["KP-X", 2, "31/06/2018", "no", datetime(2018, 6, 9), "=1", None]
    assert told(book, tmp_path) >= {
        ("blank-cell", "crimes", 2, "record_id"),
        ("unreadable-cell", "crimes", 2, "crime_number"),
        ("unreadable-cell", "crimes", 2, "recorded"),
        ("recorded-before-reported", "crimes", 2, "recorded_at"),
        ("unreadable-optional-cell", "crimes", 2, "domestic_abuse"),
        ("code-not-listed", "crimes", 2, "reason"),
        ("unknown-record", "crimes", 3, "record_id"),
        ("unreadable-optional-cell", "crimes", 3, "reported_at"),
        ("time-of-missed", "crimes", 3, "recorded_at"),
        ("formula-without-value", "crimes", 3, "domestic_abuse"),
        ("reason-missing", "crimes", 3, "reason"),
    }
