"""The small process between the one that answers and the one that parses: it outlives its worker and sees to the end.

It runs no parser, so nothing in a file can stop it. Whatever a parser starts stays below it, also a process that went
into a session of its own and lost its parent: on Linux a "child subreaper" (prctl(2)) inherits such orphans. When the
worker ends, at SIGTERM, or when the pipe of requests is closed, which the kernel also does when the one that answers is
killed, it kills all that is below it, removes the folder of temporary files and ends.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
from contextlib import suppress

from indexer.parsing.folders import remove_folder
from indexer.parsing.limits import Limits
from indexer.parsing.watching import descendants

OUT_OF_MEMORY = 100
"""The exit code for a worker that a signal ended near its limit of memory."""
BY_SIGNAL = 128
"""Added to the number of any other signal that ended the worker."""
_REQUESTS = 0
_HEARD = (signal.SIGCHLD, signal.SIGTERM)
_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36


def guarded(limits: Limits, folder: str) -> None:
    """Put a guardian between this process and its parent: returns in the worker, and never in the guardian.

    Where there is no such thing as a subreaper (macOS) it returns at once, without one.

    Args:
        limits: the worker's.
        folder: of temporary files, for the guardian to remove.
    """
    if sys.platform != "linux":
        return
    prctl = ctypes.CDLL(None).prctl
    prctl(_SET_SUBREAPER, 1, 0, 0, 0)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    for number in _HEARD:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    guardian = os.getpid()
    worker = os.fork()
    if worker:
        os._exit(_watch(worker, woken, limits, folder))
    signal.set_wakeup_fd(-1)
    for number in _HEARD:
        signal.signal(number, signal.SIG_DFL)
    os.close(woken)
    os.close(wake)
    os.setsid()
    prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)  # of the guardian's only thread
    if os.getppid() != guardian:
        os._exit(1)


def _watch(worker: int, woken: int, limits: Limits, folder: str) -> int:
    """Wait for the worker's end or for the parent's wish; the exit code that says which."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):  # else the parent would not see the worker's ends of the pipes close
        os.dup2(nothing, descriptor)
    poll = select.poll()
    poll.register(_REQUESTS, 0)  # a hang-up is always told; the requests are the worker's to read
    poll.register(woken, select.POLLIN)
    code, is_over = None, False
    while code is None and not is_over:
        ready = [descriptor for descriptor, _ in poll.poll()]
        heard = os.read(woken, 4096) if woken in ready else b""
        code = _reap(worker, limits)
        is_over = _REQUESTS in ready or signal.SIGTERM in heard
    _end_descendants()
    os.chdir("/")
    remove_folder(folder)
    return code or 0


def _reap(worker: int, limits: Limits) -> int | None:
    """Take leave of all that has ended; the code for the worker when it has."""
    code = None
    with suppress(ChildProcessError):
        while True:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == worker:
                code = _code(os.waitstatus_to_exitcode(status), used.ru_maxrss * 1024, limits)
    return code


def _code(ended: int, most_memory: int, limits: Limits) -> int:
    if ended >= 0:
        return min(ended, BY_SIGNAL - 1)
    return OUT_OF_MEMORY if most_memory > 0.9 * limits.memory else BY_SIGNAL - ended


def _end_descendants() -> None:
    """Kill all that is below, again and again until nothing is: orphans come up while their parents fall."""
    with suppress(ChildProcessError):
        while True:
            for pid in descendants(os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
