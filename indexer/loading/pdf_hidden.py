"""Which characters of a page of a PDF nobody can see; pure functions over arrays, no PDF library.

In doubt a character is seen: left out is only what is surely hidden, and it is counted.
"""

from __future__ import annotations

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


def has_recognised_layer(characters: Characters, shapes: Shapes, frame: Frame) -> bool:
    """Whether a page is a scan under words that are not drawn: these are its text, made by recognition."""
    has_picture = shapes.covered(frame) >= _SCAN
    return has_picture and bool((characters.styles.mode == INVISIBLE).any())


def hidden_characters(characters: Characters, shapes: Shapes, frame: Frame) -> NDArray[np.bool_]:
    """Which characters of a page can't be seen, (characters,) bool; those that PDFium added are none of them."""
    hidden: NDArray[np.bool_] = np.zeros(len(characters.codes), bool)
    own = characters.style >= 0
    hidden[own] = _unseen_styles(characters, shapes, frame)[characters.style[own]]
    hidden |= own & _is_tiny(characters)
    hidden |= own & _is_outside(characters.boxes, frame)
    white = own & ~hidden
    white[own] &= _white_styles(characters)[characters.style[own]]
    if white.any():
        hidden[white] = ~_is_on(characters.boxes[white], shapes.painted)
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
