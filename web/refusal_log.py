"""Says in the server's log why a token was refused, which whoever sent it is never told.

What this module does not do: refuse anything (`access.tokens`), or tell a visitor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from access.refusals import Refused

PAUSE_S = 1.0
"""Between two lines that say the same: somebody who knocks a thousand times must not fill the log."""
MOST_REASONS = 1000
"""Remembered at once."""

_log = logging.getLogger(__name__)


class RefusalLog:
    """A warning for each refusal; the same one at most once in `PAUSE_S` seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._lock = threading.Lock()

    def note(self, what: str, refused: Refused) -> None:
        """Log that ``what`` was refused, with the reason and no word of the token."""
        sentence = f"{what} was refused: {refused.reason}."
        if self._is_due(sentence):
            _log.warning("%s", "".join(_escaped(character) for character in sentence))

    def _is_due(self, sentence: str) -> bool:
        now = self._clock()
        with self._lock:
            last = self._told.get(sentence)
            if last is not None and now - last < PAUSE_S:
                return False
            if len(self._told) >= MOST_REASONS:
                self._told.clear()
            self._told[sentence] = now
            return True


def _escaped(character: str) -> str:
    """A character as a line of a log can hold it."""
    return character if character.isprintable() else f"\\u{ord(character):04x}"
