"""Headline statistics: a figure large, what it says, and beneath it interval, sample and method."""

from __future__ import annotations

from cdi_stats.findings.examine import Finding
from cdi_stats.findings.measures import measure_of
from cdi_stats.report.blocks import Figure, Statement
from cdi_stats.report.headlines import OVERALL
from cdi_stats.report.narrative import cases_of, in_sentence, sample_line, say
from cdi_stats.report.numbers import FindingNumbers


def rate_statement(label: str, finding: Finding, prefix: str = "", *, now: bool = False) -> Statement:
    """Return a rate as a headline statistic."""
    n = FindingNumbers(finding, prefix)
    when = _when(prefix, now=now)
    what = "reported crime" if label == OVERALL else in_sentence(label)
    verb = "were" if what.endswith("s") else "was"
    detail = sample_line(finding, prefix)
    if finding.done < finding.due:
        return Statement((n.rate,), f"of {what} {verb} recorded{when}", detail)
    says = say(
        "{what} audited {verb} recorded{when}: more than {three} by the inspectorate's rule of three, at least {low} "
        "by Wilson's limit{sharing}",
        sharing=", allowing for crimes that share a record" if isinstance(n.records, Figure) else "",
        when=when, what=what, verb=verb, three=n.published_low, low=n.low,
    )  # fmt: skip
    return Statement(say("{done} of {due}", done=n.done, due=n.due), says, detail)


def count_statement(finding: Finding, prefix: str = "", *, now: bool = False) -> Statement:
    """Return a small count as a headline statistic."""
    n = FindingNumbers(finding, prefix)
    when = _when(prefix, now=now)
    says = f"{cases_of(finding)} {measure_of(finding.measure).done_as}{when}"
    return Statement(say("{done} of {due}", done=n.done, due=n.due), says, sample_line(finding, prefix))


def timeliness_statement(label: str, finding: Finding, hours: int) -> Statement:
    """Return a share recorded in time as a headline statistic."""
    n = FindingNumbers(finding)
    verb = "were" if label.endswith("s") else "was"
    says = f"of recorded {in_sentence(label)} {verb} recorded within {hours} hours"
    return Statement((n.rate,), says, sample_line(finding))


def _when(prefix: str, *, now: bool) -> str:
    """Return which of two findings is told; nothing where there is only one."""
    return " (earlier finding)" if prefix else " (present finding)" if now else ""
