"""Change the source a little, many times, and ask the tests each time: `python -m tests.structure.mutation`.

The page `docs/assurance/mutation.md` says how to install what this needs and what it found.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib
import json
import os
import random
import re
import resource
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import NoReturn

import coverage
import libcst as cst
import pytest
from hypothesis import Phase, settings
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

from cdi_stats import proportion_interval

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
METHODS = sorted(SOURCE.glob("cdi_stats/methods/*.py"))
FINDINGS = sorted(SOURCE.glob("cdi_stats/findings/*.py"))
DISCLOSURE = SOURCE / "cdi_stats" / "report" / "disclosure.py"


def own_tests(sources: list[Path]) -> list[str]:
    """Return the unit tests that bear the names of the sources."""
    tests = [f"tests/unit/test_{source.stem}.py" for source in sources]
    return [test for test in tests if (ROOT / test).exists()]


AUTHORITY = ["tests/authority", "tests/property/test_methods_properties.py", "tests/property/test_survey_properties.py"]
PARTS = {
    "methods": (METHODS, [*own_tests(METHODS), *AUTHORITY]),
    "findings": (
        FINDINGS,
        [
            *own_tests(FINDINGS),
            "tests/unit/test_findings.py",
            "tests/unit/test_frequencies.py",
            "tests/unit/test_disclosure.py",
            "tests/authority/test_replication.py",
        ],
    ),
    "disclosure": ([DISCLOSURE], own_tests([DISCLOSURE])),
}
OPERATORS = [(kind, operator) for kind, operator in mutation_operators if operator is not operator_string]
# Words, types and decorators change no number; a `raise` is reached or not by the condition above it, which is changed.
LEFT_ALONE = (cst.BaseString, cst.Annotation, cst.Parameters, cst.Decorator, cst.Raise)
LEFT_ALONE_CALLS = {"cast", "TypeVar", "NewType"}
PYTEST = ["-q", "-s", "--no-header", "--tb=no", "--hypothesis-profile=mutation"]
PYTEST += [f"-pno:{plugin}" for plugin in ("cacheprovider", "randomly", "xdist")]
# Hypothesis was imported for its profile
PYTEST += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
SECONDS_OF_TESTS = 10.0
"""A mutant that outlives its fastest tests for so long has survived."""
SURVIVED, KILLED, SAME = range(3)
ANSWERS = {SURVIVED: "survived", SAME: "same code"}
READ, MADE = {"bundled"}, {"findings", "comparison"}
OF_OTHERS = re.compile(r"(?!cdi_stats)|cdi_stats\.(audit|rounding|showing|file_names)|^$")
LOOKED_AT_ONCE = 100
LIVING = ("survived", "not covered")


@dataclass(frozen=True)
class Mutant:
    """One small change of one file: where it stands, what stood there, and the whole file with the change."""

    path: Path
    at: str
    lines: range
    before: str
    after: str
    source: str

    @property
    def module(self) -> str:
        return module_of(self.path)

    @property
    def key(self) -> str:
        return f"{self.module}:{self.at}: {self.before} -> {self.after}"


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


class Changes(cst.CSTVisitor):
    """Every change mutmut's operators would make to one file."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        self.found: list[tuple[range, cst.CSTNode, cst.CSTNode]] = []
        self.statements: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, LEFT_ALONE) or spoken_only(node):
            return False
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self.statements.append(node)
        in_function = any(isinstance(statement, cst.FunctionDef) for statement in self.statements)
        for kind, operator in OPERATORS if in_function else ():
            if isinstance(node, kind):
                self.found += [(*self.where(node), self.statements[0], node, changed) for changed in operator(node)]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self.statements and self.statements[-1] is original_node:
            self.statements.pop()

    def where(self, node: cst.CSTNode) -> tuple[str, range]:
        """Return where a node stands, and the lines whose tests could see it changed."""
        own = self.get_metadata(PositionProvider, node)
        first = self.get_metadata(PositionProvider, self.statements[-1]).start.line
        return f"{own.start.line}:{own.start.column}", range(first, own.end.line + 1)


def spoken_only(node: cst.CSTNode) -> bool:
    """Tell whether a node only names types or shows a value to a person."""
    if isinstance(node, cst.FunctionDef):
        return node.name.value in {"__repr__", "__str__"}
    if isinstance(node, cst.If):
        return isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in LEFT_ALONE_CALLS


@dataclass(frozen=True)
class Change:
    """A change not yet made, for most are never drawn."""

    path: Path
    tree: cst.Module
    at: str
    lines: range
    within: cst.CSTNode
    before: cst.CSTNode
    after: cst.CSTNode

    def made(self) -> Mutant:
        code = self.tree.code_for_node
        changed = self.within.deep_replace(self.before, self.after)
        source = self.tree.code.replace(code(self.within), code(changed), 1)
        return Mutant(self.path, self.at, self.lines, code(self.before).strip(), code(self.after).strip(), source)


def changes(path: Path) -> list[Change]:
    """Return all changes of a file that a test could see, in the file's order."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")), unsafe_skip_copy=True)
    visitor = Changes()
    wrapper.visit(visitor)
    return [Change(path, wrapper.module, *found) for found in visitor.found]


@dataclass(frozen=True)
class Seen:
    """Which tests run which line, and how many seconds each test takes."""

    tests: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    @classmethod
    def read(cls, kept: Path) -> Seen:
        return cls(**json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else cls({}, {})

    def write(self, kept: Path) -> None:
        kept.write_text(json.dumps(vars(self)), encoding="utf-8")

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a mutant's lines: its module's own first, the fastest first."""
        by_line = self.tests.get(mutant.module, {})
        running = {test for line in mutant.lines for test in by_line.get(str(line), ())}
        own = f"/test_{mutant.path.stem}.py"
        ordered = sorted(running, key=lambda test: (own not in test, self.seconds.get(test, 0.0), test))
        return list(self.within_time(ordered))

    def within_time(self, ordered: list[str]) -> Iterator[str]:
        spent = 0.0
        for test in ordered:
            spent += self.seconds.get(test, 0.0)
            if spent < SECONDS_OF_TESTS:
                yield test


class Asking:
    """A plugin that, instead of running the tests, forks for each mutant and runs in the child the tests that see it.

    All is imported and collected once, so that a mutant costs no more than its tests.
    """

    def __init__(self, asked: list[Change], kept: Path, part: str, *, again: bool) -> None:
        self.asked, self.kept, self.part, self.again = asked, kept, part, again
        self.failed = False
        self.measured: coverage.Coverage | None = None
        self.table: dict[str, Counter[str]] = defaultdict(Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for path in PARTS[self.part][0]:
            importlib.import_module(module_of(path))
        self.caches = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)]
        self.caches = [each for each in self.caches if not OF_OTHERS.match(getattr(each, "__module__", None) or "")]
        self.functions = functions_of({change.path for change in self.asked})
        self.items = {item.nodeid: item for item in session.items}
        looked = self.kept / f"{self.part}.json"
        self.seen = Seen.read(looked)
        new = [test for test in self.items if test not in self.seen.seconds]
        for first in range(0, len(new), LOOKED_AT_ONCE):
            in_child(lambda tests=new[first : first + LOOKED_AT_ONCE]: self.look(tests, looked), 3600)
            self.seen = Seen.read(looked)
        if failing := self.items.keys() - self.seen.seconds.keys():
            print("These fail as things are and are not asked:", *sorted(failing), sep="\n  ")
        self.warm_up(session.items)
        gc.freeze()
        self.check_unchanged()
        self.answer_all(self.kept / f"{self.part}.jsonl")
        return True

    def warm_up(self, items: list[pytest.Item]) -> None:
        """Read here what children would read each for itself: the bundled audits, with which no mutant has to do."""
        reading = [item for item in items if set(item.fixturenames) >= READ and not MADE & set(item.fixturenames)]
        # what follows lies in another folder, so that nothing but the session's own is kept
        elsewhere = [item for item in items if reading and item.path.parent != reading[0].path.parent]
        if elsewhere:
            reading[0].ihook.pytest_runtest_protocol(item=reading[0], nextitem=elsewhere[0])

    def check_unchanged(self) -> None:
        """Raise SystemExit where the first tests of a module fail in a child that changes nothing."""
        for mutant in {change.path: change for change in self.asked}.values():
            tests = self.seen.of(mutant.made())[:3]
            if in_child(lambda tests=tests: all(passed for _, passed in self.passed(tests)), 600) != 1:
                raise SystemExit(f"{mutant.path.name}: its tests fail though nothing is changed.")

    def passed(self, tests: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Run tests; yield the name of each, and whether it passed."""
        items = [self.items[test] for test in tests]
        for item, following in zip(items, [*items[1:], None], strict=True):
            for each in self.caches:
                each.cache_clear()
            if self.measured:
                self.measured.switch_context(item.nodeid)
            self.failed = False
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item.nodeid, not self.failed

    def look(self, tests: list[str], looked: Path) -> int:
        """Run tests once; keep which lines each of them runs, and how long it takes, unless it fails as things are."""
        self.measured = coverage.Coverage(data_file=None, source=["cdi_stats"], config_file=False)
        # that our modules were imported before is meant, and is no error in whatever tests make of warnings
        self.measured.set_option("run:disable_warnings", ["module-not-measured", "no-data-collected"])
        self.measured.start()
        began = time.process_time()
        for test, passed in self.passed(tests):
            now = time.process_time()
            if passed:
                self.seen.seconds[test] = now - began
            began = now
        self.measured.stop()
        for path in PARTS[self.part][0]:
            known = self.seen.tests.setdefault(module_of(path), {})
            for line, tests in self.measured.get_data().contexts_by_lineno(str(path)).items():
                known.setdefault(str(line), []).extend(test for test in tests if test in self.seen.seconds)
        self.seen.write(looked)
        return SURVIVED

    def answer_all(self, answered: Path) -> None:
        """Ask the tests of each mutant and keep the answer; those answered before are not asked again."""
        known = dict(map(json.loads, answered.read_text(encoding="utf-8").splitlines())) if answered.exists() else {}
        with answered.open("a", encoding="utf-8") as lines:
            for mutant in (change.made() for change in self.asked):
                if mutant.key not in known or (self.again and known[mutant.key] in LIVING):
                    known[mutant.key] = self.answer(mutant)
                    print(json.dumps([mutant.key, known[mutant.key]], ensure_ascii=False), file=lines, flush=True)
                self.table[mutant.module][known[mutant.key]] += 1

    def answer(self, mutant: Mutant) -> str:
        """Return what the tests say of a mutant: killed, timed out, survived, not covered or same code."""
        tests = self.seen.of(mutant)
        if not tests:
            return "not covered"

        def ask() -> int:
            if not put_in_place(mutant, self.functions[str(mutant.path)]):
                return SAME
            return SURVIVED if all(passed for _, passed in self.passed(tests)) else KILLED

        code = in_child(ask, int(5 + 2 * sum(self.seen.seconds[test] for test in tests)))
        return "timed out" if code < 0 else ANSWERS.get(code, "killed")


def in_child(task: Callable[[], int], seconds: int) -> int:
    """Return what a task returns in a child of this process; below 0 if it took more seconds of the processor."""
    child = os.fork()
    if child == 0:
        leave_with(task, seconds)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def leave_with(task: Callable[[], int], seconds: int) -> NoReturn:
    code = KILLED
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        signal.alarm(60 * seconds)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = task()
    finally:
        os._exit(code)


def functions_of(paths: set[Path]) -> dict[str, dict[CodeType, list[FunctionType]]]:
    """Return by file and by code the functions that there are of some files, wherever they are held."""
    found: dict[str, dict[CodeType, list[FunctionType]]] = {str(path): {} for path in paths}
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename in found:
            found[each.__code__.co_filename].setdefault(each.__code__, []).append(each)
    return found


def put_in_place(mutant: Mutant, functions: dict[CodeType, list[FunctionType]]) -> bool:
    """Give every function of the module the mutant's code; return whether any code is another than before."""

    def put(before: CodeType, after: CodeType) -> int:
        if before == after:
            return 0
        held = functions.get(before, [])
        for function in held:
            with suppress(ValueError):  # a closure that holds other names than before stays as it was
                function.__code__ = after
        old, new = ([c for c in code.co_consts if isinstance(c, CodeType)] for code in (before, after))
        return len(held) + (sum(map(put, old, new)) if len(old) == len(new) else 0)

    texts = (mutant.path.read_text(encoding="utf-8"), mutant.source)
    return put(*(compile(text, str(mutant.path), "exec", dont_inherit=True) for text in texts)) > 0


def drawn(part: str, sample: int | None, seed: int) -> list[Change]:
    """Return a part's changes in the seed's order, so that a larger sample holds the smaller one."""
    every = [change for path in PARTS[part][0] for change in changes(path)]
    print(f"{part}: {min(sample or len(every), len(every))} of {len(every)} mutants", flush=True)
    return random.Random(seed).sample(every, len(every))[:sample]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("part", choices=PARTS)
    words.add_argument("--sample", type=int, help="how many mutants; all if not said")
    words.add_argument("--seed", type=int, default=8)
    words.add_argument("--share", default="0/1", help="which share of the sample to ask here, as 0/2 and 1/2")
    words.add_argument("--again", action="store_true", help="ask once more of those that no test killed")
    words.add_argument("--kept", type=Path, default=ROOT / "mutants", help="folder of what is kept between runs")
    said = words.parse_args()
    said.kept.mkdir(exist_ok=True)
    settings.register_profile(
        "mutation", derandomize=True, deadline=None, max_examples=15, phases=[Phase.explicit, Phase.generate]
    )
    share, shares = map(int, said.share.split("/"))
    asked = drawn(said.part, said.sample, said.seed)[share::shares]
    asking = Asking(asked, said.kept, said.part, again=said.again)
    pytest.main([*PYTEST, *PARTS[said.part][1]], plugins=[asking])
    for module, counts in sorted(asking.table.items()):
        print(module, dict(counts))
    whole = sum(asking.table.values(), Counter())
    noticed, made = whole["killed"] + whole["timed out"], whole.total() - whole["same code"]
    if made:
        print(f"{noticed} of {made} killed: {proportion_interval(noticed, made)}")


if __name__ == "__main__":
    main()
