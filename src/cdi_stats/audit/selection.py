"""Drawing a sample by permanent random numbers: a seed draws the same records on every engine, in any row order.

A hash of seed and record number orders each stratum; the first records are the sample, the next its reserve. So a
larger sample contains the smaller, and audits that start apart in one order, or have seeds of their own, are disjoint
or independent on purpose (Ohlsson 1995, "Coordination of samples using permanent random numbers").
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.frame import Frame, frame_print, open_frame, permanent_number, turned, words
from cdi_stats.audit.frame_engines import record_number
from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.errors import BadParameters
from cdi_stats.rounding import count
from cdi_stats.showing import Grid, Shown, counted

SAMPLE, RESERVE, SET_ASIDE = "sample", "reserve", "set aside"
COLUMNS = ["record_id", "stratum", "place", "role", "second_review", "reason"]


@dataclass(frozen=True, repr=False)
class Selection(Shown):
    """A drawn sample. `records` holds one row a record drawn, in the order of the draw within each stratum.

    Its columns are record_id, stratum, place (from 1), role ("sample", "reserve" or "set aside"), second_review,
    reason, and what the frame was asked to keep. `counts` are the records of each stratum's frame, `hashes` their
    prints; `trail` says how another can draw the same.
    """

    records: pd.DataFrame
    counts: Mapping[str, int]
    hashes: Mapping[str, str]
    seed: str
    start: float
    trail: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        drawn, strata = counted(len(self.sample), "record"), counted(len(self.counts), "stratum", "strata")
        return f"{drawn} drawn of {sum(self.counts.values()):,} in {strata}, from seed {self.seed}"

    def _grid(self) -> Grid:
        strata = self.strata.drop(columns=["seed", "start", "frame_hash"])
        columns = ("Stratum", "Records in frame", "Drawn", "Reserve")
        return Grid([(str(name), *map(count, numbers)) for name, *numbers in strata.itertuples(index=False)], columns)

    @property
    def sample(self) -> pd.DataFrame:
        """Return the records to be examined."""
        return self.records[self.records["role"] == SAMPLE].reset_index(drop=True)

    @property
    def strata(self) -> pd.DataFrame:
        """Return a row a stratum: seed, start, records_in_frame, drawn, reserve and frame_hash."""
        roles = self.records.groupby(["stratum", "role"]).size().to_dict()
        return pd.DataFrame(
            [
                {
                    "stratum": stratum,
                    "seed": self.seed,
                    "start": self.start,
                    "records_in_frame": count,
                    "drawn": roles.get((stratum, SAMPLE), 0),
                    "reserve": roles.get((stratum, RESERVE), 0),
                    "frame_hash": self.hashes.get(stratum),
                }
                for stratum, count in self.counts.items()
            ]
        )

    def set_aside(self, record_id: str, reason: str) -> Selection:
        """Return the selection with a record set aside for a reason, and its stratum's next reserve in its place.

        Raises BadParameters for a record that is not in the sample, a blank reason or an exhausted reserve.
        """
        if not reason.strip():
            raise BadParameters(f"{record_id}: set aside without a reason; expected why it cannot be examined")
        chosen = self.records["record_id"] == record_number(record_id)
        found = self.records.index[chosen & (self.records["role"] == SAMPLE)]
        if found.empty:
            raise BadParameters(f"{record_id}: found no such record in the sample; expected one that was drawn")
        stratum = self.records.loc[found[0], "stratum"]
        waiting = self.records.index[(self.records["stratum"] == stratum) & (self.records["role"] == RESERVE)]
        if waiting.empty:
            raise BadParameters(
                f"{stratum}: no reserve is left; expected a draw with a larger reserve, from the same seed"
            )
        records = self.records.copy()
        instead = str(records.loc[waiting[0], "record_id"])
        out, instead_of = found[0], waiting[0]
        records.loc[out, "role"] = SET_ASIDE
        records.loc[out, "reason"] = f"{reason.strip()} ({instead} in its place)"
        records.loc[instead_of, "role"] = SAMPLE
        records.loc[instead_of, "second_review"] = bool(records.loc[out, "second_review"])
        records.loc[out, "second_review"] = False
        return replace(self, records=records)


def draw_sample(
    frame: pd.DataFrame,
    sizes: Mapping[str, int],
    *,
    seed: str | int,
    stratum: str,
    record_id: str,
    exclude: Iterable[str | int] = (),
    reserve: int = 0,
    second_review: float = 0.0,
    start: float = 0.0,
) -> Selection:
    """Return a sample of a table's records, as many of each stratum as `sizes` says.

    `stratum` and `record_id` name columns of `frame`, one row a record; `exclude` are records not to be drawn;
    `reserve` records follow in each stratum; `second_review` is the share (0-1) a second auditor is to examine; `start`
    (0-1) is where in the random order to begin. Raises BadParameters for sizes that the frame cannot give, and records
    without a number or listed twice.
    """
    _check_options(reserve, second_review, start)
    numbers = _numbers(frame[record_id])
    rows = frame.assign(record_id=numbers, stratum=frame[stratum].astype("str"))
    rows = rows[~numbers.isin({record_number(str(number)) for number in exclude})]
    counts = {str(name): int(size) for name, size in rows.groupby("stratum").size().items()}
    _check_sizes(sizes, counts)
    place = rows["record_id"].map(lambda number: turned(permanent_number(str(seed), number), start))
    ordered = rows.assign(_place=place).sort_values(["stratum", "_place", "record_id"], ignore_index=True)
    tops = [ordered[ordered["stratum"] == name].head(size + reserve) for name, size in sizes.items()]
    drawn = pd.concat([ordered.head(0), *tops], ignore_index=True).drop(columns="_place")
    extra = [name for name in drawn.columns if name not in ("record_id", "stratum", record_id, stratum)]
    hashes = {name: _frame_hash(rows.loc[rows["stratum"] == name, "record_id"]) for name in sizes}
    kept = drawn[["record_id", "stratum", *extra]]
    known = {name: counts[name] for name in sizes}
    return _selection(kept, sizes, known, hashes, str(seed), start, second_review)


def draw_from_plan(plan: SamplingPlan, *, base: Path | None = None, connection: Any = None) -> Selection:
    """Return the sample that a plan asks for, drawn from its frame; `base` is the folder its paths are seen from.

    Records that the plan sets aside are replaced, in its order. Raises BadParameters for a plan without sizes, and for
    whatever its frame lacks.
    """
    unsized = [s.stratum for s in plan.strata if s.records is None]
    if unsized:
        raise BadParameters(
            f"strata: {', '.join(unsized)}: no records wanted; give records = ..., or run cdi plan with --write first"
        )
    sizes = {s.stratum: s.records or 0 for s in plan.strata}
    with open_frame(plan, base=base, connection=connection) as frame:
        _check_sizes(sizes, frame.counts)
        wanted = {stratum: min(size + plan.reserve, frame.counts[stratum]) for stratum, size in sizes.items()}
        drawn = frame.first(str(plan.seed), wanted, plan.start).drop(columns="prn")
    order = {stratum: place for place, stratum in enumerate(sizes)}
    drawn = drawn.sort_values("stratum", kind="stable", key=lambda column: column.map(order), ignore_index=True)
    made = _selection(drawn, sizes, frame.counts, frame.hashes, str(plan.seed), plan.start, plan.second_review)
    made = replace(made, trail=_trail(plan, frame, sizes))
    for record in plan.set_aside:
        made = made.set_aside(record.record_id, record.reason)
    return made


def _numbers(column: pd.Series[Any]) -> pd.Series[str]:
    """Return the records' numbers as text. Raises BadParameters for those that are blank, decimal or there twice."""
    if pd.api.types.is_float_dtype(column):
        raise BadParameters(f"frame: {column.name} holds decimal numbers; expected text or whole numbers")
    numbers = column.astype("str").map(record_number, na_action="ignore")
    if numbers.isna().any() or (numbers == "").any():
        raise BadParameters(f"frame: found a record without {column.name}; expected a number for each")
    if numbers.duplicated().any():
        again = numbers[numbers.duplicated()].iloc[0]
        raise BadParameters(f"frame: found {again} more than once; expected each record once")
    return numbers


def _check_options(reserve: int, second_review: float, start: float) -> None:
    problems = []
    if not _is_count(reserve):
        problems.append(f"reserve: found {reserve!r}; expected a whole number, 0 or more")
    if not 0 <= second_review <= 1:
        problems.append(f"second_review: found {second_review!r}; expected a share from 0 to 1")
    if not 0 <= start < 1:
        problems.append(f"start: found {start!r}; expected a number from 0 to below 1")
    if problems:
        raise BadParameters("\n".join(problems))


def _is_count(given: Any) -> bool:
    return isinstance(given, Integral) and not isinstance(given, bool) and int(given) >= 0


def _check_sizes(sizes: Mapping[str, int], counts: Mapping[str, int]) -> None:
    problems = []
    for stratum, size in sizes.items():
        if not _is_count(size):
            problems.append(f"{stratum}: found {size!r} records wanted; expected a whole number, 0 or more")
        elif stratum not in counts:
            problems.append(f"{stratum}: found no such stratum in the frame; expected one of {', '.join(counts)}")
        elif size > counts[stratum]:
            problems.append(
                f"{stratum}: {size:,} records wanted; expected at most the {counts[stratum]:,} in the frame"
            )
    if problems:
        raise BadParameters("\n".join(problems))


def _selection(
    drawn: pd.DataFrame,
    sizes: Mapping[str, int],
    counts: Mapping[str, int],
    hashes: Mapping[str, str],
    seed: str,
    start: float,
    second_review: float,
) -> Selection:
    place = drawn.groupby("stratum").cumcount() + 1
    taken = [at <= sizes[name] for at, name in zip(place, drawn["stratum"], strict=True)]
    role = pd.Series([SAMPLE if sampled else RESERVE for sampled in taken], index=drawn.index, dtype="str")
    reasons = pd.Series(None, index=drawn.index, dtype="object")
    records = drawn.assign(place=place.astype("int64"), role=role, reason=reasons)
    # spread evenly over the random order, so that a larger sample keeps the second reviews of a smaller one
    reviews = [math.ceil(second_review * at - 1e-9) > math.ceil(second_review * (at - 1) - 1e-9) for at in place]
    records["second_review"] = pd.Series(reviews, index=drawn.index, dtype="bool") & (role == SAMPLE)
    extra = [name for name in drawn.columns if name not in COLUMNS]
    return Selection(records[[*COLUMNS, *extra]], dict(counts), dict(hashes), seed, start)


def _frame_hash(numbers: pd.Series[str]) -> str:
    """Return the print that a frame in a database gives of the same records."""
    found = [words(number) for number in numbers]
    return frame_print(len(found), sum(first for first, _ in found), sum(second for _, second in found))


def _trail(plan: SamplingPlan, frame: Frame, sizes: Mapping[str, int]) -> dict[str, Any]:
    given = json.dumps(plan.model_dump(mode="json", exclude={"frame": {"source"}, "set_aside": True}), sort_keys=True)
    return {
        "source": frame.source,
        "engine": frame.engine,
        "plan": hashlib.sha256(given.encode()).hexdigest(),
        "seed": str(plan.seed),
        "start": plan.start,
        "order": "md5(seed | record number), ascending from start",
        "sizes": dict(sizes),
        "reserve": plan.reserve,
        "second_review": plan.second_review,
        "records_in_frame": dict(frame.counts),
        "frame_hash": dict(frame.hashes),
        "frame": dict(frame.accounting),
        "excluded_by": dict(frame.excluded_by),
        "codes_without_rows": {stratum: list(codes) for stratum, codes in frame.unused_codes.items()},
        "query": frame.query,
    }
