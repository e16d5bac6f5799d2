"""What a batch is to publish: audits by reports by parameters, as one TOML file says it."""

from __future__ import annotations

import csv
import glob
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdi_stats.audit.beside import read_toml
from cdi_stats.audit.files import is_audit_file
from cdi_stats.audit.reading import audit_id, bundled_audits
from cdi_stats.audit.remote import at_home, check_driver, is_file_name, is_url, matching, placed, public
from cdi_stats.audit.series import NOT_AUDITS, WORKBOOKS, bundled_series
from cdi_stats.batch.schedule import Schedule, read_schedule
from cdi_stats.errors import BadParameters, CdiStatsError, UnreadableAudit, did_you_mean
from cdi_stats.file_names import is_portable
from cdi_stats.publishing.formats import WRITERS
from cdi_stats.publishing.parameters import REPORTS, check_parameters
from cdi_stats.publishing.sources import locate_reported
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.publishing.theme.reading import read_theme

LEDGER_FOLDER = "batch"
MOST_REPORTS = 100_000  # of an audit in one entry
KINDS = {
    "report": "a report's name, or a list of them",
    "parameters": "a number, a text, true or false, or a list of them",
}
Value = bool | int | float | str


class ReportEntry(BaseModel):
    """One `[[report]]`: a report, or several, of some audits with some parameters.

    A parameter with a list makes one report for each of its values. A `table` has one row a report: its columns are
    audit, name and the report's parameters.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: str | Annotated[list[str], Field(min_length=1)]
    audits: list[str] = []
    table: str = ""
    formats: Annotated[list[str], Field(min_length=1)] = ["html", "pdf"]
    template: str = ""
    name: str = ""
    parameters: dict[str, Value | Annotated[list[Value], Field(min_length=1)]] = {}


class BatchFile(BaseModel):
    """The whole plan: `out` is the folder to publish under, or its URL.

    `time_limit` is the seconds that a report may take, `memory_limit` the megabytes that each of its processes may.

    `theme` is the house style of all its reports, as `cdi report` takes it; `schedule` says when it runs by itself, as
    batch.schedule describes it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Annotated[str, Field(min_length=1)] = "reports"
    time_limit: Annotated[int, Field(ge=1, le=604_800)] = 600
    memory_limit: Annotated[int, Field(ge=500, le=4_000_000)] = 3000
    theme: str = ""
    report: Annotated[list[ReportEntry], Field(min_length=1)]
    schedule: dict[str, Any] = {}


@dataclass(frozen=True)
class Job:
    """One report to publish: `audit` is a bundled name, an absolute path or a URL; `place` is where it was asked for.

    `origins` are the URLs of folders of fetched copies, where a copy stands in place of a URL.
    """

    report: str
    audit: str = field(repr=False)
    audit_id: str
    name: str
    formats: tuple[str, ...]
    template: str
    theme: str
    parameters: Mapping[str, Any] = field(repr=False)
    place: str = field(compare=False)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def target(self) -> str:
        """Return its folder beneath the reports folder."""
        return f"{self.audit_id}/{self.name}"

    @property
    def told(self) -> tuple[str, dict[str, Any]]:
        """Return its audit and parameters as they may be written down."""
        return public(self.audit), {
            name: public(value) if isinstance(value, str) else value for name, value in self.parameters.items()
        }


class Limits(NamedTuple):
    """What a report may take before it is stopped: seconds, and megabytes of memory for each of its processes."""

    seconds: int
    megabytes: int


@dataclass(frozen=True)
class BatchPlan:
    """A plan read and checked: every report that it asks for, in order.

    `out` is the folder of the reports, or where these go to a `url` of the ledger and the summary alone.
    """

    path: Path
    out: Path
    limits: Limits
    jobs: tuple[Job, ...]
    theme: Theme = PLAIN
    schedule: Schedule | None = None
    url: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Row:
    """What one report is asked to be made of, before it is checked."""

    place: str
    audit: str
    name: str
    given: Mapping[str, Any]
    given_at: str


def read_batch_plan(path: str | Path) -> BatchPlan:
    """Return the plan in a TOML file; paths in it are as seen from that file.

    Raises BadParameters with one line a problem, of which all are told at once.
    """
    file = Path(path)
    given = read_toml(file, "a batch plan")
    try:
        plan = BatchFile(**given)
    except ValidationError as error:
        raise BadParameters("\n".join(f"{file.name}: {line}" for line in _misshapen(error))) from None
    base = file.resolve().parent
    jobs: list[Job] = []
    schedule, problems = read_schedule(plan.schedule)
    theme = _placed(base, plan.theme)
    house, wrong = _theme(theme)
    problems += wrong
    for place, entry in enumerate(plan.report, start=1):
        made = list(_jobs(entry, f"report {place}", base, theme))
        jobs += [job for job in made if isinstance(job, Job)]
        problems += [line for problem in made if isinstance(problem, str) for line in problem.splitlines()]
    problems += _clashes(jobs)
    out, url, wrong = _out(base, file, plan.out)
    problems += wrong
    if problems:
        raise BadParameters("\n".join(f"{file.name}: {problem}" for problem in dict.fromkeys(problems)))
    return BatchPlan(file, out, Limits(plan.time_limit, plan.memory_limit), tuple(jobs), house, schedule, url)


def _out(base: Path, file: Path, given: str) -> tuple[Path, str, list[str]]:
    """Return the folder of a plan's ledger, the URL of its reports if they go to one, and a line if that is wrong."""
    out = at_home(given)
    if not is_url(out):
        return base / out, "", []
    try:
        check_driver(out)
    except BadParameters as error:
        return base, "", [f"out: {error}"]
    return base / f"{file.stem}-ledger", out, []


def _theme(given: str) -> tuple[Theme, list[str]]:
    """Return a plan's house style, and a line for each thing in it that is wrong."""
    try:
        return read_theme(given) if given else PLAIN, []
    except BadParameters as error:
        return PLAIN, [f"theme: {line}" for line in str(error).splitlines()]


def _jobs(entry: ReportEntry, place: str, base: Path, theme: str) -> Iterator[Job | str]:
    """Yield the reports of an entry, and a line for each thing in it that is wrong."""
    reports = [entry.report] if isinstance(entry.report, str) else entry.report
    unknown = [name for name in reports if name not in REPORTS]
    yield from (f"{place}, report: found {name!r}; {_expected(name, REPORTS)}" for name in unknown)
    wrong = [name for name in entry.formats if name not in WRITERS]
    yield from (f"{place}, formats: found {name!r}; {_expected(name, WRITERS)}" for name in wrong)
    yield from _wrong_template(entry, place, base)
    if bool(entry.audits) == bool(entry.table):
        yield f"{place}: found {'both' if entry.table else 'neither'} audits and table; expected one of them"
        return
    rows = list(_table_rows(entry, place, base) if entry.table else _audit_rows(entry, place, base))
    yield from (row for row in rows if isinstance(row, str))
    for row, report in product(rows, [name for name in reports if name in REPORTS]):
        if isinstance(row, _Row):
            yield _job(entry, row, report, base, theme)


def _wrong_template(entry: ReportEntry, place: str, base: Path) -> Iterator[str]:
    if entry.template and "docx" not in entry.formats:
        yield f"{place}, template: given without the format docx; expected docx among the formats"
    elif entry.template and not (base / entry.template).is_file():
        near = _near_file(base, entry.template)
        yield f"{place}, template: found no file {entry.template!r}; expected a Word file{near}"


def _audit_rows(entry: ReportEntry, place: str, base: Path) -> Iterator[_Row | str]:
    """Yield a row for each audit and each combination of parameters."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in entry.parameters.items()}
    varied = [name for name, values in lists.items() if len(values) > 1]
    if (wanted := prod(map(len, lists.values()))) > MOST_REPORTS:
        yield f"{place}, parameters: found {wanted:,} combinations; expected {MOST_REPORTS:,} at most"
        return
    for number, pattern in enumerate(entry.audits, start=1):
        where = f"{place}, audits {number}"
        try:
            found = _matching(base, at_home(pattern))
        except UnreadableAudit as error:
            yield f"{where}: {error}"
            continue
        if not found:
            yield f"{where}: found no audit at {public(pattern)!r}; expected workbooks or folders of tables"
        for audit, values in product(found, product(*lists.values())):
            given = dict(zip(lists, values, strict=True))
            ending = "".join(f"-{name}-{given[name]}" for name in varied)
            yield _Row(where, audit, entry.name or f"{{report}}{ending}", given, f"{place}, parameters")


def _matching(base: Path, pattern: str) -> list[str]:
    """Return the audits that a pattern finds; any other name as it is, and a URL if it is there."""
    if is_url(pattern):
        return [url for url in matching(pattern) if not placed(url).name.startswith(NOT_AUDITS)]
    if not glob.has_magic(pattern) or (base / pattern).exists():
        return [pattern]
    found = (Path(path) for path in sorted(glob.glob(str(base / pattern), recursive=True)))  # noqa: PTH207
    return [str(path) for path in found if _is_audit(path)]


def _is_audit(path: Path) -> bool:
    book = path.suffix.lower() in WORKBOOKS
    return not path.name.startswith(NOT_AUDITS) and (book or path.is_dir()) and is_audit_file(path)


def _table_rows(entry: ReportEntry, place: str, base: Path) -> Iterator[_Row | str]:
    """Yield a row for each line of a table; its cells go before the plan's parameters, and blank ones are not given."""
    listed = [name for name, value in entry.parameters.items() if isinstance(value, list)]
    yield from (f"{place}, parameters, {name}: found a list beside a table; expected one value" for name in listed)
    try:
        text = (base / entry.table).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why, near = getattr(error, "strerror", None) or "is not UTF-8", _near_file(base, entry.table)
        yield f"{place}, table: {entry.table}: cannot be read ({why}); expected a CSV file{near}"
        return
    header = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if ";" in header and "," not in header else ",")
    if "audit" not in (reader.fieldnames or []):
        yield f"{place}, table: {entry.table}: found no column audit among {header!r}; expected one"
        return
    for cells in reader:
        given = {key: value.strip() for key, value in cells.items() if key and value and value.strip()}
        where = f"{place}, {entry.table} line {reader.line_num}"
        audit, name = given.pop("audit", ""), given.pop("name", entry.name)
        row = _Row(where, audit, name or "{report}", entry.parameters | given, where)
        yield row if audit else f"{where}: found no audit; expected one"


def _job(entry: ReportEntry, row: _Row, report: str, base: Path, theme: str) -> Job | str:
    """Return the report that a row asks for, or what is wrong with the row."""
    shipped = [*bundled_audits(), *bundled_series()]
    given = {name: _placed(base, at_home(value)) if name == "earlier" else value for name, value in row.given.items()}
    audit = at_home(row.audit)
    if not is_url(audit):
        audit = _placed(base, audit) if audit in shipped else str(base / audit)
    try:
        filed = _filed(report, audit)
        checked = check_parameters(report, given | {"audit": audit})
    except UnreadableAudit:
        near = _near_file(base, row.audit, shipped)
        return f"{row.place}: found no audit {row.audit!r}; expected a file, a folder or a bundled audit{near}"
    except CdiStatsError as error:
        return "\n".join(f"{row.given_at}, {report}: {line}" for line in str(error).splitlines())
    parameters = {name: value for name, value in checked.items() if name != "audit"}
    name = _name(row.name, {"report": report} | parameters)
    if not is_portable(name):
        return (
            f"{row.place}, name: found {name!r}; expected up to 100 letters, digits, full stops, hyphens, "
            "underscores, no full stop last, and no device of Windows such as NUL"
        )
    template = str(base / entry.template) if entry.template else ""
    formats = tuple(dict.fromkeys(entry.formats))
    return Job(report, audit, filed, name, formats, template, theme, parameters, row.place)


def _filed(report: str, audit: str) -> str:
    """Return the name that a report's audit is filed under. Raises UnreadableAudit where there is none here."""
    if is_url(audit):
        path = placed(audit)
        return audit_id(path, is_file=is_file_name(path))
    return audit_id(locate_reported(report, audit))


def _placed(base: Path, name: Any) -> Any:
    """Return a name as a path if that is what it is to the plan's folder."""
    if is_url(name):
        return name
    return str(base / name) if isinstance(name, str) and name and (base / name).exists() else name


def _name(pattern: str, known: Mapping[str, Any]) -> str:
    """Return a report's name: the pattern with {report} and each {parameter} in it filled in."""
    filled = re.sub(r"\{(\w+)\}", lambda part: str(known.get(part[1], part[0])), pattern)
    return re.sub(r"[ ,/]+", "-", filled)


def _clashes(jobs: Iterable[Job]) -> list[str]:
    """Return a line for each folder that several reports would be published to."""
    # Windows takes two names that differ in case alone for one
    places = Counter(job.target.lower() for job in jobs)
    return [
        f"{' and '.join(job.place for job in jobs if job.target.lower() == target)}: found {number} reports for the "
        f'folder {target}; expected one. To mend: give them names of their own, such as name = "{{report}}-{{method}}"'
        for target, number in places.items()
        if number > 1
    ]


def _misshapen(error: ValidationError) -> list[str]:
    """Return a line for each thing wrong with the shape of a plan, where it may be one of several kinds only one."""
    lines = {_place(detail["loc"]): _line(detail) for detail in reversed(error.errors())}
    return [f"{place}: {line}" for place, line in reversed(lines.items())]


def _place(loc: Sequence[Any]) -> str:
    """Return where something stands in a plan, without the kinds that it might have been: report 1, audits 2."""
    deepest = 3 if "report" in loc[2:3] else 4
    words = [f" {part + 1}" if isinstance(part, int) else f", {part}" for part in loc[:deepest]]
    return "".join(words).removeprefix(", ") or "the plan"


def _line(detail: Any) -> str:
    loc, found = detail["loc"], detail["input"]
    if detail["type"] == "extra_forbidden":
        model = ReportEntry if len(loc) > 1 else BatchFile
        return f"unknown; {_expected(str(loc[-1]), model.model_fields)}"
    if detail["type"] == "missing":
        return "missing; expected a value"
    expected = next((words for part, words in KINDS.items() if part in loc[2:3]), detail["msg"])
    return f"found {found!r}; expected {expected.removeprefix('Input should be ')}"[:300]


def _expected(found: str, names: Iterable[str]) -> str:
    return f"expected one of {', '.join(names)}{did_you_mean(found, names)}"


def _near_file(base: Path, name: str, others: Sequence[str] = ()) -> str:
    folder = (base / name).parent
    beside = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return did_you_mean(Path(name).name, [*others, *beside])
