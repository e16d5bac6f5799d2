"""Sentences made from findings by rule, so that words and tables cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from math import isinf

from cdi_stats.audit.model import Audit
from cdi_stats.findings.causes import NOT_GIVEN, SEVERAL, Cause
from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL, domain_label, measure_of
from cdi_stats.report.blocks import Figure, Text
from cdi_stats.report.numbers import (
    FEW_CASES,
    ChangeNumbers,
    ConcentrationNumbers,
    FindingNumbers,
    count,
    in_words,
    long_date,
    percent,
)
from cdi_stats.report.wording import capital, in_sentence, join, join_words, listed, separated, tell, title
from cdi_stats.resources import code_list

MOVED = {"improved": "rose", "worsened": "fell"}


def rate_sentence(finding: Finding, prefix: str = "", cases: str | None = None) -> Text:
    """Say how many of the cases due were done, with the rate's interval; counts alone where they are few."""
    n = FindingNumbers(finding, prefix)
    if not n.exists:
        return " ".join(str(caution) for caution in finding.warnings)
    extreme = {finding.due: "every", 0: "none"}.get(finding.done)
    return tell(
        f"rate.{extreme or _how_told(n)}",
        done=n.done,
        due=n.due,
        cases=cases or cases_of(finding),
        verb=done_as(finding),
        rate=n.rate,
        low=n.low,
        high=n.high,
        level=n.level,
    )


def told_rate(finding: Finding, prefix: str = "") -> Text:
    """Return a rate with its interval and counts as part of a sentence; counts and interval where cases are few."""
    n = FindingNumbers(finding, prefix)
    return tell(
        f"told.{_how_told(n)}",
        rate=n.rate, level=n.level, low=n.low, high=n.high, done=n.done, due=n.due,
    )  # fmt: skip


def _how_told(n: FindingNumbers) -> str:
    """Return how a rate is told: a weighted one is not the share that its counts make, and says so."""
    return "few" if n.few else "weighted" if n.finding.weighting == "weighted" else "some"


def short_rate(finding: Finding) -> str:
    """Return a rate as a title has room for it; the counts where cases are few."""
    n = FindingNumbers(finding)
    return f"{n.done} of {n.due}" if n.few else str(n.rate)


def cases_of(finding: Finding) -> str:
    """Return what a finding counts: the measure's cases, or the one case, with its domain where it is a part."""
    cases, domain = measure_of(finding.measure).due_as, domain_label(finding.domain)
    if finding.domain != ALL and finding.measure in ("timeliness", "cancelled_correctly"):
        cases = title("cases.part", cases=cases, domain=domain)
    elif finding.domain != ALL:
        which = "reported" if finding.measure == "recording_rate" else "unrecorded"
        cases = title(f"cases.{'such' if domain.startswith('crimes') else 'of'}", which=which, domain=domain)
    return re.sub(r"\b(\w+)s\b", r"\1", cases, count=1) if finding.due == 1 else cases


def done_as(finding: Finding) -> str:
    """Return what was done with the cases, in the number that goes with how many there were."""
    verb = measure_of(finding.measure).done_as
    return re.sub("^were ", "was ", verb) if 1 in (finding.done, finding.due) else verb


def sample_line(finding: Finding, prefix: str = "") -> Text:
    """Return interval, counts, records and method in one short line."""
    n = FindingNumbers(finding, prefix)
    return tell(
        "line.sample",
        level=n.level,
        low=n.low,
        high=n.high,
        done=n.done,
        due=n.due,
        records=tell("line.in_records", records=n.records) if isinstance(n.records, Figure) else "",
        how=", ".join(_how(finding)),
    )


def _how(finding: Finding) -> Iterator[str]:
    """Yield the method of a finding's interval, and what it allows for."""
    assert finding.estimate is not None
    yield finding.estimate.interval.method.capitalize()
    if finding.estimate.records is not None:
        yield title("line.adjusted")
    elif any(caution.code == "totals-only" for caution in finding.warnings):
        yield title("line.totals")
    if finding.weighting:
        yield finding.weighting


def published_sentence(finding: Finding) -> Text | None:
    """Say what the inspectorate's own method makes of the same counts; nothing where it bounds nothing."""
    n = FindingNumbers(finding)
    if not finding.done or not n.published_bounds:
        return None
    if finding.done == finding.due:
        return tell("published.every", low=n.published_low, margin=n.published_margin)
    known = finding.estimate is not None and finding.estimate.crimes_in_frame is not None
    return tell(
        "published.some",
        frame=tell(f"published.frame_{'known' if known else 'unknown'}"),
        counts=tell(f"published.counts_{'pooled' if finding.weighting == 'weighted' else 'own'}"),
        margin=n.published_margin,
    )


def unrecorded_sentence(finding: Finding, label: str = "") -> Text | None:
    """Say how many crimes a year are not recorded, with the range and the range without clustering."""
    n = FindingNumbers(finding)
    value = n.unrecorded
    if value is None or finding.unrecorded is None or finding.unrecorded_plain is None:
        return None
    low, high = n.limits(finding.unrecorded)
    branch = "every" if finding.done == finding.due else year_branch(value)
    lead = tell("yearly.lead_of", label=label) if label else tell("yearly.lead")
    first = tell(f"year.{branch}", lead=lead, value=value, level=n.level, range=range_words(low, high), high=high)
    if not isinstance(n.records, Figure) or finding.done == finding.due:
        return first
    return join(
        first, tell("yearly.independent", range=range_words(*n.limits(finding.unrecorded_plain, "unrecorded_plain")))
    )


def year_branch(value: Figure) -> str:
    """Return how a number of crimes in a year is told: rounded down to tens, or as fewer than ten."""
    return "some" if value.value >= 10 else "under_ten"


def range_words(low: Figure, high: Figure) -> Text:
    """Return a range of yearly crimes, which may have no upper end."""
    return tell(f"yearly.{'open' if isinf(high.value) else 'closed'}", low=low, high=high)


def change_sentence(change: FindingChange) -> Text:
    """Say whether a rate improved, worsened, or did not clearly change."""
    n, before = ChangeNumbers(change), FindingNumbers(change.earlier, "earlier/")
    if change.later.done == change.later.due and change.earlier.done == change.earlier.due:
        return tell("change.same", done=before.done, due=before.due)
    moved = MOVED.get(change.change.direction, "unclear")
    if FindingNumbers(change.later).few or before.few:
        return tell(f"change.few.{moved}", done=before.done, due=before.due)
    return tell(
        f"change.rate.{moved}",
        before=told_rate(change.earlier, "earlier/"),
        after=told_rate(change.later),
        difference=n.difference,
        low=n.low,
        high=n.high,
        level=FindingNumbers(change.later).level,
    )


def additional_sentence(change: FindingChange, what: str) -> Text | None:
    """Say how many more crimes a year are recorded than the earlier rate would have given."""
    n = ChangeNumbers(change)
    value = n.additional
    if value is None or change.change.direction != "improved":
        return None
    level = FindingNumbers(change.later).level
    return tell("change.additional", value=value, what=what, level=level, range=range_words(*n.additional_limits))


def concentration_sentence(concentration: Concentration, finding: Finding | None = None) -> Text:
    """Say how far a few records carry the misses; with the stratum's finding, what allowing for it does."""
    c, n = concentration, ConcentrationNumbers(concentration)
    if not c.missed:
        return tell("spread.none")
    first = tell("spread.some", missed=n.missed, records=n.records_with_misses, sampled=n.records)
    if few_carry(c) and c.without is not None and finding is not None:
        return join(first, *_carried(c, FindingNumbers(finding)))
    if not carried_by_two(c):
        return first
    return join(first, tell("spread.two", two=n.top_missed(2), share=_share_of_misses(c, n.top_share(2))))


def _carried(c: Concentration, rate: FindingNumbers) -> Iterator[Text]:
    """Yield what the few records carry, both intervals, and the rate without these records."""
    n, carrying = ConcentrationNumbers(c), c.carrying
    yield tell(
        "spread.few",
        number=capital(in_words(carrying)),
        carrying=carrying,
        carried=n.carried,
        share=_share_of_misses(c, n.carried_share),
        variance=n.carried_variance,
    )
    yield tell("spread.intervals", plain_low=rate.plain_low, plain_high=rate.plain_high, low=rate.low, high=rate.high)
    assert c.without is not None
    yield tell(
        f"spread.{'without_few' if c.without.reported < FEW_CASES else 'without'}",
        carrying=carrying, rate=n.without, level=rate.level, low=n.without_low, high=n.without_high,
        due=n.without_due,
    )  # fmt: skip


def _share_of_misses(c: Concentration, share: Figure) -> Text:
    return tell("spread.share", share=share) if c.missed >= FEW_CASES else ""


def few_carry(concentration: Concentration) -> bool:
    """Return whether up to three records, with more than one miss each, hold more than half of the misses."""
    return 0 < concentration.carrying <= 3 and concentration.carried > concentration.carrying


def carried_by_two(concentration: Concentration) -> bool:
    """Return whether two records hold a quarter of the misses, and more than one each."""
    return concentration.share(2) >= 0.25 and concentration.top[2] > 2 and len(concentration.misses) > 2


def causes_sentence(causes: tuple[Cause, ...]) -> Text:
    """Name the reasons most often given for missing crimes."""
    total = sum(cause.crimes for cause in causes)
    given = [cause for cause in causes if cause.reason not in (NOT_GIVEN, SEVERAL)][:3]
    if not given:
        seldom = any(cause.reason == SEVERAL for cause in causes)
        return tell(f"causes.{'seldom' if seldom else 'ungiven'}", missed=total) if causes else tell("spread.none")
    parts = [
        tell(
            "causes.each",
            label=in_sentence(cause.label),
            crimes=Figure(
                f"causes/{cause.reason}/crimes", cause.crimes, count(cause.crimes), "count", f"of {total} missed"
            ),
        )
        for cause in given
    ]
    missed = Figure("causes/missed", total, count(total), "count", "crimes due and not recorded in the sample")
    return tell("causes.some", missed=missed, named=len(parts), listed=listed(parts))


def period_words(findings: Findings) -> str:
    """Return the audit period in words; where strata differ, each period with the strata it holds for."""
    strata: dict[tuple[date, date], list[str]] = {}
    for stratum in findings.audit.strata:
        strata.setdefault((stratum.period_start, stratum.period_end), []).append(stratum.label)
    if len(strata) == 1:
        return span_of_days(*next(iter(strata)))
    return "; ".join(f"{span_of_days(*days)} ({join_words(labels)})" for days, labels in strata.items())


def span_of_days(start: date, end: date) -> str:
    """Return two dates as one would say them: 9 to 20 September 2017; one where they are the same."""
    if start == end:
        return long_date(end)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {long_date(end)}"
    return (
        f"{start.day} {start:%B} to {long_date(end)}"
        if start.year == end.year
        else f"{long_date(start)} to {long_date(end)}"
    )


def route_sentence(findings: Findings) -> Text | None:
    """Say what share of recorded crime comes by a route that can be audited."""
    share = _auditable_share([findings.audit])
    return tell("route.share", share=share) if share else None


def route_words(audits: Sequence[Audit]) -> Text:
    """Return the routes by which the audited crimes came, as far as the audits say; those of rebuilt records do not."""
    share = _auditable_share(audits)
    seen = [audit.tables["records"]["route"].dropna() for audit in audits if audit.facts.records_basis == "audited"]
    used = {str(route) for routes in seen for route in routes}
    named = [code for code in code_list("routes") if code in used]
    auditable = tell("route.auditable", share=share) if share else None
    logged = tell("route.logged", routes=join_words(named)) if named else None
    return separated("; ", [text for text in (auditable, logged) if text]) or tell("route.unknown")


def _auditable_share(audits: Sequence[Audit]) -> Figure | None:
    shares = {stratum.auditable_share for audit in audits for stratum in audit.strata}
    share = shares.pop() if len(shares) == 1 else None
    return None if share is None else Figure("auditable_share", share, percent(share), "percent", "stated by the force")


def equality_sentence(findings: Findings) -> Text | None:
    """Say which characteristics of victims the force collects, and how often."""
    table = findings.audit.tables["equality"]
    if table.empty:
        return None
    named = {
        label: [str(name) for name in table.loc[table["collected"] == code, "characteristic"]]
        for code, label in code_list("collected").items()
    }
    parts = [
        title("equality.each", collected=in_sentence(label), names=join_words(names))
        for label, names in named.items()
        if names
    ]
    return tell("equality.some", parts=capital("; ".join(parts)))


def actions_sentence(findings: Findings) -> Text | None:
    """Say how many recommendations are complete."""
    table = findings.audit.tables["actions"]
    recommendations = table[table["kind"] == "recommendation"]
    if recommendations.empty:
        return None
    complete, total = int((recommendations["status"] == "complete").sum()), len(recommendations)
    return tell(
        f"actions.{ {total: 'every', 0: 'none'}.get(complete, 'some') }",
        total=Figure("actions/recommendations", total, in_words(total), "count", "actions sheet"),
        complete=Figure("actions/complete", complete, in_words(complete), "count", "actions sheet"),
    )
