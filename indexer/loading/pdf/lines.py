"""The characters of a page of a PDF to pieces of lines, each with its place; pure functions over arrays.

PDFium says where a line ends. It also runs words together that stand far apart in a row, such as cells of a table or
two columns: these are cut here, and what belongs together is joined by `pdf_paragraphs`.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from indexer.boxes import Boxes, in_eighths, no_boxes
from indexer.loading.pdf.characters import Characters

_HYPHENS = (0x02, 0xFFFE)  # how PDFium marks a hyphen that ends a line; it writes no line break there
_BREAKS = (0x0A, 0x0D)
_SPACES = tuple(code for code in range(0x3001) if chr(code).isspace())
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_SPECIAL = re.compile(f"[\ud800-\udfff{''.join(_LIGATURES)}]")
_USUAL_SIZE = 10.0
_BASELINE, _SIZE = 0.2, 0.8  # of the height of a recognised line
_LEFTWARD = ((0x590, 0x8FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))  # Hebrew to Arabic, with their forms
_WIDE = 0.85  # sizes of type; words of one line do not stand further apart


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text or a piece of it: where it starts and ends along its own direction, and its baseline, in points.

    ``baseline`` falls down the page. ``angle`` is the direction in degrees, 0 for ordinary text. ``hyphen`` says that a
    word is divided at the end; the hyphen itself is not in ``text``. ``boxes`` are those of its characters, (n, 4).
    ``is_row`` marks a row of a table, its cells with `` | `` between them.
    """

    text: str
    start: float
    end: float
    baseline: float
    size: float
    bold: bool = False
    angle: int = 0
    hyphen: bool = False
    is_row: bool = False
    boxes: Boxes = field(default_factory=lambda: no_boxes(0), compare=False)


def recognised_line(text: str, box: tuple[float, float, float, float], scale: float) -> Line:
    """A line that was recognised in a picture: its characters share its width, since only the whole line has a box.

    Args:
        text: of the line.
        box: left, top, right and bottom of it, in pixels.
        scale: points for each pixel.
    """
    left, top, right, bottom = (side * scale for side in box)
    edges = np.linspace(left, right, len(text) + 1)
    corners = np.column_stack((edges[:-1], np.full(len(text), top), edges[1:], np.full(len(text), bottom)))
    boxes = in_eighths(corners)
    boxes[[character.isspace() for character in text]] = 0
    height = max(bottom - top, 1.0)
    return Line(text, left, right, _BASELINE * height - bottom, _SIZE * height, boxes=boxes)


def read_lines(characters: Characters, hidden: NDArray[np.bool_]) -> list[Line]:
    """The pieces of lines of a page in the order of PDFium.

    Args:
        characters: of the page.
        hidden: (characters,) which of them to leave out.
    """
    characters = _with_ligatures_turned(characters)
    codes = characters.codes
    ends, spaces = np.isin(codes, _BREAKS + _HYPHENS), np.isin(codes, _SPACES)
    places = np.flatnonzero(~ends & (codes != 0) & ~spaces & ~hidden)
    if not len(places):
        return []
    cuts = np.flatnonzero((np.diff(np.cumsum(ends)[places]) > 0) | _is_wide(characters, places)) + 1
    pieces = np.split(places, cuts)
    boxes = in_eighths(characters.boxes)
    boxes[spaces] = 0
    dropped = hidden | ends | (codes == 0)
    divided = np.isin(codes, _HYPHENS)
    following = [int(piece[0]) for piece in pieces[1:]] + [len(codes)]
    lines = (
        _line(characters, piece, (boxes, dropped), hyphen=bool(divided[piece[-1] : after].any()))
        for piece, after in zip(pieces, following, strict=True)
    )
    return [line for line in lines if line.text]  # half of a pair of surrogates, alone, is no character


def _with_ligatures_turned(characters: Characters) -> Characters:
    """Letters of one sign in scripts from right to left in the order of reading.

    PDFium turns a line of such a script round character by character, also where one sign stands for two of them.
    """
    codes, origins = characters.codes, characters.origins
    leftward = np.any([(codes >= first) & (codes <= last) for first, last in _LEFTWARD], axis=0)
    one_sign = leftward[1:] & leftward[:-1] & np.all(origins[1:] == origins[:-1], axis=1)
    if not one_sign.any():
        return characters
    turned = codes.copy()
    for run in np.split(np.arange(len(codes)), np.flatnonzero(~one_sign) + 1):
        turned[run] = codes[run[::-1]]
    return replace(characters, codes=turned)


def _is_wide(characters: Characters, places: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether ordinary text has a wide gap before each visible character but the first."""
    size, angle = (np.append(values, 0) for values in (characters.styles.size, characters.styles.angle))
    before, after = places[:-1], places[1:]
    sizes = size[characters.style]
    gap = characters.boxes[after, 0] - characters.boxes[before, 2]
    level = (angle[characters.style[before]] == 0) & (angle[characters.style[after]] == 0)
    wide: NDArray[np.bool_] = level & (gap > _WIDE * np.maximum(sizes[before], sizes[after])) & (gap > 1)
    return wide


def _line(
    characters: Characters, places: NDArray[np.intp], page: tuple[Boxes, NDArray[np.bool_]], *, hyphen: bool
) -> Line:
    """One line from the places of its visible characters; the spaces between them come with it."""
    first, middle, last = int(places[0]), int(places[len(places) // 2]), int(places[-1])
    boxes, dropped = page
    kept = first + np.flatnonzero(~dropped[first : last + 1])
    text, boxes = _decode(characters.codes[kept], boxes[kept])
    styles, looks = characters.styles, characters.style[[first, middle, last]]
    look = int(looks[1]) if looks[1] >= 0 else int(looks.max())
    angle = int(styles.angle[look]) if look >= 0 else 0
    size = float(styles.size[look]) if look >= 0 else _USUAL_SIZE
    start, end, baseline = _extent(characters, first, last, angle)
    return Line(
        *(text, start, end if angle == 0 else end + size / 2, baseline, size),
        bold=min(looks[0], looks[2]) >= 0 and bool(styles.bold[looks[0]] and styles.bold[looks[2]]),
        angle=angle,
        hyphen=hyphen,
        boxes=boxes,
    )


def _extent(characters: Characters, first: int, last: int, angle: int) -> tuple[float, float, float]:
    """Where a line starts and ends along its direction, and its baseline."""
    turn = math.radians(angle)
    start, baseline = _turned(characters.origins[first], turn)
    if angle == 0:
        return start, max(float(characters.boxes[last, 2]), start), baseline
    end, _ = _turned(characters.origins[last], turn)
    return start, max(end, start), baseline


def _turned(point: NDArray[np.float64], angle: float) -> tuple[float, float]:
    """A point in the frame of text that runs at ``angle``: along the line, and across it, upwards."""
    left, top = point.tolist()
    cosine, sine = math.cos(angle), math.sin(angle)
    return left * cosine - top * sine, -top * cosine - left * sine


def _decode(codes: NDArray[np.int64], boxes: Boxes) -> tuple[str, Boxes]:
    """Characters from code points, with the box of each: pairs of surrogates are one, ligatures are their letters."""
    known = np.where(codes <= sys.maxunicode, codes, 0xFFFD)  # a broken font can map to anything
    text = known.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
    if not _SPECIAL.search(text):
        return text, boxes
    pieces, counts = zip(*_letters(text), strict=True)
    return "".join(pieces), np.repeat(boxes, counts, axis=0)


def _letters(characters: str) -> Iterator[tuple[str, int]]:
    """What stands for each character, and how many times its box is kept."""
    high = ""
    for character in characters:
        if "\udc00" <= character <= "\udfff":
            whole = (high + character).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
            yield whole, len(whole)
        elif "\ud800" <= character <= "\udbff":
            yield "", 0
        else:
            letters = _LIGATURES.get(character, character)
            yield letters, len(letters)
        high = character if "\ud800" <= character <= "\udbff" else ""
