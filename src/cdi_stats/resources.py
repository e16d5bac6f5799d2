"""Where the files shipped with the package are: inside an installed wheel, or in the project's own folders."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_PROJECT = _PACKAGE.parents[1]


def resource(folder: str, *parts: str) -> Path:
    """Return the path of a shipped file or folder under `notebooks` or `data`."""
    installed = _PACKAGE / folder
    return (installed if installed.is_dir() else _PROJECT / folder).joinpath(*parts)


@cache
def code_list(name: str) -> Mapping[str, str]:
    """Return a code list, code to label in the file's order, from `data/codes/<name>.csv`."""
    with resource("data", "codes", f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["label"] for row in csv.DictReader(file)}
