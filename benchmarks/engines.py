"""Which engine finishes a typical answer first: all of them in turn on the same prompts, alone and beside a busy core.

    python -m benchmarks.engines                                   every engine that is installed, about 15 minutes
    python -m benchmarks.engines --only llamacpp llamacpp-lookup-8 --prompts 3 --conditions idle
    python -m benchmarks.engines --site FOLDER                     with packages from there (OpenVINO GenAI)

The prompts are made from questions about samples/ as Footnote makes them. Each engine has a process of its own; they
take turns prompt by prompt, so that whatever else the machine does meets all of them alike. Prints a table as it goes
on, and writes benchmarks/results/engines.json: medians of the seconds to the first token and to the end by the
clock, the same of processor time (which other work disturbs less), tokens read, reused, written, drafted and accepted,
megabytes of memory at most, and how many answers are word for word those of the first engine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from langchain_core.messages import convert_to_openai_messages

from benchmarks.answering import QUESTIONS, ROOT, machine
from benchmarks.engine_workers import TINY, VARIANTS, weights_of
from eval.sets.questions import load_questions
from generator.budget import UNMEASURED_EVIDENCE
from generator.evidence import choose_quotes, rank_evidence, sentences_of
from generator.prompting import build_messages, pack_evidence
from pipeline import Footnote
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "engines.json"
BUSY = "while True: pass"
LETTERS_PER_TOKEN = 4
COLUMNS = ("first_s", "total_s", "first_processor_s", "total_processor_s", "read", "written", "drafted", "accepted")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=VARIANTS, help="engines to compare, the first is the reference")
    parser.add_argument("--prompts", type=int, default=10, help="questions asked of each")
    parser.add_argument("--conditions", nargs="+", choices=("idle", "busy"), default=("idle", "busy"))
    parser.add_argument("--site", default="", help="folder with more packages")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of the results")
    arguments = parser.parse_args()
    names = arguments.only or [name for name in VARIANTS if can_run(name, arguments.site)]
    prompts = make_prompts(arguments.prompts)
    workers = {name: start(name, arguments.site) for name in names}
    loading = {name: receive(name, worker) for name, worker in workers.items()}
    record: dict[str, Any] = {"machine": machine(), "prompts": len(prompts), "loading": loading}
    try:
        for condition in arguments.conditions:
            with busy_core() if condition == "busy" else nullcontext():
                record[condition] = compare(workers, prompts)
            print(f"\n{condition}\n{table(record[condition])}", flush=True)
            arguments.out.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    finally:
        for worker in workers.values():
            worker.kill()


def can_run(name: str, site: str) -> bool:
    """Whether an engine's package and its weights are there."""
    variant = VARIANTS[name]
    models = filter(None, (variant.model, variant.draft_model))
    if variant.model == TINY or not all(weights_of(name).is_file() for name in models):
        return False
    if variant.engine == "llamacpp":
        return True
    return importlib.util.find_spec("openvino_genai") is not None or Path(site, "openvino_genai").is_dir()


def make_prompts(count: int) -> list[list[dict[str, str]]]:
    """What Footnote would ask of a model for questions spread over the sample questions, answerable or not."""
    cases = load_questions(QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = load_settings({"index": Path(folder, "index"), "llm": "none"})
        footnote = Footnote(settings, create=True)
        footnote.index([ROOT / "samples"])
        made = []
        for case in cases[:: max(1, len(cases) // count)][:count]:
            sentences = sentences_of(footnote.search(case.question), limit=40)
            chosen = choose_quotes(rank_evidence(case.question, sentences, footnote.score), limit=settings.quotes)
            packed = pack_evidence(chosen, sentences, budget=UNMEASURED_EVIDENCE, count_tokens=estimate)
            made.append(convert_to_openai_messages(build_messages(footnote.parts.prompt, case.question, packed, ())))
        footnote.close()
    return made


def estimate(text: str) -> int:
    """About how many tokens a text has; the prompts must be the same for every engine."""
    return len(text) // LETTERS_PER_TOKEN


def start(name: str, site: str) -> subprocess.Popen[str]:
    """An engine's process."""
    command = [sys.executable, "-m", "benchmarks.engine_workers", name, "--site", site]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def receive(name: str, worker: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of an engine that is a record; libraries may print lines of their own."""
    assert worker.stdout is not None  # noqa: S101  (made with a pipe)
    for line in worker.stdout:
        if line.startswith("{"):
            record: dict[str, Any] = json.loads(line)
            print(f"{name}: {shown(record)}", file=sys.stderr, flush=True)
            return record
    raise SystemExit(f"The engine {name} ended; what it said is above.")


def ask(name: str, worker: subprocess.Popen[str], messages: list[dict[str, str]]) -> dict[str, Any]:
    """One answer of one engine."""
    assert worker.stdin is not None  # noqa: S101  (made with a pipe)
    worker.stdin.write(json.dumps(messages) + "\n")
    worker.stdin.flush()
    return receive(name, worker)


@contextmanager
def busy_core() -> Iterator[None]:
    """Another process that never rests."""
    other = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        other.kill()


def compare(
    workers: dict[str, subprocess.Popen[str]], prompts: Sequence[list[dict[str, str]]]
) -> dict[str, dict[str, Any]]:
    """All prompts, each to every engine before the next one; the first prompt once more than is counted."""
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for name, worker in workers.items():
        ask(name, worker, prompts[-1])  # brings weights into memory and the fixed beginning into the cache
    for prompt in prompts:
        for name, worker in workers.items():
            answers[name].append(ask(name, worker, prompt))
    reference = [one["text"] for one in next(iter(answers.values()))]
    return {name: summarise(found, reference) for name, found in answers.items()}


def summarise(answers: Sequence[dict[str, Any]], reference: Sequence[str]) -> dict[str, Any]:
    """Medians over an engine's answers."""
    figures = {name: median(one.get(name, 0) for one in answers) for name in COLUMNS}
    writing_s = sum(one["total_s"] - one.get("first_s", one["total_s"]) for one in answers)
    same = sum(one["text"] == text for one, text in zip(answers, reference, strict=True))
    return {
        **{name: round(value, 2) for name, value in figures.items()},
        "reading_per_s": round(
            sum(one["read"] for one in answers) / sum(one.get("first_s", 0.0) for one in answers), 1
        ),
        "writing_per_s": round(sum(one["written"] - 1 for one in answers) / writing_s, 1) if writing_s else None,
        "memory_mb": max(one["memory_mb"] for one in answers),
        "same_text": f"{same} of {len(answers)}",
    }


def table(figures: dict[str, dict[str, Any]]) -> str:
    """The figures as a Markdown table, the fastest engine first."""
    columns = list(next(iter(figures.values())))
    rows = [["engine", *columns], ["---"] * (len(columns) + 1)]
    rows += [
        [name, *map(str, one.values())] for name, one in sorted(figures.items(), key=lambda row: row[1]["total_s"])
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def shown(record: dict[str, Any]) -> str:
    """A record in one line."""
    return json.dumps({name: round(value, 2) if isinstance(value, float) else value for name, value in record.items()})


if __name__ == "__main__":
    main()
