"""What an analyst starts with: the workbook to fill in, the worked example, a plan, a drawn sample's workbook."""

from __future__ import annotations

import hashlib
import json

import openpyxl
import pandas as pd
import pytest

from cdi_stats.audit.drawn import write_drawn
from cdi_stats.audit.project import start_project
from cdi_stats.audit.reading import check_audit, inspect_audit, read_audit
from cdi_stats.audit.sampling import SamplingPlan, read_plan
from cdi_stats.audit.schema import SHEETS, all_sheets
from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.audit.template import EXAMPLE, GUIDE, LISTS, write_template
from cdi_stats.errors import BadParameters, UnreadableAudit
from cdi_stats.resources import code_list, resource

WORKED = resource("data", "worked_example")


@pytest.fixture
def started(tmp_path):
    return start_project(tmp_path / "new" / "audit")


def test_a_folder_is_made_with_workbook_example_and_plan(started, tmp_path):
    assert [file.name for file in started.files] == [
        *("audit.xlsx", "worked-example.xlsx", "plan.toml", "batch.toml", "theme.toml")
    ]
    assert all(file.parent == tmp_path / "new" / "audit" for file in started.files)
    assert [s.stratum for s in read_plan(started.files[2]).strata] == ["violence", "other"]


def test_nothing_is_replaced(started):
    before = {file: hashlib.sha256(file.read_bytes()).digest() for file in started.files}
    with pytest.raises(BadParameters, match=r"audit\.xlsx.*there already"):
        start_project(started.files[0].parent)
    assert {file: hashlib.sha256(file.read_bytes()).digest() for file in started.files} == before
    with pytest.raises(BadParameters, match="expected a folder"):
        start_project(started.files[0])


def test_the_blank_workbook_says_what_is_to_be_filled_in(started):
    problems = check_audit(started.files[0])
    assert {p.rule for p in problems} == {"missing-fact", "no-stratum", "nothing-audited"}
    assert [p.found for p in problems if p.rule == "missing-fact"] == [
        f"{name} blank" for name in ("force", "audit_type", "prepared_by", "publication_date", "counting_rules")
    ]


def test_the_worked_example_is_in_order_in_either_form(started):
    assert check_audit(WORKED) == []
    assert check_audit(started.files[1]) == []
    folder, book = inspect_audit(WORKED), inspect_audit(started.files[1])
    assert folder.facts == book.facts
    for name in SHEETS:
        given, again = (found.tables[name].reset_index(drop=True) for found in (folder, book))
        pd.testing.assert_frame_equal(given, again)


def test_a_template_is_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        write_template(tmp_path / f"{name}.xlsx")
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_the_template_guides_whoever_fills_it_in(tmp_path):
    write_template(tmp_path / "blank.xlsx")
    book = openpyxl.load_workbook(tmp_path / "blank.xlsx")
    assert book.sheetnames == [GUIDE, *all_sheets(), EXAMPLE, LISTS]
    assert book.active.title == "audit"
    for name, sheet in SHEETS.items():
        given = book[name]
        assert [cell.value for cell in given[1]] == list(sheet.names)
        assert given.freeze_panes == "A2"
        notes = [cell.comment.text for cell in given[1]]
        assert all(column.help in note for column, note in zip(sheet.columns, notes, strict=True))
        lists = {str(rule.sqref).split(":")[0] for rule in given.data_validations.dataValidation if rule.type == "list"}
        coded = {f"{given.cell(2, at).coordinate}" for at, c in enumerate(sheet.columns, 1) if c.codes}
        assert coded <= lists


def test_the_lists_hold_every_code(tmp_path):
    write_template(tmp_path / "blank.xlsx")
    lists = openpyxl.load_workbook(tmp_path / "blank.xlsx")[LISTS]
    shown = {column[0].value: [cell.value for cell in column[1:] if cell.value] for column in lists.iter_cols()}
    used = {column.codes for sheet in all_sheets().values() for column in sheet.columns if column.codes}
    assert used == set(shown) - {"means"}
    assert all(shown[name] == list(code_list(name)) for name in used)


# A force's own workbook.


def test_a_mapping_is_drafted_and_what_did_not_match_is_said(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Incident list"
    book.active.append(["Incident No.", "Category", "Shoe size"])
    book.active.append(["1", "violence", 9])
    book.save(tmp_path / "theirs.xlsx")
    project = start_project(tmp_path / "mine", theirs=tmp_path / "theirs.xlsx")
    assert [file.name for file in project.files] == ["mapping.toml"]
    assert 'record_id = "Incident No."' in project.files[0].read_text(encoding="utf-8")
    assert any("Shoe size" in line for line in project.unmatched)
    with pytest.raises(BadParameters, match="there already"):
        start_project(tmp_path / "mine", theirs=tmp_path / "theirs.xlsx")
    with pytest.raises(UnreadableAudit):
        start_project(tmp_path / "other", theirs=tmp_path / "absent.xlsx")
    assert not (tmp_path / "other").exists(), "nothing is left of what could not be done"


# A drawn sample.


@pytest.fixture
def drawn(tmp_path):
    rows = [f"I-{i:03d},2018-06-{1 + i % 30:02d} 10:00,{'THEFT' if i % 3 else 'ASSAULT'},online" for i in range(300)]
    (tmp_path / "frame.csv").write_text("\n".join(["id,at,code,route", *rows]) + "\n", encoding="utf-8")
    plan = SamplingPlan(
        force="Testshire Police",
        reserve=5,
        second_review=0.25,
        frame={
            "source": "frame.csv",
            "record_id": "id",
            "opened_at": "at",
            "opening_code": "code",
            "keep": {"route": "route"},
        },
        strata=[
            {"stratum": "violence", "label": "violent crime", "opening_codes": ["ASSAULT"], "records": 20,
             "period_start": "2018-06-01", "period_end": "2018-06-30"},
            {"stratum": "other", "records": 30, "period_start": "2018-06-01", "period_end": "2018-06-30"},
        ],
    )  # fmt: skip
    selection = draw_from_plan(plan, base=tmp_path)
    path = tmp_path / "drawn.xlsx"
    return plan, selection, path, write_drawn(selection, plan, path)


def test_a_drawn_workbook_is_ready_to_fill_in(drawn):
    _, selection, path, _ = drawn
    found = inspect_audit(path)
    assert {p.rule for p in found.problems} <= {"missing-fact", "no-crime-due"}
    records = found.tables["records"]
    assert records["record_id"].tolist() == selection.sample["record_id"].tolist()
    assert set(records["route"]) == {"online"}
    assert records["opened_at"].notna().all()
    strata = found.tables["strata"].set_index("stratum")
    assert strata["records_in_frame"].to_dict() == {"violence": 100, "other": 200}
    assert strata["records_sampled"].to_dict() == {"violence": 20, "other": 30}
    roles = found.tables["selection"].groupby(["stratum", "role"]).size().to_dict()
    assert roles == {
        ("violence", "sample"): 20,
        ("violence", "reserve"): 5,
        ("other", "sample"): 30,
        ("other", "reserve"): 5,
    }
    assert found.tables["selection"]["second_review"].sum() == 5 + 8
    assert found.tables["draw"]["frame_hash"].tolist() == selection.strata["frame_hash"].tolist()
    assert "seed 1" in found.facts["selection"]


def test_filled_in_it_is_an_audit_and_its_trail_is_told(drawn):
    from cdi_stats.report.blocks import Table, plain
    from cdi_stats.report.sample_plan import open_sample_plan

    _, selection, path, _ = drawn
    book = openpyxl.load_workbook(path)
    facts = {"audit_type": "internal audit", "prepared_by": "Registrar", "publication_date": "31/08/2018",
             "counting_rules": "April 2018"}  # fmt: skip
    for row in book["audit"].iter_rows(min_row=2):
        row[1].value = facts.get(row[0].value, row[1].value)
    for at, number in enumerate(selection.sample["record_id"], start=2):
        for place, value in enumerate((number, 1, None, None, "no" if at % 9 == 0 else "yes"), start=1):
            book["crimes"].cell(at, place, value)
    book.save(path)
    audit = read_audit(path)
    assert audit.warnings == ()
    tables = [block for block in open_sample_plan(str(path)).trail() if isinstance(block, Table)]
    assert [plain(row[1]) for row in tables[0].rows] == ["1", "1"]
    assert [plain(row[3]) for row in tables[0].rows] == ["20", "30"]


def test_the_trail_lies_beside_and_neither_is_replaced(drawn):
    plan, selection, path, trail = drawn
    told = json.loads(trail.read_text(encoding="utf-8"))
    assert told["seed"] == "1"
    assert sum(told["frame"].values()) == 300
    assert [row["frame_hash"] for row in told["strata"]] == selection.strata["frame_hash"].tolist()
    assert "SELECT" in told["query"]
    with pytest.raises(BadParameters, match="there already"):
        write_drawn(selection, plan, path)


def test_a_record_set_aside_in_the_plan_gives_its_place_to_the_next(drawn, tmp_path):
    plan, selection, _, _ = drawn
    first, next_in_line = (
        selection.records[(selection.records["stratum"] == "other") & (selection.records["role"] == role)][
            "record_id"
        ].iloc[0]
        for role in ("sample", "reserve")
    )
    set_aside = [{"record_id": first, "reason": "sealed"}]
    after = draw_from_plan(SamplingPlan(**plan.model_dump() | {"set_aside": set_aside}), base=tmp_path)
    assert first not in set(after.sample["record_id"])
    assert next_in_line in set(after.sample["record_id"])
    assert len(after.sample) == len(selection.sample)
    unknown = [{"record_id": "x", "reason": "y"}]
    with pytest.raises(BadParameters, match="no such record"):
        draw_from_plan(SamplingPlan(**plan.model_dump() | {"set_aside": unknown}), base=tmp_path)
