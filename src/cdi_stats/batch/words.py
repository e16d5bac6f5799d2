"""What is said of a batch, to whoever watches it and in its report alike."""

from __future__ import annotations

from collections.abc import Iterable

from cdi_stats.batch.ledger import CURRENT, FAILED, PUBLISHED, Run

SAID = {PUBLISHED: "published", CURRENT: "up to date already", FAILED: "failed"}


def clock(seconds: float) -> str:
    """Return some seconds as people say them: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def counted(runs: Iterable[Run], undone: int) -> str:
    """Return how many reports came to what: 40 published, 2 up to date already, 1 failed."""
    results = [run.result for run in runs]
    words = [f"{results.count(result)} {words}" for result, words in SAID.items() if result in results]
    words += [f"{undone} not begun"] if undone else []
    return ", ".join(words) or "nothing to do"
