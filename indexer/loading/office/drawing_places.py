"""Where DrawingML puts shapes and pictures, through the groups they are in; what they show is not known here.

ECMA-376 part 1, 20.1.7 (2D transforms): a group has a place of its own and a coordinate system for what is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

from indexer.loading.office.office_parts import DRAWING

EMU = 9525
"""English metric units in a CSS pixel."""
_NUMBER = re.compile(r"-?[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle in English metric units, before it is turned around its middle; sides are never negative."""

    left: float
    top: float
    width: float
    height: float
    is_turned: bool = False

    def misses(self, width: float, height: float) -> bool:
        """Whether it lies wholly off a page of this size, however it is turned."""
        across = down = 0.0
        if self.is_turned:
            circle = hypot(self.width, self.height)
            across, down = (circle - self.width) / 2, (circle - self.height) / 2
        beside = self.left + self.width + across <= 0 or self.left - across >= width
        return beside or self.top + self.height + down <= 0 or self.top - down >= height


def place_of(shape: Any) -> Place | None:
    """The place of a shape, a picture or a group; ``None`` where nothing says it, or a group around it is turned."""
    own = _transform(shape)
    place = _place(own, "off", "ext")
    if place is None:
        return None
    return _out_of_groups(replace(place, is_turned=own.get("rot", "0") != "0"), shape)


def _out_of_groups(place: Place, shape: Any) -> Place | None:
    """A place in the innermost group as one on the page."""
    for group in shape.iterancestors("{*}grpSp", "{*}wgp"):
        transform = _transform(group)
        if transform is None:
            continue  # what is in it stands where it says
        outer, inner = _place(transform, "off", "ext"), _place(transform, "chOff", "chExt")
        if {"rot", "flipH", "flipV"} & set(transform.attrib) or outer is None or inner is None:
            return None
        across = outer.width / inner.width if inner.width else 1.0
        down = outer.height / inner.height if inner.height else 1.0
        place = replace(
            place,
            left=outer.left + (place.left - inner.left) * across,
            top=outer.top + (place.top - inner.top) * down,
            width=place.width * across,
            height=place.height * down,
        )
    return place


def _transform(shape: Any) -> Any:
    """The element that places a shape, a group, or a frame (which has it without properties around it)."""
    for path in (f"{{*}}spPr/{DRAWING}xfrm", f"{{*}}grpSpPr/{DRAWING}xfrm", "{*}xfrm"):
        found = shape.find(path)
        if found is not None:
            return found
    return None


def _place(transform: Any, offset: str, extent: str) -> Place | None:
    if transform is None:
        return None
    start, size = transform.find(f"{DRAWING}{offset}"), transform.find(f"{DRAWING}{extent}")
    if start is None or size is None:
        return None
    left, top, width, height = emu(start, "x"), emu(start, "y"), emu(size, "cx"), emu(size, "cy")
    if left is None or top is None or width is None or height is None:
        return None
    return Place(left, top, max(0, width), max(0, height))


def emu(element: Any, name: str) -> int | None:
    """A length that an attribute says, in English metric units; ``None`` for what is none."""
    value = element.get(name) or ""
    return int(value) if _NUMBER.fullmatch(value) else None
