"""The folder that an analyst starts in: a workbook to fill in, a worked example, plans and a theme, or a mapping."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cdi_stats.audit.draft import draft_mapping
from cdi_stats.audit.drawn import refuse_to_replace
from cdi_stats.audit.reading import inspect_audit
from cdi_stats.audit.template import write_template
from cdi_stats.errors import BadParameters
from cdi_stats.resources import resource

WORKBOOK, EXAMPLE, MAPPING = "audit.xlsx", "worked-example.xlsx", "mapping.toml"
TO_FILL_IN = ("plan.toml", "batch.toml", "theme.toml")


@dataclass(frozen=True)
class Project:
    """What was written, and what a drafted mapping could not match."""

    files: tuple[Path, ...]
    unmatched: tuple[str, ...] = ()


def start_project(folder: str | Path, *, theirs: str | Path | None = None) -> Project:
    """Write an analyst's files into a folder, which is made where it is not there.

    These are a blank workbook, a worked example, a sampling plan, a batch plan and a theme; with a force's own workbook
    (`theirs`) a mapping drafted from it. Raises BadParameters where a file is there already, UnreadableAudit for a
    workbook that is none.
    """
    place = Path(folder)
    if place.exists() and not place.is_dir():
        raise BadParameters(f"{folder}: found a file; expected a folder, or a name for a new one")
    if theirs is not None:
        draft = draft_mapping(theirs)
        file = place / MAPPING
        _prepare(place, file)
        file.write_text(draft.toml, encoding="utf-8", newline="\n")
        return Project((file,), draft.unmatched)
    files = tuple(place / name for name in (WORKBOOK, EXAMPLE, *TO_FILL_IN))
    _prepare(place, *files)
    write_template(place / WORKBOOK)
    write_template(place / EXAMPLE, _example_tables())
    for name in TO_FILL_IN:
        (place / name).write_bytes(resource("data", name).read_bytes())
    return Project(files)


def _prepare(folder: Path, *files: Path) -> None:
    refuse_to_replace(*files)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadParameters(
            f"{folder}: cannot be made ({error.strerror}); expected a folder that can be written"
        ) from None


def _example_tables() -> dict[str, pd.DataFrame]:
    """Return the worked example with dates and numbers as such."""
    found = inspect_audit(resource("data", "worked_example"))
    facts = pd.DataFrame(list(found.facts.items()), columns=["key", "value"])
    tables = {name: table.astype("object").where(table.notna(), None) for name, table in found.tables.items()}
    answers = {True: "yes", False: "no"}
    tables = {
        name: table.map(lambda cell: answers[cell] if cell is True or cell is False else cell)
        for name, table in tables.items()
    }
    return {"audit": facts, **tables}
