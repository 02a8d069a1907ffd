"""What is known of one model server: whether it can be asked, what went wrong, and when to look for it again.

`ModelServer.asked` makes a request within the rules: none while the breaker is open, and again, a few times, only
before the first word. When something fails, a thread looks every few seconds until the server is there again; while all
is well nobody looks but at the request of `health`, and then rarely. What this module does not do: speak HTTP.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from models.breaker import Breaker, Permit, State
from schema import ModelAwayError, ModelHealth

LOOK_EVERY_S, LOOK_TIMEOUT_S = 2.0, 3.0
FRESH_S = 15.0
"""Seconds for which what is known of a server counts as news."""
PAUSE_S = 0.4
"""Seconds before the second attempt, at most; each further pause may be twice as long."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    Seconds to be connected (``connect_s``), to the first word (``first_s``), from word to word (``next_s``), and for
    the whole answer (``most_s``). ``retries`` are made at most, before the first word.
    """

    connect_s: float = 5.0
    first_s: float = 60.0
    next_s: float = 20.0
    most_s: float = 300.0
    retries: int = 2


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a request failed.

    ``sentence`` says it to a person. ``is_passing``: the same request may succeed a moment later. ``is_servers``:
    others would fail as well. The server wants to be left alone for ``rest_s``.
    """

    sentence: str
    is_passing: bool
    is_servers: bool
    rest_s: float = 0.0


class Piece(Protocol):
    """A piece of an answer."""

    @property
    def text(self) -> str:
        """Its words; empty where it has none."""
        ...


SomePiece = TypeVar("SomePiece", bound=Piece)


class ModelServer:
    """One server; may be used from several threads.

    Args:
        place: its address, as people may see it.
        look: asks the server something that costs nothing; why it can't be reached, or nothing.
        explain: what an exception of a request means; its second argument says whether the answer had begun.
        retries: at most, for one request.
        breaker: by default one that two failures in a row open.
    """

    def __init__(
        self,
        place: str,
        *,
        look: Callable[[], str],
        explain: Callable[[Exception, bool], Failure],
        retries: int,
        breaker: Breaker | None = None,
    ) -> None:
        self.place = place
        self.breaker = breaker or Breaker()
        self._look, self._explain, self._retries = look, explain, retries
        self._lock = threading.Lock()
        self._failures = self._retried = 0
        self._sentence = ""
        self._heard_at: float | None = None
        self._looker: threading.Thread | None = None
        self._closed = threading.Event()

    def health(self) -> ModelHealth:
        """How it stands, as far as that is known at once; looks again in the background when the news is old."""
        if self._heard_at is None or time.monotonic() - self._heard_at > FRESH_S:
            self._look_soon()
        state = self.breaker.state
        return ModelHealth(self.place, state != "open", state, self._failures, self._retried, self._sentence)

    def away(self) -> str:
        """Why it can't be asked now; empty when it can."""
        return self._refusal() if self.breaker.state == "open" else ""

    def look(self) -> str:
        """Look whether it is there, and take note: why it can't be reached, or nothing."""
        before, problem = self.breaker.state, self._look()
        if problem:
            self._sentence = problem
            self.breaker.silent()
        else:
            self.breaker.answered()
        self._heard(before)
        return problem

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def asked(self, attempt: Callable[[], Iterator[SomePiece]], stop_event: threading.Event) -> Iterator[SomePiece]:
        """The pieces of one answer.

        Args:
            attempt: makes the request; called again when it failed before its first word and may succeed yet.
            stop_event: ends it, pauses included.

        Raises:
            ModelAwayError: at once while the breaker is open; otherwise when the last attempt failed.
        """
        permit = self.breaker.admit()
        if permit is None:
            raise ModelAwayError(self._refusal())
        try:
            yield from self._attempts(attempt, stop_event, permit)
        finally:
            permit.left()

    def _attempts(
        self, attempt: Callable[[], Iterator[SomePiece]], stop_event: threading.Event, permit: Permit
    ) -> Iterator[SomePiece]:
        pauses = iter(() if permit.is_trial else _pauses(self._retries))
        while True:
            before, has_begun = self.breaker.state, False
            try:
                for piece in attempt():
                    if piece.text and not has_begun:
                        has_begun = True
                        permit.begun()
                    yield piece
            except Exception as error:  # whatever a server does or sends, people get a sentence
                failure = self._explain(error, has_begun)
                pause = next(pauses, None) if failure.is_passing and not has_begun else None
                self._take_note(failure, permit if pause is None else None, before)
                if pause is None:
                    raise ModelAwayError(failure.sentence) from error
                if stop_event.wait(pause):
                    return
                continue
            if not stop_event.is_set():
                permit.succeeded()
                self._heard(before)
            return

    def _take_note(self, failure: Failure, permit: Permit | None, before: State) -> None:
        """Count a failure; with a permit it was the last attempt, and the breaker is told."""
        with self._lock:
            self._failures += 1
            self._retried += permit is None
        if permit is None:
            return
        if not failure.is_servers:
            permit.succeeded()
            return
        self._sentence = failure.sentence
        permit.failed(failure.rest_s)
        self._heard(before)
        self._look_soon()

    def _refusal(self) -> str:
        return f"{self._sentence} It is not asked again until it answers." if self._sentence else self._silence()

    def _silence(self) -> str:
        return f"The model server at {self.place} does not answer. It is not asked again until it does."

    def _heard(self, before: State) -> None:
        """There is news; a line in the log when it changes anything."""
        self._heard_at = time.monotonic()
        state = self.breaker.state
        if state == "open" != before:
            _log.warning("%s Answers are the documents' own words until it is back.", self._sentence)
        elif before != "closed" == state:
            _log.warning("The model server at %s is back.", self.place)

    def _look_soon(self) -> None:
        """Look in the background, again and again while there is trouble."""
        with self._lock:
            if self._closed.is_set() or (self._looker is not None and self._looker.is_alive()):
                return
            self._looker = threading.Thread(target=self._keep_looking, name="look-for-model-server", daemon=True)
            self._looker.start()

    def _keep_looking(self) -> None:
        while self.look() and not self._closed.wait(LOOK_EVERY_S):
            pass


def _pauses(times: int) -> Iterator[float]:
    """Seconds between attempts: each up to twice the one before, by chance shorter, so that not all come at once."""
    for number in range(times):
        yield PAUSE_S * 2**number * random.uniform(0.5, 1.0)  # noqa: S311  (no secret)
