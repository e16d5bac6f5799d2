"""What a stranger may hand over, tried against the program: notebooks, plans, templates, stores, links, names.

Hostile workbooks are in tests/faults/test_mutated_files.py and tests/unit/test_files.py, hostile texts of an audit in
tests/publications/test_hostile.py, themes in tests/unit/test_theme.py. SECURITY.md says what is promised.
"""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import docx
import duckdb
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml.parser import OxmlElement
from nbconvert.exporters import get_exporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from papermill.translators import PythonTranslator
from tests.unit.conftest import small_tables

from cdi_stats import cli
from cdi_stats.audit.sampling import read_plan
from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.audit.template import write_workbook
from cdi_stats.batch import night
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.batch.schedule import Email, Schedule, Scheduled
from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.lab.copies import KEPT, lay_copies
from cdi_stats.publishing import remote
from cdi_stats.publishing.document import markdown_blocks
from cdi_stats.publishing.docx import read_template
from cdi_stats.publishing.index import write_index
from cdi_stats.publishing.own_notebook import _parameters
from cdi_stats.publishing.parameters import check_parameters
from cdi_stats.publishing.published import read_published
from cdi_stats.publishing.staging import locked, staging
from cdi_stats.publishing.tables.csv_files import unrun
from cdi_stats.report.blocks import MIME_TYPE, Callout, Chart, Column, Heading, Paragraph, Table, Title

# A notebook that someone has run, given to an exporter: nobody here has run it, so nothing in it is taken on trust.

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"{}>{}</svg>'
TABLE = Table("caption", (Column("head"),), (("cell",),)).to_json()
CHART = Chart("title", "subtitle", SVG.format("", ""), "alt", Table("c", (Column("h"),), (("x",),))).to_json()
TEXT, HEADING, TITLE = (part.to_json() for part in (Paragraph("x"), Heading(2, "x"), Title("x", "2020-01-01", ())))
DEEP: object = "x"
for _ in range(30):
    DEEP = {"strong": [DEEP]}
OUTPUTS = {
    "a script in a chart": CHART | {"svg": SVG.format("", "<script>alert(1)</script>")},
    "a handler in a chart": CHART | {"svg": SVG.format(' onload="alert(1)"', "")},
    "a link that runs": CHART | {"svg": SVG.format("", '<a href="javascript:alert(1)"/>')},
    "a page in a chart": CHART | {"svg": SVG.format("", "<foreignObject><form action='//h.invalid'/></foreignObject>")},
    "a file in a chart": CHART | {"svg": SVG.format("", '<image href="/etc/passwd"/>')},
    "an address in a chart": CHART | {"svg": SVG.format(' style="fill: url(//h.invalid)"', "")},
    "an entity": CHART | {"svg": f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{SVG.format("", "&a;")}'},
    "a filter that takes all memory": CHART | {"svg": SVG.format("", '<filter id="f" width="9e9" height="9e9"/>')},
    "no picture": CHART | {"svg": "picture"},
    "a handler in a heading": HEADING | {"level": "2 onclick=alert(1)"},
    "a level of no heading": HEADING | {"level": 10**400},
    "a handler in a note": Callout("note", "x", "x").to_json() | {"kind": 'note" onload="alert(1)'},
    "a figure without an end": TEXT
    | {"text": [{"figure": "k", "text": "t", "value": 1e999, "unit": "", "source": ""}]},
    "a figure of words": TEXT | {"text": [{"figure": "k", "text": "t", "value": "x", "unit": "", "source": ""}]},
    "a day that is none": TITLE | {"date": "yesterday"},
    "words without letters": TEXT | {"text": "\ud800"},
    "words within words": TEXT | {"text": [DEEP]},
    "words that are a number": TEXT | {"text": 5},
    "rows of another length": TABLE | {"rows": [["a", "b"]]},
    "a width of nothing": TABLE | {"columns": [{"header": "h", "numeric": False, "width": 0}]},
    "rules that are none": {"block": "protection", "rules": "none at all", "withheld": []},
    "more than a block has": TEXT | {"html": "<script>"},
    "less than a block has": {"block": "table"},
    "a part of Python": {"block": "__class__"},
    "a part that is none": {"block": "iframe"},
    "no kind": {},
    "no part": "x",
}


def executed(*blocks, words="# Report"):
    shown = new_output("display_data", data={MIME_TYPE: {"blocks": list(blocks)}, "text/html": "<script>1</script>"})
    return new_notebook(cells=[new_markdown_cell(words), new_code_cell("x", outputs=[shown], execution_count=1)])


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("exporter", ["cdi-html", "cdi-docx"])
def test_an_output_that_is_none_of_ours_is_not_exported(name, exporter):
    with pytest.raises(ReportFailed, match=r"^notebook: cell 2 holds a part that is none of cdi-stats \(.*\n?$"):
        get_exporter(exporter)().from_notebook_node(executed(OUTPUTS[name]))


def test_what_is_ours_is_exported_without_what_else_stands_in_the_output():
    page, _ = get_exporter("cdi-html")().from_notebook_node(
        executed(
            TITLE, HEADING, TEXT, TABLE, CHART, words="# R\n\nx <script>1</script> [a](javascript:1) ![b](//h.invalid)"
        )
    )
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert "<img" not in page


CIRCLES = ["[" * 20_000, "*a " * 20_000, "> " * 5000 + "x", "![[" * 9000, "**a" * 8000]


@pytest.mark.parametrize("words", CIRCLES, ids=lambda words: words[:3])
def test_words_that_could_send_a_reader_of_markdown_in_circles_come_to_an_end(words):
    """Within the time of the whole suite; nested brackets and stars have taken readers of Markdown minutes."""
    assert list(markdown_blocks(words))


CELLS = ["a = " + "-" * 100_000 + "1", "a = " + "(" * 5000, "a = " + "[" * 5000 + "]" * 5000,
         "a = __import__('os').name", "a = 1; import os", "a = b = 1", "a.b = 1", "a = 9" + "9" * 5000,
         "a = f'{1}'", "a = '\0'"]  # fmt: skip


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell[:20])
def test_a_cell_of_parameters_is_read_and_not_run(cell):
    with pytest.raises(BadParameters, match=r"^x: the cell of parameters cannot be read \([^\n]*$"):
        _parameters(Path("x"), cell)


# Parameters become code in the notebook, as text that ends where it ends.

STRINGS = ['"; raise SystemExit #', "'''; raise SystemExit", "\\", '\\"', "{0}", "\n\nraise SystemExit", "\r", "\u2028",
           "\0", "%run x", "!id", "#", '"""', "\\N{BULLET}", "$(id)", "`id`"]  # fmt: skip


def test_a_parameter_does_not_leave_its_quotes():
    checked = [check_parameters("board_paper", {"audit": "kent-2017", "to": text, "sender": text}) for text in STRINGS]
    for text, given in zip(STRINGS, checked, strict=True):
        names: dict[str, object] = {}
        exec(PythonTranslator.codify(given), names)
        assert (names["to"], names["sender"]) == (text, text)


def test_a_parameter_that_no_file_can_hold_is_refused():
    with pytest.raises(BadParameters, match=r"^parameter to: found .*; expected text that can be written in UTF-8$"):
        check_parameters("board_paper", {"audit": "kent-2017", "to": "Mr \udcff"})


# Cells of a CSV that a spreadsheet would run.

FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(1)",
            "-2 +cmd|' /C calc'!A0", "+1 to cmd|' /C calc'!A0", "-1%*1", "+.5 to +cmd|' '!A0", "-1\n+1"]  # fmt: skip


def test_no_text_is_a_formula_and_printed_figures_stay():
    assert [unrun(text) for text in FORMULAS] == [f"'{text}" for text in FORMULAS]
    printed = ["+13.0", "-2.1", "+1,300", "-0.5%", "+0.1 to +2.3", "-2.1 to 3.4", "1 of 2", "−2.1 to 3.4"]
    assert [unrun(text) for text in printed] == printed


def test_estimates_as_csv_run_nothing_either(tmp_path, monkeypatch, capsys):
    path = tmp_path / "audit.xlsx"
    write_workbook(small_tables({"=cmd|' /C calc'!A0": [(1, 1)] * 20, "-2 +cmd|' '!A0": [(1, 1)] * 20}), path)
    monkeypatch.setattr(sys, "argv", ["cdi", "estimate", str(path), "--csv"])
    with pytest.raises(SystemExit):
        cli.main()
    cells = [cell for row in csv.reader(io.StringIO(capsys.readouterr().out)) for cell in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert [cell for cell in cells if cell[:1] in tuple("=+-@")] == []


# A Word file that reports take their look from.


def phoning_picture(part):
    part.relate_to("https://h.invalid/seen.png", RT.IMAGE, is_external=True)


def program(part):
    part.relate_to(Part(PackURI("/word/embeddings/x.bin"), "application/x-msdownload", b"MZ"), RT.OLE_OBJECT)


def field(code):
    def add(part):
        instruction = OxmlElement("w:instrText")
        instruction.text = code
        part.element.append(instruction)

    return add


TEMPLATES = {"a picture elsewhere": phoning_picture, "a program": program, "a command": field(' DDEAUTO c:\\cmd "/k"'),
             "a text elsewhere": field(" INCLUDETEXT //h.invalid/x"),
             "a picture by a field": field(' includepicture "//h.invalid/x"')}  # fmt: skip


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("place", ["header", "footer", "styles"])
def test_a_template_that_would_fetch_or_run_something_is_refused(tmp_path, name, place):
    template, path = docx.Document(), tmp_path / "force.docx"
    section = template.sections[0]
    section.header.paragraphs[0].text = section.footer.paragraphs[0].text = "Downshire"
    part = template.part._styles_part if place == "styles" else getattr(section, place).part
    TEMPLATES[name](part)
    template.save(path)
    with pytest.raises(BadParameters, match=r"^template .*force\.docx: found a .*; expected all in the file itself"):
        read_template(path)


def test_a_link_to_click_in_a_template_may_stay(tmp_path):
    template = docx.Document()
    template.sections[0].header.part.relate_to("https://force.example", RT.HYPERLINK, is_external=True)
    template.save(tmp_path / "force.docx")
    assert read_template(tmp_path / "force.docx")


# Stores and folders that others may write to.


def test_no_manifest_is_fetched_to_elsewhere(tmp_path, monkeypatch):
    told = json.dumps({"files": {}}).encode()
    names = ["../../up/manifest.json", "a/../../manifest.json", "a\\b/r/manifest.json",
             "con/r/manifest.json", "good/report/manifest.json"]  # fmt: skip
    store = SimpleNamespace(find=lambda place: [f"{place}/{name}" for name in names], cat_file=lambda _: told)

    @contextmanager
    def reached(*_):
        yield store, "bucket"

    monkeypatch.setattr(remote, "reaching", reached)
    into = tmp_path / "a" / "b"
    remote.fetch_manifests("s3://bucket", into)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        "a/b/good/report/manifest.json"
    ]


FILES = {"r.html": "", "../x.html": ""}
GOOD = {"title": "<b>", "subtitle": '"><script>', "force": "'", "date": "2020-01-01", "files": FILES}
MANIFESTS = {"javascript:alert(1)": GOOD, 'a" onclick="x': GOOD, "a#b?c": GOOD, "list": [], "number": 5,
             "files": GOOD | {"files": [5]}, "day": GOOD | {"date": "x" * 9},
             "period": GOOD | {"period": {"start": 1}}}  # fmt: skip


def test_an_index_stands_whatever_manifests_lie_there(tmp_path):
    texts = {name: json.dumps(told) for name, told in MANIFESTS.items()} | {"deep": "[" * 100_000, "none": "\ud800"}
    for name, text in texts.items():
        (tmp_path / name / "r").mkdir(parents=True)
        (tmp_path / name / "r" / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
        (tmp_path / name / "r" / "figures.json").write_text("[" * 100_000, "utf-8")
        with pytest.raises(BadParameters, match="found no published report"):
            read_published(tmp_path / name / "r")
    (tmp_path / "folder" / "r" / "manifest.json").mkdir(parents=True)
    page = write_index(tmp_path).read_text(encoding="utf-8")
    assert page.count("<script") == 1
    assert page.count('<tr role="row" data-force') == 3
    assert 'href="javascript:' not in page
    assert "onclick=" not in page
    assert "a%23b%3Fc/r/r.html" in page


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_lead_nothing_elsewhere(tmp_path):
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.mkdir()
    (victim / "kept").write_text("kept", "utf-8")
    out.mkdir()
    (out / "report").symlink_to(victim)
    with staging(out / "report") as stage:
        (stage / "report.html").write_text("new", "utf-8")
    assert (out / "report" / "report.html").read_text("utf-8") == "new"
    (out / ".other.lock").symlink_to(victim / "made")
    with pytest.raises(ReportFailed, match="cannot be written"), locked(out / "other", longest_wait=0):
        pass
    (tmp_path / KEPT).parent.mkdir()
    (tmp_path / KEPT).symlink_to(victim / "kept")
    (tmp_path / "Start here.md").symlink_to(victim / "made")
    lay_copies(tmp_path)
    assert {path.name: path.read_text("utf-8") for path in victim.iterdir()} == {"kept": "kept"}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_whoever_keeps_files_to_himself_keeps_reports_too(tmp_path):
    before = os.umask(0o077)
    try:
        with staging(tmp_path / "audit" / "report") as stage:
            (stage / "report.html").write_text("x", "utf-8")
        write_index(tmp_path)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes == {"audit": 0o700, "report": 0o700, "report.html": 0o600, "index.html": 0o600}


# Plans.


def test_a_scheduled_batch_runs_no_python_file_that_lies_with_its_plan(tmp_path):
    """systemd and the Task Scheduler start it in the plan's folder."""
    for name in ("typer", "json", "cdi_stats", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')", encoding="utf-8")
    command = Scheduled(tmp_path / "plan.toml", Schedule(at="02:30")).command
    assert command[3:] == ("cdi_stats", "batch", str((tmp_path / "plan.toml").resolve()), "--scheduled")
    said = subprocess.run([*command[:4], "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.strip()
    assert not (tmp_path / "ran").exists()


ABSURD = {
    "memory_limit = 9223372036854775807": "memory_limit: found 9223372036854775807; expected",
    "time_limit = 9223372036854775807": "time_limit: found 9223372036854775807; expected",
    f"[[report]]\nreport = 'inspection'\naudits = ['kent-2017']\n[report.parameters]\n{'{}'}".format(
        "".join(f"p{n} = [{', '.join(map(str, range(20)))}]\n" for n in range(8))
    ): "report 1, parameters: found 25,600,000,000 combinations; expected 100,000 at most",
    f"a = {'[' * 100_000}": "is nested too deeply",
    f"a = '{'x' * 1_100_000}'": "is larger than 1,000,000 bytes",
}


@pytest.mark.parametrize("text", ABSURD, ids=lambda text: text[:20])
def test_a_plan_of_absurd_sizes_is_refused_at_once(tmp_path, text):
    path = tmp_path / "plan.toml"
    rest = "" if "report" in text else "\n[[report]]\nreport = 'inspection'\naudits = ['kent-2017']\n"
    path.write_text(text + rest, encoding="utf-8")
    with pytest.raises(BadParameters, match=ABSURD[text]):
        read_batch_plan(path)


def frame_plan(folder, table, **names):
    columns = "".join(f"{name} = {json.dumps(value)}\n" for name, value in names.items())
    (folder / "plan.toml").write_text(
        f'seed = "1"\n[frame]\nsource = "duckdb://{folder.as_posix()}/frame.duckdb"\n'
        f"table = {json.dumps(table)}\n{columns}"
        '[[strata]]\nstratum = "a\'; drop table t; --"\nrecords = 2\n',
        encoding="utf-8",
    )
    return read_plan(folder / "plan.toml")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("database")
    (folder / "secret.csv").write_text("record_id,opened_at,opening_code\n1,2020-01-01,x\n", encoding="utf-8")
    with duckdb.connect(folder / "frame.duckdb") as connection:
        connection.execute(
            "create table t as select 'r' || i as record_id, timestamp '2020-01-01' as opened_at, "
            "'x''; drop table t; --' as opening_code from range(9) as r(i)"
        )
    return folder


TABLES = ['t"; drop table t; --', "t; drop table t", "t' or '1'='1", "read_csv('secret.csv')", "main.t; select 1",
          "", "a\0b", "(select * from t)", "x" * 5000]  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table[:20])
def test_a_table_is_a_name_and_no_query(database, table):
    with pytest.raises(BadParameters, match=r"^frame\.table: [^\n]*; expected [^\n]*$"):
        draw_from_plan(frame_plan(database, table), base=database)


def test_columns_codes_and_strata_are_no_query(database):
    for column in ('record_id" from t; drop table t; --', "1; drop table t", "*"):
        with pytest.raises(BadParameters, match="found no column"):
            draw_from_plan(frame_plan(database, "t", record_id=column), base=database)
    drawn = draw_from_plan(frame_plan(database, "t"), base=database)
    assert len(drawn.strata) == 1
    with duckdb.connect(database / "frame.duckdb", read_only=True) as connection:
        assert connection.execute("select count(*) from t").fetchone() == (9,)


# Those who are told of a failure.

PLAN = '[[report]]\nreport = "sample_plan"\naudits = ["kent-2017"]\n[schedule]\nat = "02:30"\n'


@pytest.fixture
def babbler():
    """A server that answers anything with noise; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller, suppress(OSError):
                    caller.settimeout(1)
                    caller.sendall(b"\xff\x00 noise\r\n" * 100)
                    caller.recv(1 << 16)

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize("name", ["plan", "a\nBcc: x@h.invalid", "b\udcff"])
def test_a_server_of_noise_and_a_name_of_lines_are_told_in_the_log(tmp_path, babbler, name):
    path = tmp_path / f"{name}.toml"
    told = f'webhook = "http://127.0.0.1:{babbler}/"\n[schedule.email]\nto = ["a@h.invalid"]\nsender = "b@h.invalid"\n'
    path.write_text(f'{PLAN}{told}server = "127.0.0.1"\nport = {babbler}\n', encoding="utf-8")
    plan = read_batch_plan(path)
    failed = night.Night(1, tmp_path / "night.log", ("report \udcff failed",))
    night._tell(plan, plan.schedule, failed)
    log = failed.log.read_text(encoding="utf-8")
    assert "the e-mail could not be sent" in log
    assert "the webhook could not be reached" in log


def test_a_password_is_not_sent_in_the_clear(monkeypatch):
    server = MagicMock()
    monkeypatch.setenv(night.USER, "auditor")
    monkeypatch.setattr(night.smtplib, "SMTP", server)
    with pytest.raises(ValueError, match="To mend: starttls = true"):
        night._send(Email(to=["a@h.invalid"], sender="b@h.invalid"), "subject", "words")
    assert [call for call in server.mock_calls if "login" in str(call) or "send" in str(call)] == []
