"""Other machines than this one: Windows' rules, simulated, and other clocks, code pages and line ends.

What only Windows itself could show (its console, its locks) is not shown here.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PureWindowsPath

import pytest
from tests.unit.conftest import small_tables

from cdi_stats.audit.reading import check_audit, read_audit
from cdi_stats.audit.sampling import read_plan
from cdi_stats.audit.template import write_workbook
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.errors import BadParameters
from cdi_stats.file_names import LONGEST, filed_as, is_portable
from cdi_stats.findings.examine import examine

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_PATH = 260
NAMES = [
    *("CON", "nul.xlsx", "COM1", "lpt²", "aux.2024.06", "June. ", "a<b>:c", 'say "x"', "who|what?", "*", ".", "..", ""),
    *("C:\\audits\\june", "\\\\server\\share", "Gwynedd Ŵ’s ≥ audit", "x" * 250, "é" * 250, "\x00\n", "-", "~1"),
]


# Names of files.


@pytest.mark.parametrize("name", NAMES)
def test_whatever_an_audit_is_called_its_folder_has_a_name_that_windows_takes(name):
    """Microsoft, Naming Files, Paths, and Namespaces."""
    filed = filed_as(name)
    assert re.fullmatch(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST - 1}}}", filed)
    assert is_portable(filed)
    path = PureWindowsPath("reports", filed, "inspection")
    assert not path.is_reserved() if sys.version_info < (3, 13) else not os.path.isreserved(filed)
    assert path.parts[1] == filed
    assert filed_as(filed) == filed


def test_names_that_differ_stay_apart_when_they_are_cut():
    assert len({filed_as("x" * length) for length in range(50, 250)}) == 200


@pytest.mark.parametrize("name", ["con", "Nul.june", "report.", "COM¹", "a/b", "a\\b", "a:b", " a", "", "x" * 101])
def test_a_report_of_a_batch_is_not_named_as_windows_would_not(tmp_path, name):
    assert not is_portable(name)
    plan = tmp_path / "plan.toml"
    plan.write_text(f"[[report]]\nreport = 'inspection'\naudits = ['kent-2017']\nname = {json.dumps(name)}\n", "utf-8")
    if name and " " not in name and "/" not in name:
        with pytest.raises(BadParameters, match="expected up to 100 letters"):
            read_batch_plan(plan)


def test_two_reports_whose_names_differ_in_case_alone_would_be_one_folder(tmp_path):
    plan = tmp_path / "plan.toml"
    entry = "[[report]]\nreport = 'inspection'\naudits = ['kent-2017']\nname = '{}'\n"
    plan.write_text(entry.format("June") + entry.format("JUNE"), "utf-8")
    with pytest.raises(BadParameters, match="found 2 reports for the folder"):
        read_batch_plan(plan)


def test_a_report_fits_windows_longest_path():
    """In a user's documents, with a folder's longest name and the stage's ending; 260 letters with the end's."""
    examples = ROOT / "reports" / "examples"
    within = max(len(path.relative_to(examples).as_posix().split("/", 1)[1]) for path in examples.rglob("*/*/*"))
    own = ("Users", "some.long.username", "OneDrive - Testshire Police", "Documents", "CDI audits", "reports")
    assert len(str(PureWindowsPath("C:\\", *own))) + 1 + LONGEST + 1 + within + len("..12345678") + 1 < LONGEST_PATH


@pytest.mark.parametrize("written", ['"C:\\Usk\\june.xlsx"', '"audits\\june.xlsx"'])
def test_a_windows_path_in_a_plan_is_explained(tmp_path, written):
    """TOML takes a backslash between double quotes for an escape."""
    plan = tmp_path / "plan.toml"
    plan.write_text(f"[[report]]\nreport = 'inspection'\naudits = [{written}]\n", "utf-8")
    with pytest.raises(BadParameters, match=re.escape("To mend: write a path with / for each \\")):
        read_batch_plan(plan)


# Encodings and line ends.


def text_calls():
    """Yield every call that opens, reads or writes text: where it is, its name and its keywords."""
    for path in [*SOURCES, ROOT / "tasks.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            writes = name == "write_text" or (name in ("open", "fdopen") and {"w", "a", "x"} & set(modes))
            if writes or name == "read_text":
                yield f"{path.name}:{node.lineno}", writes, {keyword.arg for keyword in node.keywords}


def test_text_has_its_encoding_and_its_line_ends_stated():
    """Else Windows writes its code page, and ends lines in two letters, so that files and their hashes differ."""
    calls = list(text_calls())
    assert len([where for where, writes, _ in calls if writes]) > 10
    assert [where for where, _, given in calls if "encoding" not in given] == []
    assert [
        where for where, writes, given in calls if writes and not where.startswith("tasks") and "newline" not in given
    ] == []


def windows_text(path):
    """Save a text file as Windows' Notepad does: with a mark, and lines that end in two letters."""
    text = path.read_bytes().decode().replace("\r\n", "\n")
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())


def test_files_saved_by_notepad_read_the_same(tmp_path):
    audit = tmp_path / "audit"
    audit.mkdir()
    for name, rows in small_tables({"violence": [(1, 1)] * 18 + [(1, 0)] * 2}).items():
        rows.to_csv(audit / f"{name}.csv", index=False, lineterminator="\n")
    files = {"plan.toml": "seed = '7'\n[[strata]]\nstratum = 'violence'\nrecords = 3\n"}
    files["batch.toml"] = "[[report]]\nreport = 'inspection'\naudits = ['kent-2017']\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")

    def read():
        rates = examine(read_audit(audit)).table
        return rates.to_csv(), read_plan(tmp_path / "plan.toml"), read_batch_plan(tmp_path / "batch.toml").jobs

    before = read()
    for path in (*tmp_path.glob("*.toml"), *audit.glob("*.csv")):
        windows_text(path)
    assert read() == before


# A console with a code page.


@pytest.fixture(scope="module")
def welsh(tmp_path_factory):
    """Return an audit whose names hold letters that Windows-1252 lacks, with a problem that quotes them."""
    tables = small_tables({"violence": [(1, 1)] * 18 + [(1, 0)] * 2})
    tables["strata"]["label"] = "trais – Ŵyl’s ≥ 1"
    tables["records"]["opening_code"] = "Ŵ≥–’−1"
    path = tmp_path_factory.mktemp("welsh") / "Gŵyl ≥.xlsx"
    write_workbook(tables, path)
    return path


CONSOLE = {"PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0", "COLUMNS": "100"}
# each command's help and its output in one process, as starting anew each time would take most of the time
COMMANDS = """
import json, sys
from cdi_stats import cli
for arguments in json.loads(sys.argv[1]):
    print(">", " ".join(arguments).encode("ascii", "replace").decode())
    sys.argv = ["cdi", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        assert end.code in (0, None, 1, 2), end.code
"""


def on_a_code_page(commands):
    command = [sys.executable, "-X", "warn_default_encoding", "-c", COMMANDS, json.dumps(commands)]
    ran = subprocess.run(command, capture_output=True, env=os.environ | CONSOLE, check=False)
    told = (ran.stdout + ran.stderr).decode("cp1252")
    assert ran.returncode == 0, told
    assert "Traceback" not in told
    assert not re.search(r"EncodingWarning.*\n?.*cdi_stats", told), told
    return ran.stdout.decode("cp1252"), told


def test_a_console_of_windows_1252_prints_every_command(welsh, tmp_path):
    plan = tmp_path / "Ŵ.toml"
    plan.write_text("[[strata]]\nstratum = 'Ŵ ≥'\nrate = 0.9\ncrimes_per_record = 1\ndesign_effect = 1\n", "utf-8")
    helps = [
        [verb, "--help"] for verb in ("", "init", "plan", "draw", "check", "estimate", "report", "compare", "batch")
    ]
    runs = [["check", str(welsh)], ["check", str(welsh), "--json"], ["estimate", str(welsh)], ["estimate", "Ŵ≥.xlsx"],
            ["compare", str(welsh), str(welsh)], ["plan", str(plan)], ["draw", str(plan)], ["batch", str(plan)],
            ["report", "inspektion≥", str(welsh)], ["init", str(tmp_path / "Ŵ≥")]]  # fmt: skip
    out, told = on_a_code_page([[word for word in line if word] for line in (*helps, *runs)])
    assert "W?.toml" not in told
    assert "W.toml" in told, "a letter without its accent is better than a question mark"
    printed = out.split("--json\n")[1].split("\n> ")[0]
    assert json.loads(printed) == [problem.to_json() for problem in check_audit(welsh)]


# No fork, no symbolic links, no modules of Unix; another clock and another country.

# Run before anything else is imported. Libraries choose by the name of the system, so what they use stays.
ELSEWHERE = """
import os, sys, types
fcntl = __import__("fcntl")
for name in ("fork", "forkpty", "register_at_fork", "setsid", "killpg", "getpgid", "mkfifo", "symlink", "link"):
    if hasattr(os, name):
        delattr(os, name)
msvcrt = types.ModuleType("msvcrt")
msvcrt.LK_NBLCK = 2
msvcrt.locking = lambda held, mode, size: fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog"):
    sys.modules[name] = None
"""
EVERYTHING = """
import importlib, pkgutil, papermill, cdi_stats
for module in pkgutil.walk_packages(cdi_stats.__path__, "cdi_stats."):
    if module.name != "cdi_stats.__main__":
        importlib.import_module(module.name)
"""
REPORT = """
import sys
from cdi_stats.publishing.publication import Manner, publish
from cdi_stats.publishing import kernels, staging
if "msvcrt" in globals():
    staging._lock = lambda held: msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
    assert not kernels.can_fork()
publish("board_paper", "kent-board-2017", out=sys.argv[1], formats=["html", "tables"], manner=Manner(fork=True))
"""


def run_elsewhere(code, *arguments, **environment):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]


def test_a_report_is_the_same_to_the_byte_without_fork_and_in_another_country(tmp_path):
    """One machine with none of Unix's modules, 13 hours ahead, with a decimal comma; one three and a half behind."""
    far = {"TZ": "Pacific/Auckland", "LC_ALL": "de_DE.UTF-8", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    run_elsewhere(ELSEWHERE + EVERYTHING + REPORT, tmp_path / "far", **far)
    run_elsewhere(REPORT, tmp_path / "near", TZ="America/St_Johns")
    folders = [tmp_path / place / "kent-board-2017" / "board_paper" for place in ("far", "near")]
    names = [sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in folders]
    assert names[0] == names[1]
    assert len(names[0]) > 8
    for name in names[0]:
        if name.suffix != ".ipynb" and name.name != "manifest.json":
            assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert b"\r" not in (folders[0] / "manifest.json").read_bytes()
