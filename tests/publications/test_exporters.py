"""nbconvert's exporters give the very files of a publication, from the command and from JupyterLab's menu."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import docx
import nbformat
import pytest
from nbconvert.exporters import get_exporter

from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.publishing.exporters import EXPORTERS
from cdi_stats.resources import resource

FORMATS = {"cdi-html": "html", "cdi-pdf": "pdf", "cdi-docx": "docx", "cdi-tables": "xlsx"}


COMMANDS = """
import json, runpy, sys
from nbconvert.nbconvertapp import NbConvertApp
for sys.argv in json.loads(sys.argv[1]):
    runpy.run_module("nbconvert", run_name="__main__")
    NbConvertApp.clear_instance()
"""


def file_of(publication, ending):
    """Return what the publication's file of an ending holds."""
    folder = publication.files["tables"] if ending == "xlsx" else publication.folder
    return (folder / f"{publication.report}.{ending}").read_bytes()


@pytest.fixture(scope="module")
def converted(published, tmp_path_factory):
    """The folder that `jupyter nbconvert --to FORMAT` wrote for each format, all in one process."""
    out = tmp_path_factory.mktemp("nbconvert")
    source = published("inspection").folder / "inspection.ipynb"
    commands = [["nbconvert", "--to", name, "--output-dir", str(out / name), str(source)] for name in FORMATS]
    subprocess.run([sys.executable, "-c", COMMANDS, json.dumps(commands)], capture_output=True, check=True)
    return out


@pytest.mark.parametrize("name", FORMATS)
def test_nbconvert_command_gives_the_published_file(inspection, converted, name):
    (made,) = (converted / name).iterdir()
    assert made.name == f"inspection.{FORMATS[name]}"
    assert made.read_bytes() == file_of(inspection, FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_exporter_gives_the_published_file_and_a_name_in_the_menu(reinspection, name):
    exporter = get_exporter(name)()
    assert exporter.export_from_notebook
    assert exporter.file_extension == f".{FORMATS[name]}"
    made, _ = exporter.from_filename(str(reinspection.folder / "reinspection.ipynb"))
    made = made.encode("utf-8") if isinstance(made, str) else made
    assert made == file_of(reinspection, FORMATS[name])


def test_word_exporter_takes_a_template(inspection, tmp_path):
    path = tmp_path / "force.docx"
    theirs = docx.Document()
    theirs.sections[0].footer.paragraphs[0].text = "OFFICIAL"
    theirs.save(str(path))
    exporter = get_exporter("cdi-docx")(template=str(path))
    made, _ = exporter.from_filename(str(inspection.folder / "inspection.ipynb"))
    assert docx.Document(io.BytesIO(made)).sections[0].footer.paragraphs[0].text == "OFFICIAL"


@pytest.mark.parametrize("name", FORMATS)
def test_exporters_take_a_theme(inspection, name):
    """What is in it, tests/render/test_house_style.py reads back."""
    source = str(inspection.folder / "inspection.ipynb")
    plain, _ = get_exporter(name)().from_filename(source)
    themed, _ = get_exporter(name)(theme="example-police").from_filename(source)
    assert themed != plain
    with pytest.raises(BadParameters, match=r"none\.toml"):
        get_exporter(name)(theme="none.toml").from_filename(source)


def as_javascript(number):
    value = float(number)
    return int(value) if value.is_integer() else value


@pytest.mark.parametrize("name", ["cdi-html", "cdi-tables"])
def test_a_notebook_that_jupyterlab_has_saved_gives_the_same(reinspection, name):
    """JavaScript writes 9.0 as 9; otherwise a browser saves what it was sent."""
    text = (reinspection.folder / "reinspection.ipynb").read_text(encoding="utf-8")
    saved = json.dumps(json.loads(text, parse_float=as_javascript))
    made, _ = get_exporter(name)().from_notebook_node(nbformat.reads(saved, as_version=4))
    made = made.encode("utf-8") if isinstance(made, str) else made
    assert made == file_of(reinspection, FORMATS[name])


@pytest.mark.parametrize("name", FORMATS)
def test_a_notebook_that_was_not_run_is_not_exported(name):
    with pytest.raises(ReportFailed, match="21 of 21 code cells have not been run, the first is cell 2"):
        get_exporter(name)().from_filename(str(resource("notebooks", "inspection.ipynb")))


def test_the_list_of_formats_has_the_exporters_that_are_installed():
    assert {name: get_exporter(name) for name in FORMATS} == EXPORTERS


def test_menu_names_differ():
    labels = {get_exporter(name).export_from_notebook for name in FORMATS}
    assert len(labels) == len(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_notebook_that_failed_is_not_exported(inspection, name):
    notebook = nbformat.read(inspection.folder / "inspection.ipynb", as_version=4)
    failed = nbformat.v4.new_output("error", ename="ValueError", evalue="wrong", traceback=[])
    next(cell for cell in notebook.cells if cell.cell_type == "code").outputs = [failed]
    with pytest.raises(ReportFailed, match="ValueError: wrong"):
        get_exporter(name)().from_notebook_node(notebook)
