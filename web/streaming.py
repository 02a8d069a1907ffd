"""Events of one answer, read in a thread of their own and handed on in batches.

A reader of the batches gets control back ten times a second whatever the language model is doing, so it can notice that
the person has left or pressed stop; and it never draws more often than an eye can follow.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator

from schema import Event, FootnoteError, QuotesFound

TICK_S = 0.1
GRACE_S = 0.5

_log = logging.getLogger(__name__)


def batches(
    ask: Callable[[threading.Event], Iterator[Event]], stop: threading.Event, *, grace_s: float = GRACE_S
) -> Iterator[list[Event]]:
    """Run ``ask(stop)`` in a thread and yield its events in lists, an empty one when nothing came for a tick.

    Args:
        ask: starts the answer; it must end soon after its event is set.
        stop: ends the answer from outside; it is set here too when the batches are closed before their end.
        grace_s: seconds after ``stop`` in which the answer may still end by itself; then the batches end without it.

    Raises:
        FootnoteError: what the answer raised; any other error is logged and becomes a FootnoteError without its text.
    """
    box: queue.SimpleQueue[Event | FootnoteError | None] = queue.SimpleQueue()
    threading.Thread(target=_fill, args=(ask, stop, box), name="answer", daemon=True).start()
    stopped_at: float | None = None
    try:
        while True:
            batch, end = _drain(box)
            yield batch
            if isinstance(end, FootnoteError):
                raise end
            if end:
                return
            if stop.is_set():
                stopped_at = stopped_at or time.monotonic()
                if time.monotonic() - stopped_at > grace_s:
                    return
    finally:
        stop.set()


def _fill(
    ask: Callable[[threading.Event], Iterator[Event]],
    stop: threading.Event,
    box: queue.SimpleQueue[Event | FootnoteError | None],
) -> None:
    """Put every event, then an error if there was one, then ``None``."""
    try:
        for event in ask(stop):
            box.put(event)
    except FootnoteError as error:
        box.put(error)
    except Exception:
        _log.exception("An answer failed")
        box.put(FootnoteError("Something went wrong inside Footnote; the log of the server says what. Try again."))
    box.put(None)


def _drain(box: queue.SimpleQueue[Event | FootnoteError | None]) -> tuple[list[Event], bool | FootnoteError]:
    """The events of one tick (quotes don't wait for the tick to end), and whether, or with what error, they ended."""
    batch: list[Event] = []
    deadline = time.monotonic() + TICK_S
    while True:
        try:
            item = box.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return batch, False
        if item is None:
            return batch, True
        if isinstance(item, FootnoteError):
            return batch, item
        batch.append(item)
        if isinstance(item, QuotesFound):
            return batch, False
