"""Kent's paper to the Commissioner's board, 6 December 2017: what data can carry of its paragraphs 4 to 12.

The paragraph of the source is named beside each. Authority: the source document, and the domain page for the margins.
"""

from __future__ import annotations

import pytest

from cdi_stats.report.blocks import Bullets, Chart, Numbered, Table, figures, plain
from cdi_stats.report.board_paper import open_board_paper

SECTIONS = (
    *("title", "introduction", "position", "method", "samples", "results", "causes", "other_measures", "trend"),
    *("precision", "next_steps", "decision_asked", "annex"),
)


@pytest.fixture(scope="module")
def paper():
    return open_board_paper("kent-board-2017")


@pytest.fixture(scope="module")
def told(paper):
    """Return {section: its words, tables read row by row}."""

    def words(block):
        if isinstance(block, Numbered):
            return plain(block.text)
        if isinstance(block, Bullets):
            return " ".join(map(plain, block.points))
        if isinstance(block, Table):
            return " ".join(" | ".join(map(plain, row)) for row in block.rows)
        return ""

    return {name: " ".join(filter(None, map(words, getattr(paper, name)()))) for name in SECTIONS}


def test_heading_to_date_title_and_from(paper):
    (title, *_) = paper.title()
    facts = dict(title.facts)
    assert list(facts) == ["To", "Date", "Title", "From"]
    assert facts["To"] == "Commissioner's Performance and Delivery Board"
    assert facts["Date"] == "6 December 2017"
    assert facts["From"] == "Chief Constable's office"


def test_paragraph_4_recommendations_beside_their_progress(paper, told):
    recommendations, areas = (block for block in paper.position() if isinstance(block, Table))
    assert len(recommendations.rows) == 7, "HMICFRS made seven recommendations"
    assert len(areas.rows) == 1, "and highlighted one area for improvement"
    assert all(plain(row[3]) for row in (*recommendations.rows, *areas.rows)), "each with its progress"
    assert "four are complete" in told["position"]


@pytest.mark.parametrize(
    "statement",
    [
        "violent crime, 9 to 20 September 2017",
        "all other crime, 9 to 20 September 2017",
        "sexual offences, 1 July to 20 September 2017",
        "already checked in their daily work",
        "by opening code, with the search used in earlier audits and by the inspectorate",
        "a variation of its workbook that was agreed",
        "Auditors listened to calls",
        "Data Quality Audit Manual",
        "margin of error of ±3.0 points at 95% confidence",
    ],
)
def test_paragraphs_5_and_6_how_the_audit_was_made(told, statement):
    assert statement in told["method"]


@pytest.mark.parametrize(
    "statement",
    [
        "Violent crime: 228 records reviewed",
        "Sexual offences: 213 records reviewed",
        "All other crime: 228 records reviewed",
    ],
)
def test_paragraph_7_sample_sizes(told, statement):
    assert statement in told["samples"]


@pytest.mark.parametrize(
    "statement",
    [
        "644 of 717 reported crimes were recorded: 89.8%",
        "199 of 216 reported crimes were recorded: 92.1%",
        "222 of 266 reported crimes were recorded: 83.5%",
        "223 of 235 reported crimes were recorded: 94.9%",
        "its unit is the crime, not the record",
    ],
)
def test_paragraph_8_compliance(told, statement):
    assert statement in told["results"]


def test_paragraph_8_what_the_paper_could_not_say(told):
    assert "pools the crimes as they fell in the sample" in told["results"]
    assert told["results"].count("95% interval") >= 4, "no rate without its interval"


def test_paragraph_9_every_violent_miss_was_opened_as_domestic(told):
    assert "Every one of the 17 missed crimes was in a record first opened as “domestic”" in told["causes"]


def test_paragraph_10_two_incidents_carry_the_sexual_result(told):
    assert "Two records carry this result" in told["causes"]
    assert "instances of inciting sexual activity and of sexual messages" in told["causes"]


def test_paragraph_11_most_other_misses_were_criminal_damage(told):
    assert "11 of the 12 missed crimes were criminal damage" in told["causes"]


def test_paragraph_12_safeguarding_in_every_case(told):
    assert "All 73 crimes not recorded had safeguarding considered" in told["other_measures"]
    assert "a clear sign of improvement" in told["position"]


def test_planned_margins_beside_those_achieved(paper):
    (table,) = [block for block in paper.precision() if isinstance(block, Table)]
    assert [tuple(map(plain, row[1:3])) for row in table.rows] == [("±3.0", "±3.6"), ("±3.0", "±4.5"), ("±3.0", "±2.9")]


def test_every_figure_has_one_value_in_the_whole_paper(paper):
    seen: dict[str, float] = {}
    for name in SECTIONS:
        for figure in figures(getattr(paper, name)().to_blocks()):
            assert seen.setdefault(figure["figure"], figure["value"]) == figure["value"]
    assert seen


def test_results_are_shown_as_a_chart_too(paper):
    assert any(isinstance(block, Chart) for block in paper.results())
