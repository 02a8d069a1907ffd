"""Whether the gate trips on nothing: the sample questions, asked a hundred times over with a model that wavers.

    footnote eval run eval/samples/questions.yaml --out samples.json
    python -m benchmarks.reruns samples.json

Retrieval, evidence, citations and checks are Footnote's own over samples/ (computed once for each question, since they
never waver). The language model is a stand-in that says what the real one said in the run given; but for a share of the
answers, by a seed of its own for each rerun, it copies any sentence of what it reads, or refuses. The first run is the
baseline; the gate judges each other run against it. Then the same with models that got worse. Writes
benchmarks/results/reruns.json.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from benchmarks.answering import QUESTIONS, ROOT, machine
from eval.comparison.gating import judge_gate
from eval.measures import summarise, tabulate
from eval.records import EvalCase, Run, RunFingerprint
from eval.runs.asking import to_outcome
from eval.runs.results import load_run
from eval.sets.grounding import ground
from eval.sets.questions import load_questions, questions_sha
from language import sentence_spans
from models.engines import LoadedEngine
from pipeline import Footnote, check_statement
from settings import load_settings

RESULTS = Path(__file__).parent / "results" / "reruns.json"
REFUSAL = "NOT FOUND"
WAVERING = 0.15
"""Share of answers in which the model of the reruns says something else."""
WORSE = (0.5, 1.0)
"""The same for models that got worse."""
MAIN = ("gold_in_answer_or_quote", "false_refusals", "false_answers")
"""A gate over these alone tests less and so sees more."""


class WaveringModel(BaseChatModel):
    """Says ``usual``, but for a share ``wavering`` of the answers: then any sentence of the evidence, or a refusal."""

    wavering: float
    rng: Any
    usual: str = ""

    @property
    def _llm_type(self) -> str:
        return "wavering"

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=AIMessageChunk(content=self._say(str(messages[-1].content))))

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **_: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self._say(str(messages[-1].content))))])

    def _say(self, prompt: str) -> str:
        lines = [line for line in prompt.split("\n") if len(line.split()) > 4 and not line.startswith("#")]
        sentences = [line[start:end] for line in lines for start, end in sentence_spans(line)]
        other = self.rng.choice([*sentences, REFUSAL])
        return str(other) if self.rng.random() < self.wavering else self.usual


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="result file of a run of the sample questions with the real model")
    parser.add_argument("--reruns", type=int, default=100)
    arguments = parser.parse_args()
    recorded = load_run(arguments.run)
    usual = {one.question_id: REFUSAL if one.abstained else one.answer for one in recorded.outcomes}
    with tempfile.TemporaryDirectory() as folder:
        settings, _ = load_settings({"index": Path(folder) / "index"})
        footnote = Footnote(settings, create=True)
        footnote.index([ROOT / "samples"])
        cases = ground(load_questions(QUESTIONS), footnote).cases
        _remember(footnote)
        baseline = ask_all(footnote, cases, usual, WAVERING, seed=0)
        record: dict[str, Any] = {"machine": machine(), "questions": len(cases), "reruns": arguments.reruns}
        record["llm"] = recorded.fingerprint.llm
        for share in (WAVERING, *WORSE):
            runs = [ask_all(footnote, cases, usual, share, seed=seed) for seed in range(1, arguments.reruns + 1)]
            record[f"wavering_{share}"] = judge(runs, baseline)
        footnote.close()
    RESULTS.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    print(json.dumps(record, indent=2))


def ask_all(
    footnote: Footnote, cases: Sequence[EvalCase], usual: Mapping[str, str], wavering: float, *, seed: int
) -> Run:
    """One run over all questions with a model of its own."""
    model = WaveringModel(wavering=wavering, rng=random.Random(seed))  # noqa: S311  (a seed, not a secret)
    footnote.parts.__dict__["engine"] = LoadedEngine(
        model=model, name="wavering", fingerprint="", count_tokens=lambda text: len(text.split()), close=lambda: None
    )
    outcomes = []
    for case in cases:
        model.usual = usual[case.question_id]
        outcomes.append(to_outcome(case, footnote.answer(case.question), None))
    fingerprint = RunFingerprint(questions=questions_sha(cases), corpus=footnote.store.fingerprint())
    return Run(f"seed {seed}", fingerprint, tuple(cases), tuple(outcomes), tabulate(cases, outcomes, check_statement))


def judge(runs: Sequence[Run], baseline: Run) -> dict[str, Any]:
    """How often the gate trips, and how far the runs' figures are from the baseline's."""
    gates = [judge_gate(run, baseline) for run in runs]
    name = "gold_in_answer_or_quote"
    values = [summarise(run.columns)[name] or 0.0 for run in runs]
    return {
        "tripped": sum(not gate.passed for gate in gates),
        "tripped_on_main_measures": sum(not judge_gate(run, baseline, measures=MAIN).passed for run in runs),
        "of": len(gates),
        name: {
            "baseline": summarise(baseline.columns)[name],
            "lowest": round(min(values), 3),
            "mean": round(float(np.mean(values)), 3),
            "highest": round(max(values), 3),
        },
    }


def _remember(footnote: Footnote) -> None:
    """Let retrieval and the cross-encoder compute each question once."""
    search, score = footnote.search, footnote.score
    remembered = cache(lambda question, collection, top_k: search(question, collection=collection, top_k=top_k))
    footnote.__dict__["search"] = lambda question, *, collection=None, top_k=None, history=(): remembered(
        question, collection, top_k
    )
    scores = cache(score)
    footnote.parts.__dict__["score"] = lambda question, texts: scores(question, tuple(texts))


if __name__ == "__main__":
    main()
