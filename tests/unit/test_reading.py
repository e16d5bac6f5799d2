"""An audit file read: the same audit from every form it may come in, and every mistake named at once."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import FrozenInstanceError
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from cdi_stats.audit.examples import build_example
from cdi_stats.audit.problems import AuditProblems, problem_lines
from cdi_stats.audit.reading import NO_EARLIER, audit_id, check_audit, locate_bundled, locate_earlier, read_audit
from cdi_stats.audit.schema import FACTS, SHEETS, all_sheets
from cdi_stats.audit.template import write_workbook
from cdi_stats.errors import UnreadableAudit
from cdi_stats.findings.examine import examine
from cdi_stats.resources import resource

EPOCH = datetime(1899, 12, 30)
BEYOND_ASCII = "Kent – “Pôlice” £"
ISO = {"date": "%Y-%m-%d", "moment": "%Y-%m-%d %H:%M:%S"}
BRITISH = {"date": "%d/%m/%Y", "moment": "%d/%m/%Y %H:%M"}
SPOKEN = {"date": "%d %B %Y", "moment": "%d %B %Y %H:%M"}


@pytest.fixture(scope="module")
def kent():
    """The tables of kent-2018, with letters beyond ASCII in them."""
    tables = build_example("kent-2018")
    tables["audit"].loc[tables["audit"]["key"] == "force", "value"] = BEYOND_ASCII
    return tables


@pytest.fixture(scope="module")
def from_workbook(kent, tmp_path_factory):
    path = tmp_path_factory.mktemp("kent") / "kent-2018.xlsx"
    write_workbook(kent, path)
    return read_audit(path)


def kind_of(sheet, column, row):
    """Return the kind of a cell; the facts' kinds stand beside their keys."""
    columns = {c.name: c.kind for c in all_sheets()[sheet].columns}
    return columns.get(row.iloc[0] if sheet == FACTS.name and column == "value" else column, "text")


def as_text(value, kind, forms, words):
    if value is None or pd.isna(value):
        return ""
    if kind in ("date", "moment"):
        return value.strftime(forms[kind])
    return words.get(value, str(value)) if kind == "yes_no" else str(value)


def write_folder(tables, folder, *, encoding, forms, words, above=(), below=0):
    folder.mkdir()
    for name, table in tables.items():
        rows = [
            [as_text(row[column], kind_of(name, column, row), forms, words) for column in table.columns]
            for _, row in table.iterrows()
        ]
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([*above, list(table.columns), *rows, *[[""] * len(table.columns)] * below])
    return folder


def same(audit, other, shift=0):
    """Assert that two audits hold the same facts, strata and tables; rows lie `shift` lines lower in the first."""
    assert audit.facts == other.facts
    assert audit.strata == other.strata
    assert set(audit.tables) == set(other.tables) == set(SHEETS)
    for name in SHEETS:
        found = audit.table(name)
        found.index = found.index - shift if len(found) else found.index
        pd.testing.assert_frame_equal(found, other.table(name))


@pytest.mark.parametrize(
    ("encoding", "forms", "words"),
    [
        ("utf-8-sig", ISO, {"yes": "yes", "no": "no"}),
        ("cp1252", BRITISH, {"yes": "Y", "no": "n"}),
        ("utf-8", SPOKEN, {"yes": "TRUE", "no": "False"}),
        ("utf-8-sig", BRITISH, {"yes": "1", "no": "0"}),
    ],
    ids=["utf-8 with mark, ISO dates", "Windows-1252, British dates", "UTF-8, months in words", "ones and zeros"],
)
def test_csv_folder_gives_the_same_audit_as_the_workbook(kent, from_workbook, tmp_path, encoding, forms, words):
    folder = write_folder(kent, tmp_path / "kent-2018", encoding=encoding, forms=forms, words=words)
    audit = read_audit(folder)
    assert audit.facts.force == BEYOND_ASCII
    same(audit, from_workbook)


def test_bundled_workbook_gives_the_same_audit_as_the_tables_it_is_built_from(bundled, tmp_path):
    for name, audit in bundled.items():
        folder = write_folder(
            build_example(name), tmp_path / name, encoding="utf-8", forms=ISO, words={"yes": "Yes", "no": "NO"}
        )
        same(read_audit(folder), audit)


def test_titles_above_the_header_and_blank_rows_below_change_nothing_but_row_numbers(kent, from_workbook, tmp_path):
    folder = write_folder(
        kent,
        tmp_path / "kent-2018",
        encoding="utf-8",
        forms=ISO,
        words={},
        above=[["Crime data integrity audit", ""], ["", ""]],
        below=3,
    )
    audit, facts = read_audit(folder), from_workbook.facts
    assert audit.facts == facts
    assert audit.table("crimes").index[0] == from_workbook.table("crimes").index[0] + 2
    same(audit, from_workbook, shift=2)


def test_days_that_a_spreadsheet_keeps_as_bare_numbers(kent, from_workbook, tmp_path):
    def serial(cell):
        if not isinstance(cell, date):
            return cell
        moment = cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)
        return (moment - EPOCH) / timedelta(days=1)

    path = tmp_path / "kent-2018.xlsx"
    write_workbook({name: table.map(serial) for name, table in kent.items()}, path)
    same(read_audit(path), from_workbook)


@pytest.mark.parametrize(
    "written",
    ["2018-06-30", "30/06/2018", "30-06-2018", "30.06.2018", "30/06/18", "30 June 2018", "30 Jun 2018", "30-Jun-18"],
)
def test_forms_of_a_day(make_tables, save, written):
    tables = make_tables({"a": [(1, 1), (1, 0)]}, facts={"publication_date": written})
    assert read_audit(save(tables)).facts.publication_date == date(2018, 6, 30)


@pytest.mark.parametrize(("written", "day"), [("01/02/2018", date(2018, 2, 1)), ("12/01/2018", date(2018, 1, 12))])
def test_the_day_stands_before_the_month(make_tables, save, written, day):
    tables = make_tables({"a": [(1, 1), (1, 0)]}, facts={"publication_date": written})
    assert read_audit(save(tables)).facts.publication_date == day


@pytest.mark.parametrize("written", ["06/30/2018", "31 June 2018", "29/02/2019", "soon", "2018"])
def test_what_is_no_day_is_refused(make_tables, save, written):
    tables = make_tables({"a": [(1, 1), (1, 0)]}, facts={"publication_date": written})
    problems = check_audit(save(tables))
    assert [(p.sheet, p.row, p.column) for p in problems] == [("audit", 5, "value")]
    assert written in problems[0].found


def test_spellings_of_yes_and_no(make_tables, save):
    spellings = ["yes", "Yes", " YES ", "y", "TRUE", True, 1, "no", "No", "N", "false", False, 0]
    tables = make_tables({"a": [(1, 1)] * len(spellings)})
    tables["crimes"]["recorded"] = pd.Series(spellings, dtype=object)
    assert read_audit(save(tables)).table("crimes")["recorded"].tolist() == [True] * 7 + [False] * 6


def test_column_names_as_people_write_them(make_tables, save):
    tables = make_tables({"a": [(1, 1), (2, 1)]})
    same_tables = tables | {"crimes": tables["crimes"].rename(columns={"crime_number": " Crime Number"})}
    same(read_audit(save(same_tables, "spaced")), read_audit(save(tables)))


def test_unknown_column_is_a_warning_with_the_nearest_name(make_tables, save):
    tables = make_tables({"a": [(1, 1), (2, 1)]})
    tables["records"] = tables["records"].rename(columns={"opening_code": "openning_code"})
    audit = read_audit(save(tables))
    (warning,) = audit.warnings
    assert (warning.sheet, warning.row, warning.column) == ("records", 1, "openning_code")
    assert warning.severity == "warning"
    assert re.search(r"\bopening_code\b", warning.mend)


def test_an_audit_cannot_be_changed(bundled):
    audit = bundled["kent-2017"]
    before = audit.table("crimes")
    copy = audit.table("crimes")
    copy["recorded"] = False
    pd.testing.assert_frame_equal(audit.table("crimes"), before)
    with pytest.raises(FrozenInstanceError):
        audit.facts.force = "Another"
    with pytest.raises(FrozenInstanceError):
        audit.strata[0].records_sampled = 1
    with pytest.raises(FrozenInstanceError):
        audit.id = "another"
    with pytest.raises(TypeError):
        audit.tables["crimes"] = copy


def test_digest_is_of_what_was_read(bundled, kent, tmp_path):
    data = resource("data", "examples", "kent-2017.xlsx").read_bytes()
    assert bundled["kent-2017"].digest == hashlib.sha256(data).hexdigest()
    folder = write_folder(kent, tmp_path / "kent", encoding="utf-8", forms=ISO, words={})
    before = read_audit(folder).digest
    assert read_audit(folder).digest == before
    with (folder / "context.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert read_audit(folder).digest != before


# Mistakes. The base is sound; each function makes one mistake in it.

SAFE = [(1, 1), (2, 1), (1, 1), (1, 0), (0, 0), (1, 1)]


@pytest.fixture
def base(make_tables):
    def times(table):
        reported = datetime(2019, 2, 1, 9, 0)
        table["reported_at"] = [reported + timedelta(days=day) for day in range(len(table))]
        done = table["recorded"] == "yes"
        table["recorded_at"] = (table["reported_at"] + timedelta(hours=3)).astype(object).where(done, None)
        return table

    tables = make_tables(
        {"violence": SAFE, "other": SAFE},
        strata={"records_in_frame": 600},
        counts=[{"measure": "victims_informed", "reported": 9, "recorded": 7, "records": 9}],
        vulnerable=[{"record_id": f"VV-{n}", "reported": 2, "recorded": 1} for n in range(4)],
        cancellations=[{"cancellation_id": "C-1", "crime_type": "rape", "correct": "yes"}],
        n100=[{"n100_id": "N-1", "test": "needed", "made": "yes"}],
        judgements=[{"question": "overall", "judgement": "good"}],
    )
    tables["crimes"] = times(tables["crimes"])
    return tables


def cell(sheet, row, column, value):
    """Return the mistake of a wrong cell; rows count as in the spreadsheet."""

    def make(tables):
        tables[sheet] = tables[sheet].astype(object)
        tables[sheet].loc[row - 2, column] = value

    return make


def another(sheet, **cells):
    """Return the mistake of one row too many."""

    def make(tables):
        table = tables[sheet]
        tables[sheet] = pd.concat(
            [table, pd.DataFrame([[cells.get(name) for name in table.columns]], columns=table.columns, dtype=object)],
            ignore_index=True,
        )

    return make


def rename(sheet, old, new):
    def make(tables):
        tables[sheet] = tables[sheet].rename(columns={old: new})

    return make


def drop_fact(name):
    def make(tables):
        tables["audit"] = tables["audit"][tables["audit"]["key"] != name]

    return make


# what it is: (the mistake, sheet, row, column, a part of what was found, severity)
MISTAKES = {
    "day that is none": (cell("strata", 3, "period_end", "31 June 2018"), "strata", 3, "period_end", "31 June 2018"),
    "end before start": (
        cell("strata", 2, "period_end", date(2018, 12, 1)), "strata", 2, "period_end", "01 December 2018",
    ),
    "frame below sample": (cell("strata", 2, "records_in_frame", 5), "strata", 2, "records_in_frame", "5"),
    "records sampled not those present": (
        cell("strata", 3, "records_sampled", 9), "strata", 3, "records_sampled", "9 for other",
    ),
    "year without its end": (cell("strata", 2, "recorded_in_year", 9000), "strata", 2, "year_end", "blank"),
    "share above one": (cell("strata", 2, "auditable_share", 98.8), "strata", 2, "auditable_share", "98.8"),
    "share below nought": (cell("strata", 3, "planned_margin", -0.03), "strata", 3, "planned_margin", "-0.03"),
    "blank label": (cell("strata", 3, "label", None), "strata", 3, "label", "blank"),
    "unknown stratum": (
        another("records", record_id="V-77", stratum="violense"), "records", 14, "stratum", "violense",
    ),
    "duplicate record": (
        another("records", record_id="other-1", stratum="violence"), "records", 15, "record_id", "other-1",
    ),
    "code outside its list": (cell("records", 3, "route", "carrier pigeon"), "records", 3, "route", "carrier pigeon"),
    "time that is none": (cell("records", 4, "opened_at", "25/13/2019 10:00"), "records", 4, "opened_at", "25/13"),
    "crime without record": (
        another("crimes", record_id="X-1", crime_number=1, recorded="yes"), "crimes", 14, "record_id", "X-1",
    ),
    "duplicate crime": (
        another("crimes", record_id="other-2", crime_number=1, recorded="no"), "crimes", 15, "record_id", "other-2, 1",
    ),
    "blank where a cell is required": (cell("crimes", 2, "recorded", None), "crimes", 2, "recorded", "blank"),
    "neither yes nor no": (cell("crimes", 3, "rape", "perhaps"), "crimes", 3, "rape", "perhaps"),
    "reason outside its list": (cell("crimes", 4, "reason", "bad luck"), "crimes", 4, "reason", "bad luck"),
    "negative number": (cell("crimes", 5, "crime_number", -3), "crimes", 5, "crime_number", "-3"),
    "part of a number": (cell("crimes", 8, "crime_number", 1.5), "crimes", 8, "crime_number", "1.5"),
    "recorded before reported": (
        cell("crimes", 7, "recorded_at", datetime(2019, 1, 31, 8, 30)), "crimes", 7, "recorded_at", "31/01/2019 08:30",
    ),
    "time of a crime not recorded": (
        cell("crimes", 12, "recorded_at", datetime(2019, 3, 1, 8, 30)), "crimes", 12, "recorded_at", "not recorded",
    ),
    "counts recorded above reported": (cell("counts", 2, "recorded", 10), "counts", 2, "recorded", "10"),
    "unknown measure": (
        another("counts", measure="luck", reported=2, recorded=1), "counts", 3, "measure", "luck",
    ),
    "vulnerable recorded above reported": (cell("vulnerable", 3, "recorded", 3), "vulnerable", 3, "recorded", "3"),
    "more safeguarded than missed": (cell("vulnerable", 4, "safeguarded", 2), "vulnerable", 4, "safeguarded", "2"),
    "missing required column": (
        rename("cancellations", "crime_type", "kind_of"), "cancellations", 1, "crime_type", "no such column",
    ),
    "outcome outside its list": (cell("n100", 2, "outcome", "lost"), "n100", 2, "outcome", "lost"),
    "N100 needed, made not said": (
        another("n100", n100_id="N-2", test="needed"), "n100", 3, "made", "blank",
    ),
    "N100 examined without outcome": (
        another("n100", n100_id="N-3", test="examined"), "n100", None, "outcome", "blank",
    ),
    "rate in counts beside the records": (
        another("counts", measure="recording_rate", stratum="other", reported=8, recorded=6),
        "counts", None, "measure", "which the records give too",
    ),
    "stratum called all": (
        another("strata", stratum="all", label="All", period_start=date(2019, 1, 1), period_end=date(2019, 3, 31),
                records_sampled=0),
        "strata", 4, "stratum", "'all'",
    ),
    "timeliness of no hours": (
        another("audit", key="timeliness_hours", value=0), "audit", None, "value", "timeliness_hours 0",
    ),
    "fact given twice": (
        another("audit", key="force", value="Another Police"), "audit", None, "key", "force",
    ),
    "question judged twice": (
        another("judgements", question="overall", judgement="good"), "judgements", 3, "question", "overall",
    ),
    "fact that is no code": (cell("audit", 3, "value", "exam"), "audit", None, "value", "exam"),
    "fact that is no date": (cell("audit", 5, "value", "soon"), "audit", 5, "value", "soon"),
    "fact missing": (drop_fact("counting_rules"), "audit", None, None, "counting_rules"),
}  # fmt: skip
WARNINGS = {
    "unknown fact": (another("audit", key="forze", value="Kent"), "audit", None, "forze", "unknown"),
    "unknown column": (rename("n100", "made", "maid"), "n100", 1, "maid", "unknown"),
    "opened outside the period": (
        cell("records", 6, "opened_at", datetime(2019, 4, 1, 0, 5)), "records", 6, "opened_at", "01/04/2019",
    ),
}  # fmt: skip
EVERY = {name: (*mistake, "error") for name, mistake in MISTAKES.items()}
EVERY |= {name: (*mistake, "warning") for name, mistake in WARNINGS.items()}


def is_named(problems, mistake):
    _, sheet, row, column, found, severity = mistake
    return any(
        (p.sheet, p.column, p.severity) == (sheet, column, severity) and row in (None, p.row) and found in p.found
        for p in problems
    )


def test_the_base_of_all_mistakes_is_sound(base, save):
    assert check_audit(save(base)) == []


@pytest.mark.parametrize("name", EVERY)
def test_a_mistake_alone_is_named(base, save, name):
    rows_before = {"duplicate record": "unknown stratum", "duplicate crime": "crime without record"}
    for place in filter(None, (rows_before.get(name), name)):
        EVERY[place][0](base)
    problems = check_audit(save(base))
    assert is_named(problems, EVERY[name]), problems
    assert all(p.found and p.expected and p.mend for p in problems)


def test_all_mistakes_together_are_each_named(base, save):
    for make, *_ in EVERY.values():
        make(base)
    path = save(base)
    problems = check_audit(path)
    assert [name for name, mistake in EVERY.items() if not is_named(problems, mistake)] == []
    assert len({(p.sheet, p.row, p.column, p.found) for p in problems}) == len(problems), "none is named twice"
    severities = [p.severity for p in problems]
    assert severities == sorted(severities), "errors stand before warnings"
    with pytest.raises(AuditProblems) as refused:
        read_audit(path)
    assert refused.value.exit_code == 2
    assert set(refused.value.problems) == set(problems)
    lines = str(refused.value).splitlines()
    assert lines[1:] == problem_lines(problems)
    assert f"{severities.count('error')} problems" in lines[0]
    for problem in problems:
        told = [line for line in lines if f"found {problem.found}; expected {problem.expected}." in line]
        line = next(line for line in told if str(problem) == line or ", rows " in line)
        assert f"sheet {problem.sheet}" in line
        assert problem.row is None or re.search(rf"rows? (\d+, )*{problem.row}\b", line)
        assert problem.column is None or problem.column in line


@pytest.mark.parametrize("sheet", ["audit", "strata"])
def test_a_missing_sheet_hides_nothing_in_the_others(base, save, sheet):
    EVERY["vulnerable recorded above reported"][0](base)
    EVERY["neither yes nor no"][0](base)
    del base[sheet]
    problems = check_audit(save(base))
    assert any(p.sheet == sheet and p.found == "no such sheet" for p in problems)
    assert is_named(problems, EVERY["vulnerable recorded above reported"])
    assert is_named(problems, EVERY["neither yes nor no"])


def test_column_given_twice(base, save):
    base["records"] = base["records"].rename(columns={"auditor": "Record id"})
    problems = check_audit(save(base))
    assert [(p.sheet, p.row, p.column) for p in problems] == [("records", 1, "record_id")]


def test_nothing_audited(make_tables, save):
    problems = check_audit(save(make_tables({"a": []})))
    assert [(p.sheet, p.severity) for p in problems] == [("records", "error")]
    problems = check_audit(save(make_tables({"a": [(0, 0), (0, 0)]}), "empty"))
    assert [(p.sheet, p.severity) for p in problems] == [("crimes", "error")]


def test_one_sampled_record_in_a_stratum_is_refused_unless_it_is_the_whole_frame(make_tables, save):
    problems = check_audit(save(make_tables({"a": [(2, 1)], "b": SAFE})))
    assert [(p.sheet, p.row, p.column) for p in problems] == [("strata", 2, "records_sampled")]
    assert check_audit(save(make_tables({"a": [(2, 1)]}, strata={"records_in_frame": 1}), "whole")) == []


def test_totals_from_no_record_are_a_problem(make_tables, save):
    counts = [{"measure": "recording_rate", "stratum": "a", "reported": 300, "recorded": 250}]
    tables = make_tables({"a": []}, counts=counts)
    problems = check_audit(save(tables))
    assert [(p.sheet, p.row, p.column, p.found) for p in problems] == [("strata", 2, "records_sampled", "0")]
    tables["strata"]["records_sampled"] = 280
    assert check_audit(save(tables, "sampled")) == []


@pytest.mark.parametrize(
    "make",
    [
        cell("strata", 2, "recorded_in_year", 0),
        another("counts", measure="recording_rate", stratum="other", reported=8, recorded=6),
        another("audit", key="timeliness_hours", value=-24),
    ],
    ids=["no crime recorded in the year", "rate in counts and in records", "negative hours"],
)
def test_what_cannot_be_examined_is_found_by_the_check(base, save, make):
    base["strata"]["year_end"] = date(2019, 3, 31)
    make(base)
    path = save(base)
    if not [p for p in check_audit(path) if p.severity == "error"]:
        examine(read_audit(path))
        assert read_audit(path).facts.timeliness_hours > 0


def test_a_fact_given_twice_with_two_values_is_a_problem(base, save):
    another("audit", key="force", value="Another Police")(base)
    assert any(p.sheet == "audit" and p.row == 7 for p in check_audit(save(base)))


def test_control_characters_become_spaces(make_tables, save):
    """XML, and so a workbook's cell, a page and a PDF, has no place for them; a CSV file has."""
    tables = make_tables({"a": [(1, 1), (1, 0)]})
    folder = save(tables).with_suffix("")
    write_folder(tables, folder, encoding="utf-8", forms=ISO, words={})
    text = (folder / "audit.csv").read_text(encoding="utf-8")
    dirty = text.replace("Testshire Police", "Test\x0bshire\x1f Po\x7flice\x07")
    assert dirty != text
    (folder / "audit.csv").write_text(dirty, encoding="utf-8")
    assert read_audit(folder).facts.force == "Test shire  Po lice"


# Names and places.


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Audit 2018.xlsx", "my-audit-2018"), ("kent_2018.v2.xlsx", "kent-2018-v2"), ("KENT.xlsx", "kent")],
)
def test_audits_are_filed_under_their_name(tmp_path, name, expected):
    (tmp_path / name).touch()
    assert audit_id(tmp_path / name) == expected


@pytest.mark.parametrize(("name", "expected"), [("audit.xlsx", "spring-2018"), ("q3.xlsx", "q3")])
def test_a_file_called_as_every_new_audit_is_goes_by_its_folder(tmp_path, name, expected):
    file = tmp_path / "Spring 2018" / name
    file.parent.mkdir()
    file.touch()
    assert audit_id(file) == expected


def test_names_in_other_letters_do_not_share_a_folder(tmp_path):
    names = ["Кент.xlsx", "Гент.xlsx", "éire.xlsx", "ire.xlsx", "–.xlsx", "“.xlsx"]
    for name in names:
        (tmp_path / name).touch()
    found = [audit_id(tmp_path / name) for name in names]
    assert len(set(found)) == len(names)
    assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", one) for one in found)
    assert found == [audit_id(tmp_path / name) for name in names], "the same each time"


@pytest.mark.parametrize("device", ["con", "PRN", "aux", "nul", "COM1", "lpt9"])
def test_no_audit_is_filed_under_the_name_of_a_windows_device(tmp_path, device):
    """Microsoft, Naming Files, Paths, and Namespaces: these are reserved whatever their case."""
    (tmp_path / f"{device}.xlsx").touch()
    assert re.fullmatch(f"{device.lower()}-[0-9a-f]{{6}}", audit_id(tmp_path / f"{device}.xlsx"))


def test_the_earlier_audit_is_the_one_named_else_the_audits_own(bundled):
    path, audit = locate_bundled("kent-2018"), bundled["kent-2018"]
    assert audit.facts.earlier_audit == "kent-2017"
    assert locate_earlier(path, audit, "") == locate_bundled("kent-2017")
    assert locate_earlier(path, audit, "kent-board-2017") == locate_bundled("kent-board-2017")
    assert locate_earlier(path, audit, NO_EARLIER) is None
    assert locate_earlier(locate_bundled("kent-2017"), bundled["kent-2017"], "") is None
    with pytest.raises(UnreadableAudit, match="kent-1918"):
        locate_earlier(path, audit, "kent-1918")


# What is no audit at all.


@pytest.mark.parametrize("data", [b"", b"hello", b"PK\x03\x04 cut off", b"key,value\nforce,Kent\n"])
def test_what_is_no_workbook_is_unreadable(tmp_path, data):
    path = tmp_path / "audit.xlsx"
    path.write_bytes(data)
    for read in (read_audit, check_audit):
        with pytest.raises(UnreadableAudit, match=r"audit\.xlsx") as refused:
            read(path)
        assert len(str(refused.value).splitlines()) == 1
        assert refused.value.exit_code == 2


def test_empty_folder_is_unreadable(tmp_path):
    with pytest.raises(UnreadableAudit, match=r"audit\.csv") as refused:
        read_audit(tmp_path)
    assert len(str(refused.value).splitlines()) == 1


def test_csv_with_an_open_quotation_mark_is_refused_in_words(tmp_path):
    (tmp_path / "audit.csv").write_text('key,value\nforce,"Kent\n' + "x" * 200_000, encoding="utf-8")
    with pytest.raises((UnreadableAudit, AuditProblems)):
        read_audit(tmp_path)


def test_missing_path_suggests_the_nearest_bundled_audit(tmp_path):
    with pytest.raises(UnreadableAudit, match=r"did you mean kent-2017\?") as refused:
        read_audit("kent_2017")
    assert len(str(refused.value).splitlines()) == 1
    with pytest.raises(UnreadableAudit, match="kent-2017, kent-2018, kent-board-2017"):
        read_audit("zzz.xlsx")
    with pytest.raises(UnreadableAudit, match="no such file"):
        read_audit(tmp_path / "zzz.xlsx")


def test_a_missing_file_is_never_taken_for_a_bundled_audit(tmp_path):
    with pytest.raises(UnreadableAudit):
        read_audit(tmp_path / "2017 audits" / "kent-2017")
