"""What tests of batches share: plans and audits in a folder of their own, notebooks that misbehave, `cdi batch` run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cdi_stats.batch.ledger import Ledger
from cdi_stats.resources import resource

# `cdi` with other notebooks than the package's: the forks that make the reports have them too
DRIVER = """
import sys
from pathlib import Path
from cdi_stats.publishing.kernels import keep_one_thread
keep_one_thread()
from cdi_stats import cli
from cdi_stats.batch import freshness, warm
from cdi_stats.publishing import execution, publication
folder = Path(sys.argv[1])
def notebook_path(report):
    return folder / f"{report}.ipynb"
for module in (execution, publication, freshness):
    module.notebook_path = notebook_path
warm._tell_example = lambda: None
sys.argv[:] = ["cdi", *sys.argv[2:]]
cli.main()
"""
PARAMETERS = {
    "audit": "kent-2018", "earlier": "", "confidence_level": 0.95, "method": "wilson",
    "degrees_of_freedom": "kurtosis", "overall": "", "show_records": False,
}  # fmt: skip
KEYS = {
    "force": "Example Police", "title": "Audit of crime recording", "audit_type": "internal audit",
    "prepared_by": "Example office", "publication_date": "2025-06-30", "counting_rules": "2025",
}  # fmt: skip
GOOD = "from cdi_stats import open_report\n\nopen_report(audit).title()"


def write_notebook(path: Path, *sources: str) -> None:
    given = "\n".join(f"{name} = {value!r}" for name, value in PARAMETERS.items())
    cells = [new_markdown_cell("# Report"), new_code_cell(given, metadata={"tags": ["parameters"]})]
    cells += map(new_code_cell, sources)
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), path)


def write_audit(folder: Path, missed: int) -> None:
    """Write an audit of a dozen records, of which so many were not recorded."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    days = [f"2025-01-{day:02} 10:00" for day in range(1, 13)]
    columns = "stratum,label,period_start,period_end,records_in_frame,records_sampled"
    sheets = {
        "audit": ["key,value", *(f"{key},{value}" for key, value in KEYS.items())],
        "strata": [columns, "violence,violent crime,2025-01-01,2025-03-31,400,12"],
        "records": [
            "record_id,stratum,route,opening_code,opened_at",
            *(f"V-{number},violence,control room,assault,{day}" for number, day in enumerate(days)),
        ],
        "crimes": [
            "record_id,crime_number,offence,reported_at,recorded",
            *(
                f"V-{number},1,violence with injury,{day},{'no' if number < missed else 'yes'}"
                for number, day in enumerate(days)
            ),
        ],
    }
    for name, lines in sheets.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Place:
    """A folder with a plan, its audits, the notebooks that its reports are made by, and what is published."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.plan = folder, folder / "reports", folder / "plan.toml"
        self.notebooks, self.scratch = folder / "notebooks", folder / "t"
        self.notebooks.mkdir()
        self.scratch.mkdir()
        self.use(GOOD)

    def use(self, *sources: str) -> None:
        """Make the inspection of these code cells."""
        write_notebook(self.notebooks / "inspection.ipynb", *sources)

    def audits(self, *names: str) -> None:
        """Give audits under these names, each the same but for its name."""
        for name in names:
            (self.folder / f"{name}.xlsx").write_bytes(resource("data", "examples", "kent-2018.xlsx").read_bytes())

    def ask(self, *audits: str, rest: str = "", top: str = "") -> None:
        """Write a plan for the inspection of some audits, as HTML."""
        words = f'report = "inspection"\naudits = {json.dumps(audits)}\nformats = ["html"]\n{rest}'
        self.plan.write_text(f"{top}\n[[report]]\n{words}\n", encoding="utf-8")

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-c", DRIVER, str(self.notebooks), "batch", str(self.plan), *options]

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"TMPDIR": str(self.scratch)}

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start the batch, and go on."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        # tests that run in the background ignore Ctrl-C, and so would all that they start
        heeding = None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        return subprocess.Popen(self.command("--json", *options), env=self.environment, preexec_fn=heeding, **pipes)

    def run(self, *options: str) -> tuple[int, dict[str, dict[str, Any]], dict[str, Any]]:
        """Run the batch, and return its exit code, what came of each report by audit, and the sum."""
        with self.start(*options) as batch:
            out, err = batch.communicate(timeout=300)
        assert "Traceback" not in err, err
        events = [json.loads(line) for line in out.splitlines()]
        reports = {event["audit"]: event for event in events if event["event"] == "report"}
        return batch.returncode, reports, events[-1] if events else {"said": err}

    def published(self, audit: str) -> str:
        return (self.out / audit / "inspection" / "inspection.html").read_text(encoding="utf-8")

    def left(self) -> list[str]:
        """Return what begins with a dot beneath the reports: stages, locks, reports put aside."""
        return sorted(path.name for path in self.out.rglob(".*"))


class Trouble:
    """A warm process that runs `cdi` again and again, with the traps of trouble.py; what it says lies in its folder."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("trouble.py"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, folder: Path, *arguments: str, out: str = "", err: str = "") -> int:
        """Run `cdi` as it is in a folder, and return its exit code; minus nine for one that was killed."""
        assert self.process.stdin
        assert self.process.stdout
        out, err = out or str(folder / "out.txt"), err or str(folder / "err.txt")
        order = {"folder": str(folder), "arguments": arguments, "out": out, "err": err}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="session")
def trouble() -> Iterator[Trouble]:
    """The process in which batches meet trouble; the orphans of its runs are its own."""
    if sys.platform != "linux":
        pytest.skip("the orphans of a killed batch are adopted as on Linux")
    made = Trouble()
    with made.process:
        yield made
        made.process.kill()


class Troubled(Place):
    """A place whose batches run where trouble may befall them."""

    def __init__(self, folder: Path, trouble: Trouble) -> None:
        super().__init__(folder)
        self.trouble = trouble
        (folder / "faults").mkdir()

    def audits(self, *names: str, missed: int = 3) -> None:
        """Give small audits under these names, with so many crimes that were not recorded."""
        for name in names:
            write_audit(self.folder / name, missed)

    def batch(self, *options: str, **where: str) -> tuple[int, dict[str, str], str]:
        """Run the batch; return its exit code, what came of each report by audit, and what it said of an error."""
        for name in ("out.txt", "err.txt"):
            (self.folder / name).unlink(missing_ok=True)
        code = self.trouble.run(self.folder, "batch", str(self.plan), "--json", *options, **where)
        events = map(json.loads, self._said("out.txt").splitlines())
        results = {event["audit"]: event["result"] for event in events if event["event"] == "report"}
        return code, results, self._said("err.txt")

    def _said(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def befall(self, audit: str, kind: str, times: int = 1) -> None:
        """Have a fault of trouble.py befall the report of an audit, so many times."""
        (self.folder / "faults" / audit).write_text(f"{kind} {times}", encoding="utf-8")

    def files(self, audit: str) -> dict[str, bytes]:
        """Return the files of an audit's report by name."""
        folder = self.out / audit / "inspection"
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    def results(self) -> list[str]:
        """Return what came of every run, in the ledger's order."""
        return [run.result for run in Ledger(self.out / "batch").runs()]


@pytest.fixture
def troubled(tmp_path: Path, trouble: Trouble) -> Troubled:
    """A place with two reports to make."""
    made = Troubled(tmp_path, trouble)
    made.audits("full", "other")
    made.ask("full", "other")
    return made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder to run a batch in."""
    return Place(tmp_path)


@pytest.fixture
def write() -> Callable[..., None]:
    """Write a notebook of some code cells."""
    return write_notebook
