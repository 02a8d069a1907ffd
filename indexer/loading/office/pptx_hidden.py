"""What a slide never shows: shapes that are switched off or lie wholly beside the slide, and type of one point.

ECMA-376 part 1, 19.3.1.12 and 21.1.2.3.9. White text is not looked for: what lies behind it is not known here.
"""

from __future__ import annotations

from typing import Any

from indexer.loading.characters import clean_line
from indexer.loading.office.drawing_places import place_of
from indexer.loading.office.office_parts import DRAWING, drawing_paragraphs

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_SHAPES = tuple(f"{_P}{name}" for name in ("sp", "pic", "cxnSp", "graphicFrame", "grpSp"))
_TINY = 100  # hundredths of a point: nobody reads type of one point


def remove_hidden(slide: Any, width: int | None, height: int | None) -> int:
    """Take out of a slide what it doesn't show.

    Args:
        slide: the root of its part.
        width: of the slide in English metric units; ``None`` when the presentation doesn't say.
        height: likewise.

    Returns:
        How many characters went.
    """
    characters = sum(_remove(switch.getparent().getparent(), slide) for switch in _switched_off(slide))
    if width and height:
        for shape in list(slide.iter(*_SHAPES)):
            place = place_of(shape)
            if place and place.misses(width, height):
                characters += _remove(shape, slide)
    for run in list(slide.iter(f"{DRAWING}r", f"{DRAWING}fld")):
        if _is_tiny(run):
            characters += len(clean_line("".join(text.text or "" for text in run.iter(f"{DRAWING}t"))))
            run.getparent().remove(run)
    return characters


def _switched_off(slide: Any) -> list[Any]:
    """The properties of shapes and groups that are switched off."""
    switches = (one for one in slide.iter(f"{_P}cNvPr") if one.get("hidden") in ("1", "true"))
    return [one for one in switches if len(list(one.iterancestors())) > 2]


def _remove(shape: Any, slide: Any) -> int:
    """Take out a shape, unless it went with its group already; returns its characters."""
    parent = shape.getparent()
    if parent is None or not any(ancestor is slide for ancestor in shape.iterancestors()):
        return 0
    characters = sum(len(clean_line(text)) for text in drawing_paragraphs(shape))
    parent.remove(shape)
    return characters


def _is_tiny(run: Any) -> bool:
    """Whether a run is in type of a point at most, by itself or by the list styles of its shape."""
    properties = run.find(f"{DRAWING}rPr")
    size = None if properties is None else properties.get("sz")
    if size is None:
        size = _inherited_size(run.getparent())
    return size is not None and size.isascii() and size.isdigit() and int(size[:9]) <= _TINY


def _inherited_size(paragraph: Any) -> str | None:
    """What the list styles of a text body say about the size of a paragraph at its level."""
    properties = paragraph.find(f"{DRAWING}pPr")
    level = "0" if properties is None else properties.get("lvl", "0")
    body = paragraph.getparent()
    if body is None or level not in tuple("012345678"):
        return None
    styled = body.find(f"{DRAWING}lstStyle/{DRAWING}lvl{int(level) + 1}pPr/{DRAWING}defRPr")
    return None if styled is None else styled.get("sz")
