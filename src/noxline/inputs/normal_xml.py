"""What counts of XML reports: JUnit, Cobertura's form of coverage, and the site map of a documentation."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from noxline.inputs.normal_text import Places

_JUNIT_NOISE = frozenset({"time", "timestamp", "hostname"})


def junit(content: bytes, places: Places) -> object:
    """Return the outcomes of a JUnit report in no order; raise ValueError when it is none."""
    return _element(_parsed(content), places, without=_JUNIT_NOISE, ordered=False)


def coverage(content: bytes, places: Places) -> object:
    """Return the figures of a coverage report; raise ValueError when it is none."""
    root = _parsed(content)
    root.attrib.pop("timestamp", None)
    return _element(root, places)


def site_map(content: bytes, places: Places) -> object:
    """Return the pages that a site map names, packed or not, without their dates; raise ValueError when it is none."""
    root = _parsed(_unpacked(content))
    pages = [[_element(part, places) for part in page if not str(part.tag).endswith("lastmod")] for page in root]
    return sorted(map(str, pages))


def _unpacked(content: bytes) -> bytes:
    import gzip
    import zlib

    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from error


def _parsed(content: bytes) -> Any:
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(content)  # noqa: S314 - a report of this run's own tasks, which could do anything anyway
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error


def _element(element: Any, places: Places, *, without: frozenset[str] = frozenset(), ordered: bool = True) -> list[Any]:
    """Return an element as plain data; white space around text is layout."""
    from noxline.inputs.canonical import encode

    attributes = {name: places.words(value) for name, value in element.attrib.items() if name not in without}
    inner = [_element(child, places, without=without, ordered=ordered) for child in element]
    text = [places.words((part or "").strip()) for part in (element.text, *(child.tail for child in element))]
    return [str(element.tag), attributes, text, inner if ordered else sorted(inner, key=encode)]
