"""Reading and checking an audit of 100,000 crimes in 25 columns, beside `pandas.read_excel` only opening it.

Each runs alone in a fresh process on the same workbook: `python -m benchmarks.reading --case ours|peer FILE`.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

CRIMES, COLUMNS = 100_000, 25
START = datetime(2018, 1, 1)
FACTS = {"force": "Test", "audit_type": "internal audit", "prepared_by": "Registrar", "publication_date": "01/02/2019",
         "counting_rules": "April 2018"}  # fmt: skip


def make(path: Path, crimes: int) -> None:
    """Write an audit of as many crimes in nine tenths as many records, with columns of the force's own."""
    import xlsxwriter

    from cdi_stats.audit.schema import FLAGS, SHEETS

    rng = random.Random(1)
    records = crimes * 9 // 10
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        moment = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        sheet = book.add_worksheet("audit")
        for row, pair in enumerate(FACTS.items()):
            sheet.write_row(row, 0, pair)
        sheet = book.add_worksheet("strata")
        names = ["stratum", "label", "period_start", "period_end", "records_in_frame", "records_sampled"]
        sheet.write_row(0, 0, names)
        sheet.write_row(1, 0, ["v", "violent crime", "01/01/2018", "31/12/2018", 10 * crimes, records])
        sheet = book.add_worksheet("records")
        sheet.write_row(0, 0, ["record_id", "stratum", "route", "opening_code", "opened_at"])
        times = [START + timedelta(minutes=5 * number % 500_000) for number in range(records)]
        for number, opened in enumerate(times):
            sheet.write_row(number + 1, 0, [f"R{number:07d}", "v", "control room", "assault"])
            sheet.write_datetime(number + 1, 4, opened, moment)
        sheet = book.add_worksheet("crimes")
        own = [name for name in SHEETS["crimes"].names if name != "in_time"]
        sheet.write_row(0, 0, [*own, *(f"note {n}" for n in range(COLUMNS - len(own)))])
        for row in range(crimes):
            number, second = row % records, row >= records
            yes = rng.random() < 0.9
            sheet.write_row(row + 1, 0, [f"R{number:07d}", 1 + second, "violence with injury"])
            sheet.write_datetime(row + 1, 3, times[number], moment)
            sheet.write(row + 1, 4, "yes" if yes else "no")
            if yes:
                sheet.write_datetime(row + 1, 5, times[number] + timedelta(minutes=rng.randrange(2000)), moment)
            sheet.write_row(row + 1, 6, [rng.choice(["yes", "no"]) for _ in FLAGS])
            if not yes:
                sheet.write_row(row + 1, 6 + len(FLAGS), ["call detail", "yes", "no", "no"])
            sheet.write_row(row + 1, len(own), [f"free text {rng.randrange(1000)}" for _ in range(COLUMNS - len(own))])


def ours(path: str) -> None:
    from cdi_stats import check_audit

    if any(problem.severity == "error" for problem in check_audit(path)):
        sys.exit("the benchmark's audit has errors")


def peer(path: str) -> None:
    import pandas as pd

    pd.read_excel(path, sheet_name="crimes", engine="openpyxl")


def measure(case: str, path: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.reading", "--case", case, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def main() -> None:
    print(f"An audit of {CRIMES:,} crimes in {COLUMNS} columns: all sheets read and checked, beside one sheet read")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.xlsx"
        make(path, CRIMES)
        mine, theirs = measure("ours", path), measure("peer", path)
    for name, (seconds, megabytes) in (("check_audit", mine), ("pandas.read_excel (openpyxl)", theirs)):
        print(f"  {name:30} {seconds:7.2f} s {megabytes:8.0f} MB")
    print(f"  ratio                          {mine[0] / theirs[0]:7.2f}   {mine[1] / theirs[1]:8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--case", choices=["ours", "peer"])
    parser.add_argument("path", nargs="?")
    given = parser.parse_args()
    if given.case is None:
        main()
    else:
        start = time.perf_counter()
        {"ours": ours, "peer": peer}[given.case](given.path)
        print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
