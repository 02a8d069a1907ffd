"""Which characters of a page of a PDF lie under something opaque that is painted after them, such as a box over a name.

The order of painting and boxes only say where to look. What decides are pictures of the page with and without its
words: what shows through a highlighter or a watermark makes a difference.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from indexer.loading.pdf.characters import INVISIBLE, Characters
from indexer.loading.pdf.document import Frame, render
from indexer.loading.pdf.hidden import dots_in
from indexer.loading.pdf.shapes import Layers

_FINE = 100  # dots to the inch
_LEAST_CHANGE = 16  # of 255, in any of red, green and blue
_MOST_SEEN = 0.35  # share of the dots of a character that may show beside a box that is drawn carelessly
_LIGHT = 128  # of 255; what is blackened is darker, and the cells of a table are lighter
_SPACES = tuple(map(ord, " \u00a0\t\r\n"))
_MOST_COVERS = 2_000  # that lie over words on one page; a drawing may have more
_AT_ONCE = 200  # covers that are compared with all pieces of text

_Flags = NDArray[np.bool_]


def covered_characters(page: Any, characters: Characters, layers: Layers, frame: Frame, hidden: _Flags) -> _Flags:
    """Which characters nobody sees since something opaque is painted over them, (characters,) bool.

    Args:
        page: that is open.
        characters: of the page.
        layers: the order in which it is painted. What lies there without lying over a scan is a cover; a scan is none:
            words under it are its text, made by recognition.
        frame: how the page is shown.
        hidden: which characters are known to be hidden; they are looked at no more.
    """
    under, covers = _candidates(characters, layers, ~hidden & (characters.style >= 0))
    if not under.any():
        return under
    texts = np.unique(characters.style[under])
    words = [ctypes.cast(int(address), pdfium.FPDF_PAGEOBJECT) for address in characters.styles.address[texts]]
    undrawn = [word for word, piece in zip(words, texts, strict=True) if characters.styles.mode[piece] == INVISIBLE]
    first = min(layers.place_of(address) for address in characters.styles.address[texts])
    with _drawn(undrawn), _taken_out(item for place, item in layers.scans if place > first):
        seen, ground = _ink(page, words, characters.boxes[under], frame, notes=True)
        with _taken_out(covers):
            whole, _ = _ink(page, words, characters.boxes[under], frame, notes=False)
    result: _Flags = np.zeros(len(under), bool)
    result[under] = _like_neighbours(seen <= _MOST_SEEN * whole, whole > 0)
    light = result.copy()
    dots = (dots_in(characters.boxes[under], ground == is_light, frame) for is_light in (True, False))
    light[under] &= np.greater(*dots)
    return result & ~(light & _begun(characters, ~result))


def _begun(characters: Characters, seen: _Flags) -> _Flags:
    """Which characters are of a word whose first one is seen: it may run out of its cell, under the next one."""
    begins = np.ones(len(seen), bool)
    begins[1:] = (np.diff(characters.style) != 0) | np.isin(characters.codes[:-1], _SPACES)
    found: _Flags = seen[np.maximum.accumulate(np.where(begins, np.arange(len(seen)), 0))]
    return found


def _candidates(characters: Characters, layers: Layers, own: _Flags) -> tuple[_Flags, list[Any]]:
    """Which characters lie in the box of anything that is painted later, and what of the page that is."""
    found: _Flags = np.zeros(len(own), bool)
    placed = np.array([layers.place_of(address) for address in characters.styles.address], np.int64)
    order = np.append(placed, 0)[characters.style]
    middle = (characters.boxes[:, :2] + characters.boxes[:, 2:]) / 2
    covers = []
    for place in _over_pieces(characters, layers, own, placed)[:_MOST_COVERS]:
        left, top, right, bottom = layers.boxes[place]
        inside = ((middle >= (left, top)) & (middle <= (right, bottom))).all(axis=1)
        if (inside := inside & own & (order < layers.orders[place])).any():
            found |= inside
            covers += [item for item in (layers.items[place],) if item is not None]
    return found, covers


def _over_pieces(characters: Characters, layers: Layers, own: _Flags, placed: NDArray[np.int64]) -> list[int]:
    """The places of covers that touch a piece of text which is painted before them."""
    count = len(placed)
    if not count or not len(layers.boxes):
        return []
    pieces = np.hstack((np.full((count, 2), np.inf), np.full((count, 2), -np.inf)))
    np.minimum.at(pieces[:, :2], characters.style[own], characters.boxes[own, :2])
    np.maximum.at(pieces[:, 2:], characters.style[own], characters.boxes[own, 2:])
    found: list[int] = []
    for first in range(0, len(layers.boxes), _AT_ONCE):
        boxes = layers.boxes[first : first + _AT_ONCE, None]
        touching = (boxes[..., :2] < pieces[:, 2:]).all(axis=2) & (boxes[..., 2:] > pieces[:, :2]).all(axis=2)
        touching &= layers.orders[first : first + _AT_ONCE, None] > placed
        found += (first + np.flatnonzero(touching.any(axis=1))).tolist()
    return found


@contextmanager
def _taken_out(items: Iterable[Any]) -> Iterator[None]:
    """The page without some of its objects."""
    present = [item for item in items if _is_active(item)]
    try:
        for item in present:
            pdfium.FPDFPageObj_SetIsActive(item, False)
        yield
    finally:
        for item in present:
            pdfium.FPDFPageObj_SetIsActive(item, True)


def _is_active(item: Any) -> bool:
    active = ctypes.c_int()
    return bool(pdfium.FPDFPageObj_GetIsActive(item, active)) and bool(active.value)


@contextmanager
def _drawn(words: Sequence[Any]) -> Iterator[None]:
    """The page with words drawn that are not, so that what lies over them can be told."""
    try:
        for word in words:
            pdfium.FPDFTextObj_SetTextRenderMode(word, pdfium.FPDF_TEXTRENDERMODE_FILL)
        yield
    finally:
        for word in words:
            pdfium.FPDFTextObj_SetTextRenderMode(word, pdfium.FPDF_TEXTRENDERMODE_INVISIBLE)


def _ink(
    page: Any, words: Sequence[Any], boxes: NDArray[np.float64], frame: Frame, *, notes: bool
) -> tuple[NDArray[np.int32], _Flags]:
    """How many dots in each box, (n, 4) points, words make a difference to; and which dots are light without them."""
    shown = render(page, frame, dots_per_inch=_FINE, notes=notes).astype(np.int16)
    with _taken_out(words):
        bare = render(page, frame, dots_per_inch=_FINE, notes=notes)
    changed = np.abs(shown - bare).max(axis=2) > _LEAST_CHANGE
    return dots_in(boxes, changed, frame), bare.min(axis=2) >= _LIGHT


def _like_neighbours(covered: _Flags, inked: _Flags) -> _Flags:
    """What is said of each character that has ink; of others, as spaces, what is said of the one before, or after."""
    if not inked.any():
        return np.zeros(len(covered), bool)
    last = np.maximum.accumulate(np.where(inked, np.arange(len(inked)), -1))
    result: _Flags = covered[np.where(last < 0, np.argmax(inked), last)]
    return result
