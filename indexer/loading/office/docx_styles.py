"""What the styles of a Word document say about paragraphs and runs: headings, lists, and what is not shown.

ECMA-376 part 1, 17.7 (styles) and 17.3.2 (run properties). Theme colours and the shading of table styles are not known
here, so white text counts as hidden only where nothing can lie behind it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from indexer.loading.office.docx_numbering import NumberedAs
from indexer.loading.office.office_parts import is_on

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING_NAME = re.compile(r"heading ([1-9])", re.IGNORECASE)
_SMALLEST = ("0", "1", "2")  # half points: nobody reads type of one point
_DIGITS = tuple("012345678")
_COVERED = (f"{W}tc", f"{W}txbxContent")


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says: the level of a heading (0: none), whether it makes list items, and what it hides."""

    level: int = 0
    is_list: bool = False
    numbered: NumberedAs | None = None
    is_hidden: bool = False
    is_white: bool = False
    is_shaded: bool = False


PLAIN = Style()


def read_styles(root: Any) -> dict[str, Style]:
    """What every style of a styles part says, with what it inherits."""
    elements = {element.get(f"{W}styleId") or "": element for element in root.iter(f"{W}style")}
    styles: dict[str, Style] = {}
    for youngest in elements:
        line, name = list[str](), youngest  # from a style up to its oldest ancestor that is not known yet
        while name in elements and name not in styles and name not in line:
            line.append(name)
            name = _value(elements[name].find(f"{W}basedOn"))
        for heir in reversed(line):
            parent = styles.get(_value(elements[heir].find(f"{W}basedOn")), PLAIN)
            styles[heir] = _read_style(elements[heir], parent)
    return styles


def own_style(properties: Any, style: Style) -> Style:
    """A paragraph's style with what its own properties say: their outline level and numbering go first."""
    outline = _value(properties.find(f"{W}outlineLvl"))
    level = min(int(outline) + 1, 6) if outline in _DIGITS else style.level
    is_list, numbered = style.is_list, style.numbered
    number = properties.find(f"{W}numPr")
    if number is not None:
        num_id = _value(number.find(f"{W}numId")) or (numbered.num_id if numbered else "")
        depth = _value(number.find(f"{W}ilvl"))
        inherited = numbered.depth if numbered else 0
        numbered = (
            NumberedAs(num_id, int(depth) if depth in _DIGITS else inherited) if num_id not in ("", "0") else None
        )
        is_list = numbered is not None
    shaded = style.is_shaded or _is_shaded(properties)
    return Style(level, is_list, numbered, style.is_hidden, style.is_white, shaded)


def is_invisible(run: Any, paragraph_style: Style, styles: dict[str, Style]) -> bool:
    """Whether nobody sees a run: marked as hidden, in type of a point, or white on nothing."""
    properties = run.find(f"{W}rPr")
    if properties is None:
        return paragraph_style.is_hidden or (paragraph_style.is_white and not _is_covered(run, paragraph_style))
    style = styles.get(_value(properties.find(f"{W}rStyle")), PLAIN)
    vanish = properties.find(f"{W}vanish")
    if is_on(vanish.get(f"{W}val")) if vanish is not None else style.is_hidden or paragraph_style.is_hidden:
        return True
    size, colour = _value(properties.find(f"{W}sz")), _value(properties.find(f"{W}color"))
    if size in _SMALLEST:
        return True
    is_white = colour.upper() == "FFFFFF" if colour else style.is_white or paragraph_style.is_white
    on_colour = style.is_shaded or _is_shaded(properties) or properties.find(f"{W}highlight") is not None
    return is_white and not on_colour and not _is_covered(run, paragraph_style)


def _is_covered(run: Any, paragraph_style: Style) -> bool:
    """Whether a colour may lie behind a run: of its paragraph, a cell, a box or the page."""
    if paragraph_style.is_shaded or any(ancestor.tag in _COVERED for ancestor in run.iterancestors()):
        return True
    return run.getroottree().getroot().find(f"{W}background") is not None


def _read_style(element: Any, parent: Style) -> Style:
    name = _value(element.find(f"{W}name"))
    properties, run = element.find(f"{W}pPr"), element.find(f"{W}rPr")
    style = own_style(properties, parent) if properties is not None else parent
    level, is_list = style.level, style.is_list
    if match := _HEADING_NAME.fullmatch(name):
        level = min(int(match[1]), 6)
    elif name.lower() == "title":
        level = 1
    is_list = (is_list and name.lower() != "subtitle") or name.lower().startswith("list ")
    hidden, white, shaded = style.is_hidden, style.is_white, style.is_shaded
    if run is not None:
        vanish, colour = run.find(f"{W}vanish"), _value(run.find(f"{W}color"))
        hidden = is_on(vanish.get(f"{W}val")) if vanish is not None else hidden
        white = colour.upper() == "FFFFFF" if colour else white
        shaded = shaded or _is_shaded(run)
    return Style(level, is_list, style.numbered, hidden, white, shaded)


def _is_shaded(properties: Any) -> bool:
    shading = properties.find(f"{W}shd")
    return shading is not None and shading.get(f"{W}fill", "auto").upper() not in ("AUTO", "FFFFFF")


def _value(element: Any) -> str:
    return "" if element is None else element.get(f"{W}val") or ""
