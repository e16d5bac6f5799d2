"""The tutorial, followed to the letter: its cells filled in, its commands run, its outputs and files found.

The pages that go on from it quote outputs too; those that come from its files are run again here.
"""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from pypdf import PdfReader

from cdi_stats.audit.reading import check_audit
from cdi_stats.audit.template import write_template

DOCS = Path(__file__).resolve().parents[2] / "docs"
TEXT = (DOCS / "tutorial.md").read_text(encoding="utf-8")
WORKBOOK = "audit.xlsx"
PART = re.compile(
    r"On the sheet \*\*(?P<sheet>\w+)\*\*"
    r"|^(?P<table>\|.*\|\n\|[-|]+\|\n(?:\|.*\|\n)+)"
    r"|^```\n(?P<command>.+)\n```$"
    r"|^```(?P<kind>text|toml)\n(?P<output>(?:.*\n)+?)```$",
    re.MULTILINE,
)


def typed(text):
    """Return a cell as a spreadsheet holds what was typed."""
    if re.fullmatch(r"\d\d/\d\d/\d{4}", text):
        return datetime.strptime(text, "%d/%m/%Y")
    return int(text) if text.isdigit() else text


def cells_of(table):
    """Yield address, heading (where the table names one) and text of each cell that a table says to fill in."""
    heading, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    for row in rows:
        if heading == ["cell", "value"]:
            yield row[0], None, row[1]
        else:
            columns = [name.split(": ") for name in heading[1:]]
            yield from ((f"{c}{row[0]}", name, text) for (c, name), text in zip(columns, row[1:], strict=True) if text)


def steps():
    """Yield what the page says to do, in its order: ("fill", sheet, table), ("run", command, output it promises)."""
    sheet, parts = None, [*PART.finditer(TEXT)]
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        sheet = part["sheet"] or sheet
        if part["table"]:
            yield "fill", sheet, part["table"]
        elif part["command"]:
            yield "run", part["command"], following["output"] if following else None


def fill(path, sheet, table, as_typed=typed):
    book = openpyxl.load_workbook(path)
    for address, heading, text in cells_of(table):
        cell = book[sheet][address]
        assert heading in (None, book[sheet].cell(1, cell.column).value), f"{sheet}, {address}"
        cell.value = as_typed(text)
    book.save(path)


def plain(text):
    return [" ".join(line.split()) for line in text.replace("\\", "/").strip().splitlines()]


def run(folder, command):
    """Return what a command of cdi prints, in the same interpreter as this test's."""
    words = [sys.executable, "-m", "cdi_stats", *command.removeprefix("cdi ").split()]
    return subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return the folder that a reader of the page ends up in."""
    folder = tmp_path_factory.mktemp("reader")
    for action, what, then in steps():
        if action == "fill":
            fill(folder / WORKBOOK, what, then)
        elif what.startswith("cd "):
            folder = folder / what.removeprefix("cd ")
        else:
            ran = run(folder, what)
            assert plain(ran.stdout) == plain(then), ran.stderr
            assert ran.returncode == (2 if "error: " in then else 0)
    return folder


def test_the_page_tells_the_whole_way():
    assert [what for action, what, _ in steps() if action == "fill"] == [
        *("audit", "strata", "records", "crimes"),
        "crimes",
    ]
    assert [what for action, what, _ in steps() if action == "run"] == [
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
    for action, sheet, table in steps():
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
    assert plain(run(tmp_path, "cdi check audit.xlsx").stdout) == plain(first)
    blank = re.sub('^(reason|accepted_by) = ".*"', r'\1 = ""', accepted, flags=re.MULTILINE)
    assert blank.strip() in run(tmp_path, "cdi check audit.xlsx --as-overrides").stdout
    (tmp_path / "audit.overrides.toml").write_text(accepted, encoding="utf-8")
    assert plain(run(tmp_path, "cdi check audit.xlsx").stdout) == plain(after)


def test_the_plan_to_start_from_needs_what_is_shown(followed):
    shown, *_ = outputs("how-to/plan-and-draw.md", "text")
    assert plain(run(followed.parent, "cdi plan my-audit/plan.toml").stdout) == plain(shown)
