"""A Jupyter server extension, so that JupyterLab's export menu reaches our exporters.

The server's own address for exports takes letters, digits and underscores only: a name with a hyphen, such as cdi-pdf,
is offered in the menu and then not found.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cdi_stats.publishing.lab"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from jupyter_server.base.handlers import path_regex
    from jupyter_server.nbconvert.handlers import NbconvertFileHandler
    from jupyter_server.utils import url_path_join

    address = url_path_join(server.web_app.settings["base_url"], rf"/nbconvert/(?P<format>cdi-\w+){path_regex}")
    server.web_app.add_handlers(".*$", [(address, NbconvertFileHandler)])
