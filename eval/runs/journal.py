"""The outcomes of an unfinished run, as lines of JSON: what stands there was asked, and is never asked again.

The first line says what the run is made with; a run of another set-up is refused, never continued. Each further line is
one outcome, brought to disk before its question counts as asked. One process at a time holds a journal. What this
module does not do: ask, measure, or make a result of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from eval.fields import Fields
from eval.files import json_line, sync_folder
from eval.outcomes import outcome_to_record, parse_outcome
from eval.records import Outcome, RunFingerprint
from schema import FootnoteError

FORMAT = "footnote-journal"
VERSION = 1
OPENING = json_line({"format": FORMAT})[:-1]
SUFFIX = ".journal.jsonl"


@dataclass(frozen=True, slots=True)
class JournalHead:
    """What a run is made with: set-up, selection (``ids`` is a hash of the questions' ids), and when it began."""

    name: str
    fingerprint: RunFingerprint
    questions: int
    ids: str
    limit: int | None = None
    seed: int | None = None
    started: str = ""


class Journal:
    """An open journal, locked for this process; use it as a context manager.

    ``head`` is what the file says, so that ``head.started`` is the first start; ``outcomes`` are those that are on
    disk, by question id; ``seconds`` is the time that asking them took together.

    Args:
        path: of the file; made when it is not there, with its folder.
        head: of the run that is to be made.
        fresh: whether to begin again, whatever the file holds.

    Raises:
        FootnoteError: another process holds it, it is of another set-up, or a line in it is broken.
    """

    def __init__(self, path: Path, head: JournalHead, *, fresh: bool = False) -> None:
        self.path = path
        self.head = head
        self.outcomes: dict[str, Outcome] = {}
        self.seconds = 0.0
        self._mutex, self._is_mine = threading.Lock(), False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = _open_locked(path)
        except OSError as error:
            raise FootnoteError(f"The journal {path} can't be opened: {error.strerror or error}") from error
        try:
            self._read_or_begin(fresh=fresh)
        except OSError as error:
            self.close()
            raise FootnoteError(f"The journal {path} can't be used: {error.strerror or error}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Put an outcome on disk; when this returns, its question is never asked again.

        Args:
            outcome: of a question that is not in the journal.
            seconds: that asking took.

        Raises:
            FootnoteError: when it can't be written; the file then ends where it ended before.
        """
        with self._mutex:
            try:
                self._append(json_line({**outcome_to_record(outcome), "seconds": round(seconds, 3)}))
            except OSError as error:
                raise FootnoteError(
                    f"The answer can't be written to {self.path}: {error.strerror or error}. What stands there is "
                    "kept; the same command goes on from it."
                ) from error
            self.outcomes[outcome.question_id] = outcome
            self.seconds += seconds

    def remove(self) -> None:
        """Delete the file; for when the result is safely on disk."""
        self.path.unlink(missing_ok=True)
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Let go of the file and its lock; a journal that holds no outcome is not worth keeping."""
        if self._descriptor < 0:
            return
        if self._is_mine and not self.outcomes:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = -1

    def _read_or_begin(self, *, fresh: bool) -> None:
        content = b"".join(_blocks(self._descriptor))
        if content.strip(b"\0") and not (content.startswith(OPENING) or OPENING.startswith(content)):
            raise FootnoteError(f"{self.path}, line 1: this is not the journal of a run; name another file with --out.")
        if fresh:
            os.ftruncate(self._descriptor, 0)
        lines = [] if fresh else _whole_lines(self._descriptor, content)
        if not lines:
            self._append(json_line({"format": FORMAT, "version": VERSION, **asdict(self.head)}))
            sync_folder(self.path.parent)
            self._is_mine = True
            return
        then = _parse_head(lines[0], self.path)
        if changes := _changes(then, self.head):
            raise FootnoteError(
                f"{self.path}, line 1: this run was begun with another set-up and can't be continued with this one:\n"
                + "\n".join(f"  {change}" for change in changes)
                + "\nBegin again with --fresh, or leave it as it is and name another file with --out."
            )
        self.head = then
        for number, line in enumerate(lines[1:], start=2):
            self._take(line, f"{self.path}, line {number}")
        self._is_mine = True

    def _take(self, line: bytes, place: str) -> None:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise FootnoteError(
                f"{place}: this is not a line of JSON: {error}. Take the line out, and its question is asked again."
            ) from error
        outcome = parse_outcome(record, place)
        if outcome.question_id in self.outcomes:
            raise FootnoteError(f"{place}, field id: {outcome.question_id!r} stands on an earlier line; take one out")
        self.outcomes[outcome.question_id] = outcome
        self.seconds += Fields(record, place).number("seconds") or 0.0

    def _append(self, line: bytes) -> None:
        """One write and one sync; a write that fails leaves nothing behind."""
        end = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line + b"\n") <= len(line):
                raise OSError(0, "the disk is full")
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, end)
            raise


def load_journal_head(path: Path) -> tuple[JournalHead, int]:
    """What a journal is of, and how many of its questions have been asked; takes no lock and changes nothing.

    Raises:
        FootnoteError: when it is no journal.
    """
    try:
        with path.open("rb") as file:
            head = _parse_head(file.readline(), path)
            return head, sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise FootnoteError(f"The journal {path} can't be read: {error.strerror or error}") from error


def changed_parts(then: RunFingerprint, now: RunFingerprint) -> list[str]:
    """The parts in which two fingerprints differ, such as ``prompt: 3f2a then, 9c1d now``."""
    return [
        f"{part.name}: {_shown(getattr(then, part.name))} then, {_shown(getattr(now, part.name))} now"
        for part in fields(RunFingerprint)
        if getattr(then, part.name) != getattr(now, part.name)
    ]


def _shown(value: str) -> str:
    """A name as it is, a long hash by its beginning."""
    return (value if len(value) <= 48 else f"{value[:12]}...") or "unknown"


def _changes(then: JournalHead, now: JournalHead) -> list[str]:
    """As `changed_parts`, with what explains other questions: the limit and the seed."""
    found = changed_parts(then.fingerprint, now.fingerprint)
    if then.ids != now.ids and not any(one.startswith("questions:") for one in found):
        found.append(f"ids of the questions: {_shown(then.ids)} then, {_shown(now.ids)} now")
    if found:
        found += [
            f"{name}: {getattr(then, name) or 'none'} then, {getattr(now, name) or 'none'} now"
            for name in ("limit", "seed")
            if getattr(then, name) != getattr(now, name)
        ]
    return found


def _open_locked(path: Path) -> int:
    """A descriptor for appending that holds the file's lock; never of a file that its owner has just removed."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise FootnoteError(
                f"This run is already in progress: another process holds {path}. Wait until it ends or stop it, and "
                "then start this one to go on, or name another file with --out."
            ) from error
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def _whole_lines(descriptor: int, content: bytes) -> list[bytes]:
    """The lines of the file; a last one that a crash tore is cut off, and one that only lacks its end is finished."""
    ends = content.endswith(b"\n")
    lines = content.split(b"\n")[: -1 if ends else None]
    if not _is_whole(lines[-1]):
        os.ftruncate(descriptor, len(content) - len(lines.pop()) - ends)
    elif not ends:
        os.write(descriptor, b"\n")
    return lines


def _blocks(descriptor: int) -> Iterator[bytes]:
    offset = 0
    while block := os.pread(descriptor, 1 << 20, offset):
        offset += len(block)
        yield block


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parse_head(line: bytes, path: Path) -> JournalHead:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise FootnoteError(f"{path}, line 1: this is not the journal of a run")
    if record.get("version") != VERSION:
        raise FootnoteError(
            f"{path}, line 1: another version of Footnote began this run (format version {record.get('version')!r}; "
            f"this one reads {VERSION}). Finish it there, or begin again with --fresh."
        )
    head = Fields(record, f"{path}, line 1")
    fingerprint = head.record("fingerprint")
    return JournalHead(
        name=head.text("name"),
        fingerprint=RunFingerprint(**{part.name: fingerprint.text(part.name) for part in fields(RunFingerprint)}),
        questions=head.whole("questions") or 0,
        ids=head.text("ids"),
        limit=head.whole("limit"),
        seed=head.whole("seed"),
        started=head.text("started"),
    )
