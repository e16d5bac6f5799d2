"""A Jupyter server extension, so that JupyterLab's export menu offers our formats by name and reaches our exporters."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "cdi_stats.publishing.lab"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from cdi_stats.publishing.export_menu import handlers

    server.web_app.add_handlers(".*$", handlers(server.web_app.settings["base_url"]))
