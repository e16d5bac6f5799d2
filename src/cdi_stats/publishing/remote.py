"""A reports folder at a URL: what was published here, whole, is put up there with its manifest last.

A store has neither a lock nor a rename of folders. So a report's files go into a folder of their own, called by what
they hold, beneath the report's; and its manifest.json, written last and in one piece, names each of them with its hash.
Whoever reads by the manifest sees the last good report until then, and the new one from then on.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cdi_stats.audit.remote import joined, public, reaching
from cdi_stats.errors import ReportFailed
from cdi_stats.file_names import is_portable
from cdi_stats.publishing.index import write_index
from cdi_stats.publishing.published import FIGURES, MANIFEST, published_beside
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.report.blocks import Json

VERSION = re.compile(r"version-[0-9a-f]{16}")
INDEX = "index.html"


def put_up(folder: Path, url: str) -> None:
    """Put a published report's folder up at its URL. Raises ReportFailed; what was there then stays as it was."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    version = f"version-{digests[MANIFEST][:16]}"
    manifest = json.loads(files[MANIFEST]) | {"files": {f"{version}/{name}": told for name, told in digests.items()}}
    with reaching(url, ReportFailed, "published to") as (store, place):
        before = _version_there(store, place)
        try:
            for name, data in files.items():
                _put(store, f"{place}/{version}/{name}", data)
            _check(store, f"{place}/{version}", {name: len(data) for name, data in files.items()})
            _put_at_once(store, f"{place}/{MANIFEST}", json.dumps(manifest, indent=1, ensure_ascii=False).encode())
        except BaseException:
            if before != version:
                _drop(store, f"{place}/{version}")
            raise
        if before and before != version:
            _drop(store, f"{place}/{before}")


def put_index(url: str, theme: Theme = PLAIN) -> None:
    """Write the index of a reports folder at a URL anew, from the manifests there. Raises ReportFailed."""
    with tempfile.TemporaryDirectory(prefix="cdi-index-") as name:
        fetch_manifests(url, Path(name))
        page = write_index(Path(name), theme).read_bytes()
    with reaching(url, ReportFailed, "published to") as (store, place):
        _put_at_once(store, f"{place}/{INDEX}", page)


def fetch_manifests(url: str, into: Path, *, figures: bool = False) -> None:
    """Fetch the manifest of every whole report beneath a URL, with `figures` those too, into folders of its names.

    A report that lacks a file is none. Raises ReportFailed.
    """
    with reaching(url, ReportFailed, "read") as (store, place):
        there = {path[len(place) :].strip("/"): path for path in store.find(place)}
        for name in there:
            *folder, file = name.split("/")
            # a store may call a file ../x, and what is fetched by that name would lie elsewhere
            if file != MANIFEST or not all(map(is_portable, folder)) or VERSION.fullmatch(folder[-1]):
                continue
            facts = _facts(store, there[name])
            if not facts or any("/".join([*folder, part]) not in there for part in facts["files"]):
                continue
            here = into.joinpath(*folder)
            here.mkdir(parents=True, exist_ok=True)
            (here / MANIFEST).write_text(json.dumps(facts), encoding="utf-8", newline="\n")
            for part in facts["files"] if figures else ():
                if part.endswith(f"/{FIGURES}"):
                    (here / FIGURES).write_bytes(store.cat_file(there["/".join([*folder, part])]))


def published_there(url: str, audit: str, name: str) -> Iterator[Json]:
    """Yield what reports tell that are out already at a URL, on the same audit, as published_beside does."""
    with tempfile.TemporaryDirectory(prefix="cdi-published-") as here:
        fetch_manifests(joined(url, audit), Path(here), figures=True)
        for told in published_beside(Path(here) / name):
            yield told | {"folder": public(joined(url, audit, Path(told["folder"]).name))}


def digests_there(manifest: Path) -> Mapping[str, str]:
    """Return the hash of each file of a report, by a manifest that was fetched; nothing where there is none."""
    with suppress(OSError, ValueError, KeyError):
        files = json.loads(manifest.read_text(encoding="utf-8"))["files"]
        return {name.partition("/")[2]: told for name, told in files.items()}
    return {}


def _facts(store: Any, path: str) -> Json:
    """Return a report's manifest, or nothing for a file that is no such thing."""
    try:
        facts = json.loads(store.cat_file(path))
        files = facts["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return dict(facts) if isinstance(files, dict) else {}


def _version_there(store: Any, place: str) -> str:
    """Return the folder that the manifest of a report names, or nothing where there is none."""
    try:
        facts = _facts(store, f"{place}/{MANIFEST}")
    except FileNotFoundError:
        return ""
    folders = {name.partition("/")[0] for name in facts.get("files", ())}
    return next((name for name in folders if VERSION.fullmatch(name)), "")


def _put(store: Any, path: str, data: bytes) -> None:
    folder = path.rpartition("/")[0]
    if not store.async_impl:
        store.makedirs(folder, exist_ok=True)
    try:
        store.pipe_file(path, data)
    except FileNotFoundError:
        # not before: a bucket has no folders, and asked for one a driver may make a bucket
        store.makedirs(folder, exist_ok=True)
        store.pipe_file(path, data)


def _put_at_once(store: Any, path: str, data: bytes) -> None:
    """Put a file up so that nobody reads half of it: object stores do so anyway, others rename."""
    if store.async_impl:
        _put(store, path, data)
        return
    folder, _, name = path.rpartition("/")
    _put(store, f"{folder}/.{name}.new", data)
    store.mv(f"{folder}/.{name}.new", path)


def _check(store: Any, folder: str, sizes: Mapping[str, int]) -> None:
    store.invalidate_cache()
    for name, size in sizes.items():
        found = store.size(f"{folder}/{name}")
        if found != size:
            raise ReportFailed(f"{name}: {found} bytes arrived at the store; expected {size}. Nothing was published")


def _drop(store: Any, folder: str) -> None:
    # the report is published, or another error is on its way: files that no manifest names harm nobody
    with suppress(Exception):
        store.rm(folder, recursive=True)
