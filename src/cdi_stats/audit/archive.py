"""The archive that a workbook is: what it unpacks to is known before anything reads it; its XML declares nothing."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from cdi_stats.errors import UnreadableAudit

MOST_BYTES = 300_000_000
MOST_CELLS = 5_000_000
MOST_MEMBERS = 10_000
# in memory a text with one rare character takes four bytes a letter
MOST_TEXT = 150_000_000
XLSX, ODS = "a workbook of Excel", "one of OpenDocument"
KINDS = {"xl/workbook.xml": XLSX, "xl/workbook.bin": "a binary workbook (.xlsb)", "content.xml": ODS}
Start = Callable[[str, dict[str, str]], object]


@dataclass(frozen=True)
class Flaw:
    """A cell that holds something, but no value: a formula never calculated, or one that ended in an error."""

    rule: str
    found: str

    def __str__(self) -> str:
        return self.found


class Since1904(float):
    """A number of a workbook that counts its days from 1 January 1904, should it be a day."""


class Archive:
    """The members of a workbook's archive, each known to unpack to the size it claims."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
            members = self._archive.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError):
            raise UnreadableAudit(self._not_a_workbook(data)) from None
        self._check(members)
        self._names = {_folded(member.filename): member.filename for member in members}
        kinds = [kind for part, kind in KINDS.items() if self.holds(part)]
        if kinds not in ([XLSX], [ODS]):
            # a reader that fails at one kind goes on to the next, whose parts nobody has looked into
            found = " and ".join(kinds) or "no workbook"
            raise UnreadableAudit(f"{name}: found {found}; expected a workbook saved as .xlsx, .xlsm or .ods")
        self.is_ods = kinds == [ODS]

    def _not_a_workbook(self, data: bytes) -> str:
        found = "no workbook that can be opened"
        if data.startswith(b"\xd0\xcf\x11\xe0"):
            found = "an old .xls workbook, or one protected by a password"
        elif not data:
            found = "an empty file"
        elif data.startswith(b"PK"):
            found = "a workbook that is cut short or damaged"
        elif not re.search(rb"[\x00-\x08]", data[:1000]):
            found = "text"
        return (
            f"{self.name}: cannot be opened as a workbook: found {found}; expected one saved as .xlsx, .xlsm or .ods "
            "by a spreadsheet program, without a password"
        )

    def _check(self, members: list[zipfile.ZipInfo]) -> None:
        """Unpack every member once, so that no claim of size is taken on trust."""
        names = [_folded(member.filename) for member in members]
        total = sum(member.file_size for member in members)
        if len(members) > MOST_MEMBERS or len(set(names)) < len(names):
            raise UnreadableAudit(f"{self.name}: found an archive with repeated or too many parts; expected a workbook")
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableAudit(f"{self.name}: is protected by a password; expected a workbook without one")
        if total > MOST_BYTES:
            raise UnreadableAudit(
                f"{self.name}: unpacks to {total:,} bytes; expected at most {MOST_BYTES:,} "
                "(delete pictures and sheets that the audit does not need)"
            )
        for member in members:
            try:
                with self._archive.open(member) as stream:
                    while stream.read(1 << 20):
                        pass
            except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error):
                raise UnreadableAudit(
                    f"{self.name}: the part {member.filename[:60]!r} is damaged; expected a whole workbook "
                    "(open it in a spreadsheet program and save it again)"
                ) from None

    def holds(self, part: str) -> bool:
        """Return whether there is a part of that name, as readers look for it: in any case, with any slashes."""
        return _folded(part) in self._names

    def read(self, part: str) -> bytes:
        """Return what a part unpacks to."""
        return self._archive.read(self._names[_folded(part)])

    def guarded(self, read: Callable[[], Any]) -> Any:
        """Return what the reader reads; whatever it stumbles over becomes one clear message."""
        try:
            return read()
        except MemoryError:
            raise
        except BaseException as error:
            # the reader is Rust: its panics do not descend from Exception
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise UnreadableAudit(
                f"{self.name}: cannot be opened as a workbook ({reason}); expected one saved by a spreadsheet program"
            ) from None

    def elements(self, part: str) -> list[tuple[str, dict[str, str]]]:
        """Return the tags of an XML part in order, each with its attributes."""
        found: list[tuple[str, dict[str, str]]] = []
        self.parse(part, lambda tag, given: found.append((tag, given)))
        return found

    def parse(self, part: str, start: Start, *, namespaces: bool = False) -> None:
        """Call `start` with each tag of an XML part. Raises UnreadableAudit for damage and for declared entities."""
        parser = expat.ParserCreate(namespace_separator=" ") if namespaces else expat.ParserCreate()
        parser.StartElementHandler = start

        def refuse(*_: object) -> None:
            raise UnreadableAudit(f"{self.name}: declares XML entities; expected a workbook without them")

        parser.EntityDeclHandler = refuse
        try:
            parser.Parse(self.read(part), True)
        except expat.ExpatError as error:
            raise UnreadableAudit(
                f"{self.name}: the part {part!r} is damaged ({error}); expected a whole workbook"
            ) from None


def _folded(name: str) -> str:
    return name.lower().replace("\\", "/")


def refuse_many(where: str, cells: int) -> None:
    """Raise UnreadableAudit for more cells than an audit can have."""
    if cells > MOST_CELLS:
        raise UnreadableAudit(
            f"{where}: reaches over {cells:,} cells; expected at most {MOST_CELLS:,} "
            "(look for a filled cell far below or to the right of the rest)"
        )
