"""The made-up files that the page "Your first own audit" hands out: a log, what auditors found in it, an earlier audit.

They are another month of the bundled made-up force, by the same chances. `python -m tests.structure.own_audit_files`
writes them again; a test holds that they are what this module makes.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cdi_stats.audit import series_example as made_up
from cdi_stats.audit.sampling import SamplingPlan
from cdi_stats.audit.schema import SHEETS
from cdi_stats.audit.selection import draw_from_plan
from cdi_stats.audit.template import write_workbook
from cdi_stats.findings.sample_plan import plan_sample

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, FOLDER = DOCS / "own-audit.md", DOCS / "own-audit"
MONTH, EARLIER = (2024, 9), (2024, 3)
SIZES = {"violence": 640, "other": 610}
CODES = {
    "violence": ("ASSAULT", "DOMESTIC INCIDENT", "HARASSMENT"),
    "other": ("THEFT FROM SHOP", "BURGLARY DWELLING", "CRIMINAL DAMAGE"),
}
OF_NO_STRATUM = ("ROAD COLLISION", "MISSING PERSON")


def strata():
    """Return the strata of the month, every record of each."""
    return [replace(s, sampled=SIZES[s.name]) for s in made_up.STRATA if s.name in SIZES]


def month():
    """Return every record of the month's log that a stratum takes."""
    return [record for stratum in strata() for record in made_up._records(stratum, *MONTH)]


def log():
    """Return the log: each record with its opening code, and records that no stratum takes."""
    rows = [
        {
            "Incident number": record["record_id"],
            "Created": f"{record['opened_at']:%d/%m/%Y %H:%M}",
            "Opening code": made_up._pick(CODES[record["stratum"]], "code", record["record_id"]),
            "District": record["district"],
        }
        for record in month()
    ]
    others = [
        row | {"Incident number": f"X-2409-{number:03d}", "Opening code": made_up._pick(OF_NO_STRATUM, number)}
        for number, row in enumerate(rows[::8], 1)
    ]
    return pd.DataFrame(sorted(rows + others, key=lambda row: (row["Created"], row["Incident number"])))


def plan(base):
    """Return the page's plan with the sizes that it comes to."""
    stated = tomllib.loads(re.search(r'```toml title="plan.toml"\n(.*?)```', PAGE.read_text("utf-8"), re.S)[1])
    for stratum, planned in zip(
        stated["strata"], plan_sample(SamplingPlan.model_validate(stated), base=base).strata, strict=True
    ):
        stratum["records"] = planned.records
    return SamplingPlan.model_validate(stated)


def answers(record, crime):
    """Return what else the auditors wrote of a crime: flags, whether it was recorded in time."""

    def yes(chance, *key):
        return "yes" if made_up._draw(*key, record["record_id"], crime["crime_number"]) < chance else "no"

    violent = record["stratum"] == "violence"
    told = {"domestic_abuse": yes(0.3 * violent, "domestic abuse"), "hate": yes(0.01, "hate")}
    return told | ({"in_time": yes(0.88, "in time")} if crime["recorded"] == "yes" else {})


def findings(selection):
    """Return the sheet crimes as the auditors of the drawn records filled it in, with two slips of theirs."""
    drawn = selection.sample.set_index("record_id").index
    records = [record for record in month() if record["record_id"] in drawn]
    crimes = [crime | answers(record, crime) for record in records for crime in made_up._crimes(record, MONTH)]
    table = pd.DataFrame(crimes, dtype=object).reindex(columns=SHEETS["crimes"].names)
    table.loc[3, "record_id"] = table.loc[3, "record_id"].replace("-2409-", "-2490-")
    table.loc[table.index[table["recorded"] == "no"][0], "reason"] = None
    return table


def make(folder):
    """Write the three files into a folder, the log first: the draw reads it."""
    log().to_csv(folder / "incidents.csv", index=False, lineterminator="\n")
    write_workbook({"crimes": findings(draw_from_plan(plan(folder), base=folder))}, folder / "findings.xlsx")
    write_workbook(made_up._audit(*EARLIER), folder / "march-2024.xlsx")


if __name__ == "__main__":
    make(FOLDER)
