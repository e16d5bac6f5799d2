"""A reports folder at a URL: whoever reads by the manifests sees whole reports only, whenever that is."""

import hashlib
import json
import sqlite3

import fsspec
import pytest
from bs4 import BeautifulSoup

from cdi_stats.batch.ledger import CURRENT, Ledger
from cdi_stats.batch.plan import Job
from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.publishing.publication import Manner, publish
from cdi_stats.publishing.published import published_beside
from cdi_stats.publishing.remote import fetch_manifests, published_there, put_index, put_up
from cdi_stats.resources import resource

KENT = resource("data", "examples", "kent-2018.xlsx")
PLACE = "/reports/kent-2018/data_quality"


@pytest.fixture(autouse=True)
def memory():
    """A store that lives in this process, emptied afterwards."""
    store = fsspec.filesystem("memory")
    yield store
    store.rm("/", recursive=True)


@pytest.fixture
def report(tmp_path):
    """Write a report's folder as publish leaves it, in so many words."""

    def write(words, name="data_quality"):
        folder = tmp_path / words / name
        (folder / "tables").mkdir(parents=True)
        figures = json.dumps({"report": name, "figures": []})
        files = {f"{name}.html": words, "tables/a.csv": words * 2, "figures.json": figures}
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
        told = {"report": name, "title": "Title", "subtitle": words, "date": "2018-01-31", "force": "Kent"}
        told["inputs"] = []
        told["files"] = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
        (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
        return folder

    return write


def read(store, place=PLACE):
    """Return what a reader finds by the manifest: every file's text, its hash checked."""
    manifest = json.loads(store.cat(f"{place}/manifest.json"))
    found = {name: store.cat(f"{place}/{name}") for name in manifest["files"]}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == manifest["files"]
    return {name.partition("/")[2]: data.decode() for name, data in found.items()}


def test_a_report_is_there_whole_and_the_one_before_is_gone(memory, report):
    put_up(report("first"), f"memory:/{PLACE}")
    put_up(report("second"), f"memory:/{PLACE}")
    found = read(memory)
    assert found["data_quality.html"] == "second"
    assert {*found} == {"data_quality.html", "tables/a.csv", "figures.json", "manifest.json"}
    assert len(memory.find(PLACE)) == len(found) + 1


def test_the_same_report_again_changes_nothing(memory, report):
    folder = report("first")
    put_up(folder, f"memory:/{PLACE}")
    before = {path: memory.cat(path) for path in memory.find(PLACE)}
    put_up(folder, f"memory:/{PLACE}")
    assert {path: memory.cat(path) for path in memory.find(PLACE)} == before


@pytest.mark.parametrize("written", range(5))
def test_cut_off_anywhere_the_last_good_report_stands(memory, report, monkeypatch, written):
    """Four files and the manifest are written: each of them fails once, as where the connection is lost."""
    put_up(report("first"), f"memory:/{PLACE}")
    there, whole = memory.find("/"), type(memory).pipe_file
    left = [written]

    def lossy(store, path, data, **options):
        if not left[0]:
            raise ConnectionResetError("lost")
        left[0] -= 1
        return whole(store, path, data, **options)

    monkeypatch.setattr(type(memory), "pipe_file", lossy)
    with pytest.raises(ReportFailed, match=r"^memory://\S+: cannot be published to \(ConnectionReset") as told:
        put_up(report("second"), f"memory:/{PLACE}")
    assert "\n" not in str(told.value)
    assert read(memory)["data_quality.html"] == "first"
    assert memory.find("/") == there


def test_a_file_that_did_not_arrive_whole_is_noticed(memory, report, monkeypatch):
    monkeypatch.setattr(type(memory), "size", lambda *_: 3)
    with pytest.raises(ReportFailed, match=r"3 bytes arrived at the store; expected \d+\. Nothing was published"):
        put_up(report("first"), f"memory:/{PLACE}")
    assert memory.find("/") == []


def test_the_index_links_whole_reports_alone(memory, report):
    put_up(report("first"), "memory://reports/kent-2018/data_quality")
    put_up(report("half"), "memory://reports/north/data_quality")
    (lost,) = [path for path in memory.find("/reports/north") if path.endswith(".csv")]
    memory.rm(lost)
    memory.pipe("/reports/south/data_quality/manifest.json", b"{")
    put_index("memory://reports")
    page = BeautifulSoup(memory.cat("/reports/index.html"), "html.parser")
    links = [a["href"] for a in page.select("tbody a")]
    assert [memory.cat(f"/reports/{link}") for link in links] == [b"first"]


def test_small_numbers_are_held_to_what_is_out_at_the_url(report, tmp_path):
    """What is told of reports there is what is told of the same reports here."""
    folder = report("first")
    put_up(folder, "memory://reports/kent-2018/data_quality")
    (here,) = published_beside(folder.with_name("inspection"))
    (there,) = published_there("memory://reports", "kent-2018", "inspection")
    assert there == here | {"folder": "memory://reports/kent-2018/data_quality"}
    assert [*published_there("memory://reports", "north", "inspection")] == []
    fetch_manifests("memory://nowhere", tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_published_by_urls_it_is_the_report_that_is_published_here(memory, tmp_path):
    memory.pipe("/audits/kent-2018.xlsx", KENT.read_bytes())
    options = {"formats": ["html"], "manner": Manner(name="quality")}
    here = publish("data_quality", "kent-2018", out=tmp_path, **options)
    there = publish("data_quality", "memory://audits/kent-2018.xlsx", out="memory://reports", **options)
    assert there.folder == "memory://reports/kent-2018/quality"
    assert str(there) == "memory://reports/kent-2018/quality/data_quality.html"
    found = read(memory, "/reports/kent-2018/quality")
    told = json.loads(found.pop("manifest.json"))
    assert told["fetched"] == {"kent-2018": "memory://audits/kent-2018.xlsx"}
    assert told["inputs"] == json.loads((here.folder / "manifest.json").read_text("utf-8"))["inputs"]
    page = "data_quality.html"
    assert found[page] == (here.folder / page).read_text("utf-8")
    assert json.loads(found["figures.json"]) == json.loads((here.folder / "figures.json").read_text("utf-8"))
    assert b"kent-2018/quality/version-" in memory.cat("/reports/index.html")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("none://auditor:s3cret@reports", "none://reports: cannot be used (Protocol not known: none)"),
        ("memory://reports?sig=s3cret", "memory://reports: found more after a question mark; expected the URL of a"),
    ],
)
def test_where_nothing_can_be_put_up_is_said_before_a_kernel_starts(url, said):
    with pytest.raises(BadParameters) as refused:
        publish("data_quality", "kent-2018", out=url, formats=["html"])
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_ledger_holds_no_secret_of_a_url(tmp_path):
    url = "https://auditor:hunter2@example.org/a.xlsx?sig=s3cret"
    job = Job("reinspection", url, "a", "reinspection", ("html",), "", "", {"earlier": url}, "report 1")
    ledger = Ledger(tmp_path)
    ledger.note(1, CURRENT, [(job, "", {})])
    with sqlite3.connect(ledger.path) as kept:
        written = "\n".join(kept.iterdump())
    kept.close()
    assert written.count("https://example.org/a.xlsx") == 2
    for secret in ("auditor", "hunter2", "s3cret"):
        assert secret not in written + repr(job)
