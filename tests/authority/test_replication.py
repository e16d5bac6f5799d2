"""The published figures again: every Kent row is covered and matched, and the other forces' margins stand as known.

Authority: data/published/published_figures.csv, the figures as printed, each with its source.
"""

from __future__ import annotations

import pandas as pd
import pytest

from cdi_stats.findings.replication import published_figures, replicate_published

AUDITS = {
    "CDI inspection 2017": "kent-2017",
    "CDI re-inspection 2018": "kent-2018",
    "Force internal audit in board paper": "kent-board-2017",
}
PARTS = {
    "n_reported": "reported",
    "n_recorded": "recorded",
    "rate_pct": "rate",
    "ci_plus_minus_pct": "margin",
    "annual_unrecorded": "unrecorded a year",
    "annual_additional": "additional a year",
}


@pytest.fixture(scope="module")
def published():
    return published_figures()


@pytest.fixture(scope="module")
def replicas():
    return replicate_published().set_index("figure")


def kent_numbers(published):
    """Return {name of the figure: number as printed} of every number in Kent's rows."""
    rows = published[published["force"] == "Kent"]
    return {
        f"{AUDITS[row['report']]} {row['measure']} {part}": row[column]
        for _, row in rows.iterrows()
        for column, part in PARTS.items()
        if pd.notna(row[column])
    }


def test_every_kent_row_is_of_a_bundled_audit(published):
    kent = published[published["force"] == "Kent"]
    assert set(kent["report"]) == set(AUDITS)
    assert len(kent) == 33


def test_every_number_of_every_kent_row_is_replicated_once(published, replicas):
    wanted = kent_numbers(published)
    assert len(wanted) > 70
    found = [name for name in replicas.index if name.startswith("kent")]
    assert sorted(found) == sorted(wanted)


def test_every_kent_row_matches_to_the_printed_digit(published, replicas):
    for name, number in kent_numbers(published).items():
        row = replicas.loc[name]
        assert row.matches, row
        assert row.printed == row.computed
        assert float(str(row.printed).replace(",", "")) == float(number)
        assert row.method


@pytest.mark.parametrize(
    ("figure", "printed", "method"),
    [
        ("kent-2017 overall margin", "1.85", "Wald"),
        ("kent-2017 violence margin", "3.26", "Wald"),
        ("kent-2017 sexual margin", "2.99", "Wald"),
        ("kent-2018 overall margin", "1.27", "Wald"),
        ("kent-2018 sexual margin", "1.80", "rule of three"),
        ("kent-2017 overall unrecorded a year", "24,300", "rounded down"),
        ("kent-2018 overall additional a year", "25,400", "to the ten"),
        ("kent-board-2017 overall rate", "90", "644 / 717"),
        ("Lancashire 2017 overall margin", "1.86", "corrected"),
        ("Thames Valley 2017 overall margin", "1.75", "no correction"),
    ],
)
def test_domain_page_method_that_gives_each_figure(replicas, figure, printed, method):
    row = replicas.loc[figure]
    assert (row.printed, row.computed, bool(row.matches)) == (printed, printed, True)
    assert method in row.method


def test_south_yorkshire_is_shown_as_a_figure_that_no_simple_method_gives(replicas):
    row = replicas.loc["South Yorkshire 2018 overall margin"]
    assert (row.printed, bool(row.matches), bool(row.expected)) == ("1.64", False, False)
    assert row.computed in ("1.61", "1.62")
    assert "no simple method" in row.method


def test_each_figure_has_one_row(replicas):
    assert replicas.index.is_unique
    assert replicas["expected"].sum() == len(replicas) - 1
