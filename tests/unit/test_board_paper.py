"""Every branch of the board paper's sentences, on audits small enough to count by hand."""

from __future__ import annotations

import pytest

from cdi_stats.findings.missed import examine_common
from cdi_stats.report.blocks import plain
from cdi_stats.report.board_paper import open_board_paper


@pytest.fixture
def paper(make_tables, save):
    """Return the paper of a small audit; `change` edits its tables first."""

    def make(records, change=None, *, options=None, name="small", **sheets):
        tables = make_tables(records, **sheets)
        if change:
            change(tables)
        return open_board_paper(str(save(tables, name)), **({"disclosure": "public"} | (options or {})))

    return make


def words(section):
    return " ".join(
        plain(block.text) if hasattr(block, "text") else str(block.to_json())
        for block in section
        if block.name != "chart"
    )


def missed(reasons=None, offences=None, codes=None):
    """Return what fills the missed crimes' columns in turn, and the records' opening codes."""

    def fill(tables):
        crimes = tables["crimes"]
        rows = crimes.index[crimes["recorded"] == "no"]
        for column, values in (("reason", reasons), ("offence", offences)):
            for row, value in zip(rows, values or (), strict=False):
                crimes.loc[row, column] = value
        if codes:
            tables["records"]["opening_code"] = codes

    return fill


MISSES = {"a": [(1, 0), (1, 0), (1, 0), (1, 1), (1, 1), (1, 1)]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (missed(offences=["theft"] * 3), "All 3 missed crimes were of one kind: theft."),
        (missed(offences=["theft", "theft", "robbery"]), "2 of the 3 missed crimes were theft."),
        (missed(reasons=["not sent"] * 3), "The reason was the same for all 3: not sent to the recording unit."),
        (missed(reasons=["not sent", "not sent", "images"]), "The reason given most often, for 2 of 3, is: not sent"),
        (
            missed(codes=["Domestic"] * 6),
            "Every one of the 3 missed crimes was in a record first opened as “domestic”.",
        ),
        (missed(codes=["Row"] * 2 + ["x"] + ["Row"] * 3), "2 of the 3 missed crimes were in records first opened as"),
    ],
)
def test_what_missed_crimes_share_is_said(paper, change, said):
    assert said in words(paper(MISSES, change).causes())


@pytest.mark.parametrize(
    "change",
    [
        missed(offences=["theft", "robbery", "arson"]),
        missed(reasons=["none given"] * 3),
        missed(codes=["j smith", "j smith", "j smith", "d", "e", "f"]),
    ],
    ids=["nothing shared", "no reason given", "a code that few records bear"],
)
def test_what_is_not_shared_or_might_name_someone_is_not(paper, change):
    found = paper(MISSES, change)
    assert examine_common(found.report.audit, "a") == {}
    assert "j smith" not in words(found.causes())


def test_further_crimes_are_told_by_offence(paper):
    records = {"a": [(3, 1), (2, 1), (1, 0), (1, 1)]}
    told = words(paper(records, missed(offences=["theft", "theft", "robbery", "arson"])).causes())
    assert "Missed most often as a further crime: theft (2 of 2) and robbery (1 of 1)." in told
    assert "none could be missed beside another" in words(paper(MISSES, name="single").causes())


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("causes", "No crime was missed."),
        ("trend", "no trend can be told"),
        ("precision", "No margin of error was planned"),
        ("next_steps", "No further steps have been entered"),
        ("decision_asked", "asked to note these results"),
        ("other_measures", "measured recording rates alone"),
    ],
)
def test_what_an_audit_lacks_is_said(paper, section, said):
    assert said in words(getattr(paper({"a": [(1, 1), (1, 1), (2, 2)]}), section)())


def test_an_audit_known_by_totals_has_a_paper_too(paper):
    counts = [{"measure": "recording_rate", "stratum": "a", "reported": 100, "recorded": 90}]

    def totals(tables):
        tables["strata"]["records_sampled"] = 80

    found = paper({"a": []}, totals, counts=counts)
    assert "Only totals are known" in words(found.causes())
    assert "90 of 100" in words(found.results())


def test_who_it_is_to_and_from_and_what_is_asked_may_be_given(paper):
    options = {"to": "The mayor", "sender": "The registrar", "decision": "Approve the plan."}
    found = paper({"a": [(1, 1), (1, 0)]}, options=options)
    facts = dict(next(iter(found.title())).facts)
    assert (facts["To"], facts["From"]) == ("The mayor", "The registrar")
    assert words(found.decision_asked()) == "Approve the plan."


def test_words_entered_stand_where_they_belong(paper):
    context = [
        {"section": code, "text": f"Entered for {code}."} for code in ("summary", "a", "training", "decision", "next")
    ]
    del context[1]
    found = paper({"a": [(1, 1), (1, 0)]}, context=context)
    for section, code in (("introduction", "summary"), ("other_measures", "training"), ("decision_asked", "decision"),
                          ("next_steps", "next")):  # fmt: skip
        assert f"Entered for {code}." in words(getattr(found, section)())


def test_the_trend_is_told_against_an_earlier_audit():
    found = open_board_paper("kent-2018")
    assert "83.6%" in words(found.trend())
    assert "96.6%" in words(found.trend())
