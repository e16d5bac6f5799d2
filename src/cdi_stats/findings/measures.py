"""The catalogue of measures: every one a proportion with a sample behind it. A new measure is a row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from cdi_stats.audit.model import Audit
from cdi_stats.audit.schema import FLAGS

Rows = pd.DataFrame
Mask = Callable[[Audit, Rows], "pd.Series[bool]"]
ALL = "all"
DOMAIN_LABELS = {
    ALL: "all crime",
    "rape": "rape",
    "domestic_abuse": "domestic abuse",
    "hate": "hate crime",
    "vulnerable": "crimes against vulnerable victims",
    "third_party": "crimes reported by third-party professionals",
    "sexual excluding rape": "sexual offences excluding rape",
    "violence": "violent crime",
    "sexual": "sexual offences",
}


@dataclass(frozen=True)
class Measure:
    """One measure: of the rows of `sheet` for which `due` holds, the share for which `done` holds.

    `weight` names the columns that count cases where a row is not one case: (due, done). `by` says how the rows are
    split: "strata", "flags" (the crime flags), or a column's name. `sampled` measures come from the audited records, so
    their rates carry the sample's strata and clusters.
    """

    key: str
    name: str
    done_as: str
    due_as: str
    sheet: str
    due: Mask
    done: Mask
    by: tuple[str, ...] = ()
    sampled: bool = False
    weight: tuple[str, str] | None = None


def _is(column: str, value: object = True) -> Mask:
    return lambda _, rows: (rows[column] == value).fillna(False).astype(bool)


def _any(_: Audit, rows: Rows) -> pd.Series[bool]:
    return pd.Series(True, index=rows.index, dtype=bool)


def _known(*columns: str) -> Mask:
    return lambda _, rows: rows[list(columns)].notna().all(axis=1)


def _missed_and_known(column: str) -> Mask:
    return lambda _, rows: (~rows["recorded"].fillna(True).astype(bool)) & rows[column].notna()


def delay(rows: Rows) -> pd.Series[pd.Timedelta]:
    """Return the time from report to record; none where one is missing, or they contradict each other."""
    delay = rows["recorded_at"] - rows["reported_at"]
    return delay.where(delay >= pd.Timedelta(0))


def _timed(_: Audit, rows: Rows) -> pd.Series[bool]:
    return rows["recorded"].fillna(False).astype(bool) & (delay(rows).notna() | rows["in_time"].notna())


def _in_time(audit: Audit, rows: Rows) -> pd.Series[bool]:
    """Hold the delay against the hours allowed; where there is none, take the auditor's answer."""
    taken = delay(rows)
    within = (taken <= pd.Timedelta(hours=audit.facts.timeliness_hours)).astype("boolean")
    return within.where(taken.notna(), rows["in_time"]).fillna(False).astype(bool)


MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure(
            "recording_rate", "Recording rate", "were recorded", "reported crimes", "crimes",
            _any, _is("recorded"), by=("strata", "flags"), sampled=True,
        ),
        Measure(
            "timeliness", "Recorded in time", "were recorded in time", "recorded crimes timed", "crimes",
            _timed, _in_time, by=("strata",), sampled=True,
        ),
        Measure(
            "safeguarding", "Safeguarding where a crime was missed", "had safeguarding considered",
            "crimes not recorded", "crimes",
            _missed_and_known("safeguarding"), _is("safeguarding"), by=("flags",), sampled=True,
        ),
        Measure(
            "investigated", "Investigation where a crime was missed", "were investigated",
            "crimes not recorded", "crimes",
            _missed_and_known("investigated"), _is("investigated"), by=("flags",), sampled=True,
        ),
        Measure(
            "victim_informed", "Victims informed where a crime was missed", "had the victim informed",
            "crimes not recorded", "crimes",
            _missed_and_known("victim_informed"), _is("victim_informed"), by=("flags",), sampled=True,
        ),
        Measure(
            "n100_made", "N100 made where one was needed", "were made", "N100s needed", "n100",
            _is("test", "needed"), _is("made"),
        ),
        Measure(
            "n100_correct", "N100s examined and correctly recorded", "were correctly recorded",
            "N100s examined", "n100",
            _is("test", "examined"), _is("outcome", "correct"),
        ),
        Measure(
            "vulnerable_victims", "Crimes in vulnerable-victim records", "were recorded",
            "crimes due in vulnerable-victim records", "vulnerable",
            _any, _any, weight=("reported", "recorded"),
        ),
        Measure(
            "vulnerable_safeguarding", "Safeguarding in vulnerable-victim records", "had safeguarding considered",
            "crimes not recorded", "vulnerable",
            _known("safeguarded"), _any, weight=("missed", "safeguarded"),
        ),
        Measure(
            "vulnerable_investigated", "Investigation in vulnerable-victim records", "were investigated",
            "crimes not recorded", "vulnerable",
            _known("investigated"), _any, weight=("missed", "investigated"),
        ),
        Measure(
            "cancelled_correctly", "Crimes cancelled correctly", "were right", "cancellations reviewed",
            "cancellations", _any, _is("correct"), by=("crime_type",),
        ),
        Measure(
            "victims_informed", "Victims told of the cancellation", "were told of the cancellation", "victims",
            "cancellations", _known("victim_informed"), _is("victim_informed"),
        ),
    )
}  # fmt: skip


def measure_of(key: str) -> Measure:
    """Return the measure of a finding, also of the overall rate in its other weighting."""
    return MEASURES[key.removesuffix("_pooled").removesuffix("_weighted")]


def flags_used(audit: Audit) -> list[str]:
    """Return the crime flags that the audit fills in."""
    crimes = audit.tables["crimes"]
    return [flag for flag in FLAGS if crimes[flag].notna().any()]


def domain_label(domain: str) -> str:
    """Return how a report calls a domain."""
    return DOMAIN_LABELS.get(domain, domain.replace("_", " "))
