"""The numbers that Word shows before list items and headings but does not store, such as `4.2` and `(a)`.

ECMA-376 part 1, 17.9. People quote contracts and rules by these numbers. Bullets have none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PLACE = re.compile(r"%([1-9])")
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_MOST_ROMAN = 4000
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class NumberedAs:
    """The list that a paragraph belongs to and how deep it stands in it, from 0."""

    num_id: str
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Level:
    """How one depth of a list is counted and shown."""

    start: int = 1
    kind: str = "decimal"
    text: str = ""


class Numbering:
    """Counts the items of all lists of a document, in document order."""

    def __init__(self, root: Any | None) -> None:
        self._lists: dict[str, tuple[str, dict[int, _Level]]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        if root is not None:
            self._read(root)

    def next_label(self, numbered: NumberedAs) -> str:
        """The number of the next item of a list; empty for bullets and for lists that nobody defines."""
        name, levels = self._lists.get(numbered.num_id, ("", {}))
        level = levels.get(numbered.depth)
        if level is None:
            return ""
        counts = self._counts.setdefault(name, {})
        for above in range(numbered.depth):  # a level that was left out counts as if it had been there
            counts.setdefault(above, levels.get(above, _Level()).start)
        counts[numbered.depth] = counts.get(numbered.depth, level.start - 1) + 1
        for deeper in [depth for depth in counts if depth > numbered.depth]:
            del counts[deeper]
        if level.kind in ("bullet", "none"):
            return ""
        return _PLACE.sub(lambda match: _shown(levels, counts, int(match[1]) - 1), level.text)[:_LONGEST_LABEL].strip()

    def _read(self, root: Any) -> None:
        abstract = {}
        for element in root.iterfind(f"{_W}abstractNum"):
            abstract[element.get(f"{_W}abstractNumId")] = dict(map(_level, element.iterfind(f"{_W}lvl")))
        for element in root.iterfind(f"{_W}num"):
            num_id, name = element.get(f"{_W}numId") or "", _value(element.find(f"{_W}abstractNumId"))
            levels = dict(abstract.get(name, {}))
            overrides = list(element.iterfind(f"{_W}lvlOverride"))
            for override in overrides:
                depth, start = _number(override.get(f"{_W}ilvl")), override.find(f"{_W}startOverride")
                own = override.find(f"{_W}lvl")
                known = _level(own)[1] if own is not None else levels.get(depth, _Level())
                levels[depth] = _Level(_number(_value(start), known.start), known.kind, known.text)
            # Lists of one definition go on counting together, unless one of them starts anew.
            self._lists[num_id] = (f"{name} {num_id}" if overrides else name, levels)


def _level(element: Any) -> tuple[int, _Level]:
    start = _number(_value(element.find(f"{_W}start")), 1)
    kind = _value(element.find(f"{_W}numFmt")) or "decimal"
    return _number(element.get(f"{_W}ilvl")), _Level(start, kind, _value(element.find(f"{_W}lvlText")))


def _shown(levels: dict[int, _Level], counts: dict[int, int], depth: int) -> str:
    level = levels.get(depth, _Level())
    return format_number(counts.get(depth, level.start), level.kind)


def format_number(number: int, kind: str) -> str:
    """A number as letters, Roman or Arabic digits.

    >>> [format_number(4, kind) for kind in ("decimal", "lowerLetter", "upperRoman", "decimalZero", "other")]
    ['4', 'd', 'IV', '04', '4']
    """
    if kind in ("lowerLetter", "upperLetter") and 0 < number <= 26 * _LONGEST_LABEL:
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters if kind == "lowerLetter" else letters.upper()
    if kind in ("lowerRoman", "upperRoman") and 0 < number < _MOST_ROMAN:
        roman = _roman(number)
        return roman if kind == "lowerRoman" else roman.upper()
    return f"{number:02d}" if kind == "decimalZero" else str(number)


def _roman(number: int) -> str:
    digits = []
    for value, letters in _ROMAN:
        digits.append(letters * (number // value))
        number %= value
    return "".join(digits)


def _number(text: str | None, default: int = 0) -> int:
    return int(text) if text and text.isdigit() and len(text) < 6 else default


def _value(element: Any) -> str:
    return "" if element is None else element.get(f"{_W}val") or ""
