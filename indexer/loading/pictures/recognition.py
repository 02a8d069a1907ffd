"""Words in a picture of a page: what is written where, in reading order. The only module that knows the engine.

It does not decide which pages need this, and makes no paragraphs. The engine (RapidOCR with the PP-OCRv6 weights that
come in its package) is optional: `available` says whether it is there. Nothing is ever downloaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from schema import FootnoteError

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the engine loads ONNX Runtime (docs/decisions/009)

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

HOW_TO_INSTALL = "install the recognition of text with `pip install footnote[ocr]`"
_LIBRARIES = ("rapidocr", "cv2", "onnxruntime")
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_LONGEST_SIDE = 2000  # pixels: an A4 page at 170 dots per inch; more costs time and memory and finds nothing more
_SURE = 0.8  # mean score, from 0 to 1, of a page that stands upright; upside down it is 0.7 or less
_TALL = 1.5  # height to width of the box of a word that runs up or down the page


@dataclass(frozen=True, slots=True)
class Recognised:
    """A line of words or a part of one; ``box`` in pixels of the picture, ``score`` from 0 to 1, higher is surer."""

    text: str
    box: Box
    score: float


def available() -> bool:
    """Whether text can be recognised here; loads nothing."""
    return all(find_spec(name) is not None for name in _LIBRARIES)


def recognise(image: np.ndarray) -> tuple[Recognised, ...]:
    """Read a picture of a page.

    A page that lies on its side or on its head is turned first; the boxes are those of the picture as it is given.

    Args:
        image: (height, width, 3) uint8, red, green and blue.

    Returns:
        The lines in reading order, columns one after the other.

    Raises:
        FootnoteError: when the engine is not installed.
        ValueError: when ``image`` is of another shape or type.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"A picture of shape {image.shape} and type {image.dtype} is not (height, width, 3) uint8.")
    if not available():
        raise FootnoteError(f"It is a picture: to read it, {HOW_TO_INSTALL}.")
    turns = 0
    lines = _read(image)
    if _runs_across(lines):
        turns, lines = max(((turns, _read(np.rot90(image, turns))) for turns in (1, 3)), key=lambda one: _sum(one[1]))
    elif lines and _sum(lines) < _SURE * _length(lines):
        turns, lines = max((0, lines), (2, _read(np.rot90(image, 2))), key=lambda one: _sum(one[1]))
    height, width = image.shape[:2]
    ordered = in_reading_order(lines)
    return tuple(replace(line, box=_turned_back(line.box, turns, width, height)) for line in ordered)


@cache
def _engine() -> Any:
    """The engine with the weights of its own package: named by path, so that it looks for no others."""
    import rapidocr  # noqa: PLC0415  # a second to load, and optional

    folder = Path(str(rapidocr.__file__)).parent / "models"
    settings: dict[str, Any] = {f"{part}.model_path": str(folder / name) for part, name in _MODELS.items()}
    settings["Global.log_level"] = "critical"
    settings["Global.use_cls"] = False  # whole pages are turned here; single lines upside down are rare
    settings["Global.max_side_len"] = _LONGEST_SIDE
    settings["EngineConfig.onnxruntime.intra_op_num_threads"] = 1  # files are read side by side
    settings["EngineConfig.onnxruntime.inter_op_num_threads"] = 1
    return rapidocr.RapidOCR(params=settings)


def _read(image: np.ndarray) -> list[Recognised]:
    """The lines of a picture as the engine gives them."""
    found = _engine()(np.ascontiguousarray(image[:, :, ::-1]))  # it wants blue, green and red
    if found.txts is None or found.boxes is None:
        return []
    corners = np.asarray(found.boxes, np.float64)
    low, high = corners.min(axis=1), corners.max(axis=1)
    boxes = np.hstack((low, high)).tolist()
    return [
        Recognised(text, tuple(box), float(score))
        for text, box, score in zip(found.txts, boxes, found.scores, strict=True)
    ]


def _sum(lines: Sequence[Recognised]) -> float:
    """The scores of all characters together: what is read in the wrong direction is short and unsure."""
    return sum(line.score * len(line.text) for line in lines)


def _length(lines: Sequence[Recognised]) -> int:
    return sum(len(line.text) for line in lines)


def _runs_across(lines: Sequence[Recognised]) -> bool:
    """Whether most lines with more than a few characters stand upright, as on a page that lies on its side."""
    long = [line.box for line in lines if len(line.text) > 3]
    tall = sum(bottom - top > _TALL * (right - left) for left, top, right, bottom in long)
    return tall > len(long) / 2


def _turned_back(box: Box, turns: int, width: int, height: int) -> Box:
    """A box of a picture that was turned left by ``turns`` quarters, in the picture before that.

    >>> _turned_back((10, 20, 30, 25), 1, 200, 100)
    (175, 10, 180, 30)
    """
    left, top, right, bottom = box
    if turns == 1:
        return width - bottom, left, width - top, right
    if turns == 2:
        return width - right, height - bottom, width - left, height - top
    return (top, height - right, bottom, height - left) if turns == 3 else box


def in_reading_order(lines: Sequence[Recognised]) -> list[Recognised]:
    """Lines from top to bottom, those of one row from left to right, and columns of prose one after the other.

    What runs across the columns divides them: a title, two columns, a wide table, two columns again.
    """
    ordered: list[Recognised] = []
    gutter = _gutter(lines)
    if gutter is None:
        return [line for row in rows(lines) for line in row]
    band: list[Recognised] = []
    for line in sorted(lines, key=lambda line: line.box[1]):
        if line.box[0] < gutter < line.box[2]:
            ordered += [*_by_column(band, gutter), line]
            band = []
        else:
            band.append(line)
    return ordered + _by_column(band, gutter)


def rows(lines: Sequence[Recognised]) -> list[list[Recognised]]:
    """Lines that stand side by side, from left to right; the rows from top to bottom."""
    found: list[list[Recognised]] = []
    for line in sorted(lines, key=lambda line: (line.box[1] + line.box[3]) / 2):
        middle = (line.box[1] + line.box[3]) / 2
        if found and found[-1][0].box[1] < middle < found[-1][0].box[3]:
            found[-1].append(line)
        else:
            found.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in found]


def _by_column(band: Sequence[Recognised], gutter: float) -> list[Recognised]:
    left = [line for line in band if line.box[2] <= gutter]
    return in_reading_order(left) + in_reading_order([line for line in band if line.box[2] > gutter])


def _gutter(lines: Sequence[Recognised]) -> float | None:
    """Where two columns of prose part: few lines run over it, and those beside it are long; else it is a table."""
    if len(lines) < 8:
        return None
    edges = sorted({line.box[2] for line in lines})
    best: tuple[int, float] | None = None
    for edge in edges[:: max(1, len(edges) // 200)]:
        left = [line for line in lines if line.box[2] <= edge]
        right = [line for line in lines if line.box[0] > edge]
        crossing = len(lines) - len(left) - len(right)
        if crossing <= len(lines) / 5 and _is_prose(left) and _is_prose(right) and (best is None or crossing < best[0]):
            best = crossing, (edge + min(line.box[0] for line in right)) / 2
    return best[1] if best else None


def _is_prose(lines: Sequence[Recognised]) -> bool:
    return len(lines) >= 4 and median(len(line.text) for line in lines) >= 18
