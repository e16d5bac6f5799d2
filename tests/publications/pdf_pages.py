"""Where everything stands in a tagged PDF: each run of text with its place on the page, and the tag tree over them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pikepdf

UNMOVED = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
CAPITALS = 0.7  # of the size; what a letter takes above its line
Matrix = tuple[float, ...]
Mark = tuple[int, int]


class Run(NamedTuple):
    """Text set in one go, in points from the foot of the page; `mark` is its number in the tag tree, None for none."""

    page: int
    mark: int | None
    text: str
    left: float
    foot: float
    right: float
    head: float


@dataclass
class Element:
    """A node of the tag tree: it holds nodes, and the (page, mark) of text, in reading order."""

    tag: str
    title: str
    alt: str
    attributes: dict[str, str]
    held: list[Element | Mark] = field(default_factory=list)

    def walk(self) -> Iterator[Element]:
        """Yield the node and all beneath it, in reading order."""
        yield self
        for part in self.held:
            if isinstance(part, Element):
                yield from part.walk()

    def all(self, *tags: str) -> list[Element]:
        """Return the nodes of some tags, in reading order."""
        return [element for element in self.walk() if element.tag in tags]

    def marks(self) -> Iterator[Mark]:
        """Yield the marks of the node and all beneath it, in reading order."""
        for part in self.held:
            if isinstance(part, Element):
                yield from part.marks()
            else:
                yield part


def times(first: Matrix, then: Matrix) -> Matrix:
    a, b, c, d, e, f = first
    p, q, r, s, t, u = then
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)


def numbers(operands: Any) -> Matrix:
    return tuple(float(operand) for operand in operands)


class Font:
    """The letters and the widths of a font whose codes are two bytes, as Typst writes all of its fonts."""

    def __init__(self, font: Any) -> None:
        listed = font.ToUnicode.read_bytes().decode("ascii")
        self._letters = {
            int(code, 16): bytes.fromhex(letters).decode("utf-16-be", "replace")
            for part in re.findall(r"beginbfchar(.*?)endbfchar", listed, re.DOTALL)
            for code, letters in re.findall(r"<(\w+)> <(\w+)>", part)
        }
        inner = font.DescendantFonts[0]
        self._default = float(inner.get("/DW", 1000))
        self._widths = dict(_widths(list(inner.get("/W", []))))

    def read(self, shown: Any, size: float) -> tuple[str, float]:
        """Return the text of an operand of TJ and how far it moves the pen."""
        text, moved = "", 0.0
        for part in shown:
            if isinstance(part, pikepdf.String):
                data = bytes(part)
                codes = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
                text += "".join(self._letters.get(code, "") for code in codes)
                moved += sum(self._widths.get(code, self._default) for code in codes)
            else:
                moved -= float(part)
        return text, moved / 1000 * size


def _widths(listed: list[Any]) -> Iterator[tuple[int, float]]:
    while listed:
        first, second = int(listed.pop(0)), listed.pop(0)
        if isinstance(second, pikepdf.Array):
            yield from ((first + place, float(width)) for place, width in enumerate(second))
        else:
            width = float(listed.pop(0))
            yield from ((code, width) for code in range(first, int(second) + 1))


class Pages:
    """A PDF opened for reading: `runs` in the order they are drawn, `root` the top of the tag tree."""

    def __init__(self, data: bytes | Path) -> None:
        self.pdf = pikepdf.open(data if isinstance(data, Path) else io.BytesIO(data))
        self._fonts: dict[tuple[int, int], Font] = {}

    @cached_property
    def runs(self) -> list[Run]:
        return [run for number, page in enumerate(self.pdf.pages) for run in self._read(page, number, UNMOVED, [])]

    def _read(self, drawn: Any, page: int, placed: Matrix, around: list[int | None]) -> Iterator[Run]:
        marks, kept, text_at, font, size = list(around), [], UNMOVED, None, 0.0
        for operands, operator in pikepdf.parse_content_stream(drawn):
            match str(operator):
                case "q":
                    kept.append(placed)
                case "Q":
                    placed = kept.pop()
                case "cm":
                    placed = times(numbers(operands), placed)
                case "BT":
                    text_at = UNMOVED
                case "Tm":
                    text_at = numbers(operands)
                case "Tf":
                    font, size = self._font(drawn.Resources.Font[str(operands[0])]), float(operands[1])
                case "TJ" | "Tj":
                    text, moved = font.read(operands[0] if str(operator) == "TJ" else operands, size)
                    yield Run(page, _innermost(marks), text, *_box(times(text_at, placed), moved, size))
                    text_at = times((1, 0, 0, 1, moved, 0), text_at)
                case "BDC" | "BMC":
                    marks.append(_mark(operands))
                case "EMC":
                    marks.pop()
                case "Do":
                    form = drawn.Resources.XObject[str(operands[0])]
                    if form.Subtype == "/Form":
                        moved_to = times(numbers(form.get("/Matrix", UNMOVED)), placed)
                        yield from self._read(form, page, moved_to, marks)

    def _font(self, font: Any) -> Font:
        if font.objgen not in self._fonts:
            self._fonts[font.objgen] = Font(font)
        return self._fonts[font.objgen]

    @cached_property
    def root(self) -> Element:
        """The whole tag tree."""
        places = {page.objgen: number for number, page in enumerate(self.pdf.pages)}
        top = Element("", "", "", {})
        _grow(top, self.pdf.Root.StructTreeRoot.K, None, places)
        return top

    @cached_property
    def by_mark(self) -> dict[Mark, list[Run]]:
        """The runs of each mark."""
        found: dict[Mark, list[Run]] = {}
        for run in self.runs:
            if run.mark is not None:
                found.setdefault((run.page, run.mark), []).append(run)
        return found

    def runs_of(self, element: Element) -> list[Run]:
        """Return the runs of a node and all beneath it, in reading order."""
        return [run for mark in element.marks() for run in self.by_mark.get(mark, [])]

    def text_of(self, element: Element) -> str:
        """Return what a reader of the tags hears."""
        return "".join(run.text for run in self.runs_of(element))


def _innermost(marks: list[int | None]) -> int | None:
    return marks[-1] if marks else None


def _mark(operands: Any) -> int | None:
    held = operands[1] if len(operands) > 1 else None
    return int(held.MCID) if isinstance(held, pikepdf.Dictionary) and "/MCID" in held else None


def _box(at: Matrix, moved: float, size: float) -> tuple[float, float, float, float]:
    corners = [times((1, 0, 0, 1, x, y), at)[4:] for x in (0, moved) for y in (0, CAPITALS * size)]
    across, up = zip(*corners, strict=True)
    return min(across), min(up), max(across), max(up)


def _grow(above: Element, node: Any, page: int | None, places: dict[Any, int]) -> None:
    if isinstance(node, pikepdf.Array):
        for item in node:
            _grow(above, item, page, places)
    elif isinstance(node, pikepdf.Dictionary):
        page = places[node.Pg.objgen] if "/Pg" in node else page
        if "/MCID" in node:
            above.held.append((page, int(node.MCID)))
        elif "/S" in node:
            given = node.get("/A", pikepdf.Array())
            groups = [given] if isinstance(given, pikepdf.Dictionary) else list(given)
            said = {str(name): str(value) for group in groups for name, value in dict(group).items()}
            made = Element(str(node.S)[1:], str(node.get("/T", "")), str(node.get("/Alt", "")), said)
            above.held.append(made)
            _grow(made, node.get("/K", pikepdf.Array()), page, places)
    else:
        above.held.append((page, int(node)))
