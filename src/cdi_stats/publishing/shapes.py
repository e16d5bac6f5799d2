"""What our blocks look like as JSON: a notebook that someone has run is held to it before any writer reads it.

The types are those that report.blocks gives its fields; nothing else is let through, and no chart but a plain picture.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin, get_type_hints

from cdi_stats.findings.withheld import read_rules
from cdi_stats.publishing.svg import read_svg
from cdi_stats.report import blocks
from cdi_stats.report.disclosure import Protection

PARTS = (blocks.Title, blocks.Heading, blocks.Paragraph, blocks.Numbered, blocks.Bullets, blocks.Statement,
         blocks.Judgements, blocks.Callout, blocks.Table, blocks.Chart, Protection)  # fmt: skip
KINDS: Mapping[str, type] = {part.name: part for part in PARTS}
DEEPEST = 12  # of the longest way to a word: chart, data, rows, 1, 1, 1, strong, 1
# what a type does not say
RULES: Mapping[tuple[type, str], Callable[[Any], object]] = {
    (blocks.Title, "date"): lambda text: not text or date.fromisoformat(text),
    (blocks.Heading, "level"): lambda level: 1 <= level <= 6,
    (blocks.Judgements, "grades"): len,
    (blocks.Callout, "kind"): lambda kind: kind in ("note", "warning"),
    (blocks.Column, "width"): lambda width: width > 0,
    (blocks.Table, "columns"): len,
    (blocks.Chart, "svg"): lambda svg: read_svg(svg.encode()) is not None,
    (Protection, "rules"): read_rules,
}
IN_JSON = {(blocks.Figure, "key"): "figure", (blocks.Strong, "text"): "strong"}
HALVES = re.compile("[\ud800-\udfff]")  # of letters beyond the first 65,536, which stand for nothing alone
Place = tuple[str, ...]


def check_block(block: Any) -> None:
    """Raise ValueError, saying where and what was found, for what is no block as report.blocks writes them."""
    name = block.get("block") if isinstance(block, dict) else None
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"found {str(name)[:40]!r} as the kind of a part")
    _check(block, KINDS[name], (name,))


def _check(value: Any, wanted: Any, place: Place) -> None:
    """Hold a value to a type: a tuple is a list in JSON, a dataclass an object."""
    options = get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,)
    if len(place) > DEEPEST or not (fitting := [option for option in options if _looks_like(value, option)]):
        raise ValueError(f"{', '.join(place)}: found {str(value)[:40]!r}")
    (option,) = fitting
    if get_origin(option) is tuple:
        first, *others = get_args(option)
        types = [first] * len(value) if others == [...] else [first, *others]
        for number, (item, kind) in enumerate(zip(value, types, strict=True), start=1):
            _check(item, kind, (*place, f"{number}"))
    elif isinstance(option, type) and is_dataclass(option):
        _check_fields(value, option, place)


def _check_fields(value: Any, part: Any, place: Place) -> None:
    for name, kind in _fields(part).items():
        here = (*place, name)
        _check(value[name], kind, here)
        try:
            kept = RULES.get((part, name), lambda _: True)(value[name])
        except ValueError as error:
            raise ValueError(f"{', '.join(here)}: {error}") from None
        if not kept:
            raise ValueError(f"{', '.join(here)}: found {str(value[name])[:40]!r}")
    if part is blocks.Table and any(len(row) != len(value["columns"]) for row in value["rows"]):
        raise ValueError(f"{', '.join(place)}: found rows that are longer or shorter than its columns")


def _looks_like(value: Any, wanted: Any) -> bool:
    """Return whether a value of JSON may be of a type, its inner parts not looked at."""
    if wanted is str:
        return isinstance(value, str) and not HALVES.search(value)
    if wanted is float:
        return type(value) in (int, float) and math.isfinite(value)
    if wanted in (int, bool, type(None)):
        return type(value) is wanted
    if isinstance(wanted, type) and is_dataclass(wanted):
        return isinstance(value, dict) and value.keys() - {"block"} == _fields(wanted).keys()
    lengths = get_args(wanted)
    return isinstance(value, list) and (lengths[-1] is ... or len(value) == len(lengths))


@cache
def _fields(part: type) -> Mapping[str, Any]:
    """Return the types of a part's fields by their names in JSON."""
    hints = {name: kind for name, kind in get_type_hints(part).items() if get_origin(kind) is not ClassVar}
    # a number without a limit has no value in JSON
    given = {name: float | None if (part, name) == (blocks.Figure, "value") else kind for name, kind in hints.items()}
    return {IN_JSON.get((part, name), name): kind for name, kind in given.items()}
