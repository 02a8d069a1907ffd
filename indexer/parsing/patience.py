"""How long a worker is waited for: so long for a step, anew with each sign of progress, and so long in all.

A parser that was taken over can send signs for ever, so they move no end but that of a step, and too many are a fault.
What this module does not do: wait.
"""

from __future__ import annotations

import time
from typing import Any

from indexer.parsing.errors import ParserExcessError
from indexer.parsing.framing import MalformedError

_AT_ONCE, _PER_SECOND = 20, 10  # signs; `loading.time_left` sends four in a second at most
_LONGEST_SIGN = 200  # bytes
_MOST_STEPS = 10_000_000


class Patience:
    """The time for one request; ``deadline`` is on the clock of `time.monotonic`.

    Args:
        step: seconds from one sign of progress to the next.
        whole: seconds in all; the step's if that is more.
    """

    def __init__(self, step: float, whole: float = 0.0) -> None:
        self._step, self._whole = step, max(step, whole)
        self._began, self._signs, self._after = time.monotonic(), 0, ""
        self.deadline = self._began + step

    def renew(self, done: int, total: int) -> None:
        """Take a sign of progress.

        Raises:
            ParserExcessError: when there are too many.
        """
        now = time.monotonic()
        self._signs += 1
        if self._signs > _AT_ONCE + _PER_SECOND * (now - self._began):
            raise ParserExcessError("its reader told of progress without end")
        self._after = f" after {described(done, total)}"
        self.deadline = min(now + self._step, self._began + self._whole)

    @property
    def reason(self) -> str:
        """What to say once the deadline is over."""
        if self._signs and self.deadline >= self._began + self._whole:
            return f"reading it took longer than {self._whole / 60:.3g} minutes (setting file_minutes)"
        return f"reading it took longer than {self._step:g} s{self._after} (setting file_seconds)"


def described(done: int, total: int) -> str:
    """A sign of progress for people.

    >>> described(12, 240), described(3, 0)
    ('page 12 of 240', 'part 3')
    """
    return f"page {done:,} of {total:,}" if total else f"part {done:,}"


def checked_progress(reply: dict[str, Any], size: int) -> tuple[int, int] | None:
    """The step and their number that a message of ``size`` bytes tells of; ``None`` when it is a result.

    Raises:
        MalformedError: when it is neither.
    """
    if "progress" not in reply:
        return None
    told = reply["progress"]
    if reply.keys() != {"progress"} or size > _LONGEST_SIGN or type(told) is not list or len(told) != 2:
        raise MalformedError("It is no sign of progress.")
    done, total = told
    if type(done) is not int or type(total) is not int or not 0 <= done <= (total or _MOST_STEPS) <= _MOST_STEPS:
        raise MalformedError("It is no sign of progress.")
    return done, total
