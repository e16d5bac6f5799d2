"""The draw: permanent random numbers, what follows from them, and what is kept so that another can repeat it."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2, hypergeom

from cdi_stats.audit.frame import permanent_number, turned
from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.audit.schema import all_sheets
from cdi_stats.audit.selection import draw_from_plan, draw_sample
from cdi_stats.errors import BadParameters

SIZES = {"violence": 40, "other": 90}
COUNTS = {"violence": 500, "other": 1500}
FRAME = pd.DataFrame(
    {
        "log": [f"KP-{place:04d}" for place in range(2000)],
        "kind": ["other" if place % 4 else "violence" for place in range(2000)],
        "route": ["phone" if place % 3 else "online" for place in range(2000)],
    }
)


def draw(frame=FRAME, sizes=SIZES, *, seed="20180401", **options):
    return draw_sample(frame, sizes, seed=seed, stratum="kind", record_id="log", **options)


def drawn(selection, stratum=None):
    sample = selection.sample
    return list(sample["record_id"] if stratum is None else sample.loc[sample["stratum"] == stratum, "record_id"])


@pytest.mark.parametrize(
    ("seed", "number", "digest"),
    [
        # by md5sum of GNU coreutils, OpenSSL and PostgreSQL
        ("", "", "b99834bc19bbad24580b3adfa04fb947"),
        ("20180401", "KP-0001", "d1409acb5e823fb13d18203118dc3519"),
        ("20180401", "KP-00417", "84de34f46d4dad194fb081bd96d929b8"),
        ("1", "É 1", "719b7887b8c636d3e3a29b58b9144593"),
    ],
)
def test_a_permanent_number_is_the_md5_that_other_tools_give(seed, number, digest):
    assert permanent_number(seed, number) == digest


def test_an_order_begins_where_it_is_told_to():
    assert turned("0" * 32, 0.0) == 0
    assert turned("8" + "0" * 31, 0.5) == 0
    assert turned("0" * 32, 0.5) == 2**127
    assert turned("f" * 32, 0.0) == 2**128 - 1
    assert turned("7" + "f" * 31, 0.5) == 2**128 - 1


def test_the_sample_is_the_first_of_the_slow_and_obvious_order():
    for stratum, size in SIZES.items():
        order = sorted(FRAME.loc[FRAME["kind"] == stratum, "log"], key=lambda log: permanent_number("20180401", log))
        assert drawn(draw(), stratum) == order[:size]


def test_the_order_of_rows_does_not_matter():
    shuffled = FRAME.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(draw(shuffled, reserve=5).records, draw(reserve=5).records)
    assert draw(shuffled).hashes == draw().hashes


def test_a_seed_may_be_a_number_or_its_text():
    assert drawn(draw(seed=20180401)) == drawn(draw(seed="20180401"))


@settings(max_examples=30)
@given(st.integers(0, 10**9), st.integers(0, 40), st.integers(0, 40), st.floats(0, 1, exclude_max=True))
def test_a_larger_sample_begins_with_the_smaller(seed, smaller, more, start):
    few = FRAME.head(400)
    one = draw(few, {"violence": smaller, "other": smaller}, seed=seed, start=start)
    other = draw(few, {"violence": smaller + more, "other": smaller + more}, seed=seed, start=start)
    for stratum in SIZES:
        assert drawn(other, stratum)[:smaller] == drawn(one, stratum)


def test_the_reserve_follows_the_sample():
    selection = draw(reserve=10)
    for stratum, size in SIZES.items():
        rows = selection.records[selection.records["stratum"] == stratum]
        assert list(rows["place"]) == list(range(1, size + 11))
        assert list(rows["role"]) == ["sample"] * size + ["reserve"] * 10
        assert list(rows["record_id"]) == drawn(draw(sizes={**SIZES, stratum: size + 10}), stratum)


def test_a_reserve_ends_with_the_stratum():
    selection = draw(sizes={"violence": 495, "other": 1500}, reserve=10)
    assert list(selection.strata["drawn"]) == [495, 1500]
    assert list(selection.strata["reserve"]) == [5, 0]


def test_audits_that_begin_apart_are_disjoint_and_from_one_start_overlap():
    first, apart, same = draw(start=0.0), draw(start=0.5), draw(sizes={"violence": 20, "other": 100}, start=0.0)
    assert set(drawn(first)) & set(drawn(apart)) == set()
    assert set(drawn(first, "violence")) > set(drawn(same, "violence"))
    assert set(drawn(first, "other")) < set(drawn(same, "other"))


@pytest.mark.parametrize("start", [0.0, 0.2, 0.97, 0.999999])
def test_a_census_holds_every_record_wherever_it_begins(start):
    selection = draw(sizes=COUNTS, start=start)
    assert sorted(drawn(selection)) == sorted(FRAME["log"])
    order = [turned(permanent_number("20180401", number), start) for number in drawn(selection, "other")]
    assert order == sorted(order)


def test_audits_of_other_seeds_overlap_as_independent_ones_do():
    """The records in common follow the hypergeometric law of two independent samples."""
    one = set(drawn(draw(seed="0"), "violence"))
    common = [len(one & set(drawn(draw(seed=seed), "violence"))) for seed in range(1, 121)]
    law = hypergeom(COUNTS["violence"], SIZES["violence"], SIZES["violence"])
    assert abs(np.mean(common) - law.mean()) < 3 * law.std() / math.sqrt(len(common))
    assert 0.7 < np.var(common) / law.var() < 1.4


def test_every_record_is_as_likely_as_any_other():
    """Chi-square of simple random sampling: counts over S seeds vary by S f (1 - f), and sum to a constant."""
    few, size, seeds = FRAME.head(160), 10, range(400)
    counts = Counter(number for seed in seeds for number in drawn(draw(few, {"violence": size}, seed=seed)))
    records = 40
    expected, share = len(seeds) * size / records, size / records
    observed = np.array([counts[number] for number in few.loc[few["kind"] == "violence", "log"]])
    statistic = ((observed - expected) ** 2).sum() / (expected * (1 - share)) * (records - 1) / records
    assert 0.001 < chi2.sf(statistic, records - 1) < 0.999


def test_every_order_is_as_likely_as_any_other():
    numbers = ["KP-1", "KP-2", "KP-3", "KP-4"]
    orders = Counter(
        tuple(sorted(numbers, key=lambda number: permanent_number(str(seed), number))) for seed in range(2400)
    )
    observed = np.array([orders[order] for order in permutations(numbers)])
    assert 0.001 < chi2.sf(((observed - 100) ** 2 / 100).sum(), 23) < 0.999


def test_a_record_set_aside_is_replaced_by_the_next_reserve():
    selection = draw(reserve=2, second_review=1.0)
    out, first, second = drawn(selection, "violence")[5], *reserves(selection, "violence")
    after = selection.set_aside(f" {out}\t", " opened for another force ")
    row = after.records.set_index("record_id").loc[out]
    assert (row["role"], row["reason"]) == ("set aside", f"opened for another force ({first} in its place)")
    assert not row["second_review"]
    assert bool(after.records.set_index("record_id").loc[first, "second_review"])
    assert set(drawn(after)) == set(drawn(selection)) - {out} | {first}
    assert list(after.records["record_id"]) == list(selection.records["record_id"])
    assert reserves(after, "violence") == [second]
    assert reserves(after, "other") == reserves(selection, "other")
    assert (after.strata["drawn"] == selection.strata["drawn"]).all()
    assert out in drawn(selection)
    again = after.set_aside(first, "a duplicate")
    assert second in drawn(again)
    with pytest.raises(BadParameters, match="violence: no reserve is left"):
        again.set_aside(second, "lost")


def reserves(selection, stratum):
    rows = selection.records[(selection.records["stratum"] == stratum) & (selection.records["role"] == "reserve")]
    return list(rows["record_id"])


@pytest.mark.parametrize(
    ("number", "reason", "told"),
    [
        ("KP-9999", "lost", "KP-9999: found no such record in the sample"),
        ("the first", "  ", "set aside without a reason"),
        ("a reserve", "lost", "found no such record in the sample"),
    ],
)
def test_a_record_is_not_set_aside_without_ground(number, reason, told):
    selection = draw(reserve=2)
    known = {"the first": drawn(selection)[0], "a reserve": reserves(selection, "other")[0]}
    with pytest.raises(BadParameters, match=told):
        selection.set_aside(known.get(number, number), reason)


@pytest.mark.parametrize(
    ("share", "violence", "other"), [(0, 0, 0), (0.1, 4, 9), (0.101, 5, 10), (0.3, 12, 27), (1, 40, 90)]
)
def test_the_second_auditor_examines_a_stable_part_of_the_sample(share, violence, other):
    selection = draw(reserve=20, second_review=share)
    chosen = selection.records[selection.records["second_review"]]
    assert (chosen["role"] == "sample").all()
    assert chosen.groupby("stratum").size().to_dict() == {
        stratum: size for stratum, size in (("violence", violence), ("other", other)) if size
    }
    again = draw(FRAME.sample(frac=1, random_state=1), reserve=3, second_review=share)
    assert set(again.records.loc[again.records["second_review"], "record_id"]) == set(chosen["record_id"])


def test_a_larger_sample_keeps_the_second_reviews_of_a_smaller_one():
    sizes = ({"violence": 10, "other": 15}, {"violence": 13, "other": 31})
    fewer, more = (draw(sizes=size, second_review=0.15) for size in sizes)
    kept, wanted = (set(s.records.loc[s.records["second_review"], "record_id"]) for s in (fewer, more))
    assert kept < wanted


@pytest.mark.parametrize("share", [0.05, 1 / 3, 0.7])
def test_an_extended_sample_keeps_its_second_reviews(share):
    small, large = (draw(sizes={"other": size}, second_review=share).records for size in (61, 200))
    kept = large.set_index("record_id")["second_review"].loc[small["record_id"]]
    assert list(kept) == list(small["second_review"])
    assert kept.sum() == math.ceil(61 * share)
    places = large.loc[large["second_review"], "place"]
    assert places.diff().max() <= math.ceil(1 / share)


def test_excluded_records_leave_the_frame_too():
    out = drawn(draw())[:30]
    selection = draw(exclude=[f" {number} " for number in out])
    assert not set(out) & set(selection.records["record_id"])
    assert sum(selection.counts.values()) == len(FRAME) - 30
    assert selection.counts["violence"] == 470
    assert selection.hashes != draw().hashes


def test_numbers_are_as_every_engine_reads_them():
    numbers = pd.DataFrame({"log": ["\tA\xa0", " B", "C\x01D", "é"], "kind": "x"})
    assert sorted(drawn(draw(numbers, {"x": 4}))) == ["A", "B", "C D", "é"]
    whole = pd.DataFrame({"log": [3, 17], "kind": "x"})
    assert sorted(drawn(draw(whole, {"x": 2}, exclude=[17, 18][1:]))) == ["17", "3"]
    assert drawn(draw(whole, {"x": 1}, exclude=[17])) == ["3"]


@pytest.mark.parametrize("sizes", [{"violence": 0, "other": 0}, {"violence": 0}, {}])
def test_nothing_wanted_is_nothing_drawn(sizes):
    selection = draw(sizes=sizes)
    assert selection.sample.empty
    assert list(selection.strata.get("drawn", [])) == [0] * len(sizes)


def test_the_sheets_of_the_audit_file_take_what_was_drawn():
    selection = draw(reserve=2, second_review=0.1)
    assert set(selection.strata.columns) == set(all_sheets()["draw"].names)
    assert set(selection.records.columns) >= set(all_sheets()["selection"].names)
    assert list(selection.strata["records_in_frame"]) == [500, 1500]
    assert list(selection.strata["drawn"]) == [40, 90]
    assert "route" in selection.records


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"sizes": {"violence": 501}}, "violence: 501 records wanted; expected at most the 500 in the frame"),
        ({"sizes": {"violence": -1}}, "violence: found -1 records wanted"),
        ({"sizes": {"violence": 1.5}}, "violence: found 1.5 records wanted"),
        ({"sizes": {"violence": True}}, "violence: found True records wanted"),
        ({"sizes": {"rape": 1}}, "rape: found no such stratum in the frame; expected one of other, violence"),
        ({"reserve": -1}, "reserve: found -1"),
        ({"second_review": 10}, "second_review: found 10"),
        ({"start": 1.0}, "start: found 1.0"),
        ({"frame": FRAME.assign(log=1.5)}, "log holds decimal numbers"),
        ({"frame": FRAME.assign(log=["KP-1"] * 2000)}, "found KP-1 more than once"),
        ({"frame": FRAME.assign(log=[None, *FRAME["log"][1:]])}, "a record without log"),
        ({"frame": FRAME.assign(log=[" \xa0", *FRAME["log"][1:]])}, "a record without log"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, told):
    with pytest.raises(BadParameters, match=told):
        draw(**options)


def test_every_size_that_cannot_be_drawn_is_told():
    with pytest.raises(BadParameters) as caught:
        draw(sizes={"violence": 501, "other": 1501})
    assert len(str(caught.value).splitlines()) == 2


def test_sizes_may_come_from_numpy():
    assert len(drawn(draw(sizes={"violence": np.int64(7)}))) == 7


@pytest.fixture
def source(tmp_path):
    """Write the frame as a file, in another order, and return the plan that draws from it."""
    rows = FRAME.assign(opened="2018-04-01").sample(frac=1, random_state=9)
    rows.to_csv(tmp_path / "incidents.csv", index=False)

    def plan(**changes):
        strata = [{"stratum": name, "opening_codes": [name], "records": size} for name, size in SIZES.items()]
        frame = {"record_id": "log", "opened_at": "opened", "opening_code": "kind", "keep": {"route": "route"}}
        given = {"seed": "20180401", "strata": strata, "frame": {"source": "incidents.csv"} | frame}
        return SamplingPlan(**given | changes)

    return plan, tmp_path


@pytest.mark.parametrize("start", [0.0, 0.95])
def test_a_table_and_a_plan_give_the_same_draw(source, start):
    plan, base = source
    options = {"reserve": 7, "second_review": 0.1, "start": start}
    from_plan, from_table = draw_from_plan(plan(**options), base=base), draw(**options)
    columns = [*all_sheets()["selection"].names, "route"]
    pd.testing.assert_frame_equal(from_plan.records[columns], from_table.records[columns])
    pd.testing.assert_frame_equal(from_plan.strata, from_table.strata)


def test_a_plan_without_sizes_is_refused(source):
    plan, base = source
    strata = [{"stratum": "violence", "opening_codes": ["violence"]}, {"stratum": "other", "records": 5}]
    with pytest.raises(BadParameters, match=r"strata: violence: no records wanted; give records = .*cdi plan"):
        draw_from_plan(plan(strata=strata), base=base)


def test_a_plan_sets_records_aside(source):
    plan, base = source
    out = drawn(draw())[3]
    selection = draw_from_plan(plan(reserve=2, set_aside=[{"record_id": out, "reason": "lost"}]), base=base)
    pd.testing.assert_frame_equal(
        selection.records[["record_id", "role", "reason"]],
        draw(reserve=2).set_aside(out, "lost").records[["record_id", "role", "reason"]],
    )
    assert selection.trail == draw_from_plan(plan(reserve=2), base=base).trail


def test_an_extended_draw_keeps_what_was_drawn(source):
    plan, base = source
    strata = [{"stratum": name, "opening_codes": [name], "records": size + 25} for name, size in SIZES.items()]
    first, extended = draw_from_plan(plan(), base=base), draw_from_plan(plan(strata=strata), base=base)
    assert set(drawn(first)) < set(drawn(extended))
    assert first.trail["frame_hash"] == extended.trail["frame_hash"]


def test_the_trail_lets_another_draw_the_same(source):
    plan, base = source
    listed = drawn(draw())[:3]
    (base / "audited.csv").write_text("log\n" + "\n".join(listed), encoding="utf-8")
    strata = [{"stratum": "violence", "opening_codes": ["violence", "HARASSMENT"], "records": 5}]
    given = plan(strata=strata, exclude=[{"source": "audited.csv", "record_id": "log"}], reserve=2)
    trail = draw_from_plan(given, base=base).trail
    assert trail == json.loads(json.dumps(trail)) == draw_from_plan(given, base=base).trail
    assert trail["source"] == "incidents.csv"
    assert trail["engine"].startswith("duckdb ")
    assert (trail["seed"], trail["start"], trail["sizes"], trail["reserve"]) == ("20180401", 0.0, {"violence": 5}, 2)
    assert trail["records_in_frame"] == {"violence": 497}
    assert sum(trail["frame"].values()) == len(FRAME)
    assert trail["excluded_by"] == {"audited.csv": 3}
    assert trail["codes_without_rows"] == {"violence": ["HARASSMENT"]}
    assert "violence" in trail["query"]
    assert str(base) not in json.dumps(trail)
    assert trail["plan"] != draw_from_plan(plan(strata=strata), base=base).trail["plan"]


def test_a_tie_is_broken_by_the_record_number(monkeypatch):
    """MD5 gives none in any frame; the order must be one all the same."""
    monkeypatch.setattr("cdi_stats.audit.selection.permanent_number", lambda *_: "0" * 32)
    shuffled = random.Random(1).sample(list(FRAME["log"][FRAME["kind"] == "violence"]), 500)
    rows = pd.DataFrame({"log": shuffled, "kind": "violence"})
    assert drawn(draw(rows, {"violence": 5})) == sorted(shuffled)[:5]
