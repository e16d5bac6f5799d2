"""The published examples in the repository are what the code publishes now: each figure, and the page letter by letter.

A change of a number or a word shows here until the examples are published and looked at again (reports/README.md).
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from tests.publications.examples import EXAMPLES

from cdi_stats.publishing.publication import publish

KEPT = Path(__file__).resolve().parents[2] / "reports" / "examples"
WANTED = {f"{audit}/{report}" for report, audit in EXAMPLES.items()}
FOUND = {path.relative_to(KEPT).as_posix() for path in KEPT.glob("*/*") if path.is_dir()}


@pytest.fixture(scope="session")
def fresh(published, tmp_path_factory):
    """Return a fresh publication of a report, by its folder's name; each is made once."""
    out = tmp_path_factory.mktemp("examples")

    @cache
    def of(name):
        audit, report = name.split("/")
        return published(report) if name in WANTED else publish(report, audit, out=out)

    return of


def figures_of(folder):
    return json.loads((folder / "figures.json").read_text(encoding="utf-8"))


def test_one_example_of_each_report_is_there():
    assert FOUND >= WANTED


@pytest.mark.parametrize("name", sorted(WANTED | FOUND))
def test_figures_are_what_the_code_computes_now(fresh, name):
    """Texts to the letter; values to nine digits, for the last ones may differ from processor to processor."""
    kept, made = figures_of(KEPT / name)["figures"], figures_of(fresh(name).folder)["figures"]
    assert [without_value(figure) for figure in kept] == [without_value(figure) for figure in made]
    assert [figure["value"] for figure in kept] == pytest.approx([figure["value"] for figure in made], rel=1e-9)


@pytest.mark.parametrize("name", sorted(WANTED | FOUND))
def test_every_figure_says_how_it_came_about(name):
    """The design's sixth contract; a figure that disclosure control has changed alone says nothing."""
    assert [figure["key"] for figure in figures_of(KEPT / name)["figures"] if not figure["source"].strip()] == []


@pytest.mark.parametrize("name", sorted(WANTED | FOUND))
def test_the_page_is_what_the_code_writes_now(fresh, name):
    page = fresh(name).files["html"]
    assert read_without_values(KEPT / name / page.name) == read_without_values(page)


def without_value(figure):
    return {name: entry for name, entry in figure.items() if name != "value"}


def read_without_values(page):
    return re.sub(r' data-value="[^"]*"', "", page.read_text(encoding="utf-8"))
