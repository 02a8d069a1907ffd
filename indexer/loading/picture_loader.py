"""Pictures of pages to blocks: scans, photographs and faxes, by recognition of text; a TIFF has a page for each frame.

Pillow opens the picture, `indexer.loading.recognition` reads it, and lines become paragraphs as those of a PDF do.
"""

from __future__ import annotations

import io
import warnings as python_warnings
from collections.abc import Generator
from contextlib import closing

import numpy as np
from PIL import Image, ImageOps

from indexer.loading import recognition
from indexer.loading.builder import TextBuilder
from indexer.loading.dates import find_date
from indexer.loading.pdf_lines import Line, recognised_line
from indexer.loading.pdf_paragraphs import read_paragraphs
from indexer.loading.recognition import Recognised
from indexer.loading.time_left import is_short, progress
from schema import Extraction, FootnoteError, PageStatus

_FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP")
_MOST_PIXELS = 100_000_000
_MOST_FRAMES = 500
_LONGEST_SIDE = 3_000  # pixels; recognition looks at fewer
_SMALLEST_SIDE = 24  # pixels; nobody writes in less
_DOTS_PER_INCH = 150.0  # where the picture states none, as photographs do
_UNSURE = 0.5  # mean score of recognised words, 0 to 1
_UNSURE_PAGE, _NO_TIME = "hard to recognise", "not recognised, since the time for the file was over"


def load(data: bytes) -> Extraction:
    """Read a picture from bytes.

    Raises:
        FootnoteError: when recognition is not installed, or the picture is damaged, too large or without words.
    """
    if not recognition.available():
        raise FootnoteError(f"It is a picture, whose text has to be recognised: {recognition.HOW_TO_INSTALL}.")
    pages: list[list[Line]] = []
    sizes, problems = [], []
    for frame, size, count in _frames(data):
        late = bool(pages) and is_short()
        found = () if late else recognition.recognise(frame)
        scale = size[0] / frame.shape[1]
        pages.append([recognised_line(one.text, one.box, scale) for one in found if one.text.strip()])
        sizes.append(size)
        problems.append(_NO_TIME if late else _problem(found))
        progress(len(pages), count)
    builder = TextBuilder()
    for paragraphs, size, problem in zip(read_paragraphs(pages), sizes, problems, strict=True):
        for one in paragraphs:
            kind = "heading" if one.level else "list_item" if one.is_item else "paragraph"
            builder.add(kind, one.text, level=one.level, boxes=one.boxes)  # type: ignore[arg-type]
        status: PageStatus = "ocr" if paragraphs else "unreadable" if problem else "empty"
        builder.end_page(status=status, problem=problem, size=size)
    if not builder.blocks:
        raise FootnoteError("It is a picture without words that could be recognised.")
    return builder.build(title=builder.text_of_first(6), date=find_date(builder.head()), warnings=_warnings(problems))


def page_pixels(data: bytes, number: int) -> np.ndarray | None:
    """A page, from 1, as its text was recognised and its boxes lie: (height, width, 3) uint8, or ``None`` without it.

    Raises:
        FootnoteError: when the picture is damaged or too large.
    """
    with closing(_frames(data, first=number - 1)) as frames:
        return next((frame for frame, _, _ in frames), None) if number > 0 else None


def _frames(data: bytes, first: int = 0) -> Generator[tuple[np.ndarray, tuple[float, float], int]]:
    """The pages from the ``first``, counted from 0, and how many there are in all.

    Each is (height, width, 3) uint8, with its width and height in points.

    Raises:
        FootnoteError: when the picture is damaged or too large.
    """
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # of Pillow, on odd metadata
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                count = min(getattr(image, "n_frames", 1) if image.format == "TIFF" else 1, _MOST_FRAMES)
                for number in range(first, count):
                    image.seek(number)
                    _refuse_large(image)
                    yield *_upright(image), count
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise FootnoteError(f"It can't be read as a picture ({error}): it may be damaged.") from error


def _refuse_large(image: Image.Image) -> None:
    if image.width * image.height > _MOST_PIXELS:
        raise FootnoteError(
            f"It is a picture of {image.width:,} x {image.height:,} pixels, and {_MOST_PIXELS:,} pixels are the most."
        )
    if min(image.size) < _SMALLEST_SIDE:
        raise FootnoteError("It is a picture without words that could be recognised.")


def _upright(image: Image.Image) -> tuple[np.ndarray, tuple[float, float]]:
    """A frame on white, turned as the camera was held, and its size in points."""
    dots = image.info.get("dpi", (0, 0))[0]
    image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
    scale = 72 / float(dots if 50 <= dots <= 2_400 else _DOTS_PER_INCH)
    width, height = image.size
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    if "A" in turned.getbands() or "transparency" in turned.info:
        below = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(below, turned.convert("RGBA"))
    size = (width * scale, height * scale) if (turned.width > turned.height) == (width > height) else (0.0, 0.0)
    return np.asarray(turned.convert("RGB")), size if any(size) else (height * scale, width * scale)


def _problem(found: tuple[Recognised, ...]) -> str:
    score = sum(one.score for one in found) / max(len(found), 1)
    return _UNSURE_PAGE if found and score < _UNSURE else ""


def _warnings(problems: list[str]) -> tuple[str, ...]:
    counts = [(sum(problem == one for problem in problems), one) for one in (_UNSURE_PAGE, _NO_TIME)]
    return tuple(f"{count} of {len(problems)} pages: {one}" for count, one in counts if count)
