"""Samples shared over strata, by rule, within bounds, and planned from a pilot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.allocation import PlannedStratum, allocate_sample, allocation_shares, plan_strata_from_pilot
from cdi_stats.methods.planning import sample_size
from cdi_stats.methods.survey import estimate_rate

PILOT_RECORDED = [1, 1, 0, 2, 1, 0, 3, 1, 1, 2, 0, 4, 1, 1, 1, 0, 2, 1]
PILOT_REPORTED = [1, 1, 0, 3, 1, 1, 3, 1, 1, 2, 2, 6, 1, 1, 1, 1, 2, 1]
PILOT_STRATUM = ["violence"] * 9 + ["other"] * 9
PILOT_FRAME = {"violence": 1000, "other": 4000}
STRATA = {"violence": 30_000, "sexual": 4_000, "other": 42_000}


def codes(result):
    return [caution.code for caution in result.warnings]


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=8), st.integers(0, 5), st.floats(0, 1), st.data())
def test_whole_numbers_within_bounds_that_add_up(frames, minimum, part, data):
    strata = {f"s{place}": PlannedStratum(frame, rate=0.8) for place, frame in enumerate(frames)}
    least = sum(min(minimum, frame) for frame in frames)
    records = max(least + round(part * (sum(frames) - least)), 1)
    rule = data.draw(st.sampled_from(["proportional", "equal", "neyman"]))
    sizes = allocate_sample(records, strata, rule=rule, minimum=minimum)
    assert list(sizes) == list(strata)
    assert sum(sizes.values()) == records
    assert all(min(minimum, frame) <= size <= frame for size, frame in zip(sizes.values(), frames, strict=True))
    assert all(type(size) is int for size in sizes.values())


def test_without_bounds_it_is_the_rule_rounded():
    assert allocate_sample(669, STRATA) == {"violence": 264, "sexual": 35, "other": 370}
    assert allocate_sample(669, STRATA, rule="equal") == {"violence": 223, "sexual": 223, "other": 223}
    shares = allocation_shares(100, {"a": 1, "b": 1, "c": 1})
    assert shares == pytest.approx({"a": 100 / 3, "b": 100 / 3, "c": 100 / 3})


def test_a_tie_goes_to_the_first():
    assert allocate_sample(8, {"a": 50, "b": 50, "c": 50}) == {"a": 3, "b": 3, "c": 2}


def test_largest_remainders_come_first():
    assert allocate_sample(10, {"a": 145, "b": 326, "c": 529}, minimum=0) == {"a": 2, "b": 3, "c": 5}
    assert allocate_sample(10, {"a": 135, "b": 326, "c": 539}, minimum=0) == {"a": 1, "b": 3, "c": 6}


def test_what_bounds_take_is_shared_again():
    sizes = allocate_sample(669, STRATA | {"sexual": PlannedStratum(4_000, minimum=213)})
    assert sizes == {"violence": 190, "sexual": 213, "other": 266}
    capped = allocate_sample(300, {"a": 20, "b": 1000, "c": 1000}, rule="equal")
    assert capped == {"a": 20, "b": 140, "c": 140}


def test_a_minimum_and_a_maximum_at_once():
    strata = {
        "small": PlannedStratum(100, minimum=50), "large": PlannedStratum(10_000, maximum=120),
        "middle": PlannedStratum(900), "other": PlannedStratum(1800),
    }  # fmt: skip
    assert allocate_sample(320, strata) == {"small": 50, "large": 120, "middle": 50, "other": 100}


def test_bounded_neyman_has_the_least_variance():
    frame = np.array([30_000.0, 4_000.0, 42_000.0, 900.0])
    deviation = np.sqrt([0.92 * 0.08, 0.83 * 0.17, 0.95 * 0.05, 0.25])
    low, high = np.array([2, 250, 2, 2]), np.array([30_000, 4_000, 180, 900])
    strata = {
        place: PlannedStratum(frame[place], deviation=deviation[place], minimum=low[place], maximum=high[place])
        for place in range(4)
    }
    best = minimize(
        lambda n: ((frame * deviation) ** 2 / n).sum() / 1e6,
        np.array([250.0, 250, 100, 69]),
        jac=lambda n: -((frame * deviation) ** 2) / n**2 / 1e6,
        bounds=list(zip(low, high, strict=True)),
        constraints={"type": "eq", "fun": lambda n: n.sum() - 669, "jac": np.ones_like},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert list(allocate_sample(669, strata, rule="neyman").values()) == pytest.approx(best.x, abs=1)


def test_strata_that_do_not_vary_are_served_last_by_size():
    strata = {"a": PlannedStratum(100, rate=0.9), "b": PlannedStratum(100, rate=1.0)}
    assert allocate_sample(60, strata, rule="neyman") == {"a": 58, "b": 2}
    assert allocate_sample(150, strata, rule="neyman") == {"a": 100, "b": 50}
    another = strata | {"c": PlannedStratum(300, rate=1.0)}
    assert allocate_sample(200, another, rule="neyman") == {"a": 100, "b": 25, "c": 75}


def test_a_frame_below_the_minimum_is_taken_whole():
    assert allocate_sample(10, {"a": 1, "b": 100}) == {"a": 1, "b": 9}


@pytest.mark.parametrize(
    ("records", "strata", "options", "message"),
    [
        (5, {"a": 9, "b": 9, "c": 9}, {}, r"records: found 5; expected from 6 .* to 27"),
        (28, {"a": 9, "b": 9, "c": 9}, {}, r"records: found 28; expected from 6 .* to 27"),
        (2.5, {"a": 9}, {}, "records: found 2.5; expected a whole number"),
        (5, {}, {}, "strata: found none; expected at least one"),
        (5, {"a": 0.3}, {}, "population of stratum a: found 0.3; expected the number of records"),
        (5, {"a": 9}, {"rule": "optimal"}, "rule: found 'optimal'; expected one of proportional, equal, neyman"),
        (5, {"a": 9}, {"rule": "neyman"}, "stratum a: found neither rate nor deviation"),
        (5, {"a": PlannedStratum(9, rate=1)}, {"rule": "neyman"}, "strata: found none whose records vary"),
        (5, {"a": PlannedStratum(9, rate=90)}, {"rule": "neyman"}, "rate of stratum a: found 90"),
        (5, {"a": PlannedStratum(9, deviation=-1)}, {"rule": "neyman"}, "deviation of stratum a: found -1"),
        (5, {"a": PlannedStratum(9, minimum=10)}, {}, "minimum of stratum a: found 10; expected no more than .* 9"),
        (5, {"a": PlannedStratum(9, minimum=4, maximum=3)}, {}, "minimum of stratum a: found 4; expected no more"),
    ],
)
def test_impossible_allocations_are_refused(records, strata, options, message):
    with pytest.raises(InvalidCounts, match=message):
        allocate_sample(records, strata, **options)


def plan_of(margin=0.04, **options):
    return plan_strata_from_pilot(
        PILOT_RECORDED, PILOT_REPORTED, margin, stratum=PILOT_STRATUM, population=PILOT_FRAME, **options
    )


def test_the_variance_is_that_of_the_estimate():
    """A sample as large as the pilot has the pilot's own standard error, by estimate_rate."""
    estimate = estimate_rate(PILOT_RECORDED, PILOT_REPORTED, stratum=PILOT_STRATUM, population=PILOT_FRAME)
    wanted = 1.959963984540054 * estimate.standard_error
    plan = plan_of(wanted * (1 + 1e-9), rule="equal", method="wald")
    assert plan.rate == pytest.approx(estimate.rate, abs=1e-15)
    assert plan.records == {"violence": 9, "other": 9}
    assert plan.expected_margin == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("rule", ["proportional", "equal", "neyman"])
def test_the_total_is_the_closed_form(rule):
    """n = sum N^2 S^2 / a / (V (sum N mbar)^2 + sum N S^2) for shares a, but for whole numbers."""
    plan = plan_of(rule=rule)
    frame = np.array([stratum.population for stratum in plan.strata.values()])
    deviation = np.array([stratum.deviation for stratum in plan.strata.values()])
    share = np.array(list(allocation_shares(1, plan.strata, rule=rule).values()))
    crimes = (frame * [sum(PILOT_REPORTED[:9]) / 9, sum(PILOT_REPORTED[9:]) / 9]).sum()
    variance = plan.rate * (1 - plan.rate) / sample_size(plan.rate, 0.04).exact_crimes
    exact = ((frame * deviation) ** 2 / share).sum() / (variance * crimes**2 + (frame * deviation**2).sum())
    assert abs(plan.total - exact) < 2
    assert plan.records == allocate_sample(plan.total, plan.strata, rule=rule)
    assert plan.expected_margin == pytest.approx(0.04, abs=1e-4)
    assert plan.expected_margin <= 0.04


def test_neyman_needs_the_fewest_records():
    assert plan_of().total <= min(plan_of(rule="equal").total, plan_of(rule="proportional").total)


def test_a_margin_no_sample_has_takes_the_whole_frame():
    plan = plan_of(1e-9)
    assert plan.records == PILOT_FRAME
    assert plan.expected_margin == 0


def test_a_stratum_that_does_not_vary_is_named():
    stratum = ["a"] * 3 + ["b"] * 3
    plan = plan_strata_from_pilot(
        [1, 1, 1, 1, 0, 1], [1, 1, 1, 1, 1, 2], 0.1, stratum=stratum, population={"a": 70, "b": 50}
    )
    assert plan.strata["a"].deviation == 0
    assert plan.records["a"] == 2
    assert codes(plan) == ["no-variation"]
    assert str(plan).startswith(
        f"{plan.total} records (a 2, b {plan.records['b']}) estimate the overall recording rate"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"population": {"violence": 1000}}, "population: found stratum other here or in the pilot only"),
        ({"population": {"violence": 1, "other": 2, "sexual": 3}}, "population: found stratum sexual here"),
        ({"stratum": ["violence"] + ["other"] * 17}, "stratum violence: found 1 pilot record"),
        ({"recorded": PILOT_REPORTED}, "recorded: found no crime unlike the others"),
        ({"margin_of_error": 0.6}, "margin_of_error: found 0.6"),
        ({"method": "logit"}, "method: found 'logit'"),
        ({"minimum": 0}, "minimum: found 0; expected a whole number of at least 1"),
    ],
)
def test_impossible_pilots_are_refused(change, message):
    arguments = {
        "recorded": PILOT_RECORDED, "reported": PILOT_REPORTED, "margin_of_error": 0.04, "stratum": PILOT_STRATUM,
        "population": PILOT_FRAME,
    }  # fmt: skip
    with pytest.raises(InvalidCounts, match=message):
        plan_strata_from_pilot(**(arguments | change))


def test_a_stratum_may_be_left_out_by_its_own_bounds():
    strata = {"a": PlannedStratum(100, maximum=0), "b": PlannedStratum(100, minimum=0), "c": 100}
    assert allocate_sample(40, strata, rule="equal") == {"a": 0, "b": 20, "c": 20}
