"""A force's own workbook: three layouts of one audit give the findings of the schema's own layout, byte for byte."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from cdi_stats.audit.draft import draft_mapping
from cdi_stats.audit.examples import build_example
from cdi_stats.audit.mapping import read_mapping
from cdi_stats.audit.reading import check_audit, inspect_audit, read_audit
from cdi_stats.audit.template import write_workbook
from cdi_stats.errors import BadParameters, UnreadableAudit
from cdi_stats.findings.examine import examine

FACTS = """
[facts]
force = "Kent Police"
audit_type = "internal audit"
prepared_by = "Force crime registrar"
publication_date = 2017-12-06
counting_rules = "April 2017"
"""
STRATA = {
    "violence": ("Violence", "violent crime", date(2017, 9, 9), date(2017, 9, 20)),
    "sexual": ("Sexual Offences", "sexual offences", date(2017, 7, 1), date(2017, 9, 20)),
    "other": ("All Other", "all other crime", date(2017, 9, 9), date(2017, 9, 20)),
}


@pytest.fixture(scope="module")
def board():
    """The records and crimes of the internal audit of September 2017, with what every layout can tell."""
    tables = build_example("kent-board-2017")
    crimes = tables["crimes"][["record_id", "crime_number", "offence", "recorded", "reason"]]
    return tables["strata"], tables["records"][["record_id", "stratum"]], crimes


@pytest.fixture(scope="module")
def standard(board, tmp_path_factory):
    """Return a function that writes the audit in the schema's own layout: of records, or counts of strata only."""

    def write(*columns, counts=False):
        strata, records, crimes = board
        tables = {
            "audit": pd.DataFrame(
                [
                    ("force", "Kent Police"),
                    ("audit_type", "internal audit"),
                    ("prepared_by", "Force crime registrar"),
                    ("publication_date", "06/12/2017"),
                    ("counting_rules", "April 2017"),
                ],
                columns=["key", "value"],
            ),
            "strata": strata[["stratum", "label", "period_start", "period_end", "records_sampled"]],
        }
        if counts:
            tables["counts"] = counted(board)
        else:
            tables |= {"records": records, "crimes": crimes[["record_id", "crime_number", "recorded", *columns]]}
        path = tmp_path_factory.mktemp("standard") / "audit.xlsx"
        write_workbook(tables, path)
        return path

    return write


def counted(board):
    strata, records, crimes = board
    rows = crimes.merge(records, on="record_id")
    return pd.DataFrame(
        [
            (
                "recording_rate",
                stratum,
                size,
                int((rows["stratum"] == stratum).sum()),
                int(((rows["stratum"] == stratum) & (rows["recorded"] == "yes")).sum()),
            )
            for stratum, size in zip(strata["stratum"], strata["records_sampled"], strict=True)
        ],
        columns=["measure", "stratum", "records", "reported", "recorded"],
    )


def findings(path):
    return examine(read_audit(path)).table.to_csv(index=False)


def save(workbook, mapping, folder, name="their"):
    workbook.remove(workbook["Sheet"])
    workbook.save(folder / f"{name}.xlsx")
    (folder / f"{name}.mapping.toml").write_text(mapping, encoding="utf-8")
    return folder / f"{name}.xlsx"


def titled(workbook, title, *rows):
    """Add a sheet with two merged title rows above its header, as forces' workbooks have."""
    sheet = workbook.create_sheet(title)
    sheet.append(["CRIME DATA INTEGRITY AUDIT - OFFICIAL"])
    sheet.merge_cells("A1:F1")
    sheet.append([])
    for row in rows:
        sheet.append(row)
    return sheet


def one_sheet(board, folder):
    """One row a crime, and one a record without any, all on one sheet with the strata in merged cells."""
    _, records, crimes = board
    held = dict(iter(crimes.groupby("record_id", sort=False)))
    workbook = openpyxl.Workbook()
    rows, last = [], None
    for record, stratum in records.itertuples(index=False):
        found = held.get(record)
        for offence, recorded, reason in (
            [(None, "no crime", None)]
            if found is None
            else zip(
                found["offence"], found["recorded"].map({"yes": "Y", "no": "MISSED"}), found["reason"], strict=True
            )
        ):
            rows.append(
                [STRATA[stratum][0] if stratum != last else None, record, offence, recorded, reason and reason.title()]
            )
            last = stratum
    titled(
        workbook, "Audit results", ["Strand", "STORM log", "Offence due", "Crimed?", "Why not"], *rows, [], ["Total"]
    )
    sizes = records["stratum"].value_counts()
    rows = "".join(
        f'[[rows.strata]]\nstratum = "{name}"\nlabel = "{label}"\nperiod_start = {start}\nperiod_end = {end}\n'
        f"records_sampled = {sizes[name]}\n"
        for name, (_, label, start, end) in STRATA.items()
    )
    values = "\n".join(f'"{theirs}" = "{name}"' for name, (theirs, *_) in STRATA.items())
    return save(
        workbook,
        f"""{FACTS}
[sheets.records]
sheet = "Audit results"
distinct = true
fill_down = ["stratum"]
skip = {{Strand = ["Total"]}}
columns = {{record_id = "STORM log", stratum = "Strand"}}
[sheets.records.values.stratum]
{values}
[sheets.crimes]
sheet = "Audit results"
number_crimes = true
skip = {{Strand = ["Total"], "Crimed?" = ["no crime"]}}
columns = {{record_id = "STORM log", offence = "Offence due", recorded = "Crimed?", reason = "Why not"}}
[sheets.crimes.values.recorded]
"Missed" = "no"
{rows}""",
        folder,
    )


def wide(board, folder):
    """One row a record, with its crimes due and recorded counted."""
    strata, records, crimes = board
    due = crimes.groupby("record_id").size()
    recorded = (crimes["recorded"] == "yes").groupby(crimes["record_id"]).sum()
    workbook = openpyxl.Workbook()
    titled(
        workbook,
        "Incident list",
        ["Incident No.", "Category", "No. of crimes due", "No. of crimes recorded", "Comments"],
        *(
            [record, STRATA[stratum][0], int(due.get(record, 0)), int(recorded.get(record, 0)), "checked by A N Other"]
            for record, stratum in records.itertuples(index=False)
        ),
    )
    titled(
        workbook,
        "Sample",
        ["Category", "Description", "From", "To", "Incidents audited"],
        *(
            [theirs, label, f"{start:%d/%m/%Y}", datetime.combine(end, datetime.min.time()), size]
            for (theirs, label, start, end), size in zip(STRATA.values(), strata["records_sampled"], strict=True)
        ),
    )
    values = "\n".join(f'"{theirs}" = "{name}"' for name, (theirs, *_) in STRATA.items())
    return save(
        workbook,
        f"""{FACTS}
[sheets.strata]
sheet = "Sample"
[sheets.strata.columns]
stratum = "Category"
label = "Description"
period_start = "From"
period_end = "To"
records_sampled = "Incidents audited"
[sheets.strata.values.stratum]
{values}
[sheets.records]
sheet = "Incident list"
columns = {{record_id = "Incident No.", stratum = "Category"}}
[sheets.records.values.stratum]
{values}
[sheets.crimes]
sheet = "Incident list"
columns = {{record_id = "Incident No."}}
[sheets.crimes.wide]
due = "No. of crimes due"
recorded = "No. of crimes recorded"
""",
        folder,
    )


def totals(board, folder):
    """The board paper's table: a row a stratum, counts only, percentages beside them and a total below."""
    table = counted(board)
    workbook = openpyxl.Workbook()
    rows = [
        [STRATA[row.stratum][0], row.records, row.reported, row.recorded, f"{row.recorded / row.reported:.1%}"]
        for row in table.itertuples()
    ]
    sums = table[["records", "reported", "recorded"]].sum().tolist()
    titled(
        workbook,
        "Compliance",
        ["Crime category", "Incidents", "Crimes due", "Recorded", "%"],
        *rows,
        ["Overall", *sums],
    )
    values = "\n".join(f'"{theirs}" = "{name}"' for name, (theirs, *_) in STRATA.items())
    rows = "".join(
        f'[[rows.strata]]\nstratum = "{name}"\nlabel = "{label}"\nperiod_start = {start}\n'
        f'period_end = "{end:%d %b %Y}"\n'
        f"records_sampled = {table.loc[table['stratum'] == name, 'records'].item()}\n"
        for name, (_, label, start, end) in STRATA.items()
    )
    return save(
        workbook,
        f"""{FACTS}
[sheets.counts]
sheet = "Compliance"
skip = {{"Crime category" = ["Overall"]}}
columns = {{stratum = "Crime category", records = "Incidents", reported = "Crimes due", recorded = "Recorded"}}
fixed = {{measure = "recording_rate"}}
[sheets.counts.values.stratum]
{values}
{rows}""",
        folder,
    )


def test_one_sheet_with_merged_strata_gives_the_same_findings(board, standard, tmp_path):
    assert findings(one_sheet(board, tmp_path)) == findings(standard("offence", "reason"))


def test_a_wide_sheet_gives_the_same_findings(board, standard, tmp_path):
    assert findings(wide(board, tmp_path)) == findings(standard())


def test_counts_only_give_the_same_findings(board, standard, tmp_path):
    assert findings(totals(board, tmp_path)) == findings(standard(counts=True))


def test_three_layouts_agree_on_what_all_of_them_know(board, tmp_path):
    """Rates and counts are the same in all three; only intervals need to know the records."""
    rates = []
    for place, layout in enumerate((one_sheet, wide, totals)):
        folder = tmp_path / str(place)
        folder.mkdir()
        table = examine(read_audit(layout(board, folder))).table
        rows = table[(table["measure"] == "recording_rate") & (table["domain"] == "all")]
        rates.append(rows[["stratum", "reported", "recorded", "rate"]].to_csv(index=False))
    assert rates[0] == rates[1] == rates[2]


def test_wide_flags_and_timeliness_keep_their_sums(tmp_path):
    """Sums a record decide every rate: flags and answers in time come back as they were counted."""
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("List")
    sheet.append(["Ref", "Due", "Crimed", "In 24h", "DA due", "DA crimed"])
    given = [("A1", 3, 2, 1, 2, 1), ("A2", 1, 1, 1, 0, 0), ("A3", 0, None, None, None, None), ("A4", 4, 0, 0, 3, 0)]
    for row in given:
        sheet.append(row)
    path = save(
        workbook,
        f"""{FACTS}
[[rows.strata]]
stratum = "v"
label = "violent crime"
period_start = 2017-09-09
period_end = 2017-09-20
records_sampled = 4
[sheets.records]
sheet = "List"
columns = {{record_id = "Ref"}}
fixed = {{stratum = "v"}}
[sheets.crimes]
sheet = "List"
columns = {{record_id = "Ref"}}
[sheets.crimes.wide]
due = "Due"
recorded = "Crimed"
in_time = "In 24h"
flags.domestic_abuse = {{due = "DA due", recorded = "DA crimed"}}
""",
        tmp_path,
    )
    audit = read_audit(path)
    table = examine(audit).table.set_index(["measure", "domain", "stratum"])
    assert list(table.loc[("recording_rate", "all", "v"), ["reported", "recorded"]]) == [8, 3]
    assert list(table.loc[("recording_rate", "domestic_abuse", "all"), ["reported", "recorded"]]) == [5, 1]
    assert list(table.loc[("timeliness", "all", "v"), ["reported", "recorded"]]) == [3, 2]
    assert len(audit.table("records")) == 4


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        (("A1", 1, 2, 0, 0, 0), "Crimed", "2"),
        (("A1", 2, 1, 2, 0, 0), "In 24h", "2"),
        (("A1", 2, 1, 1, 3, 1), "DA due", "3"),
        (("A1", 2, 1, 1, 2, 0), "DA due", "2"),
        (("A1", "two", 1, 1, 0, 0), "Due", "'two'"),
        (("A1", -1, 0, 0, 0, 0), "Due", "'-1'"),
        (("A1", None, 1, 0, 0, 0), "Due", "a blank cell"),
        (("A1", 2, None, 0, 0, 0), "Crimed", "a blank cell"),
        (("A1", 10_000_000, 1, 0, 0, 0), "Due", "'10000000'"),
    ],
)
def test_wide_counts_that_do_not_fit_are_named_in_their_own_words(tmp_path, row, column, found):
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("List")
    sheet.append(["Ref", "Due", "Crimed", "In 24h", "DA due", "DA crimed"])
    sheet.append(row)
    sheet.append(("A2", 1, 1, 1, 0, 0))
    path = save(
        workbook,
        f"""{FACTS}
[[rows.strata]]
stratum = "v"
label = "violent crime"
period_start = 2017-09-09
period_end = 2017-09-20
records_sampled = 2
[sheets.records]
sheet = "List"
columns = {{record_id = "Ref"}}
fixed = {{stratum = "v"}}
[sheets.crimes]
sheet = "List"
columns = {{record_id = "Ref"}}
[sheets.crimes.wide]
due = "Due"
recorded = "Crimed"
in_time = "In 24h"
flags.domestic_abuse = {{due = "DA due", recorded = "DA crimed"}}
""",
        tmp_path,
    )
    problems = [p for p in check_audit(path) if p.severity == "error"]
    assert ("List", 2, column, found) in {(p.sheet, p.row, p.column, p.found) for p in problems}


def test_problems_are_told_in_the_names_of_the_file(board, tmp_path):
    path = wide(board, tmp_path)
    workbook = openpyxl.load_workbook(path)
    workbook["Sample"]["C4"] = "31/06/2017"
    workbook["Incident list"]["B5"] = "Arson"
    workbook.save(path)
    found = {(p.sheet, p.row, p.column, p.rule) for p in check_audit(path)}
    assert ("Sample", 4, "From", "unreadable-cell") in found
    assert ("Incident list", 5, "Category", "unknown-stratum") in found


def test_conventions_read_a_files_own_marks(tmp_path):
    workbook = openpyxl.Workbook()
    sheet = workbook.create_sheet("records")
    sheet.append(["record_id", "stratum", "Day", "Time"])
    sheet.append(["1", "v", "09/14/2017", "23:05"])
    sheet.append(["2", "v", "09/10/2017", 0.5])
    sheet = workbook.create_sheet("crimes")
    sheet.append(["record_id", "crime_number", "recorded", "hate"])
    sheet.append(["1", 1, "OK", "NK"])
    sheet.append(["2", 1, "Fail", "Y"])
    path = save(
        workbook,
        f"""{FACTS}
[conventions]
yes = ["ok"]
no = ["fail"]
blank = ["nk"]
dates = "month first"
[sheets.records.columns]
opened_at = ["Day", "Time"]
[[rows.strata]]
stratum = "v"
label = "violent crime"
period_start = 2017-09-09
period_end = 2017-09-20
records_sampled = 2
""",
        tmp_path,
    )
    audit = read_audit(path)
    assert audit.table("records")["opened_at"].tolist() == [datetime(2017, 9, 14, 23, 5), datetime(2017, 9, 10, 12)]
    assert audit.table("crimes")["recorded"].tolist() == [True, False]
    assert audit.table("crimes")["hate"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[sheets.crime]\nsheet = 'x'", "sheets.crime: unknown; expected one of audit, strata"),
        ("[sheets.crimes.columns]\nrecord = 'x'", "sheets.crimes: record is no column of it"),
        ("[facts]\nforces = 'x'", "facts.forces: unknown"),
        ("[[rows.strata]]\nname = 'x'", "rows.strata: name is no column of it"),
        ("[sheets.records.wide]\ndue = 'x'\nrecorded = 'y'", "only the crimes sheet"),
        ("[sheets.crimes.wide]\ndue = 'x'", "sheets.crimes.wide.recorded: missing"),
        ("[conventions]\ndates = 'backwards'", "conventions.dates: found 'backwards'; expected 'day first'"),
        ("[sheets", "is not TOML"),
    ],
)
def test_a_wrong_mapping_is_refused_with_one_line_a_problem(tmp_path, toml, message):
    path = tmp_path / "m.toml"
    path.write_text(toml, encoding="utf-8")
    with pytest.raises(BadParameters, match=re.escape(message)):
        read_mapping(path)


def test_a_mapping_that_names_what_is_not_there(board, tmp_path):
    path = wide(board, tmp_path)
    mapping = path.with_name("their.mapping.toml")
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace('"Sample"', '"Samples"').replace("No. of crimes due", "Due"), encoding="utf-8")
    found = {(p.sheet, p.rule, p.column) for p in check_audit(path)}
    assert {("Samples", "mapping-sheet", None), ("Incident list", "mapping-column", "Due")} <= found


def test_the_digest_covers_the_mapping(board, tmp_path):
    path = wide(board, tmp_path)
    before = read_audit(path).digest
    mapping = path.with_name("their.mapping.toml")
    mapping.write_text(mapping.read_text(encoding="utf-8") + "\n# changed", encoding="utf-8")
    assert read_audit(path).digest != before


@pytest.mark.parametrize("layout", [wide, totals, one_sheet])
def test_a_drafted_mapping_is_valid_and_finds_the_columns(board, tmp_path, layout):
    """What the draft leaves open is named; what it fills in is what the hand-made mapping says."""
    path = layout(board, tmp_path)
    draft = draft_mapping(path)
    made = tmp_path / "draft.toml"
    made.write_text(draft.toml, encoding="utf-8")
    drafted, wanted = read_mapping(made), read_mapping(path.with_name("their.mapping.toml"))
    for sheet, hand in wanted.sheets.items():
        given = drafted.layout(sheet)
        assert given.sheet == hand.sheet
        same = {ours for ours, theirs in hand.columns.items() if given.columns.get(ours) == theirs}
        assert len(same) >= 0.75 * len(hand.columns), sheet
        assert (given.wide and given.wide.due) == (hand.wide and hand.wide.due)


def test_a_draft_says_what_it_could_not_match(board, tmp_path):
    draft = draft_mapping(wide(board, tmp_path))
    assert any("Comments" in line for line in draft.unmatched)
    assert "# not matched: Comments" in draft.toml or "Comments" in draft.toml


def test_a_draft_of_nothing(tmp_path):
    workbook = openpyxl.Workbook()
    workbook.save(tmp_path / "empty.xlsx")
    with pytest.raises(UnreadableAudit, match="no sheet with a row of headings"):
        draft_mapping(tmp_path / "empty.xlsx")
    with pytest.raises(UnreadableAudit, match="no such file"):
        draft_mapping(tmp_path / "missing.xlsx")


def test_a_schema_workbook_needs_no_mapping(standard):
    """The draft of our own layout maps each column to itself, and reading by it changes nothing."""
    path = standard("offence", "reason")
    before = findings(path)
    path.with_name("audit.mapping.toml").write_text(draft_mapping(path).toml, encoding="utf-8")
    assert findings(path) == before
    assert inspect_audit(path).problems == ()


def test_the_mappings_of_the_guide_are_valid(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "map-a-workbook.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        (tmp_path / "m.toml").write_text(block, encoding="utf-8")
        assert read_mapping(tmp_path / "m.toml").sheets
