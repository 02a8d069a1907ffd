"""Parse files as if by a function call: `Parser` keeps a few workers, replaces them, and turns faults into refusals."""

from __future__ import annotations

import base64
import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from indexer.loading import printable
from indexer.loading.members import Member
from indexer.parsing.errors import (
    ParserCrashedError,
    ParserError,
    ParserExcessError,
    ParserOutOfMemoryError,
    ParserTimedOutError,
    ParserUnavailableError,
)
from indexer.parsing.framing import MalformedError
from indexer.parsing.limits import Limits
from indexer.parsing.patience import described
from indexer.parsing.process import Worker
from indexer.parsing.wire import members_from_json, short_text
from indexer.stamps import ChangedError
from schema import FootnoteError

FILES_PER_WORKER = 500
_PNG = b"\x89PNG\r\n\x1a\n"

_Result = TypeVar("_Result")


class Parser:
    """Reads files in processes of their own; for any number of threads, of which the first ``workers`` don't wait.

    A process is started when there is a file for it, lives for many files, and is replaced after ``files_per_worker``,
    after any fault, and when much of its memory, a process or a file of its own stays behind. All are gone when the
    parser is closed, or when this process ends, however it ends.

    Args:
        limits: for each file.
        workers: most processes at a time.
        loader: the module whose ``load_all(path)`` reads a file; another than ours is for trying faults.
        files_per_worker: after how many files a process is replaced.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int = 1,
        loader: str = "indexer.loading",
        files_per_worker: int = FILES_PER_WORKER,
    ) -> None:
        self._limits, self._loader, self._files_per_worker = limits or Limits(), loader, files_per_worker
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        self._free = threading.BoundedSemaphore(workers)
        self._closed = self._stopped = False
        self._busy: set[Worker] = set()
        self._reading: dict[Path, tuple[int, int]] = {}

    def __enter__(self) -> Parser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(at_once=error is not None)

    def close(self, *, at_once: bool = False) -> None:
        """End the processes: idle ones now, busy ones after their file, or now too; their files are refused then."""
        self._closed, self._stopped = True, at_once or self._stopped
        self._end_idle()
        if self._stopped:
            for worker in tuple(self._busy):
                worker.stop()

    def parse(self, path: Path, sha256: str = "") -> tuple[Member, ...]:
        """Read one file and, when it is a container, the documents in it.

        Args:
            path: of the file.
            sha256: of the file that is meant; of any when it is not given.

        Raises:
            FootnoteError: when nothing of it can be read, with the reason and what to do.
            ChangedError: a FootnoteError too, when what was read is another file.
            ParserError: a FootnoteError too, when reading it broke a limit or the process.
        """
        limit = self._limits.characters
        try:
            request = {"do": "parse", "sha256": sha256}
            return self._ask(path, request, lambda reply: members_from_json(_only(reply, "members"), limit))
        finally:
            self._reading.pop(path, None)

    def reading(self, path: Path) -> str:
        """How far a file is that `parse` is reading in another thread, such as ``page 12 of 240``; or nothing."""
        told = self._reading.get(path)
        return described(*told) if told else ""

    def picture(self, path: Path, page: int, sha256: str) -> bytes:
        """A page of a PDF, from 1, as a PNG file; ``sha256`` is of the file that is meant.

        Raises:
            FootnoteError: when the file is another one by now, or can't be shown.
            ParserError: as for `parse`.
        """
        return self._ask(path, {"do": "picture", "page": page, "sha256": sha256}, _png)

    def _ask(self, path: Path, request: dict[str, Any], result_of: Callable[[dict[str, Any]], _Result]) -> _Result:
        """The result that a worker's reply holds, or its refusal."""
        place = base64.b64encode(os.fsencode(os.path.abspath(path))).decode("ascii")  # noqa: PTH100
        with self._free:
            outcome = self._read(path, request | {"path": place}, result_of)
        if isinstance(outcome, FootnoteError):
            raise outcome
        return outcome

    def _read(
        self, path: Path, request: dict[str, Any], result_of: Callable[[dict[str, Any]], _Result]
    ) -> _Result | FootnoteError:
        """Ask a worker, and then a fresh one when the fault may be that of an earlier file."""
        while True:
            worker = self._take()
            try:
                outcome = self._outcome(self._reply(worker, path, request), result_of)
            except ParserError as error:
                worker.close()
                if self._stopped:
                    raise ParserError(f"{printable(path.name)} was not read: reading was stopped.") from error
                if worker.files == 1 or isinstance(error, ParserTimedOutError | ParserExcessError):
                    raise _about(path, error) from error
            except BaseException:  # an interruption: what the worker is doing now nobody waits for
                worker.close()
                raise
            else:
                self._give_back(worker)
                return outcome

    def _reply(self, worker: Worker, path: Path, request: dict[str, Any]) -> dict[str, Any]:
        """A worker's reply, unless reading is stopped before or meanwhile."""
        self._busy.add(worker)
        try:
            if self._stopped:
                raise ParserError("reading was stopped")
            return worker.ask(request, lambda done, total: self._reading.update({path: (done, total)}))
        finally:
            self._busy.discard(worker)

    def _outcome(
        self, reply: dict[str, Any], result_of: Callable[[dict[str, Any]], _Result]
    ) -> _Result | FootnoteError:
        """What a reply says: its result, or the reason why the file is refused."""
        if reply == {"memory": True}:
            raise ParserOutOfMemoryError(self._limits.too_much_memory)
        if reply == {"changed": True}:
            return ChangedError()
        try:
            return FootnoteError(short_text(reply["refused"])) if reply.keys() == {"refused"} else result_of(reply)
        except MalformedError as error:
            raise ParserCrashedError("its reader sent what is no result") from error

    def _take(self) -> Worker:
        """A worker that can be asked: one that waits, or a new one."""
        while True:
            try:
                worker = self._idle.get_nowait()
            except queue.Empty:
                return Worker(self._limits, self._loader)
            if worker.is_alive():
                return worker
            worker.close()

    def _give_back(self, worker: Worker) -> None:
        """Keep a worker for the next file, unless it is old, large, not alone, untidy or not wanted any more."""
        usage = worker.usage()
        is_large = usage.memory > self._limits.memory / 2
        if worker.files >= self._files_per_worker or usage.processes > 1 or is_large or worker.left_files():
            worker.close()
            return
        self._idle.put(worker)
        if self._closed:
            self._end_idle()

    def _end_idle(self) -> None:
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return


def _only(reply: dict[str, Any], name: str) -> Any:
    """The one field of a reply."""
    if reply.keys() != {name}:
        raise MalformedError("It is no reply.")
    return reply[name]


def _png(reply: dict[str, Any]) -> bytes:
    try:
        picture = base64.b64decode(_only(reply, "picture"), validate=True)
    except (TypeError, ValueError) as error:
        raise MalformedError("It is no picture.") from error
    if not picture.startswith(_PNG):
        raise MalformedError("It is no picture.")
    return picture


def _about(path: Path, error: ParserError) -> ParserError:
    """The same error as a whole sentence about the file; what is wrong with the installation stays as it is."""
    if isinstance(error, ParserUnavailableError):
        return error
    text = f"{printable(path.name)} can't be read: {error}. It was stopped, and the other files are not affected."
    if isinstance(error, ParserCrashedError):
        return ParserCrashedError(text, error.signal)
    return type(error)(text)
