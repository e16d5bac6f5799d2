"""Districts, teams and further crimes over several audits: counted by hand, and by the methods they are made of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from cdi_stats.audit.series import read_series
from cdi_stats.findings.further_crimes import NOT_STATED, UNLISTED, examine_further_crimes
from cdi_stats.findings.groups import examine_groups
from cdi_stats.findings.months import examine_months_of_series
from cdi_stats.findings.pooled_records import pool_records
from cdi_stats.findings.series import examine_series
from cdi_stats.methods.monitoring import funnel
from cdi_stats.methods.pooling import pool_rates
from cdi_stats.methods.sequential import confidence_sequence
from cdi_stats.methods.survey import estimate_rate

LEVEL = {"confidence_level": 0.95}


@pytest.fixture
def make_named(save, make_tables, tmp_path):
    """Read audits whose records name districts: each audit is {district: [(reported, recorded), ...]}."""

    def make(*audits, offences=None, opened=None, **options):
        for number, named in enumerate(audits):
            records = [counts for rows in named.values() for counts in rows]
            tables = make_tables({"a": records}, **options)
            districts = [name for name, rows in named.items() for _ in rows]
            tables["records"]["district"] = pd.Series([name or None for name in districts], dtype=object)
            if opened:
                tables["records"]["opened_at"] = pd.Series([opened(i) for i in range(len(records))], dtype=object)
            if offences:
                tables["crimes"]["offence"] = pd.Series(
                    [offences[i % len(offences)] for i in range(len(tables["crimes"]))], dtype=object
                )
            tables["audit"].loc[tables["audit"]["key"] == "title", "value"] = f"audit {number}"
            tables["strata"]["label"] = f"a crime {number}"
            save(tables, f"audit-{number}")
        return read_series(tmp_path).audits

    return make


@pytest.fixture(scope="module")
def present(example_series):
    """The audits of the bundled series under its present rules."""
    return [audit.audit for audit in examine_series(example_series).present]


WELL, BADLY = [(1, 1)] * 9 + [(1, 0)], [(2, 1)] * 5 + [(2, 2)] * 5


def test_a_districts_rate_is_over_its_records_of_all_audits(make_named):
    audits = make_named({"North": WELL, "South": BADLY, "East": WELL}, {"North": WELL, "South": WELL, "East": WELL})
    found = examine_groups(audits, "district", **LEVEL)
    counts = {name: (e.recorded, e.reported, e.records) for name, e in zip(found.names, found.estimates, strict=True)}
    assert counts == {"South": (24, 30, 20), "North": (18, 20, 20), "East": (18, 20, 20)}
    assert found.names[0] == "South"
    assert found.estimates[0].rate == 24 / 30
    assert (found.unnamed, found.silent, found.records, found.weighted) == (0, 0, 60, False)


def test_the_estimate_allows_for_records_and_audits(make_named):
    """The same records by estimate_rate, each audit a stratum, the district a domain."""
    first, second = {"North": WELL, "South": BADLY}, {"North": BADLY, "South": WELL}
    found = examine_groups(make_named(first, second), "district", **LEVEL)
    counts = np.array([c for audit in (first, second) for rows in audit.values() for c in rows])
    inside = np.array([name == "South" for audit in (first, second) for name, rows in audit.items() for _ in rows])
    by_hand = estimate_rate(
        counts[:, 1], counts[:, 0], stratum=np.repeat([0, 1], 20), weight=np.ones(40), domain=inside
    )
    south = found.estimates[found.names.index("South")]
    assert south.interval == by_hand.interval
    assert found.funnel is None, "two groups say nothing of how groups differ"


def test_funnel_and_pooling_work_on_effective_crimes(make_named):
    found = examine_groups(make_named({"North": WELL, "South": BADLY, "East": [(1, 1)] * 10}), "district", **LEVEL)
    rates, sizes = np.array([e.rate for e in found.estimates]), np.array(found.sizes)
    assert found.funnel.adjusted_z_score.tolist() == funnel(rates, sizes).adjusted_z_score.tolist()
    assert found.pooled.rate.tolist() == pool_rates(rates * sizes, sizes).rate.tolist()
    assert (sizes <= [e.reported for e in found.estimates]).all()


def test_crimes_missed_together_are_worth_fewer(make_named):
    """Ten records of two crimes, three missed whole: no more evidence than ten crimes."""
    together = [(2, 0)] * 3 + [(2, 2)] * 7
    found = examine_groups(make_named({"North": together, "South": WELL, "East": WELL}), "district", **LEVEL)
    place = found.names.index("North")
    assert found.estimates[place].reported == 20
    assert 8 < found.sizes[place] < 11
    assert found.funnel.effective_sample_size[place] == found.sizes[place]


def test_records_without_a_name_and_groups_without_a_crime_are_counted(make_named):
    found = examine_groups(make_named({"North": WELL, "": BADLY, "South": [(0, 0)] * 5}), "district", **LEVEL)
    assert found.names == ("North",)
    assert (found.unnamed, found.silent) == (10, 1)


def test_where_no_record_names_a_group_there_is_none(bundled, make_named):
    assert examine_groups([bundled["kent-2017"]], "district", **LEVEL) is None
    assert examine_groups(make_named({"North": WELL}), "team", **LEVEL) is None
    assert pool_records([]) is None


def test_frames_weight_the_records_where_all_are_known(make_named):
    found = examine_groups(make_named({"North": WELL}, strata={"records_in_frame": 100}), "district", **LEVEL)
    assert found.weighted
    assert found.estimates[0].rate == 0.9


def test_the_bundled_series_has_one_weak_district(present):
    districts = examine_groups(present, "district", **LEVEL)
    assert districts.names[0] == "Valley"
    assert districts.funnel.outside[0.998].tolist() == [True] + [False] * 9
    assert districts.pooled.rate[0] > districts.estimates[0].rate, "drawn towards all"
    assert len(examine_groups(present, "team", **LEVEL).names) == 20


# Further crimes.


def test_further_crimes_are_all_after_the_first_of_a_record(make_named):
    """Ten records of two crimes, the second missed in five; ten of one, one missed."""
    found = examine_further_crimes(make_named({"North": WELL + BADLY}), **LEVEL)
    assert (found.first.recorded, found.first.reported) == (1, 20)
    assert (found.further.recorded, found.further.reported) == (5, 10)
    assert found.records == 10
    assert found.change.value == pytest.approx(5 / 10 - 1 / 20)
    assert found.change.interval.low < found.change.value < found.change.interval.high


def test_a_third_crime_is_a_further_one_too(make_named):
    found = examine_further_crimes(make_named({"North": [(3, 1), (2, 2), (1, 1)]}), **LEVEL)
    assert (found.further.recorded, found.further.reported, found.records) == (2, 3, 2)


def test_offences_are_ranked_by_further_crimes_missed_and_unlisted_ones_are_not_named(make_named):
    audits = make_named(
        {"North": [(2, 1)] * 6}, offences=["theft", "burglary", "theft", "against Mrs Smith", None, None]
    )
    found = examine_further_crimes(audits, **LEVEL)
    assert {o.offence for o in found.offences} == {"burglary", UNLISTED, NOT_STATED}
    burglary = next(o for o in found.offences if o.offence == "burglary")
    assert (burglary.estimate.recorded, burglary.estimate.reported) == (2, 2)
    assert burglary.first is None
    assert sum(o.estimate.reported for o in found.offences) == 6


def test_without_a_second_crime_there_is_nothing_to_say(make_named):
    assert examine_further_crimes(make_named({"North": WELL}), **LEVEL) is None
    assert examine_further_crimes([], **LEVEL) is None


def test_the_bundled_series_misses_further_harassment_most(present):
    found = examine_further_crimes(present, **LEVEL)
    assert found.offences[0].offence == "stalking and harassment"
    assert found.change.direction == "improved", "a larger share was missed"


# The check for every month.


def test_monthly_looks_go_on_over_the_audits_of_a_series(present):
    """By hand: violence, all records of the six audits under the second rules in order of opening."""
    pooled = pool_records(present)
    looks = examine_months_of_series(pooled, confidence_level=0.95, largest_record=20)
    assert [found.stratum for found in looks] == ["violence", "sexual", "other"]
    rows = pooled.rows[pooled.rows["stratum"] == "violence"].sort_values("opened_at", kind="stable")
    by_hand = confidence_sequence(
        rows["recorded"], rows["reported"], largest_record=20, looks=[70, 140, 210, 280, 350, 420]
    )
    assert [look.low for look in looks[0].looks] == by_hand.interval.low.tolist()
    assert [look.records for look in looks[0].looks] == [70, 140, 210, 280, 350, 420]
    assert looks[0].looks[-1].low < looks[0].looks[-1].single.low
    assert not looks[0].contradicted


def test_a_rate_that_moved_is_said_to_contradict_one_rate(make_named):
    def opened(place):
        return datetime(2019, 1, 1) + timedelta(hours=place * 2)

    audits = make_named({"North": [(1, 1)] * 600 + [(1, 0)] * 400}, opened=opened)
    (found,) = examine_months_of_series(pool_records(audits), confidence_level=0.95, largest_record=1)
    assert found.contradicted
    assert (found.looks[-1].low, found.looks[-1].high) == (0.0, 1.0)


def test_a_record_above_the_declared_bound_is_said(make_named):
    audits = make_named(
        {"North": [(3, 3), *[(1, 1)] * 89]},
        opened=lambda i: datetime.combine(date(2019, 1, 1), datetime.min.time()) + timedelta(days=i),
    )
    (found,) = examine_months_of_series(pool_records(audits), confidence_level=0.95, largest_record=2)
    assert (found.largest_record, found.above_declared) == (3, True)


def test_undated_records_are_passed_over(make_named):
    assert (
        examine_months_of_series(pool_records(make_named({"North": WELL})), confidence_level=0.95, largest_record=2)
        == []
    )
