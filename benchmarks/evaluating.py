"""Kill an evaluation twenty times and compare its result with one that ran through; and what evaluating costs.

    python -m benchmarks.evaluating --data FOLDER/squad2                 300 questions, evidence alone, 20 kills
    python -m benchmarks.evaluating --limit 10 --kills 3                 the sample questions, for a quick look

Each life of the killed run is a process of its own, the very command that people type, ended by SIGKILL at a random
moment: while it loads, asks, or writes. Overhead is the share of a run's wall time that is neither loading (index,
models) nor asking. Prints a record, and writes it to benchmarks/results/evaluating.json unless the limit is lower than
300. The first command takes about a quarter of an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from benchmarks.answering import ROOT, machine
from eval.measures import find
from eval.runs import experiments
from eval.runs.experiments import evaluate, journal_path
from pipeline import Footnote
from schema import Answer, FootnoteError
from settings import Settings, load_settings

SAMPLES = ROOT / "eval" / "samples" / "questions.yaml"
RESULTS = Path(__file__).parent / "results" / "evaluating.json"
COMMAND = "from cli import main; main()"
SECONDS_OF_START = 6.0
"""About what a process takes until it asks: every fourth one is killed within that time."""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SAMPLES, help="question set in BEIR form; by default the samples")
    parser.add_argument("--runs", type=Path, default=Path("/tmp/footnote-evaluating"), help="folder to work in")  # noqa: S108
    parser.add_argument("--limit", type=int, default=300, help="questions that are asked")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--with-model", type=int, default=20, metavar="N", help="questions of the run with the model")
    parser.add_argument("--seed", type=int, default=7, help="of the moments, and of the sample of questions")
    arguments = parser.parse_args()
    settings, _ = load_settings({"runs": arguments.runs, "index": arguments.runs / "samples"})
    if arguments.data == SAMPLES:
        index_samples(settings)
    record: dict[str, Any] = {"machine": machine(), "set": arguments.data.name}
    whole, killed = arguments.runs / "whole.json", arguments.runs / "killed.json"
    record["overhead_quotes_only"] = overhead(
        arguments.data, settings, out=whole, limit=arguments.limit, seed=arguments.seed, quotes_only=True
    )
    questions = record["overhead_quotes_only"]["questions"]
    record["kills"] = kill(arguments, killed, questions) | {"identical": stripped(whole) == stripped(killed)}
    if arguments.with_model:
        record["overhead_with_model"] = overhead(
            arguments.data, settings, out=arguments.runs / "model.json", limit=arguments.with_model, seed=arguments.seed
        )
    print(json.dumps(record, indent=2))
    if arguments.limit < parser.get_default("limit"):
        return
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def index_samples(settings: Settings) -> None:
    """Bring the index of the samples level."""
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.close()


def kill(arguments: argparse.Namespace, out: Path, questions: int) -> dict[str, Any]:
    """Run the command to its end with so many kills on the way; says what each life left behind."""
    journal, moments = journal_path(out), random.Random(arguments.seed)  # noqa: S311  (no secret)
    for path in (out, journal):
        path.unlink(missing_ok=True)
    share = 1.6 * questions / (arguments.kills + 1)
    lives: list[int] = []
    for number in range(arguments.kills):
        before = acknowledged(journal)
        process = start(arguments, out)
        if number % 4:
            wait_for(process, journal, min(len(before) + 1 + int(moments.uniform(0, share)), questions - 5))
        time.sleep(moments.uniform(0, 0.4 if number % 4 else SECONDS_OF_START))
        process.kill()
        if process.wait() != -9:
            raise SystemExit(f"Life {number} ended by itself before it was killed; ask more questions or kill less.")
        after = acknowledged(journal)
        if after[: len(before)] != before:
            raise SystemExit(f"Life {number} lost or changed an answer that was on disk.")
        lives.append(len(after) - len(before))
        print(f"kill {number + 1}: {lives[-1]} new answers, {len(after)} in all", file=sys.stderr)
    if start(arguments, out).wait() != 0:
        raise SystemExit("The last life failed.")
    return {"questions": questions, "kills": arguments.kills, "answers_by_life": lives}


def start(arguments: argparse.Namespace, out: Path) -> subprocess.Popen[bytes]:
    """One life of the run."""
    options: Sequence[object] = ("--limit", arguments.limit, "--seed", arguments.seed, "--out", out, "--quotes-only")
    environment = os.environ | {
        "FOOTNOTE_RUNS": str(arguments.runs),
        "FOOTNOTE_INDEX": str(arguments.runs / "samples"),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", COMMAND, "eval", "run", arguments.data, *options]
    return subprocess.Popen([str(part) for part in command], env=environment, stdout=subprocess.DEVNULL)


def wait_for(process: subprocess.Popen[bytes], journal: Path, answers: int) -> None:
    """Wait until the journal holds so many answers, or the process ends."""
    while process.poll() is None and len(acknowledged(journal)) < answers:
        time.sleep(0.01)


def acknowledged(journal: Path) -> list[bytes]:
    """The whole lines of the journal but for its head."""
    return journal.read_bytes().split(b"\n")[1:-1] if journal.exists() else []


def stripped(path: Path) -> dict[str, Any]:
    """A result without what differs whenever it is made: name, dates, seconds."""
    record = json.loads(path.read_text("utf-8"))
    del record["name"], record["about"]
    for place in (record, *record["questions"]):
        place.pop("timings", None)
        place["measures"] = {name: value for name, value in place["measures"].items() if not is_time(name)}
    return cast(dict[str, Any], record)


def is_time(name: str) -> bool:
    """Whether a measure is in seconds."""
    try:
        return find(name).unit == "s"
    except FootnoteError:  # a column that only summaries read
        return False


def overhead(data: Path, settings: Settings, **options: Any) -> dict[str, float]:
    """The wall time of a run, and the share of it that is neither loading nor asking."""
    journal_path(options["out"]).unlink(missing_ok=True)
    clock = Clock()
    started = time.monotonic()
    with patch.object(experiments, "Footnote", clock.watching):
        run, path = evaluate(data, settings, fresh=True, **options)
    wall = time.monotonic() - started
    own = wall - clock.loading - clock.asking
    return {
        "questions": len(run.cases),
        "wall_s": round(wall, 2),
        "loading_s": round(clock.loading, 2),
        "asking_s": round(clock.asking, 2),
        "own_s": round(own, 3),
        "own_share_of_run": round(own / (own + clock.asking), 4),
        "result_mb": round(path.stat().st_size / 1e6, 2),
    }


class Clock:
    """Adds up what a run spends in Footnote itself."""

    def __init__(self) -> None:
        self.loading = self.asking = 0.0

    def watching(self, settings: Settings, *, create: bool = False, lender: Footnote | None = None) -> Footnote:
        """Footnote, with its language model loaded, whose calls are timed."""
        clock = self

        class Watched(Footnote):
            def index_corpus(self, *arguments: Any, **options: Any) -> Any:
                return clock.load(lambda: Footnote.index_corpus(self, *arguments, **options))

            def warm_up(self) -> None:
                clock.load(lambda: Footnote.warm_up(self))

            def answer(self, question: str, **options: object) -> Answer:
                started = time.monotonic()
                try:
                    return Footnote.answer(self, question, **options)
                finally:
                    clock.asking += time.monotonic() - started

        footnote: Footnote = clock.load(lambda: Watched(settings, create=create, lender=lender))
        clock.load(lambda: footnote.engine)
        return footnote

    def load(self, call: Callable[[], Any]) -> Any:
        """The value of a call whose time counts as loading."""
        started = time.monotonic()
        try:
            return call()
        finally:
            self.loading += time.monotonic() - started


if __name__ == "__main__":
    main()
