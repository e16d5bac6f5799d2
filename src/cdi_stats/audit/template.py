"""The workbook that an analyst fills in, and the writing of any audit as a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from cdi_stats.audit.schema import FACTS, SHEETS, Column, all_sheets
from cdi_stats.resources import code_list, resource

STYLES: dict[str, dict[str, object]] = {
    "header": {"bold": True, "bottom": 1},
    "required": {"bold": True, "bottom": 1, "bg_color": "#DCE6F2"},
    "heading": {"bold": True, "font_size": 14},
    "text": {"text_wrap": True},
    "number": {"align": "left"},
    "date": {"num_format": "dd/mm/yyyy", "align": "left"},
    "moment": {"num_format": "dd/mm/yyyy hh:mm", "align": "left"},
}
WIDTHS = {"date": 12, "moment": 17}
WIDEST = 90
ROWS = 5000
NOT_READ = GUIDE, EXAMPLE, LISTS = "how to fill in", "worked example", "lists"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2099, 12, 31)
STEPS = (
    "1. Fill in the sheet audit: what the audit is, one fact a row.",
    "2. Fill in the sheet strata: one row for each part of recorded crime that was sampled on its own.",
    "3. Fill in the sheet records: one row for every record examined, also where no crime was due in it.",
    "4. Fill in the sheet crimes: one row for every crime that should have been recorded, whether or not it was.",
    "5. Fill in any other sheet that the audit has something for, and leave the rest as they are.",
    "6. Check the workbook: cdi check WORKBOOK. Every problem is listed with its sheet, row and column.",
    "7. Make the report: cdi report inspection WORKBOOK.",
)
HINTS = (
    "A shaded heading is a column that must be filled in. The note on a heading says what its column holds.",
    f"Cells that hold a code have a list to choose from; the codes and what they mean are on the sheet {LISTS}.",
    f"The sheet {EXAMPLE} shows a small audit filled in. It is not read, and neither are this sheet and {LISTS}.",
    "Where only totals are known, leave records and crimes empty and fill in the sheet counts.",
    "Dates may be typed as 30/06/2018, times as 30/06/2018 14:05, yes and no as Y and N.",
    "No report prints names, record numbers or other free text unless it is asked to.",
)


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path | str) -> None:
    """Write tables as a workbook, a sheet each in their order; equal tables give equal files.

    Headers are bold and stay in sight. Dates become Excel's own dates, and a schema's date columns are shown as dates
    even while empty; text is never taken for a formula; None and NaN leave a cell empty.
    """
    with _book(path) as workbook:
        styles = _styles(workbook)
        for name, table in tables.items():
            _write_sheet(workbook.add_worksheet(name), name, table, styles)


def write_template(path: Path | str, tables: Mapping[str, pd.DataFrame] | None = None) -> None:
    """Write the workbook that an analyst fills in: every sheet of the schema, with what `tables` already know in it.

    Headings carry notes and stay in sight, code columns have lists to choose from, and a worked example and the code
    lists stand on sheets of their own. Equal tables give equal files.
    """
    known = {} if tables is None else tables
    with _book(path) as workbook:
        styles = _styles(workbook)
        _write_guide(workbook.add_worksheet(GUIDE), styles)
        sheets = {name: workbook.add_worksheet(name) for name in all_sheets()}
        _write_example(workbook.add_worksheet(EXAMPLE), styles)
        lists = _write_lists(workbook.add_worksheet(LISTS), styles)
        _write_facts(sheets[FACTS.name], known.get(FACTS.name), lists, styles)
        for name, sheet in SHEETS.items():
            table = known.get(name, pd.DataFrame(columns=list(sheet.names))).reindex(columns=list(sheet.names))
            _write_sheet(sheets[name], name, table, styles)
            for place, column in enumerate(sheet.columns):
                _explain(sheets[name], 0, place, column, styles)
                _restrict(sheets[name], (1, place, ROWS, place), column, lists)
        sheets[FACTS.name].activate()


def worked_example() -> dict[str, pd.DataFrame]:
    """Return the small audit that shows how the workbook is filled in, as text, in the sheets that it has."""
    folder = resource("data", "worked_example")
    found = {name: folder / f"{name}.csv" for name in all_sheets()}
    return {name: pd.read_csv(file, dtype="str") for name, file in found.items() if file.is_file()}


def _book(path: Path | str) -> Any:
    workbook = xlsxwriter.Workbook(str(path))
    workbook.set_properties({"created": datetime(2019, 1, 15)})
    return workbook


def _styles(workbook: Any) -> dict[str, Any]:
    return {kind: workbook.add_format({"valign": "top"} | style) for kind, style in STYLES.items()}


def _write_sheet(sheet: Any, name: str, table: pd.DataFrame, styles: Mapping[str, Any]) -> None:
    known = all_sheets().get(name)
    kinds = {column.name: column.kind for column in known.columns} if known else {}
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(table.columns):
        kind, values = kinds.get(column, "text"), table[column].tolist()
        longest = max((len(value) for value in values if isinstance(value, str)), default=0)
        width = max(len(column) + 2, WIDTHS.get(kind, 8), min(longest + 2, WIDEST))
        sheet.set_column(place, place, width, styles.get(kind))
        sheet.write_string(0, place, column, styles["header"])
        for row, value in enumerate(values, start=1):
            _write_cell(sheet, row, place, value, styles)


def _write_cell(sheet: Any, row: int, place: int, value: Any, styles: Mapping[str, Any]) -> None:
    if value is None or pd.isna(value):
        return
    if isinstance(value, str):
        sheet.write_string(row, place, value, styles["text"])
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value, styles["moment" if isinstance(value, datetime) else "date"])
    else:
        sheet.write_number(row, place, value, styles["number"])


def _write_guide(sheet: Any, styles: Mapping[str, Any]) -> None:
    sheet.set_column(0, 0, 110, styles["text"])
    lines = ("Steps", *STEPS, "Good to know", *HINTS, "Sheets", *(f"{s.name}: {s.help}" for s in all_sheets().values()))
    for row, line in enumerate(lines):
        sheet.write_string(row, 0, line, styles["text" if " " in line and ". " in f"{line} " else "heading"])


def _write_facts(sheet: Any, table: pd.DataFrame | None, lists: Mapping[str, str], styles: Mapping[str, Any]) -> None:
    known = {} if table is None else dict(zip(table["key"], table["value"], strict=True))
    sheet.freeze_panes(1, 1)
    for place, (title, width) in enumerate((("key", 20), ("value", 50), ("what it is", 120))):
        sheet.set_column(place, place, width, styles["text"])
        sheet.write_string(0, place, title, styles["header"])
    for row, column in enumerate(FACTS.columns, start=1):
        sheet.write_string(row, 0, column.name, styles["required" if column.required else "header"])
        sheet.write_blank(row, 1, None, styles.get(column.kind, styles["text"]))
        _write_cell(sheet, row, 1, known.get(column.name), styles)
        sheet.write_string(row, 2, _told(column), styles["text"])
        _restrict(sheet, (row, 1, row, 1), column, lists)


def _told(column: Column) -> str:
    expected = f"a code of the list {column.codes}" if column.kind == "code" else column.expected
    need = "Must be filled in." if column.required else "May be blank."
    end = "" if column.help.endswith("?") else "."
    return f"{column.help}{end} Expected: {expected}. {need}"


def _explain(sheet: Any, row: int, place: int, column: Column, styles: Mapping[str, Any]) -> None:
    """Shade the heading of a required column, and hang its meaning on it as a note."""
    sheet.write_string(row, place, column.name, styles["required" if column.required else "header"])
    sheet.write_comment(row, place, _told(column), {"author": "", "x_scale": 2, "y_scale": 1.2})


def _restrict(sheet: Any, area: tuple[int, int, int, int], column: Column, lists: Mapping[str, str]) -> None:
    """Give cells a list to choose from, or a range; what Excel stops here, cdi check would find later."""
    stop = {"ignore_blank": True, "error_title": column.name, "error_message": _told(column)[:255]}
    rules: dict[str, dict[str, Any]] = {
        "yes_no": {"validate": "list", "source": ["yes", "no"]},
        "whole": {"validate": "integer", "criteria": ">=", "value": 0},
        "share": {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1},
        "date": {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY},
        "moment": {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY},
    }
    rule = rules.get(column.kind)
    if column.codes:
        # a list that names only the usual codes lets others through with a question
        rule = {"validate": "list", "source": lists[column.codes]}
        stop["error_type"] = "stop" if column.kind == "code" else "warning"
    elif column.name == "stratum" and area[0] == 1 and sheet.name != "strata":
        rule = {"validate": "list", "source": f"=strata!$A$2:$A${ROWS + 1}"}
    if rule:
        sheet.data_validation(*area, stop | rule)


def _write_lists(sheet: Any, styles: Mapping[str, Any]) -> dict[str, str]:
    """Write every code list with its labels; return where the codes of each are."""
    names = dict.fromkeys(column.codes for s in all_sheets().values() for column in s.columns if column.codes)
    places = {}
    for at, name in enumerate(names):
        codes = code_list(name)
        for place, (title, texts) in enumerate(((name, list(codes)), ("means", list(codes.values()))), start=2 * at):
            sheet.write_string(0, place, title, styles["header"])
            sheet.write_column(1, place, texts, styles["text"])
            sheet.set_column(place, place, max(map(len, (title, *texts))) + 2)
        letters = xlsxwriter.utility.xl_col_to_name(2 * at)
        places[name] = f"={LISTS}!${letters}$2:${letters}${len(codes) + 1}"
    sheet.freeze_panes(1, 0)
    return places


def _write_example(sheet: Any, styles: Mapping[str, Any]) -> None:
    """Write the worked example as it would stand on each sheet, one below the other."""
    sheet.set_column(0, 20, 18, styles["text"])
    at = 0
    for name, table in worked_example().items():
        rows: Iterable[list[Any]] = table.astype("object").where(table.notna(), None).to_numpy().tolist()
        sheet.write_string(at, 0, f"Sheet {name}", styles["heading"])
        sheet.write_row(at + 1, 0, list(table.columns), styles["header"])
        at += 2
        for row in rows:
            for place, text in enumerate(row):
                if text is not None:
                    sheet.write_string(at, place, text)
            at += 1
        at += 1
