"""One page of a PDF as a picture for the viewer, from the very file whose text is in the index, or not at all."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from indexer.loading.pdf_document import open_page, open_pdf, read_frame, render
from schema import FootnoteError

DOTS_PER_INCH = 110
"""Enough for a panel of half a screen; a page of A4 has 910 x 1,286 pixels."""


def page_picture(path: Path, number: int, sha256: str) -> bytes:
    """A page as a PNG file.

    Args:
        path: of the PDF.
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
    with open_pdf(data) as document, open_page(document, number - 1) as page:
        if page is None:
            raise FootnoteError(f"Page {number} of {path.name} can't be opened.")
        pixels = render(page, read_frame(page), dots_per_inch=DOTS_PER_INCH)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return png.getvalue()
