"""What the language model engines share: a producer in its own thread, read as a stream that can be left at once."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Item = TypeVar("Item")
Emit = Callable[[Item], bool]

POLL_S = 0.05
JOIN_S = 2.0
_END = object()


def wait_for_turn(turn: threading.Lock, stop_event: threading.Event) -> bool:
    """Wait for a lock for as long as nobody sets the event; say whether it was obtained."""
    while not stop_event.is_set():
        if turn.acquire(timeout=POLL_S):
            return True
    return False


def pump(
    produce: Callable[[Emit[Item]], None],
    stop_event: threading.Event,
    *,
    abort: Callable[[], None] | None = None,
    patience: Callable[[], float] = lambda: math.inf,
) -> Iterator[Item]:
    """Run a producer in a thread and yield what it emits, as it comes.

    Args:
        produce: is called once with ``emit``; ``emit(item)`` returns True from the moment when nobody listens any more,
            and the producer must return soon after.
        stop_event: setting it ends the stream within 0.05 s, even while the producer is silent.
        abort: called in the reader's thread when the stream is left early, to interrupt a producer that waits.
        patience: seconds that the next item may take, as of now.

    Raises:
        TimeoutError: when an item takes longer.
        Exception: whatever the producer raised, unless the stream was left before.
    """
    items: queue.Queue[Any] = queue.Queue()
    left = threading.Event()

    def emit(item: Item) -> bool:
        items.put(item)
        return left.is_set() or stop_event.is_set()

    def run() -> None:
        try:
            produce(emit)
            items.put(_END)
        except Exception as error:  # handed to the reader, who raises it
            items.put(_Failure(error))

    worker = threading.Thread(target=run, name="footnote-engine", daemon=True)
    worker.start()
    try:
        yield from _until_end(items, stop_event, patience)
    finally:
        left.set()
        if worker.is_alive() and abort is not None:
            abort()
        worker.join(JOIN_S)


class _Failure:
    """An exception on its way from the producer's thread to the reader's."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _until_end(items: queue.Queue[Any], stop_event: threading.Event, patience: Callable[[], float]) -> Iterator[Any]:
    since = time.monotonic()
    while not stop_event.is_set():
        try:
            item = items.get(timeout=POLL_S)
        except queue.Empty:
            if time.monotonic() - since > patience():
                raise TimeoutError from None
            continue
        if item is _END:
            return
        if isinstance(item, _Failure):
            raise item.error
        yield item
        since = time.monotonic()


def split_at_stop(text: str, stops: tuple[str, ...]) -> tuple[str, str, bool]:
    """Cut a growing text where a stop string begins, or hold back an end that could become one.

    Returns:
        The text that is safe to show, the text to hold back, and whether a stop string was found.

    Example:
        >>> split_at_stop("one two END three", ("END",))
        ('one two ', '', True)
        >>> split_at_stop("one two E", ("END",))
        ('one two ', 'E', False)
    """
    found = [position for position in (text.find(stop) for stop in stops) if position >= 0]
    if found:
        return text[: min(found)], "", True
    lengths = (size for stop in stops for size in range(1, len(stop)) if text.endswith(stop[:size]))
    keep = len(text) - max(lengths, default=0)
    return text[:keep], text[keep:], False
