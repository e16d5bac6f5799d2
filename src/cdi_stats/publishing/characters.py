"""The characters of a text that a file of XML can hold, as Word's and spreadsheets' are."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Return the text with each character that XML forbids shown as a replacement character, so that none vanishes."""
    return _UNFIT.sub(REPLACEMENT, text)
