"""The licence of every locked distribution, as its own metadata say; run as a program, it writes the page."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "licences.md"
# all let an organisation use and hand on what stands on them; of the last two, changes to their own files are shared
ALLOWED = {
    "0BSD", "Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0",
    "Zlib", "MPL-2.0", "LGPL-3.0-only",
}  # fmt: skip
OTHER_NAMES = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# read from the wheels: for other systems and interpreters; the last names its licence in a file alone
ELSEWHERE = {
    **dict.fromkeys(("aiohttp",), "Apache-2.0 AND MIT"),
    **dict.fromkeys(("aiosignal", "frozenlist", "multidict", "propcache", "yarl"), "Apache-2.0"),
    "aiohappyeyeballs": "PSF-2.0",
    "appnope": "BSD-2-Clause",
    "pywinpty": "MIT",
    "axe-playwright-python": "MIT",
}
HEAD = """# Licences of what is installed

What `requirements.lock` installs, by the licence that each package's own metadata name: {count} packages, those for
other systems and for development included. cdi-stats itself is under the MIT licence; the fonts that it ships are under
the SIL Open Font License. A test fails for a package under a licence that was not looked at.
`python -m tests.structure.licences` writes this page.

| licence | packages | which |
|---|---|---|
"""


def locked() -> list[str]:
    """Return the names of all locked distributions."""
    lines = re.findall(r"^[A-Za-z0-9].*?==[^\s;]+", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    return sorted({canonicalize_name(Requirement(line).name) for line in lines})


def licence(name: str) -> str:
    """Return a distribution's licence as SPDX writes it, or blank where its metadata name none."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return ELSEWHERE.get(name, "")
    classes = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or [] if line.startswith("License ::")]
    named = [told.get("License-Expression"), *(line for line in classes if line != "OSI Approved"), told.get("License")]
    first = next((line.splitlines()[0] for line in named if line), ELSEWHERE.get(name, ""))
    return OTHER_NAMES.get(first, first)


def page() -> str:
    """Return the page of licences."""
    by: dict[str, list[str]] = {}
    for name in locked():
        by.setdefault(licence(name), []).append(name)
    rows = (f"| {named} | {len(names)} | {', '.join(names)} |\n" for named, names in sorted(by.items()))
    return HEAD.format(count=len(locked())) + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
