"""Documentation and README: every example runs, every page is in the contents, the site needs nothing from outside."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WITH_EXAMPLES = [ROOT / "README.md", *(page for page in PAGES if EXAMPLE.search(page.read_text(encoding="utf-8")))]


def pages_in(contents):
    """Return every page that a part of the contents lists, however deep."""
    if isinstance(contents, str):
        return [contents]
    parts = contents.values() if isinstance(contents, dict) else contents
    return [page for part in parts for page in pages_in(part)]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_examples_run(page):
    """Each page is one story: a later example knows what an earlier one made."""
    known, text = {}, page.read_text(encoding="utf-8")
    assert EXAMPLE.search(text)
    for example in EXAMPLE.finditer(text):
        line = text[: example.start()].count("\n") + 1
        exec(compile("\n" * line + example[1], str(page), "exec"), known)


def test_every_method_has_a_worked_example():
    methods = sorted((DOCS / "methods").glob("*.md"))
    assert methods
    for page in methods:
        examples = EXAMPLE.findall(page.read_text(encoding="utf-8"))
        assert any("assert" in example for example in examples), page


def test_the_contents_list_every_page():
    contents = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(pages_in(contents)) == [page.relative_to(DOCS).as_posix() for page in PAGES]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_the_site_loads_nothing_from_outside(site):
    loading = re.compile(
        r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>|url\(["']?https?:"""
    )
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > len(PAGES)
    assert [path.name for path in files if loading.search(path.read_text(encoding="utf-8"))] == []
