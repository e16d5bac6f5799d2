"""Problems that someone answers for: each override accepts one named problem, with a reason and a name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cdi_stats.audit.beside import read_toml
from cdi_stats.audit.problems import Problem, rules
from cdi_stats.errors import BadParameters

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
SHEET = "overrides"
NAMED_BY = ("rule", "sheet", "row", "column", "found")


class Override(BaseModel):
    """One acceptance. Rule, sheet, row, column and found are those that `cdi check` prints."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    rule: Said
    sheet: Said
    row: Annotated[int, Field(ge=1)] | None = None
    column: str | None = None
    found: Said
    reason: Said
    accepted_by: Said

    def accepts(self, problem: Problem) -> bool:
        """Return whether this is the problem meant, to the letter."""
        return all(
            getattr(self, name) == getattr(problem, name) for name in ("rule", "sheet", "row", "column", "found")
        )


@dataclass(frozen=True)
class Accepted:
    """A problem that stands, why that is right, and who says so."""

    problem: Problem
    reason: str
    accepted_by: str


def read_overrides(path: str | Path) -> tuple[Override, ...]:
    """Return the overrides in a TOML file of [[accept]] blocks. Raises BadParameters with one line a problem."""
    name, given = Path(path).name[:100], read_toml(path, "[[accept]] blocks in TOML")
    blocks = given.pop("accept", [])
    lines = [f"{name}: found {part[:60]}; expected [[accept]] blocks and nothing else" for part in given]
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        blocks, lines = [], [*lines, f"{name}: accept: expected blocks headed [[accept]]"]
    found = []
    for number, block in enumerate(blocks, start=1):
        try:
            found.append(Override.model_validate(block))
        except ValidationError as error:
            lines += [_line(f"{name}: accept {number}", detail) for detail in error.errors()]
    if lines:
        raise BadParameters("\n".join(lines))
    return tuple(found)


def _line(block: str, detail: Any) -> str:
    place = f"{block}, {'.'.join(map(str, detail['loc']))[:60]}"
    if detail["type"] == "string_too_short":
        return f"{place}: found nothing; expected text. To mend: fill it in"
    return f"{place}: {detail['msg'].lower()}"


def apply_overrides(
    problems: Sequence[Problem], overrides: Sequence[Override]
) -> tuple[list[Problem], tuple[Accepted, ...]]:
    """Return the problems left and those accepted; to accept nothing, or what may not be, is an error itself."""
    left = list(problems)
    accepted = []
    for number, override in enumerate(overrides, start=1):
        meant = next((problem for problem in left if override.accepts(problem)), None)
        if meant is None:
            left.insert(0, _unused(override, number))
        elif not rules()[meant.rule].acceptable:
            left.insert(0, _refused(override, number))
        else:
            left.remove(meant)
            accepted.append(Accepted(meant, override.reason, override.accepted_by))
    return left, tuple(accepted)


def as_override(problem: Problem) -> str:
    """Return the TOML block that accepts a problem once reason and name are filled in."""
    fields = {name: getattr(problem, name) for name in NAMED_BY}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items() if value is not None]
    return "\n".join(["[[accept]]", *lines, 'reason = ""', 'accepted_by = ""'])


def _unused(override: Override, number: int) -> Problem:
    place = ", ".join(str(part)[:60] for part in (override.sheet, override.row, override.column) if part)
    return Problem(
        SHEET,
        f"acceptance {number}: {override.rule[:60]} at {place}",
        "a problem that cdi check lists, to the letter",
        "delete the block, or copy rule, sheet, row, column and found from cdi check --json",
        rule="override-unused",
        quotes=True,
    )


def _refused(override: Override, number: int) -> Problem:
    may = ", ".join(rule.rule for rule in rules().values() if rule.acceptable)
    return Problem(
        SHEET,
        f"acceptance {number}: {override.rule}",
        f"one that leaves every figure right: {may}",
        "mend the audit file instead",
        rule="override-not-acceptable",
    )
