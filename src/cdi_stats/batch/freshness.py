"""Whether a published report is still what its plan, its inputs and the code would give, told by hashes."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import cdi_stats
from cdi_stats.audit.beside import locate_mapping, locate_overrides
from cdi_stats.audit.reading import NO_EARLIER, locate_audit
from cdi_stats.audit.remote import is_url, origin
from cdi_stats.audit.sampling import PLAN_ENDING, read_plan
from cdi_stats.audit.series import locate_series, series_files
from cdi_stats.batch.ledger import Run
from cdi_stats.batch.plan import Job
from cdi_stats.errors import CdiStatsError
from cdi_stats.publishing.execution import notebook_path
from cdi_stats.publishing.publication import stack_versions
from cdi_stats.publishing.published import MANIFEST
from cdi_stats.publishing.remote import digests_there
from cdi_stats.publishing.sources import SERIES, Input, locate_reported
from cdi_stats.publishing.theme.reading import read_theme
from cdi_stats.resources import resource

GONE, CHANGED = "gone", "changed while it was read"
UNTOLD = {"__pycache__", "batch", "cli.py"}  # what no report can tell from


def fingerprint(job: Job) -> str:
    """Return a hash of all that makes a report but its inputs: what is asked, notebook, look, code, versions."""
    audit, parameters = job.told
    made = [job.report, audit, job.name, job.formats, parameters, file_hash(notebook_path(job.report))]
    made.append(file_hash(Path(job.template)) if job.template else "")
    made.append(read_theme(job.theme).to_json() if job.theme else "")
    return hashlib.sha256(json.dumps([*made, code_hash()], ensure_ascii=False).encode()).hexdigest()


@cache
def code_hash() -> str:
    """Return a hash of this package's files, of its data, and of the versions of what it stands on."""
    package = Path(cdi_stats.__file__).parent
    folders = {package, resource("data")}
    files = sorted({file for folder in folders for file in folder.rglob("*") if not UNTOLD & {*file.parts}})
    parts = [f"{file.name} {file_hash(file)}" for file in files if file.is_file()]
    parts += [platform.python_version(), *(f"{name} {version}" for name, version in stack_versions().items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def input_hashes(job: Job) -> dict[str, str]:
    """Return the hash of each file that a report is made of, as far as its plan names them, by path."""
    if job.report in SERIES:
        source = locate_series(job.audit)
        audits = series_files(source)
        files = [*({source} - set(audits)), *audits] if source.is_file() else audits
    else:
        files = [locate_reported(job.report, job.audit)]
        earlier = job.parameters.get("earlier")
        files += [locate_audit(earlier, files[0].parent)] if earlier and earlier != NO_EARLIER else []
    return hashes(_with_beside(files), job.origins)


def hashes_as_read(inputs: Iterable[Input], origins: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of each file that a report was made of, by path; of what has changed since, a word instead."""
    found: dict[str, str] = {}
    for file in inputs:
        now = hashes(_with_beside([file.path]), origins)
        # looked at after the hashes were taken, so that they are of what the report tells
        found |= now if file.is_as_read() else dict.fromkeys(now, CHANGED)
    return found


def _with_beside(files: Iterable[Path]) -> Iterator[Path]:
    """Yield files, and after each its mapping and its overrides where it has them."""
    for file in files:
        yield from (found for found in (file, locate_mapping(file), locate_overrides(file)) if found)


def hashes(paths: Iterable[Path], origins: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the hash of each file, or of all files of a folder, by path, or by URL where `origins` knows one."""
    return {origin(path, origins): file_hash(path) for path in paths}


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, of the names and files of a folder, or a word for one that is gone."""
    try:
        if path.is_dir():
            parts = [f"{file.name} {file_hash(file)}" for file in sorted(path.iterdir()) if file.is_file()]
            return hashlib.sha256("\n".join(parts).encode()).hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return GONE


def is_current(
    job: Job, made: str, inputs: Mapping[str, str], last: Run | None, out: Path, *, manifests_alone: bool = False
) -> bool:
    """Return whether the last run that published a report would publish the same now, and its files lie unharmed.

    `made` and `inputs` are the job's fingerprint and input hashes. What a run found beyond the inputs that the plan
    names, such as an earlier audit that the audit itself names, must be unchanged too. With `manifests_alone` that is
    all that `out` holds, fetched from where the reports are.
    """
    if last is None or last.fingerprint != made or _reads_elsewhere(job):
        return False
    found = hashes(_with_beside(Path(path) for path in last.inputs if not is_url(path))) | dict(inputs)
    folder = out / last.target
    return found == last.inputs and last.outputs == (
        digests_there(folder / MANIFEST) if manifests_alone else folder_hashes(folder)
    )


def folder_hashes(folder: Path) -> dict[str, str]:
    """Return the hash of each file beneath a folder, by its path from there."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file_hash(file) for file in files}


def _reads_elsewhere(job: Job) -> bool:
    """Return whether a report also reads a frame, which may be a database: nothing tells whether that has changed."""
    source = Path(job.audit)
    if source.suffix.lower() != PLAN_ENDING or job.report in SERIES:
        return False
    try:
        plan = read_plan(source)
    except CdiStatsError:
        return True  # what is wrong with it the report's own run will say
    return plan.frame is not None or bool(plan.pilot or plan.exclude)
