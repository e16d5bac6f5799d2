"""Kernels that nobody else can hear, started and ended without the waits that Jupyter has for kernels of all kinds."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import time
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from cdi_stats.publishing.kernels import ForkedKernel

LONGEST_SOCKET_FOLDER = 80  # the system allows a socket about 100 letters
LOOK_AGAIN = 0.005  # seconds until a process that is about to end is looked at again; Jupyter lets 0.1 pass
CONNECT_AGAIN = 10  # milliseconds until a socket that is not there yet is tried again; zmq lets 100 pass


class PrivateKernels(AsyncKernelManager):
    """A kernel manager whose kernel speaks over sockets in a folder, where the system can, not over TCP ports.

    Anyone on a shared host may listen to a TCP kernel, and audits hold victims' data. What a kernel writes to its own
    terminal is dropped: a report is its notebook's outputs. `forked` is the kernel to use; without it one is started.
    """

    def __init__(self, sockets: str, forked: ForkedKernel | None = None, **options: Any) -> None:
        super().__init__(client_factory=PrivateClient, **options)
        self.forked = forked
        if os.name != "nt" and len(sockets) < LONGEST_SOCKET_FOLDER:
            self.transport, self.ip = "ipc", f"{sockets}/kernel"
        self.connection_file = f"{sockets}/kernel.json"

    async def _async_start_kernel(self, **options: Any) -> None:
        if self.forked is not None:
            self.provisioner = _ForkedProvisioner(
                kernel_id=self.kernel_id or "", kernel_spec=self.kernel_spec, parent=self
            )
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super()._async_start_kernel(**(quiet | options))

    start_kernel = _async_start_kernel

    async def _async_wait(self, pollinterval: float = LOOK_AGAIN) -> None:
        await super()._async_wait(min(pollinterval, LOOK_AGAIN))


class PrivateClient(AsyncKernelClient):
    """A client of one kernel, which the kernel's own process shows to be alive: it listens to no heartbeat."""

    def start_channels(self, **channels: Any) -> None:  # type: ignore[override]
        """Connect to the kernel's sockets, which may not be there yet."""
        self.context.setsockopt(zmq.RECONNECT_IVL, CONNECT_AGAIN)
        super().start_channels(**(channels | {"hb": False}))

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers and its outputs are heard.

        The class it stands for then waits until nothing is heard for 0.2 s; what a new kernel says before its first
        cell is of no cell. Raises RuntimeError for a kernel that died, or does not answer within `timeout` seconds.
        """
        end = time.monotonic() + (math.inf if timeout is None else timeout)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("the kernel died before it answered")
            if time.monotonic() > end:
                raise RuntimeError(f"the kernel did not answer in {timeout} seconds")

    async def _answers(self) -> bool:
        self.kernel_info()
        try:
            reply = await self.shell_channel.get_msg(timeout=1)
            await self.iopub_channel.get_msg(timeout=0.2)
        except Empty:
            return False
        self._handle_kernel_info_reply(reply)
        return True


class _ForkedProvisioner(LocalProvisioner):
    parent: PrivateKernels
    process: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ARG002
        forked = self.parent.forked
        assert forked is not None
        self.process, self.pid, self.pgid, self.cwd = forked, forked.pid, forked.pid, kwargs["cwd"]
        forked.launch(self.parent.connection_file, kwargs["cwd"], kwargs["env"])
        return self.connection_info

    async def wait(self) -> int | None:
        # as the class it stands for, but for how often it looks
        while self.process is not None and self.process.poll() is None:
            await asyncio.sleep(LOOK_AGAIN)
        self.process = None
        return self.parent.forked.returncode if self.parent.forked else None
