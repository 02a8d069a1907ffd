"""What reading one file may cost, and how a process holds itself to it for good before it opens the first file."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from indexer.loading.members import Member
from schema import FootnoteError

MEGABYTE = 2**20
_MAPPED_MB = 1024  # address space beside the memory: libraries, mapped files and stacks that are never touched


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost.

    ``seconds`` are those that a user waits, not the processor's, from one sign of progress to the next: for the file as
    a whole, unless its loader tells of steps. ``whole_seconds`` are for all of them. ``memory_mb`` is private memory in
    MiB, of the process and of all that it starts. ``output_mb`` bounds the result as it travels, ``noise_mb`` what a
    parser may print, ``file_mb`` each file that it writes. ``characters`` is the longest document.
    """

    seconds: float = 60.0
    memory_mb: int = 1024
    characters: int = 10_000_000
    output_mb: int = 128
    noise_mb: int = 4
    file_mb: int = 256
    open_files: int = 256
    processes: int = 32
    whole_seconds: float = 7200.0

    @property
    def memory(self) -> int:
        """Bytes of private memory."""
        return self.memory_mb * MEGABYTE

    @property
    def too_much_memory(self) -> str:
        """What to say of a file that broke this limit."""
        return f"reading it took more than {self.memory_mb} MB of memory (setting file_memory_mb)"


def apply_limits(limits: Limits) -> None:
    """Hold this process, and all that it starts, to the limits that the kernel can hold.

    macOS takes those on memory without keeping them; the time limit, which the parent holds, needs none of this.
    """
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  (not everywhere)

    wanted = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_AS: limits.memory + _MAPPED_MB * MEGABYTE,
        resource.RLIMIT_FSIZE: limits.file_mb * MEGABYTE,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        _, most = resource.getrlimit(kind)
        kept = value if most == resource.RLIM_INFINITY else min(value, most)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (kept, kept))


def renew_processor_time(limits: Limits) -> None:
    """Give the next step its share of the processor: a second belt, for when the parent can't keep the clock."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415

    share = math.ceil(limits.seconds * (os.cpu_count() or 1)) + 1
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(time.process_time()) + share
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def without_long(members: Sequence[Member], most: int) -> tuple[Member, ...]:
    """The members, with the reason in the place of each text that is too long to index in reasonable time.

    Raises:
        FootnoteError: when the file is one document and that is too long.
    """
    checked = tuple(_checked_length(member, most) for member in members)
    if len(checked) == 1 and members[0].extraction and checked[0].problem:
        raise FootnoteError(checked[0].problem)
    return checked


def _checked_length(member: Member, most: int) -> Member:
    if member.extraction is None or len(member.extraction.text) <= most:
        return member
    problem = (
        f"It has {len(member.extraction.text):,} characters; the limit is {most:,} (setting max_characters): "
        "split it, or raise the limit."
    )
    return Member(member.name, None, problem)
