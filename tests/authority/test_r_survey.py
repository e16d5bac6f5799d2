"""R survey 4.5 on the two golden inspections (tests/data/golden.R wrote survey_golden.csv).

R's crime-level designs hold one row a crime, so they know nothing of records without crimes. They are reproduced here
by leaving such records out and passing R's weights; the incident-level designs by keeping every record.

For inspection 2 the golden file holds no rows by source, by flag, for the design "strata" or for incidents without
finite population: those cases are not claimed here.
"""

from pathlib import Path

import pandas as pd
import pytest

from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.extrapolation import extrapolate_unrecorded
from cdi_stats.methods.survey import estimate_rate

DATA = Path(__file__).resolve().parents[1] / "data"
INCIDENTS = pd.read_csv(DATA / "incidents.csv")
CRIMES = pd.read_csv(DATA / "crimes.csv")
ROWS = pd.read_csv(DATA / "survey_golden.csv")
GOLDEN = ROWS.set_index(["design", "domain", "estimator", "statistic"])["value"].sort_index()

INSPECTIONS = (1, 2)
STRATA = ("stratum=VAP", "stratum=SEX", "stratum=OTH")
SOURCES = ("source=public", "source=third_party")
LABELLED = [(1, domain) for domain in STRATA + SOURCES] + [(2, domain) for domain in STRATA]
CASES = [(1, "all"), (2, "all"), *LABELLED]
ALL_RECORDED = (2, "stratum=SEX")
VARYING = [case for case in CASES if case != ALL_RECORDED]


def mask(table, domain):
    """Return a domain named as in the golden file as a boolean mask, or None for all."""
    if domain == "all":
        return None
    column, label = domain.split("=")
    return (table[column] == label).to_numpy()


def population_of(table):
    return dict(zip(table["stratum"], table["N_incidents"], strict=True))


def incident_level(inspection, domain="all", *, fpc=True, **options):
    """Return our estimate on every sampled record, those without crimes included."""
    table = INCIDENTS[INCIDENTS["inspection"] == inspection]
    frame = {"population": population_of(table)} if fpc else {"weight": table["weight"]}
    return estimate_rate(
        table["recorded"],
        table["crimes"],
        stratum=table["stratum"],
        domain=mask(table, domain),
        degrees_of_freedom="design",
        **frame,
        **options,
    )


def crime_level(inspection, domain="all", *, fpc=True, **options):
    """Return our estimate on what R's crime-level design knows: only records that hold a crime."""
    table = INCIDENTS[(INCIDENTS["inspection"] == inspection) & (INCIDENTS["crimes"] > 0)]
    return estimate_rate(
        table["recorded"],
        table["crimes"],
        stratum=table["stratum"],
        weight=table["weight"],
        population=population_of(table) if fpc else None,
        domain=mask(table, domain),
        degrees_of_freedom="design",
        **options,
    )


@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_rate_and_standard_error_equal_svyratio(inspection, domain):
    estimate = incident_level(inspection, domain)
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", domain, "svyratio:recorded/crimes"]
    assert estimate.rate == pytest.approx(golden["estimate"], abs=1e-10)
    assert estimate.standard_error == pytest.approx(golden["se"], abs=1e-10)


def test_standard_error_without_finite_population_equals_svyratio():
    golden = GOLDEN["insp1:incidents", "all", "svyratio:recorded/crimes"]
    estimate = incident_level(1, fpc=False)
    assert estimate.rate == pytest.approx(golden["estimate"], abs=1e-10)
    assert estimate.standard_error == pytest.approx(golden["se"], abs=1e-10)


@pytest.mark.parametrize("inspection", INSPECTIONS)
def test_degrees_of_freedom_equal_degf(inspection):
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", "all", "design", "degf"]
    assert incident_level(inspection).degrees_of_freedom == golden


@pytest.mark.parametrize(("inspection", "domain"), VARYING)
def test_wald_with_design_degrees_of_freedom_equals_confint_of_svyratio(inspection, domain):
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", domain, "svyratio:recorded/crimes"]
    interval = incident_level(inspection, domain, method="wald").interval
    assert interval.low == pytest.approx(golden["lower95:t"], abs=1e-10)
    assert interval.high == pytest.approx(min(golden["upper95:t"], 1.0), abs=1e-10)


@pytest.mark.parametrize(("inspection", "domain"), LABELLED)
def test_labels_give_what_svyratio_gives_for_each_domain(inspection, domain):
    table = INCIDENTS[INCIDENTS["inspection"] == inspection]
    column, label = domain.split("=")
    by_label = estimate_rate(
        table["recorded"],
        table["crimes"],
        stratum=table["stratum"],
        population=population_of(table),
        domain=table[column],
    )
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", domain, "svyratio:recorded/crimes", "se"]
    assert by_label[label].standard_error == pytest.approx(golden, abs=1e-10)


@pytest.mark.parametrize(("inspection", "domain"), CASES)
def test_crime_level_estimate_equals_svymean(inspection, domain):
    estimate = crime_level(inspection, domain)
    golden = GOLDEN[f"insp{inspection}:strata+cluster+fpc", domain, "svymean"]
    assert estimate.rate == pytest.approx(golden["estimate"], abs=1e-10)
    assert estimate.standard_error == pytest.approx(golden["se"], abs=1e-10)
    assert estimate.reported == golden["nrow"]
    if (inspection, domain) != ALL_RECORDED:
        assert estimate.degrees_of_freedom == golden["degf"]


@pytest.mark.parametrize(
    ("inspection", "domain", "level"), [(*case, 95) for case in VARYING] + [(1, "all", 90), (2, "all", 90)]
)
def test_wilson_with_design_degrees_of_freedom_equals_svyciprop(inspection, domain, level):
    golden = GOLDEN[f"insp{inspection}:strata+cluster+fpc", domain, "svyciprop:wilson"]
    interval = crime_level(inspection, domain, confidence_level=level / 100).interval
    assert interval.low == pytest.approx(golden[f"lower{level}:df=design"], abs=1e-10)
    assert interval.high == pytest.approx(golden[f"upper{level}:df=design"], abs=1e-10)


@pytest.mark.parametrize("flag", ["DA", "nonDA"])
def test_a_flag_on_crimes_is_a_domain_that_splits_records(flag):
    crimes = CRIMES[CRIMES["inspection"] == 1]
    flagged = crimes["recorded"].where(crimes["da"] == flag)
    table = crimes.assign(k=flagged.fillna(0), m=flagged.notna()).groupby("incident")
    records = table.agg({"k": "sum", "m": "sum", "stratum": "first", "weight": "first", "N_incidents": "first"})
    estimate = estimate_rate(
        records["k"],
        records["m"],
        stratum=records["stratum"],
        weight=records["weight"],
        population=population_of(records),
        domain=(records["m"] > 0).to_numpy(),
        degrees_of_freedom="design",
    )
    golden = GOLDEN["insp1:strata+cluster+fpc", f"da={flag}"]
    assert estimate.rate == pytest.approx(golden["svymean", "estimate"], abs=1e-10)
    assert estimate.standard_error == pytest.approx(golden["svymean", "se"], abs=1e-10)
    assert estimate.degrees_of_freedom == golden["svymean", "degf"]
    assert estimate.interval.low == pytest.approx(golden["svyciprop:wilson", "lower95:df=design"], abs=1e-10)


@pytest.mark.parametrize(
    ("design", "clustered", "stratified", "weighted", "inspection"),
    [
        ("srs", False, False, False, 1),
        ("srs", False, False, False, 2),
        ("weighted", False, False, True, 1),
        ("weighted", False, False, True, 2),
        ("strata", False, True, True, 1),
        ("cluster", True, False, True, 1),
        ("cluster", True, False, True, 2),
        ("strata+cluster", True, True, True, 1),
        ("strata+cluster", True, True, True, 2),
        ("unweighted strata+cluster", True, True, False, 1),
        ("unweighted strata+cluster", True, True, False, 2),
    ],
)
def test_simpler_designs_equal_svymean(design, clustered, stratified, weighted, inspection):
    if clustered:
        table = INCIDENTS[(INCIDENTS["inspection"] == inspection) & (INCIDENTS["crimes"] > 0)]
    else:
        table = CRIMES[CRIMES["inspection"] == inspection].assign(crimes=1)
    estimate = estimate_rate(
        table["recorded"],
        table["crimes"],
        stratum=table["stratum"] if stratified else None,
        weight=table["weight"] if weighted else [1.0] * len(table),
        degrees_of_freedom="design",
    )
    golden = GOLDEN[f"insp{inspection}:{design}", "all"]
    assert estimate.rate == pytest.approx(golden["svymean", "estimate"], abs=1e-10)
    assert estimate.standard_error == pytest.approx(golden["svymean", "se"], abs=1e-10)
    assert estimate.degrees_of_freedom == golden["svymean", "degf"]
    assert estimate.interval.low == pytest.approx(golden["svyciprop:wilson", "lower95:df=design"], abs=1e-10)
    assert estimate.interval.high == pytest.approx(golden["svyciprop:wilson", "upper95:df=design"], abs=1e-10)


@pytest.mark.parametrize("inspection", INSPECTIONS)
@pytest.mark.parametrize("design", ["weighted", "strata+cluster"])
def test_design_effect_equals_deff_replace(inspection, design):
    """R divides by the variance of a sample with replacement, p (1 - p) / (n - 1); ours by p (1 - p) / n."""
    table = CRIMES[CRIMES["inspection"] == inspection].assign(crimes=1)
    if design == "strata+cluster":
        table = INCIDENTS[(INCIDENTS["inspection"] == inspection) & (INCIDENTS["crimes"] > 0)]
    stratum = None if design == "weighted" else table["stratum"]
    estimate = estimate_rate(table["recorded"], table["crimes"], stratum=stratum, weight=table["weight"])
    golden = GOLDEN[f"insp{inspection}:{design}", "all", "svymean", "deff_wr"]
    assert estimate.design_effect * (estimate.reported - 1) / estimate.reported == pytest.approx(golden, rel=1e-9)


@pytest.mark.parametrize("inspection", INSPECTIONS)
@pytest.mark.parametrize("domain", ["all", *STRATA])
def test_crimes_in_the_frame_equal_svytotal(inspection, domain):
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", domain, "svytotal:crimes", "estimate"]
    assert incident_level(inspection, domain).crimes_in_frame == pytest.approx(golden, rel=1e-12)


@pytest.mark.parametrize("inspection", INSPECTIONS)
def test_unrecorded_for_each_recorded_crime_equals_svyratio(inspection):
    golden = GOLDEN[f"insp{inspection}:incidents+fpc", "all", "svyratio:missed/recorded", "estimate"]
    assert extrapolate_unrecorded(incident_level(inspection), recorded=1).value == pytest.approx(golden, abs=1e-10)


@pytest.mark.parametrize(("measure", "contrast"), [("difference", "`2` - `1`"), ("ratio", "`2`/`1`")])
def test_change_between_inspections_equals_svycontrast(measure, contrast):
    change = compare_rates(incident_level(2), incident_level(1), measure=measure)
    golden = GOLDEN["both", "inspection", f"svycontrast:{contrast}", "estimate"]
    assert change.value == pytest.approx(golden, abs=1e-10)


def test_a_crime_file_hides_records_without_crimes():
    """Leaving them out changes the standard error (.02744 to .02734) and the degrees of freedom (147 to 117)."""
    kept, dropped = incident_level(1), crime_level(1)
    assert kept.rate == pytest.approx(dropped.rate, abs=1e-12)
    assert (round(kept.standard_error, 5), kept.degrees_of_freedom) == (0.02744, 147)
    assert (round(dropped.standard_error, 5), dropped.degrees_of_freedom) == (0.02734, 117)
