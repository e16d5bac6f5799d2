"""The document that every writer reads: title matter and blocks, taken from an executed notebook."""

from __future__ import annotations

from dataclasses import dataclass

from cdi_stats.report.blocks import Json


@dataclass(frozen=True)
class Document:
    """A report as data: `title` is the level-1 heading; `blocks` are JSON as report.blocks describes it.

    Tables and charts carry a "number" (1, 2 … each in their own series), headings an "id" unique in the document.
    `date` is an ISO date, or empty; `language` a BCP 47 tag.
    """

    title: str
    subtitle: str
    date: str
    author: str
    blocks: tuple[Json, ...]
    language: str = "en-GB"
