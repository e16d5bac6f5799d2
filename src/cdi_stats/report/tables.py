"""Tables made from findings: each cell a figure of its finding, so that tables and sentences carry the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.methods.reconciliation import planned_against_achieved
from cdi_stats.report.blocks import Column, Figure, Strong, Table, Text
from cdi_stats.report.narrative import span_of_days
from cdi_stats.report.numbers import (
    NOT_APPLICABLE,
    ChangeNumbers,
    FindingNumbers,
    count,
    margin,
)
from cdi_stats.report.wording import capital, join, say, tell
from cdi_stats.resources import code_list

Labelled = Sequence[tuple[str, Finding]]
Changes = Sequence[tuple[str, FindingChange]]
KIND = "Crime type"


def rates_table(
    caption: str, rows: Labelled, due: str = "Reported", done: str = "Recorded", *, kind: str = KIND
) -> Table:
    """Return rates with counts and intervals, and the records they come from where these are known."""
    cells = [_rate_cells(label, finding) for label, finding in rows]
    notes = _weighted([finding for _, finding in rows])
    columns = (
        Column(kind, width=2.2),
        Column("Records", numeric=True),
        Column(due, numeric=True),
        Column(done, numeric=True),
        Column("Rate", numeric=True),
        Column(f"{_level(rows)} interval", numeric=True, width=1.9),
    )
    if any(row[1] != NOT_APPLICABLE for row in cells):
        return Table(caption, columns, tuple(cells), notes)
    return Table(caption, columns[:1] + columns[2:], tuple(row[:1] + row[2:] for row in cells), notes)


def _weighted(findings: Sequence[Finding]) -> tuple[Text, ...]:
    """Return a note where a rate is weighted: a reader who divides its counts finds another."""
    return (tell("note.weighted"),) if any(f.estimate and f.weighting == "weighted" for f in findings) else ()


def _rate_cells(label: str, finding: Finding) -> tuple[Text, ...]:
    n = FindingNumbers(finding)
    if not n.exists:
        return (label, *[n.absent] * 5)
    return (label, cell(n.records), cell(n.due), cell(n.done), cell(n.rate), _span(n))


def annual_table(caption: str, rows: Labelled) -> Table:
    """Return crimes not recorded in a year with their ranges, clustered and plain."""
    cells = []
    for label, finding in rows:
        n = FindingNumbers(finding)
        if finding.unrecorded and finding.unrecorded_plain and n.unrecorded:
            low, high = n.limits(finding.unrecorded)
            plain_low, plain_high = n.limits(finding.unrecorded_plain, "unrecorded_plain")
            cells.append(
                (
                    label,
                    cell(n.rate),
                    cell(n.unrecorded),
                    say("{a} to {b}", a=low, b=high),
                    say("{a} to {b}", a=plain_low, b=plain_high),
                )
            )
    return Table(
        caption,
        (
            Column(KIND, width=1.8),
            Column("Recording rate", numeric=True),
            Column("Not recorded a year", numeric=True, width=1.2),
            Column(f"{_level(rows)} range", numeric=True, width=1.6),
            Column("Ignoring records, strata and frames", numeric=True, width=1.6),
        ),
        tuple(cells),
        (tell("note.rounded"),),
    )


def change_table(caption: str, level: str, changes: Changes) -> Table:
    """Return earlier and present rates side by side, with the change and its interval."""
    rows = []
    for label, change in changes:
        before, after = FindingNumbers(change.earlier, "earlier/"), FindingNumbers(change.later)
        n = ChangeNumbers(change)
        rows.append(
            (
                label,
                say("{a} ({x} of {y})", a=before.rate, x=before.done, y=before.due),
                say("{a} ({x} of {y})", a=after.rate, x=after.done, y=after.due),
                cell(n.difference),
                say("{l} to {h}", l=n.low, h=n.high),
                change.change.direction,
            )
        )
    return Table(
        caption,
        (
            Column("Rate", width=2.1),
            Column("Earlier", numeric=True, width=1.5),
            Column("Present", numeric=True, width=1.5),
            Column("Change, points", numeric=True, width=0.8),
            Column(f"{level} interval", numeric=True, width=1.3),
            Column("Verdict", width=1.1),
        ),
        tuple(rows),
        (*_weighted([c.later for _, c in changes]), *([_many_comparisons(level, changes)] if len(changes) > 1 else [])),
    )


def _many_comparisons(level: str, changes: Changes) -> Text:
    """Say which changes stand when it is allowed for that several rates are compared."""
    alpha = 1 - changes[0][1].change.interval.confidence_level
    clear = [(label, c) for label, c in changes if c.change.direction != "no clear change"]
    lost = [label for label, c in clear if c.adjusted_p_value > alpha]
    branch = "lost" if lost else "stand"
    return join(
        tell("note.several.changes"),
        tell(f"note.several.{branch}", level=level, names=", ".join(lost)) if clear else None,
    )


def additional_table(caption: str, level: str, changes: Changes) -> Table:
    """Return the crimes a year recorded beyond the earlier rate, with ranges; minus where the rate fell."""
    rows = []
    for label, change in changes:
        n = ChangeNumbers(change)
        if n.additional:
            low, high = n.additional_limits
            rows.append((label, cell(n.additional), say("{a} to {b}", a=low, b=high)))
    return Table(
        caption,
        (
            Column(KIND, width=1.8),
            Column("Additional crimes a year", numeric=True, width=1.4),
            Column(f"{level} range", numeric=True, width=1.4),
        ),
        tuple(rows),
    )


def methods_table(caption: str, rows: Labelled) -> Table:
    """Return the intervals of each rate by three methods, side by side."""
    cells = []
    for label, finding in rows:
        n = FindingNumbers(finding)
        if n.exists and finding.published is not None:
            cells.append(
                (
                    label,
                    _span(n),
                    say("{a} to {b}", a=n.plain_low, b=n.plain_high),
                    say("±{m}" if finding.done < finding.due else "−{m}", m=n.published_margin)
                    if n.published_bounds
                    else NOT_APPLICABLE,
                    cell(n.design_effect),
                    cell(n.effective),
                    cell(n.degrees_of_freedom),
                )
            )
    return Table(
        caption,
        (
            Column(KIND, width=1.7),
            Column("Used here", numeric=True, width=1.7),
            Column("Plain Wilson", numeric=True, width=1.7),
            Column("Published method, points", numeric=True, width=1.2),
            Column("Design effect", numeric=True),
            Column("Effective crimes", numeric=True, width=1.1),
            Column("Degrees of freedom", numeric=True, width=1.1),
        ),
        tuple(cells),
    )


def sample_table(caption: str, findings: Findings) -> Table:
    """Return what was sampled, from what, over which period."""
    rows = []
    for stratum in findings.audit.strata:
        key = f"sample/{stratum.stratum}"
        finding = findings.stratum(stratum.stratum)
        rows.append(
            (
                capital(stratum.label),
                span_of_days(stratum.period_start, stratum.period_end),
                _known(f"{key}/frame", stratum.records_in_frame),
                _known(f"{key}/crimes_in_frame", finding.estimate.crimes_in_frame if finding.estimate else None),
                _known(f"{key}/records_sampled", stratum.records_sampled),
                cell(FindingNumbers(finding).due),
                _known(f"{key}/recorded_in_year", stratum.recorded_in_year),
            )
        )
    return Table(
        caption,
        (
            Column(KIND, width=1.5),
            Column("Audit period", width=2.2),
            Column("Records in the frame", numeric=True, width=1.2),
            Column("Crimes in the frame, estimated", numeric=True, width=1.3),
            Column("Records examined", numeric=True, width=1.2),
            Column("Crimes due", numeric=True),
            Column("Recorded in the year", numeric=True, width=1.2),
        ),
        tuple(rows),
    )


def precision_table(caption: str, findings: Findings) -> Table | None:
    """Return the margin each stratum was planned for beside half the width of the interval achieved."""
    rows = []
    for stratum in findings.audit.strata:
        finding = findings.stratum(stratum.stratum)
        if stratum.planned_margin is None or finding.estimate is None:
            continue
        level = stratum.planned_confidence_level or findings.confidence_level
        half, plain = (
            planned_against_achieved(stratum.planned_margin, seen, confidence_level=level).achieved_margin
            for seen in (finding.estimate, (finding.done, finding.due))
        )
        key = f"precision/{stratum.stratum}"
        rows.append(
            (
                capital(stratum.label),
                cell(
                    Figure(
                        f"{key}/planned",
                        stratum.planned_margin,
                        f"±{margin(stratum.planned_margin, 1)}",
                        "points",
                        "strata sheet",
                    )
                ),
                cell(Figure(f"{key}/plain", plain, f"±{margin(plain, 1)}", "points", finding.provenance)),
                cell(Figure(f"{key}/clustered", half, f"±{margin(half, 1)}", "points", finding.provenance)),
            )
        )
    if not rows:
        return None
    return Table(
        caption,
        (
            Column(KIND, width=1.6),
            Column("Planned margin, points", numeric=True),
            Column("Achieved, crimes taken as independent", numeric=True, width=1.2),
            Column("Achieved, adjusted for records", numeric=True, width=1.2),
        ),
        tuple(rows),
    )


def actions_table(caption: str, findings: Findings, kind: str | None = None) -> Table | None:
    """Return the recommendations and areas for improvement (or one `kind` of them) beside their progress.

    Columns that hold nothing stay out.
    """
    table = findings.audit.tables["actions"]
    if kind is not None:
        table = table[table["kind"] == kind]
    if table.empty:
        return None
    statuses = code_list("action_statuses")
    cells: dict[Column, list[Text]] = {
        Column("Action", width=3.0): list(_actions(table)),
        Column("Deadline", width=1.1): [_text(value) for value in table["deadline"]],
        Column("Status", width=1.1): [statuses[str(value)] for value in table["status"]],
        Column("Progress", width=3.0): [_text(value) for value in table["progress"]],
    }
    filled = {column: values for column, values in cells.items() if any(values)}
    return Table(caption, tuple(filled), tuple(zip(*filled.values(), strict=True)))


def _actions(table: pd.DataFrame) -> Iterator[Text]:
    """Yield each action, recommendations numbered."""
    number = 0
    for row in table.itertuples():
        number += int(bool(row.kind == "recommendation"))
        lead = (
            f"Recommendation {number}."
            if row.kind == "recommendation"
            else f"{code_list('action_kinds')[str(row.kind)]}."
        )
        yield (Strong(lead), f" {row.action}")


def n100_outcomes_table(caption: str, findings: Findings) -> Table | None:
    """Return what the examined N100s were found to be."""
    table = findings.audit.tables["n100"]
    outcomes = table.loc[table["test"] == "examined", "outcome"].value_counts()
    if outcomes.empty:
        return None
    rows = tuple(
        (
            label,
            cell(
                Figure(
                    f"n100/outcome/{code}/records",
                    int(outcomes[code]),
                    count(int(outcomes[code])),
                    "count",
                    "n100 sheet",
                )
            ),
        )
        for code, label in code_list("n100_outcomes").items()
        if code in outcomes
    )
    return Table(caption, (Column("Outcome", width=3), Column("N100s", numeric=True)), rows)


def cell(figure: Figure | str) -> Text:
    """Return a cell that holds one figure, or the words that stand for it."""
    return figure if isinstance(figure, str) else (figure,)


def _span(numbers: FindingNumbers) -> Text:
    return say("{low} to {high}", low=numbers.low, high=numbers.high)


def _known(key: str, value: float | None) -> Text:
    return "not known" if value is None else (Figure(key, value, count(value), "count", "strata sheet"),)


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _level(rows: Labelled) -> str:
    return next((FindingNumbers(finding).level for _, finding in rows if finding.estimate), "95%")
