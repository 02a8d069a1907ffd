"""What a process has started, and how much memory it all takes, as Linux tells; elsewhere nothing is seen."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclass(frozen=True, slots=True)
class Usage:
    """How many processes there are below one, and their private memory together, in bytes."""

    processes: int
    memory: int


def usage_below(pid: int) -> Usage:
    """What all the descendants of a process use now; itself not counted."""
    below = descendants(pid)
    return Usage(len(below), sum(map(_memory, below)))


def descendants(pid: int) -> list[int]:
    """The process ids below one, parents before children. What has ended meanwhile is left out."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = _children(waiting.pop())
        found += children
        waiting += children
    return found


def _children(pid: int) -> list[int]:
    """The children of all threads of a process (proc(5), which says that the list is exact only while they rest)."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_bytes().split())
    return found


def _memory(pid: int) -> int:
    """Resident memory that is not shared with others, in bytes; 0 for a process that has ended."""
    with suppress(OSError, ValueError, IndexError):
        resident, shared = Path(f"/proc/{pid}/statm").read_bytes().split()[1:3]
        return (int(resident) - int(shared)) * _PAGE
    return 0
