"""Documentation and README: examples run, pages name what there is, the site needs nothing from outside."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
import yaml
from pydantic import BaseModel

from cdi_stats.audit.mapping import ColumnMapping, Conventions, Counted, Layout, Wide
from cdi_stats.audit.overrides import Override
from cdi_stats.audit.sampling import Exclusion, FrameSource, SampledStratum, SamplingPlan, SetAside
from cdi_stats.batch.plan import BatchFile, ReportEntry
from cdi_stats.cli import app
from cdi_stats.publishing.parameters import REPORTS
from cdi_stats.publishing.theme.content import ThemeFile

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = [ROOT / "README.md", *(page for page in PAGES if EXAMPLE.search(page.read_text(encoding="utf-8")))]

CLI = typer.main.get_command(app)
COMMANDS = {"cdi": CLI} | {f"cdi {name}": command for name, command in CLI.commands.items()}
MODELS = {
    "sampling-plan.md": {
        "The plan": SamplingPlan,
        "`[frame]`": FrameSource,
        "`[[exclude]]`": Exclusion,
        "`[[set_aside]]`": SetAside,
        "`[[strata]]`": SampledStratum,
    },
    "mapping.md": {
        "The file": ColumnMapping,
        "`[conventions]`": Conventions,
        "`[sheets.NAME]`": Layout,
        "`[sheets.crimes.wide]`": Wide,
        "`flags`": Counted,
    },
    "batch-plan.md": {"The plan": BatchFile, "`[[report]]`": ReportEntry},
}
TOML_EXAMPLES = {  # what the TOML on a page is, and what makes a fragment of it whole
    "how-to/plan-and-draw.md": (SamplingPlan, {"strata": [{"stratum": "violence"}]}),
    "how-to/map-a-workbook.md": (ColumnMapping, {}),
    "how-to/check-and-accept.md": (Override, {}),
    "how-to/house-style.md": (ThemeFile, {}),
    "how-to/batch.md": (BatchFile, {}),
    "how-to/national.md": (BatchFile, {}),
}


def pages_in(contents):
    """Return every page that a part of the contents lists, however deep."""
    if isinstance(contents, str):
        return [contents]
    parts = contents.values() if isinstance(contents, dict) else contents
    return [page for part in parts for page in pages_in(part)]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_run(page):
    """Each page is one story: a later example knows what an earlier one made."""
    known, text = {}, page.read_text(encoding="utf-8")
    assert EXAMPLE.search(text)
    for example in EXAMPLE.finditer(text):
        line = text[: example.start()].count("\n") + 1
        exec(compile("\n" * line + example[1], str(page), "exec"), known)


def test_every_method_has_a_worked_example():
    methods = sorted((DOCS / "methods").glob("*.md"))
    assert methods
    for page in methods:
        examples = EXAMPLE.findall(page.read_text(encoding="utf-8"))
        assert any("assert" in example for example in examples), page


def test_the_contents_list_every_page():
    contents = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(pages_in(contents)) == [page.relative_to(DOCS).as_posix() for page in PAGES]


def sections(page):
    """Return a page's parts by their second-level headings."""
    parts = re.split(r"^## (.+)\n", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text):
    """Return a part's first table by its first column, so far as that is in code type: the other cells of each line."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)
    lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table[0].splitlines()] if table else []
    return {cells[0].strip("`"): cells[1:] for cells in lines if cells[0].startswith("`")}


def written(field):
    """Return how a page writes a field's default: in TOML, blank where there is none or it is empty."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    nothing = default is None or default in ("", [], {}) or isinstance(default, BaseModel)
    return "" if nothing else f"`{json.dumps(default)}`"


def commands_in(page):
    """Return every call of cdi in a page's blocks, as words."""
    text = page.read_text(encoding="utf-8")
    blocks = [*(block for _, block in BLOCK.findall(text)), *re.findall(r"(?:^ {4}.+\n)+", text, re.MULTILINE)]
    lines = [line for block in blocks for line in block.splitlines() if re.match(r"\s*cdi [-a-z]", line)]
    return [shlex.split(line, comments=True) for line in lines]


def test_the_page_of_commands_names_every_command_and_option():
    found = sections(DOCS / "reference" / "commands.md")
    expected = {
        name: {p.name.upper() if p.param_type_name == "argument" else p.opts[0] for p in command.params}
        for name, command in COMMANDS.items()
    }
    assert {name: {*rows(text)} for name, text in found.items()} == expected


def test_each_option_has_an_example():
    found = sections(DOCS / "reference" / "commands.md")
    for name, command in COMMANDS.items():
        examples = [line for _, block in BLOCK.findall(found[name]) for line in block.splitlines()]
        assert [line for line in examples if not f"{line} ".startswith(f"{name} ")] == []
        words = {word for line in examples for word in shlex.split(line)}
        assert [p.opts[0] for p in command.params if p.param_type_name == "option" and p.opts[0] not in words] == [], (
            name
        )
        assert examples, name


def test_the_page_of_commands_names_every_parameter_of_a_report():
    text = sections(DOCS / "reference" / "commands.md")["cdi report"]
    table = rows(text[text.index("| parameter |") :])
    taken = {(name, report) for report, model in REPORTS.items() for name in model.model_fields}
    assert {*table} == {name for name, _ in taken} - {"audit", "earlier"}
    for name, (reports, *_) in table.items():
        named = {*re.findall(r"`(\w+)`", reports)}
        named = {*REPORTS} - named if reports.startswith("all") else named
        assert named == {report for parameter, report in taken if parameter == name}, name


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_shown_is_one(page):
    for _, *words in commands_in(page):
        with CLI.make_context("cdi", list(words)) as context:
            if "--version" not in words:
                name, command, rest = CLI.resolve_command(context, words)
                assert command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", MODELS)
def test_a_reference_page_names_every_key(page):
    found = sections(DOCS / "reference" / page)
    assert {*found} == {*MODELS[page]}
    for part, model in MODELS[page].items():
        fields = {name: written(field) for name, field in model.model_fields.items()}
        assert {name: default for name, (_, default, _) in rows(found[part]).items()} == fields, part


@pytest.mark.parametrize("page", TOML_EXAMPLES)
def test_toml_examples_are_whole_and_right(page):
    model, rest = TOML_EXAMPLES[page]
    examples = [tomllib.loads(text) for kind, text in BLOCK.findall((DOCS / page).read_text("utf-8")) if kind == "toml"]
    assert examples
    for given in examples:
        for part in given.get("accept", [given]):
            assert model.model_validate(rest | part)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    # quiet would be strict in name only: mkdocs counts the warnings that it prints
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_site_loads_nothing_from_outside(site):
    loading = re.compile(
        r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>|url\(["']?https?:"""
    )
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > len(PAGES)
    assert [path.name for path in files if loading.search(path.read_text(encoding="utf-8"))] == []
