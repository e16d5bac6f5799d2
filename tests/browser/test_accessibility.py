"""Each page in a browser: no fault that axe-core knows, no sideways scrolling, words in charts that can be read.

Authority: WCAG 2.2 AA: 1.4.3 contrast, 1.4.10 reflow at 320 pixels; axe-core's own rules and best practices beside.
"""

from __future__ import annotations

import pytest
from tests.browser.chromium import NARROW, Seen, View
from tests.publications.examples import EXAMPLES

VIEWS = [
    View("light", 1400),
    View("light", NARROW),
    View("dark", 1400),
    View("dark", NARROW),
    View("light", 1400, "print"),
]
NOTHING = Seen((), 0, ())


def faults(chromium, path):
    """Return what is wrong with a page, by view."""
    assert chromium.open(path) == []
    seen = {view: chromium.see(view) for view in VIEWS}
    return {view: found for view, found in seen.items() if found != NOTHING}


def test_every_reports_page_can_be_read_by_everyone(chromium, publication):
    assert faults(chromium, publication.files["html"]) == {}


def test_the_index_can_be_read_by_everyone(chromium, published, out):
    for report in EXAMPLES:
        published(report)
    assert faults(chromium, out / "index.html") == {}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<p style="color:#aaa">pale</p>', "color-contrast"),
        ("<table><tr><td></td></tr></table><img src='data:,'>", "image-alt"),
        ('<svg width="90" height="30" style="background:#222"><text y="20" fill="#111">dark</text></svg>', "dark: 1.2"),
        ('<svg width="90" height="30"><text y="20" fill="#999">faint</text></svg>', "faint: 2.8"),
        ('<div style="width:2000px">wide</div>', "excess=6"),
    ],
)
def test_what_is_looked_for_is_found(chromium, tmp_path, body, rule):
    path = tmp_path / "page.html"
    around = '<html lang="en"><title>t</title><style>body{{margin:0}}</style><main><h1>h</h1>{}</main>'
    path.write_text(around.format(body), encoding="utf-8")
    chromium.open(path)
    assert rule in str(chromium.see(View()))
