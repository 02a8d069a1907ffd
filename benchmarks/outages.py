"""What readers see when the model server is cut off, killed or stopped in mid-answer, and how soon it is over.

    python -m benchmarks.outages [--rounds 10] [--next-s 3] [--index FOLDER]

Puts a model server (benchmarks/model_stub.py) and `footnote serve` into network namespaces of their own, with a pair of
virtual network cards between them: it wants root and `ip netns`. In each round somebody asks, and when the first
sentence of the answer has come the card is set down, the model server is killed, or it is stopped (SIGSTOP). Notes what
the reader was told and when, what the next reader was told while it lasted, and how long after its end the server was
asked again by itself. Writes benchmarks/results/outages.json.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.answering import ROOT, machine
from benchmarks.namespaces import Cable, within
from pipeline import Footnote
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "outages.json"
CABLE = Cable("footnote-web", "footnote-model", "10.203.0.1", "10.203.0.2")
PORT = 8080
ADDRESS = "http://127.0.0.1:7999"
PLACE = f"http://{CABLE.far_address}:{PORT}"
DOCUMENT = "The lighthouse of Northby was lit on 3 May 1871.\nIt was built of granite by Ada Stone in two summers.\n"
TEXT = "The lighthouse of Northby was lit on 3 May 1871. It was built of granite by Ada Stone in two summers."
ASKED = {"question": "When was the lighthouse of Northby lit?"}
WORD_S, PATIENCE_S, START_S = 0.2, 120.0, 300.0


def main() -> None:
    """Run the benchmark, or the part of it that runs beside the server."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="of each kind")
    parser.add_argument("--next-s", type=float, default=3.0, help="setting llm_next_s: seconds from word to word")
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-outages"), help="folder to work in")  # noqa: S108
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        RESULTS.write_text(json.dumps(measured(arguments), indent=2) + "\n", "utf-8")
        return
    prepare(arguments.index)
    try:
        CABLE.lay()
        command = [sys.executable, "-m", "benchmarks.outages", *sys.argv[1:], "--inside"]
        subprocess.run(within(CABLE.near, *command), cwd=ROOT, check=True)
    finally:
        CABLE.remove()


def prepare(folder: Path) -> None:
    """The index that is asked."""
    documents = folder / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    (documents / "lighthouse.txt").write_text(DOCUMENT, "utf-8")
    settings, _ = load_settings({"index": folder / "index", "llm": "none"})
    footnote = Footnote(settings, create=True)
    footnote.index([documents])
    footnote.close()


# In the namespace of the web process


class ModelProcess:
    """The model server, in its own namespace."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, and tell it what to say."""
        command = [sys.executable, "-m", "benchmarks.model_stub", str(PORT), CABLE.far_address]
        self.process = subprocess.Popen(within(CABLE.far, *command), cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdout.readline()
        httpx.post(f"{PLACE}/behaviour", json={"text": TEXT, "word_s": WORD_S})

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True)
class Outage:
    """One kind: how it begins, and how it ends."""

    begin: Callable[[], None]
    end: Callable[[], None]


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """All rounds, by kind."""
    model = ModelProcess()
    kinds = {
        "the link is cut": Outage(CABLE.cut, CABLE.mend),
        "the model server is killed": Outage(model.kill, model.start),
        "the model server is stopped": Outage(
            lambda: model.process.send_signal(signal.SIGSTOP), lambda: model.process.send_signal(signal.SIGCONT)
        ),
    }
    server = started(arguments)
    record: dict[str, Any] = {"machine": machine(), "llm_next_s": arguments.next_s, "rounds": arguments.rounds}
    try:
        until(lambda: state(ADDRESS) == "ready", START_S)
        with httpx.Client(base_url=ADDRESS, timeout=PATIENCE_S) as client:
            whole = client.post("/api/v1/ask", json=ASKED).json()
            if whole["failure"] or len(whole["sentences"]) < 2:
                raise RuntimeError(f"There is no whole answer to begin with: {whole['reason'] or whole['answer']}")
            for name, outage in kinds.items():
                record[name] = [one_round(client, outage) for _ in range(arguments.rounds)]
                print(name, json.dumps(record[name][-1]), flush=True)
    finally:
        server.kill()
        server.wait()
        model.kill()
    return record


def started(arguments: argparse.Namespace) -> subprocess.Popen[str]:
    """`footnote serve`, at `ADDRESS`."""
    settings = {
        "INDEX": arguments.index / "index",
        "LLM": "openai:stub",
        "LLM_BASE_URL": f"{PLACE}/v1",
        "LLM_NEXT_S": arguments.next_s,
        "PER_MINUTE": 0,
        "STATE": arguments.index / "state",
    }
    environment = os.environ | {f"FOOTNOTE_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", "from cli import main; main()", "serve", "--port", "7999"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True)


def one_round(client: httpx.Client, outage: Outage) -> dict[str, Any]:
    """Ask, begin the outage at the first sentence, and see how it goes on."""
    told, began = broken_stream(client, outage.begin)
    name, answer = told[-1]
    row: dict[str, Any] = {
        "told_s": round(time.monotonic() - began, 2),
        "last_event": name,
        "quotes": bool(told[0][1].get("quotes")) and bool(answer.get("quotes")),
        "sentences_kept": len(answer.get("sentences", ())),
        "sentence": answer.get("reason", answer.get("detail", "")),
    }
    until(lambda: state(ADDRESS) == "away")
    row["noticed_s"] = round(time.monotonic() - began, 2)
    asked_at = time.monotonic()
    next_one = client.post("/api/v1/ask", json=ASKED)
    row |= {"next_s": round(time.monotonic() - asked_at, 2), "next_status": next_one.status_code}
    row |= {"next_quotes": bool(next_one.json().get("quotes")), "next_sentence": next_one.json().get("reason", "")}
    outage.end()
    ended = time.monotonic()
    until(lambda: state(ADDRESS) == "ready")
    row["ready_s"] = round(time.monotonic() - ended, 2)
    row["whole_again"] = client.post("/api/v1/ask", json=ASKED).json()["failure"] == ""
    return row


def broken_stream(client: httpx.Client, begin: Callable[[], None]) -> tuple[list[tuple[str, Any]], float]:
    """The events of an answer in whose middle the outage begins, and when it began."""
    events: list[tuple[str, Any]] = []
    name, began = "", 0.0
    with client.stream("POST", "/api/v1/ask", json=ASKED, headers={"accept": "text/event-stream"}) as response:
        for line in response.iter_lines():
            name = line[7:] if line.startswith("event: ") else name
            if line.startswith("data: "):
                events.append((name, json.loads(line[6:])))
                if name == "sentence" and not began:
                    begin()
                    began = time.monotonic()
    return events, began


def state(address: str) -> str:
    """What /readyz says of the model; empty while nobody answers."""
    try:
        return str(httpx.get(f"{address}/readyz", timeout=PATIENCE_S).json()["model"])
    except httpx.HTTPError:
        return ""


def until(holds: Callable[[], bool], most_s: float = PATIENCE_S) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: when it takes too long.
    """
    deadline = time.monotonic() + most_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


if __name__ == "__main__":
    main()
