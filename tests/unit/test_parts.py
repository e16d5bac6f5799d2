"""Any part of an audit: examine's own figures where it has them, else the survey estimator's on its cases."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.examine import examine
from cdi_stats.findings.measures import ALL, MEASURES
from cdi_stats.findings.parts import (
    DIMENSIONS,
    Options,
    Part,
    cases_of_part,
    choices,
    examine_part,
    expect_margin,
    explain_width,
    measures_held,
    split_part,
)
from cdi_stats.methods.planning import expected_margin
from cdi_stats.methods.survey import estimate_rate
from cdi_stats.resources import resource

SMALL = {"violence": [(1, 1)] * 10 + [(1, 0)] * 4 + [(2, 1)] * 4 + [(9, 0)], "other": [(1, 1)] * 9 + [(1, 0)]}


@pytest.fixture(scope="module")
def monthly():
    """An audit whose records name their districts."""
    return read_audit(resource("data", "series", "example-police", "2023-04.xlsx"))


def parts_of(row):
    """Return how a finding of examine may be asked for as a part."""
    flagged = {"flag": row.domain} if MEASURES[row.measure].sheet == "crimes" else {"domain": row.domain}
    return Part(row.measure, stratum=row.stratum, **(flagged if row.domain != ALL else {}))


@pytest.mark.parametrize("name", ["kent-2017", "kent-board-2017"])
@pytest.mark.parametrize(("method", "level"), [("wilson", 0.95), ("logit", 0.9)])
def test_a_part_that_examine_has_is_examines_own(bundled, name, method, level):
    """Each measure as a whole, by stratum, flag and type of crime; the other weighting is no part of its own."""
    audit = bundled[name]
    rows = [row for row in examine(audit, method=method, confidence_level=level).rows if row.measure in MEASURES]
    assert len(rows) >= 5
    for row in rows:
        assert examine_part(audit, parts_of(row), Options(level, method)) == row


def test_the_overall_weighting_may_be_chosen(bundled):
    for overall in ("pooled", "weighted"):
        found = examine_part(bundled["kent-2017"], Part(), Options(overall=overall))
        assert found == examine(bundled["kent-2017"], overall=overall).overall


def test_any_mixture_is_the_survey_estimate_of_its_cases(monthly):
    """District within stratum of an offence, each with every sampled record in its design (domains: survey.md)."""
    audit, tried = monthly, 0
    known = choices(audit, "recording_rate")
    records = audit.tables["records"]
    districts = records.set_index("record_id")["district"]
    for stratum, offence, district in product(known["stratum"], known["domain"][:5], known["district"][:3]):
        crimes = audit.crimes
        inside = crimes["record_id"].map(districts) == district
        inside &= (crimes["stratum"] == stratum) & (crimes["offence"] == offence)
        part = Part(stratum=stratum, domain=offence, district=district)
        finding = examine_part(audit, part, Options(0.9, "logit"))
        assert (finding.due, finding.done) == (inside.sum(), (inside & crimes["recorded"].astype(bool)).sum())
        if inside.any():
            tried += 1
            sums = audit.by_record(crimes[inside], crimes.loc[inside, "recorded"].astype(bool))
            direct = estimate_rate(
                sums["recorded"].to_numpy(),
                sums["reported"].to_numpy(),
                stratum=sums["stratum"].to_numpy(),
                population=audit.population,
                domain=sums["reported"].to_numpy() > 0,
                weight=np.ones(len(sums)),
                confidence_level=0.9,
                method="logit",
            )
            assert finding.estimate.rate == pytest.approx(direct.rate)
            assert finding.estimate.interval.low == pytest.approx(direct.interval.low)
            assert finding.estimate.interval.high == pytest.approx(direct.interval.high)
    assert tried > 3


@pytest.mark.parametrize("dimension", ["stratum", "domain", "district"])
def test_the_cases_of_the_parts_add_up_to_the_whole(monthly, dimension):
    for measure in ("recording_rate", "timeliness"):
        whole, *parts = split_part(monthly, Part(measure), dimension)
        found = [examine_part(monthly, part) for part in parts]
        assert sum(row.due for row in found) == examine_part(monthly, whole).due
        assert [len(cases_of_part(monthly, part)) for part in parts] == [row.due for row in found]


def test_every_choice_has_a_case_and_nothing_else_is_offered(bundled):
    audit = bundled["kent-2017"]
    assert "recording_rate" in measures_held(audit)
    for measure in measures_held(audit):
        if cases_of_part(audit, Part(measure)).empty:
            continue  # a stratum known by its domains' totals alone has no total of its own
        assert set(choices(audit, measure)) == set(DIMENSIONS)
        for dimension in DIMENSIONS:
            for part in split_part(audit, Part(measure), dimension)[1:]:
                assert examine_part(audit, part).due > 0
    assert choices(audit, "recording_rate")["district"] == (), "the rebuilt records name no district"


def test_a_domain_known_by_its_total_is_found_without_its_stratum(bundled):
    """Kent 2017: 85 of 95 rapes were recorded in time, known by their total alone."""
    found = examine_part(bundled["kent-2017"], Part("timeliness", domain="rape"))
    assert (found.done, found.due) == (85, 95)
    assert cases_of_part(bundled["kent-2017"], Part("timeliness", domain="rape")).empty


def test_a_part_without_a_case_has_no_rate(bundled):
    found = examine_part(bundled["kent-2017"], Part(stratum="sexual", domain="robbery"))
    assert found.estimate is None
    assert explain_width(bundled["kent-2017"], Part(stratum="sexual", domain="robbery")) is None
    assert expect_margin(bundled["kent-2017"], Part(stratum="sexual", domain="robbery"), 300) is None


def test_two_incidents_widen_the_boards_sexual_interval(bundled):
    """The board paper of 2017: two incidents hold 32 of the 44 missed sexual offences."""
    width = explain_width(bundled["kent-board-2017"], Part(stratum="sexual"))
    assert [(row.reported, row.missed) for row in width.records] == [(20, 18), (16, 14)]
    assert width.variance_share > 0.9
    assert (width.without.reported, width.without.recorded) == (230, 218)
    spans = [e.interval.high - e.interval.low for e in (width.finding.estimate, width.without)]
    assert spans[1] < spans[0] / 4


def test_a_rate_without_one_record_is_that_of_an_audit_without_it(make_audit):
    audit = make_audit(SMALL)
    width = explain_width(audit, Part(stratum="violence"))
    assert [(row.reported, row.missed) for row in width.records] == [(9, 9)]
    rest = {"violence": SMALL["violence"][:-1], "other": SMALL["other"]}
    again = examine_part(make_audit(rest, name="rest"), Part(stratum="violence")).estimate
    assert width.records[0].rate_without == pytest.approx(again.rate)
    assert width.without.interval.low == pytest.approx(again.interval.low)


def test_records_that_weigh_alike_do_not_stand_out(make_audit):
    width = explain_width(make_audit({"a": [(1, 1)] * 8 + [(1, 0)] * 12}), Part())
    assert (width.records, width.without) == ((), None)


def test_a_stratum_is_never_left_with_fewer_than_two_records(make_audit):
    width = explain_width(make_audit({"a": [(1, 1), (2, 0)], "b": [(1, 1)] * 9}), Part())
    assert len(width.records) == 2
    assert width.without is None


def test_the_margin_of_more_records_is_plannings(bundled):
    audit, part = bundled["kent-2017"], Part(stratum="violence")
    e = examine_part(audit, part).estimate
    found = expect_margin(audit, part, 300)
    design = {"population": 22767, "design_effect": e.design_effect, "crimes_per_record": 582 / 520}
    assert (found.more, found.records, found.records_in_frame) == (300, 520, 22767)
    assert found.now == pytest.approx(expected_margin(e.rate, 582, **design))
    assert found.then == pytest.approx(expected_margin(e.rate, 582 * 820 / 520, **design))
    assert found.then < found.now


def test_no_more_records_are_asked_for_than_the_frame_holds(bundled):
    found = expect_margin(bundled["kent-2017"], Part(stratum="sexual"), 10**6)
    assert found.more == found.records_in_frame - found.records
    assert found.then == 0, "a census has no margin"


def test_a_measure_outside_the_sample_expects_nothing_of_more_records(bundled):
    assert expect_margin(bundled["kent-2017"], Part("cancelled_correctly"), 300) is None
