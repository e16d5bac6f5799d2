"""Sentences made by rule: each branch reached by a finding made for it, and each number in them a finding's own.

Which template was taken is read off the figures that a sentence carries, so that its words may be improved freely.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import Finding, examine
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import Caution, estimate_rate_from_counts
from cdi_stats.report import narrative, statements, wording
from cdi_stats.report.blocks import Figure, Strong, plain

LOOSE = re.compile(r"(?<![A-Za-z0-9])\d[\d.,]*%?")


def finding(recorded, reported, measure="recording_rate", domain="all", stratum="all", **more):
    estimate = estimate_rate_from_counts(recorded, reported)
    plain_interval = proportion_interval(recorded, reported)
    published = proportion_interval(recorded, reported, method="wald-fpc")
    return Finding(measure, domain, stratum, estimate, plain=plain_interval, published=published, **more)


def parts(text):
    """Yield a text's words and figures, those within strong ones too."""
    for item in (text,) if isinstance(text, str) else text:
        if isinstance(item, Strong):
            yield from parts(item.text)
        else:
            yield item


def told(text, level="95%", bound=""):
    """Return {end of key: value} of a text's figures; no other number but the level may stand in it.

    `bound` is the end of a range that no sample can pass, as the text must give it once: nought, or all.
    """
    words = " ".join(item for item in parts(text) if isinstance(item, str)).replace(level, "")
    assert words.count(bound) == 1 or not bound
    assert LOOSE.findall(words.replace(bound, "")) == []
    return {f.key.rpartition("/")[2]: f.value for f in parts(text) if isinstance(f, Figure)}


@pytest.fixture
def same():
    """Tell whether a text's figures are these values of a finding and no others."""

    def check(text, made, *names, bound=""):
        e = made.estimate
        values = {
            "rate": e.rate,
            "low": e.interval.low,
            "high": e.interval.high,
            "reported": made.due,
            "recorded": made.done,
            "published_low": made.published and made.published.low,
            "published_margin": made.published and made.done / made.due - made.published.low,
            "records": e.records,
        }
        assert told(text, bound=bound) == {name: values[name] for name in names}

    return check


# Rates.


def test_rate_with_its_interval(same):
    made = finding(461, 582)
    same(narrative.rate_sentence(made), made, "recorded", "reported", "rate", "low", "high")


@pytest.mark.parametrize("due", [2, 18, 29])
def test_few_cases_get_no_percentage_but_their_range(same, due):
    made = finding(1, due, "vulnerable_victims")
    same(narrative.rate_sentence(made), made, "recorded", "reported", "low", "high")


def test_thirty_cases_get_a_percentage(same):
    made = finding(1, 30, "vulnerable_victims")
    same(narrative.rate_sentence(made), made, "recorded", "reported", "rate", "low", "high")


@pytest.mark.parametrize("due", [1, 10, 167])
def test_every_case_gets_a_two_sided_interval_that_ends_at_all(same, due):
    """Wilson's limits at an extreme rate are 1 and below it: both are said, as they are two-sided."""
    made = finding(due, due)
    assert made.estimate.interval.high == 1
    same(narrative.rate_sentence(made), made, "reported", "low", bound=" to 100%")


@pytest.mark.parametrize("due", [1, 10, 167])
def test_no_case_gets_a_two_sided_interval_that_begins_at_nought(same, due):
    made = finding(0, due)
    assert made.estimate.interval.low == 0
    same(narrative.rate_sentence(made), made, "reported", "high", bound="0% to ")


def test_no_estimate_gives_the_reason():
    made = Finding("recording_rate", "all", "all", None, warnings=(Caution("missing-stratum", "No sexual crime."),))
    assert plain(narrative.rate_sentence(made)) == "No sexual crime."


def test_rate_of_the_other_weighting(findings, same):
    made = findings["kent-2017"].get("recording_rate_weighted")
    same(narrative.rate_sentence(made), made, "recorded", "reported", "rate", "low", "high")


def test_what_is_counted_names_its_domain():
    assert "domestic abuse" in narrative.cases_of(finding(348, 446, domain="domestic_abuse"))
    assert "robbery" in narrative.cases_of(finding(9, 11, "cancelled_correctly", "robbery"))
    assert "domestic abuse" in narrative.cases_of(finding(88, 98, "safeguarding", "domestic_abuse"))
    assert narrative.cases_of(finding(36, 53, "n100_made")) == "N100s needed"


def test_every_rate_of_the_bundled_audits_can_be_told(findings):
    for found in findings.values():
        for made in found.rows:
            bound = {made.due: " to 100%", 0: "0% to "}.get(made.done, "")
            figures = told(narrative.rate_sentence(made), bound=bound)
            assert figures["reported"] == made.due
            assert {"low", "high"} & set(figures)


def test_sample_line_carries_interval_counts_records_method_and_weighting(findings, same):
    overall, rape = findings["kent-2018"].overall, findings["kent-2018"].get("recording_rate", "rape")
    line = narrative.sample_line(overall)
    same(line, overall, "low", "high", "recorded", "reported", "records")
    assert "Wilson" in plain(line)
    assert "pooled" in plain(line)
    totals = narrative.sample_line(rape)
    same(totals, rape, "low", "high", "recorded", "reported")
    assert "totals" in plain(totals)


def test_sample_line_names_the_one_method_used(bundled):
    line = plain(narrative.sample_line(examine(bundled["kent-2017"], method="wald").overall)).lower()
    assert "wald" in line
    assert "wilson" not in line


def test_published_method_below_and_at_all_recorded(findings, same):
    below, every = findings["kent-2018"].overall, findings["kent-2018"].stratum("sexual")
    same(narrative.published_sentence(below), below, "published_margin")
    same(narrative.published_sentence(every), every, "published_low", "published_margin")
    assert "98.2%" in plain(narrative.published_sentence(every))


def test_published_method_names_the_counts_and_the_frame_it_has(bundled, findings, make_audit):
    """Of a weighted rate it knows the pooled counts alone; without a frame there is nothing to correct for."""
    pooled, weighted = (examine(bundled["kent-2018"], overall=rule).overall for rule in ("pooled", "weighted"))
    words = [plain(narrative.published_sentence(made)) for made in (pooled, weighted)]
    assert ["pooled counts" in text for text in words] == [False, True]
    assert all("corrected for the frame" in text for text in words)
    assert told(narrative.published_sentence(weighted)) == told(narrative.published_sentence(pooled))
    frameless = plain(narrative.published_sentence(findings["kent-board-2017"].overall))
    assert "no frame known" in frameless
    assert "corrected" not in frameless
    assert narrative.published_sentence(examine(make_audit({"a": [(1, 0)] * 9})).overall) is None


# A year.


def test_no_yearly_volume_no_sentence(findings):
    assert narrative.unrecorded_sentence(findings["kent-board-2017"].overall) is None


def test_unrecorded_crimes_with_both_ranges(findings):
    overall = findings["kent-2017"].overall
    text = narrative.unrecorded_sentence(overall)
    clustered, independent = overall.unrecorded.interval, overall.unrecorded_plain.interval
    assert told(text) == {
        "unrecorded_per_year": overall.unrecorded.value,
        "unrecorded_low": clustered.low,
        "unrecorded_high": clustered.high,
        "unrecorded_plain_low": independent.low,
        "unrecorded_plain_high": independent.high,
    }
    assert "24,300" in plain(text)
    assert "21,200" in plain(text)
    assert "27,900" in plain(text)
    assert "violent crime" in plain(narrative.unrecorded_sentence(overall, "violent crime"))


@pytest.mark.parametrize("done", [1, 2, 3])
def test_the_rule_of_three_bounds_nothing_on_three_cases(done):
    """Hanley and Lippman-Hand 1983: 3 / n, which is 1 or more up to n = 3; so nothing is said of it."""
    few = finding(done, done)
    assert narrative.published_sentence(few) is None
    assert "rule of three" not in plain(statements.rate_statement("Overall", few).says)
    assert "more than 25.0%" in plain(narrative.published_sentence(finding(4, 4)))


def test_all_recorded_gives_a_range_from_nought_a_year(findings):
    sexual = findings["kent-2018"].stratum("sexual")
    assert sexual.unrecorded.interval.low == 0
    assert told(narrative.unrecorded_sentence(sexual), bound="that 0 to ") == {
        "unrecorded_high": sexual.unrecorded.interval.high
    }


# Change.


def change_of(later, earlier, findings):
    """Return the change between two made findings."""
    first, second = (replace(findings["kent-2018"], rows=(made,)) for made in (later, earlier))
    return compare_findings(first, second).changes[0]


@pytest.mark.parametrize(
    ("later", "earlier", "verdict"),
    [
        ((90, 100), (50, 100), "improved"),
        ((50, 100), (90, 100), "worsened"),
        ((80, 100), (82, 100), "no clear change"),
        ((100, 100), (90, 100), "improved"),
    ],
)
def test_change_of_a_rate(findings, later, earlier, verdict):
    now, before = finding(*later), finding(*earlier)
    change = change_of(now, before, findings)
    assert change.change.direction == verdict
    text = narrative.change_sentence(change)
    interval = change.change.interval
    told(text)
    key, e, b = "recording_rate/all/all", now.estimate, before.estimate
    assert {f.key: f.value for f in parts(text) if isinstance(f, Figure)} == {
        f"earlier/{key}/rate": b.rate, f"earlier/{key}/low": b.interval.low, f"earlier/{key}/high": b.interval.high,
        f"earlier/{key}/recorded": earlier[0], f"earlier/{key}/reported": earlier[1],
        f"{key}/rate": e.rate, f"{key}/low": e.interval.low, f"{key}/high": e.interval.high,
        f"{key}/recorded": later[0], f"{key}/reported": later[1],
        f"change/{key}/difference": change.change.value,
        f"change/{key}/difference_low": interval.low, f"change/{key}/difference_high": interval.high,
    }  # fmt: skip
    words = plain(text)
    assert ("rose" in words, "fell" in words) == (verdict == "improved", verdict == "worsened")
    assert ("no clear change" in words) == (verdict == "no clear change")


@pytest.mark.parametrize(
    ("later", "earlier", "verdict"),
    [((19, 20), (4, 20), "improved"), ((4, 20), (19, 20), "worsened"), ((6, 13), (5, 18), "no clear change")],
)
def test_change_of_few_cases_gives_counts_only(findings, later, earlier, verdict):
    change = change_of(finding(*later), finding(*earlier), findings)
    assert change.change.direction == verdict
    text = narrative.change_sentence(change)
    assert told(text) == {"recorded": earlier[0], "reported": earlier[1]}
    assert all(f.key.startswith("earlier/") for f in parts(text) if isinstance(f, Figure))


def test_change_of_few_cases_reads_differently_by_verdict(findings):
    made = [((19, 20), (4, 20)), ((4, 20), (19, 20)), ((6, 20), (4, 20))]
    texts = {plain(narrative.change_sentence(change_of(finding(*a), finding(*b), findings))) for a, b in made}
    assert len(texts) == 3


def test_all_done_in_both_audits(findings):
    text = narrative.change_sentence(change_of(finding(50, 50), finding(60, 60), findings))
    assert told(text) == {"recorded": 60, "reported": 60}


@pytest.mark.parametrize(("stratum", "printed"), [("all", "25,400"), ("violence", "12,380"), ("sexual", "660")])
def test_printed_additional_crimes_2018(comparison, stratum, printed):
    change = comparison.get("recording_rate", "all", stratum)
    text = narrative.additional_sentence(change, "crimes")
    interval = change.additional.interval
    assert told(text) == {
        "additional_per_year": change.additional.value,
        "additional_low": interval.low,
        "additional_high": interval.high,
    }
    assert printed in plain(text)


def test_no_additional_crimes_where_none_improved_or_no_volume_is_known(comparison, findings):
    assert narrative.additional_sentence(comparison.get("recording_rate", "domestic_abuse"), "crimes") is None
    worse = compare_findings(findings["kent-2017"], findings["kent-2018"]).get("recording_rate")
    assert worse.additional.value < 0
    assert narrative.additional_sentence(worse, "crimes") is None


# Concentration, causes.


@pytest.mark.parametrize(
    ("misses", "carried"),
    [
        ((4, 3, 1, 1), True),
        ((1, 1, 1), False),
        ((5, 5), False),
        ((2, 1, 1, 1, 1, 1, 1, 1, 1, 1), True),
        ((2, 1, *[1] * 12), False),
    ],
    ids=["two large", "one each", "only two records", "three of eleven", "three of fifteen"],
)
def test_two_records_carry_the_misses_from_a_quarter_on(make_audit, misses, carried):
    c = examine_concentration(make_audit({"a": [(n, 0) for n in misses] + [(1, 1)] * 5}))
    assert (c.missed, c.top[2]) == (sum(misses), sum(misses[:2]))
    assert narrative.carried_by_two(c) == carried
    assert ("top_2_missed" in told(narrative.concentration_sentence(c))) == carried


def test_two_records_that_carry_the_misses(bundled):
    c = examine_concentration(bundled["kent-board-2017"], stratum="sexual")
    assert told(narrative.concentration_sentence(c)) == {
        "missed": 44,
        "records_with_misses": len(c.misses),
        "records": 213,
        "top_2_missed": 32,
        "top_2_share": 32 / 44,
    }


def test_the_board_paper_says_that_two_records_carry_the_sexual_result(bundled, findings):
    """The paper's own finding; beside it the naive interval (Wilson, 222 of 266) and the one for records."""
    c = examine_concentration(bundled["kent-board-2017"], stratum="sexual")
    finding = findings["kent-board-2017"].stratum("sexual")
    words = narrative.concentration_sentence(c, finding)
    assert "Two records carry this result: 32 of the misses (73%) and 95% of the sampling variance" in plain(words)
    shown = told(words)
    naive = proportion_interval(222, 266)
    assert (shown["plain_low"], shown["plain_high"]) == pytest.approx((naive.low, naive.high), abs=1e-12)
    assert (shown["low"], shown["high"]) == (finding.estimate.interval.low, finding.estimate.interval.high)
    assert shown["high"] - shown["low"] > 4 * (naive.high - naive.low)
    kept = (222 - (20 - 18) - (16 - 14)) / (266 - 20 - 16)
    assert shown["rate_without"] == pytest.approx(kept, abs=1e-12)


def test_records_carry_only_where_each_holds_more_than_one_miss(make_audit):
    c = examine_concentration(make_audit({"a": [(1, 0), (1, 0), (1, 0), *[(1, 1)] * 9]}))
    assert (c.carrying, narrative.few_carry(c)) == (2, False)


def test_misses_that_lie_apart(bundled, make_audit):
    c = examine_concentration(bundled["kent-2017"])
    assert set(told(narrative.concentration_sentence(c))) == {"missed", "records_with_misses", "records"}
    two = examine_concentration(make_audit({"a": [(1, 0), (1, 0), (1, 1)]}))
    assert set(told(narrative.concentration_sentence(two))) == {"missed", "records_with_misses", "records"}


def test_nothing_missed(bundled):
    c = examine_concentration(bundled["kent-2018"], stratum="sexual")
    assert told(narrative.concentration_sentence(c)) == {}


def test_reasons_given_most_often(bundled):
    causes = examine_causes(bundled["kent-2017"])
    text = narrative.causes_sentence(causes)
    named = [cause for cause in causes if cause.reason != "none given"][:3]
    figures = {f.key: f.value for f in parts(text) if isinstance(f, Figure)}
    assert figures == {"causes/missed": 246} | {f"causes/{c.reason}/crimes": c.crimes for c in named}
    told(text)


def test_reasons_not_given_and_none_needed(make_audit):
    ungiven = examine_causes(make_audit({"a": [(1, 0), (1, 1), (1, 1)]}))
    first, second = narrative.causes_sentence(ungiven), narrative.causes_sentence(())
    assert plain(first) != plain(second)
    assert told(first) == told(second) == {}


# What the audit says of itself.


def with_table(found, name, rows):
    tables = dict(found.audit.tables) | {name: pd.DataFrame(rows, columns=found.audit.tables[name].columns)}
    return replace(found, audit=replace(found.audit, tables=tables))


def action(kind, status):
    return {"kind": kind, "action": "Do it", "status": status}


@pytest.mark.parametrize(
    ("statuses", "values"),
    [
        (["in progress", "not started"], {"recommendations": 2}),
        (["complete", "complete"], {"recommendations": 2}),
        (["complete", "in progress"], {"recommendations": 2, "complete": 1}),
        (["complete", "complete", "disputed"], {"recommendations": 3, "complete": 2}),
    ],
    ids=["none", "all", "one", "several"],
)
def test_recommendations_complete(findings, statuses, values):
    rows = [action("recommendation", status) for status in statuses] + [action("area for improvement", "complete")]
    found = with_table(findings["kent-2017"], "actions", rows)
    text = narrative.actions_sentence(found)
    assert told(text) == values
    if len(values) == 2:
        assert f" {'is' if values['complete'] == 1 else 'are'} complete" in plain(text)


def test_no_recommendation_no_sentence(findings):
    found = with_table(findings["kent-2017"], "actions", [action("area for improvement", "complete")])
    assert narrative.actions_sentence(found) is None


def test_auditable_route_only_where_one_share_is_known(findings):
    found = findings["kent-2017"]
    text = narrative.route_sentence(found)
    assert told(text) == {"auditable_share": 0.988}
    assert narrative.route_sentence(findings["kent-board-2017"]) is None
    first, *others = found.audit.strata
    unlike = replace(found.audit, strata=(replace(first, auditable_share=0.9), *others))
    assert narrative.route_sentence(replace(found, audit=unlike)) is None


def test_period_of_strata_alike_and_unlike(findings):
    alike = narrative.period_words(findings["kent-2017"])
    assert re.fullmatch(r"1 June( 2016)? to 30 November 2016", alike)
    unlike = narrative.period_words(findings["kent-board-2017"])
    assert re.search(r"\b1 July( 2017)? to 20 September 2017", unlike)
    assert re.search(r"\b9( September)?( 2017)? to 20 September 2017", unlike)
    assert all(stratum.label in unlike for stratum in findings["kent-board-2017"].audit.strata)


def test_characteristics_collected(findings):
    words = plain(narrative.equality_sentence(findings["kent-2018"])).lower()
    for name in findings["kent-2018"].audit.tables["equality"]["characteristic"]:
        assert name.lower() in words
    assert narrative.equality_sentence(with_table(findings["kent-2018"], "equality", [])) is None


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2017, 9, 9), date(2017, 9, 9), "9 September 2017"),
        (date(2017, 9, 9), date(2017, 9, 20), "9 to 20 September 2017"),
        (date(2016, 6, 1), date(2016, 11, 30), "1 June to 30 November 2016"),
        (date(2016, 12, 1), date(2017, 2, 28), "1 December 2016 to 28 February 2017"),
        (date(2016, 9, 9), date(2017, 9, 20), "9 September 2016 to 20 September 2017"),
    ],
)
def test_a_span_of_days_says_month_and_year_once(start, end, words):
    assert narrative.span_of_days(start, end) == words


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Violent crime", "violent crime"),
        ("VAWG offences", "VAWG offences"),
        ("N100 made", "N100 made"),
        ("DA", "DA"),
        ("rape", "rape"),
        ("", ""),
    ],
)
def test_a_label_within_a_sentence_keeps_the_capitals_of_an_abbreviation(label, words):
    assert wording.in_sentence(label) == words


# The means.


def test_say_keeps_figures_and_joins_texts():
    figure = Figure("k", 1.0, "1", "count", "crimes sheet")
    assert wording.say("a {x} b {y}", x=figure, y=("c ", figure)) == ("a ", figure, " b ", "c ", figure)
    assert wording.join("One.", None, ("Two ", figure)) == ("One.", " ", "Two ", figure)
    assert plain(wording.listed(["a", "b", ("c",)])) == "a, b and c"
    assert wording.join_words(["a"]) == "a"
    assert wording.join_words(["a", "b", "c"]) == "a, b and c"
