"""Run a process and all that it starts under a limit of time, watch its memory, and leave nothing of it behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

PAGE = os.sysconf("SC_PAGE_SIZE")
EVERY_S = 0.1
MOST_SAID = 2000
MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status (negative: a signal), whether the limit ended it, and what it took.

    ``peak_mb`` is the largest sum of resident memory of the whole group that was seen, ten times a second.
    ``left`` counts processes of its group that outlived it and were killed.
    """

    status: int
    timed_out: bool
    seconds: float
    peak_mb: int
    said: str
    left: int = 0


def watch(
    command: Sequence[object],
    *,
    limit_s: float,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    is_stuck: Callable[[], bool] = lambda: False,
) -> Ended:
    """Run a command to its end or to its limit, in a session of its own that is killed as a whole.

    Args:
        command: the program and its arguments.
        limit_s: seconds that it may take.
        cwd: folder to run in.
        environment: variables besides this process's own.
        is_stuck: asked ten times a second; true ends the process as the limit does.
    """
    with TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(one) for one in command],
            cwd=cwd,
            env=os.environ | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        group = Group(process.pid)
        try:
            timed_out, seconds = _wait(process, group, limit_s, is_stuck)
        finally:
            left = group.kill()
            process.wait()
        errors.seek(max(errors.seek(0, os.SEEK_END) - MOST_SAID, 0))
        said = errors.read().decode("utf-8", "replace")
    return Ended(process.returncode, timed_out, seconds, group.peak // 2**20, said, left)


def _wait(
    process: subprocess.Popen[bytes], group: Group, limit_s: float, is_stuck: Callable[[], bool]
) -> tuple[bool, float]:
    """Whether the limit was reached, and after how many seconds it was over."""
    started = time.monotonic()
    while process.poll() is None:
        group.look()
        if time.monotonic() - started > limit_s or is_stuck():
            return True, time.monotonic() - started
        with suppress(subprocess.TimeoutExpired):
            process.wait(EVERY_S)
    return False, time.monotonic() - started


class Group:
    """A process with its descendants and its session, and the most memory that they had together."""

    def __init__(self, leader: int) -> None:
        self.leader, self.peak = leader, 0
        self._seen = {leader}

    def look(self) -> set[int]:
        """The living members; those that were seen once stay members, whoever their parent is now."""
        living = set()
        for process, parent, session in _processes():
            if self._seen & {process, parent, session}:
                living.add(process)
        self._seen |= living
        self.peak = max(self.peak, sum(map(resident, living)))
        return living

    def kill(self) -> int:
        """Kill all members; how many besides the first were still there."""
        left = 0
        for _ in range(MOST_ROUNDS):
            living = self.look() - {self.leader}
            left = max(left, len(living))
            with suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
            for one in living:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGKILL)
            if not living:
                break
            time.sleep(0.02)
        return left


def _processes() -> Iterator[tuple[int, int, int]]:
    """(process, parent, session) of all that live, zombies left out."""
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        with suppress(OSError, IndexError):
            state, parent, _, session = (entry / "stat").read_bytes().rpartition(b") ")[2].split()[:4]
            if state != b"Z":
                yield int(entry.name), int(parent), int(session)


def resident(process: int) -> int:
    """Bytes of resident memory of a process, 0 for one that is gone."""
    with suppress(OSError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_bytes().split()[1]) * PAGE
    return 0
