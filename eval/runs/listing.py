"""The folder of runs as a list: finished runs, unfinished ones, and the question sets in its folder ``sets``.

Runs are files, whoever made them; one that was begun from the page has a note beside it that says how, so that it can
be gone on with after a restart. What this module does not do: make runs, or show them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from eval.records import Run
from eval.runs.journal import SUFFIX as JOURNAL
from eval.runs.journal import load_journal_head
from eval.runs.results import load_head, load_run
from eval.sets.beir import is_beir
from eval.sets.handwritten import READERS
from schema import FootnoteError

SAMPLE = "samples"
SAMPLE_PATH = Path(__file__).parents[1] / "samples" / "questions.yaml"
RESULT, NOTE, SETS = ".json", ".started", "sets"
SHOWN = {
    "gold_in_answer_or_quote": "Right words",
    "citation_precision": "Citations right",
    "false_answers": "False answers",
    "false_refusals": "False refusals",
    "p50_s": "Median time",
}
"""The measures of a list of runs, with headings that fit a column."""

State = Literal["finished", "running", "unfinished", "broken"]


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of the list.

    ``questions`` is the name of its set; ``total`` is ``None`` until the questions have been read. ``when`` is ISO time
    in UTC, empty when nothing is on disk yet. ``measures`` are figures in words by heading, and ``message`` says why
    the run is as it is.
    """

    name: str
    questions: str
    done: int
    total: int | None
    when: str
    state: State
    measures: Mapping[str, str] = field(default_factory=dict)
    seconds_left: float | None = None
    message: str = ""
    can_resume: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for when a run was begun: enough to go on with it."""

    questions: str
    limit: int | None = None
    seed: int | None = None
    quotes_only: bool = False


class RunFolder:
    """A folder of runs, which need not exist yet. Names of runs are those of their files, without the ending."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> set[str]:
        """The names of all runs that are finished, or of which a question was asked."""
        return {
            path.name.removesuffix(suffix)
            for suffix in (JOURNAL, RESULT)
            for path in self.folder.glob(f"[!.]*{suffix}")
            if path.is_file()
        }

    def result(self, name: str) -> Path:
        """The file of a finished run."""
        return self.folder / (name + RESULT)

    def load(self, name: str) -> Run:
        """A finished run; FootnoteError when it is unknown, unfinished or can't be read."""
        if name not in self.names():  # whatever path it may stand for
            raise FootnoteError(f"There is no run {name!r}.")
        if not self.result(name).exists():
            raise FootnoteError(f"The run {name} is not finished yet.")
        return load_run(self.result(name))

    def rows(self) -> list[RunRow]:
        """All runs, the newest first."""
        return sorted(map(self.row, self.names()), key=lambda row: (row.when, row.name), reverse=True)

    def row(self, name: str) -> RunRow:
        """A run as its files tell; one that can't be read is a row that says why."""
        path = self.result(name)
        try:
            return self._finished(name) if path.exists() else self._unfinished(name)
        except FootnoteError as error:
            return RunRow(name, "", 0, None, _written(path), "broken", message=str(error))

    def _finished(self, name: str) -> RunRow:
        from eval.measures import find  # noqa: PLC0415
        from eval.report.wording import figure  # noqa: PLC0415

        head = load_head(self.result(name))
        figures = {
            heading: figure(head.measures.get(measure), find(measure).unit, digits=0)
            for measure, heading in SHOWN.items()
        }
        when = str(head.about.get("finished") or "") or _written(self.result(name))
        return RunRow(name, _set_of(head.about), head.questions, head.questions, when, "finished", figures)

    def _unfinished(self, name: str) -> RunRow:
        request, journal = self.request(name), self.folder / (name + JOURNAL)
        begun, done = load_journal_head(journal) if journal.exists() else (None, 0)
        return RunRow(
            name,
            request.questions if request else "",
            done,
            begun.questions if begun else None,
            _written(journal),
            "unfinished",
            message="" if request else "Begun by a command; the same command goes on with it.",
            can_resume=request is not None,
        )

    # Notes of runs that were begun from the page

    def note(self, name: str, request: Request) -> None:
        """Keep how a run was begun."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / (name + NOTE)).write_text(json.dumps(asdict(request)), "utf-8")
        except OSError as error:
            raise FootnoteError(f"A run can't be begun in {self.folder}: {error.strerror or error}") from error

    def request(self, name: str) -> Request | None:
        """How an unfinished run was begun; ``None`` when there is no note of it."""
        try:
            return Request(**json.loads((self.folder / (name + NOTE)).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def forget_note(self, name: str) -> None:
        """Take the note away, since the run is finished."""
        (self.folder / (name + NOTE)).unlink(missing_ok=True)

    def free_name(self, questions: str) -> str:
        """A name for a new run: the set's with the minute, and a number when that is taken."""
        stem = re.sub(r"[^\w-]+", "-", Path(questions).stem).strip("-") or "run"
        name = wanted = f"{stem}-{datetime.now():%Y-%m-%d-%H%M}"
        number = 1
        while name in self.names() or self.request(name):
            number += 1
            name = f"{wanted}-{number}"
        return name

    # Question sets

    def sets(self) -> dict[str, Path]:
        """The question sets by name: the samples' own, then what lies in the folder of sets."""
        folder = self.folder / SETS
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return {SAMPLE: SAMPLE_PATH} | {path.name: path for path in found if _is_set(path)}

    def set_path(self, questions: str) -> Path:
        """The path of a set; FootnoteError when it is none of those that are offered."""
        if questions not in (sets := self.sets()):
            raise FootnoteError(f"There is no question set {questions!r}; there are: {', '.join(sets)}.")
        return sets[questions]


def _is_set(path: Path) -> bool:
    is_readable = is_beir(path) or (path.is_file() and path.suffix.lower() in READERS)
    return is_readable and not path.name.startswith(".")


def _set_of(about: Mapping[str, Any]) -> str:
    """The name of a run's question set, from what is noted about it."""
    path = Path(str(about.get("set") or ""))
    return SAMPLE if path == SAMPLE_PATH else path.name


def _written(path: Path) -> str:
    """When a file was last written, as ISO time in UTC; empty when it isn't there."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    except OSError:
        return ""
