"""The labelled set: true sentences of a corpus, verbatim and rephrased, and the same sentences with one thing changed.

The evidence of a case is one to three sentences around the true one, under their document's title. Sentences that
people wrote of a document come in too where a set has them: long answers, questions turned into statements, and claims
that are judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.checker.altering import ALTERATIONS
from eval.checker.asking import from_questions
from eval.checker.rephrasing import rephrase
from eval.checker.texts import Corpus, Place, is_usable, split, words_of
from eval.faults import Faults, json_lines
from eval.records import EvalCase
from eval.sets.beir import QUERIES, load_beir, read_corpus
from schema import FootnoteError

TRUE_KINDS = ("verbatim", "rephrased", "answer", "answered question", "claim")
ALTERED_KINDS = (
    *ALTERATIONS,
    "source at random",
    "similar source",
    "echoed question",
    "another answer",
    "refuted claim",
)
KINDS = (*TRUE_KINDS, *ALTERED_KINDS)
SCANNED = 12
"""Sentences looked at for each wanted case of a kind, before a rare kind is left with fewer."""


@dataclass(frozen=True, slots=True)
class SupportCase:
    """A sentence with the texts it is cited to, whether they support it, and how it was made (one of ``KINDS``)."""

    claim: str
    evidence: tuple[str, ...]
    kind: str
    question: str = ""

    @property
    def is_true(self) -> bool:
        """Whether the evidence supports the claim."""
        return self.kind in TRUE_KINDS


def build_cases(folder: Path, *, limit: int, seed: int) -> tuple[SupportCase, ...]:
    """The cases of a set in BEIR form, by kind; the same folder, limit and seed give the same cases.

    Args:
        folder: with a corpus; its questions are used where their answers are sentences.
        limit: the most cases of a kind.
        seed: draws sentences, changes and evidence.

    Raises:
        FootnoteError: when the corpus holds fewer than two documents with usable sentences, or can't be read.
    """
    documents = list(read_corpus(folder))
    corpus = Corpus(documents)
    if len({place.document for place in corpus.places}) < 2:
        raise FootnoteError(
            f"{folder}: fewer than two of its documents hold whole sentences; there is nothing to change."
        )
    rng = np.random.default_rng(seed)
    made = list(_from_sentences(corpus, limit, rng))
    numbers = {document.path: number for number, document in enumerate(documents)}
    asked = load_beir(folder)
    made += _from_answers(asked, corpus, numbers, limit, rng)
    made += _from_questions(asked, corpus, numbers, limit, rng)
    made += _from_claims(folder, asked, corpus, numbers, limit)
    return tuple(sorted(made, key=lambda case: KINDS.index(case.kind)))


def _from_sentences(corpus: Corpus, limit: int, rng: np.random.Generator) -> Iterator[SupportCase]:
    """Cases from sentences in random order, until each kind has its number or enough have been looked at."""
    counts: Counter[str] = Counter()
    order = rng.permutation(len(corpus.places))[: SCANNED * limit]
    for place in (corpus.places[number] for number in order):
        wanted = {kind for kind in KINDS if counts[kind] < limit}
        for case in _cases_of(corpus, place, wanted, rng):
            counts[case.kind] += 1
            yield case


def _cases_of(corpus: Corpus, place: Place, wanted: set[str], rng: np.random.Generator) -> Iterator[SupportCase]:
    """The cases of wanted kinds that one sentence gives; half of the changed ones are rephrased too."""
    text = corpus.text(place)
    evidence, said = _evidence(corpus, place, rng), rephrase(text, rng)
    for kind, claim in (("verbatim", text), ("rephrased", said)):
        if kind in wanted:
            yield SupportCase(claim, evidence, kind)
    for kind in (kind for kind in ALTERATIONS if kind in wanted):
        changed = ALTERATIONS[kind](said if rng.random() < 0.5 else text, corpus, rng)
        if changed and changed not in {text, said}:
            yield SupportCase(changed, evidence, kind)
    if "source at random" in wanted:
        other = corpus.places[int(rng.integers(len(corpus.places)))]
        if other.document != place.document:
            yield SupportCase(said, _evidence(corpus, other, rng), "source at random")
    if "similar source" in wanted and (similar := corpus.most_similar(text, place)):
        yield SupportCase(said, _evidence(corpus, similar, rng), "similar source")


def _evidence(corpus: Corpus, place: Place, rng: np.random.Generator) -> tuple[str, ...]:
    """One to three sentences in a row, the given one among them, as one text or as several."""
    sentences, title = corpus.sentences[place.document], corpus.titles[place.document]
    length = int(rng.integers(1, 4))
    first = max(0, place.sentence - int(rng.integers(length)))
    window = sentences[first : first + length]
    texts = [" ".join(window)] if rng.random() < 0.5 else window
    return tuple(f"{title}\n{text}".strip() for text in texts)


def _from_answers(
    cases: Sequence[EvalCase], corpus: Corpus, numbers: Mapping[str, int], limit: int, rng: np.random.Generator
) -> list[SupportCase]:
    """The sentences of long answers, with the sentences of the gold passage that share most words with each."""
    made = []
    for case in cases:
        held = [numbers[one.source] for one in case.evidence]
        for answer in case.answers[:1] if held else ():
            made += [
                SupportCase(sentence, _nearest(corpus, held[0], sentence), "answer", case.question)
                for sentence in split(answer)
                if is_usable(sentence)
            ]
    return [made[place] for place in sorted(rng.permutation(len(made))[:limit])]


def _from_questions(
    cases: Sequence[EvalCase], corpus: Corpus, numbers: Mapping[str, int], limit: int, rng: np.random.Generator
) -> list[SupportCase]:
    """Questions as statements, with their right answers and with other names, the questions in random order."""
    counts, made = Counter[str](), list[SupportCase]()
    drawn = [cases[place] for place in rng.permutation(len(cases))]
    for kind, claim, evidence, question in from_questions(drawn, corpus, numbers, rng):
        if counts[kind] < limit:
            counts[kind] += 1
            made.append(SupportCase(claim, evidence, kind, question))
    return made


def _from_claims(
    folder: Path, cases: Sequence[EvalCase], corpus: Corpus, numbers: Mapping[str, int], limit: int
) -> list[SupportCase]:
    """Judged claims as their questions, with the nearest sentences of the document that they are judged by."""
    faults, judged = Faults(), dict[str, set[str]]()
    for _, record in json_lines(folder / QUERIES, faults):
        labels = record.get("claim_label") if isinstance(record, dict) else None
        if isinstance(labels, list) and labels:
            judged[str(record["_id"])] = set(labels)
    faults.raise_any()
    kinds = {frozenset({"SUPPORT"}): "claim", frozenset({"CONTRADICT"}): "refuted claim"}
    made = []
    for case in cases:
        kind = kinds.get(frozenset(judged.get(case.question_id, ())))
        if kind and case.evidence:
            near = _nearest(corpus, numbers[case.evidence[0].source], case.question)
            made.append(SupportCase(case.question, near, kind))
    return [case for kind in kinds.values() for case in [one for one in made if one.kind == kind][:limit]]


def _nearest(corpus: Corpus, document: int, sentence: str, count: int = 3) -> tuple[str, ...]:
    """The sentences of a document that share most words with a sentence, best first, under its title."""
    wanted = words_of(sentence)
    ranked = sorted(corpus.sentences[document], key=lambda text: -len(wanted & words_of(text)))
    return tuple(f"{corpus.titles[document]}\n{text}".strip() for text in ranked[:count])
