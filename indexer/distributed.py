"""Indexing on Ray as the run sees it: a future for each file, in whatever process or machine it is worked on.

Ray is started with the first file that needs work, so a run over unchanged files has none. One thread sends files in
groups, another takes what comes back; the run itself decides, commits and reports in its own thread as ever. What this
module does not do: know Ray (`indexer.ray_cluster`, `indexer.ray_stream`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from indexer.elsewhere import Read
from indexer.parsing.framing import MalformedError
from indexer.preparing import Task
from indexer.recipe import Recipe, RunStoppedError
from indexer.remote_work import UNEMBEDDED, Job, MakeRecipe, encode_jobs, job_of, read_of
from indexer.stamps import Stamped
from schema import FootnoteError

if TYPE_CHECKING:
    from indexer.ray_stream import Outcome, Stream

GROUP_FILES, GROUP_BYTES = 64, 4 << 20
"""What is sent together: a group costs Ray tens of milliseconds, whatever is in it."""
LINGER_SECONDS = 0.05
"""How long a file waits for others that go with it."""
LOCAL_FILES, LOCAL_BYTES = 512, 128 << 20
CLUSTER_FILES, CLUSTER_BYTES = 4096, 512 << 20
"""What may be on its way at a time."""
END_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file that is on its way."""

    job: Job
    size: int
    stamped: Stamped
    future: Future[Read]


class Distributed:
    """The `indexer.elsewhere.Elsewhere` of Ray; to be entered, and left when the run is over.

    Args:
        cluster: have Ray within a block (`indexer.ray_cluster.joined`).
        make: makes the recipe where it is needed, on every machine.
        recipe: the recipe here.
        dimension: of its vectors.
        longest: characters of a document.
        threads: that embed in one process.
        is_large: whether there may be many machines.
    """

    def __init__(
        self,
        cluster: Callable[[], AbstractContextManager[None]],
        make: MakeRecipe,
        recipe: Recipe,
        *,
        dimension: int,
        longest: int,
        threads: int = 1,
        is_large: bool = False,
    ) -> None:
        self._cluster, self._make, self._recipe = cluster, make, recipe.name
        self._dimension, self._longest, self._threads = dimension, longest, threads
        self.most_items = CLUSTER_FILES if is_large else LOCAL_FILES
        self.most_bytes = CLUSTER_BYTES if is_large else LOCAL_BYTES
        self._stack = ExitStack()
        self._stream: Stream | None = None
        self._receiver: threading.Thread | None = None
        self._waiting: queue.Queue[_Sent | None] = queue.Queue()
        self._groups: queue.Queue[Sequence[_Sent]] = queue.Queue()
        self._open: set[Future[Read]] = set()
        self._mutex = threading.Lock()
        self._error: RunStoppedError | None = None
        self._jobs = 0

    def __enter__(self) -> Distributed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        if self._receiver and error is None:
            self._receiver.join(END_SECONDS)
        self._stack.close()
        if self._receiver:
            self._receiver.join(END_SECONDS)

    def begin(self, task: Task, *, embed: bool) -> Future[Read]:
        """Begin with a file; see `indexer.elsewhere.Elsewhere`.

        Raises:
            FootnoteError: when Ray can't be had.
        """
        self._start()
        future: Future[Read] = Future()
        with self._mutex:
            if self._error:
                raise self._error
            self._open.add(future)
        self._waiting.put(_Sent(job_of(self._jobs, task, embed=embed), task.entry.size, task.stamped, future))
        self._jobs += 1
        return future

    def _start(self) -> None:
        if self._receiver:
            return
        self._stack.enter_context(self._cluster())
        from indexer.ray_stream import Stream  # noqa: PLC0415  (Ray reads the environment when it is imported)

        self._stream = stream = Stream(self._make, self._recipe, threads=self._threads)
        self._receiver = threading.Thread(target=self._receive, args=(stream,), name="ray-results", daemon=True)
        self._receiver.start()
        threading.Thread(target=self._send, args=(stream,), name="ray-files", daemon=True).start()

    def _send(self, stream: Stream) -> None:
        """In a thread: what waits goes in groups, until there is an end of it."""
        try:
            while group := self._next_group():
                self._groups.put(group)
                stream.put(encode_jobs(one.job for one in group))
            stream.close()
        except Exception as error:  # whatever Ray raises when it is gone
            self._fail(error)

    def _next_group(self) -> list[_Sent]:
        """Files that go together; none when there will be no more."""
        group: list[_Sent] = []
        weight = 0
        while len(group) < GROUP_FILES and weight < GROUP_BYTES:
            try:
                one = self._waiting.get(timeout=LINGER_SECONDS if group else None)
            except queue.Empty:
                break
            if one is None:
                self._waiting.put(None)  # again for the next group
                break
            group.append(one)
            weight += one.size
        return group

    def _receive(self, stream: Stream) -> None:
        """In a thread: what comes back, until the stream ends."""
        try:
            for outcome in stream.outcomes():
                if outcome.stopped:
                    raise FootnoteError(outcome.stopped)
                self._settle(self._groups.get(), outcome)
            self._fail(FootnoteError("Ray ended before all was read"))
        except Exception as error:  # whatever Ray raises, in the place of every result to come
            self._fail(error)

    def _settle(self, group: Sequence[_Sent], outcome: Outcome) -> None:
        """Give each file of a group its result."""
        rows = np.frombuffer(outcome.vectors, np.float32).reshape(-1, self._dimension)
        offset = 0
        for place, (sent, reply) in enumerate(zip(group, outcome.replies, strict=True)):
            own = 0 if place in outcome.lost or not reply.get("embed") else sum(map(len, reply["spans"]))
            with self._mutex:
                self._open.discard(sent.future)
            try:
                if reply["number"] != sent.job.number:
                    raise MalformedError("It is the result of another file.")
                if place in outcome.lost:
                    raise FootnoteError(UNEMBEDDED)
                vectors = rows[offset : offset + own]
                sent.future.set_result(read_of(reply, vectors, sent.stamped, self._longest))
            except Exception as error:  # told in the file's own row
                sent.future.set_exception(error)
            offset += own

    def _fail(self, error: Exception) -> None:
        """End all that is on its way, and all that would follow."""
        text = str(error).strip().split("\n")[0][:300]
        said = text if isinstance(error, FootnoteError) else f"Ray failed ({type(error).__name__}: {text})"
        stopped = RunStoppedError(f"{said.rstrip('.')}. What was reported is in the index; run the command again.")
        with self._mutex:
            self._error = self._error or stopped
            futures, self._open = self._open, set()
        for future in futures:
            future.set_exception(self._error)
