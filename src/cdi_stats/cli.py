"""The command line: each command is the library's verb of the same name, and nothing but wiring."""

from __future__ import annotations

import codecs
import json
import sys
import unicodedata
from pathlib import Path
from typing import Annotated, Any

import typer

from cdi_stats import __version__
from cdi_stats.errors import BadParameters, CdiStatsError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

AuditArgument = Annotated[
    str,
    typer.Argument(help="A bundled audit's name, a workbook (.xlsx, .xlsm or .ods), or a folder of CSV or Parquet."),
]
ReportedArgument = Annotated[
    str,
    typer.Argument(
        help="An audit: a bundled one's name, a workbook, or a folder of CSV or Parquet. For monitoring: a folder of "
        "audits, a list of them (.toml), or a bundled series' name."
    ),
]
PlanArgument = Annotated[Path, typer.Argument(help="A sampling plan (.toml), as cdi init writes one.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
LevelOption = Annotated[float, typer.Option("--confidence-level", help="Confidence level, a share such as 0.95.")]
MappingOption = Annotated[
    Path | None, typer.Option(help="A mapping of a force's own workbook; else one that lies beside the audit.")
]
OverridesOption = Annotated[
    Path | None, typer.Option(help="Problems that someone accepts; else the file that lies beside the audit.")
]
MethodOption = Annotated[
    str, typer.Option("--method", help="Interval: wilson, korn-graubard, logit, likelihood, arcsine or wald.")
]

OPTIONS = ("audit", "earlier", "out", "formats", "report", "template", "theme", "published", "manner")


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Crime data integrity audits: from the sampled records to a published report."""
    if version:
        typer.echo(__version__)
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="The folder to start in; it is made where it is not there.")],
    theirs: Annotated[
        Path | None, typer.Option("--from", help="A force's own workbook, to draft a mapping from.")
    ] = None,
) -> None:
    """Start an audit: a workbook, a worked example, plans, a theme, notebooks; or a mapping of your own workbook."""
    from cdi_stats.audit.project import start_project

    project = start_project(folder, theirs=theirs)
    for file in project.files:
        typer.echo(file)
    for line in project.unmatched:
        typer.echo(f"not matched: {line}", err=True)
    if theirs is None:
        from cdi_stats.lab.copies import NOTEBOOKS, lay_copies
        from cdi_stats.lab.start_page import START_PAGE

        lay_copies(folder)
        typer.echo(folder / NOTEBOOKS)
        typer.echo(folder / START_PAGE)


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(help="The folder of an audit, as cdi init makes one.")] = Path(),
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser; print the address only.")] = False,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The port on this machine; else the first free one from 8888 on."),
    ] = None,
) -> None:
    """Open JupyterLab on the folder of an audit, with notebooks to edit; no one else on the network can reach it."""
    from cdi_stats.lab.command import lab_command

    lab_command(folder, port=port, browser=not no_browser)


@app.command()
def plan(
    plan: PlanArgument,
    as_json: JsonOption = False,
    write: Annotated[bool, typer.Option("--write", help="Write the records of each stratum into the plan.")] = False,
) -> None:
    """Print how many records a sampling plan needs, what margins to expect, and the days that hold them."""
    from cdi_stats.audit.sampling import read_plan, write_sizes
    from cdi_stats.findings.sample_plan import plan_sample, plan_table

    found = plan_sample(read_plan(plan), base=plan.parent)
    _print_table(plan_table(found), None, as_json=as_json, as_csv=False)
    if write:
        write_sizes(plan, {stratum.stratum: stratum.records for stratum in found.strata})
        typer.echo(f"{plan}: the records of each stratum are written in", err=True)


@app.command()
def draw(
    plan: PlanArgument,
    out: Annotated[
        Path | None, typer.Option(help="The workbook to write; else beside the plan, under its name and -drawn.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw the sample of a plan, and write the workbook to fill in and the trail of the draw."""
    from cdi_stats.audit.drawn import write_drawn
    from cdi_stats.audit.sampling import read_plan
    from cdi_stats.audit.selection import draw_from_plan

    read = read_plan(plan)
    path = out or plan.with_name(f"{plan.stem}-drawn.xlsx")
    selection = draw_from_plan(read, base=plan.parent)
    trail = write_drawn(selection, read, path)
    if as_json:
        told = {"workbook": str(path), "trail": str(trail), "rows": dict(selection.trail["frame"])}
        told |= {"strata": selection.strata.to_dict("records")}
        typer.echo(json.dumps(told, indent=1, default=str))
        return
    _print_table(selection.strata, None, as_json=False, as_csv=False)
    for what, rows in selection.trail["frame"].items():
        typer.echo(f"{rows:,} rows: {what}")
    typer.echo(path)
    typer.echo(trail)


@app.command()
def check(
    audit: AuditArgument,
    as_json: JsonOption = False,
    mapping: MappingOption = None,
    overrides: OverridesOption = None,
    as_overrides: Annotated[
        bool, typer.Option("--as-overrides", help="Print blocks for an overrides file, to be given reasons.")
    ] = False,
) -> None:
    """Check an audit file and list every problem."""
    from cdi_stats.audit.overrides import as_override
    from cdi_stats.audit.problems import problem_lines, rules
    from cdi_stats.audit.reading import inspect_audit
    from cdi_stats.audit.remote import public

    found = inspect_audit(audit, mapping=mapping, overrides=overrides)
    errors = sum(problem.severity == "error" for problem in found.problems)
    if as_json:
        typer.echo(json.dumps([problem.to_json() for problem in found.problems], indent=1))
    elif as_overrides:
        typer.echo("\n\n".join(as_override(p) for p in found.problems if rules()[p.rule].acceptable))
    else:
        for line in problem_lines(found.problems):
            typer.echo(line)
        accepted = f", {len(found.accepted)} accepted" if found.accepted else ""
        typer.echo(f"{public(audit)}: {errors:,} to mend, {len(found.problems) - errors:,} to look at{accepted}")
    if errors:
        raise typer.Exit(2)


@app.command()
def estimate(
    audit: AuditArgument,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    confidence_level: LevelOption = 0.95,
    method: MethodOption = "wilson",
    mapping: MappingOption = None,
    overrides: OverridesOption = None,
) -> None:
    """Print every measure of an audit with its interval."""
    from cdi_stats.audit.reading import read_audit
    from cdi_stats.findings.examine import examine

    read = read_audit(audit, mapping=mapping, overrides=overrides)
    findings = examine(read, confidence_level=confidence_level, method=method)
    _print_table(findings.table, ESTIMATE_COLUMNS, as_json=as_json, as_csv=as_csv)


@app.command()
def report(
    report: Annotated[
        str,
        typer.Argument(
            help="The report: inspection, reinspection, board_paper, monitoring, benchmark, sample_plan, data_quality "
            "or methods; or your own notebook of one (.ipynb)."
        ),
    ],
    audit: ReportedArgument,
    earlier: Annotated[str | None, typer.Option(help="The audit to compare with; none for no comparison.")] = None,
    out: Annotated[str, typer.Option(help="The folder to publish under, or its URL.")] = "reports",
    formats: Annotated[
        str, typer.Option("--format", help="Formats, separated by commas: html, pdf, docx, tables.")
    ] = "html,pdf",
    template: Annotated[
        Path | None, typer.Option(help="A Word file whose styles, header and footer the docx takes.")
    ] = None,
    published: Annotated[
        list[Path] | None,
        typer.Option(help="The folder of a report that is out already; small numbers are held to it."),
    ] = None,
    theme: Annotated[
        str | None, typer.Option(help="A house style: a theme's file, its folder, or a bundled one's name.")
    ] = None,
    parameters: Annotated[
        list[str] | None, typer.Option("-p", help="A parameter of the report, as name=value.")
    ] = None,
) -> None:
    """Publish a report, whole or not at all, and print where it is."""
    from cdi_stats.publishing.kernels import preload

    wanted = [name.strip() for name in formats.split(",") if name.strip()]
    given: dict[str, Any] = _pairs(parameters or [])
    preload()
    from cdi_stats.publishing.publication import Manner, publish

    given |= {"earlier": earlier, "template": template, "theme": theme, "published": published or ()}
    typer.echo(publish(report, audit, out=out, formats=wanted, manner=Manner(fork=True), **given))


@app.command()
def batch(
    plan: Annotated[Path, typer.Argument(help="A batch plan (.toml): audits by reports by parameters.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Reports made at a time; else one more than there are processors.")
    ] = None,
    stop_at_first: Annotated[bool, typer.Option("--stop-at-first", help="Stop when a report has failed.")] = False,
    dask: Annotated[
        str, typer.Option(help="A Dask scheduler whose workers make the reports, such as tcp://host:8786; or local.")
    ] = "",
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Run as the plan's schedule says: one at a time, logged, failures told.")
    ] = False,
    as_json: JsonOption = False,
    ledger: Annotated[bool, typer.Option("--ledger", help="Print every run so far, and make nothing.")] = False,
) -> None:
    """Publish every report of a plan that is out of date, several at a time, and keep a ledger of every run."""
    from cdi_stats.publishing.kernels import keep_one_thread

    # before anything is imported that would start a thread
    keep_one_thread()
    from cdi_stats.batch.command import batch_command, ledger_command, scheduled_command

    if ledger:
        ledger_command(plan, as_json=as_json)
    elif scheduled:
        raise typer.Exit(scheduled_command(plan, workers=workers))
    elif batch_command(plan, workers=workers, stop_at_first=stop_at_first, dask=dask, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def schedule(
    plan: Annotated[Path, typer.Argument(help="A batch plan (.toml) with a [schedule].")],
    kind: Annotated[str, typer.Option("--for", help="The scheduler: cron, systemd, windows or airflow.")] = "cron",
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path(),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what is not as the plan asks.")] = False,
) -> None:
    """Write what a scheduler needs to run a batch plan, or check that it has it."""
    from cdi_stats.batch.command import schedule_command

    if schedule_command(plan, kind=kind, out=out, check=check):
        raise typer.Exit(1)


@app.command()
def compare(
    audit: AuditArgument,
    earlier: Annotated[str, typer.Argument(help="The earlier audit.")],
    as_json: JsonOption = False,
    confidence_level: LevelOption = 0.95,
    method: MethodOption = "wilson",
) -> None:
    """Print the change of every rate that two audits share."""
    from cdi_stats.audit.reading import read_audit
    from cdi_stats.findings.change import compare_findings
    from cdi_stats.findings.examine import examine

    later, before = (
        examine(read_audit(name), confidence_level=confidence_level, method=method) for name in (audit, earlier)
    )
    comparison = compare_findings(later, before)
    for caution in comparison.cautions:
        typer.echo(f"warning: {caution}", err=True)
    _print_table(comparison.table, None, as_json=as_json, as_csv=False)


@app.command()
def replicate(as_json: JsonOption = False) -> None:
    """Recompute the published figures and set each beside the printed one."""
    from cdi_stats.findings.replication import replicate_published

    table = replicate_published()
    _print_table(table, None, as_json=as_json, as_csv=False)
    failed = table[~table["matches"] & table["expected"]]
    if not failed.empty:
        typer.echo(f"{len(failed)} published figures are not matched", err=True)
        raise typer.Exit(1)


COUNTS = ("records", "reported", "recorded")
ESTIMATE_COLUMNS = [
    *("measure", "domain", "stratum", "records", "reported", "recorded", "rate", "low", "high"),
    *("design_effect", "unrecorded_per_year", "unrecorded_low", "unrecorded_high", "weighting"),
]


LEGIBLE = "cdi-legible"
STAND_INS = {"−": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "≥": ">=", "≤": "<="}


def _legible(error: UnicodeError) -> tuple[str, int]:
    """Stand in for what a console's code page lacks: plain signs, letters without accents, else a question mark."""
    assert isinstance(error, UnicodeEncodeError)
    lost = error.object[error.start : error.end]
    plain = (STAND_INS.get(letter) or unicodedata.normalize("NFKD", letter)[0] for letter in lost)
    return "".join(letter if letter.isascii() else "?" for letter in plain), error.end


codecs.register_error(LEGIBLE, _legible)


def main() -> None:
    """Run the command line: 0 done, 1 a report failed, 2 bad input or parameters."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=LEGIBLE)
    try:
        app(prog_name="cdi")
    except CdiStatsError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(
            f"{error.filename or 'the output'}: cannot be used ({error.strerror or error}); "
            "expected a place that can be read and written, with room. To mend: free space, or change its permissions",
            err=True,
        )
        sys.exit(1)


def _pairs(given: list[str]) -> dict[str, str]:
    """Return name=value options as a dict; what has an option or argument of its own is refused."""
    pairs = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise BadParameters(f"-p: found {pair!r}; expected name=value, such as confidence_level=0.9")
        if name.strip() in OPTIONS:
            raise BadParameters(f"-p: found {name.strip()!r}; expected it as an argument or option of its own")
        pairs[name.strip()] = value.strip()
    return pairs


def _print_table(table: Any, columns: list[str] | None, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        counted = [name for name in COUNTS if name in table]
        table = table.astype(dict.fromkeys(counted, "Int64"))
        typer.echo(table.to_json(orient="records", indent=1, double_precision=15))
    elif as_csv:
        from cdi_stats.publishing.tables.csv_files import unrun

        table = table.map(lambda cell: unrun(cell) if isinstance(cell, str) else cell)
        typer.echo(table.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        shown = table if columns is None else table[columns]
        typer.echo(_blanked(shown).to_string(index=False, na_rep="", float_format=_number))


def _blanked(table: Any) -> Any:
    """Return a table with blanks where nothing is known: pandas has them for columns of floats alone."""
    gaps = [name for name in table if table[name].isna().any() and table[name].dtype != "float64"]
    return table.assign(**{name: table[name].astype("object").where(table[name].notna(), "") for name in gaps})


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
