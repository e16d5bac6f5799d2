"""The data quality report: every problem once, what held, completeness, and what an extreme audit will read like."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from cdi_stats.audit.reading import inspect_audit
from cdi_stats.findings.data_quality import DataQuality
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.report.blocks import Table, figures, plain
from cdi_stats.report.data_quality import open_data_quality

GOOD = {"a": [(2, 1), (1, 1), (0, 0)], "b": [(1, 1), (1, 0)]}


@pytest.fixture
def told(make_tables, save):
    """Return the report of a small audit; options as make_tables takes them, `change` edits its tables."""

    def tell(records, change=None, *, name="small", options=None, **sheets):
        tables = make_tables(records, **sheets)
        if change:
            change(tables)
        return open_data_quality(str(save(tables, name)), **(options or {}))

    return tell


def words(section):
    return " ".join(str(block.to_json()) for block in section)


def table(section):
    (found,) = [block for block in section if isinstance(block, Table)]
    return found


def shown(section):
    return {figure["figure"]: figure["value"] for figure in figures(section.to_blocks())}


# Ready or not.


def test_a_file_in_order_is_ready(told):
    report = told(GOOD)
    assert "Ready to report from" in words(report.summary())
    assert "nothing to mend" in words(report.problems())
    assert (report.quality.errors, report.quality.warnings) == (0, 0)


def test_a_file_with_errors_is_not_ready_and_every_problem_is_listed_and_counted(told):
    def spoil(tables):
        tables["strata"].loc[0, "records_sampled"] = 7
        tables["strata"].loc[1, "period_end"] = date(2018, 12, 31)
        tables["crimes"].loc[0, "reported_at"] = "31/06/2019"
        tables["audit"].loc[len(tables["audit"])] = ["favourite", "blue"]

    report = told(GOOD, spoil)
    assert "Not ready to report from" in words(report.summary())
    listed = table(report.problems()).rows
    found = report.quality.inspection.problems
    assert len(listed) == len(found) == report.quality.errors + report.quality.warnings
    assert {p.rule for p in found} == {"sampled-count", "period-order", "unreadable-optional-cell", "unknown-fact"}
    counted = shown(report.counts())
    assert sum(counted.values()) == len(found)


def test_what_a_cell_holds_is_printed_only_when_asked(told):
    def spoil(tables):
        tables["records"]["route"] = tables["records"]["route"].astype(object)
        tables["records"].loc[0, "route"] = "told marker at the desk"

    for show, printed in ((False, False), (True, True)):
        report = told(GOOD, spoil, options={"show_cells": show})
        assert ("marker" in words(report.problems())) == printed
    assert "show_cells" in words(told(GOOD, spoil).problems())


def test_records_are_named_by_alias_unless_asked(told):
    def spoil(tables):
        tables["records"].loc[1, "opened_at"] = datetime(2020, 6, 1)

    row = table(told(GOOD, spoil).problems()).rows[0]
    assert plain(row[2]).startswith("R-")
    assert "a-2" not in words(told(GOOD, spoil).problems())
    assert plain(table(told(GOOD, spoil, options={"show_records": True}).problems()).rows[0][2]) == "a-2"


# What was compared.


def test_reconciliations_say_what_they_compared_and_whether_it_held(told):
    report = told(GOOD, lambda tables: tables["strata"].__setitem__("records_in_frame", 1))
    rows = [tuple(map(plain, row)) for row in table(report.reconciliations()).rows]
    results = {check: result for check, _, result in rows}
    assert results["Crimes are numbered from 1 within their record"] == "held"
    assert results["Each N100 has the answer to its test"] == "nothing to compare"
    assert any(result.endswith("found") for result in results.values()), "more sampled than the frame holds"
    held = sum(result == "held" for result in results.values())
    made = sum(result != "nothing to compare" for result in results.values())
    counted = shown(report.reconciliations())
    assert (counted["data_quality/reconciliations/held"], counted["data_quality/reconciliations/made"]) == (held, made)


def test_an_accepted_problem_is_no_longer_listed_but_told_with_its_reason(make_tables, save):
    tables = make_tables(GOOD)
    tables["strata"].loc[0, "records_sampled"] = 7
    path = save(tables)
    (problem,) = inspect_audit(path).problems
    path.with_name("small.overrides.toml").write_text(
        f'[[accept]]\nrule = "{problem.rule}"\nsheet = "strata"\nrow = {problem.row}\ncolumn = "{problem.column}"\n'
        f'found = "{problem.found}"\nreason = "Four records are with the court"\naccepted_by = "Deputy registrar"\n',
        encoding="utf-8",
    )
    report = open_data_quality(str(path))
    assert "nothing to mend" in words(report.problems())
    row = [plain(cell) for cell in table(report.accepted()).rows[0]]
    assert row[2:] == ["Four records are with the court", "Deputy registrar"]
    assert "1 accepted" in [plain(row[2]) for row in table(report.reconciliations()).rows]
    from cdi_stats.report.inspection import open_report

    annex = words(open_report(str(path)).annex())
    assert "Four records are with the court" in annex
    assert "Deputy registrar" in annex


# Completeness.


def test_a_column_is_held_against_the_rows_it_is_for(told):
    def fill(tables):
        tables["crimes"]["reason"] = ["none given" if value == "no" else None for value in tables["crimes"]["recorded"]]
        tables["crimes"].loc[0, "recorded_at"] = datetime(2019, 2, 1, 12)

    found = {(c.sheet, c.column): c for c in told(GOOD, fill).quality.completeness}
    reason, recorded_at = found["crimes", "reason"], found["crimes", "recorded_at"]
    assert (reason.filled, reason.due, reason.share) == (2, 2, 1.0), "two of five crimes were missed"
    assert (recorded_at.filled, recorded_at.due) == (1, 3)
    assert found["records", "record_id"].share == 1


def test_equality_characteristics_have_shares_with_wilsons_interval(told):
    rows = [
        {"characteristic": "age", "collected": "always", "examined": 40, "complete": 38},
        {"characteristic": "religion", "collected": "not routinely"},
    ]
    report = told(GOOD, equality=rows)
    age, religion = report.quality.equality
    assert (age.collected, religion.collected) == ("always", "not routinely")
    assert age.share == 0.95
    wilson = proportion_interval(38, 40)
    assert (age.interval.low, age.interval.high) == (wilson.low, wilson.high)
    assert religion.share is None
    cells = [[plain(cell) for cell in row] for row in table(report.equality()).rows]
    assert cells[0][2:5] == ["40", "38", "95.0%"]
    assert cells[1][2:] == ["not counted", "not counted", "n/a", "n/a"]
    assert "no equality sheet" in words(told(GOOD, name="none").equality())


# Audits at the edge: each is told, none is a surprise.


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"a": [(1, 1), (1, 1)], "b": [(1, 1), (2, 2)]}, "Every crime due was recorded"),
        ({"a": [(1, 0), (1, 0)], "b": [(1, 0), (2, 0)]}, "No crime due was recorded"),
        ({"a": [(1, 1), (1, 0)], "b": [(0, 0), (0, 0)]}, "No crime was due in any record examined"),
        ({"a": [(1, 1), (1, 0)], "b": []}, "Nothing was sampled of it"),
        ({"a": [(0, 0), (0, 0)]}, "Without a crime due there is no rate to report"),
        ({}, "No stratum could be read"),
    ],
    ids=["no misses", "all missed", "no crime due in a stratum", "missing stratum", "no crime due", "empty"],
)
def test_an_extreme_audit_is_told(told, records, said):
    assert said in words(told(records).holdings())


def test_holdings_add_to_what_the_audit_holds(findings):
    quality = DataQuality(inspect_audit("kent-2017"))
    assert sum(h.reported for h in quality.holdings) == findings["kent-2017"].overall.due == 1500
    assert sum(h.recorded for h in quality.holdings) == 1254, "the inspectorate's report on Kent, 2017"
