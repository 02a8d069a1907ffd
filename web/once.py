"""Requests with an ``Idempotency-Key``: one that is sent again is not done again, whichever process it reaches.

See https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header. What this module does not do: read the
header, or know what a request is about.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from access.shared import Away, Shared
from schema import FootnoteError
from web.problem_kinds import KEY_REUSED
from web.problems import Problem

REUSED = "This Idempotency-Key was sent with another body; take a new key for each piece of feedback."
UNDERWAY = "A request with this Idempotency-Key is being recorded just now. Send it again in a moment."
DOING_S, DONE_S = 10, 86_400
"""How long another process may take, if it isn't killed meanwhile; and how long a key is remembered together."""


class Once:
    """Remembers the newest keys of requests that were done.

    In memory, and where several processes answer also in what they share: after a restart, or ``most`` others, a key is
    forgotten, as the draft allows. While what is shared is away, each process knows its own.
    """

    def __init__(self, most: int = 10_000, *, shared: Shared | None = None) -> None:
        self._most = most
        self._shared = shared
        self._done: OrderedDict[tuple[str, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def do(self, who: tuple[str, ...], key: str | None, body: str, action: Callable[[], None]) -> None:
        """Do it, unless they have had it done under this key; what fails may be tried again.

        Raises:
            Problem: when the key belongs to another request.
            FootnoteError: when another process is at it; and what the action raises.
        """
        if key is None:
            action()
            return
        name, digest = (*who, key), hashlib.sha256(body.encode("utf-8")).hexdigest()
        with self._lock:
            known = self._known(name, digest)
            if not known:
                self._do(name, digest, action)
            elif known.rpartition(" ")[2] != digest:
                raise Problem(KEY_REUSED, REUSED)
            elif known.startswith("doing"):
                raise FootnoteError(UNDERWAY)

    def _known(self, name: tuple[str, ...], digest: str) -> str | None:
        """What became of a request of this name, and of which; nothing when it is now ours to do."""
        if name in self._done:
            return f"done {self._done[name]}"
        if self._shared:
            with suppress(Away):
                return self._shared.put_once(("once", *name), f"doing {digest}", seconds=DOING_S, most=self._most)
        return None

    def _do(self, name: tuple[str, ...], digest: str, action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException:
            if self._shared:
                with suppress(Away):
                    self._shared.drop(("once", *name))
            raise
        self._done[name] = digest
        if len(self._done) > self._most:
            self._done.popitem(last=False)
        if self._shared:
            with suppress(Away):
                self._shared.put(("once", *name), f"done {digest}", seconds=DONE_S)
