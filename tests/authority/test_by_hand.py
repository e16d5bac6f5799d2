"""Ten figures of each published example, recomputed from the raw rows of its audit by plain formulas.

Authority: the formulas of docs/methods, written out in by_hand.py, which knows nothing of the package. The figures were
drawn once, with random.Random(f"20261126 {report}"): kinds first (unit and last part of the key), three kinds of plain
counts at most while there are others, then one figure of each. What counts the program's own acts (checks made, audits
simulated) was not drawn.
"""

from __future__ import annotations

import json
import re
from math import sqrt
from pathlib import Path

import pytest
from tests.authority import by_hand as hand
from tests.authority.by_hand import sample

EXAMPLES = Path(__file__).resolve().parents[2] / "reports" / "examples"
K17, K18, BOARD, LATEST = "kent-2017", "kent-2018", "kent-board-2017", "2024-08"
WORDS = ["none", "one", "two", "three", "four", "five", "six", "seven"]
PLACES = ["", "first", "second"]
# what the limits found on a plain grid may lie from those of a finer quadrature
GRID = 1e-5


def share(found):
    done, due = hand.count(found)
    return done / due


def opened(stratum, month):
    """Return the records of a stratum opened in the month of an audit."""
    found = [row["opened_at"] for row in hand.rows(month, "records") if row["stratum"] == stratum]
    return sum(f"{at:%Y-%m}" == month for at in found)


def against(month):
    """Return the limits of the latest weighted rate less that of an earlier audit."""
    return hand.square_and_add(hand.estimate(sample(LATEST), True), hand.estimate(sample(month), True))


def filled_share(*column):
    due, held = hand.filled(*column)
    return held / due


def wald_in_frame(audit):
    """Return z sqrt(p (1 - p) / n) sqrt(1 - n / N), N the crimes in the frames."""
    p, crimes = share(sample(audit)), hand.count(sample(audit))[1]
    frame = sum(hand.reported_in_frame(audit, row["stratum"]) for row in hand.rows(audit, "strata"))
    return hand.Z * sqrt(p * (1 - p) / crimes * (1 - crimes / frame))


def standard_error(found):
    _, e = hand.residuals(found)
    return sqrt(hand.covariance(found, e, e))


def below(measure, own):
    return sum(high < own[1] for _, _, high in hand.others("re-inspection", measure, "Kent"))


def above(measure, own):
    return sum(low > own[2] for _, low, _ in hand.others("re-inspection", measure, "Kent"))


def published_row(force, year):
    return next(r for r in hand.published() if r["force"] == force and r["report"].endswith(year))


def without_carrying(found):
    ((part, frame),) = found
    left = set(range(len(part))) - set(hand.carrying(found))
    return [([part[place] for place in left], frame)]


def missed_in(found, places):
    ((part, _),) = found
    return sum(part[place][1] - part[place][0] for place in places)


def part_of_frame(audit, stratum):
    sizes = {row["stratum"]: hand.reported_in_frame(audit, row["stratum"]) for row in hand.rows(audit, "strata")}
    return sizes[stratum] / sum(sizes.values())


RAPE = (62 / 63, *hand.wilson(62 / 63, 63))

HAND = {
    "monitoring": {
        "calendar/other/2023-03": lambda: opened("other", "2023-03"),
        "calendar/violence/2023-07": lambda: opened("violence", "2023-07"),
        "district/Market/pooled/low": lambda: hand.pooled_limit(*hand.named("district"), "Market", 0.025),
        "further/difference_high": lambda: hand.further_limits(hand.under_present_rules())[1],
        "further/difference_low": lambda: hand.further_limits(hand.under_present_rules())[0],
        "monitoring/setting": lambda: len(hand.under_present_rules()),
        "series/2024-03/change/low": lambda: against("2024-03")[0],
        "series/2024-04/change/high": lambda: against("2024-04")[1],
        "team/Market B/funnel": lambda: hand.funnel(*hand.named("team"))["Market B"],
        "team/River A/pooled": lambda: hand.drawn_together(*hand.named("team"))["River A"],
    },
    "data_quality": {
        "data_quality/completeness/crimes/record_id/share": lambda: filled_share(K17, "crimes", "record_id"),
        "data_quality/completeness/crimes/recorded/filled": lambda: hand.filled(K17, "crimes", "recorded")[1],
        "data_quality/completeness/crimes/victim_informed/due": lambda: len(
            [crime for crime in hand.rows(K17, "crimes") if hand.missed(crime)]
        ),
        "data_quality/completeness/equality/collected/share": lambda: filled_share(K17, "equality", "collected"),
        "data_quality/completeness/n100/n100_id/due": lambda: len(hand.rows(K17, "n100")),
        "data_quality/completeness/vulnerable/investigated/share": lambda: filled_share(
            K17, "vulnerable", "investigated"
        ),
        "data_quality/holdings/other/records": lambda: len(sample(K17, "other")[0][0]),
        "data_quality/holdings/reported": lambda: hand.count(sample(K17))[1],
        "data_quality/holdings/sexual/recorded": lambda: hand.count(sample(K17, "sexual"))[0],
        "data_quality/holdings/violence/missed": lambda: hand.count(sample(K17, "violence", hit=hand.missed))[0],
    },
    "inspection": {
        "actions/recommendations": lambda: sum(a["kind"] == "recommendation" for a in hand.rows(K17, "actions")),
        # R (1 - p) / p of the crimes that came by auditable routes, at the rate's upper limit
        "auditable/unrecorded_low": lambda: (
            0.988
            * sum(row["recorded_in_year"] for row in hand.rows(K17, "strata"))
            * (1 / hand.estimate(sample(K17))[2] - 1)
        ),
        "investigated/domestic_abuse/all/rate": lambda: share(
            sample(
                K17,
                crime=lambda c: hand.missed(c) and c["domestic_abuse"] == "yes" and c["investigated"],
                hit=lambda c: c["investigated"] == "yes",
            )
        ),
        "recording_rate/all/all/missed_high": lambda: 1 - hand.estimate(sample(K17))[1],
        "recording_rate/all/all/missed_rate": lambda: 1 - share(sample(K17)),
        "recording_rate/all/all/published_margin": lambda: wald_in_frame(K17),
        "recording_rate/all/other/design_effect": lambda: (
            hand.count(sample(K17, "other"))[1] / hand.effective(sample(K17, "other"))
        ),
        "recording_rate/all/other/plain_high": lambda: hand.wilson(505 / 599, 599)[1],
        "sample/other/frame": lambda: hand.of_stratum(K17, "other", "records_in_frame"),
        "sample/violence/crimes_in_frame": lambda: hand.reported_in_frame(K17, "violence"),
    },
    "methods": {
        "concentration/other/top_2_variance": lambda: sum(sorted(hand.variance_shares(sample(K17, "other")))[-2:]),
        "concentration/sexual/carrying": lambda: len(hand.carrying(sample(K17, "sexual"))),
        "errors/other/linearised": lambda: standard_error(sample(K17, "other")),
        "errors/sexual/plain": lambda: sqrt(288 / 319 * 31 / 319 / 319),
        "methods/other/wilson/plain/low": lambda: hand.wilson(505 / 599, 599)[0],
        "planning/sexual/crimes_per_record": lambda: hand.per_record(sample(K17, "sexual")),
        # 89.56% ±1.66 and 81.2% ±1.93: the ends of what rounds to them
        "published/Avon and Somerset 2016/implied_high": lambda: hand.wald_size(0.89555, 0.01655),
        "published/Cumbria 2019/pooled_high": lambda: hand.pooled_limit(*hand.margins(), "Cumbria 2019", 0.975),
        "published/Gloucestershire 2019/funnel_z": lambda: hand.funnel(*hand.margins())["Gloucestershire 2019"],
        "published/Lincolnshire 2018/implied_low": lambda: hand.wald_size(0.8125, 0.01935),
    },
    "sample_plan": {
        "sample_plan/allocation/equal/margin": lambda: hand.expected_overall(
            K17, {"violence": 572, "sexual": 572, "other": 571}
        ),
        "sample_plan/other/expected_of_2_times": lambda: expected_of(2, "other"),
        "sample_plan/other/fraction": lambda: planned("other") / hand.of_stratum(K17, "other", "records_in_frame"),
        "sample_plan/other/frame": lambda: hand.of_stratum(K17, "other", "records_in_frame"),
        "sample_plan/sexual/design_effect": lambda: hand.design_effect(sample(K17, "sexual")),
        "sample_plan/sexual/expected_of_0.5_times": lambda: expected_of(0.5, "sexual"),
        "sample_plan/strata": lambda: len(hand.rows(K17, "strata")),
        "sample_plan/violence/crimes_per_record": lambda: hand.per_record(sample(K17, "violence")),
        "sample_plan/violence/expected": lambda: expected_of(1, "violence"),
        # 1 June to 30 November
        "sample_plan/violence/records_a_day": lambda: hand.of_stratum(K17, "violence", "records_in_frame") / 183,
    },
    "benchmark": {
        "auditable_share": lambda: hand.of_stratum(K18, "violence", "auditable_share"),
        "benchmark/overall/inspection/unbounded": lambda: len(
            [row for row in hand.published("inspection") if not hand.published_interval(row)]
        ),
        "published/Bedfordshire 2018/pooled": lambda: hand.drawn_together(*hand.margins("inspection"))[
            "Bedfordshire 2018"
        ],
        "published/Dorset 2020/effective": lambda: hand.wald_size(0.933, 0.0159),
        "published/Dorset 2020/pooled_low": lambda: hand.pooled_limit(
            *hand.margins("inspection"), "Dorset 2020", 0.025
        ),
        "published/Kent 2018/margin": lambda: float(published_row("Kent", "2018")["ci_plus_minus_pct"]) / 100,
        "standing/overall/below": lambda: below("overall", hand.estimate(sample(K18))),
        "standing/rape/best": lambda: above("rape", RAPE) + 1,
        "standing/rape/others": lambda: len(hand.others("re-inspection", "rape", "Kent")),
        "standing/rape/worst": lambda: len(hand.others("re-inspection", "rape", "Kent")) + 1 - below("rape", RAPE),
    },
    "reinspection": {
        "causes/none given/running_share": lambda: (
            sum(size for _, size in hand.reasons(K18)) / hand.count(sample(K18, hit=hand.missed))[0]
        ),
        "change/recording_rate/all/all/difference": lambda: share(sample(K18)) - share(sample(K17)),
        "concentration/other/top_1_missed": lambda: missed_in(
            sample(K18, "other"), hand.most_missed(sample(K18, "other"))[:1]
        ),
        "frame_share/other": lambda: part_of_frame(K18, "other"),
        "recording_rate/all/all/degrees_of_freedom": lambda: hand.kurtosis_df(
            sample(K18), hand.residuals(sample(K18))[1]
        ),
        "recording_rate/all/all/missed_low": lambda: 1 - hand.estimate(sample(K18))[2],
        # the rule of three
        "recording_rate/all/sexual/published_low": lambda: 1 - 3 / hand.count(sample(K18, "sexual"))[1],
        "recording_rate/all/sexual/unrecorded_plain_low": lambda: (
            hand.of_stratum(K18, "sexual", "recorded_in_year") * (1 / share(sample(K18, "sexual")) - 1)
        ),
        "sample/sexual/frame": lambda: hand.of_stratum(K18, "sexual", "records_in_frame"),
        "sample/violence/records_sampled": lambda: len(sample(K18, "violence")[0][0]),
    },
    "board_paper": {
        "concentration/other/top_2_missed": lambda: missed_in(
            sample(BOARD, "other"), hand.most_missed(sample(BOARD, "other"))[:2]
        ),
        "concentration/sexual/carried": lambda: missed_in(
            sample(BOARD, "sexual"), hand.carrying(sample(BOARD, "sexual"))
        ),
        "concentration/sexual/carried_variance": lambda: sum(
            hand.variance_shares(sample(BOARD, "sexual"))[place] for place in hand.carrying(sample(BOARD, "sexual"))
        ),
        "concentration/sexual/rate_without_high": lambda: hand.estimate(without_carrying(sample(BOARD, "sexual")))[2],
        "concentration/violence/records_with_misses": lambda: sum(
            done < due for done, due in sample(BOARD, "violence")[0][0]
        ),
        "further/difference": lambda: (
            share(hand.first_and_further([BOARD])[1]) - share(hand.first_and_further([BOARD])[0])
        ),
        "precision/sexual/planned": lambda: hand.of_stratum(BOARD, "sexual", "planned_margin"),
        "recording_rate/all/all/missed_low": lambda: 1 - hand.estimate(sample(BOARD))[2],
        "recording_rate/all/other/rate": lambda: share(sample(BOARD, "other")),
        "recording_rate/all/sexual/published_margin": lambda: hand.Z * sqrt(222 / 266 * 44 / 266 / 266),
    },
}


def planned(stratum):
    """Return the records that the usual three points need."""
    return hand.needed(sample(K17, stratum), hand.of_stratum(K17, stratum, "records_in_frame"))


def expected_of(times, stratum):
    frame = hand.of_stratum(K17, stratum, "records_in_frame")
    return hand.expected(sample(K17, stratum), frame, times * planned(stratum))


def folder(report):
    (found,) = EXAMPLES.glob(f"*/{report}")
    return found


def test_every_example_has_ten():
    assert {report: len(found) for report, found in HAND.items()} == {
        path.parent.name: 10 for path in EXAMPLES.glob("*/*/figures.json")
    }


@pytest.mark.parametrize(("report", "key"), [(report, key) for report, found in HAND.items() for key in found])
def test_the_published_figure_is_the_one_by_hand(report, key):
    figures = json.loads((folder(report) / "figures.json").read_text(encoding="utf-8"))["figures"]
    (figure,) = (found for found in figures if found["key"] == key)
    value = HAND[report][key]()
    assert figure["value"] == pytest.approx(value, rel=GRID)
    page = (folder(report) / f"{report}.html").read_text(encoding="utf-8")
    texts = set(re.findall(rf'data-figure="{re.escape(key)}"[^>]*>([^<]*)<', page))
    assert texts == set(figure["texts"])
    assert all(reads_as(text, value, figure["unit"]) for text in texts)


def reads_as(text, value, unit):
    """Return whether a printed text is a value to its last digit; spoken ranges are rounded outwards."""
    words = text.lower()
    if words in WORDS + PLACES:
        return value == (PLACES if unit == "place" else WORDS).index(words)
    if spoken := re.fullmatch(r"(\d+) in (every )?(\d+)", words):
        cases, _, of = spoken.groups()
        return abs(int(of) - int(cases) / value) < 1 if cases == "1" else 0 <= value * int(of) - int(cases) < 1
    digits = re.search(r"[\d.,]+", words)[0].replace(",", "")
    last = 100 if unit == "crimes a year" and value else 10.0 ** -len(digits.partition(".")[2])
    scaled = value * 100 if unit in ("percent", "points") else value
    sign = -1 if "−" in words else 1
    return abs(scaled - sign * float(digits)) <= last / 2 * (1 + GRID)
