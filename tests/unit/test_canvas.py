"""What every picture keeps to: labels inside it, colours that can be seen, words large enough, shapes told apart."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import matplotlib.figure
import pytest
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from tests.bundled import series_at_hand

from cdi_stats.findings.concentration import examine_concentration
from cdi_stats.findings.timeliness import Delays, examine_delays
from cdi_stats.report import canvas, charts, spread_charts
from cdi_stats.report.benchmark import open_benchmark
from cdi_stats.report.blocks import Chart, Column, Figure, Table
from cdi_stats.report.board_paper import open_board_paper
from cdi_stats.report.inspection import open_report
from cdi_stats.report.lettering import Words
from cdi_stats.report.marks import MOST_TOLD, Mark, alt_text, plot_lines, plot_marks
from cdi_stats.report.methods_report import open_methods
from cdi_stats.report.monitoring import open_monitoring
from cdi_stats.report.sample_plan import open_sample_plan

LONG = "Sexual offences excluding rape against vulnerable victims: crimes cancelled and recorded correctly in time"
PRINTED_WIDTH = 168 / 25.4  # inches: A4 less the margins of the PDF (report.typ)
PRINTED_HEIGHT = 195 / 25.4  # its tallest chart


def as_text(figure, words):
    """Return words as matplotlib's own Text, which measures what it is of."""
    moved = ScaledTranslation(words.moved[0] / 72, words.moved[1] / 72, figure.dpi_scale_trans)
    text = Text(*words.place, words.words, ha=words.ha, va=words.va, fontfamily="Inter", fontsize=words.size,
                transform=words.get_transform() + moved)  # fmt: skip
    text.set_figure(figure)
    return text


def collect(patch):
    """Return a list that gets, of every picture drawn, its size and each label with its box, in points."""
    seen = []
    save = matplotlib.figure.Figure.savefig

    def savefig(figure, *args, **options):
        figure.draw_without_rendering()
        found = [as_text(figure, drawn) for drawn in figure.artists if type(drawn) is Words]
        scale = 72 / figure.dpi
        boxes = [(t, [edge * scale for edge in t.get_window_extent().extents]) for t in found]
        seen.append(([side * 72 for side in figure.get_size_inches()], boxes))
        return save(figure, *args, **options)

    patch.setattr(matplotlib.figure.Figure, "savefig", savefig)
    return seen


@pytest.fixture
def labels(monkeypatch):
    """Collect the labels of the pictures that a test draws."""
    return collect(monkeypatch)


@cache
def report(name):
    """Return the charts of a report, drawn once, and their labels."""
    with pytest.MonkeyPatch.context() as patch:
        labels = collect(patch)
        with series_at_hand():
            return REPORTS[name](), labels


def of_report(report, *parts):
    return [block for part in parts for block in getattr(report, part)() if isinstance(block, Chart)]


REPORTS = {
    **{
        f"inspection {name}": lambda name=name: of_report(
            open_report(name, earlier="none"),
            "summary", "overall", "domains", "causes", "concentration", "annual", "timeliness",
        )
        for name in ("kent-2017", "kent-2018", "kent-board-2017")
    },
    "reinspection": lambda: of_report(
        open_report("kent-2018", earlier="kent-2017"), "summary", "overall", "domains", "changes", "timeliness"
    ),
    "board paper": lambda: of_report(open_board_paper("kent-board-2017"), "position", "results"),
    "monitoring": lambda: of_report(
        open_monitoring("example-police"), "chart", "calendar", "trend", "districts", "teams", "check"
    ),
    "benchmark 2017": lambda: of_report(open_benchmark("kent-2017"), "overall", "dates", "other_kind", "measures"),
    "benchmark 2018": lambda: of_report(open_benchmark("kent-2018"), "overall", "dates", "other_kind", "measures"),
    "methods": lambda: of_report(open_methods("kent-2018"), "influence", "months", "forces"),
    "sample plan": lambda: of_report(open_sample_plan("kent-board-2017"), "sizes"),
}  # fmt: skip


def assert_inside(labels):
    assert labels
    for (width, height), boxes in labels:
        outside = [
            (text.get_text(), box)
            for text, box in boxes
            if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height
        ]
        assert outside == []


@pytest.mark.parametrize("name", REPORTS)
def test_no_label_of_a_bundled_report_is_cut_and_each_chart_has_its_data(name):
    drawn, labels = report(name)
    assert drawn
    assert_inside(labels)
    for chart in drawn:
        assert chart.data.rows
        assert {len(row) for row in chart.data.rows} == {len(chart.data.columns)}
        assert re.search(r"\d", chart.alt)
        assert len(chart.alt) < 1600, "read in one breath, or nearly"
    assert len({chart.alt for chart in drawn}) == len(drawn)


@pytest.mark.parametrize("name", REPORTS)
def test_words_beside_the_axes_do_not_touch(name):
    """Labels of lines and of limits; those of points are placed by label_points, which keeps them apart by itself."""
    for _, boxes in report(name)[1]:
        for place, (first, one) in enumerate(boxes):
            for second, other in boxes[place + 1 :]:
                across = min(one[2], other[2]) - max(one[0], other[0])
                down = min(one[3], other[3]) - max(one[1], other[1])
                assert across <= 0.5 or down <= 2.5, (first.get_text(), second.get_text())


def mark(label, value=0.5, low=0.2, high=0.9):
    figures = [Figure(f"{label}/{name}", v, f"{v:.1%}", "percent", "crimes sheet") for name, v in
               (("value", value), ("low", low), ("high", high))]  # fmt: skip
    return Mark(label, *figures)


def test_long_labels_stand_in_lines_inside_the_picture(labels, findings, comparison):
    overall = findings["kent-2018"].overall
    plot_marks([mark(LONG), mark("Short")], lambda axes: canvas.percent_axis(axes, 0, 1))
    charts.rates_chart("Rates", [(LONG, overall), ("Overall", overall)])
    charts.rates_chart("Rates", [(LONG, overall)], [(LONG, comparison.get("recording_rate"))])
    charts.timeliness_chart("In time", 24, [(LONG, overall)])
    charts.annual_chart("A year", [(LONG, findings["kent-2017"].overall)])
    charts.change_chart("Change", "95%", [(LONG, comparison.get("recording_rate"))] * 3)
    assert_inside(labels)
    assert any("\n" in text.get_text() for _, boxes in labels for text, _ in boxes)


def test_long_words_in_the_margin_leave_room_for_curves(labels, bundled):
    rows = [(LONG, examine_concentration(bundled["kent-2017"], stratum=name)) for name in ("violence", "sexual")]
    spread_charts.concentration_chart("Concentration", rows)
    delays = [replace(d, label=LONG) for d in examine_delays(bundled["kent-2018"])]
    spread_charts.delays_chart("Hours", 24, delays, [])
    assert_inside(labels)


@pytest.mark.parametrize("ha", ["left", "center", "right"])
@pytest.mark.parametrize("va", ["top", "center", "bottom", "baseline", "center_baseline"])
def test_words_stand_where_matplotlib_sets_a_text(va, ha):
    """Its layout is the authority; to several lines it gives no anchor, so that their heights are compared."""

    def draw(axes):
        for words in ("alone", "first\nsecond\nthird"):
            canvas.write(axes, (0.3, 0.6), words, moved=(7, -5), ha=ha, va=va)
        for words in [drawn for drawn in axes.figure.artists if type(drawn) is Words]:
            axes.figure.add_artist(as_text(axes.figure, words))
        canvas.name_ticks(axes.xaxis, [], [])
        canvas.name_ticks(axes.yaxis, [], [])

    at = {}
    for attributes, word in re.findall(r"<text ([^>]*)>(\w+)</text>", canvas.svg(6, draw, grid="")):
        where = re.search(r'x="([\d.]+)" y="([\d.]+)"|translate\([\d.]+ ([\d.]+)\)', attributes)
        at.setdefault(word, []).append([float(number) for number in where.groups() if number])
    assert set(at) == {"alone", "first", "second", "third"}
    assert at["alone"][0] == pytest.approx(at["alone"][1], abs=0.01)
    for ours, theirs in at.values():
        assert ours[1] == pytest.approx(theirs[-1], abs=0.01)


@pytest.mark.parametrize("letter", ["漢", "\u202e", "\n", "😀", "\ue000"])
def test_a_letter_that_the_typeface_lacks_has_a_width_and_can_be_written(letter):
    assert 0 <= canvas.text_width(letter) <= 2 * canvas.SIZE
    picture = canvas.svg(3, lambda axes: canvas.write(axes, (0.5, 0.5), f"a{letter}", ground=True))
    assert f">a{letter.strip()}</text>" in picture


def test_words_beside_a_limit_without_end_are_not_drawn():
    def draw(axes):
        axes.set_ylim(0, 1)
        for height in (0.5, float("inf"), float("nan")):
            canvas.write(axes, (0.5, height), f"at {height}")

    picture = canvas.svg(3, draw)
    assert "at 0.5" in picture
    assert "at inf" not in picture
    assert "at nan" not in picture


def test_a_sheet_made_ahead_gives_the_same_picture_and_is_drawn_on_once():
    def draw(axes):
        canvas.percent_axis(axes, 0.2, 0.9)
        axes.plot([0.3, 0.8], [0, 1], color=canvas.NOW)
        canvas.write(axes, (0.5, 0.5), "Words", ground=True)

    plain = canvas.svg(3, draw, 0.2, 0.3)
    canvas.make_sheets(1)
    assert canvas.svg(3, draw, 0.2, 0.3) == plain
    assert canvas.svg(3, draw, 0.2, 0.3) == plain


@pytest.mark.parametrize(("grid", "lines"), [("", 0), ("x", 1), ("y", 1), ("xy", 2)])
def test_scales_name_the_ticks_between_their_ends_and_lines_cross_from_those_asked_for(labels, grid, lines):
    def draw(axes):
        axes.set_xlim(0.5, 3.0)
        axes.set_ylim(2.0, 0.0)
        canvas.name_ticks(axes.xaxis, [0, 1, 2, 3, 4], ["none", "one", "two", "three", "four"])
        canvas.name_ticks(axes.yaxis, [0, 1, 2, 3], ["top", "middle", "bottom", "beyond"])
        axes.set_xlabel("Name")

    picture = canvas.svg(6, draw, grid=grid)
    shown = [label.get_text() for label, _ in labels[-1][1]]
    assert shown == ["one", "two", "three", "top", "middle", "bottom", "Name"]
    assert picture.count(f"stroke: {canvas.GRID}") == lines


def test_a_label_is_as_wide_as_it_is_measured(labels):
    """The margins stand on text_width; matplotlib's own extents are its judge."""
    words = ["Sexual offences excluding rape", "83.6% (81.5% to 85.5%)", "Wirral – £1,200", "I", "100%"]
    plot_lines(words, words, lambda axes: canvas.percent_axis(axes, 0, 1))
    ((_, boxes),) = labels
    measured = {text.get_text(): box[2] - box[0] for text, box in boxes}
    for text in words:
        assert canvas.text_width(text) == pytest.approx(measured[text], abs=1.5)


def test_wrapped_lines_keep_all_words_and_the_width():
    lines = canvas.wrapped(LONG, 120).split("\n")
    assert " ".join(lines) == LONG
    assert len(lines) > 2
    assert all(canvas.text_width(line) <= 120 for line in lines)
    assert canvas.wrapped("Unbreakable" * 20, 50) == "Unbreakable" * 20
    assert canvas.wrapped("", 50) == ""


def luminance(colour):
    """Return relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("ground", ["PAPER", "BAND"])
@pytest.mark.parametrize("colour", ["NOW", "BEFORE", "INK", "TEAL", "GREY"])
def test_what_carries_meaning_can_be_seen(colour, ground):
    """WCAG 2.2, 1.4.11: 3:1 for graphics; 1.4.3: 4.5:1 for the words, which are all in ink."""
    least = 4.5 if colour == "INK" else 3
    assert contrast(getattr(canvas, colour), getattr(canvas, ground)) >= least


def test_ink_and_edges_can_be_seen_on_bars():
    assert contrast(canvas.INK, canvas.BAR) >= 3
    assert contrast(canvas.NOW, canvas.BAR) >= 3


def test_series_are_told_apart_without_colour():
    """In print without colour only the dash is left."""
    dashes = [dash for _, dash in canvas.LINES]
    assert len(set(dashes)) == len(dashes)


def test_no_colour_stands_elsewhere_than_on_the_canvas():
    known = {getattr(canvas, name) for name in ("NOW", "BEFORE", "INK", "TEAL", "GREY", "PAPER", "BAR", "BAND")}
    known |= {canvas.FAINT, canvas.GRID}
    for drawn in (report("inspection kent-2017")[0], report("monitoring")[0]):
        for chart in drawn:
            assert set(re.findall(r"#[0-9a-f]{6}\b", chart.svg)) <= known


@pytest.mark.parametrize("name", REPORTS)
def test_words_are_eight_points_and_more_in_print(name):
    for chart in report(name)[0]:
        size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', chart.svg).groups()
        width, height = (float(side) / 72 for side in size)
        scale = min(PRINTED_WIDTH / width, PRINTED_HEIGHT / height, 1.0)
        styles = re.findall(r'<text [^>]*style="([^"]*)"', chart.svg)
        assert styles
        assert min(float(size) for size in re.findall(r"font-size: ([\d.]+)px", " ".join(styles))) * scale >= 8
        assert {re.search(r"font-family: ([^;]*)", style)[1] for style in styles} == {"'Inter', sans-serif"}


# What is told of many rows.


def table(rows, *headers):
    return Table("T", tuple(Column(header) for header in ("Kind", *headers)), tuple(rows))


def test_a_value_with_its_range_reads_as_people_write_it():
    data = table([("Overall", "83.6%", "81.5% to 85.5%"), ("Rape", "91.1%", "")], "Rate", "95% interval")
    assert alt_text("Rates", data) == "Rates. Overall 83.6% (81.5% to 85.5%); Rape 91.1%."


def test_several_values_and_several_ranges_each_bear_their_header():
    data = table([("A", "1", "2")], "Crimes", "Missed")
    assert alt_text("S", data) == "S. A: crimes 1, missed 2."
    data = table([("A", "1", "0 to 2", "0 to 3")], "Rate", "Limits at one look", "Limits at every look")
    assert alt_text("S", data) == "S. A 1 (limits at one look 0 to 2; limits at every look 0 to 3)."


def test_of_many_rows_the_named_are_told_and_their_number():
    rows = [(f"Force {place}", f"{place}%") for place in range(MOST_TOLD + 1)]
    assert alt_text("S", table(rows[:-1], "Rate")).count(";") == MOST_TOLD - 1
    data = table(rows, "Rate")
    assert alt_text("S", data, (3, 7)) == f"S. {MOST_TOLD + 1} are shown, among them: Force 3 3%; Force 7 7%."
    assert alt_text("S", data).endswith(f"among them: Force 0 0%; Force {MOST_TOLD} {MOST_TOLD}%.")


def test_nothing_and_one_row_can_be_drawn_and_told(labels):
    assert alt_text("S", table([], "Rate")) == "S. Nothing is shown."
    assert "<svg" in plot_lines([], [], lambda axes: canvas.percent_axis(axes, 0, 1))
    assert "<svg" in plot_marks([mark("One")], lambda axes: canvas.percent_axis(axes, 0, 1))
    assert_inside(labels)


def test_labels_are_moved_apart_up_and_down_from_the_top():
    assert canvas.apart([1, 1.1, 5], 1) == [1, 2, 5]
    assert canvas.apart([9.5, 9.6, 9.7], 1, 10) == [8, 9, 10]
    assert canvas.apart([], 1, 10) == []


# Delays.


def test_delays_are_the_empirical_distribution(bundled):
    """Against numpy: the share of hours at or below each time."""
    import numpy as np

    audit = bundled["kent-2018"]
    crimes = audit.crimes[audit.crimes["recorded"].astype(bool)]
    for delays in examine_delays(audit):
        rows = crimes[crimes["stratum"] == delays.stratum]
        hours = ((rows["recorded_at"] - rows["reported_at"]).dt.total_seconds() / 3600).dropna().to_numpy()
        assert np.allclose(delays.hours, np.sort(hours))
        for time in (0, 0.5, 1, 24, 72, 1e6):
            assert delays.share_within(time) == np.mean(hours <= time)


def test_at_the_limit_the_curve_has_the_findings_own_rate(bundled, findings):
    """Kent 2018: 133 of 292 violent crimes within 24 hours, as the inspectorate printed."""
    timely = [row for row in findings["kent-2018"].of("timeliness") if row.stratum != "all"]
    (row,) = [row for row in timely if row.stratum == "violence"]
    chart = spread_charts.delays_chart("Hours", 24, examine_delays(bundled["kent-2018"]), timely)
    (at_limit,) = [r for r in chart.data.rows if r[0] == "within 24 hours"]
    assert (row.done, row.due) == (133, 292)
    assert at_limit[1][0].key == "timeliness/all/violence/rate"
    assert at_limit[1][0].value == row.estimate.rate


def test_audits_without_times_have_no_delays(bundled):
    assert examine_delays(bundled["kent-2017"]) == ()


def test_a_stratum_judged_in_part_by_the_auditor_keeps_a_figure_of_its_own(findings):
    import numpy as np

    timely = [row for row in findings["kent-2018"].of("timeliness") if row.stratum == "violence"]
    delays = Delays("violence", "violent crime", np.array([1.0, 30.0]), untimed=3)
    chart = spread_charts.delays_chart("Hours", 24, [delays], timely)
    (at_limit,) = [r for r in chart.data.rows if r[0] == "within 24 hours"]
    assert (at_limit[1][0].key, at_limit[1][0].text) == ("delays/violence/within_24", "50.0%")
