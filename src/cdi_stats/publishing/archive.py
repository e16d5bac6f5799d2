"""Zip archives, as Word's and OpenDocument's files are, without a trace of when they were made."""

from __future__ import annotations

import io
import zipfile

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can hold
_PLAIN_FILE = 0o100644 << 16


def undated(archive: bytes) -> bytes:
    """Return a zip archive with the same members in the same order, so that equal members give equal bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as given, zipfile.ZipFile(made, "w") as steady:
        for member in given.infolist():
            entry = zipfile.ZipInfo(member.filename, _NO_DATE)
            entry.external_attr = _PLAIN_FILE
            entry.create_system = 3  # else it is that of the machine
            # OpenDocument wants its first member, the type, uncompressed
            stored = member.filename == "mimetype"
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            steady.writestr(entry, given.read(member))
    return made.getvalue()
