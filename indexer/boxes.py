"""The place of each character on its page: how boxes are kept, and the rectangles that mark a span of text.

Pure numbers: loaders write boxes, the catalogue keeps them, the viewer draws them. Nothing here knows a PDF library.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.uint16]
"""(characters, 4): left, top, right, bottom in eighths of a point from the top left corner; four zeros: no place."""

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the top left corner of the page."""

_EIGHTHS = 8
_SAME_LINE = 0.5  # of the lower of two characters: as much of it stands beside the other
_WIDEST_GAP = 3.0  # heights of a character; what is further away is another cell or column


def no_boxes(characters: int) -> Boxes:
    """Boxes of characters that have no place: (characters, 4) zeros."""
    return np.zeros((characters, 4), np.uint16)


def in_eighths(points: NDArray[np.floating]) -> Boxes:
    """Boxes in points, (characters, 4), as they are kept; what lies off the page is moved to its edge."""
    boxes: Boxes = np.clip(np.rint(points * _EIGHTHS), 0, 0xFFFF).astype(np.uint16)
    return boxes


def encode(boxes: Boxes) -> bytes:
    """Boxes of one page as `schema.Extraction.boxes` holds them."""
    return zlib.compress(boxes.astype("<u2").tobytes(), 4)


def decode(data: bytes) -> Boxes:
    """The boxes of one page, (characters, 4) uint16.

    Raises:
        ValueError: when the bytes are not what `encode` made.
    """
    try:
        return np.frombuffer(zlib.decompress(data), "<u2").reshape(-1, 4)
    except zlib.error as error:
        raise ValueError(f"The boxes of a page are damaged: {error}.") from error


def rectangles(boxes: Boxes, start: int, end: int) -> tuple[Rectangle, ...]:
    """The rectangles that cover a span, in reading order: one for each line, and each cell of a row.

    Args:
        boxes: of one page, (characters, 4).
        start: first character of the span, counted from the first of the page.
        end: behind its last.

    >>> rectangles(np.array([[8, 8, 16, 24], [16, 8, 24, 24], [0, 0, 0, 0], [8, 32, 16, 48]], np.uint16), 0, 4)
    ((1.0, 1.0, 3.0, 3.0), (1.0, 4.0, 2.0, 6.0))
    """
    span = boxes[max(start, 0) : max(end, 0)]
    placed = span[span.any(axis=1)].astype(np.float64) / _EIGHTHS
    if not len(placed):
        return ()
    starts = np.concatenate(([0], np.flatnonzero(~_go_together(placed)) + 1))
    corners = np.hstack((np.minimum.reduceat(placed[:, :2], starts), np.maximum.reduceat(placed[:, 2:], starts)))
    return tuple((left, top, right, bottom) for left, top, right, bottom in corners.tolist())


def _go_together(placed: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each character but the first stands beside the one before it, or below it in a line that runs down."""
    before, after = placed[:-1], placed[1:]
    shared = np.minimum(before[:, 2:], after[:, 2:]) - np.maximum(before[:, :2], after[:, :2])  # negative: a gap
    least = np.minimum(before[:, 2:] - before[:, :2], after[:, 2:] - after[:, :2])
    across, along = shared[:, 0], shared[:, 1]
    height = np.maximum(before[:, 3] - before[:, 1], after[:, 3] - after[:, 1])
    beside = (along >= _SAME_LINE * least[:, 1]) & (across > -_WIDEST_GAP * height)
    below = (across > _SAME_LINE * least[:, 0]) & (along > -0.1 * height)
    together: NDArray[np.bool_] = beside | below
    return together
