"""The population that a sample is drawn from, read where it lies: files through DuckDB, databases through Ibis.

Only record numbers, opening codes, dates and the columns asked for ever leave the engine, and of these only the records
near the top of the random order, those excluded and those listed more than once.
"""

from __future__ import annotations

import hashlib
import math
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.frame_engines import TURN, Engine, closed_quietly, told
from cdi_stats.audit.frame_source import OURS, listed_numbers, open_source
from cdi_stats.audit.sampling import SampledStratum, SamplingPlan
from cdi_stats.errors import BadParameters

LEFT_OUT = ("no stratum of the plan", "outside the audit window", "no record number", "excluded", "listed again")
MOST_CODES = 20_000
CHUNK = 5_000
MARGIN = 8

Taken = Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame, each record once: `counts` are the records of each stratum, `hashes` prints of their numbers.

    `accounting` maps "in the frame" and every reason for leaving rows out to rows; they add up to the source's rows.
    A row without a date is outside any window. `unused_codes` are the plan's opening codes that no row has, by stratum;
    `excluded_by` the record numbers that each list of exclusions holds. A frame holds its source open: use it in a
    `with` statement, or close it.
    """

    source: str
    engine: str
    counts: Mapping[str, int]
    hashes: Mapping[str, str]
    accounting: Mapping[str, int]
    unused_codes: Mapping[str, Sequence[str]]
    excluded_by: Mapping[str, int]
    query: str = field(repr=False)
    _reads: Engine = field(repr=False)
    _rows: Any = field(repr=False)
    _known: pd.DataFrame = field(repr=False)
    _open: ExitStack = field(repr=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, closed_quietly, self._open)

    def __enter__(self) -> Frame:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source, and remove whatever was set aside on disk."""
        closed_quietly(self._open)

    def first(self, seed: str, sizes: Mapping[str, int], start: float = 0.0) -> pd.DataFrame:
        """Return each stratum's first records in the random order of a seed, in that order, as many as `sizes` says.

        Columns: record_id, opened_at, opening_code, stratum, prn (the permanent random number, 32 hex digits) and
        those kept. `start` (0-1) is where in the order to begin, going round at its end. Raises BadParameters where the
        source no longer holds the records it was counted with.
        """
        shares = {s: _share(size, self.counts[s]) for s, size in sizes.items() if size}
        with told(f"frame.source: {self.source}"):
            while True:
                found = self._candidates(seed, shares, start)
                held = found.groupby("stratum").size()
                short = [s for s in shares if held.get(s, 0) < sizes[s]]
                if any(shares[s] >= 1 for s in short):
                    raise BadParameters(
                        f"frame.source: {self.source}: changed while it was read; expected a source, or a view of it, "
                        "that stays as it is"
                    )
                if not short:
                    break
                shares |= {s: min(1.0, 2 * shares[s]) for s in short}
        tops = [rows.head(sizes[str(stratum)]) for stratum, rows in found.groupby("stratum", sort=False)]
        return pd.concat(tops, ignore_index=True) if tops else found

    def _candidates(self, seed: str, shares: Mapping[str, float], start: float) -> pd.DataFrame:
        rows = self._rows.mutate(prn=self._reads.permanent(seed, self._rows.record_id))
        # one test of the number for strata of like shares: an engine hashes afresh for each that it is given
        alike: dict[int, list[str]] = {}
        for stratum, share in shares.items():
            alike.setdefault(int(math.log(share, 8)), []).append(stratum)
        parts = [rows.head(0)]
        for strata in alike.values():
            width = min(TURN, int(max(shares[s] for s in strata) * TURN) + 1)
            near = self._reads.within(rows.prn, _beginning(start), width)
            parts.append(rows.filter(near, rows.stratum.isin(strata)))
        found = pd.concat([_fetched(self._reads, part) for part in parts[1:] or parts])
        found = pd.concat([found[~found["record_id"].isin(self._known["record_id"])], self._kept(found)])
        found = found.sort_values(["prn", "record_id"], key=lambda column: _turned(column, start))
        return found.sort_values("stratum", kind="stable", ignore_index=True)

    def _kept(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return, of records that are excluded or listed more than once, the rows that stand for them."""
        kept = self._known[self._known["kept"]]
        keys = ["record_id", "stratum", "opened_at", "opening_code"]
        again = found[found["record_id"].isin(kept["record_id"])].merge(kept[keys], on=keys)
        # rows alike in all of these may differ in what is kept: any engine's first row would be another
        order = again.drop(columns=keys).astype("str").sort_values(list(again.columns.difference(keys))).index
        return again.loc[order].drop_duplicates("record_id")


def open_frame(plan: SamplingPlan, *, base: Path | None = None, connection: Any = None) -> Frame:
    """Return the frame of a plan, counted. `base` is the folder its paths are seen from; `connection` an Ibis backend.

    Rows are left out for want of a record number, of a stratum that takes their opening code, for a date outside their
    stratum's window, and where the record is excluded. Of a record listed more than once the earliest row that
    qualifies counts, then that with the first opening code. Raises BadParameters for a frame that cannot be read so.
    """
    if plan.frame is None:
        raise BadParameters("frame: missing; expected where the population is: [frame] with source = ...")
    _refuse_shared_codes(plan.strata)
    excluded_by = listed_numbers(plan.exclude, base or Path())
    with ExitStack() as stack:
        engine, given, shown = open_source(plan.frame, base or Path(), connection, stack)
        with told(f"frame.source: {shown}"):
            return _counted_frame(plan, engine, given, shown, excluded_by, stack)


def _counted_frame(
    plan: SamplingPlan, engine: Engine, given: Any, shown: str, excluded_by: Mapping[str, set[str]], stack: ExitStack
) -> Frame:
    import ibis

    assert plan.frame is not None
    found = _codes_found(engine, given, plan.frame.opening_code)
    taken = _taken(found, plan.strata)
    chosen = _inside(engine, given, plan.strata, taken)
    held = engine.hold(chosen, stack)
    inside = _with_stratum(held, taken)
    eligible = inside.filter(inside.record_id.length() > 0)
    excluded = set[str]().union(*excluded_by.values())
    known = _resolved(_listed_again(engine, held, eligible), _listed(engine, eligible, excluded), excluded)
    coded = sum(found[code] for codes in taken.values() for code in codes)
    accounting, counts, sums = _counted(engine, inside, known, list(taken))
    return Frame(
        source=shown,
        engine=f"{engine.name}, Ibis {ibis.__version__}",
        counts=counts,
        hashes={stratum: frame_print(counts[stratum], *sums[stratum]) for stratum in counts},
        accounting=_complete(accounting, rows=sum(found.values()), coded=coded),
        unused_codes=_unused(found, plan.strata),
        excluded_by={name: len(numbers) for name, numbers in excluded_by.items()},
        query=str(ibis.to_sql(_with_stratum(chosen, taken), dialect=engine.connection.name)),
        _reads=engine,
        _rows=eligible,
        _known=known,
        _open=stack.pop_all(),
    )


def permanent_number(seed: str, record_id: str) -> str:
    """Return a record's permanent random number for a seed: the MD5 of both as 32 hex digits, on every engine alike."""
    return md5_of(f"{seed}|{record_id}")


def md5_of(text: str) -> str:
    """Return the MD5 of a text's UTF-8 as 32 hex digits."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def turned(number: str, start: float) -> int:
    """Return a permanent random number's place in an order that begins at `start` (0-1)."""
    return (int(number, 16) - _beginning(start) * 2**96) % 2**128


def frame_print(records: int, first: int, second: int) -> str:
    """Return the print of a frame: its records, and the sums of the first and second 32 bits of their numbers' MD5."""
    return hashlib.sha256(f"{records}|{first}|{second}".encode()).hexdigest()[:16]


def words(record_id: str) -> tuple[int, int]:
    """Return the first and second 32 bits of a record number's MD5."""
    number = md5_of(record_id)
    return int(number[:8], 16), int(number[8:16], 16)


def _beginning(start: float) -> int:
    return round(start * TURN) % TURN


def _turned(column: pd.Series[str], start: float) -> pd.Series[Any]:
    return column.map(lambda number: turned(number, start)) if column.name == "prn" else column


def _share(size: int, records: int) -> float:
    """Return the share of a stratum that holds its first `size` records all but surely."""
    return float(min(1.0, (size + MARGIN * size**0.5 + MARGIN) / max(records, 1)))


def _fetched(engine: Engine, expression: Any) -> pd.DataFrame:
    found = engine.fetch(expression)
    found["opened_at"] = pd.to_datetime(found["opened_at"]).astype("datetime64[s]")
    return found.astype(dict.fromkeys(("record_id", "opening_code", "stratum"), "str"))


def _codes_found(engine: Engine, rows: Any, column: str) -> dict[str | None, int]:
    """Return rows by opening code as the source writes it, None where it has none."""
    by = engine.fetch(rows.group_by("opening_code").agg(rows=rows.count()).limit(MOST_CODES + 1))
    if len(by) > MOST_CODES:
        raise BadParameters(
            f"frame.opening_code: {column} holds more than {MOST_CODES:,} different texts; expected the code a record "
            "was opened with"
        )
    return {None if pd.isna(code) else str(code): int(n) for code, n in by.itertuples(index=False)}


def _refuse_shared_codes(strata: Sequence[SampledStratum]) -> None:
    rest = [s.stratum for s in strata if s.opening_codes is None]
    problems = []
    if len(rest) > 1:
        problems.append(f"strata: {', '.join(rest)} name no opening_codes; expected at most one, which takes the rest")
    codes = [(s.stratum, code) for s in strata for code in _codes(s)]
    for place, (stratum, code) in enumerate(codes):
        for other, taken in codes[:place]:
            if _overlap(code, taken) and other != stratum:
                problems.append(
                    f"strata: {taken} of {other} and {code} of {stratum} take the same opening codes; expected each "
                    "in one stratum"
                )
    if problems:
        raise BadParameters("\n".join(problems))


def _codes(stratum: SampledStratum) -> list[str]:
    return [_tidy(code) for code in stratum.opening_codes or []]


def _tidy(code: str | None) -> str:
    return " ".join((code or "").upper().split())


def _takes(pattern: str, code: str) -> bool:
    return code.startswith(pattern.rstrip("*")) if pattern.endswith("*") else code == pattern


def _overlap(one: str, other: str) -> bool:
    if one.endswith("*") and other.endswith("*"):
        shorter, longer = sorted((one.rstrip("*"), other.rstrip("*")), key=len)
        return longer.startswith(shorter)
    return _takes(one, other) or _takes(other, one)


def _taken(found: Mapping[str | None, int], strata: Sequence[SampledStratum]) -> dict[str, list[str | None]]:
    """Return the opening codes, as the source writes them, that each stratum takes."""
    taken: dict[str, list[str | None]] = {s.stratum: [] for s in strata}
    rest = next((s.stratum for s in strata if s.opening_codes is None), None)
    patterns = [(pattern, s.stratum) for s in strata for pattern in _codes(s)]
    for code in sorted(found, key=lambda code: (code or "", code is None)):
        tidy = _tidy(code)
        stratum = next((named for pattern, named in patterns if _takes(pattern, tidy)), rest)
        if stratum is not None:
            taken[stratum].append(code)
    return taken


def _unused(found: Mapping[str | None, int], strata: Sequence[SampledStratum]) -> dict[str, list[str]]:
    """Return the codes that a plan names and no row has: they may be misspelt."""
    tidy = {_tidy(code) for code in found}
    unused = {
        s.stratum: [given for given in s.opening_codes or [] if not any(_takes(_tidy(given), code) for code in tidy)]
        for s in strata
    }
    return {stratum: codes for stratum, codes in unused.items() if codes}


def _inside(engine: Engine, rows: Any, strata: Sequence[SampledStratum], taken: Taken) -> Any:
    """Return the rows of the strata's codes within their windows."""
    windows: dict[tuple[date | None, date | None], list[str | None]] = {}
    for s in strata:
        windows.setdefault((s.period_start, s.period_end), []).extend(taken[s.stratum])
    within = [_among(rows.opening_code, codes) & _opened(rows.opened_at, *days) for days, codes in windows.items()]
    return rows.filter(reduce(or_, within)).mutate(record_id=engine.number(rows.record_id))


def _with_stratum(rows: Any, taken: Taken) -> Any:
    import ibis

    named = ((_among(rows.opening_code, codes), stratum) for stratum, codes in taken.items())
    return rows.mutate(stratum=ibis.cases(*named, else_=ibis.null("string")))


def _among(code: Any, codes: Sequence[str | None]) -> Any:
    written = [given for given in codes if given is not None]
    test = code.isin(written).fill_null(False) if None in codes else code.isin(written)
    return test | code.isnull() if None in codes else test


def _opened(opened_at: Any, first: date | None, last: date | None) -> Any:
    import ibis

    test = ibis.literal(True)
    if first:
        test = test & (opened_at >= datetime.combine(first, time()))
    if last:
        test = test & (opened_at < datetime.combine(last, time()) + timedelta(days=1))
    return test


def _listed_again(engine: Engine, held: Any, eligible: Any) -> pd.DataFrame:
    """Return all rows of the records that are listed more than once."""
    # counted over the table as it is held: over the same expression as the rows, DuckDB would write all of them out
    times = held.select(alike=engine.alike(held.record_id)).group_by("alike").agg(times=lambda rows: rows.count())
    again = times.filter(times.times > 1)
    return _fetched(engine, eligible.filter(engine.alike(eligible.record_id).isin(again.alike)))[[*OURS, "stratum"]]


def _listed(engine: Engine, eligible: Any, excluded: set[str]) -> pd.DataFrame:
    """Return the rows of excluded records, found by the MD5 of their numbers: letters need no encoding then."""
    ids = sorted(md5_of(number) for number in excluded)
    parts = [
        _fetched(engine, eligible.filter(engine.md5(eligible.record_id).isin(ids[at : at + CHUNK])))
        for at in range(0, len(ids), CHUNK)
    ]
    listed = pd.concat(parts)[[*OURS, "stratum"]] if parts else pd.DataFrame(columns=[*OURS, "stratum"])
    return listed[listed["record_id"].isin(excluded)]


def _resolved(again: pd.DataFrame, listed: pd.DataFrame, excluded: set[str]) -> pd.DataFrame:
    """Return every row of records listed again or excluded; `kept` marks the one that stands for a record."""
    parts = [part for part in (again[~again["record_id"].isin(excluded)], listed) if not part.empty]
    known = pd.concat(parts, ignore_index=True) if parts else again.head(0)
    known = known.sort_values(["record_id", "opened_at", "opening_code", "stratum"], ignore_index=True)
    kept = ~known.duplicated("record_id") & ~known["record_id"].isin(excluded)
    return known.assign(kept=kept.astype(bool), excluded=known["record_id"].isin(excluded).astype(bool))


def _counted(
    engine: Engine, inside: Any, known: pd.DataFrame, strata: Sequence[str]
) -> tuple[dict[str, int], dict[str, int], dict[str, tuple[int, int]]]:
    """Return rows by what became of them, records by stratum, and two sums over the MD5 of the records' numbers."""
    hashed = inside.mutate(md5=engine.md5(inside.record_id))
    numbered = hashed.record_id.length() > 0
    first, second = (engine.word(hashed.md5, at).sum(where=numbered).fill_null(0) for at in (0, 8))
    by = engine.fetch(
        hashed.group_by("stratum").agg(
            rows=hashed.count(), numbered=numbered.sum().fill_null(0), first=first, second=second
        )
    ).set_index("stratum")
    held = by[["numbered", "first", "second"]].astype("int64").T.to_dict("list")
    counts = {stratum: held.get(stratum, [0, 0, 0]) for stratum in strata}
    dropped = known[~known["kept"]]
    for record_id, stratum in dropped[["record_id", "stratum"]].itertuples(index=False):
        taken = (1, *words(record_id))
        counts[stratum] = [kept - less for kept, less in zip(counts[stratum], taken, strict=True)]
    records = {stratum: kept[0] for stratum, kept in counts.items()}
    rows, numbered_rows = sum(map(int, by["rows"])), sum(map(int, by["numbered"]))
    accounting = {
        "inside": rows,
        "in the frame": sum(records.values()),
        "no record number": rows - numbered_rows,
        "excluded": int(dropped["excluded"].sum()),
        "listed again": int((~dropped["excluded"]).sum()),
    }
    return accounting, records, {stratum: (first, second) for stratum, (_, first, second) in counts.items()}


def _complete(accounting: Mapping[str, int], *, rows: int, coded: int) -> dict[str, int]:
    """Return the accounting with the rows that never came in: those of other codes, or outside their window."""
    outside = {"no stratum of the plan": rows - coded, "outside the audit window": coded - accounting["inside"]}
    whole = {**accounting, **outside}
    return {name: whole[name] for name in ("in the frame", *LEFT_OUT)}
