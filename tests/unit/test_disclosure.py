"""Small numbers: what is withheld, and that an attacker who knows every total cannot work it out.

Authority: Hundepool and others (2012), Statistical Disclosure Control, chapter 4 (primary and secondary suppression;
the attacker's bounds by linear programming, here SciPy's); NHS Digital's rule for hospital episodes (counts of 1 to 7
withheld, others to the nearest 5) for rounding.
"""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from datetime import date

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.findings.causes import SEVERAL, examine_causes
from cdi_stats.findings.examine import examine
from cdi_stats.findings.measures import ALL, flags_used
from cdi_stats.findings.withheld import (
    Counts,
    Rules,
    is_withheld,
    presets,
    read_rules,
    round_findings,
    rules_for,
    strictest,
    with_companions,
    withheld_keys,
    withhold,
)
from cdi_stats.publishing.execution import notebook_path
from cdi_stats.publishing.published import check_published, published_beside, read_published
from cdi_stats.report.blocks import (
    Bullets,
    Chart,
    Column,
    Figure,
    Paragraph,
    Statement,
    Strong,
    Table,
    Title,
    figures,
    plain_json,
)
from cdi_stats.report.disclosure import SENTENCE, Protection, decide, decision_of, explained, group_of

STANDARD, NUMERATORS, ROUNDED = (presets()[name][1] for name in ("standard", "numerators", "rounded"))
FIVE = [(1, 1), (1, 0)]
YEAR = {"records_in_frame": 5000, "recorded_in_year": 30000, "year_end": date(2019, 12, 31)}


def figure(key, value, unit="count", text=None, source=""):
    return Figure(key, value, text or f"{value:g}", unit, source)


def table(*rows):
    cells = tuple(
        (name, (figure(f"{name}/reported", due),), (figure(f"{name}/recorded", done),)) for name, due, done in rows
    )
    return Table("T", (Column("Part"), Column("Due", numeric=True), Column("Done", numeric=True)), cells)


def shown(*blocks, rules="standard", withheld=()):
    """Return the blocks of a document after small numbers are protected, by the rules it states."""
    given = [block.to_json() for block in (Protection(rules, withheld), *blocks)]
    decision = decide(given)
    return [decision.shown(block) for block in given][1:]


def read(*blocks, **options):
    """Return what stands in each cell or text of blocks once protected."""
    return json.dumps(shown(*blocks, **options), ensure_ascii=False)


# The rules.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("public", Rules(1, 1, numerators=False)),
        ("standard", Rules(5, 1, numerators=False)),
        ("rounded", Rules(8, 5, numerators=True)),
        ("threshold=10", Rules(10)),
        ("threshold = 10 , rounding=5, numerators = yes", Rules(10, 5, numerators=True)),
        (str(Rules(7, 3, numerators=True)), Rules(7, 3, numerators=True)),
    ],
)
def test_rules_are_read_from_a_name_or_spelt_out(text, expected):
    assert read_rules(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("standart", "found 'standart'; expected one of public, standard"),
        ("threshold=few", "found 'threshold=few'"),
        ("threshold=10, numerators=perhaps", "found 'numerators=perhaps'"),
        ("threshold=0", "expected a threshold and a rounding of 1 or more"),
        ("threshold=5, rounding=5, numerators=yes", "a threshold above the rounding"),
        ("threshold=8, rounding=5", "numerators=yes"),
        ("", "found ''"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_line(text, said):
    with pytest.raises(BadParameters, match=r"^disclosure: ") as refused:
        read_rules(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_records_rebuilt_from_published_totals_need_no_protection_and_all_others_do(bundled):
    facts = bundled["kent-2017"].facts
    assert not rules_for(facts).active
    assert rules_for(replace(facts, records_basis="audited")) == STANDARD
    assert rules_for(replace(facts, disclosure="strict")) == presets()["strict"][1]
    assert rules_for(replace(facts, disclosure="strict"), "numerators") == NUMERATORS


def test_two_audits_are_protected_as_each_of_them_asks():
    assert strictest([STANDARD, ROUNDED]) == ROUNDED
    assert strictest([Rules(10), NUMERATORS]) == Rules(10, numerators=True)


@pytest.mark.parametrize(
    ("rules", "counts", "told"),
    [
        (STANDARD, (4, 4), True),
        (STANDARD, (5, 1), False),
        (STANDARD, (0, 0), False),
        (NUMERATORS, (50, 4), True),
        (NUMERATORS, (50, 46), True),
        (NUMERATORS, (50, 50), False),
        (NUMERATORS, (50, 45), False),
    ],
)
def test_a_group_tells_too_much_where_it_is_small_or_a_part_of_it_is(rules, counts, told):
    assert rules.tells(Counts(*counts)) is told


# Companions: what an attacker can work out.


def bounds(parts, withheld, total):
    """Return the least and most that each withheld part can be, by linear programming over all that is told."""
    names = sorted(withheld)
    left = total - sum(size for name, size in parts.items() if name not in withheld)
    ends = {}
    for place, name in enumerate(names):
        goal = np.zeros(len(names))
        goal[place] = 1
        solved = [linprog(sign * goal, A_eq=np.ones((1, len(names))), b_eq=[left]) for sign in (1, -1)]
        ends[name] = (solved[0].fun, -solved[1].fun)
    return ends


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 40), min_size=2, max_size=8))
def test_no_withheld_part_can_be_told_to_be_small(sizes):
    parts = {name: Counts(size, size) for name, size in sizes.items()}
    small = {name for name, size in sizes.items() if STANDARD.small(size)}
    withheld = with_companions(parts, small, STANDARD)
    assert small <= withheld
    if not small or sum(sizes.values()) < STANDARD.threshold:
        return
    assert len(withheld) > 1
    for low, high in bounds(sizes, withheld, sum(sizes.values())).values():
        assert low == pytest.approx(0)
        assert high >= STANDARD.threshold


def test_the_smallest_others_are_withheld_with_it_and_no_more_than_needed():
    parts = {name: Counts(size, size) for name, size in {"a": 90, "b": 3, "c": 20, "d": 30}.items()}
    assert with_companions(parts, {"b"}, STANDARD) == {"b", "c"}
    assert with_companions(parts, set(), STANDARD) == set()
    tiny = {name: Counts(size, size) for name, size in {"a": 90, "b": 1, "c": 2, "d": 30}.items()}
    assert with_companions(tiny, {"b", "c"}, STANDARD) == {"b", "c", "d"}


# Findings.


@pytest.fixture
def audit(make_audit):
    """Three strata, one of them of three crimes; flags that cut across them."""
    records = {"big": FIVE * 30, "mid": FIVE * 10, "tiny": [(1, 1)] * 3}
    return make_audit(records, strata=YEAR)


def test_a_small_stratum_is_withheld_and_the_smallest_other_with_it(audit):
    told = withhold(examine(audit), STANDARD)
    assert [row.stratum for row in told.of("recording_rate") if is_withheld(row)] == ["mid", "tiny"]
    assert told.stratum("tiny").estimate is None
    assert told.overall.estimate is not None


def test_from_two_weightings_a_withheld_stratum_could_be_solved_for_so_one_is_told(audit):
    assert examine(audit).get("recording_rate_pooled") is not None
    told = withhold(examine(audit), STANDARD)
    assert told.overall.weighting == "pooled"
    assert [row.measure for row in told.rows if row.measure.startswith("recording_rate_")] == []


def test_nothing_is_changed_where_no_group_is_small(findings):
    found = findings["kent-2017"]
    assert withhold(found, Rules(2)) is found
    assert round_findings(found, STANDARD) is found


@pytest.mark.parametrize("rules", [STANDARD, NUMERATORS, ROUNDED, Rules(40, numerators=True)], ids=str)
@pytest.mark.parametrize("name", ["kent-2017", "kent-2018", "kent-board-2017"])
def test_no_told_group_nor_its_difference_from_a_told_whole_is_small(findings, rules, name):
    """Every stratum, flag and value, its complement, and the difference of two nested ones: large, or not told."""
    found = findings[name]
    withheld = withheld_keys(found, rules)
    told = {row.key: row for row in found.rows if row.estimate and row.key not in withheld}
    crimes = found.audit.crimes
    groups = {f"recording_rate/{ALL}/{s.stratum}": crimes["stratum"] == s.stratum for s in found.audit.strata}
    flags = {flag: crimes[flag].fillna(False).astype(bool) for flag in flags_used(found.audit)}
    groups |= {f"recording_rate/{flag}/{ALL}": mask for flag, mask in flags.items()}
    groups |= {f"recording_rate/{ALL}/{ALL}": crimes["recorded"].notna()}
    recorded = crimes["recorded"].astype(bool)
    for row in told.values():
        assert not rules.tells(Counts(row.due, row.done))
    for (a, outer), (b, inner) in itertools.permutations(((k, m) for k, m in groups.items() if k in told), 2):
        if not (inner & ~outer).any():
            rest = outer & ~inner
            assert not rules.tells(Counts(int(rest.sum()), int((rest & recorded).sum()))), (a, b)


def test_a_stratum_withheld_takes_its_timeliness_with_it(findings):
    found = findings["kent-2017"]
    rules = Rules(340, numerators=False)
    withheld = withheld_keys(found, rules)
    strata = {key.split("/")[2] for key in withheld if key.startswith("recording_rate/all/")}
    assert strata
    assert {f"timeliness/all/{s}" for s in strata if found.get("timeliness", ALL, s)} <= withheld


def test_rounded_counts_are_multiples_and_shares_whole_percentages(findings):
    found = round_findings(withhold(findings["kent-2017"], ROUNDED), ROUNDED)
    rows = [row for row in found.rows if row.estimate]
    assert rows
    for row in rows:
        e = row.estimate
        assert row.due % 5 == row.done % 5 == 0
        assert (row.done == row.due) is (e.rate == 1)
        for share in (e.rate, e.interval.low, e.interval.high):
            assert share * 100 == pytest.approx(round(share * 100))


def test_a_year_is_worked_out_from_the_rounded_rate(findings):
    """U = R (1 - p) / p: Kent's other crime, whose exact total would give its exact rate away."""
    exact = findings["kent-2017"]
    stratum = exact.audit.strata[-1]
    rounded = round_findings(exact, ROUNDED).stratum(stratum.stratum)
    rate = rounded.estimate.rate
    assert rounded.unrecorded.value == pytest.approx(stratum.recorded_in_year * (1 - rate) / rate)


def test_reasons_seldom_given_are_told_as_one_that_is_no_small_number(bundled):
    audit = bundled["kent-2017"]
    exact, grouped = examine_causes(audit), examine_causes(audit, fewest=5)
    assert any(cause.crimes < 5 for cause in exact)
    assert all(cause.crimes >= 5 for cause in grouped)
    assert grouped[-1].reason == SEVERAL
    assert sum(c.crimes for c in grouped) == sum(c.crimes for c in exact)


# The document.


def test_a_small_group_is_withheld_in_every_cell_and_in_figures_json():
    text = read(table(("a", 3, 2), ("b", 40, 30), ("c", 60, 50)))
    assert '"[c]"' in text
    assert {f["figure"] for f in figures(json.loads(text))} == {"c/reported", "c/recorded"}


def test_a_group_is_told_whole_or_not_at_all_wherever_it_stands():
    rate = Paragraph(("The rate is ", figure("a/rate", 0.66, "percent", "66%"), "."))
    assert '"66%"' not in read(table(("a", 3, 2), ("b", 40, 30)), rate)
    assert '"66%"' in read(table(("a", 30, 20), ("b", 40, 30)), rate)


def test_only_the_sentence_that_tells_is_replaced():
    words = Paragraph(("All is well. Of ", figure("x/due", 2), " crimes, none was. ", figure("y/due", 20), " were. ",
                       Strong("End."), " Two ends."))  # fmt: skip
    [block] = shown(words)
    assert plain_json(block["text"]) == f"All is well. {SENTENCE} 20 were. End. Two ends."


def test_sentences_withheld_in_a_row_are_told_of_once():
    words = Paragraph((figure("x/due", 2), " were. Then ", figure("y/due", 3), " were. ", figure("z/due", 1), " was."))
    [block] = shown(words)
    assert plain_json(block["text"]) == SENTENCE


def test_a_headline_statistic_keeps_what_it_is_about():
    statement = Statement((figure("x/done", 2),), "of rapes were recorded", ("2 of ", figure("x/due", 3)))
    [block] = shown(statement)
    assert (block["headline"], block["says"]) == ("[c]", "of rapes were recorded")
    assert list(figures([block])) == []


def test_with_numerators_a_small_count_within_a_large_group_is_withheld_too():
    rows = table(("a", 300, 298), ("b", 400, 300), ("c", 500, 400))
    assert '"298"' in read(rows)
    assert '"298"' not in read(rows, rules="numerators")


def test_a_finding_withheld_before_is_withheld_whatever_else_tells_of_it():
    words = Paragraph(
        ("In ", figure("concentration/rape/missed", 30), " and ", figure("timeliness/all/theft/due", 30), ".")
    )
    assert '"30"' in read(words)
    assert list(figures(shown(words, withheld=("recording_rate/rape/all",)))) == []


@pytest.mark.parametrize(
    "key", ["sample_plan/theft/rate", "planning/theft/achieved", "errors/theft/plain", "yan_su/rate"]
)
def test_a_plan_or_a_weighted_rate_does_not_tell_a_withheld_stratum(key):
    words = Paragraph(("It is ", figure(key, 0.8, "percent", "80%"), "."))
    assert list(figures(shown(words, withheld=("recording_rate/all/theft",)))) == []
    assert len(list(figures(shown(words)))) == 1


def test_a_column_that_is_called_as_a_withheld_part_stays():
    """How many cells it fills is told by every report on data quality; no later report may be refused for it."""
    words = Paragraph(("It is ", figure("data_quality/completeness/crimes/rape/due", 30), "."))
    assert len(list(figures(shown(words, withheld=("recording_rate/rape/all",))))) == 1


def test_what_is_published_of_others_stays():
    words = Paragraph(("It is ", figure("published/rape/Kent 2017/rate", 0.8, "percent", "80%"), "."))
    assert len(list(figures(shown(words, withheld=("recording_rate/rape/all",))))) == 1


def test_a_year_in_round_numbers_does_not_give_the_exact_rate_away():
    total = figure("change/recording_rate/all/all/additional_per_year", 25437.2, "crimes a year", "25,440")
    [found] = figures(shown(Paragraph((total,)), rules="rounded"))
    assert (found["value"], found["text"]) == (25000, "25,000")


def test_what_is_no_ones_case_is_told():
    words = Paragraph(("One of ", figure("standing/rape/others", 2), " forces. ", figure("monitoring/audits", 3), "."))
    for rules in ("standard", "rounded"):
        assert [f["value"] for f in figures(shown(words, rules=rules))] == [2, 3]


def test_what_was_not_measured_stays_so_in_round_numbers():
    [found] = figures(shown(Paragraph((figure("a/rate", math.nan, "percent", "–"),)), rules="rounded"))
    assert (found["value"], found["text"]) == (None, "–")


CHART_ROWS = [("a", 30, 20), ("b", 40, 30), ("c", 60, 50)]


def chart(*rows, title="Group a is lowest, 66%"):
    return Chart(title, "Crimes by group", "<svg/>", "a 66%", table(*rows))


def test_a_chart_stands_while_all_its_figures_do():
    [block] = shown(chart(*CHART_ROWS))
    assert (block["block"], block["title"]) == ("chart", "Group a is lowest, 66%")


def test_a_chart_that_would_tell_is_replaced_by_its_data_and_not_by_its_title():
    [block] = shown(chart(("a", 3, 2), *CHART_ROWS[1:]))
    assert (block["block"], block["caption"]) == ("table", "Crimes by group")
    assert "lowest" not in json.dumps(block)
    assert "[c]" in json.dumps(block)


def test_a_document_without_a_small_number_stays_as_it_is():
    words = ("Of ", figure("x/due", 30), " crimes, ", figure("x/rate", 0.6667, "percent", "66.7%"), " were.")
    blocks = (
        Title("Inspection", "2019", (("Sample", words),)),
        Bullets((words, "Two ends.")),
        replace(chart(*CHART_ROWS), notes=(words,)),
        replace(table(*CHART_ROWS), notes=(words,)),
        Statement((figure("y/done", 20),), "were", words),
    )
    assert shown(*blocks) == [block.to_json() for block in blocks]


def test_a_small_number_goes_from_titles_bullets_and_notes_and_nothing_else_does():
    small, large = ("Of ", figure("x/due", 2), " crimes, one was."), ("Of ", figure("y/due", 20), " crimes, one was.")
    title, bullets, picture = shown(
        Title("Inspection", "2019", (("Small", small), ("Large", large))),
        Bullets((small, small, large)),
        replace(chart(*CHART_ROWS), notes=(small, large)),
    )
    [*kept] = Bullets((large,)).to_json()["points"]
    assert title["facts"] == [["Small", "[c]"], ["Large", *kept]]
    assert bullets["points"] == [[SENTENCE], *kept]
    assert picture["notes"] == [[SENTENCE], *kept]


def test_one_record_or_a_small_figure_of_no_group_is_told_nowhere():
    told = (figure("record/7/reported", 30), figure("reported", 3), figure("due", 30))
    left = [f["figure"] for f in figures(shown(*(Paragraph((each, ".")) for each in told)))]
    assert left == ["due"]


@pytest.mark.parametrize("made", [table, chart], ids=["table", "chart"])
def test_the_smallest_other_row_goes_with_one_that_is_withheld_for_its_part(made):
    """Else the total, told elsewhere, less the other rows would give it: secondary suppression."""
    rows = [(f"timeliness/all/{name}", due, 20) for name, due in (("theft", 90), ("fraud", 40), ("arson", 60))]
    left = {group_of(f["figure"]) for f in figures(shown(made(*rows), withheld=("recording_rate/all/theft",)))}
    assert left == {"timeliness/all/arson"}


def test_whoever_reads_the_written_document_withholds_the_same():
    blocks = (Protection("standard", ("recording_rate/all/theft",)), table(("a", 3, 2), ("b", 40, 30), ("c", 60, 50)),
              Paragraph((figure("timeliness/all/theft/due", 30), " and ", figure("d/due", 30), ".")))  # fmt: skip
    given = [block.to_json() for block in blocks]
    decision = decide(given)
    written = decision.shown(given[0])
    again = decision_of(written)
    hidden = [f for f in figures(given) if decision.hides(f)]
    assert [f for f in figures(given) if again.hides(f)] == hidden
    assert {group_of(f["figure"]) for f in hidden} == {"a", "b", "timeliness/all/theft"} <= {*written["withheld"]}


def test_a_long_chart_that_would_tell_is_left_out():
    rows = [("a", 3, 2), *((f"g{n}", 30 + n, 20) for n in range(20))]
    [block] = shown(chart(*rows))
    assert block["block"] == "callout"
    assert "lowest" not in json.dumps(block)
    assert list(figures([block])) == []


def test_a_chart_drawn_from_rounded_numbers_stands_and_any_other_does_not():
    round_numbers, others = [("a", 30, 20), ("b", 40, 25)], [("a", 31, 20), ("b", 40, 25)]
    assert [shown(chart(*rows), rules="rounded")[0]["block"] for rows in (round_numbers, others)] == ["chart", "table"]


def test_what_is_told_of_a_part_of_a_group_goes_with_the_group():
    part, effective = figure("team/x/pooled/low", 0.7, "percent", "70%"), figure("team/x/effective", 2.5)
    words = Paragraph((figure("team/x/reported", 3), " and ", part, " and ", effective, "."))
    assert list(figures(shown(words))) == []


def test_rounding_reaches_value_text_and_source():
    items = (figure("a/due", 123, source="7 of 123"), figure("a/rate", 0.8361, "percent", "83.6%"),
             figure("a/difference", -0.1296, "points", "−13.0"), figure("b/difference", 0.1296, "points", "+13.0"),
             figure("c/difference", -0.001, "points", "−0.1"), figure("a/margin", 0.0185, "points", "1.9"))  # fmt: skip
    [block] = shown(Paragraph(items), rules="rounded")
    assert [(f["value"], f["text"], f["source"]) for f in figures([block])] == [
        (125, "125", ""),
        (0.84, "84%", ""),
        (-0.13, "−13", ""),
        (0.13, "+13", ""),
        (0, "0", ""),
        (0.02, "2", ""),
    ]
    assert "-0.0" not in json.dumps(block)


def test_to_protect_twice_is_to_protect_once():
    blocks = [Protection("numerators"), table(("a", 3, 2), ("b", 40, 30), ("c", 60, 50)), Paragraph("Words.")]
    once = [decide([b.to_json() for b in blocks]).shown(b.to_json()) for b in blocks]
    assert [decide(once).shown(block) for block in once] == once
    assert once[0]["withheld"] == ["a", "b"]


def test_a_notebook_that_states_no_rules_is_protected_by_the_usual_ones():
    block = table(("a", 3, 2), ("b", 40, 30), ("c", 60, 50)).to_json()
    assert "[c]" in json.dumps(decide([block]).shown(block))


@pytest.mark.parametrize(
    ("rules", "withheld", "said"),
    [
        ("public", (), ""),
        ("standard", (), "Groups of fewer than 5 are withheld; in this report nothing had to be."),
        ("standard", ("a", "b"), "2 groups of figures are withheld"),
        ("rounded", (), "Counts of 1 to 7 are withheld, all others rounded to the nearest 5"),
        ("threshold=20", ("a",), "Groups of fewer than 20 are withheld: [c]"),
        (
            "threshold=10, rounding=3, numerators=yes",
            ("a",),
            "Groups of fewer than 10, and such counts within a group,",
        ),
    ],
)
def test_the_page_says_what_was_done(rules, withheld, said):
    told = explained([Protection(str(read_rules(rules)), withheld).to_json(), Paragraph("x").to_json()])
    words = " ".join(plain_json(block["text"]) for block in told if block["text"] != "x")
    assert said in words
    assert bool(words) is bool(said)
    assert ("nearest" in words) is ("whole percentages" in words) is read_rules(rules).rounds


# Whole reports, told without a kernel.


def tell(report, **parameters):
    """Return the blocks of a report's notebook, its code run here, before and after they are protected."""
    names = {}
    raw = []
    for cell in nbformat.read(notebook_path(report), as_version=4).cells:
        if cell.cell_type != "code":
            continue
        *lines, last = cell.source.strip().split("\n")
        if "parameters" in cell.metadata.get("tags", []):
            exec(cell.source, names)
            names |= parameters
        elif last.startswith("report.") and not lines:
            raw += eval(last, names).to_blocks()
        else:
            exec(cell.source, names)
    decision = decide(raw)
    return raw, [decision.shown(block) for block in raw], decision


@pytest.mark.parametrize("rules", ["standard", "numerators", "rounded", "threshold=60, numerators=yes"])
@pytest.mark.parametrize(
    ("report", "audit"),
    [
        ("inspection", "kent-2017"),
        ("reinspection", "kent-2018"),
        ("board_paper", "kent-board-2017"),
        ("benchmark", "kent-2018"),
        ("data_quality", "kent-2017"),
        ("sample_plan", "kent-board-2017"),
    ],
)
def test_no_small_count_is_left_in_any_report(report, audit, rules):
    raw, told, decision = tell(report, audit=audit, disclosure=rules)
    left = {}
    for f in figures(told):
        assert not decision.hides(f), f["figure"]
        left.setdefault(group_of(f["figure"]), set()).add(f["value"])
    assert left
    assert raw[0]["block"] == "title"
    assert [block["block"] for block in told if block["block"] == "protection"] == ["protection"]


def test_a_report_tells_the_small_stratum_in_no_block(save, make_tables):
    """17 of 23 crimes, 73.9%: no other number of this audit reads so, and no picture, title or words for it may."""
    records = {"big": FIVE * 100, "odd": [(1, 1)] * 17 + [(1, 0)] * 6, "mid": FIVE * 19}
    path = str(save(make_tables(records, strata=YEAR), "odd"))
    plainly, hidden = (
        json.dumps(tell("inspection", audit=path, disclosure=rules)[1], ensure_ascii=False)
        for rules in ("public", "threshold=24")
    )
    traces = ('"17"', '"23"', "73.9%", "recording_rate/all/odd/", "recording_rate/all/mid/")
    assert [trace for trace in traces if trace not in plainly] == []
    assert [trace for trace in traces if trace in hidden] == []
    assert "recording_rate/all/all/rate" in hidden


# What is out already.


def published(folder, figures_, digest="one", report="inspection"):
    folder.mkdir(parents=True, exist_ok=True)
    listed = [{"key": k, "value": v, "unit": "count", "texts": [f"{v}"]} for k, v in figures_.items()]
    (folder / "figures.json").write_text(json.dumps({"report": report, "figures": listed}), encoding="utf-8")
    manifest = {"inputs": [{"audit": "x", "sha256": digest}]}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def now(figures_):
    return {k: {"key": k, "value": v, "unit": "count", "texts": [f"{v}"]} for k, v in figures_.items()}


PROTECTED = {"block": "protection", "rules": "standard", "withheld": ["recording_rate/rape/all"]}
INPUTS = [{"audit": "x", "sha256": "one"}]


def test_what_is_withheld_here_must_not_stand_in_a_report_beside(tmp_path):
    published(tmp_path / "x" / "board_paper", {"recording_rate/rape/all/reported": 3, "other/reported": 50})
    beside = [other | {"replaced": False} for other in published_beside(tmp_path / "x" / "inspection")]
    with pytest.raises(ReportFailed, match=r"recording_rate/rape/all/reported: withheld here, but .* shows it as 3"):
        check_published(PROTECTED, now({"other/reported": 50}), INPUTS, beside)
    check_published(None, now({"other/reported": 50}), INPUTS, beside)
    check_published(PROTECTED | {"rules": "public"}, now({"other/reported": 50}), INPUTS, beside)


@pytest.mark.parametrize(("then", "wrong"), [(50, False), (52, True), (46, True), (55, False), (45, False)])
def test_a_count_must_not_differ_by_a_few_from_that_of_the_audit_before_it_was_changed(tmp_path, then, wrong):
    folder = published(tmp_path / "x" / "inspection", {"other/reported": then}, digest="before")
    earlier = [read_published(folder) | {"replaced": True}]
    if wrong:
        with pytest.raises(ReportFailed, match=f"figure other/reported: 50 here, {then} in"):
            check_published(PROTECTED, now({"other/reported": 50}), INPUTS, earlier)
    else:
        check_published(PROTECTED, now({"other/reported": 50}), INPUTS, earlier)


def test_a_report_may_withhold_more_than_the_one_it_replaces(tmp_path):
    folder = published(tmp_path / "x" / "inspection", {"recording_rate/rape/all/reported": 3})
    check_published(PROTECTED, now({"other/reported": 50}), INPUTS, [read_published(folder) | {"replaced": True}])


def test_where_nothing_is_protected_a_count_may_change_by_a_few(tmp_path):
    folder = published(tmp_path / "x" / "inspection", {"other/reported": 52}, digest="before")
    earlier = [read_published(folder) | {"replaced": True}]
    for protection in (None, PROTECTED | {"rules": "public"}):
        check_published(protection, now({"other/reported": 50}), INPUTS, earlier)


def test_a_folder_without_a_report_is_refused(tmp_path):
    with pytest.raises(BadParameters, match=r"expected a folder with figures\.json and manifest\.json"):
        read_published(tmp_path)
    (tmp_path / "x" / "inspection").mkdir(parents=True)
    (tmp_path / "x" / "inspection" / "figures.json").write_text("{", encoding="utf-8")
    assert published_beside(tmp_path / "x" / "board_paper") == []
