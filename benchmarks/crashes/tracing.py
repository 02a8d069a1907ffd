"""strace around a forked child: which calls it made, and the same run with a signal or an error at one of them.

A signal is delivered as the call is entered, so the call itself does not happen: killed at each call in turn, a child
leaves every state of its files that there is between two of them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from benchmarks.crashes.forking import Child, Ended, Work

CALLS = (
    *("write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "rename", "renameat", "renameat2"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "ftruncate", "truncate", "fallocate", "fchmod", "fchown", "link"),
)
"""Every call by which the content, the name or the rights of a file change, or reach the disk."""

_CALL = re.compile(r"^\d+ +(\w+)\(")


def strace() -> str | None:
    """Where strace is; ``None`` when it isn't installed."""
    return shutil.which("strace")


def counted(work: Work, log: Path) -> tuple[Counter[str], Ended]:
    """How often each of `CALLS` is made by some work, and how it ended."""
    ended = traced(work, ["-e", f"trace={','.join(CALLS)}", "-o", str(log)])
    lines = log.read_text("utf-8", "replace").splitlines()
    return Counter(match[1] for line in lines if (match := _CALL.match(line))), ended


def injected(work: Work, call: str, what: str, when: str) -> Ended:
    """The work with ``what`` (``signal=KILL``, ``error=EIO``) at some of its calls (``3``, or ``3+`` for the rest)."""
    inject = f"inject={call}:{what}:when={when}"
    return traced(work, ["-e", f"trace={call}", "-e", inject, "-o", "/dev/null"])


def traced(work: Work, options: list[str], *, timeout_s: float = 60.0) -> Ended:
    """Do work in a child that strace watches from its first step to its end."""
    child = Child(work)
    command = [strace() or "strace", "-f", *options, "-p", str(child.pid)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as tracer:
        try:
            line = tracer.stderr.readline() if tracer.stderr else ""
            if "attached" not in line:
                child.kill()
                raise OSError(f"strace does not work here: {line.strip()}")
            child.go()
        finally:
            ended = child.wait(timeout_s)
        if tracer.stderr:
            tracer.stderr.read()
    return ended
