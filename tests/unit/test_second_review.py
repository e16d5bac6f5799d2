"""Second reviews of an audit file, and rates as auditors' errors would have them."""

import pytest

from cdi_stats.audit.problems import AuditProblems
from cdi_stats.findings.examine import examine
from cdi_stats.findings.second_review import ERROR_RATES, correct_rates, examine_second_review
from cdi_stats.methods.agreement import auditor_agreement
from cdi_stats.report.assurance import method_points
from cdi_stats.report.blocks import plain


@pytest.fixture
def reviewed(make_audit):
    """Return an audit of forty crimes in twenty records, all judged twice, three answers different."""
    records = [(2, 2)] * 15 + [(2, 1)] * 5
    crimes = [(f"a-{place}", number, number <= kept) for place, (_, kept) in enumerate(records, 1) for number in (1, 2)]
    review = [
        {
            "record_id": record,
            "crime_number": number,
            "first": "yes" if answer else "no",
            "second": "yes" if answer != (place in (0, 7, 39)) else "no",
        }
        for place, (record, number, answer) in enumerate(crimes)
    ]
    return make_audit({"a": records}, second_review=review)


def test_a_second_review_is_read_and_told(reviewed):
    found = examine_second_review(reviewed, confidence_level=0.95)
    rows = reviewed.tables["second_review"]
    expected = auditor_agreement(rows["first"].to_numpy(bool), rows["second"].to_numpy(bool), record=rows["record_id"])
    assert found.ac1 == expected.ac1
    assert (found.crimes, found.records, found.observed.value) == (40, 20, 37 / 40)
    words = " ".join(plain(point) for point in method_points(examine(reviewed)))
    assert "Two auditors judged 40 crimes in 20 records, each without the other's answer" in words
    assert "agreed on 37 of them" in words


def test_a_review_of_a_record_that_was_not_sampled_is_a_problem(make_audit):
    stray = {"record_id": "b-9", "crime_number": 1, "first": "yes", "second": "yes"}
    with pytest.raises(AuditProblems, match=r"second_review.*'b-9'.*a record of the records sheet"):
        make_audit({"a": [(1, 1), (1, 0)]}, second_review=[stray])


def test_an_audit_without_second_review_says_nothing_of_it(bundled, findings):
    assert examine_second_review(bundled["kent-2017"], confidence_level=0.95) is None
    assert "Second review" not in " ".join(plain(point) for point in method_points(findings["kent-2017"]))


def test_rates_are_corrected_for_each_pair_of_error_rates(findings):
    found = correct_rates(findings["kent-board-2017"])
    assert len(found) == 3 * len(ERROR_RATES)
    for case in found:
        apparent = case.finding.estimate.rate
        back = case.corrected.rate * case.sensitivity + (1 - case.corrected.rate) * (1 - case.specificity)
        assert back == pytest.approx(apparent, abs=1e-14)
