"""What of a web page nobody sees, by the attributes and the style of its elements themselves.

Style sheets are not read: what a class hides, a click often shows. Sizes and colours pass from an element to those
within it, which may change them; what is moved off the page or made transparent takes everything in it along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bs4.element import Tag

Colour = tuple[int, int, int]

_LONGEST_STYLE = 5_000  # characters
_SMALLEST = 2.0  # pixels or points
_FAINT = 0.05  # opacity, from 0 to 1
_FAR = 500.0  # pixels off the page
_SAME = 12  # of 255, in each of red, green and blue
_COMMENT = re.compile(r"/\*[^*]*\*+(?:[^/*][^*]*\*+)*/")
_LENGTH = re.compile(r"(-?\d{0,9}\.?\d{0,9})(px|pt|em|rem|%|vw|vh|cm|mm|in)?")
_PIXELS = {"px": 1.0, "pt": 1.33, "em": 16.0, "rem": 16.0, "vw": 10.0, "vh": 10.0, "cm": 38.0, "mm": 3.8, "in": 96.0}
_MOVED = re.compile(r"translate(?:x|y|3d)?\(\s*(?:[^,)]{0,20},\s*)?-\d{4,}|scale(?:x|y|3d)?\(\s*0*\.?0*\s*[,)]", re.I)
_CLIPPED = re.compile(r"rect\(\s*(?:[01](?:px)?[\s,]*){4}\)|inset\(\s*(?:50|100)%|circle\(\s*0\D", re.I)
_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*(?:[,/]\s*([\d.]{1,6})(%?)\s*)?\)")
_NAMED: dict[str, Colour] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
}


@dataclass(frozen=True, slots=True)
class Look:
    """How the words of an element are drawn, as far as its own style and those around it say."""

    is_tiny: bool = False
    is_invisible: bool = False
    colour: Colour | None = None
    background: Colour | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether words that stand in it directly can't be seen."""
        same = self.colour is not None and self.background is not None and _is_same(self.colour, self.background)
        return self.is_tiny or self.is_invisible or same


def look_of(tag: Tag, around: Look) -> Look | None:
    """How an element's words look; ``None`` when nothing in it is seen, whatever the elements within it say.

    Args:
        tag: the element.
        around: the look of the element that holds it.
    """
    if not tag.attrs:
        return around
    if "hidden" in tag.attrs:
        return None
    style = declarations(str(tag.get("style", "")))
    if style and _is_gone(style):
        return None
    colour = _colour(style.get("color") or (str(tag.get("color", "")) if tag.name == "font" else ""))
    look = around if colour is None else replace(around, colour=colour[:3], is_invisible=colour[3] < _FAINT)
    background = style.get("background-color") or style.get("background") or str(tag.get("bgcolor", ""))
    if background:
        found = None if "url(" in background or "gradient" in background else _colour(background)
        look = replace(look, background=found[:3] if found and found[3] > 1 - _FAINT else None)
    if size := style.get("font-size"):
        look = replace(look, is_tiny=_is_tiny(size))
    if shown := style.get("visibility"):
        look = replace(look, is_invisible=shown in ("hidden", "collapse"))
    return look


def declarations(style: str) -> dict[str, str]:
    """The declarations of a style attribute in lower case, the last of each name."""
    parts = (part.partition(":") for part in _COMMENT.sub("", style[:_LONGEST_STYLE]).lower().split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, _, value in parts}


def _is_gone(style: dict[str, str]) -> bool:
    """Whether an element is not drawn, transparent, cut away, without room, or off the page, with all that it holds."""
    if style.get("display") == "none" or style.get("content-visibility") == "hidden" or style.get("mso-hide") == "all":
        return True
    opacity = pixels(style.get("opacity", ""), number=True)
    if opacity is not None and opacity < _FAINT:
        return True
    if _MOVED.search(style.get("transform", "")) or _CLIPPED.search(
        f"{style.get('clip', '')} {style.get('clip-path', '')}"
    ):
        return True
    indent = pixels(style.get("text-indent", ""))
    return (indent is not None and indent <= -_FAR) or _is_off_page(style) or _has_no_room(style)


def _is_off_page(style: dict[str, str]) -> bool:
    names = ["margin-left", "margin-top"]
    if style.get("position") in ("absolute", "fixed", "relative"):
        names += ["left", "top", "right", "bottom"]
    return any((found := pixels(style.get(name, ""))) is not None and found <= -_FAR for name in names)


def _has_no_room(style: dict[str, str]) -> bool:
    """Whether an element is at most a pixel high or wide and hides what is larger."""
    if not style.get("overflow", "").startswith(("hidden", "clip")):
        return False
    sizes = (pixels(style.get(name, "")) for name in ("height", "max-height", "width", "max-width"))
    return any(size is not None and size <= 1 for size in sizes)


def _is_tiny(size: str) -> bool:
    found = pixels(size)
    return found is not None and found < _SMALLEST


def pixels(value: str, *, number: bool = False) -> float | None:
    """A length in pixels, roughly; ``None`` for what is none. A bare ``number`` keeps its value, a share is of 1."""
    match = _LENGTH.fullmatch(value)
    if not match or not any(map(str.isdigit, match[1])):
        return None
    amount, unit = float(match[1]), match[2]
    if unit == "%":
        return amount / 100 if number else amount * 0.16 if amount >= 0 else amount * 10
    return amount * _PIXELS.get(unit or "px", 1.0)


def _colour(value: str) -> tuple[int, int, int, float] | None:
    """Red, green and blue from 0 to 255 and the opacity from 0 to 1, of the first word that is a colour."""
    value = value.strip().lower()
    if match := _RGB.search(value):
        alpha = float(match[4]) / (100 if match[5] else 1) if _is_number(match[4]) else 1.0
        return int(match[1]), int(match[2]), int(match[3]), alpha
    for word in value.split()[:8]:
        if word == "transparent":
            return 0, 0, 0, 0.0
        if word in _NAMED:
            return *_NAMED[word], 1.0
        if match := _HEX.fullmatch(word):
            return _from_hex(match[1])
    return None


def _from_hex(digits: str) -> tuple[int, int, int, float]:
    pairs = [2 * digit for digit in digits] if len(digits) < 6 else [digits[at : at + 2] for at in (0, 2, 4, 6)]
    red, green, blue, alpha = [int(pair, 16) for pair in [*pairs, "ff"] if pair][:4]
    return red, green, blue, alpha / 255


def _is_number(text: str | None) -> bool:
    return text is not None and re.fullmatch(r"\d*\.?\d+|\d+\.", text) is not None


def _is_same(one: Colour, other: Colour) -> bool:
    return all(abs(first - second) <= _SAME for first, second in zip(one, other, strict=True))
