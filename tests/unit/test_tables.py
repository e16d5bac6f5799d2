"""Tables made from findings: every cell a finding's own figure, columns and rows that hold nothing left out."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import examine
from cdi_stats.report import missed_tables, tables
from cdi_stats.report.blocks import figures, plain
from cdi_stats.resources import code_list

STRATA = ("violence", "sexual", "other")


def rates(found):
    return [("Overall", found.overall), *((name.capitalize(), found.stratum(name)) for name in STRATA)]


def labelled(comparison, keys):
    """Return changes under their labels, as a report passes them: those that both audits have."""
    return [(label, change) for label, key in keys if (change := comparison.get(*key))]


def shown(table):
    """Return {key: (value, text)} of a table's figures."""
    return {f["figure"]: (f["value"], f["text"]) for f in figures([table.to_json()])}


def values(table):
    """Return {key: value}; a page carries twelve digits of a value."""
    return {key: pytest.approx(value, rel=1e-11) for key, (value, _) in shown(table).items()}


def headers(table):
    return [column.header for column in table.columns]


def cells(table):
    return [[plain(cell) for cell in row] for row in table.rows]


@pytest.fixture
def every_table(findings, bundled, comparison):
    """One of each table, from the bundled audits."""
    found, board, now = findings["kent-2017"], findings["kent-board-2017"], findings["kent-2018"]
    keys = [(name, ("recording_rate", "all", name)) for name in ("all", *STRATA)]
    concentrations = [(name, examine_concentration(bundled["kent-2017"], stratum=name)) for name in STRATA]
    return [
        tables.rates_table("Rates", rates(found)),
        tables.annual_table("A year", rates(found)),
        tables.change_table("Change", "95%", labelled(comparison, keys)),
        tables.additional_table("Additional", "95%", labelled(comparison, keys)),
        tables.methods_table("Methods", rates(found)),
        missed_tables.causes_table("Causes", examine_causes(bundled["kent-2017"]), "95%"),
        missed_tables.concentration_table("Concentration", concentrations),
        tables.sample_table("Sample", found),
        tables.precision_table("Precision", board),
        tables.actions_table("Actions", found),
        tables.n100_outcomes_table("N100s", now),
    ]


def test_each_table_is_whole(every_table):
    for table in every_table:
        assert table.caption
        assert table.rows
        assert len(set(headers(table))) == len(headers(table))
        assert {len(row) for row in table.rows} == {len(table.columns)}
        assert len({plain(row[0]) for row in table.rows}) == len(table.rows), "the first cell heads its row"
        assert json.loads(json.dumps(table.to_json(), allow_nan=False)) == table.to_json()


def test_no_number_stands_in_a_numeric_column_but_as_a_figure(every_table):
    for table in every_table:
        for row in table.rows:
            for column, cell in zip(table.columns, row, strict=True):
                words = cell if isinstance(cell, str) else " ".join(item for item in cell if isinstance(item, str))
                assert not column.numeric or not re.search(r"\d", words), (table.caption, words)


def test_rates_are_the_findings(findings):
    found = findings["kent-2018"]
    table = tables.rates_table("Rates", rates(found))
    expected = {}
    for _, row in rates(found):
        e = row.estimate
        expected |= {
            f"{row.key}/records": e.records,
            f"{row.key}/reported": e.reported,
            f"{row.key}/recorded": e.recorded,
            f"{row.key}/rate": e.rate,
            f"{row.key}/low": e.interval.low,
            f"{row.key}/high": e.interval.high,
        }
    assert values(table) == expected
    assert cells(table)[0][:5] == ["Overall", "710", "784", "757", "96.6%"]


def test_records_are_a_column_only_where_some_are_known(findings):
    found = findings["kent-2017"]
    cancelled = [(row.domain, row) for row in found.of("cancelled_correctly")]
    table = tables.rates_table("Cancelled", cancelled, "Reviewed", "Right")
    assert headers(table)[:4] == ["Crime type", "Reviewed", "Right", "Rate"]
    assert values(table)["cancelled_correctly/sexual/all/recorded"] == 13
    mixed = tables.rates_table("Mixed", [cancelled[0], ("Overall", found.overall)])
    assert headers(mixed)[1] == "Records"
    assert cells(mixed)[0][1] == "n/a"


def test_a_row_without_a_rate_says_so(make_audit):
    found = examine(make_audit({"a": [(1, 1), (1, 0)], "b": [(0, 0), (0, 0)]}))
    table = tables.rates_table("Rates", [("Overall", found.overall), ("A", found.stratum("a"))])
    assert cells(table)[0] == ["Overall", *["n/a"] * 5], "two crimes were due: no count would be nought"
    assert cells(table)[1][1:4] == ["2", "2", "1"]


@pytest.mark.parametrize(("level", "text"), [(0.9, "90%"), (0.975, "97.5%"), (0.999, "99.9%")])
def test_headers_name_the_level_unrounded(bundled, level, text):
    now, before = (examine(bundled[name], confidence_level=level) for name in ("kent-2018", "kent-2017"))
    keys = [("Overall", ("recording_rate", "all", "all"))]
    comparison = compare_findings(now, before)
    for table in (
        tables.rates_table("Rates", rates(now)),
        tables.annual_table("A year", rates(now)),
        tables.change_table("Change", now.level, labelled(comparison, keys)),
        tables.additional_table("Additional", now.level, labelled(comparison, keys)),
    ):
        assert [h for h in headers(table) if h.startswith(f"{text} ")], headers(table)


def test_annual_figures_are_the_findings_and_rates_without_volume_stay_out(findings):
    found = findings["kent-2017"]
    table = tables.annual_table("A year", [*rates(found), ("Rape", found.get("recording_rate", "rape"))])
    assert [row[0] for row in table.rows] == ["Overall", "Violence", "Sexual", "Other"]
    for _, row in rates(found):
        got = values(table)
        assert got[f"{row.key}/unrecorded_per_year"] == row.unrecorded.value
        assert got[f"{row.key}/unrecorded_low"] == row.unrecorded.interval.low
        assert got[f"{row.key}/unrecorded_high"] == row.unrecorded.interval.high
        assert got[f"{row.key}/unrecorded_plain_low"] == row.unrecorded_plain.interval.low
        assert got[f"{row.key}/unrecorded_plain_high"] == row.unrecorded_plain.interval.high
    assert cells(table)[0][2] == "24,300"
    assert tables.annual_table("A year", rates(findings["kent-board-2017"])).rows == ()


def test_changes_are_the_comparisons(comparison):
    keys = [
        ("Overall", ("recording_rate", "all", "all")),
        ("Rape", ("recording_rate", "rape", "all")),
    ]
    table = tables.change_table("Change", "95%", labelled(comparison, keys))
    assert [(row[0], row[-1]) for row in cells(table)] == [("Overall", "improved"), ("Rape", "no clear change")]
    for _, key in keys:
        change, name = comparison.get(*key), "/".join(key)
        got = values(table)
        assert got[f"earlier/{name}/rate"] == change.earlier.estimate.rate
        assert got[f"{name}/rate"] == change.later.estimate.rate
        assert got[f"{name}/reported"] == change.later.due
        assert got[f"earlier/{name}/recorded"] == change.earlier.done
        assert got[f"change/{name}/difference"] == change.change.value
        assert got[f"change/{name}/difference_low"] == change.change.interval.low
        assert got[f"change/{name}/difference_high"] == change.change.interval.high


def test_printed_additional_crimes_2018(comparison):
    keys = [(name, ("recording_rate", "all", name)) for name in ("all", "violence", "sexual")]
    with_rape = [*keys, ("Rape", ("recording_rate", "rape", "all"))]
    table = tables.additional_table("Additional", "95%", labelled(comparison, with_rape))
    assert [row[1] for row in cells(table)] == ["25,400", "12,380", "660"]
    for name, key in keys:
        total = comparison.get(*key).additional
        got = values(table)
        assert got[f"change/recording_rate/all/{name}/additional_per_year"] == total.value
        assert got[f"change/recording_rate/all/{name}/additional_low"] == total.interval.low


def test_methods_side_by_side(findings):
    found = findings["kent-2018"]
    table = tables.methods_table("Methods", [*rates(found), ("Rape", found.get("recording_rate", "rape"))])
    assert len(table.rows) == 4, "the published method is for recording rates of whole strata"
    assert [row[3] for row in cells(table)][:3] == ["±1.27", "±2.25", "−1.80"]
    for _, row in rates(found):
        got = values(table)
        assert got[f"{row.key}/plain_low"] == row.plain.low
        assert got[f"{row.key}/effective_sample_size"] == row.estimate.effective_sample_size
    assert cells(table)[2][-1] == "n/a", "no degrees of freedom where no crime was missed"


def test_causes_are_all_there(bundled):
    causes = examine_causes(bundled["kent-2017"])
    table = missed_tables.causes_table("Causes", causes, "95%")
    assert [row[0] for row in table.rows] == [cause.label for cause in causes]
    for cause in causes:
        got = values(table)
        assert got[f"causes/{cause.reason}/crimes"] == cause.crimes
        assert got[f"causes/{cause.reason}/share"] == cause.share
        assert got[f"causes/{cause.reason}/low"] == cause.interval.low
        assert got[f"causes/{cause.reason}/high"] == cause.interval.high


def test_board_paper_concentration(bundled):
    c = examine_concentration(bundled["kent-board-2017"], stratum="sexual")
    table = missed_tables.concentration_table("Concentration", [("Sexual", c)])
    assert cells(table) == [["Sexual", "44", str(len(c.misses)), "2", "18", "32", str(c.top[5]), "95%"]]


def test_sample_as_the_strata_sheet_has_it(findings):
    for name, found in findings.items():
        table = tables.sample_table("Sample", found)
        for stratum, texts in zip(found.audit.strata, cells(table), strict=True):
            row = dict(zip(headers(table), texts, strict=True))
            assert row["Records examined"] == f"{stratum.records_sampled:,}"
            assert row["Crimes due"] == f"{found.stratum(stratum.stratum).due:,}"
            frame, year = stratum.records_in_frame, stratum.recorded_in_year
            assert row["Records in the frame"] == (f"{frame:,}" if frame else "not known"), name
            assert row["Recorded in the year"] == (f"{year:,}" if year else "not known"), name


def test_board_paper_precision_asked_for_and_achieved(findings):
    table = tables.precision_table("Precision", findings["kent-board-2017"])
    assert [row[1] for row in cells(table)] == ["±3.0"] * 3
    assert [row[2] for row in cells(table)] == ["±3.6", "±4.5", "±2.9"]
    for name in STRATA:
        interval = findings["kent-board-2017"].stratum(name).estimate.interval
        assert values(table)[f"precision/{name}/clustered"] == (interval.high - interval.low) / 2
    assert tables.precision_table("Precision", findings["kent-2017"]) is None


def test_actions_number_the_recommendations_and_drop_empty_columns(findings):
    found = findings["kent-2017"]
    table = tables.actions_table("Actions", found)
    sheet = found.audit.tables["actions"]
    statuses = code_list("action_statuses")
    assert [row[headers(table).index("Status")] for row in cells(table)] == [statuses[s] for s in sheet["status"]]
    leads = [cell[0].split(".")[0] for cell in cells(table)]
    numbered = (sheet["kind"] == "recommendation").sum()
    assert [lead for lead in leads if lead[-1].isdigit()] == [f"Recommendation {n}" for n in range(1, numbered + 1)]
    bare = sheet.assign(deadline=None, progress=None)
    audit = replace(found.audit, tables=dict(found.audit.tables) | {"actions": bare})
    assert headers(tables.actions_table("Actions", replace(found, audit=audit))) == ["Action", "Status"]
    audit = replace(found.audit, tables=dict(found.audit.tables) | {"actions": sheet.iloc[:0]})
    assert tables.actions_table("Actions", replace(found, audit=audit)) is None


def test_kent_report_n100s_examined_2018(findings):
    table = tables.n100_outcomes_table("N100s", findings["kent-2018"])
    assert sorted(int(row[1]) for row in cells(table)) == [1, 3, 4, 12]
    assert sum((value for value, _ in shown(table).values())) == 20
    found = findings["kent-board-2017"]
    assert isinstance(found.audit.tables["n100"], pd.DataFrame)
    assert tables.n100_outcomes_table("N100s", found) is None
