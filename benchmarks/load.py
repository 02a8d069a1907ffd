"""Many people at once: streams, a burst, four questions to the real model, and an index that changes meanwhile.

    python -m benchmarks.load [--only streams burst four swap] [--streams 200] [--burst 500] [--swap-seconds 600]

The server is the real one, with the real desk, line, quotas and audit log, in a process of its own. In ``streams`` and
``burst`` a stub stands for search and model: quotes at once, then 100 words a second. ``four`` asks the default model
over samples/; ``swap`` changes an index from another process, once a second, while 20 threads ask it for quotes.
Clients run on the same machine, so they take their part of it. Writes benchmarks/results/load.json, part by part.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from access.audit import verify
from benchmarks.answering import ROOT, machine, resident_mb, spread
from benchmarks.load_stub import STUB_QUESTION, put_generation
from pipeline import Footnote
from schema import FootnoteError
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "load.json"
FOUR = (
    "When was the strategy published?",
    "Which three things did the ABPI welcome?",
    "Which two things are still to come on data?",
    "Who leads the ABPI?",
)
SWAP_THREADS = 20
PATIENCE_S = 300.0
LONGEST_LINE = 2**24


@dataclass(slots=True)
class Seen:
    """What one client saw of its answer, in seconds from its request; ``None`` for what never came."""

    status: int = 0
    begun: float | None = None
    quotes: float | None = None
    first_token: float | None = None
    end: float | None = None
    retry_after: str = ""
    last: str = ""
    places: list[int] = field(default_factory=list)
    error: str = ""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--streams", type=int, default=200, help="streams at once")
    parser.add_argument("--words", type=int, default=300, help="of a stub's answer in streams")
    parser.add_argument("--burst", type=int, default=500, help="questions at once")
    parser.add_argument("--swap-seconds", type=int, default=600, help="of changing the index once a second")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    record: dict[str, Any] = json.loads(arguments.out.read_text("utf-8")) if arguments.out.exists() else {}
    for part in arguments.only:
        record[part] = {"machine": machine(), **PARTS[part](arguments)}
        arguments.out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        print(json.dumps({part: record[part]}, indent=2), flush=True)


# Parts


def streams(arguments: argparse.Namespace) -> dict[str, Any]:
    """So many streams at once, with room for all of them: time to the first word, and errors."""
    with stubbed(slots=arguments.streams, waiting=0, words=arguments.words) as server:
        before = server.resident_mb()
        seen = asyncio.run(ask_all(server.address, [STUB_QUESTION] * arguments.streams))
        after = server.resident_mb()
    return {
        "streams": arguments.streams,
        "words_each": arguments.words,
        "complete": sum(one.last == "answer" for one in seen),
        "errors": errors_of(seen),
        "quotes_ms": times(seen, "quotes"),
        "first_token_ms": times(seen, "first_token"),
        "end_ms": times(seen, "end"),
        "resident_mb": {"before": before, "after": after},
        "audit": server.audit,
    }


def burst(arguments: argparse.Namespace) -> dict[str, Any]:
    """So many questions at once to a line of 4 and 50: which are answered or refused, how soon, and what stays."""
    with stubbed(slots=4, waiting=50, words=30) as server:
        before = server.resident_mb()
        seen = asyncio.run(ask_all(server.address, [STUB_QUESTION] * arguments.burst))
        after = server.resident_mb()
        started = time.monotonic()
        again = asyncio.run(ask_all(server.address, [STUB_QUESTION]))
        recovered = time.monotonic() - started
    refused = [one for one in seen if one.status == 503]
    return {
        "questions": arguments.burst,
        "answered": sum(one.last == "answer" for one in seen),
        "refused": len(refused),
        "refused_with_retry_after": sum(one.retry_after.isdecimal() for one in refused),
        "errors": errors_of(seen, allowed={200, 503}),
        "decided_ms": times(seen, "begun"),
        "places_told": {"first": spread([one.places[0] for one in seen if one.places])},
        "waited_untold": sum(waited_untold(one) for one in seen),
        "next_answer_s": round(recovered, 2) if again[0].last == "answer" else None,
        "resident_mb": {"before": before, "after": after},
        "audit": server.audit,
    }


def four(_: argparse.Namespace) -> dict[str, Any]:
    """Four people ask the default model at once: when their quotes come, which places they are told, and the end."""
    with tempfile.TemporaryDirectory() as folder:
        index = ["--index", f"{folder}/index"]
        subprocess.run([*CLI, "index", str(ROOT / "samples"), *index], check=True, capture_output=True, cwd=folder)
        with served([*CLI, "serve", "--port", "0", *index], folder, skip="Footnote is ready: ") as server:
            asyncio.run(ask_all(server.address, [FOUR[0]]))  # the first question is slower than the others
            seen = asyncio.run(ask_all(server.address, FOUR))
    return {
        "people": [
            {name: value if name == "places" else rounded(value) for name, value in asdict(one).items()} for one in seen
        ],
        "errors": errors_of(seen),
        "waited_untold": max(0, sum(one.first_token is not None and not one.places for one in seen) - 1),
    }


def swap(arguments: argparse.Namespace) -> dict[str, Any]:
    """An index changed once a second by another process while threads ask it: errors, mixtures, times, memory."""
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = load_settings({"index": Path(folder) / "index", "llm": "none"})
        with quiet_footnote(settings) as footnote:
            put_generation(footnote, 0)
            footnote.warm_up()
            still = Counting(footnote)
            still.run(max(5.0, arguments.swap_seconds / 20))
            before = resident_mb()
            command = [sys.executable, "-m", "benchmarks.load_stub", "swap", folder, str(arguments.swap_seconds)]
            with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as swapper:
                moving = Counting(footnote)
                moving.run(None, swapper)
                swaps = int((swapper.stdout.read() if swapper.stdout else "").split()[-1])
            return {
                "threads": SWAP_THREADS,
                "seconds": arguments.swap_seconds,
                "swaps": swaps,
                "answers": len(moving.seconds),
                "generations_answered_from": len(moving.generations),
                "errors": dict(moving.errors),
                "mixed": moving.mixed,
                "answer_ms": spread([1000 * one for one in moving.seconds]),
                "answer_ms_without_swaps": spread([1000 * one for one in still.seconds]),
                "resident_mb": {"before": before, "after": resident_mb()},
            }


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "streams": streams, "burst": burst, "four": four, "swap": swap
}  # fmt: skip
CLI = [sys.executable, str(ROOT / "cli.py")]


class Counting:
    """Threads that ask for quotes all the time, and what became of it."""

    def __init__(self, footnote: Footnote) -> None:
        self.footnote = footnote
        self.seconds: list[float] = []
        self.errors: Counter[str] = Counter()
        self.mixed = 0
        self.generations: set[str] = set()
        self._over = threading.Event()

    def run(self, seconds: float | None, process: subprocess.Popen[str] | None = None) -> None:
        """Ask for so many seconds, or until a process has ended."""
        threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(SWAP_THREADS)]
        for thread in threads:
            thread.start()
        if process is not None:
            process.wait()
        else:
            time.sleep(seconds or 0.0)
        self._over.set()
        for thread in threads:
            thread.join(PATIENCE_S)

    def _ask(self) -> None:
        while not self._over.is_set():
            started = time.monotonic()
            try:
                answer = self.footnote.answer("Which dose of aspirin inhibits platelets?", quotes_only=True)
            except FootnoteError as error:
                self.errors[str(error)[:80]] += 1
                continue
            self.seconds.append(time.monotonic() - started)
            found = {passage.chunk.text.split(":")[0] for passage in answer.passages}
            self.mixed += len(found) > 1
            self.generations |= found


@contextmanager
def quiet_footnote(settings: Any) -> Iterator[Footnote]:
    """An index with its models, closed afterwards."""
    footnote = Footnote(settings, create=True)
    try:
        yield footnote
    finally:
        footnote.close()


# The server


@dataclass(slots=True)
class Server:
    """A server in a process of its own; ``audit`` is filled when it has ended."""

    address: str
    process: subprocess.Popen[str]
    audit: dict[str, Any] = field(default_factory=dict)

    def resident_mb(self) -> int:
        """Its resident memory now, in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


@contextmanager
def stubbed(*, slots: int, waiting: int, words: int) -> Iterator[Server]:
    """A server over a stub, with an audit log that is checked afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.load_stub", "serve", folder, *map(str, (slots, waiting, words))]
        with served(command, str(ROOT)) as server:
            yield server
        verdict = verify(Path(folder))
        server.audit = {"lines": verdict.lines, "fault": verdict.fault}


@contextmanager
def served(command: list[str], folder: str, *, skip: str = "") -> Iterator[Server]:
    """A server's process, which ends with the block; its last line of output is its address."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield Server(line.removeprefix(skip).split()[0], process)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


# The clients


async def ask_all(address: str, questions: Any) -> list[Seen]:
    """Ask all of them at once over server-sent events."""
    return list(await asyncio.gather(*(ask(address, question) for question in questions)))


async def ask(address: str, question: str) -> Seen:
    """Ask once and note when what comes; over a bare socket, since a client's library takes as long as the server."""
    seen, started = Seen(), time.monotonic()
    url, body = urlsplit(address), json.dumps({"question": question}).encode()
    head = f"POST /api/v1/ask HTTP/1.0\r\nhost: {url.netloc}\r\naccept: text/event-stream\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    try:
        reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=LONGEST_LINE)
        writer.write(head.encode() + body)
        async with asyncio.timeout(PATIENCE_S):
            await read_head(reader, seen, started)
            async for line in reader:
                note(seen, line.decode().rstrip(), time.monotonic() - started)
        writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        seen.error = repr(error)
    seen.end = time.monotonic() - started
    return seen


async def read_head(reader: asyncio.StreamReader, seen: Seen, started: float) -> None:
    """Read up to the empty line: the status, and when to come again."""
    first = await reader.readline()
    seen.status, seen.begun = int(first.split()[1]), time.monotonic() - started
    while line := (await reader.readline()).decode().strip():
        name, _, value = line.partition(":")
        if name.lower() == "retry-after":
            seen.retry_after = value.strip()


def note(seen: Seen, line: str, now: float) -> None:
    """What one line of a stream says."""
    if line.startswith("event: "):
        seen.last = line.removeprefix("event: ")
        if seen.last == "quotes":
            seen.quotes = now
        elif seen.last in ("token", "sentence") and seen.first_token is None:
            seen.first_token = now
    elif line.startswith("data: ") and seen.last == "waiting":
        seen.places.append(json.loads(line.removeprefix("data: "))["place"])


def errors_of(seen: list[Seen], allowed: frozenset[int] | set[int] = frozenset({200})) -> dict[str, int]:
    """What went wrong, and how often."""
    wrong: Counter[str] = Counter()
    for one in seen:
        if one.error or one.status not in allowed:
            wrong[one.error or f"status {one.status}"] += 1
        elif one.status == 200 and one.last != "answer":
            wrong[f"ended with {one.last or 'nothing'}"] += 1
    return dict(wrong)


def waited_untold(one: Seen) -> bool:
    """Whether more than a second passed between quotes and answer, and no place was told."""
    return one.quotes is not None and (one.first_token or one.quotes) - one.quotes > 1 and not one.places


def times(seen: list[Seen], name: str) -> dict[str, float]:
    """The spread of one time in milliseconds."""
    return spread([None if (value := getattr(one, name)) is None else 1000 * value for one in seen])


def rounded(value: Any) -> Any:
    """Seconds to the hundredth; anything else as it is."""
    return round(value, 2) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
