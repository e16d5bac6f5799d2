"""The index of reports in a real browser: searched by keyboard, narrowed by force, type and year, counted aloud."""

from __future__ import annotations

import json

import pytest

from cdi_stats.publishing.index import write_index
from cdi_stats.publishing.theme.reading import read_theme

REPORTS = {
    "kent-2017/inspection": ("Crime data integrity inspection", "Kent Police", "2016-06-01", "2016-11-30"),
    "kent-2018/reinspection": ("Crime data integrity re-inspection", "Kent Police", "2018-04-01", "2018-06-30"),
    "dyfed/inspection": ("Crime data integrity inspection", "Heddlu Dŵr & Môr", "2017-11-01", "2018-02-28"),
    "example/monitoring": ("Monitoring of crime recording", "Example <Police>", "2022-10-01", "2024-08-31"),
}
SHOWN = '[...document.querySelectorAll("tbody tr")].filter(r => r.checkVisibility()).map(r => r.dataset.force)'
STATUS = 'document.querySelector("[role=status]").textContent'


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder of four reports, known by their manifests."""
    folder = tmp_path_factory.mktemp("reports")
    for name, (title, force, start, end) in REPORTS.items():
        facts = {"title": title, "subtitle": f"{force}, audit", "force": force, "date": "2019-01-15"}
        facts |= {"period": {"start": start, "end": end, "words": f"{start} to {end}"}}
        facts |= {"files": {"report.html": "", "report.pdf": ""}}
        facts |= {"theme": {"marking": "OFFICIAL", "draft": "DRAFT"}} if "example" in name else {}
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    return folder


@pytest.fixture(params=["plain", "themed"])
def index(request, chromium, out):
    """The index, open in the browser."""
    theme = [read_theme("example-police")] if request.param == "themed" else []
    write_index(out, *theme)
    chromium.open(out / "index.html")
    return chromium


def choose(chromium, name, value):
    chromium.run(
        f"""(() => {{ const chosen = document.getElementById("_{name}"); chosen.value = {json.dumps(value)};
        chosen.dispatchEvent(new Event("input", {{bubbles: true}})); }})()"""
    )


def search(chromium, words):
    chromium.run('document.getElementById("_words").focus()')
    chromium.type(words)


def test_all_reports_are_listed_at_first(index):
    assert len(index.run(SHOWN)) == 4
    assert index.run(STATUS) == "4 reports"
    assert index.complaints() == []


@pytest.mark.parametrize(
    ("words", "forces", "said"),
    [
        ("KENT", ["Kent Police"] * 2, "2 of 4 reports"),
        ("kent re-inspection", ["Kent Police"], "1 of 4 reports"),
        ("dwr mor", ["Heddlu Dŵr & Môr"], "1 of 4 reports"),
        ("draft official", ["Example <Police>"], "1 of 4 reports"),
        ("no such force", [], "No report fits, of 4 reports"),
        ("   ", 4, "4 reports"),
    ],
)
def test_search_finds_every_word_in_any_order_and_counts(index, words, forces, said):
    search(index, words)
    shown = index.run(SHOWN)
    assert (len(shown) if isinstance(forces, int) else shown) == forces
    assert index.run(STATUS) == said


def test_lists_offer_what_is_there_and_narrow_it(index):
    offered = {
        name: index.run(f'[...document.getElementById("_{name}").options].map(o => o.text)')
        for name in ("force", "kind", "year")
    }
    assert offered == {
        "force": ["All", "Example <Police>", "Heddlu Dŵr & Môr", "Kent Police"],
        "kind": ["All", "Crime data integrity inspection", "Crime data integrity re-inspection",
                 "Monitoring of crime recording"],
        "year": ["All", "2024", "2023", "2022", "2018", "2017", "2016"],
    }  # fmt: skip
    choose(index, "year", "2018")
    assert index.run(SHOWN) == ["Heddlu Dŵr & Môr", "Kent Police"]
    choose(index, "force", "Kent Police")
    assert index.run(SHOWN) == ["Kent Police"]
    choose(index, "kind", "Monitoring of crime recording")
    assert index.run(SHOWN) == []


def test_the_keyboard_is_enough(index):
    """Tab goes from the search through the lists to the button, which shows all and returns to the search."""
    index.run('document.getElementById("_words").focus()')
    index.type("kent")
    index.press("Tab")
    index.press("ArrowDown")
    visited = [index.run("document.activeElement.id")]
    for _ in range(2):
        index.press("Tab")
        visited.append(index.run("document.activeElement.id"))
    assert visited == ["_force", "_kind", "_year"]
    assert index.run(STATUS) == "No report fits, of 4 reports"
    index.press("Tab")
    index.press("Space")
    index.run("new Promise(done => setTimeout(done))")  # fires after the page's own, which was set before it
    assert index.run(STATUS) == "4 reports"
    assert index.run("document.activeElement.id") == "_words"


def test_the_count_is_told_to_screen_readers(index):
    assert index.run('document.querySelector("#_count").getAttribute("role")') == "status"
    labelled = index.run('[...document.querySelectorAll("input, select")].map(e => e.labels.length)')
    assert labelled == [1, 1, 1, 1]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [320, 1200])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(index, width, dark):
    index.look(width=width, dark=dark)
    search(index, "kent")
    assert index.violations() == ()
    assert index.run("document.documentElement.scrollWidth <= window.innerWidth")


def test_print_has_the_list_and_not_the_search(index):
    index.look(media="print", width=794)
    assert index.run('document.querySelector("form").checkVisibility()') is False
    assert len(index.run(SHOWN)) == 4


def test_without_scripts_all_reports_are_listed_and_no_search_is_offered(chromium, out):
    write_index(out)
    form = 'document.querySelector("form").checkVisibility()'
    shown, offered = chromium.without_scripts(out / "index.html", SHOWN, form)
    assert (len(shown), offered) == (4, False)
