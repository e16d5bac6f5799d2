"""How a force's own workbook becomes an audit: its sheets, columns, codes and habits, as one TOML file names them.

Each sheet of the schema has a Layout that says where its cells are; without a mapping every layout is the schema's own.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cdi_stats.audit.schema import FACTS, FLAGS, SHEETS, all_sheets
from cdi_stats.errors import BadParameters


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Conventions(_Part):
    """What cells mean anywhere in the file, beside the usual spellings; `dates` is the order of dates typed as text."""

    yes: list[str] = []
    no: list[str] = []
    blank: list[str] = []
    dates: Literal["day first", "month first"] = "day first"


class Counted(_Part):
    """The columns of a wide sheet that count a record's crimes due and, of these, recorded."""

    due: str
    recorded: str


class Wide(Counted):
    """A row a record: its crimes due, recorded and (if known) recorded in time, and the same of each flag."""

    in_time: str = ""
    flags: dict[Literal[FLAGS], Counted] = {}  # type: ignore[valid-type]


class Layout(_Part):
    """Where a sheet's cells are. `columns` maps our columns to theirs; a pair is a date and a time to be joined.

    `values` maps their codes to ours, by column of ours; `fixed` gives the same value to every row; `fill_down` are
    columns whose blank cells repeat the one above (merged cells); `skip` leaves rows out by what a column of theirs
    holds; `distinct` keeps equal rows once; `number_crimes` numbers the crimes of each record in their order.
    """

    sheet: str = ""
    header_row: Annotated[int, Field(ge=1)] | None = None
    columns: dict[str, str | Annotated[list[str], Field(min_length=2, max_length=2)]] = {}
    values: dict[str, dict[str, str]] = {}
    fixed: dict[str, Any] = {}
    fill_down: list[str] = []
    skip: dict[str, list[str]] = {}
    distinct: bool = False
    number_crimes: bool = False
    wide: Wide | None = None


class ColumnMapping(_Part):
    """A whole mapping file: conventions, facts the file does not hold, layouts by sheet, and rows it does not hold."""

    conventions: Conventions = Conventions()
    facts: dict[str, Any] = {}
    sheets: dict[str, Layout] = {}
    rows: dict[str, list[dict[str, Any]]] = {}

    def layout(self, sheet: str) -> Layout:
        """Return where a sheet's cells are: as mapped, else under the schema's own names."""
        return self.sheets.get(sheet, Layout())


def read_mapping(path: str | Path) -> ColumnMapping:
    """Return a mapping file's contents. Raises BadParameters with one line a problem."""
    file = Path(path)
    try:
        given = ColumnMapping(**tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise BadParameters(f"{file}: cannot be read ({error.strerror}); expected a mapping in TOML") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadParameters(f"{file}: is not TOML ({error}); expected a mapping") from None
    except ValidationError as error:
        raise BadParameters("\n".join(f"{file.name}: {_line(detail)}" for detail in error.errors())) from None
    unknown = list(_unknown(given))
    if unknown:
        raise BadParameters("\n".join(f"{file.name}: {line}" for line in unknown))
    return given


def locate_mapping(source: Path) -> Path | None:
    """Return the mapping that lies with an audit: in its folder, beside it under its name, or beside it for all."""
    beside = [] if source.is_dir() else [source.with_name("mapping.toml")]
    return _lying(source, "mapping", beside)


def locate_overrides(source: Path) -> Path | None:
    """Return the overrides that lie with an audit: in its folder, or beside it under its name."""
    return _lying(source, "overrides", [])


def _lying(source: Path, what: str, beside: list[Path]) -> Path | None:
    own = source / f"{what}.toml" if source.is_dir() else source.with_name(f"{source.stem}.{what}.toml")
    return next((path for path in (own, *beside) if path.is_file()), None)


def _line(detail: Any) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown; expected one of the names on the mapping's reference page"
    if detail["type"] == "missing":
        return f"{place}: missing; expected the name of a column"
    return f"{place}: found {str(detail['input'])[:60]!r}; expected {detail['msg'].removeprefix('Input should be ')}"


def _unknown(mapping: ColumnMapping) -> list[str]:
    """Return a line for each sheet, column or fact that the schema does not have."""
    facts = {column.name for column in FACTS.columns}
    lines = [f"facts.{key}: unknown; expected one of {', '.join(facts)}" for key in mapping.facts if key not in facts]
    for part, names in (("sheets", mapping.sheets), ("rows", mapping.rows)):
        known = all_sheets() if part == "sheets" else SHEETS
        lines += [f"{part}.{name}: unknown; expected one of {', '.join(known)}" for name in names if name not in known]
    for name, layout in mapping.sheets.items():
        ours = set(all_sheets()[name].names) if name in all_sheets() else set()
        named = [*layout.columns, *layout.values, *layout.fixed, *layout.fill_down]
        lines += [
            f"sheets.{name}: {column} is no column of it; expected one of {', '.join(sorted(ours))}"
            for column in dict.fromkeys(named)
            if ours and column not in ours
        ]
        if layout.wide and name != "crimes":
            lines.append(f"sheets.{name}.wide: only the crimes sheet may be read from counts a record")
    for name, rows in mapping.rows.items():
        ours = set(SHEETS[name].names) if name in SHEETS else set()
        lines += [
            f"rows.{name}: {column} is no column of it; expected one of {', '.join(sorted(ours))}"
            for column in dict.fromkeys(column for row in rows for column in row)
            if ours and column not in ours
        ]
    return lines
