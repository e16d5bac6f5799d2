"""The two parts of the explorer that ipywidgets has not: bars that can be clicked, and a button that copies.

Nothing comes from outside: each part's script and style lie beside this module and travel to the page with it.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from cdi_stats.report.numbers import FindingNumbers
from cdi_stats.report.palette import CHART_TONES
from cdi_stats.report.view import Sight


def _text(name: str) -> str:
    return files("cdi_stats.lab").joinpath(name).read_text(encoding="utf-8")


def _colours() -> str:
    """Return the charts' colours as style rules, the dark ones for JupyterLab's dark themes."""
    light, dark = ("; ".join(f"--chart-{role}: {getattr(tone, ground)}" for role, tone in CHART_TONES.items())
                   for ground in ("light", "dark"))  # fmt: skip
    return f'.cdi-explore {{ {light} }}\n[data-jp-theme-light="false"] .cdi-explore {{ {dark} }}\n'


STYLE = _colours() + _text("explore.css")


class BarChart(anywidget.AnyWidget):
    """Rates with their intervals as buttons; `chosen` is the key of the one clicked, blank for none.

    A click on its own button asks the kernel for the chart as a file: a message {"wanted": "svg"}.
    """

    _esm = _text("bars.js")
    _css = STYLE
    title = traitlets.Unicode().tag(sync=True)
    subtitle = traitlets.Unicode().tag(sync=True)
    bars: Any = traitlets.List().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)


class CopyButton(anywidget.AnyWidget):
    """A button that copies `text` to the clipboard."""

    _esm = _text("copy.js")
    _css = STYLE
    label = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)


def bars_of(sight: Sight) -> list[dict[str, Any]]:
    """Return a view's bars as the chart draws them, each keyed by the choice of the split dimension that it shows."""
    chosen = getattr(sight.view, sight.view.split)
    found = []
    for label, part, finding in sight.bars:
        key, change = getattr(part, sight.view.split), sight.change(finding)
        now = _line(FindingNumbers(finding))
        before = _line(FindingNumbers(change.earlier, "earlier/")) if change else None
        detail = f"{now['limits']} · {now['counts']}"
        told = f"{label}: {now['value']}, {sight.findings.level} interval {now['limits']}, {now['counts']}"
        if before:
            detail += f"\nbefore: {before['value']}, {before['limits']}"
            told += f"; earlier {before['value']}"
        found.append(now | {"key": key, "label": label, "detail": detail, "told": f"{told}. Show the records behind it",
                            "earlier": before, "current": key == chosen})  # fmt: skip
    return found


def subtitle_of(sight: Sight) -> str:
    """Return what a view's bars are, and beneath them those of the earlier audit."""
    beneath = "; beneath it, thinner, that of the earlier audit" if sight.before else ""
    return f"Share of {sight.share}, with its {sight.findings.level} interval{beneath}"


def _line(n: FindingNumbers) -> dict[str, Any]:
    return {
        **{name: getattr(n, name).value for name in ("rate", "low", "high")},
        "value": str(n.rate),
        "limits": f"{n.low} to {n.high}",
        "counts": f"{n.done} of {n.due}",
    }


def svg_name(sight: Sight) -> str:
    """Return what a saved chart's file is called."""
    return f"{sight.audit.id}-{sight.view.measure}-by-{sight.view.split}.svg"
