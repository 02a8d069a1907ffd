"""PowerPoint presentations to a page for each slide: its title as heading, its text, tables and charts, then its notes.

ECMA-376 part 1, chapters 19 and 21. Shapes come in the order in which they are stored, which is the one that screen
readers use; the title comes first. A damaged slide costs itself alone. Comments, dates and slide numbers are not text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.office.drawing_places import emu
from indexer.loading.office.office_parts import (
    DRAWING,
    GRAPHICS,
    RELATION_ID,
    Relation,
    Salvage,
    drawing_paragraphs,
    graphic_blocks,
    main_part,
    paragraph_text,
    properties,
    relations,
    sensible_title,
)
from indexer.loading.office.pictures import Pictures
from indexer.loading.office.pptx_hidden import remove_hidden
from indexer.loading.packages import Package, PartError
from indexer.loading.tables import LONGEST_LABEL, join_cells
from schema import BlockKind, Extraction

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("dt", "ftr", "sldNum", "hdr", "sldImg")
_BODIES = ("body", "obj", "")

Blocks = Iterator[tuple[BlockKind, str]]


def load(data: bytes) -> Extraction:
    """Read a presentation from bytes.

    Raises:
        FootnoteError: when it is damaged so that none of its slides can be read.
    """
    package = Package(data)
    part = main_part(package)
    root, named = package.xml(part), relations(package, part)
    size = next(root.iter(f"{_P}sldSz"), None)
    reader = _Reader(package, (emu(size, "cx"), emu(size, "cy")) if size is not None else (None, None))
    for number, entry in enumerate(root.iter(f"{_P}sldId"), start=1):
        reader.add_slide(number, named.get(entry.get(RELATION_ID) or ""))
    return reader.finish()


class _Reader:
    """Appends slides to one document, and keeps what the report says of them."""

    def __init__(self, package: Package, size: tuple[int | None, int | None]) -> None:
        self._package = package
        self._size = size
        self._builder, self._salvage, self._pictures = TextBuilder(), Salvage(package), Pictures()
        self._hidden = 0

    def add_slide(self, number: int, relation: Relation | None) -> None:
        """Append one slide as a page, also one that can't be read."""
        if relation is None:
            self._salvage.warnings.append(f"slide {number} is missing in the file")
            self._builder.end_page(status="unreadable", problem="it is missing in the file")
            return
        try:
            slide, named = self._package.xml(relation.target), relations(self._package, relation.target)
        except PartError as error:
            self._salvage.lose(f"slide {number}", error)
            self._builder.end_page(status="unreadable", problem="it is damaged")
            return
        self._hidden += remove_hidden(slide, *self._size)
        self._pictures.look(slide, named)
        self._add_blocks(slide, named, number)
        if slide.get("show") in ("0", "false"):
            self._salvage.warnings.append(f"slide {number} is hidden in the presentation, and was read")

    def finish(self) -> Extraction:
        """The document, once all slides were added."""
        self._salvage.refuse_if_nothing_is_left(self._builder.blocks)
        warnings = [*self._salvage.warnings, *self._pictures.warnings()]
        if self._hidden:
            warnings.append(f"{self._hidden:,} characters of hidden text were left out")
        title, metadata = properties(self._package)
        return self._builder.build(
            title=title or sensible_title(self._builder.text_of_first(1) or ""),
            date=find_date(self._builder.head()),
            warnings=tuple(warnings),
            metadata=metadata,
            hidden=self._hidden,
        )

    def _add_blocks(self, slide: Any, named: dict[str, Relation], number: int) -> None:
        shapes = list(_shapes(slide.find(f"{_P}cSld/{_P}spTree")))
        title = " ".join(text for shape in shapes if _role(shape) in _TITLES for text in drawing_paragraphs(shape))
        others = [shape for shape in shapes if _role(shape) not in _TITLES]
        rest = [block for shape in others for block in _blocks(shape, self._salvage, named)]
        notes = [text for one in named.values() if one.kind == "notesSlide" for text in self._notes(one, number)]
        has_text = any(clean_line(text) for text in (title, *(text for _, text in rest), *notes))
        if has_text:  # a slide without a title would otherwise stand under the title of the one before
            self._builder.add("heading", title if clean_line(title) else f"Slide {number}", level=1)
        for kind, text in rest:
            self._builder.add(kind, text)
        if any(map(clean_line, notes)):
            self._builder.add("heading", "Notes", level=2)
        for text in notes:
            self._builder.add("paragraph", text)
        self._builder.end_page()

    def _notes(self, relation: Relation, number: int) -> Iterator[str]:
        """What the speaker wrote below a slide."""
        root = self._salvage.xml(relation.target, f"the page of notes of slide {number}")
        for shape in _shapes(root.find(f"{_P}cSld/{_P}spTree") if root is not None else None):
            if _role(shape) == "body":
                yield from drawing_paragraphs(shape)


def _shapes(tree: Any) -> Iterator[Any]:
    """The shapes and frames of a slide, also those in groups; what old programs show instead is left out."""
    stack = [iter(tree if tree is not None else ())]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in (f"{_P}sp", f"{_P}graphicFrame", f"{_P}cxnSp"):
            yield element
        elif element.tag in (f"{_P}grpSp", f"{_MC}AlternateContent", f"{_MC}Choice"):
            stack.append(iter(element))


def _role(shape: Any) -> str | None:
    """What a placeholder is for; ``None`` for a shape that is none."""
    placeholder = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return None if placeholder is None else placeholder.get("type", "")


def _blocks(shape: Any, salvage: Salvage, named: dict[str, Relation]) -> Blocks:
    """The blocks of one shape: a table, a chart, a diagram or text."""
    if _role(shape) in _FURNITURE:
        return
    table = next(shape.iter(f"{DRAWING}tbl"), None)
    if table is not None:
        yield from _rows(table)
        return
    yield from graphic_blocks(shape.iter(*GRAPHICS), salvage, named)
    yield from _text_blocks(shape)


def _rows(table: Any) -> Blocks:
    """The rows of a table; a cell merged down stands in each of them, as in a spreadsheet."""
    above: dict[int, str] = {}
    for row in table.iterfind(f"{DRAWING}tr"):
        for place, cell in enumerate(row.iterfind(f"{DRAWING}tc")):
            text = clean_line(" ".join(drawing_paragraphs(cell)))
            goes_on = cell.get("vMerge") in ("1", "true") and len(above.get(place, "")) <= LONGEST_LABEL
            above[place] = text or (above.get(place, "") if goes_on else "")
        yield "table_row", join_cells([above[place] for place in range(len(row.findall(f"{DRAWING}tc")))])


def _text_blocks(shape: Any) -> Blocks:
    """Paragraphs, or list items where they have marks; a body with several paragraphs is a list by its layout."""
    paragraphs = [one for one in shape.iter(f"{DRAWING}p") if clean_line(paragraph_text(one))]
    is_body = _role(shape) in _BODIES and len(paragraphs) > 1
    number = 0
    for paragraph in paragraphs:
        marks = {
            child.tag.rpartition("}")[2]
            for child in paragraph.iterfind(f"{DRAWING}pPr/*")
            if isinstance(child.tag, str)
        }
        number = number + 1 if "buAutoNum" in marks else 0
        is_item = bool(marks & {"buChar", "buBlip", "buAutoNum"}) or (is_body and "buNone" not in marks)
        text = paragraph_text(paragraph)
        yield "list_item" if is_item else "paragraph", f"{number}. {text}" if number else text
