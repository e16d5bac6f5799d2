"""Blocks as HTML and as plain text: what JupyterLab shows of a cell, and the body of the published page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

from cdi_stats.report.blocks import Json, plain_json
from cdi_stats.report.palette import chart_variable, recoloured

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent
_REFERENCE = re.compile(r"url\(#|^#")


def html_fragment(blocks: Iterable[Json]) -> str:
    """Return the blocks as HTML, escaped, without page or style; consecutive statements share one row."""
    from markupsafe import Markup

    return Markup("\n").join(_macro(name)(group) for name, group in _groups(blocks))


def text_fragment(blocks: Iterable[Json]) -> str:
    """Return the blocks as plain text, an empty line between them."""
    return "\n\n".join("\n".join(_TEXTS[block["block"]](block)) for block in blocks)


@cache
def environment(*folders: Path) -> Environment:
    """Return the Jinja environment of the templates in `folders` and here: all escaped, unknown names refused."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["inline_svg"] = _inline_svg
    return made


def _macro(name: str) -> Any:
    module = environment().get_template("blocks.html.j2").module
    try:
        return getattr(module, name)
    except AttributeError:
        raise ValueError(f"blocks.html.j2 has no macro for a {name!r} block") from None


def _groups(blocks: Iterable[Json]) -> Iterator[tuple[str, Any]]:
    for name, group in groupby(blocks, key=lambda block: str(block["block"])):
        if name == "statement":
            yield "statements", list(group)
        else:
            yield from ((name, block) for block in group)


def _inline_svg(chart: Json) -> str:
    """Return the chart's SVG ready to stand in an HTML page: named for those who cannot see it, ids its own."""
    from xml.etree import ElementTree

    from markupsafe import Markup

    drawn = recoloured(chart["svg"], chart_variable)
    root = ElementTree.fromstring(drawn)
    prefix = f"chart{chart['number']}-" if "number" in chart else f"chart-{crc32(chart['svg'].encode()):08x}-"
    for element in root.iter():
        _drop_page_wide(element)
        element.tag = _local(element.tag)
        element.attrib = {_local(name): _own_id(_local(name), value, prefix) for name, value in element.items()}
    # Matplotlib's only style rule, `*{…}`, would reach the whole page; on the root it is inherited by the chart alone.
    root.attrib |= {"role": "img", "aria-label": chart["alt"], "stroke-linejoin": "round", "stroke-linecap": "butt"}
    if drawn != chart["svg"]:
        root.set("style", f"fill: {chart_variable('ink')}")  # letters without a colour of their own are black
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _drop_page_wide(element: Any) -> None:
    for child in list(element):
        if _local(child.tag) in {"metadata", "style"}:
            element.remove(child)


def _local(name: str) -> str:
    # HTML knows svg's elements without namespaces, so the page holds no address at all.
    return name.rpartition("}")[2]


def _own_id(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return prefix + value
    return _REFERENCE.sub(lambda found: found[0] + prefix, value)


def _numbered(label: str, block: Json) -> str:
    return f"{label} {block['number']}: " if "number" in block else ""


def _title(block: Json) -> list[str]:
    lines = [
        block["subtitle"],
        block["date"],
        block["author"],
        *(f"{label}: {plain_json(text)}" for label, text in block["facts"]),
    ]
    return [line for line in lines if line]


def _heading(block: Json) -> list[str]:
    return [block["text"], ("=" if block["level"] <= 2 else "-") * len(block["text"])]


def _bullets(block: Json) -> list[str]:
    marks = (f"{place}." if block["ordered"] else "•" for place in range(1, len(block["points"]) + 1))
    return [f"{mark} {plain_json(point)}" for mark, point in zip(marks, block["points"], strict=True)]


def _judgements(block: Json) -> list[str]:
    return [*(f"{question}: {grade}" for question, grade in block["grades"]), block["given_by"]]


def _table(block: Json) -> list[str]:
    return [_numbered("Table", block) + block["caption"], *_grid(block), *map(plain_json, block["notes"])]


def _grid(block: Json) -> list[str]:
    cells = [
        [column["header"] for column in block["columns"]],
        *([plain_json(cell) for cell in row] for row in block["rows"]),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rights = [column["numeric"] for column in block["columns"]]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, rights, strict=True)
        )
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return [line.rstrip() for line in lines]


def _chart(block: Json) -> list[str]:
    return [
        _numbered("Figure", block) + block["title"],
        block["subtitle"],
        *_grid(block["data"]),
        *map(plain_json, block["notes"]),
    ]


def _protection(block: Json) -> list[str]:
    return [f"Small numbers in the published report: {block['rules']}."]


_TEXTS = {
    "title": _title,
    "heading": _heading,
    "paragraph": lambda block: [plain_json(block["text"])],
    "numbered": lambda block: [(f"{block['number']}. " if "number" in block else "") + plain_json(block["text"])],
    "bullets": _bullets,
    "statement": lambda block: [plain_json(block[part]) for part in ("headline", "says", "detail")],
    "judgements": _judgements,
    "callout": lambda block: [f"{block['kind'].capitalize()}: {block['heading']}", plain_json(block["text"])],
    "table": _table,
    "chart": _chart,
    "protection": _protection,
}
