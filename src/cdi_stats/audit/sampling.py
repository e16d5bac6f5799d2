"""What is to be sampled: the frame, its strata and the sizes wanted, as one TOML file says it.

`cdi plan` finds the sizes, `cdi draw` draws them; both read this file.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cdi_stats.errors import BadParameters

Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=0)]


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


class Exclusion(_Part):
    """Records that are not to be drawn: those of an earlier audit or of a list, by their ids."""

    source: Annotated[str, Field(min_length=1)]
    record_id: str = "record_id"
    why: str = "already audited"


class SampledStratum(_Part):
    """A stratum to sample: the opening codes that make it, its window, and what is known or wanted of it.

    A code ending in * stands for every code that begins so. `records` is the size wanted; where it is missing, the plan
    finds one from `rate`, `design_effect` and `crimes_per_record` (as expected), or from a pilot audit.
    """

    stratum: Annotated[str, Field(min_length=1)]
    label: str = ""
    opening_codes: Annotated[list[str], Field(min_length=1)] | None = None
    period_start: date | None = None
    period_end: date | None = None
    records: Count | None = None
    records_in_frame: Count | None = None
    rate: Share | None = None
    design_effect: Annotated[float, Field(ge=1)] = 1.0
    crimes_per_record: Annotated[float, Field(gt=0)] = 1.0
    margin_of_error: Share | None = None

    @model_validator(mode="after")
    def _period_in_order(self) -> SampledStratum:
        if self.period_start and self.period_end and self.period_end < self.period_start:
            raise ValueError(f"a period_end from {self.period_start} on")
        return self


class SamplingPlan(_Part):
    """A whole plan. `start` (0-1) is where in the random order the draw begins: audits that begin apart lie apart."""

    force: str = ""
    title: str = ""
    seed: Annotated[str, Field(min_length=1)] | Count = "1"
    start: Annotated[float, Field(ge=0, lt=1)] = 0.0
    margin_of_error: Share = 0.03
    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    pilot: str = ""
    reserve: Count = 0
    second_review: Annotated[float, Field(ge=0, le=1)] = 0.0
    frame: FrameSource | None = None
    exclude: list[Exclusion] = []
    strata: Annotated[list[SampledStratum], Field(min_length=1)]

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
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadParameters(f"{file}: cannot be read ({error.strerror}); expected a sampling plan in TOML") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParameters(f"{file}: is not TOML ({error}); expected a sampling plan") from None
    try:
        return SamplingPlan(**given)
    except ValidationError as error:
        raise BadParameters("\n".join(f"{file.name}: {_line(detail)}" for detail in error.errors())) from None


def _line(detail: Any) -> str:
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in detail["loc"]) or "the plan"
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown; see the reference page of the sampling plan for the names"
    if detail["type"] == "missing":
        return f"{place}: missing; expected a value"
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{place}: found {detail['input']!r}; expected {expected}"[:300]
