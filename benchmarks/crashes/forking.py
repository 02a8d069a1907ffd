"""Work in forked children that may be killed: what they said until then arrives, and the parent is never harmed.

The parent imports everything once and never opens an index itself, so that a child is a fresh process within
milliseconds. A child speaks through shared memory and not through a pipe: saying something is no system call, so the
calls of a child are those of its work alone.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schema import FootnoteError

ROOM = 32 << 20
"""Bytes that a child may say."""
LENGTH = 8

Say = Callable[[Any], None]
Work = Callable[[Say], None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: ``finished``, ``refused`` (a FootnoteError), ``failed``, ``killed`` or ``late``.

    ``message`` is the refusal or the traceback; ``said`` are the JSON values that it said before.
    """

    how: str
    message: str
    said: tuple[Any, ...]
    signal: int
    seconds: float


class Child:
    """A forked process that begins its work when it is told to.

    Args:
        work: called in the child with a function that says JSON values to the parent.
        memory: bytes of address space that it may use; 0 for any.
    """

    def __init__(self, work: Work, *, memory: int = 0) -> None:
        self._board = mmap.mmap(-1, ROOM)
        waiting, self._gate = os.pipe()
        sys.stdout.flush()
        gc.freeze()  # a collection in the child would copy the parent's pages
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            self._be(work, waiting, memory)
        os.close(waiting)

    def go(self) -> None:
        """Let the child begin."""
        os.write(self._gate, b"!")

    def kill(self) -> None:
        """SIGKILL; it is not yet waited for, so that its number can't be another's."""
        os.kill(self.pid, signal.SIGKILL)

    def said(self) -> list[Any]:
        """What it has said so far."""
        length = int.from_bytes(self._board[:LENGTH], "little")
        return [json.loads(line) for line in self._board[LENGTH : LENGTH + length].splitlines()]

    def wait(self, timeout_s: float = 60.0) -> Ended:
        """Wait for its end, and end it when it takes too long."""
        started = time.monotonic()
        descriptor = os.pidfd_open(self.pid)
        is_late = not select.select([descriptor], [], [], timeout_s)[0]
        if is_late:
            self.kill()
        _, status = os.waitpid(self.pid, 0)
        os.close(descriptor)
        os.close(self._gate)
        messages = self.said()
        self._board.close()
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        how, message = "finished", ""
        if killed:
            how = "late" if is_late else "killed"
        elif messages and isinstance(messages[-1], dict) and "ended" in messages[-1]:
            last = messages.pop()
            how, message = last["ended"], last["message"]
        return Ended(how, message, tuple(messages), killed, time.monotonic() - started)

    def _be(self, work: Work, waiting: int, memory: int) -> None:
        try:
            if memory:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.read(waiting, 1)
            work(self._say)
        except FootnoteError as error:
            self._say({"ended": "refused", "message": str(error)})
        except BaseException:
            self._say({"ended": "failed", "message": traceback.format_exc()})
        os._exit(0)

    def _say(self, value: Any) -> None:
        """Append a line; the length moves on last, so that a kill leaves nothing half said."""
        length = int.from_bytes(self._board[:LENGTH], "little")
        line = (json.dumps(value) + "\n").encode()
        self._board[LENGTH + length : LENGTH + length + len(line)] = line
        self._board[:LENGTH] = (length + len(line)).to_bytes(LENGTH, "little")


def in_child(work: Work, *, timeout_s: float = 60.0, memory: int = 0) -> Ended:
    """Do work in a child and wait for it."""
    child = Child(work, memory=memory)
    child.go()
    return child.wait(timeout_s)
