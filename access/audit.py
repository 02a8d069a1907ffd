"""Who asked what, and which sources they were shown: ``audit.jsonl`` in the state folder, for its owner's eyes only.

A line that `AuditLog.write` has written is on disk. Several threads and processes may write. What this module does not
do: decide what is written down, or keep anybody from whoever may write in the folder: noting the last hash elsewhere
does that (docs/security.md).
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from access.chain import Kind, Line, Verdict, check_chain, make_line, parse_line
from access.files import held, write_atomically
from access.log_files import (
    FILE,
    drop_lines,
    files_of,
    hash_of,
    heal,
    last_hash,
    lines_before,
    numbers_of,
    put_aside,
    sync_folder,
    take_out,
    texts_of,
)
from schema import FootnoteError

KEY_FILE = "audit.key"
LARGEST = 10_000_000
Mode = Literal["full", "pseudonymous"]
Outcome = Literal["answered", "refused", "found", "busy", "error", "left"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One question, as it is written down.

    ``collection`` is the one that was asked for, ``collections`` and ``sources`` are those that were shown. ``outcome``
    is ``found`` for a search, ``refused`` where the documents do not say, ``left`` where nobody waited for the end.
    """

    user: str
    groups: tuple[str, ...]
    embed: str
    origin: str
    door: str
    collection: str | None
    question: str
    outcome: Outcome
    collections: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _End:
    """What the log ended with when we last wrote: which file, its size then, and the hash of its last line."""

    inode: int
    size: int
    hash: str


class AuditLog:
    """The log in a folder, which is made when it is not there.

    Args:
        folder: of the state.
        mode: ``full``, or ``pseudonymous``: a keyed hash for the name, and neither groups nor the question.
        largest: bytes from which a new file is begun.

    Raises:
        FootnoteError: from every method, when the folder or a file of it can't be used.
    """

    def __init__(self, folder: Path, mode: Mode = "full", *, largest: int = LARGEST) -> None:
        self.folder = folder
        self.mode = mode
        self.largest = largest
        self._end: _End | None = None

    @property
    def path(self) -> Path:
        """The file that is written to."""
        return self.folder / FILE

    def write(self, entry: Entry) -> None:
        """Add an entry; when this returns it is on disk, and no kill takes it away.

        Only one of the outcome ``busy``, which showed nobody anything, is left to the next sync.
        """
        with self._changing():
            self._append("question", self._content(entry), is_urgent=entry.outcome != "busy")

    def forget(self, user: str, **also: int) -> int:
        """Take out what a person asked, whatever door they came through; how many lines that were.

        Each stays as a line without content, and a new one says how many there are, and ``also`` what else was deleted.
        """
        with self._changing():
            names = self.names_of(user)

            def is_theirs(line: Line) -> bool:
                return line.kind == "question" and line.content is not None and line.content.get("user") in names

            found = {path: numbers_of(path, is_theirs) for path in files_of(self.folder)}
            count = sum(map(len, found.values()))
            if count or any(also.values()):
                self._append("forgotten", {"lines": count, **also})  # before: more may never be gone than is said
            for path, numbers in found.items():
                if numbers:
                    take_out(path, numbers)
            return count

    def names_of(self, user: str) -> set[str]:
        """What this person may be called in the log."""
        return {user, self._pseudonym(user)} if (self.folder / KEY_FILE).exists() else {user}

    def expire(self, first_day: date) -> int:
        """Remove the lines of days before this one; how many they were. A new line says that there were some."""
        with self._changing():
            if old := lines_before(self.folder, first_day.isoformat()):
                last = hash_of(old[-1][1])
                self._append("expired", {"lines": len(old), "last": last, "before": first_day.isoformat()})
                for path, count in Counter(path for path, _ in old).items():
                    drop_lines(path, count)
            return len(old)

    # Within

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time, over all processes, in a file that has not grown too large."""
        with _explained(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with held(self.path):
                if self.path.exists() and self.path.stat().st_size >= self.largest:
                    put_aside(self.folder)
                yield

    def _content(self, entry: Entry) -> dict[str, Any]:
        content = asdict(entry) | {"seconds": round(entry.seconds, 3)}
        if self.mode == "pseudonymous":
            content |= {"user": self._pseudonym(entry.user)}
            del content["question"], content["groups"]
        return content

    def _pseudonym(self, user: str) -> str:
        """The keyed hash of a name, the same for as long as the key file is there; nobody stays nobody."""
        if not user:
            return ""
        path = self.folder / KEY_FILE
        if not path.exists():
            write_atomically(path, secrets.token_hex(32).encode("ascii"), mode=0o600)
        key = bytes.fromhex(path.read_text("ascii").strip())
        return "person-" + hmac.new(key, user.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]

    def _append(self, kind: Kind, content: Mapping[str, Any], *, is_urgent: bool = True) -> None:
        """One line more: one write and one sync; after a failure the file ends where it ended before."""
        descriptor, previous = self._opened()
        try:
            size = os.fstat(descriptor).st_size
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = make_line(kind, content, at=at, previous=previous)
            text = line.to_bytes()
            try:
                if os.write(descriptor, text) < len(text):
                    raise OSError(28, "the disk is full")
                if is_urgent:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
            self._end = _End(os.fstat(descriptor).st_ino, size + len(text), line.hash)
        finally:
            os.close(descriptor)

    def _opened(self) -> tuple[int, str]:
        """The file that the next line belongs in, mended if a crash broke its end, and the hash before that line."""
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            found = os.fstat(descriptor)
            end = self._end
            if end and (end.inode, end.size) == (found.st_ino, found.st_size):
                return descriptor, end.hash
            heal(descriptor, found.st_size)
            if is_new:
                sync_folder(self.folder)
            return descriptor, last_hash(self.folder)
        except BaseException:
            os.close(descriptor)
            raise


def verify(folder: Path) -> Verdict:
    """Check the whole chain over all files, oldest first; see `access.chain.check_chain`.

    Raises:
        FootnoteError: when a file can't be read.
    """
    if not folder.is_dir():
        return Verdict()
    with held(folder / FILE), _explained(folder):
        return check_chain(texts_of(folder))


def entries(folder: Path) -> Iterator[Line]:
    """Every line that is one, oldest first.

    Raises:
        FootnoteError: when a file can't be read.
    """
    with _explained(folder):
        for _, text in texts_of(folder):
            with suppress(ValueError):
                yield parse_line(text)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What the system refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise FootnoteError(f"The audit log in {folder} can't be used: {error.strerror}.") from error
