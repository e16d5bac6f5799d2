"""How JupyterLab is started on an analyst's folder, and what is said where it cannot be."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from jupyterlab.labapp import LabApp

from cdi_stats.cli import main
from cdi_stats.lab import server
from cdi_stats.lab.kernels import ThisPython
from cdi_stats.lab.server import arguments, environment


@pytest.fixture
def lab(monkeypatch, capsys):
    """Run `cdi lab` with these words; return exit code, what was printed, and what was said of errors."""
    monkeypatch.setattr("cdi_stats.lab.command.serve", lambda *_, **__: None)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["cdi", "lab", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_without_jupyterlab_one_line_says_how_to_mend_it(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(server, "find_spec", lambda _: None)
    code, _, said = lab(tmp_path)
    assert code == 2
    assert said.count("\n") == 1
    assert "To mend: python -m pip install" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(lab, tmp_path):
    code, _, said = lab(tmp_path / "new")
    assert code == 2
    assert f"To mend: cdi init {tmp_path / 'new'}" in said
    assert not (tmp_path / "new").exists()


def test_a_port_that_is_taken_is_said_before_anything_is_written(lab, tmp_path):
    with socket.create_server((server.HERE, 0)) as holder:
        port = holder.getsockname()[1]
        code, _, said = lab(tmp_path, "--port", port)
    assert (code, said.split(":")[0]) == (2, f"port {port}")
    assert list(tmp_path.iterdir()) == []
    assert lab(tmp_path, "--port", port)[0] == 0


def test_what_was_copied_in_is_told_once(lab, tmp_path):
    assert "copied in" in lab(tmp_path)[1]
    assert "copied in" not in lab(tmp_path)[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_jupyterlab_knows_every_option_and_is_reached_from_here_only(tmp_path):
    """Traits are those of the installed Jupyter; a name that it does not have would be passed over in silence."""
    from jupyter_client.manager import KernelManager
    from jupyter_lsp import LanguageServerManager
    from jupyter_server.serverapp import ServerApp
    from nbformat.sign import NotebookNotary

    known = {kind.__name__: kind for kind in (ServerApp, LabApp, KernelManager, LanguageServerManager, NotebookNotary)}
    given = dict(option.removeprefix("--").split("=", 1) for option in arguments(tmp_path, port=1, browser=False))
    for name in given:
        section, _, trait = name.partition(".")
        assert section == "Application" or known[section].class_traits(config=True)[trait], name
    assert given["ServerApp.ip"] == "127.0.0.1"
    assert not [name for name in given if "token" in name or "password" in name], "its own token stays on"
    assert given["LabApp.news_url"] == "None"
    assert given["LabApp.extension_manager"] == "readonly"


def test_a_folder_gives_jupyterlab_no_orders(tmp_path, monkeypatch):
    """Settings, start-up files and marks of trust run programs: a folder from someone else would bring theirs."""
    (tmp_path / "audit").mkdir()
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    folders = {name: value for name, value in environment(tmp_path / "audit").items() if name != "PATH"}
    assert {*folders} == {"JUPYTER_CONFIG_DIR", "IPYTHONDIR", "MPLCONFIGDIR"}
    options = [option.partition("=")[2] for option in arguments(tmp_path / "audit", port=None, browser=False)]
    places = [Path(value) for value in (*folders.values(), *options) if value.startswith(str(tmp_path))]
    own = [place for place in places if place != tmp_path / "audit"]
    assert len(own) == len(places) - 1 == 6
    assert all(place.is_relative_to(tmp_path / "data") for place in own)
    assert server.own_place(tmp_path / "audit") != server.own_place(tmp_path / "other")


def test_python3_is_this_python_whatever_other_kernels_are_called(tmp_path):
    other = tmp_path / "kernels"
    for name in ("python3", "r"):
        (other / name).mkdir(parents=True)
        text = '{"argv": ["elsewhere"], "display_name": "Other", "language": "x"}'
        (other / name / "kernel.json").write_text(text, encoding="utf-8")
    kernels = ThisPython(kernel_dirs=[str(other)])
    assert kernels.get_kernel_spec("python3").argv[0] == sys.executable
    assert kernels.get_kernel_spec("r").argv == ["elsewhere"]
    assert {name: spec["spec"]["argv"][0] for name, spec in kernels.get_all_specs().items()} == {
        "python3": sys.executable,
        "r": "elsewhere",
    }
