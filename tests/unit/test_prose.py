"""The prose of every report on the bundled audits: no bare rate, plain to read, British, and whole sentences."""

from __future__ import annotations

import re
from functools import cache

import pytest
from tests.bundled import example_series
from tests.prose import REPORTS, prose, reading_ease, syllables, told

from cdi_stats.audit.reading import read_audit
from cdi_stats.audit.series_example import NAME
from cdi_stats.report.blocks import Bullets, Figure, Statement, Strong, Title, plain
from cdi_stats.report.wording import templates

RUNS = [(report, audit) for report, audits in REPORTS.items() for audit in audits]
EASY_ENOUGH = 50
SIMULATED = "coverage/"
COMPANIONS = {
    "rate": ("low", "high", "reported"),
    "share": ("low", "high", "due"),
    "pooled": ("pooled/low", "pooled/high", "reported"),
    "rate_without": ("rate_without_low", "rate_without_high", "rate_without_reported"),
    "difference": ("difference_low", "difference_high"),
    "unrecorded_per_year": ("unrecorded_low", "unrecorded_high"),
    "additional_per_year": ("additional_low", "additional_high"),
    "unrecorded_value": ("unrecorded_low", "unrecorded_high"),
}
AMERICAN = re.compile(
    r"\b\w*(iz(e|es|ed|ing|ation|ations)|yz(e|ed|ing))\b|\b(cent|lit)er(s|ed)?\b|\b(col|behavi|fav|lab|hon)or\w*"
    r"|\b(judgment|offense|defense|program|gray|analog|catalog|fulfill|modeling|labeled|canceled|license[ds]?)\b",
    re.IGNORECASE,
)
BRITISH_TOO = {"size", "sizes", "sized", "sizing", "prize", "seize", "seized", "citizen"}
SLIPS = re.compile(
    r"  |\bNone (?!of\b)|\bnan\b|\b(?:1|one) (?:\w+ )?(?:crimes|records|audits|recommendations|cases)\b| \.|\.\."
)


def pieces(report, audit):
    """Yield (block, its texts read together): a paragraph, a point, or a headline statistic."""
    for section in told(report, audit)[0]:
        for block in section:
            texts = list(prose(block))
            yield from ((block, [text]) for text in texts) if isinstance(block, Bullets) else [(block, texts)]


def keys(texts):
    for text in texts:
        for item in (text,) if isinstance(text, str) else text:
            if isinstance(item, Strong):
                yield from keys([item.text])
            elif isinstance(item, Figure):
                yield item.key


@cache
def entered(audit):
    """Return the words that people entered in an audit: they are theirs, and none of them is ours to mend."""
    audits = example_series().audits if audit == NAME else [read_audit(audit)]
    if audits[0].facts.earlier_audit:
        audits = [*audits, read_audit(audits[0].facts.earlier_audit)]
    found = {str(text) for one in audits for text in one.tables["context"]["text"]}
    facts = ("note", "selection", "exclusions", "independence")
    return found | {getattr(one.facts, name) for one in audits for name in facts} - {""}


def own_prose(report, audit):
    """Yield the running text that the project writes in a report."""
    theirs = entered(audit)
    for block, texts in pieces(report, audit):
        if isinstance(block, Statement):
            continue
        for text in map(plain, texts):
            for words in theirs:
                text = text.replace(f" {words}", "").replace(words, "")
            if text.strip():
                yield text.strip()


# Rates.


@pytest.mark.parametrize(("report", "audit"), RUNS)
def test_no_rate_without_its_interval_and_its_count(report, audit):
    """In one paragraph, point or headline statistic; a published rate has the margin or limits it was printed with.

    Shares of simulated audits are no rates of a force: their number is said in the sentence before.
    """
    for _, texts in pieces(report, audit):
        shown = set(keys(texts))
        for key in shown:
            lead, _, name = key.rpartition("/")
            if key.startswith("published/"):
                assert name != "rate" or {f"{lead}/margin"} <= shown or {f"{lead}/low", f"{lead}/high"} <= shown
            elif not key.startswith(SIMULATED):
                assert {f"{lead}/{other}" for other in COMPANIONS.get(name, ())} <= shown, plain(texts[0])


def test_rates_are_told_somewhere():
    named = {key.rpartition("/")[2] for run in RUNS for _, texts in pieces(*run) for key in keys(texts)}
    assert set(COMPANIONS) <= named


@pytest.mark.parametrize(("report", "audit"), RUNS)
def test_period_and_route_are_said_before_the_first_rate(report, audit):
    before = ""
    for section in told(report, audit)[0]:
        for block in section:
            if isinstance(block, Title):
                before += " ".join(f"{name}: {plain(words)}." for name, words in block.facts)
            if any(key.endswith("/rate") for key in keys(prose(block))):
                assert re.search(r"\broutes?\b", before, re.IGNORECASE)
                assert re.search(r"\d* ?[A-Z][a-z]+( \d{4})? to (\d+ )?[A-Z][a-z]+ \d{4}", before)
                return
            before += " ".join(map(plain, prose(block)))
    assert report in ("sample_plan", "data_quality"), "these two tell no rate in prose"


# Plain words.


@pytest.mark.parametrize(("report", "audit"), RUNS)
def test_the_prose_reads_easily(report, audit):
    assert reading_ease(own_prose(report, audit)) >= EASY_ENOUGH


def test_reading_ease_by_hand():
    """Flesch 1948: 206.835 - 0.846 syllables in 100 words - 1.015 words in a sentence; here 5 words, 7 syllables."""
    assert reading_ease(["The rate was recorded. Good."]) == pytest.approx(206.835 - 84.6 * 7 / 5 - 1.015 * 5 / 2)
    assert reading_ease(["In 2017, 83.6% (95%)."]) == pytest.approx(206.835 - 84.6 - 1.015 * 4)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "crimes missed those rates were they year rule used 1,254 83.6%"),
        (2, "sampled table weighted people changes single beyond titles being"),
        (3, "recorded reported interval audited examined violence sexual period estimate offences annual"),
        (4, "inspectorate independent equality re-inspection"),
    ],
)
def test_syllables(number, words):
    found = {word: syllables(word) for word in words.split()}
    assert set(found.values()) == {number}, found


# Whole sentences, in British English.


@pytest.mark.parametrize("key", templates())
def test_a_template_is_british_and_has_no_slip(key):
    words = templates()[key]
    assert [found.group() for found in AMERICAN.finditer(words) if found.group().lower() not in BRITISH_TOO] == []
    assert "  " not in words


@pytest.mark.parametrize(("report", "audit"), RUNS)
def test_prose_is_whole_sentences(report, audit):
    for text in own_prose(report, audit):
        assert not SLIPS.search(text), text
        assert not [f for f in AMERICAN.finditer(text) if f.group().lower() not in BRITISH_TOO], text
        assert re.match(r"[A-Z0-9“(+−]", text), text
        assert text[-1] in ".:", text
