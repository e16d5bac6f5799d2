"""Authority: `json.dumps(indent=1)` of Python and `nbformat.write`, whose bytes these files must have."""

import json
from copy import deepcopy

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from cdi_stats.publishing.json_files import indented, write_notebook

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(VALUES, st.booleans())
def test_json_is_indented_as_python_does_it(value, in_order):
    assert indented(value, in_order=in_order) == json.dumps(value, indent=1, ensure_ascii=False, sort_keys=in_order)


def test_a_number_that_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        indented([float("nan")])


def test_a_notebook_is_written_as_nbformat_does_it(tmp_path):
    shown = {"text/html": "<p>\nÉ</p>\n", "application/json": {"b": [1, {}], "a": []}}
    cells = [new_markdown_cell("# A\n\nb"), new_code_cell("1\n2", outputs=[new_output("display_data", shown)])]
    cells[0].metadata["trusted"] = True
    notebook = new_notebook(cells=cells, metadata={"signature": "s"})
    nbformat.write(deepcopy(notebook), tmp_path / "theirs.ipynb")
    write_notebook(tmp_path / "ours.ipynb", notebook)
    assert (tmp_path / "ours.ipynb").read_bytes() == (tmp_path / "theirs.ipynb").read_bytes()
