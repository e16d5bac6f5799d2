"""One source of dependencies: environment.yml and requirements.lock agree with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [
    Requirement(line) for line in (*PROJECT["dependencies"], *(line for extra in EXTRAS.values() for line in extra))
]
CONDA_NAMES = {
    "typst": "typst-py",
    "duckdb": "python-duckdb",
    "ibis-framework": "ibis-duckdb",
    "playwright": "playwright-python",
}
BY_PIP = {"axe-playwright-python"}
CAPPED = {"duckdb"}  # Ibis 12 calls what DuckDB 2 no longer has

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SPARK_LOCK = (ROOT / "requirements-spark.lock").read_text(encoding="utf-8")
ENTRIES = [entry.replace("\\\n", " ") for entry in re.split(r"\n(?!\s)", LOCK.strip()) if not entry.startswith("#")]


def locked_versions():
    """Return the versions of each locked package: more than one where interpreters differ."""
    versions = {}
    for entry in ENTRIES:
        requirement = Requirement(entry.split("--hash")[0].strip())
        (pin,) = requirement.specifier
        assert pin.operator == "==", entry
        versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


@pytest.fixture(scope="module")
def environment():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def conda_packages(environment):
    lines = [line for line in environment["dependencies"] if isinstance(line, str)]
    return {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}


def test_environment_takes_one_channel(environment):
    assert environment["channels"] == ["conda-forge"]


def test_environment_installs_this_package_from_here_and_what_conda_lacks_by_pip(environment):
    lacking = [str(requirement) for requirement in DECLARED if requirement.name in BY_PIP]
    assert [line for line in environment["dependencies"] if isinstance(line, dict)] == [{"pip": ["-e .", *lacking]}]


def test_environment_has_the_same_pythons(conda_packages):
    assert conda_packages["python"] == SpecifierSet(PROJECT["requires-python"])


def test_environment_has_the_same_packages_with_the_same_bounds(conda_packages):
    expected = {
        CONDA_NAMES.get(requirement.name, requirement.name): requirement.specifier
        for requirement in DECLARED
        if requirement.name not in BY_PIP
    }
    found = {name: specifier for name, specifier in conda_packages.items() if name not in ("python", "pip")}
    assert found == expected


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_every_dependency_has_a_lower_bound(requirement):
    operators = sorted(specifier.operator for specifier in requirement.specifier)
    assert operators == ([">="] if requirement.name not in CAPPED else ["<", ">="])


@pytest.mark.parametrize("requirement", DECLARED, ids=str)
def test_the_lock_covers_every_dependency_within_its_bounds(requirement):
    versions = locked_versions()[canonicalize_name(requirement.name)]
    assert all(version in requirement.specifier for version in versions)


def test_every_locked_entry_has_hashes():
    assert len(ENTRIES) > 100
    assert [entry for entry in ENTRIES if not re.search(r"--hash=sha256:[0-9a-f]{64}(\s|$)", entry)] == []


@pytest.mark.parametrize("lock", [LOCK, SPARK_LOCK], ids=["requirements.lock", "requirements-spark.lock"])
def test_the_locks_name_no_address_and_no_index(lock):
    assert ":" + "//" not in lock
    assert [line for line in lock.splitlines() if re.match(r"\s*(-i|-f|--(?!hash=))", line)] == []
