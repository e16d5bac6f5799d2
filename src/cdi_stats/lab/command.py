"""What `cdi lab` does: notebooks copied in or renewed, said in a line each, and JupyterLab started on the folder."""

from __future__ import annotations

from pathlib import Path

import typer

from cdi_stats.errors import BadParameters
from cdi_stats.lab.copies import Why, lay_copies
from cdi_stats.lab.server import make_ready, serve


def lab_command(folder: Path, *, port: int | None, browser: bool) -> None:
    """Open JupyterLab on a folder until it is stopped. Raises BadParameters for a folder or a port that will not do."""
    if not folder.is_dir():
        raise BadParameters(f"{folder}: found no folder; expected one. To mend: cdi init {folder}")
    make_ready(port)
    copied = lay_copies(folder)
    for path, why in copied:
        if why is not Why.MISSING:
            typer.echo(f"{path}: {why}")
    added = sum(why is Why.MISSING for _, why in copied)
    if added:
        typer.echo(f"{folder}: {added} notebooks and pages copied in")
    typer.echo("JupyterLab is starting. Leave this window open; to stop, press Ctrl+C here.")
    serve(folder, port=port, browser=browser)
