"""Every block of the documentation is tried, in a way that one table names; a page or kind that it lacks is refused.

Commands are run one after another in a folder that holds what their page speaks of. Those that would take long, or
need what a test has not, are read by the command line instead, and what they name is looked up.
"""

import ast
import re
import shutil
import tomllib
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path

import duckdb
import nbformat
import openpyxl
import pandas as pd
import pytest
import sqlglot
import tasks
import typer
from docx import Document
from tests.structure import followed, own_audit_files
from tests.structure.blocks import DOCS, PAGES, ROOT, blocks_of, commands_of

from cdi_stats.audit import series_example as made_up
from cdi_stats.audit.project import start_project
from cdi_stats.batch import words as batch_words
from cdi_stats.batch.plan import read_batch_plan
from cdi_stats.cli import app
from cdi_stats.publishing.formats import WRITERS
from cdi_stats.publishing.parameters import check_parameters

FOLLOWED = "followed to the letter, outputs and all: test_tutorial, test_own_audit"
DONE = "done in a copy of the project: test_developer_pages"
EXAMPLE = "run, with its asserts: test_docs"
MODEL = "read by what reads such a file: test_docs, and here for batch plans"
TRIED = "run in a prepared folder, or read by the command line: here"
EQUAL = "what a command prints, or a file that is read: test_tutorial, and here"
FORMULA = "nothing to run; the worked example of its page holds it"
NAMED = "what it calls is there: here"
READ = "run on DuckDB, or parsed: here"
OTHERS = "calls other programs, which tests have not; what of ours it names is there: here"

WAYS = {
    "../README.md": {"python": EXAMPLE, "commands": TRIED, "shell": NAMED},
    "index.md": {"python": EXAMPLE, "commands": TRIED},
    "tutorial.md": {"commands": FOLLOWED, "text": FOLLOWED, "shell": NAMED},
    "own-audit.md": {"commands": FOLLOWED, "text": FOLLOWED, "toml": FOLLOWED},
    "reports.md": {"commands": TRIED},
    "methods/*.md": {"python": EXAMPLE, "plain": FORMULA},
    "reference/commands.md": {"commands": TRIED},
    "how-to/add-a-*.md": {"diff": DONE, "python": DONE, "markdown": DONE, "commands": DONE, "text": DONE},
    "how-to/batch.md": {"commands": TRIED, "toml": MODEL, "text": EQUAL},
    "how-to/check-and-accept.md": {"commands": TRIED, "toml": MODEL, "text": EQUAL},
    "how-to/draw-from-a-database.md": {"toml": MODEL, "sql": READ, "plain": NAMED},
    "how-to/explore.md": {"python": EXAMPLE, "plain": OTHERS},
    "how-to/house-style.md": {"commands": TRIED, "toml": MODEL},
    "how-to/install-offline.md": {"shell": OTHERS, "plain": OTHERS},
    "how-to/jupyterlab.md": {"commands": TRIED, "python": EXAMPLE},
    "how-to/map-a-workbook.md": {"commands": TRIED, "toml": MODEL},
    "how-to/national.md": {"toml": MODEL, "plain": OTHERS},
    "how-to/plan-and-draw.md": {"commands": TRIED, "toml": MODEL, "text": EQUAL},
    "how-to/schedule.md": {"commands": TRIED, "toml": MODEL},
    "how-to/small-numbers.md": {"commands": TRIED},
    "how-to/word-in-your-layout.md": {"commands": TRIED, "shell": NAMED},
}
NOT_RUN = {  # a command that begins so is read only, and why
    "cdi lab": "serves until it is stopped; tests/browser works in it",
    "cdi report": "takes seconds; tests/publications and tests/notebooks publish every report",
    "cdi batch my-audit/batch.toml": "takes seconds; tests/batch runs batches",
    "cdi batch plan.toml": "takes a minute or a cluster; tests/batch and tests/engines run batches",
    "cdi batch night.toml": "takes a minute; tests/faults runs a night",
    "cdi schedule night.toml --for cron --check": "needs this machine's crontab; test_schedule gives it one",
}
RUN_ALL_THE_SAME = ("--ledger",)
CLI = typer.main.get_command(app)
PLANNING = "how-to/plan-and-draw.md"
PRINTS = {(PLANNING, "cdi draw my-audit/plan.toml"): [b.text for b in blocks_of(PLANNING) if b.kind == "text"][1]}
TRIED_PAGES = [page for page, ways in WAYS.items() if TRIED in ways.values()]


def ways_of(page):
    return next((ways for pattern, ways in WAYS.items() if fnmatch(page, pattern)), {})


def test_the_table_names_a_way_for_every_block():
    pages = ["../README.md", *(page.relative_to(DOCS).as_posix() for page in PAGES)]
    lacking = [(p, block.line, block.kind) for p in pages for block in blocks_of(p) if block.kind not in ways_of(p)]
    assert lacking == []
    used = {(pattern, b.kind) for p in pages for pattern in WAYS if fnmatch(p, pattern) for b in blocks_of(p)}
    assert {(pattern, kind) for pattern, ways in WAYS.items() for kind in ways} == used


# What commands speak of.


def log_of(year, month, sizes):
    """Return a made-up log as a how-to describes it: columns by a force's own names."""
    strata = [replace(s, sampled=sizes[s.name]) for s in made_up.STRATA if s.name in sizes]
    records = [record for stratum in strata for record in made_up._records(stratum, year, month)]
    rows = [
        {
            "Incident number": record["record_id"],
            "Created": f"{record['opened_at']:%d/%m/%Y %H:%M}",
            "Opening code": made_up._pick(own_audit_files.CODES[record["stratum"]], "code", record["record_id"]),
            "Source": made_up._pick(("control room", "front counter"), "source", record["record_id"]),
        }
        for record in records
    ]
    others = [row | {"Incident number": f"X-{i}", "Opening code": "ROAD COLLISION"} for i, row in enumerate(rows[:149])]
    return pd.DataFrame(rows + others)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with every file that a command of the pages names; each is made up."""
    folder = tmp_path_factory.mktemp("world")
    start_project(folder / "given")
    example = openpyxl.load_workbook(folder / "given" / "worked-example.xlsx")
    for name in ("last-audit.xlsx", "my-audit.xlsx"):
        example.save(folder / name)
    for name in ("how to fill in", "worked example", "lists"):
        del example[name]
    example["records"]["E3"] = datetime(2018, 7, 2, 9, 30)
    for name in ("audit.xlsx", "CDI audit Q3.xlsx"):
        example.save(folder / name)
    accepted = followed.run(folder, "cdi check audit.xlsx --as-overrides")[1]
    (folder / "accepted.toml").write_text(accepted.replace('= ""', '= "as told"'), encoding="utf-8")
    log_of(2018, 6, {"violence": 639, "other": 612}).to_csv(folder / "incidents.csv", index=False)
    plans, forces = (
        [block.text for block in blocks_of("how-to/batch.md") if block.kind == kind] for kind in ("toml", "text")
    )
    # its last plan is one of its own, with a store
    (folder / "plan.toml").write_text("\n".join(plans[:-1]), encoding="utf-8")
    (folder / "forces.csv").write_text(forces[0], encoding="utf-8")
    (folder / "audits").mkdir()
    for line in forces[0].splitlines()[1:]:
        for name in line.split(",")[:2]:
            shutil.copy(folder / "my-audit.xlsx", folder / name)
    (schedule,) = [block.text for block in blocks_of("how-to/schedule.md") if block.kind == "toml"]
    night = '[[report]]\nreport = "inspection"\naudits = ["audit.xlsx"]\n'
    (folder / "night.toml").write_text(f"{night}\n{schedule}", encoding="utf-8")
    Document().save(folder / "force.docx")
    return folder


@pytest.fixture
def here(world, tmp_path):
    """A copy of that folder with a project in it."""
    folder = shutil.copytree(world, tmp_path / "world")
    start_afresh(folder)
    return folder


def start_afresh(folder):
    """Give the folder a project as its analyst has it some days after `cdi init`: filled in, its plan with a frame."""
    shutil.rmtree(folder / "my-audit", ignore_errors=True)
    project = shutil.copytree(folder / "given", folder / "my-audit")
    shutil.copy(project / "worked-example.xlsx", project / "audit.xlsx")
    text = (project / "plan.toml").read_text("utf-8").replace('"incidents.csv"', '"../incidents.csv"')
    start, end = text.index("# [frame]"), text.index("# keep")
    frame = re.sub("^# ", "", text[start:end], flags=re.MULTILINE)
    (project / "plan.toml").write_text(text[:start] + frame + text[end:], encoding="utf-8")


def is_run(command):
    return any(word in command for word in RUN_ALL_THE_SAME) or not command.startswith(tuple(NOT_RUN))


def look_up(folder, words):
    """Read a command that is not run: options, arguments, and what a report of that name takes."""
    with CLI.make_context("cdi", list(words)) as context:
        name, command, rest = CLI.resolve_command(context, words)
        given = command.make_context(name, rest, parent=context).params
    if name == "report":
        pairs = dict(pair.split("=", 1) for pair in given["parameters"] or [])
        earlier = {"earlier": given["earlier"]} if given["earlier"] else {}
        assert check_parameters(Path(given["report"]).stem, {"audit": given["audit"], **earlier, **pairs})
        assert {*given["formats"].split(",")} <= {*WRITERS}
        assert given["template"] is None or (folder / given["template"]).is_file()
    elif name != "lab":
        assert read_batch_plan(folder / given["plan"]).jobs


@pytest.mark.parametrize("page", TRIED_PAGES)
def test_commands_work_as_written(page, here):
    calls = commands_of(page)
    assert calls
    for _, *words in calls:
        command = " ".join(["cdi", *words])
        if not is_run(command):
            look_up(here, words)
            continue
        if words[0] == "init" and "--from" not in words:
            shutil.rmtree(here / words[1])
        code, printed = followed.run_words(here, words)
        assert code == 0, printed
        shown = PRINTS.get((page, command), printed)
        assert followed.plain(printed) == followed.plain(shown)
        if words[0] == "init" and "--from" not in words:
            start_afresh(here)


def test_each_reason_for_not_running_is_needed():
    calls = [" ".join(words) for page in TRIED_PAGES for words in commands_of(page)]
    assert {start for start in NOT_RUN if not any(call.startswith(start) for call in calls)} == set()


# What they print, and what else stands in blocks.


def test_a_batch_speaks_as_its_page_shows():
    """Its times and counts are those of one day: the words are held."""
    (shown,) = (block.text for block in blocks_of("how-to/batch.md") if "loading" in block.text)
    sources = "".join(path.read_text("utf-8") for path in Path(batch_words.__file__).parent.glob("*.py"))
    for words in ("looking for what is out of date", "loading", "telling what came of it", *batch_words.SAID.values()):
        assert words in shown
        assert f'"{words}"' in sources
    assert len(shown.splitlines()) == 9


@pytest.mark.parametrize("page", [page for page, ways in WAYS.items() if ways.get("shell") == NAMED])
def test_other_tools_are_called_by_names_that_they_have(page):
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    for block in blocks_of(page):
        for line in block.text.splitlines() if block.kind == "shell" else ():
            if verb := re.match(r"(?:make|py -m tasks) (\w+)", line):
                assert verb[1] in tasks.VERBS
            elif exporter := re.match(r"jupyter nbconvert --to (\S+)", line):
                assert exporter[1] in scripts["nbconvert.exporters"]
            else:
                assert re.match(r"(source )?\.venv\b", line), line


@pytest.mark.parametrize("page", [page for page, ways in WAYS.items() if OTHERS in ways.values()])
def test_other_programs_are_given_what_there_is(page, tmp_path):
    text = "\n".join(block.text for block in blocks_of(page) if WAYS[page][block.kind] == OTHERS)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert {*re.findall(r"cdi-stats\[(\w+)\]", text)} <= {*extras}
    assert [name for name in re.findall(r"[\w-]+\.(?:yml|lock)", text) if not (ROOT / name).is_file()] == []
    for line in re.findall(r"cdi\\Scripts\\cdi (?!--)(.*)", text):
        look_up(tmp_path, line.split())
    for notebook, given in re.findall(r"papermill (\S+) \S+ (.*)", text):
        cells = nbformat.read(ROOT / "notebooks" / notebook, as_version=4).cells
        (cell,) = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
        assert [name for name in re.findall(r"-p (\w+)", given) if f"{name} = " not in cell] == []


def test_python_that_needs_a_session_names_what_is_there():
    (block,) = [b for b in blocks_of("how-to/draw-from-a-database.md") if b.kind == "plain"]
    tree = ast.parse(block.text)
    known = {}
    exec(
        compile(ast.Module([n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)], []), "", "exec"), known
    )
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called == {"draw_from_plan", "read_plan"}
    assert called <= known.keys()


def test_the_view_of_a_database_is_one():
    view, roles = (block.text for block in blocks_of("how-to/draw-from-a-database.md") if block.kind == "sql")
    with duckdb.connect() as database:
        database.execute("create schema log; create schema audit")
        database.execute(
            "create table log.incident (incident_number int, created timestamp, opening_code text, source text)"
        )
        database.execute("insert into log.incident values (1, '2018-06-01 10:00', 'assault', 'a')")
        database.execute(view)
        (row,) = database.execute("select * from audit.incidents").fetchall()
    assert row == (1, datetime(2018, 6, 1, 10), "ASSAULT", "a")
    assert [type(part).__name__ for part in sqlglot.parse(roles, dialect="postgres")] == ["Command", "Grant", "Grant"]
