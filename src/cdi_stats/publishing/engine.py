"""The papermill engine of our notebooks: a private kernel, forked where that is safe, and an end to what a cell prints.

`papermill --engine cdi` uses it too.
"""

from __future__ import annotations

from typing import Any

from nbclient.exceptions import CellExecutionError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.kernels import ForkedKernel, can_fork
from cdi_stats.publishing.private_kernels import PrivateKernels
from cdi_stats.publishing.staging import socket_folder

MOST_PRINTED = 1_000_000


class CdiClient(PapermillNotebookClient):  # type: ignore[misc]
    """A client that stops a notebook whose cells print without end: no report shows a word of it."""

    printed = 0

    def papermill_execute_cells(self) -> None:
        """Run the code cells; what papermill notes of when each ran is for a notebook that it writes itself."""
        if self.nb_man.output_path:
            super().papermill_execute_cells()
            return
        for index, cell in enumerate(self.nb.cells):
            if cell.cell_type == "code":
                try:
                    self.execute_cell(cell, index)
                except CellExecutionError:
                    return

    def process_message(self, message: Any, cell: Any, cell_index: int) -> Any:
        """Return the output that a message brings. Raises ReportFailed once a notebook has printed too much."""
        if message["header"]["msg_type"] == "stream":
            self.printed += len(message["content"]["text"])
            if self.printed > MOST_PRINTED:
                raise ReportFailed(
                    f"cell {cell_index} prints more than {MOST_PRINTED:,} characters; expected blocks. "
                    "To mend: take the print out"
                )
        return super().process_message(message, cell, cell_index)


class CdiEngine(NBClientEngine):  # type: ignore[misc]
    """An engine for `papermill.execute_notebook(engine_name="cdi")`."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution_timeout: int | None = None, fork: bool = False, **options: Any
    ) -> Any:
        """Run a notebook in a kernel of its own, which is gone afterwards; with `fork` a fork of this process."""
        forked = ForkedKernel() if fork and can_fork() else None
        try:
            with socket_folder() as sockets:
                client = CdiClient(
                    nb_man,
                    timeout=execution_timeout,
                    startup_timeout=options.get("start_timeout", 60),
                    kernel_name=kernel_name,
                    km=PrivateKernels(sockets, forked, kernel_name=kernel_name),
                    resources=options.get("resources", {}),
                    record_timing=False,
                    # a fork leaves no trace that it would have to clear away first
                    shutdown_kernel="immediate" if forked else "graceful",
                    log=logger,
                )
                return client.execute(cleanup_kc=True)
        finally:
            if forked:
                forked.close()
