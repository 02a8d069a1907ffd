"""Pictures of pages to blocks: scans, photographs and faxes, by recognition of text; a TIFF has a page for each frame.

Pillow opens the picture, `recognition` reads it, and lines become paragraphs as those of a PDF do.
"""

from __future__ import annotations

import io
import warnings as python_warnings
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from indexer.loading.builder import TextBuilder
from indexer.loading.dates import find_date
from indexer.loading.pdf.lines import Line, recognised_line
from indexer.loading.pdf.paragraphs import read_paragraphs
from indexer.loading.pictures import recognition
from indexer.loading.pictures.recognition import Recognised
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
_DAMAGED = "can't be read, since the file is damaged there"


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines of a page, its width and height in points, and a few words on what is wrong with it."""

    lines: tuple[Line, ...] = ()
    size: tuple[float, float] = (0.0, 0.0)
    problem: str = ""


def load(data: bytes) -> Extraction:
    """Read a picture from bytes.

    Raises:
        FootnoteError: when recognition is not installed, or the picture is damaged, too large or without words.
    """
    if not recognition.available():
        raise FootnoteError(f"It is a picture, whose text has to be recognised: {recognition.HOW_TO_INSTALL}.")
    pages, left_out = _read(data)
    builder = TextBuilder()
    for paragraphs, page in zip(read_paragraphs([page.lines for page in pages]), pages, strict=True):
        for one in paragraphs:
            kind = "heading" if one.level else "list_item" if one.is_item else "paragraph"
            builder.add(kind, one.text, level=one.level, boxes=one.boxes)  # type: ignore[arg-type]
        status: PageStatus = "ocr" if paragraphs else "unreadable" if page.problem else "empty"
        builder.end_page(status=status, problem=page.problem, size=page.size)
    if not builder.blocks:
        raise FootnoteError("It is a picture without words that could be recognised.")
    warnings = _warnings([page.problem for page in pages], left_out)
    return builder.build(title=builder.text_of_first(6), date=find_date(builder.head()), warnings=warnings)


def _read(data: bytes) -> tuple[list[_Page], int]:
    """The pages, and how many behind them are not looked at; a damaged one costs itself and those behind it."""
    pages: list[_Page] = []
    count = 0
    try:
        for frame, size, count in _frames(data):
            late = bool(pages) and is_short()
            found = () if late else recognition.recognise(frame)
            scale = size[0] / frame.shape[1]
            lines = [recognised_line(one.text, one.box, scale) for one in found if one.text.strip()]
            pages.append(_Page(tuple(lines), size, _NO_TIME if late else _problem(found)))
            progress(len(pages), min(count, _MOST_FRAMES))
    except MemoryError:
        raise
    except Exception:  # Pillow raises whatever it happens to meet
        if not pages:
            raise
    pages += [_Page(problem=_DAMAGED)] * (min(count, _MOST_FRAMES) - len(pages))
    return pages, max(0, count - _MOST_FRAMES)


def page_pixels(data: bytes, number: int) -> np.ndarray | None:
    """A page, from 1, as its text was recognised and its boxes lie: (height, width, 3) uint8, or ``None`` without it.

    Raises:
        FootnoteError: when the picture is damaged or too large.
    """
    with closing(_frames(data, first=number - 1)) as frames:
        return next((frame for frame, _, _ in frames), None) if number > 0 else None


def _frames(data: bytes, first: int = 0) -> Generator[tuple[np.ndarray, tuple[float, float], int]]:
    """The pages from the ``first``, counted from 0, and how many there are in all, as far as that can be told.

    Each is (height, width, 3) uint8, with its width and height in points.

    Raises:
        FootnoteError: when the picture is damaged or too large.
    """
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")  # of Pillow, on odd metadata
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                count = _frame_count(image)
                for number in range(first, min(count or _MOST_FRAMES, _MOST_FRAMES)):
                    image.seek(number)
                    _refuse_large(image)
                    yield *_upright(image), count or number + 2
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise FootnoteError(f"It can't be read as a picture ({error}): it may be damaged.") from error


def _frame_count(image: Image.Image) -> int:
    """How many pages there are; 0 where one is damaged, since those behind it can't be counted."""
    try:
        return getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, EOFError):
        return 0


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


def _warnings(problems: list[str], left_out: int) -> tuple[str, ...]:
    counts = [(problems.count(one), one) for one in (_UNSURE_PAGE, _NO_TIME, _DAMAGED)]
    counts.append((left_out, f"not read, since {_MOST_FRAMES} are the most"))
    return tuple(f"{count} of {len(problems) + left_out} pages: {one}" for count, one in counts if count)
