"""Mappings and overrides as anyone may write them: one clear line a fault, no traceback, nothing ignored in silence."""

from __future__ import annotations

import openpyxl
import pytest

from cdi_stats.audit import beside
from cdi_stats.audit.mapping import read_mapping
from cdi_stats.audit.overrides import read_overrides
from cdi_stats.audit.reading import check_audit, inspect_audit
from cdi_stats.errors import BadParameters
from cdi_stats.findings.examine import examine

FACTS = """
[facts]
force = "Testshire Police"
audit_type = "internal audit"
prepared_by = "Registrar"
publication_date = 2018-08-01
counting_rules = "April 2018"
"""


def strata(**sampled):
    return "".join(
        f'[[rows.strata]]\nstratum = "{name}"\nlabel = "{name} crime"\nperiod_start = 2018-06-01\n'
        f"period_end = 2018-06-30\nrecords_sampled = {number}\n"
        for name, number in sampled.items()
    )


def save(folder, book, mapping):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in book.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(folder / "their.xlsx")
    (folder / "their.mapping.toml").write_text(mapping, encoding="utf-8")
    return folder / "their.xlsx"


def rates(path):
    found = inspect_audit(path)
    assert [str(p) for p in found.problems if p.severity == "error"] == []
    table = examine(found.audit).table
    rows = table[(table["measure"] == "recording_rate") & (table["domain"] == "all") & (table["stratum"] != "all")]
    return {row.stratum: (row.reported, row.recorded) for row in rows.itertuples()}


# What is wrong in itself.


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("sheets = 1", "sheets: found '1'; expected a table"),
        ("[sheets]\nrecords = 1", "sheets.records: found '1'; expected a table"),
        (
            "[sheets.records.columns]\nrecord_id = 1",
            "sheets.records.columns.record_id: found '1'; expected a name with",
        ),
        ('[sheets.records.columns]\nrecord_id = ["a"]', "expected the name of a column, or two: that of a date and"),
        ('[sheets.records.columns]\nrecord_id = "--"', "expected a name with a letter or a digit in it"),
        ('[sheets.records.columns]\nrecord_id = ["a", "b"]', "only a date and a time are joined"),
        ("[sheets.records]\nheader_row = true", "header_row: found 'True'; expected a whole number"),
        ('[sheets.records]\ndistinct = "yes"', "distinct: found 'yes'; expected true or false"),
        ('[sheets.records]\nsheet = ["a", "A"]', "expected the name of a sheet, or several different ones"),
        ('[sheets.records]\nsheet_is = "colour"', "colour is no column of it"),
        ('[sheets.records]\nsheet_is = "stratum"\nfixed = { stratum = "a" }', "stratum is given otherwise too"),
        ("[sheets.crimes.fixed]\nrecorded = [1]", "fixed.recorded: found '[1]'; expected one value"),
        ("[sheets.crimes.fixed]\ncrime_number = nan", "fixed.crime_number: found 'nan'; expected one value"),
        ('[facts]\nforce = { a = "b" }', "facts.force: found"),
        ("[[rows.strata]]\nrecords_sampled = [1]", "rows.strata.0.records_sampled: found '[1]'; expected one value"),
        ('[conventions]\nyes = "Y"', "conventions.yes: found 'Y'; expected a list"),
        ('[conventions]\nyes = ["ok"]\nno = ["OK"]', "'ok' is said to mean two things"),
        ('[conventions]\nyes = ["No"]', "'no' means the other answer everywhere"),
        ('[sheets.crimes.values.recorded]\n"x" = "perhaps"', "values.recorded.x: found 'perhaps'; expected yes or no"),
        ('[sheets.crimes.values.reason]\n"x" = "bad luck"', "values.reason.x: found 'bad luck'; expected one of"),
        ('[sheets.crimes.wide]\ndue = "A"\nrecorded = "a"', "A is named as due and as recorded; expected two columns"),
        ("[sheets.audit]\nheader_row = 3", "sheets.audit.header_row: not for this sheet"),
        ("a = " + "[" * 5000 + "]" * 5000, "is nested too deeply"),
        ("a = ", "is not TOML"),
    ],
)
def test_a_wrong_mapping_is_one_line_a_fault(tmp_path, toml, line):
    (tmp_path / "m.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(BadParameters) as refused:
        read_mapping(tmp_path / "m.toml")
    (said,) = str(refused.value).splitlines()
    assert said.startswith("m.toml: ")
    assert line in said
    assert len(said) < 1000


@pytest.mark.parametrize("read", [read_mapping, read_overrides])
def test_files_that_are_no_toml(tmp_path, monkeypatch, read):
    (tmp_path / "m.toml").write_bytes(b"[facts]\nforce = '\xff'\n")
    with pytest.raises(BadParameters, match=r"m\.toml: line 2 is not UTF-8"):
        read(tmp_path / "m.toml")
    for path in (tmp_path, tmp_path / "none.toml", "x" * 5000, "a\0b"):
        with pytest.raises(BadParameters, match="expected") as refused:
            read(path)
        assert len(str(refused.value)) < 300
    monkeypatch.setattr(beside, "MOST_BYTES", 10)
    (tmp_path / "m.toml").write_bytes(b"\n" * 11)
    with pytest.raises(BadParameters, match="is larger than 10 bytes"):
        read(tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        ("accept = 1", "expected blocks headed [[accept]]"),
        ('[accept]\nrule = "x"', "expected blocks headed [[accept]]"),
        ("other = 1", "found other; expected [[accept]] blocks and nothing else"),
        ('[[accept]]\nrule = "x"\nsheet = "y"\nfound = "z"\nreason = " "\naccepted_by = "me"', "reason: found nothing"),
        ('[[accept]]\nrule = "x"\nsheet = "y"\nfound = "z"\nreason = "r"\naccepted_by = "me"\nrow = "2"', "row: input"),
    ],
)
def test_wrong_overrides_are_one_line_a_fault(tmp_path, toml, line):
    (tmp_path / "o.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(BadParameters) as refused:
        read_overrides(tmp_path / "o.toml")
    (said,) = str(refused.value).splitlines()
    assert line in said


# What the file does not bear out.

ONE = (
    FACTS
    + """
[sheets.records]
sheet = "Data"
distinct = true
[sheets.records.columns]
record_id = "Ref"
stratum = "Strand"
[sheets.crimes]
sheet = "Data"
number_crimes = true
[sheets.crimes.columns]
record_id = "Ref"
recorded = "Crimed"
"""
)


def test_a_skip_rule_of_a_column_that_is_not_there_is_an_error(tmp_path):
    """Rows that someone meant to leave out would be counted."""
    rows = [["Ref", "Strand", "Crimed"], ["A", "v", "Y"], ["B", "v", "N"]]
    toml = ONE.replace("number_crimes", 'skip = { "In scope" = ["N"] }\nnumber_crimes') + strata(v=2)
    assert {(p.sheet, p.rule, p.column) for p in check_audit(save(tmp_path, {"Data": rows}, toml))} == {
        ("Data", "mapping-column", "In scope")
    }


def test_rows_of_the_sheet_and_of_the_mapping_are_told_apart(tmp_path):
    book = {"Data": [["Ref", "Strand", "Crimed"], ["A", "v", "Y"], ["B", "v", "N"], ["C", "w", "maybe"]]}
    toml = ONE + strata(v=2, w=1) + '[[rows.records]]\nrecord_id = "D"\nstratum = "x"\n'
    found = {(p.sheet, p.row, p.column) for p in check_audit(save(tmp_path, book, toml)) if p.severity == "error"}
    assert found == {
        ("Data", 4, "Crimed"),
        ("mapping, rows.records", 1, "stratum"),
        ("mapping, rows.strata", 2, "records_sampled"),
    }


def test_rows_of_the_mapping_that_lack_a_required_value_are_told(tmp_path):
    book = {"Data": [["Ref", "Strand", "Crimed"], ["A", "v", "Y"], ["B", "v", "N"]]}
    toml = ONE + strata(v=2) + '[[rows.strata]]\nlabel = "nameless"\n'
    found = {(p.sheet, p.row, p.column, p.rule) for p in check_audit(save(tmp_path, book, toml))}
    lacking = ("stratum", "period_start", "period_end", "records_sampled")
    assert found == {("mapping, rows.strata", 2, column, "blank-cell") for column in lacking}


# What is read rightly.


def test_merged_cells_are_filled_before_rows_are_left_out(tmp_path):
    """The merged cell of a record may lie on a row that is left out; a line of totals hands nothing down."""
    rows = [["Strand", "Ref", "Crimed"], ["v", "R1", "no crime due"], [None, None, "Y"], [None, "R2", "N"],
            ["Total", None, 2], ["w", "R3", "Y"], [None, "R4", "Y"], ["Grand total", None, 4]]  # fmt: skip
    toml = ONE.replace("distinct = true", 'distinct = true\nfill_down = ["stratum", "record_id"]')
    toml = toml.replace(
        "number_crimes", 'fill_down = ["record_id"]\nskip = { Crimed = ["no crime due"] }\nnumber_crimes'
    )
    assert rates(save(tmp_path, {"Data": rows}, toml + strata(v=2, w=2))) == {"v": (2, 1), "w": (2, 2)}


WIDE = (
    FACTS
    + """
[sheets.records]
sheet = ["Violence", "All other"]
sheet_is = "stratum"
[sheets.records.columns]
record_id = "Ref"
[sheets.records.values.stratum]
"Violence" = "v"
"All other" = "w"
[sheets.crimes]
sheet = ["Violence", "All other"]
[sheets.crimes.columns]
record_id = "Ref"
[sheets.crimes.wide]
due = "Due"
recorded = "Done"
"""
)


def test_a_sheet_for_each_stratum(tmp_path):
    """Subtotals may be of the rows since the last one, totals of all; problems stand at the sheet that has them."""
    book = {
        "Violence": [
            ["Ref", "Due", "Done"],
            ["A", 2, 1],
            ["B", 1, 1],
            ["Subtotal", 3, 2],
            ["C", 0, 0],
            ["Total", 3, 2],
        ],
        "All other": [["Title"], [], ["Done", "Ref", "Due"], [1, "D", 1], [0, "E", 2]],
    }
    assert rates(save(tmp_path, book, WIDE + strata(v=3, w=2))) == {"v": (3, 2), "w": (3, 1)}
    book["All other"][4] = [3, "E", 2]
    book["Violence"][5] = ["Total", 4, 2]
    errors = [p for p in check_audit(save(tmp_path, book, WIDE + strata(v=3, w=2))) if p.severity == "error"]
    assert {(p.sheet, p.row, p.column, p.rule) for p in errors} == {
        ("All other", 5, "Done", "part-above-whole"),
        ("Violence", 6, "Due", "totals-do-not-add"),
    }


def test_month_first_turns_facts_weekdays_and_joined_dates(tmp_path):
    book = {
        "Audit": [["publication date", "08/01/2018"]],
        "Records": [["Ref", "Strand", "Day", "At"],
                    ["A", "v", "Fri 06/01/2018", "2:05 PM"], ["B", "v", "06/13/2018", None]],
        "Crimes": [["record_id", "crime_number", "recorded"], ["A", 1, "Y"]],
    }  # fmt: skip
    toml = FACTS.replace("publication_date = 2018-08-01\n", "") + strata(v=2) + (
        '[conventions]\ndates = "month first"\n[sheets.records.columns]\n'
        'record_id = "Ref"\nstratum = "Strand"\nopened_at = ["Day", "At"]\n'
    )  # fmt: skip
    found = inspect_audit(save(tmp_path, book, toml))
    assert found.problems == ()
    assert str(found.facts["publication_date"]) == "2018-08-01"
    assert found.audit.table("records")["opened_at"].astype(str).tolist() == [
        "2018-06-01 14:05:00",
        "2018-06-13 00:00:00",
    ]
