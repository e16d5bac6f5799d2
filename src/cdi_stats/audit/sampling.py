"""What is to be sampled: the frame, its strata and the sizes wanted, as one TOML file says it.

`cdi plan` finds the sizes, `cdi draw` draws them; both read this file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cdi_stats.audit.beside import read_toml
from cdi_stats.errors import BadParameters
from cdi_stats.rounding import as_level, count, percent
from cdi_stats.showing import Grid, Shown, counted

PLAN_ENDING = ".toml"
Share = Annotated[float, Field(gt=0, lt=1)]
Margin = Annotated[float, Field(gt=0, lt=0.5)]
Count = Annotated[int, Field(ge=0)]
RESERVED = {"record_id", "stratum", "place", "role", "second_review", "reason", "opened_at", "opening_code", "prn"}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FrameSource(_Part):
    """Where the population is: `source` is a file, a pattern of files, a folder or a database's address.

    The columns are named as the source names them; `keep` maps columns of the records sheet to columns of the source.
    """

    source: Annotated[str, Field(min_length=1)]
    table: str = ""
    record_id: str = "record_id"
    opened_at: str = "opened_at"
    opening_code: str = "opening_code"
    keep: dict[str, str] = {}

    @field_validator("keep")
    @classmethod
    def _kept_apart(cls, keep: dict[str, str]) -> dict[str, str]:
        taken = sorted(RESERVED & set(keep))
        if taken:
            raise ValueError(f"columns of the records sheet other than {', '.join(taken)}, which a draw fills itself")
        return keep


class Exclusion(_Part):
    """Records that are not to be drawn: those of an earlier audit or of a list, by their ids."""

    source: Annotated[str, Field(min_length=1)]
    record_id: str = "record_id"
    why: str = "already audited"


class SetAside(_Part):
    """A drawn record that cannot be examined, and why; its stratum's next reserve takes its place."""

    record_id: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]


class SampledStratum(_Part):
    """A stratum to sample: the opening codes that make it, its window, and what is known or wanted of it.

    A code ending in * stands for every code that begins so. `records` is the size wanted; where it is missing, the plan
    finds one from the `rate`, `design_effect` and `crimes_per_record` expected, and takes what is not stated from a
    pilot audit that sampled the stratum.
    """

    stratum: Annotated[str, Field(min_length=1)]
    label: str = ""
    opening_codes: Annotated[list[str], Field(min_length=1)] | None = None
    period_start: date | None = None
    period_end: date | None = None
    records: Count | None = None
    records_in_frame: Count | None = None
    rate: Share | None = None
    design_effect: Annotated[float, Field(ge=1)] | None = None
    crimes_per_record: Annotated[float, Field(gt=0)] | None = None
    margin_of_error: Margin | None = None

    @property
    def told(self) -> tuple[str, str, str, str]:
        """Return its period, the records wanted and in its frame and the rate expected, as they read."""
        period = f"{self.period_start} to {self.period_end}" if self.period_start and self.period_end else ""
        records, frame = ("" if number is None else count(number) for number in (self.records, self.records_in_frame))
        return period, records, frame, "" if self.rate is None else percent(self.rate)

    @model_validator(mode="after")
    def _period_in_order(self) -> SampledStratum:
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise ValueError(f"a period_end from {self.period_start} on")
        return self


class SamplingPlan(Shown, _Part):
    """A whole plan. `start` (0-1) is where in the random order the draw begins: audits that begin apart lie apart."""

    force: str = ""
    title: str = ""
    planned_on: date | None = None
    seed: Annotated[str, Field(min_length=1)] | Count = "1"
    start: Annotated[float, Field(ge=0, lt=1)] = 0.0
    margin_of_error: Margin = 0.03
    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    pilot: str = ""
    reserve: Count = 0
    second_review: Annotated[float, Field(ge=0, le=1)] = 0.0
    frame: FrameSource | None = None
    exclude: list[Exclusion] = []
    set_aside: list[SetAside] = []
    strata: Annotated[list[SampledStratum], Field(min_length=1)]

    def __str__(self) -> str:
        name = self.title or self.force or "Sampling plan"
        return (
            f"{name}: {counted(len(self.strata), 'stratum', 'strata')} to within "
            f"{100 * self.margin_of_error:.3g} points at {as_level(self.confidence_level)}, drawn from seed {self.seed}"
        )

    def _grid(self) -> Grid:
        rows = [(s.label or s.stratum, *s.told) for s in self.strata]
        return Grid(rows, ("Stratum", "Period", "Records wanted", "Records in frame", "Rate expected"))

    @model_validator(mode="after")
    def _strata_apart(self) -> SamplingPlan:
        names = [stratum.stratum for stratum in self.strata]
        if len(set(names)) < len(names):
            raise ValueError(f"each stratum once, not {', '.join(names)}")
        return self


def read_plan(path: str | Path) -> SamplingPlan:
    """Return the sampling plan in a TOML file; paths in it are as seen from that file.

    Raises BadParameters with one line a problem.
    """
    file = Path(path)
    given = read_toml(file, "a sampling plan in TOML")
    try:
        return SamplingPlan(**given)
    except ValidationError as error:
        raise BadParameters("\n".join(f"{file.name}: {_line(detail)}" for detail in error.errors())) from None


def write_sizes(path: str | Path, sizes: Mapping[str, int]) -> None:
    """Write the records of each stratum into a sampling plan's file; everything else in it stays as it is."""
    import tomlkit

    file = Path(path)
    document = tomlkit.parse(file.read_text(encoding="utf-8-sig"))
    strata: Any = document["strata"]
    for stratum in strata:
        stratum["records"] = sizes[str(stratum["stratum"])]
    file.write_text(tomlkit.dumps(document), encoding="utf-8", newline="")


def _line(detail: Any) -> str:
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in detail["loc"]) or "the plan"
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown; see the reference page of the sampling plan for the names"
    if detail["type"] == "missing":
        return f"{place}: missing; expected a value"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    found = "" if isinstance(detail["input"], dict | list) else f"found {without_password(repr(detail['input']))}; "
    return f"{place}: {found}expected {expected}"[:300]


def without_password(address: str) -> str:
    """Return a database's address without user, password and options, of which any may be secret."""
    scheme, mark, rest = address.partition("://")
    place, _, options = rest.partition("?")
    if not mark or "@" in options:
        # a password with a ? in it cannot be told from a place
        return scheme + mark
    return scheme + mark + re.sub("#.*", "", place.rpartition("@")[2])
