"""JupyterLab over an analyst's folder: reached from this machine only, asking nothing of the internet.

Its settings, and what it takes notebooks to be trusted by, can run programs. They are the user's own, and never those
that came with a folder from someone else.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path
from urllib.parse import quote

from cdi_stats.errors import BadParameters
from cdi_stats.lab.start_page import START_PAGE

OWN = "cdi-stats"
HERE = "127.0.0.1"
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
}
QUIET = 40  # logging's ERROR; the address is told all the same


def make_ready(port: int | None) -> None:
    """Raise BadParameters, in one line, without JupyterLab, or where a port that was asked for is taken."""
    if find_spec("jupyterlab") is None:
        raise BadParameters(
            "JupyterLab: not installed; expected it beside cdi-stats. "
            'To mend: python -m pip install "cdi-stats[lab]", and offline with --no-index --find-links WHEELS before it'
        )
    if port is not None and _is_taken(port):
        raise BadParameters(f"port {port}: taken; expected a free one. To mend: give another, or leave --port out")


def serve(folder: Path, *, port: int | None, browser: bool) -> None:
    """Serve a folder until Ctrl+C; without a port, at the first free one from 8888 on."""
    _write_settings(folder)
    os.environ.update(environment(folder))
    # jsonschema's IRI check builds 35 parsers on import, half of the start; nothing here holds an IRI to check
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(arguments(folder, port=port, browser=browser))


def own_place(folder: Path) -> Path:
    """Return where JupyterLab keeps what it goes by in a folder: a place among the user's own data of Jupyter."""
    from jupyter_core.paths import jupyter_data_dir

    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    return Path(jupyter_data_dir()).resolve() / OWN / name


def environment(folder: Path) -> Mapping[str, str]:
    """Return the variables that keep JupyterLab and its kernels to the user's own place, and `cdi` at hand."""
    own = own_place(folder)
    path = os.pathsep.join([get_path("scripts"), os.environ.get("PATH", "")])
    return {
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "IPYTHONDIR": str(own / "ipython"),
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "PATH": path,
    }


def arguments(folder: Path, *, port: int | None, browser: bool) -> list[str]:
    """Return JupyterLab's options."""
    own = own_place(folder)
    options = {
        "ServerApp.root_dir": folder.resolve(),
        "ServerApp.ip": HERE,
        "ServerApp.open_browser": browser,
        "ServerApp.answer_yes": True,
        "ServerApp.allow_root": True,
        "ServerApp.kernel_spec_manager_class": "cdi_stats.lab.kernels.ThisPython",
        "ServerApp.jpserver_extensions": "cdi_stats.publishing.lab=True",
        "Application.log_level": QUIET,
        # anyone on a shared machine may listen to a kernel, and audits hold victims' data
        "KernelManager.transport_encryption": "auto",
        "NotebookNotary.data_dir": own / "jupyter",
        "LanguageServerManager.autodetect": False,
        "LabApp.default_url": f"/lab/tree/{quote(START_PAGE)}",
        "LabApp.user_settings_dir": own / "jupyter" / "settings",
        "LabApp.workspaces_dir": own / "jupyter" / "workspaces",
        "LabApp.news_url": None,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    if port is not None:
        options |= {"ServerApp.port": port, "ServerApp.port_retries": 0}
    return [f"--{name}={value}" for name, value in options.items()]


def _is_taken(port: int) -> bool:
    with socket.socket() as trial:
        # a port that was let go a moment ago is free, save on Windows, where this option means another thing
        if os.name != "nt":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HERE, port))
        except OSError:
            return True
    return False


def _write_settings(folder: Path) -> None:
    """Write JupyterLab's defaults where it looks for them; what someone has set in JupyterLab goes before."""
    path = own_place(folder) / "jupyter" / "labconfig" / "default_setting_overrides.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(SETTINGS, indent=1) + "\n", encoding="utf-8", newline="\n")
