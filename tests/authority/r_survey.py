"""Our answer to any row that golden.R writes, for any data of its columns: used with R's stored and R's live output."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import stdtr

from cdi_stats.methods.comparison import compare_rates
from cdi_stats.methods.domains import estimate_domain_rates, rao_scott_test
from cdi_stats.methods.influence import jackknife_error
from cdi_stats.methods.linear import estimate_ratio, estimate_total
from cdi_stats.methods.survey import estimate_rate
from cdi_stats.methods.survey_limits import Evidence, rate_interval

METHODS = {
    "logit": "logit",
    "xlogit": "logit",
    "likelihood": "likelihood",
    "asin": "arcsine",
    "beta": "korn-graubard",
    "mean": "wald",
    "wilson": "wilson",
}
LONELY_RULES = {"remove": "certainty", "certainty": "certainty", "adjust": "adjust", "average": "average"}


def records_of(crimes):
    """Return crime rows as records: what R's clustered crime-level design knows."""
    by_record = crimes.assign(crimes=1).groupby(["inspection", "incident"], sort=False)
    columns = {"recorded": "sum", "crimes": "sum"} | dict.fromkeys(
        ["stratum", "source", "weight", "N_incidents"], "first"
    )
    return by_record.agg(columns).reset_index()


@dataclass(frozen=True)
class Sample:
    """Records of one design of golden.R, and how the design is declared to us."""

    rows: pd.DataFrame
    stratified: bool
    weighted: bool
    finite: bool

    @property
    def design(self):
        stratum = self.rows["stratum"] if self.stratified else None
        weight = self.rows["weight"] if self.weighted else np.ones(len(self.rows))
        return {"stratum": stratum, "weight": weight, "population": self.population}

    @property
    def population(self):
        if not self.finite:
            return None
        return dict(zip(self.rows["stratum"], self.rows["N_incidents"], strict=True))

    def rate(self, **options):
        rows = self.rows
        inside = (rows["crimes"] > 0).to_numpy()
        return estimate_rate(
            rows["recorded"], rows["crimes"], domain=inside, degrees_of_freedom="design", **self.design, **options
        )


def sample(crimes, incidents, inspection, design, domain):
    """Return the Sample that a design and domain of golden.R name; crimes outside the domain are set to none."""
    if design.startswith("incidents"):
        rows = incidents[incidents["inspection"] == inspection]
        return Sample(rows, stratified=True, weighted=True, finite="fpc" in design)
    chosen = crimes[crimes["inspection"] == inspection]
    rows = records_of(chosen) if "cluster" in design or design.startswith("JKn") else chosen.assign(crimes=1)
    if domain.startswith("da="):
        inside = chosen[chosen["da"] == domain.removeprefix("da=")]
        counted = records_of(inside).set_index("incident")[["recorded", "crimes"]].reindex(rows["incident"]).fillna(0)
        rows = rows.assign(recorded=counted["recorded"].to_numpy(), crimes=counted["crimes"].to_numpy())
    elif "=" in domain:
        column, label = domain.split("=")
        inside = rows[column] == label
        rows = rows.assign(recorded=rows["recorded"].where(inside, 0), crimes=rows["crimes"].where(inside, 0))
    return Sample(
        rows,
        stratified="strata" in design or design.startswith("JKn"),
        weighted=design != "srs" and not design.startswith("unweighted"),
        finite="fpc" in design,
    )


def answers(crimes, incidents, design, domain, estimator):
    """Return {statistic: our value} for one estimator of one design and domain."""
    if design == "both":
        return _between_inspections(crimes, estimator)
    if design == "lonely":
        return _lonely(crimes, estimator)
    name, _, kind = design.partition(":")
    inspection, (verb, _, what) = int(name.removeprefix("insp")), estimator.partition(":")
    found = sample(crimes, incidents, inspection, kind, domain if domain != "source" else "all")
    if verb == "svycontrast":
        return _contrast(found, what)
    if kind.startswith("JKn"):
        rows = found.rows
        error = jackknife_error(rows["recorded"], rows["crimes"], **found.design)
        return {"estimate": found.rate().rate, "se": error}
    if verb == "svyciprop":
        return _limits(found, what)
    if verb in ("svytotal", "svyratio"):
        return _linear(found, kind, domain, verb, what)
    if verb == "design":
        whole = estimate_rate(found.rows["recorded"], found.rows["crimes"], **found.design)
        return {"degf": whole.design_degrees_of_freedom}
    return _mean(found)


def agrees(ours, theirs, estimator):
    """Return whether our value is R's, to 1e-10 of it.

    R interpolates a profile for "likelihood", which is good to 1e-4; its "logit" stops iterating at 1e-8; its "mean"
    does not keep within 0-1. Where no crime was missed R's design effects are not a number, and ours say so too.
    """
    if math.isnan(theirs) or math.isinf(theirs):
        return str(ours) == str(theirs)
    if estimator == "svyciprop:mean":
        theirs = min(max(theirs, 0.0), 1.0)
    tolerance = {"svyciprop:likelihood": 1e-4, "svyciprop:logit": 1e-8}.get(estimator, 1e-10)
    return abs(ours - theirs) <= tolerance * max(1.0, abs(theirs))


def _mean(found):
    e = found.rate()
    with_replacement = e.design_effect * (e.reported - 1) / e.reported
    in_frame = float((found.design["weight"] * found.rows["crimes"]).sum())
    return {
        "estimate": e.rate,
        "se": e.standard_error,
        "deff_wr": with_replacement,
        "deff_wor": with_replacement / (1 - e.reported / in_frame) if in_frame > e.reported else math.inf,
        "degf": e.design_degrees_of_freedom,
        "nrow": e.reported,
    }


def _limits(found, what):
    """Return limits on R's degrees of freedom and, as R's df = Inf, on a normal quantile."""
    e, values = found.rate(), {}
    for name, df in (("design", e.degrees_of_freedom), ("Inf", math.inf)):
        evidence = Evidence(e.rate, e.standard_error, e.effective_sample_size, e.reported, df, capped=False)
        for level in (95, 90):
            interval = rate_interval(evidence, level / 100, METHODS[what])
            values[f"lower{level}:df={name}"], values[f"upper{level}:df={name}"] = interval.low, interval.high
    return values


def _linear(found, kind, domain, verb, what):
    rows = found.rows
    if kind.startswith("incidents"):
        inside = np.ones(len(rows), bool)
        if "=" in domain:
            column, label = domain.split("=")
            inside = (rows[column] == label).to_numpy()
    else:
        inside = (rows["crimes"] > 0).to_numpy()
    values = {
        "recorded": rows["recorded"],
        "missed": rows["crimes"] - rows["recorded"],
        "crimes": rows["crimes"],
    }
    options = found.design | {"domain": inside}
    if verb == "svytotal":
        estimate = estimate_total(values[what], **options)
    else:
        above, below = what.split("/")
        estimate = estimate_ratio(values[above], values[below], **options)
    return {
        "estimate": estimate.value,
        "se": estimate.standard_error,
        "lower95:t": estimate.interval.low,
        "upper95:t": estimate.interval.high,
    }


def _contrast(found, what):
    rows = found.rows
    rates = estimate_domain_rates(rows["recorded"], rows["crimes"], domain=rows["source"], **found.design)
    return _change(lambda measure: rates.compare("public", "third_party", measure=measure), what)


def _between_inspections(crimes, estimator):
    verb, _, what = estimator.partition(":")
    rows = records_of(crimes)
    stratum = rows["inspection"].astype(str) + rows["stratum"]
    design = {"stratum": stratum, "weight": rows["weight"], "population": rows["N_incidents"].to_numpy()}
    rates = {
        label: estimate_rate(
            rows["recorded"],
            rows["crimes"],
            domain=(rows["inspection"] == label).to_numpy(),
            degrees_of_freedom="design",
            **design,
        )
        for label in (1, 2)
    }
    if verb == "svychisq":
        test = rao_scott_test(rows["recorded"], rows["crimes"], domain=rows["inspection"], **design)
        return {"F": test.statistic, "p": test.p_value}
    if verb == "degf":
        return {"degf": sum(rate.design_degrees_of_freedom for rate in rates.values())}
    if verb == "svyttest":
        change = compare_rates(rates[2], rates[1])
        t = change.value / change.standard_error
        df = sum(rate.design_degrees_of_freedom for rate in rates.values()) - 1
        return {"t": t, "p": 2 * float(stdtr(df, -abs(t)))}
    return _change(lambda measure: compare_rates(rates[2], rates[1], measure=measure), what)


def _change(compare, what):
    if what.startswith("log"):
        ratio = compare("ratio")
        return {"estimate": math.log(ratio.value), "se": ratio.standard_error / ratio.value}
    measure = "missed-ratio" if "1 -" in what else "ratio" if "/" in what else "difference"
    change = compare(measure)
    return {"estimate": change.value, "se": change.standard_error}


def _lonely(crimes, estimator):
    chosen = crimes[crimes["inspection"] == 1]
    eighth = chosen.loc[chosen["stratum"] == "SEX", "incident"].unique()[7]
    if estimator == "kept":
        return {"incident": eighth}
    kept = records_of(chosen[(chosen["stratum"] != "SEX") | (chosen["incident"] == eighth)])
    e = estimate_rate(
        kept["recorded"],
        kept["crimes"],
        stratum=kept["stratum"],
        weight=kept["weight"],
        lonely_stratum=LONELY_RULES[estimator.removeprefix("svymean:")],
    )
    return {"estimate": e.rate, "se": e.standard_error}
