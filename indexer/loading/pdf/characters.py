"""The characters of a page of a PDF with their places and looks, as arrays. Judges nothing.

A page has thousands of characters and PDFium tells about one at a time. `map` over functions that take addresses as
plain numbers asks for all of them without a step of Python between, in about a third of a microsecond for each.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from pypdfium2 import PdfiumError

from indexer.loading.pdf.document import Frame

INVISIBLE = 3
"""The text rendering mode of words that are not drawn, such as those that recognition laid over a scan."""

_MOST_CHARACTERS = 2_000_000  # of one page; a page of small print has twenty thousand
_FORCE_BOLD = 1 << 18
_BOLD_NAMES = (b"bold", b"black", b"heavy")
_LARGEST_SIZE = 1000.0
_USUAL_SIZE = 10.0


@dataclass(frozen=True, slots=True)
class Styles:
    """How the pieces of text of a page look, an entry for each.

    ``size`` is in points, ``angle`` the direction in whole degrees, 0 for ordinary text, ``mode`` the text rendering
    mode (ISO 32000-1, table 106), ``colour`` (n, 4) red, green, blue and opacity of the fill, 0 to 255, ``address``
    that of its object in PDFium while the page is open.
    """

    size: NDArray[np.float64]
    angle: NDArray[np.int64]
    bold: NDArray[np.bool_]
    mode: NDArray[np.int64]
    colour: NDArray[np.uint32]
    address: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))


@dataclass(frozen=True, slots=True)
class Characters:
    """The characters of a page in the order of PDFium, an entry for each.

    ``codes`` are code points, with PDFium's own marks for the ends of lines; ``boxes`` (n, 4) left, top, right, bottom
    and ``origins`` (n, 2) left and top are in points as the page is shown; ``style`` is a place in ``styles``, -1 for
    characters that PDFium added. ``unmapped`` says that the font does not tell which character this is.
    """

    codes: NDArray[np.int64]
    boxes: NDArray[np.float64]
    origins: NDArray[np.float64]
    style: NDArray[np.int64]
    unmapped: NDArray[np.bool_]
    styles: Styles


def _by_address(function: Any, result: Any, *arguments: Any) -> Any:
    """A function of PDFium that takes pointers as plain numbers."""
    return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


_POINTER, _INT = ctypes.c_void_p, ctypes.c_int
_get_unicode = _by_address(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _POINTER, _INT)
_get_object = _by_address(pdfium.FPDFText_GetTextObject, _POINTER, _POINTER, _INT)
_get_box = _by_address(pdfium.FPDFText_GetLooseCharBox, _INT, _POINTER, _INT, _POINTER)
_get_origin = _by_address(pdfium.FPDFText_GetCharOrigin, _INT, _POINTER, _INT, _POINTER, _POINTER)
_is_unmapped = _by_address(pdfium.FPDFText_HasUnicodeMapError, _INT, _POINTER, _INT)
_get_matrix = _by_address(pdfium.FPDFText_GetMatrix, _INT, _POINTER, _INT, _POINTER)
_get_size = _by_address(pdfium.FPDFText_GetFontSize, ctypes.c_double, _POINTER, _INT)
_get_colour = _by_address(pdfium.FPDFText_GetFillColor, _INT, _POINTER, _INT, *[_POINTER] * 4)
_get_mode = _by_address(pdfium.FPDFTextObj_GetTextRenderMode, _INT, _POINTER)
_get_font = _by_address(pdfium.FPDFTextObj_GetFont, _POINTER, _POINTER)
_get_flags = _by_address(pdfium.FPDFFont_GetFlags, _INT, _POINTER)
_get_font_name = _by_address(pdfium.FPDFFont_GetBaseFontName, ctypes.c_size_t, _POINTER, _POINTER, ctypes.c_size_t)


def read_characters(page: Any, frame: Frame) -> Characters | None:
    """All characters of a page, hidden ones too; None when its text can't be read."""
    try:
        text_page = page.get_textpage()
    except PdfiumError:
        return None
    with closing(text_page):
        address = ctypes.cast(text_page.raw, ctypes.c_void_p).value
        return _read(address, min(text_page.count_chars(), _MOST_CHARACTERS), frame)


def _read(page: int | None, count: int, frame: Frame) -> Characters:
    places = range(count)
    codes = np.fromiter(map(_get_unicode, repeat(page), places), np.int64, count)
    boxes = np.zeros((count, 4), np.float32)
    _run(map(_get_box, repeat(page), places, _rows(boxes)))
    origins = np.zeros((count, 2), np.float64)
    _run(map(_get_origin, repeat(page), places, _rows(origins), _rows(origins, 1)))
    objects = np.array([found or 0 for found in map(_get_object, repeat(page), places)], np.uint64)
    unmapped = np.fromiter(map(_is_unmapped, repeat(page), places), np.int64, count) == 1
    starts, style = _pieces(objects)
    return Characters(
        *(codes, frame.boxes(boxes), frame.points(origins), style, unmapped),
        styles=_read_styles(page, starts, objects[starts], frame),
    )


def _pieces(objects: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Where each piece of text begins, and the piece of each character, -1 for characters of none."""
    own = np.flatnonzero(objects)
    begins = np.ones(len(own), bool)
    begins[1:] = objects[own][1:] != objects[own][:-1]
    style = np.full(len(objects), -1, np.int64)
    style[own] = np.cumsum(begins) - 1
    return own[begins], style


def _read_styles(page: int | None, starts: NDArray[np.intp], objects: NDArray[np.uint64], frame: Frame) -> Styles:
    places, pointers, count = starts.tolist(), objects.tolist(), len(starts)
    matrices = np.zeros((count, 6), np.float32)  # a, b, c, d, e, f
    _run(map(_get_matrix, repeat(page), places, _rows(matrices)))
    sizes = np.fromiter(map(_get_size, repeat(page), places), np.float64, count)
    sizes *= np.hypot(matrices[:, 2], matrices[:, 3])
    colours = np.zeros((count, 4), np.uint32)
    known = map(_get_colour, repeat(page), places, *(_rows(colours, column) for column in range(4)))
    has_colour = np.fromiter(known, np.int64, count) == 1
    colours[~has_colour] = (0, 0, 0, 255)
    fonts = list(map(_get_font, pointers))
    is_bold = {font: _is_bold(font) for font in set(fonts)}
    turn = np.array(((frame.across[0], frame.across[1]), (frame.down[0], frame.down[1])))
    right, down = turn @ matrices[:, :2].T.astype(np.float64)
    return Styles(
        size=np.where((sizes > 0) & (sizes < _LARGEST_SIZE), sizes, _USUAL_SIZE),
        angle=np.rint(np.degrees(np.arctan2(-down, right))).astype(np.int64),
        bold=np.array([is_bold[font] for font in fonts], bool),
        mode=np.fromiter(map(_get_mode, pointers), np.int64, count),
        colour=colours,
        address=objects,
    )


def _is_bold(font: int | None) -> bool:
    if not font:
        return False
    name = ctypes.create_string_buffer(128)
    _get_font_name(font, ctypes.addressof(name), 127)
    lowered = name.raw.split(b"\0")[0].lower()
    return bool(max(_get_flags(font), 0) & _FORCE_BOLD) or any(word in lowered for word in _BOLD_NAMES)


def _rows(array: NDArray[Any], column: int = 0) -> range:
    """The addresses of the rows of a contiguous array, at one of its columns."""
    first = array.ctypes.data + column * array.itemsize
    return range(first, first + array.nbytes, array.strides[0]) if len(array) else range(0)


def _run(calls: Iterable[object]) -> None:
    """Make all calls; what they return is of no interest."""
    deque(calls, maxlen=0)
