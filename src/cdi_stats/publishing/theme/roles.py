"""The colours that a theme may set, each by its role, and which must stand out from which, by WCAG 2.2."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import NamedTuple

from cdi_stats.report.palette import CHART_TONES, Tone

TEXT, GRAPHIC = 4.5, 3.0  # ratios: success criteria 1.4.3 and 1.4.11
EASE = 1.4  # times the ratio that is asked for: what merely passes tires the eye in the dark
STEPS = 200

# The first are those that a theme may set; the grounds and inks beneath them are the same in every theme.
PAGE_ROLES: Mapping[str, Tone] = {
    "band": Tone("#0f2a47", "#0b2038"),
    "heading": Tone("#0f2a47", "#d3e3f3"),
    "accent": Tone("#0b6e8f", "#57b6d6"),
    "link": Tone("#0b5a86", "#84c5ea"),
    "note": Tone("#e8f2f7", "#132a36"),
}
CHART_ROLES = ("now", "before", "third", "fourth", "bar", "shade")
FIXED: Mapping[str, Tone] = {
    "page": Tone("#ffffff", "#10161d"),
    "panel": Tone("#f2f5f8", "#1a232d"),
    "text": Tone("#16202c", "#e4e9ef"),
    "quiet text": Tone("#4a5868", "#aab6c3"),
    "white": Tone("#ffffff", "#ffffff"),
}
ROLES: Mapping[str, Tone] = {**PAGE_ROLES, **CHART_TONES}


class Rule(NamedTuple):
    """What must stand out from what, and by which ratio."""

    front: str
    ground: str
    ratio: float


RULES = (
    Rule("white", "band", TEXT),
    Rule("heading", "page", TEXT),
    Rule("heading", "panel", TEXT),
    Rule("accent", "page", GRAPHIC),
    Rule("link", "page", TEXT),
    Rule("link", "panel", TEXT),
    Rule("text", "note", TEXT),
    Rule("quiet text", "note", TEXT),
    *(Rule(line, "ground", TEXT) for line in ("now", "before", "third", "fourth")),  # their labels are of their colour
    Rule("ink", "bar", GRAPHIC),
    Rule("ink", "shade", GRAPHIC),
    Rule("now", "shade", GRAPHIC),
    Rule("before", "shade", GRAPHIC),
)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (#rrggbb), 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(one: str, other: str, share: float) -> str:
    """Return a colour that is `share` (0-1) of the first and the rest of the other."""
    return _hex(tuple(a * share + b * (1 - share) for a, b in zip(_parts(one), _parts(other), strict=True)))


def dark_tone(role: str, light: str, known: Mapping[str, Tone]) -> str:
    """Return a colour for a dark page: the light one's hue, as near to it as all rules of its role allow."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(light))
    tried = sorted((step / STEPS for step in range(STEPS + 1)), key=lambda other: abs(other - lightness))
    colours = [light, *(_hex(colorsys.hls_to_rgb(hue, other, saturation)) for other in tried)]
    for ease in (EASE, 1.0):
        for colour in colours:
            if all(ratio >= least * ease for ratio, least in _ratios(role, colour, known)):
                return colour
    return ROLES[role].dark


def _ratios(role: str, colour: str, known: Mapping[str, Tone]) -> list[tuple[float, float]]:
    others = [(rule.ground, rule.ratio) for rule in RULES if rule.front == role]
    others += [(rule.front, rule.ratio) for rule in RULES if rule.ground == role]
    return [(contrast(colour, known[other].dark), ratio) for other, ratio in others]


def _parts(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _hex(parts: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)
