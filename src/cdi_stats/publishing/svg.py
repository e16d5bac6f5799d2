"""An SVG from someone else's hands, read with care: a picture and nothing else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

# what may run something, load something, or take any amount of memory, as a filter's region does
NOT_DRAWN = {"script", "foreignobject", "iframe", "image", "audio", "video", "handler", "listener", "set", "filter"}
NAMESPACE = "{http://www.w3.org/2000/svg}"
_OUTSIDE = re.compile(r"@import|\\|url\((?!\s*[\"']?\s*#)|expression\(|javascript:", re.IGNORECASE)


def read_svg(data: bytes) -> ElementTree.Element:
    """Return the root of an SVG. Raises ValueError, saying what was found, for all but a plain picture."""
    if re.search(rb"<!DOCTYPE[^>]*\[|<!ENTITY|<\?(?!xml\s)", data, re.IGNORECASE) or b"\0" in data:
        raise ValueError("found a file with declarations, entities or a style sheet of its own")
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise ValueError("found a file that is neither PNG nor sound SVG") from None
    if root.tag != f"{NAMESPACE}svg":
        raise ValueError("found XML that is no SVG")
    for element in root.iter():
        _check_element(element)
    return root


def _check_element(element: ElementTree.Element) -> None:
    name = element.tag.rpartition("}")[2]
    if name.lower() in NOT_DRAWN or name.lower().startswith("animate"):
        raise ValueError(f"found the element {name[:40]}, which may run or load something, or take all memory")
    if name == "style" and _OUTSIDE.search("".join(element.itertext())):
        raise ValueError("found a style that points elsewhere")
    for attribute, value in element.items():
        local = attribute.rpartition("}")[2]
        outside = local.lower() in ("href", "src", "base") and not value.startswith("#")
        if local.lower().startswith("on") or outside or _OUTSIDE.search(value):
            raise ValueError(f"found {local[:40]}={value[:40]!r}, which runs something or points elsewhere")
