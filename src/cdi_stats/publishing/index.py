"""The index page of a reports folder: every published report, made anew from the manifests."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cdi_stats.publishing.html import page_style
from cdi_stats.report.fragments import environment
from cdi_stats.report.numbers import long_date

_HERE = Path(__file__).parent
READ_AS = {".html": "HTML", ".pdf": "PDF", ".docx": "Word", ".xlsx": "Excel", ".ods": "OpenDocument"}


def write_index(out: Path) -> Path:
    """Write `out`/index.html, linking every report whose manifest lies beneath it, and return its path."""
    from markupsafe import Markup

    page = (
        environment(_HERE / "html")
        .get_template("index.html.j2")
        .render(
            reports=[entry for manifest in _published(out) if (entry := _entry(out, manifest))],
            style=Markup(page_style()),
        )
    )
    handle, name = tempfile.mkstemp(dir=out, prefix=".index.", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(page)
    Path(name).chmod(0o644)
    return Path(name).replace(out / "index.html")


def _published(out: Path) -> list[Path]:
    """Return the manifests of whole reports; a folder that begins with a dot is a run under way, or cut off."""
    return [path for path in sorted(out.glob("*/*/manifest.json")) if not path.parent.name.startswith(".")]


def _ordered(files: list[str]) -> list[str]:
    """Return the files that are read, the page first and tables last."""
    return sorted(files, key=lambda name: (list(READ_AS).index(Path(name).suffix), name))


def _entry(out: Path, manifest: Path) -> dict[str, Any] | None:
    """Return what the index says of one report, or None for a manifest that is not one of ours."""
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        day = long_date(date.fromisoformat(facts["date"]))
        said = {name: facts[name] for name in ("title", "subtitle", "force")}
        files = [name for name in facts["files"] if name.endswith(tuple(READ_AS))]
        if manifest.parent.name != facts["report"]:
            said["subtitle"] += f" ({manifest.parent.name})"
    except (ValueError, KeyError, TypeError):
        return None
    folder = manifest.parent.relative_to(out).as_posix()
    links = [{"href": f"{folder}/{quote(name)}", "format": READ_AS[Path(name).suffix]} for name in _ordered(files)]
    return said | {"date": day, "links": links}
