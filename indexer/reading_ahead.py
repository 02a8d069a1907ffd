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


class Window(Generic[Item, Result]):
    """Begins work on items to come as far as there is room for it.

    Args:
        begin: begins with one item.
        weigh: bytes that an item takes while it is worked on, or ``None`` when there is nothing to do for it.
        most_items: that are worked on or wait with their results.
        most_bytes: that they may weigh together; one item may weigh more.
    """

    def __init__(
        self,
        begin: Callable[[Item], Future[Result]],
        weigh: Callable[[Item], int | None],
        most_items: int = AHEAD_ITEMS,
        most_bytes: int = AHEAD_BYTES,
    ) -> None:
        self._work_on, self._weigh = begin, weigh
        self._most_items, self._most_bytes = most_items, most_bytes
        self._waiting: deque[tuple[Item, int, Future[Result] | None]] = deque()
        self._busy = self._weight = 0

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
        has_place = len(self._waiting) < max(AHEAD_IDLE, 2 * self._most_items)
        if weight is None:
            return self._busy > 0 and has_place
        return self._busy < self._most_items and self._weight + weight <= self._most_bytes and has_place

    def _begin(self, item: Item, weight: int | None) -> None:
        if weight is None:
            self._waiting.append((item, 0, None))
            return
        self._busy += 1
        self._weight += weight
        self._waiting.append((item, weight, self._work_on(item)))

    def _take(self) -> tuple[Item, Future[Result] | None]:
        item, weight, future = self._waiting.popleft()
        if future is not None:
            self._busy -= 1
            self._weight -= weight
        return item, future


class ReadingAhead(Window[Item, Result]):
    """Calls ``work`` in threads of its own for items to come. Leaving it drops what has not begun, and waits for none.

    Args:
        work: of one item; it is called from several threads.
        weigh: bytes that an item takes while it is worked on, or ``None`` when there is nothing to do for it.
    """

    def __init__(self, work: Callable[[Item], Result], weigh: Callable[[Item], int | None]) -> None:
        super().__init__(lambda item: self._threads.submit(work, item), weigh)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="read-ahead")

    def __enter__(self) -> ReadingAhead[Item, Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Not waited for: a parser that hangs is ended by whoever started it.
        self._threads.shutdown(wait=False, cancel_futures=True)
