"""An audit file becomes an Audit, or the full list of what is wrong with it.

`files` opens it, `layout` finds our columns in it, `cells` reads them, `checks` look at the whole, and `overrides`
accepts what someone has answered for.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from cdi_stats.audit import cells
from cdi_stats.audit.beside import locate_mapping, locate_overrides
from cdi_stats.audit.cells import Cells
from cdi_stats.audit.checks import check_tables
from cdi_stats.audit.facts import read_facts
from cdi_stats.audit.files import Book, Contents, Row, is_audit_file, read_contents
from cdi_stats.audit.layout import lay_out
from cdi_stats.audit.mapping import ColumnMapping, read_mapping
from cdi_stats.audit.model import Audit, Facts, Stratum
from cdi_stats.audit.overrides import Accepted, Override, apply_overrides, read_overrides
from cdi_stats.audit.problems import AuditProblems, Problem, ProblemList
from cdi_stats.audit.remote import Copies, is_url, public
from cdi_stats.audit.schema import FACTS, REQUIRED_SHEETS, SHEETS, Sheet, all_sheets
from cdi_stats.audit.sources import Sources
from cdi_stats.audit.spelling import agree_spelling
from cdi_stats.audit.tables import read_table
from cdi_stats.errors import UnreadableAudit
from cdi_stats.file_names import filed_as
from cdi_stats.resources import resource

UNTOLD = ("audit", "plan", "plan-drawn")  # every new audit's files are called so
NO_EARLIER = "none"
MOST_ROWS = 250_000


@dataclass(frozen=True)
class Inspection:
    """An audit file as far as it could be read: `audit` is None while an error stands.

    `tables` holds a typed frame a sheet, indexed by row; `facts` those that could be read; `problems` what is to be
    mended or looked at, in the file's own names of sheets and columns; `accepted` what an override accepts.
    """

    id: str
    digest: str
    facts: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    problems: tuple[Problem, ...]
    accepted: tuple[Accepted, ...]
    audit: Audit | None


def read_audit(path: str | Path, *, mapping: str | Path | None = None, overrides: str | Path | None = None) -> Audit:
    """Return the audit in a workbook or folder, here or at a URL, or a bundled one by its name.

    `mapping` and `overrides` are TOML files; without them those that lie with the audit are taken. Raises
    UnreadableAudit where there is nothing to read, AuditProblems where anything in it must be mended, BadParameters for
    a mapping or overrides file that is wrong in itself.
    """
    with Copies() as copies:
        source = locate_audit(copies.local(path))
        found = inspect_audit(source, mapping=mapping, overrides=overrides)
    if found.audit is None:
        raise AuditProblems(source.name, found.problems)
    return found.audit


def check_audit(
    path: str | Path, *, mapping: str | Path | None = None, overrides: str | Path | None = None
) -> ProblemList:
    """Return every problem of an audit file, errors first; an empty list means that it can be used."""
    return ProblemList(inspect_audit(path, mapping=mapping, overrides=overrides).problems)


def inspect_audit(
    path: str | Path, *, mapping: str | Path | None = None, overrides: str | Path | None = None
) -> Inspection:
    """Return an audit file as far as it can be read, with every problem (errors first) and whatever was accepted.

    Raises UnreadableAudit where there is nothing to read, BadParameters for a wrong mapping or overrides file.
    """
    with Copies() as copies:
        return _inspected(_given(locate_audit(copies.local(path)), copies.local(mapping), copies.local(overrides)))


def audit_digest(path: str | Path) -> str:
    """Return the digest that an audit would have if it were read now, without opening it.

    Raises as inspect_audit does.
    """
    return _given(locate_audit(path), None, None).digest


def _given(source: Path, mapping: str | Path | None, overrides: str | Path | None) -> _Given:
    contents = read_contents(source)
    mapping = mapping or locate_mapping(source)
    overrides = overrides or locate_overrides(source)
    layouts, beside = ColumnMapping(), [contents.digest]
    accepting: tuple[Override, ...] = ()
    if mapping:
        layouts = read_mapping(mapping)
        beside.append(_digest(mapping))
    if overrides:
        accepting = read_overrides(overrides)
        beside.append(_digest(overrides))
    digest = contents.digest if len(beside) == 1 else hashlib.sha256("".join(beside).encode()).hexdigest()
    return _Given(source, digest, contents, layouts, accepting)


@dataclass(frozen=True)
class _Given:
    """What an audit is made from, told apart by where it lies and by what all of it holds."""

    source: Path
    digest: str
    contents: Contents = field(compare=False)
    mapping: ColumnMapping = field(compare=False)
    overrides: Sequence[Override] = field(compare=False)


# A report's notebook reads the audit that its publication has just checked; an audit and an earlier one are kept.
@lru_cache(maxsize=2)
def _inspected(given: _Given) -> Inspection:
    return _inspect(given.source, given.contents, given.mapping, given.overrides, given.digest)


def _digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def locate_audit(name: str | Path, beside: Path | None = None) -> Path:
    """Return the path of an audit: the file or folder named, one beside another audit, or a bundled example."""
    if is_url(name):
        raise UnreadableAudit(f"{public(str(name))}: found a URL; expected a file or folder (read_audit takes both)")
    given = Path(name)
    candidates = [given, *([beside / given, beside / f"{given}.xlsx"] if beside else [])]
    if str(name) == given.name:
        candidates.append(locate_bundled(given.name))
    for candidate in candidates:
        if is_audit_file(candidate):
            return candidate
    if given.is_dir():
        raise UnreadableAudit(f"{name}: found no CSV or Parquet file in the folder; expected audit.csv and so on")
    bundled = bundled_audits()
    near = difflib.get_close_matches(str(name), bundled, n=1)
    hint = f"did you mean {near[0]}?" if near else f"bundled audits are {', '.join(bundled)}"
    raise UnreadableAudit(f"{name}: found no such file or folder; expected a workbook or a folder of tables ({hint})")


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


def audit_id(path: Path, *, is_file: bool | None = None) -> str:
    """Return the name an audit's reports are filed under: its file name in lower case, safe in any path.

    A file that is called as cdi init calls it goes by its folder's name, and a name in other letters keeps a short
    hash, so that two audits do not share a folder of reports. `is_file` says what a path is that is not there yet.
    """
    is_file = path.is_file() if is_file is None else is_file
    name = (path.stem if is_file else path.name).lower()
    if is_file and name in UNTOLD:
        name = path.resolve().parent.name.lower() or name
    return filed_as(name)


def _inspect(
    source: Path, contents: Contents, mapping: ColumnMapping, overrides: Sequence[Override], digest: str
) -> Inspection:
    problems: list[Problem] = []
    unread: list[Problem] = []
    sheets = _sheets(source.name, contents.open(), mapping, problems)
    stated = read_facts(sheets.get(FACTS.name, []), mapping, problems)
    found = {name: _sources(sheet, sheets, mapping, problems) for name, sheet in SHEETS.items()}
    tables = agree_spelling({name: read_table(sheet, found[name], unread) for name, sheet in SHEETS.items()})
    checked = check_tables(stated.values, tables, {(p.sheet, p.row, p.column) for p in (*problems, *unread)})
    told = (stated.told(p) if p.sheet == FACTS.name else found[p.sheet].told(p) for p in (*unread, *checked))
    problems = list(dict.fromkeys([*problems, *filter(None, told)]))
    problems.sort(key=lambda problem: problem.severity != "error")
    left, accepted = apply_overrides(problems, overrides)
    audit = None
    if not any(problem.severity == "error" for problem in left):
        audit = _audit(source, stated.values, tables, digest, contents.key, left, accepted)
    facts, frames = MappingProxyType(stated.values), MappingProxyType(tables)
    return Inspection(audit_id(source), digest, facts, frames, tuple(left), tuple(accepted), audit)


def _audit(
    source: Path,
    facts: dict[str, Any],
    tables: Mapping[str, pd.DataFrame],
    digest: str,
    key: bytes,
    warnings: Sequence[Problem],
    accepted: Sequence[Accepted],
) -> Audit:
    strata = tuple(Stratum(**_plain(row)) for row in tables["strata"].to_dict("records"))
    records = tables["records"]
    excluded = records["exclusion"].notna()
    kept = {**tables, "records": records[~excluded]}
    answered = tuple(warnings), tuple(accepted)
    return Audit(audit_id(source), Facts(**facts), strata, kept, digest, *answered, records[excluded], key)


def _sheets(
    file: str, book: Book, mapping: ColumnMapping, problems: list[Problem]
) -> dict[str, list[tuple[str, list[Row]]]]:
    """Return, for each sheet of the schema, those of the file that hold it, by title; note the ones missing."""
    theirs: dict[str, str] = {}
    problems.extend(
        Problem(name, "a sheet of this name twice", "each sheet once", "rename one", rule="repeated-sheet")
        for name in book.names
        if theirs.setdefault(cells.name(name), name) != name
    )
    read = cache(partial(_rows_of, file, book))
    sheets: dict[str, list[tuple[str, list[Row]]]] = {}
    for name in all_sheets():
        given = mapping.layout(name).sheets
        here = [(title, theirs[cells.name(title)]) for title in given or [name] if cells.name(title) in theirs]
        sheets[name] = [(cells.text(title)[:60], read(own)) for title, own in here]
        for title in given:
            if cells.name(title) not in theirs:
                expected, mend = "a sheet of this name, as the mapping says", "correct the name in the mapping"
                problems.append(Problem(cells.text(title)[:60], "no such sheet", expected, mend, rule="mapping-sheet"))
        if not given and not here:
            problems.extend(_missing_sheet(name, theirs, mapping))
    return sheets


def _rows_of(file: str, book: Book, name: str) -> list[Row]:
    rows = book.read(name)
    if len(rows) > MOST_ROWS:
        raise UnreadableAudit(
            f"{file}, sheet {name[:60]}: holds {len(rows):,} rows; expected at most {MOST_ROWS:,}, those of a sample "
            "(look for a filled cell far below the rest; the frame that was drawn from does not belong here)"
        )
    return rows


def _missing_sheet(name: str, theirs: Mapping[str, str], mapping: ColumnMapping) -> list[Problem]:
    if name not in REQUIRED_SHEETS or (mapping.facts if name == FACTS.name else mapping.rows.get(name)):
        return _near_sheet(name, theirs)
    near = difflib.get_close_matches(name, theirs, n=1, cutoff=0.75)
    mapped = "the facts" if name == FACTS.name else f"rows.{name}"
    add = f"add the sheet {name}, or {mapped} to a mapping"
    mend = f"rename the sheet {theirs[near[0]]} to {name}" if near else add
    return [Problem(name, "no such sheet", "one in every audit", mend, rule="missing-sheet")]


def _near_sheet(name: str, theirs: Mapping[str, str]) -> list[Problem]:
    """Return a warning where a sheet that is not read is called almost as one that would be."""
    near = [n for n in difflib.get_close_matches(name, theirs, n=1, cutoff=0.8) if n not in all_sheets()]
    mend = f"rename it to {name}, or leave it: it is not read"
    return [Problem(theirs[n], "an unknown sheet", f"{name}", mend, rule="unknown-sheet") for n in near]


def _sources(
    sheet: Sheet, sheets: Mapping[str, list[tuple[str, list[Row]]]], mapping: ColumnMapping, problems: list[Problem]
) -> Sources:
    """Return a sheet's cells by column of ours, as the file has them, then the rows that the mapping adds."""
    layout = mapping.layout(sheet.name)
    parts = [
        lay_out(sheet, title, grid, layout.of_sheet(title), mapping.conventions, problems)
        for title, grid in sheets[sheet.name]
    ]
    if added := mapping.rows.get(sheet.name, []):
        columns = {name: [row.get(name) for row in added] for name in sheet.names}
        parts.append(Cells(f"mapping, rows.{sheet.name}", columns, list(range(1, len(added) + 1)), {}))
    return Sources(tuple(parts))


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row with missing values as None and days as dates."""
    values = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return {name: value.date() if isinstance(value, pd.Timestamp) else value for name, value in values.items()}
