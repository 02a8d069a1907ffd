"""The time that reading the present file may still take, for loaders that can leave out what is slow.

Nothing is stopped here: the process that parses is, from outside, when the time is over, and then all of the file is
lost. A loader that asks in time keeps what it has and says what it left out.
"""

from __future__ import annotations

import math
import time

_KEPT = 0.25  # of the time: for what comes after the slow part
_limit = _end = math.inf


def begin(seconds: float) -> None:
    """Start the clock of a file; for whoever calls the loaders."""
    global _limit, _end  # one file at a time is what such a process is for
    _limit, _end = seconds, time.monotonic() + seconds


def is_short() -> bool:
    """Whether three quarters of the file's time are over; never where nobody started the clock."""
    return _end - time.monotonic() < _KEPT * _limit if _limit < math.inf else False
