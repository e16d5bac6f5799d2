"""An analyst's own notebook of a report: which report it is, and whether that can be published from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cdi_stats.errors import BadParameters
from cdi_stats.publishing.parameters import REPORTS

ENDING = ".ipynb"


def report_of(path: Path) -> str:
    """Return the report that a notebook declares in its metadata, as the bundled ones do: {"cdi": {"report": name}}.

    Raises BadParameters for a file that cannot be read or is no notebook, for one that declares no report there is, and
    for one without its one cell of parameters: an audit given to it would not reach its cells.
    """
    notebook = _read(path)
    declared = notebook.metadata.get("cdi")
    report = declared.get("report") if isinstance(declared, dict) else None
    if report not in REPORTS:
        raise BadParameters(
            f"{path}: found {report!r} as the report in its metadata (cdi.report); expected one of "
            f"{', '.join(REPORTS)}. "
            "To mend: start from a copy of that report's notebook, as cdi init lays them"
        )
    tagged = sum("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells)
    if tagged != 1:
        raise BadParameters(
            f"{path}: found {tagged} cells tagged parameters; expected one, the first code cell. "
            "To mend: take that cell from a fresh copy of the notebook"
        )
    return str(report)


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
