"""The measures: what a reader saw against what a reference says, as counts that add up over files.

Each returns its numerator and denominator, so that a total over files weighs them by their size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

from benchmarks.parsing.seeing import Seen, words


@dataclass(frozen=True, slots=True)
class Counts:
    """What one reading of one file gives to each measure; pairs are (part, of how many)."""

    characters: tuple[int, int]
    words: tuple[int, int]
    shared_words: tuple[int, int]
    cells_in_row: tuple[int, int]
    cells_apart: tuple[int, int] | None
    headings_in_order: tuple[int, int] | None
    headings_found: int | None

    def to_dict(self) -> dict[str, object]:
        """For the record."""
        return asdict(self)


def compare(reference: Seen, found: Seen) -> Counts:
    """All measures of one reading.

    - ``characters``, ``words``: edit distance (Levenshtein), and the length of the reference. May exceed it.
    - ``shared_words``: twice the words in common, whatever their order, and the words of both together: the F1 score.
    - ``cells_in_row``: cells of reference rows that stand together in one line, and all cells (see `cells_in_row`).
      Rows of one cell are left out: they say nothing about a table.
    - ``cells_apart``: cells that are cells of one row of the reader too, and all cells; ``None`` without tables.
    - ``headings_in_order``: the longest common subsequence, and the headings of the reference.
    """
    ours, theirs = reference.words, found.words
    shared = sum((Counter(ours) & Counter(theirs)).values())
    rows = [row for row in reference.rows or () if len(row) > 1]
    headings = reference.headings or ()
    return Counts(
        characters=(edit_distance(reference.text, found.text), len(reference.text)),
        words=(edit_distance(ours, theirs), len(ours)),
        shared_words=(2 * shared, len(ours) + len(theirs)),
        cells_in_row=(cells_in_row(rows, found.lines), sum(map(len, rows))),
        cells_apart=None if found.rows is None else (cells_apart(rows, found.rows), sum(map(len, rows))),
        headings_in_order=(
            None if found.headings is None else (common_subsequence(headings, found.headings), len(headings))
        ),
        headings_found=None if found.headings is None else len(found.headings),
    )


def edit_distance(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Insertions, deletions and replacements that make one sequence the other (Levenshtein).

    Myers' bit-parallel algorithm (JACM 46, 1999) as Hyyrö states it (2003), a column of the matrix in two integers.

    >>> edit_distance("kitten", "sitting")
    3
    """
    if not first or not second:
        return len(first) + len(second)
    places: dict[Hashable, int] = {}
    for index, one in enumerate(first):
        places[one] = places.get(one, 0) | 1 << index
    every, last = (1 << len(first)) - 1, 1 << (len(first) - 1)
    rises, falls, distance = every, 0, len(first)
    for one in second:
        equal = places.get(one, 0)
        diagonal = (((equal & rises) + rises) ^ rises) | equal | falls
        right = falls | (every & ~(diagonal | rises))
        left = rises & diagonal
        distance += bool(right & last) - bool(left & last)
        right, left = (right << 1 | 1) & every, (left << 1) & every
        rises, falls = left | (every & ~(diagonal | right)), right & diagonal
    return distance


def common_subsequence(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Length of the longest sequence that both hold in its order.

    >>> common_subsequence("abcde", "xacebd")
    3
    """
    lengths = [0] * (len(second) + 1)
    for one in first:
        before = 0
        for index, other in enumerate(second, start=1):
            above = lengths[index]
            lengths[index] = before + 1 if one == other else max(above, lengths[index - 1])
            before = above
    return lengths[-1]


def cells_in_row(rows: Sequence[Sequence[str]], lines: Sequence[str]) -> int:
    """How many cells stand with the others of their row in one line, as whole words.

    A line serves one row, and only one of which it is about: at least half of its characters are of the row's cells, so
    that a paragraph in which a table has dissolved has no rows.
    """
    folded = [" ".join(words(line)) for line in lines]
    scores = []
    for number, row in enumerate(rows):
        for place, line in enumerate(folded):
            held, size = _held(row, line)
            if held and 2 * size >= len(line.replace(" ", "")):
                scores.append((held, -number, -place))
    return _best_pairs(scores)


def cells_apart(rows: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> int:
    """How many cells are cells, with the very same words, of the one found row that has most of their row's."""
    counted = [(Counter(row), -place) for place, row in enumerate(found)]
    scores = [
        (sum((Counter(row) & cells).values()), -number, place)
        for number, row in enumerate(rows)
        for cells, place in counted
    ]
    return _best_pairs([one for one in scores if one[0]])


def _held(row: Sequence[str], line: str) -> tuple[int, int]:
    """Cells of a row in a line, each at a place of its own, longest first; and their letters and digits."""
    rest, held, size = f" {line} ", 0, 0
    for cell in sorted(row, key=len, reverse=True):
        before, found, after = rest.partition(f" {cell} ")
        if found:
            rest, held, size = f"{before} \n {after}", held + 1, size + len(cell.replace(" ", ""))
    return held, size


def _best_pairs(scores: Sequence[tuple[int, int, int]]) -> int:
    """The sum of the scores of pairs (score, row, place), the best first, no row and no place twice."""
    total, rows, places = 0, set(), set()
    for score, row, place in sorted(scores, reverse=True):
        if row not in rows and place not in places:
            rows.add(row)
            places.add(place)
            total += score
    return total
