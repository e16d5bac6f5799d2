"""What a forked kernel runs: ipykernel's application without what no report uses."""

from __future__ import annotations

from typing import Any

from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

LARGEST_COPIED = 1 << 30  # zmq starts a thread to free what it sends without copying


class ForkedStream(OutStream):
    """What a cell prints. A flush waits for another thread, six times a cell: not where nothing was printed since."""

    _printed = False

    def write(self, string: str) -> int:
        """Hold what is printed until it is flushed, and return how many letters that is."""
        self._printed = True
        return super().write(string) or 0

    def flush(self) -> None:
        """Send what was printed."""
        if self._printed:
            self._printed = False
            super().flush()  # type: ignore[no-untyped-call]


class ForkedApp(IPKernelApp):
    """A kernel whose owner sees by its process whether it lives, and whose descriptors 1 and 2 nobody reads."""

    def parse_command_line(self, argv: Any = None) -> None:
        """Do nothing: a fork has no command line, and the parser of one takes as long as a cell."""

    def init_heartbeat(self) -> None:
        """Do nothing."""


def serve(connection_file: str) -> None:
    """Serve at the sockets of a connection file until told to stop."""
    config = Config(HistoryManager={"enabled": False}, Session={"copy_threshold": LARGEST_COPIED})
    app: Any = ForkedApp.instance(
        connection_file=connection_file,
        config=config,
        outstream_class=f"{__name__}.ForkedStream",
        capture_fd_output=False,
    )
    app.initialize([])
    app.start()
