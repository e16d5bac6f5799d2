"""A fresh kernel for each notebook: forked from this process, which has imported everything, or else started anew.

A fork costs a tenth of a start. It is made while the process has one thread and neither an event loop nor a socket, and
waits to be told where to serve; it keeps nothing of the process but its imports.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import NoReturn

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
STACK = ("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "ipykernel.debugger",
         "ipykernel.kernelapp", "matplotlib.backends.backend_svg", "matplotlib.figure", "nbclient", "papermill",
         "tornado.platform.asyncio", "cdi_stats.publishing.engine", "cdi_stats.publishing.forked_app",
         "cdi_stats.publishing.publication")  # fmt: skip
# Nobody debugs a report's kernel or draws in three dimensions there. jsonschema's checks of IRIs, durations and such
# build parsers on import, and notebooks hold none of these.
NEEDLESS = ("debugpy", "isoduration", "mpl_toolkits.mplot3d", "rfc3986_validator", "rfc3987_syntax", "uri_template",
            "webcolors")  # fmt: skip
UNSAFE = ("darwin",)  # its own libraries may have threads that nobody sees
PR_SET_PDEATHSIG = 1


def keep_one_thread() -> None:
    """Have numpy and Arrow start no thread, in this process and its kernels; in time only before they are imported."""
    for name, value in ONE_THREAD.items():
        os.environ.setdefault(name, value)


def preload() -> None:
    """Import what reports need, so that forks of this process have it."""
    keep_one_thread()
    for name in NEEDLESS:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    with warnings.catch_warnings(action="ignore"):  # of what is left out
        for name in STACK:
            import_module(name)
    # a report ends before there is much to collect: to look for it a tenth as often saves three hundredths of the time
    gc.set_threshold(10_000)
    gc.collect()
    gc.freeze()


def can_fork() -> bool:
    """Return whether a fork of this process is safe: the system bears it, and there is no second thread."""
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()
    return hasattr(os, "fork") and sys.platform not in UNSAFE and threads == 1


def end_with(owner: int) -> None:
    """End this process, at once and whatever it is doing, when its parent `owner` ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(owner,), daemon=True).start()
    if os.getppid() != owner:
        os._exit(1)


def _watch(owner: int) -> None:
    while os.getppid() == owner:
        time.sleep(0.5)
    os._exit(1)


class ForkedKernel:
    """A fork of this process that becomes a kernel once launched; to a provisioner it is what a Popen is."""

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        owner = os.getpid()
        reading, self._writing = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become_kernel(reading, owner)
        os.close(reading)

    def launch(self, connection_file: str, folder: str, environment: Mapping[str, str]) -> None:
        """Have the kernel serve at the sockets of a connection file, in a folder and an environment."""
        order = {"connection_file": connection_file, "folder": folder, "environment": dict(environment)}
        with os.fdopen(self._writing, "w", encoding="utf-8", newline="\n") as pipe:
            json.dump(order, pipe)

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel lives."""
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                ended, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self.returncode

    def wait(self, timeout: float = 10.0) -> int | None:
        """Return the exit code once the kernel has ended; None if it lives on after so many seconds."""
        end = time.monotonic() + timeout
        while self.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel and whatever it has started; to nobody once it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the kernel."""
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """End the kernel if it still lives, launched or not, and forget its process."""
        self.kill()
        self.wait()
        with contextlib.suppress(OSError):
            os.close(self._writing)


def _become_kernel(reading: int, owner: int) -> NoReturn:
    """Wait for the order, then serve until told to stop."""
    try:
        os.setsid()
        end_with(owner)
        _let_go_of_files(reading)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        with os.fdopen(reading, encoding="utf-8") as pipe:
            said = pipe.read()
        if said:
            from cdi_stats.publishing.forked_app import serve

            order = json.loads(said)
            _forget_owner(order["folder"], order["environment"])
            serve(order["connection_file"])
    finally:
        os._exit(0)


def _let_go_of_files(kept: int) -> None:
    """Turn every open file but one into the null device: an object that still holds a number cannot do harm with it."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in [int(path.name) for path in Path("/dev/fd").iterdir()]:
        if number not in (kept, null):
            with contextlib.suppress(OSError):
                os.fstat(number)
                os.dup2(null, number, inheritable=number < 3)
    os.close(null)


def _forget_owner(folder: str, environment: Mapping[str, str]) -> None:
    """Take on another folder, environment and randomness than the process forked from."""
    import matplotlib
    import numpy as np

    here = str(Path.cwd())
    sys.path[:] = [place for place in sys.path if place not in ("", here)]
    sys.argv[:] = ["ipykernel_launcher"]
    asyncio.set_event_loop(None)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    random.seed()
    np.random.seed()
    # matplotlib reads MPLBACKEND when it is imported, which was too early; set plainly, as to check a backend's name it
    # reads the entry points of every package there is
    matplotlib.rcParams._set("backend", "module://matplotlib_inline.backend_inline")
