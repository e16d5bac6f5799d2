"""The words of every report: templates in wording.toml, found by key, with forms for one and for many."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

from cdi_stats.report.blocks import Figure, Inline, Strong, Text, plain
from cdi_stats.showing import join_words as join_words

Value = Text | Figure | Strong | int

_MANY = re.compile(r"(?<!s)s$|\b(crimes|offences)\b")


@cache
def templates() -> Mapping[str, str]:
    """Return {key: template} of wording.toml; a key is the names of its groups and its own, with dots."""
    text = files("cdi_stats.report").joinpath("wording.toml").read_text(encoding="utf-8")
    return dict(_flat("", tomllib.loads(text)))


def _flat(prefix: str, group: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, held in group.items():
        if isinstance(held, str):
            yield f"{prefix}{name}", held
        else:
            yield from _flat(f"{prefix}{name}.", held)


def keys_of(group: str) -> list[str]:
    """Return the keys of a group, in the file's order."""
    return [key for key in templates() if key.rpartition(".")[0] == group]


def agreeing(forms: str, value: float | str) -> str:
    """Return the one of two forms, "one|many", that goes with a number, or with a label such as sexual offences."""
    one, many = forms.split("|")
    plural = bool(_MANY.search(value)) if isinstance(value, str) else value != 1
    return many if plural else one


def tell(key: str, **values: Value) -> Text:
    """Return the words of a key of wording.toml, its places filled."""
    words = say(templates()[key], **values)
    return words[0] if len(words) == 1 and isinstance(words[0], str) else words


def title(key: str, **values: Value) -> str:
    """Return the words of a key without marks, as a chart's title has them."""
    return plain(tell(key, **values))


def told_point(key: str, **values: Value) -> Text:
    """Return the words of a key as a point of a list, their first sentence its lead."""
    first, *rest = words if isinstance(words := tell(key, **values), tuple) else (words,)
    lead, _, after = str(first).partition(". ")
    return (Strong(f"{lead}."), f" {after}", *rest)


def told_points(group: str, **values: Value) -> Iterator[Text]:
    """Yield every point of a group, in the order of wording.toml."""
    return (told_point(key, **values) for key in keys_of(group))


def say(template: str, **values: Value) -> Text:
    """Return a text with each {name} of a template replaced by its value, figures kept as figures.

    {name:one|many} is replaced by the form that goes with the value.
    """
    parts: list[Inline] = []
    for words, name, forms, _ in Formatter().parse(template):
        if words:
            parts.append(words)
        if not name:
            continue
        value = values[name]
        if forms:
            number = value.value if isinstance(value, Figure) else value if isinstance(value, int) else str(value)
            parts.append(agreeing(forms, number))
        else:
            parts.extend(value if isinstance(value, tuple) else (str(value) if isinstance(value, int) else value,))
    return tuple(parts)


def join(*texts: Text | None) -> Text:
    """Return several sentences as one text, a space between."""
    return separated(" ", [text for text in texts if text])


def listed(parts: Sequence[Text]) -> Text:
    """Return texts as a list in words: a, b and c."""
    first = separated(", ", parts[:-1])
    return separated(" and ", [text for text in (first, *parts[-1:]) if text])


def separated(mark: str, parts: Sequence[Text]) -> Text:
    """Return texts one after another, a mark between."""
    out: list[Inline] = []
    for place, part in enumerate(parts):
        if place:
            out.append(mark)
        out.extend((part,) if isinstance(part, str) else part)
    return tuple(out)


def point(lead: str, words: str) -> Text:
    """Return a point of a list: its lead not to be missed, then its words."""
    return (Strong(lead), f" {words}")


def in_sentence(words: str) -> str:
    """Return a label as it stands within a sentence; abbreviations such as VAWG keep their capitals."""
    first = words.split(" ")[0]
    abbreviated = any(letter.isupper() or letter.isdigit() for letter in first[1:])
    return words if abbreviated else words[:1].lower() + words[1:]


def capital(words: str) -> str:
    """Return words with their first letter in upper case."""
    return words[:1].upper() + words[1:]
