"""What a pilot says about records, against a plain analysis of variance."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from cdi_stats.errors import InvalidCounts
from cdi_stats.methods.pilot import anova_wilson_interval, pilot_design, plan_from_pilot
from cdi_stats.methods.planning import sample_size
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import estimate_rate

PILOT_RECORDED = [1, 1, 0, 2, 1, 0, 3, 1, 1, 2, 0, 4, 1, 1, 1, 0, 2, 1]
PILOT_REPORTED = [1, 1, 0, 3, 1, 1, 3, 1, 1, 2, 2, 6, 1, 1, 1, 1, 2, 1]


def codes(result):
    return [caution.code for caution in result.warnings]


def test_correlation_is_that_of_a_one_way_analysis_of_variance():
    pairs = list(zip(PILOT_RECORDED, PILOT_REPORTED, strict=True))
    crimes = pd.DataFrame(
        [(record, crime < k) for record, (k, m) in enumerate(pairs) for crime in range(m)],
        columns=["record", "recorded"],
    ).astype(float)
    table = anova_lm(ols("recorded ~ C(record)", crimes).fit())
    between, within = table["mean_sq"]
    sizes = crimes["record"].value_counts()
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    icc = (between - within) / (between + (typical - 1) * within)
    pilot = pilot_design(PILOT_RECORDED, PILOT_REPORTED)
    assert pilot.intra_record_correlation == pytest.approx(icc, abs=1e-12)
    assert pilot.weighted_crimes_per_record == pytest.approx((sizes**2).sum() / sizes.sum())
    assert pilot.design_effect == pytest.approx(1 + ((sizes**2).sum() / sizes.sum() - 1) * icc)
    assert pilot.crimes_per_record == len(crimes) / len(pairs)
    assert codes(pilot) == []


def test_one_call_plans_records():
    pilot = pilot_design(PILOT_RECORDED, PILOT_REPORTED)
    planned = plan_from_pilot(PILOT_RECORDED, PILOT_REPORTED, 0.03, population=3000, confidence_level=0.9)
    assert planned == sample_size(
        pilot.rate, 0.03, population=3000, confidence_level=0.9, design_effect=pilot.design_effect,
        crimes_per_record=pilot.crimes_per_record,
    )  # fmt: skip
    assert planned == pilot.plan(0.03, population=3000, confidence_level=0.9)
    assert pilot.plan(0.03, rate=0.95).rate == 0.95


def test_records_without_crimes_count_only_for_crimes_per_record():
    bare = pilot_design([1, 2, 0], [1, 3, 2])
    padded = pilot_design([1, 2, 0, 0, 0, 0], [1, 3, 2, 0, 0, 0])
    assert padded.crimes_per_record == bare.crimes_per_record / 2
    assert padded.design_effect == bare.design_effect


def test_single_crimes_have_no_design_effect():
    pilot = pilot_design([1, 0, 1], [1, 1, 1])
    assert (pilot.intra_record_correlation, pilot.design_effect, codes(pilot)) == (0, 1, ["single-crimes"])


@pytest.mark.parametrize("share", [0, 1])
def test_unanimous_records_count_once(share):
    """The design effect is then m', so that M / m' are Kish's effective records (sum m)^2 / sum m^2."""
    reported = np.array([1, 2, 4, 1])
    pilot = pilot_design(share * reported, reported)
    assert (pilot.intra_record_correlation, codes(pilot)) == (1, ["unanimous"])
    assert pilot.reported / pilot.design_effect == pytest.approx(reported.sum() ** 2 / (reported**2).sum())
    interval = anova_wilson_interval(share * reported, reported).interval
    designed = estimate_rate(share * reported, reported).interval
    assert (interval.low, interval.high) == pytest.approx((designed.low, designed.high), abs=1e-12)


def test_records_split_evenly_by_chance_do_not_shrink_the_sample():
    pilot = pilot_design([1, 1, 1, 1], [2, 2, 2, 2])
    assert (pilot.intra_record_correlation, pilot.variance_inflation) == pytest.approx((-1, 0))
    assert pilot.design_effect == 1
    assert codes(pilot) == ["negative-correlation"]
    plain = proportion_interval(4, 8)
    interval = anova_wilson_interval([1, 1, 1, 1], [2, 2, 2, 2]).interval
    assert (interval.low, interval.high) == pytest.approx((plain.low, plain.high))


def test_records_all_or_nothing_correlate_fully():
    pilot = pilot_design([3, 0, 3, 0], [3, 3, 3, 3])
    assert (pilot.intra_record_correlation, pilot.design_effect) == pytest.approx((1, 3))


def test_they_print_as_sentences():
    assert str(pilot_design([3, 0, 3, 0], [3, 3, 3, 3])) == (
        "4 pilot records hold 3.00 crimes each with an intra-record correlation of 1.000: design effect 3.00"
    )
    assert str(anova_wilson_interval([3, 0, 3, 0], [3, 3, 3, 3])).startswith(
        "50.0%, 15.0% to 85.0% (95% interval, wilson-anova"
    )


@pytest.mark.parametrize(
    ("recorded", "reported", "message"),
    [
        ([1], [2], "reported: found 1 record with a crime; expected at least two"),
        ([1, 0], [2, 0], "reported: found 1 record with a crime; expected at least two"),
        ([3, 1], [2, 2], "record 0: found 3 recorded of 2 reported"),
    ],
)
def test_what_is_no_pilot_is_refused(recorded, reported, message):
    with pytest.raises(InvalidCounts, match=message):
        pilot_design(recorded, reported)
