"""Chooses which questions of a set are asked: the first ones, or a sample that anyone can draw again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from eval.records import EvalCase
from schema import FootnoteError


def select_cases(cases: Sequence[EvalCase], limit: int | None = None, seed: int | None = None) -> tuple[EvalCase, ...]:
    """The questions to ask, in the order of the set.

    Args:
        cases: the whole set, with ids that differ.
        limit: how many; all when ``None`` or more than there are.
        seed: draws a random sample that holds answerable and unanswerable questions in the set's proportion (largest
            remainder); without one, the first questions are taken. A sample depends on seed and ids alone, not on the
            order of the set or on Python's version, and a larger one holds every smaller one of the same seed.

    Raises:
        FootnoteError: for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise FootnoteError(f"The limit is {limit}; it has to be at least 1.")
    if limit is None or limit >= len(cases):
        return tuple(cases)
    if seed is None:
        return tuple(cases[:limit])
    unanswerable = [case for case in cases if case.unanswerable]
    answerable = [case for case in cases if not case.unanswerable]
    share = _share(limit, len(unanswerable), len(cases))
    chosen = _draw(unanswerable, share, seed) | _draw(answerable, limit - share, seed)
    return tuple(case for case in cases if case.question_id in chosen)


def _share(limit: int, part: int, whole: int) -> int:
    """How many of the limit go to a part, by largest remainder; on a tie, the other part gets the odd one.

    >>> _share(10, 1, 3), _share(3, 1, 2)
    (3, 1)
    """
    share, remainder = divmod(limit * part, whole)
    return share + (2 * remainder > whole)


def _draw(cases: Sequence[EvalCase], count: int, seed: int) -> set[str]:
    """The ids that come first when all are ordered by a hash of seed and id."""
    ids = [case.question_id for case in cases]
    return set(
        sorted(ids, key=lambda name: hashlib.sha256(f"{seed}\x1f{name}".encode("utf-8", "surrogatepass")).digest())[
            :count
        ]
    )
