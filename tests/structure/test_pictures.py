"""The page of reports: each of them is there, with its parameters and a picture of its example as it is."""

import re

import pytest
from PIL import Image
from tests.publications.examples import EXAMPLES
from tests.structure import pictures

from cdi_stats.publishing.parameters import REPORTS

PAGE = (pictures.ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
PART = re.compile(
    r"!\[(?P<alt>.+?)\]\(pictures/(?P<report>\w+)\.png\).*?^- Parameters: (?P<parameters>[^\n]+)$"
    r".*?^```\ncdi report (?P<command>.+?)\n```$",
    re.MULTILINE | re.DOTALL,
)
OF_THE_WAY = {"audit", "earlier"}


def test_the_page_shows_every_report_with_its_parameters():
    shown = {part["report"]: part for part in PART.finditer(PAGE)}
    assert shown.keys() == REPORTS.keys() == pictures.EXAMPLES.keys()
    for report, part in shown.items():
        assert {*re.findall(r"`(\w+)`", part["parameters"])} == REPORTS[report].model_fields.keys() - OF_THE_WAY
        assert part["command"] == f"{report} {EXAMPLES[report]}"
        assert len(part["alt"].split()) > 15


@pytest.mark.parametrize("report", EXAMPLES)
def test_a_picture_is_small_and_of_the_example_as_it_is(report):
    """To mend: python -m tests.structure.pictures."""
    file = pictures.FOLDER / f"{report}.png"
    assert file.stat().st_size <= 120_000
    with Image.open(file) as shown:
        assert shown.info["words"] == pictures.words_of(pictures.EXAMPLES[report])
