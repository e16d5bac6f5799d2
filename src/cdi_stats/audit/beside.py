"""The TOML files that may lie with an audit, its mapping and its overrides: found by their names and read with care."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from cdi_stats.errors import BadParameters

MOST_BYTES = 1_000_000
MAPPINGS, OVERRIDES = ("{}.mapping.toml", "mapping.toml"), ("{}.overrides.toml",)
BACKSLASHES = "To mend: write a path with / for each \\, or between single quotes: 'C:\\audits\\june.xlsx'"
QUOTES = "To mend: write text between quotes, and days as 2018-06-30; close every quote and bracket"


def read_toml(path: str | Path, expected: str) -> dict[str, Any]:
    """Return a TOML file's contents. Raises BadParameters, in one line, for one that cannot be had or is none."""
    file = Path(path)
    name, data = file.name[:100], b""
    try:
        with file.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise BadParameters(f"{name}: is larger than {MOST_BYTES:,} bytes; expected {expected}")
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadParameters(f"{name}: cannot be read ({error.strerror or error}); expected {expected}") from None
    except RecursionError:
        raise BadParameters(f"{name}: is nested too deeply; expected {expected}") from None
    except UnicodeDecodeError as error:
        place = data[: error.start].count(b"\n") + 1
        raise BadParameters(f"{name}: line {place} is not UTF-8; expected {expected} (save it as UTF-8)") from None
    except ValueError as error:
        said = str(error)[:200]
        raise BadParameters(f"{name}: is not TOML ({said}); expected {expected}. {_mend(said, data)}") from None


def _mend(said: str, data: bytes) -> str:
    """Return how to mend what the TOML parser stopped at: a path of Windows, or else text or a day without quotes."""
    line = re.search(r"at line (\d+)", said)
    stopped = data.splitlines()[int(line[1]) - 1 : int(line[1])] if line else [data]
    return BACKSLASHES if any(b"\\" in part for part in stopped) else QUOTES


def locate_mapping(source: Path) -> Path | None:
    """Return the mapping that lies with an audit: in its folder, beside it under its name, or beside it for all."""
    return _lying(source, MAPPINGS)


def locate_overrides(source: Path) -> Path | None:
    """Return the overrides that lie with an audit: in its folder, or beside it under its name."""
    return _lying(source, OVERRIDES)


def names_beside(source: Path) -> list[str]:
    """Return every name under which a mapping or overrides of a workbook may lie beside it."""
    return [name.format(source.stem) for name in (*MAPPINGS, *OVERRIDES)]


def _lying(source: Path, names: tuple[str, ...]) -> Path | None:
    inside = [source / names[0].removeprefix("{}.")]
    beside = [source.with_name(name.format(source.stem)) for name in names]
    return next((path for path in (inside if source.is_dir() else beside) if path.is_file()), None)
