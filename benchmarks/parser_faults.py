"""A loader that does on purpose what parsers do by accident or malice: the fault that the file names in its first line.

Nothing in Footnote reaches it: it is a loader for `indexer.parsing.isolated.Parser(loader="benchmarks.parser_faults")`
in the tests and in `python -m benchmarks.faults`. All of them are bounded, should a limit fail: none fills a disk or
starts processes without end, and no signal that would hurt goes to a process that is not a parser's.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from indexer.loading.builder import TextBuilder
from indexer.loading.members import Member
from indexer.loading.time_left import is_short, progress
from indexer.parsing.errors import (
    ParserCrashedError,
    ParserExcessError,
    ParserOutOfMemoryError,
    ParserTimedOutError,
)
from indexer.parsing.framing import frame, write_all
from schema import FootnoteError

Outcome = type[FootnoteError] | None
AS_BEFORE = "As before."
_LONG = 600.0  # seconds: longer than any limit that is tried

FAULTS: dict[str, tuple[Callable[[], object], tuple[Outcome, ...]]] = {}
"""Each fault by its name: what it does, and what may come of it; ``None`` is a result."""


def load_all(path: Path, sha256: str = "") -> tuple[Member, ...]:
    """Do what the first line of a file says, then read it as if nothing had been."""
    name = path.read_text("utf-8").split("\n")[0]
    given: Any = FAULTS[name][0]() if name in FAULTS else None
    if given is not None:
        return given  # type: ignore[no-any-return]  # whatever it is
    builder = TextBuilder()
    builder.add("paragraph", AS_BEFORE)
    return (Member("", builder.build()),)


def fault(*outcomes: Outcome) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Enter a function into the table."""

    def enter(function: Callable[[], object]) -> Callable[[], object]:
        FAULTS[function.__name__] = function, outcomes
        return function

    return enter


# Time


@fault(ParserTimedOutError)
def hang() -> None:
    """Python that goes round for ever."""
    while True:
        pass


@fault(ParserTimedOutError)
def hang_in_c() -> None:
    """C that goes round for ever and lets no other thread of Python run."""
    re.match(r"(a+)+$", "a" * 64 + "b")


@fault(ParserTimedOutError)
def sleep_deaf() -> None:
    """Wait for ever, and heed no signal that can be ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    time.sleep(_LONG)


@fault(ParserTimedOutError)
def stop() -> None:
    """Stop, as by Ctrl-Z."""
    os.kill(os.getpid(), signal.SIGSTOP)


@fault(ParserCrashedError, ParserTimedOutError)
def become_another() -> None:
    """Become another program."""
    os.execv("/bin/sleep", ["sleep", str(_LONG)])  # noqa: S606


@fault(FootnoteError)
def heed_time() -> None:
    """Leave out the slow part when time is short."""
    while not is_short():
        time.sleep(0.01)
    raise FootnoteError("It was given up in time.")


@fault(None)
def get_on_slowly() -> None:
    """Take longer than a step may, in steps that may."""
    until = time.monotonic() + 1.5 * _step()
    while time.monotonic() < until:
        time.sleep(0.2 * _step())
        progress(1, 2)


@fault(ParserTimedOutError)
def get_on_and_stop() -> None:
    """Tell of progress once, then wait for ever."""
    time.sleep(0.3)
    progress(1, 2)
    time.sleep(_LONG)


@fault(ParserTimedOutError)
def get_on_endlessly() -> None:
    """Tell of progress for ever."""
    while True:
        time.sleep(0.01)
        progress(1, 2)


@fault(FootnoteError)
def heed_time_in_steps() -> None:
    """Tell of progress, and leave out the slow part when the time for all is short."""
    while not is_short():
        time.sleep(0.01)
        progress(1)
    raise FootnoteError("It was given up in time.")


@fault(ParserCrashedError)
def get_on_beyond_the_end() -> None:
    """Tell of more progress than there is."""
    _tell([3, 2])


@fault(ParserCrashedError)
def get_on_in_words() -> None:
    """Tell of progress in what are no numbers."""
    _tell(["1", True])


@fault(ParserCrashedError)
def get_on_at_length() -> None:
    """Tell of progress with 16 MB beside it."""
    _tell([1, 2, " " * (16 << 20)])


@fault(ParserCrashedError)
def get_on_with_another() -> None:
    """Tell of progress with a file that was not asked for."""
    _tell([1, 2], number=7000)


@fault(ParserExcessError)
def get_on_in_floods() -> None:
    """Tell of progress as fast as can be."""
    while True:
        _tell([1, 2])


# Memory


@fault(ParserOutOfMemoryError)
def allocate() -> None:
    """Take memory until there is none."""
    kept = []
    for _ in range(1_000_000):
        kept.append(bytearray(1 << 20))


@fault(ParserOutOfMemoryError, ParserTimedOutError)
def allocate_deaf() -> None:
    """Take memory, and go on trying when there is none."""
    kept = []
    while True:
        try:
            kept.append(bytearray(b"1" * (1 << 20)))
        except MemoryError:
            time.sleep(0.01)


@fault(ParserOutOfMemoryError)
def allocate_in_c() -> None:
    """Take memory as C++ does, which ends the process when there is none."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    for _ in range(100_000):
        place = libc.malloc(ctypes.c_size_t(1 << 20))
        if not place:
            os.abort()
        ctypes.memset(place, 1, 1 << 20)


@fault(ParserOutOfMemoryError)
def allocate_in_children() -> None:
    """Take as much memory as one process may have, in eight."""
    for _ in range(8):
        if not os.fork():
            kept = []
            while True:
                try:
                    kept.append(bytearray(b"1" * (1 << 20)))
                except MemoryError:
                    time.sleep(_LONG)
    time.sleep(_LONG)


@fault(ParserOutOfMemoryError)
def be_killed() -> None:
    """End as the system ends a process when it has no memory left."""
    os.kill(os.getpid(), signal.SIGKILL)


# Ends


@fault(ParserCrashedError)
def segfault() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


@fault(ParserCrashedError)
def abort() -> None:
    """End as C++ does with an exception that nobody catches."""
    os.abort()


@fault(ParserCrashedError)
def leave() -> None:
    """End in good order without a result."""
    os._exit(0)


@fault(ParserCrashedError)
def leave_python() -> None:
    """End Python without a result."""
    sys.exit(0)


@fault(FootnoteError)
def recurse() -> None:
    """Call itself for ever."""
    recurse()


# Output


@fault(ParserTimedOutError)
def print_endlessly() -> None:
    """Write to the standard output for ever."""
    while True:
        os.write(1, b"spam " * 10_000)


@fault(ParserExcessError)
def complain_endlessly() -> None:
    """Write to the standard error for ever."""
    while True:
        os.write(2, b"warning " * 10_000)


@fault(None)
def print_some() -> None:
    """Write a little to both, and read from the standard input."""
    print("found 3 objects")
    os.write(1, b"\0\0\0\2{}")
    sys.stderr.write("a warning\n")
    if sys.stdin.read() != "":
        os._exit(1)


@fault(FootnoteError)
def write_endlessly() -> None:
    """Write one file for ever."""
    with Path("huge").open("wb") as file:
        for _ in range(100_000):
            file.write(b"1" * (1 << 20))


@fault(None)
def nest_folders() -> None:
    """Leave folders in folders, more than a recursion reaches."""
    for _ in range(1200):
        Path("inner").mkdir()
        os.chdir("inner")


@fault(FootnoteError)
def open_many() -> None:
    """Open 100,000 files."""
    kept = [Path(__file__).open("rb") for _ in range(100_000)]  # noqa: SIM115
    kept.clear()


@fault(FootnoteError)
def long_document() -> tuple[Member, ...]:
    """Give a document longer than the limit, which is not sent."""
    builder = TextBuilder()
    builder.add("paragraph", "1" * 100_001)
    return (Member("", builder.build()),)


# Processes


@fault(ParserExcessError, ParserOutOfMemoryError)
def multiply() -> None:
    """Fork, and each of them again: 127 processes beside itself, and then no more."""
    for _ in range(7):
        os.fork()
    time.sleep(_LONG)


@fault(ParserTimedOutError)
def leave_orphan_and_hang() -> None:
    """Start a process that leaves the session and loses its parent, then wait for ever."""
    leave_orphan()
    time.sleep(_LONG)


@fault(None)
def leave_orphan() -> None:
    """Start a process that leaves the session and loses its parent, and go on as if nothing had been."""
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    sleep_deaf()


@fault(None)
def leave_zombies() -> None:
    """Start processes that end at once, and wait for none."""
    for _ in range(5):
        if not os.fork():
            os._exit(0)


@fault(FootnoteError)
def kill_parent() -> None:
    """Try to kill the process above, and ask whether the one above that, and all others, could be killed."""
    guardian = os.getppid()
    above = int(Path(f"/proc/{guardian}/stat").read_text("ascii").rpartition(")")[2].split()[1])
    for pid in (guardian, -guardian):
        _expect_refusal(lambda pid=pid: os.kill(pid, signal.SIGKILL))  # type: ignore[misc]
    for pid in (above, -1):
        _expect_refusal(lambda pid=pid: os.kill(pid, 0))  # type: ignore[misc]
    raise FootnoteError("It could kill nobody.")


@fault(FootnoteError)
def reach_out() -> None:
    """Try to use the network, and to write outside of its folder."""
    for family in (socket.AF_INET, socket.AF_INET6):
        _expect_refusal(lambda family=family: socket.socket(family, socket.SOCK_STREAM))  # type: ignore[misc]
    raise FootnoteError("It could reach nobody.")


def _expect_refusal(attempt: Callable[[], object]) -> None:
    try:
        attempt()
    except PermissionError:
        return
    os._exit(1)


# Results


@fault(FootnoteError)
def wrong_type() -> Any:
    """Give what is no members."""
    return ("not", "members")


@fault(ParserCrashedError)
def wrong_offsets() -> Any:
    """Give blocks far outside the text."""
    whole = TextBuilder()
    whole.add("paragraph", "x" * 1000)
    made = whole.build()
    object.__setattr__(made, "text", "x")
    return (Member("", made),)


@fault(ParserCrashedError)
def send_junk() -> None:
    """Write what is no message where results go."""
    os.write(_channel(), struct.pack(">I", 12) + b"\xff\x00not json" * 2)


@fault(ParserExcessError)
def send_endlessly() -> None:
    """Announce four gigabytes and begin to send them."""
    channel = _channel()
    os.write(channel, struct.pack(">I", 0xFFFFFFFF))
    while True:
        os.write(channel, b"1" * 60_000)


@fault(ParserCrashedError)
def send_huge_number() -> None:
    """Send a result with a number of a million digits."""
    _forge('{"number":NUMBER,"members":' + "9" * 1_000_000 + "}")


@fault(ParserCrashedError)
def send_another() -> None:
    """Send the result of a file that was not asked for."""
    _forge('{"number":7000,"refused":"No."}')


@fault(ParserCrashedError)
def send_nested() -> None:
    """Send a result that is nested a hundred thousand times."""
    _forge('{"number":NUMBER,"members":' + "[" * 100_000 + "]" * 100_000 + "}")


@fault(ParserCrashedError)
def send_many_pieces() -> None:
    """Send a result that would take thirty times its size when parsed."""
    _forge('{"number":NUMBER,"members":[' + "[]," * 5_000_000 + "[]]}")


@fault(ParserCrashedError)
def send_forged_boxes() -> None:
    """Send a document whose boxes would unpack to more than it has characters."""
    page = [0, 1, "", 0, "", 1.0, 1.0]
    document = {"text": "eA==", "kinds": "1", "levels": "0", "offsets": "AAAAAAEAAAA=", "pages": [page], "title": None}
    rest = {"date": None, "warnings": [], "metadata": {}, "hidden": 0, "boxes": ["eJxjYGBgAAAABQAB"]}
    _forge(json.dumps({"number": 0, "members": [{"name": "", "problem": "", "extraction": document | rest}]}))


@fault(ParserCrashedError)
def send_twice() -> None:
    """Send two results at once."""
    one = frame({"number": _number(), "refused": "One."})
    os.write(_channel(), one + one)
    time.sleep(_LONG)


@fault(None, ParserCrashedError)
def send_late() -> None:
    """Send a result of its own just after the true one."""
    channel, late = _channel(), frame({"number": _number(), "refused": "Late."})
    threading.Timer(0.05, lambda: os.write(channel, late)).start()


@fault(ParserCrashedError, ParserTimedOutError)
def close_all() -> None:
    """Close every descriptor, and wait for ever."""
    os.closerange(0, 1024)
    time.sleep(_LONG)


def _forge(text: str) -> None:
    """Send a message of one's own in the place of the result."""
    payload = text.replace("NUMBER", str(_number())).encode("ascii")
    data = struct.pack(">I", len(payload)) + payload
    channel = _channel()
    while data:
        data = data[os.write(channel, data) :]
    time.sleep(_LONG)


def _tell(told: list[object], number: int | None = None) -> None:
    """Send a sign of progress of one's own."""
    write_all(_channel(), frame({"number": _number() if number is None else number, "progress": told}))


def _step() -> float:
    """Seconds that a step may take."""
    return float(_worker().f_locals["limits"].seconds)


def _channel() -> int:
    """Where the worker writes its results, as a hostile parser would find it."""
    return int(_worker().f_locals["replies"])


def _number() -> int:
    return int(_worker().f_locals["request"]["number"])


def _worker() -> FrameType:
    one: FrameType | None = sys._getframe()
    while one is not None and "replies" not in one.f_locals:
        one = one.f_back
    if one is None:
        raise RuntimeError("This loader runs in a worker only.")
    return one
