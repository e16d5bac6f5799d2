"""R survey run beside us on audits that no file holds: skipped where Rscript or the package is missing.

On Debian: apt-get install r-base-core r-cran-survey. Its survey 4.1 has no "wilson" method; the golden file has.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.authority.r_survey import agrees, answers

SCRIPT = Path(__file__).resolve().parents[1] / "data" / "golden.R"
FRAMES = {"VAP": 4100, "SEX": 310, "OTH": 9000}


def rscript_with_survey():
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    found = subprocess.run([rscript, "-e", "library(survey)"], capture_output=True, check=False)
    return rscript if found.returncode == 0 else None


RSCRIPT = rscript_with_survey()
pytestmark = pytest.mark.skipif(RSCRIPT is None, reason="R with its package survey is not installed")


def audits(seed):
    """Return two inspections' crimes and incidents, in the columns of the golden data."""
    random = np.random.default_rng(seed)
    incidents, crimes = [], []
    for inspection in (1, 2):
        for stratum, frame in FRAMES.items():
            sampled = int(random.integers(40, 80))
            for _ in range(sampled):
                due = int(random.choice([0, 1, 2, 3, 9], p=[0.2, 0.5, 0.2, 0.08, 0.02]))
                kept = int(random.binomial(due, random.beta(6, 1)))
                shared = {
                    "incident": len(incidents) + 1,
                    "inspection": inspection,
                    "stratum": stratum,
                    "source": random.choice(["public", "third_party"]),
                    "N_incidents": frame,
                    "weight": frame / sampled,
                }
                incidents.append(shared | {"crimes": due, "recorded": kept})
                flags = random.choice(["DA", "nonDA"], due)
                crimes += [shared | {"da": flag, "recorded": int(i < kept)} for i, flag in enumerate(flags)]
    return pd.DataFrame(crimes).rename_axis("crime").reset_index(), pd.DataFrame(incidents)


@pytest.mark.parametrize("seed", [11, 12])
def test_r_gives_the_same_on_other_audits(seed, tmp_path):
    crimes, incidents = audits(seed)
    crimes.to_csv(tmp_path / "crimes.csv", index=False)
    incidents.to_csv(tmp_path / "incidents.csv", index=False)
    shutil.copy(SCRIPT, tmp_path)
    subprocess.run([RSCRIPT, SCRIPT.name], cwd=tmp_path, capture_output=True, check=True)
    rows = pd.read_csv(tmp_path / "survey_golden.csv")
    crimes = pd.read_csv(tmp_path / "crimes.csv")
    wrong = []
    for case, found in rows.groupby(["design", "domain", "estimator"], sort=False):
        ours = answers(crimes, incidents, *case)
        for statistic, value in zip(found["statistic"], found["value"], strict=True):
            if not agrees(ours[statistic], value, case[-1]):
                wrong.append((*case, statistic, ours[statistic], value))
    assert len(rows) > 800
    assert not wrong
