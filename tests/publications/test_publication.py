"""Publish whole or not at all: what is there afterwards, the same bytes twice, and nothing of a run that failed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import docx
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pypdf import PdfReader

from cdi_stats.audit.examples import build_example
from cdi_stats.audit.template import write_workbook
from cdi_stats.errors import BadParameters, CdiStatsError, ReportFailed
from cdi_stats.publishing import execution
from cdi_stats.publishing import publication as publishing
from cdi_stats.publishing import staging as stages
from cdi_stats.publishing.formats import WRITERS
from cdi_stats.publishing.index import write_index
from cdi_stats.publishing.parameters import REPORTS
from cdi_stats.publishing.private_kernels import PrivateKernels
from cdi_stats.publishing.publication import Manner, collect_figures, publish
from cdi_stats.publishing.staging import staging
from cdi_stats.resources import resource

pytestmark = pytest.mark.usefixtures("warm")
GOOD = "from cdi_stats import open_report\n\nopen_report(audit).title()"
FILES = {"figures.json", "manifest.json"}
READ_FROM_INDEX = (".html", ".pdf", ".docx", ".xlsx", ".ods")


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def everything(folder):
    """Return {path: hash} of all that lies in a folder, hidden files too."""
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def links(page):
    """Return the files that a page links to."""
    return re.findall(r'href="([^"#]+)"', page.read_text(encoding="utf-8"))


# What is there.


def test_files_are_there_and_nothing_else(publication):
    names = {path.name for path in publication.folder.iterdir()}
    assert names == FILES | {"tables"} | {
        f"{publication.report}.{ending}" for ending in ("html", "pdf", "docx", "ipynb")
    }
    tables = {path.name for path in publication.files["tables"].iterdir()}
    assert {f"{publication.report}.xlsx", f"{publication.report}.ods", "csv-metadata.json", "table-01.csv"} <= tables
    assert publication.folder.parts[-2:] == (publication.audit, publication.report)
    assert str(publication).splitlines() == [str(path) for path in publication.files.values()]
    assert [path.name.rpartition(".")[2] for path in publication.files.values()] == ["html", "pdf", "docx", "tables"]
    assert all(path.stat().st_size > 10_000 for path in publication.files.values() if path.is_file())


def test_manifest_is_true(publication):
    manifest = json.loads((publication.folder / "manifest.json").read_text(encoding="utf-8"))
    others = everything(publication.folder)
    del others["manifest.json"]
    assert manifest["files"] == others
    assert "tables/table-01.csv" in others
    assert manifest["inputs"] == [{"audit": path.stem, "sha256": digest(path)} for path in inputs(publication)]
    assert manifest["notebook"]["sha256"] == digest(resource("notebooks", f"{publication.report}.ipynb"))
    assert manifest["parameters"]["audit"] == publication.audit
    assert set(manifest["parameters"]) == set(REPORTS[publication.report].model_fields)
    assert {"python", "cdi-stats", "numpy", "papermill", "typst", "python-docx"} <= set(manifest["versions"])
    assert "template" not in manifest
    force = "Example Police" if publication.audit == "example-police" else "Kent Police"
    assert (manifest["force"], manifest["report"]) == (force, publication.report)


def inputs(publication):
    """Return the files that a bundled report is made from."""
    if publication.report == "monitoring":
        return sorted(resource("data", "series", publication.audit).glob("*.xlsx"))
    names = ["kent-2018", "kent-2017"] if publication.report == "reinspection" else [publication.audit]
    return [resource("data", "examples", f"{name}.xlsx") for name in names]


def test_index_links_every_report(inspection, reinspection, out):
    assert inspection.folder.parent != reinspection.folder.parent
    found = links(out / "index.html")
    assert all((out / link).is_file() for link in found)
    wanted = {path.relative_to(out).as_posix() for path in out.glob("*/**/*") if path.suffix in READ_FROM_INDEX}
    assert set(found) == wanted
    assert len(found) == len(wanted) >= 10


def test_index_names_each_format_in_words(inspection, out):
    assert inspection.folder.is_dir()
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    said = [" ".join(link.get_text().split()) for link in page.select("tbody tr:first-of-type a")]
    assert [text.partition(" of ")[0] for text in said] == [
        "HTML",
        "PDF",
        "Word",
        "Excel tables",
        "OpenDocument tables",
    ]
    assert len({link.get_text() for link in page.select("a")}) == len(page.select("a"))


def test_index_page_is_sound_and_whole(inspection, out):
    assert inspection.folder.is_dir()
    page = (out / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:", page)
    assert page.count("<caption>") == page.count("<table") == 1


def test_index_runs_its_own_script_and_no_other(inspection, out):
    """A hash in the page's policy (CSP level 2) names the one script that may run; there is none in an attribute."""
    assert inspection.folder.is_dir()
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    (script,) = page.find_all("script")
    allowed = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert f"script-src 'sha256-{allowed}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert not [name for element in page.find_all(True) for name in element.attrs if name.startswith("on")]


def test_index_can_be_read_without_its_script(inspection, reinspection, out):
    """All reports are listed, and what only a script could serve is hidden."""
    assert inspection.folder.is_dir()
    assert reinspection.folder.is_dir()
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.form.has_attr("hidden")
    rows = page.select("tbody tr")
    assert len(rows) >= 2
    assert not any(row.has_attr("hidden") for row in rows)
    assert page.find(role="status").text == f"{len(rows)} reports"


def test_index_and_manifest_tell_the_audit_period(inspection, out):
    manifest = json.loads((inspection.folder / "manifest.json").read_text(encoding="utf-8"))
    words = "1 June to 30 November 2016"
    assert manifest["period"] == {"start": "2016-06-01", "end": "2016-11-30", "words": words}
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    rows = [row for row in page.select("tbody tr") if row.select_one('a[href="kent-2017/inspection/inspection.html"]')]
    assert [(row["data-year"], row.find(attrs={"data-head": "Period"}).text) for row in rows] == [("2016", words)]


def test_no_trace_of_machine_or_time_in_the_notebook(publication):
    notebook = nbformat.read(publication.folder / f"{publication.report}.ipynb", as_version=4)
    assert "papermill" not in notebook.metadata
    assert not [cell for cell in notebook.cells if {"papermill", "execution"} & set(cell.metadata)]
    assert str(Path.cwd()) not in notebook.cells[1].source


@pytest.fixture
def cold(monkeypatch):
    """Start each kernel anew, as where no fork is safe."""
    monkeypatch.setattr("cdi_stats.publishing.engine.PrivateKernels", PrivateKernels)


@pytest.mark.usefixtures("cold")
def test_published_twice_gives_the_same_bytes(reinspection, tmp_path):
    """The first time the kernel was a fork, where the system bears that."""
    again = publish("reinspection", "kent-2018", out=tmp_path, formats=tuple(reinspection.files))
    assert everything(again.folder) == everything(reinspection.folder)
    assert again.figures == reinspection.figures


@pytest.mark.usefixtures("cold")
def test_a_warning_of_the_kernel_stays_in_it(publish_cells):
    """It may name a folder of the machine, and is none of the reader's."""
    made = publish_cells("import sys\nprint('seen', 'here', file=sys.stderr)", GOOD)
    assert "seen here" not in (made.folder / "inspection.ipynb").read_text(encoding="utf-8")


# What fails leaves nothing.


@pytest.fixture
def use_cells(tmp_path, monkeypatch):
    """Put a notebook of these code cells in the place of each report's."""

    def use(*sources):
        given = "\n".join(f"{name} = {value!r}" for name, value in PARAMETERS.items())
        parameters = new_code_cell(given, metadata={"tags": ["parameters"]})
        notebook = new_notebook(
            cells=[new_markdown_cell("# Report"), parameters, *map(new_code_cell, sources)],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        path = tmp_path / "report.ipynb"
        nbformat.write(notebook, path)
        monkeypatch.setattr(execution, "notebook_path", lambda _: path)
        monkeypatch.setattr(publishing, "notebook_path", lambda _: path)

    return use


@pytest.fixture
def publish_cells(use_cells, tmp_path):
    """Publish a report of these code cells under `out`."""

    def publish_them(*sources, time_limit=60, **options):
        use_cells(*sources)
        how = {"formats": ["html"], "manner": Manner(time_limit=time_limit)}
        return publish("inspection", "kent-2018", out=tmp_path / "out", **how | options)

    return publish_them


PARAMETERS = {
    "audit": "kent-2018",
    "earlier": "",
    "confidence_level": 0.95,
    "method": "wilson",
    "degrees_of_freedom": "kurtosis",
    "overall": "",
}
FAILURES = {
    "raises": (["1 / 0"], r"\(1 / 0\) .*ZeroDivisionError"),
    "kernel gone": ([GOOD, "import os; os._exit(7)"], "kernel"),
    "hangs": (["import time; time.sleep(90)"], "3 seconds"),
    "prints": ([GOOD, "print('hello')"], "prints"),
    "shows what is no block": ([GOOD, "1 + 1"], "'2'"),
    "shows nothing": (["x = 1"], "no figure"),
    "no title": (["from cdi_stats import open_report\n\nopen_report(audit).overall()"], "no title"),
}
COLD = {"raises", "kernel gone", "hangs"}  # tests of batches hold it for forks


@pytest.mark.parametrize("name", FAILURES)
def test_a_run_that_fails_leaves_the_last_good_report(publish_cells, tmp_path, monkeypatch, request, name):
    if name in COLD:
        request.getfixturevalue("cold")
    sources, said = FAILURES[name]
    scratch = tmp_path / "t"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    last = tmp_path / "out" / "kent-2018" / "inspection"
    last.mkdir(parents=True)
    (last / "inspection.html").write_text("the last good report", encoding="utf-8")
    before = everything(tmp_path / "out")
    with pytest.raises(ReportFailed, match=said) as failed:
        publish_cells(*sources, time_limit=3 if name == "hangs" else 60)
    assert failed.value.exit_code == 1
    assert everything(tmp_path / "out") == before
    assert [path.name for path in last.parent.iterdir()] == ["inspection"]
    assert list(scratch.iterdir()) == []


def test_a_first_run_that_fails_leaves_no_report(publish_cells, tmp_path):
    with pytest.raises(ReportFailed):
        publish_cells("1 / 0")
    assert everything(tmp_path / "out") == {}
    assert not (tmp_path / "out" / "kent-2018").exists()


def test_a_new_report_takes_the_old_ones_place_whole(publish_cells, tmp_path):
    publish_cells(GOOD, formats=["html", "pdf"])
    folder = tmp_path / "out" / "kent-2018" / "inspection"
    (folder / "left.over").write_text("old", encoding="utf-8")
    publish_cells(GOOD)
    assert {path.name for path in folder.iterdir()} == FILES | {"inspection.html", "inspection.ipynb"}
    assert [path.name for path in folder.parent.iterdir()] == ["inspection"]
    assert links(tmp_path / "out" / "index.html") == ["kent-2018/inspection/inspection.html"]


# Runs cut off. Notebook and writers are stood in for: what matters is the moves.


@pytest.fixture
def staged(tmp_path, monkeypatch):
    """Stage and publish a folder with one file, as publish does."""
    folder = tmp_path / "kent" / "inspection"

    def run(words):
        with staging(folder) as stage:
            (stage / "report.html").write_text(words, encoding="utf-8")
            if words == "fail":
                raise ReportFailed("stopped")

    run.folder, run.aside = folder, folder.with_name(".inspection.previous")
    run.monkeypatch = monkeypatch
    return run


def published(run):
    return (run.folder / "report.html").read_text(encoding="utf-8")


def test_a_run_cut_between_the_two_renames_is_recovered_by_the_next(staged):
    staged("good")
    staged.folder.rename(staged.aside)
    with pytest.raises(ReportFailed):
        staged("fail")
    assert published(staged) == "good"
    assert [path.name for path in staged.folder.parent.iterdir()] == ["inspection"]
    staged.folder.rename(staged.aside)
    staged("better")
    assert published(staged) == "better"
    assert [path.name for path in staged.folder.parent.iterdir()] == ["inspection"]


def test_an_interruption_between_the_two_renames_puts_the_old_report_back(staged):
    staged("good")
    rename = Path.replace

    def cut(path, target):
        if Path(target) == staged.folder and path != staged.aside:
            raise KeyboardInterrupt
        return rename(path, target)

    with staged.monkeypatch.context() as patched:
        patched.setattr(stages, "_exchange", lambda *_: False)
        patched.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            staged("better")
    assert published(staged) == "good"
    assert [path.name for path in staged.folder.parent.iterdir()] == ["inspection"]


def test_a_run_cut_before_it_had_cleared_away_the_old_report(staged):
    staged("good")
    staged.aside.mkdir()
    (staged.aside / "report.html").write_text("older", encoding="utf-8")
    with pytest.raises(ReportFailed):
        staged("fail")
    assert published(staged) == "good"
    assert not staged.aside.exists()


def test_a_file_that_lacks_a_figure_is_not_published(publish_cells, tmp_path, monkeypatch):
    """What a writer drops is found when its file is read back, before anything is published."""
    for name, writer in WRITERS.items():
        if name == "pdf":
            continue
        other = replace(
            writer, write=lambda document, *rest, write=writer.write: write(without_figures(document), *rest)
        )
        monkeypatch.setitem(WRITERS, name, other)
        with pytest.raises(ReportFailed, match=f"{name} lacks"):
            publish_cells(GOOD, formats=[name])
        assert not (tmp_path / "out" / "kent-2018").exists()


def without_figures(document):
    facts = [["Sample", "many crimes"]]
    blocks = [block | {"facts": facts} if block["block"] == "title" else block for block in document.blocks]
    return replace(document, blocks=tuple(blocks))


def test_a_template_gives_the_word_file_its_styles_and_is_named_in_the_manifest(publish_cells, tmp_path):
    path = tmp_path / "force.docx"
    theirs = docx.Document()
    theirs.sections[0].footer.paragraphs[0].text = "OFFICIAL"
    theirs.save(str(path))
    made = publish_cells(GOOD, formats=["docx"], template=path)
    assert docx.Document(str(made.files["docx"])).sections[0].footer.paragraphs[0].text == "OFFICIAL"
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["template"] == {"name": "force.docx", "sha256": digest(path)}


@pytest.mark.parametrize(
    ("formats", "name", "said"),
    [(["docx"], "notes.txt", "found no Word document"), (["docx"], "none.docx", "cannot be read"),
     (["html"], "notes.txt", "without the format docx")],
)  # fmt: skip
def test_a_wrong_template_is_refused_before_a_kernel_starts(tmp_path, monkeypatch, formats, name, said):
    monkeypatch.setattr(publishing, "run_notebook", lambda *_, **__: pytest.fail("a kernel started"))
    (tmp_path / "notes.txt").write_text("no Word", encoding="utf-8")
    with pytest.raises(BadParameters, match=said):
        publish("inspection", "kent-2018", out=tmp_path / "out", formats=formats, template=tmp_path / name)
    assert not (tmp_path / "out").exists()


def test_a_theme_reaches_every_format_the_manifest_and_the_index(publish_cells, tmp_path):
    made = publish_cells(GOOD, formats=WRITERS, theme="example-police")
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    files = resource("data", "themes", "example-police")
    assert manifest["theme"] == {
        "name": "theme.toml",
        "sha256": digest(files / "theme.toml"),
        "files": [{"name": "crest.svg", "sha256": digest(files / "crest.svg")}],
        "force": "Example Police",
        "marking": "OFFICIAL",
        "draft": "DRAFT",
    }
    assert "Example Police" in made.files["html"].read_text(encoding="utf-8")
    assert "Example Police" in PdfReader(made.files["pdf"]).pages[0].extract_text()
    assert docx.Document(str(made.files["docx"])).paragraphs[0].text.strip() == "Example Police"
    index = BeautifulSoup((tmp_path / "out" / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert index.select_one(".letterhead p").text == "Example Police"
    assert [state.text for state in index.select("tbody th .state")] == ["DRAFT", "OFFICIAL"]
    assert not index.select(".draft")


def test_a_wrong_theme_is_refused_before_a_kernel_starts(tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "run_notebook", lambda *_, **__: pytest.fail("a kernel started"))
    (tmp_path / "theme.toml").write_text("forse = 'Example Police'", encoding="utf-8")
    with pytest.raises(BadParameters, match="Did you mean force") as refused:
        publish("inspection", "kent-2018", out=tmp_path / "out", theme=tmp_path)
    assert refused.value.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_index_passes_over_what_is_not_published(inspection, tmp_path):
    """Folders that begin with a dot are runs under way, or what one that was cut off has left."""
    manifest = (inspection.folder / "manifest.json").read_text(encoding="utf-8")
    for name in ("inspection", ".inspection.previous", ".inspection.a1b2c3"):
        folder = tmp_path / "kent-2017" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    write_index(tmp_path)
    assert {link.split("/")[1] for link in links(tmp_path / "index.html")} == {"inspection"}


def test_index_stands_though_another_reports_manifest_is_broken(inspection, tmp_path):
    good = (inspection.folder / "manifest.json").read_bytes()
    facts = json.loads(good)
    broken = {
        "cut off": good[:200],
        "empty": b"",
        "no text": b"\xff\xfe\x00",
        "a list": b"[]",
        "nothing": b"null",
        "no title": json.dumps({name: value for name, value in facts.items() if name != "title"}).encode(),
        "no date": json.dumps(facts | {"date": "soon"}).encode(),
        "no files": json.dumps(facts | {"files": None}).encode(),
        "a period without end": json.dumps(facts | {"period": {"start": "2016-06-01"}}).encode(),
        "a period of words": json.dumps(facts | {"period": "June"}).encode(),
        "a theme of words": json.dumps(facts | {"theme": "blue"}).encode(),
    }
    for name, data in (broken | {"good": good}).items():
        folder = tmp_path / name / "inspection"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_bytes(data)
    write_index(tmp_path)
    assert {link.split("/")[0] for link in links(tmp_path / "index.html")} == {"good"}


def test_a_folder_that_cannot_be_written_is_refused_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(publishing, "run_notebook", lambda *_, **__: pytest.fail("a kernel started"))
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    with pytest.raises(CdiStatsError, match="taken"):
        publish("inspection", "kent-2017", out=taken)


def test_a_deep_temporary_folder_is_no_hindrance(tmp_path):
    """A socket's address holds about a hundred letters; a temporary folder's may be longer."""
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    command = [sys.executable, "-m", "cdi_stats", "report", "inspection", "kent-2018", "--format", "html"]
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(deep))
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "out")], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.strip()).is_file()


# Own audits.


@pytest.fixture
def own(use_cells, tmp_path, monkeypatch):
    """A workbook of one's own in the folder one works in."""
    use_cells(GOOD)
    path = tmp_path / "My Audit 2018.xlsx"
    path.write_bytes(resource("data", "examples", "kent-2018.xlsx").read_bytes())
    monkeypatch.chdir(tmp_path)
    return path


def test_an_own_workbook_is_published_by_its_name_from_any_folder(own, tmp_path):
    made = publish("inspection", own.name, out="elsewhere", formats=["html"])
    assert made.folder == Path("elsewhere/my-audit-2018/inspection")
    assert made.files["html"].is_file()
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["parameters"]["audit"] == own.name
    assert str(tmp_path) not in json.dumps(manifest)


def test_where_an_own_workbook_lies_reaches_no_published_file(own, tmp_path):
    made = publish("inspection", own.name, out="elsewhere", formats=["html"])
    telling = [path.name for path in made.folder.iterdir() if str(tmp_path).encode() in path.read_bytes()]
    assert telling == []


# Other inputs than an audit in order.


def test_a_plan_is_published_under_its_own_name(tmp_path):
    plan = tmp_path / "Spring 2018.toml"
    plan.write_text('force = "Testshire"\n[[strata]]\nstratum = "a"\nrate = 0.9\n', encoding="utf-8")
    made = publish("sample_plan", plan, out=tmp_path / "reports")
    assert made.folder == tmp_path / "reports" / "spring-2018" / "sample_plan"
    assert made.figures["sample_plan/a/records"]["value"] == 388, "PracTools nWilson: 387.016 crimes"
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"] == [{"audit": "spring-2018", "sha256": digest(plan)}]
    assert manifest["force"] == "Testshire"
    assert manifest["parameters"]["audit"] == "Spring 2018.toml"


def test_data_quality_is_published_of_a_file_that_no_other_report_takes(tmp_path):
    tables = build_example("kent-board-2017")
    tables["strata"].loc[0, "records_sampled"] = 1
    path = tmp_path / "broken.xlsx"
    write_workbook(tables, path)
    with pytest.raises(CdiStatsError):
        publish("inspection", path, out=tmp_path / "reports")
    made = publish("data_quality", path, out=tmp_path / "reports")
    assert made.figures["data_quality/problems/errors"]["value"] == 1
    assert "Not ready to report from" in made.files["html"].read_text(encoding="utf-8")


# Figures.


def figure(key, value, text):
    return {"figure": key, "value": value, "text": text, "unit": "percent", "source": "s"}


def test_one_figure_may_read_in_two_ways_but_has_one_value():
    blocks = [{"block": "paragraph", "text": [figure("b", 0.5, "50%"), figure("a", 1, "1"), figure("b", 0.5, "50.0%")]}]
    found = collect_figures(blocks)
    assert list(found) == ["a", "b"]
    assert found["b"]["texts"] == ["50%", "50.0%"]
    with pytest.raises(ReportFailed, match="figure b"):
        collect_figures([*blocks, {"block": "paragraph", "text": [figure("b", 0.6, "60%")]}])


def test_publish_can_be_had_from_the_package_itself():
    from cdi_stats import publish as door

    assert door is publish


# A report of several audits.


def test_a_series_published_twice_gives_the_same_bytes(published, tmp_path):
    monitoring = published("monitoring")
    again = publish("monitoring", "example-police", out=tmp_path, formats=["html"])
    files = everything(again.folder)
    del files["manifest.json"]  # it lists the formats
    assert len(files) == 3
    assert files.items() <= everything(monitoring.folder).items()
    manifest = json.loads((monitoring.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["date"] == "2024-09-15"


def test_a_list_of_audits_is_published_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "kent.toml").write_text('audits = ["kent-2018", "kent-2017"]', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made = publish("monitoring", "kent.toml", out="reports", formats=["html"])
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["audit"] for entry in manifest["inputs"]] == ["kent-2017", "kent-2018"]
    assert manifest["parameters"]["audit"] == "kent.toml"
    assert str(tmp_path) not in (made.folder / "monitoring.ipynb").read_text(encoding="utf-8")


def test_a_series_takes_no_earlier_audit():
    with pytest.raises(CdiStatsError, match="parameter earlier: unknown"):
        publish("monitoring", "example-police", earlier="kent-2017")
