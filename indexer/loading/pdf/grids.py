"""Tables of a page of a PDF that are drawn with ruling lines: the grid of each; pure functions over arrays.

Lines that cross make a grid; where a line is missing between two cells they are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_THIN = 2.5  # points: the most across a ruling line
_SHORTEST = 6.0  # points along it
_NEAR = 3.0  # points: lines that are not further apart meet, or are one
_WIDEST_GAP = 40.0  # points between two halves of a table
_TILED = 0.6  # of the places of a grid that are painted areas of their own; the others are parts of larger ones
_MOST_LINES = 1_500  # on a page; what has more is a drawing


@dataclass(frozen=True, slots=True)
class Rulings:
    """Ruling lines of one direction, an entry for each: where it lies across, and from where to where it runs."""

    at: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def cross(self, at: float, along: float) -> bool:
        """Whether one lies at ``at`` and runs over ``along``."""
        near = np.abs(self.at - at) <= _NEAR
        return bool((near & (self.first - _NEAR <= along) & (self.last + _NEAR >= along)).any())

    def only(self, chosen: NDArray[np.bool_]) -> Rulings:
        """Some of them."""
        return Rulings(self.at[chosen], self.first[chosen], self.last[chosen])


@dataclass(frozen=True, slots=True)
class Grid:
    """A table by its lines: the edges of its columns from left to right, and of its rows from the top, in points."""

    columns: tuple[float, ...]
    rows: tuple[float, ...]
    across: Rulings
    down: Rulings

    @property
    def cells(self) -> int:
        """How many places it has, each in one row and one column."""
        return (len(self.columns) - 1) * (len(self.rows) - 1)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies inside."""
        return self.columns[0] <= x <= self.columns[-1] and self.rows[0] <= y <= self.rows[-1]

    def column_of(self, x: float) -> int:
        """The column that a point lies in, from 0."""
        return int(np.clip(np.searchsorted(self.columns, x) - 1, 0, len(self.columns) - 2))

    def row_of(self, y: float, column: int) -> int:
        """The row that a point lies in, from 0; of a cell that runs over several the first."""
        row = int(np.clip(np.searchsorted(self.rows, y) - 1, 0, len(self.rows) - 2))
        middle = (self.columns[column] + self.columns[column + 1]) / 2
        while row > 0 and not self.across.cross(self.rows[row], middle):
            row -= 1
        return row

    def edges_between(self, left: float, right: float, y: float) -> list[float]:
        """Where lines cut a piece of text that runs from ``left`` to ``right`` at the height ``y``."""
        return [edge for edge in self.columns[1:-1] if left + 1 < edge < right - 1 and self.down.cross(edge, y)]


def find_grids(lines: NDArray[np.float64]) -> list[Grid]:
    """The grids that ruling lines make, (n, 4) boxes of lines in points, from the top; at least two cells each way."""
    across = _rulings(lines[:, [1, 3, 0, 2]])
    down = _rulings(lines[:, [0, 2, 1, 3]])
    if not len(across.at) or not len(down.at) or max(len(across.at), len(down.at)) > _MOST_LINES:
        return []
    grids = [_grid(across.only(some), down.only(others)) for some, others in _meeting(across, down)]
    found = sorted((grid for grid in grids if grid), key=lambda grid: (round(grid.rows[0]), grid.columns[0]))
    joined: list[Grid] = []
    for grid in found:
        joined[-1:] = (
            [_side_by_side(joined[-1], grid)] if joined and _is_beside(joined[-1], grid) else [*joined[-1:], grid]
        )
    return joined


def find_painted_grids(areas: NDArray[np.float64]) -> list[Grid]:
    """The grids of painted areas, (n, 4) boxes in points, that lie edge to edge as the cells of a table do."""
    sides = areas[:, 2:] - areas[:, :2]
    cells = np.unique(np.round(areas[(sides >= _SHORTEST).all(axis=1)]), axis=0)[:_MOST_LINES]
    left, top, right, bottom = cells.T
    edges = (
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    )
    grids = find_grids(np.vstack([np.column_stack(edge) for edge in edges]))
    middles = (cells[:, :2] + cells[:, 2:]) / 2
    return [grid for grid in grids if sum(grid.holds(*middle) for middle in middles.tolist()) >= _TILED * grid.cells]


def _is_beside(left: Grid, right: Grid) -> bool:
    """Whether a grid goes on with another behind a gap: their rows are the same."""
    same = len(left.rows) == len(right.rows) and np.allclose(left.rows, right.rows, rtol=0, atol=_NEAR)
    return same and 0 <= right.columns[0] - left.columns[-1] < _WIDEST_GAP


def _side_by_side(left: Grid, right: Grid) -> Grid:
    across, down = (
        Rulings(*(np.append(getattr(one, name), getattr(two, name)) for name in ("at", "first", "last")))
        for one, two in ((left.across, right.across), (left.down, right.down))
    )
    return Grid((*left.columns, *right.columns), left.rows, across, down)


def _rulings(boxes: NDArray[np.float64]) -> Rulings:
    """Lines of one direction, from boxes as (n, 4) first and last across, first and last along; pieces are joined."""
    thick, long = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    chosen = boxes[(thick <= _THIN) & (long >= _SHORTEST)][: 10 * _MOST_LINES]
    at = (chosen[:, 0] + chosen[:, 1]) / 2
    joined: list[list[float]] = []
    for group in _clusters(at):
        level = float(at[group].mean())
        begins = True
        for first, last in sorted(map(tuple, chosen[group, 2:].tolist())):
            if begins or first > joined[-1][2] + _NEAR:
                joined.append([level, first, last])
            joined[-1][2] = max(joined[-1][2], last)
            begins = False
    return Rulings(*np.array(joined, np.float64).reshape(-1, 3).T)


def _clusters(values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    """Places of values that lie close together, in order of the values."""
    if not len(values):
        return []
    order = np.argsort(values, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(values[order]) > _NEAR / 2) + 1)


def _meeting(across: Rulings, down: Rulings) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """The lines of each set that hang together: which of those across, and which of those down."""
    meets = (
        (down.at >= across.first[:, None] - _NEAR)
        & (down.at <= across.last[:, None] + _NEAR)
        & (across.at[:, None] >= down.first - _NEAR)
        & (across.at[:, None] <= down.last + _NEAR)
    )
    left = np.ones(len(across.at), bool)
    while left.any():
        some = np.zeros(len(left), bool)
        some[int(left.argmax())] = True
        count = 0
        while count < (count := int(some.sum())):
            some |= np.any(meets[:, np.any(meets[some], axis=0)], axis=1)
        left &= ~some
        others: NDArray[np.bool_] = np.any(meets[some], axis=0)
        yield some, others


def _grid(across: Rulings, down: Rulings) -> Grid | None:
    if not len(down.at):
        return None
    columns = _edges(down.at, across.first.min(), across.last.max())
    rows = _edges(across.at, down.first.min(), down.last.max())
    return Grid(columns, rows, across, down) if len(columns) > 2 and len(rows) > 2 else None


def _edges(values: NDArray[np.float64], first: float, last: float) -> tuple[float, ...]:
    """The edges between cells: where lines are, and where the lines across them end."""
    everything = np.append(values, (first, last))
    edges = sorted(float(everything[group].mean()) for group in _clusters(everything))
    kept = edges[:1]
    for before, edge in pairwise(edges):
        if edge - before > _NEAR:
            kept.append(edge)
    return tuple(kept)
