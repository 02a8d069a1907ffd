"""What readers said of answers, as lines of JSON in the index folder: a thumb, and which footnotes were wrong.

A record that was acknowledged is on disk: it is one write at the end of the file, synced before it is confirmed. This
module does not judge feedback or make questions of it, and it knows nothing of the index but its folder. Records are
only ever added, but for those that somebody wants forgotten and those that are too old.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from reprlib import repr as shown
from typing import Any, Literal, get_args

from schema import FootnoteError

FILE = "feedback.jsonl"
LONGEST_COMMENT = 2_000
Rating = Literal["up", "down"]


def now() -> str:
    """The time in UTC as an ISO string, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one reader said of one answer.

    ``wrong_citations`` are numbers of footnotes, from 1: footnote n is the n-th of ``citations``, each of which says
    source, page, start, end and quote. ``answer`` is empty when there was none (a refusal). ``at`` is ISO time in UTC;
    ``fingerprint`` names what the answer was made with. ``user`` is who said it, empty where nobody has a name.
    """

    question: str
    answer: str
    rating: Rating
    wrong_citations: tuple[int, ...] = ()
    comment: str = ""
    citations: tuple[Mapping[str, Any], ...] = ()
    collection: str | None = None
    at: str = field(default_factory=now)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    user: str = ""


def append_feedback(folder: Path, record: Feedback) -> None:
    """Add one record to ``folder/feedback.jsonl``; when this returns it is on disk, and no kill takes it away.

    A last line that a crash left unfinished is taken away first: nobody was told that it was recorded.

    Raises:
        FootnoteError: when the record is not as described, or can't be written; the file is then as it was.
    """
    path = folder / FILE
    _check(asdict(record), f"Feedback on {shown(record.question)}")
    line = _line(record)
    try:
        with _held(path) as descriptor:
            _append(descriptor, line)
            _sync_folder(folder)
    except OSError as error:
        raise FootnoteError(f"Feedback can't be written to {path}: {error.strerror}.") from error


def remove_feedback(folder: Path, is_unwanted: Callable[[Feedback], bool]) -> int:
    """Remove records, from the disk too; how many they were.

    Raises:
        FootnoteError: when a line is no record, or the file can't be written; it is then as it was.
    """
    path = folder / FILE
    if not path.exists():
        return 0
    try:
        with _held(path):
            records = read_feedback(folder)
            kept = [record for record in records if not is_unwanted(record)]
            if len(kept) < len(records):
                _replace(path, b"".join(map(_line, kept)))
            return len(records) - len(kept)
    except OSError as error:
        raise FootnoteError(f"Feedback can't be removed from {path}: {error.strerror}.") from error


def read_feedback(folder: Path) -> tuple[Feedback, ...]:
    """All records of ``folder/feedback.jsonl``, oldest first; none when there is no such file.

    Raises:
        FootnoteError: for a line that is no record, naming file and line. Only an unfinished last line, which a crash
            may leave, is passed over.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise FootnoteError(f"Feedback can't be read from {path}: {error.strerror}.") from error
    *lines, last = content.split(b"\n")
    lines += [last] if _is_whole(last) else []
    return tuple(_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1))


def _line(record: Feedback) -> bytes:
    return json.dumps(asdict(record), allow_nan=False).encode("ascii") + b"\n"


@contextmanager
def _held(path: Path) -> Iterator[int]:
    """The file, open, with its lock: it is taken again when the file was replaced while it was waited for."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    """Put another content in the file's place: after a crash there is the old one or the new one, whole."""
    new = path.with_name(f"{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    new.replace(path)
    _sync_folder(path.parent)


def _append(descriptor: int, line: bytes) -> None:
    """Heal the end of the file, then write and sync; after a failure the file ends where it ended before."""
    end = _healed_end(descriptor)
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(0, "the disk is full")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, end)
        raise


def _healed_end(descriptor: int) -> int:
    """Where the next line begins, once the last one is complete: finished when it is a record, else cut off."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, 1, size - 1) if size else b"\n"
    if tail == b"\n":
        return size
    content = os.pread(descriptor, size, 0)
    start = content.rfind(b"\n") + 1
    if _is_whole(content[start:]):  # a person's editor saved it so, or the crash took no more than the line's end
        return size + os.write(descriptor, b"\n")
    os.ftruncate(descriptor, start)
    return start


def _sync_folder(folder: Path) -> None:
    """The name of a new file is durable only when its folder is synced too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parse(line: bytes, place: str) -> Feedback:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise FootnoteError(f"{place}: this is not a line of JSON: {error}. Mend the line or take it out.") from error
    if isinstance(record, dict):
        record.setdefault("user", "")  # an older Footnote's records have none
    _check(record, place)
    record["wrong_citations"] = tuple(record["wrong_citations"])
    record["citations"] = tuple(record["citations"])
    return Feedback(**record)


def _check(record: Any, place: str) -> None:
    """Refuse what is no record: every field there, none besides, each of its form."""
    if not isinstance(record, Mapping):
        raise FootnoteError(f"{place}: {shown(record)} is not a JSON object")
    names = [one.name for one in fields(Feedback)]
    for name in sorted({*names} ^ {*record}):
        fault = "it is missing" if name in names else f"unknown; there are {', '.join(names)}"
        raise FootnoteError(f"{place}, field {name}: {fault}")
    for name, (holds, wanted) in FORMS.items():
        if not holds(record[name]):
            raise FootnoteError(f"{place}, field {name}: {shown(record[name])} is not {wanted}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _all_are(values: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(values, list | tuple) and all(map(holds, values))


FORMS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "question": (lambda value: _is_text(value) and bool(value.strip()), "text"),
    "answer": (_is_text, "text"),
    "rating": (lambda value: value in get_args(Rating), "up or down"),
    "wrong_citations": (
        lambda value: _all_are(value, lambda item: type(item) is int and item >= 1),
        "a list of whole numbers from 1",
    ),
    "comment": (
        lambda value: _is_text(value) and len(value) <= LONGEST_COMMENT,
        f"text of at most {LONGEST_COMMENT:,} characters",
    ),
    "citations": (lambda value: _all_are(value, lambda item: isinstance(item, Mapping)), "a list of objects"),
    "collection": (lambda value: value is None or _is_text(value), "text or null"),
    "at": (_is_time, "a time such as 2026-05-04T10:00:00+00:00"),
    "fingerprint": (lambda value: isinstance(value, Mapping), "an object"),
    "user": (_is_text, "text"),
}
"""For each field: whether a value has its form, and that form in words."""
