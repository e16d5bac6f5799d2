"""The front of a report: title matter, the note every reader needs first, and the judgements given."""

from __future__ import annotations

from cdi_stats.audit.model import Audit
from cdi_stats.findings.examine import Findings
from cdi_stats.report.blocks import Callout, Figure, Judgements, Paragraph, Section, Text, Title, section
from cdi_stats.report.narrative import period_words, route_words
from cdi_stats.report.numbers import FindingNumbers, count, long_date
from cdi_stats.report.wording import tell, title
from cdi_stats.resources import code_list


def title_section(findings: Findings) -> Section:
    """Return whose report this is, when and from what; and what every reader must know first."""
    audit, overall = findings.audit, findings.overall
    facts = audit.facts
    n = FindingNumbers(overall)
    due = sum(findings.stratum(s.stratum).due for s in audit.strata)
    sample = tell("front.crimes", due=Figure("sample/reported", due, count(due), "count", "all strata"))
    if n.exists and audit.has_records:
        sample = tell("front.records", due=n.due, records=n.records)
    rows: list[tuple[str, Text]] = [
        ("Force", facts.force),
        ("Kind of audit", code_list("audit_types")[facts.audit_type]),
        ("Audit period", period_words(findings)),
        ("Routes", route_words([audit])),
        ("Sample", sample),
        ("Prepared by", facts.prepared_by),
        ("Published", long_date(facts.publication_date)),
        ("Counting rules", facts.counting_rules),
    ]
    if facts.prepared_for:
        rows.insert(5, ("Prepared for", facts.prepared_for))
    note = Callout("note", "Read this first", facts.note) if facts.note else None
    title = Title(facts.title or facts.force, facts.publication_date.isoformat(), tuple(rows), facts.prepared_by)
    return section(title, note)


def judgement_section(audit: Audit) -> Section:
    """Return the grades that people gave; none is ever computed."""
    table, grades = audit.tables["judgements"], code_list("judgements")
    given = {str(row.question): grades[str(row.judgement)] for row in table.itertuples()}
    if not given:
        return section(Paragraph(tell("front.no_judgement")))
    rows = tuple((label, given[code]) for code, label in code_list("questions").items() if code in given)
    return section(Judgements(rows, title("front.given_by", office=audit.facts.prepared_by)))
