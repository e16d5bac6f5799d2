"""The workbook that an analyst fills in, and the writing of any audit as a workbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from cdi_stats.audit.schema import all_sheets

STYLES: dict[str, dict[str, object]] = {
    "header": {"bold": True, "bottom": 1},
    "text": {"text_wrap": True},
    "number": {"align": "left"},
    "date": {"num_format": "dd/mm/yyyy", "align": "left"},
    "moment": {"num_format": "dd/mm/yyyy hh:mm", "align": "left"},
}
WIDTHS = {"date": 12, "moment": 17}
WIDEST = 90


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


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path | str) -> None:
    """Write tables as a workbook, a sheet each in their order; equal tables give equal files.

    Headers are bold and stay in sight. Dates become Excel's own dates, and a schema's date columns are shown as dates
    even while empty; text is never taken for a formula; None and NaN leave a cell empty.
    """
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.set_properties({"created": datetime(2019, 1, 15)})
        styles = {kind: workbook.add_format({"valign": "top"} | style) for kind, style in STYLES.items()}
        for name, table in tables.items():
            _write_sheet(workbook.add_worksheet(name), name, table, styles)
