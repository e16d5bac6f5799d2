"""What a report needs before it computes anything, done once for all reports of a batch."""

from __future__ import annotations

import gc

import cdi_stats
from cdi_stats.publishing.kernels import can_fork, preload

EXAMPLE = "kent-2018"


def warm_up() -> None:
    """Import everything, and tell a bundled audit once, so that every fork of this process finds all made ready.

    Nothing is done where a fork is not safe anyway.
    """
    if not can_fork():
        return
    preload()
    for name in cdi_stats.__all__:
        getattr(cdi_stats, name)
    _tell_example()
    gc.collect()
    gc.freeze()


def _tell_example() -> None:
    from cdi_stats.publishing.html import page_style
    from cdi_stats.publishing.typst import make_ready
    from cdi_stats.report.blocks import Displayed

    report = cdi_stats.open_report(EXAMPLE)
    for part in (report.title, report.overall, report.domains, report.causes, report.annual, report.timeliness):
        shown: Displayed = part()
        shown._repr_mimebundle_()
    page_style()
    make_ready()
