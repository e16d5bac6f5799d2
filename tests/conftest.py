"""What all tests share: how Hypothesis searches, each report published once in every format, and one browser."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.publications.examples import EXAMPLES, FORMATS

if TYPE_CHECKING:
    from tests.browser.chromium import Chromium
    from tests.kernels import KernelServer
    from tests.publications.read_back import ReadBack

    from cdi_stats.publishing.publication import Publication

settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of a run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def kernels() -> Iterator[KernelServer]:
    """A process that forks kernels."""
    from tests.kernels import KernelServer

    with KernelServer() as server:
        yield server


@pytest.fixture(scope="module")
def warm(kernels: KernelServer) -> Iterator[None]:
    """Run each notebook in a fork, not in a kernel started anew, for tests to which that makes no difference."""
    from tests.kernels import warm_kernels

    with warm_kernels(kernels):
        yield


@pytest.fixture(scope="session")
def published(shared: Path, kernels: KernelServer) -> Callable[[str], Publication]:
    """Return a report of its bundled audit in every format, published by whichever process is the first to ask."""
    from tests.kernels import warm_kernels

    from cdi_stats.publishing.publication import Manner, publish
    from cdi_stats.publishing.staging import locked

    def of(report: str) -> Publication:
        kept = shared / f"{report}.pickle"
        with locked(kept), warm_kernels(kernels):
            if not kept.exists():
                where = {"out": shared / "reports", "formats": FORMATS, "manner": Manner(index=False)}
                kept.write_bytes(pickle.dumps(publish(report, EXAMPLES[report], **where)))
        made: Publication = pickle.loads(kept.read_bytes())
        return made

    return cache(of)


@pytest.fixture(scope="session")
def out(published: Callable[[str], Publication]) -> Path:
    """The folder of every report, with its index."""
    from cdi_stats.publishing.publication import renew_index

    (folder,) = {published(report).folder.parents[1] for report in EXAMPLES}
    renew_index(folder)
    return folder


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
