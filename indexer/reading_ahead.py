"""Work on coming items while earlier ones are dealt with: results come in order, and memory is bounded.

What this module does not do: know what the work is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
AHEAD_ITEMS = 4
"""Items that are worked on or wait with their results."""
AHEAD_BYTES = 64 << 20
"""What they may weigh together; one item may weigh more."""
AHEAD_IDLE = 1024
"""Items without work that may wait behind one with work."""


class ReadingAhead(Generic[Item, Result]):
    """Calls ``work`` in threads of its own for items to come. Leaving it drops what has not begun, and waits for none.

    Args:
        work: of one item; it is called from several threads.
        weigh: bytes that an item takes while it is worked on, or ``None`` when there is nothing to do for it.
    """

    def __init__(self, work: Callable[[Item], Result], weigh: Callable[[Item], int | None]) -> None:
        self._work, self._weigh = work, weigh
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="read-ahead")
        self._waiting: deque[tuple[Item, int, Future[Result] | None]] = deque()
        self._busy = self._weight = 0

    def __enter__(self) -> ReadingAhead[Item, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not waited for: a parser that hangs is ended by whoever started it.
        self._threads.shutdown(wait=False, cancel_futures=True)

    def __call__(self, items: Iterable[Item]) -> Iterator[tuple[Item, Future[Result] | None]]:
        """Each item in order with the result of its work, to be waited for; ``None`` where there was nothing to do."""
        for item in items:
            weight = self._weigh(item)
            while self._waiting and not self._has_room(weight):
                yield self._take()
            self._begin(item, weight)
        while self._waiting:
            yield self._take()

    def _has_room(self, weight: int | None) -> bool:
        if weight is None:
            return self._busy > 0 and len(self._waiting) < AHEAD_IDLE
        return self._busy < AHEAD_ITEMS and self._weight + weight <= AHEAD_BYTES and len(self._waiting) < AHEAD_IDLE

    def _begin(self, item: Item, weight: int | None) -> None:
        if weight is None:
            self._waiting.append((item, 0, None))
            return
        self._busy += 1
        self._weight += weight
        self._waiting.append((item, weight, self._threads.submit(self._work, item)))

    def _take(self) -> tuple[Item, Future[Result] | None]:
        item, weight, future = self._waiting.popleft()
        if future is not None:
            self._busy -= 1
            self._weight -= weight
        return item, future
