"""Which characters of a page of a PDF nobody can see; pure functions over arrays, no PDF library.

In doubt a character is seen: left out is only what is surely hidden, and it is counted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexer.loading.pdf.characters import INVISIBLE, Characters, Styles
from indexer.loading.pdf.document import Frame
from indexer.loading.pdf.shapes import SCAN, Shapes

_FILLED = (0, 4)  # modes that paint with the fill alone
_CLIPPING = 7
_MOST_DRAWN = 200  # characters on a scan beside those that recognition made
_SMALLEST = 1.0  # points
_WHITE = 250
_PAPER = 235  # of 255; what is darker in a picture is ink


def recognised_layer(characters: Characters, shapes: Shapes, frame: Frame) -> NDArray[np.bool_]:
    """Which characters are the text of a scan, made by recognition and not drawn, (characters,) bool.

    They lie on a picture of half the page, and little is drawn beside them: a stamp, or a footer of a library. Pages
    that are designed over a picture have words of their own.
    """
    scans = shapes.pictures[shapes.shares(frame) >= SCAN]
    own = characters.style >= 0
    undrawn: NDArray[np.bool_] = own & np.append(characters.styles.mode == INVISIBLE, False)[characters.style]
    layer = undrawn & _is_on(characters.boxes, scans)
    unseen = np.append(_never_drawn(characters.styles), False)[characters.style]
    drawn = int((own & ~undrawn & ~unseen & ~_is_outside(characters.boxes, frame)).sum())
    return layer if drawn <= min(_MOST_DRAWN, int(layer.sum()) / 2) else np.zeros(len(layer), bool)


def hidden_characters(
    characters: Characters, shapes: Shapes, frame: Frame, picture: Callable[[], NDArray[np.uint8]]
) -> NDArray[np.bool_]:
    """Which characters of a page can't be seen, (characters,) bool; those that PDFium added are none of them.

    Args:
        characters: of the page.
        shapes: what else is drawn on it.
        frame: how it is shown.
        picture: makes its picture, (height, width, 3) uint8. White words are looked for in it: those that are filled
            with a pattern claim to be white, too.
    """
    hidden: NDArray[np.bool_] = np.zeros(len(characters.codes), bool)
    own = characters.style >= 0
    unseen = _never_drawn(characters.styles) | (characters.styles.mode == INVISIBLE)
    hidden[own] = unseen[characters.style[own]]
    hidden &= ~recognised_layer(characters, shapes, frame)
    hidden |= own & _is_tiny(characters)
    hidden |= own & _is_outside(characters.boxes, frame)
    white = own & ~hidden
    white[own] &= _white_styles(characters)[characters.style[own]]
    white[white] = ~_is_on(characters.boxes[white], shapes.painted)
    if white.any():
        pieces = characters.style[white]
        inked = np.bincount(pieces, _has_ink(characters.boxes[white], picture(), frame))
        hidden[white] = inked[pieces] == 0  # by pieces of text: a space has no ink and belongs to its words
    return hidden


def _never_drawn(styles: Styles) -> NDArray[np.bool_]:
    """Which pieces of text only clip, or are transparent; (pieces,) bool."""
    transparent = np.isin(styles.mode, _FILLED) & (styles.colour[:, 3] == 0)
    found: NDArray[np.bool_] = (styles.mode == _CLIPPING) | transparent
    return found


def _white_styles(characters: Characters) -> NDArray[np.bool_]:
    styles = characters.styles
    white: NDArray[np.bool_] = np.isin(styles.mode, _FILLED) & (styles.colour[:, :3].min(axis=1, initial=255) >= _WHITE)
    return white


def _is_tiny(characters: Characters) -> NDArray[np.bool_]:
    """Small by its type and by its box: a font may scale its own letters up."""
    small = np.append(characters.styles.size < _SMALLEST, False)[characters.style]  # the last one: of no style
    sides = characters.boxes[:, 2:] - characters.boxes[:, :2]
    tiny: NDArray[np.bool_] = small & (sides.max(axis=1, initial=0.0) < _SMALLEST)
    return tiny


def _is_outside(boxes: NDArray[np.float64], frame: Frame) -> NDArray[np.bool_]:
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    outside: NDArray[np.bool_] = np.any((middle < 0) | (middle > (frame.width, frame.height)), axis=1)
    return outside


def _is_on(boxes: NDArray[np.float64], painted: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the middle of each box, (n, 4), lies on any painted area, (m, 4)."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    found: NDArray[np.bool_] = np.zeros(len(boxes), bool)
    for left, top, right, bottom in painted:
        inside = (middle >= (left - 1, top - 1)) & (middle <= (right + 1, bottom + 1))
        found |= inside.all(axis=1)
    return found


def _has_ink(boxes: NDArray[np.float64], picture: NDArray[np.uint8], frame: Frame) -> NDArray[np.bool_]:
    """Whether there is ink in each box, (n, 4) points."""
    darkest = np.minimum(np.minimum(picture[:, :, 0], picture[:, :, 1]), picture[:, :, 2])
    found: NDArray[np.bool_] = dots_in(boxes, darkest < _PAPER, frame) > 0
    return found


def dots_in(boxes: NDArray[np.float64], dots: NDArray[np.bool_], frame: Frame) -> NDArray[np.int32]:
    """How many dots of a picture of a page, (height, width) bool, lie in each box, (n, 4) points; (n,) int32."""
    height, width = dots.shape
    sums = np.zeros((height + 1, width + 1), np.int32)
    sums[1:, 1:] = dots.cumsum(axis=0, dtype=np.int32).cumsum(axis=1)
    scale = np.array((width / max(frame.width, 1.0), height / max(frame.height, 1.0)) * 2)
    corners = np.rint(boxes * scale).astype(np.intp)
    left, top, right, bottom = np.clip(corners, 0, (width, height) * 2).T
    found: NDArray[np.int32] = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
    return found
