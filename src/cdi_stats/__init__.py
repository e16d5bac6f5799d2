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
    "Interval": "methods.interval",
    "PlannedStratum": "methods.allocation",
    "Problem": "audit.problems",
    "Publication": "publishing.publication",
    "RateEstimate": "methods.survey",
    "SampleSize": "methods.planning",
    "SamplingPlan": "audit.sampling",
    "Selection": "audit.selection",
    "Series": "audit.series",
    "Total": "methods.extrapolation",
    "allocate_sample": "methods.allocation",
    "annual_volume": "methods.extrapolation",
    "assurance": "methods.planning",
    "auditor_agreement": "methods.agreement",
    "bootstrap_rate": "methods.resampling",
    "check_audit": "audit.reading",
    "compare_findings": "findings.change",
    "compare_rates": "methods.comparison",
    "confidence_sequence": "methods.sequential",
    "correct_for_auditor_error": "methods.agreement",
    "discovery_size": "methods.planning",
    "draw_sample": "audit.selection",
    "estimate_domain_rates": "methods.domains",
    "estimate_rate": "methods.survey",
    "estimate_rate_from_counts": "methods.survey",
    "estimate_ratio": "methods.linear",
    "estimate_total": "methods.linear",
    "examine": "findings.examine",
    "examine_benchmark": "findings.benchmark",
    "examine_series": "findings.series",
    "expected_margin": "methods.planning",
    "explore": "lab.controls",
    "extrapolate_additional": "methods.extrapolation",
    "extrapolate_unrecorded": "methods.extrapolation",
    "funnel": "methods.monitoring",
    "jackknife_error": "methods.influence",
    "measure_influence": "methods.influence",
    "on_cluster": "batch.cluster",
    "open_benchmark": "report.benchmark",
    "open_board_paper": "report.board_paper",
    "open_data_quality": "report.data_quality",
    "open_frame": "audit.frame",
    "open_methods": "report.methods_report",
    "open_monitoring": "report.monitoring",
    "open_report": "report.inspection",
    "open_sample_plan": "report.sample_plan",
    "p_prime_chart": "methods.monitoring",
    "pilot_design": "methods.pilot",
    "plan_from_pilot": "methods.pilot",
    "plan_sample": "findings.sample_plan",
    "plan_strata_from_pilot": "methods.allocation",
    "planned_against_achieved": "methods.reconciliation",
    "pool_rates": "methods.pooling",
    "proportion_interval": "methods.proportion",
    "publish": "publishing.publication",
    "published_figures": "findings.replication",
    "rao_scott_test": "methods.domains",
    "read_audit": "audit.reading",
    "read_plan": "audit.sampling",
    "read_series": "audit.series",
    "reconcile_margin": "methods.reconciliation",
    "replicate_published": "findings.replication",
    "sample_size": "methods.planning",
    "sample_size_for_assurance": "methods.planning",
    "show_view": "report.view",
    "simulate_coverage": "methods.coverage",
    "stratified_rate": "methods.stratified",
    "sum_totals": "methods.extrapolation",
    "write_template": "audit.template",
    "write_workbook": "audit.template",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
