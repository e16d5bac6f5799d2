"""A series of audits of one force: a folder of audit files, a list of them in TOML, a bundled series, or one audit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdi_stats.audit.beside import read_toml
from cdi_stats.audit.files import is_audit_file
from cdi_stats.audit.model import Audit
from cdi_stats.audit.problems import AuditProblems
from cdi_stats.audit.reading import audit_id, locate_audit, read_audit
from cdi_stats.audit.remote import Copies
from cdi_stats.errors import BadParameters, UnreadableAudit
from cdi_stats.resources import resource
from cdi_stats.showing import Grid, Shown, counted

LIST_ENDING = ".toml"
WORKBOOKS = (".xlsx", ".xlsm", ".ods")
# a workbook that is open leaves a lock file beside it, which is none
NOT_AUDITS = ("~$", ".")


class AuditList(BaseModel):
    """What a list of audits holds: bundled names, or files and folders as seen from the list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    audits: Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True, repr=False)
class Series(Shown):
    """Audits of one force in order of time (by the end of their periods); `id` is what its reports are filed under."""

    id: str
    audits: tuple[Audit, ...]

    def __str__(self) -> str:
        first, last = self.audits[0].period[0], self.audits[-1].period[1]
        return f"{self.force}: {counted(len(self.audits), 'audit')} of {first} to {last} ({self.id})"

    def _grid(self) -> Grid:
        rows = [
            (a.id, a.facts.audit_type, f"{a.period[0]} to {a.period[1]}", f"{len(a.tables['records']):,}")
            for a in self.audits
        ]
        return Grid(rows, ("Audit", "Type", "Period", "Records sampled"))

    @property
    def force(self) -> str:
        """Return the force, as its latest audit calls it."""
        return self.audits[-1].facts.force


def read_series(name: str | Path) -> Series:
    """Return the audits of a folder, of a list (TOML with `audits`), of a bundled series, or a single one.

    A folder or a single audit may be at a URL. Raises UnreadableAudit where there is nothing to read, AuditProblems for
    audits that must be mended (all of them at once), BadParameters for a wrong list, audits of several forces, or one
    audit given twice.
    """
    with Copies() as copies:
        source = locate_series(copies.local(name))
        found, audits = audit_id(source), _read(series_files(source))
    _check(audits, source.name)
    ordered = sorted(audits, key=lambda audit: (audit.period[1], audit.period[0], audit.id))
    return Series(found, tuple(ordered))


def locate_series(name: str | Path) -> Path:
    """Return the path of a series: the file or folder named, a bundled series, or what locate_audit finds."""
    given = Path(name)
    if given.is_dir() or given.is_file():
        return given
    bundled = resource("data", "series", given.name)
    if str(name) == given.name and bundled.is_dir():
        return bundled
    try:
        return locate_audit(name)
    except UnreadableAudit as error:
        raise UnreadableAudit(f"{error}; bundled series are {', '.join(bundled_series())}") from None


def bundled_series() -> list[str]:
    """Return the names of the series shipped with the package."""
    return sorted(path.name for path in resource("data", "series").iterdir() if path.is_dir())


def series_files(source: Path) -> list[Path]:
    """Return the audit files of a series in order of their names. Raises UnreadableAudit where a folder holds none."""
    if source.suffix.lower() == LIST_ENDING and source.is_file():
        return [locate_audit(name, source.parent) for name in _listed(source)]
    if is_audit_file(source):
        return [source]
    found = list(_members(source))
    if not found:
        raise UnreadableAudit(f"{source.name}: found no audit in the folder; expected workbooks or folders of tables")
    return found


def _members(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        book = path.is_file() and path.suffix.lower() in WORKBOOKS
        if not path.name.startswith(NOT_AUDITS) and (book or (path.is_dir() and is_audit_file(path))):
            yield path


def _listed(source: Path) -> list[str]:
    try:
        return AuditList(**read_toml(source, "a list of audits")).audits
    except ValidationError as error:
        lines = [f"{source.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise BadParameters("\n".join([*lines, 'expected one line such as audits = ["january.xlsx"]'])) from None


def _read(files: list[Path]) -> list[Audit]:
    """Return every audit read; where some have errors, raise them all together."""
    audits, wrong = [], []
    for file in files:
        try:
            audits.append(read_audit(file))
        except AuditProblems as error:
            wrong.append(error)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise BadParameters("\n".join(str(error) for error in wrong))
    return audits


def _check(audits: list[Audit], name: str) -> None:
    forces = sorted({" ".join(audit.facts.force.split()) for audit in audits})
    if len({force.casefold() for force in forces}) > 1:
        raise BadParameters(f"{name}: found audits of {', '.join(forces)}; expected audits of one force")
    seen: dict[str, str] = {}
    for audit in audits:
        if audit.digest in seen:
            raise BadParameters(f"{name}: found one audit twice, as {seen[audit.digest]} and {audit.id}; delete one")
        seen[audit.digest] = audit.id
    names = [audit.id for audit in audits]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadParameters(f"{name}: found several audits called {', '.join(twice)}; expected names of their own")
