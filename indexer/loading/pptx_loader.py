"""PowerPoint presentations to a page for each slide: its title as heading, its text, tables and charts, then its notes.

ECMA-376 part 1, chapters 19 and 21. Shapes come in the order in which they are stored, which is the one that screen
readers use; the title comes first. Comments, dates and slide numbers are not text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import clean_line
from indexer.loading.dates import find_date
from indexer.loading.html_loader import join_cells
from indexer.loading.office_parts import (
    DRAWING,
    MACROS,
    RELATION_ID,
    Relation,
    drawing_paragraphs,
    graphic_blocks,
    has_macros,
    main_part,
    paragraph_text,
    properties,
    relations,
    sensible_title,
)
from indexer.loading.packages import Package
from indexer.loading.tables import LONGEST_LABEL
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
        FootnoteError: when it is damaged.
    """
    package = Package(data)
    part = main_part(package)
    named = relations(package, part)
    builder, warnings, hidden = TextBuilder(), [MACROS] if has_macros(package) else [], 0
    for number, entry in enumerate(package.xml(part).iter(f"{_P}sldId"), start=1):
        relation = named.get(entry.get(RELATION_ID) or "")
        if relation is None:
            warnings.append(f"slide {number} is missing in the file")
            builder.end_page(status="unreadable", problem="it is missing in the file")
        else:
            slide = package.xml(relation.target)
            hidden += _remove_hidden(slide)
            _add_slide(builder, package, relation.target, slide, number=number)
            if slide.get("show") in ("0", "false"):
                warnings.append(f"slide {number} is hidden in the presentation, and was read")
    if hidden:
        warnings.append(f"{hidden:,} characters of hidden text were left out")
    title, metadata = properties(package)
    return builder.build(
        title=title or sensible_title(builder.text_of_first(1) or ""),
        date=find_date(builder.head()),
        warnings=tuple(warnings),
        metadata=metadata,
        hidden=hidden,
    )


def _remove_hidden(slide: Any) -> int:
    """Take out what is never shown: shapes and groups that are switched off. Returns their characters."""
    characters = 0
    for switch in list(slide.iter(f"{_P}cNvPr")):
        above = list(switch.iterancestors())
        if switch.get("hidden") in ("1", "true") and len(above) > 2 and above[-1] is slide:
            characters += sum(len(clean_line(text)) for text in drawing_paragraphs(above[1]))
            above[2].remove(above[1])  # what is inside of it no longer leads up to the slide
    return characters


def _add_slide(builder: TextBuilder, package: Package, part: str, slide: Any, *, number: int) -> None:
    """Append one slide as a page."""
    named = relations(package, part)
    shapes = list(_shapes(slide.find(f"{_P}cSld/{_P}spTree")))
    title = " ".join(text for shape in shapes if _role(shape) in _TITLES for text in drawing_paragraphs(shape))
    rest = [block for shape in shapes if _role(shape) not in _TITLES for block in _blocks(shape, package, named)]
    notes = [text for relation in named.values() if relation.kind == "notesSlide" for text in _notes(package, relation)]
    has_text = any(clean_line(text) for text in (title, *(text for _, text in rest), *notes))
    if has_text:  # a slide without a title would otherwise stand under the title of the one before
        builder.add("heading", title if clean_line(title) else f"Slide {number}", level=1)
    for kind, text in rest:
        builder.add(kind, text)
    if any(map(clean_line, notes)):
        builder.add("heading", "Notes", level=2)
    for text in notes:
        builder.add("paragraph", text)
    builder.end_page()


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


def _blocks(shape: Any, package: Package, named: dict[str, Relation]) -> Blocks:
    """The blocks of one shape: a table, a chart, a diagram or text."""
    if _role(shape) in _FURNITURE:
        return
    table = next(shape.iter(f"{DRAWING}tbl"), None)
    if table is not None:
        yield from _rows(table)
        return
    yield from graphic_blocks(shape, package, named)
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


def _notes(package: Package, relation: Relation) -> Iterator[str]:
    """What the speaker wrote below a slide."""
    for shape in _shapes(package.xml(relation.target).find(f"{_P}cSld/{_P}spTree")):
        if _role(shape) == "body":
            yield from drawing_paragraphs(shape)
