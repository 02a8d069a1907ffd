"""How long records are kept: whole days, in UTC. What this module does not do: know what is recorded, or where."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from schema import FootnoteError

_log = logging.getLogger(__name__)


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def first_day_kept(days: int, now: date) -> date | None:
    """The oldest day whose records stay: today's and those of so many days before it; ``None`` for 0, which is always.

    >>> first_day_kept(30, date(2026, 5, 31))
    datetime.date(2026, 5, 1)
    """
    return now - timedelta(days=days) if days else None


class Daily:
    """Removes what is too old, at the first call of each day.

    Args:
        days: how many days records are kept beside today's; 0 keeps them.
        removers: each removes the records of days before the one that it is given.
        day: what day it is.
    """

    def __init__(
        self, days: int, removers: Sequence[Callable[[date], object]], *, day: Callable[[], date] = today
    ) -> None:
        self._days = days
        self._removers = removers
        self._day = day
        self._done: date | None = None
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Remove what is too old, unless that was done today; what can't be removed is told in the log."""
        with self._lock:
            now = self._day()
            first = first_day_kept(self._days, now)
            if first is None or self._done == now:
                return
            self._done = now
            for remove in self._removers:
                try:
                    remove(first)
                except FootnoteError as error:
                    _log.error("%s", error)
