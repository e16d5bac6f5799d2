"""Every branch of the wording: each key of wording.toml, a finding made for it, and the very sentence it gives.

tests/data/sentences.toml holds key, case and sentence; a key that no case speaks, or that speaks otherwise, fails.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.prose import REPORTS, recorded, told
from tests.sentence_cases import CASES, Bench

from cdi_stats.report import wording
from cdi_stats.report.blocks import Figure, plain

EXPECTED = tomllib.loads((Path(__file__).parents[1] / "data" / "sentences.toml").read_text(encoding="utf-8"))
BUNDLED = {f"{report} of {audit}": (report, audit) for report, audits in REPORTS.items() for audit in audits}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """Return what a case says, by key; each case is made once."""
    found = {}

    def speak(name):
        if name in BUNDLED:
            return told(*BUNDLED[name])[1]
        if name not in found:
            with recorded() as found[name]:
                CASES[name](Bench(tmp_path_factory.mktemp("case")))
        return found[name]

    return speak


def test_every_key_has_its_sentence_and_no_other():
    assert list(EXPECTED) == list(wording.templates())


def test_every_case_speaks():
    assert {entry["case"] for entry in EXPECTED.values()} - set(CASES) <= set(BUNDLED)


@pytest.mark.parametrize("key", EXPECTED)
def test_a_branch_says_its_sentence(spoken, key):
    assert EXPECTED[key]["says"] in spoken(EXPECTED[key]["case"])[key]


ONE_AND_MANY = {
    "one case, recorded": "The 1 reported crime was recorded (95% interval 20.7% to 100%).",
    "one case, not recorded": "Of 1 reported crime, none was recorded (95% interval 0% to 79.3%).",
    "one of 18": (
        "1 of 18 crimes due in vulnerable-victim records was recorded; on so few cases the 95% interval is wide, 1.0% "
        "to 25.8%."
    ),
    "none of 40 recorded": "None of the 40 reported crimes were recorded (95% interval 0% to 8.8%).",
    "29 cases": "20 of 29 reported crimes were recorded; on so few cases the 95% interval is wide, 50.8% to 82.7%.",
    "30 cases": "20 of 30 reported crimes were recorded: 66.7% (95% interval 48.8% to 80.8%).",
    "one missed crime": "Of the 1 missed crime, the reason given was victim unwilling taken as a bar (1).",
}


@pytest.mark.parametrize("case", ONE_AND_MANY)
def test_one_and_many(spoken, case):
    assert ONE_AND_MANY[case] in [words for said in spoken(case).values() for words in said]


def test_rates_without_limits_lie_within_none(spoken):
    """Where the rates do not vary no limits are set, so that nothing is said of lying within them."""
    assert "series.chart.unlimited" in spoken("all recorded")
    assert spoken("all recorded").keys().isdisjoint({"series.chart.quiet", "title.control.quiet", "series.short.none"})


def test_one_crime_lies_and_many_lie():
    one, many = (Figure("k", n, str(n), "count", "crimes sheet") for n in (1, 5))
    said = [plain(wording.tell("spread.some", missed=n, records=one, sampled=many)) for n in (one, many)]
    assert said == [
        "The 1 missed crime lies in 1 of the 5 records examined.",
        "The 5 missed crimes lie in 1 of the 5 records examined.",
    ]


@pytest.mark.parametrize(
    ("label", "form"),
    [
        ("violent crime", "was"),
        ("sexual offences", "were"),
        ("sexual offences excluding rape", "were"),
        ("crimes against vulnerable victims", "were"),
        ("domestic abuse", "was"),
        ("business loss", "was"),
    ],
)
def test_the_form_that_goes_with_a_label(label, form):
    assert wording.agreeing("was|were", label) == form
