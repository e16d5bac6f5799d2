"""What unit tests share: the bundled audits once read, and small audits made to order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests import bundled as example

from cdi_stats.audit.model import Audit
from cdi_stats.audit.reading import read_audit
from cdi_stats.audit.schema import FACTS, all_sheets
from cdi_stats.audit.series import Series
from cdi_stats.audit.series_example import NAME
from cdi_stats.audit.template import write_workbook
from cdi_stats.findings.change import Comparison, compare_findings
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.report.monitoring import MonitoringReport, open_monitoring

BUNDLED = ("kent-2017", "kent-2018", "kent-board-2017")
REQUIRED_FACTS = {
    "force": "Testshire Police",
    "audit_type": "internal audit",
    "prepared_by": "The registrar",
    "publication_date": date(2020, 1, 1),
    "counting_rules": "April 2019",
}
Tables = dict[str, pd.DataFrame]


@pytest.fixture(scope="session")
def bundled() -> dict[str, Audit]:
    """The bundled audits by name."""
    return {name: read_audit(name) for name in BUNDLED}


@pytest.fixture(scope="session")
def findings(bundled: dict[str, Audit]) -> dict[str, Findings]:
    """What the bundled audits show, by name."""
    return {name: examine(audit) for name, audit in bundled.items()}


@pytest.fixture(scope="session")
def comparison(findings: dict[str, Findings]) -> Comparison:
    """Kent 2018 against Kent 2017."""
    return compare_findings(findings["kent-2018"], findings["kent-2017"])


@pytest.fixture(scope="session")
def example_series() -> Series:
    """The bundled series."""
    return example.example_series()


@pytest.fixture(scope="session")
def open_example() -> Callable[..., MonitoringReport]:
    """Open the monitoring report of the bundled series, without reading its files again."""

    def opened(**parameters: Any) -> MonitoringReport:
        with example.series_at_hand():
            return open_monitoring(NAME, **parameters)

    return opened


def small_tables(
    records: Mapping[str, Sequence[tuple[int, int]]],
    *,
    strata: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    **sheets: Iterable[Mapping[str, Any]],
) -> Tables:
    """Return an audit's tables: `records` holds each stratum's sampled records as (reported, recorded).

    `strata` fills the same cells of every stratum; `facts` and `sheets` add to what every audit has.
    """
    numbered = [
        (f"{stratum}-{place}", stratum, counts)
        for stratum, rows in records.items()
        for place, counts in enumerate(rows, start=1)
    ]
    given = REQUIRED_FACTS | dict(facts or {})
    rows: dict[str, Iterable[Mapping[str, Any]]] = {
        FACTS.name: [{"key": key, "value": value} for key, value in given.items()],
        "strata": [
            {
                "stratum": stratum,
                "label": f"{stratum} crime",
                "period_start": date(2019, 1, 1),
                "period_end": date(2019, 3, 31),
                "records_sampled": len(sampled),
            }
            | dict(strata or {})
            for stratum, sampled in records.items()
        ],
        "records": [{"record_id": record, "stratum": stratum} for record, stratum, _ in numbered],
        "crimes": [
            {"record_id": record, "crime_number": number, "recorded": "yes" if number <= recorded else "no"}
            for record, _, (reported, recorded) in numbered
            for number in range(1, reported + 1)
        ],
    }
    return {
        name: table_of(("key", "value") if name == FACTS.name else sheet.names, {**rows, **sheets}.get(name, []))
        for name, sheet in all_sheets().items()
    }


def table_of(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([[row.get(name) for name in columns] for row in rows], columns=list(columns), dtype=object)


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., Tables]:
    """Make the tables of a small audit."""
    return small_tables


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write tables as a workbook and return its path."""

    def write(tables: Tables, name: str = "small") -> Path:
        path = tmp_path / f"{name}.xlsx"
        write_workbook(tables, path)
        return path

    return write


@pytest.fixture
def make_audit(save: Callable[..., Path]) -> Callable[..., Audit]:
    """Make a small audit and read it."""

    def make(records: Mapping[str, Sequence[tuple[int, int]]], name: str = "small", **options: Any) -> Audit:
        return read_audit(save(small_tables(records, **options), name))

    return make
