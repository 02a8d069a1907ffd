"""What comes out of a worker's pipes: one message at a time, held to a time, a size and the memory that it may take.

Nothing that comes is believed, and nothing is waited for without a limit.
"""

from __future__ import annotations

import os
import select
import time

from indexer.parsing.errors import ParserError, ParserExcessError, ParserOutOfMemoryError, ParserTimedOutError
from indexer.parsing.framing import LENGTH, MalformedError
from indexer.parsing.limits import MEGABYTE, Limits
from indexer.parsing.patience import Patience
from indexer.parsing.watching import usage_below

_LOOK_SECONDS = 0.1
"""How often a worker that is busy is looked at."""
_KEPT_NOISE = 4096


class ClosedError(ParserError):
    """The worker has closed its end of the pipe, as it does when it dies."""


class Listener:
    """Hears one worker.

    Args:
        results: descriptor of the pipe of messages.
        noise: descriptor of the pipe of all that is printed.
        process: id of the worker, or of its guardian.
        limits: for each message.
    """

    def __init__(self, results: int, noise: int, process: int, limits: Limits) -> None:
        self._results, self._process, self._limits = results, process, limits
        self._poll = select.poll()
        for descriptor in (results, noise):
            self._poll.register(descriptor, select.POLLIN)
        self._received = bytearray()
        self._last_words, self._noisy, self._next_look = b"", 0, 0.0

    def begin(self) -> None:
        """Count anew what is printed, for the next request."""
        self._noisy, self._next_look = 0, time.monotonic() + _LOOK_SECONDS

    def last_line(self) -> str:
        """The end of what it has printed so far."""
        for descriptor in [descriptor for descriptor, _ in self._poll.poll(0) if descriptor != self._results]:
            self._hear(descriptor, os.read(descriptor, 1 << 16))
        return self._last_words.decode("utf-8", "replace").strip().rpartition("\n")[2]

    def receive(self, patience: Patience) -> bytearray:
        """The payload of the next message.

        Args:
            patience: how long to wait.

        Raises:
            ParserError: when it takes too long or too much, or ends.
        """
        while (end := self._end_of_message()) > len(self._received):
            now = time.monotonic()
            if now >= patience.deadline:
                raise ParserTimedOutError(patience.reason)
            if now >= self._next_look:
                self._look()
                self._next_look = now + _LOOK_SECONDS
            for descriptor, _ in self._poll.poll(1000 * max(0.001, min(patience.deadline, self._next_look) - now)):
                data = os.read(descriptor, 1 << 16)
                if descriptor != self._results:
                    self._hear(descriptor, data)
                elif data:
                    self._received += data
                else:
                    raise ClosedError("its reader ended without a result")
        payload = self._received[LENGTH.size : end]
        del self._received[:end]
        return payload

    def refuse_more(self) -> None:
        """Expect nothing behind the last message.

        Raises:
            MalformedError: when there is something.
        """
        if self._received:
            raise MalformedError("There is more than one message.")

    def _end_of_message(self) -> int:
        """How many bytes there are when the next message is complete, as far as can be told."""
        if len(self._received) < LENGTH.size:
            return LENGTH.size
        size = int(LENGTH.unpack_from(self._received)[0])
        if size > self._limits.output_mb * MEGABYTE:
            raise ParserExcessError(f"its text and boxes are more than {self._limits.output_mb} MB")
        return LENGTH.size + size

    def _look(self) -> None:
        usage = usage_below(self._process)
        if usage.memory > self._limits.memory:
            raise ParserOutOfMemoryError(self._limits.too_much_memory)
        if usage.processes > self._limits.processes:
            raise ParserExcessError(f"reading it started more than {self._limits.processes} processes")

    def _hear(self, descriptor: int, data: bytes) -> None:
        """Keep the end of what it prints, and no more."""
        if not data:
            self._poll.unregister(descriptor)
        self._last_words = (self._last_words + data)[-_KEPT_NOISE:]
        self._noisy += len(data)
        if self._noisy > self._limits.noise_mb * MEGABYTE:
            raise ParserExcessError("its reader printed without end")
