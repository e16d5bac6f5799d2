"""The document that every writer reads: title matter and blocks, taken from an executed notebook."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import chain, count, islice
from typing import Any

from cdi_stats.errors import ReportFailed
from cdi_stats.publishing.shapes import check_block
from cdi_stats.report.blocks import MIME_TYPE, Json, mime_bundle
from cdi_stats.report.disclosure import decide, explained

NUMBERED = ("table", "chart", "numbered")
TAKEN = re.compile(r"paragraph-\d+")  # the ids of numbered paragraphs


@dataclass(frozen=True)
class Document:
    """A report as data: `title` is the level-1 heading; `blocks` are JSON as report.blocks describes it.

    Tables, charts and numbered paragraphs carry a "number" (1, 2 … each in their own series, straight through all
    sections), headings an "id" unique in the document.
    `date` is an ISO date, or empty; `language` a BCP 47 tag; `disclosure` the rules for small numbers and the groups
    of figures withheld by them, None where the notebook states none.
    """

    title: str
    subtitle: str
    date: str
    author: str
    blocks: tuple[Json, ...]
    language: str = "en-GB"
    disclosure: Json | None = None

    @property
    def date_words(self) -> str:
        """Return the date as a reader of the language reads it: 15 June 2017."""
        if not self.date or not self.language.startswith("en"):
            return self.date
        # report.numbers.long_date says the same, but brings pandas with it.
        day = date.fromisoformat(self.date)
        return f"{day.day} {day:%B %Y}"


def read_document(notebook: Any) -> Document:
    """Return the document that an executed notebook holds.

    Markdown cells give headings, paragraphs and lists; code cells give the blocks they show, and never their source.
    Raises ReportFailed for an error output, for something shown that is no block, or without one level-1 heading.
    """
    return assemble(block for _, blocks in _told(notebook) for block in blocks)


def read_executed(notebook: Any) -> Document:
    """Return the document of a notebook that someone has run: anyone, so that no output is taken on trust.

    Raises as read_document, and for a part that is none of ours, and where a cell was not run.
    """
    _check_parts(notebook)
    document = read_document(notebook)
    code = [(place, cell) for place, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    left = [place for place, cell in code if cell.source.strip() and cell.execution_count is None]
    if left:
        raise ReportFailed(
            f"notebook: {len(left)} of {len(code)} code cells have not been run, the first is cell {left[0]}; expected "
            "all. To mend: choose Run, then Run All Cells, wait until the last has ended, and export again"
        )
    return document


def _check_parts(notebook: Any) -> None:
    outputs = ((place, output) for place, cell in enumerate(notebook.cells, 1) for output in cell.get("outputs", []))
    for place, output in outputs:
        held = output.get("data", {}).get(MIME_TYPE, {"blocks": []})
        try:
            for block in held["blocks"]:
                check_block(block)
        except (TypeError, KeyError, ValueError, OverflowError) as error:
            raise ReportFailed(
                f"notebook: cell {place} holds a part that is none of cdi-stats ({error}); expected one as it makes "
                "them. To mend: run the notebook anew here, if you trust whoever wrote it"
            ) from None


def assemble(told: Iterable[Json]) -> Document:
    """Return the document that some blocks make. Raises ReportFailed without one level-1 heading among them."""
    told = list(told)
    blocks = explained(told)
    titles = [block for block in blocks if block["block"] == "heading" and block["level"] == 1]
    if len(titles) != 1:
        raise ReportFailed(f"notebook: found {len(titles)} headings of level 1; expected one, the report's name")
    matter: Json = next((block for block in blocks if block["block"] == "title"), {})
    body = _numbered(block for block in blocks if block is not titles[0])
    return Document(
        title=titles[0]["text"],
        subtitle=matter.get("subtitle", ""),
        date=matter.get("date", ""),
        author=matter.get("author", ""),
        blocks=tuple(body),
        disclosure=next((block for block in told if block["block"] == "protection"), None),
    )


def protect_notebook(notebook: Any) -> None:
    """Take out of an executed notebook whatever its reports withhold; raises as read_document."""
    told = dict(_told(notebook))
    for place, cell in enumerate(notebook.cells):
        blocks = iter(told.get(place, []))
        for output in cell.get("outputs", []):
            if MIME_TYPE in output.get("data", {}):
                shown = list(islice(blocks, len(output.data[MIME_TYPE]["blocks"])))
                if shown != output.data[MIME_TYPE]["blocks"]:
                    output.data = type(output.data)(mime_bundle(shown))


def _told(notebook: Any) -> list[tuple[int, list[Json]]]:
    """Return the blocks of each cell, by the cell's place, with small numbers withheld."""
    cells = [(place, cell) for place, cell in enumerate(notebook.cells) if "injected-parameters" not in _tags(cell)]
    raw = [(place, list(_cell_blocks(place + 1, cell))) for place, cell in cells]
    decision = decide([block for _, blocks in raw for block in blocks])
    return [(place, [decision.shown(block) for block in blocks]) for place, blocks in raw]


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _cell_blocks(place: int, cell: Any) -> Iterator[Json]:
    if cell.cell_type == "markdown":
        yield from markdown_blocks(cell.source)
    elif cell.cell_type == "code":
        for output in cell.outputs:
            yield from _output_blocks(place, output)


def _output_blocks(place: int, output: Any) -> Iterable[Json]:
    if output.output_type == "error":
        raise ReportFailed(f"notebook: cell {place} holds an error, {output.ename}: {output.evalue}")
    if output.output_type == "stream":
        if output.name == "stderr" or not output.text.strip():
            return ()
        raise ReportFailed(f"notebook: cell {place} prints text; expected blocks. To mend: take the print out")
    if MIME_TYPE not in output.data:
        shown = output.data.get("text/plain", "")[:60]
        raise ReportFailed(
            f"notebook: cell {place} shows {shown!r}, which is no block. "
            "To mend: end the line with a semicolon, or show a Table, a Chart or a Paragraph of cdi_stats.report.blocks"
        )
    blocks: list[Json] = output.data[MIME_TYPE]["blocks"]
    return blocks


def _numbered(blocks: Iterable[Json]) -> Iterator[Json]:
    """Yield the blocks, each of a series with its number and each heading with an id of its own."""
    series = dict.fromkeys(NUMBERED, 0)
    used: set[str] = set()
    for block in blocks:
        kind = block["block"]
        if kind in series:
            series[kind] += 1
            yield block | {"number": series[kind]}
        elif kind == "heading":
            slug = re.sub(r"[^a-z0-9]+", "-", block["text"].lower()).strip("-") or "section"
            names = chain([slug], (f"{slug}-{number}" for number in count(2)))
            used.add(name := next(name for name in names if name not in used and not TAKEN.fullmatch(name)))
            yield block | {"id": name}
        else:
            yield block


@cache
def _markdown() -> Any:
    import mistune

    return mistune.create_markdown(renderer="ast")


def markdown_blocks(source: str) -> Iterator[Json]:
    """Yield the blocks of a markdown cell: headings, paragraphs, lists, and quotations as notes."""
    for token in _markdown()(source):
        kind = token["type"]
        if kind == "heading":
            yield {"block": "heading", "level": token["attrs"]["level"], "text": _plain(token["children"])}
        elif kind == "paragraph":
            yield {"block": "paragraph", "text": list(_inline(token["children"]))}
        elif kind == "list":
            points = [
                [part for child in item["children"] for part in _inline(child.get("children", []))]
                for item in token["children"]
            ]
            yield {"block": "bullets", "points": points, "ordered": bool(token["attrs"].get("ordered"))}
        elif kind == "block_quote":
            text = [part for child in token["children"] for part in _inline(child.get("children", []))]
            yield {"block": "callout", "kind": "note", "heading": "Note", "text": text}
        elif kind not in ("blank_line", "thematic_break"):
            raise ReportFailed(
                f"notebook: a markdown cell holds a {kind.replace('_', ' ')}; "
                "expected headings, paragraphs, lists or quotes"
            )


def _inline(tokens: Iterable[Json]) -> Iterator[Any]:
    for token in tokens:
        if token["type"] == "strong":
            yield {"strong": list(_inline(token["children"]))}
        elif token["type"] in ("softbreak", "linebreak"):
            yield " "
        elif "children" in token:
            yield from _inline(token["children"])
        else:
            yield token.get("raw", "")


def _plain(tokens: Iterable[Json]) -> str:
    return "".join(part if isinstance(part, str) else _strong_plain(part) for part in _inline(tokens))


def _strong_plain(part: Json) -> str:
    return "".join(inner if isinstance(inner, str) else _strong_plain(inner) for inner in part["strong"])
