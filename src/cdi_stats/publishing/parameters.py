"""The typed parameters of each report; anything unknown or ill-typed is refused before a kernel starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from cdi_stats.audit.sampling import PLAN_ENDING
from cdi_stats.errors import BadParameters, did_you_mean
from cdi_stats.findings.withheld import read_rules


class Parameters(BaseModel):
    """What every report takes: `audit` is a bundled name, a workbook or a folder.

    `disclosure` says how small numbers are protected: a preset, or words such as "threshold=10, rounding=5,
    numerators=yes"; blank is what the audit says.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    audit: Annotated[str, Field(min_length=1)]
    disclosure: str = ""

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_written(cls, given: Any) -> Any:
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise ValueError("text that can be written in UTF-8")
        return given

    @field_validator("disclosure")
    @classmethod
    def _known_rules(cls, text: str) -> str:
        try:
            read_rules(text or "standard")
        except BadParameters as error:
            raise ValueError(str(error).partition("; expected ")[2]) from None
        return text


class InspectionParameters(Parameters):
    """What an inspection report takes: `earlier` is an audit to compare with, or "none".

    `show_records` prints the records' own numbers instead of their aliases.
    """

    earlier: str = ""
    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    method: Literal["wilson", "korn-graubard", "logit", "likelihood", "arcsine", "wald"] = "wilson"
    degrees_of_freedom: Literal["kurtosis", "design"] = "kurtosis"
    overall: Literal["", "pooled", "weighted"] = ""
    show_records: bool = False


class BoardPaperParameters(InspectionParameters):
    """What a board paper takes beside: whom it is to and from, and the decision asked for; blank as the audit says."""

    to: str = ""
    sender: str = ""
    decision: str = ""


class DataQualityParameters(Parameters):
    """What the data quality report takes: `show_cells` prints what cells hold, `show_records` the records' own ids."""

    show_cells: bool = False
    show_records: bool = False


class SamplePlanParameters(Parameters):
    """What the sample plan takes: `audit` is a sampling plan in TOML, or an audit taken as a pilot of the next.

    `margin_of_error` (a share) and `confidence_level` are for an audit; a sampling plan states its own.
    """

    margin_of_error: Annotated[float, Field(gt=0, lt=0.5)] = 0.03
    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95

    @field_validator("margin_of_error", "confidence_level")
    @classmethod
    def _of_an_audit(cls, value: float, told: ValidationInfo) -> float:
        name = str(told.field_name)
        if str(told.data.get("audit", "")).lower().endswith(PLAN_ENDING) and value != cls.model_fields[name].default:
            raise ValueError(f"none with a sampling plan, which states its own. To mend: write {name} in the plan")
        return value


class MethodsParameters(Parameters):
    """What the methods report takes: `coverage` is the size of the simulation, `standard` a rate to be exceeded."""

    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    standard: Annotated[float, Field(gt=0, lt=1)] = 0.8
    replicates: Annotated[int, Field(ge=100, le=100_000)] = 2000
    coverage: Literal["small", "full"] = "small"
    seed: Annotated[int, Field(ge=0)] = 1


class MonitoringParameters(Parameters):
    """What the monitoring report takes: `audit` is a folder of audits, a list of them in TOML, or a bundled series.

    `groups` says whose names are printed; `known_causes` names audits, by commas, that do not set control limits;
    `largest_record` is the most crimes that a record can hold, declared before the first look.
    """

    confidence_level: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    overall: Literal["", "pooled", "weighted"] = ""
    groups: Literal["both", "district", "team", "none"] = "both"
    known_causes: str = ""
    largest_record: Annotated[int, Field(ge=1, le=1000)] = 20


class BenchmarkParameters(Parameters):
    """What the benchmark takes: the audit, whose force is set among published results."""


REPORTS: dict[str, type[Parameters]] = {
    "board_paper": BoardPaperParameters,
    "inspection": InspectionParameters,
    "reinspection": InspectionParameters,
    "methods": MethodsParameters,
    "data_quality": DataQualityParameters,
    "sample_plan": SamplePlanParameters,
    "monitoring": MonitoringParameters,
    "benchmark": BenchmarkParameters,
}


def check_parameters(report: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report's parameters, typed and complete.

    Raises BadParameters with a line for each parameter that is unknown (naming the nearest), missing or ill-typed.
    """
    if report not in REPORTS:
        raise BadParameters(
            f"report: found {report!r}; expected one of {', '.join(REPORTS)}{did_you_mean(report, REPORTS)}"
        )
    model = REPORTS[report]
    try:
        return model(**given).model_dump()
    except ValidationError as error:
        raise BadParameters("\n".join(_line(model, detail) for detail in error.errors())) from None


def _line(model: type[Parameters], detail: Any) -> str:
    name = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = model.model_fields
        return f"parameter {name}: unknown; expected one of {', '.join(known)}{did_you_mean(name, known)}"
    if detail["type"] == "missing":
        return f"parameter {name}: missing; expected a value"
    said = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    expected = said.rpartition("; expected ")[2]
    return f"parameter {name}: found {detail['input']!r}; expected {expected}"
