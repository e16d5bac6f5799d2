"""The controls of explore.ipynb: each changes one thing of a view, and everything shown follows.

All figures come from report.view and report.view_detail; nothing is reckoned here.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import bundled_audits
from cdi_stats.errors import CdiStatsError
from cdi_stats.findings.measures import ALL, MEASURES
from cdi_stats.findings.parts import DIMENSIONS, choices, measures_held
from cdi_stats.findings.withheld import rules_for
from cdi_stats.methods.survey_limits import METHODS
from cdi_stats.report.blocks import Block, Json, Paragraph, Section, mime_bundle, plain, section
from cdi_stats.report.disclosure import protection
from cdi_stats.report.fragments import html_fragment
from cdi_stats.report.view import ANY, Sight, View, look
from cdi_stats.report.view_detail import cases_table, cell_of, more_words, width_section, withheld_words
from cdi_stats.report.wording import capital

try:
    import ipywidgets as widgets

    from cdi_stats.lab.panel import BarChart, CopyButton, bars_of, subtitle_of, svg_name
except ModuleNotFoundError as missing:
    raise CdiStatsError(
        f'explore: found no {missing.name}; expected the parts of JupyterLab. To mend: pip install "cdi-stats[lab]"'
    ) from None

LEVELS = (0.8, 0.9, 0.95, 0.99)
SPLITS = (("strata", "stratum"), ("domains", "domain"), ("flags", "flag"), ("districts", "district"))
NAMES = {
    "audit": "Audit",
    "earlier": "Compare with",
    "measure": "Measure",
    "split": "Bars for",
    "stratum": "Stratum",
    "domain": "Domain",
    "flag": "Flag",
    "district": "District",
    "method": "Method",
    "confidence_level": "Confidence level",
}
CELLS = (("the report's own audit, level and method", True), ("the audit, level and method chosen here", False))
METHOD_NAMES = {"korn-graubard": "Korn and Graubard"}
NO_CASES = "Only totals are known of these cases: there are no records to show."
Options = list[tuple[str, Any]]


def explore(
    audit: str, *, more_records: int = 300, show_records: bool = False, disclosure: str = "", **view: Any
) -> Explorer:
    """Return the controls over an audit, opened at a view: report.view.View says what may be given.

    `more_records` is how many more to ask about at first; `show_records` calls records by their own numbers.
    `disclosure` names how small numbers are protected wherever the view is exported, blank as the audit says. Raises
    what look raises.
    """
    return Explorer(look(View(audit, **view)), more_records, disclosure, show_records=show_records)


class Explorer:
    """Controls, and what they show: `sight` is what is shown now; exported, it is what was shown when it was run."""

    def __init__(self, sight: Sight, more_records: int, disclosure: str, *, show_records: bool) -> None:
        self.sight = sight
        self._disclosure, self._setting = disclosure, False
        wide = widgets.Layout(width="auto")
        self.controls = {
            name: widgets.Dropdown(description=label, layout=wide, style={"description_width": "8.5em"})
            for name, label in NAMES.items()
        }
        self.more = widgets.BoundedIntText(more_records, min=1, max=100_000, step=50, description="More records",
                                           style={"description_width": "8.5em"})  # fmt: skip
        self.identifiers = widgets.Checkbox(show_records, description="Show record ids, crime numbers and auditors",
                                            indent=False, layout=widgets.Layout(width="auto"))  # fmt: skip
        self.cell = widgets.Dropdown(options=CELLS, description="It takes", layout=widgets.Layout(width="30em"))
        self.chart, self.copy_sentence = BarChart(), CopyButton(label="Copy the sentence")
        self.copy_cell = CopyButton(label="Copy the cell")
        self.message, self.sentence, self.table, self.records, self.width, self.margin, self.code = (
            _html() for _ in range(7)
        )
        self.box = self._laid_out()
        self._watch()
        self._show(sight)

    def _laid_out(self) -> Any:
        grid = widgets.Layout(display="grid", grid_template_columns="repeat(auto-fill, minmax(21rem, 1fr))",
                              grid_gap="2px 12px", max_width="62rem")  # fmt: skip
        parts = (
            widgets.Box(list(self.controls.values()), layout=grid),
            self.message, self.sentence, self.copy_sentence, self.chart, self.table,
            _heading("Records behind a bar"), self.identifiers, self.records,
            _heading("Why is this interval so wide?"), self.width,
            _heading("What if I audited more records?"), self.more, self.margin,
            _heading("This view as a cell of a report"), self.cell, self.code, self.copy_cell,
        )  # fmt: skip
        box = widgets.VBox(list(parts))
        box.add_class("cdi-explore")
        return box

    def _watch(self) -> None:
        for name, control in self.controls.items():
            control.observe(lambda change, name=name: self._changed(name, change["new"]), "value")
        for control, show in (
            (self.more, self._show_margin), (self.cell, self._show_code),
            (self.identifiers, self._show_records_and_width),
        ):  # fmt: skip
            control.observe(lambda _, show=show: show(), "value")
        self.chart.observe(lambda _: self._show_records(), "chosen")
        self.chart.on_msg(lambda *_: self.save_chart())

    def _changed(self, name: str, value: Any) -> None:
        """Show the view with one thing changed; where an audit cannot be read, say why and keep what is shown."""
        if self._setting:
            return
        try:
            self._show(moved(self.sight, name, value))
        except CdiStatsError as error:
            self._set(name, getattr(self.sight.view, name))
            self.message.value = f'<p class="warning" role="alert">{escape(str(error))}</p>'

    def _set(self, name: str, value: Any, options: Options | None = None) -> None:
        """Give a control its value, and its options where they change, as if no one had touched it."""
        control, self._setting = self.controls[name], True
        if options is not None and control.options != tuple(options):
            control.options = options
        control.value = value
        self._setting = False

    def _show(self, sight: Sight) -> None:
        self.sight = sight
        for name, options in _offered(sight).items():
            self._set(name, getattr(sight.view, name), options)
            self.controls[name].disabled = len(options) < 2
        small = withheld_words(sight, rules_for(sight.audit.facts, self._disclosure))
        warned = [*([plain(small)] if small else []), *sight.cautions]
        self.message.value = f'<p class="warning" role="note">{escape(" ".join(warned))}</p>' if warned else ""
        self.sentence.value = f'<div class="sentence" role="status">{_html_of(Paragraph(sight.sentence))}</div>'
        self.copy_sentence.text = plain(sight.sentence)
        self.table.value = _html_of(sight.table())
        with self.chart.hold_trait_notifications():
            self.chart.title, self.chart.subtitle = (sight.title, subtitle_of(sight)) if sight.bars else ("", "")
            self.chart.bars = bars_of(sight)
            self.chart.chosen = ""
        self._show_records_and_width()
        self._show_margin()
        self._show_code()

    def _show_records_and_width(self) -> None:
        self._show_records()
        self.width.value = _html_of(width_section(self.sight, show_records=self.identifiers.value))

    def _show_records(self) -> None:
        parts = {getattr(part, self.sight.view.split): part for _, part, _ in self.sight.bars}
        if self.chart.chosen not in parts:
            self.records.value = "<p>Click a bar of the chart to see them here.</p>"
            return
        table = cases_table(self.sight, parts[self.chart.chosen], identifiers=self.identifiers.value)
        self.records.value = _html_of(table) if table else f"<p>{NO_CASES}</p>"

    def _show_margin(self) -> None:
        words = more_words(self.sight, self.more.value)
        self.margin.value = _html_of(Paragraph(words)) if words else ""

    def _show_code(self) -> None:
        self.copy_cell.text = cell_of(self.sight.view, parameterised=self.cell.value)
        self.code.value = f'<pre tabindex="0" aria-label="Code of the cell">{escape(self.copy_cell.text)}</pre>'

    def save_chart(self) -> None:
        """Send the page the chart as a report draws it, to be saved as a file."""
        chart = self.sight.chart()
        if chart:
            self.chart.send({"svg": chart.svg, "name": svg_name(self.sight)})

    def to_blocks(self) -> list[Json]:
        """Return what is shown as a report tells it, for the exporters: without controls or the cases behind a bar."""
        sight, more = self.sight, more_words(self.sight, self.more.value)
        rules = rules_for(sight.audit.facts, self._disclosure)
        told = section(
            protection(rules, sight.findings),
            sight.section(),
            width_section(sight, show_records=self.identifiers.value),
            Paragraph(more) if more else None,
        )
        return told.to_blocks()

    def _repr_mimebundle_(self, **asked: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the controls for JupyterLab, and beside them the view at this moment, for a page without a kernel."""
        shown = self.box._repr_mimebundle_(**asked)
        data, metadata = shown if isinstance(shown, tuple) else (shown, {})
        return data | mime_bundle(self.to_blocks()), metadata


def moved(sight: Sight, name: str, value: Any) -> Sight:
    """Return what is seen with one thing of a view changed; choices that an audit or measure has not become all.

    Raises what look raises, where another audit is chosen.
    """
    view = replace(sight.view, **{name: value})
    if name in ("audit", "earlier"):
        opened = look(View(view.audit, earlier=view.earlier))
        return Sight(_fitted(view, opened.audit), opened.audit, opened.before)
    return Sight(_fitted(view, sight.audit), sight.audit, sight.before)


def _fitted(view: View, audit: Audit) -> View:
    held = measures_held(audit)
    measure = view.measure if view.measure in held or not held else held[0]
    known = choices(audit, measure)
    fitting: dict[str, Any] = {
        name: getattr(view, name) if getattr(view, name) in known[name] else ALL for name in DIMENSIONS
    }
    return replace(view, measure=measure, **fitting)


def _offered(sight: Sight) -> dict[str, Options]:
    """Return what each control offers: (label, value) pairs, the value shown among them."""
    view, known = sight.view, choices(sight.audit, sight.view.measure)
    audits = _audits(view.audit)
    named = sight.audit.facts.earlier_audit
    earlier = [("no other audit", "none"), *([(f"{named}, as the audit names it", "")] if named else []), *audits]
    held = measures_held(sight.audit)
    return {
        "audit": audits,
        "earlier": _with(earlier, view.earlier),
        "measure": _with([(MEASURES[key].name, key) for key in held], view.measure),
        "split": [(words, name) for words, name in SPLITS if known[name] or name in (view.split, "stratum")],
        **{name: [(ANY[name], ALL), *((sight.label(value, name), value) for value in known[name])]
           for name in DIMENSIONS},
        "method": [(METHOD_NAMES.get(name, capital(name)), name) for name in METHODS],
        "confidence_level": _with([(f"{100 * level:g}%", level) for level in LEVELS], view.confidence_level),
    }  # fmt: skip


def _with(options: Options, value: Any) -> Options:
    """Return options with a value that is not among them offered too."""
    shown = f"{100 * value:g}%" if isinstance(value, float) else Path(value).name or "as the audit names it"
    return options if value in [offered for _, offered in options] else [*options, (shown, value)]


def _audits(shown: str) -> Options:
    """Return the audits to choose from: the one shown, those beside the notebook or its folder, the bundled ones."""
    # cdi lab lays notebooks into a folder of their own, within that of the audit
    folders = [Path(), *([Path("..")] if Path.cwd().name == "notebooks" else [])]
    found = [path for folder in folders for ending in ("*.xlsx", "*.ods") for path in sorted(folder.glob(ending))]
    beside = [path.as_posix() for path in found if not path.name.startswith("~$")]
    names = dict.fromkeys([shown, *beside, *bundled_audits()])
    return [(Path(name).name if Path(name).is_absolute() else name, name) for name in names]


def _html() -> Any:
    return widgets.HTML(layout=widgets.Layout(width="100%"))


def _heading(words: str) -> Any:
    return widgets.HTML(f"<h3>{words}</h3>")


def _html_of(*blocks: Block | Section | None) -> str:
    return html_fragment(section(*blocks).to_blocks())
