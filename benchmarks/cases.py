"""The statistics' cases, each run alone in a fresh process: `python -m benchmarks.cases NAME` prints seconds and MB.

Every case returns the work to be timed, on data made beforehand; memory is the peak beyond those data. A peer that is
not installed raises ImportError, which the printed table says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Work = Callable[[], object]
PAIRS, EXACT_PAIRS, SCALARS = 10_000_000, 1_000_000, 20_000
CRIMES, RECORDS, FORCES, STRATA = 1_000_000, 500_000, 43, 3
REPLICATES = 2_000


def counts(pairs: int):
    import numpy as np

    random = np.random.default_rng(1)
    reported = random.integers(1, 2_000, pairs)
    return random.binomial(reported, 0.9), reported


def wilson_ours() -> Work:
    from cdi_stats import proportion_interval

    x, n = counts(PAIRS)
    return lambda: proportion_interval(x, n)


def wilson_numpy() -> Work:
    import numpy as np

    x, n = counts(PAIRS)
    z = 1.959963984540054

    def work():
        p = x / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        return centre - half, centre + half

    return work


def wilson_statsmodels() -> Work:
    from statsmodels.stats.proportion import proportion_confint

    x, n = counts(PAIRS)
    return lambda: proportion_confint(x, n, method="wilson")


def wilson_astropy() -> Work:
    from astropy.stats import binom_conf_interval

    x, n = counts(PAIRS)
    return lambda: binom_conf_interval(x, n, confidence_level=0.95, interval="wilson")


def scalar_ours() -> Work:
    from cdi_stats import proportion_interval

    return lambda: [proportion_interval(199, 216) for _ in range(SCALARS)]


def scalar_statsmodels() -> Work:
    from statsmodels.stats.proportion import proportion_confint

    return lambda: [proportion_confint(199, 216, method="wilson") for _ in range(SCALARS)]


def exact_ours() -> Work:
    from cdi_stats import proportion_interval

    x, n = counts(EXACT_PAIRS)
    return lambda: proportion_interval(x, n, method="clopper-pearson")


def exact_statsmodels() -> Work:
    from statsmodels.stats.proportion import proportion_confint

    x, n = counts(EXACT_PAIRS)
    return lambda: proportion_confint(x, n, method="beta")


def national():
    """Return a million crimes of 43 forces x 3 strata: record, recorded; each record's stratum, and frames."""
    import numpy as np

    random = np.random.default_rng(2)
    record = np.concatenate([np.arange(RECORDS), random.integers(0, RECORDS, CRIMES - RECORDS)])
    stratum = random.integers(0, FORCES * STRATA, RECORDS)
    rate = random.uniform(0.8, 0.99, FORCES * STRATA)[stratum]
    recorded = random.random(CRIMES) < rate[record]
    frame = np.bincount(stratum) * random.integers(5, 40, FORCES * STRATA)
    return record, recorded, stratum, frame


def survey_ours() -> Work:
    import numpy as np

    from cdi_stats import estimate_rate

    record, recorded, stratum, frame = national()

    def work():
        reported = np.bincount(record, minlength=RECORDS)
        known = np.bincount(record, recorded, RECORDS)
        options = {"stratum": stratum, "population": frame[stratum]}
        return (
            estimate_rate(known, reported, **options),
            estimate_rate(known, reported, domain=stratum // STRATA, **options),
            estimate_rate(known, reported, domain=stratum, **options),
        )

    return work


def survey_coding() -> Work:
    import pandas as pd

    record = national()[0]
    names = pd.Series(record).map("INC{:07d}".format)
    return lambda: pd.factorize(names)


def survey_svy() -> Work:
    import polars as pl
    import svy

    record, recorded, stratum, frame = national()
    import numpy as np

    data = pl.DataFrame(
        {
            "record": record,
            "recorded": recorded.astype(float),
            "outcome": recorded.astype(int),
            "stratum": stratum[record],
            "force": stratum[record] // STRATA,
            "size": frame[stratum[record]],
            "weight": (frame / np.bincount(stratum))[stratum[record]],
        }
    )

    def work():
        design = svy.Design(stratum="stratum", psu="record", wgt="weight", pop_size="size")
        sample = svy.Sample(data, design)
        estimation = sample.estimation
        return (
            estimation.prop("outcome", ci_method="wilson"),
            estimation.prop("outcome", by="force", ci_method="wilson"),
            estimation.prop("outcome", by="stratum", ci_method="wilson"),
        )

    return work


R_SURVEY = """
suppressMessages(library(survey))
d <- read.csv("crimes.csv")
start <- proc.time()["elapsed"]
design <- svydesign(ids = ~record, strata = ~stratum, weights = ~weight, fpc = ~size, data = d)
whole <- svymean(~recorded, design)
force <- svyby(~recorded, ~force, design, svymean)
part <- svyby(~recorded, ~stratum, design, svymean)
cat(proc.time()["elapsed"] - start)
"""
R_BOOTSTRAP = """
suppressMessages(library(survey))
d <- read.csv("crimes.csv")
start <- proc.time()["elapsed"]
design <- svydesign(ids = ~record, strata = ~stratum, weights = ~weight, data = d)
again <- as.svrepdesign(design, type = "bootstrap", replicates = %d)
whole <- svymean(~recorded, again)
part <- svyby(~recorded, ~stratum, again, svymean)
cat(proc.time()["elapsed"] - start)
"""


def in_r(script: str, columns) -> float:
    """Return the seconds that R reports for a script, run on columns written beside it."""
    import pandas as pd

    if not shutil.which("Rscript"):
        raise ImportError("R")
    with tempfile.TemporaryDirectory() as folder:
        pd.DataFrame(columns).to_csv(Path(folder) / "crimes.csv", index=False)
        (Path(folder) / "run.R").write_text(script, encoding="utf-8")
        ran = subprocess.run(["Rscript", "run.R"], cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ImportError("R survey")
    return float(ran.stdout)


def survey_r() -> Work:
    import numpy as np

    record, recorded, stratum, frame = national()
    here = stratum[record]
    columns = {
        "record": record, "recorded": recorded.astype(int), "stratum": here, "force": here // STRATA,
        "size": frame[here], "weight": (frame / np.bincount(stratum))[here],
    }  # fmt: skip
    return lambda: in_r(R_SURVEY, columns)


def audit():
    """Return one audit of about 1,500 crimes in 890 records of three strata: recorded, reported, stratum."""
    import numpy as np

    random = np.random.default_rng(3)
    stratum = np.repeat(np.arange(3), (297, 297, 296))
    reported = random.choice([0, 1, 2, 3, 6], 890, p=[0.1, 0.4, 0.3, 0.1, 0.1])
    return random.binomial(reported, 0.9), reported, stratum


def bootstrap_ours() -> Work:
    from cdi_stats.methods.resampling import bootstrap_rate

    recorded, reported, stratum = audit()
    population = {0: 30_000, 1: 4_000, 2: 42_000}
    return lambda: bootstrap_rate(
        recorded, reported, stratum=stratum, population=population, seed=1, replicates=REPLICATES
    )


def _audit_crimes():
    import numpy as np

    recorded, reported, stratum = audit()
    record = np.repeat(np.arange(reported.size), reported)
    place = np.arange(record.size) - np.repeat(np.cumsum(reported) - reported, reported)
    weight = np.array([30_000, 4_000, 42_000]) / np.bincount(stratum)
    return {
        "record": record,
        "recorded": (place < recorded[record]).astype(int),
        "stratum": stratum[record],
        "weight": weight[stratum[record]],
    }


def bootstrap_svy() -> Work:
    import polars as pl
    import svy

    data = pl.DataFrame(_audit_crimes())

    def work():
        sample = svy.Sample(data, svy.Design(stratum="stratum", psu="record", wgt="weight"))
        again = sample.weighting.create_bs_wgts(n_reps=REPLICATES, rstate=1)
        again = again if again is not None else sample
        estimation = again.estimation
        return (
            estimation.mean("recorded", method="replication"),
            estimation.mean("recorded", by="stratum", method="replication"),
        )

    return work


def bootstrap_r() -> Work:
    columns = _audit_crimes()
    return lambda: in_r(R_BOOTSTRAP % REPLICATES, columns)


def memory(field: str) -> float:
    """Return a field of the process's status in MB; 0 where the system has none."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(row for row in status.read_text().splitlines() if row.startswith(field))
    return int(line.split()[1]) / 1024


def measure(name: str) -> dict[str, float]:
    """Return the least seconds of up to three runs (R's own seconds where R says them) and peak MB beyond the data."""
    work = globals()[name]()
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")
    before, seconds = memory("VmRSS"), []
    while len(seconds) < 3 and sum(seconds) < 5:
        start = time.perf_counter()
        result = work()
        elapsed = time.perf_counter() - start
        seconds.append(result if isinstance(result, float) else elapsed)
        del result
    return {"seconds": min(seconds), "megabytes": memory("VmHWM") - before}


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    try:
        print(json.dumps(measure(sys.argv[1])))
    except ImportError as missing:
        print(json.dumps({"missing": str(missing)}))


if __name__ == "__main__":
    main()
