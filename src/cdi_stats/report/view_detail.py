"""What stands beside a view: why its interval is wide, what more records would give, the cases, and its report cell."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cdi_stats.audit.schema import all_sheets
from cdi_stats.findings.examine import Finding
from cdi_stats.findings.measures import MEASURES
from cdi_stats.findings.parts import Part, WeighingRecord, Width, cases_of_part, expect_margin, explain_width
from cdi_stats.findings.withheld import Counts, Rules
from cdi_stats.report.blocks import Column, Figure, Paragraph, Section, Table, Text, section
from cdi_stats.report.numbers import FEW_CASES, FindingNumbers, count, in_words, margin, percent
from cdi_stats.report.view import HOW, PART, Sight, View
from cdi_stats.report.wording import capital, join, tell

# what tells of a person or of one record: shown where someone asks for it
IDENTIFIERS = ("record_id", "crime_number", "auditor", "second_auditor", "n100_id", "cancellation_id")
PLACES = ("stratum", "district", "team", "route", "opening_code")
MOST_CASES = 200
WEIGHING = ("Cases due", "Missed", "Share of variance", "Rate without it")


def width_section(sight: Sight, *, show_records: bool = False) -> Section:
    """Return why an interval is as wide as it is: design effect, records that stand out, and the rate without them.

    `show_records` calls records by their own numbers instead of their aliases.
    """
    found = explain_width(sight.audit, sight.view.part, sight.view.options)
    if sight.finding.estimate is None:
        return section()
    if found is None:
        return section(Paragraph(tell("view.width_alone")))
    words = join(*_width_words(sight.finding, found))
    if not found.records:
        return section(Paragraph(words))
    rows = tuple(_weighing_cells(sight, row, show_records=show_records) for row in found.records)
    columns = (Column("Record", width=1.6), *(Column(header, numeric=True) for header in WEIGHING))
    return section(Paragraph(words), Table("Records that stand out", columns, rows))


def _width_words(finding: Finding, found: Width) -> Iterator[Text]:
    n, interval = FindingNumbers(finding), found.interval
    half = (interval.high - interval.low) / 2
    yield tell(
        "view.width",
        low=n.low,
        high=n.high,
        half=Figure(f"{finding.key}/half_width", half, margin(half), "points", finding.provenance),
        records=n.records,
        effective=n.effective,
        effect=n.design_effect,
    )
    yield tell("spread.intervals", plain_low=n.plain_low, plain_high=n.plain_high, low=n.low, high=n.high)
    if not found.records:
        yield tell("view.alike")
        return
    number, share = len(found.records), found.variance_share
    yield tell(
        "view.stand_out",
        number=capital(in_words(number)),
        records=number,
        share=Figure(f"{finding.key}/standing_out", share, percent(share, 0), "percent", finding.provenance),
    )
    if found.without:
        e = found.without
        w = FindingNumbers(replace(finding, stratum=f"{finding.stratum}/without", estimate=e))
        branch = "without_few" if e.reported < FEW_CASES else "without"
        yield tell(f"spread.{branch}", carrying=number, rate=w.rate, level=w.level, low=w.low, high=w.high, due=w.due)


def _weighing_cells(sight: Sight, row: WeighingRecord, *, show_records: bool) -> tuple[Text, ...]:
    alias = sight.audit.alias(row.record_id)
    rate = "" if math.isnan(row.rate_without) else percent(row.rate_without)
    shown = (
        ("reported", row.reported, count(row.reported), "count"),
        ("missed", row.missed, count(row.missed), "count"),
        ("variance", row.variance_share, percent(row.variance_share, 0), "percent"),
        ("without", row.rate_without, rate, "percent"),
    )
    cells = (
        (Figure(f"record/{alias}/{name}", value, text, unit, "the record, and the rate without it"),)
        for name, value, text, unit in shown
    )
    return (row.record_id if show_records else alias, *cells)


def more_words(sight: Sight, records: int) -> Text | None:
    """Return what margin of error to expect of so many records more, in a sentence; None where no case was due."""
    if sight.finding.estimate is None:
        return None
    found = expect_margin(sight.audit, sight.view.part, records, sight.view.options)
    if found is None:
        return tell("view.more_none")
    key, source = f"{sight.finding.key}/more", "planning's formula at the rate and design effect seen"
    return tell(
        "view.more",
        more=Figure(f"{key}/records", found.more, count(found.more), "count", source),
        cases=Figure(f"{key}/cases", found.more_cases, count(found.more_cases), "count", source),
        now=Figure(f"{key}/margin_now", found.now, margin(found.now), "points", source),
        then=Figure(f"{key}/margin", found.then, margin(found.then), "points", source),
    )


def withheld_words(sight: Sight, rules: Rules) -> Text | None:
    """Return that a published report withholds what a view shows, where it does."""
    small = rules.active and rules.tells(Counts(sight.finding.due, sight.finding.done))
    return tell("view.small") if small else None


def cases_table(sight: Sight, part: Part, *, identifiers: bool = False) -> Table | None:
    """Return the cases behind a part, those not done first; None where only totals are known.

    Records go by their aliases; `identifiers` adds record ids, crime numbers and auditors' names. Columns that hold
    nothing are left out.
    """
    cases = cases_of_part(sight.audit, part)
    if cases.empty:
        return None
    if MEASURES[part.measure].weight is None:
        cases = cases.sort_values("done", kind="stable")
    shown = cases.head(MOST_CASES)
    columns = {capital(name.replace("_", " ")): shown[name] for name in _columns(cases, part, identifiers=identifiers)}
    if "record_id" in shown:
        aliases = {"Record": pd.Series([sight.audit.alias(str(name)) for name in shown["record_id"]], shown.index)}
        columns = aliases | columns
    number = f"{count(len(shown))} of {count(len(cases))}" if len(shown) < len(cases) else count(len(cases))
    rows = tuple(tuple(_cell(value) for value in row) for row in zip(*columns.values(), strict=True))
    return Table(f"{number} {MEASURES[part.measure].due_as}, those missed first", tuple(map(Column, columns)), rows)


def _columns(cases: pd.DataFrame, part: Part, *, identifiers: bool) -> list[str]:
    sheet = all_sheets()[MEASURES[part.measure].sheet]
    names = [
        *(IDENTIFIERS if identifiers else ()),
        *PLACES,
        *(n for n in sheet.names if n not in (*IDENTIFIERS, *PLACES)),
    ]
    return [name for name in names if name in cases and cases[name].notna().any()]


def _cell(value: Any) -> str:
    if pd.isna(value):
        return ""
    if isinstance(value, pd.Timestamp):
        return f"{value:%d %b %Y, %H:%M}"
    return ("yes" if value else "no") if isinstance(value, bool | np.bool_) else str(value)


def cell_of(view: View, *, parameterised: bool = True) -> str:
    """Return the code of a notebook cell that shows a view.

    `parameterised` takes the audit and how rates are made from the report's own parameters, as the inspection
    notebooks name them; else the values of the view are written out.
    """
    part = {name: getattr(view, name) for name in (*PART, "split")}
    defaults = {field.name: field.default for field in fields(View)}
    chosen = {name: value for name, value in part.items() if name == "measure" or value != defaults[name]}
    names = ("earlier", *HOW)
    values = ((name, name if parameterised else json.dumps(getattr(view, name))) for name in names)
    how = ", ".join(f'"{name}": {value}' for name, value in values)
    shown = ", ".join(f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in chosen.items())
    audit = "audit" if parameterised else json.dumps(Path(view.audit).as_posix(), ensure_ascii=False)
    return "\n".join(
        [
            "from cdi_stats import show_view",
            "",
            f"part = {{{shown}}}",
            f"how = {{{how}}}",
            f"show_view({audit}, **part, **how)",
        ]
    )
