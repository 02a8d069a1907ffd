"""What the cells of an Excel workbook display, by the strings and styles that all of its sheets share.

ECMA-376 part 1, 18.3.1.4 (cells) and 18.8 (styles). Formulas are not computed: the value
that Excel stored is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from indexer.loading.characters import clean_line
from indexer.loading.office.number_formats import BUILT_IN, GENERAL, display, shows
from indexer.loading.office.office_parts import Relation, is_on
from indexer.loading.packages import Package, stream_xml
from indexer.loading.tables import Cell, CellBudget

S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MOST_DIGITS = 7  # of the number of a row; Excel has 1,048,576
_NOTHING = Cell("")


@dataclass(frozen=True, slots=True)
class Workbook:
    """What all sheets share: strings, the format of each style, and where days count from."""

    strings: list[str]
    formats: list[str]
    from_1904: bool
    budget: CellBudget


def read_workbook(package: Package, root: Any, named: dict[str, Relation]) -> Workbook:
    """What the sheets of a workbook share; ``named`` are the relations of its part, ``root`` is its root element."""
    parts = {relation.kind: relation.target for relation in named.values()}
    settings = root.find(f"{S}workbookPr")
    from_1904 = settings is not None and "date1904" in settings.attrib and is_on(settings.get("date1904"))
    shared = parts.get("sharedStrings")
    strings = [_string(one) for one in stream_xml(package.read(shared), shared, [f"{S}si"])] if shared else []
    styles = package.xml(parts["styles"]) if "styles" in parts else etree.Element("none")
    codes = {one.get("numFmtId") or "": one.get("formatCode") or GENERAL for one in styles.iter(f"{S}numFmt")}
    formats = [_code(one.get("numFmtId"), codes) for one in styles.iterfind(f"{S}cellXfs/{S}xf")]
    return Workbook(strings, formats, from_1904, CellBudget())


def shown_cell(element: Any, workbook: Workbook) -> tuple[Cell, int]:
    """What a cell displays, and how many characters it holds that its format hides.

    A zero that is not displayed is an empty cell, not a hidden text: accounts are often written so.
    """
    place = integer(element.get("s"), 0)
    code = workbook.formats[place] if place < len(workbook.formats) else GENERAL
    kind, value = element.get("t", "n"), element.findtext(f"{S}v") or ""
    number = _number(value) if kind == "n" else None
    cell = _cell(element, kind, value, workbook) if number is None else _displayed(number, code, workbook)
    if kind == "e" or not cell.text or shows(cell.text if number is None else number, code):
        return cell, 0
    return _NOTHING, len(clean_line(cell.text)) if number != 0 else 0


def _code(number: str | None, codes: dict[str, str]) -> str:
    number = number or "0"
    return codes.get(number) or BUILT_IN.get(integer(number, 0), GENERAL)


def _cell(element: Any, kind: str, value: str, workbook: Workbook) -> Cell:
    """What a cell displays that holds no number."""
    if kind == "inlineStr":
        inline = element.find(f"{S}is")
        return Cell(_string(inline) if inline is not None else "")
    if kind == "s":
        place = integer(value.strip(), len(workbook.strings))
        return Cell(workbook.strings[place] if place < len(workbook.strings) else "")
    if kind == "b":
        return Cell({"1": "TRUE", "0": "FALSE"}.get(value, value), is_words=False)
    return Cell(value) if kind == "n" else Cell(_unescape(value), kind == "str")


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _displayed(number: float, code: str, workbook: Workbook) -> Cell:
    return Cell(display(number, code, from_1904=workbook.from_1904), is_words=False)


def _string(element: Any) -> str:
    """The words of a string, without how they are pronounced."""
    texts = [text for text in element.iter(f"{S}t") if text.getparent().tag != f"{S}rPh"]
    return _unescape("".join(text.text or "" for text in texts))


def _unescape(text: str) -> str:
    """Characters that XML can't hold are written as ``_x000D_``."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def integer(text: str | None, default: int = 1) -> int:
    """A number of the format, or the default for what is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default


def column_number(letters: str) -> int:
    """The place of a column, from 0.

    >>> [column_number(letters) for letters in ("A", "Z", "AA")]
    [0, 25, 26]
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
