"""One source of dependencies: environment.yml and requirements.lock agree with pyproject.toml."""

import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
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


# What is installed elsewhere.

SHIPPED = {"src/cdi_stats": "cdi_stats", "data": "cdi_stats/data", "notebooks": "cdi_stats/notebooks"}


def test_the_wheel_holds_everything_that_a_report_needs(tmp_path):
    """Notebooks, audits, code lists, fonts, templates and words; the commands and exporters; Jupyter's setting."""
    builder = WheelBuilder(str(ROOT))
    (wheel,) = builder.build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        (entry_points,) = (archive.read(name).decode() for name in held if name.endswith("entry_points.txt"))
    kept = [path for folder in SHIPPED for path in (ROOT / folder).rglob("*") if path.is_file()]
    hidden = {"__pycache__", ".ipynb_checkpoints"}
    for path in kept:
        if hidden & set(path.parts):
            continue
        folder = next(folder for folder in SHIPPED if path.is_relative_to(ROOT / folder))
        assert f"{SHIPPED[folder]}/{path.relative_to(ROOT / folder).as_posix()}" in held
    assert any(name.endswith("etc/jupyter/jupyter_server_config.d/cdi-stats.json") for name in held)
    for target in (*PROJECT["scripts"].values(), *PROJECT["entry-points"]["nbconvert.exporters"].values()):
        assert target in entry_points


def test_the_image_is_built_from_the_lock_for_a_user_without_rights():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    told = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    images = [rest.split()[0] for verb, rest in told if verb == "FROM"]
    versions = {re.fullmatch(r"python:(\d\.\d+)-slim", image)[1] for image in images}
    assert [*SpecifierSet(PROJECT["requires-python"]).filter(versions)] == list(versions)
    runs = " ".join(rest for verb, rest in told if verb == "RUN")
    assert "--require-hashes" in runs
    assert not re.search(r"\b(apt|apt-get|curl|wget)\b|-index|https?:", runs)
    assert [rest for verb, rest in told if verb == "USER"][-1] != "root"
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    copied = {word for verb, rest in told if verb == "COPY" and "--from" not in rest for word in rest.split()[:-1]}
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
