"""What a page of a PDF draws beside its text: ruling lines, painted areas and pictures, as boxes. Judges nothing."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pypdfium2.raw as pdfium
from numpy.typing import NDArray

from indexer.loading.pdf.document import Frame

_MOST_OBJECTS = 20_000  # of one page
_MOST_NOTES = 10_000  # annotations of one page
_MOST_SEGMENTS = 20_000  # of one page, over all of its paths
_DEEPEST = 5  # forms in forms
_THIN = 2.5  # points; a filled area that is not higher is a line
_STRAIGHT = 0.5  # points that a ruling line may lean
_NEARLY_WHITE = 240
_LEAST_COVER = 3.0  # points, the smaller side of what can cover a word
_LAST = 1 << 40
_NOTES = (
    *(pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON, pdfium.FPDF_ANNOT_INK),
    *(pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_REDACT),
)
"""Annotations that people draw over words; others open, close or can be moved."""

SCAN = 0.5
"""Share of the page that a picture covers which may be a scan of it."""

_Matrix = tuple[float, float, float, float, float, float]  # a, b, c, d, e, f (ISO 32000-1, 8.3.3)
_Point = tuple[float, float]
_Box = tuple[float, float, float, float]
_UNCHANGED: _Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Boxes in points as the page is shown, each (n, 4) left, top, right, bottom.

    ``lines`` are thin: ruling lines and edges of frames. ``painted`` is where anything but white lies, so that white
    words show. ``pictures`` are images.
    """

    lines: NDArray[np.float64]
    painted: NDArray[np.float64]
    pictures: NDArray[np.float64]

    def covered(self, frame: Frame) -> float:
        """The largest share of the page that one picture covers, 0 to 1."""
        return float(self.shares(frame).max(initial=0.0))

    def shares(self, frame: Frame) -> NDArray[np.float64]:
        """The share of the page that each picture covers, 0 to 1."""
        return areas(self.pictures, frame) / max(frame.width * frame.height, 1.0)


def areas(boxes: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """How much of each box, (n, 4), lies on the page, in square points."""
    inside = np.clip(boxes, 0, (frame.width, frame.height) * 2)
    found: NDArray[np.float64] = (inside[:, 2:] - inside[:, :2]).prod(axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Layers:
    """The order in which a page is painted, by places from 0, while it is open.

    ``boxes`` (n, 4) are those of what may cover words, in points as the page is shown; ``orders`` (n,) its places and
    ``items`` the objects, None for notes, which lie over all. ``texts`` has the place of each piece of text by the
    address of its object; ``scans`` are pictures of half the page or more, with their places.
    """

    boxes: NDArray[np.float64]
    orders: NDArray[np.int64]
    items: tuple[Any, ...]
    texts: dict[int, int]
    scans: tuple[tuple[int, Any], ...]

    def place_of(self, address: int) -> int:
        """The place of a piece of text; behind all others for one that is not known, so that nothing covers it."""
        return self.texts.get(int(address), _LAST)


class _Collector:
    """Walks over the objects of one page, up to a limit."""

    def __init__(self) -> None:
        self.lines: list[_Box] = []
        self.painted: list[_Box] = []
        self.pictures: list[_Box] = []
        self.texts: dict[int, int] = {}
        self.covers: list[tuple[_Box, int, Any]] = []
        self._objects = self._segments = 0

    def add_all(self, objects: Iterator[Any], matrix: _Matrix, depth: int) -> None:
        for item in objects:
            self._objects += 1
            if self._objects > _MOST_OBJECTS:
                return
            self._add(item, matrix, depth)

    def _add(self, item: Any, matrix: _Matrix, depth: int) -> None:
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            self._add_path(item, matrix)
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            self.texts[ctypes.cast(item, ctypes.c_void_p).value or 0] = self._objects
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            box = _bounds(item, matrix)
            self.pictures.append(box)
            self.painted.append(box)
            self._add_cover(item, box)
        elif kind == pdfium.FPDF_PAGEOBJ_SHADING:
            self.painted.append(_bounds(item, matrix))
            self._add_cover(item, self.painted[-1])
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            self.add_all(_objects_of_form(item), _times(_matrix_of(item), matrix), depth + 1)

    def _add_path(self, item: Any, matrix: _Matrix) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(item, fill, stroke)
        if fill.value or (stroke.value and _is_broad(item)):
            self._add_cover(item, _bounds(item, matrix))
        if fill.value and not _is_white(item):
            self.painted.append(_bounds(item, matrix))
        if not fill.value and not stroke.value:
            return
        own = _times(_matrix_of(item), matrix)
        for corners in self._outlines(item):
            points = [_moved(corner, own) for corner in corners]
            if stroke.value:
                self.lines += [_box_of(side) for side in pairwise(points) if _thickness(side) < _STRAIGHT]
            elif _thickness(points) <= _THIN:
                self.lines.append(_box_of(points))

    def _add_cover(self, item: Any, box: _Box) -> None:
        if min(box[2] - box[0], box[3] - box[1]) >= _LEAST_COVER:
            self.covers.append((box, self._objects, item))

    def _outlines(self, item: Any) -> Iterator[list[_Point]]:
        """The corners of each part of a path; curves are left out."""
        count = max(pdfium.FPDFPath_CountSegments(item), 0)
        self._segments += count
        if self._segments > _MOST_SEGMENTS:
            return
        corners: list[_Point] = []
        x, y = ctypes.c_float(), ctypes.c_float()
        for index in range(count):
            segment = pdfium.FPDFPath_GetPathSegment(item, index)
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            if pdfium.FPDFPathSegment_GetType(segment) != pdfium.FPDF_SEGMENT_LINETO:
                if len(corners) > 1:
                    yield corners
                corners = []
            corners.append((x.value, y.value))
            if pdfium.FPDFPathSegment_GetClose(segment):
                corners.append(corners[0])
        if len(corners) > 1:
            yield corners


def read_shapes(page: Any, frame: Frame) -> tuple[Shapes, Layers]:
    """The lines, painted areas and pictures of a page, those in its forms too, and the order in which it is painted."""
    collector = _Collector()
    count = pdfium.FPDFPage_CountObjects(page)
    objects = (pdfium.FPDFPage_GetObject(page, index) for index in range(count))
    collector.add_all(objects, _UNCHANGED, 0)
    shapes = Shapes(*(_shown(boxes, frame) for boxes in (collector.lines, collector.painted, collector.pictures)))
    return shapes, _layers(page, collector, frame)


def _layers(page: Any, collector: _Collector, frame: Frame) -> Layers:
    covers = [cover for cover in collector.covers if np.isfinite(cover[0]).all()]
    covers += [(box, _LAST - 1, None) for box in _notes(page)]
    boxes = frame.boxes(np.array([box for box, _, _ in covers], np.float64).reshape(-1, 4))
    large = areas(boxes, frame) >= SCAN * frame.width * frame.height
    is_scan = [bool(one) and _is_picture(item) for one, (_, _, item) in zip(large, covers, strict=True)]
    own = [place for place, one in enumerate(is_scan) if not one]
    return Layers(
        boxes=boxes[own],
        orders=np.array([covers[place][1] for place in own], np.int64),
        items=tuple(covers[place][2] for place in own),
        texts=collector.texts,
        scans=tuple(covers[place][1:] for place, one in enumerate(is_scan) if one),
    )


def _is_picture(item: Any) -> bool:
    return item is not None and pdfium.FPDFPageObj_GetType(item) == pdfium.FPDF_PAGEOBJ_IMAGE


def _notes(page: Any) -> Iterator[_Box]:
    """The boxes of annotations that may cover words."""
    for index in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_NOTES)):
        note = pdfium.FPDFPage_GetAnnot(page, index)
        if not note:
            continue
        box = pdfium.FS_RECTF()
        if pdfium.FPDFAnnot_GetSubtype(note) in _NOTES and pdfium.FPDFAnnot_GetRect(note, box):
            yield box.left, box.bottom, box.right, box.top
        pdfium.FPDFPage_CloseAnnot(note)


def _objects_of_form(form: Any) -> Iterator[Any]:
    return (pdfium.FPDFFormObj_GetObject(form, index) for index in range(max(pdfium.FPDFFormObj_CountObjects(form), 0)))


def _shown(boxes: list[_Box], frame: Frame) -> NDArray[np.float64]:
    found = np.array(boxes, np.float64).reshape(-1, 4)
    return frame.boxes(found[np.isfinite(found).all(axis=1)])


def _matrix_of(item: Any) -> _Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, found):
        return _UNCHANGED
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(first: _Matrix, then: _Matrix) -> _Matrix:
    """One matrix for two, applied in turn."""
    a, b, c, d = then[:4]
    sides = ((x * a + y * c, x * b + y * d) for x, y in (first[:2], first[2:4]))
    (right, right_up), (up, up_up) = sides
    return right, right_up, up, up_up, *_moved((first[4], first[5]), then)


def _moved(point: _Point, matrix: _Matrix) -> _Point:
    (x, y), (a, b, c, d, e, f) = point, matrix
    return x * a + y * c + e, x * b + y * d + f


def _bounds(item: Any, matrix: _Matrix) -> _Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
    return _box_of([_moved((x.value, y.value), matrix) for x in (left, right) for y in (bottom, top)])


def _box_of(points: Sequence[_Point]) -> _Box:
    across, up = zip(*points, strict=True)
    return min(across), min(up), max(across), max(up)


def _thickness(points: Sequence[_Point]) -> float:
    """The shorter side of the box around points."""
    left, bottom, right, top = _box_of(points)
    return min(right - left, top - bottom)


def _is_broad(item: Any) -> bool:
    """Whether a path is drawn with a pen that can blacken a word."""
    width = ctypes.c_float()
    return bool(pdfium.FPDFPageObj_GetStrokeWidth(item, width)) and width.value >= _LEAST_COVER


def _is_white(item: Any) -> bool:
    colours = [ctypes.c_uint() for _ in range(4)]
    known = pdfium.FPDFPageObj_GetFillColor(item, *colours)
    red, green, blue, opacity = (colour.value for colour in colours)
    return bool(known) and (opacity == 0 or min(red, green, blue) >= _NEARLY_WHITE)
