"""A PDF as PDFium opens it: its pages one at a time, what it says of itself, and the picture of a page.

PDFium is not safe for threads, so one document is open at a time in a process.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray
from pypdfium2 import PdfDocument, PdfiumError

from schema import FootnoteError

_LOCK = threading.Lock()
_MOST_PAGES = 100_000
_MOST_BOOKMARKS = 20_000
_DEEPEST = 6
_LONGEST_VALUE = 10_000  # bytes
_UNITS = 64  # to a point: PDFium tells where a point of the page is shown in whole units only
_SPAN = 1000  # points between those that are asked about
_MOST_PIXELS = 8_000_000
_FIELDS = {"author": "Author", "subject": "Subject", "keywords": "Keywords"}


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline: its title, the page that it leads to (from 0; None: nowhere), and its depth, from 0."""

    title: str
    page: int | None
    depth: int


@dataclass(frozen=True, slots=True)
class Frame:
    """How a page is shown, with its rotation and inside its crop box.

    ``across`` and ``down`` are (x, y, 1) coefficients: a point of the page times these is its distance from the left
    and from the top. Widths and heights are in points.
    """

    width: float
    height: float
    across: NDArray[np.float64]
    down: NDArray[np.float64]

    def points(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points of the page, (n, 2), as distances from the left and the top, (n, 2)."""
        matrix = np.array((self.across, self.down))
        shown: NDArray[np.float64] = points @ matrix[:, :2].T + matrix[:, 2]
        return shown

    def boxes(self, boxes: NDArray[np.floating]) -> NDArray[np.float64]:
        """Boxes of the page, (n, 4) two corners each, as left, top, right, bottom, (n, 4)."""
        first, second = self.points(boxes[:, :2]), self.points(boxes[:, 2:])
        return np.hstack((np.minimum(first, second), np.maximum(first, second)))


@contextmanager
def open_pdf(data: bytes) -> Iterator[Any]:
    """A PDF that is open; others wait meanwhile.

    Raises:
        FootnoteError: when it is encrypted or damaged.
    """
    with _LOCK:
        try:
            document = PdfDocument(data)
        except PdfiumError as error:
            raise _refusal(error, data) from error
        with closing(document):
            if len(document) > _MOST_PAGES:
                claim = f"it claims to have {len(document):,} pages"
                raise FootnoteError(f"It can't be read as a PDF ({claim}): it may be damaged.")
            yield document


def _refusal(error: PdfiumError, data: bytes) -> FootnoteError:
    code = getattr(error, "err_code", None)
    if code == pdfium.FPDF_ERR_PASSWORD:
        return FootnoteError("It is encrypted: save a copy without the password.")
    is_locked = code != pdfium.FPDF_ERR_FORMAT and b"/Encrypt" in data  # PDFium has no name for odd keys
    if code == pdfium.FPDF_ERR_SECURITY or is_locked:
        return FootnoteError("It is encrypted in a way that can't be read: save a copy without protection.")
    return FootnoteError("It can't be read as a PDF (its structure is broken): it may be cut short or damaged.")


@contextmanager
def open_page(document: Any, index: int) -> Iterator[Any]:
    """A page, from 0; None when it can't be opened."""
    try:
        page = document[index]
    except PdfiumError:
        page = None
    if page is None:
        yield None
        return
    with closing(page):
        yield page


def read_frame(page: Any) -> Frame:
    """How the page is shown."""
    width, height = page.get_size()
    size = round(width * _UNITS), round(height * _UNITS)
    x, y = ctypes.c_int(), ctypes.c_int()
    shown = []
    for point in ((0, 0), (_SPAN, 0), (0, _SPAN)):
        pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, *point, x, y)
        shown.append((x.value / size[0] * width if size[0] else 0.0, y.value / size[1] * height if size[1] else 0.0))
    origin, right, up = map(np.array, shown)
    matrix = np.array(((right - origin) / _SPAN, (up - origin) / _SPAN, origin))
    return Frame(width, height, matrix[:, 0], matrix[:, 1])


def read_label(document: Any, index: int) -> str:
    """What is printed on a page in place of its number; empty when the document does not say."""
    try:
        return str(document.get_page_label(index))
    except (PdfiumError, ValueError):
        return ""


def read_title(document: Any) -> str:
    """The title that the document gives itself, as a program or a person left it."""
    return str(document.get_metadata_value("Title"))


def read_metadata(document: Any) -> dict[str, str]:
    """Author, subject, keywords and language, as far as they are stated."""
    fields = {name: str(document.get_metadata_value(key)) for name, key in _FIELDS.items()}
    return fields | {"language": _language(document)}


def _language(document: Any) -> str:
    return read_wide(pdfium.FPDFCatalog_GetLanguage, document)


def read_wide(function: Any, *arguments: Any) -> str:
    """A text that PDFium writes in UTF-16 into a buffer, of which it tells the size in bytes."""
    size = min(function(*arguments, None, 0), _LONGEST_VALUE)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*arguments, buffer, size)
    return bytes(buffer).decode("utf-16-le", "ignore").rstrip("\0")


def read_outline(document: Any) -> list[Bookmark]:
    """The outline that a reader shows beside the pages."""
    if not pdfium.FPDFBookmark_GetFirstChild(document, None):
        return []
    return [
        Bookmark(bookmark.get_title(), _target(bookmark), bookmark.level)
        for bookmark in islice(document.get_toc(max_depth=_DEEPEST), _MOST_BOOKMARKS)
    ]


def _target(bookmark: Any) -> int | None:
    destination = bookmark.get_dest()
    index = destination.get_index() if destination else None
    return None if index is None else int(index)


def render(page: Any, frame: Frame, *, dots_per_inch: int, notes: bool = True) -> NDArray[np.uint8]:
    """The picture of a page, (height, width, 3) uint8 red, green and blue; a very large page has fewer dots.

    Args:
        page: that is open.
        frame: how it is shown.
        dots_per_inch: of the picture.
        notes: whether it shows the annotations too.
    """
    scale = dots_per_inch / 72
    pixels = frame.width * frame.height * scale**2
    scale *= min(1.0, (_MOST_PIXELS / max(pixels, 1.0)) ** 0.5)
    bitmap = page.render(scale=scale, rev_byteorder=True, draw_annots=notes)
    with closing(bitmap):
        picture: NDArray[np.uint8] = np.array(bitmap.to_numpy()[:, :, :3])
        return picture
