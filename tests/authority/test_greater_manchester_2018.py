"""Greater Manchester's re-inspection of 2018, from a workbook of a force's own to its place among published results.

Source: data/published/published_figures.csv (press reports of the inspectorate's page): 1,358 reported crimes, around
89% recorded; 147 of 181 rapes and 235 of 291 domestic abuse crimes. How crimes fell in records was not published: one
a record here.
"""

from datetime import date

import openpyxl
import pytest

from cdi_stats.audit.draft import draft_mapping
from cdi_stats.audit.reading import check_audit, read_audit
from cdi_stats.findings.benchmark import examine_benchmark
from cdi_stats.findings.replication import published_figures

HEADINGS = [
    "FWIN\nNo.",
    "Strand ",
    "Date opened",
    "Division",
    "Crimed?",
    "Rape\n(Y/N)",
    "D.A. (Y/N)",
    "If missed - why",
]
# strand: (rape, domestic abuse, missed, crimes); together 1,358 crimes, of which 149 missed
CRIMES = {
    "Violence": [("N", "Y", True, 56), ("N", "Y", False, 235), ("N", "N", True, 32), ("N", "N", False, 317)],
    "Sexual": [("Y", "N", True, 34), ("Y", "N", False, 147), ("N", "N", True, 16), ("N", "N", False, 103)],
    "Other": [("N", "N", True, 11), ("N", "N", False, 407)],
}
DATES = [date(2018, 1, 5), "05/01/2018", "5 Jan 2018", "2018-01-05"]
FACTS = {
    "force": "Greater Manchester Police", "audit_type": "re-inspection", "prepared_by": "Registrar",
    "publication_date": "2018-06-04", "counting_rules": "April 2018",
}  # fmt: skip
STRATA = "".join(
    f'[[rows.strata]]\nstratum = "{name}"\nlabel = "{label}"\nperiod_start = 2018-01-01\nperiod_end = 2018-03-31\n'
    f"records_sampled = {sum(size for *_, size in CRIMES[name]) + (name == 'Other')}\n"
    for name, label in (("Violence", "violent crime"), ("Sexual", "sexual offences"), ("Other", "all other crime"))
)


@pytest.fixture(scope="module")
def workbook(tmp_path_factory):
    """The workbook as a person keeps it, its slips in it, and the drafted mapping filled in beside it."""
    path = tmp_path_factory.mktemp("force") / "CDI Q1 2018.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Audit results"
    spread = [
        (strand, "missed" if missed else "Crimed", rape, abuse, "one of several" if missed else None)
        for strand, groups in CRIMES.items()
        for rape, abuse, missed, size in groups
        for _ in range(size)
    ]
    rows = [["GMP CDI AUDIT Q1 2018"], ["OFFICIAL"], [], HEADINGS]
    for place, (strand, crimed, rape, abuse, why) in enumerate([*spread, ("Other", "no crime", None, None, None)]):
        opened = DATES[place % len(DATES)]
        rows.append([f"FW{place}/18", strand, opened, "North", crimed, rape, abuse, why])
    rows[4][1], rows[5][7] = "Vilence", None
    for row in [*rows, ["TOTAL", None, None, None, len(spread)]]:
        book.active.append(row)
    book.save(path)
    toml = draft_mapping(path).toml
    for name, value in FACTS.items():
        toml = toml.replace(f'# {name} = ""', f'{name} = "{value}"')
    for theirs, ours in (("Crimed", "yes"), ("missed", "no")):
        toml = toml.replace(f'# "{theirs}" = ""', f'"{theirs}" = "{ours}"')
    path.with_suffix(".mapping.toml").write_text(toml.partition("# One block")[0] + STRATA, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def among_all(workbook):
    found = {(problem.rule, problem.row, problem.column) for problem in check_audit(workbook)}
    assert found == {
        ("unknown-stratum", 5, "Strand"),
        ("reason-missing", 6, "If missed - why"),
        ("totals-line", 1364, None),
        ("sampled-count", 1, "records_sampled"),
    }
    book = openpyxl.load_workbook(workbook)
    book.active["B5"], book.active["H6"] = "Violence", "one of several"
    book.save(workbook)
    return examine_benchmark(read_audit(workbook))


@pytest.mark.parametrize(
    ("measure", "reported", "recorded"), [("overall", 1358, 1209), ("rape", 181, 147), ("domestic_abuse", 291, 235)]
)
def test_the_published_counts_come_out_and_stand_beside_their_publication(among_all, measure, reported, recorded):
    table = published_figures()
    (printed,) = table[
        (table["force"] == "Greater Manchester") & table["report"].str.endswith("2018") & (table["measure"] == measure)
    ].to_dict("records")
    own = among_all.field(measure, "re-inspection")
    assert (own.own.due, own.own.done) == (reported, recorded) == (printed["n_reported"], recorded)
    rate = printed["rate_pct"] if measure == "overall" else 100 * printed["n_recorded"] / printed["n_reported"]
    assert round(100 * own.own.estimate.rate) == round(rate)
    assert "Greater Manchester" in [result.force for result in own.results]


def test_strata_are_set_beside_published_ones_by_their_labels(among_all):
    own = among_all.field("violence", "re-inspection").own
    assert (own.due, own.done) == (640, 552)
