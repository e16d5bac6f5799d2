"""A theme's file: what it may say, what is refused and in which words, and the colours it is given by WCAG 2.2."""

from __future__ import annotations

import re
import shutil
import struct
import tomllib
import zlib
from pathlib import Path

import matplotlib as mpl
import pytest

import cdi_stats.publishing.html
from cdi_stats.errors import BadParameters
from cdi_stats.publishing.theme import PLAIN
from cdi_stats.publishing.theme.content import PARTS, ThemeFile
from cdi_stats.publishing.theme.reading import bundled_themes, read_theme
from cdi_stats.publishing.theme.roles import CHART_ROLES, FIXED, PAGE_ROLES, ROLES, RULES, contrast
from cdi_stats.report.palette import CHART_TONES
from cdi_stats.resources import resource

FONTS = Path(mpl.get_data_path()) / "fonts" / "ttf"
INTER = Path(cdi_stats.publishing.html.__file__).parents[2] / "report" / "fonts"
STYLE = (Path(cdi_stats.publishing.html.__file__).parent / "style.css").read_text(encoding="utf-8")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "house-style.md"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"{}><path d="M0 0H10V10Z"/>{}</svg>'
PLAIN_SVG = SVG.format("", "")
CREST = '[crest]\nfile = "crest.svg"\ndescription = "A crest"\n'
FONT_LINES = '[fonts]\nfamily = "DejaVu Serif"\nregular = "DejaVuSerif.ttf"\nbold = "DejaVuSerif-Bold.ttf"\n'


@pytest.fixture
def write(tmp_path):
    """Write a theme of a force with these lines after its name, and a crest; return the theme's file."""

    def write_them(lines, crest=PLAIN_SVG):
        path = tmp_path / "force" / "theme.toml"
        path.parent.mkdir(exist_ok=True)
        (path.parent / "crest.svg").write_bytes(crest if isinstance(crest, bytes) else crest.encode())
        path.write_text(lines if lines.startswith("force") else f'force = "Example Police"\n{lines}', encoding="utf-8")
        return path

    return write_them


def problems(path):
    with pytest.raises(BadParameters) as refused:
        read_theme(path)
    assert refused.value.exit_code == 2
    return str(refused.value).splitlines()


def png(width, height, *, whole=True):
    """Return a PNG of one colour, by the standard's own chunks (ISO/IEC 15948)."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\x10\x20\x30" * width for _ in range(height)))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = rows if whole else rows[: len(rows) // 2]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


# What is read.


def test_a_name_is_enough(write):
    theme = read_theme(write(""))
    assert (theme.force, theme.marking, theme.draft) == ("Example Police", "", "")
    assert (theme.crest, theme.faces) == (None, None)
    assert dict(theme.tones) == dict(PLAIN.tones)


@pytest.mark.parametrize(("given", "words"), [("true", "DRAFT"), ('"Draft 2"', "Draft 2"), ("false", "")])
def test_a_draft_says_so_in_its_title(write, given, words):
    theme = read_theme(write(f"draft = {given}"))
    assert theme.draft == words
    assert theme.titled("Report") == (f"{words} – Report" if words else "Report")


def test_names_may_hold_what_forces_are_called(write):
    assert read_theme(write('force = "Dyfed-Powys & St. Áine\'s, 2nd"')).force == "Dyfed-Powys & St. Áine's, 2nd"


def test_the_file_its_folder_and_a_bundled_name_are_all_found(write):
    path = write("")
    assert read_theme(path) == read_theme(path.parent)
    assert bundled_themes() == ("example-police",)
    bundled = read_theme("example-police")
    assert bundled == read_theme(resource("data", "themes", "example-police"))
    assert bundled.crest.kind == "svg+xml"
    assert [file.name for file in bundled.files] == ["theme.toml", "crest.svg"]


def test_a_crest_may_be_a_png(write):
    crest = read_theme(write(CREST, png(40, 20))).crest
    assert (crest.kind, crest.ratio, crest.description) == ("png", 2.0, "A crest")


def test_fonts_are_read_with_their_family(write):
    path = write(FONT_LINES + '[fonts.web]\nregular = "r.woff2"\nbold = "b.woff2"\n')
    for name in ("DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf"):
        shutil.copy(FONTS / name, path.parent)
    for name, face in (("r.woff2", "Regular"), ("b.woff2", "SemiBold")):
        shutil.copy(INTER / f"Inter-{face}.woff2", path.parent / name)
    theme = read_theme(path)
    assert theme.faces.family == "DejaVu Serif"
    assert theme.faces.web_regular.startswith(b"wOF2")
    assert [file.name for file in theme.files] == [
        "theme.toml", "DejaVuSerif.ttf", "DejaVuSerif-Bold.ttf", "r.woff2", "b.woff2",
    ]  # fmt: skip


# What is refused.

REFUSED = {
    'force = "<b>Police</b>"': "force: found '<b>Police</b>'; expected words without <, >",
    'force = "Police\\u202e"': "force: found",
    'force = ""': "force: found ''; expected",
    "force = 7": "force: found '7'; expected a valid string",
    f'force = "{"P" * 81}"': "force: found",
    'forse = "Example Police"': "forse: unknown; expected one of force, marking",
    'marking = "OFFICIAL\\nSECRET"': "marking: found",
    'draft = "final"': "draft: found 'final'; expected true, false or up to 24 letters with “draft” in them",
    'draft = "<i>draft</i>"': "draft: found",
    "draft = 1": "draft: found '1'; expected true, false or words with “draft” in them",
    '[crest]\nfile = "crest.svg"': "crest.description: missing",
    '[crest]\nfile = "../crest.svg"\ndescription = "x"': "crest.file: found '../crest.svg'; expected the name of a",
    '[crest]\nfile = "/etc/passwd"\ndescription = "x"': "crest.file: found '/etc/passwd'; expected the name of a",
    '[crest]\nfile = "C:crest.svg"\ndescription = "x"': "crest.file: found 'C:crest.svg'; expected the name of a",
    '[crest]\nfile = "none.svg"\ndescription = "x"': "crest.file none.svg: found no such file; expected a file",
    'crest = "crest.svg"': "crest: found 'crest.svg'; expected",
    '[colours]\nband = "navy"': "colours.band: found 'navy'; expected a colour such as #0f2a47",
    '[colours]\nbend = "#0f2a47"': "colours.bend: unknown; expected one of band, heading, accent, link, note, dark",
    '[charts.dark]\nnow = "#fff"': "charts.dark.now: found '#fff'; expected a colour such as #0f2a47",
    '[fonts]\nfamily = "X"': "fonts.regular: missing",
}


@pytest.mark.parametrize("lines", REFUSED)
def test_what_is_wrong_is_said_in_one_line(write, lines):
    said = problems(write(lines))
    assert [line for line in said if line.startswith(f"theme.toml: {REFUSED[lines]}")], said


def test_an_unknown_key_is_met_with_the_nearest(write):
    assert problems(write('markings = "OFFICIAL"'))[0].endswith("Did you mean marking?")
    assert problems(write('[charts]\nshades = "#ffffff"'))[0].endswith("Did you mean shade?")


def test_every_problem_is_told_at_once(write):
    said = problems(write('marking = 1\ndraft = 2\n[colours]\nband = "x"\n'))
    assert len(said) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"force = ", "is not TOML"), (b'force = "\xff"', "is not UTF-8"), (b"#" * 1_000_001, "is larger than")],
)
def test_what_is_no_toml_is_refused(tmp_path, content, said):
    path = tmp_path / "theme.toml"
    path.write_bytes(content)
    assert said in problems(path)[0]


def test_a_theme_that_is_not_there_is_refused(tmp_path):
    assert "none.toml'; expected a theme's file" in problems(tmp_path / "none.toml")[0]
    assert "theme.toml: cannot be read" in problems(tmp_path)[0]
    assert "expected a theme's file" in problems("a\0b")[0]
    assert problems("exmple-police")[0].endswith("Did you mean example-police?")


HOSTILE = {
    "a script": SVG.format("", "<script>alert(1)</script>"),
    "a handler": SVG.format(' onload="alert(1)"', ""),
    "HTML": SVG.format("", "<foreignObject><p>x</p></foreignObject>"),
    "a picture elsewhere": SVG.format("", '<image href="https://example.org/x.png"/>'),
    "a use elsewhere": SVG.format("", '<use href="other.svg#a"/>'),
    "an old link elsewhere": SVG.format(' xmlns:xlink="http://www.w3.org/1999/xlink"', '<use xlink:href="file:///x"/>'),
    "a link": SVG.format("", '<a href="javascript:alert(1)"><path d="M0 0"/></a>'),
    "a style elsewhere": SVG.format("", "<style>@import 'x.css';</style>"),
    "a style in disguise": SVG.format("", r"<style>\40 import 'x.css';</style>"),
    "a fill elsewhere": SVG.format("", '<path d="M0 0" fill="url(https://example.org/#a)"/>'),
    "a quoted fill elsewhere": SVG.format("", "<path d='M0 0' style='fill: url( \"x.svg#a\")'/>"),
    "an animation": SVG.format("", '<animate attributeName="href" to="javascript:x"/>'),
    "a filter that takes all memory": SVG.format("", '<filter id="a" x="-9e6" width="9e9" height="9e9"/>'),
    "an entity": f"<!DOCTYPE svg [<!ENTITY a 'aaa'>]>{SVG.format('', '')}",
    "a style sheet": f"<?xml-stylesheet href='x.css'?>{SVG.format('', '')}",
    "no SVG": "<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "no XML": "crest",
    "nothing": "",
    "no size": '<svg xmlns="http://www.w3.org/2000/svg"/>',
    "an endless size": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 inf 1"/>',
    "a thread": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1"/>',
    "too much": SVG.format("", "<!--" + "x" * 500_000 + "-->"),
    "a wide PNG": png(2001, 1000),
    "a broken PNG": png(40, 40, whole=False),
    "half a PNG": png(40, 40)[:40],
    "the head of a PNG": b"\x89PNG\r\n\x1a\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_crest_that_is_more_than_a_picture_is_refused(write, name):
    (said,) = problems(write(CREST, HOSTILE[name]))
    assert said.startswith("theme.toml: crest.file crest.svg: found ")
    assert "; expected " in said


def test_a_crest_may_refer_to_its_own_parts(write):
    own = (
        '<defs><linearGradient id="a"/></defs><path d="M0 0" fill="url(#a)"/><path d="M0 0" style="fill: url(\'#a\')"/>'
    )
    assert read_theme(write(CREST, SVG.format("", own + '<use href="#a"/>'))).crest


def test_a_crest_that_only_seems_to_lie_beside_the_theme_is_refused(write, tmp_path):
    path = write(CREST)
    (tmp_path / "elsewhere.svg").write_text(SVG.format("", ""), encoding="utf-8")
    (path.parent / "crest.svg").unlink()
    (path.parent / "crest.svg").symlink_to(tmp_path / "elsewhere.svg")
    assert "found no such file" in problems(path)[0]


@pytest.mark.parametrize(
    ("regular", "bold", "said"),
    [
        (None, "DejaVuSerif-Bold.ttf", "fonts.regular DejaVuSerif.ttf: found no such file"),
        ("DejaVuSans.ttf", "DejaVuSerif-Bold.ttf", "found the family 'DejaVu Sans'"),
        ("DejaVuSerif-Bold.ttf", "DejaVuSerif-Bold.ttf", "found a face of weight 700"),
        ("DejaVuSerif.ttf", "DejaVuSerif.ttf", "found a face of weight 400"),
        (b"wOF2 font", "DejaVuSerif-Bold.ttf", "found woff2, which the PDF cannot take"),
        (b"\0\1\0\0 font", "DejaVuSerif-Bold.ttf", "found a broken font"),
        (b"<svg/>", "DejaVuSerif-Bold.ttf", "found no font"),
        (b"OTTO" + b"x" * 3_000_000, "DejaVuSerif-Bold.ttf", "found a file that is empty or too large"),
    ],
)
def test_a_face_that_is_not_there_or_not_it_is_refused(write, regular, bold, said):
    path = write(FONT_LINES)
    for name, given in (("DejaVuSerif.ttf", regular), ("DejaVuSerif-Bold.ttf", bold)):
        if given is not None:
            (path.parent / name).write_bytes(given if isinstance(given, bytes) else (FONTS / given).read_bytes())
    (line,) = problems(path)
    assert said in line
    assert "expected" in line


# Colours.


def test_contrast_is_wcags():
    """WCAG 2.2: 21 for black on white; #777777 on white is its well-known 4.48, just short."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_colours_of_no_theme_pass(mode):
    known = {**FIXED, **ROLES}
    ratios = {(front, ground): contrast(getattr(known[front], mode), getattr(known[ground], mode)) / least
              for front, ground, least in RULES}  # fmt: skip
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 1} == {}


def test_the_roles_have_the_style_sheets_own_colours():
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6})", rule)) for rule in re.findall(r":root \{[^}]+", STYLE)[:2])
    names = {"band": "navy", "text": "ink", "quiet text": "quiet"}
    known = {role: tone for role, tone in {**FIXED, **PAGE_ROLES}.items() if role != "white"}
    assert {role: (light[names.get(role, role)], dark[names.get(role, role)]) for role in known} == {
        role: tuple(tone) for role, tone in known.items()
    }
    assert CHART_TONES["ground"] == FIXED["page"]


FAINT = {
    '[colours]\nband = "#8fa3b8"': ("colours.band", "2.59", "white #ffffff on band #8fa3b8, light"),
    '[colours]\nheading = "#888888"': ("colours.heading", "3.54", "heading #888888 on page #ffffff, light"),
    '[colours]\naccent = "#ffd633"': ("colours.accent", "1.4", "accent #ffd633 on page #ffffff, light"),
    '[colours.dark]\nlink = "#0b5a86"': ("colours.dark.link", "2.", "link #0b5a86 on page #10161d, dark"),
    '[colours]\nnote = "#808080"': ("colours.note", "", "text #16202c on note #808080, light"),
    '[charts]\nbefore = "#ff9900"': ("charts.before", "2.", "before #ff9900 on ground #ffffff, light"),
    '[charts]\nbar = "#222222"': ("charts.bar", "1.", "ink #1d1d1f on bar #222222, light"),
    '[charts.dark]\nshade = "#ffffff"': ("charts.dark.shade", "1.", "ink #e4e9ef on shade #ffffff, dark"),
}


@pytest.mark.parametrize("lines", FAINT)
def test_a_colour_that_does_not_stand_out_is_refused_with_its_ratio(write, lines):
    place, ratio, pair = FAINT[lines]
    said = next(line for line in problems(write(lines)) if pair in line)
    assert place in said
    assert re.search(rf"found a contrast of {re.escape(ratio)}[\d.]* to 1", said)
    assert re.search(r"expected (4\.5|3) to 1 at least for (text|graphics) \(WCAG 2\.2\)", said)


LIGHT = {"band": "#5b1060", "heading": "#7a1420", "accent": "#9a6a00", "link": "#00457c", "note": "#fff0d0",
         "now": "#6a0000", "before": "#00508a", "third": "#444400", "fourth": "#5a2a80", "bar": "#ffb3b3",
         "shade": "#ffe0e0"}  # fmt: skip


@pytest.mark.parametrize("role", LIGHT)
def test_a_colour_for_the_dark_is_derived_so_that_it_passes(write, role):
    part = "colours" if role in PAGE_ROLES else "charts"
    tones = read_theme(write(f'[{part}]\n{role} = "{LIGHT[role]}"\n')).tones
    assert tones[role].light == LIGHT[role]
    assert tones[role].dark != ROLES[role].dark
    assert {name: tone for name, tone in tones.items() if name != role} == {
        name: tone for name, tone in ROLES.items() if name != role
    }


# The page that tells of it.


def keys(model, place=()):
    for name in model.model_fields:
        if (*place, name) in PARTS:
            yield from keys(PARTS[*place, name], (*place, name))
        else:
            yield ".".join((*place, name))


def test_the_page_names_every_key_and_every_colour_as_it_is():
    page = PAGE.read_text(encoding="utf-8")
    named = {name for row in re.findall(r"^\|(.+?)\|", page, re.MULTILINE) for name in re.findall(r"`([\w.]+)`", row)}
    assert named == {name for name in keys(ThemeFile) if ".dark." not in name}
    colours = dict(re.findall(r"^\| `\w+\.(\w+)` \| `(#\w{6})` \|", page, re.MULTILINE))
    assert colours == {role: ROLES[role].light for role in (*PAGE_ROLES, *CHART_ROLES)}


def test_the_pages_example_is_a_theme_once_its_files_are_there(write):
    (example,) = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    told = tomllib.loads(example)
    told.pop("fonts")
    lines = re.sub(r"\[fonts\].*?(?=\[colours\])", "", example, flags=re.DOTALL)
    assert tomllib.loads(lines) == told
    assert read_theme(write(lines)).marking == "OFFICIAL-SENSITIVE"
