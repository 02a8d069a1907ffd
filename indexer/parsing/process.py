"""One worker as its parent sees it: start it, ask it, say how it ended, and see it gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from indexer.parsing.errors import ParserCrashedError, ParserError, ParserOutOfMemoryError, ParserUnavailableError
from indexer.parsing.folders import remove_folder
from indexer.parsing.framing import MalformedError, frame, parse_message, write_all
from indexer.parsing.guardian import BY_SIGNAL, OUT_OF_MEMORY
from indexer.parsing.limits import Limits
from indexer.parsing.listening import ClosedError, Listener
from indexer.parsing.patience import Patience, checked_progress
from indexer.parsing.watching import Usage, usage_below

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from indexer.parsing.worker import main; main(sys.argv[2])"
_START_SECONDS = 60.0
_LAST_WORDS_SECONDS = 0.5
_END_SECONDS = 5.0
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "TESSDATA_PREFIX", "TZ")

OnProgress = Callable[[int, int], None]


class Worker:
    """A process that reads one file after the other; not for several threads at a time.

    ``files`` counts what it was asked, ``seals`` names the fences around it (`sealing.seal`).

    Args:
        limits: for each file.
        loader: the module whose ``load_all`` reads a file.

    Raises:
        ParserUnavailableError: when it can't be started.
    """

    def __init__(self, limits: Limits, loader: str) -> None:
        self.files = 0
        self._limits = limits
        self._folder = ""
        try:
            self._folder = tempfile.mkdtemp(prefix="footnote-reader-")
            self._process = _start(limits, loader, self._folder)
        except OSError as error:
            remove_folder(self._folder)
            raise ParserUnavailableError(f"The process that reads files can't be started: {error}.") from error
        results, noise = _descriptor(self._process.stdout), _descriptor(self._process.stderr)
        self._listener = Listener(results, noise, self._process.pid, limits)
        try:
            self.seals = tuple(map(str, self._reply(0, Patience(_START_SECONDS)).get("seals", ())))
        except ParserError as error:
            reason = self._listener.last_line() or str(error)
            self.close()
            raise ParserUnavailableError(f"The process that reads files ended at its start: {reason}.") from error
        except BaseException:
            self.close()
            raise

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def left_files(self) -> bool:
        """Whether a parser left something in the folder of temporary files."""
        return bool(os.listdir(self._folder))  # noqa: PTH208

    def usage(self) -> Usage:
        """Its processes and their memory now; zeros where that can't be seen."""
        return usage_below(self._process.pid)

    def ask(self, request: dict[str, Any], on_progress: OnProgress = lambda *_: None) -> dict[str, Any]:
        """Send a request and wait for the reply; after any error the worker is no good any more.

        Args:
            request: without its number.
            on_progress: called with the number of a step that is done and of all, or 0, in this thread.

        Raises:
            ParserError: when it takes too long or too much, dies, or sends what is no reply.
        """
        self.files += 1
        self._listener.begin()
        with suppress(BrokenPipeError):  # its end is noticed below
            write_all(_descriptor(self._process.stdin), frame(request | {"number": self.files}))
        return self._reply(self.files, Patience(self._limits.seconds, self._limits.whole_seconds), on_progress)

    def _reply(self, number: int, patience: Patience, on_progress: OnProgress = lambda *_: None) -> dict[str, Any]:
        """The reply to the request of this number, without it."""
        try:
            while True:
                payload = self._listener.receive(patience)
                reply = parse_message(payload)
                found = reply.pop("number", None)
                if found != number or type(found) is not int:
                    raise ParserCrashedError("its reader sent a result of another file")
                told = checked_progress(reply, len(payload))
                if told is None:
                    self._listener.refuse_more()
                    return reply
                patience.renew(*told)
                on_progress(*told)
        except ClosedError as error:
            raise self._ended() from error
        except MalformedError as error:
            raise ParserCrashedError("its reader sent what is no result") from error

    def stop(self) -> None:
        """End it while another thread waits for its reply, which then never comes; `close` is still to be called."""
        if sys.platform == "linux":
            self._process.terminate()  # the guardian takes it as the order to kill
        else:
            _kill_group(self._process.pid)

    def _ended(self) -> ParserError:
        """How it ended, as the guardian's exit code says."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_WORDS_SECONDS)
        code = self._process.poll()
        if code == OUT_OF_MEMORY:
            return ParserOutOfMemoryError(self._limits.too_much_memory)
        if code == BY_SIGNAL + signal.SIGKILL:  # nobody else has a reason to
            return ParserOutOfMemoryError("its reader was ended by the system, most likely for lack of memory")
        if code is not None and (code < 0 or code > BY_SIGNAL):
            number = -code if code < 0 else code - BY_SIGNAL
            return ParserCrashedError(f"its reader crashed ({_signal_name(number)})", number)
        return ParserCrashedError("its reader ended without a result")

    def close(self) -> None:
        """See it gone, with all that it has started; does nothing the second time."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()  # the guardian takes it as the order to kill
        if sys.platform != "linux":
            _kill_group(self._process.pid)
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        remove_folder(self._folder)


def _start(limits: Limits, loader: str, folder: str) -> subprocess.Popen[bytes]:
    """Begin a worker: an isolated Python with almost no environment and no descriptors but its three pipes."""
    wanted = {"limits": asdict(limits), "loader": loader, "folder": folder, "protected": [os.getpid(), os.getpgrp()]}
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    own = {"HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(  # noqa: S603  (our own program, no shell)
        [sys.executable, "-I", "-W", "ignore", "-c", _PROGRAM, str(ROOT), json.dumps(wanted)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=folder,
        env=kept | own,
        start_new_session=True,
    )


def _kill_group(leader: int) -> None:
    """Kill a process with all that stayed in its session: where there is no guardian to do more."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _descriptor(pipe: IO[bytes] | None) -> int:
    return pipe.fileno() if pipe is not None else -1


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
