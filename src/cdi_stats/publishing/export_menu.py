"""JupyterLab's export menu: our formats by the names that people read, and one clear message where there is no report.

The server's own list names a format as nbconvert's command does, and its own address for exports takes letters, digits
and underscores only: a name with a hyphen, such as cdi-pdf, is offered in the menu and then not found.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

from anyio.to_thread import run_sync
from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, path_regex
from jupyter_server.nbconvert.handlers import NbconvertFileHandler
from jupyter_server.utils import url_path_join
from nbconvert import exporters
from tornado import web

from cdi_stats.errors import CdiStatsError
from cdi_stats.publishing.document import read_executed
from cdi_stats.publishing.exporters import EXPORTERS

NAMES = {exporter.export_from_notebook: name for name, exporter in EXPORTERS.items()}
LABELS = {name: label for label, name in NAMES.items()}
# nbconvert's own that need a program which few have: without it they end in an error page
PROGRAMS = {"asciidoc": "pandoc", "latex": "pandoc", "pdf": "xelatex", "rst": "pandoc"}
BY_COMMAND_ONLY = ("qtpdf", "qtpng", "webpdf")
UNFIT = 422
PAGE = """<!doctype html>
<html lang="en-GB">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not exported</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }}</style>
<main>
<h1>Not exported</h1>
{paragraphs}
<p>Close this tab to go back to the notebook.</p>
</main>
</html>
"""


def handlers(base_url: str) -> list[tuple[str, type[web.RequestHandler]]]:
    """Return what answers at which of a server's addresses."""
    formats = "|".join(["cdi-[a-z]+", "CDI[^/]+"])
    return [
        (url_path_join(base_url, "/api/nbconvert"), FormatsHandler),
        (url_path_join(base_url, rf"/nbconvert/(?P<format>{formats}){path_regex}"), ExportHandler),
    ]


def export_formats() -> dict[str, dict[str, str]]:
    """Return the formats to offer, by the names in the menu: ours first, then those of nbconvert that can work here."""
    known: Any = exporters
    names = [*EXPORTERS, *(name for name in known.get_export_names() if _is_usable(name))]
    return {LABELS.get(name, name): {"output_mimetype": known.get_exporter(name).output_mimetype} for name in names}


def _is_usable(name: str) -> bool:
    program = PROGRAMS.get(name)
    return name not in (*EXPORTERS, *BY_COMMAND_ONLY) and (program is None or shutil.which(program) is not None)


class FormatsHandler(APIHandler):
    """The formats that the menu offers."""

    auth_resource = "nbconvert"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the formats as JSON."""
        self.finish(json.dumps(await run_sync(export_formats)))


class ExportHandler(NbconvertFileHandler):
    """A notebook in one of our formats."""

    @web.authenticated
    @authorized
    async def get(self, format: str, path: str) -> None:  # noqa: A002
        """Answer with the file, or with a page that says why there is none."""
        contents: Any = self.contents_manager
        model = await ensure_async(contents.get(path.strip("/"), type="notebook"))
        try:
            await run_sync(read_executed, model["content"])
        except CdiStatsError as error:
            self.set_status(UNFIT)
            self.finish(_page(str(error)))
        else:
            await ensure_async(super().get(NAMES.get(format, format), path))


def _page(message: str) -> str:
    from markupsafe import escape

    problem, _, mend = message.partition(" To mend: ")
    told = [problem, f"To mend: {mend}"] if mend else [problem]
    return PAGE.format(paragraphs="\n".join(f"<p>{escape(text)}</p>" for text in told))
