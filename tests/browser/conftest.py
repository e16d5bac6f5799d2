"""A real Chromium, driven through its own pipe: no driver, no socket, nothing to install beside the browser.

axe-core, which these tests judge pages by, is taken from `node_modules` (`npm install --no-save axe-core`) or from
where the variable AXE_CORE says; without browser or axe the tests that need them are skipped.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from itertools import count
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = [
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--disable-quic", "--hide-scrollbars", "--remote-debugging-pipe"),
]
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Page:
    """A tab: what a test says to it goes over the browser's pipe, and so do the answers."""

    def __init__(self, profile):
        browser = next(path for name in NAMES if (path := shutil.which(name)))
        # root may start no sandbox
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()

        def fixed_numbers():
            # the browser reads from 3 and writes to 4, whatever numbers the pipes have here
            copies = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(copies[0], 3)
            os.dup2(copies[1], 4)

        self._process = subprocess.Popen(
            [browser, *QUIET, *sandbox, f"--user-data-dir={profile}"],
            preexec_fn=fixed_numbers,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._numbers, self._rest, self._events, self._session = count(1), b"", [], None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def _receive(self):
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 16)
            assert read, "the browser is gone"
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def send(self, method, **parameters):
        """Return the answer to a command of the DevTools protocol."""
        number = next(self._numbers)
        said = {"id": number, "method": method, "params": parameters}
        said |= {"sessionId": self._session} if self._session else {}
        message = json.dumps(said).encode() + b"\0"
        while message:
            message = message[os.write(self._out, message) :]
        while (got := self._receive()).get("id") != number:
            self._events.append(got)
        assert "error" not in got, got
        return got["result"]

    def open(self, path):
        """Open a file and wait until it is there."""
        self._events.clear()
        self.send("Page.navigate", url=Path(path).resolve().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._receive())

    def run(self, script):
        """Return the value of an expression on the page, awaited."""
        got = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def look(self, *, width=1200, height=900, dark=False, media="", forced=False):
        """Set how the page is looked at: the size, light or dark, on screen or printed, in forced colours or not."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "forced-colors", "value": "active" if forced else "none"},
        ]
        self.send("Emulation.setEmulatedMedia", media=media, features=features)

    def press(self, key, code=0, text=""):
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text)

    def type(self, words):
        """Type words where the cursor is."""
        self.send("Input.insertText", text=words)

    def complaints(self):
        """Return what the browser has complained of since the page was opened: refused scripts, errors."""
        self.send("Runtime.evaluate", expression="0")
        kinds = ("Log.entryAdded", "Runtime.exceptionThrown")
        return [event["params"] for event in self._events if event.get("method") in kinds]

    def violations(self):
        """Return what axe-core finds wrong with the page, by rule."""
        path = axe_path()
        if path is None:
            pytest.skip("no axe-core: npm install --no-save axe-core, or say in AXE_CORE where it is")
        self.run(f"{path.read_text(encoding='utf-8')};0")
        options = json.dumps({"runOnly": AXE_TAGS, "resultTypes": ["violations"]})
        found = self.run(f"axe.run(document, {options}).then(r => r.violations)")
        return {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}

    def picture(self, path):
        """Write a picture of the whole page."""
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        """End the browser."""
        self._process.terminate()
        self._process.wait(timeout=30)
        os.close(self._in)
        os.close(self._out)


def axe_path():
    """Return where axe-core is, or None."""
    given = [Path(name) for name in [os.environ.get("AXE_CORE")] if name]
    return next((path for path in [*given, ROOT / "node_modules" / "axe-core" / "axe.min.js"] if path.is_file()), None)


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """A tab of a browser that the tests share."""
    if os.name == "nt" or not any(map(shutil.which, NAMES)):
        pytest.skip("no Chromium that can be driven through a pipe")
    tab = Page(tmp_path_factory.mktemp("browser"))
    yield tab
    tab.close()
