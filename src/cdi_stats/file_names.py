"""Names of files and folders that every system takes: Windows has the most rules, so they are everyone's.

Microsoft, "Naming Files, Paths, and Namespaces": devices such as CON are reserved with any ending, a name does not end
in a full stop or a space, letters' case tells no two names apart, and a whole path has 260 letters.
"""

from __future__ import annotations

import hashlib
import re

# what the systems of old called their devices; the superior figures count as figures
_FIGURES = "0123456789¹²³"
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in _FIGURES)})
LONGEST = 60
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def is_portable(name: str) -> bool:
    """Return whether a name is plain enough to be a folder's on every system."""
    return bool(_PLAIN.fullmatch(name)) and not name.endswith(".") and name.split(".")[0].lower() not in DEVICES


def filed_as(name: str) -> str:
    """Return a name in lower-case letters, figures and hyphens, 60 of them at most.

    What would lose a letter of another alphabet or its end, or is a device's name, keeps a short hash, so that two
    names do not become one.
    """
    name = name.lower()
    slug = re.sub(r"[^a-z0-9]+", "-", name).strip("-")
    if slug and slug not in DEVICES and len(slug) <= LONGEST and not re.search(r"[^a-z0-9 ._-]", name):
        return slug
    return f"{slug[: LONGEST - 7].strip('-') or 'audit'}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
