"""The bundled series, its 22 files read once a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from cdi_stats.audit.series import Series, read_series
from cdi_stats.audit.series_example import NAME


@cache
def example_series() -> Series:
    """Return the bundled series."""
    return read_series(NAME)


@contextmanager
def series_at_hand() -> Iterator[None]:
    """Have monitoring reports opened of the bundled series as it was read, of any other by reading it."""
    from cdi_stats.report import monitoring

    def read(name: str | Path) -> Series:
        return example_series() if name == NAME else read_series(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitoring, "read_series", read)
        yield
