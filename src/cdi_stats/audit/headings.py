"""What a heading stands for: told by the names that forces commonly use, in whatever shorthand, and by the cells below.

A heading counts as a name when both come down to the same words; nothing is taken for what its cells contradict.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from cdi_stats.audit import cells
from cdi_stats.audit.schema import Column, all_sheets
from cdi_stats.resources import resource

NEAR, LONG_ENOUGH, MOST_ANSWERS = 0.9, 8, 12
SHORT = {
    "no": "number",
    "num": "number",
    "nr": "number",
    "nos": "number",
    "ref": "reference",
    "id": "reference",
    "hrs": "hours",
    "hr": "hours",
    "hour": "hours",
    "h": "hours",
    "recd": "recorded",
    "rec": "record",
}
FILLERS = {"of", "the", "a", "an", "was", "is", "it", "were", "did", "that", "if", "for", "at", "in", "and"}
YES_OR_NO = re.compile(r"\(?\b(?:y(?:es)?) ?[/|,] ?n(?:o)?(?: ?[/|,] ?n/?a)?\b\)?|\b(?:y n|yes no)\b", re.IGNORECASE)


@cache
def words(heading: str) -> str:
    """Return a heading's words as names are compared: shorthand written out, small words, marks and yes/no left out."""
    plain = YES_OR_NO.sub(" ", heading.replace("_", " "))
    plain = re.sub(r"['’]", "", plain.replace("#", " number ").lower())
    plain = re.sub(r"(?<=\d)(?=[a-z])", " ", plain)
    found = [SHORT.get(word, word) for word in re.findall(r"[^\W_]+", plain)]
    return " ".join(word for word in found if word not in FILLERS) or " ".join(found)


def singular(name: str) -> str:
    """Return words without the s of their plurals."""
    return " ".join(word[:-1] if len(word) > 3 and re.search("[^s]s$", word) else word for word in name.split())


@cache
def _synonyms() -> Mapping[tuple[str, str], tuple[str, ...]]:
    with resource("data", "codes", "synonyms.csv").open(encoding="utf-8", newline="") as file:
        return {(row["sheet"], row["column"]): tuple(row["names"].split("|")) for row in csv.DictReader(file)}


@cache
def names_of(sheet: str, column: str) -> tuple[str, ...]:
    """Return the words that a column (or with "" the sheet itself) goes by, our own name first."""
    said = (column or sheet).rpartition(".")[2]
    return tuple(dict.fromkeys(words(name) for name in (said, *_synonyms().get((sheet, column), ()))))


@cache
def all_names() -> frozenset[str]:
    """Return the words of every column's every name."""
    ours = {(name, column) for name, sheet in all_sheets().items() for column in sheet.names}
    known = ours | {key for key in _synonyms() if key[1]}
    return frozenset(name for sheet, column in known for name in names_of(sheet, column))


def match(names: Sequence[str], headings: Iterable[str], *, exactly: bool = False) -> str | None:
    """Return the heading that one of the names stands for: to the word, else but for plurals, else but for a slip.

    With `exactly` only to the word: "incident" names a record and "incidents" counts them.
    """
    by_words: dict[str, str] = {}
    for heading in headings:
        by_words.setdefault(words(heading), heading)
    found = next((by_words[name] for name in names if name in by_words), None)
    if found or exactly:
        return found
    one = {singular(said): heading for said, heading in by_words.items()}
    found = next((one[singular(name)] for name in names if singular(name) in one), None)
    if found:
        return found
    long = {said: heading for said, heading in one.items() if len(said) >= LONG_ENOUGH}
    near = (get_close_matches(singular(name), long, n=1, cutoff=NEAR) for name in names if len(name) >= LONG_ENOUGH)
    return next((long[said[0]] for said in near if said), None)


def fits(kind: str, texts: Sequence[str]) -> bool:
    """Return whether a column's different texts can be of a kind; a few, such as a note or a slip, need not."""
    filled = [text for text in texts if text.lower() not in cells.NOTHING]
    if not filled or kind == "text":
        return True
    if kind in ("yes_no", "code"):
        counts = [text for text in filled if re.fullmatch(r"\d+(?:\.\d+)?", text) and text not in cells.YES | cells.NO]
        return not counts and len(filled) <= MOST_ANSWERS * (1 + 2 * (kind == "code"))
    _, wrong = cells.parse_column(kind, filled)
    return 2 * len(wrong) <= len(filled)


def fitting(column: Column, sheet: str, free: Mapping[str, Sequence[str]]) -> str | None:
    """Return the heading for a column, of those still free, each with the texts below it."""
    names = names_of(sheet, column.name)
    possible = [heading for heading, texts in free.items() if fits(column.kind, texts)]
    return match(names, possible, exactly=column.name == "record_id")
