"""Audits at URLs: read as they would be where they lie, over real connections too, and no secret told on the way."""

import base64
import json
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import fsspec
import pytest

from cdi_stats import cli, read_audit, read_series
from cdi_stats.audit import remote
from cdi_stats.audit.reading import locate_audit
from cdi_stats.audit.remote import Copies, at_home, joined, matching, origin, placed, public
from cdi_stats.errors import CdiStatsError, UnreadableAudit
from cdi_stats.resources import resource

KENT = resource("data", "examples", "kent-2017.xlsx")
USER, PASSWORD = "auditor", "hunter2"
SECRETS = ("auditor", "hunter", "s3cret")


@pytest.fixture
def memory():
    """A store that lives in this process, emptied afterwards."""
    store = fsspec.filesystem("memory")
    yield store
    store.rm("/", recursive=True)


class WebHdfs(BaseHTTPRequestHandler):
    """As much of Hadoop's WebHDFS as reading takes, for one user with a password."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        given = urlsplit(self.path)
        path = self.server.folder / given.path.removeprefix("/webhdfs/v1/")
        words = base64.b64encode(b"auditor:hunter2").decode()
        if self.headers.get("Authorization") != f"Basic {words}":
            self.refuse(403, "AccessControlException")
        elif not path.exists():
            self.refuse(404, "FileNotFoundException")
        else:
            self.answer(path, {name: values[0] for name, values in parse_qs(given.query).items()})

    def answer(self, path, asked):
        if asked["op"] == "OPEN":
            start = int(asked["offset"])
            self.say(200, path.read_bytes()[start : start + int(asked["length"])])
        elif asked["op"] == "LISTSTATUS":
            self.say(200, {"FileStatuses": {"FileStatus": [*map(self.status, path.iterdir())]}})
        else:
            self.say(200, {"FileStatus": self.status(path)})

    def status(self, path):
        kind = "DIRECTORY" if path.is_dir() else "FILE"
        return {"pathSuffix": path.name, "type": kind, "length": path.stat().st_size}

    def refuse(self, code, exception):
        self.say(code, {"RemoteException": {"exception": exception, "message": f"s3cret {self.path}"}})

    def say(self, code, told):
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def serve(tmp_path):
    """Serve a folder of this machine by a handler; return the folder, and the host with its port."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.folder = tmp_path
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def refusal(url):
    with pytest.raises(UnreadableAudit) as refused:
        read_audit(url)
    return str(refused.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://user:word@example.org/a.xlsx?sig=abc#part", "https://example.org/a.xlsx"),
        ("sftp://user:wo/rd@example.org/a.xlsx", "sftp://example.org/a.xlsx"),
        ("https://token@example.org/a@b.xlsx", "https://example.org/a@b.xlsx"),
        ("abfs://audits@force.dfs.example.org/a.xlsx", "abfs://audits@force.dfs.example.org/a.xlsx"),
        ("abfs://audits:key@force.example.org/a.xlsx", "abfs://force.example.org/a.xlsx"),
        ("zip://a.xlsx::https://user:word@example.org/all.zip?sig=abc", "zip://a.xlsx::https://example.org/all.zip"),
        ("audits/a.xlsx?", "audits/a.xlsx?"),
        ("C:\\audits\\a.xlsx", "C:\\audits\\a.xlsx"),
    ],
)
def test_what_a_url_says_in_confidence_is_not_told(url, told):
    assert public(url) == told


def test_names_of_what_lies_at_a_url():
    assert placed("s3://bucket/north/audit.xlsx") == Path("north", "audit.xlsx")
    assert placed("memory://a%20b.xlsx") == Path("store", "a b.xlsx")
    assert joined("memory://", "a", "b") == "memory://a/b"
    assert joined("dir://reports/::file://place", "a") == "dir://reports/a::file://place"
    assert at_home(f"file://{KENT}") == str(KENT)


def test_an_audit_at_a_url_is_the_audit_with_what_lies_beside_it(memory, tmp_path):
    """Its digest covers the workbook and its acceptances: both came, and nothing stays behind."""
    (tmp_path / "north").mkdir()
    here = tmp_path / "north" / "audit.xlsx"
    shutil.copy(KENT, here)
    here.with_name("audit.overrides.toml").write_text("", encoding="utf-8")
    memory.put(str(here.parent), "/audits/", recursive=True)
    there = read_audit("memory://audits/north/audit.xlsx")
    assert there.digest == read_audit(here).digest != read_audit(KENT).digest
    assert there.id == "north"
    with Copies() as copies:
        copy = Path(copies.local("memory://audits/north/audit.xlsx"))
        assert copies.local("memory://audits/north/audit.xlsx") == str(copy)
        assert origin(copy, copies.origins) == "memory://audits/north/audit.xlsx"
        assert origin(KENT, copies.origins) == str(KENT.resolve())
    assert not copy.exists()


def test_a_file_url_is_read_in_place():
    with Copies() as copies:
        assert copies.local(f"file://{KENT}") == str(KENT)
    assert read_audit(f"file://{KENT}").digest == read_audit("kent-2017").digest


def test_folders_archives_and_patterns(memory, tmp_path):
    memory.put(str(resource("data", "worked_example")), "/audits/", recursive=True)
    assert read_audit("memory://audits/worked_example").digest == read_audit(resource("data", "worked_example")).digest
    memory.pipe("/audits/kent [1].xlsx", KENT.read_bytes())
    assert matching("memory://audits/*.xlsx") == ["memory://audits/kent [1].xlsx"]
    assert matching("memory://audits/nobody.xlsx") == []
    shutil.make_archive(str(tmp_path / "all"), "zip", KENT.parent, KENT.name)
    inside = f"zip://*.xlsx::file://{tmp_path}/all.zip"
    assert matching(inside) == [inside.replace("*", "kent-2017")]
    assert read_audit(*matching(inside)).digest == read_audit(KENT).digest


def test_a_store_on_a_server_is_read_with_its_password(serve, tmp_path):
    host = serve(WebHdfs)
    shutil.copy(KENT, tmp_path / "a.xlsx")
    url = f"webhdfs://{USER}:{PASSWORD}@{host}/a.xlsx"
    assert read_audit(url).digest == read_audit(KENT).digest
    assert matching(url.replace("a.xlsx", "*.xlsx")) == [url]


def test_a_web_address_is_read_or_its_driver_asked_for(serve, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    shutil.copy(KENT, tmp_path / "a.xlsx")
    url = f"http://{serve(SimpleHTTPRequestHandler)}/a.xlsx?sig=s3cret"
    if find_spec("aiohttp"):
        assert read_audit(url).digest == read_audit(KENT).digest
    else:
        assert "/a.xlsx: cannot be read (the driver for such URLs is not installed)" in refusal(url)


WRONG = {
    "memory://audits/none.xlsx": "memory://audits/none.xlsx: cannot be read (nothing is there). To mend: correct the",
    "none://auditor:hunter@audits/a.xlsx?x=s3cret": "none://audits/a.xlsx: cannot be read (Protocol not known: none)",
    "ftp://auditor:hunter@127.0.0.1:9/a.xlsx": "ftp://127.0.0.1:9/a.xlsx: cannot be read (Connection",
    "webhdfs://auditor:hunter@HOST/a.xlsx": "HOST/a.xlsx: cannot be read (access is refused). To mend: have it granted",
    "webhdfs://auditor:hunter2@HOST/b.xlsx": "HOST/b.xlsx: cannot be read (nothing is there)",
}


@pytest.mark.parametrize("url", WRONG)
def test_what_cannot_be_fetched_is_told_in_a_line_without_a_secret(url, serve):
    host = serve(WebHdfs) if "HOST" in url else ""
    said = refusal(url.replace("HOST", host))
    assert WRONG[url].replace("HOST", host) in said
    assert "\n" not in said
    assert "To mend: " in said
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="the driver is installed")
def test_a_driver_that_is_not_installed_is_named():
    assert "To mend: install it beside cdi-stats (Install s3fs to access S3)" in refusal("s3://bucket/a.xlsx")


def test_the_command_line_ends_with_2_and_a_line(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["cdi", "check", "memory://auditor:s3cret@none.xlsx"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("memory://none.xlsx: cannot be read (nothing is there)")


def test_no_more_is_fetched_than_an_audit_can_hold(memory, monkeypatch):
    memory.pipe("/a.xlsx", KENT.read_bytes())
    monkeypatch.setattr(remote, "MOST_BYTES", KENT.stat().st_size - 1)
    assert "a.xlsx: is larger than" in refusal("memory://a.xlsx")


class Crooked:
    """A store whose folder holds a file that would lie outside it."""

    def isdir(self, _):
        return True

    def find(self, path, **_):
        return [f"{path}/../../outside.csv"]


def test_nothing_is_written_outside_the_copy(tmp_path):
    with pytest.raises(UnreadableAudit, match=r"holds 'outside\.csv' outside itself"):
        remote._fetch(Crooked(), "audits", tmp_path / "in" / "audits", alone=True)


def test_where_only_files_can_be_used_a_url_is_refused_without_its_secrets():
    with pytest.raises(CdiStatsError, match=r"^https://example\.org/a\.xlsx: found a URL"):
        locate_audit("https://auditor:hunter@example.org/a.xlsx?x=s3cret")


def test_a_series_at_a_url_is_the_series(memory):
    for month in ("2022-10", "2022-11"):
        file = resource("data", "series", "example-police", f"{month}.xlsx")
        memory.pipe(f"/north/example-police/{file.name}", file.read_bytes())
    series = read_series("memory://north/example-police")
    assert series.id == "example-police"
    assert [audit.id for audit in series.audits] == ["2022-10", "2022-11"]
    assert read_series("memory://north/example-police/2022-10.xlsx").id == "2022-10"
