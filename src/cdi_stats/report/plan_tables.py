"""Tables of the sample plan: sizes, windows, shares by rule, the draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from cdi_stats.findings.sample_plan import Allocation, StratumPlan
from cdi_stats.report.blocks import Column, Figure, Table, Text
from cdi_stats.report.numbers import NOT_APPLICABLE, count, margin, percent, rounded
from cdi_stats.report.wording import capital, join_words, title

STRATUM = Column("Stratum", width=1.6)
ORIGINS = {"pilot": "those of the pilot", "stated": "stated in the plan"}
RULE_LABELS = {
    "planned": "As planned",
    "proportional": "In proportion to the frames",
    "equal": "The same for each",
    "neyman": "Neyman: by size and spread",
    "fewest": "Fewest for the overall margin",
}


def points_figure(key: str, value: float) -> Figure:
    """Return a margin of error (a share) in points, to one decimal."""
    return Figure(f"sample_plan/{key}", value, margin(value, 1), "points", "half the width of the interval expected")


def margin_figure(found: StratumPlan, times: float = 1) -> Figure:
    """Return the margin to expect of a stratum's records, or of so many times as many: ±3.1."""
    key = f"{found.stratum}/expected"
    return _margin(key if times == 1 else f"{key}_of_{times:g}_times", found.margin_of(times * found.records))


def records_figure(found: StratumPlan) -> Figure:
    """Return the records of a stratum to be examined."""
    return Figure(
        f"sample_plan/{found.stratum}/records", found.records, count(found.records), "count", "to be examined"
    )


def _margin(key: str, value: float) -> Figure:
    figure = points_figure(key, value)
    return Figure(figure.key, figure.value, f"±{figure.text}", figure.unit, figure.source)


def _count(key: str, value: float | None, source: str) -> Text:
    return NOT_APPLICABLE if value is None else (Figure(f"sample_plan/{key}", value, count(value), "count", source),)


def _ratio(key: str, value: float) -> Text:
    return (Figure(f"sample_plan/{key}", value, str(rounded(value, 2)), "ratio", "expected of the stratum"),)


def sizes_table(caption: str, level: str, strata: Sequence[StratumPlan]) -> Table:
    """Return each stratum's assumptions, its records, and the margin to expect of them."""
    rows = tuple(
        (
            capital(found.label),
            (
                Figure(
                    f"sample_plan/{found.stratum}/rate",
                    found.size.rate,
                    percent(found.size.rate),
                    "percent",
                    "expected of the stratum",
                ),
            ),
            _ratio(f"{found.stratum}/crimes_per_record", found.size.crimes_per_record),
            _ratio(f"{found.stratum}/design_effect", found.size.design_effect),
            (_margin(f"{found.stratum}/margin", found.size.margin_of_error),),
            (records_figure(found),),
            (margin_figure(found),),
        )
        for found in strata
    )
    columns = (
        STRATUM,
        Column("Expected rate", numeric=True),
        Column("Crimes in a record", numeric=True),
        Column("Design effect", numeric=True, width=1.1),
        Column("Planned margin, points", numeric=True, width=1.2),
        Column("Records", numeric=True),
        Column("Expected margin, points", numeric=True, width=1.2),
    )
    return Table(caption, columns, rows, (title("note.plan.origin", level=level, origins=_origins(strata)),))


def _origins(strata: Sequence[StratumPlan]) -> str:
    """Say where the expected rates come from: one place for all, or which strata have theirs from where."""
    by = {origin: [found.label for found in strata if found.origin == origin] for origin in ORIGINS}
    used = {origin: labels for origin, labels in by.items() if labels}
    if len(used) == 1:
        return ORIGINS[next(iter(used))]
    return ", ".join(f"{ORIGINS[origin]} for {join_words(labels)}" for origin, labels in used.items())


def windows_table(caption: str, strata: Sequence[StratumPlan]) -> Table:
    """Return each stratum's frame and window, the share drawn, and the days that would do."""
    rows = tuple(
        (
            capital(found.label),
            _count(f"{found.stratum}/frame", found.records_in_frame, "records of the stratum in its window"),
            _count(f"{found.stratum}/days", found.days, "window of the stratum"),
            _count(
                f"{found.stratum}/records_a_day", found.records_a_day, "records in the frame over days of the window"
            ),
            _fraction(found),
            _count(f"{found.stratum}/days_needed", found.days_needed, "records wanted over records a day"),
        )
        for found in strata
    )
    columns = (
        STRATUM,
        Column("Records in the frame", numeric=True, width=1.2),
        Column("Days", numeric=True),
        Column("Records a day", numeric=True),
        Column("Share drawn", numeric=True),
        Column("Days needed", numeric=True),
    )
    return Table(caption, columns, rows)


def _fraction(found: StratumPlan) -> Text:
    share = found.sampling_fraction
    if share is None:
        return NOT_APPLICABLE
    return (Figure(f"sample_plan/{found.stratum}/fraction", share, percent(share), "percent", "records over frame"),)


def allocation_table(
    caption: str, level: str, wanted: float, found: Sequence[Allocation], strata: Sequence[tuple[str, str]]
) -> Table:
    """Return the records of each stratum by every rule, and the margin to expect of the overall rate."""
    rows = tuple(
        (
            RULE_LABELS[entry.rule],
            *(
                _count(
                    f"allocation/{entry.rule}/{stratum}", entry.records[stratum], "allocation rule, total as planned"
                )
                for stratum, _ in strata
            ),
            _count(f"allocation/{entry.rule}/total", entry.total, "allocation rule, total as planned"),
            (_margin(f"allocation/{entry.rule}/margin", entry.expected_margin),),
        )
        for entry in found
    )
    columns = (
        Column("Rule", width=2),
        *(Column(capital(label), numeric=True) for _, label in strata),
        Column("Total", numeric=True),
        Column("Overall margin, points", numeric=True, width=1.1),
    )
    return Table(caption, columns, rows, (title("note.plan.fewest", level=level, margin=margin(wanted, 1)),))


def accounting_table(caption: str, accounting: Mapping[str, int]) -> Table:
    """Return what became of every row of the population's source."""
    rows = tuple(
        (capital(what), _count(f"accounting/{what}", rows, "rows of the population read for the draw"))
        for what, rows in accounting.items()
    )
    return Table(caption, (Column("Rows", width=2.4), Column("Number", numeric=True)), rows)


def draw_table(caption: str, drawn: pd.DataFrame, selection: pd.DataFrame, labels: Mapping[str, str]) -> Table:
    """Return each stratum's seed, frame and draw, and the records set aside since."""
    aside = selection[selection["role"] == "set aside"].groupby("stratum").size().to_dict()
    rows = tuple(
        (
            capital(labels.get(row["stratum"], row["stratum"])),
            f"{row['seed']}, begun at {row['start']:g}" if row["start"] else row["seed"],
            _count(f"draw/{row['stratum']}/frame", row["records_in_frame"], "draw sheet"),
            _count(f"draw/{row['stratum']}/drawn", row["drawn"], "draw sheet"),
            _count(f"draw/{row['stratum']}/reserve", row["reserve"], "draw sheet"),
            _count(f"draw/{row['stratum']}/set_aside", int(aside.get(row["stratum"], 0)), "draw sheet"),
            row["frame_hash"] or NOT_APPLICABLE,
        )
        for row in drawn.astype("object").where(drawn.notna(), None).to_dict("records")
    )
    columns = (
        STRATUM,
        Column("Seed", width=1.2),
        Column("Frame", numeric=True),
        Column("Drawn", numeric=True),
        Column("Reserve", numeric=True),
        Column("Set aside", numeric=True),
        Column("Hash of the frame", width=1.8),
    )
    return Table(caption, columns, rows)
