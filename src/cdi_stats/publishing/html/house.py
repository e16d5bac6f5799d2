"""A house style as CSS: the charts' colours, which every page has, and whatever a theme changes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from cdi_stats.publishing.theme import Theme
from cdi_stats.publishing.theme.faces import font_kind
from cdi_stats.publishing.theme.roles import PAGE_ROLES
from cdi_stats.report.palette import CHART_TONES, Tone

_HERE = Path(__file__).parent
_PROPERTY = {"band": "navy"}  # where the style sheet has another name for a role
_ANGLE = 35  # degrees


def house_style(theme: Theme) -> str:
    """Return the CSS that follows the common style sheet."""
    charts = {f"chart-{role}": theme.tones[role] for role in CHART_TONES}
    if not theme.force:
        return _properties(charts)
    page = {
        _PROPERTY.get(role, role): theme.tones[role] for role in PAGE_ROLES if theme.tones[role] != PAGE_ROLES[role]
    }
    heading = theme.tones["heading"].light
    page["on-navy-quiet"] = theme.on_band
    page["letterhead"] = Tone(heading, heading)
    parts = [_properties(charts | page), (_HERE / "house.css").read_text(encoding="utf-8"), _fonts(theme)]
    return "\n".join([part for part in parts if part] + [_marking(theme), _watermark(theme)])


def _properties(tones: Mapping[str, Tone]) -> str:
    light = "".join(f"--{name}:{tone.light};" for name, tone in tones.items())
    dark = "".join(f"--{name}:{tone.dark};" for name, tone in tones.items())
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}"


def font_face(family: str, weight: int, data: bytes, kind: str) -> str:
    """Return the rule that gives a page a font, the font within."""
    names = {"otf": "opentype", "ttf": "truetype"}
    address = f"data:font/{kind};base64,{b64encode(data).decode()}"
    return (
        f'@font-face{{font-family:"{family}";font-weight:{weight};font-display:swap;'
        f'src:url("{address}") format("{names.get(kind, kind)}")}}'
    )


def _fonts(theme: Theme) -> str:
    if theme.faces is None:
        return ""
    faces = ((400, theme.faces.web_regular), (600, theme.faces.web_bold))
    rules = [font_face("House", weight, data, font_kind(data)) for weight, data in faces]
    return "\n".join([*rules, 'body{font-family:"House","Inter",system-ui,sans-serif}'])


def _marking(theme: Theme) -> str:
    if not theme.marking:
        return ""
    box = f'{{content:{css_string(theme.marking)};font:600 9pt "Inter",sans-serif;color:#0b0c0c}}'
    return f"@page{{@top-center{box}@bottom-center{box}}}\n@media print{{.marking{{display:none}}}}"


def _watermark(theme: Theme) -> str:
    """Return the words of a draft across the page, behind its text: a picture to the eye, silent to screen readers."""
    if not theme.draft:
        return ""
    words = css_string(theme.draft)
    size = f"min({round(150 / len(theme.draft))}vw, 16rem)"
    return (
        f'body::before{{content:{words};content:{words} / "";position:fixed;inset:0;z-index:-1;display:grid;'
        f"place-items:center;font-weight:600;font-size:{size};line-height:1;white-space:nowrap;color:var(--ink);"
        f"opacity:0.1;rotate:-{_ANGLE}deg;pointer-events:none}}"
    )


def css_string(text: str) -> str:
    """Return the text as a CSS string in which nothing but letters, digits and spaces stands unescaped."""
    return '"' + "".join(c if c == " " or (c.isascii() and c.isalnum()) else f"\\{ord(c):x} " for c in text) + '"'
