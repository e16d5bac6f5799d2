"""Drafted mappings: eight layouts under other names; what is matched reads rightly, and what is not is said."""

from __future__ import annotations

from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest

from cdi_stats.audit.draft import draft_mapping
from cdi_stats.audit.headings import fits, match, words
from cdi_stats.audit.mapping import read_mapping
from cdi_stats.audit.reading import inspect_audit
from cdi_stats.audit.template import NOT_READ, write_template
from cdi_stats.findings.examine import examine

FACTS = """
force = "Testshire Police"
audit_type = "internal audit"
prepared_by = "Registrar"
publication_date = 2018-08-01
counting_rules = "April 2018"
"""
STRATA = "".join(
    f'[[rows.strata]]\nstratum = "{name}"\nlabel = "{name} crime"\nperiod_start = 2018-06-01\nperiod_end = 2018-06-30\n'
    "records_sampled = 3\n"
    for name in ("violence", "other")
)
RATES = {"violence": (3, 2), "other": (2, 1)}
# log, strand, crimes due as (offence, recorded)
LOGS = [
    ("L1", "Violence", [("assault", "Y"), ("robbery", "N")]),
    ("L2", "Violence", [("assault", "Y")]),
    ("L3", "Violence", []),
    ("L4", "Other", [("theft", "N")]),
    ("L5", "Other", [("theft", "Y")]),
    ("L6", "Other", []),
]


def a_crime_a_row(head, row, strand=None):
    """Return the header and a row a crime; a record without one has a row that says so."""
    rows = [head]
    for place, (log, name, crimes) in enumerate(LOGS, start=1):
        if strand in (None, name):
            rows += [row(log, name, place, *crime) for crime in crimes or [(None, None)]]
    return rows


def one_sheet():
    """Dates and times apart; a column of its own says whether a crime was required."""
    head = ["STORM Log No", "Date Logged", "Time Logged", "Opening Code", "Strand", "Crime Required?",
            "Crime Recorded?", "HO Class", "Reason for Non-Recording", "DA", "Comments"]  # fmt: skip

    def row(log, strand, day, offence, done):
        due = "Y" if offence else "N"
        why = "Call handler left detail out" if done == "N" else None
        return [log, date(2018, 6, day), "10:05", "ASLT", strand, due, done or "N", offence, why, "N", "text"]

    return {"Results": [["CDI audit"], [], *a_crime_a_row(head, row)]}


def sheets_of_strata():
    """A sheet for each stratum, a row a record with its crimes counted."""
    head = ["Incident Number", "Incident Date/Time", "No. of Crimes Required", "No. of Crimes Recorded",
            "DA Crimes Required", "DA Crimes Recorded", "Auditor"]  # fmt: skip

    def rows(strand):
        made = [
            [log, datetime(2018, 6, 2, 9), len(crimes), sum(done == "Y" for _, done in crimes), 0, 0, "AB"]
            for log, name, crimes in LOGS
            if name == strand
        ]
        return [head, *made]

    cover = [["Force name", "Testshire Police"], ["Report date", date(2018, 8, 1)]]
    return {"Cover": cover, "Violence": rows("Violence"), "Other": rows("Other")}


def two_sheets():
    records = [["URN", "Category", "Opened", "Reviewer"]]
    records += [[log, name, datetime(2018, 6, 2, 9), "AB"] for log, name, _ in LOGS]
    head = [
        "Incident URN",
        "Offence Classification",
        "Time Reported",
        "Crimed Y/N",
        "Domestic Abuse?",
        "Why Not Crimed",
    ]

    def row(log, _name, _day, offence, done):
        why = "Call handler left detail out" if done == "N" else None
        return [log, offence, datetime(2018, 6, 2, 9), done, "No", why]

    crimes = [made for made in a_crime_a_row(head, row) if made[3]]
    return {"Sample": records, "Offences": crimes}


def terse():
    rows = [[log, name, len(crimes), sum(done == "Y" for _, done in crimes)] for log, name, crimes in LOGS]
    return {"Sheet1": [["Log", "Group", "Due", "Rec'd"], *rows], "Sheet2": []}


def wordy():
    """Sheets of all three kinds, none called as ours, the answers in words."""
    strata = [["Stratum name", "Description", "Audit from", "Audit to", "Population size", "Sample size"]]
    strata += [[name, f"{name} crime", date(2018, 6, 1), date(2018, 6, 30), 90, 3] for name in ("Violence", "Other")]
    records = [["CAD Reference", "Stratum name", "Source of report"], *([log, name, None] for log, name, _ in LOGS)]
    said = {"Y": "Yes - crimed", "N": "No – not crimed", None: None}

    def row(log, _name, _day, _offence, done):
        return [log, said[done], None]

    crimes = [made for made in a_crime_a_row(["CAD Reference", "NCRS compliant?", "Failure reason"], row) if made[1]]
    return {"Strata info": strata, "Incident sample": records, "Crime decisions": crimes}


def save(book, path):
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in book.items():
        sheet = workbook.create_sheet(title)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def drafted(book, folder, strata=STRATA):
    """Return what a draft says, and the audit read by it once the facts and the strata are filled in."""
    path = save(book, folder / "their.xlsx")
    draft = draft_mapping(path)
    head, _, rest = draft.toml.partition("[facts]\n")
    facts = FACTS if "sheets.audit" not in head else FACTS.replace('force = "Testshire Police"\n', "").replace(
        "publication_date = 2018-08-01\n", ""
    )  # fmt: skip
    (folder / "their.mapping.toml").write_text(f"{head}[facts]{facts}{rest}{strata}", encoding="utf-8")
    return draft, inspect_audit(path)


@pytest.mark.parametrize("layout", [one_sheet, sheets_of_strata, two_sheets, terse, wordy])
def test_a_draft_reads_the_layout_it_was_made_of(tmp_path, layout):
    _, found = drafted(layout(), tmp_path, "" if layout is wordy else STRATA)
    assert [str(p) for p in found.problems if p.severity == "error"] == []
    table = examine(found.audit).table
    rates = table[(table["measure"] == "recording_rate") & (table["domain"] == "all")].set_index("stratum")
    assert {name.lower(): (row.reported, row.recorded) for name, row in rates.iterrows() if name != "all"} == RATES


def test_what_a_draft_takes_for_something_it_says(tmp_path):
    """Nothing is guessed silently: every answer turned and every row left out stands among the lines to look at."""
    draft, _ = drafted(wordy(), tmp_path)
    assert (
        "crimes.recorded: their 'Yes - crimed' is taken for yes in the draft: see whether that is right"
        in draft.unmatched
    )
    draft, _ = drafted(one_sheet(), tmp_path)
    assert "sheet Results as crimes: rows with N under Crime Required? are left out as no crime due" in draft.unmatched
    (left,) = [line for line in draft.unmatched if "Comments" in line]
    assert "Crime Recorded?" not in left, "what serves the crimes is not said of the records on the same sheet"


def test_totals_only(tmp_path):
    head = ["Crime Category", "Incidents Audited", "Crimes That Should Have Been Recorded", "Crimes Recorded", "Rate"]
    book = {
        "Summary": [["Table 1"], head, ["Violence", 3, 3, 2, 0.67], ["Other", 3, 2, 1, 0.5], ["Overall", 6, 5, 3, 0.6]]
    }
    _, found = drafted(book, tmp_path)
    assert found.problems == ()
    table = examine(found.audit).table.set_index(["measure", "stratum"])
    assert table.loc[("recording_rate", "other"), "reported"] == 2
    book["Summary"][4][2] = 6
    _, found = drafted(book, tmp_path)
    assert [(p.sheet, p.row, p.column, p.rule) for p in found.problems] == [
        ("Summary", 5, head[2], "totals-do-not-add")
    ]  # fmt: skip


def test_no_heading_is_taken_for_what_its_cells_contradict(tmp_path):
    """A reviewer's name is no number reviewed; a count of crimes due for domestic abuse is not that of all crimes."""
    draft = draft_mapping(save(two_sheets(), tmp_path / "a.xlsx"))
    assert "records_sampled =" not in draft.toml.replace("# records_sampled", "")
    draft = draft_mapping(save(sheets_of_strata(), tmp_path / "b.xlsx"))
    (tmp_path / "b.toml").write_text(draft.toml, encoding="utf-8")
    wide = read_mapping(tmp_path / "b.toml").layout("crimes").wide
    assert (wide.due, wide.recorded) == ("No. of Crimes Required", "No. of Crimes Recorded")
    assert wide.flags["domestic_abuse"].due == "DA Crimes Required"


@pytest.mark.parametrize(
    ("heading", "name"),
    [("No. of Crimes", "number crimes"), ("Crimed? (Y/N)", "crimed"), ("Within 24hrs", "within 24 hours"),
     ("Rec'd", "recorded"), ("Crime #", "crime number"), ("Was it recorded - yes/no", "recorded"), ("of", "of")],
)  # fmt: skip
def test_words_of_a_heading(heading, name):
    assert words(heading) == name


def test_an_identifier_is_matched_to_the_word():
    """Incidents are counted, an incident is named."""
    assert match(["incident"], ["Incidents"]) == "Incidents"
    assert match(["incident"], ["Incidents"], exactly=True) is None
    assert match(["crime number"], ["Crimed?"]) is None


def test_cells_that_fit_a_kind():
    assert fits("whole", ["3", "12", "n/a"])
    assert not fits("whole", ["Smith", "Jones", "1"])
    assert not fits("yes_no", ["1", "2", "3"])
    assert fits("yes_no", ["Y", "N", "unclear"])
    assert fits("moment", []), "an empty column contradicts nothing"


def test_our_own_workbook_is_drafted_without_its_guide_example_and_lists(tmp_path):
    write_template(tmp_path / "audit.xlsx", {"strata": pd.DataFrame({"stratum": ["violence"]})})
    toml = draft_mapping(tmp_path / "audit.xlsx").toml
    assert 'sheet = "strata"' in toml
    assert not [name for name in NOT_READ if name in toml]
