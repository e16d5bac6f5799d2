"""A batch that nobody watches: never two at once, stopped at its limit, logged, and told of when it fails."""

from __future__ import annotations

import json
import os
import re
import smtplib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPException
from pathlib import Path
from typing import Any

from cdi_stats.batch.plan import LEDGER_FOLDER, BatchPlan
from cdi_stats.batch.schedule import Email, Schedule
from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.publishing.staging import is_locked, locked, unwritable
from cdi_stats.showing import one_line

# what a mail server asks for stands in the environment, never in a plan
USER, PASSWORD = "CDI_SMTP_USER", "CDI_SMTP_PASSWORD"
GRACE = 30.0
TELL_WITHIN = 30.0
MOST_TOLD = 20


@dataclass(frozen=True)
class Night:
    """What came of a scheduled run: its exit code (0 done, 1 a report failed or it was stopped) and what went wrong."""

    exit_code: int
    log: Path
    failures: tuple[str, ...] = ()


def run_scheduled(plan: BatchPlan, *, workers: int | None = None) -> Night:
    """Run a plan as its schedule says and return what came of it; whoever is to be told of a failure has been.

    Raises BadParameters for a plan that has no schedule.
    """
    schedule = plan.schedule
    if schedule is None:
        raise BadParameters(f"{plan.path.name}: found no [schedule]; expected one for a scheduled run")
    logs = plan.path.resolve().parent / schedule.logs
    began = datetime.now(UTC)
    log = logs / f"{plan.path.stem}-{began:%Y%m%d-%H%M%S-%f}.log"
    heartbeat = plan.out / LEDGER_FOLDER / f"{plan.path.stem}.heartbeat.json"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        if is_locked(heartbeat):
            night = _refused(log, "an earlier run of this plan is still under way; this one did not begin")
        else:
            with locked(heartbeat, longest_wait=0), _beating(heartbeat, began) as ended:
                night = _run(plan, schedule, log, workers)
                ended.update(exit_code=night.exit_code, failures=list(night.failures), log=log.name)
        _drop_old_logs(log, plan.path.stem, schedule.keep_logs)
    except ReportFailed as error:
        night = _refused(log, str(error))
    except OSError as error:
        night = _refused(log, str(unwritable(Path(error.filename or logs), error)))
    if night.exit_code:
        _tell(plan, schedule, night)
    return night


def _refused(log: Path, why: str) -> Night:
    with suppress(OSError), log.open("a", encoding="utf-8", errors="replace", newline="\n") as lines:
        lines.write(f"{why}\n")
    return Night(1, log, (why,))


@contextmanager
def _beating(heartbeat: Path, began: datetime) -> Iterator[dict[str, Any]]:
    """Keep the heartbeat file: that a run is under way, and then what came of it. A run cut off stays under way."""
    facts: dict[str, Any] = {"state": "running", "began": began.isoformat(timespec="seconds"), "pid": os.getpid()}
    _write(heartbeat, facts)
    ended: dict[str, Any] = {}
    yield ended
    now = datetime.now(UTC).isoformat(timespec="seconds")
    _write(heartbeat, facts | {"state": "ended", "ended": now} | ended)


def _write(path: Path, facts: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8", newline="\n")
    new.replace(path)


def _run(plan: BatchPlan, schedule: Schedule, log: Path, workers: int | None) -> Night:
    """Run the batch in a process of its own, its lines in the log, and stop it at its limit."""
    command = [sys.executable, "-P", "-m", "cdi_stats", "batch", str(plan.path.resolve()), "--json"]
    command += ["--workers", str(workers)] if workers else []
    with log.open("w", encoding="utf-8", newline="\n") as lines:
        process = subprocess.Popen(command, stdout=lines, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            code = process.wait(schedule.time_limit * 60)
            late: tuple[str, ...] = ()
        except subprocess.TimeoutExpired:
            _stop(process)
            code, late = 1, (f"stopped after {schedule.time_limit} minutes, its limit",)
        except BaseException:
            _stop(process)
            raise
    if not code:
        return Night(0, log)
    return Night(1, log, (*late, *_failures(log)) or (f"the batch ended with exit code {code} and said nothing",))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a batch to stop, so that its ledger says so; one that does not is killed."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _failures(log: Path) -> Iterator[str]:
    """Yield a line for each report that failed, and for what the batch itself said of a failure."""
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            yield line
            continue
        if event.get("event") == "report" and event.get("result") == "failed":
            yield f"{event['folder']}: {event['message']}"


def _drop_old_logs(log: Path, stem: str, keep: int) -> None:
    """Keep the latest logs, of which this run's is one; names of later days are of a clock that was wrong."""
    ours = re.compile(rf"{re.escape(stem)}-\d{{8}}-\d{{6}}-\d{{6}}\.log")
    found = (path for path in log.parent.iterdir() if ours.fullmatch(path.name))
    for path in sorted(found, key=lambda path: (path.name <= log.name, path.name))[:-keep]:
        path.unlink(missing_ok=True)


def _tell(plan: BatchPlan, schedule: Schedule, night: Night) -> None:
    """Tell of a failure by e-mail and webhook; that one of them could not be reached is said in the log."""
    subject = one_line(f"cdi-stats: {plan.path.name} failed")
    shown = list(night.failures[:MOST_TOLD])
    if len(night.failures) > MOST_TOLD:
        shown.append(f"... and {len(night.failures) - MOST_TOLD} more")
    # a name that a file system keeps in no encoding has letters that none can write
    words = "\n".join([*shown, "", f"The log is {night.log.name}."]).encode("utf-8", "replace").decode()
    unheard = []
    try:
        if schedule.email:
            _send(schedule.email, subject, words)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        unheard.append(f"the e-mail could not be sent: {error}\n")
    try:
        if schedule.webhook:
            _post(schedule.webhook, {"text": f"{subject}\n{words}", "plan": plan.path.name, "failures": shown})
    except (OSError, ValueError, HTTPException) as error:
        unheard.append(f"the webhook could not be reached: {error}\n")
    with suppress(OSError), night.log.open("a", encoding="utf-8", errors="replace", newline="\n") as log:
        log.writelines(unheard)


def _send(email: Email, subject: str, words: str) -> None:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, email.sender, ", ".join(email.to)
    message.set_content(words)
    with smtplib.SMTP(email.server, email.port, timeout=TELL_WITHIN) as server:
        if email.starttls:
            import ssl

            server.starttls(context=ssl.create_default_context())
        if os.environ.get(USER):
            if not email.starttls:
                raise ValueError(
                    f"found {USER} without starttls; expected no password to be sent in the clear. "
                    "To mend: starttls = true in the plan's schedule.email"
                )
            server.login(os.environ[USER], os.environ.get(PASSWORD, ""))
        server.send_message(message)


def _post(address: str, facts: dict[str, Any]) -> None:
    data = json.dumps(facts).encode("utf-8")
    request = urllib.request.Request(address, data=data, headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=TELL_WITHIN).close()
