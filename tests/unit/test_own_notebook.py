"""An analyst's own notebook: published under its report's name by the same path, or refused in one line."""

from __future__ import annotations

import json

import nbformat
import pytest

from cdi_stats.errors import BadParameters
from cdi_stats.publishing.own_notebook import read_own
from cdi_stats.publishing.publication import publish
from cdi_stats.resources import resource


@pytest.fixture
def own(tmp_path):
    """Return a copy of the inspection's notebook, changed by a function that is given it."""

    def change(how):
        notebook = nbformat.read(resource("notebooks", "inspection.ipynb"), as_version=4)
        how(notebook)
        path = tmp_path / "mine" / "our words.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return change


def set_parameters(text):
    def how(notebook):
        cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
        cell.source = text

    return how


def test_it_is_the_report_that_it_declares_with_its_own_parameters(own):
    read = read_own(own(set_parameters('audit = "kent-2018"\nconfidence_level = 0.9\noverall: str = "pooled"')))
    assert (read.report, read.parameters) == ("inspection", {"confidence_level": 0.9, "overall": "pooled"})


def test_an_earlier_audit_is_looked_for_from_the_notebook(own, tmp_path):
    (tmp_path / "last.xlsx").touch()
    earlier = read_own(own(set_parameters('earlier = "../last.xlsx"'))).parameters["earlier"]
    assert (tmp_path / "last.xlsx").samefile(earlier)
    assert read_own(own(set_parameters('earlier = "kent-2018"'))).parameters == {"earlier": "kent-2018"}


def undeclared(notebook):
    del notebook.metadata["cdi"]


def elsewhere(notebook):
    notebook.metadata["cdi"]["report"] = "explore"


def untagged(notebook):
    notebook.cells[1].metadata.clear()


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (undeclared, r"found None as the report .* expected one of board_paper.* To mend: start from a copy"),
        (elsewhere, r"found 'explore' as the report"),
        (untagged, r"found 0 cells tagged parameters; expected one"),
        (set_parameters("method = choose()"), r"cell of parameters cannot be read"),
        (set_parameters("import os"), r"cell of parameters cannot be read \(line 1 sets no name\)"),
        (set_parameters("method = "), r"cell of parameters cannot be read"),
        (set_parameters("methodd = 'wilson'"), r"parameter methodd: unknown; .* Did you mean method\?"),
        (set_parameters("confidence_level = 95"), r"parameter confidence_level: found 95"),
    ],
)
def test_what_cannot_be_published_is_refused_before_a_kernel_starts(own, tmp_path, monkeypatch, how, said):
    monkeypatch.setattr(
        "cdi_stats.publishing.publication.run_notebook", lambda *_, **__: pytest.fail("a kernel started")
    )
    with pytest.raises(BadParameters, match=rf"^[^\n]*{said}[^\n]*$"):
        publish(own(how), "kent-2017", out=tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "\ud800"])
def test_a_file_that_is_no_notebook_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "mine.ipynb"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadParameters, match=r"^[^\n]*mine\.ipynb: is no notebook[^\n]*$"):
        read_own(path)
    with pytest.raises(BadParameters, match="cannot be read"):
        read_own(tmp_path / "absent.ipynb")


def test_edited_words_are_published_and_the_manifest_says_so(own, tmp_path):
    def reword(notebook):
        notebook.cells[0].source = "# Crimes that went missing\n\nOur own words."
        set_parameters('audit = "absent"\nconfidence_level = 0.9')(notebook)
        # as a notebook that some other program wrote
        del notebook.metadata["kernelspec"], notebook.metadata["language_info"]

    path = own(reword)
    made = publish(path, "kent-board-2017", out=tmp_path / "reports", formats=["html"])
    assert made.folder == tmp_path / "reports" / "kent-board-2017" / "inspection"
    page = made.files["html"].read_text(encoding="utf-8")
    assert "Crimes that went missing" in page
    assert "Our own words." in page
    assert "90% interval" in page
    said = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert said["notebook"]["name"] == "our words.ipynb"
    assert said["notebook"]["edited"] is True
    assert said["parameters"]["confidence_level"] == 0.9
