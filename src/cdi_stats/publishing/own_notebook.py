"""An analyst's own notebook of a report: which report it is, with which parameters, and what was written in it."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cdi_stats.errors import BadParameters
from cdi_stats.publishing.parameters import REPORTS

ENDING = ".ipynb"


class OwnNotebook(NamedTuple):
    """A notebook of a report; `parameters` are those of its own cell, but for the audit."""

    path: Path
    report: str
    parameters: Mapping[str, Any]


def read_own(path: Path) -> OwnNotebook:
    """Return an analyst's own notebook of the report that its metadata declare, as {"cdi": {"report": name}}.

    Raises BadParameters for a file that cannot be read or is no notebook, for one that declares no report there is, and
    for one without its cell of parameters, a `name = value` a line: those of a command would not reach the others.
    """
    notebook = _read(path)
    declared = notebook.metadata.get("cdi")
    report = declared.get("report") if isinstance(declared, dict) else None
    if report not in REPORTS:
        raise BadParameters(
            f"{path}: found {report!r} as the report in its metadata (cdi.report); expected one of "
            f"{', '.join(REPORTS)}. To mend: start from a copy of that report's notebook, as cdi init lays them"
        )
    cells = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise BadParameters(
            f"{path}: found {len(cells)} cells tagged parameters; expected one, the first code cell. "
            "To mend: take that cell from a fresh copy of the notebook"
        )
    return OwnNotebook(path, report, _parameters(path, cells[0]))


def _parameters(path: Path, cell: str) -> dict[str, Any]:
    """Return the values of a parameters cell; an audit to compare with is looked for from the notebook's folder."""
    try:
        given = {name.id: ast.literal_eval(value) for name, value in map(_assigned, ast.parse(cell).body)}
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadParameters(
            f"{path}: the cell of parameters cannot be read ({str(error)[:200]}); expected lines such as "
            "confidence_level = 0.9"
        ) from None
    given.pop("audit", None)
    earlier = given.get("earlier")
    if isinstance(earlier, str) and earlier and (path.parent / earlier).exists():
        given["earlier"] = str(path.parent / earlier)
    return given


def _assigned(statement: ast.stmt) -> tuple[ast.Name, ast.expr]:
    match statement:
        case ast.Assign(targets=[ast.Name() as name], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name() as name, value=ast.expr() as value):
            return name, value
    raise ValueError(f"line {statement.lineno} sets no name")


def _read(path: Path) -> Any:
    import nbformat

    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(notebook)
    except OSError as error:
        raise BadParameters(f"{path}: cannot be read ({error.strerror or error}); expected a notebook") from None
    except Exception as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise BadParameters(f"{path}: is no notebook ({told[0][:200]}); expected one as JupyterLab saves it") from None
    return notebook


def written_in(notebook: bytes) -> Any:
    """Return what people write in a notebook: its report, and the kind, lines and tags of each cell that is not blank.

    Outputs, run marks, ids and spaces at the ends of lines are no edits. What is no notebook comes back as it is.
    """
    try:
        told = json.loads(notebook)
        cells = [
            (cell["cell_type"], _lines(cell["source"]), cell["metadata"].get("tags", [])) for cell in told["cells"]
        ]
        return told["metadata"].get("cdi"), [cell for cell in cells if cell[1]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return notebook


def _lines(source: str | list[str]) -> list[str]:
    return [line.rstrip() for line in "".join(source).strip().splitlines()]
