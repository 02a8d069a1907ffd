"""A PDF's characters as lines with their place on the page. The only module that knows pypdfium2.

PDFium is not safe for threads, so one document is read at a time in a process.
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfiumError

from schema import FootnoteError

_LOCK = threading.Lock()
_MOST_PAGES = 100_000
_HYPHENS = frozenset({0x02, 0xFFFE})  # how PDFium marks a hyphen that ends a line; it writes no line break there
_BREAKS = frozenset({0x0A, 0x0D})
_FORCE_BOLD = 1 << 18
_BOLD_NAMES = (b"bold", b"black", b"heavy")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text: where it starts and ends along its own direction, and its baseline across it, in points.

    ``baseline`` falls down the page. ``angle`` is the direction in degrees, 0 for ordinary text. ``hyphen`` says that a
    word is divided at the end; the hyphen itself is not in ``text``.
    """

    text: str
    start: float
    end: float
    baseline: float
    size: float
    bold: bool = False
    angle: int = 0
    hyphen: bool = False


@dataclass(frozen=True, slots=True)
class PdfText:
    """The lines of each page in reading order (``None``: it can't be read), and the title in the metadata."""

    pages: tuple[tuple[Line, ...] | None, ...]
    title: str


def read_pdf(data: bytes) -> PdfText:
    """Read the text of a PDF.

    Raises:
        FootnoteError: when it is encrypted or damaged.
    """
    with _LOCK:
        try:
            document = PdfDocument(data)
        except PdfiumError as error:
            raise _refusal(error) from error
        with closing(document):
            count = len(document)
            if count > _MOST_PAGES:
                raise FootnoteError(
                    f"It can't be read as a PDF (it claims to have {count:,} pages): it may be damaged."
                )
            pages = tuple(_read_page(document, index) for index in range(count))
            return PdfText(pages, document.get_metadata_value("Title"))


def _refusal(error: PdfiumError) -> FootnoteError:
    if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
        return FootnoteError("It is encrypted: save a copy without the password.")
    if getattr(error, "err_code", None) == pdfium.FPDF_ERR_SECURITY:
        return FootnoteError("It is encrypted in a way that can't be read: save a copy without protection.")
    format_error = getattr(error, "err_code", None) == pdfium.FPDF_ERR_FORMAT
    reason = "its structure is broken" if format_error else "unknown error"
    return FootnoteError(f"It can't be read as a PDF ({reason}): it may be cut short or damaged.")


def _read_page(document: PdfDocument, index: int) -> tuple[Line, ...] | None:
    try:
        page = document[index]
    except PdfiumError:
        return None
    with closing(page):
        try:
            text_page = page.get_textpage()
        except PdfiumError:
            return None
        with closing(text_page):
            return tuple(_lines(text_page.raw, text_page.count_chars()))


def _lines(raw: Any, count: int) -> Iterator[Line]:
    """Cut the characters of a page where PDFium broke the line or divided a word."""
    get_unicode = pdfium.FPDFText_GetUnicode
    codes: list[int] = []
    places: list[int] = []
    for index in range(count):
        code = get_unicode(raw, index)
        if code in _BREAKS or code in _HYPHENS:
            if places:
                yield _line(raw, codes, places, hyphen=code in _HYPHENS)
                codes, places = [], []
            continue
        if code:
            code = code if code <= sys.maxunicode else 0xFFFD  # a broken font can map to anything
            codes.append(code)
            if not chr(code).isspace():
                places.append(index)
    if places:
        yield _line(raw, codes, places, hyphen=False)


def _line(raw: Any, codes: list[int], places: list[int], *, hyphen: bool) -> Line:
    """One line from its characters; ``places`` are the indices of those that are visible."""
    first, middle, last = places[0], places[len(places) // 2], places[-1]
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(raw, middle, matrix)
    size = pdfium.FPDFText_GetFontSize(raw, middle) * math.hypot(matrix.c, matrix.d)
    angle = math.atan2(matrix.b, matrix.a)
    start, baseline = _turned(*_origin(raw, first), angle)
    end, _ = _turned(*_origin(raw, last), angle)
    return Line(
        text=_decode(codes),
        start=start,
        end=end + size / 2,  # the origin of a character is its left edge
        baseline=baseline,
        size=size if 0 < size < 1000 else 10.0,
        bold=_is_bold(raw, first) and _is_bold(raw, last),
        angle=round(math.degrees(angle)),
        hyphen=hyphen,
    )


def _decode(codes: list[int]) -> str:
    """Characters from code units: a pair of surrogates is one character."""
    text = "".join(map(chr, codes))
    if any(0xD800 <= code <= 0xDFFF for code in codes):
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return text


def _origin(raw: Any, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(raw, index, x, y)
    return x.value, y.value


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    """A point in the frame of text that runs at ``angle``: along the line, and across it."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine + y * sine, y * cosine - x * sine


def _is_bold(raw: Any, index: int) -> bool:
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, index, name, 128, flags)
    lowered = name.value.lower()
    return bool(flags.value & _FORCE_BOLD) or any(word in lowered for word in _BOLD_NAMES)
