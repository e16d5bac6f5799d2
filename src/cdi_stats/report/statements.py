"""Headline statistics: a figure large, what it says, and beneath it interval, sample and method."""

from __future__ import annotations

from cdi_stats.findings.examine import Finding
from cdi_stats.report.blocks import Figure, Statement, Text
from cdi_stats.report.headlines import OVERALL
from cdi_stats.report.narrative import cases_of, done_as, sample_line
from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.wording import in_sentence, tell


def rate_statement(label: str, finding: Finding, prefix: str = "", *, now: bool = False) -> Statement:
    """Return a rate as a headline statistic; the counts where cases are few, or every one was recorded."""
    n, every = FindingNumbers(finding, prefix), finding.done == finding.due
    if n.few and not (every and n.published_bounds):
        return count_statement(finding, prefix, now=now, of="" if label == OVERALL else in_sentence(label))
    says = tell(
        f"statement.{'every' if every else 'some'}",
        what=tell(f"statement.{'crimes' if every else 'overall'}") if label == OVERALL else in_sentence(label),
        when=_when(prefix, now=now),
        three=n.published_low,
        low=n.low,
        sharing=tell("statement.sharing") if isinstance(n.records, Figure) else "",
    )
    return Statement(_counts(n) if every else (n.rate,), says, sample_line(finding, prefix))


def count_statement(finding: Finding, prefix: str = "", *, now: bool = False, of: str = "") -> Statement:
    """Return a small count as a headline statistic; `of` names the stratum where the cases do not."""
    says = tell(
        "statement.cases",
        cases=cases_of(finding),
        verb=done_as(finding),
        of=tell("statement.of", what=of) if of else "",
        when=_when(prefix, now=now),
    )
    return Statement(_counts(FindingNumbers(finding, prefix)), says, sample_line(finding, prefix))


def timeliness_statement(label: str, finding: Finding, hours: int) -> Statement:
    """Return a share recorded in time as a headline statistic; the counts where cases are few."""
    n = FindingNumbers(finding)
    says = tell(f"statement.in_time.{'few' if n.few else 'some'}", what=in_sentence(label), hours=hours)
    return Statement(_counts(n) if n.few else (n.rate,), says, sample_line(finding))


def _counts(n: FindingNumbers) -> Text:
    return tell("statement.counts", done=n.done, due=n.due)


def _when(prefix: str, *, now: bool) -> Text:
    """Return which of two findings is told; nothing where there is only one."""
    return tell("statement.earlier") if prefix else tell("statement.present") if now else ""
