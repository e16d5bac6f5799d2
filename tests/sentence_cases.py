"""Findings made so that each branch of the wording is taken: CASES gives the name of each, and what tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tests.unit.conftest import small_tables

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import inspect_audit, read_audit
from cdi_stats.audit.template import write_workbook
from cdi_stats.findings.causes import examine_causes
from cdi_stats.findings.change import Comparison, FindingChange, compare_findings
from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.examine import Finding, Findings, examine
from cdi_stats.findings.withheld import Rules
from cdi_stats.methods.proportion import proportion_interval
from cdi_stats.methods.survey import estimate_rate_from_counts
from cdi_stats.report import benchmark_words, headlines, narrative, statements
from cdi_stats.report.assurance import annex_blocks, limit_points, method_points
from cdi_stats.report.benchmark import BenchmarkReport, open_benchmark
from cdi_stats.report.board_paper import open_board_paper
from cdi_stats.report.data_quality import open_data_quality
from cdi_stats.report.inspection import Report, open_report
from cdi_stats.report.methods_report import MethodsReport, checked_words, open_methods
from cdi_stats.report.monitoring import open_monitoring
from cdi_stats.report.sample_plan import open_sample_plan
from cdi_stats.report.tables import change_table
from cdi_stats.report.view import Sight, View
from cdi_stats.report.view_detail import more_words, width_section, withheld_words

Records = Mapping[str, Sequence[tuple[int, int]]]
GOOD, BAD, EVERY = [(1, 1)] * 18 + [(1, 0)] * 2, [(1, 1)] * 8 + [(1, 0)] * 12, [(1, 1)] * 20
MANY = [(1, 1)] * 27 + [(1, 0)] * 5
YEAR = {"records_in_frame": 1000, "year_end": date(2019, 3, 31)}
SERIES = ("summary", "chart", "trend", "calendar", "districts", "teams", "further", "check", "annex")
QUALITY = ("title", "summary", "holdings", "counts", "problems", "accepted", "completeness", "second_review")


@dataclass(frozen=True)
class Bench:
    """A folder to make audits in."""

    folder: Path

    def path(
        self, records: Records, name: str = "small", change: Callable[..., object] | None = None, **more: Any
    ) -> str:
        """Write a small audit and return its path; `change` edits its tables first."""
        tables = small_tables(records, **more)
        if change:
            change(tables)
        path = self.folder / f"{name}.xlsx"
        write_workbook(tables, path)
        return str(path)

    def audit(self, records: Records, **more: Any) -> Audit:
        """Make a small audit."""
        return read_audit(self.path(records, **more))

    def examined(self, records: Records, *, method: str = "wilson", **more: Any) -> Findings:
        """Make a small audit and examine it."""
        return examine(self.audit(records, **more), method=method)

    def series(
        self,
        *audits: Records,
        rules: Sequence[str] = (),
        names: Sequence[str | None] = (),
        dated: bool = False,
        totals: Sequence[int] = (),
        frames: Sequence[int] = (),
        column: str = "district",
        **parameters: Any,
    ) -> None:
        """Tell the monitoring report of monthly audits."""  # fmt: skip
        for place, records in enumerate(audits, start=1):
            last = date(2019 + place // 12, place % 12 + 1, 1) - timedelta(days=1)
            strata: dict[str, Any] = {"period_start": date(2019, place, 1), "period_end": last}
            if place in frames:
                strata["records_in_frame"] = 400
            facts = {"counting_rules": rules[place - 1]} if rules else {}
            tables = small_tables(records, strata=strata, facts=facts)
            rows = range(len(tables["records"]))
            if names:
                tables["records"][column] = pd.Series([names[i % len(names)] for i in rows], dtype=object)
            if dated:
                opened = [datetime(2019, place, 1) + timedelta(hours=i) for i in rows]
                tables["records"]["opened_at"] = pd.Series(opened, dtype=object)
            if place in totals:
                empty(tables, "a")
            write_workbook(tables, self.folder / f"audit-{place:02d}.xlsx")
        tell(open_monitoring(str(self.folder), **parameters), SERIES)

    @cached_property
    def kent(self) -> Findings:
        """Kent 2017, examined."""
        return examine(read_audit("kent-2017"))


def empty(tables: dict[str, pd.DataFrame], *strata: str) -> None:
    """Take the records from an audit's tables and give its strata as totals, 18 of 20."""
    rows = [{"measure": "recording_rate", "stratum": name, "reported": 20, "recorded": 18} for name in strata]
    tables["counts"] = pd.DataFrame(rows, columns=tables["counts"].columns, dtype=object)
    tables["records"], tables["crimes"] = tables["records"].iloc[:0], tables["crimes"].iloc[:0]


def tell(report: Any, sections: Iterable[str]) -> None:
    """Tell some sections of a report."""
    for name in sections:
        tuple(getattr(report, name)())


def finding(recorded: int, reported: int, measure: str = "recording_rate", domain: str = "all", **more: Any) -> Finding:
    """Make a finding from its counts."""
    return Finding(
        measure, domain, more.pop("stratum", "all"), estimate_rate_from_counts(recorded, reported),
        plain=proportion_interval(recorded, reported),
        published=proportion_interval(recorded, reported, method="wald-fpc"), **more,
    )  # fmt: skip


def change(bench: Bench, later: tuple[int, int], earlier: tuple[int, int]) -> FindingChange:
    """Make a change from the counts of two audits."""
    now, before = (replace(bench.kent, rows=(finding(*counts),)) for counts in (later, earlier))
    return compare_findings(now, before).changes[0]


CASES: dict[str, Callable[[Bench], object]] = {}


def case(name: str) -> Callable[[Callable[[Bench], object]], Callable[[Bench], object]]:
    """Enter a case under a name."""

    def enter(make: Callable[[Bench], object]) -> Callable[[Bench], object]:
        CASES[name] = make
        return make

    return enter


# Rates.

CASES |= {
    "none of 40 recorded": lambda _: narrative.rate_sentence(finding(0, 40)),
    "one case, not recorded": lambda _: narrative.rate_sentence(finding(0, 1)),
    "one case, recorded": lambda _: narrative.rate_sentence(finding(1, 1)),
    "one of 18": lambda _: narrative.rate_sentence(finding(1, 18, "vulnerable_victims")),
    "29 cases": lambda _: narrative.rate_sentence(finding(20, 29)),
    "30 cases": lambda _: narrative.rate_sentence(finding(20, 30)),
    "5 of 18 as part of a sentence": lambda _: narrative.told_rate(finding(5, 18)),
    "crimes against vulnerable victims": lambda _: narrative.rate_sentence(finding(3, 40, domain="vulnerable")),
    "robberies cancelled": lambda _: narrative.rate_sentence(finding(9, 11, "cancelled_correctly", "robbery")),
    "few rates as statements": lambda _: (
        statements.rate_statement("Violent crime", finding(14, 20)),
        statements.timeliness_statement("Violent crime", finding(12, 20, "timeliness"), 24),
    ),
    "a rate in time as a title": lambda _: headlines.timeliness_title([("Violence", finding(40, 50, "timeliness"))]),
}

# A year.


@case("under ten a year")
def _(bench: Bench) -> object:
    found = bench.examined({"a": GOOD}, strata=YEAR | {"recorded_in_year": 50}).overall
    return narrative.unrecorded_sentence(found), headlines.annual_title("Overall", found)


@case("no upper limit a year")
def _(bench: Bench) -> object:
    found = bench.examined({"a": [(1, 1), *[(1, 0)] * 9]}, strata=YEAR | {"recorded_in_year": 5000}, method="wald")
    return narrative.unrecorded_sentence(found.overall)


@case("all recorded, as titles")
def _(bench: Bench) -> object:
    found = bench.examined({"a": EVERY}, strata=YEAR | {"recorded_in_year": 5000}).overall
    return headlines.annual_title("Violent crime", found), headlines.rates_title([("Violent crime", found)])


# Change.

CASES |= {
    "all of 50, then all of 60": lambda b: narrative.change_sentence(change(b, (60, 60), (50, 50))),
    "19 of 20, then 4 of 20": lambda b: narrative.change_sentence(change(b, (4, 20), (19, 20))),
    "4 of 20, then 19 of 20": lambda b: narrative.change_sentence(change(b, (19, 20), (4, 20))),
    "5 of 18, then 6 of 13": lambda b: narrative.change_sentence(change(b, (6, 13), (5, 18))),
    "50 of 100, then 90 of 100": lambda b: narrative.change_sentence(change(b, (90, 100), (50, 100))),
    "90 of 100, then 50 of 100": lambda b: narrative.change_sentence(change(b, (50, 100), (90, 100))),
    "two changes that stand": lambda b: change_table(
        "Changes", "95%", [(name, change(b, (90, 100), (50, 100))) for name in ("A", "B")]
    ),
    "no earlier audit": lambda b: Report(b.kent).changes(),
    "no rate in both audits": lambda b: Report(b.kent, Comparison(b.kent, b.kent, ())).changes(),
}

# Concentration and causes.


@case("one record holds most of few misses")
def _(bench: Bench) -> object:
    found = bench.examined({"a": [(6, 0), *[(1, 1)] * 15]})
    spread = examine_concentration(found.audit, stratum="a")
    return narrative.concentration_sentence(spread, found.stratum("a")), headlines.concentration_title([("A", spread)])


@case("one missed crime")
def _(bench: Bench) -> object:
    def reason(tables: dict[str, pd.DataFrame]) -> None:
        tables["crimes"]["reason"] = [None] * 19 + ["victim unwilling"]

    audit = bench.audit({"a": [(1, 1)] * 19 + [(1, 0)]}, change=reason)
    return (
        narrative.causes_sentence(examine_causes(audit)),
        narrative.concentration_sentence(examine_concentration(audit)),
    )


@case("two reasons as often")
def _(bench: Bench) -> object:
    def reason(tables: dict[str, pd.DataFrame]) -> None:
        tables["crimes"]["reason"] = [None] * 18 + ["victim unwilling", "no supervision"]

    audit = bench.audit({"a": GOOD}, change=reason)
    seldom = examine_causes(audit, fewest=5)
    return (
        headlines.causes_title(examine_causes(audit)),
        headlines.causes_title(seldom),
        narrative.causes_sentence(seldom),
    )


@case("no reasons given")
def _(bench: Bench) -> object:
    causes = examine_causes(bench.audit({"a": GOOD}))
    spread = examine_concentration(bench.audit({"a": [(1, 0), (1, 0), *EVERY]}))
    return (
        narrative.causes_sentence(causes),
        headlines.causes_title(causes),
        headlines.concentration_title([("A", spread)]),
    )


@case("no crime missed")
def _(bench: Bench) -> object:
    report = open_report(bench.path({"a": EVERY}))
    return tell(report, ("causes", "concentration"))


@case("one kind missed")
def _(bench: Bench) -> object:
    def alike(tables: dict[str, pd.DataFrame]) -> None:
        tables["crimes"]["reason"], tables["crimes"]["offence"] = "victim unwilling", "theft"
        tables["crimes"].loc[tables["crimes"]["recorded"] == "yes", "reason"] = None

    return tell(open_board_paper(bench.path({"a": BAD}, change=alike)), ("causes", "other_measures"))


@case("totals only")
def _(bench: Bench) -> object:
    path = bench.path({"a": GOOD}, change=lambda tables: empty(tables, "a"))
    report = open_report(path)
    found = report.findings
    tell(report, ("causes", "concentration"))
    tell(open_board_paper(path), ("causes",))
    tell(open_methods(path), ("plain", "months"))
    tell(open_data_quality(path), QUALITY)
    tell(open_benchmark(path), ("summary",))
    return [*method_points(found), *limit_points(found, None), *annex_blocks(found, report.rates)]


# Overall.


@case("weighted")
def _(_: Bench) -> object:
    found = examine(read_audit("kent-2017"), overall="weighted")
    return (
        headlines.opening(found),
        headlines.other_weighting(found),
        narrative.rate_sentence(found.overall),
        narrative.told_rate(found.overall),
        narrative.published_sentence(found.overall),
    )


@case("few crimes overall")
def _(bench: Bench) -> object:
    path = bench.path({"a": GOOD})
    tell(open_methods(path), ("overall", "planning"))
    return tell(open_report(path), ("summary",)), tell(open_benchmark(path), ("summary",))


@case("no rate to plan from, none overall")
def _(bench: Bench) -> object:
    rates = tuple(replace(row, estimate=None) for row in bench.kent.rows)
    report = Report(replace(bench.kent, rows=rates))
    tuple(MethodsReport(report, 0.8, 50, "small", 1).planning())
    return tell(open_benchmark(bench.path({"a": GOOD, "b": [(0, 0), (0, 0)]})), ("summary",))


@case("other methods")
def _(bench: Bench) -> object:
    for method in ("korn-graubard", "logit", "likelihood", "arcsine", "wald"):
        report = open_report(bench.path({"a": MANY}), method=method, degrees_of_freedom="design")
        tuple(report.annex())


@case("another library's limits apart")
def _(_: Bench) -> object:
    return checked_words(0.00123)


@case("two auditors")
def _(bench: Bench) -> object:
    def judged(tables: dict[str, pd.DataFrame], rows: int = 20) -> None:
        answers = [("yes", "yes" if place else "no") for place in range(rows)]
        tables["second_review"] = pd.DataFrame(
            [(f"a-{place}", 1, *given) for place, given in enumerate(answers, start=1)],
            columns=tables["second_review"].columns, dtype=object,
        )  # fmt: skip

    path = bench.path({"a": GOOD}, change=judged)
    tell(open_methods(path), ("auditors",))
    tell(open_data_quality(path), QUALITY)
    one = bench.path({"a": GOOD}, name="one", change=lambda tables: judged(tables, 1))
    tell(open_data_quality(one), QUALITY)
    return list(method_points(examine(read_audit(path))))


@case("routes logged")
def _(bench: Bench) -> object:
    def routes(tables: dict[str, pd.DataFrame]) -> None:
        tables["records"]["route"] = ["online", "control room"] * 10

    return tell(open_report(bench.path({"a": GOOD}, change=routes)), ("title",))


# Series.

RUN = [18, 19, 18, 19, 18, 19, 18, 19, 16, 17, 16]
CASES |= {
    "one audit": lambda b: b.series({"a": GOOD}),
    "one audit of many crimes": lambda b: b.series({"a": MANY}),
    "two audits": lambda b: b.series({"a": GOOD}, {"a": BAD}),
    "two audits alike": lambda b: b.series({"a": GOOD}, {"a": GOOD}),
    "two audits of many crimes": lambda b: b.series({"a": [(1, 1)] * 40}, {"a": MANY + BAD}),
    "three audits, one of them worse": lambda b: b.series({"a": BAD}, {"a": GOOD}, {"a": GOOD}),
    "a change lost among several": lambda b: b.series(
        {"a": [(1, 1)] * 70 + [(1, 0)] * 30}, *[{"a": [(1, 1)] * 83 + [(1, 0)] * 17}] * 2
    ),
    "five quiet audits": lambda b: b.series(*({"a": [*EVERY[:n], *[(1, 0)] * (20 - n)]} for n in (18, 17, 18, 16, 18))),
    "a run": lambda b: b.series(*({"a": [*EVERY[:n], *[(1, 0)] * (20 - n)]} for n in RUN)),
    "all recorded": lambda b: b.series(*[{"a": EVERY}] * 4, names=("North", "South", "East")),
    "above the limits, cause known": lambda b: b.series(
        *({"a": [(1, 1)] * n + [(1, 0)] * (60 - n)} for n in (40, 39, 41, 40, 39, 41, 40, 60)), known_causes="audit-08"
    ),
    "the latest lacks a stratum": lambda b: b.series(*[{"a": GOOD, "b": GOOD}] * 2, {"a": GOOD}),
    "new rules": lambda b: b.series({"a": GOOD}, {"a": BAD}, rules=("first", "second")),
    "no earlier rate": lambda b: b.series(
        {"a": GOOD, "b": GOOD}, {"a": GOOD}, {"a": GOOD, "b": GOOD}, rules=("first", "second", "second")
    ),
    "no rate at all": lambda b: b.series(*[{"a": GOOD, "b": [(0, 0)] * 2}] * 2),
    "one audit of totals": lambda b: b.series({"a": GOOD}, {"a": GOOD}, totals=(1,)),
    "totals alone": lambda b: b.series({"a": GOOD}, {"a": GOOD}, totals=(1, 2)),
    "weighted and not": lambda b: b.series({"a": GOOD, "b": BAD}, {"a": GOOD, "b": BAD}, frames=(1,)),
    "districts not printed": lambda b: b.series({"a": GOOD}, names=("North", "South"), groups="none"),
    "two districts": lambda b: b.series({"a": GOOD}, names=("North", "South")),
    "four districts, some records unnamed": lambda b: b.series({"a": GOOD * 3}, names=("North", "South", "East", None)),
    "districts that differ": lambda b: b.series(
        {"a": [row for i in range(40) for row in [(1, 1), (1, 1), (1, int(i % 4 == 0)), (1, 1)]]},
        names=("North", "West", "South", "East"),
    ),
    "one small district of twelve that lies apart": lambda b: b.series(
        {"a": [(1, int(turn >= (2 if district else 7))) for turn in range(20) for district in range(12)]},
        names=[f"District {n}" for n in range(1, 13)],
    ),
    "a record above the bound": lambda b: b.series(
        {"a": [(3, 3), *GOOD]}, {"a": GOOD}, {"a": GOOD}, dated=True, largest_record=2
    ),
    "a rate that moved": lambda b: b.series(
        *({"a": rows} for rows in ([(1, 1)] * 300, [(1, 1)] * 200 + [(1, 0)] * 100, [(1, 0)] * 300)),
        dated=True, largest_record=1,
    ),
    "first crimes missed more": lambda b: b.series({"a": [(1, 0)] * 60 + [(1, 1)] * 40 + [(2, 2)] * 60}),
    "few further crimes": lambda b: b.series({"a": [*GOOD, (2, 1), (2, 2)]}),
    "rebuilt records": lambda _: tell(open_monitoring("kent-2017"), SERIES),
}  # fmt: skip


@case("a silent district")
def _(bench: Bench) -> object:
    rows = [(1, 1), (1, 0), (0, 0)] * 20
    return bench.series({"a": rows}, names=("North", "South", "East"))


# Benchmark.


@case("a force without a published result")
def _(bench: Bench) -> object:
    facts = {"force": "Testshire Police", "counting_rules": "2023"}
    strata = {"period_start": date(2023, 6, 1), "period_end": date(2023, 8, 31)}
    report = open_benchmark(bench.path({"a": [(1, 1)] * 40 + [(1, 0)] * 4}, facts=facts, strata=strata))
    surer = open_benchmark(bench.path({"a": [(1, 1)] * 400 + [(1, 0)] * 40}, name="surer"))
    return tell(report, ("summary", "overall", "dates")), tell(surer, ("overall",))


@case("a field cut short")
def _(_: Bench) -> object:
    found = open_benchmark("kent-2017").found
    main = found.field("overall", found.kind)
    assert main.forces is not None
    one = replace(main, results=main.results[:1], standing=None)
    alone = tuple(replace(field, forces=None) for field in found.fields)
    tuple(BenchmarkReport(replace(found, fields=alone)).pooled())
    far = replace(main.forces.funnel, adjusted_z_score=np.full(len(main.forces.rates), 9.0))
    beyond = replace(main, forces=replace(main.forces, funnel=far))
    printed = replace(main.results[0], from_margin=False, force=found.force, report="CDI 2010")
    wilson = replace(found, fields=(replace(main, results=(printed,)),))
    undated = replace(main, results=tuple(replace(r, ended=None if i else r.ended) for i, r in enumerate(main.results)))
    half = replace(main, results=(*main.results[:5], *undated.results[5:]))
    tuple(BenchmarkReport(replace(found, fields=(half, *found.fields[1:]))).dates())
    return (
        benchmark_words.field_title(found, one),
        benchmark_words.funnel_words(found, beyond),
        benchmark_words.funnel_title(found, beyond),
        benchmark_words.published_words(wilson),
    )


# Sample plan.


@case("a plan of stated rates")
def _(bench: Bench) -> object:
    path = bench.folder / "plan.toml"
    path.write_text('[[strata]]\nstratum = "a"\nrate = 0.9\nrecords = 50\n', encoding="utf-8")
    return tell(open_sample_plan(str(path)), ("title", "summary", "windows", "allocation", "precision", "trail"))


@case("a drawn sample")
def _(bench: Bench) -> object:
    def drawn(tables: dict[str, pd.DataFrame]) -> None:
        row = {"stratum": "a", "seed": "s", "records_in_frame": 1000, "drawn": 20, "reserve": 0}
        tables["draw"] = pd.DataFrame([row], columns=tables["draw"].columns, dtype=object)
        chosen = [{"record_id": f"a-{n}", "stratum": "a", "place": n, "role": "sample"} for n in range(1, 21)]
        tables["selection"] = pd.DataFrame(chosen, columns=tables["selection"].columns, dtype=object)

    return tell(open_sample_plan(bench.path({"a": GOOD}, change=drawn, strata=YEAR)), ("trail",))


# Data quality.


@case("a file with errors")
def _(bench: Bench) -> object:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["strata"].loc[0, "period_end"] = date(2018, 12, 31)
        tables["records"]["route"] = ["told at the desk"] * len(tables["records"])
        tables["crimes"]["offence"] = [f"kind {n}" for n in range(len(tables["crimes"]))]

    path = bench.path({"a": [(1, 1)] * 250}, change=spoil, facts={"title": None, "force": None})
    return tell(open_data_quality(path), QUALITY)


@case("a file with a warning")
def _(bench: Bench) -> object:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["records"].loc[1, "opened_at"] = datetime(2020, 6, 1)

    return tell(open_data_quality(bench.path({"a": GOOD}, change=spoil)), QUALITY)


@case("an accepted problem")
def _(bench: Bench) -> object:
    def spoil(tables: dict[str, pd.DataFrame]) -> None:
        tables["strata"].loc[0, "records_sampled"] = 7

    path = Path(bench.path({"a": GOOD}, change=spoil))
    (problem,) = inspect_audit(path).problems
    path.with_name("small.overrides.toml").write_text(
        f'[[accept]]\nrule = "{problem.rule}"\nsheet = "strata"\nrow = {problem.row}\ncolumn = "{problem.column}"\n'
        f'found = "{problem.found}"\nreason = "They are with the court"\naccepted_by = "Deputy registrar"\n',
        encoding="utf-8",
    )
    return tell(open_data_quality(str(path)), QUALITY)


@case("files at the edge")
def _(bench: Bench) -> object:
    kinds: tuple[Records, ...] = (
        {"a": [(1, 0), (1, 0)]},
        {"a": [(1, 1), (1, 0)], "b": [(0, 0), (0, 0)]},
        {"a": [(1, 1), (1, 0)], "b": []},
        {"a": [(0, 0), (0, 0)]},
        {},
    )
    for place, records in enumerate(kinds):
        tell(open_data_quality(bench.path(records, name=f"edge-{place}")), QUALITY)


@case("an audit of three months, undated")
def _(bench: Bench) -> object:
    return tell(open_monitoring(bench.path({"a": GOOD})), ("calendar",))


# A view of an audit.


def viewed(audit: Audit, **view: Any) -> list[object]:
    """Tell a view, what widens its interval, and what 20 more records and a small number would mean."""
    sight = Sight(View("small", **view), audit)
    return [sight.title, sight.sentence, width_section(sight), more_words(sight, 20), withheld_words(sight, Rules(5))]


CASES |= {
    "a view of one stratum": lambda b: viewed(b.audit({"a": GOOD}, strata=YEAR)),
    "a view of two strata, one record of ten misses": lambda b: viewed(b.audit({"a": [*MANY, (10, 0)], "b": GOOD})),
    "a view of twelve missed of 20": lambda b: viewed(b.audit({"a": BAD})),
    "a view of four crimes, none of a sample": lambda b: viewed(
        b.audit(
            {"a": GOOD}, cancellations=[{"cancellation_id": n, "crime_type": "rape", "correct": "yes"} for n in "abcd"]
        ),
        measure="cancelled_correctly",
    ),
}
