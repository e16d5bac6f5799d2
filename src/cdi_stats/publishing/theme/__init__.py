"""A force's house style: its name, crest, colours, fonts, marking and draft words, as every writer takes them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cdi_stats.publishing.theme.roles import ROLES, mixed
from cdi_stats.report.blocks import Json
from cdi_stats.report.palette import CHART_TONES, Tone, recoloured

ON_BAND = Tone("#c9d8e8", "#c9d8e8")
SHARE_OF_WHITE = 0.85


@dataclass(frozen=True)
class Crest:
    """A force's crest: a picture of type "svg+xml" or "png", its width by its height, and what it shows in words."""

    data: bytes
    kind: str
    ratio: float
    description: str

    @property
    def address(self) -> str:
        """Return the picture as a data address, which needs nothing from outside."""
        return f"data:image/{self.kind};base64,{b64encode(self.data).decode()}"

    @property
    def svg(self) -> str:
        """Return the picture as SVG, with a PNG in it if it is one."""
        if self.kind == "svg+xml":
            return self.data.decode("utf-8-sig")
        size = f'width="{self.ratio * 100:g}" height="100"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><image {size} href="{self.address}"/></svg>'


@dataclass(frozen=True)
class Faces:
    """A family of fonts: its regular and its bold face for the PDF, and the same for a web page, often smaller."""

    family: str
    regular: bytes
    bold: bytes
    web_regular: bytes
    web_bold: bytes


@dataclass(frozen=True)
class File:
    """A file that a theme is made of: its name and its SHA-256."""

    name: str
    digest: str


@dataclass(frozen=True)
class Theme:
    """A house style; as it is without one, every part is empty or as the project's own pages have it.

    `tones` are the colours of a page and of its charts by role, `files` the theme's own file and those that it names.
    """

    force: str = ""
    marking: str = ""
    draft: str = ""
    crest: Crest | None = None
    faces: Faces | None = None
    tones: Mapping[str, Tone] = field(default_factory=lambda: ROLES)
    files: tuple[File, ...] = ()

    @property
    def on_band(self) -> Tone:
        """Return the colour of quiet words on the band."""
        if self.tones["band"] == ROLES["band"]:
            return ON_BAND
        return Tone(*(mixed("#ffffff", colour, SHARE_OF_WHITE) for colour in self.tones["band"]))

    def titled(self, title: str) -> str:
        """Return a title as the file's own properties give it: that of a draft says so first."""
        return f"{self.draft} – {title}" if self.draft else title

    def on_paper(self, svg: str) -> str:
        """Return a chart in the theme's colours, as they are on white paper."""
        if all(self.tones[role] == tone for role, tone in CHART_TONES.items()):
            return svg
        return recoloured(svg, lambda role: self.tones[role].light)

    def to_json(self) -> Json:
        """Return what a manifest says of the theme."""
        first, *others = self.files
        said: Json = {"name": first.name, "sha256": first.digest}
        said |= {"files": [{"name": file.name, "sha256": file.digest} for file in others]}
        return said | {"force": self.force, "marking": self.marking, "draft": self.draft}


PLAIN = Theme()
