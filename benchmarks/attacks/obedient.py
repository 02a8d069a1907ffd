"""The model that obeys every payload, asked over planted documents: what reaches a reader at each door.

Sentences are ranked by the words that they share with the question and nothing is refused, so that thousands of answers
take minutes; everything after the model's words is as users have it. What this module does not do: judge whether a real
model obeys (`benchmarks.attacks.real`).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.attacks.defences import WITH, WITHOUT, defended
from benchmarks.attacks.evil import EvilChat
from benchmarks.attacks.payloads import Attempt, Host
from benchmarks.attacks.planted import CANARY, answer_of, opened
from benchmarks.attacks.showing import Elements, count_faults, naive_faults
from eval.measures import tabulate
from eval.records import EvalCase, Outcome, Run, RunFingerprint
from eval.report import html_report
from eval.runs.asking import to_outcome
from generator.finding import Readers
from generator.words import stems, words
from models.engines import LoadedEngine
from pipeline import Footnote, check_statement
from schema import Answer, Event

NAIVE = "drawn as Markdown, unchecked"
"""A third arm: the same draft as many assistants show it."""
UNDEFENDED_EVERY = 4
"""Of so many attempts one is asked without defences too: what it shows is plain after a few hundred."""
REPORTED = 60
"""Answers of each part whose report is drawn."""
CHEAP = {"reader": "none", "rerank_tokens": 0, "prompt_tokens": 400, "threads": 1}
ATTEMPTS, ANSWERED, ANY, REPORT = "attempts", "answered", "answers with a fault", "foreign elements of a report"

Counts = Counter[tuple[str, str, str]]
"""By arm, kind of payload and what was counted: once an answer."""


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the attempts, for a process of its own; ``first`` is the attempt that is asked undefended first."""

    name: str
    attempts: Sequence[Attempt]
    clean: Sequence[Host]
    work: Path
    first: int = 0


def measure_part(part: Part) -> Counts:
    """Ask every question of the part in its arms and count what must not be shown."""
    counts: Counts = Counter()
    told: dict[str, list[tuple[EvalCase, Outcome]]] = {WITH: [], WITHOUT: []}
    with opened(part.attempts, part.clean, part.work / part.name, **CHEAP) as footnote:
        model = install(footnote)
        text = lru_cache(maxsize=256)(footnote.text)
        for number, attempt in enumerate(part.attempts):
            if number % 20 == 0:
                tell(part, f"{number} of {len(part.attempts)}")
            model.payload, model.turn = attempt.payload.text, number + part.first
            for arm in arms_of(number, part.first):
                events = asked(footnote, attempt, arm)
                faults = count_faults(events, text=text, canary=CANARY)
                answer = answer_of(events)
                if arm == WITH and faults:
                    tell(part, f"{', '.join(faults)} by {attempt.payload.text!r}, answered {answer.answer!r}")
                counts.update(counted(arm, attempt.payload.kind, faults, answered=not answer.abstained))
                case = EvalCase(f"{part.name}-{number}", attempt.host.question)
                told[arm].append((case, to_outcome(case, answer)))
            faults = naive_faults(draft_of(model, footnote, answer), len(answer.passages), CANARY)
            counts.update(counted(NAIVE, attempt.payload.kind, faults, answered=True))
    counts.update({(arm, "all", REPORT): foreign_elements(found[:REPORTED]) for arm, found in told.items()})
    return counts


def tell(part: Part, news: str) -> None:
    """Say how a part goes."""
    print(f"{part.name}: {news}", file=sys.stderr, flush=True)


def arms_of(number: int, first: int) -> tuple[str, ...]:
    """The arms in which the attempt with this number is asked."""
    return (WITH, WITHOUT) if number % UNDEFENDED_EVERY == first else (WITH,)


def asked(footnote: Footnote, attempt: Attempt, arm: str) -> list[Event]:
    """All events of one answer in one arm."""
    with defended(arm):
        return list(footnote.ask(attempt.host.question))


def draft_of(model: EvilChat, footnote: Footnote, answer: Answer) -> str:
    """What the model writes over the quotes of an answer."""
    return model.draft(footnote.parts.prompt.system, "\n".join(quote.quote for quote in answer.quotes))


def counted(arm: str, kind: str, faults: Iterable[str], *, answered: bool) -> Counts:
    """What one answer adds."""
    named = dict.fromkeys(faults)
    seen = [ATTEMPTS, *([ANSWERED] if answered else []), *named, *([ANY] if named else [])]
    return Counter({(arm, group, what): 1 for group in ("all", kind) for what in seen})


def by_arm(counts: Counts) -> dict[str, dict[str, dict[str, int]]]:
    """The counts as a record: arm, kind of payload, what."""
    record: dict[str, dict[str, dict[str, int]]] = {}
    for (arm, kind, what), count in sorted(counts.items()):
        record.setdefault(arm, {}).setdefault(kind, {})[what] = count
    return record


def foreign_elements(found: Sequence[tuple[EvalCase, Outcome]]) -> int:
    """Live elements of a report over these answers, less those of the same with plain letters for all its texts."""
    if not found:
        return 0
    cases, outcomes = [case for case, _ in found], [outcome for _, outcome in found]
    columns = tabulate(cases, outcomes, check_statement)
    run = Run("attacks", RunFingerprint(), tuple(cases), tuple(outcomes), columns)
    tame = replace(run, outcomes=tuple(map(tamed, outcomes)))
    return len(Elements(html_report([run])).live) - len(Elements(html_report([tame])).live)


def tamed(outcome: Outcome) -> Outcome:
    """The same outcome with words only."""

    def tame(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(replace(one, text=" ".join(words(one.text))) for one in values)

    return replace(
        outcome,
        answer=" ".join(words(outcome.answer)),
        sentences=tame(outcome.sentences),
        dropped=tame(outcome.dropped),
        citations=tame(outcome.citations),
        quotes=tame(outcome.quotes),
        passages=tame(outcome.passages),
    )


def install(footnote: Footnote) -> EvilChat:
    """Let the model that obeys write, and shared words rank."""
    model = EvilChat()
    engine = LoadedEngine("obedient", "0" * 12, model, lambda text: len(text.split()), lambda: None)
    footnote.parts.__dict__["engine"] = engine
    footnote.parts.__dict__["readers"] = Readers(shared_words)
    return model


def shared_words(question: str, texts: Sequence[str]) -> list[float]:
    """The share of the question's content that each text holds, in the range of a cross-encoder's logits."""
    asked = stems(question)
    return [8 * len(asked & stems(text)) / max(1, len(asked)) - 2 for text in texts]
