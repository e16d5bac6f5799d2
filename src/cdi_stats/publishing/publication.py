"""Publish whole or not at all: stage, verify, rename into place; then renew the index."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from cdi_stats.audit.reading import NO_EARLIER, locate_audit
from cdi_stats.audit.remote import Copies, at_home, check_driver, is_url, joined, origin, public
from cdi_stats.errors import BadParameters, ReportFailed
from cdi_stats.publishing.document import Document, protect_notebook, read_document
from cdi_stats.publishing.execution import TIME_LIMIT, notebook_path, portable_parameters, run_notebook
from cdi_stats.publishing.formats import WRITERS, Look, Template
from cdi_stats.publishing.index import write_index
from cdi_stats.publishing.json_files import write_json, write_notebook
from cdi_stats.publishing.own_notebook import ENDING, read_own, written_in
from cdi_stats.publishing.parameters import check_parameters
from cdi_stats.publishing.published import check_published, published_beside, read_published
from cdi_stats.publishing.remote import published_there, put_index, put_up
from cdi_stats.publishing.sources import Input, Sources, file_digest, portable, read_sources
from cdi_stats.publishing.staging import locked, staging, unwritable
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.publishing.theme.reading import read_theme
from cdi_stats.report.blocks import Json, figures, without_data
from cdi_stats.report.narrative import span_of_days
from cdi_stats.showing import Grid, Shown, counted

STACK = ("cdi-stats", "numpy", "scipy", "pandas", "statsmodels", "matplotlib", "papermill", "nbconvert", "typst",
         "python-docx", "xlsxwriter", "odfdo")  # fmt: skip
MADE_TO_MEND = ("data_quality",)


@dataclass(frozen=True)
class Manner:
    """How a report is made, whatever it holds.

    `name` is its folder beneath its audit's, else the report's own name; `time_limit` the seconds a cell may take; with
    `fork` the kernel is a fork of this process, where that is safe; `index` says whether the index is renewed; `step`
    is told what is being done; `origins` are the URLs of folders of fetched copies, `url` where the reports folder will
    be put up.
    """

    name: str = ""
    time_limit: int = TIME_LIMIT
    fork: bool = False
    index: bool = True
    step: Callable[[str], None] = lambda _: None
    origins: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, repr=False)
class Publication(Shown):
    """A published report: its folder, the file (or folder of files) of each format, and its figures by key.

    `digests` are the SHA-256 of all its files by their paths in it. What is at a URL is told by that.
    """

    report: str
    audit: str
    folder: Path | str
    files: Mapping[str, Path | str]
    figures: Mapping[str, Json]
    inputs: tuple[Input, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "\n".join(str(path) for path in self.files.values())

    def _grid(self) -> Grid:
        rows = [(name, str(path)) for name, path in self.files.items()]
        return Grid(
            rows,
            ("Format", "File"),
            caption=f"{self.report} of {self.audit}, with {counted(len(self.figures), 'figure')}",
        )


def publish(
    report: str | Path,
    audit: str | Path,
    *,
    out: str | Path = "reports",
    formats: Iterable[str] = ("html", "pdf"),
    earlier: str | Path | None = None,
    template: str | Path | None = None,
    theme: str | Path | None = None,
    published: Iterable[str | Path] = (),
    manner: Manner = Manner(),
    **parameters: Any,
) -> Publication:
    """Run a report's notebook on an audit, publish it whole or not at all, and return the Publication.

    It lies under `out/AUDIT/REPORT/`. `audit`, `earlier` and `out` may be URLs: audits are fetched, and the report,
    published here, is put up there.

    `report` is a report's name, or the path of an analyst's own notebook of one (.ipynb), which is run as any
    program; what its own cell of parameters says holds unless given here.
    `formats` are some of "html", "pdf", "docx" and "tables"; `earlier` and `parameters` as the report takes them;
    `template` is a Word file whose styles, header and footer the docx takes; `theme` a house style, by its file, its
    folder or a bundled one's name; `published` are folders of reports that are out already, which this one must not
    tell more with than by itself; `manner` is how the report is made. Raises BadParameters, UnreadableAudit or
    AuditProblems before anything starts, ReportFailed when the notebook or its verification fails; an earlier
    publication then stays as it was. The data quality report is made of an audit with errors too.
    """
    own = read_own(Path(report)) if Path(report).suffix == ENDING else None
    report, edited = (own.report, own.path) if own else (str(report), None)
    wanted = list(dict.fromkeys(formats))
    unknown = [name for name in wanted if name not in WRITERS]
    if unknown or not wanted:
        raise BadParameters(f"format: found {', '.join(unknown) or 'none'}; expected some of {', '.join(WRITERS)}")
    with Copies() as copies:
        given = dict(own.parameters if own else {}) | parameters
        given |= {} if earlier is None else {"earlier": str(copies.local(earlier))}
        checked = check_parameters(report, given | {"audit": str(copies.local(audit))})
        manner = replace(manner, origins={**manner.origins, **copies.origins})
        look = Look(PLAIN if theme is None else read_theme(theme), _read_template(template, wanted))
        known = [read_published(other) | {"replaced": False} for other in published]
        place = at_home(out)
        if is_url(place):
            return _publish_there(report, edited, checked, place, wanted, look, manner, known)
        made = _publish_here(report, edited, checked, Path(place), wanted, look, manner, known)
    if manner.index:
        renew_index(Path(place), look.theme)
    return made


def _publish_there(
    report: str,
    own: Path | None,
    checked: dict[str, Any],
    url: str,
    wanted: list[str],
    look: Look,
    manner: Manner,
    known: Iterable[Json],
) -> Publication:
    """Publish a report in a folder that ends with this, put it up, and return it as it is there."""
    check_driver(url)
    with tempfile.TemporaryDirectory(prefix="cdi-out-") as name:
        made = _publish_here(report, own, checked, Path(name), wanted, look, replace(manner, url=url), known)
        folder = joined(url, made.audit, manner.name or report)
        manner.step("putting it up")
        put_up(Path(made.folder), folder)
    if manner.index:
        put_index(url, look.theme)
    files = {form: public(joined(folder, WRITERS[form].target(report))) for form in wanted}
    return replace(made, folder=public(folder), files=files)


def _publish_here(
    report: str,
    own: Path | None,
    checked: dict[str, Any],
    out: Path,
    wanted: list[str],
    look: Look,
    manner: Manner,
    known: Iterable[Json],
) -> Publication:
    manner.step("reading the audit")
    sources = read_sources(report, checked)._replace(notebook=own)
    beside = locate_audit(checked["audit"]).parent if checked.get("earlier", "") not in ("", NO_EARLIER) else None
    checked = checked | {"audit": portable(report, checked["audit"])}
    if beside:
        checked["earlier"] = portable(report, checked["earlier"], beside)
    folder = out / sources.id / (manner.name or report)
    try:
        with staging(folder) as stage:
            shown = _write(
                report, checked, sources, wanted, look, manner, stage, chain(known, _out_already(folder, manner.url))
            )
    except OSError as error:
        raise ReportFailed(f"{unwritable(folder, error)}. Nothing was published") from error
    files = {name: folder / WRITERS[name].target(report) for name in wanted}
    return Publication(report, sources.id, folder, files, shown, sources.inputs, _digests(folder))


def _out_already(folder: Path, url: str) -> Iterator[Json]:
    """Yield the reports on the same audit that are out already; a store is asked when the notebook has run.

    A report that the audit is mended by may follow its own predecessor, however few the rows mended.
    Reaching for it starts a thread, after which no kernel can be forked.
    """
    told = published_there(url, folder.parent.name, folder.name) if url else published_beside(folder)
    for other in told:
        replaced = Path(other["folder"]).name == folder.name
        if not (replaced and other["report"] in MADE_TO_MEND):
            yield other | {"replaced": replaced}


def _read_template(template: str | Path | None, formats: Iterable[str]) -> Template | None:
    """Read the template of a Word file, so that anything wrong with it is said before a kernel starts."""
    if template is None:
        return None
    if "docx" not in formats:
        raise BadParameters("template: given without the format docx; expected docx among the formats (--format)")
    from cdi_stats.publishing.docx import read_template

    return Template(Path(template).name, read_template(template))


def renew_index(out: Path, theme: Theme = PLAIN) -> None:
    """Write the index of a reports folder anew. Raises ReportFailed where that cannot be done."""
    try:
        with locked(out / "index.html"):
            write_index(out, theme)
    except OSError as error:
        place = out / "index.html"
        raise ReportFailed(f"{unwritable(place, error)}. The reports are published, but not in the index") from error


def _write(
    report: str,
    checked: Mapping[str, Any],
    sources: Sources,
    formats: Iterable[str],
    look: Look,
    manner: Manner,
    stage: Path,
    out_already: Iterable[Json],
) -> Mapping[str, Json]:
    """Write every file of a report into a folder, verify them, and return the figures they show."""
    document = _execute(report, checked, manner, stage, sources.notebook)
    changed = [audit.id for audit in sources.inputs if not audit.is_as_read()]
    if changed:
        raise ReportFailed(
            f"{', '.join(changed)}: changed, or was gone, before its report was made; expected one audit throughout. "
            "To mend: run this again once nobody writes to it. Nothing was published"
        )
    shown = collect_figures(document.blocks)
    _check_document(report, document, shown)
    check_published(document.disclosure, shown, _inputs(sources), out_already)
    for name in formats:
        manner.step(f"writing {name}")
        _write_format(name, report, document, shown, look, stage)
    write_json(stage / "figures.json", {"report": report, "audit": sources.id, "figures": list(shown.values())})
    write_json(stage / "manifest.json", _manifest(report, document, checked, sources, look, manner, stage))
    return shown


def collect_figures(blocks: Iterable[Json]) -> dict[str, Json]:
    """Return every figure of some blocks by key, with each text it is shown as.

    Raises ReportFailed where one key carries two values: a page would contradict itself.
    """
    found: dict[str, Json] = {}
    for figure in figures(blocks):
        key = figure["figure"]
        known = found.setdefault(
            key,
            {"key": key, "value": figure["value"], "unit": figure["unit"], "texts": [], "source": figure["source"]},
        )
        if known["value"] != figure["value"]:
            raise ReportFailed(f"figure {key}: found {known['value']} and {figure['value']}; expected one value")
        if figure["text"] not in known["texts"]:
            known["texts"].append(figure["text"])
    return dict(sorted(found.items()))


def _execute(report: str, parameters: Mapping[str, Any], manner: Manner, stage: Path, own: Path | None) -> Document:
    manner.step("running the notebook")
    notebook = run_notebook(report, parameters, stage, path=own, time_limit=manner.time_limit, fork=manner.fork)
    document = read_document(notebook)
    protect_notebook(notebook)
    write_notebook(stage / f"{report}.ipynb", notebook)
    return document


def _check_document(report: str, document: Document, shown: Mapping[str, Json]) -> None:
    if not shown:
        raise ReportFailed(f"{report}: the notebook shows no figure; expected a report")
    if not document.subtitle:
        raise ReportFailed(f"{report}: the notebook shows no title; expected its first section to be report.title()")


def _write_format(
    name: str, report: str, document: Document, shown: Mapping[str, Json], look: Look, stage: Path
) -> None:
    """Write a format's files, and check as a reader would that each holds something and every figure stands in them."""
    files = WRITERS[name].write(document, report, look)
    for path, data in files.items():
        if not data:
            raise ReportFailed(f"{report}: the file {path} is empty")
        (stage / path).parent.mkdir(exist_ok=True)
        (stage / path).write_bytes(data)
    if WRITERS[name].on_paper:
        shown = collect_figures(without_data(document.blocks))
    missing = WRITERS[name].lacks({path: (stage / path).read_bytes() for path in files}, report, shown)
    if missing:
        raise ReportFailed(f"{report}: {name} lacks {len(missing)} figures, the first is {missing[0]}")


def _manifest(
    report: str,
    document: Document,
    parameters: Mapping[str, Any],
    sources: Sources,
    look: Look,
    manner: Manner,
    stage: Path,
) -> Json:
    return {
        "report": report,
        "title": document.title,
        "subtitle": document.subtitle,
        "date": document.date,
        "force": sources.force,
        **_period(sources),
        "inputs": _inputs(sources),
        **_fetched(sources, manner.origins),
        "notebook": _notebook(report, sources.notebook),
        "parameters": portable_parameters(parameters),
        **look.to_json(),
        "disclosure": document.disclosure
        and {"rules": document.disclosure["rules"], "withheld": len(document.disclosure["withheld"])},
        "versions": {"python": platform.python_version(), **stack_versions()},
        "files": _digests(stage),
    }


@cache
def stack_versions() -> Mapping[str, str]:
    """Return the version of each package that reports stand on; asked once, as each is looked up in files."""
    return {name: version(name) for name in STACK}


def _notebook(report: str, own: Path | None) -> Json:
    """Return the notebook by name and hash, and of an analyst's own whether anything but its outputs was edited."""
    bundled = notebook_path(report)
    if own is None:
        return {"name": f"{report}.ipynb", "sha256": file_digest(bundled)}
    edited = written_in(own.read_bytes()) != written_in(bundled.read_bytes())
    return {"name": own.name, "sha256": file_digest(own), "edited": edited}


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): file_digest(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _fetched(sources: Sources, origins: Mapping[str, str]) -> Json:
    """Return the URL that each input was fetched from; nothing where all lay here."""
    found = {audit.id: origin(audit.path, origins) for audit in sources.inputs}
    fetched = {name: url for name, url in found.items() if is_url(url)}
    return {"fetched": fetched} if fetched else {}


def _inputs(sources: Sources) -> list[Json]:
    return [{"audit": audit.id, "sha256": audit.digest} for audit in sources.inputs]


def _period(sources: Sources) -> Json:
    """Return the days audited, as machines and as people read them."""
    if sources.period is None:
        return {}
    start, end = sources.period
    return {"period": {"start": f"{start}", "end": f"{end}", "words": span_of_days(start, end)}}
