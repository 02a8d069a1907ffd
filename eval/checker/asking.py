"""Sentences made of questions: "Who founded Exeter?" and an answer give a statement in the question's own words.

With the right answer over the sentence that holds it, the statement is true, in other words than the evidence's. With a
name that another sentence of the passage holds, its predicate is the question's alone: a model that echoes what it was
asked writes such sentences. Only questions whose answers have their place in the text are used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from eval.checker.texts import NAME, Corpus
from eval.records import EvalCase

_WHO = re.compile(r"^Who ((?!did\b|do\b|does\b|else\b|all\b|would\b|will\b|can\b)[a-z]+ .{8,})\?$")
_WHICH = re.compile(
    r"^(?:Which|What) (?!year|date|day|time|is|was|are|were)(?:[a-z]+ ){1,2}((?!need)[a-z]{3,}ed .{8,})\?$"
)
_OPEN_END = re.compile(r"\b(?:by|in|from|to|of|with|for|at|on|as|into|about)\?$")
_CAPITALISED = re.compile(r"[A-Z][\w.'’-]*(?: (?:of |the |de |von |van )*[A-Z][\w.'’-]*)*")


def stated(question: str, answer: str) -> str | None:
    """The question with an answer in place of its question word, or ``None`` where it is of another kind.

    >>> stated("Who founded the town of Exeter?", "Offa")
    'Offa founded the town of Exeter.'
    """
    match = None if _OPEN_END.search(question) else _WHO.match(question) or _WHICH.match(question)
    return f"{answer[0].upper()}{answer[1:]} {match[1]}." if match and answer else None


def from_questions(
    cases: Sequence[EvalCase], corpus: Corpus, numbers: Mapping[str, int], rng: np.random.Generator
) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Statements with their kind and evidence, as (kind, claim, evidence, question).

    Args:
        cases: of the set; those that hold no name as an answer with its place are passed over.
        corpus: the documents in sentences.
        numbers: of the corpus' documents, by their paths.
        rng: draws the other name.
    """
    for case in cases:
        gold = next((one for one in case.evidence if one.quote and one.start is not None), None)
        if gold is None or not _CAPITALISED.fullmatch(gold.quote) or not (claim := stated(case.question, gold.quote)):
            continue
        document = numbers[gold.source]
        title, held = corpus.titles[document], [one for one in corpus.sentences[document] if gold.quote in one]
        if len(held) != 1:
            continue  # which sentence says it would be a guess
        yield "answered question", claim, (f"{title}\n{held[0]}".strip(),), case.question
        others = [
            (match.group(), sentence)
            for sentence in corpus.sentences[document]
            if sentence != held[0]
            for match in NAME.finditer(sentence)
            if match.group() not in f"{case.question} {held[0]}" and match.group().split()[0] not in gold.quote
        ]
        if others:
            name, sentence = others[int(rng.integers(len(others)))]
            other = stated(case.question, name) or ""
            yield "echoed question", other, (f"{title}\n{sentence}".strip(),), case.question
            yield (
                "another answer",
                other,
                tuple(f"{title}\n{one}".strip() for one in (held[0], sentence)),
                case.question,
            )
