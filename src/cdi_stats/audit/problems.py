"""What is wrong with an audit file: one Problem each, all of them at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from cdi_stats.errors import CdiStatsError


@dataclass(frozen=True)
class Problem:
    """One thing to mend. `row` counts as the spreadsheet does (the header is usually row 1).

    `rule` names the check that found it; `quotes` says that `found` repeats a cell, which no report may print.
    """

    sheet: str
    found: str
    expected: str
    mend: str
    row: int | None = None
    column: str | None = None
    severity: str = "error"
    rule: str = ""
    quotes: bool = False

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                f"sheet {self.sheet}",
                f"row {self.row}" if self.row else "",
                f"column {self.column}" if self.column else "",
            )
            if part
        )
        return f"{self.severity}: {where}: found {self.found}; expected {self.expected}. To mend: {self.mend}."

    def to_json(self) -> dict[str, str | int | None]:
        """Return the problem's fields."""
        return asdict(self)


class AuditProblems(CdiStatsError):
    """Raised for an audit file with errors; `problems` lists them all, warnings included."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        errors = sum(problem.severity == "error" for problem in self.problems)
        super().__init__(
            "\n".join([f"{source}: {errors} problem{'s' if errors != 1 else ''} to mend", *map(str, self.problems)])
        )
