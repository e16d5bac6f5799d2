"""Headlines made by rule: each number in them a finding's own, each title true of what it stands above.

Authority: the domain page's figures of Kent's two inspections. Which template was taken is read off the figures that a
text carries, so that its words may be improved freely.
"""

from __future__ import annotations

import math
from datetime import date

import pytest

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.causes import Cause, examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import examine
from cdi_stats.report import headlines
from cdi_stats.report.blocks import Figure, plain

STRATA = ("violence", "sexual", "other")
YEAR = {"records_in_frame": 1000, "recorded_in_year": 5000, "year_end": date(2019, 3, 31)}
MIXED = [(1, 1)] * 20 + [(2, 1)] * 5 + [(1, 0)] * 2


def shown(text):
    """Return {key: value} of a text's figures."""
    return {item.key: item.value for item in text if isinstance(item, Figure)}


def rates(found):
    return [("Overall", found.overall), *((name.capitalize(), found.stratum(name)) for name in STRATA)]


def of(row, *names):
    e = row.estimate
    values = {"rate": e.rate, "low": e.interval.low, "high": e.interval.high, "reported": row.due, "recorded": row.done}
    return {f"{row.key}/{name}": values[name] for name in names}


# What a summary opens with.


@pytest.mark.parametrize("rule", ["pooled", "weighted"])
def test_opening_gives_rate_interval_counts_and_period(bundled, rule):
    found = examine(bundled["kent-2017"], overall=rule)
    text = headlines.opening(found)
    assert shown(text) == of(found.overall, "rate", "low", "high", "reported", "recorded")
    assert found.audit.facts.force in plain(text)
    assert "1 June to 30 November 2016" in plain(text)
    assert ("estimated" in plain(text), "weights" in plain(text)) == (rule == "weighted", rule == "weighted")


def test_opening_of_one_stratum_and_of_no_rate(make_audit):
    single = examine(make_audit({"a": MIXED}, "single"))
    assert shown(headlines.opening(single)) == of(single.overall, "rate", "low", "high", "reported", "recorded")
    missing = examine(make_audit({"a": MIXED, "b": [(0, 0), (0, 0)]}, "missing"))
    assert headlines.opening(missing) == str(missing.overall.warnings[0])


def test_lowest_names_the_stratum_with_the_lowest_rate(findings, make_audit):
    for name, lowest in (("kent-2017", "violence"), ("kent-2018", "other"), ("kent-board-2017", "sexual")):
        row = findings[name].stratum(lowest)
        assert row.estimate.rate == min(findings[name].stratum(s).estimate.rate for s in STRATA)
        assert shown(headlines.lowest(findings[name])) == of(row, "rate", "low", "high", "reported", "recorded")
    assert headlines.lowest(examine(make_audit({"a": MIXED}, "single"))) is None
    assert headlines.lowest(examine(make_audit({"a": MIXED, "b": MIXED}, "alike"))) is None
    assert headlines.lowest(examine(make_audit({"a": MIXED, "b": [(0, 0), (0, 0)]}, "one rate"))) is None


# Pooled and weighted.


@pytest.mark.parametrize(("rule", "other"), [("pooled", "weighted"), ("weighted", "pooled")])
def test_the_other_overall_rate(bundled, rule, other):
    found = examine(bundled["kent-2017"], overall=rule)
    row = found.get(f"recording_rate_{other}")
    assert shown(headlines.other_weighting(found)) == of(row, "rate", "low", "high", "reported")


def test_without_frames_there_is_no_other_rate(findings):
    text = headlines.other_weighting(findings["kent-board-2017"])
    assert shown(text) == {}
    assert "not known" in plain(text)
    assert headlines.why_weightings_differ(findings["kent-board-2017"]) is None


def test_nothing_to_weigh(make_audit):
    single = examine(make_audit({"a": MIXED}, "single", strata=YEAR))
    missing = examine(make_audit({"a": MIXED, "b": [(0, 0), (0, 0)]}, "missing", strata=YEAR))
    for found in (single, missing):
        assert headlines.other_weighting(found) is None
        assert headlines.why_weightings_differ(found) is None


@pytest.mark.parametrize("rule", ["pooled", "weighted"])
def test_domain_page_shares_say_why_the_weightings_differ(bundled, rule):
    """Sexual offences are sampled most too much, other crime most too little; frames as the domain page implies."""
    got = shown(headlines.why_weightings_differ(examine(bundled["kent-2017"], overall=rule)))
    assert set(got) == {f"{what}_share/{name}" for what in ("sample", "frame") for name in ("sexual", "other")}
    assert got["sample_share/sexual"] == pytest.approx(319 / 1500)
    assert got["frame_share/sexual"] == pytest.approx(2041 / 74_085, rel=0.01)
    assert got["sample_share/other"] == pytest.approx(599 / 1500)
    assert got["frame_share/other"] == pytest.approx(46_563 / 74_085, rel=0.01)


def test_shares_of_strata_audited_over_unlike_periods_are_of_crimes_a_day(make_tables, save):
    tables = make_tables({"a": [(1, 1)] * 9 + [(1, 0)], "b": [(1, 1)] * 25 + [(1, 0)] * 5})
    tables["strata"]["records_in_frame"] = [50 * 12, 50 * 82]
    tables["strata"]["period_end"] = [date(2019, 1, 12), date(2019, 3, 23)]
    got = shown(headlines.why_weightings_differ(examine(read_audit(save(tables)))))
    assert got == pytest.approx(
        {"sample_share/a": 0.25, "frame_share/a": 0.5, "sample_share/b": 0.75, "frame_share/b": 0.5}
    )


def test_strata_sampled_alike_or_recorded_alike_need_no_reason(make_audit):
    better = [(1, 1)] * 22 + [(2, 2)] * 5
    samples = {
        "sampled alike": {"a": MIXED, "b": better},
        "recorded alike": {"a": MIXED, "b": MIXED * 3},
        "neither": {"a": MIXED, "b": better * 3},
    }
    said = {
        name: headlines.why_weightings_differ(examine(make_audit(records, name, strata=YEAR))) is not None
        for name, records in samples.items()
    }
    assert said == {"sampled alike": False, "recorded alike": False, "neither": True}


# A year, and what changed.


def test_what_the_strata_add_up_to_stands_beside_a_pooled_year(bundled):
    found = examine(bundled["kent-2017"], overall="pooled")
    parts = [found.stratum(name).unrecorded for name in STRATA]
    value = sum(part.value for part in parts)
    assert shown(headlines.sum_of_strata(found)) == pytest.approx(
        {
            "sum_of_strata/unrecorded_value": value,
            "sum_of_strata/unrecorded_low": value - math.hypot(*(p.value - p.interval.low for p in parts)),
            "sum_of_strata/unrecorded_high": value + math.hypot(*(p.interval.high - p.value for p in parts)),
        },
        rel=1e-12,
    )
    assert value != pytest.approx(found.overall.unrecorded.value, rel=0.01)


def test_no_sum_where_the_year_is_the_sum_or_is_not_known(bundled, findings, make_audit):
    assert headlines.sum_of_strata(examine(bundled["kent-2017"], overall="weighted")) is None
    assert headlines.sum_of_strata(findings["kent-board-2017"]) is None
    assert headlines.sum_of_strata(examine(make_audit({"a": MIXED}, strata=YEAR))) is None


def test_change_words_give_the_change_and_the_printed_additional_crimes(comparison):
    change = comparison.get("recording_rate")
    text = headlines.change_words(comparison, "crimes")
    assert shown(text)["change/recording_rate/all/all/difference"] == change.change.value
    assert "25,400" in plain(text)
    assert "12,380" in plain(headlines.change_words(comparison, "crimes of this kind", "violence"))
    assert headlines.change_words(None, "crimes") is None
    assert headlines.change_words(comparison, "crimes", "nowhere") is None


def pairs(comparison, *keys):
    return [("/".join(key), comparison.get(*key)) for key in keys]


def test_domain_page_fall_of_violence_timeliness_is_named(comparison):
    """92.4% (427 of 462) recorded within 24 hours in 2017, 45.5% (133 of 292) in 2018."""
    changes = pairs(comparison, ("recording_rate", "all", "all"), ("timeliness", "all", "violence"))
    text = headlines.worsened_words(changes)
    rates = {key: value for key, value in shown(text).items() if key.endswith("/rate")}
    assert rates == {
        "earlier/timeliness/all/violence/rate": pytest.approx(427 / 462),
        "timeliness/all/violence/rate": pytest.approx(133 / 292),
    }
    assert plain(text).index("92.4%") < plain(text).index("45.5%")
    assert "timeliness/all/violence" in plain(text)
    assert headlines.worsened_words(changes[:1]) is None
    assert headlines.worsened_words([]) is None


def test_every_clear_fall_is_named_and_nothing_else(findings):
    """Taken the other way round, what improved has fallen."""
    turned = compare_findings(findings["kent-2017"], findings["kent-2018"])
    changes = [(change.key, change) for change in turned.changes]
    fallen = {change.later.key for change in turned.changes if change.change.interval.high < 0}
    text = headlines.worsened_words(changes)
    assert len(fallen) > 5
    assert {key.rpartition("/")[0].removeprefix("earlier/") for key in shown(text)} == fallen
    counts = {f"{prefix}{key}/reported" for prefix in ("", "earlier/") for key in fallen}
    assert counts <= set(shown(text))


# Titles of charts.


def test_changes_title_counts_the_verdicts(comparison, findings):
    changes = list(comparison.changes)
    better = sum(change.change.interval.low > 0 for change in changes)
    worse = sum(change.change.interval.high < 0 for change in changes)
    assert (better, worse) == (9, 1)
    assert headlines.changes_title(changes) == (f"Of {len(changes)} rates, nine clearly improved and one clearly fell")
    same = compare_findings(findings["kent-2018"], findings["kent-2018"]).changes[:3]
    assert headlines.changes_title(same) == "Of three rates, none clearly improved and none clearly fell"


def test_rates_title_names_the_lowest_stratum_or_the_one_rate(findings, make_audit):
    title = headlines.rates_title(rates(findings["kent-2017"]))
    assert "violence" in title
    assert "79.2%" in title
    single = examine(make_audit({"a": [(1, 1)] * 9 + [(1, 0)]}))
    only = headlines.rates_title([("Overall", single.overall), ("A", single.stratum("a"))])
    assert only == "Of the crimes audited, 9 of 10 had been recorded"
    assert "lowest" not in only


def test_timeliness_title_names_the_least(findings):
    rows = [(name.capitalize(), findings["kent-2018"].get("timeliness", "all", name)) for name in STRATA]
    title = headlines.timeliness_title(rows)
    assert title.startswith("Of violence, 45.5% was recorded in time")
    assert "least" in title
    assert "least" not in headlines.timeliness_title(rows[1:2])


def test_a_rate_that_is_shared_is_nobodys_alone(make_audit):
    """No title calls one of two equal rates the lowest, gives the counts of one for both, or calls equals the least."""
    found = examine(make_audit({"a": [(1, 1), (1, 0)], "b": [(2, 1)] * 2, "c": [(1, 1)] * 2}))
    rows = [(name.upper(), found.stratum(name)) for name in "abc"]
    assert headlines.rates_title(rows) == "The lowest rate in the sample is that of a and b, 50.0%"
    assert headlines.rates_title(rows[:2]) == "Of the crimes audited, 50.0% had been recorded"
    assert headlines.timeliness_title(rows) == "Of a and b, 50.0% were recorded in time, the least of all"
    assert headlines.timeliness_title(rows[:2]) == "Of a and b, 50.0% were recorded in time"


def test_domains_title_gives_each(findings):
    parts = {"Domestic abuse": "domestic_abuse", "Rape": "rape"}
    rows = [(label, findings["kent-2018"].get("recording_rate", name)) for label, name in parts.items()]
    title = headlines.domains_title(rows)
    assert title.startswith("Domestic abuse: 92.1%")
    assert title.lower().index("rape: 98.4%") > title.index("92.1%")


def test_annual_title_gives_the_printed_number_or_the_end_of_the_range_where_none_was_missed(findings):
    found = findings["kent-2017"]
    assert "24,300" in headlines.annual_title("Overall", found.overall)
    assert "VAWG offences" in headlines.annual_title("VAWG offences", found.overall)
    every = findings["kent-2018"].stratum("sexual")
    assert headlines.annual_title("Overall", every) == "No sampled crime was missed: up to 230 a year may be"


def test_causes_title_passes_over_reasons_not_given(bundled):
    causes = examine_causes(bundled["kent-2017"])
    first = next(cause for cause in causes if cause.reason != "none given")
    assert first.label in headlines.causes_title(causes)
    ungiven = [Cause("none given", "No reason given", 9, 0.9, first.interval), first]
    assert first.label in headlines.causes_title(ungiven)
    assert "given" in headlines.causes_title(ungiven[:1])


def test_board_paper_concentration_title(bundled):
    board = [(name, examine_concentration(bundled["kent-board-2017"], stratum=name)) for name in STRATA]
    title = headlines.concentration_title(board)
    assert "73%" in title, "32 of 44"
    assert "sexual" in title
    spread = [("Other", examine_concentration(bundled["kent-2017"], stratum="other"))]
    assert not any(letter.isdigit() for letter in headlines.concentration_title(spread))


def test_the_year_of_auditable_crime_is_its_share_of_the_year(findings):
    """Kent 2017: 98.8% of recorded crime came by an auditable route; R counts that share alone, limits and all."""
    whole = findings["kent-2017"].overall.unrecorded
    words = headlines.auditable_year(findings["kent-2017"])
    shown = {item.key.rpartition("/")[2]: item.value for item in words if isinstance(item, Figure)}
    assert shown["auditable_share"] == 0.988
    limits = (whole.value, whole.interval.low, whole.interval.high)
    names = ("unrecorded_value", "unrecorded_low", "unrecorded_high")
    assert [shown[name] for name in names] == pytest.approx([0.988 * limit for limit in limits], rel=1e-12)


def test_no_share_no_sentence(findings):
    assert headlines.auditable_year(findings["kent-board-2017"]) is None
