"""The blocks of a page: what kind each is, the file it names, its text and its line."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))

FENCED = r'^```(?P<kind>\w*)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$'
INDENTED = r"(?<=\n\n)(?P<indented>(?: {4}[^\n]+\n)+)"
BLOCK = re.compile(rf"{FENCED}|{INDENTED}", re.MULTILINE | re.DOTALL)
COMMANDS = re.compile(r"(?:(?:cdi|cd) \S[^\n]*\n)+")
SHELL = re.compile(r"(?:make|py|source|jupyter|\.venv)\b")


class Block(NamedTuple):
    """A block: `kind` is its language, or "commands" (of cdi), "shell", or "plain"."""

    kind: str
    file: str | None
    text: str
    line: int


def blocks_in(text):
    """Return the blocks of a page in their order; words of a list that are set in are none."""
    found = []
    for part in BLOCK.finditer(text):
        inner = part["text"] if part["text"] is not None else re.sub("^ {4}", "", part["indented"], flags=re.MULTILINE)
        kind = part["kind"] or ("commands" if COMMANDS.fullmatch(inner) else "shell" if SHELL.match(inner) else "plain")
        found.append(Block(kind, part["file"], inner, text[: part.start()].count("\n") + 1))
    return found


def blocks_of(page):
    """Return the blocks of a page of the documentation, by its path in `docs`, or of the README."""
    return blocks_in((DOCS / page).read_text(encoding="utf-8"))


def commands_of(page):
    """Return every call of cdi in a page's blocks, as words."""
    lines = [line for block in blocks_of(page) if block.kind == "commands" for line in block.text.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("cdi ")]
