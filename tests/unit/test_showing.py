"""How results show themselves: every public one as a sentence, as HTML that is safe, and in a terminal."""

from __future__ import annotations

import inspect
import io
import typing
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import cdi_stats
from cdi_stats import findings, methods
from cdi_stats.audit.problems import Problem, ProblemList
from cdi_stats.audit.sampling import SampledStratum
from cdi_stats.methods.survey import Rates
from cdi_stats.showing import MOST_ROWS, Grid, Shown

HOSTILE = '<script>alert("1")</script> [red]Ŵ[/red] \x1b[31m'
# what a caller makes or raises, and no verb returns
NOT_RESULTS = {"CdiStatsError", "PlannedStratum"}
KENT = cdi_stats.estimate_rate_from_counts(1254, 1500)
LATER = cdi_stats.estimate_rate_from_counts(757, 784)
BROKEN = Problem("crimes", HOSTILE, "yes or no", "ask the auditor", 7, "recorded", rule="unreadable-cell")


def drawn():
    frame = pd.DataFrame({"id": [f"R{n}" for n in range(10)], "part": ["violence", HOSTILE] * 5})
    return cdi_stats.draw_sample(frame, {"violence": 3, HOSTILE: 2}, seed=1, stratum="part", record_id="id", reserve=1)


def planned():
    strata = [
        SampledStratum(
            stratum="violence", label=HOSTILE, records=350, rate=0.9, crimes_per_record=1.1, design_effect=1.2
        )
    ]
    return cdi_stats.SamplingPlan(force="Testshire Police", strata=strata)


RESULTS = {
    "Audit": lambda: cdi_stats.read_audit("kent-2017"),
    "AuditProblems": lambda: cdi_stats.AuditProblems("audit.xlsx", [BROKEN]),
    "Change": lambda: cdi_stats.compare_rates(LATER, KENT),
    "Findings": lambda: examined("kent-2018"),
    "Interval": lambda: KENT.interval,
    "Problem": lambda: BROKEN,
    "Publication": lambda: cdi_stats.Publication("inspection", HOSTILE, Path(), {"html": Path(HOSTILE)}, {}),
    "RateEstimate": lambda: KENT,
    "SampleSize": lambda: cdi_stats.sample_size(0.9, 0.03),
    "SamplingPlan": planned,
    "Selection": drawn,
    "Series": lambda: cdi_stats.read_series("kent-2017"),
    "Total": lambda: cdi_stats.extrapolate_unrecorded(KENT, recorded=123_871),
    # what public functions return beside these
    "Rates": lambda: Rates({HOSTILE: KENT, "none": None}),
    "ProblemList": lambda: ProblemList([BROKEN]),
    "Comparison": lambda: cdi_stats.compare_findings(*map(examined, ("kent-2018", "kent-2017"))),
    "Benchmark": lambda: cdi_stats.examine_benchmark(cdi_stats.read_audit("kent-2017")),
    "SamplePlan": lambda: cdi_stats.plan_sample(planned()),
    "SeriesFindings": lambda: cdi_stats.examine_series(cdi_stats.read_series("kent-2017")),
    "arrays": lambda: cdi_stats.proportion_interval(np.arange(20), np.full(20, 100)),
}


@cache
def examined(name):
    return cdi_stats.examine(cdi_stats.read_audit(name))


def public_classes():
    held = {name: getattr(cdi_stats, name) for name in cdi_stats.__all__}
    return {name for name, thing in held.items() if inspect.isclass(thing)} - NOT_RESULTS


def test_every_public_result_is_among_those_shown_here():
    assert public_classes() <= set(RESULTS)


@pytest.mark.parametrize("name", cdi_stats.__all__)
def test_what_a_public_statistic_returns_shows_itself(name):
    """Of methods and findings; the others return a public result, or write a file."""
    thing = getattr(cdi_stats, name)
    if not inspect.isfunction(thing) or not thing.__module__.startswith((methods.__name__, findings.__name__)):
        return
    given = typing.get_type_hints(thing)["return"]
    ours = [c for c in (given, *typing.get_args(given)) if inspect.isclass(c) and c.__module__.startswith("cdi_stats")]
    assert all(issubclass(made, Shown) and made.__str__ is not Shown.__str__ for made in ours), name


@pytest.fixture(params=RESULTS, scope="module")
def result(request):
    return RESULTS[request.param]()


def test_html_is_well_formed_and_safe(result):
    html = result._repr_html_()
    page = ElementTree.fromstring(f"<div>{html}</div>")
    assert {element.tag for element in page.iter()} <= {
        *("div", "p", "table", "caption", "thead", "tbody", "tr", "th", "td")
    }
    assert {name for element in page.iter() for name in element.attrib} <= {"scope", "style"}
    assert "color" not in html
    assert html.isprintable() or set(html) - set(filter(str.isprintable, html)) == {"\n"}
    for row in page.iter("tr"):
        assert row[0].tag == "th"
    for table in page.iter("table"):
        assert table[0].tag == "caption"
        assert table[0].text
        assert len({len(row) for row in table.iter("tr")}) == 1


def test_a_terminal_shows_the_same_words(result):
    if isinstance(result, Exception):
        pytest.skip("an error is printed by its message")
    bundle, console = result._repr_mimebundle_(), Console(file=io.StringIO(), width=400, color_system="truecolor")
    console.print(result)
    shown = console.file.getvalue()
    assert "<script>" not in bundle["text/html"]
    words = ElementTree.fromstring(f"<div>{bundle['text/html']}</div>")
    for text in filter(None, map(str.strip, words.itertext())):
        assert text in shown
    if HOSTILE in bundle["text/plain"]:
        assert "[red]" in shown
    assert len(repr(result)) < 1000


def test_one_rule_of_rounding_everywhere():
    """A rate below 1 never reads 100%, and a half goes up, as in every report."""
    near = cdi_stats.estimate_rate_from_counts(99_999, 100_000)
    assert str(near).startswith("99.9% of")
    assert near.interval.span.endswith("to 99.9%")
    assert str(cdi_stats.estimate_rate_from_counts(1, 16)).startswith("6.3% of"), "6.25"


def test_a_weighted_rate_is_not_told_as_the_share_of_its_counts():
    """3 of 4 and 1 of 4 are half of the crimes; weighted 9 to 1 they are 0.9 x 0.75 + 0.1 x 0.25 = 70%."""
    rate = cdi_stats.estimate_rate(
        [1, 1, 1, 0, 1, 0, 0, 0], [1] * 8, stratum=["a"] * 4 + ["b"] * 4, population={"a": 900, "b": 100}
    )
    assert str(rate).startswith("70.0% of reported crimes")
    assert "; weighted from 4 of 8 crimes in 8 records; " in str(rate)


def test_no_upper_limit():
    """With no crime recorded, of those not recorded there is no end."""
    total = cdi_stats.extrapolate_unrecorded(cdi_stats.estimate_rate_from_counts(0, 5), recorded=100)
    assert str(total).startswith("crimes a year without limit (95% interval 130 or more")


def test_units_of_limits_that_are_not_shares():
    kappa = cdi_stats.auditor_agreement([1, 1, 0, 0, 1], [1, 0, 0, 0, 1]).kappa
    assert "%" not in kappa.interval.span
    ratio = cdi_stats.compare_rates(LATER, KENT, measure="ratio")
    assert ratio.interval.span == "1.125 to 1.186"


def test_rates_by_label_stay_a_dict():
    rates = cdi_stats.estimate_rate([1, 0, 0], [1, 1, 0], domain=["a", "b", "c"])
    assert rates == dict(rates)
    assert rates["c"] is None
    assert str(rates).splitlines()[2] == "c: no crime reported"
    assert cdi_stats.check_audit("kent-2017") == []


def test_a_long_table_says_how_much_it_leaves_out():
    class Long(Shown):
        def __str__(self):
            return "long"

        def _grid(self):
            return Grid([(str(n),) for n in range(MOST_ROWS + 1_000)])

    html = Long()._repr_html_()
    assert html.count("<tr>") == MOST_ROWS
    assert "1,000 more rows are not shown." in html


def test_a_plan_does_not_show_where_its_frame_is():
    """An address may hold a password."""
    plan = cdi_stats.SamplingPlan(
        frame={"source": "postgres://auditor:secret@host/incidents"}, strata=[SampledStratum(stratum="violence")]
    )
    assert "secret" not in f"{plan}{plan!r}{plan._repr_mimebundle_()}"


def test_problems_alike_but_for_their_rows_share_a_line():
    here, there = (Problem("crimes", "'x'", "yes or no", "correct it", row, "recorded", rule="unreadable-cell")
                   for row in (2, 7))  # fmt: skip
    lines = str(ProblemList([here, BROKEN, there])).splitlines()
    assert len(lines) == 3
    assert "sheet crimes, rows 2, 7, column recorded: found 'x'" in lines[1]
    many = ProblemList([Problem("a", "b", "c", "d", row, rule="unreadable-cell") for row in range(2, 1214)])
    assert "rows 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 1,202 more: found b" in str(many)
