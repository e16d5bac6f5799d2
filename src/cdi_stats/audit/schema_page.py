"""The reference page of the audit file, told by the schema itself: sheets, columns, codes and checks.

`python -m cdi_stats.audit.schema_page` writes it; a test fails while the page in the documentation is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cdi_stats.audit.problems import rules
from cdi_stats.audit.schema import FACTS, REQUIRED_SHEETS, Column, Sheet, all_sheets
from cdi_stats.resources import code_list, resource

PAGE = ("docs", "reference", "audit-file.md")
OPENING = """\
# The audit file

An audit file is a workbook (.xlsx, .xlsm or .ods) with the sheets below, or a folder of CSV or Parquet files that are
called as the sheets are. `cdi init` writes the workbook with every sheet and heading in it, a note on each heading, and
lists to choose codes from. Columns are found by their headings, in any order. A sheet that the audit has nothing for
may be left empty or left out. A workbook with names of its own is read through a [mapping](mapping.md).

This page is written from the schema by `python -m cdi_stats.audit.schema_page`: change the schema, not the page.
"""
CODES = "A cell may hold the code or its label, in any case. The lists are files in `data/codes/`."
CHECKS = """\
An error makes a figure wrong or impossible: no rate is reported until it is mended. A warning may be right: look at it.
Where it says so, [someone may accept](../how-to/check-and-accept.md) what was found, with a reason."""


def render_page() -> str:
    """Return the page as Markdown."""
    sheets = "\n".join(part for sheet in all_sheets().values() for part in _sheet(sheet))
    return f"{OPENING}\n{sheets}\n## Codes\n\n{CODES}\n\n{_codes()}\n## Checks\n\n{CHECKS}\n\n{_checks()}"


def _sheet(sheet: Sheet) -> Iterator[str]:
    facts = sheet is FACTS
    yield f"## Sheet `{sheet.name}`\n"
    yield " ".join((sheet.help, *_notes(sheet))) + "\n"
    yield _table(
        ("Key" if facts else "Column", "Holds", "Required", "Meaning"),
        ((f"`{c.name}`", _holds(c), "yes" if c.required else "", c.help) for c in sheet.columns),
    )


def _notes(sheet: Sheet) -> Iterator[str]:
    if sheet.name in REQUIRED_SHEETS:
        yield "Every audit has this sheet."
    if sheet.key:
        yield f"No two rows have the same {' and '.join(f'`{name}`' for name in sheet.key)}."


def _holds(column: Column) -> str:
    link = f"[{column.codes}](#codes-{column.codes})"
    if column.kind == "code":
        return f"a code of {link}"
    return f"{column.expected}, usually of {link}" if column.codes else column.expected


def _codes() -> str:
    names = dict.fromkeys(c.codes for sheet in all_sheets().values() for c in sheet.columns if c.codes)
    return "\n".join(
        f"### Codes: {name}\n\n"
        + _table(("Code", "Label"), ((f"`{code}`", label) for code, label in code_list(name).items()))
        for name in names
    )


def _checks() -> str:
    rows = (
        (f"`{rule.rule}`", rule.severity, "yes" if rule.acceptable else "no", rule.meaning) for rule in rules().values()
    )
    return _table(("Check", "Severity", "May be accepted", "Meaning"), rows)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (heading, ["---"] * len(heading), *rows)
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    resource(*PAGE).write_text(render_page(), encoding="utf-8", newline="\n")
