"""Statistics and reports for crime data integrity audits."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Audit": "audit.model",
    "AuditProblems": "audit.problems",
    "CdiStatsError": "errors",
    "Change": "methods.comparison",
    "Findings": "findings.examine",
    "Interval": "methods.proportion",
    "Problem": "audit.problems",
    "Publication": "publishing.publication",
    "RateEstimate": "methods.survey",
    "Total": "methods.extrapolation",
    "check_audit": "audit.reading",
    "compare_findings": "findings.change",
    "compare_rates": "methods.comparison",
    "estimate_rate": "methods.survey",
    "estimate_rate_from_counts": "methods.survey",
    "examine": "findings.examine",
    "extrapolate_additional": "methods.extrapolation",
    "extrapolate_unrecorded": "methods.extrapolation",
    "open_report": "report.inspection",
    "proportion_interval": "methods.proportion",
    "publish": "publishing.publication",
    "published_figures": "findings.replication",
    "read_audit": "audit.reading",
    "replicate_published": "findings.replication",
    "sum_totals": "methods.extrapolation",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
