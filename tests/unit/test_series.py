"""A series of audits: read from folders and lists, charted only like with like, its gaps found, its latest compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cdi_stats.audit.reading import read_audit
from cdi_stats.audit.series import bundled_series, read_series
from cdi_stats.audit.series_example import NAME, build_series
from cdi_stats.errors import BadParameters, UnreadableAudit
from cdi_stats.findings.calendar import examine_calendar
from cdi_stats.findings.examine import examine
from cdi_stats.findings.series import FEWEST_FOR_LIMITS, examine_series, month_label
from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.monitoring import p_prime_chart
from cdi_stats.resources import resource

GOOD, BAD = [(1, 1)] * 18 + [(1, 0)] * 2, [(1, 1)] * 8 + [(1, 0)] * 12


def month(number, year=2019):
    last = date(year + number // 12, number % 12 + 1, 1)
    return {"period_start": date(year, number, 1), "period_end": date.fromordinal(last.toordinal() - 1)}


@pytest.fixture
def make_series(save, make_tables, tmp_path):
    """Write a folder of monthly audits, each {stratum: records}, and read it as a series."""

    def make(*audits, facts=(), **options):
        for number, records in enumerate(audits, start=1):
            given = facts[number - 1] if facts else {}
            save(make_tables(records, strata=month(number), facts=given, **options), f"audit-{number:02d}")
        return read_series(tmp_path)

    return make


# Reading.


def test_the_bundled_series_is_read_in_order_of_time(example_series):
    assert example_series.id in bundled_series()
    assert example_series.force == "Example Police"
    ends = [audit.period[1] for audit in example_series.audits]
    assert ends == sorted(ends)
    assert len(example_series.audits) == len(list(resource("data", "series", NAME).glob("*.xlsx"))) == 22


def test_the_bundled_series_is_what_the_code_builds_and_says_that_it_is_made_up(save, example_series):
    read = {audit.id: audit for audit in example_series.audits}
    for name, tables in build_series().items():
        committed = read[name]
        built = read_audit(save(tables, name))
        assert committed.facts == built.facts
        assert committed.facts.note.startswith("Made up.")
        for sheet in ("records", "crimes"):
            assert committed.tables[sheet].equals(built.tables[sheet]), (name, sheet)
        assert committed.warnings == ()


def test_the_bundled_series_stays_small():
    assert sum(file.stat().st_size for file in resource("data", "series").rglob("*")) < 500_000


def test_one_audit_is_a_series_of_one():
    assert [audit.id for audit in read_series("kent-2017").audits] == ["kent-2017"]


def test_a_list_names_bundled_audits_and_files_beside_it(tmp_path, save, make_tables):
    save(make_tables({"a": GOOD}, facts={"force": "Kent Police"}), "own")
    (tmp_path / "kent.toml").write_text('audits = ["kent-2018", "own.xlsx", "kent-2017"]', encoding="utf-8")
    series = read_series(tmp_path / "kent.toml")
    assert series.id == "kent"
    assert [audit.id for audit in series.audits] == ["kent-2017", "kent-2018", "own"]


def test_a_folder_of_folders_and_workbooks_is_read_and_lock_files_are_not(tmp_path, make_tables, save):
    save(make_tables({"a": GOOD}), "one")
    (tmp_path / "~$one.xlsx").write_bytes(b"lock")
    (tmp_path / "notes.txt.bak").write_text("no audit", encoding="utf-8")
    (tmp_path / "two").mkdir()
    for name, table in make_tables({"a": BAD}).items():
        table.to_csv(tmp_path / "two" / f"{name}.csv", index=False)
    assert {audit.id for audit in read_series(tmp_path).audits} == {"one", "two"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("audits = []", "at least 1"),
        ('audits = "january"', "list"),
        ('files = ["a"]', "files"),
        ("audits = [", "not TOML"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path, text, said):
    (tmp_path / "list.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadParameters, match=said):
        read_series(tmp_path / "list.toml")


def test_what_is_no_series_is_refused(tmp_path, save, make_tables):
    with pytest.raises(UnreadableAudit, match=f"bundled series are {NAME}"):
        read_series("no-such-series")
    with pytest.raises(UnreadableAudit, match="no audit in the folder"):
        read_series(tmp_path)
    save(make_tables({"a": GOOD}), "one")
    (tmp_path / "again.xlsx").write_bytes((tmp_path / "one.xlsx").read_bytes())
    with pytest.raises(BadParameters, match="one audit twice, as again and one"):
        read_series(tmp_path)
    (tmp_path / "again.xlsx").unlink()
    save(make_tables({"a": GOOD}, facts={"force": "Otherland Police"}), "other")
    with pytest.raises(BadParameters, match="Otherland Police, Testshire Police"):
        read_series(tmp_path)


def test_problems_of_all_audits_are_said_at_once(tmp_path, save, make_tables):
    for name in ("one", "two"):
        save(make_tables({"a": GOOD}, facts={"audit_type": "visit"}), name)
    with pytest.raises(BadParameters) as refused:
        read_series(tmp_path)
    assert [f"{name}.xlsx: 1 problem to mend" in str(refused.value) for name in ("one", "two")] == [True, True]


# The chart.


def test_the_chart_is_laneys_on_each_audits_own_overall_rate(make_series):
    """Laney (2002) as p_prime_chart has it, fed by hand."""
    found = examine_series(make_series({"a": GOOD}, {"a": BAD}, {"a": GOOD}, {"a": GOOD}))
    (segment,) = found.segments
    estimates = [examine(audit).overall.estimate for audit in found.series.audits]
    by_hand = p_prime_chart([e.rate for e in estimates], [e.effective_sample_size for e in estimates])
    assert segment.chart.rate.tolist() == [0.9, 0.4, 0.9, 0.9]
    assert np.array_equal(segment.chart.low, by_hand.low)
    assert found.weighting == ""


def test_fewer_than_four_audits_get_no_limits(make_series):
    assert FEWEST_FOR_LIMITS == 4
    (segment,) = examine_series(make_series({"a": GOOD}, {"a": BAD}, {"a": GOOD})).segments
    assert segment.chart is None
    assert segment.outside == segment.runs == ()


def test_the_bundled_series_signals_its_special_month_and_breaks_where_rules_change(example_series):
    found = examine_series(example_series)
    assert [len(segment.audits) for segment in found.segments] == [15, 6]
    assert [audit.label for audit in found.segments[0].outside] == ["September 2023"]
    assert found.segments[1].outside == ()
    assert found.segments[0].rules != found.segments[1].rules
    assert [(a.label, a.left_out) for a in found.audits if a.left_out] == [
        ("June 2023", "it did not audit sexual offences")
    ]


def test_a_known_cause_stays_on_the_chart_and_sets_no_limits(example_series):
    plain, known = (examine_series(example_series, known_causes=names).segments[0] for names in ((), ("2023-09",)))
    assert known.aside.count(True) == 1
    assert known.chart.sigma_z[0] < plain.chart.sigma_z[0]
    assert "September 2023" in [audit.label for audit in known.outside]
    with pytest.raises(BadParameters, match="known_causes: found 1999-01; expected some of 2022-10"):
        examine_series(example_series, known_causes=("1999-01",))


def test_rules_that_differ_in_case_and_blanks_only_are_the_same(make_series):
    facts = [{"counting_rules": rules} for rules in ("April 2019", " april  2019", "April 2020")]
    found = examine_series(make_series({"a": GOOD}, {"a": BAD}, {"a": GOOD}, facts=facts))
    assert [len(segment.audits) for segment in found.segments] == [2, 1]
    assert found.present == (found.latest,)


def test_a_run_of_eight_is_found_where_no_audit_lies_outside(make_series):
    """Eight audits at 90 and 95 %, then three at 80 and 85 %: eight in a row above the centre, which lies between."""
    shares = [18, 19, 18, 19, 18, 19, 18, 19, 16, 17, 16]
    audits = [{"a": [(1, 1)] * recorded + [(1, 0)] * (20 - recorded)} for recorded in shares]
    (segment,) = examine_series(make_series(*audits)).segments
    assert [(run[0].label, run[-1].label) for run in segment.runs] == [("January 2019", "August 2019")]
    assert segment.outside == ()


def test_audits_with_other_strata_stand_apart(make_series):
    both = {"a": GOOD, "b": GOOD}
    found = examine_series(make_series(both, {"a": GOOD}, both, {**both, "c": GOOD}))
    assert [audit.left_out for audit in found.audits] == [
        "", "it did not audit b crime", "", "it has a stratum that the others do not: c crime",
    ]  # fmt: skip
    assert len(found.charted) == 2
    assert found.trend == ()


def test_a_stratum_without_crime_leaves_no_overall_rate(make_series):
    both = {"a": GOOD, "b": GOOD}
    found = examine_series(make_series(both, {"a": GOOD, "b": [(0, 0)] * 5}, both))
    assert found.audits[1].left_out.startswith("there is no overall rate")


def test_where_frames_are_missing_in_one_audit_all_are_pooled(save, make_tables, tmp_path):
    both = {"a": GOOD, "b": BAD}
    for number, frame in ((1, 400), (2, None)):
        save(make_tables(both, strata=month(number) | {"records_in_frame": frame}), f"audit-{number}")
    found = examine_series(read_series(tmp_path))
    assert (found.weighting, found.reweighted) == ("pooled", True)
    assert [audit.estimate.rate for audit in found.charted] == [26 / 40, 26 / 40]


def test_an_audit_of_totals_is_charted_on_its_crimes(save, make_tables, tmp_path):
    totals = [{"measure": "recording_rate", "stratum": "a", "reported": 20, "recorded": 18}]
    save(make_tables({"a": GOOD}, strata=month(1)), "audit-1")
    tables = make_tables({"a": GOOD}, strata=month(2), counts=totals)
    save(tables | {name: tables[name].iloc[:0] for name in ("records", "crimes")}, "audit-2")
    found = examine_series(read_series(tmp_path))
    assert [audit.audit.has_records for audit in found.charted] == [True, False]
    assert found.charted[1].estimate.rate == 0.9
    assert found.charted[1].effective_sample_size == pytest.approx(19), "twenty crimes, each standing alone"


def test_the_latest_is_compared_with_each_earlier_audit_under_the_same_rules(make_series):
    found = examine_series(make_series({"a": BAD}, {"a": GOOD}, {"a": GOOD}))
    by_hand = compare_rates(found.audits[2].estimate, found.audits[0].estimate)
    assert [row.earlier.label for row in found.trend] == ["January 2019", "February 2019"]
    assert found.trend[0].change == by_hand
    assert found.trend[0].change.direction == "improved"
    assert found.trend[0].adjusted_p_value == min(2 * found.trend[0].p_value, 1)
    assert found.trend[1].change.value == 0


@pytest.mark.parametrize("overall", ["pooled", "weighted"])
def test_the_weighting_asked_for_is_that_of_every_audit(example_series, overall):
    found = examine_series(replace(example_series, audits=example_series.audits[:2]), overall=overall)
    assert [found.weighting, *(a.findings.overall.weighting for a in found.audits)] == [overall] * 3


# Calendar and labels.


def test_the_calendar_counts_records_by_month_and_finds_the_gaps(example_series):
    calendar = examine_calendar(example_series.audits)
    assert calendar.empty_months == ((2023, 12),)
    assert calendar.gaps("sexual") == ((2023, 6),)
    assert calendar.gaps("violence") == ()
    assert calendar.covered["violence", (2022, 10)].records == 70
    assert (calendar.years, len(calendar.months)) == ((2022, 2023, 2024), 23)


def test_the_calendar_of_an_audit_over_months_counts_what_is_dated(bundled):
    """The 2017 inspection: June to November 2016, 520 records of violence."""
    calendar = examine_calendar([bundled["kent-2017"]])
    assert calendar.months == tuple((2016, number) for number in range(6, 12))
    assert sum(calendar.covered["violence", at].records for at in calendar.months) == 520


def test_two_audits_of_one_month_count_together_unless_one_is_not_dated(bundled, make_audit):
    dated, undated = bundled["kent-2017"], make_audit({"violence": GOOD})
    alone, both = (examine_calendar([dated] * times).covered["violence", (2016, 6)].records for times in (1, 2))
    assert both == 2 * alone > 0
    strata = tuple(replace(s, period_start=dated.period[0], period_end=dated.period[1]) for s in undated.strata)
    mixed = examine_calendar([dated, replace(undated, strata=strata)])
    assert mixed.covered["violence", (2016, 6)].records is None


def test_the_calendar_without_dates_says_that_months_are_covered(make_audit):
    calendar = examine_calendar([make_audit({"a": GOOD})])
    assert [calendar.covered["a", (2019, number)].records for number in (1, 2, 3)] == [None] * 3


def test_an_undated_audit_of_one_month_counts_what_was_sampled(make_audit):
    calendar = examine_calendar([make_audit({"a": GOOD}, strata=month(1))])
    assert calendar.covered["a", (2019, 1)].records == len(GOOD)


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        (date(2023, 9, 1), date(2023, 9, 30), "September 2023"),
        (date(2016, 6, 1), date(2016, 11, 30), "June to November 2016"),
        (date(2016, 12, 1), date(2017, 3, 31), "December 2016 to March 2017"),
    ],
)
def test_periods_read_as_months(start, end, label):
    assert month_label(start, end) == label


def test_audits_of_one_month_are_told_apart_by_name(save, make_tables, tmp_path):
    for name, records in (("first", GOOD), ("second", BAD)):
        save(make_tables({"a": records}, strata=month(1)), name)
    labels = [audit.label for audit in examine_series(read_series(tmp_path)).audits]
    assert labels == ["January 2019 (first)", "January 2019 (second)"]
