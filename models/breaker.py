"""A circuit breaker: after failures in a row nobody asks for a while, then one request tries, and the rest follow.

Closed, everything is let through. Open, nothing is, so that nobody waits for a server that is gone. Half-open, one
request at a time is let through as a trial. Pure: no threads, no network, and the clock is the caller's. What this
module does not do: know what a failure is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Counts failures in a row; may be used from several threads.

    Args:
        failures: in a row, that open it.
        rest_s: seconds for which it stays open; a trial that fails doubles them.
        longest_rest_s: that doubling stops at.
        clock: seconds, never going back.
    """

    def __init__(
        self,
        *,
        failures: int = 2,
        rest_s: float = 10.0,
        longest_rest_s: float = 120.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._rest_s, self._longest_rest_s, self._clock = failures, rest_s, longest_rest_s, clock
        self._lock = threading.RLock()
        self._failures, self._current_rest_s = 0, rest_s
        self._opens_at: float | None = None
        self._held_until = clock()
        self._trial: Permit | None = None

    @property
    def state(self) -> State:
        """As of now."""
        with self._lock:
            if self._opens_at is None:
                return "closed"
            return "open" if self._clock() < self._opens_at and self._trial is None else "half-open"

    def admit(self) -> Permit | None:
        """A permit for one request, or ``None`` when it is not to be made now."""
        with self._lock:
            state = self.state
            if state == "open" or (state == "half-open" and self._trial is not None):
                return None
            permit = Permit(self, is_trial=state == "half-open")
            if permit.is_trial:
                self._trial = permit
            return permit

    # What somebody learnt without a request of a user's, such as by looking whether the server is there

    def answered(self) -> None:
        """The server is there: a trial may be made at once, unless the last one failed a moment ago.

        That it is there doesn't say that it answers, so failures are not forgotten.
        """
        with self._lock:
            if self._opens_at is not None:
                self._opens_at = min(self._opens_at, max(self._clock(), self._held_until))

    def silent(self) -> None:
        """The server is not there: one more failure, or a longer rest."""
        with self._lock:
            self._count(0.0)

    # What a permit tells

    def _begun(self, permit: Permit) -> None:
        with self._lock:
            if self._trial is permit:  # it works, so that others need not wait; a failure still opens it again
                self._close(failures=self._most - 1)

    def _succeeded(self) -> None:
        with self._lock:
            self._close(failures=0)
            self._current_rest_s = self._rest_s

    def _failed(self, permit: Permit, rest_s: float) -> None:
        with self._lock:
            if self._trial is permit:
                self._current_rest_s = min(self._current_rest_s * 2, self._longest_rest_s)
                self._held_until = self._clock() + max(self._current_rest_s, rest_s)
            self._count(rest_s)

    def _left(self, permit: Permit) -> None:
        with self._lock:
            if self._trial is permit:
                self._trial = None

    def _close(self, *, failures: int) -> None:
        self._opens_at, self._trial, self._failures = None, None, failures

    def _count(self, rest_s: float) -> None:
        self._failures += 1
        if self._opens_at is not None or self._failures >= self._most:
            rest_s = max(self._current_rest_s, min(rest_s, self._longest_rest_s))
            self._opens_at = self._clock() + rest_s


class Permit:
    """Leave to make one request; what became of it is told once, and what is told after that is ignored."""

    def __init__(self, breaker: Breaker, *, is_trial: bool) -> None:
        self.is_trial = is_trial
        self._breaker = breaker
        self._is_told = False

    def begun(self) -> None:
        """The server has begun to answer."""
        self._breaker._begun(self)

    def succeeded(self) -> None:
        """It has answered to the end."""
        if not self._is_told:
            self._is_told = True
            self._breaker._succeeded()

    def failed(self, rest_s: float = 0.0) -> None:
        """It has not answered, or not to the end; it may have said how many seconds to leave it alone."""
        if not self._is_told:
            self._is_told = True
            self._breaker._failed(self, rest_s)
            self._breaker._left(self)

    def left(self) -> None:
        """Nobody waits for the rest; of the server this says nothing."""
        if not self._is_told:
            self._is_told = True
            self._breaker._left(self)
