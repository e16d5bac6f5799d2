"""Errors of this package: each says what is wrong, where, what was found, what was expected, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class CdiStatsError(Exception):
    """Anything this package refuses. `exit_code` is what the command line returns for it."""

    exit_code = 2


class InvalidCounts(CdiStatsError, ValueError):
    """Counts, populations or options that cannot describe a sample of crimes."""


class BadParameters(CdiStatsError, ValueError):
    """Report parameters that are unknown, ill-typed or out of range. One line a problem."""


class UnreadableAudit(CdiStatsError):
    """The audit file is missing or cannot be opened as a workbook or folder."""


class ReportFailed(CdiStatsError):
    """A notebook stopped, or its report did not pass verification; nothing was published."""

    exit_code = 1


class KernelDied(ReportFailed):
    """A notebook's kernel ended by itself or never started: the machine's fault, perhaps, and worth another try."""


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return the question that ends a refusal where a known name is near to what was found; blank where none is."""
    near = get_close_matches(found, list(known), n=1)
    return f". Did you mean {near[0]}?" if near else ""
