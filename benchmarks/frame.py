"""A frame of 20 million records in Parquet: strata counted and 1,500 drawn, beside a pandas script doing the same.

`python -m benchmarks.frame --records 2000000` for a smaller one; each side runs alone in a fresh process.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECORDS, SIZE, SEED = 20_000_000, 500, "20180401"
CODES = {
    "violence": ["ASSAULT", "DOMESTIC", "HARASSMENT"],
    "sexual": ["SEXUAL OFFENCE"],
    "other": ["THEFT", "BURGLARY", "DISORDER"],
}
OTHERS = ["NUISANCE", "RTC", "CONCERN"]
FIRST, LAST = "2017-04-01", "2017-06-30"


def make(folder: Path, records: int) -> None:
    """Write a year of records in random order, one in a thousand of them twice, with a text that no one needs."""
    import duckdb

    codes = [code for group in CODES.values() for code in group] + OTHERS
    row = "printf('%s-%08d', chr(65 + (i % 26)::int), i)"
    columns = f"""{row} as incident,
        timestamp '2017-01-01' + to_seconds((hash(i + 7) % 31536000)::bigint) as created,
        {codes}[1 + (hash(i * 3) % {len(codes)})::int] as code,
        ['phone', 'online', 'front counter'][1 + (i % 3)::int] as route, 'caller states ' || hash(i)::text as log"""
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    connection.sql(
        f"copy (select {columns} from range({records}) t(i) "
        f"union all select {columns} from range(0, {records}, 1000) t(i)) "
        f"to '{folder / 'frame.parquet'}' (format parquet)"
    )
    strata = "".join(
        f'[[strata]]\nstratum = "{name}"\nopening_codes = {group}\nperiod_start = {FIRST}\nperiod_end = {LAST}\n'
        f"records = {SIZE}\n"
        for name, group in CODES.items()
    )
    (folder / "plan.toml").write_text(
        f'seed = "{SEED}"\n[frame]\nsource = "frame.parquet"\nrecord_id = "incident"\nopened_at = "created"\n'
        f'opening_code = "code"\nkeep = {{ route = "route" }}\n{strata}',
        encoding="utf-8",
    )


def ours(folder: Path) -> list[str]:
    from cdi_stats.audit.sampling import read_plan
    from cdi_stats.audit.selection import draw_from_plan

    selection = draw_from_plan(read_plan(folder / "plan.toml"), base=folder)
    print(selection.counts, file=sys.stderr)
    return sorted(selection.sample["record_id"])


def peer(folder: Path) -> list[str]:
    """Do the same as an analyst's script would: read the columns needed, filter, drop what is twice, hash, sort."""
    import pandas as pd

    frame = pd.read_parquet(folder / "frame.parquet", columns=["incident", "created", "code", "route"])
    strata = {code: name for name, codes in CODES.items() for code in codes}
    frame["stratum"] = frame["code"].map(strata)
    inside = (frame["created"] >= FIRST) & (frame["created"] < pd.Timestamp(LAST) + pd.Timedelta(days=1))
    frame = frame[frame["stratum"].notna() & inside]
    frame = frame.sort_values(["incident", "created", "code"]).drop_duplicates("incident")
    print(frame.groupby("stratum").size().to_dict(), file=sys.stderr)
    frame["prn"] = [hashlib.md5(f"{SEED}|{number}".encode()).hexdigest() for number in frame["incident"]]
    drawn = frame.sort_values("prn").groupby("stratum").head(SIZE)
    return sorted(drawn["incident"])


def measure(case: str, folder: Path) -> tuple[float, float, str]:
    command = [sys.executable, "-m", "benchmarks.frame", "--case", case, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes, drawn = done.stdout.split()
    return float(seconds), float(megabytes), drawn


def main(records: int = RECORDS) -> None:
    print(f"A frame of {records:,} records: strata counted, {3 * SIZE:,} records drawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, records)
        mine, theirs = measure("ours", folder), measure("peer", folder)
    print(f"  cdi_stats, DuckDB   {mine[0]:7.2f} s {mine[1]:8.0f} MB")
    print(f"  pandas script       {theirs[0]:7.2f} s {theirs[1]:8.0f} MB")
    print(f"  times faster        {theirs[0] / mine[0]:7.1f}")
    print(f"  share of its memory {mine[1] / theirs[1]:7.2f}")
    print(f"  the same records: {'yes' if mine[2] == theirs[2] else 'NO'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", choices=["ours", "peer"])
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("folder", nargs="?", type=Path)
    given = parser.parse_args()
    if given.case is None:
        main(given.records)
    else:
        start = time.perf_counter()
        ids = {"ours": ours, "peer": peer}[given.case](given.folder)
        seconds = time.perf_counter() - start
        print(
            seconds,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            hashlib.md5("".join(ids).encode()).hexdigest(),
        )
