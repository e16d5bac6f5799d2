"""Kent's two inspections, as published and as examined here and not in a notebook."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.change import Comparison, compare_findings
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.publishing.publication import Publication


@pytest.fixture
def inspection(published: Callable[[str], Publication]) -> Publication:
    """Kent's inspection of 2017, in every format."""
    return published("inspection")


@pytest.fixture
def reinspection(published: Callable[[str], Publication]) -> Publication:
    """Kent's re-inspection of 2018, in every format."""
    return published("reinspection")


@pytest.fixture(scope="session")
def findings() -> dict[str, Findings]:
    """What the audits of the inspections and the board paper show."""
    return {name: examine(read_audit(name)) for name in ("kent-2017", "kent-2018", "kent-board-2017")}


@pytest.fixture(scope="session")
def comparison(findings: dict[str, Findings]) -> Comparison:
    """Kent 2018 against Kent 2017."""
    return compare_findings(findings["kent-2018"], findings["kent-2017"])
