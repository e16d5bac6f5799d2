"""The tutorial, followed to the letter: its cells filled in, its commands run, its outputs and files found.

The pages that go on from it quote outputs too; those that come from its files are run again here.
"""

import re
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader
from tests.structure.followed import PART, fill, follow, plain, run, steps

from cdi_stats.audit.reading import check_audit
from cdi_stats.audit.template import write_template

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "tutorial.md").read_text(encoding="utf-8")
WORKBOOK = "audit.xlsx"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return the folder that a reader of the page ends up in."""
    return follow(TEXT, tmp_path_factory.mktemp("reader"), WORKBOOK)


def test_the_page_tells_the_whole_way():
    assert [what for action, what, _ in steps(TEXT) if action == "fill"] == [
        *("audit", "strata", "records", "crimes"),
        "crimes",
    ]
    assert [what for action, what, _ in steps(TEXT) if action == "run"] == [
        "cdi init my-audit",
        "cd my-audit",
        "cdi check audit.xlsx",
        "cdi check audit.xlsx",
        "cdi estimate audit.xlsx",
        "cdi report inspection audit.xlsx",
    ]


def test_every_file_that_the_page_promises_is_there(followed):
    section = TEXT.split("\n## 6.")[1].split("\n## 7.")[0]
    report = followed / "reports" / "my-audit" / "inspection"
    named = re.findall(r"`(\w+\.\w+)`", section)
    assert len(named) == 3
    assert [name for name in named if not (report / name).is_file()] == []
    assert (followed / "reports" / "index.html").is_file()


def test_the_first_page_says_what_the_tutorial_quotes(followed):
    section = TEXT.split("\n## 7.")[1].split("\n## ")[0]
    quoted = [" ".join(words.split()) for words in re.findall(r"\*([^*]+)\*", section)]
    report = followed / "reports" / "my-audit" / "inspection" / "inspection.pdf"
    first = " ".join(PdfReader(report).pages[0].extract_text().split())
    assert len(quoted) > 6
    assert [words for words in quoted if words not in first] == []


def test_cells_left_as_text_are_read_the_same(tmp_path):
    """A spreadsheet that takes what is typed for text, dates included, gives the same audit."""
    write_template(tmp_path / WORKBOOK)
    for action, sheet, table in steps(TEXT):
        if action == "fill":
            fill(tmp_path / WORKBOOK, sheet, table, as_typed=str)
    assert check_audit(tmp_path / WORKBOOK) == []


def outputs(page, kind):
    return [
        found["output"] for found in PART.finditer((DOCS / page).read_text(encoding="utf-8")) if found["kind"] == kind
    ]


def test_the_check_and_the_acceptance_are_as_shown(followed, tmp_path):
    book = openpyxl.load_workbook(followed / WORKBOOK)
    book["records"]["E3"] = datetime(2018, 7, 2, 9, 30)
    book["crimes"]["D2"], book["crimes"]["F2"] = datetime(2018, 6, 2, 21, 40), datetime(2018, 6, 1, 23, 15)
    book.save(tmp_path / WORKBOOK)
    first, after = outputs("how-to/check-and-accept.md", "text")
    (accepted,) = outputs("how-to/check-and-accept.md", "toml")
    assert plain(run(tmp_path, "cdi check audit.xlsx")[1]) == plain(first)
    blank = re.sub('^(reason|accepted_by) = ".*"', r'\1 = ""', accepted, flags=re.MULTILINE)
    assert blank.strip() in run(tmp_path, "cdi check audit.xlsx --as-overrides")[1]
    (tmp_path / "audit.overrides.toml").write_text(accepted, encoding="utf-8")
    assert plain(run(tmp_path, "cdi check audit.xlsx")[1]) == plain(after)


def test_the_plan_to_start_from_needs_what_is_shown(followed):
    shown, *_ = outputs("how-to/plan-and-draw.md", "text")
    assert plain(run(followed.parent, "cdi plan my-audit/plan.toml")[1]) == plain(shown)
