"""A folder published whole or not at all, by one run at a time: locked, staged, moved into place in one step."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cdi_stats.errors import ReportFailed

LONGEST_WAIT = 600.0
PAUSE = 0.1
LEFT = re.compile(r"\.(.+)\.(?:\w{8}|lock)")
SOCKETS, EIGHT = "cdi-k", 8 * "[0-9a-f]"  # short: the system allows a socket about 100 letters
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # as Linux numbers them
_HELD: set[int] = set()  # the locks of this process


def unwritable(path: Path, error: OSError) -> ReportFailed:
    """Return the refusal for a place that the system did not let be written."""
    return ReportFailed(
        f"{path}: cannot be written ({error.strerror or error}); expected a place that may be written, with room there "
        "and in the temporary folder. To mend: free space, change its permissions, or give another folder"
    )


@contextmanager
def staging(folder: Path, *, longest_wait: float = LONGEST_WAIT) -> Iterator[Path]:
    """Give a folder to work in; move it to `folder` if all goes well, leave `folder` untouched if not.

    Waits while another run is at `folder`, and clears away what runs left there that were cut off. Raises ReportFailed
    after `longest_wait` seconds.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder, longest_wait=longest_wait):
            aside = folder.with_name(f".{folder.name}.previous")
            _recover(folder, aside)
            _clear(folder)
            stage = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
            stage.mkdir()
            try:
                yield stage
                if not _exchange(stage, folder):
                    if folder.exists():
                        folder.replace(aside)
                    stage.replace(folder)
                for old in (stage, aside):
                    shutil.rmtree(old, ignore_errors=True)
            except BaseException:
                shutil.rmtree(stage, ignore_errors=True)
                _recover(folder, aside)
                raise
    except BaseException:
        # another run may be about to use the folder, or have left something in it
        with suppress(OSError):
            folder.parent.rmdir()
        raise


def _exchange(new: Path, old: Path) -> bool:
    """Swap two folders in one step, which no kill can cut in two; return whether the system could."""
    if sys.platform != "linux":
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(AT_FDCWD, os.fsencode(new), AT_FDCWD, os.fsencode(old), RENAME_EXCHANGE) == 0)


def tidy(folder: Path) -> None:
    """Clear away what runs left at a folder that were cut off, as far as may be, unless another is at it now."""
    if not folder.parent.is_dir():
        return
    with suppress(ReportFailed, OSError), locked(folder, longest_wait=0):
        _recover(folder, folder.with_name(f".{folder.name}.previous"))
        _clear(folder)
    with suppress(OSError):
        folder.parent.rmdir()


def tidy_all(out: Path) -> None:
    """Clear away what runs left anywhere beneath a reports folder that were cut off."""
    for left in out.glob("*/.*"):
        if of := LEFT.fullmatch(left.name):
            tidy(left.with_name(of[1]))


def _recover(folder: Path, aside: Path) -> None:
    """Put back the last good report if a run was cut off between its two renames."""
    if aside.exists():
        if folder.exists():
            shutil.rmtree(aside)
        else:
            aside.replace(folder)


def _clear(folder: Path) -> None:
    """Remove the stages of runs that were cut off; whoever holds the lock has none yet."""
    stage = re.compile(rf"\.{re.escape(folder.name)}\.\w{{8}}")
    for path in folder.parent.iterdir():
        if stage.fullmatch(path.name) and path.name != f".{folder.name}.previous":
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def socket_folder() -> Iterator[str]:
    """Give a folder of this user's alone for a kernel's sockets; clear away those of runs that were cut off."""
    tidy_sockets()
    folder = Path(tempfile.gettempdir()) / f"{SOCKETS}{secrets.token_hex(4)}"
    # locked before it is there: whoever finds one without a holder knows that its run has ended
    with locked(folder):
        folder.mkdir(mode=0o700)
        try:
            yield str(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def tidy_sockets() -> None:
    """Clear away the folders for kernels' sockets, and the locks, of runs that were cut off."""
    here = Path(tempfile.gettempdir())
    locks = (lock.with_name(lock.name[1:-5]) for lock in here.glob(f".{SOCKETS}{EIGHT}.lock"))
    for left in {*here.glob(f"{SOCKETS}{EIGHT}"), *locks}:
        with suppress(OSError, ReportFailed), locked(left, longest_wait=0):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def locked(path: Path, *, longest_wait: float = LONGEST_WAIT) -> Iterator[None]:
    """Hold the lock of a path, which may not be there yet; the system lets it go when its holder ends, however.

    Raises ReportFailed when another holds it for longer than `longest_wait` seconds, or nothing can be written there.
    """
    lock = path.with_name(f".{path.name}.lock")
    end = time.monotonic() + longest_wait
    while (held := _take_or_refuse(path, lock)) is None:
        if time.monotonic() > end:
            raise ReportFailed(
                f"{path}: another run has been at it for {longest_wait:.0f} seconds; expected one at a time. "
                "To mend: wait until it has ended, and run this again"
            )
        time.sleep(PAUSE)
    try:
        yield
    finally:
        _leave(lock, held)


def is_locked(path: Path) -> bool:
    """Return whether a run that lives holds the lock of a path; whoever may not try it takes it that one does."""
    lock = path.with_name(f".{path.name}.lock")
    if not lock.exists():
        return False
    try:
        held = _take(lock)
    except OSError:
        return True
    if held is not None:
        _leave(lock, held)
    return held is None


def _take_or_refuse(path: Path, lock: Path) -> int | None:
    try:
        return _take(lock)
    except OSError as error:
        raise unwritable(path, error) from error


def _take(lock: Path) -> int | None:
    """Return the lock's open file, or None while another holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    # in a folder that others may write to, a link could lead to a file of this user's
    held = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    # the system says in either of two ways that another holds it; its holder may just have removed the file
    with suppress(BlockingIOError, PermissionError, FileNotFoundError):
        _lock(held)
        if os.path.samestat(os.fstat(held), lock.stat()):
            _HELD.add(held)
            return held
    os.close(held)
    return None


def _leave(lock: Path, held: int) -> None:
    """Let a lock go and remove its file; where the system forbids that while it is open, the other way round."""
    with suppress(OSError):
        lock.unlink()
    _HELD.discard(held)
    os.close(held)
    if os.name == "nt":
        with suppress(OSError):
            lock.unlink()


def _let_go() -> None:
    for held in _HELD:
        os.close(held)
    _HELD.clear()


# A fork has its owner's open files, and would hold its locks for as long as it lives.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


if sys.platform == "win32":

    def _lock(held: int) -> None:
        import msvcrt

        msvcrt.locking(held, msvcrt.LK_NBLCK, 1)

else:

    def _lock(held: int) -> None:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
