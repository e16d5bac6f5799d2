"""A batch that nobody watches, run for real: a mail server, a web server and cron itself are at the other end."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller

from cdi_stats.batch import night
from cdi_stats.batch.night import run_scheduled
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.batch.schedule import Scheduled, cron_line
from cdi_stats.errors import BadParameters
from cdi_stats.publishing.staging import locked

GOOD = '[[report]]\nreport = "sample_plan"\naudits = ["kent-2017"]\nformats = ["html"]\n'
BROKEN = '[[report]]\nreport = "inspection"\naudits = ["broken"]\nformats = ["html"]\n'
LONG = '[[report]]\nreport = "methods"\naudits = ["kent-2017"]\nformats = ["html"]\nparameters = {coverage = "full"}\n'
NIGHTLY = '[schedule]\nat = "02:30"\nkeep_logs = 2\n'
CRON_WITHIN = 240
MAY_TRY_CRON = (
    os.environ.get("CDI_CRON") == "1"
    and shutil.which("cron") is not None
    and hasattr(os, "geteuid")
    and os.geteuid() == 0
)


def plan_in(folder, reports, schedule=NIGHTLY):
    path = folder / "night.toml"
    path.write_text(reports + schedule, encoding="utf-8")
    (folder / "broken").mkdir(exist_ok=True)
    (folder / "broken" / "audit.csv").write_text("key,value\nforce,Example Police\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module", autouse=True)
def cron(tmp_path_factory):
    """A plan that cron, where it may be tried, runs in a minute or so, and its line: meanwhile the other tests run."""
    if not MAY_TRY_CRON:
        yield None
        return
    folder = tmp_path_factory.mktemp("cron")
    at = datetime.now() + timedelta(minutes=1, seconds=15)
    plan = plan_in(folder, GOOD, f'[schedule]\nat = "{at:%H:%M}"\n')
    before = subprocess.run(["crontab", "-l"], capture_output=True, text=True, check=False).stdout
    line = cron_line(Scheduled(plan, read_batch_plan(plan).schedule)).rstrip("\n")
    said, probe = folder / "said.txt", folder / "probe.txt"
    # the table is written before the daemon reads it: cron takes no notice of a change within the second of its reading
    subprocess.run(
        ["crontab", "-"], input=f"{before}* * * * * date >{probe}\n{line} >{said} 2>&1\n", text=True, check=True
    )
    daemon = subprocess.Popen(["cron", "-f"])
    try:
        yield plan, line
    finally:
        daemon.terminate()
        daemon.wait()
        subprocess.run(["crontab", "-"], input=before, text=True, check=True)


@pytest.fixture
def write_plan(tmp_path):
    return partial(plan_in, tmp_path)


def heartbeat(plan):
    return json.loads((plan.parent / "reports" / "batch" / "night.heartbeat.json").read_text(encoding="utf-8"))


class Mailbox:
    def __init__(self):
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.letters.append((envelope.rcpt_tos, envelope.content.decode("utf-8")))
        return "250 OK"


@pytest.fixture
def mail():
    """A mail server that keeps what it is sent, and its port."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, port
    controller.stop()


@pytest.fixture
def web():
    """A web server that keeps what is posted to it, and its address."""
    posted = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield posted, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def test_a_good_night_leaves_reports_a_log_and_a_heartbeat(write_plan, tmp_path):
    plan = write_plan(GOOD)
    (tmp_path / "logs").mkdir()
    for name in ("night-20200101-000000-000000.log", "night-20200102-000000-000000.log", "notes.log"):
        (tmp_path / "logs" / name).touch()
    night = run_scheduled(read_batch_plan(plan))
    assert (night.exit_code, night.failures) == (0, ())
    assert (tmp_path / "reports" / "kent-2017" / "sample_plan" / "sample_plan.html").is_file()
    assert json.loads(night.log.read_text(encoding="utf-8").splitlines()[-1])["published"] == 1
    found = heartbeat(plan)
    assert (found["state"], found["exit_code"], found["log"]) == ("ended", 0, night.log.name)
    logs = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert logs == ["night-20200102-000000-000000.log", night.log.name, "notes.log"]


def test_a_failure_is_told_by_mail_and_webhook_and_does_not_stop_the_others(write_plan, mail, web, tmp_path):
    (box, port), (posted, address) = mail, web
    schedule = (
        f'{NIGHTLY}webhook = "{address}"\n[schedule.email]\nto = ["a@example.org", "b@example.org"]\n'
        f'sender = "cdi@example.org"\nserver = "127.0.0.1"\nport = {port}\n'
    )
    plan = write_plan(BROKEN + GOOD, schedule)
    night = run_scheduled(read_batch_plan(plan))
    assert night.exit_code == 1
    assert any(line.startswith("broken/inspection: ") for line in night.failures)
    assert (tmp_path / "reports" / "kent-2017" / "sample_plan" / "sample_plan.html").is_file()
    [(receivers, letter)] = box.letters
    assert receivers == ["a@example.org", "b@example.org"]
    assert "Subject: cdi-stats: night.toml failed" in letter
    assert "broken/inspection: " in letter
    assert posted[0]["failures"][0].startswith("broken/inspection: ")
    assert heartbeat(plan)["exit_code"] == 1


def test_that_nobody_could_be_told_is_in_the_log(write_plan):
    schedule = (
        f'{NIGHTLY}webhook = "http://127.0.0.1:9/"\n[schedule.email]\nto = ["a@example.org"]\n'
        'sender = "b@example.org"\nserver = "127.0.0.1"\nport = 9\n'
    )
    night = run_scheduled(read_batch_plan(write_plan(BROKEN, schedule)))
    log = night.log.read_text(encoding="utf-8")
    assert "the e-mail could not be sent: " in log
    assert "the webhook could not be reached: " in log


def test_two_runs_never_overlap(write_plan, tmp_path):
    plan = read_batch_plan(write_plan(GOOD))
    with locked(tmp_path / "reports" / "batch" / "night.heartbeat.json"):
        night = run_scheduled(plan)
    assert night.exit_code == 1
    assert "still under way" in night.failures[0]
    assert not (tmp_path / "reports" / "kent-2017").exists()


def test_a_run_is_stopped_at_its_limit_and_leaves_nothing_half_done(write_plan, tmp_path):
    plan = read_batch_plan(write_plan(LONG))
    short = plan.schedule.model_copy(update={"time_limit": 0.15})
    night = run_scheduled(replace(plan, schedule=short))
    assert night.exit_code == 1
    assert night.failures[0].startswith("stopped after")
    left = [path.name for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    assert "methods.html" not in left
    assert [name for name in left if name.startswith(".methods.")] == []


def test_a_plan_without_a_schedule_is_refused(write_plan):
    with pytest.raises(BadParameters, match=r"found no \[schedule\]"):
        run_scheduled(read_batch_plan(write_plan(GOOD, "")))


@pytest.mark.skipif(not MAY_TRY_CRON, reason="cron changes the machine's own crontab: asked for by CDI_CRON=1, as root")
def test_cron_runs_it(cron):
    plan, line = cron
    folder = plan.parent
    for _ in range(CRON_WITHIN):
        if (folder / "reports" / "batch" / "night.heartbeat.json").is_file() and heartbeat(plan)["state"] == "ended":
            break
        time.sleep(1)
    if not (folder / "probe.txt").is_file():
        pytest.skip(f"the cron of this machine ran nothing in {CRON_WITHIN} seconds")
    said = folder / "said.txt"
    assert said.is_file(), f"cron never ran {line}"
    assert said.read_text(encoding="utf-8").strip().endswith(".log")
    assert heartbeat(plan)["exit_code"] == 0
    assert (folder / "reports" / "kent-2017" / "sample_plan" / "sample_plan.html").is_file()


@pytest.mark.parametrize("year", [2025, 2099])
def test_a_clock_that_is_wrong_by_years_does_not_cost_the_log_of_this_run(write_plan, tmp_path, monkeypatch, year):
    """Logs of later days than this one are of a clock that was wrong: they go first, and this run's own never."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(year, 3, 29, 1, 30, tzinfo=tz)

    def run(_plan, _schedule, log, _workers):
        log.write_text("said", encoding="utf-8")
        return night.Night(0, log)

    monkeypatch.setattr(night, "datetime", Clock)
    monkeypatch.setattr(night, "_run", run)
    logs = tmp_path / "logs"
    logs.mkdir()
    others = (
        "night-20260101-000000-000000.log",
        "night-20260102-000000-000000.log",
        "night-2-20200101-000000-000000.log",
    )
    for name in others:
        (logs / name).touch()
    made = run_scheduled(read_batch_plan(write_plan(GOOD)))
    assert made.log.read_text(encoding="utf-8") == "said"
    assert {path.name for path in logs.iterdir()} == {*others[1:], made.log.name}, "another plan's logs are its own"
    assert heartbeat(tmp_path / "night.toml")["state"] == "ended"


def test_a_folder_for_logs_that_cannot_be_is_told_like_any_failure(write_plan, web, tmp_path):
    posted, address = web
    (tmp_path / "logs").write_text("a file", encoding="utf-8")
    made = run_scheduled(read_batch_plan(write_plan(GOOD, f'{NIGHTLY}webhook = "{address}"\n')))
    assert made.exit_code == 1
    assert "cannot be written" in made.failures[0]
    assert "To mend: " in made.failures[0]
    assert posted[0]["failures"] == list(made.failures)


@pytest.mark.skipif(shutil.which("false") is None, reason="no such command here")
def test_a_batch_that_ends_without_a_word_is_a_failure_with_one(write_plan, monkeypatch):
    monkeypatch.setattr(night.sys, "executable", shutil.which("false"))
    made = run_scheduled(read_batch_plan(write_plan(GOOD)))
    assert made.failures == ("the batch ended with exit code 1 and said nothing",)
