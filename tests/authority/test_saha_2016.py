"""Saha, Miller & Wang 2016 (International Journal of Biostatistics 12(2), 2015-0024): Wilson's limits for clusters.

The data are Liang, Zeger & Qaqish's 203 siblings of 100 patients (1992, JRSS B 54:3-40, Table 5), 60 of them impaired;
the values those of R's ratesci, clusterpci(skew = FALSE), which implements the paper.
"""

import numpy as np
import pytest

from cdi_stats.methods.pilot import anova_wilson_interval, pilot_design
from cdi_stats.methods.planning import sample_size
from cdi_stats.methods.proportion import proportion_interval

FAMILIES = [
    (0, 1, 36), (1, 1, 12),
    (0, 2, 15), (1, 2, 7), (2, 2, 1),
    (0, 3, 5), (1, 3, 7), (2, 3, 3), (3, 3, 2),
    (0, 4, 3), (1, 4, 3), (2, 4, 1),
    (0, 6, 1), (2, 6, 1), (3, 6, 1), (4, 6, 1), (6, 6, 1),
]  # fmt: skip
IMPAIRED = np.repeat([impaired for impaired, _, _ in FAMILIES], [families for _, _, families in FAMILIES])
SIBLINGS = np.repeat([siblings for _, siblings, _ in FAMILIES], [families for _, _, families in FAMILIES])


def test_the_data_are_the_papers():
    assert (IMPAIRED.sum(), SIBLINGS.sum(), SIBLINGS.size) == (60, 203, 100)


def test_clusterpci():
    result = anova_wilson_interval(IMPAIRED, SIBLINGS)
    assert result.rate == pytest.approx(0.2955665025, abs=1e-10)
    assert result.pilot.intra_record_correlation == pytest.approx(0.1855342476, abs=1e-8)
    assert result.pilot.variance_inflation == pytest.approx(1.349133412, abs=1e-8)
    assert result.interval.low == pytest.approx(0.2284813917, abs=1e-8)
    assert result.interval.high == pytest.approx(0.3728302267, abs=1e-8)


def test_order_of_records_does_not_matter():
    shuffled = np.random.default_rng(4).permutation(100)
    assert anova_wilson_interval(IMPAIRED[shuffled], SIBLINGS[shuffled]).interval.low == pytest.approx(
        anova_wilson_interval(IMPAIRED, SIBLINGS).interval.low, abs=1e-14
    )


def test_clustering_widens_what_the_siblings_alone_would_give():
    clustered, alone = anova_wilson_interval(IMPAIRED, SIBLINGS).interval, proportion_interval(60, 203)
    assert clustered.low < alone.low < alone.high < clustered.high


def test_the_missed_have_the_mirror_image():
    result, mirror = anova_wilson_interval(IMPAIRED, SIBLINGS), anova_wilson_interval(SIBLINGS - IMPAIRED, SIBLINGS)
    assert (1 - mirror.interval.high, 1 - mirror.interval.low) == pytest.approx(
        (result.interval.low, result.interval.high), abs=1e-12
    )
    assert mirror.pilot.intra_record_correlation == pytest.approx(result.pilot.intra_record_correlation, abs=1e-12)


def test_a_plan_from_these_records_multiplies_by_the_variance_inflation():
    pilot = pilot_design(IMPAIRED, SIBLINGS)
    assert pilot.crimes_per_record == 2.03
    alone = sample_size(60 / 203, 0.05).exact_crimes
    assert pilot.plan(0.05).exact_crimes == pytest.approx(1.349133412 * alone, abs=1e-5)
