"""A theme's file, read and checked whole: every problem is told, a line each, before anything else is done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from cdi_stats.audit.beside import read_toml
from cdi_stats.errors import BadParameters, did_you_mean
from cdi_stats.publishing.theme import Crest, Faces, File, Theme
from cdi_stats.publishing.theme.content import CrestPart, FontsPart, Part, ThemeFile, problem_line
from cdi_stats.publishing.theme.crest import read_crest
from cdi_stats.publishing.theme.faces import check_face
from cdi_stats.publishing.theme.roles import CHART_ROLES, FIXED, PAGE_ROLES, ROLES, RULES, TEXT, contrast, dark_tone
from cdi_stats.report.palette import Tone
from cdi_stats.resources import resource

EXPECTED = "a theme in TOML, as docs/how-to/house-style.md describes it"
SETTABLE = (*PAGE_ROLES, *CHART_ROLES)
MOST_CREST, MOST_FONT = 500_000, 3_000_000  # bytes
DRAFT = "DRAFT"


def bundled_themes() -> tuple[str, ...]:
    """Return the names of the themes that come with the package."""
    return tuple(sorted(path.parent.name for path in resource("data", "themes").glob("*/theme.toml")))


def locate_theme(given: str | Path) -> Path:
    """Return the file of a theme: the file or folder named, or a bundled theme's. Raises BadParameters for neither."""
    path = Path(given)
    try:
        if path.exists():
            return path / "theme.toml" if path.is_dir() else path
    except (OSError, ValueError):
        pass
    bundled = bundled_themes()
    if str(given) in bundled:
        return resource("data", "themes", str(given), "theme.toml")
    raise BadParameters(
        f"theme: found {str(given)[:100]!r}; expected a theme's file, its folder, or one that is bundled "
        f"({', '.join(bundled)}){did_you_mean(str(given), bundled)}"
    )


def read_theme(given: str | Path) -> Theme:
    """Return a theme by its file, its folder, or a bundled one's name. Raises BadParameters with a line a problem."""
    path = locate_theme(given)
    name = path.name[:100]
    try:
        content = ThemeFile(**read_toml(path, EXPECTED))
    except ValidationError as error:
        raise BadParameters("\n".join(f"{name}: {problem_line(detail)}" for detail in error.errors())) from None
    reader = _Reader(path)
    crest, faces = reader.crest(content.crest), reader.faces(content.fonts)
    tones = _tones(content)
    problems = [*reader.problems, *_too_faint(tones)]
    if problems:
        raise BadParameters("\n".join(f"{name}: {problem}" for problem in problems))
    draft = DRAFT if content.draft is True else content.draft or ""
    return Theme(content.force, content.marking or "", draft, crest, faces, tones, tuple(reader.files))


@dataclass
class _Reader:
    """Reads the files of a theme, and keeps what is wrong with any of them."""

    theme: Path
    files: list[File] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keep(self.theme.name, self.theme.read_bytes())

    def crest(self, part: CrestPart | None) -> Crest | None:
        """Return the crest, None where there is none or it is refused."""
        data = part and self._read("crest.file", part.file, MOST_CREST)
        if not part or not data:
            return None
        try:
            return read_crest(data, part.description)
        except ValueError as error:
            self._refuse("crest.file", part.file, error, "an SVG or PNG picture that needs nothing else")
            return None

    def faces(self, part: FontsPart | None) -> Faces | None:
        """Return the fonts, None where there are none or one is refused."""
        if not part:
            return None
        before = len(self.problems)
        regular = self._face("fonts.regular", part.regular, part.family, bold=False)
        bold = self._face("fonts.bold", part.bold, part.family, bold=True)
        web_regular, web_bold = regular, bold
        if part.web:
            web_regular = self._web("fonts.web.regular", part.web.regular)
            web_bold = self._web("fonts.web.bold", part.web.bold)
        return None if len(self.problems) > before else Faces(part.family, regular, bold, web_regular, web_bold)

    def _face(self, place: str, name: str, family: str, *, bold: bool) -> bytes:
        data = self._read(place, name, MOST_FONT)
        try:
            if data:
                check_face(data, family, bold=bold)
        except ValueError as error:
            wanted = f"the {'bold' if bold else 'regular'} face of the family {family!r} as otf or ttf"
            self._refuse(place, name, error, wanted)
        return data

    def _web(self, place: str, name: str) -> bytes:
        data = self._read(place, name, MOST_FONT)
        if data and not data.startswith(b"wOF2"):
            self._refuse(place, name, ValueError("found another kind of file"), "a font as woff2")
        return data

    def _read(self, place: str, name: str, most: int) -> bytes:
        path = self.theme.parent / name
        try:
            if path.resolve().parent != self.theme.parent.resolve() or not path.is_file():
                raise FileNotFoundError
            with path.open("rb") as stream:
                data = stream.read(most + 1)
        except (OSError, ValueError):
            self._refuse(place, name, ValueError("found no such file"), "a file that lies beside the theme")
            return b""
        if not 0 < len(data) <= most:
            self._refuse(place, name, ValueError("found a file that is empty or too large"), f"{most:,} bytes at most")
            return b""
        self._keep(name, data)
        return data

    def _keep(self, name: str, data: bytes) -> None:
        self.files.append(File(name, hashlib.sha256(data).hexdigest()))

    def _refuse(self, place: str, name: str, found: ValueError, expected: str) -> None:
        self.problems.append(f"{place} {name}: {found}; expected {expected}")


def _tones(content: ThemeFile) -> dict[str, Tone]:
    """Return every colour by role, on a light and on a dark page."""
    given = {role: (_given(content.colours, role), _given(content.colours.dark, role)) for role in PAGE_ROLES}
    given |= {role: (_given(content.charts, role), _given(content.charts.dark, role)) for role in CHART_ROLES}
    tones = dict(ROLES)
    # grounds come last, as what stands on them is known by then
    for role, (light, dark) in given.items():
        tones[role] = Tone(light or ROLES[role].light, dark or ROLES[role].dark)
        if light and not dark:
            tones[role] = Tone(light, dark_tone(role, light, {**FIXED, **tones}))
    return tones


def _given(part: Part, role: str) -> str:
    return str(getattr(part, role))


def _too_faint(tones: Mapping[str, Tone]) -> Iterator[str]:
    """Yield a line for each pair of colours that does not stand apart far enough."""
    known = {**FIXED, **tones}
    for front, ground, least in RULES:
        for mode in ("light", "dark"):
            one, other = getattr(known[front], mode), getattr(known[ground], mode)
            if (ratio := contrast(one, other)) < least:
                what = "text" if least == TEXT else "graphics"
                set_here = " and ".join(_place(role, mode) for role in (front, ground) if role in SETTABLE)
                # rounded down, so that 4.499 does not read as 4.5
                yield (
                    f"{set_here}: found a contrast of {int(ratio * 100) / 100:.2f} to 1 ({front} {one} on {ground} "
                    f"{other}, {mode}); expected {least:g} to 1 at least for {what} (WCAG 2.2). "
                    "To mend: make one of them darker or lighter"
                )


def _place(role: str, mode: str) -> str:
    part = "charts" if role in CHART_ROLES else "colours"
    return f"{part}.dark.{role}" if mode == "dark" else f"{part}.{role}"
