"""When a batch is to run by itself: the plan's schedule, and what each kind of scheduler is given to keep to it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cdi_stats.errors import did_you_mean

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TASK_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
FIRST_DAY = date(2020, 1, 1)  # a trigger must begin some day; any that has passed will do


class Email(BaseModel):
    """Who is written to when a batch fails, from where and by which server; name and password come from elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Annotated[list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]], Field(min_length=1)]
    sender: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    server: Annotated[str, Field(min_length=1)] = "localhost"
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    starttls: bool = False


class Schedule(BaseModel):
    """When a batch runs: `at` a time of day, on some `days` of the week, for at most `time_limit` minutes.

    Each run has a log of its own in `logs`, of which the last `keep_logs` are kept; when one fails, whoever `email` and
    `webhook` name is told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: time
    days: Annotated[list[str], Field(min_length=1)] = list(DAYS)
    time_limit: Annotated[int, Field(ge=1, le=1440)] = 240
    logs: Annotated[str, Field(min_length=1)] = "logs"
    keep_logs: Annotated[int, Field(ge=1, le=1000)] = 30
    email: Email | None = None
    webhook: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""

    @field_validator("at", mode="before")
    @classmethod
    def _a_time_of_day(cls, value: Any) -> Any:
        if isinstance(value, str) and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            raise ValueError("expected a time of day, such as 02:30")
        return value

    @field_validator("days")
    @classmethod
    def _days_of_the_week(cls, names: list[str]) -> list[str]:
        for name in names:
            if name not in DAYS:
                raise ValueError(f"expected days among {', '.join(DAYS)}{did_you_mean(name, DAYS)}")
        return [day for day in DAYS if day in names]

    @property
    def daily(self) -> bool:
        """Return whether it runs on every day of the week."""
        return len(self.days) == len(DAYS)


def read_schedule(given: Mapping[str, Any]) -> tuple[Schedule | None, list[str]]:
    """Return the schedule of a plan, None where it has none, and a line for each thing in it that is wrong."""
    if not given:
        return None, []
    try:
        return Schedule(**given), []
    except ValidationError as error:
        return None, [_problem(detail) for detail in error.errors()]


def _problem(detail: Any) -> str:
    place = ", ".join(f"{part + 1}" if isinstance(part, int) else str(part) for part in ("schedule", *detail["loc"]))
    if detail["type"] == "extra_forbidden":
        known = Email.model_fields if "email" in detail["loc"][:1] else Schedule.model_fields
        return f"{place}: unknown; expected one of {', '.join(known)}{did_you_mean(str(detail['loc'][-1]), known)}"
    if detail["type"] == "missing":
        return f"{place}: missing; expected a value"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("expected ")
    return f"{place}: found {detail['input']!r}; expected {message}"[:300]


@dataclass(frozen=True)
class Scheduled:
    """A plan's file and schedule, as schedulers are told of it; `python` is what runs it."""

    plan: Path
    schedule: Schedule
    python: str = sys.executable

    @property
    def name(self) -> str:
        """Return what schedulers call it: cdi- and the plan's name, in plain letters."""
        return "cdi-" + (re.sub(r"[^a-z0-9]+", "-", self.plan.stem.lower()).strip("-") or "batch")

    @property
    def command(self) -> tuple[str, ...]:
        """Return the command that runs it, from wherever it is run: -P, so that no Python file that lies there is."""
        return (self.python, "-P", "-m", "cdi_stats", "batch", str(self.plan.resolve()), "--scheduled")


def cron_line(scheduled: Scheduled) -> str:
    """Return a line of a crontab. In one, a percent sign ends the command unless a backslash stands before it."""
    at, days = scheduled.schedule.at, "*"
    if not scheduled.schedule.daily:
        days = ",".join(str((DAYS.index(day) + 1) % 7) for day in scheduled.schedule.days)
    command = shlex.join(scheduled.command).replace("%", r"\%")
    return f"{at.minute} {at.hour} * * {days} {command}\n"


def systemd_service(scheduled: Scheduled) -> str:
    """Return a systemd service that runs the batch once."""
    limit = scheduled.schedule.time_limit
    return (
        f"[Unit]\nDescription=Crime data integrity reports: {scheduled.name}\n\n"
        f"[Service]\nType=oneshot\nExecStart={' '.join(map(_systemd_word, scheduled.command))}\n"
        f"WorkingDirectory={_systemd_path(scheduled.plan.resolve().parent)}\nTimeoutStartSec={limit + 5}min\nNice=10\n"
    )


def systemd_timer(scheduled: Scheduled) -> str:
    """Return the systemd timer of that service; a run missed while the machine was off is made up for."""
    schedule = scheduled.schedule
    days = "" if schedule.daily else ",".join(day[:3].capitalize() for day in schedule.days) + " "
    return (
        f"[Unit]\nDescription=When {scheduled.name} runs\n\n"
        f"[Timer]\nOnCalendar={days}*-*-* {schedule.at:%H:%M}:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )


def _systemd_word(word: str) -> str:
    """Return a word of a command as systemd reads it: quoted, percent and dollar signs doubled."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _systemd_path(path: Path) -> str:
    """Return a folder as systemd reads it: unquoted, percent signs doubled."""
    return str(path).replace("%", "%%")


def windows_task(scheduled: Scheduled) -> str:
    """Return a task of the Windows Task Scheduler, to be imported by schtasks /Create /XML."""
    schedule = scheduled.schedule
    task = ElementTree.Element("Task", {"version": "1.2", "xmlns": TASK_NAMESPACE})
    _element(task, "RegistrationInfo/Description", f"Crime data integrity reports: {scheduled.name}")
    trigger = ElementTree.SubElement(ElementTree.SubElement(task, "Triggers"), "CalendarTrigger")
    _element(trigger, "StartBoundary", f"{FIRST_DAY.isoformat()}T{schedule.at:%H:%M:%S}")
    by_week = ElementTree.SubElement(trigger, "ScheduleByWeek")
    _element(by_week, "WeeksInterval", "1")
    week = ElementTree.SubElement(by_week, "DaysOfWeek")
    for day in schedule.days:
        ElementTree.SubElement(week, day.capitalize())
    settings = ElementTree.SubElement(task, "Settings")
    _element(settings, "MultipleInstancesPolicy", "IgnoreNew")
    _element(settings, "DisallowStartIfOnBatteries", "false")
    _element(settings, "StartWhenAvailable", "true")
    _element(settings, "ExecutionTimeLimit", f"PT{schedule.time_limit + 5}M")
    action = ElementTree.SubElement(ElementTree.SubElement(task, "Actions"), "Exec")
    _element(action, "Command", scheduled.command[0])
    _element(action, "Arguments", subprocess.list2cmdline(scheduled.command[1:]))
    _element(action, "WorkingDirectory", str(scheduled.plan.resolve().parent))
    ElementTree.indent(task)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ElementTree.tostring(task, encoding="unicode") + "\n"


def _element(parent: ElementTree.Element, path: str, text: str) -> None:
    for name in path.split("/"):
        parent = ElementTree.SubElement(parent, name)
    parent.text = text


def airflow_dag(scheduled: Scheduled) -> str:
    """Return an Airflow DAG of one task; what it runs is written as Python's own literals, never as a template."""
    cron = " ".join(cron_line(scheduled).split(" ", 5)[:5])
    return f'''"""Crime data integrity reports, made by cdi-stats from a batch plan."""

import subprocess
from datetime import datetime, timedelta

from airflow.decorators import dag, task

COMMAND = {list(scheduled.command)!r}


@dag(
    dag_id={scheduled.name!r},
    schedule={cron!r},
    start_date=datetime({FIRST_DAY.year}, {FIRST_DAY.month}, {FIRST_DAY.day}),
    catchup=False,
    max_active_runs=1,
)
def reports():
    @task(execution_timeout=timedelta(minutes={scheduled.schedule.time_limit + 5}))
    def batch():
        subprocess.run(COMMAND, check=True)

    batch()


reports()
'''


WRITERS: Mapping[str, Mapping[str, Callable[[Scheduled], str]]] = {
    "cron": {"{name}.cron": cron_line},
    "systemd": {"{name}.service": systemd_service, "{name}.timer": systemd_timer},
    "windows": {"{name}.xml": windows_task},
    "airflow": {"{name}.py": airflow_dag},
}
HOW = {
    "cron": "add the line of {file} to the crontab: crontab -e",
    "systemd": "copy both to ~/.config/systemd/user/, then: systemctl --user enable --now {name}.timer",
    "windows": "schtasks /Create /TN {name} /XML {file}",
    "airflow": "copy {file} to Airflow's folder of DAGs",
}


def schedule_files(scheduled: Scheduled, kind: str) -> dict[str, bytes]:
    """Return the files that a kind of scheduler ("cron", "systemd", "windows" or "airflow") is given, by name.

    Windows reads its own in UTF-16, all others in UTF-8.
    """
    encoding = "utf-16" if kind == "windows" else "utf-8"
    return {
        pattern.format(name=scheduled.name.replace("-", "_") if kind == "airflow" else scheduled.name): write(
            scheduled
        ).encode(encoding)
        for pattern, write in WRITERS[kind].items()
    }


def stale_files(scheduled: Scheduled, kind: str, folder: Path) -> Iterator[str]:
    """Yield a line for each file in a folder that is not what the plan asks for now."""
    for name, data in schedule_files(scheduled, kind).items():
        path = folder / name
        if not path.is_file():
            yield f"{path}: found no such file; expected the one that the plan asks for"
        elif path.read_bytes() != data:
            yield f"{path}: found another schedule than the plan asks for now"
