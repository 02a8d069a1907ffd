"""How many questions a person and an embed may ask in a time: moving windows, by the `limits` library.

Counted by who asks and never by an address, which a header can forge; in the memory of this process, and where several
answer for one server also in what they share. Either may refuse, so that a shared count that is away or lost leaves
each process its own. What this module does not do: know an embed's file, or hold anybody up (`access.waiting`).
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from access.refusals import Busy
from access.shared import PREFIX, Away, Shared
from access.visitor import Visitor
from access.waiting import person_of

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import RedisStorage
    from limits.strategies import RateLimiter


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the visitors of one embed may ask together."""

    per_minute: int
    per_day: int


@dataclass(frozen=True, slots=True)
class _Limit:
    """So many in so long, counted for whoever ``key`` names, and what is said when it is used up."""

    item: RateLimitItem
    key: tuple[str, ...]
    refusal: str


class Quotas:
    """The counts of a server.

    Args:
        per_minute: questions of one person in a minute; 0 for no limit.
        allowance_of: what the visitors of an embed may ask together; ``None`` for no limit.
        shared: where several processes count together; ``None`` for one process.
    """

    def __init__(
        self,
        per_minute: int,
        allowance_of: Callable[[str], Allowance | None] = lambda _: None,
        shared: Shared | None = None,
    ) -> None:
        from limits.storage import MemoryStorage  # noqa: PLC0415  (start-up time, as below)
        from limits.strategies import MovingWindowRateLimiter  # noqa: PLC0415

        self._per_minute = per_minute
        self._allowance_of = allowance_of
        self._shared = shared
        self._own = MovingWindowRateLimiter(MemoryStorage())
        self._together = MovingWindowRateLimiter(_storage(shared)) if shared else None
        self._lock = threading.Lock()

    def take(self, visitor: Visitor) -> None:
        """Count one question, of the person and of the embed; one that is refused is not counted.

        Raises:
            Busy: saying whose limit is used up, and when to come back.
        """
        limits = list(self._limits(visitor))
        with self._lock:
            _count(self._own, limits, is_test=True)
            self._count_together(limits)
            _count(self._own, limits)

    def _count_together(self, limits: Sequence[_Limit]) -> None:
        """Count in what is shared, all or nothing but for others who take the last question in the same moment."""
        if self._shared and (windows := self._together):
            try:
                refused = self._shared.call(
                    lambda _: _refused(windows, limits, is_test=True) or _refused(windows, limits)
                )
            except Away:
                return  # it is in the log and in /metrics
            if refused:
                raise refused

    def _limits(self, visitor: Visitor) -> Iterator[_Limit]:
        from limits import RateLimitItemPerDay, RateLimitItemPerMinute  # noqa: PLC0415

        person = person_of(visitor)
        # Who has no name has no limit of their own: on another's page that page's, at one's own machine none.
        if self._per_minute and visitor.user:
            refusal = (
                f"You have asked {_times(self._per_minute)} in a minute, which is the most. Ask again in a moment."
            )
            yield _Limit(RateLimitItemPerMinute(self._per_minute), ("person", *map(_plain, person)), refusal)
        allowance = self._allowance_of(visitor.embed) if visitor.embed else None
        if allowance:
            key, here = ("embed", _plain(visitor.embed)), "This page's visitors have asked"
            minute, day = RateLimitItemPerMinute(allowance.per_minute), RateLimitItemPerDay(allowance.per_day)
            yield _Limit(minute, key, f"{here} {_times(allowance.per_minute)} in a minute, which is the most.")
            yield _Limit(day, key, f"{here} {_times(allowance.per_day)} in a day, which is the most.")


def _storage(shared: Shared) -> RedisStorage:
    from limits.storage import RedisStorage  # noqa: PLC0415

    return RedisStorage("redis://", connection_pool=shared.pool, key_prefix=f"{PREFIX}:asked")


def _count(windows: RateLimiter, limits: Sequence[_Limit], *, is_test: bool = False) -> None:
    """Count one question under each limit, or look whether it may be.

    Raises:
        Busy: for the first limit that is used up.
    """
    if refused := _refused(windows, limits, is_test=is_test):
        raise refused


def _refused(windows: RateLimiter, limits: Sequence[_Limit], *, is_test: bool = False) -> Busy | None:
    """The refusal of the first limit that is used up; the question is counted under those before it."""
    # All are tested before any is counted; at the very end of a window only the count itself is exact.
    count = windows.test if is_test else windows.hit
    for limit in limits:
        if not count(limit.item, *limit.key):
            reset_at, _ = windows.get_window_stats(limit.item, *limit.key)
            return Busy(limit.refusal, retry_after=max(1.0, reset_at - time.time()), is_own=True)
    return None


def _plain(text: str) -> str:
    """A part of a key that can't be taken for two, and tells nobody who it is: the library joins them with slashes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _times(number: int) -> str:
    return f"{number:,} questions" if number != 1 else "one question"
