"""Published margins traced back to their method, and planned margins held against those achieved."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.planning import expected_margin
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.reconciliation import planned_against_achieved, reconcile_margin
from cdi_stats.methods.survey import estimate_rate, estimate_rate_from_counts

# Rate and margin as printed (shares), crimes reported, crimes in the frame, and what gives the margin.
PUBLISHED = {
    "Kent 2017 overall": (0.836, 0.0185, 1500, 74_085, ("wald-fpc",)),
    "Kent 2017 violence": (0.792, 0.0326, 582, 25_481, ("wald-fpc",)),
    "Kent 2018 overall": (0.966, 0.0127, 784, 48_846, ("wald-fpc",)),
    "Kent 2018 violence": (0.957, 0.0225, 305, 18_758, ("wald-fpc",)),
    "Kent 2018 sexual": (1.0, 0.0180, 167, None, ("rule-of-three",)),
    "Lancashire 2017 overall": (0.843, 0.0186, 1438, 63_694, ("wald-fpc",)),
}


@pytest.mark.parametrize("figure", PUBLISHED)
def test_published_margins_are_explained(figure):
    rate, margin, reported, population, methods = PUBLISHED[figure]
    result = reconcile_margin(rate, margin, reported=reported, population=population)
    assert result.matching == methods
    (explanation,) = (result.by(method) for method in methods)
    assert explanation.reported.low <= reported <= explanation.reported.high
    assert 1 in explanation.design_effect
    assert not result.warnings


def test_kent_2017_sexual_offences_were_cut_not_rounded():
    """288 of 319 is 90.28 %, printed as 90.2 %."""
    rounded = reconcile_margin(0.902, 0.0299, reported=319, population=2_041)
    assert rounded.recorded is None
    assert [caution.code for caution in rounded.warnings] == ["impossible-rate"]
    cut = reconcile_margin(0.902, 0.0299, reported=319, population=2_041, rate_cut=True)
    assert (cut.recorded, cut.matching, cut.warnings) == ((288, 288), ("wald-fpc",), ())


def test_kent_2017_has_one_count_and_one_margin():
    result = reconcile_margin(0.836, 0.0185, reported=1500, population=74_085)
    assert result.recorded == (1254, 1254)
    assert result.by("wald-fpc").margin.low == pytest.approx(0.018548, abs=5e-7)
    assert result.by("wald").design_effect.high < 1
    assert str(result) == "83.6 % ±1.85 points on 1,500 crimes is the margin by wald-fpc"


@pytest.mark.parametrize(
    ("rate", "margin", "reported", "implied"),
    [(0.836, 0.0185, 1500, 74_085), (0.792, 0.0326, 582, 25_481), (0.843, 0.0186, 1438, 63_694)],
)
def test_the_frame_can_be_backed_out(rate, margin, reported, implied):
    frame = reconcile_margin(rate, margin, reported=reported).by("wald-fpc").population
    assert implied in frame
    for crimes in (frame.low, frame.high):
        recorded = reconcile_margin(rate, margin, reported=reported).recorded[0]
        interval = proportion_interval(recorded, reported, method="wald-fpc", population=crimes)
        assert abs((interval.high - interval.low) / 2 - margin) < 0.00006


def test_thames_valley_needs_no_frame():
    result = reconcile_margin(0.804, 0.0175, reported=1970)
    assert result.recorded == (1583, 1584)
    assert {"wald", "wilson"} <= set(result.matching)
    assert math.isinf(result.by("wald-fpc").population.high)
    assert str(result).endswith("the margin by wald or wald-fpc in a frame of 183,078 or more crimes or wilson")
    assert "wald-fpc" not in reconcile_margin(0.804, 0.0175, reported=1970, population=89_796).matching


@pytest.mark.parametrize("population", [None, 60_000])
def test_south_yorkshire_is_no_simple_margin(population):
    result = reconcile_margin(0.895, 0.0164, reported=1374, population=population)
    assert result.matching == ()
    assert result.by("wald").margin.low == pytest.approx(0.0162, abs=5e-5)
    assert result.by("wald").design_effect.low == pytest.approx((0.01635 / result.by("wald").margin.low) ** 2)
    assert (result.by("wald").design_effect.low, result.by("wald").design_effect.high) == pytest.approx(
        (1.019, 1.032), abs=5e-4
    )
    assert str(result).endswith("by no simple method: it implies a design effect of 1.019 to 1.032 by wald")


def test_without_the_crimes_each_method_gives_a_range():
    result = reconcile_margin(0.836, 0.0185)
    assert result.matching == ("wald", "wilson", "clopper-pearson")
    wald = result.by("wald").reported
    z = 1.959963984540054
    assert (wald.low, wald.high) == pytest.approx(
        (z**2 * 0.8365 * 0.1635 / 0.01855**2, z**2 * 0.8355 * 0.1645 / 0.01845**2), rel=1e-9
    )
    framed = reconcile_margin(0.836, 0.0185, population=74_085).by("wald-fpc").reported
    assert 1500 in framed
    assert framed.high == pytest.approx(wald.high / (1 + wald.high / 74_085), rel=1e-9)
    assert reconcile_margin(1.0, 0.018).by("rule-of-three").reported.low == pytest.approx(3 / 0.01805, rel=1e-9)


def test_a_range_without_a_whole_number_does_not_match():
    """3 / n is 0.6 at n = 5 and 0.75 at 4: no whole number prints 0.670."""
    assert reconcile_margin(1.0, 0.67, margin_decimals=3).by("rule-of-three").matches is False
    assert reconcile_margin(1.0, 0.6, margin_decimals=3).by("rule-of-three").matches is True


def test_a_rate_no_count_gives_is_named():
    result = reconcile_margin(0.333, 0.25, reported=10)
    assert result.recorded is None
    assert [caution.code for caution in result.warnings] == ["impossible-rate"]
    assert reconcile_margin(0.333, 0.25, reported=9).warnings == ()


def test_at_another_level_the_rule_of_three_is_not_tried():
    assert [e.method for e in reconcile_margin(1.0, 0.018, confidence_level=0.9).explanations] == [
        "wilson", "clopper-pearson",
    ]  # fmt: skip
    assert str(reconcile_margin(1.0, 0.3, reported=167)).startswith(
        "100 % ±30 points on 167 crimes is the margin by no"
    )


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_where_all_are_alike_the_exact_margin_is_the_whole_width(rate):
    """Clopper and Pearson (1934): the far limit of none or all of n lies (0.025)^(1/n) from the other end."""
    found = reconcile_margin(rate, 0.018, reported=167)
    margin, three = found.by("clopper-pearson").margin, found.by("rule-of-three").margin
    assert (margin.low, margin.high) == pytest.approx((1 - 0.025 ** (1 / 167),) * 2, rel=1e-9)
    assert (three.low, three.high) == pytest.approx((3 / 167,) * 2, rel=1e-12)


@pytest.mark.parametrize("method", ["wald", "wilson", "clopper-pearson"])
@pytest.mark.parametrize(("recorded", "reported"), [(199, 216), (222, 266), (62, 63), (1254, 1500), (3, 40)])
def test_a_margin_of_statsmodels_leads_back_to_its_method(method, recorded, reported):
    peer = {"wald": "normal", "wilson": "wilson", "clopper-pearson": "beta"}[method]
    low, high = proportion_confint(recorded, reported, method=peer)
    clipped = max(recorded / reported - low, high - recorded / reported)
    half = clipped if method == "wald" else (high - low) / 2
    margin = round(half, 5)
    result = reconcile_margin(
        round(recorded / reported, 4), margin, reported=reported, rate_decimals=4, margin_decimals=5
    )
    assert result.by(method).matches
    assert result.by(method).margin.low - 1e-12 <= half <= result.by(method).margin.high + 1e-12
    assert 1 in result.by(method).design_effect
    assert result.by(method).reported.low <= reported <= result.by(method).reported.high


@given(st.integers(2, 3000), st.floats(0, 1), st.sampled_from(["wald-fpc", "wilson", "clopper-pearson"]), st.data())
def test_what_a_method_prints_is_traced_back_to_it(reported, share, method, data):
    recorded = round(share * reported)
    frame = data.draw(st.integers(reported + 1, 100_000)) if method == "wald-fpc" else None
    interval = proportion_interval(recorded, reported, method=method, population=frame)
    unanimous = recorded in (0, reported)
    margin = (interval.high - interval.low) / (1 if unanimous else 2)
    if method == "wald-fpc":
        assume(not unanimous)
        factor = math.sqrt(1 - reported / frame)
        margin = 1.959963984540054 * math.sqrt(recorded * (reported - recorded) / reported) / reported * factor
    printed, rate = round(margin, 4), recorded / reported if unanimous else round(recorded / reported, 3)
    assume(0 < rate < 1 or unanimous)
    assume(0.0001 <= printed < 0.5)
    result = reconcile_margin(rate, printed, reported=reported, population=frame)
    assert method in result.matching
    assert result.recorded[0] <= recorded <= result.recorded[1]
    assert result.by(method).margin.low - 1e-9 <= margin <= result.by(method).margin.high + 1e-9
    effect = result.by(method).design_effect
    assert effect.low - 1e-6 <= 1 <= effect.high + 1e-6


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((83.6, 0.0185), {}, "rate: found 83.6; expected a share from 0 to 1"),
        ((0.836, 1.85), {}, "margin_of_error: found 1.85; expected a share above 0 and below 0.5"),
        ((0.836, 0), {}, "margin_of_error: found 0; expected a share"),
        ((1, 1.2), {}, "margin_of_error: found 1.2; expected a share between 0 and 1"),
        ((0.836, 0.0185), {"margin_decimals": 1}, "margin_decimals: found 1; expected enough for 0.0185 not to print"),
        ((0.836, 0.0185), {"rate_decimals": 0}, "rate_decimals: found 0; expected a whole number of at least 1"),
        ((0.836, 0.0185), {"reported": 0}, "reported: found 0; expected a whole number of at least 1"),
        ((0.836, 0.0185), {"reported": 10**9}, "reported: found 1,000,000,000; expected at most 100,000,000"),
        ((0.836, 0.0185), {"reported": 1500, "population": 1500}, "population: found 1500; expected the crimes in"),
        ((0.836, 0.0185), {"confidence_level": 95}, "confidence_level: found 95"),
    ],
)
def test_what_cannot_be_print_is_refused(arguments, options, message):
    with pytest.raises(InvalidCounts, match=message):
        reconcile_margin(*arguments, **options)


def test_a_method_not_tried_is_refused():
    with pytest.raises(InvalidCounts, match="method: found 'wald'; expected one of rule-of-three, wilson"):
        reconcile_margin(1.0, 0.018, reported=167).by("wald")


@pytest.mark.parametrize(
    ("recorded", "reported", "achieved", "met"), [(199, 216, 3.6, False), (222, 266, 4.5, False), (223, 235, 2.9, True)]
)
def test_the_board_papers_plan_of_three_points(recorded, reported, achieved, met):
    check = planned_against_achieved(0.03, (recorded, reported))
    assert round(100 * check.achieved_margin, 1) == achieved
    assert check.met is met
    assert check.ratio == check.achieved_margin / 0.03
    assert (check.extra_crimes == 0) is met
    assert check.extra_records is None
    assert [caution.code for caution in check.warnings] == ["records-unseen"]
    if not met:
        rate = recorded / reported
        assert expected_margin(rate, reported + check.extra_crimes) <= 0.03
        assert expected_margin(rate, reported + check.extra_crimes - 1) > 0.03


def test_extra_crimes_allow_for_records_and_quantile():
    """The pilot's records over again, as often as said, have the planned margin at the quantile seen."""
    recorded, reported = np.array([1, 1, 0, 3, 1, 1, 5, 1] * 12), np.array([1, 1, 1, 3, 1, 2, 5, 1] * 12)
    estimate = estimate_rate(recorded, reported)
    check = planned_against_achieved(0.02, estimate)
    needed = (estimate.reported + check.extra_crimes) / estimate.reported
    t = float(np.sqrt(_squared_quantile(estimate)))
    assert check.extra_records == math.ceil(check.extra_crimes * estimate.records / estimate.reported)
    assert _half_width(estimate.rate, estimate.effective_sample_size * needed, t) == pytest.approx(0.02, rel=2e-3)
    assert check.warnings == estimate.warnings


def _half_width(rate, size, t):
    return t * math.sqrt(rate * (1 - rate) / size + t**2 / (4 * size**2)) / (1 + t**2 / size)


def _squared_quantile(estimate):
    """Solve Wilson's lower limit for the quantile: (p - l)^2 = t^2 l (1 - l) / n."""
    low = estimate.interval.low
    return (estimate.rate - low) ** 2 * estimate.effective_sample_size / (low * (1 - low))


def test_a_finite_frame_asks_for_fewer():
    framed = planned_against_achieved(0.03, estimate_rate_from_counts(199, 216, population=2000))
    endless = planned_against_achieved(0.03, (199, 216))
    assert framed.extra_crimes < endless.extra_crimes
    n = 216 + framed.extra_crimes
    assert expected_margin(199 / 216, n, population=2000) <= 0.03 < expected_margin(199 / 216, n - 1, population=2000)


def test_another_level_and_another_method():
    strict = planned_against_achieved(0.03, (199, 216), confidence_level=0.99)
    assert strict.confidence_level == 0.99
    assert strict.extra_crimes > planned_against_achieved(0.03, (199, 216)).extra_crimes
    logit = planned_against_achieved(0.03, estimate_rate_from_counts(199, 216, method="logit"))
    assert logit.method == "logit"
    assert logit.extra_crimes == math.ceil(216 * (logit.ratio**2 - 1))


def test_a_perfect_sample_and_a_census():
    perfect = planned_against_achieved(0.005, (100, 100))
    assert perfect.achieved_margin == pytest.approx((1 - 100 / (100 + 1.959963984540054**2)) / 2)
    assert expected_margin(1.0, 100 + perfect.extra_crimes) <= 0.005
    census = planned_against_achieved(0.001, estimate_rate_from_counts(90, 100, population=100))
    assert (census.achieved_margin, census.met, census.extra_crimes) == (0, True, 0)


def test_plans_print_as_sentences():
    assert str(planned_against_achieved(0.03, (199, 216))) == (
        "planned to within 3 points, achieved 3.6 (95% wilson): 99 more crimes were needed"
    )
    assert str(planned_against_achieved(0.03, (223, 235))).endswith("achieved 2.9 (95% wilson): the plan was met")
    clustered = planned_against_achieved(0.03, estimate_rate([9, 4, 1, 0, 1, 1] * 9, [9, 8, 1, 1, 1, 1] * 9))
    assert f"more crimes, in {clustered.extra_records} records, were needed" in str(clustered)


@pytest.mark.parametrize("margin", [0, 3, math.nan, "3"])
def test_impossible_plans_are_refused(margin):
    with pytest.raises(InvalidCounts, match="planned_margin: found"):
        planned_against_achieved(margin, (199, 216))
