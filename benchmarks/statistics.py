"""The statistics beside their peers: each case alone in a fresh process, on one core, with its peak memory.

Peers that are not among the project's own packages (astropy, svy, R with survey) take part where they are installed.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys

from benchmarks.cases import CRIMES, EXACT_PAIRS, FORCES, PAIRS, RECORDS, REPLICATES, SCALARS, STRATA

ONE_CORE = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"), "1"
)
TABLES = {
    f"Wilson, {PAIRS:,} pairs of counts": {
        "cdi-stats": "wilson_ours",
        "numpy, textbook expression": "wilson_numpy",
        "statsmodels": "wilson_statsmodels",
        "astropy": "wilson_astropy",
    },
    f"Wilson, one pair at a time, {SCALARS:,} times": {
        "cdi-stats": "scalar_ours",
        "statsmodels": "scalar_statsmodels",
    },
    f"Clopper-Pearson, {EXACT_PAIRS:,} pairs": {"cdi-stats": "exact_ours", "statsmodels": "exact_statsmodels"},
    f"{CRIMES:,} crimes in {RECORDS:,} records, {FORCES} forces x {STRATA} strata: overall, forces and strata": {
        "cdi-stats": "survey_ours",
        "svy, Wilson": "survey_svy",
        "R survey, svyby(svymean)": "survey_r",
        "apart: coding text record ids (pandas)": "survey_coding",
    },
    f"Bootstrap, {REPLICATES:,} replicates of a 1,500-crime audit, overall and by stratum": {
        "cdi-stats": "bootstrap_ours",
        "svy": "bootstrap_svy",
        "R survey": "bootstrap_r",
    },
}
IMPORTS = {
    "numpy and scipy.special": "import numpy, scipy.special",
    "cdi_stats": "import cdi_stats",
    "cdi_stats with its statistics": "from cdi_stats import compare_rates, estimate_rate, proportion_interval",
    "statsmodels.stats.proportion": "import statsmodels.stats.proportion",
}


def measured(case: str) -> dict[str, float | str]:
    command = [sys.executable, "-m", "benchmarks.cases", case]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | ONE_CORE)
    if ran.returncode:
        return {"missing": ran.stderr.strip().splitlines()[-1]}
    return json.loads(ran.stdout)


def import_seconds(statement: str, rounds: int = 5) -> float:
    code = f"import time; s = time.perf_counter(); {statement}; print(time.perf_counter() - s)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(rounds)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def main() -> None:
    print(f"Statistics, one core, Python {platform.python_version()}, {platform.machine()}; ratio: peer / cdi-stats")
    for title, cases in TABLES.items():
        print(f"\n{title}\n  {'':44} {'seconds':>10} {'peak MB':>9} {'ratio':>8}")
        ours = None
        for name, case in cases.items():
            found = measured(case)
            if "missing" in found:
                print(f"  {name:44} not measured: {found['missing']}")
                continue
            seconds, megabytes = float(found["seconds"]), float(found["megabytes"])
            ours = ours or seconds
            print(f"  {name:44} {seconds:10.4f} {megabytes:9.0f} {seconds / ours:8.1f}")
    print("\nImport, seconds")
    for name, statement in IMPORTS.items():
        print(f"  {name:44} {import_seconds(statement):10.3f}")


if __name__ == "__main__":
    main()
