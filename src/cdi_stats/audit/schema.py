"""Every sheet, column, type and code list of an audit file, in one place.

The reader, the checks, the bundled examples and the documentation all come from the tables below.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cdi_stats.resources import code_list

KINDS = {
    "text": "text",
    "code": "one of the listed codes",
    "whole": "a whole number, 0 or more",
    "share": "a share from 0 to 1, such as 0.988",
    "date": "a date, such as 30/06/2018",
    "moment": "a date and time, such as 30/06/2018 14:05",
    "yes_no": "yes or no",
}


@dataclass(frozen=True)
class Column:
    """A column: its `kind` (a key of KINDS), what it holds, and whether its cells may be blank.

    A column of kind "code" admits the codes of its list and nothing else; one of kind "text" may name a list of the
    usual ones, and any other is only looked at.
    """

    name: str
    kind: str
    help: str
    required: bool = False
    codes: str | None = None

    @property
    def allowed(self) -> Mapping[str, str]:
        """Return the codes the column admits, with their labels (empty for other kinds)."""
        return code_list(self.codes) if self.codes else {}

    def spelt(self, value: str) -> str:
        """Return a code as its list spells it, from the code or its label in any case and with any dashes or blanks."""
        return _spellings(self.codes).get(_plain(value), value) if self.codes else value

    @property
    def expected(self) -> str:
        """Say what a cell must hold."""
        return f"one of {', '.join(self.allowed)}" if self.kind == "code" else KINDS[self.kind]


@cache
def _spellings(codes: str) -> Mapping[str, str]:
    listed = code_list(codes)
    return {_plain(label): code for code, label in listed.items()} | {_plain(code): code for code in listed}


def _plain(value: str) -> str:
    return re.sub(r"[\W_]+", " ", value.casefold()).strip()


@dataclass(frozen=True)
class Sheet:
    """A sheet: its columns, whether every audit has it, and the columns whose values are unique together."""

    name: str
    help: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the column names in order."""
        return tuple(column.name for column in self.columns)


FLAGS = tuple(code_list("flags"))

FACTS = Sheet(
    "audit",
    "What the audit is, one fact a row: the key in the first column, its value in the second.",
    (
        Column("force", "text", "The force audited, as it is to be printed", required=True),
        Column("title", "text", "The report's subtitle"),
        Column("audit_type", "code", "Who audited, and whether for the first time", required=True, codes="audit_types"),
        Column("prepared_by", "text", "The office that answers for the report", required=True),
        Column("prepared_for", "text", "Whom the report is addressed to"),
        Column("publication_date", "date", "The date printed on the report", required=True),
        Column("counting_rules", "text", "The version of the counting rules applied", required=True),
        Column("timeliness_hours", "whole", "Hours within which a crime must be recorded (24; 72 before 2015)"),
        Column("selection", "text", "How records were selected"),
        Column("exclusions", "text", "What was left out of the frame, and why"),
        Column("independence", "text", "Who audited, and how independently of those who record"),
        Column("overall", "code", "How strata make the overall rate; weighted when blank", codes="overall"),
        Column("earlier_audit", "text", "The audit to compare with: a bundled name, or a file beside this one"),
        Column("records_basis", "code", "Whether the records are those audited, or rebuilt from totals", codes="basis"),
        Column(
            "frame_basis", "code", "Whether the frame was counted, or is implied by published figures", codes="basis"
        ),
        Column("volume_basis", "code", "The same for the crimes recorded in the year", codes="basis"),
        Column("reasons_basis", "code", "The same for reasons; illustrative where no counts exist", codes="basis"),
        Column(
            "disclosure", "code", "How small numbers are protected in reports; standard when blank", codes="disclosure"
        ),
        Column("note", "text", "What every reader must know first; printed at the top of each report"),
        Column("source", "text", "Where the figures come from"),
    ),
)

SHEETS: dict[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "strata",
            "One row a stratum: a part of recorded crime sampled on its own.",
            (
                Column("stratum", "text", "Short name, used in the other sheets", required=True),
                Column("label", "text", "How reports call it, such as: violent crime", required=True),
                Column("period_start", "date", "First day of the audit period", required=True),
                Column("period_end", "date", "Last day of the audit period", required=True),
                Column("records_in_frame", "whole", "Records the sample was drawn from"),
                Column("records_sampled", "whole", "Records examined", required=True),
                Column("recorded_in_year", "whole", "Crimes the force recorded in the reference year, without fraud"),
                Column("year_end", "date", "Last day of the reference year"),
                Column("auditable_share", "share", "Share of recorded crime that came by an auditable route"),
                Column("planned_margin", "share", "Margin of error the sample was planned for, such as 0.03"),
                Column("planned_confidence_level", "share", "Confidence level it was planned at, such as 0.95"),
            ),
            key=("stratum",),
        ),
        Sheet(
            "records",
            "One row a sampled record, also where no crime was due.",
            (
                Column("record_id", "text", "The record's own number", required=True),
                Column("stratum", "text", "The stratum it was drawn from", required=True),
                Column("route", "code", "How the report reached the force", codes="routes"),
                Column("opening_code", "text", "What the incident was first logged as"),
                Column("opened_at", "moment", "When the record was opened"),
                Column("auditor", "text", "Who examined it"),
                Column("second_auditor", "text", "Who examined it a second time"),
                Column("exclusion", "text", "Why a drawn record is left out of the audit; blank for those in it"),
                Column("district", "text", "Its district; printed by the monitoring report, so not a person's name"),
                Column("team", "text", "The team it went to; printed by the monitoring report, so not a person's name"),
            ),
            key=("record_id",),
        ),
        Sheet(
            "crimes",
            "One row a crime that should have been recorded.",
            (
                Column("record_id", "text", "The record it was reported in", required=True),
                Column("crime_number", "whole", "1, 2, 3 … within the record", required=True),
                Column("offence", "text", "Offence group", codes="offences"),
                Column("reported_at", "moment", "When it was reported"),
                Column("recorded", "yes_no", "Whether the force recorded it", required=True),
                Column("recorded_at", "moment", "When it was recorded"),
                Column("in_time", "yes_no", "Where the two times are not known: was it recorded in time?"),
                *(Column(flag, "yes_no", f"Flag: {label.lower()}") for flag, label in code_list("flags").items()),
                Column("reason", "code", "Why it was not recorded", codes="reasons"),
                Column("safeguarding", "yes_no", "Where not recorded: was safeguarding considered?"),
                Column("investigated", "yes_no", "Where not recorded: was it investigated?"),
                Column("victim_informed", "yes_no", "Where not recorded: was the victim told?"),
            ),
            key=("record_id", "crime_number"),
        ),
        Sheet(
            "counts",
            "Results known only by their totals: one row a measure, stratum and domain.",
            (
                Column("measure", "code", "The measure counted", required=True, codes="counted_measures"),
                Column("stratum", "text", "The stratum; blank for all"),
                Column("domain", "text", "The part counted, such as rape; blank for all"),
                Column("records", "whole", "Records examined"),
                Column("reported", "whole", "Crimes (or cases) due", required=True),
                Column("recorded", "whole", "Of these, recorded (or right)", required=True),
            ),
            key=("measure", "stratum", "domain"),
        ),
        Sheet(
            "n100",
            "One row an N100 that was needed, or one that was examined.",
            (
                Column("n100_id", "text", "Its number", required=True),
                Column(
                    "test",
                    "code",
                    "Needed (was it made?) or examined (was it right?)",
                    required=True,
                    codes="n100_tests",
                ),
                Column("made", "yes_no", "Where one was needed: was it made?"),
                Column("outcome", "code", "Where one was examined: what was found", codes="n100_outcomes"),
            ),
            key=("n100_id",),
        ),
        Sheet(
            "vulnerable",
            "One row a vulnerable-victim record examined.",
            (
                Column("record_id", "text", "The record's own number", required=True),
                Column("reported", "whole", "Crimes due in it", required=True),
                Column("recorded", "whole", "Of these, recorded", required=True),
                Column("safeguarded", "whole", "Of those not recorded: safeguarding considered"),
                Column("investigated", "whole", "Of those not recorded: investigated"),
            ),
            key=("record_id",),
        ),
        Sheet(
            "cancellations",
            "One row a cancelled crime reviewed.",
            (
                Column("cancellation_id", "text", "Its number", required=True),
                Column("crime_type", "text", "Such as rape, sexual, violence, robbery", required=True),
                Column("correct", "yes_no", "Was the cancellation right?", required=True),
                Column("victim_informed", "yes_no", "Was the victim told? Blank where not tested"),
            ),
            key=("cancellation_id",),
        ),
        Sheet(
            "second_review",
            "One row a crime that two auditors judged, each without the other's decision.",
            (
                Column("record_id", "text", "The record it was reported in", required=True),
                Column("crime_number", "whole", "1, 2, 3 … within the record", required=True),
                Column("first", "yes_no", "The first auditor: was the crime recorded as it should be?", required=True),
                Column("second", "yes_no", "The second auditor's answer", required=True),
            ),
            key=("record_id", "crime_number"),
        ),
        Sheet(
            "draw",
            "One row a stratum: how its sample was drawn, so that another can draw it again.",
            (
                Column("stratum", "text", "The stratum", required=True),
                Column("seed", "text", "The seed of the permanent random numbers", required=True),
                Column("start", "share", "Where in their order the draw began"),
                Column("records_in_frame", "whole", "Records in the frame", required=True),
                Column("drawn", "whole", "Records drawn to be examined", required=True),
                Column("reserve", "whole", "Records held in reserve"),
                Column("frame_hash", "text", "A hash of the record ids in the frame, whatever their order"),
            ),
            key=("stratum",),
        ),
        Sheet(
            "selection",
            "One row a record drawn, in the order of the draw.",
            (
                Column("record_id", "text", "The record's own number", required=True),
                Column("stratum", "text", "The stratum it was drawn from", required=True),
                Column("place", "whole", "Its place in the stratum's random order, from 1", required=True),
                Column("role", "code", "What it was drawn for", required=True, codes="selection_roles"),
                Column("second_review", "yes_no", "Is a second auditor to examine it too?"),
                Column("reason", "text", "Why it was set aside, and which record took its place"),
            ),
            key=("record_id",),
        ),
        Sheet(
            "equality",
            "One row a protected characteristic of victims.",
            (
                Column("characteristic", "text", "Such as age", required=True),
                Column("collected", "code", "How often the force collects it", required=True, codes="collected"),
                Column("examined", "whole", "Crimes (or victims) whose entry was looked for"),
                Column("complete", "whole", "Of these, those where it was filled in"),
            ),
            key=("characteristic",),
        ),
        Sheet(
            "actions",
            "One row a recommendation or area for improvement.",
            (
                Column("kind", "code", "Recommendation or area for improvement", required=True, codes="action_kinds"),
                Column("action", "text", "What is to be done", required=True),
                Column("deadline", "text", "By when"),
                Column("status", "code", "How far it is", required=True, codes="action_statuses"),
                Column("progress", "text", "What has been done"),
            ),
        ),
        Sheet(
            "judgements",
            "One row a question judged. Judgements are given by people; nothing here computes them.",
            (
                Column("question", "code", "The question", required=True, codes="questions"),
                Column("judgement", "code", "The judgement given", required=True, codes="judgements"),
            ),
            key=("question",),
        ),
        Sheet(
            "context",
            "Short texts for the report, each under one of its sections.",
            (
                Column("section", "code", "Where it is printed", required=True, codes="sections"),
                Column("text", "text", "One paragraph", required=True),
            ),
        ),
    )
}

REQUIRED_SHEETS = ("audit", "strata")


@cache
def all_sheets() -> dict[str, Sheet]:
    """Return every sheet by name, the facts sheet first."""
    return {FACTS.name: FACTS} | SHEETS
