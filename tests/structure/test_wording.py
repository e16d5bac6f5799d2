"""wording.toml and the code that speaks from it agree: every key is used, every name in a template is given."""

from __future__ import annotations

import ast
import re
from itertools import product
from pathlib import Path
from string import Formatter

import pytest

from cdi_stats.report.wording import templates

SPEAKERS = {"tell", "title", "told_point", "told_points"}
REPORT = Path(__file__).resolve().parents[2] / "src" / "cdi_stats" / "report"
FILES = sorted(path for path in REPORT.glob("*.py") if path.name != "wording.py")


ANY = "[^.]+"
GROUPS = {key.rpartition(".")[0] for key in templates()}


def patterns(argument, given):
    """Return what an expression of a key can be, as patterns; `given` is what the names of its function stand for."""
    if isinstance(argument, ast.IfExp):
        return patterns(argument.body, given) | patterns(argument.orelse, given)
    if isinstance(argument, ast.BoolOp):
        return set().union(*(patterns(value, given) for value in argument.values))
    if isinstance(argument, ast.Constant):
        return {re.escape(argument.value)}
    if isinstance(argument, ast.JoinedStr):
        parts = [patterns(part, given) for part in argument.values]
        return {"".join(chosen) for chosen in product(*parts)}
    if isinstance(argument, ast.FormattedValue):
        return patterns(argument.value, given)
    if isinstance(argument, ast.Name) and argument.id in given:
        return patterns(given[argument.id], {})
    return {ANY}


def keys_spoken(argument, given, known):
    """Return which of the keys (or groups) known the first argument of a call can be."""
    fitting = {one: [key for key in known if re.fullmatch(one, key)] for one in patterns(argument, given)}
    assert all(fitting.values()), f"no key fits {ast.unparse(argument)}"
    return sorted({key for keys in fitting.values() for key in keys})


def calls():
    """Yield (where, keys, names given, whether more are given in a mapping) of every call that speaks."""
    for path in FILES:
        functions = [f for f in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(f, ast.FunctionDef)]
        for function in functions:
            given = {
                target.id: node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPEAKERS:
                    many = node.func.id == "told_points"
                    keys = keys_spoken(node.args[0], given, GROUPS if many else set(templates()))
                    if many:
                        keys = [key for key in templates() if key.rpartition(".")[0] in keys]
                    names = {keyword.arg for keyword in node.keywords}
                    yield f"{path.name}:{node.lineno}", keys, names - {None}, None in names


CALLS = list(calls())


def places(key):
    return {name for _, name, _, _ in Formatter().parse(templates()[key]) if name}


def test_every_key_spoken_is_written_and_every_key_written_is_spoken():
    assert {key for _, keys, _, _ in CALLS for key in keys} == set(templates())


@pytest.mark.parametrize(("keys", "given", "more"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS])
def test_the_names_in_a_template_are_the_values_given(keys, given, more):
    named = set().union(*map(places, keys))
    assert given <= named, "a value that no template of the call uses"
    assert more or named <= given, "a name that the call does not give"


def test_nothing_is_written_twice():
    assert len(set(templates().values())) == len(templates())


def test_forms_for_one_and_many_come_in_pairs():
    forms = [form for template in templates().values() for _, _, form, _ in Formatter().parse(template) if form]
    assert len(forms) > 60
    assert all(form.count("|") == 1 for form in forms)
