"""The population that a sample is drawn from, read where it lies: files through DuckDB, databases through Ibis.

Only record numbers, opening codes, dates and the columns asked for ever leave the engine, and of these only the records
near the top of the random order, those excluded and those listed more than once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.frame_source import OURS, listed_numbers, open_source
from cdi_stats.audit.sampling import SampledStratum, SamplingPlan
from cdi_stats.errors import BadParameters

LEFT_OUT = ("no stratum of the plan", "outside the audit window", "no record number", "excluded", "listed again")
MOST_CODES = 20_000
CHUNK = 5_000
MARGIN = 8


@dataclass(frozen=True)
class Frame:
    """A frame, each record once: `counts` are the records of each stratum, `hashes` prints of their numbers.

    `accounting` maps "in the frame" and every reason for leaving rows out to rows; they add up to the source's rows.
    """

    source: str
    engine: str
    counts: Mapping[str, int]
    hashes: Mapping[str, str]
    accounting: Mapping[str, int]
    rows: Any = field(repr=False)
    known: pd.DataFrame = field(repr=False)
    query: str = field(repr=False)

    def first(self, seed: str, sizes: Mapping[str, int], start: float = 0.0) -> pd.DataFrame:
        """Return each stratum's first records in the random order of a seed, in that order, as many as `sizes` says.

        Columns: record_id, opened_at, opening_code, stratum, prn (the permanent random number, 32 hex digits) and
        those kept. `start` (0-1) is where in the order to begin, going round at its end.
        """
        shares = {s: _share(size, self.counts[s]) for s, size in sizes.items() if size}
        while True:
            found = self._candidates(seed, shares, start)
            held = found.groupby("stratum").size()
            short = [s for s in shares if held.get(s, 0) < sizes[s] and shares[s] < 1]
            if not short:
                break
            shares |= {s: min(1.0, 2 * shares[s]) for s in short}
        tops = [rows.head(sizes[str(stratum)]) for stratum, rows in found.groupby("stratum", sort=False)]
        return pd.concat(tops, ignore_index=True) if tops else found

    def _candidates(self, seed: str, shares: Mapping[str, float], start: float) -> pd.DataFrame:
        rows = self.rows.mutate(prn=md5_of(_salted(seed, self.rows.record_id)))
        wanted = [(rows.stratum == s) & _within(rows.prn, start, share) for s, share in shares.items()]
        if not wanted:
            return pd.DataFrame(columns=[*rows.columns])
        widest = rows.filter(_within(rows.prn, start, max(shares.values())))
        found = _fetched(widest.filter(reduce(or_, wanted)))
        found = pd.concat([found[~found["record_id"].isin(self.known["record_id"])], self._kept(found)])
        found = found.sort_values(["prn", "record_id"], key=lambda column: _turned(column, start))
        return found.sort_values("stratum", kind="stable", ignore_index=True)

    def _kept(self, found: pd.DataFrame) -> pd.DataFrame:
        """Return, of records that are excluded or listed more than once, the rows that stand for them."""
        kept = self.known[self.known["kept"]]
        keys = ["record_id", "stratum", "opened_at", "opening_code"]
        again = found[found["record_id"].isin(kept["record_id"])]
        return again.merge(kept[keys], on=keys).drop_duplicates("record_id")


def open_frame(plan: SamplingPlan, *, base: Path | None = None, connection: Any = None) -> Frame:
    """Return the frame of a plan, counted. `base` is the folder its paths are seen from; `connection` an Ibis backend.

    Rows are left out for want of a record number, of a stratum that takes their opening code, for a date outside their
    stratum's window, and where the record is excluded. Of a record listed more than once the earliest row that
    qualifies counts, then that with the first opening code. Raises BadParameters for a frame that cannot be read so.
    """
    import ibis

    if plan.frame is None:
        raise BadParameters("frame: missing; expected where the population is: [frame] with source = ...")
    _refuse_shared_codes(plan.strata)
    connection, given, shown = open_source(plan.frame, base or Path(), connection)
    found = _codes_found(given, plan.frame.opening_code)
    taken = _taken(found, plan.strata)
    chosen = _inside(given, plan.strata, taken)
    inside = _with_stratum(_held(chosen, connection), taken)
    eligible = inside.filter(inside.record_id.length() > 0)
    excluded = listed_numbers(plan.exclude, base or Path())
    known = _resolved(_listed_again(eligible), _listed(eligible, excluded), excluded)
    accounting, counts, sums = _counted(found, inside, known, plan.strata)

    return Frame(
        source=shown,
        engine=f"{connection.name} {connection.version}, Ibis {ibis.__version__}",
        counts=counts,
        hashes={stratum: _print(counts[stratum], *sums[stratum]) for stratum in counts},
        accounting=accounting,
        rows=eligible,
        known=known,
        query=str(ibis.to_sql(_with_stratum(chosen, taken))),
    )


def permanent_number(seed: str, record_id: str) -> str:
    """Return a record's permanent random number for a seed: the MD5 of both as 32 hex digits, on every engine alike."""
    return hashlib.md5(f"{seed}|{record_id}".encode(), usedforsecurity=False).hexdigest()


def turned(number: str, start: float) -> int:
    """Return a permanent random number's place in an order that begins at `start` (0-1)."""
    return int((int(number, 16) - round(start * 2**32) * 2**96) % 2**128)


def md5_of(text: Any) -> Any:
    """Return the MD5 of an Ibis text column as hex digits; DuckDB, PostgreSQL and Spark call the function alike."""
    import ibis

    @ibis.udf.scalar.builtin(name="md5")  # type: ignore[untyped-decorator, unused-ignore]
    def md5(text: str) -> str:  # type: ignore[empty-body]
        ...

    return md5(text)


def _salted(seed: str, record_id: Any) -> Any:
    import ibis

    return ibis.literal(f"{seed}|") + record_id


def _turned(column: pd.Series[str], start: float) -> pd.Series[Any]:
    return column.map(lambda number: turned(number, start)) if column.name == "prn" else column


def _share(size: int, records: int) -> float:
    """Return the share of a stratum that holds its first `size` records all but surely."""
    return float(min(1.0, (size + MARGIN * size**0.5 + MARGIN) / max(records, 1)))


def _within(prn: Any, start: float, share: float) -> Any:
    low = round(start * 2**32)
    high = low + int(share * 2**32) + 1
    if share >= 1 or high - low >= 2**32:
        return prn.notnull()
    if high <= 2**32:
        above = prn >= f"{low:08x}"
        return above if high == 2**32 else above & (prn < f"{high:08x}")
    return (prn >= f"{low:08x}") | (prn < f"{high - 2**32:08x}")


def _fetched(expression: Any) -> pd.DataFrame:
    found: pd.DataFrame = expression.to_pandas()
    found = found[found["record_id"].str.len() > 0]
    found["opened_at"] = pd.to_datetime(found["opened_at"]).astype("datetime64[s]")
    return found.astype(dict.fromkeys(("record_id", "opening_code", "stratum"), "str"))


def _codes_found(rows: Any, column: str) -> dict[str | None, int]:
    """Return rows by opening code as the source writes it, None where it has none."""
    by = rows.group_by("opening_code").agg(rows=rows.count()).limit(MOST_CODES + 1).to_pandas()
    if len(by) > MOST_CODES:
        raise BadParameters(
            f"frame.opening_code: {column} holds more than {MOST_CODES:,} different texts; expected the code a record "
            "was opened with"
        )
    return {None if pd.isna(code) else str(code): int(n) for code, n in by.itertuples(index=False)}


def _refuse_shared_codes(strata: Sequence[SampledStratum]) -> None:
    rest = [s.stratum for s in strata if s.opening_codes is None]
    if len(rest) > 1:
        raise BadParameters(
            f"strata: {', '.join(rest)} name no opening_codes; expected at most one, which takes the rest"
        )
    codes = [(s.stratum, code) for s in strata for code in _codes(s)]
    for place, (stratum, code) in enumerate(codes):
        for other, taken in codes[:place]:
            if _overlap(code, taken) and other != stratum:
                raise BadParameters(f"strata: {code} of {stratum} and {taken} of {other} take the same opening codes")


def _codes(stratum: SampledStratum) -> list[str]:
    return [" ".join(code.upper().split()) for code in stratum.opening_codes or []]


def _overlap(one: str, other: str) -> bool:
    first, second = one.rstrip("*"), other.rstrip("*")
    if one.endswith("*") and second.startswith(first):
        return True
    return first == second if not other.endswith("*") else first.startswith(second)


def _taken(found: Mapping[str | None, int], strata: Sequence[SampledStratum]) -> dict[str, list[str | None]]:
    """Return the opening codes, as the source writes them, that each stratum takes."""
    taken: dict[str, list[str | None]] = {s.stratum: [] for s in strata}
    rest = next((s.stratum for s in strata if s.opening_codes is None), None)
    for code in sorted(found, key=lambda code: code or ""):
        tidy = " ".join((code or "").upper().split())
        named = (s.stratum for s in strata if any(_overlap(theirs, tidy) for theirs in _codes(s)))
        stratum = next(named, rest)
        if stratum is not None:
            taken[stratum].append(code)
    return taken


def _inside(rows: Any, strata: Sequence[SampledStratum], taken: Mapping[str, Sequence[str | None]]) -> Any:
    """Return the rows of the strata's codes within their windows."""
    windows: dict[tuple[date | None, date | None], list[str | None]] = {}
    for s in strata:
        windows.setdefault((s.period_start, s.period_end), []).extend(taken[s.stratum])
    within = [_among(rows.opening_code, codes) & _opened(rows.opened_at, *days) for days, codes in windows.items()]
    return rows.filter(reduce(or_, within)).mutate(record_id=rows.record_id.strip())


def _held(rows: Any, connection: Any) -> Any:
    """Return rows that are read three times more: where the engine is ours, set aside by it and not read afresh."""
    if connection.name != "duckdb":
        return rows
    return connection.create_table("cdi_stats_inside", rows, temp=True, overwrite=True)


def _with_stratum(rows: Any, taken: Mapping[str, Sequence[str | None]]) -> Any:
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


def _listed_again(eligible: Any) -> pd.DataFrame:
    """Return all rows of the records that are listed more than once."""
    alike = eligible.mutate(alike=_alike(eligible.record_id))
    times = alike.group_by("alike").agg(times=alike.count())
    again = times.filter(times.times > 1).select("alike")
    return _fetched(alike.semi_join(again, "alike").select(*OURS, "stratum"))


def _alike(record_id: Any) -> Any:
    """Return what records of one number share: DuckDB groups by a hash in half the time; a clash fetches a row more."""
    import ibis

    return record_id.hash() if ibis.get_backend(record_id).name == "duckdb" else record_id


def _listed(eligible: Any, excluded: set[str]) -> pd.DataFrame:
    """Return the rows of excluded records."""
    ids = sorted(excluded)
    parts = [
        _fetched(eligible.filter(eligible.record_id.isin(ids[at : at + CHUNK])).select(*OURS, "stratum"))
        for at in range(0, len(ids), CHUNK)
    ]
    return pd.concat(parts) if parts else pd.DataFrame(columns=[*OURS, "stratum"])


def _resolved(again: pd.DataFrame, listed: pd.DataFrame, excluded: set[str]) -> pd.DataFrame:
    """Return every row of records listed again or excluded; `kept` marks the one that stands for a record."""
    parts = [part for part in (again[~again["record_id"].isin(excluded)], listed) if not part.empty]
    known = pd.concat(parts, ignore_index=True) if parts else again
    known = known.sort_values(["record_id", "opened_at", "opening_code", "stratum"], ignore_index=True)
    kept = ~known.duplicated("record_id") & ~known["record_id"].isin(excluded)
    return known.assign(kept=kept.astype(bool), excluded=known["record_id"].isin(excluded).astype(bool))


def _counted(
    found: Mapping[str | None, int], inside: Any, known: pd.DataFrame, strata: Sequence[SampledStratum]
) -> tuple[dict[str, int], dict[str, int], dict[str, tuple[int, int]]]:
    """Return rows by what became of them, records by stratum, and two sums over the MD5 of the records' numbers."""
    hashed = inside.mutate(md5=md5_of(inside.record_id))
    numbered = hashed.record_id.length() > 0
    first, second = (_digits(hashed.md5, at).sum(where=numbered) for at in (0, 8))
    by = (
        hashed.group_by("stratum")
        .agg(rows=hashed.count(), numbered=numbered.sum(), first=first, second=second)
        .to_pandas()
        .fillna(0)
    )
    held = {str(r.stratum): [int(r.numbered), int(r.first), int(r.second)] for r in by.itertuples(index=False)}
    counts = {s.stratum: held.get(s.stratum, [0, 0, 0]) for s in strata}
    dropped = known[~known["kept"]]
    for record_id, stratum in dropped[["record_id", "stratum"]].itertuples(index=False):
        number = hashlib.md5(record_id.encode(), usedforsecurity=False).hexdigest()
        taken = (1, int(number[:8], 16), int(number[8:16], 16))
        counts[stratum] = [kept - less for kept, less in zip(counts[stratum], taken, strict=True)]
    coded = sum(found[code] for codes in _taken(found, strata).values() for code in codes)
    rows, numbered, excluded = int(by["rows"].sum()), int(by["numbered"].sum()), int(dropped["excluded"].sum())
    records = {stratum: kept[0] for stratum, kept in counts.items()}
    left = (sum(found.values()) - coded, coded - rows, rows - numbered, excluded, len(dropped) - excluded)
    accounting = {"in the frame": sum(records.values())} | dict(zip(LEFT_OUT, left, strict=True))
    return accounting, records, {stratum: (first, second) for stratum, (_, first, second) in counts.items()}


def _digits(number: Any, at: int) -> Any:
    """Return eight hex digits of a text column as a whole number: by DuckDB's own reading, else by arithmetic."""
    import ibis

    if ibis.get_backend(number).name == "duckdb":
        return (ibis.literal("0x") + number.substr(at, 8)).cast("int64")
    digits = ibis.literal("0123456789abcdef")
    return sum(digits.find(number.substr(at + place, 1)).cast("int64") * 16 ** (7 - place) for place in range(8))


def _print(records: int, first: int, second: int) -> str:
    return hashlib.sha256(f"{records}|{first}|{second}".encode()).hexdigest()[:16]
