"""Whether Milvus is there to search: after a search that failed nobody waits for it, until a look of ours is answered.

The look is made in a thread, again and again while it fails. While all is well nobody looks but at the request of
`require`, and then rarely. What this module does not do: know what is asked.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from indexer.milvus_client import StoreUnavailable
from schema import FootnoteError

LOOK_EVERY_S = 1.0
FRESH_S = 15.0
"""Seconds for which what is known counts as news."""

_log = logging.getLogger(__name__)


class Presence:
    """What is known of one Milvus; may be used from several threads.

    Args:
        look: asks it something small; raises `StoreUnavailable` when it does not answer.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._mutex = threading.Lock()
        self._away: StoreUnavailable | None = None
        self._heard_at = time.monotonic()
        self._looker: threading.Thread | None = None
        self._closed = threading.Event()

    def require(self) -> None:
        """Nothing, or why it can't be asked, as far as that is known at once; old news is looked after.

        Raises:
            StoreUnavailable: it is away.
        """
        away = self._away
        if away or time.monotonic() - self._heard_at > FRESH_S:
            self._look_soon()
        if away:
            raise StoreUnavailable(f"{away} It is not asked again until it answers.") from away

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Around a search: it is not made while Milvus is away, and what becomes of it is known to the next one.

        Raises:
            StoreUnavailable: it is away, or was lost by this search.
        """
        if self._away:
            self.require()
        try:
            yield
        except StoreUnavailable as error:
            self.lost(error)
            raise
        self._heard_at = time.monotonic()

    def lost(self, error: StoreUnavailable, *, is_told: bool = False) -> None:
        """It did not answer; the log says so when it is news, unless whoever runs it is told already."""
        if self._away is None and not is_told:
            _log.warning("%s Questions are not answered until it is back.", error)
        self._away, self._heard_at = error, time.monotonic()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _look_soon(self) -> None:
        with self._mutex:
            if self._closed.is_set() or (self._looker is not None and self._looker.is_alive()):
                return
            self._looker = threading.Thread(target=self._keep_looking, name="look-for-milvus", daemon=True)
            self._looker.start()

    def _keep_looking(self) -> None:
        while not self._is_there() and not self._closed.wait(LOOK_EVERY_S):
            pass

    def _is_there(self) -> bool:
        try:
            self._look()
        except StoreUnavailable as error:
            if not self._closed.is_set():
                self.lost(error)
            return False
        except FootnoteError:  # it refuses, so it is there; who asks it is told why
            pass
        if self._away is not None:
            _log.warning("Milvus is back.")
        self._away, self._heard_at = None, time.monotonic()
        return True
