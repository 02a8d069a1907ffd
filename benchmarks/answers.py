"""Footnote's answers beside those of the naive recipe: the same model, index, questions and machine, in one run.

    python -m benchmarks.answers --data FOLDER                      the sets below, each a folder in BEIR form in FOLDER
    python -m benchmarks.answers --data FOLDER --sets squad2        one set; the record keeps what it has of the others
    python -m benchmarks.answers --data FOLDER --show 10            print so many answers of the last run side by side

Each set gives a fixed sample, half of it unanswerable where the set has as many. Its questions are asked in a random
order, each of both systems one after the other, whichever comes first by chance, so that whatever else the machine does
hits both; when they take turns, the one whose turn it is reads the fixed beginning of its prompt again before the clock
starts, as it would have it in memory had it answered the question before. (`benchmarks.naive` is the recipe.)

Every answer is on disk, in --work, before the next question is asked: the same command goes on where it was killed, and
asks again only when code, settings or models have changed since. There are also SET-footnote.json and SET-naive.json
for `footnote eval compare` and `footnote eval report`. Writes benchmarks/results/answers.json a set at a time, unless
--limit is below 100 or a system is left out. A hundred questions take about half an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.answer_figures import format_table, measure, side_by_side, verbatim
from benchmarks.answering import ROOT, machine
from benchmarks.naive import PROMPT_SHA, naive_recipe
from benchmarks.retrieval import add_to
from eval.measures import tabulate
from eval.outcomes import parse_outcome
from eval.records import EvalCase, Outcome, Run, RunFingerprint
from eval.runs.asking import answerer, fingerprint_of
from eval.runs.experiments import UNTOLD, asked_over
from eval.runs.journal import SUFFIX, Journal, JournalHead
from eval.runs.results import save_run
from eval.runs.running import Answerer, ask_all
from eval.sets.questions import load_questions
from eval.sets.sampling import select_cases
from pipeline import Footnote, check_statement
from schema import FootnoteError, Progress
from settings import Settings, load_settings

RESULTS = Path(__file__).parent / "results" / "answers.json"
SETS = ("squad2", "conditionalqa", "clapnq_dev")
SYSTEMS = ("footnote", "naive")
LEAST = 100
"""Questions of a set from which its figures are worth publishing."""
ANSWERING = ("generator", "indexer", "models", "prompts", "retriever")
ANSWERING_FILES = ("benchmarks/naive.py", "language.py", "parts.py", "pipeline.py", "schema.py", "settings.py")
"""The code that an answer depends on: rooms, and modules outside of them."""

Runs = Mapping[str, Run]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--sets", nargs="+", default=SETS, metavar="SET", help="names of folders in it")
    parser.add_argument("--limit", type=int, default=LEAST, help="questions of each set")
    parser.add_argument("--seed", type=int, default=7, help="of the sample and of the order")
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, choices=SYSTEMS)
    parser.add_argument("--work", type=Path, default=Path("/tmp/footnote-answers"), help="folder to work in")  # noqa: S108
    parser.add_argument("--out", type=Path, help="file of the results; by default the project's own")
    parser.add_argument("--fresh", action="store_true", help="ask again what is answered already")
    parser.add_argument("--show", type=int, metavar="N", help="print so many answers of each set's last run, and end")
    arguments = parser.parse_args()
    settings, _ = load_settings({"runs": arguments.work})
    is_whole = arguments.limit >= LEAST and set(arguments.systems) == set(SYSTEMS)
    out = arguments.out or (RESULTS if is_whole else None)
    for name in arguments.sets:
        if arguments.show is not None:
            print(show(arguments.work, arguments.data / name, arguments.show))
            continue
        record = measure_set(arguments.data / name, settings, arguments)
        print(f"\n{name}\n{format_table(record)}", flush=True)
        if out:
            add_to(out, name, record)


def measure_set(folder: Path, settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    """Index a set where that is to do, ask all systems its sample, and measure them."""
    about = machine()
    with asked_over(folder, settings, on_progress=tell(f"{folder.name}: indexing"), on_message=print) as (index, known):
        cases = balanced_sample(known, arguments.limit, arguments.seed)
        own = index.settings.model_copy(update={"llm": settings.llm})
        with closing(Footnote(own, lender=index)) as footnote:
            chunks = [info.chunks for info in footnote.sources()]
            fingerprint = replace(fingerprint_of(footnote, cases), version=code_hash())
            run = Plan(folder.name, cases, tuple(arguments.systems), arguments.seed, fingerprint)
            outcomes, seconds = ask_systems(run, footnote, arguments.work, fresh=arguments.fresh)
    runs = {name: to_run(run, name, answers) for name, answers in outcomes.items()}
    for system, one in runs.items():
        save_run(one, arguments.work / f"{folder.name}-{system}.json")
    unanswerable = sum(case.unanswerable for case in cases)
    return {
        "machine": about,
        "questions": {"answerable": len(cases) - unanswerable, "unanswerable": unanswerable},
        "documents": len(chunks),
        "chunks": sum(chunks),
        "seed": arguments.seed,
        "seconds": round(seconds, 1),
        "models": {name: getattr(fingerprint, name) for name in ("embedder", "reranker", "llm")},
        "prompts": {"footnote": fingerprint.prompt, "naive": PROMPT_SHA},
        "settings": own.model_dump(mode="json", exclude=UNTOLD | {"index"}),
        "measures": measure({name: runs[name].columns for name in runs}, outcomes),
        "verbatim": {name: verbatim(answers) for name, answers in outcomes.items()},
        "errors": {name: sum(bool(one.error) for one in answers) for name, answers in outcomes.items()},
    }


def balanced_sample(cases: Sequence[EvalCase], limit: int, seed: int) -> tuple[EvalCase, ...]:
    """A fixed sample in the order of the set: half unanswerable, or all of these where there are fewer.

    As with `select_cases`, it depends on seed and ids alone, and each half of a larger one holds that of a smaller one.
    """
    unanswerable = [case for case in cases if case.unanswerable]
    answerable = [case for case in cases if not case.unanswerable]
    few = max(min(limit // 2, len(unanswerable)), limit - len(answerable))
    parts = ((unanswerable, few), (answerable, limit - few))
    chosen = {case.question_id for part, share in parts if share > 0 for case in select_cases(part, share, seed)}
    return tuple(case for case in cases if case.question_id in chosen)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of whom: a set's sample, the systems, the seed of the order, and what they are made with."""

    name: str
    cases: tuple[EvalCase, ...]
    systems: tuple[str, ...]
    seed: int
    fingerprint: RunFingerprint

    @property
    def turns(self) -> list[EvalCase]:
        """The cases in the order of asking, each once for each system, which its id begins with."""
        chance, turns = random.Random(self.seed), []  # noqa: S311  (no secret)
        for case in chance.sample(self.cases, len(self.cases)):
            for system in chance.sample(self.systems, len(self.systems)):
                turns.append(replace(case, question_id=f"{system} {case.question_id}"))
        return turns

    @property
    def head(self) -> JournalHead:
        """What a journal of it begins with."""
        ids = _sha([turn.question_id for turn in self.turns])
        now = datetime.now(UTC).isoformat(timespec="seconds")
        fingerprint = replace(self.fingerprint, prompt=f"{self.fingerprint.prompt} {PROMPT_SHA}")
        return JournalHead(self.name, fingerprint, len(self.cases) * len(self.systems), ids, None, self.seed, now)


def ask_systems(
    plan: Plan, footnote: Footnote, work: Path, *, fresh: bool
) -> tuple[dict[str, tuple[Outcome, ...]], float]:
    """The outcomes of each system in the order of the cases, and the seconds that asking took.

    The journal's name changes with all that answers depend on, so that one of another set-up is left alone.
    """
    head = plan.head
    path = work / f"{plan.name}-{_sha([head.ids, repr(head.fingerprint)])[:8]}{SUFFIX}"
    with Journal(path, head, fresh=fresh) as journal:
        if journal.outcomes:
            print(f"{plan.name}: going on with {len(journal.outcomes)} answers in {path}", file=sys.stderr)
        ask = Turns({name: system_of(name, footnote) for name in plan.systems})
        answers = ask_all(plan.turns, ask, journal=journal, on_progress=tell(plan.name))
        seconds = journal.seconds
    by_turn = {answer.question_id: answer for answer in answers}
    outcomes = {
        name: tuple(replace(by_turn[f"{name} {case.question_id}"], question_id=case.question_id) for case in plan.cases)
        for name in plan.systems
    }
    return outcomes, seconds


@dataclass(frozen=True, slots=True)
class System:
    """What answers, and what makes it ready as it would be had it answered the question before."""

    ask: Answerer
    warm_up: Callable[[], None]


def system_of(name: str, footnote: Footnote) -> System:
    """A system by its name."""
    if name == "footnote":
        return System(answerer(footnote), footnote.warm_up)
    recipe = naive_recipe(footnote)
    return System(recipe.ask, recipe.warm_up)


class Turns:
    """Asks the system whose turn it is, made ready when another one was asked before."""

    def __init__(self, systems: Mapping[str, System]) -> None:
        self._systems = systems
        self._last = ""

    def __call__(self, turn: EvalCase, stop: threading.Event) -> Outcome:
        """An answer to a turn, under the turn's id."""
        name, _, question_id = turn.question_id.partition(" ")
        if name != self._last:
            self._systems[name].warm_up()
            self._last = name
        outcome = self._systems[name].ask(replace(turn, question_id=question_id), stop)
        return replace(outcome, question_id=turn.question_id)


def to_run(plan: Plan, system: str, outcomes: Sequence[Outcome]) -> Run:
    """A system's answers as a run that commands of evaluation read."""
    prompt = plan.fingerprint.prompt if system == "footnote" else PROMPT_SHA
    columns = tabulate(plan.cases, outcomes, check_statement)
    fingerprint = replace(plan.fingerprint, prompt=prompt)
    return Run(f"{plan.name}-{system}", fingerprint, plan.cases, tuple(outcomes), columns, {"seed": plan.seed})


def code_hash() -> str:
    """A hash of the code and the prompts that an answer depends on."""
    files = [ROOT / name for name in ANSWERING_FILES]
    files += [
        path for room in ANSWERING for kind in ("*.py", "*.md", "*.toml") for path in sorted((ROOT / room).rglob(kind))
    ]
    return _sha([[path.relative_to(ROOT).as_posix(), path.read_text("utf-8")] for path in files])


def show(work: Path, folder: Path, count: int) -> str:
    """The first answers of a set's last run, finished or not, in the order of asking.

    Raises:
        FootnoteError: when there is none.
    """
    journals = sorted(work.glob(f"{folder.name}-*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    if not journals:
        raise FootnoteError(f"{work} has no answers to {folder.name}; leave --show out to ask.")
    cases = {case.question_id: case for case in load_questions(folder)}
    answers: dict[str, dict[str, Outcome]] = {}
    whole_lines = journals[-1].read_text("utf-8").split("\n")[1:-1]  # what stands behind the last line's end is torn
    for number, line in enumerate(whole_lines, start=2):
        outcome = parse_outcome(json.loads(line), f"{journals[-1]}, line {number}")
        system, _, question_id = outcome.question_id.partition(" ")
        answers.setdefault(question_id, {})[system] = outcome
    return "\n".join(side_by_side(cases[name], answers[name]) for name in list(answers)[:count])


def tell(label: str) -> Callable[[Progress], None]:
    """Tells how far a run is, at most every five seconds, and how long the rest takes at the pace since its start."""
    began, last = (0.0, 0), 0.0

    def on_progress(progress: Progress) -> None:
        nonlocal began, last
        now = time.monotonic()
        began = began if began[0] else (now, progress.done)
        if now - last < 5 and progress.done < progress.total:
            return
        last, done = now, progress.done - began[1]
        left = f", {(now - began[0]) / done * (progress.total - progress.done) / 60:.0f} min left" if done else ""
        print(f"{label}: {progress.done:,} of {progress.total:,}{left}", file=sys.stderr, flush=True)

    return on_progress


def _sha(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


if __name__ == "__main__":
    main()
