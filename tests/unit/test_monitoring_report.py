"""The monitoring report: every branch of its sentences, on small series and on the bundled one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from cdi_stats.findings.calendar import Calendar, Covered
from cdi_stats.publishing.publication import collect_figures
from cdi_stats.report import series_words
from cdi_stats.report.blocks import Callout, Chart, Table, plain
from cdi_stats.report.monitoring import open_monitoring

SECTIONS = ("title", "summary", "chart", "trend", "calendar", "districts", "teams", "further", "check", "annex")
GOOD, BAD = [(1, 1)] * 18 + [(1, 0)] * 2, [(1, 1)] * 8 + [(1, 0)] * 12


def words(section):
    parts = []
    for block in section:
        parts += [plain(getattr(block, p)) for p in ("headline", "text", "caption", "title") if hasattr(block, p)]
        parts += [plain(point) for point in getattr(block, "points", ())]
        parts += [plain(note) for note in getattr(block, "notes", ())]
    return " ".join(parts)


def blocks(section, kind):
    return [block for block in section if isinstance(block, kind)]


def month(number, year=2019):
    last = date(year + number // 12, number % 12 + 1, 1)
    return {"period_start": date(year, number, 1), "period_end": date.fromordinal(last.toordinal() - 1)}


@pytest.fixture
def make_report(save, make_tables, tmp_path):
    """Open the report of monthly audits, each {stratum: records}; `names` gives every record its district."""

    def make(*audits, facts=(), names=(), dated=False, parameters=None, sheets=None, months=None, **options):
        for place, records in enumerate(audits):
            number = months[place] if months else place + 1
            given = facts[place] if facts else {}
            tables = make_tables(records, strata=month(number), facts=given, **options)
            rows = len(tables["records"])
            if names:
                tables["records"]["district"] = pd.Series([names[i % len(names)] for i in range(rows)], dtype=object)
            if dated:
                start = datetime(2019, number, 1)
                days = [start + timedelta(hours=i) for i in range(rows)]
                tables["records"]["opened_at"] = pd.Series(days, dtype=object)
            if sheets and place in sheets:
                tables |= sheets[place](tables)
            save(tables, f"audit-{number:02d}")
        return open_monitoring(str(tmp_path), **(parameters or {}))

    return make


@pytest.fixture(scope="module")
def example(open_example):
    return open_example()


def told(report):
    return {name: words(getattr(report, name)()) for name in SECTIONS}


# The bundled series.


def test_no_figure_of_the_report_carries_two_values(example):
    shown = [block for name in SECTIONS for block in getattr(example, name)().to_blocks()]
    figures = collect_figures(shown)
    assert figures["monitoring/audits"]["value"] == 22
    assert figures["series/2023-09/recording_rate/all/all/rate"]["texts"] == ["69.3%"]
    assert figures["district/Valley/pooled"]["value"] > figures["district/Valley/rate"]["value"]


def test_no_rate_stands_without_its_interval(example):
    """Each rate in the summary is followed by its interval, and so are those of groups."""
    said = told(example)
    assert "93.0% of the crimes reported to it (95% interval 87.0% to 96.4%; 152 of 168" in said["summary"]
    assert "Valley, 79.4% (95% interval 68.7% to 87.1%; 71 of 90 crimes examined)" in said["districts"]
    assert "15.1% (95% interval 9.0% to 24.3%; 16 of 106)" in said["further"]


def test_the_example_tells_its_month_its_rules_and_its_gaps(example):
    said = told(example)
    assert "One of the 21 audits with control limits lies beyond them (September 2023)." in said["summary"]
    assert "September 2023 lay below the control limits: 69.3% (95% interval" in said["chart"]
    assert "The counting rules changed before the audit of March 2024." in said["chart"]
    assert "June 2023 is not on the chart: it did not audit sexual offences." in said["chart"]
    assert "set by six audits. Until about 20" in said["chart"]
    assert "22 of 23 months. Months without an audit: December 2023." in said["calendar"]
    assert "Months in which sexual offences were left out: June 2023." in said["calendar"]
    assert "none of the five earlier ones" in said["trend"]
    assert "Made up." in said["title"]


def test_tables_and_charts_of_the_example(example):
    segments = blocks(example.chart(), Table)
    assert [len(table.rows) for table in segments] == [15, 6]
    signalling = [plain(row[0]) for table in segments for row in table.rows if "," in plain(row[0])]
    assert signalling == ["September 2023, outside the limits"]
    (calendar,) = blocks(example.calendar(), Chart)
    assert calendar.title == "Audits of 2022 to 2024: where the gaps are"
    assert "2023, sexual offences all but Jun, Dec" in calendar.alt
    (chart,) = blocks(example.chart(), Chart)
    assert chart.title == "September 2023 lies beyond the control limits"
    assert "September 2023: rate 69.3%" in chart.alt
    assert "signal outside the limits" in chart.alt
    funnel, pooled = blocks(example.districts(), Chart)
    assert funnel.title == "Valley lies beyond the 99.8% limits"
    assert pooled.title.startswith("Drawn towards all, districts range from")


def test_names_are_printed_only_where_asked_for(open_example):
    report = open_example(groups="none")
    said = told(report)
    assert said["districts"] == "This report was asked not to print districts."
    assert said["teams"] == "This report was asked not to print teams."
    assert "Valley" not in str([getattr(report, name)().to_blocks() for name in SECTIONS])
    assert "Valley B" not in str(open_example(groups="district").districts().to_blocks())


def test_what_is_said_of_groups_in_general_is_said_once(example):
    said = told(example)
    assert "Small groups take the top" in said["districts"]
    assert "Small groups take the top" not in said["teams"]
    assert "Records of the six audits" not in said["teams"]


def test_a_known_cause_is_said(open_example):
    said = told(open_example(known_causes="2023-09"))
    assert "Its cause is known, and it does not count" in said["chart"]


# Few audits.


def test_one_audit(make_report):
    said = told(make_report({"a": GOOD}))
    assert "There is one audit only." in said["chart"]
    assert said["trend"] == "There is no earlier audit."
    assert "No record names its district" in said["districts"]
    assert "No record examined under the present counting rules holds a second crime." in said["further"]
    assert "no monthly check yet" in said["check"]
    assert said["summary"].startswith("18 of 20 In the latest audit, of January 2019")


def test_two_audits(make_report):
    report = make_report({"a": GOOD}, {"a": BAD})
    said = told(report)
    assert "Two audits stand under the present counting rules: too few for control limits" in said["chart"]
    assert "Too few audits yet for control limits" in said["chart"]
    assert "The latest audit differs clearly from the one earlier audit under the same rules: January" in said["trend"]
    assert "February 2019 differs clearly from the one earlier audit" in said["trend"]
    assert "January 2019 (18 of 20)" in said["trend"]
    (chart,) = blocks(report.chart(), Chart)
    assert "bars: 95% intervals" in chart.subtitle


def test_two_audits_alike(make_report):
    said = told(make_report({"a": GOOD}, {"a": GOOD}))
    assert "does not differ clearly from the one earlier audit" in said["trend"]


def test_quiet_audits_are_said_to_vary_as_before(make_report):
    audits = [{"a": [(1, 1)] * recorded + [(1, 0)] * (20 - recorded)} for recorded in (18, 17, 18, 16, 18)]
    said = told(make_report(*audits))
    assert "No audit on the chart lies beyond its control limits, and no eight in a row" in said["chart"]
    assert "None of the five audits" in said["summary"] or "None of the 5 audits" in said["summary"]


def test_a_run_is_said(make_report):
    shares = [18, 19, 18, 19, 18, 19, 18, 19, 16, 17, 16]
    report = make_report(*({"a": [(1, 1)] * n + [(1, 0)] * (20 - n)} for n in shares))
    said = told(report)
    assert "Eight audits in a row, from January 2019 to August 2019, lay above the centre line" in said["chart"]
    assert "one run of audits on one side of the centre" in said["summary"]
    assert blocks(report.chart(), Chart)[0].title == "Eight audits in a row lie on one side of the centre"


def test_all_recorded(make_report):
    every = [(1, 1)] * 20
    report = make_report(*[{"a": every}] * 4, names=("North", "South", "East"))
    said = told(report)
    assert "do not vary at all, so no limits can be set" in said["chart"]
    assert "No district lies beyond the 95% limits" in said["districts"]
    assert "does not differ clearly from any earlier audit" in said["trend"]


def test_clear_changes_are_named_and_held_to_their_number(make_report):
    said = told(make_report({"a": BAD}, {"a": GOOD}, {"a": GOOD}))["trend"]
    assert "differs clearly from one of the two earlier ones under the same rules: January 2019 (8 of 20)" in said
    assert "all of these still stand" in said or "no longer stand: January 2019" in said


# Unlike audits.


def test_a_latest_audit_that_lacks_a_stratum_has_no_place(make_report):
    both = {"a": GOOD, "b": GOOD}
    said = told(make_report(both, both, {"a": GOOD}))
    assert "has no overall rate to set beside the others: it did not audit b crime." in said["summary"]
    assert "has no overall rate to set beside the others" in said["trend"]
    assert "March 2019 beside February 2019, by stratum" in said["trend"]


def test_a_new_rule_leaves_nothing_to_compare_with(make_report):
    facts = [{"counting_rules": "first"}, {"counting_rules": "second"}]
    said = told(make_report({"a": GOOD}, {"a": BAD}, facts=facts))
    assert "No earlier audit was made under the present counting rules" in said["trend"]
    assert "One audit stands under the present counting rules" in said["chart"]


def test_earlier_audits_without_an_overall_rate(make_report):
    both = {"a": GOOD, "b": GOOD}
    said = told(
        make_report(both, {"a": GOOD}, both, facts=[{"counting_rules": r} for r in ("first", "second", "second")])
    )
    assert "No earlier audit under the present counting rules has an overall rate" in said["trend"]


def totals_only(tables):
    counts = pd.DataFrame([{"measure": "recording_rate", "stratum": "a", "reported": 20, "recorded": 18}])
    return {"counts": counts} | {name: tables[name].iloc[:0] for name in ("records", "crimes")}


def test_an_audit_of_totals_is_told(make_report):
    report = make_report({"a": GOOD}, {"a": GOOD}, sheets={0: totals_only})
    said = told(report)
    assert "Of January 2019 only totals are known" in said["chart"]
    assert plain(blocks(report.chart(), Table)[0].rows[0][0]) == "January 2019, totals only"
    assert "hollow" in blocks(report.chart(), Chart)[0].subtitle


def test_a_series_of_totals_alone(make_report):
    said = told(make_report({"a": GOOD}, {"a": GOOD}, sheets={0: totals_only, 1: totals_only}))
    assert said["further"].startswith("No audit under the present counting rules holds records")
    assert "No record names its district" in said["districts"]
    assert "no monthly check yet" in said["check"]


def test_rebuilt_records_are_said_to_be_illustrative():
    report = open_monitoring("kent-2017")
    assert "illustrative" in told(report)["further"]
    assert [callout.heading for callout in blocks(report.check(), Callout)] == ["Illustrative"]
    assert "Further crimes" not in told(report)["summary"]


def test_reweighted_audits_are_told(save, make_tables, tmp_path):
    both = {"a": GOOD, "b": BAD}
    save(make_tables(both, strata=month(1) | {"records_in_frame": 400}), "audit-01")
    save(make_tables(both, strata=month(2)), "audit-02")
    said = told(open_monitoring(str(tmp_path)))
    assert "so all overall rates here are pooled" in said["chart"]
    assert "pools all crimes audited" in said["annex"]


# Groups and the check.


def test_two_districts_stand_in_a_table_only(make_report):
    report = make_report({"a": GOOD}, names=("North", "South"))
    assert "Records name two districts with a crime due: too few" in told(report)["districts"]
    assert blocks(report.districts(), Chart) == []
    assert len(blocks(report.districts(), Table)[0].rows) == 2


def test_few_districts_and_records_without_a_name(make_report):
    said = told(make_report({"a": GOOD * 3}, names=("North", "South", "East", None)))["districts"]
    assert "With fewer than 10 districts their usual spread is hardly known." in said
    assert "15 of 60 records name no district and are left out." in said


def test_a_record_above_the_bound_is_warned_of(make_report):
    records = [{"a": [(3, 3), *GOOD]}, {"a": GOOD}, {"a": GOOD}]
    report = make_report(*records, dated=True, parameters={"largest_record": 2})
    (callout,) = blocks(report.check(), Callout)
    assert "the two declared beforehand" in plain(callout.text)


def test_a_rate_that_moved_has_no_limits(make_report):
    months = ([(1, 1)] * 300, [(1, 1)] * 200 + [(1, 0)] * 100, [(1, 0)] * 300)
    report = make_report(*({"a": rows} for rows in months), dated=True, parameters={"largest_record": 1})
    said = told(report)["check"]
    assert "no single rate agrees with the records in the order" in said
    assert blocks(report.check(), Chart) == []
    assert plain(blocks(report.check(), Table)[0].rows[0][4]) == "none: the rate moved"


def test_months_are_told_as_runs():
    covered = {("a", (2019, n)): Covered(1) for n in (1, 5, 7, 10)}
    calendar = Calendar((("a", "violent crime"),), tuple((2019, n) for n in range(1, 11)), covered)
    (said,) = map(plain, series_words.calendar_words(calendar))
    assert said == (
        "Something was audited in 4 of 10 months. Months without an audit: February to April 2019, June 2019 "
        "and August to September 2019."
    )


def test_an_audit_in_every_month(make_report):
    assert told(make_report({"a": GOOD}, {"a": GOOD}))["calendar"].startswith("Something was audited in every month")
