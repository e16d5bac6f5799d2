"""What stays in the reader: free text and record numbers reach no published file unless a parameter asks for them."""

from __future__ import annotations

import io
from datetime import date, datetime

import pandas as pd
import pytest
from pypdf import PdfReader

from cdi_stats.audit.reading import read_audit
from cdi_stats.audit.schema import all_sheets
from cdi_stats.audit.template import write_workbook
from cdi_stats.findings.examine import examine
from cdi_stats.publishing.publication import publish

pytestmark = pytest.mark.usefixtures("warm")
MARK = "Zebedee"  # no other word of any report holds it
PERIOD = {"period_start": date(2019, 1, 1), "period_end": date(2019, 3, 31)}


def rows(sheet, given):
    names = ("key", "value") if sheet == "audit" else (*all_sheets()[sheet].names, "notes")
    return pd.DataFrame([[row.get(name) for name in names] for row in given], columns=list(names), dtype=object)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """An audit in which every cell that may name someone holds the mark."""
    numbers = [f"{MARK} {place}" for place in range(1, 13)]
    facts = {
        "force": "Testshire Police",
        "audit_type": "internal audit",
        "prepared_by": "The registrar",
        "publication_date": date(2020, 1, 1),
        "counting_rules": "April 2019",
        f"{MARK} said": MARK,
    }
    tables = {
        "audit": rows("audit", [{"key": key, "value": value} for key, value in facts.items()]),
        "strata": rows(
            "strata",
            [
                {"stratum": "a", "label": "violent crime", "records_sampled": 11, "records_in_frame": 500,
                 "recorded_in_year": 5000, "year_end": date(2019, 3, 31), "planned_margin": 0.1, **PERIOD}
            ],
        ),
        "records": rows(
            "records",
            [
                {"record_id": number, "stratum": "a", "opening_code": f"{MARK} {place}", "auditor": f"{MARK} A",
                 "second_auditor": f"{MARK} B", "opened_at": datetime(2019, 2, 1), "notes": MARK,
                 "exclusion": f"{MARK} asked for it" if place == 11 else None}
                for place, number in enumerate(numbers)
            ],
        ),
        "crimes": rows(
            "crimes",
            [
                {"record_id": number, "crime_number": at, "offence": f"against {MARK}", "notes": MARK,
                 "recorded": "no" if place < 2 else "yes", "reason": "none given" if place < 2 else None,
                 "safeguarding": "yes" if place < 2 else None}
                for place, number in enumerate(numbers[:11])
                for at in ((1, 2, 3, 4) if place < 2 else (1,))
            ],
        ),
        "n100": rows("n100", [{"n100_id": f"{MARK} {n}", "test": "needed", "made": "yes"} for n in (1, 2)]),
        "vulnerable": rows("vulnerable", [{"record_id": f"{MARK} V", "reported": 2, "recorded": 1}]),
        "cancellations": rows(
            "cancellations",
            [{"cancellation_id": f"{MARK} {n}", "crime_type": "rape", "correct": "yes"} for n in (1, 2)],
        ),
        "second_review": rows(
            "second_review",
            [{"record_id": number, "crime_number": 1, "first": "yes", "second": "yes"} for number in numbers[3:7]],
        ),
        "draw": rows("draw", [{"stratum": "a", "seed": "1", "records_in_frame": 500, "drawn": 12, "reserve": 0}]),
        "selection": rows(
            "selection",
            [
                {"record_id": number, "stratum": "a", "place": place, "role": "sample" if place < 12 else "set aside",
                 "reason": f"{MARK} knows why"}
                for place, number in enumerate(numbers, start=1)
            ],
        ),
        MARK: pd.DataFrame({MARK: [MARK]}),
    }  # fmt: skip
    file = tmp_path_factory.mktemp("private") / "small.xlsx"
    write_workbook(tables, file)
    return file


def published_text(publication):
    """Return the words of every file of a publication, those of the PDF as a reader sees them."""
    parts = []
    for file in sorted(publication.folder.iterdir()):
        if file.suffix == ".pdf":
            parts += [page.extract_text() for page in PdfReader(io.BytesIO(file.read_bytes())).pages]
        else:
            parts.append(file.read_text(encoding="utf-8"))
    return "\n".join(parts)


REPORTS = ("inspection", "board_paper", "data_quality", "sample_plan", "monitoring", "benchmark")


@pytest.mark.parametrize("report", REPORTS)
def test_no_free_text_and_no_record_number_is_published(report, path, tmp_path):
    assert MARK not in published_text(publish(report, path, out=tmp_path))


def test_names_of_districts_and_teams_are_printed_where_the_parameter_names_them(path, tmp_path):
    tables = pd.read_excel(path, sheet_name=None, dtype=object, engine="openpyxl")
    tables["records"] = tables["records"].assign(district=f"{MARK} D", team=f"{MARK} T")
    named = tmp_path / "named.xlsx"
    write_workbook({name: table.astype(object).where(table.notna(), None) for name, table in tables.items()}, named)
    text = published_text(publish("monitoring", named, out=tmp_path, groups="district"))
    assert f"{MARK} D" in text
    assert f"{MARK} T" not in text
    assert MARK not in published_text(publish("monitoring", named, out=tmp_path, groups="none"))


def test_a_parameter_prints_the_records_own_numbers(path, tmp_path):
    text = published_text(publish("inspection", path, out=tmp_path, show_records=True))
    assert f"{MARK} 1" in text
    assert f"against {MARK}" not in text


def test_records_are_called_by_an_alias_that_only_holders_of_the_file_can_make(path, tmp_path):
    audit = read_audit(path)
    text = published_text(publish("inspection", path, out=tmp_path))
    assert audit.alias(f"{MARK} 1") in text
    other = tmp_path / "other.xlsx"
    tables = {"audit": rows("audit", [{"key": "force", "value": "x"}])} | {
        name: audit.table(name) for name in ("strata", "records", "crimes")
    }
    tables["audit"] = rows(
        "audit",
        [
            {"key": key, "value": value}
            for key, value in {
                "force": "Testshire Police", "audit_type": "internal audit", "prepared_by": "Someone",
                "publication_date": date(2020, 1, 1), "counting_rules": "April 2019",
            }.items()
        ],
    )  # fmt: skip
    tables["records"] = tables["records"].drop(columns=["auditor", "second_auditor"])
    write_workbook(tables, other)
    assert read_audit(other).alias(f"{MARK} 1") != audit.alias(f"{MARK} 1"), "another file, another salt"


def test_only_declared_columns_reach_the_findings(path):
    audit = read_audit(path)
    for name, table in audit.tables.items():
        assert list(table.columns) == list(all_sheets()[name].names)
    assert MARK not in examine(audit).table.to_csv()
