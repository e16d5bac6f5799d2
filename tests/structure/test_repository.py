"""What is in the repository: no machine's paths, thin notebooks without outputs, files of a readable size."""

import ast
import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import mistune
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOURCES = sorted((ROOT / "src").rglob("*.py"))
NOT_OURS = {".git", ".venv", "site", "dist", "__pycache__"}

MACHINE_PATHS = ["/" + folder + "/" for folder in ("home", "root", "tmp", "work", "Users")]
# after a folder's or a host's name the same letters are harmless
MACHINE_PATH = re.compile("|".join(rf"(?<![\w.*-]){path}\w" for path in MACHINE_PATHS) + r"|[A-Z]:\\\\?Users\\")
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "ana" + "conda.org",
    "ana" + "conda.com",
    "deb." + "debian.org",
    "archive." + "ubuntu.com",
]

FORBIDDEN_NODES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.If,
    ast.IfExp,
    ast.Try,
    ast.TryStar,
    ast.With,
    ast.AsyncWith,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.BinOp,
    ast.AugAssign,
)
PATH_NAMES = {"Path", "PurePath", "pathlib", "os", "shutil", "glob"}


def repository_files():
    """Return the files that are, or would be, committed; every file where git is not at hand."""
    if shutil.which("git") and (ROOT / ".git").exists():
        command = [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
        paths = [ROOT / name for name in names if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not NOT_OURS & set(path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file()]


def cells(notebook, kind):
    document = json.loads(notebook.read_text(encoding="utf-8"))
    return [cell | {"text": "".join(cell["source"])} for cell in document["cells"] if cell["cell_type"] == kind]


def is_parameters(cell):
    return "parameters" in cell["metadata"].get("tags", [])


def named(node):
    """Return the names a syntax node brings in or uses."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0], *(alias.name for alias in node.names)}
    return {node.id} if isinstance(node, ast.Name) else set()


@pytest.fixture(scope="module")
def texts():
    return {path.relative_to(ROOT): path.read_bytes().decode("latin-1") for path in repository_files()}


def test_no_file_holds_a_machine_path(texts):
    found = {str(path): match[0] for path, text in texts.items() if (match := MACHINE_PATH.search(text))}
    assert found == {}


def test_no_file_names_a_registry(texts):
    found = {str(path): host for path, text in texts.items() for host in REGISTRIES if host in text}
    assert found == {}


def test_the_search_finds_what_it_looks_for():
    for path in MACHINE_PATHS:
        assert MACHINE_PATH.search(f"data = '{path}someone/audit.xlsx'")
        assert not MACHINE_PATH.search("https://example.org" + path + "page")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_source_file_stays_readable(path):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines < 450


def test_the_two_inspection_notebooks_are_there():
    assert {"inspection", "reinspection"} <= {notebook.stem for notebook in NOTEBOOKS}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
class TestNotebook:
    def test_has_no_outputs(self, notebook):
        assert [cell["text"] for cell in cells(notebook, "code") if cell["outputs"] or cell["execution_count"]] == []

    def test_has_one_parameters_cell(self, notebook):
        assert sum(map(is_parameters, cells(notebook, "code"))) == 1

    def test_has_short_cells(self, notebook):
        """The parameters cell is as long as the report has parameters, one a line."""
        called = [cell["text"] for cell in cells(notebook, "code") if not is_parameters(cell)]
        assert [text for text in called if len(text.splitlines()) > 6] == []

    def test_only_calls(self, notebook):
        for cell in cells(notebook, "code"):
            for node in ast.walk(ast.parse(cell["text"])):
                assert not isinstance(node, FORBIDDEN_NODES), cell["text"]
                assert not named(node) & PATH_NAMES, cell["text"]

    def test_has_an_outline(self, notebook):
        """One H1 first, and no level skipped on the way down."""
        parse = mistune.create_markdown(renderer="ast")
        tokens = [token for cell in cells(notebook, "markdown") for token in parse(cell["text"])]
        levels = [token["attrs"]["level"] for token in tokens if token["type"] == "heading"]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
