"""The figures of a workbook read back from its file, to be held to those of the report before it is published."""

from __future__ import annotations

import io

from cdi_stats.publishing.tables.book import FIGURES
from cdi_stats.publishing.tables.sheets import NO_NUMBER


def figures_in(workbook: bytes) -> dict[str, float | None]:
    """Return each figure's value by its key, as an xlsx or ods workbook holds it; None for one without a value."""
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_filelike(io.BytesIO(workbook)).get_sheet_by_name(FIGURES).to_python()
    top = next(place for place, row in enumerate(rows) if row[:2] == ["Figure", "Value"])
    # a table without rows has an empty one in Excel
    found = {str(key): value for key, value, *_ in rows[top + 1 :] if key}
    return {key: None if value == NO_NUMBER else float(value) for key, value in found.items()}  # type: ignore[arg-type]
