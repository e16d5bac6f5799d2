"""wording.toml and the code that speaks from it agree: every key is used, every name in a template is given."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from cdi_stats.report.wording import templates

SPEAKERS = {"tell", "title", "told_point", "told_points"}
FILES = sorted(Path("src/cdi_stats/report").glob("*.py"))


def keys_spoken(argument):
    """Return the keys that the first argument of a call can be: one, or all that fit its gaps."""
    if isinstance(argument, ast.IfExp):
        return [key for part in (argument.body, argument.orelse) for key in keys_spoken(part)]
    if isinstance(argument, ast.Constant):
        return [argument.value]
    assert isinstance(argument, ast.JoinedStr), ast.dump(argument)
    parts = ["[^.]+" if isinstance(v, ast.FormattedValue) else re.escape(v.value) for v in argument.values]
    found = [key for key in templates() if re.fullmatch("".join(parts), key)]
    assert found, f"no key fits {ast.unparse(argument)}"
    return found


def calls():
    """Yield (where, keys, names given, whether more are given in a mapping) of every call that speaks."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SPEAKERS):
                continue
            if isinstance(node.args[0], ast.Name):
                continue
            keys = keys_spoken(node.args[0])
            if node.func.id == "told_points":
                keys = [key for key in templates() if key.rpartition(".")[0] in keys]
            names = {keyword.arg for keyword in node.keywords}
            yield f"{path.name}:{node.lineno}", keys, names - {None}, None in names


CALLS = list(calls())


def places(key):
    return {name for _, name, _, _ in Formatter().parse(templates()[key]) if name}


def test_every_key_spoken_is_written_and_every_key_written_is_spoken():
    assert {key for _, keys, _, _ in CALLS for key in keys} == set(templates())


@pytest.mark.parametrize(("where", "keys", "given", "more"), CALLS, ids=[call[0] for call in CALLS])
def test_the_names_in_a_template_are_the_values_given(where, keys, given, more):
    named = set().union(*map(places, keys))
    assert given <= named, "a value that no template of the call uses"
    assert more or named <= given, "a name that the call does not give"


def test_nothing_is_written_twice():
    assert len(set(templates().values())) == len(templates())


def test_forms_for_one_and_many_come_in_pairs():
    forms = [form for template in templates().values() for _, _, form, _ in Formatter().parse(template) if form]
    assert len(forms) > 60
    assert all(form.count("|") == 1 for form in forms)
