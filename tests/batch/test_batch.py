"""`cdi batch` and the library's run_batch: the bytes of `cdi report`, made only when out of date, told as they come."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cdi_stats.batch import freshness, worker
from cdi_stats.batch.freshness import fingerprint, folder_hashes, hashes, input_hashes, is_current
from cdi_stats.batch.ledger import CURRENT, FAILED, PUBLISHED, Ledger, Run
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.batch.progress import JsonLines, Lines, progress_words
from cdi_stats.batch.run import Ended, Progress, run_batch
from cdi_stats.batch.summary import summary_document
from cdi_stats.batch.words import clock, counted
from cdi_stats.resources import resource

PLAN = """
[[report]]
report = "inspection"
audits = ["kent-2018"]
formats = ["html", "pdf", "docx", "tables"]
"""


def cdi(*arguments):
    command = [sys.executable, "-m", "cdi_stats", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A batch of one report as `cdi batch` makes it, and what the command said."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    ran = cdi("batch", folder / "plan.toml", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder, [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_batch_publishes_the_bytes_of_a_report(made, tmp_path):
    folder, _ = made
    formats = "html,pdf,docx,tables"
    ran = cdi("report", "inspection", "kent-2018", "--out", tmp_path, "--format", formats)
    assert ran.returncode == 0, ran.stderr
    theirs, ours = files(folder / "reports" / "kent-2018"), files(tmp_path / "kent-2018")
    assert ours == theirs
    assert {"inspection/inspection.html", "inspection/inspection.pdf", "inspection/figures.json"} <= set(ours)


def test_where_no_fork_is_safe_the_bytes_are_the_same(made, tmp_path, monkeypatch):
    """As on Windows: processes and kernels are started anew."""
    monkeypatch.setattr(worker, "can_fork", lambda: False)
    monkeypatch.setattr(worker, "get_all_start_methods", lambda: ["spawn"])
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    outcome = run_batch(read_batch_plan(tmp_path / "plan.toml"), workers=1)
    assert [run.result for run in outcome.runs] == [PUBLISHED], outcome.runs[0].message
    assert files(tmp_path / "reports" / "kent-2018") == files(made[0] / "reports" / "kent-2018")


def test_events_are_lines_of_json(made):
    _, events = made
    assert {event["event"] for event in events} == {"phase", "progress", "report", "batch"}
    (report,) = [event for event in events if event["event"] == "report"]
    assert (report["folder"], report["result"]) == ("kent-2018/inspection", PUBLISHED)
    assert events[-1] | {"seconds": 0} == {
        "event": "batch", "batch": 1, "published": 1, "current": 0, "failed": 0, "not_begun": 0, "seconds": 0,
    }  # fmt: skip


def test_the_batch_has_a_report_of_its_own_in_the_index(made):
    folder, _ = made
    summary = folder / "reports" / "batch" / "summary"
    assert {path.name for path in summary.iterdir()} == {"summary.html", "summary.pdf", "manifest.json"}
    page = (summary / "summary.html").read_text(encoding="utf-8")
    assert "Every report is up to date" in page
    assert "kent-2018/inspection" in page
    index = (folder / "reports" / "index.html").read_text(encoding="utf-8")
    assert 'href="batch/summary/summary.html"' in index
    assert 'href="kent-2018/inspection/inspection.html"' in index


def test_a_wrong_plan_is_told_before_anything_starts(tmp_path):
    (tmp_path / "plan.toml").write_text('[[report]]\nreport = "inspektion"\naudits = ["kent-2017"]', encoding="utf-8")
    ran = cdi("batch", tmp_path / "plan.toml")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("plan.toml: report 1, report: found 'inspektion'")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


# What is out of date.


@pytest.fixture
def settled(tmp_path):
    """A job, its reports folder, and a run that published it: nothing has changed since."""
    (tmp_path / "force.xlsx").write_bytes(resource("data", "examples", "kent-2018.xlsx").read_bytes())
    (tmp_path / "plan.toml").write_text('[[report]]\nreport = "inspection"\naudits = ["force.xlsx"]', encoding="utf-8")
    plan = read_batch_plan(tmp_path / "plan.toml")
    (job,) = plan.jobs
    folder = plan.out / job.target
    folder.mkdir(parents=True)
    (folder / "inspection.html").write_text("page", encoding="utf-8")
    # the audit names an earlier one, which only reading it tells
    found = hashes([resource("data", "examples", "kent-2017.xlsx")])
    ledger = Ledger(plan.out / "batch")
    with ledger.batch(plan, "", 1, "") as batch:
        run = ledger.start(batch, job, fingerprint(job), input_hashes(job))
        ledger.end(run, PUBLISHED, inputs=input_hashes(job) | found, outputs=folder_hashes(folder))
    return job, plan.out, ledger.last(job.target)


def current(job, out, last):
    return is_current(job, fingerprint(job), input_hashes(job), last, out)


def test_nothing_is_made_again_that_is_as_it_was(settled):
    assert current(*settled)
    job, out, _ = settled
    assert not current(job, out, None)


CHANGES = {
    "the audit": lambda job, _: Path(job.audit).write_bytes(Path(job.audit).read_bytes() + b"\0"),
    "a mapping beside it": lambda job, _: Path(job.audit).with_name("mapping.toml").write_text(""),
    "acceptances beside it": lambda job, _: Path(job.audit).with_name("force.overrides.toml").write_text(""),
    "a file harmed": lambda job, out: (out / job.target / "inspection.html").write_text("other"),
    "a file gone": lambda job, out: (out / job.target / "inspection.html").unlink(),
    "a file too many": lambda job, out: (out / job.target / "other.html").write_text(""),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_file_is_seen(settled, what):
    job, out, last = settled
    CHANGES[what](job, out)
    assert not current(job, out, last)


def test_a_mapping_beside_an_earlier_audit_is_seen(settled, tmp_path):
    job, out, last = settled
    earlier = tmp_path / "earlier.xlsx"
    earlier.write_bytes(resource("data", "examples", "kent-2017.xlsx").read_bytes())
    last = replace(last, inputs=dict(last.inputs) | hashes([earlier]))
    assert current(job, out, last)
    earlier.with_name("earlier.mapping.toml").write_text("", encoding="utf-8")
    assert not current(job, out, last)


def test_a_folder_that_goes_while_it_is_looked_at_counts_as_gone(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "iterdir", lambda _: (tmp_path / "gone").open())
    assert freshness.file_hash(tmp_path) == "gone"


def test_an_earlier_audit_that_only_the_audit_names_is_seen(settled):
    job, out, last = settled
    inputs = {path: "other" if "kent-2017" in path else digest for path, digest in last.inputs.items()}
    assert inputs != last.inputs
    assert not current(job, out, replace(last, inputs=inputs))


@pytest.mark.parametrize(
    "change", [{"parameters": {"method": "wald"}}, {"formats": ("html",)}, {"name": "other"}, {"report": "board_paper"}]
)
def test_a_changed_wish_is_seen(settled, change):
    job, out, last = settled
    assert not is_current(replace(job, **change), fingerprint(replace(job, **change)), input_hashes(job), last, out)


def test_changed_code_notebook_or_template_is_seen(settled, tmp_path, monkeypatch):
    job, *_ = settled
    before = fingerprint(job)
    (tmp_path / "force.docx").write_text("one", encoding="utf-8")
    styled = replace(job, template=str(tmp_path / "force.docx"))
    first = fingerprint(styled)
    (tmp_path / "force.docx").write_text("two", encoding="utf-8")
    assert len({before, first, fingerprint(styled)}) == 3
    monkeypatch.setattr(freshness, "notebook_path", lambda _: tmp_path / "force.docx")
    assert fingerprint(job) != before
    monkeypatch.undo()
    monkeypatch.setattr(freshness, "code_hash", lambda: "other code")
    assert fingerprint(job) != before


@pytest.mark.parametrize(
    ("reads", "same"), [("", True), ('pilot = "kent-2018"', False), ('frame = {source = "postgres://host/db"}', False)]
)
def test_a_sampling_plan_that_reads_elsewhere_is_made_each_time(tmp_path, reads, same):
    """A frame may be a database: nothing tells whether it has changed."""
    (tmp_path / "plan.toml").write_text(f'{reads}\n[[strata]]\nstratum = "violence"\n', encoding="utf-8")
    (tmp_path / "batch.toml").write_text('[[report]]\nreport = "sample_plan"\naudits = ["plan.toml"]', encoding="utf-8")
    (job,) = read_batch_plan(tmp_path / "batch.toml").jobs
    last = Run(1, 1, "", "", job.target, {}, (), fingerprint(job), input_hashes(job), {}, "", "", 1.0, 1, PUBLISHED, "")
    assert current(job, tmp_path, last) == same
    (tmp_path / "plan.toml").write_text("no TOML", encoding="utf-8")
    assert not current(job, tmp_path, last), "its own run says what is wrong with it, and the others go on"


# What is said.


def test_progress_has_a_rate_and_the_time_left():
    """30 of 90 in two minutes: 15 a minute, four minutes for the other 60."""
    progress = Progress(90, 30, (("kent-2017/inspection", "writing pdf"),), 120.0)
    assert progress.rate == 15
    assert progress_words(progress) == "30 of 90 reports, 15 a minute, 4 min left"
    assert progress_words(Progress(90, 0, (), 0.0)) == "0 of 90 reports, 0 a minute"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times_as_people_say_them(seconds, words):
    assert clock(seconds) == words


def test_lines_tell_what_failed_and_why(settled):
    job, *_ = settled
    stream = io.StringIO()
    lines = Lines(stream)
    lines.ended(Ended(job, FAILED, 1.0, "inspection: cell 4 stopped"))
    lines.ended(Ended(job, PUBLISHED, 2.0))
    lines.ended(Ended(job, CURRENT))
    for seconds in (1.0, 31.0, 40.0):
        lines.progress(Progress(2, 1, (), seconds))
    assert stream.getvalue().splitlines() == [
        "failed     force/inspection: inspection: cell 4 stopped",
        "published  force/inspection (2.0 s)",
        "1 of 2 reports, 2 a minute, 31 s left",
    ]


def test_json_tells_progress_once_a_report():
    stream = io.StringIO()
    listener = JsonLines(stream)
    for done in (0, 0, 1):
        listener.progress(Progress(2, done, (), 30.0))
    assert [json.loads(line)["done"] for line in stream.getvalue().splitlines()] == [0, 1]


def test_the_summary_says_what_failed_and_what_was_not_begun(settled):
    *_, last = settled
    runs = (last, replace(last, target="kent/inspection", result=FAILED, message="cell 4 stopped"))
    facts = {"batch": 3, "started": "2026-01-02T03:04:05+00:00", "workers": 2, "who": "analyst", "version": "1"}
    document = summary_document("plan.toml", facts, runs, ("kent/board_paper",), 125.0)
    said = json.dumps(document.blocks)
    assert (document.title, document.subtitle, document.date) == ("Batch of reports", "plan.toml", "2026-01-02")
    assert "Not every report is up to date" in said
    assert "1 published, 1 failed, 1 not begun" in said
    assert "cell 4 stopped" in said
    assert "kent/board_paper" in said
    assert counted(runs, 0) == "1 published, 1 failed"
