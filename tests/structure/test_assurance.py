"""The pages of assurance point at files, and at nothing that is not there."""

import re

import pytest
from tests.structure.blocks import DOCS, ROOT

PAGES = sorted((DOCS / "assurance").glob("*.md"))


def lines(page):
    """Return the cells of each line of a page's tables, without their headings."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
        found += [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()[2:]]
    return found


def files_in(cell):
    return re.findall(r"`([^`\s]+)`", cell)


@pytest.mark.parametrize("page", [p for p in PAGES if p.stem != "quality-plan"], ids=lambda page: page.stem)
def test_each_line_points_at_a_file_that_is_there(page):
    assert lines(page)
    for cells in lines(page):
        named = files_in(cells[-1])
        assert named or cells[1].startswith("Not met"), cells
        assert [name for name in named if not (ROOT / name).is_file()] == []


def test_each_promise_of_security_is_held_by_tests_that_are_there():
    promises = [cells for cells in lines(ROOT / "SECURITY.md") if len(cells) == 3]
    assert len(promises) > 10
    for cells in promises:
        named = files_in(cells[-1])
        assert named, cells
        assert [name for name in named if not name.startswith("tests/") or not (ROOT / name).is_file()] == []


def test_the_plan_names_tests_that_are_there():
    named = [name for cells in lines(DOCS / "assurance" / "quality-plan.md") for name in files_in(cells[-1])]
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_file()] == []
