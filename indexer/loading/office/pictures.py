"""The pictures that office documents show, counted for the warning that nobody has read what is in them.

A picture that is shown on each slide counts once. Which ones count is said in `unread`; those of page headers, layouts
and bullets are not looked for, since loaders read none of their text either.
"""

from __future__ import annotations

import re
from typing import Any

from indexer.loading.office.drawing_places import EMU, emu, place_of
from indexer.loading.office.office_parts import DRAWING, Relation
from indexer.loading.unread import may_hold_words, pictures_unread

_TYPES = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_VML = "{urn:schemas-microsoft-com:vml}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SHOWN = (f"{DRAWING}blip", f"{_VML}imagedata")
_NAMES = tuple(f"{_TYPES}{name}" for name in ("embed", "link", "id", "pict"))
_GONE = frozenset({"del", "moveFrom"})  # revisions that were taken out of a text
_PIXELS = {"px": 1.0, "pt": 96 / 72, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pc": 16.0}
_LENGTH = re.compile(r"\s*([0-9]{0,9}\.?[0-9]{0,9})\s*(px|pt|in|cm|mm|pc)\s*")
_VML_SIDE = re.compile(r"(?:^|;)\s*(width|height):([^;]*)")


class Pictures:
    """The pictures of one document that may hold words."""

    def __init__(self) -> None:
        self._names: set[object] = set()

    def add(self, name: object, width: float | None = None, height: float | None = None) -> None:
        """Take a picture by what tells it from others; its sides are in CSS pixels, ``None`` where nothing says."""
        if may_hold_words(width, height):
            self._names.add(name)

    def look(self, root: Any, named: dict[str, Relation]) -> None:
        """Take the pictures that a part of an Office Open XML file shows, whose relations are ``named`` by id."""
        for shown in root.iter(*_SHOWN):
            name = next((shown.get(attribute) for attribute in _NAMES if shown.get(attribute)), "")
            if name and not any(_leaves_out(ancestor) for ancestor in shown.iterancestors()):
                self.add(named[name].target if name in named else name, *_sides(shown))

    def take_named(self, named: dict[str, Relation]) -> None:
        """Take the pictures among the relations of a part, whatever shows them."""
        for relation in named.values():
            if relation.kind == "image":
                self.add(relation.target)

    def warnings(self) -> tuple[str, ...]:
        """What the report says of them; nothing where there are none."""
        return (pictures_unread(len(self._names)),) if self._names else ()


def pixels(length: str | None) -> float | None:
    """CSS pixels of a length with its unit; ``None`` for what is none.

    >>> [pixels(length) for length in ("2in", "36pt", "1.5", None)]
    [192.0, 48.0, None, None]
    """
    match = _LENGTH.fullmatch(length or "")
    return float(match[1]) * _PIXELS[match[2]] if match and match[1].strip(".") else None


def _leaves_out(ancestor: Any) -> bool:
    """Whether a picture within this element is a bullet, deleted, or what old programs show instead of words."""
    name = ancestor.tag.rpartition("}")[2]
    if name == "Fallback" and ancestor.getparent() is not None:
        choices = ancestor.getparent().iterfind(f"{_MC}Choice")
        return any(text.text for choice in choices for text in choice.iter("{*}t"))
    return name == "buBlip" or name in _GONE


def _sides(shown: Any) -> tuple[float | None, float | None]:
    """Width and height in CSS pixels, of the nearest element that says them; some programs say nothing by zeros."""
    for ancestor in shown.iterancestors():
        name = ancestor.tag.rpartition("}")[2]
        width = height = None
        if name in ("pic", "sp", "wsp") and (place := place_of(ancestor)):
            width, height = place.width / EMU, place.height / EMU
        elif name in ("inline", "anchor", "oneCellAnchor"):
            extent = next(ancestor.iterchildren("{*}extent", "{*}ext"), None)
            width, height = (emu(extent, side) if extent is not None else None for side in ("cx", "cy"))
            width, height = width and width / EMU, height and height / EMU
        elif name == "shape" and ancestor.get("style"):
            sides = dict(_VML_SIDE.findall(ancestor.get("style")))
            width, height = pixels(sides.get("width")), pixels(sides.get("height"))
        if width or height:
            return width, height
    return None, None
