"""The few parts a report is made of. Frozen; each shows itself in JupyterLab and travels as JSON in its cell's output.

The JSON of a block is what every writer reads: {"block": name, ...fields}. A text is a string, or a list of strings,
{"figure": key, "text": shown, "value": number, "unit": unit} and {"strong": text}: markup never travels in a string.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

Json = dict[str, Any]
MIME_TYPE = "application/vnd.cdi-stats.blocks+json"
MOST_WHOLE = 2**53  # JavaScript's numbers are doubles


@dataclass(frozen=True)
class Figure:
    """A number on a page: `key` names it in figures.json, `value` is unrounded (shares in 0-1), `text` what is read.

    `source` says in one line how it came about.
    """

    key: str
    value: float
    text: str
    unit: str
    source: str

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> Json:
        """Return the figure as an item of a text.

        Twelve digits of the value, as sums differ beyond them from processor to processor; JSON has no infinity, so an
        open limit has no value. A whole number is written as one: JupyterLab knows no other, and saves 9.0 as 9.
        """
        return {
            "figure": self.key,
            "text": self.text,
            "value": _number(self.value) if math.isfinite(self.value) else None,
            "unit": self.unit,
            "source": self.source,
        }


def _number(value: float) -> float:
    number = float(f"{value:.12g}")
    return int(number) if number.is_integer() and abs(number) < MOST_WHOLE else number


@dataclass(frozen=True)
class Strong:
    """Words that a reader should not miss."""

    text: Text

    def __str__(self) -> str:
        return plain(self.text)

    def to_json(self) -> Json:
        """Return the words as an item of a text."""
        return {"strong": _json(self.text)}


Inline = str | Figure | Strong
Text = str | tuple[Inline, ...]


def plain(text: Text) -> str:
    """Return a text as it reads, without marks."""
    return text if isinstance(text, str) else "".join(str(item) for item in text)


def plain_json(text: Any) -> str:
    """Return the JSON of a text as it reads, without marks."""
    if isinstance(text, str):
        return text
    if isinstance(text, list | tuple):
        return "".join(plain_json(item) for item in text)
    return plain_json(text["strong"] if "strong" in text else text["text"])


def mime_bundle(blocks: list[Json]) -> Json:
    """Return what a notebook's output holds for some blocks: our JSON, HTML and plain text."""
    from cdi_stats.report.fragments import html_fragment, text_fragment

    return {MIME_TYPE: {"blocks": blocks}, "text/html": html_fragment(blocks), "text/plain": text_fragment(blocks)}


class Displayed:
    """What JupyterLab asks of a result: our JSON for the exporters, HTML and plain text for people."""

    def to_blocks(self) -> list[Json]:
        """Return the blocks as JSON."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return mime_bundle(self.to_blocks())


@dataclass(frozen=True)
class Block(Displayed):
    """One part of a report."""

    name: ClassVar[str]

    def to_blocks(self) -> list[Json]:
        """Return this block alone."""
        return [self.to_json()]

    def to_json(self) -> Json:
        """Return {"block": name, ...fields}, texts as item lists."""
        return {"block": self.name} | {field.name: _json(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True)
class Section(Displayed):
    """Several blocks shown in one place."""

    blocks: tuple[Block, ...]

    def to_blocks(self) -> list[Json]:
        """Return the blocks in order."""
        return [block.to_json() for block in self.blocks]

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)


def section(*parts: Block | Iterable[Block] | None) -> Section:
    """Return a Section of the given blocks and sections, leaving out None."""
    flat: list[Block] = []
    for part in parts:
        if isinstance(part, Block):
            flat.append(part)
        elif part is not None:
            flat.extend(part)
    return Section(tuple(flat))


@dataclass(frozen=True)
class Title(Block):
    """What stands under the report's heading: whose, when, from what. `facts` are (label, text) pairs."""

    name = "title"
    subtitle: str
    date: str
    facts: tuple[tuple[str, Text], ...]
    author: str = ""


@dataclass(frozen=True)
class Heading(Block):
    """A heading made from data; level 2 to 4 (the notebook's own markdown makes the others)."""

    name = "heading"
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph(Block):
    """A paragraph."""

    name = "paragraph"
    text: Text


@dataclass(frozen=True)
class Numbered(Block):
    """A paragraph of one series that runs through the whole document, as in a board paper.

    Its number is its place among its kind, so it is given where the document is read, as a table's is.
    """

    name = "numbered"
    text: Text


@dataclass(frozen=True)
class Bullets(Block):
    """A list of short texts."""

    name = "bullets"
    points: tuple[Text, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Statement(Block):
    """A headline statistic: the figure large, what it says, and beneath it interval, sample and method."""

    name = "statement"
    headline: Text
    says: Text
    detail: Text


@dataclass(frozen=True)
class Judgements(Block):
    """The grades that people gave: (question, judgement) pairs, the overall one first."""

    name = "judgements"
    grades: tuple[tuple[str, str], ...]
    given_by: str


@dataclass(frozen=True)
class Callout(Block):
    """Something set apart: `kind` is "note" or "warning"."""

    name = "callout"
    kind: str
    heading: str
    text: Text


@dataclass(frozen=True)
class Column:
    """A table's column: `numeric` columns are set right in tabular figures; `width` is its share of the line."""

    header: str
    numeric: bool = False
    width: float = 1.0

    def to_json(self) -> Json:
        """Return the column's fields."""
        return {"header": self.header, "numeric": self.numeric, "width": self.width}


@dataclass(frozen=True)
class Table(Block):
    """A table with one header row; the first cell of each row heads it."""

    name = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Chart(Block):
    """A vector chart: `title` is its finding, `subtitle` what is measured, `alt` both for who cannot see it.

    `data` holds what is drawn, a row a mark, with the very figures that stand in the picture.
    """

    name = "chart"
    title: str
    subtitle: str
    svg: str
    alt: str
    data: Table
    notes: tuple[Text, ...] = ()


def _json(value: Any) -> Any:
    if isinstance(value, Figure | Strong | Column | Block):
        return value.to_json()
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return value


def without_data(blocks: Iterable[Json]) -> Iterator[Json]:
    """Yield blocks without the data behind their charts, which a page on paper does not print."""
    for block in blocks:
        yield {name: value for name, value in block.items() if (block["block"], name) != ("chart", "data")}


def figures(blocks: Iterable[Json]) -> Iterator[Json]:
    """Yield every figure in the JSON of some blocks, in reading order."""
    stack: list[Any] = list(blocks)[::-1]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "figure" in item:
                yield item
            else:
                stack.extend(list(item.values())[::-1])
        elif isinstance(item, list):
            stack.extend(item[::-1])
