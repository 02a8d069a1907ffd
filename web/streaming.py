"""Events of one answer, read in a thread of their own and handed on in batches.

A reader of the batches gets control back ten times a second whatever the language model is doing, so it can notice that
the person has left or pressed stop; and it never draws more often than an eye can follow. `batches` is for threads,
`follow` for the server's loop, where a waiting reader costs no thread.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from schema import Answered, Event, FootnoteError, SentenceChecked, Token

TICK_S = 0.1
GRACE_S = 0.5
KEEP_ALIVE_S = 15.0
"""Seconds without an event after which a reader is told that the answer is still coming; proxies give up after 30."""

Ask = Callable[[threading.Event], Iterator[Event]]
Item = Event | FootnoteError | None
"""An event, what the answer raised, or its end."""

_log = logging.getLogger(__name__)


class UnforeseenError(FootnoteError):
    """An error that nobody foresaw, without its text; ``__cause__`` is the error itself, for the log."""


def batches(ask: Ask, stop: threading.Event, *, grace_s: float = GRACE_S) -> Iterator[list[Event]]:
    """Run ``ask(stop)`` in a thread and yield its events in lists, an empty one when nothing came for a tick.

    Args:
        ask: starts the answer; it must end soon after its event is set.
        stop: ends the answer from outside; it is set here too when the batches are closed before their end.
        grace_s: seconds after ``stop`` in which the answer may still end by itself; then the batches end without it.

    Raises:
        FootnoteError: what the answer raised; any other error is logged and becomes a FootnoteError without its text.
    """
    box: queue.SimpleQueue[Item] = queue.SimpleQueue()

    def put(item: Item) -> bool:
        box.put(item)
        return True

    _start(ask, stop, put)
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
    except UnforeseenError as error:
        _log.error("An answer failed", exc_info=error.__cause__)
        raise
    finally:
        stop.set()


async def follow(ask: Ask, receive: Receive, *, quiet_s: float = KEEP_ALIVE_S) -> AsyncGenerator[list[Event], None]:
    """Run ``ask(stop)`` in a thread and yield its events in lists, an empty one when nothing came for ``quiet_s``.

    The answer is stopped when the client leaves, and when the lists are closed before their end.

    Args:
        ask: starts the answer; it must end soon after its event is set.
        receive: tells that the client has left; the request's body has been read from it.
        quiet_s: seconds.

    Raises:
        ClientDisconnect: when the client has left.
        FootnoteError: what the answer raised; `UnforeseenError` for anything else, and for an answer without an end.
    """
    inbox, stop = Inbox(), threading.Event()
    leaving = asyncio.create_task(_until_left(receive, inbox))
    _start(ask, stop, inbox.put)
    is_answered = False
    try:
        while True:
            items = await inbox.gather(quiet_s)
            if inbox.closed:
                raise ClientDisconnect
            events = [item for item in items if not (item is None or isinstance(item, FootnoteError))]
            is_answered = is_answered or any(isinstance(event, Answered) for event in events)
            if events or not items:
                yield events
            if len(events) < len(items):
                _raise_end(items[-1], is_answered)
                return
    finally:
        inbox.close()
        stop.set()
        leaving.cancel()


def _raise_end(end: Item, is_answered: bool) -> None:
    """Raise what ended an answer, unless it is complete."""
    if isinstance(end, FootnoteError):
        raise end
    if not is_answered:
        raise UnforeseenError("The answer ended before it was complete. Ask again.")


async def _until_left(receive: Receive, inbox: Inbox) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    inbox.close()


class Inbox:
    """Items on their way from an answer's thread to the server's loop; pieces of text wait up to a tick for more."""

    def __init__(self) -> None:
        self.closed = False
        """Whether nobody reads any more."""
        self._loop = asyncio.get_running_loop()
        self._items: deque[Item] = deque()
        self._arrived = asyncio.Event()
        self._pressing = asyncio.Event()

    def put(self, item: Item) -> bool:
        """Add an item, from the thread; whether somebody still reads."""
        self._items.append(item)
        pressing = not isinstance(item, Token | SentenceChecked)
        if pressing or not self._arrived.is_set():
            try:
                self._loop.call_soon_threadsafe(self._ring, pressing)
            except RuntimeError:  # the loop has ended, and the server with it
                return False
        return not self.closed

    def close(self) -> None:
        """Let the thread and the reader end; called in the loop."""
        self.closed = True
        self._arrived.set()
        self._pressing.set()

    async def gather(self, wait_s: float) -> list[Item]:
        """What has come, oldest first; nothing when nothing comes for so many seconds, or when this is closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._arrived.wait()
            async with asyncio.timeout(TICK_S):
                await self._pressing.wait()
        if self.closed:
            return []
        self._arrived.clear()  # before the items are taken: what comes from now on rings again
        self._pressing.clear()
        return [self._items.popleft() for _ in range(len(self._items))]

    def _ring(self, pressing: bool) -> None:
        if self._items:  # else what rang was taken together with what came before it
            self._arrived.set()
            if pressing:
                self._pressing.set()


def _start(ask: Ask, stop: threading.Event, put: Callable[[Item], bool]) -> None:
    threading.Thread(target=_fill, args=(ask, stop, put), name="answer", daemon=True).start()


def _fill(ask: Ask, stop: threading.Event, put: Callable[[Item], bool]) -> None:
    """Put every event, then an error if there was one, else ``None``; ends early when nobody reads any more."""
    try:
        for event in ask(stop):
            if not put(event):
                return
    except FootnoteError as error:
        put(error)
    except Exception as error:
        failure = UnforeseenError("Something went wrong inside Footnote; the log of the server says what. Try again.")
        failure.__cause__ = error
        put(failure)
    else:
        put(None)


def _drain(box: queue.SimpleQueue[Item]) -> tuple[list[Event], bool | FootnoteError]:
    """The events of one tick (only pieces of text wait for it), and whether, or with what error, they ended."""
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
        if not isinstance(item, Token | SentenceChecked):
            return batch, False
