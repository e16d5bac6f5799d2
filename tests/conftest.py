"""What all tests share: how Hypothesis searches, each report published once in every format, and one browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.publications.examples import EXAMPLES, FORMATS

if TYPE_CHECKING:
    from tests.browser.chromium import Chromium
    from tests.publications.read_back import ReadBack

    from cdi_stats.publishing.publication import Publication

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports folder of the publications that all tests share."""
    return tmp_path_factory.mktemp("publications") / "reports"


@pytest.fixture(scope="session")
def published(out: Path) -> Callable[[str], Publication]:
    """Return a report of its bundled audit, published in every format when it is first asked for."""
    from cdi_stats.publishing.publication import publish

    return cache(lambda report: publish(report, EXAMPLES[report], out=out, formats=FORMATS))


@pytest.fixture(params=EXAMPLES)
def publication(request: pytest.FixtureRequest, published: Callable[[str], Publication]) -> Publication:
    """Each report in turn."""
    return published(request.param)


@pytest.fixture(scope="session")
def reading() -> Callable[[Publication], ReadBack]:
    """Return what a reader finds in a publication's files, each opened once."""
    from tests.publications.read_back import ReadBack

    opened: dict[Path, ReadBack] = {}
    return lambda made: opened.setdefault(made.folder, ReadBack(made))


@pytest.fixture
def read(publication: Publication, reading: Callable[[Publication], ReadBack]) -> ReadBack:
    """What a reader finds in each report's files in turn."""
    return reading(publication)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A browser; tests that need one are skipped where there is none."""
    from tests.browser.chromium import Chromium, executable

    path = executable()
    if path is None:
        pytest.skip("no Chromium on this machine")
    with Chromium(path) as browser:
        yield browser
