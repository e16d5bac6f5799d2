"""What is wrong with an audit file: one Problem each, all of them at once."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, asdict, dataclass, replace
from functools import cache

from cdi_stats.errors import CdiStatsError
from cdi_stats.resources import resource
from cdi_stats.showing import Grid, Shown, counted

MOST_ROWS = 10
MOST_CHARACTERS = {"sheet": 60, "column": 60, "found": 200, "expected": 700, "mend": 300}


@dataclass(frozen=True)
class Rule:
    """A check: how grave what it finds is, whether someone may accept it, and what it looks for."""

    rule: str
    severity: str
    acceptable: bool
    meaning: str


@cache
def rules() -> Mapping[str, Rule]:
    """Return every check by its name, from `data/codes/rules.csv`."""
    with resource("data", "codes", "rules.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["rule"]: Rule(row["rule"], row["severity"], row["acceptable"] == "yes", row["meaning"]) for row in rows}


@dataclass(frozen=True)
class Problem(Shown):
    """One thing to mend. `row` counts as the spreadsheet does (the header is usually row 1).

    `rule` names the check that found it; `quotes` says that `found` repeats a cell, which no report prints unasked.
    """

    sheet: str
    found: str
    expected: str
    mend: str
    row: int | None = None
    column: str | None = None
    _: KW_ONLY
    rule: str
    quotes: bool = False

    def __post_init__(self) -> None:
        # a cell may hold 32,767 characters and more; a problem is a line that someone reads
        for name, most in MOST_CHARACTERS.items():
            said = getattr(self, name)
            if said and name in ("sheet", "column"):
                object.__setattr__(self, name, said := " ".join(said.split()))
            if said and len(said) > most:
                object.__setattr__(self, name, f"{said[: most - 1]}…")

    @property
    def severity(self) -> str:
        """Return "error" or "warning", as the rule has it."""
        return rules()[self.rule].severity

    @property
    def where(self) -> str:
        """Return the place: sheet, row and column."""
        return self._at(f"row {self.row}" if self.row else "")

    def _at(self, rows: str) -> str:
        column = f"column {self.column}" if self.column else ""
        return ", ".join(part for part in (f"sheet {self.sheet}", rows, column) if part)

    def __str__(self) -> str:
        return self.line(self.where)

    def line(self, where: str) -> str:
        """Return the problem as one line, told of a place."""
        said = f"{self.severity}: {where}: found {self.found}; expected {self.expected}"
        return f"{said}. To mend: {self.mend}. [{self.rule}]"

    def line_of_rows(self, rows: Sequence[int]) -> str:
        """Return the problem as one line, told of several rows: the first of them, and how many more."""
        shown = ", ".join(map(str, rows[:MOST_ROWS]))
        more = f" and {len(rows) - MOST_ROWS:,} more" if len(rows) > MOST_ROWS else ""
        return self.line(self._at(f"rows {shown}{more}"))

    def _grid(self) -> Grid:
        return problems_grid([self])

    def to_json(self) -> dict[str, str | int | bool | None]:
        """Return the problem's fields and its severity."""
        return {**asdict(self), "severity": self.severity}


class ProblemList(Shown, list[Problem]):
    """The problems of an audit file, errors first: an ordinary list that shows itself."""

    __repr__ = list.__repr__

    def __str__(self) -> str:
        return "\n".join([_counts(self), *problem_lines(self)])

    def _grid(self) -> Grid:
        return problems_grid(self)


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """Return problems as lines, in their order; those that differ in nothing but their row share one."""
    alike: dict[Problem, list[Problem]] = {}
    for problem in problems:
        alike.setdefault(replace(problem, row=None), []).append(problem)
    rows = ((same, [problem.row for problem in same if problem.row]) for same in alike.values())
    return [same[0].line_of_rows(found) if len(found) > 1 else str(same[0]) for same, found in rows]


def problems_grid(problems: Sequence[Problem]) -> Grid:
    """Return problems as a table, a row each."""
    rows = [(p.where, p.severity, p.found, p.expected, p.mend, p.rule) for p in problems]
    return Grid(rows, ("Where", "Severity", "Found", "Expected", "To mend", "Rule"), caption=_counts(problems))


def _counts(problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    return f"{counted(errors, 'problem')} to mend, {len(problems) - errors:,} to look at"


class AuditProblems(CdiStatsError):
    """Raised for an audit file with errors; `problems` lists them all, warnings included."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        errors = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(
            "\n".join(
                [f"{source}: {errors} problem{'s' if errors != 1 else ''} to mend", *problem_lines(self.problems)]
            )
        )

    def _repr_html_(self) -> str:
        return ProblemList(self.problems)._repr_html_()
