"""An audit file becomes an Audit, or the full list of what is wrong with it.

A file is an .xlsx workbook, or a folder of CSV files named as the sheets. Cells are read as their column's kind says;
pandera then checks blanks, codes, ranges and keys; `checks` looks across sheets.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.checks import check_tables
from cdi_stats.audit.model import Audit, Facts, Stratum
from cdi_stats.audit.problems import AuditProblems, Problem
from cdi_stats.audit.schema import FACTS, REQUIRED_SHEETS, SHEETS, Column, Sheet
from cdi_stats.errors import UnreadableAudit
from cdi_stats.resources import resource

Grid = list[list[Any]]
NO_EARLIER = "none"
DATE_FORMATS = (
    "%Y-%m-%d",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%d.%m.%Y",
    "%d/%m/%y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
)
TIME_FORMATS = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S")
YES, NO = {"yes", "y", "true", "1"}, {"no", "n", "false", "0"}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
EXCEL_EPOCH = datetime(1899, 12, 30)
DTYPES = {"whole": "Int64", "share": "Float64", "date": "datetime64[s]", "moment": "datetime64[s]", "yes_no": "boolean"}


def read_audit(path: str | Path) -> Audit:
    """Return the audit in a workbook or CSV folder, or a bundled one by its name.

    Raises UnreadableAudit where there is nothing to read, AuditProblems where anything in it must be mended.
    """
    source = locate_audit(path)
    audit, problems = _read(source)
    if audit is None:
        raise AuditProblems(source.name, problems)
    return audit


def check_audit(path: str | Path) -> list[Problem]:
    """Return every problem of an audit file, errors first; an empty list means that it can be used."""
    problems = _read(locate_audit(path))[1]
    return sorted(problems, key=lambda problem: problem.severity != "error")


def locate_audit(name: str | Path, beside: Path | None = None) -> Path:
    """Return the path of an audit: the file or folder named, one beside another audit, or a bundled example."""
    given = Path(name)
    candidates = [given, *([beside / given, beside / f"{given}.xlsx"] if beside else [])]
    if str(name) == given.name:
        candidates.append(locate_bundled(given.name))
    for candidate in candidates:
        if candidate.is_file() or any(candidate.glob("*.csv")):
            return candidate
    if given.is_dir():
        raise UnreadableAudit(f"{name}: found no CSV file in the folder; expected audit.csv, strata.csv and so on")
    bundled = bundled_audits()
    near = difflib.get_close_matches(str(name), bundled, n=1)
    hint = f"did you mean {near[0]}?" if near else f"bundled audits are {', '.join(bundled)}"
    raise UnreadableAudit(f"{name}: found no such file or folder; expected an .xlsx workbook or a CSV folder ({hint})")


def locate_bundled(name: str) -> Path:
    """Return the path of a bundled audit of that name, whether or not there is one."""
    return resource("data", "examples", f"{name}.xlsx")


def locate_earlier(path: Path, audit: Audit, named: str) -> Path | None:
    """Return the audit to compare with: as named, else as the audit itself names it; None for "none" or neither."""
    chosen = named or audit.facts.earlier_audit
    return locate_audit(chosen, path.parent) if chosen and chosen != NO_EARLIER else None


def bundled_audits() -> list[str]:
    """Return the names of the audits shipped with the package."""
    return sorted(path.stem for path in resource("data", "examples").glob("*.xlsx"))


def audit_id(path: Path) -> str:
    """Return the name an audit's reports are filed under: its file name in lower case, safe in any path.

    A name in other letters keeps a short hash, so that two of them do not share a folder.
    """
    name = (path.stem if path.is_file() else path.name).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", name).strip("-")
    if not slug or slug in RESERVED or re.search(r"[^a-z0-9 ._-]", name):
        return f"{slug or 'audit'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
    return slug


def _read(source: Path) -> tuple[Audit | None, list[Problem]]:
    grids, digest = _grids(source)
    problems = [
        Problem(name, "no such sheet", "one in every audit", f"add the sheet {name}")
        for name in REQUIRED_SHEETS
        if name not in grids
    ]
    facts = _read_facts(grids.get(FACTS.name, []), problems)
    tables = {name: _read_table(sheet, grids.get(name, []), problems) for name, sheet in SHEETS.items()}
    problems.extend(check_tables(facts, tables, {(p.sheet, p.row, p.column) for p in problems}))
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    strata = tuple(Stratum(**_plain(row)) for row in tables["strata"].to_dict("records"))
    audit = Audit(audit_id(source), Facts(**facts), strata, tables, digest, tuple(problems))
    return audit, problems


def _grids(source: Path) -> tuple[dict[str, Grid], str]:
    """Return every sheet's cells by its name in lower case, and the SHA-256 of what was read."""
    if source.is_dir():
        contents = {file: file.read_bytes() for file in sorted(source.glob("*.csv"))}
        digest = hashlib.sha256(b"".join(f.name.encode() + b"\0" + data for f, data in contents.items())).hexdigest()
        return {file.stem.lower(): _csv_grid(file.name, data) for file, data in contents.items()}, digest
    data = source.read_bytes()
    return _workbook_grids(source, data), hashlib.sha256(data).hexdigest()


def _workbook_grids(source: Path, data: bytes) -> dict[str, Grid]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return {
            name.strip().lower(): workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in workbook.sheet_names
        }
    except (CalamineError, ValueError, OSError) as error:
        raise UnreadableAudit(
            f"{source}: cannot be opened as a workbook ({error}); expected an .xlsx file saved by a spreadsheet program"
        ) from None


def _csv_grid(name: str, data: bytes) -> Grid:
    """Return a CSV file's cells; Excel in the UK writes UTF-8 with a mark, or Windows-1252."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""))]
    except csv.Error as error:
        raise UnreadableAudit(f"{name}: cannot be read as CSV ({error}); look for a quotation mark left open") from None


def _read_facts(grid: Grid, problems: list[Problem]) -> dict[str, Any]:
    """Return the known facts of the audit sheet; blank ones are left to their defaults."""
    columns = {column.name: column for column in FACTS.columns}
    facts: dict[str, Any] = {}
    seen: set[str] = set()
    for number, row in enumerate(grid, start=1):
        key = _name(row[0]) if row else ""
        if key in ("", "key"):
            continue
        if key not in columns:
            problems.append(_unknown(FACTS, key, list(columns), number, "fact"))
            continue
        if key in seen:
            problems.append(
                Problem(
                    FACTS.name, f"{key} a second time", "each fact once", "delete one of the two rows", number, "key"
                )
            )
            continue
        seen.add(key)
        value = _cell(FACTS, columns[key], row[1] if len(row) > 1 else "", number, problems, column_name="value")
        if value is not None:
            facts[key] = value.date() if isinstance(value, datetime) else value
    stated = {_name(row[0]) for row in grid if row}
    for column in FACTS.columns:
        wrong = any(p.sheet == FACTS.name and p.found.startswith(f"{column.name} ") for p in problems)
        if column.required and column.name not in facts and not wrong and grid:
            state = "blank" if column.name in stated else "missing"
            problems.append(
                Problem(
                    FACTS.name, f"{column.name} {state}", column.expected, f"give {column.name}: {column.help.lower()}"
                )
            )
    return facts


def _read_table(sheet: Sheet, grid: Grid, problems: list[Problem]) -> pd.DataFrame:
    """Return a sheet as a typed frame indexed by spreadsheet row, noting every cell that could not be read."""
    header_row = next((i for i, row in enumerate(grid) if any(_name(cell) in sheet.names for cell in row)), None)
    if header_row is None:
        if any(any(_text(cell) for cell in row) for row in grid):
            expected = f"a header row with {', '.join(sheet.names)}"
            problems.append(
                Problem(sheet.name, "no known column", expected, "put the column names above the rows", row=1)
            )
        return _frame(sheet, [], [])
    places = _header(sheet, grid[header_row], header_row + 1, problems)
    rows, numbers = [], []
    for number, cells in enumerate(grid[header_row + 1 :], start=header_row + 2):
        if not any(_text(cell) for cell in cells):
            continue
        numbers.append(number)
        rows.append(
            [
                _cell(sheet, column, cells[places[column.name]], number, problems)
                if places.get(column.name, len(cells)) < len(cells)
                else None
                for column in sheet.columns
            ]
        )
    return _frame(sheet, rows, numbers)


def _header(sheet: Sheet, cells: list[Any], number: int, problems: list[Problem]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = _name(cell)
        if name in places:
            problems.append(
                Problem(sheet.name, f"{name} twice", "each column once", "delete or rename one", number, name)
            )
        elif name in sheet.names:
            places[name] = place
        elif name:
            problems.append(_unknown(sheet, name, list(sheet.names), number, "column"))
    problems.extend(
        Problem(sheet.name, "no such column", c.expected, f"add {c.name}: {c.help.lower()}", number, c.name)
        for c in sheet.columns
        if c.required and c.name not in places
    )
    return places


def _unknown(sheet: Sheet, name: str, known: list[str], number: int, what: str) -> Problem:
    near = difflib.get_close_matches(name, known, n=1)
    mend = f"rename it to {near[0]}" if near else "delete it, or leave it: it is not read"
    return Problem(sheet.name, f"an unknown {what}", f"one of {', '.join(known)}", mend, number, name, "warning")


def _frame(sheet: Sheet, rows: list[list[Any]], numbers: list[int]) -> pd.DataFrame:
    index = pd.Index(numbers, dtype="int64", name="row")
    columns = zip(*rows, strict=True) if rows else ([] for _ in sheet.columns)
    return pd.DataFrame(
        {
            column.name: pd.Series(list(values), index=index, dtype=DTYPES.get(column.kind, "str"))
            for column, values in zip(sheet.columns, columns, strict=True)
        }
    )


def _cell(
    sheet: Sheet, column: Column, cell: Any, number: int, problems: list[Problem], column_name: str | None = None
) -> Any:
    """Return a cell as its column's kind, or None for a blank; note a cell that is neither."""
    if _text(cell) == "":
        return None
    try:
        return PARSERS[column.kind](cell)
    except ValueError:
        found = f"{column.name} {_text(cell)!r}" if column_name else repr(_text(cell))
        problems.append(
            Problem(sheet.name, found[:120], column.expected, "correct the cell", number, column_name or column.name)
        )
        return None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return CONTROL.sub(" ", str(cell)).strip()


def _name(cell: Any) -> str:
    return re.sub(r"\W+", "_", _text(cell).lower()).strip("_")


def _code(cell: Any) -> str:
    return re.sub(r"\s+", " ", _text(cell).lower())


def _number(cell: Any) -> float:
    if isinstance(cell, bool | date):
        raise ValueError
    value = float(cell) if isinstance(cell, int | float) else float(_text(cell).replace(",", ""))
    if not math.isfinite(value):
        raise ValueError
    return value


def _whole(cell: Any) -> int:
    value = _number(cell)
    if value != math.floor(value) or abs(value) > 1e15:
        raise ValueError
    return int(value)


def _share(cell: Any) -> float:
    text = _text(cell)
    return _number(text[:-1]) / 100 if text.endswith("%") else _number(cell)


def _yes_no(cell: Any) -> bool:
    text = _text(cell).lower()
    if text not in YES | NO:
        raise ValueError
    return text in YES


def _moment(cell: Any) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        if not 1 <= cell < 2_958_466:
            raise ValueError
        return EXCEL_EPOCH + timedelta(seconds=round(float(cell) * 86_400))
    return next(_parsed_moments(_text(cell)), None) or _unreadable()


def _parsed_moments(text: str) -> Iterator[datetime]:
    for day in DATE_FORMATS:
        for time in TIME_FORMATS:
            try:
                yield datetime.strptime(text, day + time)
            except ValueError:
                continue


def _unreadable() -> datetime:
    raise ValueError


def _day(cell: Any) -> datetime:
    moment = _moment(cell)
    return datetime(moment.year, moment.month, moment.day)


PARSERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "code": _code,
    "whole": _whole,
    "share": _share,
    "date": _day,
    "moment": _moment,
    "yes_no": _yes_no,
}


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row with missing values as None and days as dates."""
    values = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return {name: value.date() if isinstance(value, pd.Timestamp) else value for name, value in values.items()}
