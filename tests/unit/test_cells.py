"""Cells as people type them in the UK: a value is read as meant, or refused; never as something else."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from cdi_stats.audit import cells
from cdi_stats.audit.archive import Flaw

JUNE = datetime(2018, 6, 30)
LATE = datetime(2018, 6, 30, 14, 5)


def read(kind, *given):
    return cells.parse_column(kind, list(given))


@pytest.mark.parametrize(
    "written",
    [
        *("30/06/2018", "30/6/2018", "30-06-2018", "30.06.2018", "30/06/18", "30 06 2018", "2018-06-30", "2018/06/30"),
        *("20180630", "30 June 2018", "30 Jun 2018", "30-Jun-2018", "30-Jun-18", "30th June 2018", "30 JUNE 2018"),
        *("Saturday 30 June 2018", "Sat, 30 Jun 2018", "Sat 30/06/2018", "June 30, 2018", "30Jun2018", " 30/06/2018 "),
        *("43281", "43281.0", "30/06/2018 00:00", "30/06/2018\xa0", "30/06/2018 00:00:00"),
    ],
)
def test_dates_in_uk_order(written):
    assert read("date", written) == ([JUNE], [])


@pytest.mark.parametrize(
    "written",
    [
        *("30/06/2018 14:05", "30/06/2018 14:05:00", "30/06/2018 2:05 PM", "30/06/2018 2.05pm", "30/06/2018 1405"),
        *("2018-06-30T14:05", "2018-06-30 14:05:00.000", "30 June 2018 at 14:05", "30 Jun 2018, 14:05", "43281.586806"),
        *("30.06.18 14:05", "30.06.18 14.05.00", "14:05 30/06/2018", "2.05pm on 30.6.18", "14:05 Sat 30 June 2018"),
        *("30/06/2018 - 14:05", "30/06/2018@14:05", "\u200e30/06/2018 14:05"),
        *("30/06/2018 1405hrs", "30/06/2018  14:05", "2018-06-30T13:05:00Z", "2018-06-30T14:05:00+01:00"),
    ],
)
def test_moments(written):
    """The last two are one moment: on 30 June clocks in Britain are an hour before universal time."""
    assert read("moment", written) == ([LATE], [])


@pytest.mark.parametrize(
    "written",
    [
        *(
            "31/06/2018",
            "31 June 2018",
            "06/30/2018",
            "29/02/2018",
            "30/13/2018",
            "30/06",
            "June",
            "30/06/0218",
            "0/6/2018",
        ),
        *("30/06/2018 25:00", "30/06/2018 14:65", "30/06/2018 13:05 pm", "99999", "1", "tomorrow", "30//06/2018"),
        *(
            "30/06/2018 or 01/07/2018",
            "30 Juni 2018",
            "2018-06-31",
            "10:00 11:00",
            "-43281",
            "1e5",
            "30/06/20180",
            "#N/A",
            "#REF!",
        ),
    ],
)
def test_what_is_no_date_is_refused(written):
    for kind in ("date", "moment"):
        assert read(kind, written) == ([None], [0])


def test_real_dates_and_serial_numbers():
    """Excel counts days from 30 December 1899: 43281 is 30 June 2018 (ECMA-376 part 1, 18.17.4)."""
    given = [
        JUNE,
        date(2018, 6, 30),
        43281,
        43281.0,
        pd_timestamp(JUNE),
        datetime(2018, 6, 29, 23, tzinfo=UTC),
    ]
    assert read("date", *given) == ([JUNE] * 6, [])
    assert read("moment", 43281 + 845 / 1440) == ([LATE], [])
    assert read("moment", LATE + timedelta(microseconds=499_999)) == ([LATE], [])


def pd_timestamp(value):
    import pandas as pd

    return pd.Timestamp(value)


@pytest.mark.parametrize("wrong", [True, 0, -1, 1e300, float("inf"), time(14, 5), timedelta(hours=1), 73_051, 25_568])
def test_numbers_that_are_no_date(wrong):
    assert read("date", wrong) == ([None], [0])


@pytest.mark.parametrize(
    "yes", ["yes", "Yes", "YES", "y", "Y ", "true", True, 1, 1.0, "1", "✓", "✔", "TRUE", "tick", -1, "Yes."]
)
@pytest.mark.parametrize("no", ["no", "No", "N", "n", "false", False, 0, 0.0, "0", "✗", "FALSE", "no.", "✘"])
def test_yes_and_no_in_every_spelling(yes, no):
    assert read("yes_no", yes, no) == ([True, False], [])


@pytest.mark.parametrize("other", ["maybe", "2", 2, "yes - late", "yes/no", "x", "?", JUNE, 0.5, "not known"])
def test_what_is_neither_yes_nor_no_is_refused(other):
    assert read("yes_no", other) == ([None], [0])


@pytest.mark.parametrize("blank", ["", None, " ", "\t", "\xa0", "n/a", "N/A", "-", "–", "not applicable", "NIL"])
@pytest.mark.parametrize("kind", ["yes_no", "whole", "share", "date", "moment", "code"])
def test_blanks(blank, kind):
    assert read(kind, blank) == ([None], [])


def test_equal_cells_of_unlike_types_are_kept_apart():
    """1, 1.0 and True are equal in Python; as a number of crimes only the first two will do."""
    assert read("whole", 1, True, 1.0, "1") == ([1, None, 1, 1], [1])


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234", 1234),
        ("12", 12),
        (" 7 ", 7),
        (7.0, 7),
        ("7.0", 7),
        ("1e3", 1000),
        ("+5", 5),
        ("-5", -5),
        ("1,234,567", 1234567),
    ],
)
def test_whole_numbers(written, value):
    assert read("whole", written) == ([value], [])


@pytest.mark.parametrize(
    "wrong", ["1,23", "12.5", "1 234", "twelve", "1_000", "٣", "0x10", "1.2.3", "nan", "inf", 1e16, "1e999", JUNE, "£5"]
)
def test_what_is_no_whole_number_is_refused(wrong):
    """Python's own int() and float() take 1_000, other alphabets' digits and nan."""
    assert read("whole", wrong) == ([None], [0])


@pytest.mark.parametrize(("written", "value"), [("98.8%", 0.988), ("98.8 %", 0.988), (0.988, 0.988), ("0.988", 0.988)])
def test_shares(written, value):
    (found,), wrong = read("share", written)
    assert found == pytest.approx(value, abs=1e-12)
    assert wrong == []


def test_text_keeps_what_it_says():
    given = ["007", 7.0, "  a  b ", "a\x00b", "née", JUNE, LATE, date(2018, 6, 30), True, "N/A", "café\xa0bar"]
    values, wrong = read("text", *given)
    assert values == [
        "007",
        "7",
        "a  b",
        "a b",
        "née",
        "30/06/2018",
        "30/06/2018 14:05",
        "30/06/2018",
        "True",
        "N/A",
        "café bar",
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", ["text", "code", "whole", "share", "date", "moment", "yes_no"])
@pytest.mark.parametrize("cell", [Flaw("error-value", "the error #N/A"), "#N/A", "#DIV/0!"])
def test_errors_of_formulas_are_no_values(kind, cell):
    assert read(kind, cell) == ([None], [0])


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("30/06/2018", "14:05", LATE),
        (JUNE, time(14, 5), LATE),
        (43281, 845 / 1440, LATE),
        ("30/06/2018", timedelta(hours=14, minutes=5), LATE),
        ("30/06/2018", "2.05 pm", LATE),
        ("30/06/2018", "", "30/06/2018"),
        ("", "14:05", ""),
        ("30/06/2018", "later", "30/06/2018 later"),
        (JUNE, datetime(1899, 12, 31, 14, 5), LATE),
    ],
)
def test_a_date_and_a_time_in_two_columns(first, second, joined):
    assert cells.join_moment(first, second) == joined


def test_names_are_compared_without_case_or_marks():
    assert cells.name(" Record-ID  (no.) ") == "record_id_no"
    assert cells.name("RECORD\nID") == "record_id"
    assert cells.code("  Call   Detail ") == "call detail"
