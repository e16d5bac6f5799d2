"""A forked kernel is a fresh one: nothing that a notebook does reaches the next, nor anything of the process forked."""

import json
import os
import select
import subprocess
import sys
import threading
import time
import tomllib
from importlib import import_module
from pathlib import Path

import papermill
import pytest

from cdi_stats.publishing import kernels

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")

# Runs notebooks of one process, each in a fork of it, and prints the last cell's text of each.
FORKS = """
import sys, json
from pathlib import Path
from cdi_stats.publishing import kernels
kernels.keep_one_thread()
kernels.preload()
import nbformat, papermill
from cdi_stats.publishing.engine import CdiEngine
papermill.engines.papermill_engines.register("cdi", CdiEngine)
said = []
secret = open(sys.argv[2] + "/secret.txt", "w+")
for source in json.loads(sys.argv[1]):
    assert kernels.can_fork()
    cells = [nbformat.v4.new_code_cell(part) for part in source]
    spec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    options = {"engine_name": "cdi", "fork": True, "kernel_name": "python3", "progress_bar": False}
    made = papermill.execute_notebook(notebook, None, resources={"metadata": {"path": sys.argv[2]}}, **options)
    said.append([dict(output) for output in made.cells[-1].outputs])
print(json.dumps(said))
"""
LEAK = """
import builtins, os, random, sys, gc, numpy, matplotlib, warnings, locale
import cdi_stats.report.charts
left_behind = builtins.left_behind = numpy.left_behind = 1
sys.left_behind = cdi_stats.report.charts.left_behind = 1
matplotlib.rcParams["font.size"] = 77.0
numpy.random.seed(0); random.seed(0)
os.environ["LEFT_BEHIND"] = "1"
os.chdir("..")
sys.path.insert(0, "left-behind")
kept_open = open("left-open.txt", "w")
warnings.simplefilter("error")
os.umask(0o777)
"""
LOOK = """
import builtins, os, sys, random, json, numpy, matplotlib, warnings
import cdi_stats.report.charts
marked = ("builtins", "numpy", "sys", "cdi_stats.report.charts")
found = [name for name in marked if hasattr(sys.modules[name], "left_behind")]
mask = os.umask(0o022); os.umask(mask)
numbers = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
files = [os.path.realpath(os.path.join(numbers, number)) for number in os.listdir(numbers)]
state = {
    "modules": found, "global": "left_behind" in globals(), "font": matplotlib.rcParams["font.size"],
    "environment": os.environ.get("LEFT_BEHIND"), "folder": os.getcwd(), "path": "left-behind" in sys.path,
    "files": [file for file in files if file.endswith(".txt")], "mask": mask, "leader": os.getsid(0) == os.getpid(),
    "draws": [random.random(), float(numpy.random.random())],
}
print(json.dumps(state))
"""


def run_forks(folder, *notebooks):
    command = [sys.executable, "-c", FORKS, json.dumps(notebooks), str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """What two notebooks find, before and after one that leaves all it can."""
    folder = tmp_path_factory.mktemp("forks")
    outputs = run_forks(folder, [LOOK], [LEAK, LOOK], [LOOK])
    return folder, [json.loads(output[0]["text"]) for output in outputs]


def test_the_notebook_that_leaves_things_finds_them_itself(states):
    folder, (_, leaking, _) = states
    assert leaking["global"]
    assert leaking["modules"] == ["builtins", "numpy", "sys", "cdi_stats.report.charts"]
    assert (leaking["font"], leaking["environment"], leaking["path"]) == (77.0, "1", True)
    assert leaking["folder"] == str(folder.parent.resolve())


def test_nothing_reaches_the_next_notebook(states):
    folder, (before, _, after) = states
    drawn = before.pop("draws"), after.pop("draws")
    assert after == before
    assert after["modules"] == after["files"] == []
    assert after["folder"] == str(folder.resolve())
    assert after["leader"]
    assert len({*drawn[0], *drawn[1]}) == 4


def test_a_picture_of_pyplot_is_shown_as_in_any_kernel(tmp_path):
    """The backend is chosen when matplotlib is imported, which a fork finds done."""
    cell = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    (outputs,) = run_forks(tmp_path, [cell])
    assert "image/png" in outputs[0]["data"]


def test_what_is_printed_stands_between_the_results_where_it_was_printed(tmp_path):
    """A fork sends what is printed only where something was: none may be late, or lost at the end of a cell."""
    cell = """
from IPython.display import display
import sys
print("one", end=""); display(1)
print("two", end="", flush=True); print("aside", file=sys.stderr, end=""); display(2)
print("three", end="")
"""
    (outputs,) = run_forks(tmp_path, [cell])
    shown = [(made.get("name"), made.get("text") or made["data"]["text/plain"]) for made in outputs]
    assert [row for row in shown if row[0] != "stderr"] == [
        ("stdout", "one"), (None, "1"), ("stdout", "two"), (None, "2"), ("stdout", "three")
    ]  # fmt: skip
    assert ("stderr", "aside") in shown


DEAD = """
import sys
from pathlib import Path
from cdi_stats.publishing import kernels
kernels.keep_one_thread()
kernels.preload()
from cdi_stats.errors import KernelDied
from cdi_stats.publishing import forked_app
from cdi_stats.publishing.execution import run_notebook
forked_app.serve = lambda connection_file: None
try:
    run_notebook("inspection", {"audit": "kent-2017"}, Path(sys.argv[1]), fork=True)
except KernelDied as error:
    print(error)
"""


def test_a_kernel_that_ends_before_it_answers_is_told_as_dead(tmp_path):
    command = [sys.executable, "-c", DEAD, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "inspection: the notebook's kernel died or did not start" in ran.stdout
    assert ran.returncode == 0, ran.stderr


def test_kernels_speak_over_sockets_that_are_gone_afterwards(tmp_path):
    cell = "from ipykernel.kernelapp import IPKernelApp as A\nprint(A.instance().transport, A.instance().ip)"
    (outputs,) = run_forks(tmp_path, [cell])
    transport, ip = outputs[0]["text"].split()
    assert transport == "ipc"
    assert not Path(ip).parent.exists()


def test_a_process_with_a_second_thread_does_not_fork():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not kernels.can_fork()
    finally:
        stop.set()
        thread.join()


def test_no_fork_where_the_system_has_none_or_bears_none(monkeypatch):
    alone = [Path("only")]
    monkeypatch.setattr(kernels.Path, "iterdir", lambda _: alone)
    monkeypatch.setattr(kernels.threading, "active_count", lambda: len(alone))
    assert kernels.can_fork()
    with monkeypatch.context() as mac:
        mac.setattr(kernels.sys, "platform", "darwin")
        assert not kernels.can_fork()
    monkeypatch.delattr(os, "fork")
    assert not kernels.can_fork()


def test_after_warming_up_a_fork_is_safe():
    """Whoever adds an import that starts a thread loses the speed of a batch without a word."""
    code = (
        "from cdi_stats.publishing.kernels import can_fork, keep_one_thread\nkeep_one_thread()\n"
        "from cdi_stats.batch.warm import warm_up\nwarm_up()\nassert can_fork()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stderr


def test_papermill_finds_the_engine_by_name():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["papermill.engine"]["cdi"].partition(":")
    assert issubclass(getattr(import_module(module), name), papermill.engines.Engine)


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_child_ends_with_its_owner(monkeypatch):
    """Where the system cannot be asked to see to it, the child looks for itself."""
    monkeypatch.setattr(kernels.sys, "platform", "darwin")
    reading, writing = os.pipe()
    owner = os.fork()
    if owner == 0:
        here = os.getpid()
        if os.fork() == 0:
            kernels.end_with(here)
            time.sleep(60)
        time.sleep(0.5)
        os._exit(0)
    os.close(writing)
    os.waitpid(owner, 0)
    # the pipe ends when nobody holds its other end any more: the child is gone too
    assert select.select([reading], [], [], 10)[0]
    assert os.read(reading, 1) == b""
    os.close(reading)
