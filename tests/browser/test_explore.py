"""explore.ipynb in a real JupyterLab: run, every control moved, a bar clicked; the figures are the library's."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.browser.jupyterlab import jupyterlab

from cdi_stats.report.blocks import plain
from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.view import View, look
from cdi_stats.resources import resource

MONTH = "2023-04.xlsx"
# what each control is called, what is chosen, and the view that follows from the one before
MOVES = (
    ("Stratum", "Violent crime", {"stratum": "violence"}),
    ("Flag", "Domestic abuse", {"flag": "domestic_abuse"}),
    ("Bars for", "domains", {"split": "domain"}),
    ("Domain", "Stalking and harassment", {"domain": "stalking and harassment"}),
    ("Method", "Logit", {"method": "logit"}),
    ("Confidence level", "99%", {"confidence_level": 0.99}),
    ("Compare with", "kent-2018", {"earlier": "kent-2018"}),
    ("Measure", "Recorded in time", {"measure": "timeliness", "flag": "all", "domain": "all"}),
    ("Measure", "Recording rate", {"measure": "recording_rate"}),
    ("Stratum", "All strata", {"stratum": "all"}),
    ("Audit", MONTH, {"audit": MONTH}),
    ("District", "Valley", {"district": "Valley"}),
)
START = (
    ("Audit", "kent-2017"),
    ("Compare with", "no other audit"),
    ("Measure", "Recording rate"),
    ("Bars for", "strata"),
    ("Stratum", "All strata"),
    ("Domain", "All domains"),
    ("Flag", "All crimes"),
    ("Method", "Wilson"),
    ("Confidence level", "95%"),
)
SHOWN = """([words, rates]) => {
  const told = document.querySelector('.cdi-explore .sentence')?.innerText.trim();
  const rows = [...document.querySelectorAll('button.row')].map(row => row.getAttribute('aria-label').split(',')[0]);
  return told === words && JSON.stringify(rows) === JSON.stringify(rates);
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab with the notebook open and run, an audit of one month beside it."""
    folder = tmp_path_factory.mktemp("analyst")
    shutil.copy(resource("notebooks", "explore.ipynb"), folder)
    shutil.copy(resource("data", "series", "example-police", MONTH), folder)
    with jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as opened:
        opened.open("explore.ipynb")
        opened.run_all()
        wait_for(opened, View("kent-2017"))
        yield opened


@pytest.fixture(autouse=True)
def quiet(lab):
    """Each test starts at all of Kent 2017, and nothing that it does may be complained of or leave the machine."""
    for label, value in START:
        choose(lab, label, value)
    wait_for(lab, View("kent-2017"))
    yield
    assert lab.complaints() == []


def wait_for(lab, view):
    """Wait until the sentence and the bars on the page are the library's of a view."""
    sight = look(view)
    rates = [f"{label}: {FindingNumbers(finding).rate}" for label, finding in sight.labelled]
    lab.do(lambda page: page.wait_for_function(SHOWN, arg=[plain(sight.sentence), rates]))


def choose(lab, label, value):
    lab.do(lambda page: page.get_by_label(label, exact=True).select_option(label=value))


def test_every_control_moves_the_figures_to_the_librarys(lab):
    view = {"audit": "kent-2017"}
    for label, value, change in MOVES:
        choose(lab, label, value)
        view |= change
        audit = str(Path(lab.folder, MONTH)) if view["audit"] == MONTH else view["audit"]
        wait_for(lab, View(**view | {"audit": audit}))


def test_a_bar_chosen_by_keyboard_shows_its_cases_and_hides_who_they_are(lab):
    lab.do(lambda page: page.locator("button.row[data-key=sexual]").focus())
    lab.do(lambda page: page.keyboard.press("Enter"))
    lab.do(lambda page: page.get_by_text("319 reported crimes", exact=False).first.wait_for())
    assert "S-0256" not in lab.do(lambda page: page.locator(".cdi-explore").first.inner_text())
    lab.do(lambda page: page.get_by_label("Show record ids").check())
    lab.do(lambda page: page.locator("td, th", has_text="S-0256").first.wait_for())
    assert lab.do(lambda page: page.evaluate("document.activeElement.closest('.cdi-explore') !== null"))


def test_more_records_are_answered_as_they_are_typed(lab):
    lab.do(lambda page: page.get_by_label("More records").fill("1000"))
    lab.do(lambda page: page.keyboard.press("Enter"))
    lab.do(lambda page: page.get_by_text("1,000 more records").wait_for())


@pytest.mark.parametrize("button", ["Copy the sentence", "Copy the cell"])
def test_a_text_is_copied(lab, button):
    pressed = lab.do(lambda page: page.get_by_role("button", name=button))
    lab.do(lambda _: pressed.click())
    lab.do(lambda _: pressed.locator("+ [role=status]", has_text="Copied").wait_for())
    copied = lab.do(lambda page: page.evaluate("navigator.clipboard.readText()"))
    if button == "Copy the sentence":
        assert copied == plain(look(View("kent-2017")).sentence)
    else:
        assert copied.splitlines()[-1] == "show_view(audit, **part, **how)"


def test_the_chart_is_saved_as_a_file(lab):
    def save(page):
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the chart").click()
        return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")

    name, svg = lab.do(save)
    assert name == "kent-2017-recording_rate-by-stratum.svg"
    assert svg == look(View("kent-2017")).chart().svg


def test_nothing_is_wider_than_its_cell_in_either_theme(lab):
    wide = """[...document.querySelectorAll('.cdi-explore > *')].filter(one =>
        one.getBoundingClientRect().right > one.closest('.jp-OutputArea').getBoundingClientRect().right + 1
    ).map(one => one.className)"""
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lab.theme(theme)
        assert lab.do(lambda page: page.evaluate(wide)) == []
