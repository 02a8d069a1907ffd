"""Which characters of a page of a PDF nobody can see; pure functions over arrays, no PDF library.

In doubt a character is seen: left out is only what is surely hidden, and it is counted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexer.loading.pdf_characters import Characters
from indexer.loading.pdf_document import Frame
from indexer.loading.pdf_shapes import Shapes

INVISIBLE = 3
"""The text rendering mode of words that are not drawn, such as those that recognition laid over a scan."""

_FILLED = (0, 4)  # modes that paint with the fill alone
_CLIPPING = 7
_SCAN = 0.5  # share of the page that its picture covers when words that are not drawn stand for those in it
_SMALLEST = 1.0  # points
_WHITE = 250
_PAPER = 235  # of 255; what is darker in a picture is ink


def has_recognised_layer(characters: Characters, shapes: Shapes, frame: Frame) -> bool:
    """Whether a page is a scan under words that are not drawn: these are its text, made by recognition."""
    has_picture = shapes.covered(frame) >= _SCAN
    return has_picture and bool((characters.styles.mode == INVISIBLE).any())


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
    hidden[own] = _unseen_styles(characters, shapes, frame)[characters.style[own]]
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


def _unseen_styles(characters: Characters, shapes: Shapes, frame: Frame) -> NDArray[np.bool_]:
    styles = characters.styles
    undrawn: NDArray[np.bool_] = styles.mode == _CLIPPING
    if not has_recognised_layer(characters, shapes, frame):
        undrawn |= styles.mode == INVISIBLE
    undrawn |= np.isin(styles.mode, _FILLED) & (styles.colour[:, 3] == 0)
    return undrawn


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
    height, width, _ = picture.shape
    ink = np.zeros((height + 1, width + 1), np.int32)
    darkest = np.minimum(np.minimum(picture[:, :, 0], picture[:, :, 1]), picture[:, :, 2])
    ink[1:, 1:] = (darkest < _PAPER).cumsum(axis=0, dtype=np.int32).cumsum(axis=1)
    scale = np.array((width / max(frame.width, 1.0), height / max(frame.height, 1.0)) * 2)
    corners = np.rint(boxes * scale).astype(np.intp)
    left, top, right, bottom = np.clip(corners, 0, (width, height) * 2).T
    found: NDArray[np.bool_] = ink[bottom, right] - ink[top, right] - ink[bottom, left] + ink[top, left] > 0
    return found
