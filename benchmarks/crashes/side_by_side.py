"""Many small trials in a few processes, with a line of progress now and then."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

One, Result = TypeVar("One"), TypeVar("Result")

EVERY_S = 20.0
"""Seconds between two lines of progress."""

_AT_WORK: list[tuple[Callable[[Any], Any], Sequence[Any]]] = []
"""The trial and what it is done with: the forks find it here, so that only numbers are sent to them."""


def side_by_side(trial: Callable[[One], Result], ones: Sequence[One], processes: int, what: str) -> list[Result]:
    """The result of each trial, in order; the processes are forks, so that nothing is imported again."""
    if processes == 1:
        return [trial(one) for one in ones]
    results: list[Result] = []
    started = said = time.monotonic()
    _AT_WORK.append((trial, ones))
    try:
        with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
            for result in pool.map(_do, range(len(ones)), chunksize=2):
                results.append(result)
                if time.monotonic() - said > EVERY_S:
                    said = time.monotonic()
                    print(f"{what}: {len(results)} of {len(ones)}, {said - started:.0f} s", flush=True)
    finally:
        _AT_WORK.pop()
    print(f"{what}: {len(results)} in {time.monotonic() - started:.0f} s", flush=True)
    return results


def some(ones: Sequence[One], limit: int | None) -> Sequence[One]:
    """As many as wanted, drawn in a way that is always the same; all of them when there is no limit."""
    if limit is None or limit >= len(ones):
        return ones
    return random.Random(len(ones)).sample(ones, limit)  # noqa: S311


def _do(number: int) -> Any:
    trial, ones = _AT_WORK[-1]
    return trial(ones[number])
