"""Raw rows of the bundled audits and the plain formulas of the methods pages: nothing here knows the package.

A sample is a list of strata; a stratum a list of (hits, crimes), one pair a record, and the size of its frame, None
where not known. A domain is the same sample with (0, 0) for what lies outside of it.
"""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import closing
from functools import cache
from math import asin, ceil, exp, sqrt
from pathlib import Path
from statistics import NormalDist, quantiles

import numpy as np
from openpyxl import load_workbook
from scipy.optimize import brentq, minimize
from scipy.special import betainc, betaln
from scipy.stats import t

DATA = Path(__file__).resolve().parents[2] / "data"
Z = NormalDist().inv_cdf(0.975)


@cache
def rows(audit, sheet):
    """Return the rows of a sheet as dictionaries; audits of the series are named by their month."""
    place = DATA / ("series/example-police" if audit[0] == "2" else "examples") / f"{audit}.xlsx"
    with closing(load_workbook(place, read_only=True)) as book:
        head, *body = book[sheet].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in body]


@cache
def published(kind="", measure="overall"):
    """Return the published rows of a measure, of inspections, re-inspections or both."""
    with (DATA / "published" / "published_figures.csv").open(encoding="utf-8", newline="") as file:
        return [r for r in csv.DictReader(file) if r["measure"] == measure and r["report"].startswith(f"CDI {kind}")]


def months():
    return sorted(path.stem for path in (DATA / "series" / "example-police").glob("*.xlsx"))


def under_present_rules():
    rules = {month: facts(month)["counting_rules"] for month in months()}
    return [month for month in months() if rules[month] == rules[months()[-1]]]


def facts(audit):
    return {row["key"]: row["value"] for row in rows(audit, "audit")}


def of_stratum(audit, key, column):
    return next(row for row in rows(audit, "strata") if row["stratum"] == key).get(column)


def recorded(crime):
    return crime["recorded"] == "yes"


def missed(crime):
    return not recorded(crime)


def sample(audit, *keys, record=lambda _: True, crime=lambda _: True, hit=recorded):
    """Return the strata of an audit, or those named, as pairs of one a record; sampling order."""
    found = []
    for key in keys or [row["stratum"] for row in rows(audit, "strata")]:
        pairs = {row["record_id"]: [0, 0] for row in rows(audit, "records") if row["stratum"] == key}
        inside = {row["record_id"] for row in rows(audit, "records") if record(row)}
        for row in rows(audit, "crimes"):
            if row["record_id"] in pairs and row["record_id"] in inside and crime(row):
                pairs[row["record_id"]][0] += hit(row)
                pairs[row["record_id"]][1] += 1
        found.append((list(pairs.values()), of_stratum(audit, key, "records_in_frame")))
    return found


def count(found):
    """Return hits and crimes of a sample."""
    return tuple(sum(pair[i] for part, _ in found for pair in part) for i in (0, 1))


def residuals(found, weighted=False):
    """Return the ratio p = sum w k / sum w m, and e = w (k - p m) / sum w m of each stratum less their mean."""
    weights = [frame / len(part) if weighted else 1 for part, frame in found]
    pairs = [(w, k, m) for w, (part, _) in zip(weights, found, strict=True) for k, m in part]
    due = sum(w * m for w, _, m in pairs)
    rate = sum(w * k for w, k, _ in pairs) / due
    raw = [[w * (k - rate * m) / due for k, m in part] for w, (part, _) in zip(weights, found, strict=True)]
    return rate, [[e - sum(part) / len(part) for e in part] for part in raw]


def scale(part, frame):
    """Return (1 - n/N) n / (n - 1)."""
    return (1 - len(part) / frame if frame else 1) * len(part) / (len(part) - 1)


def covariance(found, first, second):
    """Return sum (1 - n/N) n / (n - 1) sum e e' over the strata."""
    return sum(
        scale(part, frame) * sum(a * b for a, b in zip(one, other, strict=True))
        for (part, frame), one, other in zip(found, first, second, strict=True)
    )


def kurtosis_df(found, e):
    """Return V^2 / sum V_h^2 / df_h, df_h = 2 S2^2 / (S4 - S2^2 / n_h); at least 1, at most records less strata."""
    below, most = 0.0, 0
    for (part, frame), values in zip(found, e, strict=True):
        s2, s4 = sum(v**2 for v in values), sum(v**4 for v in values)
        below += scale(part, frame) ** 2 * (s4 - s2**2 / len(part)) / 2
        inside = sum(m > 0 for _, m in part)
        most += inside - (inside > 0)
    return min(max(covariance(found, e, e) ** 2 / below, 1), most)


def wilson(rate, n, z=Z):
    middle, half = rate + z * z / (2 * n), z * sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max((middle - half) / (1 + z * z / n), 0), min((middle + half) / (1 + z * z / n), 1)


def half_width(rate, n, z=Z):
    low, high = wilson(rate, n, z)
    return (high - low) / 2


def effective(found, weighted=False):
    """Return min(p (1 - p) / V, crimes): the crimes drawn one by one that would tell as much."""
    rate, e = residuals(found, weighted)
    return min(rate * (1 - rate) / covariance(found, e, e), count(found)[1])


def estimate(found, weighted=False):
    """Return rate, low and high: Wilson on effective crimes with Student's t (docs/methods/survey.md)."""
    rate, e = residuals(found, weighted)
    return rate, *wilson(rate, effective(found, weighted), t.ppf(0.975, kurtosis_df(found, e)))


def square_and_add(later, earlier, correlation=0.0):
    """Return the limits of a difference (Newcombe 1998), less what two rates of one sample share."""
    (p1, l1, u1), (p2, l2, u2) = later, earlier

    def added(a, b):
        return sqrt(a * a - 2 * correlation * a * b + b * b)

    return p1 - p2 - added(p1 - l1, u2 - p2), p1 - p2 + added(u1 - p1, p2 - l2)


def first_and_further(audits):
    """Return the samples of crimes missed among the first of each record, and among those after it."""

    def of(number):
        return [part for audit in audits for part in sample(audit, crime=number, hit=missed)]

    return of(lambda row: row["crime_number"] == 1), of(lambda row: row["crime_number"] > 1)


def further_limits(audits):
    """Return the limits of further less first: both come from the same records."""
    first, further = first_and_further(audits)
    e, g = residuals(first)[1], residuals(further)[1]
    shared = covariance(first, e, g) / sqrt(covariance(first, e, e) * covariance(first, g, g))
    return square_and_add(estimate(further), estimate(first), shared)


def variance_shares(found):
    """Return each record's share of the sum of squared residuals of one stratum, in sampling order."""
    ((_, (e,)),) = [residuals(found)]
    return [v**2 / sum(v**2 for v in e) for v in e]


def most_missed(found):
    """Return the records of one stratum, as places, by the crimes missed in them, most first."""
    ((part, _),) = found
    return sorted(range(len(part)), key=lambda place: part[place][0] - part[place][1])


def carrying(found):
    """Return the fewest of these places that hold more than half of the misses."""
    ((part, _),) = found
    ranked, held = most_missed(found), 0
    for size, place in enumerate(ranked, 1):
        held += part[place][1] - part[place][0]
        if held > sum(m - k for k, m in part) / 2:
            return ranked[:size]
    return []


def per_record(found):
    return count(found)[1] / sum(len(part) for part, _ in found)


def design_effect(found):
    """Return the greater of V over the simple variance, 1 + (m' - 1) icc, and 1 (docs/methods/planning.md)."""
    held = [(k, m) for part, _ in found for k, m in part if m]
    crimes, done, size = sum(m for _, m in held), sum(k for k, _ in held), len(held)
    inside, squares = sum(k * k / m for k, m in held), sum(m * m for _, m in held) / crimes
    between, within = (inside - done**2 / crimes) / (size - 1), (done - inside) / (crimes - size)
    icc = (between - within) / (between + ((crimes - squares) / (size - 1) - 1) * within)
    rate, e = residuals(found)
    return max(covariance(found, e, e) / (rate * (1 - rate) / crimes), 1 + (squares - 1) * icc, 1)


def needed(found, frame, margin=0.03):
    """Return the records that a margin needs: Wilson's half-width solved for n, design effect and frame allowed for."""
    rate, crimes = count(found)[0] / count(found)[1], frame * per_record(found)
    wanted = brentq(lambda n: half_width(rate, n) - margin, 1, 1e6) * design_effect(found)
    return ceil(ceil(wanted / (1 + (wanted - 1) / crimes)) / per_record(found))


def expected(found, frame, size):
    """Return the half-width to expect of so many records like those of a stratum."""
    n, crimes = size * per_record(found), frame * per_record(found)
    return half_width(count(found)[0] / count(found)[1], n * (crimes - 1) / (crimes - n) / design_effect(found))


def expected_overall(audit, sizes):
    """Return the half-width to expect of the overall rate: sum N^2 (1 - n/N) S^2 / n over the squared crimes."""
    above = crimes = hits = 0.0
    for key, size in sizes.items():
        found = sample(audit, key)
        frame, m = found[0][1], per_record(found)
        p = count(found)[0] / count(found)[1]
        above += frame**2 * (1 - size / frame) * m * p * (1 - p) * design_effect(found) / size
        crimes, hits = crimes + frame * m, hits + frame * m * p
    rate = hits / crimes
    return half_width(rate, rate * (1 - rate) * crimes**2 / above)


def reported_in_frame(audit, key):
    return of_stratum(audit, key, "records_in_frame") * per_record(sample(audit, key))


def margins(kind=""):
    """Return the published overall rates with a margin, the crimes that Wald's margin implies, and their names."""
    found = [row for row in published(kind) if row["ci_plus_minus_pct"] and row["audit_end"]]
    rates = [float(row["rate_pct"]) / 100 for row in found]
    sizes = [wald_size(p, float(row["ci_plus_minus_pct"]) / 100) for p, row in zip(rates, found, strict=True)]
    return rates, sizes, [f"{row['force']} {row['report'][-4:]}" for row in found]


def wald_size(rate, margin):
    """Return p (1 - p) (z / e)^2."""
    return rate * (1 - rate) * (Z / margin) ** 2


def named(column):
    """Return rates and effective crimes of the districts or teams of the series, and their names."""
    audits = under_present_rules()
    names = sorted({row[column] for audit in audits for row in rows(audit, "records")})
    found = [
        [part for audit in audits for part in sample(audit, record=lambda row, n=name: row[column] == n)]
        for name in names
    ]
    return [residuals(f, True)[0] for f in found], [effective(f, True) for f in found], names


def funnel(rates, sizes, names):
    """Return each group's distance from the rate of all, over-dispersion added (Spiegelhalter 2005)."""
    target = sum(p * n for p, n in zip(rates, sizes, strict=True)) / sum(sizes)
    z = [2 * sqrt(n) * (asin(sqrt(p)) - asin(sqrt(target))) for p, n in zip(rates, sizes, strict=True)]
    tenths = quantiles(z, n=10, method="inclusive")
    w = [4 * n for n in sizes]
    excess = sum(min(max(v, tenths[0]), tenths[-1]) ** 2 for v in z) - (len(z) - 1)
    tau = max(0.0, excess / (sum(w) - sum(v * v for v in w) / sum(w)))
    return {name: v / sqrt(1 + 4 * n * tau) for name, v, n in zip(names, z, sizes, strict=True)}


def log_likelihood(x, n, a, b):
    return sum(betaln(x_j + a, n_j - x_j + b) - betaln(a, b) for x_j, n_j in zip(x, n, strict=True))


def drawn_together(rates, sizes, names):
    """Return each group's rate drawn towards all, at the likeliest Beta (docs/methods/pooling.md)."""
    x = [p * n for p, n in zip(rates, sizes, strict=True)]
    found = minimize(
        lambda at: -log_likelihood(x, sizes, exp(at[0]), exp(at[1])), (3, 1), method="Nelder-Mead", tol=1e-13
    )
    a, b = exp(found.x[0]), exp(found.x[1])
    return {name: (x_j + a) / (n_j + a + b) for name, x_j, n_j in zip(names, x, sizes, strict=True)}


def pooled_limit(rates, sizes, names, wanted, level):
    """Return a quantile of one group's rate over all Betas, each weighted by L (a + b)^(-5/2), on a plain grid.

    That weight is flat in the mean (below 60% nothing of it is left here) and in (a + b)^(-1/2).
    """
    x, place = [p * n for p, n in zip(rates, sizes, strict=True)], names.index(wanted)
    mean, u = np.meshgrid(0.6 + (np.arange(200) + 0.5) / 500, (np.arange(100) + 0.5) / 100)
    a, b = mean / u**2, (1 - mean) / u**2
    log = log_likelihood(x, sizes, a, b)
    likely = log > log.max() - 15
    a, b, weight = a[likely], b[likely], np.exp(log[likely] - log.max())
    first, second = x[place] + a, sizes[place] - x[place] + b
    return brentq(lambda q: (weight * betainc(first, second, q)).sum() / weight.sum() - level, 0.01, 0.999)


def published_interval(row):
    """Return rate, low and high of a published row: its printed margin, else Wilson's on its printed crimes."""
    done, due = (int(row[name]) if row[name] else None for name in ("n_recorded", "n_reported"))
    rate = float(row["rate_pct"]) / 100 if row["rate_pct"] else done / due if done and due else None
    if row["ci_plus_minus_pct"]:
        margin = float(row["ci_plus_minus_pct"]) / 100
        return rate, rate - margin, rate + margin
    return (rate, *wilson(rate, due)) if rate and due else None


def others(kind, measure, force):
    found = [published_interval(row) for row in published(kind, measure) if row["force"] != force]
    return [interval for interval in found if interval]


def reasons(audit):
    """Return the missed crimes of each reason, most first; those without one come last."""
    found = Counter(row["reason"] or "" for row in rows(audit, "crimes") if missed(row))
    return sorted(found.items(), key=lambda item: (item[0] == "", -item[1]))


def filled(audit, sheet, column, due=lambda _: True):
    """Return the rows that a column is for, and those of them where it holds something."""
    found = [row[column] for row in rows(audit, sheet) if due(row)]
    return len(found), sum(cell is not None for cell in found)
