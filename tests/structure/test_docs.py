"""Documentation and README: examples run, pages name what there is."""

import json
import re
import shlex
import tomllib

import pytest
import typer
import yaml
from pydantic import BaseModel
from tests.structure.blocks import DOCS, PAGES, ROOT, blocks_in, blocks_of

from cdi_stats.audit.mapping import ColumnMapping, Conventions, Counted, Layout, Wide
from cdi_stats.audit.overrides import Override
from cdi_stats.audit.sampling import Exclusion, FrameSource, SampledStratum, SamplingPlan, SetAside
from cdi_stats.batch.plan import BatchFile, ReportEntry
from cdi_stats.cli import app
from cdi_stats.publishing.parameters import REPORTS
from cdi_stats.publishing.theme.content import ThemeFile

EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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
    "how-to/draw-from-a-database.md": (SamplingPlan, {"strata": [{"stratum": "violence"}]}),
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


@pytest.mark.parametrize("page", sorted((DOCS / "methods").glob("*.md")), ids=lambda page: page.stem)
def test_a_methods_page_has_all_its_parts(page):
    """Formulas, assumptions, sources, and an example that asserts something."""
    parts = {heading: blocks_in(text) for heading, text in sections(page).items()}
    examples = [block for heading in parts if heading.startswith("Worked example") for block in parts[heading]]
    assert {"Formulas", "Assumptions", "Sources"} <= {*parts}
    assert [block.kind for block in parts["Formulas"] if block.kind == "plain"]
    assert [block for block in examples if block.kind == "python" and "assert" in block.text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_no_page_needs_mathematics_set(page):
    """The site has no renderer of TeX: formulas stand in plain text."""
    assert not re.search(r"\$\$|\$[^$`{]+\$", page.read_text(encoding="utf-8"))


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
        examples = [line for block in blocks_in(found[name]) for line in block.text.splitlines()]
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


@pytest.mark.parametrize("page", MODELS)
def test_a_reference_page_names_every_key(page):
    found = sections(DOCS / "reference" / page)
    assert {*found} == {*MODELS[page]}
    for part, model in MODELS[page].items():
        fields = {name: written(field) for name, field in model.model_fields.items()}
        assert {name: default for name, (_, default, _) in rows(found[part]).items()} == fields, part


def test_each_page_with_toml_is_read_by_what_reads_such_a_file():
    """Two are read elsewhere: as they are followed, and as part of a batch plan (test_own_audit, test_page_blocks)."""
    pages = [page.relative_to(DOCS).as_posix() for page in PAGES]
    with_toml = {page for page in pages if any(block.kind == "toml" for block in blocks_of(page))}
    assert with_toml == TOML_EXAMPLES.keys() | {"own-audit.md", "how-to/schedule.md"}


@pytest.mark.parametrize("page", TOML_EXAMPLES)
def test_toml_examples_are_whole_and_right(page):
    model, rest = TOML_EXAMPLES[page]
    examples = [tomllib.loads(block.text) for block in blocks_of(page) if block.kind == "toml"]
    assert examples
    for given in examples:
        for part in given.get("accept", [given]):
            assert model.model_validate(rest | part)
