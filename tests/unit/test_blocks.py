"""The parts of a report: frozen, the same after a journey as JSON, and shown in three ways at once."""

from __future__ import annotations

import json
import re
from dataclasses import FrozenInstanceError, fields

import pytest

from cdi_stats.report.blocks import (
    MIME_TYPE,
    Block,
    Bullets,
    Callout,
    Chart,
    Column,
    Figure,
    Heading,
    Judgements,
    Numbered,
    Paragraph,
    Section,
    Statement,
    Strong,
    Table,
    Title,
    figures,
    plain,
    section,
)
from cdi_stats.report.disclosure import Protection
from cdi_stats.report.fragments import html_fragment

RATE = Figure("recording_rate/all/all/rate", 0.836, "83.6%", "percent", "1254 of 1500")
LOW = Figure("recording_rate/all/all/low", 0.815, "81.5%", "percent", "crimes sheet")
TEXT = ("The rate is ", RATE, "; ", Strong(("at least ", LOW)), ".")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>83.6%</text></svg>'
HOSTILE = "<script>alert('&')</script>"
DATA = Table("The rate is 83.6%", (Column("Crime"), Column("Rate", numeric=True)), (("Overall", (RATE,)),))
BLOCKS = (
    Title("Kent Police", "2017-06-15", (("Force", "Kent"), ("Sample", TEXT)), "The registrar"),
    Heading(2, "Summary"),
    Paragraph(TEXT),
    Paragraph("Words alone."),
    Numbered(TEXT),
    Bullets(("One", TEXT)),
    Bullets(("First", "Second"), ordered=True),
    Statement((RATE,), "of reported crime was recorded", ("95% interval from ", LOW)),
    Judgements((("Overall", "Good"),), "Given by the inspectorate."),
    Callout("warning", "Few records", TEXT),
    Table(
        "Rates", (Column("Crime"), Column("Rate", numeric=True)), (("All", (RATE,)), ("Least", (LOW,))), ("A note.",)
    ),
    Chart("The rate is 83.6%", "Share recorded", SVG, "Share recorded. Overall 83.6%.", DATA, (TEXT,)),
    Protection("standard", ("recording_rate/rape/all",)),
)


def names(blocks):
    return [type(block).__name__ for block in blocks]


def test_every_kind_of_block_is_here():
    assert {type(block) for block in BLOCKS} == set(Block.__subclasses__())


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_json_survives_the_journey_and_holds_every_field(block):
    made = block.to_json()
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert set(made) == {"block", *(field.name for field in fields(block))}
    assert made["block"] == block.name
    assert block.to_blocks() == [made]


def test_figures_travel_whole():
    (first, second) = figures([Paragraph(TEXT).to_json()])
    assert first == {
        "figure": "recording_rate/all/all/rate",
        "text": "83.6%",
        "value": 0.836,
        "unit": "percent",
        "source": "1254 of 1500",
    }
    assert second["figure"] == LOW.key
    assert Paragraph(TEXT).to_json()["text"][3] == {"strong": ["at least ", second]}


@pytest.mark.parametrize(("value", "written"), [(9.0, "9"), (-0.0, "0"), (0.5, "0.5"), (1e17, "1e+17")])
def test_a_whole_number_is_written_as_javascript_writes_it(value, written):
    """ECMA-262 knows doubles only and writes 9.0 as 9; a notebook that JupyterLab has saved then holds the same."""
    assert json.dumps(Figure("n", value, "", "count", "crimes sheet").to_json()["value"]) == written


def test_figures_come_in_reading_order():
    keys = [f["figure"] for block in BLOCKS for f in figures([block.to_json()])]
    assert [f["figure"] for f in figures([block.to_json() for block in BLOCKS])] == keys
    assert keys.count(RATE.key) == 9
    assert [f["figure"] for f in figures([BLOCKS[-3].to_json()])] == [RATE.key, LOW.key]


@pytest.mark.parametrize("block", BLOCKS, ids=names(BLOCKS))
def test_shown_in_three_ways_at_once(block):
    bundle = block._repr_mimebundle_()
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    assert bundle[MIME_TYPE] == {"blocks": [block.to_json()]}
    assert json.loads(json.dumps(bundle)) == bundle
    words = [f["text"] for f in figures(block.to_blocks())]
    for text in words:
        assert f">{text}</span>" in bundle["text/html"]
        assert text in bundle["text/plain"]
    assert "<" not in bundle["text/plain"]
    assert re.match(r"\s*<", bundle["text/html"])


def test_a_section_shows_its_blocks_in_order():
    made = section(BLOCKS[1], None, [BLOCKS[2], BLOCKS[3]], Section((BLOCKS[4],)))
    assert tuple(made) == BLOCKS[1:5]
    assert made.to_blocks() == [block.to_json() for block in BLOCKS[1:5]]
    assert section().to_blocks() == []
    assert section()._repr_mimebundle_()[MIME_TYPE] == {"blocks": []}
    assert made._repr_mimebundle_()["text/plain"].index("Summary") == 0


def test_markup_never_travels_in_a_string():
    blocks = [
        Heading(2, HOSTILE),
        Paragraph((HOSTILE, Strong(HOSTILE), Figure(f'"{HOSTILE}', 1.0, HOSTILE, "count", "crimes sheet"))),
        Table(HOSTILE, (Column(HOSTILE),), ((HOSTILE,),), (HOSTILE,)),
        Callout("note", HOSTILE, HOSTILE),
        Statement(HOSTILE, HOSTILE, HOSTILE),
        Title(HOSTILE, "2017-06-15", ((HOSTILE, HOSTILE),), HOSTILE),
        Judgements(((HOSTILE, HOSTILE),), HOSTILE),
        Bullets((HOSTILE,)),
        Chart(HOSTILE, HOSTILE, SVG, HOSTILE, Table(HOSTILE, (Column(HOSTILE),), ((HOSTILE,),)), (HOSTILE,)),
    ]
    page = html_fragment([block.to_json() for block in blocks])
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= len(blocks)


def test_values_are_frozen():
    with pytest.raises(FrozenInstanceError):
        RATE.value = 1.0
    for block in BLOCKS:
        with pytest.raises(FrozenInstanceError):
            setattr(block, fields(block)[0].name, "changed")


def test_plain_reads_without_marks():
    assert plain(TEXT) == "The rate is 83.6%; at least 81.5%."
    assert plain("Words") == "Words"
    assert (str(RATE), str(Strong("so"))) == ("83.6%", "so")
