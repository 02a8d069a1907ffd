"""Asks the questions of a set, one by one or several at once, and keeps each outcome before it counts as asked.

May be stopped or killed at any moment: what the journal holds is not asked again, and a question in progress is left.
What this module does not do: know what answers, or measure.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from itertools import islice

from eval.records import EvalCase, Outcome
from eval.runs.journal import Journal
from schema import FootnoteError, Progress

Answerer = Callable[[EvalCase, threading.Event], Outcome]
"""(case, stop) -> outcome; may raise FootnoteError; what it returns once ``stop`` is set is thrown away."""

Asked = tuple[EvalCase, Outcome, float]
Ask = Callable[[EvalCase, threading.Event], Asked]
"""As an answerer, with the case and the seconds it took."""

SAME_ERRORS = 5
"""As many questions in a row that fail in the same way end a run: the fault is not theirs."""


class RunStoppedError(FootnoteError):
    """A run that ended early; what was answered is kept, and the message says how to go on."""

    exit_code = 130
    """Of a command that this ends, as for any that a person interrupts."""


class RunFailedError(FootnoteError):
    """A fault that concerns the whole run and not one question; an answerer may raise it to end the run."""


def ask_all(
    cases: Sequence[EvalCase],
    answer: Answerer,
    *,
    journal: Journal,
    parallel: int = 1,
    stop: threading.Event | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> tuple[Outcome, ...]:
    """The outcomes of all cases, in their order; asks those that the journal does not hold.

    A question that fails has its error as outcome. The first progress is told before anything is asked, with what
    earlier runs did, so that a rate counts from there.

    Args:
        cases: with ids that differ.
        answer: asks one question.
        journal: of this run.
        parallel: questions in progress at once.
        stop: set it from another thread to end the run; Ctrl-C does the same.
        on_progress: told the questions that are done.

    Raises:
        RunStoppedError: when it was stopped with questions left.
        RunFailedError: when five questions in a row fail in the same way, or all do; their errors are not kept, so
            that they are asked again.
        FootnoteError: when an outcome can't be written.
    """
    stop = stop or threading.Event()
    left = [case for case in cases if case.question_id not in journal.outcomes]
    on_progress(Progress(len(cases) - len(left), len(cases), unit="questions"))
    errors = _Errors(journal)
    ask = partial(_timed, answer)
    try:
        with closing(_one_by_one(left, ask, stop) if parallel <= 1 else _several(left, ask, parallel, stop)) as asked:
            for case, outcome, seconds in asked:
                if stop.is_set():  # the question was under way when it was set: this may be half an answer
                    break
                errors.sort_out(outcome, seconds)
                done = len(journal.outcomes) + len(errors.held)
                on_progress(Progress(done, len(cases), case.question, "questions"))
    except KeyboardInterrupt:
        stop.set()
    if len(journal.outcomes) + len(errors.held) < len(cases):
        raise RunStoppedError(_where_it_stopped(journal, len(cases)))
    errors.end()
    return tuple(journal.outcomes[case.question_id] for case in cases)


def _where_it_stopped(journal: Journal, total: int) -> str:
    if not journal.outcomes:
        return f"Stopped before the first of {total} questions was answered."
    return (
        f"Stopped after {len(journal.outcomes)} of {total} questions; their answers are kept in {journal.path}. The "
        "same command goes on from there."
    )


class LinkedEvent(threading.Event):
    """An event that also counts as set when another one is; setting it leaves the other alone."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        """Whether this event or the other is set."""
        return super().is_set() or self._other.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for either, with a look at the other every 50 ms."""
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            super().wait(min(left, 0.05))
        return self.is_set()


class _Errors:
    """Errors in a row that are the same, held back until it is known that they are no fault of the whole run."""

    def __init__(self, journal: Journal) -> None:
        self.held: list[tuple[Outcome, float]] = []
        self._journal = journal

    def sort_out(self, outcome: Outcome, seconds: float) -> None:
        """Keep an outcome, or hold it back when it is an error."""
        if not self.held or self.held[-1][0].error != outcome.error:
            self._keep()
        if not outcome.error:
            self._journal.add(outcome, seconds)
            return
        self.held.append((outcome, seconds))
        if len(self.held) == SAME_ERRORS:
            raise RunFailedError(f"{SAME_ERRORS} questions in a row failed in the same way: {outcome.error}")

    def end(self) -> None:
        """Keep the errors that came last, unless there is nothing else."""
        if self.held and not self._journal.outcomes:
            raise RunFailedError(f"Every question failed in the same way: {self.held[-1][0].error}")
        self._keep()

    def _keep(self) -> None:
        for outcome, seconds in self.held:
            self._journal.add(outcome, seconds)
        self.held.clear()


def _one_by_one(cases: Iterable[EvalCase], ask: Ask, stop: threading.Event) -> Generator[Asked]:
    for case in cases:
        if stop.is_set():
            return
        yield ask(case, stop)


def _several(cases: Iterable[EvalCase], ask: Ask, parallel: int, stop: threading.Event) -> Generator[Asked]:
    """As many as are allowed at once; when the caller leaves, those under way are told to end and waited for."""
    waiting, ended = iter(cases), LinkedEvent(stop)
    with ThreadPoolExecutor(parallel, thread_name_prefix="question") as pool:
        try:
            running: set[Future[Asked]] = set()
            while not stop.is_set():
                running |= {pool.submit(ask, case, ended) for case in islice(waiting, parallel - len(running))}
                if not running:
                    return
                done, running = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            ended.set()


def _timed(answer: Answerer, case: EvalCase, stop: threading.Event) -> Asked:
    """One question; the answerer gets an event of its own, since the pipeline sets the one that it is given."""
    started = time.monotonic()
    try:
        outcome = answer(case, LinkedEvent(stop))
    except (RunFailedError, RunStoppedError):
        raise
    except FootnoteError as error:
        outcome = Outcome(case.question_id, error=str(error))
    return case, outcome, time.monotonic() - started
