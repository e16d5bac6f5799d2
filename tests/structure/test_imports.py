"""Starting is light: importing the package, or its statistics, loads nothing heavy."""

import subprocess
import sys

import pytest

import cdi_stats

HEAVY = ("pandas", "matplotlib", "statsmodels", "papermill", "nbconvert", "typst", "scipy.stats")


def loaded_by(statement):
    """Return the heavy modules that a statement loads in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import cdi_stats",
        "import cdi_stats; dir(cdi_stats)",
        "from cdi_stats import compare_rates, estimate_rate, extrapolate_unrecorded, proportion_interval",
    ],
)
def test_starting_loads_nothing_heavy(statement):
    assert loaded_by(statement) == []


def test_the_check_sees_what_is_loaded():
    assert loaded_by("import pandas") == ["pandas"]


@pytest.mark.parametrize("name", cdi_stats.__all__)
def test_every_public_name_is_there(name):
    assert getattr(cdi_stats, name) is not None
    assert name in dir(cdi_stats)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'estimate_rates'"):
        _ = cdi_stats.estimate_rates
