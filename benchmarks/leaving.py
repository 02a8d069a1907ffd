"""How long a language model goes on after its reader has left: over a socket, at three moments, a hundred times.

    python -m benchmarks.leaving [--clients 100] [--model-clients 12] [--index FOLDER]

Clients close their connection before the first word, in the middle of the stream, and while they wait for an answer
without a stream, from a real server. The first hundred meet a stub of an assistant that counts each step that its model
makes (one each 10 ms, half of them reading); a few more meet the default model over samples/, when its weights are
there. Counts who stopped the steps within a second, looks whether the threads are back where they were, and writes
benchmarks/results/leaving.json.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import schema
from benchmarks.answering import ROOT, machine, spread
from benchmarks.stopping import ENGINE_THREAD
from pipeline import Footnote
from settings import load_settings
from web.server import serve

RESULTS = Path(__file__).parent / "results" / "leaving.json"
MOMENTS = ("before the first word", "in the stream", "without a stream")
QUESTION = "Which four uses of genomic testing does the strategy name, and in which order are they named?"
STEP_S, READING, WRITING = 0.01, 100, 100
LIMIT_S, PATIENCE_S = 1.0, 30.0
TIMINGS = schema.Timings(1.0, None, 2.0, None, None)
FINGERPRINT = schema.Fingerprint("i", "e", "none", "stub", "p")


@dataclass
class Stub:
    """An assistant whose model reads for a hundred steps and writes for a hundred, and counts them."""

    steps: int = 0
    at_work: int = 0

    def ask(self, question: str, *, stop: threading.Event, line_up: Callable[[], Any], **_: Any) -> Iterator[Any]:
        """The events of an answer that says nothing."""
        yield schema.QuotesFound((), ())
        yield from line_up()
        self.at_work += 1
        try:
            for number in range(READING + WRITING):
                if stop.wait(STEP_S):
                    break
                self.steps += 1
                if number >= READING:
                    yield schema.Token("word ")
        finally:
            self.at_work -= 1
        yield schema.Answered(schema.Answer(question, "", False, "", (), (), (), (), TIMINGS, FINGERPRINT))

    def view(self, _: frozenset[str]) -> Stub:
        """Everybody sees the same."""
        return self

    def sources(self) -> list[schema.SourceInfo]:
        """No documents."""
        return []

    def status(self) -> str:
        """Who answers."""
        return "A stub."

    def is_idle(self) -> bool:
        """Whether no answer makes steps."""
        return self.at_work == 0


@dataclass(frozen=True, slots=True)
class Left:
    """One client that left: when, and the milliseconds until nothing was decoded any more; ``None``: it went on."""

    moment: str
    stopped_ms: float | None


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100, help="that leave the stub")
    parser.add_argument("--model-clients", type=int, default=12, help="that leave the default model; 0: none")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-leaving"), help="folder of the index")  # noqa: S108
    arguments = parser.parse_args()
    record: dict[str, Any] = {"machine": machine()}
    stub = Stub()
    record["stub"] = leave_often(stub, stub.is_idle, arguments.clients)
    record["stub"]["steps"] = {"made": stub.steps, "of": (READING + WRITING) * (arguments.clients + 1)}
    if arguments.model_clients:
        record["model"] = leave_model(arguments.index, arguments.model_clients)
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def leave_model(index: Path, clients: int) -> dict[str, Any] | None:
    """The same with the default model over the samples; ``None`` where there is no model."""
    settings, _ = load_settings({"index": index})
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    if footnote.engine is None:
        footnote.close()
        return None
    record = {"llm": footnote.status()} | leave_often(footnote, engine_is_idle, clients)
    footnote.close()
    return record


def engine_is_idle() -> bool:
    """Whether no thread of a language model decodes."""
    return all(thread.name != ENGINE_THREAD for thread in threading.enumerate())


def leave_often(service: Any, is_idle: Callable[[], bool], clients: int) -> dict[str, Any]:
    """Let clients leave a server over this service one after the other, and count."""
    address = started(service)
    chance = random.Random(1)  # noqa: S311  (moments of an answer, not secrets)
    leave(address, MOMENTS[0], is_idle, chance)  # whatever a server makes once is made now
    base = threading.active_count()
    rounds = [leave(address, MOMENTS[number % 3], is_idle, chance) for number in range(clients)]
    until(lambda: threading.active_count() <= base, LIMIT_S)
    moments = {moment: counted([one for one in rounds if one.moment == moment]) for moment in MOMENTS}
    threads = {"before": base, "after": threading.active_count()}
    return {"all": counted(rounds), "moments": moments, "threads": threads}


def counted(rounds: Sequence[Left]) -> dict[str, Any]:
    """How many there were, how many had stopped the decoding within a second, and how soon, in milliseconds."""
    known = [one.stopped_ms for one in rounds if one.stopped_ms is not None]
    within = sum(stopped <= LIMIT_S * 1000 for stopped in known)
    return {"clients": len(rounds), "stopped_within_1_s": within, "stopped_ms": spread(known)}


def started(service: Any) -> str:
    """The address of a server over this service, which runs until this process ends."""
    told: list[str] = []
    ready = threading.Event()

    def announce(address: str) -> None:
        told.append(address)
        ready.set()

    options = {"announce": announce}
    threading.Thread(target=serve, args=(service, "127.0.0.1", 0), kwargs=options, daemon=True).start()
    if not ready.wait(PATIENCE_S):
        raise RuntimeError("the server did not start")
    return told[0]


def leave(address: str, moment: str, is_idle: Callable[[], bool], chance: random.Random) -> Left:
    """Ask, leave at the moment, and wait until nothing is decoded any more."""
    with asked(address, streamed=moment != MOMENTS[2]) as connection:
        until(lambda: not is_idle(), PATIENCE_S)
        if moment == MOMENTS[1]:
            received = b""
            while b"event: token" not in received and (piece := connection.recv(65_536)):
                received += piece
        time.sleep(chance.uniform(0.0, 0.4))
    left = time.monotonic()
    has_stopped = until(is_idle, PATIENCE_S)
    return Left(moment, round((time.monotonic() - left) * 1000, 1) if has_stopped else None)


def asked(address: str, *, streamed: bool) -> socket.socket:
    """A connection on which a question was sent."""
    place = urlsplit(address)
    body = json.dumps({"question": QUESTION}).encode("ascii")
    accept = "text/event-stream" if streamed else "application/json"
    head = (
        f"POST /api/v1/ask HTTP/1.1\r\nHost: {place.netloc}\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((place.hostname or "", place.port or 80), timeout=PATIENCE_S)
    connection.sendall(head.encode("ascii") + body)
    return connection


def until(holds: Callable[[], bool], most_s: float) -> bool:
    """Wait until something holds; whether it did in time."""
    deadline = time.monotonic() + most_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


if __name__ == "__main__":
    main()
