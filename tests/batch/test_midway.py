"""What changes while a batch is under way, an audit or the clock: what is out of date is made again, nothing else."""

from __future__ import annotations

import os

from cdi_stats.batch.ledger import CURRENT, FAILED, PUBLISHED, Ledger


def test_a_report_counts_as_made_of_what_it_was_made_of(troubled):
    """The audit is another one when its turn comes, and is put back later: the report must not pass as up to date."""
    troubled.befall("full", "reading:other")
    assert troubled.batch()[:2] == (0, {"full": PUBLISHED, "other": PUBLISHED})
    wrong = troubled.files("full")
    assert troubled.batch()[1] == {"full": CURRENT, "other": CURRENT}, "as long as that audit lies there, it is"
    troubled.audits("full")
    assert troubled.batch()[1] == {"full": PUBLISHED, "other": CURRENT}
    assert troubled.files("full") != wrong


def test_an_audit_that_changes_once_it_was_told_fails_or_is_made_again(troubled):
    """Between the notebook's end and the ledger's note the report is whole, but of an audit that is there no more."""
    troubled.befall("full", "told:other")
    troubled.befall("other", "noting:other")
    assert troubled.batch()[1] == {"full": FAILED, "other": PUBLISHED}
    assert "changed, or was gone" in Ledger(troubled.out / "batch").runs()[0].message
    assert troubled.batch()[1] == {"full": PUBLISHED, "other": PUBLISHED}
    assert troubled.batch()[1] == {"full": CURRENT, "other": CURRENT}


def test_a_clock_that_jumps_by_a_year_changes_nothing(troubled):
    """Set back, then on, in mid-report: no time limit strikes, and hashes tell what is up to date."""
    troubled.befall("full", "kernel:year-back")
    troubled.befall("other", "writing:year-back")
    assert troubled.batch() == (0, {"full": PUBLISHED, "other": PUBLISHED}, "")
    ledger = Ledger(troubled.out / "batch")
    assert [run.attempts for run in ledger.runs()] == [1, 1]
    assert all(0 <= run.seconds < 600 for run in ledger.runs())
    (troubled.folder / "clock").unlink()
    assert troubled.batch()[1] == {"full": CURRENT, "other": CURRENT}
    troubled.audits("full", missed=4)
    for path in (troubled.folder / "full").iterdir():
        os.utime(path, (0, 0))
    troubled.befall("full", "kernel:year-on")
    assert troubled.batch() == (0, {"full": PUBLISHED, "other": CURRENT}, "")
    made = ledger.runs()[-1]
    assert (ledger.last(made.target), made.attempts) == (made, 1)
    assert troubled.batch()[1] == {"full": CURRENT, "other": CURRENT}
    page = (troubled.out / "batch" / "summary" / "summary.html").read_text(encoding="utf-8")
    assert "Took" in page
    assert " h " not in page.partition("Took")[2][:60]
