"""The elements of an OpenDocument file that are looked for by their names: boxes, paragraphs, cells, pictures, fields.

OASIS OpenDocument 1.3 part 3. What becomes of them is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexer.loading.office.odf_styles import DRAW, OFFICE, PRESENTATION, TABLE, TEXT, Styles
from indexer.loading.office.office_parts import sensible_title
from indexer.loading.office.pictures import Pictures, pixels
from indexer.loading.packages import Package
from schema import FootnoteError

_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_META = {"initial-creator": "author", "creator": "author", "subject": "subject", "language": "language",
         "editing-cycles": "revision"}  # fmt: skip
SKIPPED = frozenset({
    f"{TEXT}tracked-changes", f"{OFFICE}annotation", f"{OFFICE}annotation-end", f"{TEXT}note", f"{TEXT}sequence-decls",
    f"{OFFICE}forms", f"{TEXT}ruby-text", f"{TABLE}shapes", f"{PRESENTATION}notes", f"{TEXT}hidden-text",
    f"{TEXT}index-title-template",
})  # fmt: skip
PARAGRAPHS = (f"{TEXT}p", f"{TEXT}h")
FLOATING = tuple(f"{DRAW}{name}" for name in (
    "frame", "custom-shape", "g", "a", "rect", "ellipse", "circle", "polygon", "regular-polygon", "polyline", "path",
    "line", "connector", "caption", "measure",
))  # fmt: skip
COVERED = f"{TABLE}covered-table-cell"
_GONE = frozenset({f"{TEXT}tracked-changes", f"{OFFICE}annotation", COVERED})


def boxes_in(element: Any) -> list[Any]:
    """The outermost floating boxes in an element."""
    return [box for box in element.iter(*FLOATING) if not any(
        ancestor.tag in FLOATING for ancestor in _ancestors_below(box, element)
    )]  # fmt: skip


def paragraphs_in(element: Any) -> list[Any]:
    """The paragraphs in an element, without those within others."""
    return [one for one in element.iter(*PARAGRAPHS) if not _is_aside(one, element)]


def _is_aside(paragraph: Any, element: Any) -> bool:
    """Whether a paragraph is a comment, a note or part of another one."""
    return any(
        ancestor.tag in SKIPPED or ancestor.tag in PARAGRAPHS for ancestor in _ancestors_below(paragraph, element)
    )


def _ancestors_below(element: Any, top: Any) -> Iterator[Any]:
    for ancestor in element.iterancestors():
        if ancestor is top:
            return
        yield ancestor


def pictures_in(body: Any, styles: Styles) -> Pictures:
    """The pictures that frames show; of several in one frame a program shows the first that it knows."""
    pictures = Pictures()
    for frame in body.iter(f"{DRAW}frame"):
        image = frame.find(f"{DRAW}image")
        gone = (one.tag in _GONE or styles.hides_section(one) for one in frame.iterancestors())
        if image is not None and not any(gone):
            sides = (pixels(frame.get(f"{_SVG}{side}")) for side in ("width", "height"))
            pictures.add(image.get(_LINK) or image, *sides)
    return pictures


def repeated(element: Any, what: str) -> Iterator[tuple[Any, int]]:
    """The rows of a table or the cells of a row, also those in groups, and how many times each stands there."""
    wanted = {"row": (f"{TABLE}table-row",), "cell": (f"{TABLE}table-cell", COVERED)}[what]
    attribute = f"{TABLE}number-{'rows' if what == 'row' else 'columns'}-repeated"
    for child in element:
        if child.tag in wanted:
            times = child.get(attribute, "1")
            yield child, int(times) if times.isascii() and times.isdigit() and len(times) < 8 else 1
        elif child.tag in (f"{TABLE}table-row-group", f"{TABLE}table-header-rows", f"{TABLE}table-rows"):
            yield from repeated(child, what)


def document_properties(package: Package) -> tuple[str | None, dict[str, str]]:
    """The title and other fields of `meta.xml`; broken ones state nothing."""
    try:
        root = package.xml("meta.xml")
    except FootnoteError:
        return None, {}
    fields: dict[str, str] = {}
    keywords = []
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if name == "keyword":
            keywords.append(element.text or "")
        elif element.text:
            fields.setdefault(name, element.text)
    metadata = {ours: fields[theirs] for theirs, ours in reversed(_META.items()) if theirs in fields}
    return sensible_title(fields.get("title", "")), metadata | {"keywords": ", ".join(keywords)}
