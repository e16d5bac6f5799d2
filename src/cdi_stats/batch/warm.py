"""What a report needs before it computes anything, done once for all reports of a batch."""

from __future__ import annotations

import gc

import cdi_stats
from cdi_stats.publishing.kernels import can_fork, preload

EXAMPLE = "kent-2017"
SHEETS = 10  # as many pictures as most reports have
NOT_TOLD = {"explore", "on_cluster"}  # what no report calls, and brings much with it


def warm_up() -> None:
    """Import everything, and tell a bundled audit once, so that every fork of this process finds all made ready.

    Nothing is done where a fork is not safe anyway.
    """
    if not can_fork():
        return
    preload()
    for name in cdi_stats.__all__:
        if name not in NOT_TOLD:
            getattr(cdi_stats, name)
    _tell_example()
    gc.collect()
    gc.freeze()


def _tell_example() -> None:
    import nbformat
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    from cdi_stats.publishing.document import Document, markdown_blocks
    from cdi_stats.publishing.execution import notebook_path
    from cdi_stats.publishing.html import render_html
    from cdi_stats.publishing.publication import stack_versions
    from cdi_stats.publishing.typst import make_ready
    from cdi_stats.report.blocks import MIME_TYPE
    from cdi_stats.report.canvas import make_sheets

    report = cdi_stats.open_report(EXAMPLE)
    parts = (report.title, report.overall, report.causes)
    blocks = [block for part in parts for block in part()._repr_mimebundle_()[MIME_TYPE]["blocks"]]
    numbered = (block | {"number": 1, "id": "part"} for block in (*blocks, *markdown_blocks("Words.")))
    render_html(Document("Report", "", "", "", tuple(numbered)))
    nbformat.validate(nbformat.read(notebook_path("inspection"), as_version=4))  # type: ignore[no-untyped-call]
    KernelProvisionerFactory.instance()
    make_ready()
    make_sheets(SHEETS)
    stack_versions()
