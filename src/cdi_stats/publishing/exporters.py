"""nbconvert exporters: `jupyter nbconvert --to cdi-pdf` and JupyterLab's export menu give what `cdi report` gives."""

from __future__ import annotations

from typing import Any

from nbconvert.exporters import Exporter
from traitlets import Unicode

from cdi_stats.publishing.document import read_executed
from cdi_stats.publishing.theme import PLAIN, Theme
from cdi_stats.publishing.theme.reading import read_theme


class _CdiExporter(Exporter):
    """What the exporters share: a house style."""

    theme = Unicode("", help="A theme: its file, its folder, or a bundled one's name.").tag(config=True)

    def _theme(self) -> Theme:
        return read_theme(self.theme) if self.theme else PLAIN


class CdiHtmlExporter(_CdiExporter):
    """An executed report notebook as one self-contained HTML page."""

    export_from_notebook = "CDI report (HTML)"
    output_mimetype = "text/html"

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Return the page and nbconvert's resources."""
        from cdi_stats.publishing.html import render_html

        nb, resources = super().from_notebook_node(nb, resources, **options)
        return render_html(read_executed(nb), self._theme()), resources


class CdiDocxExporter(_CdiExporter):
    """An executed report notebook as a Word file."""

    export_from_notebook = "CDI report (Word)"
    output_mimetype = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    template = Unicode("", help="A Word file whose styles, header and footer the report takes.").tag(config=True)

    def _file_extension_default(self) -> str:
        return ".docx"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Return the Word file's bytes and nbconvert's resources."""
        from cdi_stats.publishing.docx import render_docx

        nb, resources = super().from_notebook_node(nb, resources, **options)
        return render_docx(read_executed(nb), self.template or None, self._theme()), resources


class CdiTablesExporter(_CdiExporter):
    """The tables and figures of an executed report notebook as a workbook."""

    export_from_notebook = "CDI tables (Excel)"
    output_mimetype = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def _file_extension_default(self) -> str:
        return ".xlsx"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Return the workbook's bytes and nbconvert's resources."""
        from cdi_stats.publishing.tables import render_xlsx

        nb, resources = super().from_notebook_node(nb, resources, **options)
        return render_xlsx(read_executed(nb), self._theme()), resources


class CdiPdfExporter(_CdiExporter):
    """An executed report notebook as a tagged PDF."""

    export_from_notebook = "CDI report (PDF)"
    output_mimetype = "application/pdf"

    def _file_extension_default(self) -> str:
        return ".pdf"

    def from_notebook_node(self, nb: Any, resources: Any = None, **options: Any) -> tuple[Any, Any]:
        """Return the PDF's bytes and nbconvert's resources."""
        from cdi_stats.publishing.typst import render_pdf

        nb, resources = super().from_notebook_node(nb, resources, **options)
        return render_pdf(read_executed(nb), self._theme()), resources


EXPORTERS: dict[str, type[_CdiExporter]] = {
    "cdi-pdf": CdiPdfExporter,
    "cdi-docx": CdiDocxExporter,
    "cdi-html": CdiHtmlExporter,
    "cdi-tables": CdiTablesExporter,
}
