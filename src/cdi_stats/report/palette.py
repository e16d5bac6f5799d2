"""The colours that charts are drawn in, each by its role, so that a dark page or a house style may change it.

Charts are drawn in the light colours, as hex; whoever sets a chart on a page puts its own in their place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Tone(NamedTuple):
    """A colour on a light page, and the one that takes its place on a dark page."""

    light: str
    dark: str


CHART_TONES: Mapping[str, Tone] = {
    "now": Tone("#12436d", "#7fb6e6"),
    "before": Tone("#a8470f", "#f19a5f"),
    "third": Tone("#1c7a74", "#4fc3ba"),
    "fourth": Tone("#3d3d3d", "#c3cad2"),
    "ink": Tone("#1d1d1f", "#e4e9ef"),
    "bar": Tone("#9db8d3", "#2f5379"),
    "shade": Tone("#dbe5ef", "#1e3348"),
    "faint": Tone("#c9ced6", "#56677a"),
    "grid": Tone("#e3e6eb", "#2a3541"),
    "ground": Tone("#ffffff", "#10161d"),
}
_ROLES = {tone.light: role for role, tone in CHART_TONES.items()}
_TAG = re.compile(r"<[^<>]*>")  # a word in a label is text, even if it reads as a colour
_COLOUR = re.compile(r"(?<=[:\s\"'])#[0-9a-fA-F]{6}\b")


def recoloured(svg: str, colour: Callable[[str], str]) -> str:
    """Return a chart with `colour(role)` in the place of each colour; one that has any other colour stays as it is."""
    found = {hexes.lower() for tag in _TAG.findall(svg) for hexes in _COLOUR.findall(tag)}
    if not found <= _ROLES.keys():
        return svg
    return _TAG.sub(lambda tag: _COLOUR.sub(lambda given: colour(_ROLES[given[0].lower()]), tag[0]), svg)


def chart_variable(role: str) -> str:
    """Return a chart's colour as a page's style sheet sets it, and the light one where there is none: in JupyterLab."""
    return f"var(--chart-{role}, {CHART_TONES[role].light})"
