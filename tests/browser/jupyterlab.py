"""A JupyterLab on a free port, with settings, runtime files and notebooks of its own, and a browser page in it.

Playwright keeps an event loop running in the thread that it works in, so the page has a thread to itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Page, sync_playwright
from tests.browser.chromium import executable

TOKEN = "explore"
PATIENCE = 60  # seconds until a JupyterLab that does not start, or shows nothing, is given up
FLAGS = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")  # fmt: skip
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "apputils-extension/themes": {"theme": "JupyterLab Light"},
}
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port=0",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--LanguageServerManager.autodetect=False",
)
# jsonschema's IRI check builds 35 parsers on import, half of the server's start
LAUNCH = "import sys; sys.modules['rfc3987_syntax'] = None; from jupyterlab.labapp import main; main()"
T = TypeVar("T")


class JupyterLab:
    """A JupyterLab over the notebooks in `folder`, and one page of a browser in it; for a with statement.

    Complaints are what the page's console has said in error, requests that left the machine, and errors thrown.
    """

    def __init__(self, folder: Path, own: Path) -> None:
        self.folder, self._own = folder, own
        self._heard: list[str] = []
        self._page: Page | None = None

    def __enter__(self) -> JupyterLab:
        self._address = self._serve()
        self._thread = ThreadPoolExecutor(1)
        self.do(lambda _: self._start())
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            # a page that opened nothing has no app, and its server no kernels
            self.do(lambda page: page.evaluate("globalThis.jupyterapp?.serviceManager.sessions.shutdownAll()"))
            self.do(lambda _: self._stop())
        finally:
            self._thread.shutdown()
            # its kernels have ended; left to itself, a server whose page has gone may wait for them for ever
            self._server.kill()
            self._server.wait()

    def do(self, work: Callable[[Any], T]) -> T:
        """Return what `work(page)` returns, done in the page's own thread."""
        return self._thread.submit(lambda: work(self._page)).result()

    def open(self, notebook: str) -> None:
        """Open a notebook of the folder and wait until the splash screen has gone, and its kernel is there and idle."""
        self.do(lambda page: page.goto(f"{self._address}lab/tree/{notebook}?token={TOKEN}&reset"))
        self.do(lambda page: page.locator(".jp-NotebookPanel .jp-Notebook").wait_for())
        self.do(lambda page: page.wait_for_function(UNVEILED))
        self.do(lambda page: page.wait_for_function(IDLE))

    def run_all(self) -> None:
        """Choose Run All Cells in the Run menu and wait until the kernel is idle again."""
        self.menu("Run", "Run All Cells")
        self.do(lambda page: page.wait_for_function(ALL_RUN))

    def menu(self, *entries: str) -> None:
        """Click an entry of the menu bar, and in the menus that open each of the following."""
        self.do(lambda page: page.locator("#jp-MainMenu").get_by_role("menuitem", name=entries[0], exact=True).click())
        for entry in entries[1:]:
            self.do(lambda page, entry=entry: page.locator(".lm-Menu").get_by_text(entry, exact=True).last.click())

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme, such as "JupyterLab Dark", and wait until it is there, the splash screen gone.

        A change while the screen of the one before still fades makes JupyterLab take it off the page twice, an error.
        """
        chosen = f"jupyterapp.commands.execute('apputils:change-theme', {{theme: '{name}'}})"
        self.do(lambda page: page.evaluate(chosen))
        self.do(lambda page: page.wait_for_function(UNVEILED, arg=name))

    def complaints(self) -> list[str]:
        """Return what was complained of since this was last asked."""
        self.do(lambda page: page.evaluate("0"))  # all that the page has said before its answer is heard with it
        heard, self._heard = self._heard, []
        return heard

    def _serve(self) -> str:
        for name, settings in SETTINGS.items():
            path = self._own / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings), encoding="utf-8")
        folders = {name: str(self._own / folder) for name, folder in FOLDERS.items()}
        environment = os.environ | folders | {"JUPYTER_TOKEN": TOKEN, "JUPYTER_PLATFORM_DIRS": "1"}
        with (self._own / "server.log").open("w") as log:
            self._server = subprocess.Popen(
                [sys.executable, "-c", LAUNCH, *OPTIONS, f"--ServerApp.root_dir={self.folder}"],
                env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        return self._wait_for_address()

    def _wait_for_address(self) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._server.poll() is None:
            for path in (self._own / "runtime").glob("jpserver-*.json"):
                text = path.read_text(encoding="utf-8")
                if text.endswith("}"):
                    return str(json.loads(text)["url"])
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start: {(self._own / 'server.log').read_text()[-2000:]}")

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        context = self._browser.new_context(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = self._page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.on("console", lambda said: self._heard.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self._heard.append(str(error)))
        page.on("request", lambda request: self._heed(request.url))

    def _heed(self, url: str) -> None:
        if not url.startswith((self._address, "data:", "blob:")):
            self._heard.append(f"request: {url}")

    def _stop(self) -> None:
        self._browser.close()
        self._playwright.stop()


# a theme is named while the splash screen that covers its loading is still there
UNVEILED = """theme => {
  const shown = document.body.dataset.jpThemeName;
  return shown && shown === (theme ?? shown) && !document.getElementById('jupyterlab-splash');
}"""
IDLE = "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
ALL_RUN = """() => {
  const panel = jupyterapp.shell.currentWidget;
  const code = panel.content.model.sharedModel.cells.filter(cell => cell.cell_type === 'code');
  return panel.sessionContext.session.kernel.status === 'idle' && code.every(cell => cell.execution_count);
}"""


@contextmanager
def jupyterlab(folder: Path, own: Path) -> Iterator[JupyterLab]:
    """Start a JupyterLab over the notebooks in `folder`, its own files in `own`; skip where there is no Chromium."""
    if executable() is None:
        pytest.skip("no Chromium on this machine")
    with JupyterLab(folder, own) as lab:
        yield lab
