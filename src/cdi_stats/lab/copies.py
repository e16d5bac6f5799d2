"""What an analyst may edit, copied from the package, and renewed by an upgrade where nobody has edited it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import NamedTuple

from cdi_stats.errors import BadParameters
from cdi_stats.lab.start_page import START_PAGE, start_page
from cdi_stats.publishing.own_notebook import ENDING, written_in
from cdi_stats.resources import resource

NOTEBOOKS = "notebooks"
KEPT = Path(".cdi", "copies.json")


class Why(StrEnum):
    """Why a copy was written, in words for whoever reads of it."""

    MISSING = "copied in"
    NEWER = "renewed: cdi-stats has a newer one, and you had not edited yours"
    EDITED = "the newer one of cdi-stats, beside yours, which you have edited and which stays as it is"


class Copied(NamedTuple):
    """A copy that was written, and why."""

    path: Path
    why: Why


@dataclass(frozen=True)
class Known:
    """What a folder remembers of a copy, by digests: the original it came from, and the newest laid beside it."""

    original: str = ""
    beside: str = ""


def lay_copies(folder: Path) -> tuple[Copied, ...]:
    """Copy the bundled notebooks and the page to start from into a folder, and return what was written.

    A copy that is not there is made; one that nobody has edited since is renewed when the package holds a newer
    original; beside one that was edited the newer original is laid once, as `.new`. Raises BadParameters where the
    folder cannot be written.
    """
    try:
        remembered = _remembered(folder)
        known, written = {}, []
        for name, original in _originals().items():
            known[name], copied = _lay(folder / name, original, remembered.get(name, Known()))
            written += copied
        _remember(folder, known)
    except OSError as error:
        raise BadParameters(
            f"{folder}: notebooks cannot be copied in ({error.strerror or error}); "
            "expected a folder that can be written"
        ) from None
    return tuple(written)


def digest(path: Path, data: bytes) -> str:
    """Return a hash of what people write in a file: of a page its words, of a notebook as written_in says."""
    words = written_in(data) if path.suffix == ENDING else data.split()
    return hashlib.sha256(repr(words).encode()).hexdigest()


def _originals() -> dict[str, bytes]:
    """Return the files to copy, by their places in the folder."""
    notebooks = sorted(resource("notebooks").glob("*.ipynb"))
    page = start_page([notebook.stem for notebook in notebooks])
    return {START_PAGE: page.encode()} | {f"{NOTEBOOKS}/{file.name}": file.read_bytes() for file in notebooks}


def _lay(path: Path, original: bytes, known: Known) -> tuple[Known, list[Copied]]:
    """Write a copy where one is due, and return what is known of it now and what was written."""
    newest = digest(path, original)
    held = digest(path, path.read_bytes()) if path.exists() else ""
    if held == newest:
        return Known(newest), []
    if held in ("", known.original):
        _write(path, original)
        return Known(newest), [Copied(path, Why.NEWER if held else Why.MISSING)]
    if newest in (known.original, known.beside):
        return known, []
    beside = _free(path, known.beside)
    _write(beside, original)
    return Known(known.original, newest), [Copied(beside, Why.EDITED)]


def _free(path: Path, laid: str) -> Path:
    """Return a name beside a copy that is not taken, or that of the last original laid there if it is unedited."""
    endings: Iterable[str] = (f".new{number if number > 1 else ''}{path.suffix}" for number in count(1))
    names = (path.with_suffix(ending) for ending in endings)
    return next(name for name in names if not name.exists() or digest(name, name.read_bytes()) == laid)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # renamed into place, as what lies there may be a link to a file elsewhere
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    new.write_bytes(data)
    new.replace(path)


def _remembered(folder: Path) -> dict[str, Known]:
    """Return what a folder remembers; nothing where that cannot be read, so that every copy counts as edited."""
    try:
        told = json.loads((folder / KEPT).read_text(encoding="utf-8"))
        return {name: Known(**known) for name, known in told.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def _remember(folder: Path, known: Mapping[str, Known]) -> None:
    told = json.dumps({name: asdict(copy) for name, copy in known.items()}, indent=1) + "\n"
    _write(folder / KEPT, told.encode())
