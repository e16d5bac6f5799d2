"""How wide a table's columns are: as asked, but no number is broken and no word of a heading if it can be helped."""

from __future__ import annotations

from collections.abc import Sequence

from cdi_stats.report.blocks import Json

LONGEST_WORD = 18  # letters; a longer one may break
BOLD = 1.08
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


def column_widths(columns: Sequence[Json], rows: Sequence[Sequence[str]], line: float, size: float) -> list[float]:
    """Return the widths of a table's columns that share `line`, from its cells as plain text set at `size`."""
    needs = [
        min(line * 0.6, _need(column, [row[place] for row in rows], size, head=place == 0))
        for place, column in enumerate(columns)
    ]
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


def _need(column: Json, cells: Sequence[str], size: float, *, head: bool) -> float:
    """Return the least width of a column: its longest number whole, its longest word, its heading's longest word."""
    header = max((text_width(word, size) * BOLD for word in _words(column["header"])), default=0.0)
    parts = cells if column["numeric"] else [word for cell in cells for word in _words(cell)]
    body = max(
        (text_width(part, size) for part in parts if column["numeric"] or len(part) <= LONGEST_WORD), default=0.0
    )
    return max(header, body * (BOLD if head else 1.0)) + 1.1 * size


def _words(text: str) -> list[str]:
    return [word for word in text.split() if len(word) <= LONGEST_WORD]
