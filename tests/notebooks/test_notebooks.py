"""Each report's notebook: its parameters cell is the parameters' model, and it runs on every bundled audit."""

from __future__ import annotations

import ast
from typing import Literal, get_args, get_origin

import nbformat
import pytest

from cdi_stats.publishing.document import read_document
from cdi_stats.publishing.execution import run_notebook
from cdi_stats.publishing.html import render_html
from cdi_stats.publishing.parameters import REPORTS, check_parameters
from cdi_stats.publishing.publication import collect_figures
from cdi_stats.resources import resource

pytestmark = pytest.mark.usefixtures("warm")
RUNS = [
    ("inspection", "kent-2017"),
    ("inspection", "kent-2018"),
    ("inspection", "kent-board-2017"),
    ("reinspection", "kent-2018"),
]
TOLD = {"title", "judgements", "statement", "paragraph", "bullets", "table", "chart"}
PUBLISHED_RATES = {"kent-2017": "83.6%", "kent-2018": "96.6%", "kent-board-2017": "89.8%"}


@pytest.fixture(scope="module")
def notebooks():
    return {name: nbformat.read(resource("notebooks", f"{name}.ipynb"), as_version=4) for name in REPORTS}


def parameters(notebook):
    """Return {name: value} of the parameters cell; it may hold assignments of plain values only."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    found = {}
    for statement in ast.parse(cell.source).body:
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        (target,) = statement.targets if isinstance(statement, ast.Assign) else (statement.target,)
        found[target.id] = ast.literal_eval(statement.value)
    return found


def kind(annotation):
    """Return the plain type that an annotation admits."""
    return type(get_args(annotation)[0]) if get_origin(annotation) is Literal else annotation


def test_there_is_a_notebook_for_each_report_one_to_explore_and_no_other():
    assert {path.stem for path in resource("notebooks").glob("*.ipynb")} == {*REPORTS, "explore"}


@pytest.mark.parametrize("report", REPORTS)
def test_parameters_cell_agrees_with_the_model(notebooks, report):
    given, fields = parameters(notebooks[report]), REPORTS[report].model_fields
    assert list(given) == list(fields)
    for name, field in fields.items():
        assert type(given[name]) is kind(field.annotation), name
        if not field.is_required():
            assert given[name] == field.default, name
    assert check_parameters(report, given) == given


@pytest.mark.parametrize("report", REPORTS)
def test_every_parameter_is_used(notebooks, report):
    code = [cell.source for cell in notebooks[report].cells if cell.cell_type == "code"]
    used = {node.id for source in code[1:] for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    assert set(REPORTS[report].model_fields) <= used


@pytest.mark.parametrize("report", REPORTS)
def test_cell_ids_are_given_and_unique(notebooks, report):
    ids = [cell.id for cell in notebooks[report].cells]
    assert len(ids) == len(set(ids))
    assert all(name.startswith(report) for name in ids)


@pytest.mark.parametrize(("report", "audit"), RUNS, ids=lambda value: value)
def test_a_notebook_runs_on_a_bundled_audit(report, audit, tmp_path):
    executed = run_notebook(report, check_parameters(report, {"audit": audit}), tmp_path)
    assert not [cell for cell in executed.cells if cell.cell_type == "code" and cell.execution_count is None]
    document = read_document(executed)
    shown = collect_figures(document.blocks)
    assert PUBLISHED_RATES[audit] in shown["recording_rate/all/all/rate"]["texts"]
    shown_blocks = {block["block"] for block in document.blocks}
    assert shown_blocks | ({"judgements"} if audit == "kent-board-2017" else set()) >= TOLD
    assert any(key.startswith("change/") for key in shown) == (audit == "kent-2018")
    page = render_html(document)
    assert all(f'data-figure="{key}"' in page for key in shown)
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


@pytest.mark.parametrize("audit", ["kent-2017", "kent-board-2017"])
def test_the_methods_notebook_runs_on_a_bundled_audit(audit, tmp_path):
    """The board's audit has no frames, flags or months enough: each section then says so."""
    executed = run_notebook("methods", check_parameters("methods", {"audit": audit, "replicates": 200}), tmp_path)
    document = read_document(executed)
    shown = collect_figures(document.blocks)
    assert {
        "replication/all",
        "coverage/ordinary/mean",
        "forces/number",
        "methods/violence/wilson/kurtosis/low",
    } <= set(shown)
    assert ("yan_su/rate" in shown) == (audit == "kent-2017")
    assert ("contrast/rape/difference" in shown) == (audit == "kent-2017")
    assert ("concentration/sexual/carried" in shown) == (audit == "kent-board-2017")
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


@pytest.mark.parametrize("audit", ["kent-2017", "kent-board-2017"])
def test_the_sample_plan_notebook_runs_on_a_bundled_audit(audit, tmp_path):
    """The board's audit has margins planned but no frames; the inspection has frames but no margins."""
    executed = run_notebook("sample_plan", check_parameters("sample_plan", {"audit": audit}), tmp_path)
    shown = collect_figures(read_document(executed).blocks)
    assert {"sample_plan/records", "sample_plan/violence/records", "sample_plan/violence/expected"} <= set(shown)
    assert ("sample_plan/allocation/neyman/margin" in shown) == (audit == "kent-2017")
    assert ("precision/sexual/plain" in shown) == (audit == "kent-board-2017")
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


def test_the_board_paper_notebook_runs_on_the_board_audit(tmp_path):
    executed = run_notebook("board_paper", check_parameters("board_paper", {"audit": "kent-board-2017"}), tmp_path)
    document = read_document(executed)
    numbers = [block["number"] for block in document.blocks if block["block"] == "numbered"]
    assert numbers == list(range(1, len(numbers) + 1)), "numbered straight through"
    assert (
        PUBLISHED_RATES["kent-board-2017"] in collect_figures(document.blocks)["recording_rate/all/all/rate"]["texts"]
    )
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


def test_the_data_quality_notebook_runs_on_a_bundled_audit(tmp_path):
    executed = run_notebook("data_quality", check_parameters("data_quality", {"audit": "kent-2017"}), tmp_path)
    shown = collect_figures(read_document(executed).blocks)
    assert shown["data_quality/holdings/reported"]["value"] == 1500
    assert shown["data_quality/problems/errors"]["value"] == 0
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


@pytest.mark.parametrize("audit", ["example-police", "kent-2017"])
def test_the_monitoring_notebook_runs_on_a_series_and_on_one_audit(audit, tmp_path):
    executed = run_notebook("monitoring", check_parameters("monitoring", {"audit": audit}), tmp_path)
    shown = collect_figures(read_document(executed).blocks)
    assert {"monitoring/audits", "further/all/share", "looks/violence/low"} <= set(shown)
    assert ("district/Valley/pooled" in shown) == (audit == "example-police")
    assert ("series/2023-09/limits/low" in shown) == (audit == "example-police")
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


@pytest.mark.parametrize("audit", ["kent-2017", "kent-2018", "kent-board-2017"])
def test_the_benchmark_notebook_runs_on_a_bundled_audit(audit, tmp_path):
    executed = run_notebook("benchmark", check_parameters("benchmark", {"audit": audit}), tmp_path)
    shown = collect_figures(read_document(executed).blocks)
    assert {"standing/overall/place", "published/Kent 2017/rate", "published/Cumbria 2019/pooled"} <= set(shown)
    assert list(tmp_path.iterdir()) == [], "a notebook writes no file"


def test_parameters_reach_the_notebook(tmp_path):
    given = {"audit": "kent-2017", "confidence_level": 0.8, "overall": "weighted"}
    document = read_document(run_notebook("inspection", check_parameters("inspection", given), tmp_path))
    shown = collect_figures(document.blocks)
    assert shown["recording_rate/all/all/rate"]["texts"] == ["82.7%"]
    assert "80% interval" in str(document.blocks)
    assert "95% interval" not in str(document.blocks)
