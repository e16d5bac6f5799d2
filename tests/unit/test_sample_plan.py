"""What a sampling plan comes to: PracTools' sizes, Cochran's variance written out, the board paper's margins."""

from __future__ import annotations

import math

import pytest

from cdi_stats.audit.sampling import SamplingPlan, read_plan, write_sizes
from cdi_stats.errors import BadParameters
from cdi_stats.findings.sample_plan import plan_like, plan_sample, plan_table
from cdi_stats.methods.proportion import normal_quantile, wilson_limits
from cdi_stats.report.blocks import Table, plain
from cdi_stats.report.sample_plan import open_sample_plan


def planned(*strata, **options):
    """Plan strata given as mappings; one without a name is called a."""
    return SamplingPlan(strata=[{"stratum": "a", "rate": 0.9} | dict(stratum) for stratum in strata], **options)


def only(plan, **options):
    (found,) = plan_sample(plan, **options).strata
    return found


# Sizes. PracTools nWilson: p = 0.9, e = 0.03 needs 387.016 crimes; p = 0.95, e = 0.02 needs 468.159.


@pytest.mark.parametrize(
    ("given", "records"),
    [
        ({"rate": 0.9}, 388),
        ({"rate": 0.95, "margin_of_error": 0.02}, 469),
        ({"rate": 0.9, "crimes_per_record": 1.25}, math.ceil(388 / 1.25)),
        ({"rate": 0.9, "design_effect": 2}, math.ceil(2 * 387.016)),
        ({"rate": 0.9, "records": 100}, 100),
    ],
)
def test_records_follow_from_margin_rate_and_records(given, records):
    found = only(planned(given))
    assert (found.records, found.origin) == (records, "stated")
    assert found.expected_margin <= found.size.margin_of_error or "records" in given


def test_the_margin_expected_is_half_of_wilsons_width():
    found = only(planned({"records": 200, "crimes_per_record": 1.5, "design_effect": 1.2}))
    low, high = wilson_limits(0.9, 200 * 1.5 / 1.2, normal_quantile(0.95))
    assert found.expected_margin == pytest.approx((high - low) / 2, rel=1e-12)
    assert found.crimes == 300
    assert found.margin_of(0) == 0.5


def test_a_frame_makes_the_sample_smaller_and_a_census_has_no_margin():
    found = only(planned({"records_in_frame": 3000}))
    assert found.records == math.ceil(387.016 / (1 + 386.016 / 3000))
    assert found.sampling_fraction == found.records / 3000
    assert only(planned({"records_in_frame": 50, "records": 50})).expected_margin == 0


def test_the_window_needed_holds_the_records_at_the_present_volume():
    """3,000 records in 30 days are 100 a day: 343 records are all of 4 days."""
    dates = {"period_start": "2018-06-01", "period_end": "2018-06-30"}
    found = only(planned({"records_in_frame": 3000} | dates))
    assert (found.days, found.records_a_day, found.records, found.days_needed) == (30, 100, 343, 4)
    assert only(planned(dates)).days_needed is None
    assert only(planned({"records_in_frame": 3000})).days_needed is None


# A pilot.


def test_what_is_not_stated_comes_from_the_pilot(bundled):
    pilot = bundled["kent-board-2017"]
    plan = planned({"stratum": "violence", "rate": None}, {"stratum": "other", "rate": 0.97, "crimes_per_record": 2})
    violence, other = plan_sample(plan, pilot=pilot).strata
    assert violence.size.rate == 199 / 216, "the board paper: 199 of 216 crimes"
    assert violence.origin == "pilot"
    assert violence.size.crimes_per_record == 216 / 228, "the board paper: in 228 records"
    assert (other.size.rate, other.size.crimes_per_record, other.origin) == (0.97, 2, "stated")
    assert other.size.design_effect > 1, "the pilot's, since the plan states none"


def test_a_plan_names_its_pilot_by_a_path_seen_from_it(tmp_path):
    (tmp_path / "plan.toml").write_text('pilot = "kent-board-2017"\n[[strata]]\nstratum = "other"\n', encoding="utf-8")
    found = plan_sample(read_plan(tmp_path / "plan.toml"), base=tmp_path)
    assert found.strata == plan_sample(planned({"stratum": "other", "rate": None}), pilot=found.pilot).strata


def test_an_audit_is_the_pilot_of_the_next(bundled):
    found = plan_like(bundled["kent-2017"], margin_of_error=0.04)
    assert [s.stratum for s in found.strata] == ["violence", "sexual", "other"]
    assert all(s.expected_margin <= 0.04 for s in found.strata)
    assert {s.size.margin_of_error for s in plan_like(bundled["kent-board-2017"], margin_of_error=0.2).strata} == {0.03}


# Sharing out.


def test_the_overall_margin_is_cochrans_variance_written_out(bundled):
    found = plan_like(bundled["kent-2017"])
    as_planned = found.allocations[0]
    frames = {s.stratum: s.records_in_frame for s in found.strata}
    crimes = {s.stratum: frames[s.stratum] * s.size.crimes_per_record for s in found.strata}
    whole = sum(crimes.values())
    rate = sum(crimes[s.stratum] * s.size.rate for s in found.strata) / whole
    variance = 0.0
    for s in found.strata:
        p, m, n = s.size.rate, s.size.crimes_per_record, s.records
        spread = m * p * (1 - p) * s.size.design_effect
        variance += frames[s.stratum] ** 2 * (1 - n / frames[s.stratum]) * spread / n / whole**2
    low, high = wilson_limits(rate, rate * (1 - rate) / variance, normal_quantile(0.95))
    assert as_planned.expected_margin == pytest.approx((high - low) / 2, rel=1e-12)


def test_no_rule_beats_neyman_and_all_share_the_same_records(bundled):
    found = plan_like(bundled["kent-2017"])
    margins = {a.rule: a.expected_margin for a in found.allocations}
    assert list(margins) == ["planned", "proportional", "equal", "neyman", "fewest"]
    assert {a.total for a in found.allocations[:-1]} == {found.records}
    assert margins["neyman"] == min(margins[rule] for rule in ("planned", "proportional", "equal", "neyman"))
    assert margins["fewest"] <= 0.03
    assert found.allocations[-1].total < found.records


def test_without_frames_or_with_one_stratum_nothing_is_shared_out(bundled):
    assert plan_like(bundled["kent-board-2017"]).allocations == []
    assert plan_sample(planned({"records_in_frame": 900})).allocations == []
    two = planned({"records_in_frame": 900}, {"stratum": "b", "records_in_frame": 900, "records": 0})
    assert plan_sample(two).allocations == []


# What is refused.


def test_every_stratum_that_cannot_be_planned_is_named_at_once(bundled):
    plan = planned({"rate": None}, {"stratum": "b", "records": 20, "records_in_frame": 10}, {"stratum": "c"})
    with pytest.raises(BadParameters) as refused:
        plan_sample(plan, pilot=bundled["kent-board-2017"])
    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("strata: a: no rate to plan with")
    assert "strata: b: found 20 records wanted of the 10 in the frame" in lines[1]


def test_an_empty_frame_is_refused(tmp_path):
    (tmp_path / "frame.csv").write_text("id,at,code\n1,2018-06-01,THEFT\n", encoding="utf-8")
    frame = {"source": "frame.csv", "record_id": "id", "opened_at": "at", "opening_code": "code"}
    with pytest.raises(BadParameters, match="0 in the frame"):
        plan_sample(planned({"opening_codes": ["RAPE"]}, frame=frame), base=tmp_path)


# The plan's own file.


def test_sizes_are_written_in_and_nothing_else_is_touched(tmp_path):
    before = '# why\nseed = "s"  # note\n\n[[strata]]\nstratum = "a"   # first\nrate = 0.9\n'
    path = tmp_path / "plan.toml"
    path.write_text(before, encoding="utf-8")
    write_sizes(path, {"a": 388})
    assert path.read_text(encoding="utf-8") == before + "records = 388\n"
    assert read_plan(path).strata[0].records == 388


def test_the_table_holds_a_row_a_stratum():
    table = plan_table(plan_sample(planned({"records_in_frame": 3000}, {"stratum": "b"})))
    assert table["stratum"].tolist() == ["a", "b"]
    assert table["records_needed"].tolist() == [343, 388]
    assert table["records_in_frame"].isna().tolist() == [False, True]


# The report.


def words(section):
    return " ".join(str(block.to_json()) for block in section)


def test_the_report_sets_the_board_papers_margins_side_by_side():
    """Kent's paper of 6 December 2017 asked for 3 points; its counts give 3.6, 4.5 and 2.9 (domain page)."""
    (table,) = [block for block in open_sample_plan("kent-board-2017").precision() if isinstance(block, Table)]
    planned_for, achieved = zip(*((plain(row[1]), plain(row[2])) for row in table.rows), strict=True)
    assert planned_for == ("±3.0",) * 3
    assert achieved == ("±3.6", "±4.5", "±2.9")


def test_the_report_of_a_plan_tells_what_it_lacks(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('[[strata]]\nstratum = "a"\nrate = 0.9\nrecords = 50\n', encoding="utf-8")
    report = open_sample_plan(str(path))
    assert "fewer than the planned margins need" in words(report.summary())
    assert "not known" in words(report.windows())
    assert "nothing to share out" in words(report.allocation())
    assert "No draw is on record" in words(report.trail())
    assert "none to compare with" in words(report.precision())
    assert "stated rates" in words(report.title())
    assert "The expected rates are stated in the plan." in words(report.sizes())


def test_the_report_says_which_rates_come_from_where(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(
        'pilot = "kent-2017"\n[[strata]]\nstratum = "violence"\nrate = 0.9\n[[strata]]\nstratum = "sexual"\n'
        '[[strata]]\nstratum = "other"\n',
        encoding="utf-8",
    )
    told = words(open_sample_plan(str(path)).sizes())
    assert "The expected rates are those of the pilot for sexual and other, stated in the plan for violence." in told
