"""What schedulers are given: the plan's time and days, and its command whatever its path holds.

Authority: crontab(5) (fields; a percent sign ends the command), systemd.service(5) and systemd.time(7), the Task
Scheduler schema 1.2; a DAG is Python.
"""

from __future__ import annotations

import ast
import shlex
import shutil
import subprocess
from datetime import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cdi_stats.batch.command import schedule_command
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.batch.schedule import (
    TASK_NAMESPACE,
    WRITERS,
    Schedule,
    Scheduled,
    airflow_dag,
    cron_line,
    read_schedule,
    schedule_files,
    stale_files,
    systemd_service,
    systemd_timer,
    windows_task,
)
from cdi_stats.errors import BadParameters

AWKWARD = "a $HOME 100% 'one' \"two\" {{ three }} & <four>"
REPORT = '[[report]]\nreport = "sample_plan"\naudits = ["kent-2017"]\n'


@pytest.fixture(params=["plain", AWKWARD])
def scheduled(request, tmp_path):
    return Scheduled(
        tmp_path / f"{request.param}.toml", Schedule(at="02:05", days=["friday", "monday"]), "/opt/a b/python"
    )


@pytest.fixture
def write_plan(tmp_path):
    def write(schedule, name="plan"):
        path = tmp_path / f"{name}.toml"
        path.write_text(REPORT + schedule, encoding="utf-8")
        return path

    return write


def test_a_cron_line_keeps_time_days_and_command(scheduled):
    line = cron_line(scheduled)
    assert line.count("\n") == 1
    *when, command = line.rstrip("\n").split(" ", 5)
    assert when == ["5", "2", "*", "*", "1,5"]
    assert command.replace(r"\%", "").count("%") == 0
    assert shlex.split(command.replace(r"\%", "%")) == list(scheduled.command)


def test_cron_counts_days_from_sunday():
    every = Scheduled(Path("p.toml"), Schedule(at="23:59", days=["sunday", "saturday"]))
    assert cron_line(every).startswith("59 23 * * 6,0 ")
    assert cron_line(Scheduled(Path("p.toml"), Schedule(at="00:00"))).startswith("0 0 * * * ")


def test_a_systemd_service_keeps_the_command(scheduled):
    [line] = [line for line in systemd_service(scheduled).splitlines() if line.startswith("ExecStart=")]
    words = shlex.split(line.removeprefix("ExecStart=").replace("$$", "$").replace("%%", "%"))
    assert words == list(scheduled.command)
    assert "OnCalendar=Mon,Fri *-*-* 02:05:00" in systemd_timer(scheduled)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_the_time_as_meant(scheduled):
    [when] = [line for line in systemd_timer(scheduled).splitlines() if line.startswith("OnCalendar=")]
    asked = ["systemd-analyze", "calendar", "--iterations=2", when.removeprefix("OnCalendar=")]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "Normalized form: Mon,Fri *-*-* 02:05:00" in told


def test_a_windows_task_keeps_time_days_limit_and_command(scheduled):
    data = schedule_files(scheduled, "windows")[f"{scheduled.name}.xml"]
    task = ElementTree.fromstring(data.decode("utf-16").partition("\n")[2])
    found = {element.tag.removeprefix(f"{{{TASK_NAMESPACE}}}"): element for element in task.iter()}
    assert found["StartBoundary"].text.endswith("T02:05:00")
    assert [day.tag.rpartition("}")[2] for day in found["DaysOfWeek"]] == ["Monday", "Friday"]
    assert found["MultipleInstancesPolicy"].text == "IgnoreNew"
    assert found["ExecutionTimeLimit"].text == "PT245M"
    assert found["Command"].text == scheduled.python
    assert found["Arguments"].text == subprocess.list2cmdline(scheduled.command[1:])
    assert data.startswith((b"\xff\xfe", b"\xfe\xff"))
    assert "utf-16" in windows_task(scheduled).partition("\n")[0].lower()


def test_a_dag_is_python_that_holds_the_command_as_a_literal(scheduled):
    tree = ast.parse(airflow_dag(scheduled))
    [command] = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert ast.literal_eval(command) == list(scheduled.command)
    options = {k.arg: k.value for node in ast.walk(tree) if isinstance(node, ast.Call) for k in node.keywords}
    assert ast.literal_eval(options["schedule"]) == "5 2 * * 1,5"
    assert ast.literal_eval(options["max_active_runs"]) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[schedule]\nat = "25:00"', "schedule, at: found '25:00'; expected a time of day, such as 02:30"),
        ("[schedule]\ndays = ['monday']", "schedule, at: missing; expected a value"),
        ('[schedule]\nat = "02:30"\ndays = ["mondays"]', "Did you mean monday?"),
        ('[schedule]\nat = "02:30"\ntime_limits = 3', "unknown; expected one of at, days"),
        ('[schedule]\nat = "02:30"\ntime_limit = 0', "schedule, time_limit: found 0; expected"),
        ('[schedule]\nat = "02:30"\nwebhook = "file:///etc/passwd"', "schedule, webhook: found"),
        (
            '[schedule]\nat = "02:30"\n[schedule.email]\nto = ["nobody"]\nsender = "a@b"',
            "schedule, email, to, 1: found",
        ),
        (
            '[schedule]\nat = "02:30"\n[schedule.email]\nto = ["a@b"]\nsender = "a@b"\npasword = "x"',
            "email, pasword: unknown",
        ),
    ],
)
def test_a_wrong_schedule_is_told_in_one_line(write_plan, text, said):
    with pytest.raises(BadParameters) as refused:
        read_batch_plan(write_plan(text))
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_time_is_read_as_text_or_as_toml_has_it(write_plan):
    for text in ('at = "02:30"', "at = 02:30:00"):
        assert read_batch_plan(write_plan(f"[schedule]\n{text}")).schedule.at == time(2, 30)
    assert read_schedule({}) == (None, [])


@pytest.mark.parametrize("kind", WRITERS)
def test_files_are_written_checked_and_found_stale(kind, write_plan, tmp_path, capsys):
    plan, out = write_plan('[schedule]\nat = "02:30"'), tmp_path / "written"
    assert schedule_command(plan, kind=kind, out=out, check=True) is True
    assert schedule_command(plan, kind=kind, out=out, check=False) is False
    assert schedule_command(plan, kind=kind, out=out, check=True) is False
    changed = write_plan('[schedule]\nat = "03:30"')
    assert list(stale_files(Scheduled(changed, read_batch_plan(changed).schedule), kind, out)) != []
    assert "To begin: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("schedule", "kind", "said"),
    [
        ("", "cron", r"found no \[schedule\]"),
        ('[schedule]\nat = "02:30"', "at", "found 'at'; expected one of cron, systemd"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(write_plan, tmp_path, schedule, kind, said):
    with pytest.raises(BadParameters, match=said):
        schedule_command(write_plan(schedule), kind=kind, out=tmp_path / "o", check=False)
    assert not (tmp_path / "o").exists()


def test_a_path_with_a_line_break_would_be_two_lines_of_a_crontab(write_plan, tmp_path):
    plan = write_plan('[schedule]\nat = "02:30"', "one\n* * * * * touch two")
    with pytest.raises(BadParameters, match="a line break in it"):
        schedule_command(plan, kind="cron", out=tmp_path / "o", check=False)
