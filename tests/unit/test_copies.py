"""Notebooks copied into an analyst's folder: made where missing, renewed where unedited, left alone where edited."""

from __future__ import annotations

import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cdi_stats.audit.project import start_project
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.errors import BadParameters
from cdi_stats.lab import copies
from cdi_stats.lab.copies import KEPT, Why, lay_copies
from cdi_stats.lab.start_page import PURPOSES, START_PAGE, start_page
from cdi_stats.publishing.theme.reading import read_theme
from cdi_stats.resources import resource

NAME = "notebooks/inspection.ipynb"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with one notebook, to be upgraded: call with the words of its heading."""

    def upgrade(words):
        notebook = new_notebook(
            cells=[new_markdown_cell(f"# {words}"), new_code_cell("report.title()")],
            metadata={"cdi": {"report": "inspection"}},
        )
        (tmp_path / "package" / "notebooks").mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, tmp_path / "package" / NAME)

    upgrade("First")
    monkeypatch.setattr(copies, "resource", lambda folder: tmp_path / "package" / folder)
    return upgrade


@pytest.fixture
def folder(tmp_path, package):  # noqa: ARG001
    lay_copies(tmp_path / "mine")
    return tmp_path / "mine"


def written(folder):
    return {(copied.path.relative_to(folder).as_posix(), copied.why) for copied in lay_copies(folder)}


def edit(folder, old, new, name=NAME):
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def run(folder):
    """Save the copy as JupyterLab does when its cells have been run: outputs, marks, other ids, an empty last cell."""
    notebook = nbformat.read(folder / NAME, as_version=4)
    notebook.cells[1].update(execution_count=7, id="other", outputs=[new_output("stream", text="out")])
    notebook.cells[1].metadata["collapsed"] = True
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    notebook.cells.append(new_code_cell(""))
    nbformat.write(notebook, folder / NAME)


def test_a_copy_is_the_original_to_the_byte_and_is_made_once(folder, tmp_path):
    assert (folder / NAME).read_bytes() == (tmp_path / "package" / NAME).read_bytes()
    assert written(folder) == set()


def test_an_unedited_copy_is_renewed_though_it_was_run(folder, package):
    run(folder)
    assert written(folder) == set()
    package("Second")
    assert written(folder) == {(NAME, Why.NEWER)}
    assert "# Second" in (folder / NAME).read_text(encoding="utf-8")
    assert written(folder) == set()


@pytest.mark.parametrize(("old", "new"), [("# First", "# Mine"), ("report.title()", "report.summary()")])
def test_an_edited_copy_stays_and_the_newer_is_laid_beside_it_once(folder, package, old, new):
    edit(folder, old, new)
    kept = (folder / NAME).read_bytes()
    assert written(folder) == set()
    package("Second")
    assert written(folder) == {("notebooks/inspection.new.ipynb", Why.EDITED)}
    assert (folder / NAME).read_bytes() == kept
    (folder / "notebooks/inspection.new.ipynb").unlink()
    assert written(folder) == set(), "who has put it away is not offered it again"


def test_the_next_newer_one_takes_the_place_of_the_last_unless_that_was_edited(folder, package):
    edit(folder, "# First", "# Mine")
    for words in ("Second", "Third"):
        package(words)
        assert written(folder) == {("notebooks/inspection.new.ipynb", Why.EDITED)}
    edit(folder, "# Third", "# Third, mine", "notebooks/inspection.new.ipynb")
    package("Fourth")
    assert written(folder) == {("notebooks/inspection.new2.ipynb", Why.EDITED)}


def test_who_takes_the_newer_one_over_is_up_to_date(folder, package):
    edit(folder, "# First", "# Mine")
    package("Second")
    lay_copies(folder)
    (folder / "notebooks/inspection.new.ipynb").replace(folder / NAME)
    assert written(folder) == set()
    package("Third")
    assert written(folder) == {(NAME, Why.NEWER)}


def test_a_deleted_copy_comes_back(folder):
    (folder / NAME).unlink()
    (folder / START_PAGE).unlink()
    assert written(folder) == {(NAME, Why.MISSING), (START_PAGE, Why.MISSING)}


@pytest.mark.parametrize("memory", [None, "", "[]", '{"notebooks/inspection.ipynb": {"sha": 1}}'])
def test_without_its_memory_a_folder_loses_nothing(folder, package, memory):
    run(folder)
    (folder / KEPT).unlink() if memory is None else (folder / KEPT).write_text(memory, encoding="utf-8")
    assert written(folder) == set()
    shutil.rmtree(folder / KEPT.parent)
    package("Second")
    assert written(folder) == {("notebooks/inspection.new.ipynb", Why.EDITED)}


def test_a_broken_copy_counts_as_edited(folder, package):
    (folder / NAME).write_text("{", encoding="utf-8")
    package("Second")
    assert written(folder) == {("notebooks/inspection.new.ipynb", Why.EDITED)}


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "mine").write_text("a file", encoding="utf-8")
    with pytest.raises(BadParameters, match=r"^[^\n]*mine[^\n]*expected a folder that can be written$"):
        lay_copies(tmp_path / "mine")


# What the package itself holds.


def test_the_page_to_start_from_links_each_notebook_and_says_what_it_is_for(tmp_path):
    lay_copies(tmp_path)
    notebooks = sorted((tmp_path / "notebooks").iterdir())
    page = (tmp_path / START_PAGE).read_text(encoding="utf-8")
    assert notebooks
    for notebook in notebooks:
        assert f"](notebooks/{notebook.name}) | {PURPOSES[notebook.stem]} |" in page
    assert "(notebooks/mine.ipynb)" in start_page(["mine", "inspection"])


def test_the_page_names_every_file_that_a_folder_starts_with_and_these_are_sound(tmp_path):
    page = start_page([])
    assert [file.name for file in start_project(tmp_path).files if f"| `{file.name}` |" not in page] == []
    assert read_theme(tmp_path / "theme.toml").force == "Example Police"
    assert [job.report for job in read_batch_plan(tmp_path / "batch.toml").jobs] == ["data_quality", "inspection"]


@pytest.mark.parametrize("path", sorted(resource("notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_bundled_notebook_of_a_report_declares_it(path):
    declared = json.loads(path.read_text(encoding="utf-8"))["metadata"].get("cdi")
    assert declared == {"report": path.stem} or path.stem == "explore"
