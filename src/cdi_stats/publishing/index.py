"""The index page of a reports folder: every published report, made anew from the manifests."""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cdi_stats.publishing.html import page_style
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.report.fragments import environment
from cdi_stats.report.numbers import long_date

Entry = dict[str, Any]
_HTML = Path(__file__).parent / "html"
READ_AS = {".html": "HTML", ".pdf": "PDF", ".docx": "Word", ".xlsx": "Excel", ".ods": "OpenDocument"}


def write_index(out: Path, theme: Theme = PLAIN) -> Path:
    """Write `out`/index.html in a house style, linking every report whose manifest lies beneath it; return its path.

    Of a draft theme only the reports are drafts: the index is none.
    """
    entries = [entry for manifest in _published(out) if (entry := _entry(out, manifest))]
    page = _page(entries, replace(theme, draft=""))
    for left in out.glob(".index.*.html"):
        left.unlink(missing_ok=True)
    new = out / f".index.{secrets.token_hex(4)}.html"
    try:
        with new.open("x", encoding="utf-8", newline="\n") as file:
            file.write(page)
        return new.replace(out / "index.html")
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _page(entries: list[Entry], theme: Theme) -> str:
    from markupsafe import Markup

    # as it stands on the page: whoever reads it turns other line ends into these, and the hash is of what is read
    script = (_HTML / "index.js").read_text(encoding="utf-8")
    style = f"{page_style(theme)}\n{(_HTML / 'index.css').read_text(encoding='utf-8')}"
    template = environment(_HTML).get_template("index.html.j2")
    return template.render(
        reports=entries,
        filters=_filters(entries),
        count=f"{len(entries)} report{'' if len(entries) == 1 else 's'}",
        theme=theme,
        style=Markup(style),
        script=Markup(script),
        script_digest=b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _filters(entries: list[Entry]) -> list[tuple[str, str, list[str]]]:
    """Return what the list can be narrowed by: the name of each filter, its label, and what to choose from."""
    return [
        ("force", "Force", sorted({entry["force"] for entry in entries})),
        ("kind", "Type of report", sorted({entry["title"] for entry in entries})),
        ("year", "Year of the audit", sorted({year for entry in entries for year in entry["years"]}, reverse=True)),
    ]


def _published(out: Path) -> list[Path]:
    """Return the manifests of whole reports; a folder that begins with a dot is a run under way, or cut off."""
    return [path for path in sorted(out.glob("*/*/manifest.json")) if not path.parent.name.startswith(".")]


def _ordered(files: list[str]) -> list[str]:
    """Return the files that are read, the page first and tables last."""
    return sorted(files, key=lambda name: (list(READ_AS).index(Path(name).suffix), name))


def _entry(out: Path, manifest: Path) -> Entry | None:
    """Return what the index says of one report, or None for a manifest that is not one of ours."""
    try:
        facts = json.loads(manifest.read_text(encoding="utf-8"))
        day = date.fromisoformat(facts["date"])
        said = {name: str(facts[name]) for name in ("title", "subtitle", "force")}
        files = [name for name in facts["files"] if name.endswith(tuple(READ_AS))]
        if manifest.parent.name != facts.get("report", manifest.parent.name):
            said["subtitle"] += f" ({manifest.parent.name})"
        said |= {name: str(facts.get("theme", {}).get(name, "")) for name in ("marking", "draft")}
        said |= {"period": str(facts.get("period", {}).get("words", ""))}
        years = _years(facts["period"]) if "period" in facts else [str(day.year)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    # else a folder called javascript: would be a link of that kind
    folder = quote(manifest.parent.relative_to(out).as_posix())
    links = [{"href": f"{folder}/{quote(name)}", "format": READ_AS[Path(name).suffix]} for name in _ordered(files)]
    return said | {"date": long_date(day), "years": years, "links": links}


def _years(period: Mapping[str, str]) -> list[str]:
    start, end = (date.fromisoformat(period[name]) for name in ("start", "end"))
    return [str(year) for year in range(start.year, end.year + 1)]
