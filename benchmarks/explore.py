"""How long each control of explore.ipynb takes on an audit of 1,500 crimes with districts: milliseconds a change.

"First" has nothing of the new view made before; "again" is the same choice made a second time. Processor time is
given beside the clock's, as other work on the machine slows the clock alone. The browser's own drawing is not in it.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

CHANGES = (
    ("stratum", "violence"),
    ("flag", "domestic_abuse"),
    ("split", "domain"),
    ("split", "district"),
    ("domain", "theft"),
    ("district", "District 3"),
    ("method", "logit"),
    ("method", "korn-graubard"),
    ("confidence_level", 0.99),
    ("measure", "safeguarding"),
    ("measure", "timeliness"),
    ("earlier", "kent-2018"),
    ("audit", "kent-2018"),
)
LIMIT = 200


def main() -> None:
    """Print a line a change, from the view of all reported crimes split by stratum; the busiest splits too."""
    explorer = _explorer()
    print("Explore: a control moved on an audit of 1,500 crimes, in ms of the clock (of the processor)")
    for around in ({}, {"split": "domain"}, {"split": "district"}):
        print(f"  bars for {around.get('split', 'stratum')}")
        for name, value in CHANGES:
            if name == "split" and around:
                continue
            first, again = _timed(explorer, around, name, value), _timed(explorer, around, name, value, kept=True)
            print(f"    {name:<16} {value!s:<16} first {_ms(first)}   again {_ms(again)}")
    print(f"  bar clicked: {_ms(_clicked(explorer))}   more records: {_ms(_more(explorer))}   (asked for: {LIMIT} ms)")


def _explorer():
    """Return the controls over Kent 2017, 1,500 crimes in 1,370 records, with a district for each of them."""
    import openpyxl

    from cdi_stats import explore, read_audit
    from cdi_stats.resources import resource

    book = openpyxl.load_workbook(resource("data", "examples", "kent-2017.xlsx"))
    sheet = book["records"]
    column = next((cell.column for cell in sheet[1] if cell.value == "district"), sheet.max_column + 1)
    sheet.cell(1, column, "district")
    for row, number in enumerate(np.random.default_rng(1).permutation(sheet.max_row - 1), start=2):
        sheet.cell(row, column, f"District {1 + number % 10}")
    path = Path(tempfile.mkdtemp()) / "kent-districts.xlsx"
    book.save(path)
    read_audit("kent-2018")
    return explore(str(path))


def _timed(explorer, around, name, value, *, kept=False):
    _home(explorer, around)
    if not kept:
        _forget(explorer)
    return _clock(lambda: setattr(explorer.controls[name], "value", value))


def _home(explorer, around):
    from cdi_stats.report.view import View

    if not hasattr(explorer, "start"):
        explorer.start = explorer.sight
    explorer._show(replace(explorer.start, view=replace(View(explorer.start.view.audit), **around)))


def _forget(explorer):
    """Forget all that was made, then make the view that the change starts from."""
    from cdi_stats.findings import parts

    for kept in (parts._known, parts._examined, parts._cases, parts._choices):
        kept.cache_clear()
    explorer._show(replace(explorer.sight))


def _clicked(explorer):
    _home(explorer, {})
    return _clock(lambda: setattr(explorer.chart, "chosen", "violence"))


def _more(explorer):
    _home(explorer, {})
    return _clock(lambda: setattr(explorer.more, "value", 1000))


def _clock(work):
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - processor)


def _ms(times):
    return f"{times[0]:4.0f} ({times[1]:3.0f})"
