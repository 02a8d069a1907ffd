"""How the server begins and ends: it turns questions away until it is prepared, and when it is to end.

Answers that are in progress at the end may finish for a while, and are then cut short. What this module does not do:
signals, sockets, or the server itself (`web.server`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from web.desk import Desk

GRACE_S = 2.0
"""Seconds that answers have, once they are cut short, to say so."""


class Preparation:
    """What has to be loaded before questions are taken, in a thread of its own.

    Args:
        desk: opened when it is done.
        prepare: does it.
        done: called then.
    """

    def __init__(self, desk: Desk, prepare: Callable[[], None], done: Callable[[], None]) -> None:
        self.error: BaseException | None = None
        self._desk = desk
        self._prepare = prepare
        self._done = done
        self._thread = threading.Thread(target=self._run, name="preparation", daemon=True)
        desk.state = "loading"

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Wait until the thread has ended, since what it loads can't be closed under it.

        Raises:
            FootnoteError: what kept it from being done; any other error as it is.
        """
        if self._thread.ident is not None:
            self._thread.join()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            self._prepare()
        except BaseException as error:
            self.error = error
        else:
            if self._desk.open():
                self._done()


class Ending:
    """The end of one desk, once it has begun.

    Args:
        desk: takes no more questions from then on.
        patience_s: seconds that answers in progress may take.
        clock: seconds.
    """

    def __init__(self, desk: Desk, patience_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._desk = desk
        self._patience_s = patience_s
        self._clock = clock
        self._cut_from: float | None = None
        self._is_cut = False

    @property
    def has_begun(self) -> bool:
        """Whether the server is to end."""
        return self._cut_from is not None

    def begin(self, *, at_once: bool = False) -> None:
        """From here on nothing new is taken; with ``at_once`` nobody's answer is waited for."""
        self._desk.close()
        self._cut_from = self._clock() + (0.0 if at_once else self._patience_s)

    def is_over(self) -> bool:
        """Whether nothing is in progress any more; to be asked now and then, since it cuts answers short in time."""
        if self._cut_from is None:
            return False
        now = self._clock()
        if now >= self._cut_from and not self._is_cut:
            self._is_cut = True
            self._desk.cut_short()
        return self._desk.running == 0 or now >= self._cut_from + GRACE_S
