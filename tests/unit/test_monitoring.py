"""Edges of the p' chart and the funnel."""

import math

import numpy as np
import pytest

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.monitoring import funnel, p_prime_chart

MONTHS = (np.array([0.90, 0.86, 0.93, 0.88, 0.91, 0.89, 0.94, 0.87]), np.array([60.0, 75, 52, 80, 66, 71, 58, 90]))
FORCES = (
    np.array([0.84, 0.97, 0.91, 0.81, 0.88, 0.94, 0.83, 0.96, 0.93, 0.81]),
    np.array([1500.0, 784, 700, 560, 1000, 1080, 400, 1560, 760, 690]),
)


# the p' chart


@pytest.mark.parametrize(
    ("rate", "size", "options", "message"),
    [
        ([0.9], [50], {}, "rate: found 1 points; expected at least 2"),
        ([0.9, 1.2], [50, 50], {}, r"rate\[1\]: found 1.2; expected a share from 0 to 1"),
        ([0.9, math.nan], [50, 50], {}, r"rate\[1\]: found nan"),
        ([0.9, 0.8], [50, 0], {}, r"effective_sample_size\[1\]: found 0; expected a number of crimes above 0"),
        ([0.9, 0.8], [50, math.inf], {}, r"effective_sample_size\[1\]: found inf"),
        ([0.9, 0.8], [50], {}, "rate, effective_sample_size: found shapes"),
        (["high", 0.8], [50, 50], {}, "rate: found something that is no number"),
        ([0.9, 0.8], [50, 50], {"breaks": [2]}, r"breaks: found \[2\]; expected places of points, .* from 1 to 1"),
        ([0.9, 0.8], [50, 50], {"breaks": [0]}, r"breaks: found \[0\]"),
        ([0.9, 0.8], [50, 50], {"breaks": [0.5]}, r"breaks: found \[0.5\]"),
        ([0.9, 0.8], [50, 50], {"breaks": [1]}, "baseline: found 1 points in segment 0; expected at least two in each"),
        ([0.9, 0.8], [50, 50], {"baseline": 1}, "baseline: found 1; expected at least two first points"),
        ([0.9, 0.8], [50, 50], {"baseline": [1, 1]}, "baseline: found shape .* expected a number, or true or false"),
        ([0.9, 0.8], [50, 50], {"baseline": [True]}, "baseline: found shape"),
        ([0.9, 0.8], [50, 50], {"baseline": [True, False]}, "baseline: found 1 points in segment 0"),
    ],
)
def test_impossible_charts_are_refused(rate, size, options, message):
    with pytest.raises(InvalidCounts, match=message):
        p_prime_chart(rate, size, **options)


def test_a_chart_of_misses_mirrors_one_of_crimes_recorded():
    recorded, missed = p_prime_chart(*MONTHS), p_prime_chart(1 - MONTHS[0], MONTHS[1])
    assert missed.sigma_z == pytest.approx(recorded.sigma_z)
    assert 1 - missed.centre == pytest.approx(recorded.centre)
    assert 1 - missed.high == pytest.approx(recorded.low)
    assert 1 - missed.low == pytest.approx(recorded.high)


def test_limits_stay_within_nothing_and_all():
    chart = p_prime_chart([0.99, 0.8, 1.0, 0.85], [20, 20, 20, 20])
    assert (chart.high == 1).all()
    assert (chart.low > 0).all()
    assert (p_prime_chart([0.01, 0.2, 0.0, 0.15], [20, 20, 20, 20]).low == 0).all()


def test_a_baseline_sets_the_limits_that_later_points_are_held_against():
    rate, size = np.r_[MONTHS[0], 0.5], np.r_[MONTHS[1], 60]
    held, alone = p_prime_chart(rate, size, baseline=8), p_prime_chart(*MONTHS)
    assert held.centre[0] == alone.centre[0]
    assert held.low[:8] == pytest.approx(alone.low)
    assert held.outside.tolist() == [False] * 8 + [True]
    assert held.signals == (8,)
    masked = p_prime_chart(rate, size, baseline=[True] * 8 + [False])
    assert masked.low.tolist() == held.low.tolist()


def test_a_mask_joins_the_points_on_both_sides_of_one_left_out():
    rate, size = np.insert(MONTHS[0], 3, 0.4), np.insert(MONTHS[1], 3, 60)
    mask = np.arange(9) != 3
    chart, without = p_prime_chart(rate, size, baseline=mask), p_prime_chart(*MONTHS)
    assert chart.sigma_z[0] == without.sigma_z[0]
    assert chart.outside.tolist() == [place == 3 for place in range(9)]


def test_breaks_start_afresh():
    rate, size = np.r_[MONTHS[0], MONTHS[0] - 0.3], np.r_[MONTHS[1], MONTHS[1]]
    chart = p_prime_chart(rate, size, breaks=[8])
    first, second = p_prime_chart(*MONTHS), p_prime_chart(MONTHS[0] - 0.3, MONTHS[1])
    assert chart.segment.tolist() == [0] * 8 + [1] * 8
    assert chart.low.tolist() == [*first.low, *second.low]
    assert chart.high.tolist() == [*first.high, *second.high]
    assert chart.sigma_z.tolist() == [*first.sigma_z, *second.sigma_z]
    assert chart.signals == ()


def test_a_number_of_first_points_counts_in_every_segment():
    rate, size = np.r_[MONTHS[0], MONTHS[0] - 0.3], np.r_[MONTHS[1], MONTHS[1]]
    chart = p_prime_chart(rate, size, breaks=[8], baseline=4)
    mask = np.tile(np.arange(8) < 4, 2)
    assert chart.centre.tolist() == p_prime_chart(rate, size, breaks=[8], baseline=mask).centre.tolist()
    assert chart.centre[-1] == p_prime_chart(MONTHS[0][:4] - 0.3, MONTHS[1][:4]).centre[0]


@pytest.mark.parametrize(("stretch", "found"), [(7, False), (8, True), (11, True)])
def test_eight_in_a_row_on_one_side_are_a_run(stretch, found):
    rate = np.r_[[0.95, 0.85] * 4, [0.93] * stretch, 0.85]
    chart = p_prime_chart(rate, np.full(rate.size, 50), baseline=8)
    assert chart.run.tolist() == [False] * 8 + [found] * stretch + [False]
    assert chart.signals == (tuple(range(8, 8 + stretch)) if found else ())


def test_a_run_does_not_cross_a_break():
    rate = np.r_[0.95, 0.85, [0.93] * 10, 0.85, 0.95]
    baseline = np.isin(np.arange(14), [0, 1, 12, 13])
    assert (
        p_prime_chart(rate, np.full(14, 50), baseline=baseline).run.tolist() == [False] * 2 + [True] * 10 + [False] * 2
    )
    assert not p_prime_chart(rate, np.full(14, 50), baseline=baseline, breaks=[7]).run.any()
    later = p_prime_chart([0.8, 0.9, *rate], np.full(16, 50), baseline=np.r_[True, True, baseline], breaks=[2])
    assert later.run.tolist() == [False] * 4 + [True] * 10 + [False] * 2


def test_a_point_on_the_centre_ends_a_run():
    rate = np.r_[0.5, 1.0, [0.8] * 5, 0.75, [0.8] * 5]
    assert not p_prime_chart(rate, np.full(13, 40), baseline=2).run[2:7].any()
    assert p_prime_chart(np.where(rate == 0.75, 0.8, rate), np.full(13, 40), baseline=2).run[2:].all()
    assert not p_prime_chart(np.r_[0.5, 1.0, [0.75] * 9], np.full(11, 40), baseline=2).run.any()


@pytest.mark.parametrize("rate", [1.0, 0.9, 0.0])
def test_points_that_do_not_vary_set_no_limits(rate):
    chart = p_prime_chart([rate] * 4 + [0.5], [10, 20, 30, 40, 50], baseline=4)
    assert (chart.centre == rate).all()
    assert (chart.low == 0).all()
    assert (chart.high == 1).all()
    assert not chart.outside.any()
    assert [caution.code for caution in chart.warnings] == ["no-variation"]
    assert "segment 0" in str(chart.warnings[0])


def test_a_chart_reads_as_a_sentence():
    assert str(p_prime_chart(*MONTHS)) == "8 points around 89.4%: 0 outside the limits, 0 in a run of 8 or more"


# the funnel


@pytest.mark.parametrize(
    ("rate", "size", "options", "message"),
    [
        ([0.9, 0.8], [50, 50], {}, "rate: found 2 points; expected at least 3"),
        (*FORCES, {"form": "log"}, "form: found 'log'; expected one of additive, multiplicative, none"),
        (*FORCES, {"target": 90}, "target: found 90; expected a share from 0 to 1"),
        (*FORCES, {"target": math.nan}, "target: found nan"),
        (*FORCES, {"winsorise": 0.5}, "winsorise: found 0.5"),
        (*FORCES, {"levels": [95]}, "confidence_level: found 95"),
    ],
)
def test_impossible_funnels_are_refused(rate, size, options, message):
    with pytest.raises(InvalidCounts, match=message):
        funnel(rate, size, **options)
    for size in (0, math.inf):
        with pytest.raises(InvalidCounts, match="sizes: found one that is not above 0"):
            funnel(*FORCES).limits_at([100, size])
    assert set(funnel(*FORCES).limits_at([0.5, 1])) == {0.95, 0.998}


@pytest.mark.parametrize("form", ["additive", "multiplicative", "none"])
def test_groups_outside_are_those_beyond_their_limits(form):
    found = funnel(*FORCES, form=form)
    for level, limits in found.limits.items():
        beyond = (FORCES[0] < limits.low) | (FORCES[0] > limits.high)
        assert found.outside[level].tolist() == beyond.tolist()
    assert found.outside[0.998].sum() <= found.outside[0.95].sum()


def test_allowing_for_over_dispersion_leaves_fewer_outside():
    outside = {form: int(funnel(*FORCES, form=form).outside[0.95].sum()) for form in ("none", "additive")}
    assert outside == {"none": 8, "additive": 0}
    assert (np.abs(funnel(*FORCES).adjusted_z_score) < np.abs(funnel(*FORCES).z_score)).all()


def test_limits_narrow_with_size_but_additive_ones_not_to_nothing():
    for form, least, most in (("additive", 0.2, 0.3), ("multiplicative", 0, 1e-3), ("none", 0, 1e-3)):
        limits = funnel(*FORCES, form=form).limits_at([10, 100, 1000, 1e9])[0.95]
        width = limits.high - limits.low
        assert (np.diff(width) < 0).all()
        assert least < width[-1] < most


def test_groups_no_more_different_than_chance_leave_the_limits_alone():
    rate, size = [0.9, 0.91, 0.89, 0.9], [200, 180, 220, 190]
    additive, multiplicative, none = (funnel(rate, size, form=form) for form in ("additive", "multiplicative", "none"))
    assert additive.phi < 1
    assert additive.tau_squared == 0
    for level in (0.95, 0.998):
        assert additive.limits[level].low.tolist() == none.limits[level].low.tolist()
        assert multiplicative.limits[level].low.tolist() == none.limits[level].low.tolist()
    assert additive.dispersion_p_value > 0.5


def test_winsorising_draws_in_the_ends_only():
    rate, size = np.r_[FORCES[0], 0.2], np.r_[FORCES[1], 800]
    found, raw = funnel(rate, size, target=0.9), funnel(rate, size, target=0.9, winsorise=0)
    assert found.phi < found.raw_phi
    assert found.raw_phi == raw.phi == raw.raw_phi
    assert found.raw_tau_squared == raw.tau_squared
    assert found.z_score.tolist() == raw.z_score.tolist()


def test_a_target_from_outside_is_kept():
    found = funnel(*FORCES, target=0.95)
    assert found.target == 0.95
    assert funnel(*FORCES).target == pytest.approx((FORCES[0] * FORCES[1]).sum() / FORCES[1].sum())
    wide = found.limits_at([1e12])[0.95]
    assert wide.low[0] < 0.95 < wide.high[0]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_unanimous_groups_have_one_sided_limits(share):
    found = funnel([share] * 3, [10, 20, 30])
    assert found.target == share
    assert not found.outside[0.95].any()
    limits = found.limits[0.95]
    inner, outer = (limits.low, limits.high)[:: 1 if share else -1]
    assert outer == pytest.approx(np.full(3, share))
    assert (np.abs(inner - share) > 0.01).all()
    assert [caution.code for caution in found.warnings] == ["unanimous", "few-groups"]


def test_a_funnel_reads_as_a_sentence():
    assert str(funnel(*FORCES)) == (
        f"10 groups around 89.7% (phi {funnel(*FORCES).phi:.2f}, additive): 0 beyond the 95% limits, "
        "0 beyond the 99.8% limits"
    )
    assert funnel(*FORCES).warnings == ()
