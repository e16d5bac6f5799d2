"""How a force's own workbook becomes an audit: its sheets, columns, codes and habits, as one TOML file names them.

Each sheet of the schema has a Layout that says where its cells are; without a mapping every layout is the schema's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, ValidationError

from cdi_stats.audit import cells
from cdi_stats.audit.beside import read_toml
from cdi_stats.audit.schema import FACTS, FLAGS, SHEETS, Column, all_sheets
from cdi_stats.errors import BadParameters

KINDS = {
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
}
MOST_NAME, MOST_TEXT = 500, 32_767


def _name(given: Any) -> str:
    if not isinstance(given, str) or not cells.name(given) or len(given) > MOST_NAME:
        raise ValueError(f"a name with a letter or a digit in it, at most {MOST_NAME} characters")
    return given


def _heading(given: Any) -> str | list[str]:
    if isinstance(given, list):
        if len(given) != 2:
            raise ValueError("the name of a column, or two: that of a date and that of a time")
        return [_name(part) for part in given]
    return _name(given)


def _titles(given: Any) -> str | list[str]:
    if isinstance(given, list):
        titles = [_name(title) for title in given]
        if not titles or len({cells.name(title) for title in titles}) < len(titles):
            raise ValueError("the name of a sheet, or several different ones")
        return titles
    return _name(given)


def _value(given: Any) -> Any:
    if not isinstance(given, str | bool | int | float | date | time) or (given != given) or given in INFINITE:
        raise ValueError("one value: text, a number, a date, true or false")
    if len(str(given)) > MOST_TEXT:
        raise ValueError(f"at most {MOST_TEXT:,} characters")
    return given


INFINITE = (float("inf"), float("-inf"))
Name = Annotated[str, PlainValidator(_name)]
Titles = Annotated[str | list[str], PlainValidator(_titles)]
Heading = Annotated[str | list[str], PlainValidator(_heading)]
Value = Annotated[Any, PlainValidator(_value)]
Text = Annotated[str, StringConstraints(max_length=MOST_TEXT)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Conventions(_Part):
    """What cells mean anywhere in the file, beside the usual spellings; `dates` is the order of dates typed as text."""

    yes: list[Text] = []
    no: list[Text] = []
    blank: list[Text] = []
    dates: Literal["day first", "month first"] = "day first"

    @property
    def words(self) -> tuple[list[str], list[str], list[str]]:
        """Return the words for yes, for no and for a blank."""
        return self.yes, self.no, self.blank


class Counted(_Part):
    """The columns of a wide sheet that count a record's crimes due and, of these, recorded."""

    due: Name
    recorded: Name


class Wide(Counted):
    """A row a record: its crimes due, recorded and (if known) recorded in time, and the same of each flag."""

    in_time: Name | None = None
    flags: dict[Literal[FLAGS], Counted] = {}  # type: ignore[valid-type]


class Layout(_Part):
    """Where a sheet's cells are.

    `sheet` may name several, one after another; `sheet_is` is the column of ours that their names stand for, such as
    the stratum. `columns` maps our columns to theirs; a pair is a date and a time to be joined.

    `values` maps their codes to ours, by column of ours; `fixed` gives the same value to every row; `fill_down` are
    columns whose blank cells repeat the one above (merged cells); `skip` leaves rows out by what a column of theirs
    holds; `distinct` keeps equal rows once; `number_crimes` numbers the crimes of each record in their order.
    """

    sheet: Titles | None = None
    sheet_is: str | None = None
    header_row: Annotated[int, Field(ge=1)] | None = None
    columns: dict[str, Heading] = {}
    values: dict[str, dict[Text, Text]] = {}
    fixed: dict[str, Value] = {}
    fill_down: list[str] = []
    skip: dict[Name, list[Text]] = {}
    distinct: bool = False
    number_crimes: bool = False
    wide: Wide | None = None

    @property
    def sheets(self) -> list[str]:
        """Return the names of the file's sheets, none where they are called as the schema's own."""
        return [self.sheet] if isinstance(self.sheet, str) else self.sheet or []

    @property
    def titled(self) -> list[str]:
        """Return the column that the sheets' names stand for, if any."""
        return [self.sheet_is] if self.sheet_is else []

    def of_sheet(self, title: str) -> Layout:
        """Return the layout of one of the sheets, whose name may be the value of a column."""
        return self.model_copy(update={"fixed": {**self.fixed, self.sheet_is: title}}) if self.sheet_is else self


class ColumnMapping(_Part):
    """A whole mapping file: conventions, facts the file does not hold, layouts by sheet, and rows it does not hold."""

    conventions: Conventions = Conventions()
    facts: dict[str, Value] = {}
    sheets: dict[str, Layout] = {}
    rows: dict[str, list[dict[str, Value]]] = {}

    def layout(self, sheet: str) -> Layout:
        """Return where a sheet's cells are: as mapped, else under the schema's own names."""
        return self.sheets.get(sheet, Layout())


def read_mapping(path: str | Path) -> ColumnMapping:
    """Return a mapping file's contents. Raises BadParameters with one line a problem."""
    name, given = Path(path).name[:100], read_toml(path, "a mapping in TOML")
    try:
        mapping = ColumnMapping.model_validate(given)
    except ValidationError as error:
        lines = dict.fromkeys(f"{name}: {_line(detail)}" for detail in error.errors())
        raise BadParameters("\n".join(lines)) from None
    wrong = [*_unknown(mapping), *_contradictions(mapping)]
    if wrong:
        raise BadParameters("\n".join(f"{name}: {line}" for line in wrong))
    return mapping


def _line(detail: Any) -> str:
    place, kind = ".".join(str(part)[:60] for part in detail["loc"] if part != "[key]"), detail["type"]
    if kind == "extra_forbidden":
        return f"{place}: unknown; expected one of the names on the mapping's reference page"
    if kind == "missing":
        return f"{place}: missing; expected the name of a column"
    said = str(detail["msg"]).removeprefix("Input should be ").removeprefix("Value error, ")
    return f"{place}: found {str(detail['input'])[:60]!r}; expected {KINDS.get(kind, said)}"


def _unknown(mapping: ColumnMapping) -> Iterator[str]:
    """Yield a line for each sheet, column or fact that the schema does not have."""
    for sheet, key in (("facts", key) for key in mapping.facts):
        if key not in FACTS.names:
            yield f"{sheet}.{key[:60]}: unknown; expected one of {', '.join(FACTS.names)}"
    for part, names, known in (("sheets", mapping.sheets, all_sheets()), ("rows", mapping.rows, SHEETS)):
        for name in names:
            if name not in known:
                yield f"{part}.{name[:60]}: unknown; expected one of {', '.join(known)}"
    named = {
        f"sheets.{name}": (name, [*layout.columns, *layout.values, *layout.fixed, *layout.fill_down, *layout.titled])
        for name, layout in mapping.sheets.items()
    }
    named |= {f"rows.{name}": (name, [column for row in rows for column in row]) for name, rows in mapping.rows.items()}
    for place, (name, columns) in named.items():
        ours = all_sheets()[name].names if name in all_sheets() else columns
        for column in dict.fromkeys(columns):
            if column not in ours:
                yield f"{place}: {column[:60]} is no column of it; expected one of {', '.join(ours)}"


def _contradictions(mapping: ColumnMapping) -> Iterator[str]:
    """Yield a line for each rule that could not be followed, or would turn one answer into the other."""
    yes, no, blank = ({cells.code(word) for word in words} for words in mapping.conventions.words)
    for word in sorted((yes & no) | ((yes | no) & blank)):
        yield f"conventions: {word[:60]!r} is said to mean two things; expected one"
    for name, words in (("yes", yes & cells.NO), ("no", no & cells.YES)):
        for word in sorted(words):
            yield f"conventions.{name}: {word!r} means the other answer everywhere; expected words of the file's own"
    for name, layout in mapping.sheets.items():
        kinds = {column.name: column for column in all_sheets()[name].columns} if name in all_sheets() else {}
        yield from (f"sheets.{name}.{line}" for line in _of_layout(name, layout, kinds))


def _of_layout(name: str, layout: Layout, columns: Mapping[str, Column]) -> Iterator[str]:
    if layout.wide and name != "crimes":
        yield "wide: only the crimes sheet may be read from counts a record"
    for pair in [layout.wide, *layout.wide.flags.values()] if layout.wide else []:
        if cells.name(pair.due) == cells.name(pair.recorded):
            yield f"wide: {pair.due} is named as due and as recorded; expected two columns"
    for ours in layout.titled:
        if ours in layout.columns or ours in layout.fixed:
            yield f"sheet_is: {ours[:60]} is given otherwise too; expected one of the two"
    if name == FACTS.name:
        set_to = layout.model_fields_set - {"sheet", "columns", "values"}
        yield from (f"{part}: not for this sheet; expected sheet, columns or values" for part in sorted(set_to))
    for ours, theirs in layout.columns.items():
        if isinstance(theirs, list) and ours in columns and columns[ours].kind != "moment":
            yield f"columns.{ours}: found two columns; expected one, for only a date and a time are joined"
    for ours, values in layout.values.items():
        for theirs, value in values.items():
            if ours in columns and not _holds(columns[ours], value):
                yield f'values.{ours}.{theirs[:60]}: found {value[:60]!r}; expected {columns[ours].expected}, or ""'


def _holds(column: Column, value: str) -> bool:
    """Return whether a column may hold what a mapping turns one of its cells into; nothing stands for a blank."""
    if column.kind == "code":
        return not value or column.spelt(cells.code(value)) in column.allowed
    return not cells.parse_column(column.kind, [value])[1]
