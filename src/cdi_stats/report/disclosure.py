"""Small numbers over a whole document: every figure too small to be told is withheld wherever it stands.

Findings are withheld where they are made (findings.withheld), so that sentences and charts are made without them. Here
the finished blocks are gone through, in whatever report or notebook: each figure belongs to the group that its key
names, and a group is told as a whole or not at all, in tables, charts, sentences and figures.json alike.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cdi_stats.findings.examine import Findings
from cdi_stats.findings.measures import ALL
from cdi_stats.findings.withheld import Counts, Rules, is_withheld, presets, read_rules, with_companions
from cdi_stats.report.blocks import Block, Json, figures
from cdi_stats.report.numbers import SHORTHAND, count, margin, percent, points

SENTENCE = "[A sentence is withheld here, to protect those whom a small number could identify.]"
DETAIL = "Withheld, as so small a number could tell of a person."
NOT_DRAWN = "No chart is drawn, as it would tell what is withheld or rounded; these are its figures."
HIDDEN_CHART = "The chart here is withheld, as what it was drawn from is not known."
MOST_ROWS = 12  # a longer table in place of a chart would say again what the one beside it says
HEADING = "How small numbers are protected"
# a record by itself is one case, whatever it holds
SINGLE = re.compile(r"concentration/[^/]+/heavy/|^record/")
# out already, of no audit, or of a file's columns, which may be called as a part is
OF_NO_PART = re.compile(
    r"^(benchmark|published|forces|coverage|replication)/"
    r"|^data_quality/(completeness|problems|checks|reconciliations)"
)
# what is counted here is no one's crime: audits, forces, actions, months, plans
NO_ONES = re.compile(
    rf"{OF_NO_PART.pattern}|^(actions|standing|planning|sample_plan|auditable|calendar)/"
    r"|^(frame_share|errors)/|^auditable_share$"
    r"|^monitoring/(audits|beyond|charted|earlier|setting)$|/limits/|^precision/[^/]+/planned$"
)
NO_COUNTS = re.compile(r"/(degrees_of_freedom|largest_record|design_effect|effective_sample_size|effective|strata)$")
WEIGHTED = re.compile(r"^yan_su/")  # beside the pooled rate, a withheld stratum could be solved for
SENTENCE_END = re.compile(r"(?<=[.?!]) +(?=[A-Z“]|$)")


@dataclass(frozen=True)
class Protection(Block):
    """How small numbers are protected from here on; `withheld` are the keys of the findings already withheld.

    A document's writer goes by it and says what was done in its place.
    """

    name = "protection"
    rules: str
    withheld: tuple[str, ...] = ()


def protection(rules: Rules, *findings: Findings) -> Protection:
    """Return the Protection of a report: by which rules, and which of its findings are withheld already."""
    keys = (row.key for found in findings for row in found.rows if is_withheld(row))
    return Protection(str(rules), tuple(sorted(set(keys))))


@dataclass(frozen=True)
class Decision:
    """What is withheld of a document: figures of `groups`, and those whose key speaks of one of `parts`."""

    rules: Rules
    groups: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    withheld: tuple[str, ...] = ()

    def hides(self, figure: Json) -> bool:
        """Return whether a figure is withheld."""
        key = figure["figure"]
        if not self.rules.active or OF_NO_PART.search(key):
            return False
        names = key.split("/")
        if not self.parts.isdisjoint(names) or (self.parts and WEIGHTED.search(key)):
            return True
        if NO_ONES.search(key):
            return False
        within = any("/".join(names[:end]) in self.groups for end in range(1, len(names)))
        return within or key in self.groups or bool(SINGLE.search(key))

    def hides_any(self, value: Any) -> bool:
        """Return whether any figure of a block or text is withheld."""
        return any(self.hides(figure) for figure in figures([value]))

    def shown(self, block: Json) -> Json:
        """Return a block with what is withheld taken out, and what is left rounded."""
        if not self.rules.active:
            return block
        kind = block["block"]
        changed: Json = _CHANGES[kind](self, block) if kind in _CHANGES else block
        return _with_figures(changed, self._rounded) if self.rules.rounds else changed

    def _rounded(self, figure: Json) -> Json:
        """Return a figure in round numbers, its value no more exact than what is read."""
        key, value = figure["figure"], figure["value"]
        if NO_ONES.search(key) or value is None or figure["unit"] not in _ROUNDINGS:
            return figure
        if NO_COUNTS.search(key):
            return figure | {"value": float(f"{value:.3g}"), "source": ""}
        value, text = _ROUNDINGS[figure["unit"]](self.rules, figure)
        return figure | {"value": value, "text": text, "source": ""}

    def _text(self, text: Any) -> Any:
        """Return a text with each sentence that holds a withheld figure replaced, several in a row by one."""
        if not self.hides_any({"text": text}):
            return text
        told: list[Any] = []
        for sentence in _sentences(text):
            shown = [SENTENCE] if self.hides_any({"text": sentence}) else sentence
            if told[-1:] != shown:
                told += [" ", *shown] if told else shown
        return told

    def _table(self, block: Json) -> Json:
        rows = [[SHORTHAND if self.hides_any({"cell": cell}) else cell for cell in row] for row in block["rows"]]
        return block | {"rows": rows, "notes": [self._text(note) for note in block["notes"]]}

    def _chart(self, block: Json) -> Json:
        """Return a chart whose figures all stand, else its data as a table: a picture cannot be edited."""
        data = block.get("data")
        if not data:
            return {"block": "callout", "kind": "note", "heading": "Chart withheld", "text": HIDDEN_CHART}
        if not self.hides_any(data) and not any(self._is_changed(figure) for figure in figures([data])):
            return block | {"notes": [self._text(note) for note in block["notes"]]}
        if len(data["rows"]) > MOST_ROWS:
            text = f"{block['subtitle']}: {NOT_DRAWN.partition(';')[0].lower()}."
            return {"block": "callout", "kind": "note", "heading": "Chart withheld", "text": text}
        # the title may tell of a group that is withheld
        return self._table(data | {"caption": block["subtitle"], "notes": [*data["notes"], NOT_DRAWN]})

    def _is_changed(self, figure: Json) -> bool:
        """Return whether a figure stands elsewhere than where rounding would put it."""
        value, rounded = figure["value"], self._rounded(figure)["value"]
        return self.rules.rounds and value is not None and not math.isclose(value, rounded, abs_tol=1e-9)

    def _statement(self, block: Json) -> Json:
        if not self.hides_any(block):
            return block
        return block | {"headline": SHORTHAND, "detail": DETAIL, "says": self._text(block["says"])}

    def _bullets(self, block: Json) -> Json:
        points = [self._text(point) for point in block["points"]]
        return block | {"points": [p for place, p in enumerate(points) if p != [SENTENCE] or p not in points[:place]]}

    def _title(self, block: Json) -> Json:
        facts = [[label, SHORTHAND if self.hides_any({"fact": text}) else text] for label, text in block["facts"]]
        return block | {"facts": facts}

    def _protection(self, block: Json) -> Json:
        return block | {"withheld": list(self.withheld)}

    def _prose(self, block: Json) -> Json:
        return block | {"text": self._text(block["text"])}


_CHANGES: Mapping[str, Any] = {
    "table": Decision._table,
    "chart": Decision._chart,
    "statement": Decision._statement,
    "bullets": Decision._bullets,
    "title": Decision._title,
    "protection": Decision._protection,
    **dict.fromkeys(("paragraph", "numbered", "callout"), Decision._prose),
}


def explained(blocks: Iterable[Json]) -> list[Json]:
    """Return blocks with what was done said: in the protection's place, or at the end if nothing had to be done."""
    told: list[Json] = []
    last: list[Json] = []
    for block in blocks:
        if block["block"] != "protection":
            told.append(block)
            continue
        rules = read_rules(block["rules"])
        if block["withheld"] or rules.rounds:
            words = f"{_in_words(rules)} In this report {_groups_in_words(len(block['withheld']))}."
            told.append({"block": "callout", "kind": "note", "heading": HEADING, "text": words})
        elif rules.active:
            last.append({"block": "paragraph", "text": f"{_label(rules)}; in this report nothing had to be."})
    return told + last


def decide(blocks: Sequence[Json]) -> Decision:
    """Return what to withhold of a document, by the rules that it states; by the usual ones where it states none."""
    stated = [block for block in blocks if block["block"] == "protection"]
    rules = read_rules(stated[0]["rules"] if stated else "standard")
    if not rules.active:
        return Decision(rules)
    before = sorted({key for block in stated for key in block["withheld"]})
    parts = _parts(before)
    first = Decision(rules, _small_groups(blocks, rules) | frozenset(before), parts)
    groups = first.groups | frozenset(_companions(blocks, first))
    held = {group_of(figure["figure"]) for figure in figures(blocks) if Decision(rules, groups, parts).hides(figure)}
    return Decision(rules, groups, parts, tuple(sorted(held | set(before))))


def decision_of(protection: Json | None) -> Decision | None:
    """Return the decision that the protection of a written document states; None where there is none."""
    if protection is None:
        return None
    withheld = protection["withheld"]
    return Decision(read_rules(protection["rules"]), frozenset(withheld), _parts(withheld))


def sizes(shown: Iterable[Json], rules: Rules) -> dict[str, float]:
    """Return the counts by key, from the figures of figures.json, that rules protect: of each group the largest.

    With numerators it is all of them.
    """
    known = [{"figure": figure["key"]} | figure for figure in shown]
    return {
        f"{group}/{name}": number for group, named in _counts(known).items() for name, number in named.items()
        if rules.numerators or number == max(named.values())
    }  # fmt: skip


def _parts(withheld: Iterable[str]) -> frozenset[str]:
    """Return the strata and domains whose recording rate is withheld: nothing else may tell of them."""
    rates = (key.split("/")[1:] for key in withheld if key.startswith("recording_rate/"))
    return frozenset(name for names in rates for name in names if name != ALL)


def group_of(key: str) -> str:
    """Return the group that a figure tells of: its key without the last name."""
    return key.rpartition("/")[0] or key


def _counts(blocks: Iterable[Json]) -> dict[str, dict[str, float]]:
    """Return the counts of each group by name; what is no one's case is left out."""
    found: dict[str, dict[str, float]] = {}
    for figure in figures(blocks):
        key = figure["figure"]
        counted = figure["unit"] == "count" and figure["value"] is not None
        if counted and not NO_ONES.search(key) and not NO_COUNTS.search(key):
            found.setdefault(group_of(key), {})[key.rpartition("/")[2]] = abs(figure["value"])
    return found


def _small_groups(blocks: Sequence[Json], rules: Rules) -> frozenset[str]:
    """Return the groups that are small, and with numerators those that hold a small count."""
    tested = min if rules.numerators else max
    return frozenset(
        group
        for group, counts in _counts(blocks).items()
        if rules.small(tested((n for n in counts.values() if n), default=0))
        or (rules.numerators and {"reported", "recorded"} <= set(counts)
            and rules.tells(Counts(counts["reported"], counts["recorded"])))
    )  # fmt: skip


def _companions(blocks: Sequence[Json], decision: Decision) -> Iterator[str]:
    """Yield, for each table with a row withheld, the rows withheld with it, as if the table's total were known."""
    for block in blocks:
        rows = block["rows"] if block["block"] == "table" else (block.get("data") or {}).get("rows", [])
        sizes: dict[str, Counts] = {}
        for row in rows:
            for group, counts in _counts([{"row": row}]).items():
                size = max(counts.values(), default=0.0)
                sizes[group] = Counts(size, size)
        withheld = {group for group in sizes if decision.hides({"figure": f"{group}/"})}
        yield from with_companions(sizes, withheld, decision.rules) - withheld


def _sentences(text: Any) -> Iterator[list[Any]]:
    """Yield the items of each sentence of a text."""
    sentence: list[Any] = []
    for words, items in groupby(
        [text] if isinstance(text, str | dict) else text, key=lambda item: isinstance(item, str)
    ):
        if not words:
            sentence.extend(items)
            continue
        *ended, last = SENTENCE_END.split("".join(items))
        for part in ended:
            yield [*sentence, part]
            sentence = []
        sentence.append(last)
    if sentence:
        yield sentence


def _with_figures(value: Any, change: Any) -> Any:
    """Return some JSON with each figure changed."""
    if isinstance(value, dict):
        return change(value) if "figure" in value else {k: _with_figures(item, change) for k, item in value.items()}
    return [_with_figures(item, change) for item in value] if isinstance(value, list | tuple) else value


def _round_count(rules: Rules, figure: Json) -> tuple[float, str]:
    rounded = float(rules.rounded(figure["value"]))
    return rounded, count(rounded)


def _round_share(rules: Rules, figure: Json) -> tuple[float, str]:
    share = rules.rounded_share(figure["value"])
    return share, percent(share, 0)


def _round_points(_: Rules, figure: Json) -> tuple[float, str]:
    signed = figure["text"].startswith(("+", "−"))
    whole = math.floor(abs(figure["value"]) * 100 + 0.5)
    rounded = (-whole if figure["value"] < 0 else whole) / 100
    return rounded, points(rounded, 0) if signed else margin(rounded, 0)


def _round_ratio(_: Rules, figure: Json) -> tuple[float, str]:
    rounded = float(f"{figure['value']:.2g}")
    return rounded, f"{rounded:g}"


def _round_year(_: Rules, figure: Json) -> tuple[float, str]:
    rounded = float(f"{figure['value']:.2g}")
    return rounded, count(rounded)


_ROUNDINGS = {"count": _round_count, "percent": _round_share, "points": _round_points, "ratio": _round_ratio,
              "hours": _round_ratio, "crimes a year": _round_year}  # fmt: skip


def _in_words(rules: Rules) -> str:
    rounding = " Rates are in whole percentages, so that figures may not add up." if rules.rounds else ""
    return (
        f"{_label(rules)}: {SHORTHAND} stands for such a figure. What would let it be worked out is withheld too, and "
        f"so are rates, charts and sentences made of it.{rounding}"
    )


def _label(rules: Rules) -> str:
    known = {preset: label for label, preset in presets().values()}
    return known.get(rules) or _own_words(rules)


def _own_words(rules: Rules) -> str:
    within = ", and such counts within a group," if rules.numerators else ""
    rounded = f", others are rounded to the nearest {rules.rounding_base}" if rules.rounds else ""
    return f"Groups of fewer than {rules.threshold}{within} are withheld{rounded}"


def _groups_in_words(number: int) -> str:
    if not number:
        return "nothing is withheld"
    return "one group of figures is withheld" if number == 1 else f"{count(number)} groups of figures are withheld"
