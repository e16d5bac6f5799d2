"""The documentation as it is built: it needs nothing from outside, and its reference is made from docstrings."""

import html
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import cdi_stats

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "docs" / "reference" / "library"
NAMES = [name for name in cdi_stats.__all__ if name != "__version__"]
LOADING = re.compile(
    r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>|url\(["']?https?:"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    # quiet would be strict in name only: mkdocs counts the warnings that it prints
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    built = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stdout + built.stderr
    return folder


def words(text):
    """Return a text's words without marks, tags and Markdown's signs, so that a docstring is found on its page."""
    return re.findall(r"\w+", html.unescape(re.sub(r"<[^>]+>", "", text)))


def entries(site):
    """Return what the pages of the library show of each name, by its full path."""
    pages = [(site / "reference" / "library" / f"{page.stem}.html").read_text("utf-8") for page in LIBRARY.glob("*.md")]
    parts = [re.split(r'<h3 id="(cdi_stats\.[\w.]+)"', page)[1:] for page in pages]
    return {path: text for part in parts for path, text in zip(part[::2], part[1::2], strict=True)}


def test_the_site_loads_nothing_from_outside(site):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > len([*(ROOT / "docs").rglob("*.md")])
    assert [path.name for path in files if LOADING.search(path.read_text(encoding="utf-8"))] == []


def test_every_public_name_is_in_the_reference_with_its_docstring(site):
    shown = entries(site)
    public = {f"{value.__module__}.{name}": value for name in NAMES for value in [getattr(cdi_stats, name)]}
    assert shown.keys() == public.keys()
    for path, value in public.items():
        docstring = " ".join(words(inspect.getdoc(value)))
        assert docstring in " ".join(words(shown[path])), path


def test_every_public_function_says_what_it_returns(site):
    shown = entries(site)
    for name in NAMES:
        value = getattr(cdi_stats, name)
        if inspect.isfunction(value):
            first = re.split(r"\.\s", inspect.getdoc(value), maxsplit=1)[0]
            gives = inspect.signature(value).return_annotation
            assert ("eturn " in first) != (gives == "None"), name
            assert f"-> {gives.split('[')[0]}" in html.unescape(
                re.sub(r"<[^>]+>", "", shown[f"{value.__module__}.{name}"])
            )


def test_the_site_is_searched_from_a_disk(site, chromium):
    """A browser that opens the site from a folder refuses to fetch the index: it comes as a script instead."""
    outside = [asked for asked in chromium.open(site / "index.html") if not asked.startswith("request: file:")]
    # asked again until it answers: words typed before the page listens are lost
    found = chromium.run(
        """new Promise((found) => {
        const words = document.querySelector(".md-search__input"), end = Date.now() + 60000;
        const look = () => {
            const first = document.querySelector(".md-search-result__link");
            if (first || Date.now() > end) { found(first ? first.href : "nothing"); return; }
            words.blur(); words.focus(); words.value = "kurtosis";
            for (const kind of ["input", "keyup"]) words.dispatchEvent(new Event(kind, { bubbles: true }));
            setTimeout(look, 500);
        };
        look(); })"""
    )
    assert found.startswith(site.as_uri())
    assert (outside, chromium.complaints()) == ([], [])
