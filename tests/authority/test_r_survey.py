"""R survey 4.5 on the two golden inspections: every row of survey_golden.csv (tests/data/golden.R wrote it).

R's crime-level designs hold one row a crime, so they know nothing of records without crimes. They are reproduced by
leaving such records out and passing R's weights; the incident-level designs by keeping every record.
"""

from pathlib import Path

import pandas as pd
import pytest
from tests.authority.r_survey import agrees, answers, records_of

from cdi_stats.methods.extrapolation import extrapolate_unrecorded
from cdi_stats.methods.survey import estimate_rate

DATA = Path(__file__).resolve().parents[1] / "data"
INCIDENTS = pd.read_csv(DATA / "incidents.csv")
CRIMES = pd.read_csv(DATA / "crimes.csv")
ROWS = pd.read_csv(DATA / "survey_golden.csv")
GOLDEN = ROWS.set_index(["design", "domain", "estimator", "statistic"])["value"].sort_index()
CASES = list(ROWS.groupby(["design", "domain", "estimator"], sort=False).groups)
STRATA = ("VAP", "SEX", "OTH")


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case))
def test_every_golden_row_is_reproduced(case):
    ours, theirs = answers(CRIMES, INCIDENTS, *case), GOLDEN[case]
    wrong = {name: (ours[name], value) for name, value in theirs.items() if not agrees(ours[name], value, case[-1])}
    assert not wrong


def test_every_golden_row_has_a_case():
    assert len(ROWS) == 805
    assert sum(len(GOLDEN[case]) for case in CASES) == len(ROWS)


def incident_level(inspection, **options):
    """Return our estimate on every sampled record, those without crimes included."""
    table = INCIDENTS[INCIDENTS["inspection"] == inspection]
    population = dict(zip(table["stratum"], table["N_incidents"], strict=True))
    options = {"stratum": table["stratum"], "population": population, "degrees_of_freedom": "design"} | options
    return estimate_rate(table["recorded"], table["crimes"], **options)


@pytest.mark.parametrize("inspection", [1, 2])
@pytest.mark.parametrize("column", ["stratum", "source"])
def test_labels_give_what_svyratio_gives_for_each_domain(inspection, column):
    labels = INCIDENTS.loc[INCIDENTS["inspection"] == inspection, column]
    for label, estimate in incident_level(inspection, domain=labels).items():
        case = (f"insp{inspection}:incidents+fpc", f"{column}={label}", "svyratio:recorded/crimes")
        if case in CASES:
            assert estimate.rate == pytest.approx(GOLDEN[case]["estimate"], abs=1e-10)
            assert estimate.standard_error == pytest.approx(GOLDEN[case]["se"], abs=1e-10)


@pytest.mark.parametrize("inspection", [1, 2])
@pytest.mark.parametrize("stratum", [None, *STRATA])
def test_crimes_in_the_frame_equal_svytotal(inspection, stratum):
    table = INCIDENTS[INCIDENTS["inspection"] == inspection]
    domain = None if stratum is None else (table["stratum"] == stratum).to_numpy()
    name = "all" if stratum is None else f"stratum={stratum}"
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", name, "svytotal:crimes", "estimate"]
    assert incident_level(inspection, domain=domain).crimes_in_frame == pytest.approx(golden, rel=1e-12)


@pytest.mark.parametrize("inspection", [1, 2])
def test_unrecorded_for_each_recorded_crime_equals_svyratio(inspection):
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", "all", "svyratio:missed/recorded", "estimate"]
    assert extrapolate_unrecorded(incident_level(inspection), recorded=1).value == pytest.approx(golden, abs=1e-10)


def test_a_crime_file_hides_records_without_crimes():
    """Leaving them out changes the standard error (.02744 to .02734) and the degrees of freedom (147 to 117)."""
    kept = incident_level(1)
    rows = records_of(CRIMES[CRIMES["inspection"] == 1])
    dropped = estimate_rate(
        rows["recorded"],
        rows["crimes"],
        stratum=rows["stratum"],
        weight=rows["weight"],
        population=rows["N_incidents"].to_numpy(),
        degrees_of_freedom="design",
    )
    assert kept.rate == pytest.approx(dropped.rate, abs=1e-12)
    assert (round(kept.standard_error, 5), kept.degrees_of_freedom) == (0.02744, 147)
    assert (round(dropped.standard_error, 5), dropped.degrees_of_freedom) == (0.02734, 117)
