"""How wide a table's columns are: as asked, but no number is broken and no word of a heading if it can be helped."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.report.blocks import Json

LONGEST_WORD = 18  # letters; a longer one may break
BOLD = 1.08
PADDING = 1.0
ROOM = 1.12  # for a typeface wider than Arial, as a template's may be
# widths in the size of type, of Arial and of its kin
_LETTERS = dict.fromkeys(" .,:;'|!/()[]ijlftI", 0.3) | dict.fromkeys("mwMW%@", 0.87) | dict.fromkeys("−+±=–", 0.58)


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is on one line, in the unit of `size`."""
    return ROOM * size * sum(map(_letter, text))


def _letter(letter: str) -> float:
    known = _LETTERS.get(letter)
    if known is not None:
        return known
    if letter.isdigit() or letter.islower():
        return 0.556
    return 0.7 if letter < "\u2e80" else 1.0


def fitting_widths(
    columns: Sequence[Json], rows: Sequence[Sequence[str]], line: float, sizes: Sequence[float]
) -> tuple[float, list[float]]:
    """Return the first of some sizes of type that a table fits at, and its columns' widths.

    Numbers stay whole if they can at any size; else they may break at spaces, as 83.6% (1,254 of 1,500) can. A table
    that fits at none gets the last size, and every column its part of what it needs.
    """
    tries = [(size, _needs(columns, rows, size, whole)) for whole in (True, False) for size in sizes]
    size, needs = next((found for found in tries if sum(found[1]) <= line), tries[-1])
    return size, _shared(columns, needs, line)


def _shared(columns: Sequence[Json], needs: Sequence[float], line: float) -> list[float]:
    """Return a line shared between columns as they ask, none given less than it needs."""
    if sum(needs) >= line:
        return [line * need / sum(needs) for need in needs]
    shares = [float(column["width"]) for column in columns]
    fixed: set[int] = set()
    while True:
        free = [place for place in range(len(columns)) if place not in fixed]
        left = line - sum(needs[place] for place in fixed)
        unit = left / sum(shares[place] for place in free) if free else 0.0
        short = {place for place in free if shares[place] * unit < needs[place]}
        if not short:
            return [needs[place] if place in fixed else shares[place] * unit for place in range(len(columns))]
        fixed |= short


def _needs(columns: Sequence[Json], rows: Sequence[Sequence[str]], size: float, whole: bool) -> list[float]:
    return [_need(column, [row[place] for row in rows], size, whole) for place, column in enumerate(columns)]


def _need(column: Json, cells: Sequence[str], size: float, whole: bool) -> float:
    """Return the least width of a column: its longest word, its heading's, and if `whole` its longest number."""
    header = max((text_width(word, size) * BOLD for word in _words(column["header"])), default=0.0)
    parts = cells if column["numeric"] and whole else [word for cell in cells for word in _words(cell)]
    return max(header, max((text_width(part, size) for part in parts), default=0.0)) + PADDING * size


def _words(text: str) -> list[str]:
    return [word for word in text.split() if len(word) <= LONGEST_WORD]
