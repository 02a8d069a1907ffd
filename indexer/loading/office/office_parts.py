"""What Office Open XML files have in common: parts that name one another, and the properties of the document.

ECMA-376 part 2 (Open Packaging Conventions). What the parts of a Word, Excel or PowerPoint file mean is not known here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from indexer.loading.characters import clean_line
from indexer.loading.packages import Package, PartError
from schema import BlockKind, FootnoteError

RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MACROS = "holds macros, which are not run"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
GRAPHICS = (f"{_CHART}chart", _DIAGRAM)
_DIAGRAM_DATA = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_FIELDS = {"creator": "author", "subject": "subject", "keywords": "keywords", "language": "language",
           "version": "version", "revision": "revision", "category": "category"}  # fmt: skip
_NOT_A_TITLE = re.compile(
    r"microsoft word|untitled|word document|document\d*$|\.(?:docx?|pptx?|xlsx?|od[tsp]|rtf)$|dokument"
    r"|powerpoint.presentation|^(?:presentation|workbook|book|sheet|slide|mappe|präsentation) ?\d*$",
    re.IGNORECASE,
)
_MOST_DIGITS = 9
_ON = frozenset({None, "1", "true", "on"})


@dataclass(frozen=True, slots=True)
class Relation:
    """How one part names another: the last word of the relation's type, and the name of the part."""

    kind: str
    target: str


class Salvage:
    """Reads a package part by part: what is damaged is named in ``warnings``, and costs no more than itself."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.warnings: list[str] = [MACROS] if _has_macros(package) else []
        self._first: PartError | None = None

    def xml(self, name: str, what: str) -> Any | None:
        """The root element of a part that the document can do without; ``None`` for a damaged one.

        Args:
            name: of the part.
            what: it is, for the warning, such as ``"a chart"``.
        """
        try:
            return self.package.xml(name)
        except PartError as error:
            self.lose(what, error)
            return None

    def relations(self, part: str, what: str) -> dict[str, Relation]:
        """The parts that one names which the document can do without; none for damaged relations."""
        try:
            return relations(self.package, part)
        except PartError as error:
            self.lose(what, error)
            return {}

    def lose(self, what: str, error: PartError) -> None:
        """Note that a part was not read."""
        self._first = self._first or error
        self.warnings.append(f"{what} is damaged and was not read")

    def refuse_if_nothing_is_left(self, blocks: int) -> None:
        """Refuse a document of which so many blocks were read.

        Raises:
            FootnoteError: when there are none, and parts were damaged: with the first reason.
        """
        if self._first and not blocks:
            raise self._first


def relations(package: Package, part: str) -> dict[str, Relation]:
    """The parts that ``part`` names, by id; links that lead out of the file are left out, and so are missing parts."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in package.names:
        return {}
    found = {}
    for element in package.xml(path).iter(_RELATION):
        target = posixpath.normpath(posixpath.join("/", folder, element.get("Target") or ""))[1:]
        if element.get("TargetMode") != "External" and target in package.names:
            found[element.get("Id") or ""] = Relation((element.get("Type") or "").rpartition("/")[2], target)
    return found


def main_part(package: Package) -> str:
    """The name of the part that holds the document itself.

    Raises:
        FootnoteError: when the package names none.
    """
    for relation in relations(package, "").values():
        if relation.kind == "officeDocument":
            return relation.target
    raise FootnoteError("It names no document inside of it: it may be damaged.")


def properties(package: Package) -> tuple[str | None, dict[str, str]]:
    """The title that the document's properties state and its other fields; broken properties state nothing."""
    for relation in relations(package, "").values():
        if relation.kind == "core-properties":
            try:
                root = package.xml(relation.target)
            except FootnoteError:  # no reason to lose the text
                return None, {}
            fields = {child.tag.rpartition("}")[2]: child.text or "" for child in root if isinstance(child.tag, str)}
            metadata = {ours: fields[theirs] for theirs, ours in _FIELDS.items() if fields.get(theirs)}
            return sensible_title(fields.get("title", "")), metadata
    return None, {}


def sensible_title(title: str) -> str | None:
    """The title, unless a program filled it in."""
    title = clean_line(title)
    return title if len(title) >= 4 and not _NOT_A_TITLE.search(title) else None


def is_on(value: str | None) -> bool:
    """What a switch of the format says: written without a value it is on."""
    return value in _ON


def drawing_paragraphs(element: Any) -> Iterator[str]:
    """The paragraphs of DrawingML in an element, in order."""
    return (paragraph_text(paragraph) for paragraph in element.iter(f"{DRAWING}p"))


def paragraph_text(paragraph: Any) -> str:
    """The words of one paragraph of DrawingML."""
    pieces = []
    for element in paragraph.iter(f"{DRAWING}br", "{*}t"):  # equations have texts of their own
        pieces.append(" " if element.tag == f"{DRAWING}br" else element.text or "")
    return "".join(pieces)


def _has_macros(package: Package) -> bool:
    """Whether the file brings a program with it."""
    return any(name.endswith("vbaProject.bin") for name in package.names)


def graphic_blocks(
    graphics: Iterable[Any], salvage: Salvage, named: dict[str, Relation]
) -> Iterator[tuple[BlockKind, str]]:
    """What charts and diagrams (`GRAPHICS`) say, which are parts of their own, ``named`` by the part they are in."""
    for graphic in graphics:
        relation = named.get(graphic.get(RELATION_ID if graphic.tag != _DIAGRAM else _DIAGRAM_DATA) or "")
        is_chart = relation is not None and relation.kind == "chart"
        root = salvage.xml(relation.target, "a chart" if is_chart else "a diagram") if relation else None
        if root is not None and is_chart:
            yield from chart_blocks(root)
        elif root is not None:
            yield from (("list_item", text) for text in drawing_paragraphs(root))


def chart_blocks(chart: Any) -> Iterator[tuple[BlockKind, str]]:
    """The title of a chart, then its values as a table: series as columns, categories as rows."""
    title = chart.find(f"{_CHART}chart/{_CHART}title")
    yield "paragraph", " ".join(drawing_paragraphs(title)) if title is not None else ""
    series = list(chart.iter(f"{_CHART}ser"))
    names = [" ".join(_points(one.find(f"{_CHART}tx")).values()) for one in series]
    values = [_points(one.find(f"{_CHART}val")) or _points(one.find(f"{_CHART}yVal")) for one in series]
    labels: dict[int, str] = {}
    for one in series:
        labels = labels or _points(one.find(f"{_CHART}cat")) or _points(one.find(f"{_CHART}xVal"))
    if any(names) and any(values):
        yield "table_row", _row(["", *names])
    for place in sorted({place for column in (labels, *values) for place in column}):
        yield "table_row", _row([column.get(place, "") for column in (labels, *values)])


def _row(cells: list[str]) -> str:
    return " | ".join(cells) if any(cells) else ""


def _points(element: Any) -> dict[int, str]:
    """The values that a chart keeps of a range of cells, by place."""
    if element is None:
        return {}
    found = {}
    for index, point in enumerate(element.iter(f"{_CHART}pt")):
        place = point.get("idx") or ""
        found[int(place) if place.isdecimal() and len(place) <= _MOST_DIGITS else index] = (
            point.findtext(f"{_CHART}v") or ""
        )
    return found
