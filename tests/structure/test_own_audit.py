"""The first own audit, followed to the letter: from the plan to the scheduler's file, and what its reports say."""

import filecmp
import re
import shutil

import pytest
from pypdf import PdfReader
from tests.structure.followed import follow, steps
from tests.structure.own_audit_files import FOLDER, PAGE, make

TEXT = PAGE.read_text(encoding="utf-8")
WORKBOOK = "september-2024.xlsx"


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """Return the folder that a reader of the page ends up in, with the files that the page hands out."""
    folder = tmp_path_factory.mktemp("reader")
    shutil.copytree(FOLDER, folder / "autumn-audit")
    return follow(TEXT, folder, WORKBOOK)


def quoted(part):
    section = TEXT.split(f"\n## {part}.")[1].split("\n## ")[0]
    return [" ".join(words.split()) for words in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", section)]


def first_pages(path):
    return " ".join(" ".join(page.extract_text() for page in PdfReader(path).pages[:2]).split())


def test_the_page_takes_an_audit_the_whole_way():
    done = [what.split()[1] for action, what, _ in steps(TEXT) if action == "run" and what.startswith("cdi ")]
    assert list(dict.fromkeys(done)) == [
        *("init", "plan", "draw", "check", "estimate", "compare", "report", "schedule")
    ]


@pytest.mark.parametrize(
    ("part", "report"),
    [(8, "reports/{}/inspection/inspection.pdf"), (9, "for-the-public/{}/board_paper/board_paper.pdf")],
)
def test_the_reports_say_what_the_page_quotes(followed, part, report):
    first = first_pages(followed / report.format("september-2024"))
    assert quoted(part)
    assert [words for words in quoted(part) if words not in first] == []


def test_the_files_handed_out_are_what_the_made_up_force_gives(tmp_path):
    make(tmp_path)
    names = sorted(path.name for path in FOLDER.iterdir())
    assert filecmp.cmpfiles(FOLDER, tmp_path, names, shallow=False) == (names, [], [])
