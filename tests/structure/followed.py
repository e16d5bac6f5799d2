"""A page followed to the letter: its files saved, its cells filled in, its commands run, what they print held to it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import sys
from datetime import datetime
from typing import NamedTuple

import openpyxl

from cdi_stats import cli

PART = re.compile(
    r"[Oo]n the sheet \*\*(?P<sheet>\w+)\*\*"
    r"|^(?P<table>\|.*\|\n\|[-|]+\|\n(?:\|.*\|\n)+)"
    r"|^```\n(?P<command>.+)\n```$"
    r'|^```(?P<kind>text|toml)(?: title="(?P<file>[\w.-]+)")?\n(?P<output>(?:.*\n)*?)```$'
    r"|Open `(?P<pasted>[\w.-]+)` too, copy all rows below the headings",
    re.MULTILINE,
)


class Step(NamedTuple):
    """What a page says to do: `action` is "save", "fill", "paste" or "run"."""

    action: str
    what: str
    then: str | None


def steps(text):
    """Yield what a page says to do, in its order; a block that follows a command is what it prints."""
    sheet, parts = None, [*PART.finditer(text)]
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        sheet = part["sheet"] or sheet
        if part["table"]:
            yield Step("fill", sheet, part["table"])
        elif part["file"]:
            yield Step("save", part["file"], part["output"])
        elif part["pasted"]:
            yield Step("paste", part["pasted"], None)
        elif part["command"]:
            yield Step("run", part["command"], following["output"] if following else None)


def typed(text):
    """Return a cell as a spreadsheet holds what was typed."""
    if re.fullmatch(r"\d\d/\d\d/\d{4}", text):
        return datetime.strptime(text, "%d/%m/%Y")
    return int(text) if text.isdigit() else text


def cells_of(table):
    """Yield address, heading (where the table names one) and text of each cell that a table says to fill in."""
    heading, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    for row in rows:
        if heading == ["cell", "value"]:
            yield row[0], None, row[1]
        else:
            columns = [name.split(": ") for name in heading[1:]]
            yield from ((f"{c}{row[0]}", name, text) for (c, name), text in zip(columns, row[1:], strict=True) if text)


def fill(path, sheet, table, as_typed=typed):
    """Fill in the cells of a table of the page."""
    book = openpyxl.load_workbook(path)
    for address, heading, text in cells_of(table):
        cell = book[sheet][address]
        assert heading in (None, book[sheet].cell(1, cell.column).value), f"{sheet}, {address}"
        cell.value = as_typed(text)
    book.save(path)


def paste(source, path):
    """Copy the rows of a workbook's only sheet to the sheet of that name, from A2 on."""
    book, (given,) = openpyxl.load_workbook(path), openpyxl.load_workbook(source).worksheets
    assert [cell.value for cell in given[1]] == [cell.value for cell in book[given.title][1]]
    for row in given.iter_rows(min_row=2):
        for cell in row:
            book[given.title][cell.coordinate].value = cell.value
    book.save(path)


def plain(text):
    """Return a text's lines without what differs from machine to machine: slashes, and blanks."""
    return [" ".join(line.split()) for line in text.replace("\\", "/").strip().splitlines()]


def run(folder, command):
    """Return what a command of cdi prints, in the same interpreter as this test's, as (exit code, words)."""
    return run_words(folder, shlex.split(command)[1:])


def run_words(folder, words):
    """Return the same of a command's words, without `cdi`."""
    return (_anew if words[0] == "report" else _here)(folder, words)


def follow(text, folder, workbook):
    """Do what a page says, in a folder, and return the folder that its reader ends up in."""
    for action, what, then in steps(text):
        if action == "save":
            (folder / what).write_text(then, encoding="utf-8")
        elif action == "fill":
            fill(folder / workbook, what, then)
        elif action == "paste":
            paste(folder / what, folder / workbook)
        elif what.startswith("cd "):
            folder = folder / what.removeprefix("cd ")
        else:
            code, printed = run(folder, what)
            assert plain(printed) == plain(then), what
            assert code == (2 if "error: " in then else 0), what
    return folder


def _anew(folder, words):
    # a report forks, which is safe only where nothing else runs
    ran = subprocess.run(
        [sys.executable, "-m", "cdi_stats", *words], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


def _here(folder, words):
    """Return the same of a command that starts no other process, without the second that starting one takes."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["cdi", *words]
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            cli.main()
    except SystemExit as ended:
        return ended.code or 0, out.getvalue() + err.getvalue()
    finally:
        sys.argv = before
    return 0, out.getvalue() + err.getvalue()
