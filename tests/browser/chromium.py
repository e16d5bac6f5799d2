"""A headless Chromium that opens a page and tells what it sees: faults found by axe-core, width, contrast, unrest.

Playwright keeps an event loop running in the thread that it works in, and papermill wants one of its own: the browser
has a thread to itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
NARROW = 320
FAINT = Path(__file__).with_name("faint.js").read_text(encoding="utf-8")
T = TypeVar("T")


class View(NamedTuple):
    """How a page is looked at."""

    scheme: str = "light"
    width: int = 1400
    media: str = "screen"


@dataclass(frozen=True)
class Seen:
    """What is wrong with a page in one view.

    `violations` are axe-core's, `excess` the pixels by which the page is wider than the window, `faint` the words in
    charts whose contrast is below 4.5.
    """

    violations: tuple[str, ...]
    excess: int
    faint: tuple[str, ...]


def executable() -> str | None:
    """Return where a Chromium of this machine is; none is ever downloaded."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """A browser with one page, to be used in a with statement."""

    def __init__(self, path: str) -> None:
        self._path, self._axe = path, Axe()
        self._unrest: list[str] = []

    def __enter__(self) -> Chromium:
        self._thread = ThreadPoolExecutor(1)
        self._do(self._start)
        return self

    def __exit__(self, *_: Any) -> None:
        self._do(self._stop)
        self._thread.shutdown()

    def _do(self, work: Callable[..., T], *given: Any) -> T:
        return self._thread.submit(work, *given).result()

    def _start(self) -> None:
        self._playwright = sync_playwright().start()
        self._browser = self._playwright.chromium.launch(executable_path=self._path)
        self._page = self._browser.new_page()
        self._page.on("dialog", lambda dialog: (self._unrest.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self._page.on("console", lambda message: self._unrest.append(f"console: {message.text}"))
        self._page.on("pageerror", lambda error: self._unrest.append(f"error: {error}"))
        self._page.on("request", lambda request: self._unrest.append(f"request: {request.url}"))

    def _stop(self) -> None:
        self._browser.close()
        self._playwright.stop()

    def open(self, path: Path, **look: Any) -> list[str]:
        """Open a file, looked at as `look` says, and return what it did beside being shown: dialogs, errors, requests.

        However the page before was looked at: a page may hide in print what it never shows again.
        """
        self.look(**look)
        return self._do(self._open, path)

    def see(self, view: View) -> Seen:
        """Return what is wrong with the open page in a view."""
        return self._do(self._see, view)

    def excess(self, width: int) -> int:
        """Return by how many pixels the open page is wider than a window of a width."""
        return self._do(self._excess, View(width=width))

    def look(
        self, *, width: int = 1200, height: int = 900, dark: bool = False, media: str = "screen", forced: bool = False
    ) -> None:
        """Set how the page is looked at: the size, light or dark, on screen or printed, in forced colours or not."""
        self._do(self._look, width, height, "dark" if dark else "light", media, "active" if forced else "none")

    def run(self, script: str) -> Any:
        """Return the value of an expression on the page, awaited."""
        return self._do(self._page.evaluate, script)

    def press(self, key: str) -> None:
        """Press a key."""
        self._do(self._page.keyboard.press, key)

    def type(self, words: str) -> None:
        """Type words where the cursor is."""
        self._do(self._page.keyboard.insert_text, words)

    def complaints(self) -> list[str]:
        """Return what the browser has complained of since the page was opened: refused scripts, errors."""
        return [said for said in self._unrest if said.startswith(("console", "error"))]

    def violations(self) -> tuple[str, ...]:
        """Return what axe-core finds wrong with the page as it is looked at."""
        return self._do(self._violations, {})

    def without_scripts(self, path: Path, *scripts: str) -> list[Any]:
        """Return the values of expressions on a page that may run no script of its own."""
        return self._do(self._without_scripts, path, scripts)

    def _without_scripts(self, path: Path, scripts: tuple[str, ...]) -> list[Any]:
        with self._browser.new_context(java_script_enabled=False) as context:
            page = context.new_page()
            page.goto(path.resolve().as_uri())
            return [page.evaluate(script) for script in scripts]

    def _look(self, width: int, height: int, scheme: Any, media: Any, forced: Any) -> None:
        self._page.emulate_media(media=media, color_scheme=scheme, forced_colors=forced)
        self._page.set_viewport_size({"width": width, "height": height})

    def _violations(self, rules: dict[str, Any]) -> tuple[str, ...]:
        options = {"resultTypes": ["violations"], "rules": rules}
        found = self._axe.run(self._page, options=options).response["violations"]
        return tuple(f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"])

    def _open(self, path: Path) -> list[str]:
        self._unrest.clear()
        self._page.goto(path.resolve().as_uri())
        own = (f"request: {path.resolve().as_uri()}", "request: data:")
        return [said for said in self._unrest if not said.startswith(own)]

    def _see(self, view: View) -> Seen:
        excess = self._excess(view)
        # colours are those of the wide window, and judging them takes four fifths of axe-core's time
        contrast = {"color-contrast": {"enabled": view.width > NARROW}}
        return Seen(
            self._violations(contrast), excess, tuple(self._page.evaluate(FAINT)) if view.width > NARROW else ()
        )

    def _excess(self, view: View) -> int:
        self._look(view.width, 900, view.scheme, view.media, "none")
        wide = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
        return int(self._page.evaluate(wide)) - view.width
