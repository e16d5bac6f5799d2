"""A report's notebook run by papermill: its own kernel, its own folder, a time limit, a clear failure."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdi_stats.errors import BadParameters, KernelDied, ReportFailed
from cdi_stats.resources import resource

# jsonschema's IRI check builds 35 parsers on import, half of papermill's start; notebooks hold no IRI to check.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

TIME_LIMIT = 600
ENGINE = "cdi"
INJECTED = "injected-parameters"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def notebook_path(report: str) -> Path:
    """Return the notebook of a report."""
    path = resource("notebooks", f"{report}.ipynb")
    if not path.is_file():
        raise BadParameters(f"report: found no notebook {report}.ipynb")
    return path


def run_notebook(
    report: str,
    parameters: Mapping[str, Any],
    folder: Path,
    *,
    path: Path | None = None,
    time_limit: int = TIME_LIMIT,
    fork: bool = False,
) -> Any:
    """Return the executed notebook of a report as a notebook node, without traces of when and where it ran.

    `path` is the notebook, else the bundled one.

    The kernel works in `folder` and ends with the run; each cell may take `time_limit` seconds. With `fork` it is a
    fork of this process, where that is safe. Raises ReportFailed, naming the cell, when one stops; KernelDied when the
    kernel does.
    """
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from cdi_stats.publishing.engine import CdiEngine

    engines = papermill.engines.papermill_engines
    engines.register(ENGINE, CdiEngine)
    notebook = nbformat.read(path or notebook_path(report), as_version=4)  # type: ignore[no-untyped-call]
    try:
        # in two steps, as papermill would write the outputs out once more for nobody
        prepared = papermill.execute_notebook(
            notebook,
            None,
            dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",  # an analyst's own notebook may not say so
            prepare_only=True,
        )
        executed = engines.execute_notebook_with_engine(
            ENGINE,
            prepared,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=time_limit,
            resources={"metadata": {"path": str(folder)}},
            fork=fork,
        )
        papermill.execute.raise_for_execution_errors(executed, None)
    except papermill.PapermillExecutionError as error:
        source = error.source.strip().splitlines()[0] if error.source.strip() else ""
        detail = _COLOURS.sub("", f"{error.ename}: {error.evalue}")
        raise ReportFailed(f"{report}: cell {error.cell_index} ({source}) stopped. {detail}") from None
    except CellTimeoutError:
        raise ReportFailed(f"{report}: a cell took more than {time_limit} seconds and was stopped") from None
    except (DeadKernelError, RuntimeError) as error:
        raise KernelDied(f"{report}: the notebook's kernel died or did not start ({error})") from None
    return _without_traces(executed, parameters)


def portable_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as they may be shown: an audit by its file's name, not by where it lies."""
    return {
        name: Path(value).name if name in ("audit", "earlier") and value else value
        for name, value in parameters.items()
    }


def _without_traces(notebook: Any, parameters: Mapping[str, Any]) -> Any:
    """Drop times, paths, warnings and run marks, so that the same inputs give the same notebook anywhere."""
    from papermill.translators import PythonTranslator

    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        if INJECTED in cell.metadata.get("tags", []):
            cell.id = INJECTED
            cell.source = PythonTranslator.codify(portable_parameters(parameters), "Parameters")
    return notebook
