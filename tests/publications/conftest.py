"""Two publications made once for all tests here: Kent's inspection of 2017 and its re-inspection of 2018."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdi_stats.audit.reading import read_audit
from cdi_stats.findings.change import Comparison, compare_findings
from cdi_stats.findings.examine import Findings, examine
from cdi_stats.publishing.publication import Publication, publish

FORMATS = ("html", "pdf", "docx", "tables")


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports folder of the two publications."""
    return tmp_path_factory.mktemp("publications") / "reports"


@pytest.fixture(scope="session")
def inspection(out: Path) -> Publication:
    """Kent's inspection of 2017, in every format."""
    return publish("inspection", "kent-2017", out=out, formats=FORMATS)


@pytest.fixture(scope="session")
def reinspection(out: Path, inspection: Publication) -> Publication:
    """Kent's re-inspection of 2018, in every format, beside the inspection."""
    assert inspection.folder.is_relative_to(out)
    return publish("reinspection", "kent-2018", out=out, formats=FORMATS)


@pytest.fixture(params=["inspection", "reinspection"])
def publication(request: pytest.FixtureRequest) -> Publication:
    """Each of the two in turn."""
    made: Publication = request.getfixturevalue(request.param)
    return made


@pytest.fixture(scope="session")
def findings() -> dict[str, Findings]:
    """What the two audits show, examined here and not in a notebook."""
    return {name: examine(read_audit(name)) for name in ("kent-2017", "kent-2018")}


@pytest.fixture(scope="session")
def comparison(findings: dict[str, Findings]) -> Comparison:
    """Kent 2018 against Kent 2017."""
    return compare_findings(findings["kent-2018"], findings["kent-2017"])
