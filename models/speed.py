"""How fast a language model reads and writes on this machine, learnt from its own answers.

Chooses nothing: `generator.budget` makes a budget for evidence from it.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

MEMORY = 0.7
"""What an answer still weighs when the next one was measured: two answers weigh half, seven a tenth."""

FEWEST_READ, FEWEST_WRITTEN = 16, 4
"""Tokens below which an answer says more about its fixed costs than about a speed."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens per second: of a prompt that is not known yet, and of an answer. Both are above 0."""

    reading: float
    writing: float


class SpeedMeter:
    """Learns the speed of one engine from what each answer took; several threads may use it at once.

    Tokens and seconds are summed with a fading memory, so that long answers count more than short ones, and a machine
    that becomes busy is noticed within a few answers.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read = self._written = (0.0, 0.0)

    def add_reading(self, tokens: int, seconds: float) -> None:
        """Take note of a prompt, or the part of it that was new; too few tokens are ignored."""
        if tokens >= FEWEST_READ and seconds > 0:
            with self._lock:
                self._read = _fade(self._read, tokens, seconds)

    def add_writing(self, tokens: int, seconds: float) -> None:
        """Take note of an answer's tokens after its first; too few are ignored."""
        if tokens >= FEWEST_WRITTEN and seconds > 0:
            with self._lock:
                self._written = _fade(self._written, tokens, seconds)

    def forget(self) -> None:
        """Start again, for when what was measured so far was not typical."""
        with self._lock:
            self._read = self._written = (0.0, 0.0)

    @property
    def speed(self) -> Speed | None:
        """What was measured; ``None`` until both reading and writing were."""
        with self._lock:
            (read, reading_s), (written, writing_s) = self._read, self._written
        return Speed(read / reading_s, written / writing_s) if reading_s and writing_s else None


class Stopwatch:
    """Times an answer where an engine does not do so itself; starts when it is made."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._first = self._last = 0.0
        self.told = False
        """Whether somebody was told the speeds; some servers count an answer's tokens twice."""

    def mark(self) -> None:
        """Take note that a piece of the answer came."""
        self._last = time.monotonic()
        self._first = self._first or self._last

    @property
    def marked(self) -> bool:
        """Whether any piece came."""
        return self._first > 0

    def speeds(self, read: int, written: int) -> dict[str, float]:
        """What a stream's last chunk says of an answer of so many tokens, in tokens per second; empty without one.

        The first token comes at the end of the reading, so that ``written - 1`` tokens take the time after it.
        """
        if not self.marked or self._first <= self._started:
            return {}
        speeds = {"read_tokens_per_second": read / (self._first - self._started)}
        if written > 1 and self._last > self._first:
            speeds["write_tokens_per_second"] = (written - 1) / (self._last - self._first)
        return speeds


def _fade(known: tuple[float, float], tokens: int, seconds: float) -> tuple[float, float]:
    return known[0] * MEMORY + tokens, known[1] * MEMORY + seconds
