"""The pages for developers, done in a copy of the project: each change made as it is shown, and what comes of it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tests.structure.followed import plain

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    name: (ROOT / "docs" / "how-to" / f"add-a-{name}.md").read_text("utf-8") for name in ("measure", "method", "report")
}
BLOCK = re.compile(r'^```(?P<kind>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks(page, kind, suffix=""):
    found = [block for block in BLOCK.finditer(PAGES[page]) if block["kind"] == kind]
    return [(block["file"], block["text"]) for block in found if (block["file"] or "").endswith(suffix)]


def change(folder, file, diff):
    """Make the change that a diff shows: its old lines must be there, once."""
    lines = diff.splitlines()
    old, new = ("".join(f"{line[1:]}\n" for line in lines if line[0] in f" {sign}") for sign in "-+")
    text = (folder / file).read_text("utf-8")
    assert text.count(old) == 1, file
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")


def run(folder, *words):
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    command = [sys.executable, *words]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert ran.returncode == 0, ran.stderr
    return plain(ran.stdout)


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A copy of the project with every change made that the pages show."""
    folder = tmp_path_factory.mktemp("copy")
    for part in ("src", "data", "notebooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for page in PAGES:
        for file, diff in blocks(page, "diff"):
            change(folder, file, diff)
    notebook = nbformat.read(folder / "notebooks" / "inspection.ipynb", as_version=4)
    notebook.cells.clear()
    for block in BLOCK.finditer(PAGES["report"]):
        if (block["file"] or "").endswith(".ipynb"):
            make = nbformat.v4.new_markdown_cell if block["kind"] == "markdown" else nbformat.v4.new_code_cell
            notebook.cells.append(make(block["text"].rstrip("\n")))
            file = block["file"]
    notebook.cells[1].metadata["tags"] = ["parameters"]
    notebook.metadata["cdi"]["report"] = "headline"
    nbformat.write(notebook, folder / file)
    return folder


@pytest.mark.parametrize("page", ["measure", "report"])
def test_the_command_prints_what_the_page_shows(changed, page):
    ((_, command),), ((_, shown),) = blocks(page, ""), blocks(page, "text")
    printed = run(changed, "-m", "cdi_stats", *shlex.split(command)[1:])
    assert shown
    assert [line for line in plain(shown) if line not in printed] == []


def test_the_method_holds_its_test(changed):
    ((_, test),) = blocks("method", "python")
    name = re.search(r"def (test_\w+)", test)[1]
    run(changed, "-c", f"{test}\n{name}()")
