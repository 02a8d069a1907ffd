"""Evaluation for a page: what runs there are, their reports, and one run at a time in a thread of its own.

Satisfies the protocol that the web room declares, without knowing that room. What this module does not do: ask or
measure (it is given what does), or look into files (`eval.runs.listing`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from eval.runs.listing import Request, RunFolder, RunRow
from eval.sets.questions import load_questions
from schema import FootnoteError, Progress

STOP_WAIT_S = 15.0
LOADING = "Loading the questions and the models."

_log = logging.getLogger(__name__)


class Evaluate(Protocol):
    """`eval.runs.experiments.evaluate` with what answers already given."""

    def __call__(
        self,
        question_set: Path,
        *,
        out: Path,
        limit: int | None,
        seed: int | None,
        quotes_only: bool,
        on_progress: Callable[[Progress], None],
        on_message: Callable[[str], None],
        stop: threading.Event,
    ) -> object:
        """Ask what the journal beside ``out`` does not hold and write the run; FootnoteError when it ends early."""
        ...


class Evaluations:
    """A folder of runs, and what makes further ones; safe to use from several threads.

    Args:
        folder: of the runs, with question sets in its folder ``sets``.
        evaluate: makes a run.
    """

    def __init__(self, folder: Path, evaluate: Evaluate) -> None:
        self._folder = RunFolder(folder)
        self._evaluate = evaluate
        self._mutex = threading.Lock()
        self._underway: _Underway | None = None
        self._thread: threading.Thread | None = None
        self._endings: dict[str, str] = {}

    def runs(self) -> list[RunRow]:
        """All runs: the one that is under way, then the newest first."""
        rows = sorted(map(self._row, self._names()), key=lambda row: (row.when, row.name), reverse=True)
        return sorted(rows, key=lambda row: row.state != "running")

    def progress(self, name: str) -> RunRow:
        """One run as it stands now; FootnoteError when there is none of this name."""
        self._check(name)
        return self._row(name)

    def sets(self) -> list[str]:
        """The names of the question sets that can be asked."""
        return list(self._folder.sets())

    def report(self, name: str) -> str:
        """The HTML report of a finished run."""
        from eval.report import html_report  # noqa: PLC0415  (templates)

        return html_report([self._folder.load(name)])

    def comparison(self, a: str, b: str, *, shared: bool = False) -> str:
        """The HTML report of run b against run a.

        Raises:
            FootnoteError: when they can't be compared; with ``shared``, only when they share no question.
        """
        from eval.comparison.comparing import compare_runs  # noqa: PLC0415
        from eval.report import html_report  # noqa: PLC0415

        runs = self._folder.load(a), self._folder.load(b)
        return html_report(runs, compare_runs(*runs, shared=shared))

    def start(
        self, questions: str, *, limit: int | None = None, seed: int | None = None, quotes_only: bool = False
    ) -> str:
        """Begin a run over a question set in the background; returns its name.

        Raises:
            FootnoteError: when another one runs, or the set is unknown or faulty.
        """
        path = self._folder.set_path(questions)
        load_questions(path)  # a fault in the set is told to the person, not to a thread
        request = Request(questions, limit, seed, quotes_only)
        with self._mutex:
            self._refuse_second()
            name = self._folder.free_name(questions)
            self._folder.note(name, request)
            self._begin(name, request, path)
        return name

    def resume(self, name: str) -> None:
        """Go on with an unfinished run that was begun here, after its last answered question."""
        self._check(name)
        with self._mutex:
            self._refuse_second()
            request = self._folder.request(name)
            if request is None or self._folder.result(name).exists():
                raise FootnoteError(f"The run {name} is finished, or was begun by a command that has to go on with it.")
            self._begin(name, request, self._folder.set_path(request.questions))

    def stop(self, name: str) -> None:
        """End a run that is under way, which can then be gone on with; nothing when it isn't under way."""
        self._check(name)
        if (underway := self._underway) and underway.name == name:
            underway.stop.set()

    def close(self) -> None:
        """Stop what is under way and wait until its journal is closed; a later start can go on with it."""
        if underway := self._underway:
            underway.stop.set()
        if thread := self._thread:
            thread.join(STOP_WAIT_S)

    # Within

    def _names(self) -> set[str]:
        underway = self._underway
        return self._folder.names() | set(self._endings) | ({underway.name} if underway else set())

    def _check(self, name: str) -> None:
        if name not in self._names():
            raise FootnoteError(f"There is no run {name!r}.")

    def _row(self, name: str) -> RunRow:
        if (underway := self._underway) and underway.name == name:
            return underway.row()
        row = self._folder.row(name)
        ending = self._endings.get(name, "")
        return replace(row, message=ending) if ending and row.state == "unfinished" else row

    def _refuse_second(self) -> None:
        if underway := self._underway:
            hint = "it is being stopped; try again in a moment" if underway.stop.is_set() else "stop it, or wait for it"
            raise FootnoteError(f"The run {underway.name} is under way: {hint}.")

    def _begin(self, name: str, request: Request, path: Path) -> None:
        self._endings.pop(name, None)
        self._underway = _Underway(name, request)
        self._thread = threading.Thread(target=self._run, args=(self._underway, path), name="evaluation", daemon=True)
        self._thread.start()

    def _run(self, underway: _Underway, path: Path) -> None:
        request = underway.request
        try:
            self._evaluate(
                path,
                out=self._folder.result(underway.name),
                limit=request.limit,
                seed=request.seed,
                quotes_only=request.quotes_only,
                on_progress=underway.on_progress,
                on_message=underway.on_message,
                stop=underway.stop,
            )
            self._folder.forget_note(underway.name)
        except FootnoteError as error:
            self._endings[underway.name] = "Stopped." if underway.stop.is_set() else str(error)
        except Exception:
            _log.exception("An evaluation failed")
            self._endings[underway.name] = "Something went wrong inside Footnote; the log of the server says what."
        finally:
            self._underway = None


class _Underway:
    """The run that is being made: what it is, how far it has come, and how to stop it."""

    def __init__(self, name: str, request: Request) -> None:
        self.name, self.request = name, request
        self.stop = threading.Event()
        self._message = LOADING
        self._progress: Progress | None = None
        self._began = 0.0, 0

    def on_progress(self, progress: Progress) -> None:
        """The first one counts what earlier runs did; a change of unit (documents, then questions) begins anew."""
        if self._progress is None or self._progress.unit != progress.unit:
            self._began = time.monotonic(), progress.done
            self._message = "" if self._message == LOADING else self._message
        self._progress = progress

    def on_message(self, message: str) -> None:
        """Show a sentence until the next one."""
        self._message = message

    def row(self) -> RunRow:
        """The run as it stands now."""
        progress, is_asking = self._progress, self._progress is not None and self._progress.unit == "questions"
        message = self._message
        if progress and not is_asking:
            message = f"Indexing the documents of the set: {progress.done:,} of {progress.total:,}."
        return RunRow(
            self.name,
            self.request.questions,
            progress.done if progress and is_asking else 0,
            progress.total if progress and is_asking else None,
            datetime.now(UTC).isoformat(timespec="seconds"),
            "running",
            seconds_left=self._seconds_left(),
            message="Stopping after the question in progress." if self.stop.is_set() else message,
        )

    def _seconds_left(self) -> float | None:
        """At the pace since the first progress; ``None`` until there is one."""
        since, before = self._began
        if self._progress is None or self._progress.done <= before:
            return None
        pace = (time.monotonic() - since) / (self._progress.done - before)
        return pace * (self._progress.total - self._progress.done)
