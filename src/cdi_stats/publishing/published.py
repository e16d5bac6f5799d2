"""What is out already: a report must not withhold what an earlier one tells, nor differ from it by a few cases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.report.blocks import Json
from cdi_stats.report.disclosure import Decision, decision_of, sizes

FIGURES, MANIFEST = "figures.json", "manifest.json"
NAMED = 5
BESIDE = "To mend: publish the earlier report anew by the same rules, or with rounding; or take it away"
REPLACED = "To mend: if nobody was given the earlier one, delete {} and run this again; else publish with rounding"


def read_published(folder: str | Path) -> Json:
    """Return what a published report's folder tells: its figures by key, and the inputs that it was made from.

    Raises BadParameters for a folder that holds no published report.
    """
    path = Path(folder)
    try:
        told = json.loads((path / FIGURES).read_text(encoding="utf-8"))
        made = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        by_key = {figure["key"]: figure for figure in told["figures"]}
        return {"folder": str(folder), "figures": by_key, "inputs": made["inputs"], "report": told["report"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise BadParameters(
            f"published: found no published report in {folder}; expected a folder with {FIGURES} and {MANIFEST}"
        ) from None


def published_beside(folder: Path) -> list[Json]:
    """Return the published reports on the same audit: those beside a report's folder, and the one it will replace."""
    found = []
    for path in sorted(folder.parent.glob(f"*/{FIGURES}")):
        with suppress(BadParameters):
            if not path.parent.name.startswith("."):
                found.append(read_published(path.parent))
    return found


def check_published(
    protection: Json | None, shown: Mapping[str, Json], inputs: list[Json], earlier: Iterable[Json]
) -> None:
    """Raise ReportFailed if an earlier report and this one together tell what this one withholds.

    That is where the earlier one shows a figure withheld here, or, made from other records, a count that differs from
    the one here by a number too small to be told. A report's own predecessor may show more: this one takes its place.
    """
    decision = decision_of(protection)
    if decision is None:
        return
    found = [(line, other) for other in earlier for line in _told_before(decision, shown, inputs, other)]
    if found:
        lines = [line for line, _ in found[:NAMED]]
        more = [f"... and {len(found) - NAMED} more"] if len(found) > NAMED else []
        mend = REPLACED if all(other["replaced"] for _, other in found) else BESIDE
        raise ReportFailed("\n".join([*lines, *more, f"{mend.format(found[0][1]['folder'])}. Nothing was published"]))


def _told_before(decision: Decision, shown: Mapping[str, Json], inputs: list[Json], other: Json) -> Iterator[str]:
    if other["inputs"][:1] == inputs[:1]:
        for key, figure in other["figures"].items():
            if not other["replaced"] and decision.hides({"figure": key}):
                yield f"figure {key}: withheld here, but {other['folder']} shows it as {figure['texts'][0]}"
        return
    then, now = sizes(other["figures"].values(), decision.rules), sizes(shown.values(), decision.rules)
    for key in sorted(then.keys() & now.keys()):
        if decision.rules.small(abs(then[key] - now[key])) and not decision.rules.rounds:
            yield f"figure {key}: {now[key]:g} here, {then[key]:g} in {other['folder']}; that tells of the few between"
