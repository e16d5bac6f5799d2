"""An audit examined: the published counts again, which overall rate, what has no rate, and what a rate is set beside.

Authorities: the domain page's table of what a full inspection measures (the counts of Kent's two inspections and of its
board paper), Goodman (1965) for the reasons' shares.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from scipy.stats import chi2, norm

from cdi_stats.audit.reading import read_audit
from cdi_stats.errors import InvalidCounts
from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import examine
from cdi_stats.findings.measures import ALL, MEASURES, measure_of
from cdi_stats.methods.proportion import proportion_interval, wilson_limits

DESIGN_COLUMNS = [
    "measure", "domain", "stratum", "records", "reported", "recorded", "rate", "low", "high", "confidence_level",
    "method", "effective_sample_size", "design_effect", "degrees_of_freedom", "unrecorded_per_year", "unrecorded_low",
    "unrecorded_high", "warnings",
]  # fmt: skip

# (audit, measure, domain, stratum, cases right, cases due)
DOMAIN_TABLE = [
    ("kent-2017", "recording_rate", "all", "all", 1254, 1500),
    ("kent-2017", "recording_rate", "all", "violence", 461, 582),
    ("kent-2017", "recording_rate", "all", "sexual", 288, 319),
    ("kent-2017", "recording_rate", "all", "other", 505, 599),
    ("kent-2017", "recording_rate", "domestic_abuse", "all", 348, 446),
    ("kent-2017", "recording_rate", "rape", "all", 102, 112),
    ("kent-2017", "n100_made", "all", "all", 36, 53),
    ("kent-2017", "n100_correct", "all", "all", 17, 20),
    ("kent-2017", "vulnerable_victims", "all", "all", 5, 18),
    ("kent-2017", "timeliness", "all", "violence", 427, 462),
    ("kent-2017", "timeliness", "sexual excluding rape", "sexual", 158, 190),
    ("kent-2017", "timeliness", "rape", "sexual", 85, 95),
    ("kent-2017", "cancelled_correctly", "rape", "all", 19, 19),
    ("kent-2017", "cancelled_correctly", "sexual", "all", 13, 20),
    ("kent-2017", "cancelled_correctly", "violence", "all", 11, 20),
    ("kent-2017", "cancelled_correctly", "robbery", "all", 9, 11),
    ("kent-2017", "victims_informed", "all", "all", 49, 70),
    ("kent-2017", "safeguarding", "domestic_abuse", "all", 88, 98),
    ("kent-2018", "recording_rate", "all", "all", 757, 784),
    ("kent-2018", "recording_rate", "all", "violence", 292, 305),
    ("kent-2018", "recording_rate", "all", "sexual", 167, 167),
    ("kent-2018", "recording_rate", "all", "other", 298, 312),
    ("kent-2018", "recording_rate", "domestic_abuse", "all", 152, 165),
    ("kent-2018", "recording_rate", "rape", "all", 62, 63),
    ("kent-2018", "n100_made", "all", "all", 10, 10),
    ("kent-2018", "n100_correct", "all", "all", 12, 20),
    ("kent-2018", "vulnerable_victims", "all", "all", 6, 13),
    ("kent-2018", "timeliness", "all", "violence", 133, 292),
    ("kent-2018", "timeliness", "all", "sexual", 142, 167),
    ("kent-2018", "timeliness", "all", "other", 177, 290),
    ("kent-2018", "cancelled_correctly", "sexual", "all", 18, 20),
    ("kent-2018", "cancelled_correctly", "violence", "all", 20, 20),
    ("kent-2018", "cancelled_correctly", "robbery", "all", 14, 14),
    ("kent-2018", "safeguarding", "domestic_abuse", "all", 13, 13),
    ("kent-board-2017", "recording_rate", "all", "all", 644, 717),
    ("kent-board-2017", "recording_rate", "all", "violence", 199, 216),
    ("kent-board-2017", "recording_rate", "all", "sexual", 222, 266),
    ("kent-board-2017", "recording_rate", "all", "other", 223, 235),
]
MIXED = [(1, 1)] * 20 + [(2, 1)] * 5 + [(1, 0)] * 2 + [(0, 0)] * 3
YEAR = {"records_in_frame": 1000, "recorded_in_year": 5000, "year_end": date(2019, 3, 31)}


def codes(finding):
    return [caution.code for caution in finding.warnings]


@pytest.mark.parametrize(("audit", "measure", "domain", "stratum", "done", "due"), DOMAIN_TABLE)
def test_domain_page_counts(findings, audit, measure, domain, stratum, done, due):
    finding = findings[audit].get(measure, domain, stratum)
    assert (finding.done, finding.due) == (done, due)
    assert finding.estimate.rate == pytest.approx(done / due, rel=1e-12)
    row = findings[audit].table.query("measure == @measure and domain == @domain and stratum == @stratum").iloc[0]
    assert (row.recorded, row.reported) == (done, due)
    assert row.rate == finding.estimate.rate


@pytest.mark.parametrize(("audit", "records"), [("kent-2017", 50), ("kent-2018", 49)])
def test_domain_page_vulnerable_victim_records(findings, audit, records):
    assert findings[audit].get("vulnerable_victims").estimate.records == records


def test_board_paper_records_and_achieved_half_widths(findings):
    board = findings["kent-board-2017"]
    assert [board.stratum(name).estimate.records for name in ("violence", "sexual", "other")] == [228, 213, 228]
    plain = [board.stratum(name).plain for name in ("violence", "sexual", "other")]
    assert [round(50 * (interval.high - interval.low), 1) for interval in plain] == [3.6, 4.5, 2.9]


@pytest.mark.parametrize(
    ("audit", "stratum", "margin"),
    [
        ("kent-2017", "all", 1.85), ("kent-2017", "violence", 3.26), ("kent-2017", "sexual", 2.99),
        ("kent-2018", "all", 1.27), ("kent-2018", "violence", 2.25), ("kent-2018", "sexual", 1.80),
    ],
)  # fmt: skip
def test_printed_margins_from_the_published_method(findings, audit, stratum, margin):
    finding = findings[audit].get("recording_rate", "all", stratum)
    assert round(100 * (finding.estimate.rate - finding.published.low), 2) == margin


@pytest.mark.parametrize(
    ("stratum", "over", "below"), [("all", 24_300, 24_400), ("violence", 10_600, 10_700), ("sexual", 400, 410)]
)
def test_printed_unrecorded_crimes_2017(findings, stratum, over, below):
    finding = findings["kent-2017"].get("recording_rate", "all", stratum)
    assert over <= finding.unrecorded.value < below
    assert finding.unrecorded.interval.low < finding.unrecorded.value < finding.unrecorded.interval.high


def test_domain_page_plain_range_of_unrecorded_crimes_2017(findings):
    plain, clustered = findings["kent-2017"].overall.unrecorded_plain, findings["kent-2017"].overall.unrecorded
    assert (round(plain.interval.low, -2), round(plain.interval.high, -2)) == (21_200, 27_900)
    assert clustered.interval.low < plain.interval.low
    assert clustered.interval.high > plain.interval.high
    assert plain.value == clustered.value


def test_table_begins_with_the_design_pages_columns(findings):
    for found in findings.values():
        assert found.table.columns[: len(DESIGN_COLUMNS)].tolist() == DESIGN_COLUMNS
        assert len(found.table) == len(found.rows)


def test_intervals_hold_their_rates(findings):
    for found in findings.values():
        for row in found.rows:
            for interval in filter(None, (row.estimate.interval, row.plain, row.published)):
                assert 0 <= interval.low <= row.estimate.rate <= interval.high <= 1, row.key


# Pooled and weighted.


@pytest.mark.parametrize(("audit", "pooled", "weighted"), [("kent-2017", 0.836, 0.827), ("kent-2018", 0.966, 0.958)])
def test_domain_page_pooled_headline_beside_the_weighted_rate(findings, bundled, audit, pooled, weighted):
    found = findings[audit]
    assert found.overall.weighting == "pooled"
    assert round(found.overall.estimate.rate, 3) == pooled
    other = found.get("recording_rate_weighted")
    assert other.weighting == "weighted"
    assert round(other.estimate.rate, 3) == weighted
    turned = examine(bundled[audit], overall="weighted")
    assert turned.overall.estimate == other.estimate
    assert turned.get("recording_rate_pooled").estimate == found.overall.estimate


def test_weighted_rate_by_hand(findings, bundled):
    audit = bundled["kent-2017"]
    strata = {s.stratum: s.records_in_frame / s.records_sampled for s in audit.strata}
    rows = {name: findings["kent-2017"].stratum(name) for name in strata}
    by_hand = sum(w * rows[s].done for s, w in strata.items()) / sum(w * rows[s].due for s, w in strata.items())
    assert findings["kent-2017"].get("recording_rate_weighted").estimate.rate == pytest.approx(by_hand, rel=1e-12)


def test_an_audit_that_says_nothing_gets_the_weighted_rate(make_audit):
    audit = make_audit({"a": MIXED, "b": [(1, 1)] * 9 + [(1, 0)]}, strata={"records_in_frame": 400})
    assert audit.facts.overall == "weighted"
    found = examine(audit)
    assert found.overall.weighting == "weighted"
    assert "pooled" not in codes(found.overall)
    by_hand = (25 / 30 + 9 / 10) / (32 / 30 + 1)
    assert found.overall.estimate.rate == pytest.approx(by_hand, rel=1e-12)
    assert found.get("recording_rate_pooled").estimate.rate == pytest.approx(34 / 42, rel=1e-12)


def test_without_frames_the_rate_is_pooled_and_says_so(make_audit):
    found = examine(make_audit({"a": MIXED, "b": MIXED}))
    assert found.overall.weighting == "pooled"
    assert "pooled" in codes(found.overall)
    assert "pooled" in found.table.iloc[0].warnings
    assert found.overall.estimate.rate == pytest.approx(25 / 32, rel=1e-12)
    assert found.get("recording_rate_weighted") is None
    assert found.overall.unrecorded is None


def test_single_stratum_needs_no_weighting(make_audit):
    found = examine(make_audit({"a": MIXED}, strata=YEAR))
    assert [row.measure for row in found.rows] == ["recording_rate", "recording_rate"]
    assert codes(found.overall) == codes(found.stratum("a")) == []
    for whole, part in zip(found.table.iloc[0], found.table.iloc[1], strict=True):
        assert whole == part or part == "a" or whole == pytest.approx(part)
    assert found.overall.weighting == found.stratum("a").weighting == ""


def test_unknown_options_are_refused_in_words(bundled):
    wrong = {"overall": "wieghted", "method": "wilsn", "confidence_level": 95, "degrees_of_freedom": "t"}
    for name, value in wrong.items():
        with pytest.raises(InvalidCounts, match=name):
            examine(bundled["kent-2018"], **{name: value})


def test_every_rate_is_at_the_level_asked_for(bundled, findings):
    found = examine(bundled["kent-2018"], confidence_level=0.8)
    assert set(found.table["confidence_level"]) == {0.8}
    for row, wider in zip(found.rows, findings["kent-2018"].rows, strict=True):
        assert row.estimate.rate == wider.estimate.rate
        assert row.estimate.interval.low >= wider.estimate.interval.low
        assert row.plain.confidence_level == 0.8


def test_wald_where_asked_for(bundled, findings):
    found = examine(bundled["kent-2017"], method="wald")
    assert found.overall.estimate.interval.method == "wald"
    assert found.overall.estimate.rate == findings["kent-2017"].overall.estimate.rate
    low, high = found.overall.estimate.interval.low, found.overall.estimate.interval.high
    assert low + high == pytest.approx(2 * found.overall.estimate.rate, rel=1e-12)


def test_the_plain_interval_is_wilson_at_the_findings_own_rate(findings):
    for found in findings.values():
        for row in found.rows:
            if row.weighting == "weighted":
                low, high = wilson_limits(row.estimate.rate, row.due, norm.ppf(0.975))
            else:
                interval = proportion_interval(row.done, row.due)
                low, high = interval.low, interval.high
            assert (row.plain.low, row.plain.high) == pytest.approx((low, high), rel=1e-12), row.key


# Strata audited over unlike periods: what counts is the crimes reported in a day, not the length of an audit.

SHORT, LONG = 12, 82
SELDOM, OFTEN = [(1, 1)] * 15 + [(1, 0)] * 5, [(1, 1)] * 57 + [(1, 0)] * 3


@pytest.fixture
def unlike_periods(make_tables, save):
    """Two strata with fifty crimes a day each, audited over 12 and 82 days, as records or as totals alone."""

    def make(*, totals=False):
        sampled = {"a": SELDOM, "b": OFTEN}
        counts = [
            {"measure": "recording_rate", "stratum": name, "reported": len(rows), "recorded": sum(k for _, k in rows)}
            for name, rows in sampled.items()
        ]
        if totals:
            tables = make_tables({"a": [], "b": []}, strata=YEAR, counts=counts)
        else:
            tables = make_tables(sampled, strata=YEAR)
        tables["strata"]["records_sampled"] = [len(SELDOM), len(OFTEN)]
        tables["strata"]["records_in_frame"] = [50 * SHORT, 50 * LONG]
        tables["strata"]["period_end"] = [date(2019, 1, 12), date(2019, 3, 23)]
        return read_audit(save(tables))

    return make


@pytest.mark.parametrize("totals", [False, True], ids=["records", "totals"])
def test_weights_are_crimes_a_day_and_not_the_length_of_the_audit(unlike_periods, totals):
    audit = unlike_periods(totals=totals)
    assert [s.days for s in audit.strata] == [SHORT, LONG]
    found = examine(audit)
    assert found.overall.weighting == "weighted"
    assert found.overall.estimate.rate == pytest.approx((15 / 20 + 57 / 60) / 2, rel=1e-12), "equal daily volume"
    by_frame = (SHORT * 15 / 20 + LONG * 57 / 60) / (SHORT + LONG)
    assert abs(found.overall.estimate.rate - by_frame) > 0.05
    assert found.get("recording_rate_pooled").estimate.rate == pytest.approx(72 / 80, rel=1e-12)


def test_variance_weights_each_stratum_by_its_crimes_a_day(unlike_periods):
    """Of a mean of two strata with equal weights: a quarter of each stratum's own variance."""
    found = examine(unlike_periods())
    parts = [found.stratum(name).estimate.standard_error ** 2 for name in ("a", "b")]
    assert found.overall.estimate.standard_error == pytest.approx(math.sqrt(sum(parts)) / 2, rel=1e-9)


# A year.


def by_mover(totals):
    """Return value and limits of a sum, written out (Donner & Zou 2012)."""
    value = sum(t.value for t in totals)
    low = value - math.sqrt(sum((t.value - t.interval.low) ** 2 for t in totals))
    return value, low, value + math.sqrt(sum((t.interval.high - t.value) ** 2 for t in totals))


@pytest.mark.parametrize("name", ["kent-2017", "kent-2018"])
def test_a_weighted_rates_year_is_the_sum_of_its_strata(bundled, name):
    found = examine(bundled[name], overall="weighted")
    for of_year in ("unrecorded", "unrecorded_plain"):
        total = getattr(found.overall, of_year)
        parts = [getattr(found.stratum(stratum), of_year) for stratum in ("violence", "sexual", "other")]
        assert (total.value, total.interval.low, total.interval.high) == pytest.approx(by_mover(parts), rel=1e-12)
        assert total.interval.method == "mover"
    pooled, volume = found.get("recording_rate_pooled"), bundled[name].recorded_in_year
    rate = pooled.estimate.rate
    assert pooled.unrecorded.value == pytest.approx(volume * (1 - rate) / rate, rel=1e-12), "the inspectorate's own"
    assert pooled.unrecorded == examine(bundled[name], overall="pooled").overall.unrecorded


def test_no_year_for_a_weighted_rate_where_one_stratum_has_none(make_tables, save):
    tables = make_tables({"a": MIXED, "b": MIXED}, strata=YEAR)
    tables["strata"].loc[1, ["recorded_in_year", "year_end"]] = None
    found = examine(read_audit(save(tables)))
    assert found.stratum("a").unrecorded is not None
    assert found.overall.unrecorded is None


def test_measure_of_knows_both_weightings():
    assert {measure_of(f"recording_rate{end}").key for end in ("", "_pooled", "_weighted")} == {"recording_rate"}
    assert all(measure_of(key) is measure for key, measure in MEASURES.items())


# What has no rate, or an extreme one.


def test_missing_stratum_leaves_no_overall_rate_and_says_why(make_audit):
    found = examine(make_audit({"violence": MIXED, "sexual": [(0, 0)] * 6}, strata=YEAR))
    assert found.overall.estimate is None
    assert codes(found.overall) == ["missing-stratum"]
    assert "sexual crime" in str(found.overall.warnings[0])
    assert found.overall.unrecorded is None
    assert found.stratum("sexual").estimate is None
    assert codes(found.stratum("sexual")) == ["no-case"]
    assert found.stratum("violence").estimate.rate == pytest.approx(25 / 32, rel=1e-12)
    row = found.table.iloc[0]
    assert math.isnan(row.rate)
    assert (row.reported, row.recorded) == (0, 0)
    assert "sexual crime" in row.warnings


def test_stratum_without_any_record(make_audit):
    found = examine(make_audit({"violence": MIXED, "sexual": []}))
    assert codes(found.overall) == ["missing-stratum"]
    assert (found.stratum("sexual").estimate, found.stratum("sexual").due) == (None, 0)
    assert found.stratum("violence").estimate.records == len(MIXED)


def test_a_stratum_without_record_leaves_the_parts_of_the_others(make_tables, save):
    tables = make_tables({"violence": MIXED, "sexual": []}, strata=YEAR)
    tables["crimes"]["domestic_abuse"] = "yes"
    found = examine(read_audit(save(tables)))
    assert codes(found.overall) == ["missing-stratum"]
    assert found.get("recording_rate", "domestic_abuse").estimate.rate == pytest.approx(25 / 32, rel=1e-12)


def test_records_without_a_crime_stay_in_the_sample(make_audit):
    found = examine(make_audit({"a": MIXED}, strata={"records_in_frame": 1000}))
    assert found.overall.estimate.records == 30
    without = examine(make_audit({"a": MIXED[:-3]}, strata={"records_in_frame": 1000}))
    assert without.overall.estimate.standard_error != found.overall.estimate.standard_error


def test_all_missed(make_audit):
    found = examine(make_audit({"a": [(1, 0)] * 20 + [(2, 0)] * 5}, strata=YEAR))
    interval = found.overall.estimate.interval
    assert (found.overall.estimate.rate, interval.low) == (0, 0)
    assert 0 < interval.high < 1
    assert interval.high > found.overall.plain.high, "the limit counts records, not crimes"
    assert "unanimous" in codes(found.overall)
    assert found.overall.unrecorded is None, "no multiple of the recorded crimes can be given"


def test_all_recorded(make_audit):
    found = examine(make_audit({"a": [(1, 1)] * 20 + [(2, 2)] * 5}, strata=YEAR))
    interval = found.overall.estimate.interval
    assert (found.overall.estimate.rate, interval.high) == (1, 1)
    assert interval.low < found.overall.plain.low < 1, "the limit counts records, not crimes"
    assert "unanimous" in codes(found.overall)
    assert found.overall.published.low == pytest.approx(1 - 3 / 30)
    assert found.overall.unrecorded.value == 0 < found.overall.unrecorded.interval.high


def test_totals_only(make_audit):
    counts = [
        {"measure": "recording_rate", "stratum": "a", "reported": 300, "recorded": 250},
        {"measure": "recording_rate", "stratum": "b", "reported": 100, "recorded": 97},
        {"measure": "recording_rate", "domain": "rape", "reported": 20, "recorded": 18},
        {"measure": "timeliness", "stratum": "a", "reported": 250, "recorded": 200},
    ]
    audit = make_audit({"a": [], "b": []}, strata=YEAR | {"records_sampled": 200}, counts=counts)
    found = examine(audit)
    assert not audit.has_records
    assert len(found.rows) == 6
    for row in found.rows:
        assert "totals-only" in codes(row), row.key
        assert "clustering" in str(next(c for c in row.warnings if c.code == "totals-only"))
        assert row.estimate.records is None
        assert math.isnan(row.estimate.design_effect)
    plain = proportion_interval(250, 300, population=1000 * 300 / 200)
    interval = found.stratum("a").estimate.interval
    assert (interval.low, interval.high) == (plain.low, plain.high)
    assert found.overall.weighting == "weighted"
    assert found.overall.estimate.rate == pytest.approx(347 / 400, rel=1e-12), "frames alike, samples alike"
    by_stratum = 5000 * 50 / 250 + 5000 * 3 / 97
    assert found.overall.unrecorded.value == pytest.approx(by_stratum, rel=1e-9), "a weighted rate's year: its strata's"
    pooled = found.get("recording_rate_pooled")
    assert pooled.unrecorded.value == pytest.approx(10_000 * 53 / 347, rel=1e-9), "as the inspectorate does"
    assert examine_causes(audit) == ()


def test_totals_of_one_stratum_missing(make_audit):
    counts = [{"measure": "recording_rate", "stratum": "a", "reported": 300, "recorded": 250}]
    found = examine(make_audit({"a": [], "b": []}, strata={"records_sampled": 200}, counts=counts))
    assert codes(found.overall) == ["missing-stratum"]
    assert "b" in str(found.overall.warnings[0])
    assert found.stratum("a").due == 300
    assert found.stratum("b").estimate is None


def test_timeliness_follows_the_hours_of_the_audit(bundled, findings):
    audit = bundled["kent-2018"]
    slower = replace(audit, facts=replace(audit.facts, timeliness_hours=72))
    for stratum in ("violence", "sexual", "other"):
        within_24, within_72 = (f.get("timeliness", "all", stratum) for f in (findings["kent-2018"], examine(slower)))
        assert within_24.due == within_72.due
        assert within_24.done < within_72.done


# Domains are parts of the sample, not samples of their own.


def test_degrees_of_freedom_of_a_domain_count_its_own_records(findings, bundled):
    checked = 0
    for name, found in findings.items():
        crimes = bundled[name].crimes
        for row in found.of("recording_rate"):
            df = row.estimate.degrees_of_freedom
            if row.domain == "all" or row.estimate.records is None or math.isinf(df):
                continue
            held = crimes[crimes[row.domain].fillna(False)]
            assert row.estimate.records == held["record_id"].nunique()
            assert 0 < df <= held["record_id"].nunique() - held["stratum"].nunique()
            checked += 1
    assert checked == 3


# Causes, concentration.


@pytest.mark.parametrize("name", ["kent-2017", "kent-2018", "kent-board-2017"])
@pytest.mark.parametrize("stratum", [None, "violence", "other"])
def test_causes_share_out_the_missed_crimes(bundled, name, stratum):
    crimes = bundled[name].crimes
    chosen = crimes if stratum is None else crimes[crimes["stratum"] == stratum]
    causes = examine_causes(bundled[name], stratum=stratum)
    assert sum(cause.crimes for cause in causes) == (~chosen["recorded"]).sum()
    assert math.fsum(cause.share for cause in causes) == pytest.approx(1, abs=1e-12)
    assert [c.crimes for c in causes] == sorted((c.crimes for c in causes), reverse=True)
    for cause in causes:
        assert 0 <= cause.interval.low <= cause.share <= cause.interval.high <= 1


def test_goodman_1965_by_hand(bundled):
    causes = examine_causes(bundled["kent-2017"])
    total, a = sum(c.crimes for c in causes), chi2.ppf(1 - 0.05 / len(causes), 1)
    for cause in causes:
        x = cause.crimes
        reach = math.sqrt(a * (a + 4 * x * (total - x) / total))
        assert cause.interval.low == pytest.approx((a + 2 * x - reach) / (2 * (total + a)), rel=1e-9)
        assert cause.interval.high == pytest.approx((a + 2 * x + reach) / (2 * (total + a)), rel=1e-9)


def test_causes_none_missed_and_none_given(bundled, make_audit):
    assert examine_causes(bundled["kent-2018"], stratum="sexual") == ()
    (only,) = examine_causes(make_audit({"a": MIXED}))
    assert (only.reason, only.crimes, only.share) == ("none given", 7, 1)
    assert 0 < only.interval.low < 1 == only.interval.high


def test_board_paper_two_incidents_hold_most_misses_of_sexual_offences(bundled):
    c = examine_concentration(bundled["kent-board-2017"], stratum="sexual")
    assert (c.missed, c.records, c.top[2]) == (44, 213, 32)
    assert c.share(2) == pytest.approx(32 / 44)
    assert c.rate_without_top[2] == pytest.approx(218 / 230), "records of 20 and 16 crimes, 18 and 14 of them missed"


@pytest.mark.parametrize("name", ["kent-2017", "kent-2018", "kent-board-2017"])
def test_concentration_adds_up(bundled, findings, name):
    for stratum in (None, "violence", "sexual", "other"):
        c = examine_concentration(bundled[name], stratum=stratum)
        finding = findings[name].overall if stratum is None else findings[name].stratum(stratum)
        assert c.missed == finding.due - finding.done
        assert c.records == finding.estimate.records
        assert c.top == {n: sum(c.misses[:n]) for n in (1, 2, 5)}
        assert all(rate >= finding.done / finding.due for rate in c.rate_without_top.values())
        assert 0 <= c.share(1) <= c.share(2) <= c.share(5) <= 1


# Change.


@pytest.mark.parametrize(
    ("key", "verdict"),
    [
        (("recording_rate", "all", "all"), "improved"),
        (("recording_rate", "all", "violence"), "improved"),
        (("recording_rate", "all", "sexual"), "improved"),
        (("recording_rate", "domestic_abuse", "all"), "improved"),
        (("recording_rate", "rape", "all"), "no clear change"),
        (("timeliness", "all", "violence"), "worsened"),
        (("vulnerable_victims", "all", "all"), "no clear change"),
    ],
)
def test_verdicts_follow_the_interval(comparison, key, verdict):
    change = comparison.get(*key).change
    assert change.direction == verdict
    low, high = change.interval.low, change.interval.high
    assert {"improved": low > 0, "worsened": high < 0, "no clear change": low <= 0 <= high}[verdict]
    assert low <= change.value <= high


@pytest.mark.parametrize(("stratum", "printed"), [("all", 25_400), ("violence", 12_380), ("sexual", 660)])
def test_printed_additional_crimes_2018(comparison, stratum, printed):
    total = comparison.get("recording_rate", "all", stratum).additional
    assert round(total.value, -1) == printed
    assert 0 < total.interval.low < total.value < total.interval.high


def test_additional_crimes_of_a_weighted_rate_are_the_sum_of_its_strata(bundled):
    both = compare_findings(*(examine(bundled[name], overall="weighted") for name in ("kent-2018", "kent-2017")))
    total = both.get("recording_rate").additional
    parts = [both.get("recording_rate", "all", name).additional for name in ("violence", "sexual", "other")]
    assert (total.value, total.interval.low, total.interval.high) == pytest.approx(by_mover(parts), rel=1e-12)


@pytest.mark.parametrize("overall", ["pooled", "weighted"])
def test_only_recording_rates_have_additional_crimes(bundled, overall):
    both = compare_findings(*(examine(bundled[name], overall=overall) for name in ("kent-2018", "kent-2017")))
    measured = {c.later.measure for c in both.changes if c.additional}
    assert {m for m in measured if not m.startswith("recording_rate")} == set()


def test_no_sum_over_strata_where_the_earlier_audit_lacks_one(make_audit):
    """Two of three strata are not the force: their sum cannot stand beside the overall rate."""
    later = examine(make_audit({"a": MIXED, "b": MIXED, "c": MIXED}, "later", strata=YEAR))
    earlier = examine(make_audit({"a": MIXED[5:], "b": MIXED[5:]}, "earlier", strata=YEAR))
    both = compare_findings(later, earlier)
    assert both.get("recording_rate", "all", "a").additional.value > 0
    assert both.get("recording_rate").additional is None


def test_only_what_both_audits_have_is_compared(comparison, findings):
    keys = {(c.later.measure, c.later.domain, c.later.stratum) for c in comparison.changes}
    both = {
        (row.measure, row.domain, row.stratum)
        for row in findings["kent-2018"].rows
        if findings["kent-2017"].get(row.measure, row.domain, row.stratum)
    }
    assert keys == both
    assert comparison.get("victims_informed") is None
    assert comparison.get("recording_rate", "rape").additional is None, "no yearly volume of rape is known"
    table = comparison.table
    assert len(table) == len(comparison.changes)
    assert (table["difference"] - (table["later"] - table["earlier"])).abs().max() < 1e-15


def test_cautions_of_unlike_audits(findings, bundled, comparison):
    assert len(comparison.cautions) == 1
    assert "April 2016" in comparison.cautions[0]
    assert "April 2018" in comparison.cautions[0]
    audit = bundled["kent-2017"]
    facts = replace(audit.facts, counting_rules=bundled["kent-2018"].facts.counting_rules)
    alike = examine(replace(audit, facts=facts))
    assert compare_findings(findings["kent-2018"], alike).cautions == ()
    slower = examine(replace(audit, facts=replace(facts, timeliness_hours=72)))
    assert any("72 hours" in caution for caution in compare_findings(findings["kent-2018"], slower).cautions)
    weighted = examine(replace(audit, facts=facts), overall="weighted")
    assert any("weighted" in caution for caution in compare_findings(findings["kent-2018"], weighted).cautions)
    internal = examine(replace(audit, facts=replace(facts, audit_type="internal audit")))
    assert any("inspectors" in caution for caution in compare_findings(findings["kent-2018"], internal).cautions)


def test_cautions_of_audits_that_should_not_be_compared(findings, bundled):
    now, before = findings["kent-2018"], findings["kent-2017"]
    assert any("same audit file" in caution for caution in compare_findings(now, now).cautions)
    assert any("later of the two in time" in caution for caution in compare_findings(before, now).cautions)
    facts = replace(bundled["kent-2017"].facts, force="Testshire Police")
    cautions = compare_findings(now, examine(replace(bundled["kent-2017"], facts=facts))).cautions
    (caution,) = [caution for caution in cautions if "different forces" in caution]
    assert "Testshire Police" in caution
    assert "Kent Police" in caution


def test_overall_rates_of_unlike_strata_are_told_apart(make_audit):
    one, two = (examine(make_audit({key: [(1, 1), (1, 0)] for key in names})) for names in ("a", "ab"))
    assert any("different crimes" in caution for caution in compare_findings(two, one).cautions)
    assert not any("weighted" in caution for caution in compare_findings(two, one).cautions)
    assert not any("different crimes" in caution for caution in compare_findings(two, two).cautions)


def test_an_audit_that_runs_on_into_the_next_is_not_called_the_later_one(findings, bundled):
    now, audit = findings["kent-2018"], bundled["kent-2017"]
    longer = tuple(replace(s, period_end=now.audit.period[1] + timedelta(days=30)) for s in audit.strata)
    cautions = compare_findings(now, examine(replace(audit, strata=longer))).cautions
    assert not any("later of the two in time" in caution for caution in cautions)


def test_the_table_of_changes_holds_each_with_its_limits(comparison):
    told = comparison.table[["difference", "low", "high", "additional_per_year", "additional_low", "additional_high"]]
    for row, found in zip(told.to_numpy(), comparison.changes, strict=True):
        year = found.additional
        yearly = [math.nan] * 3 if year is None else [year.value, year.interval.low, year.interval.high]
        change = [found.change.value, found.change.interval.low, found.change.interval.high]
        assert row.tolist() == pytest.approx([*change, *yearly], nan_ok=True, rel=1e-15)


# Many comparisons.


def test_p_values_are_adjusted_by_holm_for_the_rates_compared(comparison):
    """Holm 1979 by hand: the i-th smallest of n p-values times n - i + 1, never below the one before it."""
    counted = [c for c in comparison.changes if not math.isnan(c.adjusted_p_value)]
    assert {c.later.measure for c in comparison.changes if math.isnan(c.adjusted_p_value)} == {
        "recording_rate_weighted"
    }
    ranked = sorted(counted, key=lambda c: c.p_value)
    least = 0.0
    for place, change in enumerate(ranked):
        least = max(least, min((len(ranked) - place) * change.p_value, 1.0))
        assert change.adjusted_p_value == pytest.approx(least, rel=1e-12)


def test_a_change_is_named_exactly_where_its_p_value_is_below_the_level(comparison):
    for change in comparison.changes:
        assert (change.change.direction != "no clear change") == (change.p_value < 0.05)


def test_strata_of_two_audits_are_compared_in_whatever_capitals(findings, comparison):
    before = findings["kent-2017"]
    rows = (row if row.stratum == ALL else replace(row, stratum=row.stratum.title()) for row in before.rows)
    told = compare_findings(findings["kent-2018"], replace(before, rows=tuple(rows)))
    assert [c.change for c in told.changes] == [c.change for c in comparison.changes]
