"""A drawn sample as the workbook to fill in: its records, how they were drawn, and what is known of the strata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.audit.schema import SHEETS
from cdi_stats.audit.selection import Selection
from cdi_stats.audit.template import write_template
from cdi_stats.errors import BadParameters


def write_drawn(selection: Selection, plan: SamplingPlan, path: Path) -> Path:
    """Write a drawn sample's workbook and, beside it, the trail of the draw as JSON; return the trail's path.

    Raises BadParameters where either is there already: a workbook may hold an auditor's work.
    """
    trail = path.with_suffix(".draw.json")
    refuse_to_replace(path, trail)
    write_template(path, drawn_tables(selection, plan))
    strata = selection.strata.to_dict("records")
    told = json.dumps(dict(selection.trail) | {"strata": strata}, indent=1, ensure_ascii=False, default=str)
    trail.write_text(told + "\n", encoding="utf-8", newline="\n")
    return trail


def refuse_to_replace(*paths: Path) -> None:
    """Raise BadParameters for files that are there already."""
    there = [str(path) for path in paths if path.exists()]
    if there:
        raise BadParameters(f"{', '.join(there)}: there already; expected a new name, so that no work is lost")


def drawn_tables(selection: Selection, plan: SamplingPlan) -> dict[str, pd.DataFrame]:
    """Return what is known of an audit once its sample is drawn, by sheet of the audit file."""
    records = selection.sample.reindex(columns=list(SHEETS["records"].names))
    chosen = selection.records.reindex(columns=list(SHEETS["selection"].names))
    chosen["second_review"] = chosen["second_review"].map({True: "yes", False: "no"})
    return {
        "audit": pd.DataFrame(list(_facts(selection, plan).items()), columns=["key", "value"]),
        "strata": pd.DataFrame(_strata(selection, plan)),
        "records": records,
        "draw": selection.strata,
        "selection": chosen,
    }


def _facts(selection: Selection, plan: SamplingPlan) -> Mapping[str, str]:
    selected = f"Drawn at random within each stratum by permanent random numbers, seed {selection.seed}"
    if selection.start:
        selected += f", the order begun at {selection.start:g}"
    left_out = "; ".join(dict.fromkeys(exclusion.why for exclusion in plan.exclude))
    facts = {"force": plan.force, "title": plan.title, "selection": selected, "frame_basis": "counted"}
    return {name: value for name, value in (facts | {"exclusions": left_out}).items() if value}


def _strata(selection: Selection, plan: SamplingPlan) -> list[dict[str, Any]]:
    sampled = selection.sample.groupby("stratum").size().to_dict()
    return [
        {
            "stratum": stratum.stratum,
            "label": stratum.label or stratum.stratum,
            "period_start": stratum.period_start,
            "period_end": stratum.period_end,
            "records_in_frame": selection.counts[stratum.stratum],
            "records_sampled": sampled.get(stratum.stratum, 0),
            "planned_margin": stratum.margin_of_error or plan.margin_of_error,
            "planned_confidence_level": plan.confidence_level,
        }
        for stratum in plan.strata
    ]
