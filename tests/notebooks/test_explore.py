"""explore.ipynb without a browser: its parameters are a view's, and a scheduled run shows that view as a document."""

from __future__ import annotations

import ast
import inspect
from dataclasses import asdict

import nbformat
import papermill
import pytest

from cdi_stats import examine, explore, read_audit
from cdi_stats.publishing.document import read_document
from cdi_stats.publishing.execution import run_notebook
from cdi_stats.publishing.html import render_html
from cdi_stats.publishing.publication import collect_figures
from cdi_stats.report.view import View
from cdi_stats.resources import resource

NOTEBOOK = resource("notebooks", "explore.ipynb")
GIVEN = {"audit": "kent-2017", "flag": "domestic_abuse", "split": "flag", "method": "logit", "confidence_level": 0.9}


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_its_parameters_are_a_views_and_the_controls_own(notebook):
    """A scheduled run without parameters shows what a View shows by default."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    given = {s.targets[0].id: ast.literal_eval(s.value) for s in ast.parse(cell.source).body}
    own = {"more_records", "show_records", "disclosure"}
    assert {name: value for name, value in given.items() if name not in own} == asdict(View("kent-2017"))
    defaults = {n: p.default for n, p in inspect.signature(explore).parameters.items() if n in own}
    assert {name: given[name] for name in own} == defaults


def test_every_parameter_is_used(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    used = {node.id for node in ast.walk(ast.parse(cells[1])) if isinstance(node, ast.Name)}
    assert {s.targets[0].id for s in ast.parse(cells[0]).body} <= used


def test_a_scheduled_run_shows_the_chosen_view(tmp_path):
    document = read_document(run_notebook("explore", GIVEN, tmp_path))
    shown = collect_figures(document.blocks)
    audit = read_audit("kent-2017")
    e = examine(audit, method="logit", confidence_level=0.9).get("recording_rate", "domestic_abuse").estimate
    for name, value in (("rate", e.rate), ("low", e.interval.low), ("high", e.interval.high)):
        assert shown[f"recording_rate/domestic_abuse/all/{name}"]["value"] == pytest.approx(value, rel=1e-11)
    kinds = [block["block"] for block in document.blocks]
    assert {"chart", "table", "paragraph"} <= set(kinds)
    page = render_html(document)
    assert "<script" not in page
    assert "S-0256" not in page, "no record's own number"
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


def test_papermill_alone_runs_it(tmp_path):
    """As a scheduler would, with no part of this package but the notebook: the output is a page without a kernel."""
    executed = papermill.execute_notebook(
        str(NOTEBOOK), str(tmp_path / "out.ipynb"), {"stratum": "violence"}, cwd=str(tmp_path),
        kernel_name="python3", progress_bar=False,
    )  # fmt: skip
    (output,) = [output for cell in executed.cells for output in cell.get("outputs", []) if "data" in output]
    e = examine(read_audit("kent-2017")).stratum("violence").estimate
    assert f'data-value="{e.interval.low:.12g}"' in output.data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in output.data
