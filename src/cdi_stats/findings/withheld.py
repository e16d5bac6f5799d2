"""Small numbers: which findings are too small to be told, and which others would tell them by subtraction.

Primary suppression withholds a group whose cases are few; secondary suppression as many further groups as keep the
first from being worked out from a total (Hundepool and others 2012, Statistical Disclosure Control, chapter 4). Parts
here sum to one total at a time, so that what is left over is the sum of the parts withheld: no search is needed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, NamedTuple

from cdi_stats.audit.model import Facts
from cdi_stats.errors import BadParameters
from cdi_stats.findings.change import Comparison
from cdi_stats.findings.examine import Finding, Findings, examine
from cdi_stats.findings.measures import ALL, MEASURES, flags_used, measure_of
from cdi_stats.methods.extrapolation import Total, extrapolate_unrecorded, sum_totals
from cdi_stats.methods.proportion import Interval
from cdi_stats.methods.survey import Caution, RateEstimate
from cdi_stats.resources import resource

PUBLIC, USUAL = "public", "standard"
WITHHELD = Caution("withheld", "This is withheld, as so small a number could tell of a person.")
YES, NO = ("yes", "true"), ("no", "false")


class Counts(NamedTuple):
    """The cases of a group: those due, and those done of them."""

    due: float
    done: float

    def __sub__(self, other: Counts) -> Counts:
        return Counts(self.due - other.due, self.done - other.done)


@dataclass(frozen=True)
class Rules:
    """How small numbers are protected.

    Counts from 1 to `threshold` - 1 are withheld: those of a whole group, and with `numerators` also those of the cases
    done or missed within it. Others are rounded to a multiple of `rounding_base` (1: not rounded), shares to whole
    percentages.
    """

    threshold: int = 1
    rounding_base: int = 1
    numerators: bool = False

    def __post_init__(self) -> None:
        if self.threshold < 1 or self.rounding_base < 1:
            raise BadParameters(f"disclosure: found {self}; expected a threshold and a rounding of 1 or more")
        if self.rounds and not (self.numerators and self.threshold > self.rounding_base):
            raise BadParameters(
                f"disclosure: found {self}; expected numerators=yes and a threshold above the rounding, "
                "else a rounded group could seem to miss none of its cases"
            )

    def __str__(self) -> str:
        numerators = "yes" if self.numerators else "no"
        return f"threshold={self.threshold}, rounding={self.rounding_base}, numerators={numerators}"

    @property
    def active(self) -> bool:
        """Return whether anything is protected at all."""
        return self.threshold > 1 or self.rounds

    @property
    def rounds(self) -> bool:
        """Return whether counts are rounded."""
        return self.rounding_base > 1

    def small(self, number: float) -> bool:
        """Return whether a count is too small to be told; none at all is told."""
        return 0 < number < self.threshold

    def tells(self, counts: Counts) -> bool:
        """Return whether a group's counts would tell too much."""
        due, done = counts
        return self.small(due) or (self.numerators and (self.small(done) or self.small(due - done)))

    def rounded(self, number: float) -> int:
        """Return a count as the nearest multiple of the rounding base, halves up."""
        return math.floor(number / self.rounding_base + 0.5) * self.rounding_base

    def rounded_share(self, share: float) -> float:
        """Return a share (0-1) in whole percentages; one that is neither 0 nor 1 stays so."""
        if not self.rounds or share in (0, 1) or math.isnan(share):
            return share
        return min(max(math.floor(share * 100 + 0.5), 1), 99) / 100


UNPROTECTED = Rules()


@cache
def presets() -> Mapping[str, tuple[str, Rules]]:
    """Return {name: (what it does, its rules)} from data/codes/disclosure.csv."""
    with resource("data", "codes", "disclosure.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["code"]: (
                row["label"],
                Rules(int(row["threshold"]), int(row["rounding_base"]), row["numerators"] in YES),
            )
            for row in csv.DictReader(file)
        }


def read_rules(text: str) -> Rules:
    """Return the rules that a preset's name, or words such as "threshold=10, rounding=5, numerators=yes", stand for.

    Raises BadParameters for anything else, and for rules that cannot hold together.
    """
    if text in presets():
        return presets()[text][1]
    kinds: dict[str, Callable[[str], Any]] = {"threshold": int, "rounding": int, "numerators": _truth}
    names = dict(zip(kinds, (field.name for field in fields(Rules)), strict=True))
    given: dict[str, Any] = {}
    for part in text.split(","):
        name, _, value = (word.strip() for word in part.partition("="))
        try:
            given[names[name]] = kinds[name](value)
        except (KeyError, ValueError):
            raise BadParameters(
                f"disclosure: found {part.strip()!r}; expected one of {', '.join(presets())}, "
                "or words such as threshold=10, rounding=5, numerators=yes"
            ) from None
    return Rules(**given)


def _truth(word: str) -> bool:
    if word.lower() not in YES + NO:
        raise ValueError(word)
    return word.lower() in YES


def rules_for(facts: Facts, asked: str = "") -> Rules:
    """Return the rules asked for, else the audit's own, else those that its records need."""
    return rules_by(facts.records_basis, asked or facts.disclosure)


def rules_by(records_basis: str, asked: str = "") -> Rules:
    """Return the rules asked for; else none for records rebuilt from published totals, which are of no one."""
    return read_rules(asked or (PUBLIC if records_basis == "rebuilt" else USUAL))


def strictest(rules: Iterable[Rules]) -> Rules:
    """Return rules that protect all that each of some rules does."""
    known = list(rules)
    return Rules(max(r.threshold for r in known), max(r.rounding_base for r in known), any(r.numerators for r in known))


def with_companions(parts: Mapping[str, Counts], withheld: Collection[str], rules: Rules) -> set[str]:
    """Return the parts withheld of a total that is told, with as many of the smallest others as protect them.

    One part alone is the total less the others; and the sum of those withheld must not be small itself.
    """
    kept = {name for name in parts if name in withheld}
    others = sorted((name for name in parts if name not in kept), key=lambda name: (parts[name].due, name))
    while kept and others and (len(kept) == 1 or rules.tells(_sum(parts, kept))):
        kept.add(others.pop(0))
    return kept


def _sum(parts: Mapping[str, Counts], names: Collection[str]) -> Counts:
    return Counts(sum(parts[name].due for name in names), sum(parts[name].done for name in names))


def withheld_keys(findings: Findings, rules: Rules) -> frozenset[str]:
    """Return the keys of the findings that the rules withhold: the small ones, and those that would tell them."""
    known = {row.key: row for row in findings.rows if row.estimate}
    counts = {key: Counts(row.due, row.done) for key, row in known.items()}
    withheld = {key for key in counts if rules.tells(counts[key])}
    for whole, part in _nested(findings, known):
        told = whole not in withheld and part not in withheld
        if told and rules.tells(counts[whole] - counts[part]):
            withheld.add(part)
    withheld |= {row.key for row in known.values() if _same_group("recording_rate", row) in withheld}
    for parts in _partitions(known):
        withheld |= with_companions({key: counts[key] for key in parts}, withheld, rules)
    # a second time, as a stratum withheld for another's sake takes its other measures with it
    withheld |= {row.key for row in known.values() if _same_group("recording_rate", row) in withheld}
    return frozenset(withheld)


def _same_group(measure: str, row: Finding) -> str:
    """Return the key of a measure of the same crimes: what one is due is what the other has done."""
    return f"{measure}/{row.domain}/{row.stratum}" if measure_of(row.measure).sampled else ""


def _partitions(known: Mapping[str, Finding]) -> Iterator[list[str]]:
    """Yield each set of findings that sum to their measure's total: its strata, or the values of a column."""
    for measure in MEASURES.values():
        rows = [row for row in known.values() if row.measure == measure.key]
        yield [row.key for row in rows if row.stratum != ALL]
        if "flags" not in measure.by:
            yield [row.key for row in rows if row.domain != ALL]


def _nested(findings: Findings, known: Mapping[str, Finding]) -> Iterator[tuple[str, str]]:
    """Yield (whole, part) for each finding that is a part of another, the largest whole first."""
    for row in known.values():
        whole = f"{row.measure}/{ALL}/{ALL}"
        if whole in known and row.key != whole:
            yield whole, row.key
    crimes = findings.audit.crimes
    masks = {f"recording_rate/{flag}/{ALL}": crimes[flag].fillna(False).astype(bool)
             for flag in flags_used(findings.audit)}  # fmt: skip
    masks |= {f"recording_rate/{ALL}/{s.stratum}": crimes["stratum"] == s.stratum for s in findings.audit.strata}
    present = {key: mask for key, mask in masks.items() if key in known}
    for whole, outer in present.items():
        for part, inner in present.items():
            if whole != part and int(inner.sum()) < int(outer.sum()) and not (inner & ~outer).any():
                yield whole, part


def withhold(findings: Findings, rules: Rules) -> Findings:
    """Return findings without those that the rules withhold: these have no estimate, and a caution that says so.

    Where a stratum is withheld the overall rate is pooled and told once: with a weighted one beside it the stratum
    could be solved for.
    """
    withheld = withheld_keys(findings, rules) if rules.active else frozenset()
    if not withheld:
        return findings
    if any(row.key in withheld and row.stratum != ALL for row in findings.of("recording_rate")):
        options: dict[str, Any] = {name: getattr(findings, name) for name in ("confidence_level", "method")}
        findings = examine(findings.audit, overall="pooled", degrees_of_freedom=findings.degrees_of_freedom, **options)
        findings = replace(findings, rows=tuple(r for r in findings.rows if r.measure != "recording_rate_weighted"))
    blank: dict[str, Any] = dict.fromkeys(("estimate", "plain", "published", "unrecorded", "unrecorded_plain"))
    rows = (replace(r, **blank, warnings=(WITHHELD,)) if r.key in withheld else r for r in findings.rows)
    return replace(findings, rows=tuple(rows))


def is_withheld(finding: Finding) -> bool:
    """Return whether a finding is there but not told."""
    return WITHHELD in finding.warnings


def round_findings(findings: Findings, rules: Rules) -> Findings:
    """Return findings with counts rounded, shares in whole percentages, and yearly totals made from these."""
    if not rules.rounds:
        return findings
    rows = [_rounded(row, rules) for row in findings.rows]
    strata = [r.unrecorded for r in rows if r.measure == "recording_rate" and r.stratum != ALL]
    whole = sum_totals([total for total in strata if total]) if strata and all(strata) else None
    return replace(findings, rows=tuple(replace(r, unrecorded=whole) if whole and _sums_strata(r) else r for r in rows))


def round_comparison(comparison: Comparison, rules: Rules) -> Comparison:
    """Return a comparison of rounded findings; each change was worked out before they were rounded."""
    if not rules.rounds:
        return comparison
    later, earlier = (round_findings(found, rules) for found in (comparison.later, comparison.earlier))
    changes = tuple(
        replace(
            change,
            later=later.get(*_place(change.later)) or change.later,
            earlier=earlier.get(*_place(change.earlier)) or change.earlier,
        )
        for change in comparison.changes
    )
    return Comparison(later, earlier, changes)


def _place(row: Finding) -> tuple[str, str, str]:
    return row.measure, row.domain, row.stratum


def _sums_strata(row: Finding) -> bool:
    return bool(row.unrecorded) and row.weighting == "weighted" and row.domain == ALL


def _rounded(row: Finding, rules: Rules) -> Finding:
    e = row.estimate
    if e is None:
        return row
    estimate = replace(
        e,
        rate=rules.rounded_share(e.rate),
        interval=_rounded_interval(e.interval, rules),
        records=None if e.records is None else rules.rounded(e.records),
        reported=rules.rounded(e.reported),
        recorded=rules.rounded(e.recorded),
        effective_sample_size=float(rules.rounded(e.effective_sample_size)),
        crimes_in_frame=None if e.crimes_in_frame is None else float(rules.rounded(e.crimes_in_frame)),
    )
    plain = row.plain and _rounded_interval(row.plain, rules)
    return replace(
        row,
        estimate=estimate,
        plain=plain,
        published=row.published and _rounded_interval(row.published, rules),
        unrecorded=_year(row.unrecorded, e, estimate),
        unrecorded_plain=_year(row.unrecorded, e, replace(estimate, interval=plain) if plain else estimate),
    )


def _rounded_interval(interval: Interval[float], rules: Rules) -> Interval[float]:
    return replace(interval, low=rules.rounded_share(interval.low), high=rules.rounded_share(interval.high))


def _year(total: Total | None, exact: RateEstimate, rounded: RateEstimate) -> Total | None:
    """Return a year's crimes by the rounded rate: by the exact one they would give it away."""
    if total is None:
        return None
    rate, crimes = (exact.rate, total.value) if exact.rate < 1 else (exact.interval.low, total.interval.high)
    return extrapolate_unrecorded(rounded, recorded=crimes * rate / (1 - rate))
