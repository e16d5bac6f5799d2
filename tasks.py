"""The project's verbs, the same on every machine: `python -m tasks VERB` (`make VERB` calls this).

Only the standard library is imported here, so a machine with nothing but Python can start.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
FURTHER = (
    ("inspection", "kent-2018"),
    ("inspection", "kent-board-2017"),
    ("board_paper", "kent-board-2017"),
    ("sample_plan", "kent-2017"),
    ("sample_plan", "kent-board-2017"),
    ("data_quality", "kent-2017"),
    ("methods", "kent-2017"),
    ("methods", "kent-board-2017"),
    ("monitoring", "example-police"),
    ("benchmark", "kent-2017"),
    ("benchmark", "kent-2018"),
    ("benchmark", "kent-board-2017"),
)


def run(*arguments: str | Path) -> None:
    """Run a command in the project's root and stop with its exit code if it fails."""
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    code = subprocess.run([str(a) for a in arguments], cwd=ROOT, env=environment, check=False).returncode
    if code:
        sys.exit(code)


def setup() -> None:
    """Make `.venv` from the lock, unless it already holds exactly that."""
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / "installed-from"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    print("Setting up .venv from requirements.lock ...", flush=True)
    venv.create(VENV, with_pip=True, clear=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # the lock is whole; to let pip resolve it again would look at newer releases, which have no hash here
    run(*pip, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", LOCK)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    run(PYTHON, "-m", "pip", "--disable-pip-version-check", "check")
    stamp.write_text(wanted, encoding="ascii")


def publish(*wanted: tuple[str, str]) -> None:
    """Publish reports, each named with its audit."""
    for name, audit in wanted:
        run(PYTHON, "-m", "cdi_stats", "report", name, audit)


def report() -> None:
    """Publish the bundled inspection and re-inspection as HTML and PDF."""
    publish(("inspection", "kent-2017"), ("reinspection", "kent-2018"))


def reports() -> None:
    """Publish every report that the bundled audits support."""
    report()
    publish(*FURTHER)


def lint() -> None:
    """Check style, types and the direction of imports."""
    run(PYTHON, "-m", "ruff", "check")
    run(PYTHON, "-m", "ruff", "format", "--check")
    run(PYTHON, "-m", "mypy")
    run(BIN / "lint-imports", "--no-cache")


def test() -> None:
    """Run every check: lint first, then all tests."""
    lint()
    # a file's tests stay together, as they share what they make; folders in the order of their names, which has what
    # takes or waits long first and the many short files last, so that no process is left alone with a long one
    shared = ("--numprocesses", str(os.cpu_count() or 1), "--dist", "loadfile", "--no-loadscope-reorder")
    # to measure which source the tests run takes them a fifth longer: CI asks for it
    measured = ("--cov", "--cov-report=") if os.environ.get("CDI_COVERAGE") else ()
    run(PYTHON, "-m", "pytest", *shared, *measured, *sys.argv[2:])


def bench() -> None:
    """Print this project's speed beside its peers', as ratios."""
    run(PYTHON, "-m", "benchmarks")


def docs() -> None:
    """Build the documentation site into `site/`."""
    run(PYTHON, "-m", "mkdocs", "build", "--strict")
    print(f"Documentation: {ROOT / 'site' / 'index.html'}")


VERBS = {verb.__name__: verb for verb in (setup, report, reports, test, lint, bench, docs)}


def main() -> None:
    """Set up, then do the named verb."""
    if len(sys.argv) < 2 or sys.argv[1] not in VERBS:
        listed = "\n".join(f"  {name:8} {verb.__doc__}" for name, verb in VERBS.items())
        sys.exit(f"usage: python -m tasks VERB\n{listed}")
    setup()
    if sys.argv[1] != "setup":
        VERBS[sys.argv[1]]()


if __name__ == "__main__":
    main()
