"""One document with every block, long tables and hostile strings, for all writers' tests."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

import cdi_stats.report
from cdi_stats.publishing.document import Document
from cdi_stats.report.blocks import (
    Block,
    Bullets,
    Callout,
    Chart,
    Column,
    Figure,
    Heading,
    Json,
    Judgements,
    Numbered,
    Paragraph,
    Statement,
    Strong,
    Table,
    Title,
)
from cdi_stats.report.marks import Mark

HOSTILE = (
    "<script>alert(1)</script>",
    '#panic("x")',
    "*bold*",
    "$x$",
    "{{7*7}}",
    "`code` @label <tag> // = heading",
    "“quoted” 'single' & \"double\"",
)
ELSEWHERE = ("تسجيل الجرائم", "רישום פשעים", "🚔", "犯罪")
LONG_WORD = "Straftatbestandsaufnahmeverfahrensüberprüfungsausschusssitzungsprotokollführer"
FONTS = Path(cdi_stats.report.__file__).parent / "fonts"


def rate(key: str, value: float) -> Figure:
    """Return a share as a figure in percent."""
    return Figure(key, value, f"{value:.1%}", "share", "crimes sheet")


def chart_svg(title: str) -> str:
    """Return a chart as the project draws them: text as text, in Inter, the same bytes each time."""
    import matplotlib
    from matplotlib import font_manager
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    for face in FONTS.glob("*.otf"):
        font_manager.fontManager.addfont(face)
    style = {"svg.fonttype": "none", "svg.hashsalt": "cdi-stats", "font.family": "Inter", "font.size": 9}
    with matplotlib.rc_context(style):
        figure = Canvas(figsize=(6.6, 2.6))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.22, 0.19, 0.75, 0.78))
        axes.errorbar([83.6, 79.2, 90.3], [2, 1, 0], xerr=[1.9, 3.3, 3.0], fmt="o", color="#0f2a47", capsize=3)
        axes.axvline(90, color="#a15c00", linestyle="--")
        axes.set_yticks([0, 1, 2], ["Sexual offences", "Violence", "All reported crime"])
        axes.set_xlabel(title, weight="semibold")
        axes.spines[["top", "right"]].set_visible(False)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _statement(key: str, value: float, what: str) -> Statement:
    return Statement(
        (rate(key, value),),
        ("of reported ", Strong(what), " was recorded"),
        (
            "95% interval ",
            rate(f"{key}_low", value - 0.018),
            " to ",
            rate(f"{key}_high", value + 0.017),
            "; 1,500 crimes.",
        ),
    )


def _long_table() -> Table:
    rows = tuple(
        (
            f"District {number:02d}",
            f"{number * 37:,}",
            f"{number * 31:,}",
            (rate(f"district_{number}", 31 / 37),),
            "Recorded late; the call was closed as advice given" if number % 7 == 0 else "None",
        )
        for number in range(1, 61)
    )
    columns = (
        Column("District", width=1.2),
        Column("Reported", numeric=True),
        Column("Recorded", numeric=True),
        Column("Recording rate", numeric=True),
        Column("Remark", width=2.4),
    )
    return Table("Recording by district", columns, rows, ("Districts with fewer than ten records are joined.",))


def _wide_table() -> Table:
    names = [f"Measure of quarter {quarter}" for quarter in range(1, 10)]
    columns = (Column("Offence group"), *(Column(name, numeric=True) for name in names))
    rows = tuple((group, *(f"{1000 + place:,}" for place in range(9))) for group in ("Violence", LONG_WORD, "Theft"))
    return Table("Nine measures", columns, rows)


def _hostile_data() -> Table:
    return Table(HOSTILE[1], (Column(HOSTILE[4]), Column("Number", numeric=True)), tuple((t, "1") for t in HOSTILE))


def _blocks() -> tuple[Block, ...]:
    hostile = (Column("What was written"), Column("Number", numeric=True))
    small = (Column("Question", width=2), Column("Answer", numeric=True))
    return (
        Title(
            "Kent Police",
            "2017-12-06",
            (
                ("Inspected", "1 June to 30 November 2016"),
                (
                    "Sample",
                    (
                        "1,254 of ",
                        Figure("reported", 1500, "1,500", "crimes", "crimes sheet"),
                        " crimes in 2,310 records",
                    ),
                ),
                ("Prepared by", "Force crime registrar"),
                ("Counting rules", "Version of April 2016"),
            ),
            "Office of the Force Crime Registrar",
        ),
        Judgements(
            (
                ("Overall judgement", "Inadequate"),
                ("How effective is the force at recording reported crime?", "Inadequate"),
                ("How efficiently do the systems and processes support accurate recording?", "Requires improvement"),
                ("How well does the force demonstrate leadership and culture?", "Good"),
            ),
            "Judgements are given by the inspectorate; they are not computed from the figures in this report.",
        ),
        Heading(2, "Summary"),
        Paragraph(
            (
                "The force records ",
                rate("rate_overall", 0.836),
                " of reported crime. ",
                Strong(
                    (
                        "About ",
                        Figure("unrecorded", 24_312.4, "24,300", "crimes", "crimes sheet"),
                        " crimes a year go unrecorded.",
                    )
                ),
                " Violence is recorded least often, and victims of domestic abuse are hit hardest by it.",
            )
        ),
        _statement("all", 0.836, "crime"),
        _statement("violence", 0.792, "violence against the person"),
        _statement("sexual", 0.902, "sexual offences, rape included"),
        Callout("warning", "Two records weigh heavily", ("Without them the rate is ", rate("without_two", 0.871), ".")),
        Callout("note", "How to read a range", "Ninety-five of a hundred such samples hold the true rate."),
        Heading(2, "How effective is the force at recording reported crime?"),
        Heading(3, "Overall recording rate"),
        Paragraph("The rate is worked out from the crimes that should have been recorded under the counting rules."),
        Statement(
            (Figure("cost", 10_600, "10,600", "crimes", "crimes sheet"),),
            "violent crimes a year go unrecorded",
            "Range 8,900 to 12,300.",
        ),
        Chart(
            "Violence is recorded less often than sexual offences",
            "Recording rate with 95% interval, per cent; dashed: 90%",
            chart_svg("Recorded, per cent of reported"),
            "Dot chart. All crime 83.6%, violence 79.2%, sexual offences 90.2%; only sexual offences reach 90%.",
            Table(
                "Violence is recorded less often than sexual offences",
                (Column("Crime"), Column("Rate", numeric=True), Column("95% interval", numeric=True)),
                (
                    ("All crime", (rate("rate_overall", 0.836),), "81.8% to 85.3%"),
                    ("Violence", (rate("violence", 0.792),), (rate("violence_low", 0.774), " to ", "80.9%")),
                ),
            ),
            ("Source: audited records, June to November 2016.",),
        ),
        Heading(3, "Causes"),
        Heading(4, "Officers’ knowledge"),
        Bullets(("Calls closed without a crime", ("Recorded late: ", rate("late", 0.084)), "Duplicates")),
        Heading(4, "Supervision"),
        Bullets(("Listen to the call.", ("Count the ", Strong("crimes"), "."), "Compare."), ordered=True),
        Numbered(("The board is asked to note that ", rate("board", 0.836), " of crime is recorded. " * 8)),
        Heading(3, "Districts"),
        _long_table(),
        Heading(2, "What people wrote"),
        Paragraph(f"A word that fits no line: {LONG_WORD}{LONG_WORD}."),
        Table("Texts that are only text", hostile, tuple((text, "1") for text in (*HOSTILE, *ELSEWHERE))),
        Paragraph(" ".join(HOSTILE)),
        Heading(3, HOSTILE[0]),
        Chart(HOSTILE[1], HOSTILE[0], chart_svg("#panic <b>"), f"{HOSTILE[0]} {HOSTILE[6]}", _hostile_data()),
        Heading(2, "Annex"),
        Numbered("The next audit is planned for June."),
        Numbered(("Its sample will be ", Strong("larger"), ".")),
        Table("Two questions", small, (("Records sampled", "2,310"), ("Crimes audited", "1,500"))),
        _wide_table(),
        Paragraph(
            "Crimes are clustered in records, so the effective sample is smaller than the count of crimes. " * 12
        ),
    )


def _numbered(blocks: Iterable[Block]) -> tuple[Json, ...]:
    seen: Counter[str] = Counter()
    made = []
    for block in blocks:
        seen[block.name] += 1
        extra: Json = {"id": f"section-{seen['heading']}"} if block.name == "heading" else {}
        if block.name in {"table", "chart", "numbered"}:
            extra = {"number": seen[block.name]}
        made.append(block.to_json() | extra)
    return tuple(made)


@pytest.fixture(scope="session")
def sample() -> Document:
    """A report with every kind of block."""
    return sample_document()


@pytest.fixture(scope="session")
def hostile() -> tuple[str, ...]:
    """Strings that would be markup in HTML, Jinja or Typst."""
    return HOSTILE


@pytest.fixture(scope="session")
def elsewhere() -> tuple[str, ...]:
    """Words in other scripts, and an emoji."""
    return ELSEWHERE


@pytest.fixture(scope="session")
def long_word() -> str:
    """A word that the sample holds twice in a row, longer than a line."""
    return LONG_WORD


def changes_svg() -> str:
    """Return a picture of two changes, one of them of an earlier audit, drawn as the reports' own charts are."""
    from cdi_stats.report.charts import differences_chart

    def mark(label: str, *values: float, earlier: bool = False) -> Mark:
        value, low, high = (
            Figure(f"{label}/{n}", v, f"{100 * v:+.0f}", "points", "crimes sheet") for n, v in enumerate(values)
        )
        return Mark(label, value, low, high, earlier)

    marks = [mark("Overall", 0.1, 0.05, 0.15), mark("Rape", -0.1, -0.2, 0.0, earlier=True)]
    return differences_chart("Changes", "Points", "95%", marks).svg


def sample_document() -> Document:
    """Return the sample, as publish.document would make it from a notebook."""
    return Document(
        title="Crime data integrity inspection",
        subtitle="Kent Police",
        date="2017-12-06",
        author="Office of the Force Crime Registrar",
        blocks=_numbered(_blocks()),
    )
