"""How long the language model goes on after a reader has pressed stop or left, at random moments of an answer.

    python -m benchmarks.stopping [--index FOLDER] [--rounds N]

Prints the spread of the time until the stream has ended and
until the engine's own thread has, in milliseconds, and writes it to benchmarks/results/stopping.json.
"""

from __future__ import annotations

import argparse
import json
import random
import threading
import time
from pathlib import Path

from benchmarks.answering import ROOT, machine, spread
from pipeline import Footnote
from schema import Event
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "stopping.json"
QUESTION = "Which four uses of genomic testing does the strategy name, and round {}?"
ENGINE_THREAD = "footnote-engine"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=Path("/tmp/footnote-stopping"), help="folder of the index")  # noqa: S108
    parser.add_argument("--rounds", type=int, default=40, help="answers to stop")
    arguments = parser.parse_args()
    settings, _ = load_settings({"index": arguments.index})
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    chance = random.Random(1)  # noqa: S311  (moments of an answer, not secrets)
    tried = [stop_once(footnote, number, chance.uniform(0.6, 4.5)) for number in range(arguments.rounds)]
    rounds = [one for one in tried if one is not None]
    footnote.close()
    record = {
        "machine": machine(),
        "rounds": len(rounds),
        "while_reading": sum(reading for _, _, reading in rounds),
        "stream_ended_ms": spread([ended for ended, _, _ in rounds]),
        "engine_idle_ms": spread([idle for _, idle, _ in rounds]),
    }
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def stop_once(footnote: Footnote, number: int, after_s: float) -> tuple[float, float, bool] | None:
    """Milliseconds until the stream and until the engine ended, and whether the model was still reading its prompt.

    ``None`` when the answer was complete before its moment came.
    """
    stop = threading.Event()
    stopped_at: list[float] = []
    events: list[Event] = []

    def press() -> None:
        stopped_at.append(time.monotonic())
        stop.set()

    timer = threading.Timer(after_s, press)
    timer.start()
    for event in footnote.ask(QUESTION.format(number), stop=stop):
        events.append(event)
    ended = time.monotonic()
    timer.cancel()
    while any(thread.name == ENGINE_THREAD for thread in threading.enumerate()):
        time.sleep(0.005)
    idle = time.monotonic()
    if not stopped_at:  # the answer was faster than the reader
        return None
    return (ended - stopped_at[0]) * 1000, (idle - stopped_at[0]) * 1000, len(events) <= 2


if __name__ == "__main__":
    main()
