"""The page that JupyterLab opens first: what lies in the folder, what each notebook is for, and what to do with it."""

from __future__ import annotations

from collections.abc import Collection

from cdi_stats.resources import resource

START_PAGE = "Start here.md"
PURPOSES = {
    "explore": "look around: choose a measure, a stratum or a method, and see rate, interval, chart and records",
    "data_quality": "the analyst: mistakes in the audit file, what is missing, what two auditors agree on",
    "sample_plan": "the analyst: how many records a margin needs, and what the sample drawn has achieved",
    "inspection": "the inspectorate: judgement, rates with intervals, causes, crimes unrecorded in a year, methods",
    "reinspection": "the inspectorate: the same beside an earlier audit, with the change",
    "board_paper": "the registrar: a paper in numbered paragraphs, with actions",
    "monitoring": "the registrar: many audits in a row, months and districts that stand out",
    "benchmark": "chief officers: the force among all published results",
    "methods": "the statistician: published figures again, and methods side by side",
}


def start_page(notebooks: Collection[str]) -> str:
    """Return the page as Markdown, with a line for each of the notebooks, those that are known first."""
    known = [name for name in PURPOSES if name in notebooks]
    rest = sorted(set(notebooks) - set(known))
    lines = [
        f"| [{name.replace('_', ' ')}](notebooks/{name}.ipynb) | {PURPOSES.get(name, '')} |" for name in known + rest
    ]
    return resource("data", "start-here.md").read_text(encoding="utf-8").format(notebooks="\n".join(lines))
