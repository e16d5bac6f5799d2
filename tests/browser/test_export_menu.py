"""An analyst's way in JupyterLab as `cdi lab` starts it: the first page, a notebook edited and run, its exports.

What the menu gives is what `cdi report` publishes from the same notebook, to the byte.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import docx
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tests.browser.chromium import executable
from tests.browser.jupyterlab import PATIENCE, TOKEN, JupyterLab

from cdi_stats.audit.project import EXAMPLE, start_project
from cdi_stats.lab.copies import lay_copies
from cdi_stats.publishing.publication import publish
from cdi_stats.resources import resource

NAME = "notebooks/inspection.ipynb"
NOT_RUN = "notebooks/not-run.ipynb"
WORDS = "Words that an analyst has written."
MENU = ("File", "Save and Export Notebook As")
ENDINGS = {
    "CDI report (PDF)": "pdf",
    "CDI report (Word)": "docx",
    "CDI report (HTML)": "html",
    "CDI tables (Excel)": "xlsx",
}
ORDERS = (
    *(f"{place}/{name}.py" for place in (".cdi/jupyter", ".jupyter", ".") for name in ("jupyter_server_config",
                                                                                        "jupyter_lab_config")),
    *(f"{place}/profile_default/startup/00.py" for place in (".cdi/ipython", ".ipython")),
)  # fmt: skip
FOLDERS = {
    "HOME": "home",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_CONFIG_PATH": "config",
}
OFFERED = """() => {
  const bar = [...jupyterapp.shell.widgets('menu')].find(part => part.menus);
  const submenus = bar.menus.flatMap(menu => menu.items).map(item => item.submenu);
  return submenus.some(menu => menu?.id === 'jp-mainmenu-file-notebookexport' && menu.items.length);
}"""
EXPOSED = '{"LabApp": {"expose_app_in_browser": true}}'


class AnalystsLab(JupyterLab):
    """JupyterLab as `cdi lab` starts it; `home` is a user's home, empty before. Downloads and tabs are collected."""

    def _serve(self) -> str:
        self.home = self._own / "home"
        self.home.mkdir()
        self._plant()
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
        environment = {name: str(self._own / folder) for name, folder in FOLDERS.items()}
        config = self._own / "config" / "jupyter_lab_config.json"
        config.parent.mkdir()
        config.write_text(EXPOSED, encoding="utf-8")
        command = [sys.executable, "-m", "cdi_stats", "lab", self.folder, "--no-browser", "--port", str(port)]
        with (self._own / "server.log").open("w") as log:
            self._server = subprocess.Popen(
                command, cwd=self.folder, env=os.environ | environment | {"JUPYTER_TOKEN": TOKEN},
                stdout=log, stderr=log,
            )  # fmt: skip
        return self._wait_for_address()

    def _plant(self) -> None:
        """Lay orders into the folder, as whoever handed it on might: for the server and for kernels."""
        for name in ORDERS:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"open({str(self._own / 'ran')!r}, 'w')", encoding="utf-8")

    def _start(self) -> None:
        super()._start()
        self.downloads, self.tabs = [], []
        self._page.context.on("download", lambda download: self.downloads.append(download))
        self._page.context.on("page", lambda tab: self.tabs.append(tab))

    def open(self, notebook: str) -> None:
        """Open a notebook and wait until it can be exported: the menu has no formats before the server names them."""
        super().open(notebook)
        self.do(lambda page: page.wait_for_function(OFFERED))

    def download(self, label: str) -> tuple[str, bytes]:
        """Export the open notebook by the menu; return the file's name and what it holds."""
        self.downloads.clear()
        self.menu(*MENU, label)
        self.do(lambda page: wait(page, self.downloads))
        return self.do(lambda _: (self.downloads[0].suggested_filename, Path(self.downloads[0].path()).read_bytes()))

    def answer(self, path: str, token: str = TOKEN) -> tuple[int, str]:
        """Return the status and the text of what the server answers at an address."""
        try:
            with urllib.request.urlopen(f"{self._address}{path}?token={token}") as said:
                return said.status, said.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def wait(page, collected):
    for _ in range(20 * PATIENCE):
        if collected:
            return
        page.wait_for_timeout(50)
    pytest.fail("nothing came")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return an analyst's folder, in which the inspection's notebook is of another audit and has other words."""
    folder = tmp_path_factory.mktemp("analyst") / "my-audit"
    start_project(folder)
    lay_copies(folder)
    notebook = nbformat.read(folder / NAME, as_version=4)
    parameters = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source = parameters.source.replace('"kent-2017"', f'"../{EXAMPLE}"')
    notebook.cells.insert(4, new_markdown_cell(f"## Our own section\n\n{WORDS}"))
    nbformat.write(notebook, folder / NAME)
    return folder


@pytest.fixture(scope="module")
def lab(folder, tmp_path_factory):
    if executable() is None:
        pytest.skip("no Chromium on this machine")
    with AnalystsLab(folder, tmp_path_factory.mktemp("server")) as lab:
        yield lab


@pytest.fixture(autouse=True)
def quiet(lab):
    """Nothing that a test does may be complained of or leave the machine."""
    yield
    assert lab.complaints() == []


@pytest.fixture(scope="module")
def exported(lab):
    """Return the name and the bytes of each file that the menu makes of the notebook, run in its kernel, by ending."""
    lab.open(NAME)
    lab.run_all()
    return {ending: lab.download(label) for label, ending in ENDINGS.items()}


@pytest.fixture(scope="module")
def published(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("published")
    return publish(folder / NAME, folder / EXAMPLE, out=out, formats=("html", "pdf", "docx", "tables"))


def test_the_first_page_leads_to_the_notebooks(lab):
    lab.do(lambda page: page.goto(f"{lab._address}?token={TOKEN}&reset"))
    page = lab.do(lambda page: page.locator(".jp-MarkdownViewer"))
    lab.do(lambda _: page.get_by_role("heading", name="Start here").wait_for())
    lab.do(lambda _: page.get_by_role("link", name="board paper").click())
    lab.do(lambda page: page.locator(".jp-NotebookPanel").get_by_text("report.title()").first.wait_for())


def test_only_who_has_the_token_is_let_in(lab):
    assert lab.answer("api/contents", token="guess")[0] == 403
    assert lab.answer("api/contents")[0] == 200


def test_a_notebook_that_was_not_run_is_not_exported_and_a_page_says_why(lab, folder):
    shutil.copy(resource("notebooks", "inspection.ipynb"), folder / NOT_RUN)
    lab.open(NOT_RUN)
    lab.tabs.clear()
    lab.menu(*MENU, "CDI report (PDF)")
    lab.do(lambda page: wait(page, lab.tabs))
    told = lab.do(lambda _: lab.tabs[0].locator("main").inner_text())
    lab.do(lambda _: lab.tabs[0].close())
    assert "code cells have not been run, the first is cell 2" in told
    assert "To mend: choose Run, then Run All Cells" in told
    assert "Traceback" not in told


def test_the_menu_gives_the_files_that_are_published(exported, published):
    for ending, (name, data) in exported.items():
        folder = published.files["tables"] if ending == "xlsx" else published.folder
        assert name == f"inspection.{ending}"
        assert data == (folder / name).read_bytes(), ending
    paragraphs = docx.Document(io.BytesIO(exported["docx"][1])).paragraphs
    headings = [p.text for p in paragraphs if p.style.name == "Heading 1"]
    assert "Our own section" in headings
    assert WORDS in exported["html"][1].decode()


def test_the_menu_reads_well(lab):
    lab.open(NAME)
    lab.do(lambda page: page.locator("#jp-MainMenu").get_by_role("menuitem", name="File", exact=True).click())
    lab.do(lambda page: page.locator(".lm-Menu").get_by_text(MENU[1], exact=True).click())
    offered = lab.do(lambda page: page.locator(".lm-Menu").last.locator(".lm-Menu-itemLabel").all_inner_texts())
    for _ in MENU:
        lab.do(lambda page: page.keyboard.press("Escape"))
    assert offered[: len(ENDINGS)] == [*ENDINGS]
    assert not [label for label in offered if "-" in label or label in ("Webpdf", "Qtpdf", "Qtpng")]


def test_what_is_no_report_is_told_in_one_line(lab, folder):
    failed = new_code_cell("x", execution_count=1, outputs=[new_output("error", ename="NameError", evalue="no <x>")])
    ran = new_code_cell("x = 1", execution_count=1)
    for cells, said in (
        ([new_markdown_cell("# Report"), failed], "cell 2 holds an error, NameError: no &lt;x&gt;"),
        ([ran], "found 0 headings of level 1; expected one"),
    ):
        nbformat.write(new_notebook(cells=cells), folder / "other.ipynb")
        status, page = lab.answer("nbconvert/cdi-html/other.ipynb")
        assert (status, "<h1>Not exported</h1>" in page) == (422, True)
        assert said in page
        assert "Traceback" not in page


@pytest.mark.usefixtures("exported")
def test_orders_in_a_folder_are_not_followed(lab):
    """By now the server has started, and a kernel has run a notebook."""
    assert not (lab._own / "ran").exists()


@pytest.mark.usefixtures("exported")
def test_nothing_is_written_outside_the_folder_and_jupyters_own(lab, folder):
    assert [path for path in lab.home.rglob("*") if path.is_file()] == []
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
