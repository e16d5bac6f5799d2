"""Where a table's rows come from: one sheet of the file or several, and rows that the mapping adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cdi_stats.audit.cells import Cells
from cdi_stats.audit.problems import Problem


@dataclass(frozen=True)
class Sources:
    """The parts that make up a table of ours, in their order."""

    parts: tuple[Cells, ...] = ()

    @cached_property
    def index(self) -> Sequence[int]:
        """The rows' numbers in the file; where two rows would share one, their places from 1."""
        rows = [row for part in self.parts for row in part.rows]
        return rows if len(set(rows)) == len(rows) and len(self.parts) < 2 else range(1, len(rows) + 1)

    @cached_property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The columns that any part has, blank in the others."""
        if len(self.parts) == 1:
            return self.parts[0].columns
        names = dict.fromkeys(name for part in self.parts for name in part.columns)
        return {
            name: [cell for part in self.parts for cell in part.columns.get(name, [None] * len(part.rows))]
            for name in names
        }

    def told(self, problem: Problem) -> Problem | None:
        """Return a problem under the file's own names and at its own row; None for a blank in a column not there.

        That the column is not there has been said already.
        """
        part, row = self._place(problem.row)
        if part is None:
            return problem
        if problem.rule == "blank-cell" and row is not None and problem.column not in part.columns:
            return None
        column = part.titles.get(problem.column or "", problem.column)
        return replace(problem, sheet=part.title, row=row, column=column)

    def _place(self, index: int | None) -> tuple[Cells | None, int | None]:
        if index is None or isinstance(self.index, list):
            return next(iter(self.parts), None), index
        place = index - 1
        for part in self.parts:
            if place < len(part.rows):
                return part, part.rows[place]
            place -= len(part.rows)
        return None, index
