"""The time that reading the present file may still take, for loaders that can leave out what is slow.

A file has so much for a step, a page or what a container holds, and so much in all. A loader that works in steps says
so after each (`progress`), and the next has the time of a step again; for one that doesn't the file is one step.
Nothing is stopped here: the process that parses is, from outside, when the time is over, and then all of the file is
lost. A loader that asks in time (`is_short`) keeps what it has and says what it left out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_KEPT = 0.25  # of the time: for what comes after the slow part
_TOLD_SECONDS = 0.25  # steps that end sooner after one another are told as one

Tell = Callable[[int, int], None]


@dataclass(slots=True)
class _Clock:
    """Of one file; ends are on the clock of `time.monotonic`."""

    step: float = math.inf
    whole: float = math.inf
    step_end: float = math.inf
    end: float = math.inf
    told: float = 0.0
    tell: Tell | None = None


_clock = _Clock()


def begin(step: float, whole: float | None = None, tell: Tell | None = None) -> None:
    """Start the clock of a file; for whoever calls the loaders.

    Args:
        step: seconds from one sign of progress to the next.
        whole: seconds for the file in all; as many without it.
        tell: called with the number of a step and of all, before the time of the next step begins.
    """
    global _clock  # noqa: PLW0603  one file at a time is what such a process is for
    now = time.monotonic()
    whole = step if whole is None else whole
    _clock = _Clock(step, whole, now + step, now + whole, now, tell)


def progress(done: int, total: int = 0) -> None:
    """Say that a step is done, the ``done``-th, from 1, of ``total`` or of who knows how many (0).

    Does nothing where nobody started the clock.
    """
    now = time.monotonic()
    if _clock.tell is None or now - _clock.told < min(_TOLD_SECONDS, _KEPT * _clock.step):
        return
    _clock.tell(done, total)
    _clock.told, _clock.step_end = now, now + _clock.step


def is_short() -> bool:
    """Whether a quarter of the step's time is left, or of all only what the last step and the end need.

    Never where nobody started the clock.
    """
    now = time.monotonic()
    return _clock.step_end - now < _KEPT * _clock.step or _clock.end - now < min(_KEPT * _clock.whole, _clock.step)
