"""One page as a picture for the viewer, from the very file whose text is in the index, or not at all.

Pages of PDFs are drawn; scans and photographs are shown upright, as their text was recognised.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image

from indexer.loading.pdf.document import open_page, open_pdf, read_frame, render
from indexer.loading.pictures.picture_loader import page_pixels
from indexer.loading.sniffing import content_kind
from schema import FootnoteError

DOTS_PER_INCH = 110
"""Enough for a panel of half a screen; a page of A4 has 910 x 1,286 pixels."""
_LONGEST_SIDE = 2_000  # pixels; larger pages and pictures are scaled down


def page_picture(path: Path, number: int, sha256: str) -> bytes:
    """A page as a PNG file.

    Args:
        path: of the PDF or picture.
        number: of the page, from 1.
        sha256: of the file that was indexed.

    Raises:
        FootnoteError: when the file is gone or another one by now, or the page can't be shown.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FootnoteError(f"{path.name} can't be opened: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise FootnoteError(f"{path.name} has changed since it was indexed: index it again to see its pages.")
    kind = content_kind(data)
    pixels = page_pixels(data, number) if kind and kind.key == "image" else _pdf_pixels(data, number)
    if pixels is None:
        raise FootnoteError(f"Page {number} of {path.name} can't be opened.")
    image, png = Image.fromarray(pixels), io.BytesIO()
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    image.save(png, "PNG")
    return png.getvalue()


def _pdf_pixels(data: bytes, number: int) -> np.ndarray | None:
    with open_pdf(data) as document, open_page(document, number - 1) as page:
        return None if page is None else render(page, read_frame(page), dots_per_inch=DOTS_PER_INCH)
