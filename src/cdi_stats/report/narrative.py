"""Sentences made from findings by rule, so that words and tables cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from string import Formatter

from cdi_stats.findings.causes import NOT_GIVEN, SEVERAL, Cause
from cdi_stats.findings.change import FindingChange
from cdi_stats.findings.concentration import Concentration
from cdi_stats.findings.examine import Finding, Findings
from cdi_stats.findings.measures import ALL, domain_label, measure_of
from cdi_stats.report.blocks import Figure, Inline, Strong, Text
from cdi_stats.report.numbers import (
    ChangeNumbers,
    ConcentrationNumbers,
    FindingNumbers,
    count,
    in_words,
    long_date,
    percent,
)

RATE = "{done} of {due} {cases} {verb}: {rate} ({level} interval {low} to {high})."
FEW = "{done} of {due} {cases} {verb}; on so few cases the {level} interval is wide, {low} to {high}."
EVERY = "All {due} {cases} {verb} ({level} interval {low} to 100%)."
NEVER = "None of the {due} {cases} {verb} ({level} interval 0% to {high})."

UNRECORDED = "{lead} that over {value} reported crimes a year are not recorded ({level} range {low} to {high})."
IF_INDEPENDENT = "A range that ignores records, strata and frames would be {plain_low} to {plain_high}."
ALL_RECORDED_YEAR = (
    "{lead} that few reported crimes a year are not recorded ({level} range 0 to {high}), since every sampled one was."
)

CHANGED = (
    "The rate {moved} from {before} to {after}, a change of {difference} percentage points "
    "({level} interval {low} to {high})."
)
UNCLEAR = (
    "The rate was {before} and is now {after}. The change of {difference} percentage points ({level} interval {low} to "
    "{high}) may be chance: there is no clear change."
)
FEW_CHANGED = {
    "improved": "In the earlier audit it was {x} of {y}: an improvement that chance does not readily explain.",
    "worsened": "In the earlier audit it was {x} of {y}: a fall that chance does not readily explain.",
    "no clear change": "In the earlier audit it was {x} of {y}; on so few cases no change can be told from chance.",
}
SAME = "In the earlier audit it was {x} of {y}, all of them too."
ADDITIONAL = (
    "At the earlier rate the force would have recorded an estimated {value} fewer {what} in the year: it now records "
    "an additional {value} ({level} range {low} to {high})."
)
SPREAD = "The {missed} missed crimes lie in {records} of the {sampled} records examined."
TOP_TWO = (
    "{two} of them lie in two records alone ({share} of all misses); without these two records the sample's rate "
    "would be {rest}."
)
CARRIED = (
    "{number} {records} this result: {carried} of the misses ({share}) and {variance} of the sampling variance lie in "
    "{them}."
)
NAIVE_AND_HONEST = (
    "Taking every crime as independent would give an interval of {plain_low} to {plain_high}; allowing for the records "
    "they share gives {low} to {high}."
)
WITHOUT = "Without {them} the rate would be {rest} ({low} to {high})."


def say(template: str, **values: Text | Figure | Strong) -> Text:
    """Return a text with each {name} of a template replaced by its value, figures kept as figures."""
    parts: list[Inline] = []
    for words, name, _, _ in Formatter().parse(template):
        if words:
            parts.append(words)
        if name:
            value = values[name]
            parts.extend(value if isinstance(value, tuple) else (value,))
    return tuple(parts)


def join(*texts: Text | None) -> Text:
    """Return several sentences as one text, a space between."""
    parts: list[Inline] = []
    for text in texts:
        if text:
            if parts:
                parts.append(" ")
            parts.extend((text,) if isinstance(text, str) else text)
    return tuple(parts)


def rate_sentence(finding: Finding, prefix: str = "", cases: str | None = None) -> Text:
    """Say how many of the cases due were done, with the rate's interval; counts alone where they are few."""
    measure = measure_of(finding.measure)
    numbers = FindingNumbers(finding, prefix)
    if not numbers.exists:
        return " ".join(str(caution) for caution in finding.warnings)
    if finding.done == finding.due:
        template = EVERY
    elif finding.done == 0:
        template = NEVER
    else:
        template = FEW if numbers.few else RATE
    return say(
        template,
        done=numbers.done,
        due=numbers.due,
        cases=cases or cases_of(finding),
        verb=measure.done_as,
        rate=numbers.rate,
        low=numbers.low,
        high=numbers.high,
        level=numbers.level,
    )


def cases_of(finding: Finding) -> str:
    """Return what a finding counts: the measure's cases, with its domain where it is a part."""
    cases = measure_of(finding.measure).due_as
    if finding.domain == ALL:
        return cases
    if finding.measure == "recording_rate":
        return f"reported crimes of {domain_label(finding.domain)}"
    if finding.measure in ("timeliness", "cancelled_correctly"):
        return f"{cases} ({domain_label(finding.domain)})"
    return f"unrecorded crimes of {domain_label(finding.domain)}"


def sample_line(finding: Finding, prefix: str = "") -> Text:
    """Return interval, counts, records and method in one short line."""
    numbers = FindingNumbers(finding, prefix)
    records = say(" in {n} records", n=numbers.records) if isinstance(numbers.records, Figure) else ""
    return say(
        "{level} interval {low} to {high} · {done} of {due}{records} · {how}",
        level=numbers.level,
        low=numbers.low,
        high=numbers.high,
        done=numbers.done,
        due=numbers.due,
        records=records,
        how=", ".join(_how(finding)),
    )


def _how(finding: Finding) -> Iterator[str]:
    """Yield the method of a finding's interval, and what it allows for."""
    assert finding.estimate is not None
    yield finding.estimate.interval.method.capitalize()
    if finding.estimate.records is not None:
        yield "adjusted for records"
    elif any(caution.code == "totals-only" for caution in finding.warnings):
        yield "from totals"
    if finding.weighting:
        yield finding.weighting


def published_sentence(finding: Finding) -> Text | None:
    """Say what the inspectorate's own method makes of the same counts."""
    numbers = FindingNumbers(finding)
    if not finding.done:
        return None
    if finding.done == finding.due:
        return say(
            "By the inspectorate's rule of three, a one-sided 95% limit that takes each crime as independent, more "
            "than {low} of such crimes are recorded (a margin of −{margin} points).",
            low=numbers.published_low,
            margin=numbers.published_margin,
        )
    known = finding.estimate is not None and finding.estimate.crimes_in_frame is not None
    return say(
        "The inspectorate's method (Wald, each crime independent, {frame}) gives {pooled} a 95% margin of ±{margin} "
        "percentage points.",
        frame="corrected for the frame" if known else "no frame known",
        pooled="the pooled counts" if finding.weighting == "weighted" else "these counts",
        margin=numbers.published_margin,
    )


def unrecorded_sentence(finding: Finding, label: str = "") -> Text | None:
    """Say how many crimes a year are not recorded, with the range and the range without clustering."""
    numbers = FindingNumbers(finding)
    value = numbers.unrecorded
    if value is None or finding.unrecorded is None or finding.unrecorded_plain is None:
        return None
    low, high = numbers.limits(finding.unrecorded)
    template = UNRECORDED if finding.done < finding.due else ALL_RECORDED_YEAR
    lead = f"For {label}, we estimate" if label else "We estimate"
    first = say(template, lead=lead, value=value, level=numbers.level, low=low, high=high)
    if not isinstance(numbers.records, Figure) or finding.done == finding.due:
        return first
    plain_low, plain_high = numbers.limits(finding.unrecorded_plain, "unrecorded_plain")
    return join(first, say(IF_INDEPENDENT, plain_low=plain_low, plain_high=plain_high))


def change_sentence(change: FindingChange) -> Text:
    """Say whether a rate improved, worsened, or did not clearly change."""
    numbers, before = ChangeNumbers(change), FindingNumbers(change.earlier, "earlier/")
    direction = change.change.direction
    if change.later.done == change.later.due and change.earlier.done == change.earlier.due:
        return say(SAME, x=before.done, y=before.due)
    if FindingNumbers(change.later).few or before.few:
        return say(FEW_CHANGED[direction], x=before.done, y=before.due)
    moved = {"improved": "rose", "worsened": "fell"}.get(direction, "")
    return say(
        CHANGED if moved else UNCLEAR,
        moved=moved,
        before=before.rate,
        after=FindingNumbers(change.later).rate,
        difference=numbers.difference,
        low=numbers.low,
        high=numbers.high,
        level=FindingNumbers(change.later).level,
    )


def additional_sentence(change: FindingChange, what: str) -> Text | None:
    """Say how many more crimes a year are recorded than the earlier rate would have given."""
    numbers = ChangeNumbers(change)
    value = numbers.additional
    if value is None or change.change.direction != "improved":
        return None
    low, high = numbers.additional_limits
    return say(ADDITIONAL, value=value, what=what, level=FindingNumbers(change.later).level, low=low, high=high)


def concentration_sentence(concentration: Concentration, finding: Finding | None = None) -> Text:
    """Say how far a few records carry the misses; with the stratum's finding, what allowing for it does."""
    c = concentration
    n = ConcentrationNumbers(c)
    if not c.missed:
        return "No crime was missed."
    first = say(SPREAD, missed=n.missed, records=n.records_with_misses, sampled=n.records)
    if few_carry(c) and c.without is not None and finding is not None:
        rate, one = FindingNumbers(finding), c.carrying == 1
        them, number = "it" if one else "them", capital(in_words(c.carrying))
        carry = "record carries" if one else "records carry"
        values = {"carried": n.carried, "share": n.carried_share, "variance": n.carried_variance}
        limits = {"plain_low": rate.plain_low, "plain_high": rate.plain_high, "low": rate.low, "high": rate.high}
        return join(
            first,
            say(CARRIED, number=number, records=carry, them=them, **values),
            say(NAIVE_AND_HONEST, **limits),
            say(WITHOUT, them=them, rest=n.without, low=n.without_low, high=n.without_high),
        )
    if not carried_by_two(c):
        return first
    return join(first, say(TOP_TWO, two=n.top_missed(2), share=n.top_share(2), rest=n.rate_without_top(2)))


def few_carry(concentration: Concentration) -> bool:
    """Return whether up to three records, with more than one miss each, hold more than half of the misses."""
    return 0 < concentration.carrying <= 3 and concentration.carried > concentration.carrying


def carried_by_two(concentration: Concentration) -> bool:
    """Return whether two records hold a quarter of the misses, and more than one each."""
    return concentration.share(2) >= 0.25 and concentration.top[2] > 2 and len(concentration.misses) > 2


def causes_sentence(causes: tuple[Cause, ...]) -> Text:
    """Name the reasons most often given for missing crimes."""
    given = [cause for cause in causes if cause.reason not in (NOT_GIVEN, SEVERAL)][:3]
    if not given:
        return "No reason was given for the crimes that were missed." if causes else "No crime was missed."
    total = sum(cause.crimes for cause in causes)
    parts = [
        say(
            "{label} ({crimes})",
            label=in_sentence(cause.label),
            crimes=Figure(
                f"causes/{cause.reason}/crimes", cause.crimes, count(cause.crimes), "count", f"of {total} missed"
            ),
        )
        for cause in given
    ]
    return say(
        "Of {total} missed crimes, the {reasons} given most often {were} {listed}.",
        reasons="reasons" if len(parts) > 1 else "reason",
        were="were" if len(parts) > 1 else "was",
        total=Figure("causes/missed", total, count(total), "count", "crimes due and not recorded in the sample"),
        listed=listed(parts),
    )


def listed(parts: list[Text]) -> Text:
    """Return texts as a list in words: a, b and c."""
    out: list[Inline] = []
    for place, part in enumerate(parts):
        if place:
            out.append(" and " if place == len(parts) - 1 else ", ")
        out.extend((part,) if isinstance(part, str) else part)
    return tuple(out)


def period_words(findings: Findings) -> str:
    """Return the audit period in words; where strata differ, each period with the strata it holds for."""
    strata: dict[tuple[date, date], list[str]] = {}
    for stratum in findings.audit.strata:
        strata.setdefault((stratum.period_start, stratum.period_end), []).append(stratum.label)
    if len(strata) == 1:
        return span_of_days(*next(iter(strata)))
    return "; ".join(f"{span_of_days(*days)} ({join_words(labels)})" for days, labels in strata.items())


def span_of_days(start: date, end: date) -> str:
    """Return two dates as one would say them: 9 to 20 September 2017."""
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {long_date(end)}"
    return (
        f"{start.day} {start:%B} to {long_date(end)}"
        if start.year == end.year
        else f"{long_date(start)} to {long_date(end)}"
    )


def route_sentence(findings: Findings) -> Text | None:
    """Say what share of recorded crime comes by a route that can be audited."""
    shares = {s.auditable_share for s in findings.audit.strata}
    share = shares.pop() if len(shares) == 1 else None
    if share is None:
        return None
    figure = Figure("auditable_share", share, percent(share), "percent", "stated by the force")
    return say(
        "The rate speaks for crime that reaches the force by a route that leaves a record to audit; the force states "
        "that {share} of the crime it records (without fraud) does. It says nothing of crimes reported in other ways.",
        share=figure,
    )


def equality_sentence(findings: Findings) -> Text | None:
    """Say which characteristics of victims the force collects, and how often."""
    table = findings.audit.tables["equality"]
    if table.empty:
        return None
    from cdi_stats.resources import code_list

    parts: list[Text] = []
    for code, label in code_list("collected").items():
        names = [str(name) for name in table.loc[table["collected"] == code, "characteristic"]]
        if names:
            parts.append(f"{label[0].lower() + label[1:]}: {join_words(names)}")
    return f"Information on victims is collected as follows. {'; '.join(str(p) for p in parts).capitalize()}."


def join_words(words: list[str]) -> str:
    """Return words as a list: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def actions_sentence(findings: Findings) -> Text | None:
    """Say how many recommendations are complete."""
    table = findings.audit.tables["actions"]
    recommendations = table[table["kind"] == "recommendation"]
    if recommendations.empty:
        return None
    complete, total = int((recommendations["status"] == "complete").sum()), len(recommendations)
    of_all = Figure("actions/recommendations", total, in_words(total), "count", "actions sheet")
    if complete == total:
        return say("All {total} recommendations are complete.", total=of_all)
    if not complete:
        return say("Of the {total} recommendations made, none is complete yet.", total=of_all)
    done = Figure("actions/complete", complete, in_words(complete), "count", "actions sheet")
    verb = "is" if complete == 1 else "are"
    return say(
        "Of the {total} recommendations made, {complete} {verb} complete.", total=of_all, complete=done, verb=verb
    )


def point(lead: str, words: str) -> Text:
    """Return a point of a list: its lead not to be missed, then its words."""
    return (Strong(lead), f" {words}")


def in_sentence(words: str) -> str:
    """Return a label as it stands within a sentence; abbreviations such as VAWG keep their capitals."""
    first = words.split(" ")[0]
    abbreviated = any(letter.isupper() or letter.isdigit() for letter in first[1:])
    return words if abbreviated else words[:1].lower() + words[1:]


def capital(words: str) -> str:
    """Return words with their first letter in upper case."""
    return words[:1].upper() + words[1:]
