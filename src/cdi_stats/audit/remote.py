"""What is named by a URL, such as s3://bucket/audits/kent.xlsx: fetched whole into a folder that ends with the run.

fsspec does the fetching, with a driver for each kind of store. What a URL says in confidence, a user and password or
what follows a question mark, serves to fetch and is told nowhere: in no message, manifest, log or ledger.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from cdi_stats.audit.archive import MOST_BYTES
from cdi_stats.audit.beside import names_beside
from cdi_stats.errors import BadParameters, CdiStatsError, UnreadableAudit

URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")
HERE = re.compile(r"(file|local)://")
NAMED_BEFORE_HOST = ("abfs", "abfss")  # container@account
FILES = (".xlsx", ".xlsm", ".ods", ".toml")
DEEPEST = 3  # a folder of folders of tables
STEP = 1 << 20
MOST_WORDS = 200


def is_url(name: object) -> bool:
    """Return whether a name is a URL rather than a path or a bundled name."""
    return isinstance(name, str) and URL.match(name) is not None


def at_home(name: Any) -> Any:
    """Return the path that a file:// URL stands for, and any other name as it is."""
    if not isinstance(name, str) or "::" in name or not HERE.match(name):
        return name
    from fsspec.implementations.local import LocalFileSystem

    return LocalFileSystem._strip_protocol(name)


def public(name: str) -> str:
    """Return a URL without what it says in confidence, and any other name as it is."""
    return "::".join(_public(link) for link in name.split("::")) if is_url(name) else name


def _public(link: str) -> str:
    scheme, sign, rest = link.partition("://")
    if not sign:
        return link
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    user = re.match(r"[^/@]*@|[^/@]*:[^@]*@", rest)
    if user and (":" in user[0] or scheme not in NAMED_BEFORE_HOST):
        rest = rest[user.end() :]
    return f"{scheme}://{rest}"


def joined(url: str, *parts: str) -> str:
    """Return the URL of what lies beneath another."""
    head, chain, rest = url.partition("::")
    base = head if head.endswith("://") else f"{head.rstrip('/')}/"
    return f"{base}{'/'.join(parts)}{chain}{rest}"


def _folder_of(url: str) -> str:
    head, chain, rest = url.partition("::")
    scheme, sign, path = head.partition("://")
    return f"{scheme}{sign}{path.rstrip('/').rpartition('/')[0]}{chain}{rest}"


@contextmanager
def reaching(url: str, refusal: type[CdiStatsError], doing: str) -> Iterator[tuple[Any, str]]:
    """Give the store of a URL and the path in it; whatever goes wrong with it becomes a refusal of one line."""
    try:
        from fsspec.core import url_to_fs

        store, path = url_to_fs(url)
        store.invalidate_cache()
        yield store, path
    except (CdiStatsError, MemoryError):
        raise
    except Exception as error:  # each driver has errors of its own
        why, mend = _reason(url, error)
        raise refusal(f"{public(url)}: cannot be {doing} ({why}). To mend: {mend}") from None


def _reason(url: str, error: Exception) -> tuple[str, str]:
    """Return what went wrong, and what to do about it."""
    words = _discreet(url, str(error))
    if isinstance(error, ImportError):
        return "the driver for such URLs is not installed", f"install it beside cdi-stats ({words})"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "nothing is there", "correct the URL"
    if isinstance(error, PermissionError):
        return "access is refused", "have it granted, or give its driver the credentials as the driver's page says"
    if isinstance(error, ValueError) and "rotocol not known" in words:
        return words, "correct the start of the URL"
    told = f"{type(error).__name__}: {words}" if words else type(error).__name__
    return told, "see that the store is reachable from here and the URL is right; then run this again"


def _discreet(url: str, words: str) -> str:
    """Return the first line of a driver's message without what its URL says in confidence."""
    line = (words.splitlines() or [""])[0]
    for part in re.split(r"[/@?&=;#]|::", url):
        kept = public(url)
        for secret in {part, unquote(part), *part.split(":")}:
            if len(secret) > 2 and secret not in kept:
                line = line.replace(secret, "...")
    return re.sub(r"[a-zA-Z][\w+.-]*://\S+", lambda found: public(found[0]), line)[:MOST_WORDS]


def check_driver(url: str) -> None:
    """Raise BadParameters for a URL of no known kind, or one whose driver is not installed; reach for nothing."""
    from fsspec import get_filesystem_class

    for link in url.split("::"):
        try:
            get_filesystem_class(link.partition("://")[0])
        except (ImportError, ValueError) as error:
            why, mend = _reason(url, error)
            raise BadParameters(f"{public(url)}: cannot be used ({why}). To mend: {mend}") from None
    if "?" in url:
        raise BadParameters(f"{public(url)}: found more after a question mark; expected the URL of a folder")


def placed(url: str) -> Path:
    """Return the last two names of a URL: a file goes by its folder's where its own tells nothing."""
    link = public(url).partition("::")[0].partition("://")[2]
    folder, _, name = link.strip("/").rpartition("/")
    return Path(unquote(folder.rpartition("/")[2]) or "store", unquote(name) or "audit")


def is_file_name(path: Path) -> bool:
    """Return whether a name at a URL is that of a workbook or list, rather than of a folder."""
    return path.suffix.lower() in FILES


def matching(url: str) -> list[str]:
    """Return the URLs that a pattern finds, in order; one without * or [ as it is, if it is there.

    Raises UnreadableAudit where its store cannot be listed.
    """
    head, chain, rest = url.partition("::")
    if not re.search(r"[*[]", head):
        with reaching(url, UnreadableAudit, "read") as (store, path):
            return [url] if store.exists(path) else []
    fixed = re.split(r"[^/]*[*[]", head, maxsplit=1)[0]
    with reaching(url, UnreadableAudit, "read") as (store, pattern):
        start = len(pattern) - len(head) + len(fixed)
        return [joined(f"{fixed}{chain}{rest}", path[start:]) for path in sorted(store.glob(pattern))]


class Copies:
    """Local copies of what a run names by URL; they go when it ends. Any other name is given back as it is."""

    def __init__(self) -> None:
        self._folder: Any = None
        self._made: dict[str, Path] = {}
        self.origins: Mapping[str, str] = {}

    def __enter__(self) -> Copies:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder:
            self._folder.cleanup()

    def local(self, name: Any) -> Any:
        """Return the path of a name's copy, fetched now where it has none. Raises UnreadableAudit.

        A workbook brings its mapping and acceptances, so that it is read as it would be where it lies.
        """
        name = at_home(name)
        if not is_url(name):
            return name
        if name not in self._made:
            self._folder = self._folder or tempfile.TemporaryDirectory(prefix="cdi-copies-")
            copy = Path(self._folder.name).resolve() / str(len(self._made)) / placed(name)
            with reaching(name, UnreadableAudit, "read") as (store, path):
                _fetch(store, path, copy, alone="?" in name)
            self.origins = {**self.origins, str(copy.parent): _folder_of(public(name))}
            self._made[name] = copy
        return str(self._made[name])


def origin(path: Path, origins: Mapping[str, str]) -> str:
    """Return the URL that a file was fetched from, as it may be told; its own path where it was not fetched."""
    for folder, url in origins.items():
        if path.is_relative_to(folder):
            return joined(url, *path.relative_to(folder).parts)
    return str(path.resolve())


def _fetch(store: Any, path: str, copy: Path, *, alone: bool) -> None:
    """Copy a file with what lies beside it for it, or a folder: no more than an audit can hold."""
    path = path.rstrip("/")
    files = {path: copy}
    if is_file_name(copy):
        folder = path.removesuffix(path.rpartition("/")[2])
        beside = [] if alone else [(f"{folder}{name}", copy.with_name(name)) for name in names_beside(copy)]
        files |= {there: here for there, here in beside if store.exists(there)}
    elif store.isdir(path):
        inside = store.find(path, maxdepth=DEEPEST)
        files = {there: copy / there[len(path) :].strip("/") for there in inside}
    left = MOST_BYTES
    for there, here in files.items():
        if not here.resolve().is_relative_to(copy.parent):
            raise UnreadableAudit(f"{copy.name}: holds {PurePosixPath(there).name!r} outside itself; expected a folder")
        here.parent.mkdir(parents=True, exist_ok=True)
        with store.open(there, "rb") as source, here.open("wb") as target:
            while data := source.read(STEP):
                left -= len(data)
                if left < 0:
                    raise UnreadableAudit(f"{copy.name}: is larger than {MOST_BYTES:,} bytes; expected an audit")
                target.write(data)
