"""Kernels forked from a process that has imported everything, as those of `cdi report` and `cdi batch` are.

A process that runs tests has threads, and cannot fork kernels itself. What a notebook shows is the same in either kind,
which tests of publications and of batches hold; a fork costs a tenth of a start.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cdi_stats.publishing.kernels import ForkedKernel
from cdi_stats.publishing.private_kernels import PrivateKernels

SERVER = """
import json, sys
from cdi_stats.publishing.kernels import ForkedKernel, can_fork, keep_one_thread
keep_one_thread()
from cdi_stats.batch.warm import warm_up
warm_up()
print(json.dumps(can_fork()), flush=True)
kernels = {}
for line in sys.stdin:
    what, *given = json.loads(line)
    if what == "fork":
        kernel = ForkedKernel()
        kernels[kernel.pid] = kernel
        answer = kernel.pid
    elif what == "launch":
        answer = kernels[given[0]].launch(*given[1:])
    else:
        answer = kernels[given[0]].poll()
    print(json.dumps(answer), flush=True)
"""


class KernelServer:
    """A process that forks kernels, to be used in a with statement; `can_fork` says whether it does on this system."""

    def __enter__(self) -> KernelServer:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([sys.executable, "-c", SERVER], **pipes)
        self.can_fork = self._answer()
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.communicate()

    def ask(self, *order: Any) -> Any:
        """Have the process do something, and return its answer."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        return json.loads(self._process.stdout.readline())


class WarmKernel(ForkedKernel):
    """A fork of the server, told and watched through it."""

    def __init__(self, server: KernelServer) -> None:
        self._server, self.returncode = server, None
        self.pid = server.ask("fork")

    def launch(self, connection_file: str, folder: str, environment: Any) -> None:
        # the server works in another folder than the one that a relative path starts from
        self._server.ask("launch", self.pid, connection_file, str(Path(folder).absolute()), dict(environment))

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._server.ask("poll", self.pid)
        return self.returncode


def _warm(server: KernelServer, sockets: str, _: None, **options: Any) -> PrivateKernels:
    return PrivateKernels(sockets, WarmKernel(server), **options)


@contextmanager
def warm_kernels(server: KernelServer) -> Iterator[None]:
    """Have the engine take its kernels from a server, where the system bears that."""
    import papermill  # noqa: F401  it loads the engine, and must be the first to

    from cdi_stats.publishing import engine

    with pytest.MonkeyPatch.context() as patched:
        if server.can_fork:
            patched.setattr(engine, "PrivateKernels", partial(_warm, server))
        yield
