"""The reports as their notebooks tell them, without kernels, and how easily their prose reads.

Reading ease is Flesch's (A new readability yardstick, Journal of Applied Psychology 32, 1948):
206.835 - 84.6 syllables a word - 1.015 words a sentence; 50 to 60 is "fairly difficult", 60 to 70 "standard".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import nbformat
import pytest
from tests.bundled import series_at_hand

from cdi_stats.report import wording
from cdi_stats.report.blocks import Block, Bullets, Callout, Numbered, Paragraph, Section, Statement, Text, plain
from cdi_stats.resources import resource

REPORTS = {
    "inspection": ("kent-2017", "kent-2018", "kent-board-2017"),
    "reinspection": ("kent-2018",),
    "board_paper": ("kent-2017", "kent-2018", "kent-board-2017"),
    "monitoring": ("example-police",),
    "benchmark": ("kent-2017", "kent-2018", "kent-board-2017"),
    "sample_plan": ("kent-2017", "kent-board-2017"),
    "data_quality": ("kent-2017", "kent-2018", "kent-board-2017"),
    "methods": ("kent-2017", "kent-board-2017"),
}
SAY = wording.say
QUICK = {"methods": {"replicates": 50}}
VOWELS = re.compile(r"(?:[aeiou]|y(?![aeiou]))+")
SILENT = re.compile(
    r"(?<=[^laeiouy])e$|(?<=[aeiouy]l)e$|(?<=[^laeiouytd])ed$|(?<=[aeiouyl]l)ed$|(?<=[^laeiouyscxzgh])es$"
)
PARTED = re.compile(r"(?<![tscgl])i[ao]|(?<![qg])ual|(?<=[eo])ing$|rea$")


@contextmanager
def recorded() -> Iterator[dict[str, list[str]]]:
    """Yield {key of wording.toml: what was said with it}, filled while the block runs."""
    keys = {template: key for key, template in wording.templates().items()}
    spoken: dict[str, list[str]] = {}

    def say(template: str, **values: wording.Value) -> Text:
        words = SAY(template, **values)
        spoken.setdefault(keys.get(template, ""), []).append(plain(words))
        return words

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wording, "say", say)
        yield spoken


@cache
def told(report: str, audit: str) -> tuple[tuple[Section, ...], dict[str, list[str]]]:
    """Return a report's sections, and what was said by key: the cells of its notebook run here one after another."""
    with recorded() as spoken, series_at_hand():
        return tuple(_sections(report, audit)), spoken


def _sections(report: str, audit: str) -> list[Section]:
    notebook = nbformat.read(resource("notebooks", f"{report}.ipynb"), as_version=4)
    names: dict[str, Any] = {}
    found: list[Section] = []
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        *statements, last = ast.parse(cell.source).body
        shown = isinstance(last, ast.Expr)
        exec(compile(ast.Module([*statements, *([] if shown else [last])], []), report, "exec"), names)
        if shown:
            found.append(eval(compile(ast.Expression(last.value), report, "eval"), names))
        if "parameters" in cell.metadata.get("tags", []):
            names |= {"audit": audit} | QUICK.get(report, {})
    return found


def prose(block: Block) -> Iterator[Text]:
    """Yield the running text of a block: no tables, charts or titles."""
    if isinstance(block, Paragraph | Numbered | Callout):
        yield block.text
    elif isinstance(block, Bullets):
        yield from block.points
    elif isinstance(block, Statement):
        yield from (block.headline, block.says, block.detail)


def reading_ease(texts: Iterable[str]) -> float:
    """Return Flesch's reading ease of some texts.

    A sentence ends with a full stop, question or exclamation mark before a blank or the end; nothing else ends one. A
    word stands between blanks and holds a letter or digit. One with a digit counts as one syllable, since Flesch
    leaves figures out of the syllable count where there are many.
    """
    sentences = [s for text in texts for s in re.split(r"(?<=[.?!])\s+", text.strip()) if s]
    words = [word for sentence in sentences for word in sentence.split() if re.search(r"\w", word)]
    return 206.835 - 84.6 * sum(map(syllables, words)) / len(words) - 1.015 * len(words) / len(sentences)


def syllables(word: str) -> int:
    """Return the syllables of a word: its groups of vowels, silent endings left out, at least one a part."""
    if re.search(r"\d", word):
        return 1
    parts = re.findall(r"[a-z]+", re.sub(r"['’]\w", "", word.lower())) or [word]
    return sum(max(len(VOWELS.findall(SILENT.sub("", p))) + len(PARTED.findall(p)), 1) for p in parts)
