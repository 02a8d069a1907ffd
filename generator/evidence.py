"""Evidence: the sentences of the passages, scored against the question, the best of them as verbatim quotes.

Each sentence carries its offsets from the chunk that it stands in; nothing is searched for again. Two models judge it:
a cross-encoder reads it alone under its document's title and heading, so that "It was published on 12 October" can be
told from another document's sentence of the same words; the reading model reads it among its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from generator.reading import Read
from generator.sources.attribution import speaker_of
from generator.sources.context import context_of
from language import sentence_spans
from schema import AnswerSpan, Passage, Quote, Reading

ScoreTexts = Callable[[str, Sequence[str]], list[float]]
"""(question, texts) -> one score for each text, higher is better."""

QUESTION_CHARACTERS = 600
"""Longest end of a question that sentences are scored against."""

SHORTEST_EVIDENCE = 3
"""Words of letters; what is shorter (a label, a page number, the score of a game) is no evidence by itself."""


_WORD = re.compile(r"[^\W\d_]{2,}")
ALONE, HOLDS, ANSWERS, SPAN = 0.5, 1.0, 0.5, 0.5
"""Weights of the cross-encoder's logit and of the reading model's: of the sentence, its passage, its best answer."""
SURELY_NOT = -20.0
"""Logit of a sentence that the reading model did not get to see."""
MARKED_FROM = 4.0
"""Score of a short answer from which its words are marked in the quote: from 0, where it is likelier than that there is
none, more than half of what would be marked for the questions of squad2 does not answer them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence of a passage: its span in the source's text, and its score for the question.

    ``logit`` is the cross-encoder's part of the score; ``answer`` the likeliest short answer in the sentence, its
    characters in the source's text and its score above "there is none", where a reading model looked for one.
    ``answerable`` is the reading model's logit of the sentence's passage answering the question.
    ``warning`` is what a reader is told of the sentence wherever it is shown.
    """

    passage: Passage
    start: int
    end: int
    text: str
    score: float = 0.0
    logit: float = 0.0
    answer: AnswerSpan | None = None
    answerable: float | None = None
    warning: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Where the sentence stands: source and offset."""
        return self.passage.chunk.source_id, self.start

    @property
    def grounds(self) -> str:
        """What a citation of this sentence vouches for: its words, under its document's title, date and headings."""
        source = self.passage.source
        return "\n".join(part for part in (source.title, source.date, self.passage.chunk.heading, self.text) if part)

    @property
    def context(self) -> str:
        """What the cross-encoder reads: title and headings, then the sentence."""
        above = " > ".join(part for part in (self.passage.source.title, self.passage.chunk.heading) if part)
        return f"{above}: {self.text}" if above else self.text


def sentences_of(passages: Sequence[Passage], *, limit: int) -> list[Evidence]:
    """The first ``limit`` sentences of the passages in rank order, without headings and scraps."""
    found: dict[tuple[str, int], Evidence] = {}
    for passage in passages:
        chunk = passage.chunk
        headings = {part.strip() for part in chunk.heading.split(" > ")}
        for start, end in sentence_spans(chunk.text):
            text = chunk.text[start:end]
            if text not in headings and len(_WORD.findall(text)) >= SHORTEST_EVIDENCE:
                sentence = Evidence(passage, chunk.start + start, chunk.start + end, text)
                found.setdefault(sentence.key, sentence)
    return list(found.values())[:limit]


def read_evidence(question: str, sentences: Sequence[Evidence], read: Read) -> list[Reading]:
    """What the reading model makes of each passage, in the order in which the sentences name them."""
    passages = [
        (group[0].passage.chunk.text, [_within_chunk(sentence) for sentence in group])
        for group in _by_passage(sentences)
    ]
    return read(question[-QUESTION_CHARACTERS:], passages)


def rank_evidence(
    question: str, sentences: Sequence[Evidence], score: ScoreTexts, readings: Sequence[Reading] = ()
) -> list[Evidence]:
    """The sentences with their scores, best first; ties keep the passages' order.

    Of a long question the cross-encoder reads the end, where a scenario comes to its point: it reads the question
    again with each sentence, so that its length costs more than anything else.

    Args:
        question: as searched for.
        sentences: of the passages, in passage and text order.
        score: the cross-encoder.
        readings: what `read_evidence` found, if there is a reading model.
    """
    logits = score(question[-QUESTION_CHARACTERS:], [sentence.context for sentence in sentences])
    scored = [replace(sentence, score=logit, logit=logit) for sentence, logit in zip(sentences, logits, strict=True)]
    if readings:
        groups = zip(_by_passage(scored), readings, strict=True)
        scored = [sentence for group, reading in groups for sentence in _as_read(group, reading)]
    return sorted(scored, key=lambda sentence: -sentence.score)


def _by_passage(sentences: Sequence[Evidence]) -> list[list[Evidence]]:
    return [list(group) for _, group in groupby(sentences, key=lambda sentence: sentence.passage.chunk.chunk_id)]


def _within_chunk(sentence: Evidence) -> tuple[int, int]:
    first = sentence.passage.chunk.start
    return sentence.start - first, sentence.end - first


def _as_read(sentences: Sequence[Evidence], reading: Reading) -> list[Evidence]:
    """Sentences of one passage with the reading model's logits in their scores, and the answers that it found."""
    first = sentences[0].passage.chunk.start
    spans = [replace(span, start=span.start + first, end=span.end + first) for span in reading.spans]
    read = []
    for sentence, holds in zip(sentences, reading.sentences, strict=True):
        answer = next((span for span in spans if sentence.start <= span.start < sentence.end), None)
        score = (
            ALONE * sentence.logit
            + HOLDS * max(holds, SURELY_NOT)
            + ANSWERS * reading.answerable
            + SPAN * (answer.score if answer else SURELY_NOT)
        )
        read.append(replace(sentence, score=score, answer=answer, answerable=reading.answerable))
    return read


def choose_quotes(ranked: Sequence[Evidence], *, limit: int) -> list[Evidence]:
    """The best sentences, each wording once."""
    chosen: dict[str, Evidence] = {}
    for sentence in ranked:
        chosen.setdefault(" ".join(sentence.text.lower().split()), sentence)
        if len(chosen) == limit:
            break
    return list(chosen.values())


def to_quote(sentence: Evidence, number: int) -> Quote:
    """The sentence as a numbered quote, with what a reader needs beside it."""
    chunk, source = sentence.passage.chunk, sentence.passage.source
    answer_start, answer_end = _marked(sentence)
    return Quote(
        number=number,
        source=chunk.source_id,
        title=source.title,
        date=source.date,
        page=chunk.page,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
        score=round(sentence.score, 4),
        heading=chunk.heading,
        context=context_of(_within_chunk(sentence), chunk.text, heading=chunk.heading),
        speaker=speaker_in(sentence),
        warning=" ".join(filter(None, (sentence.warning, sentence.passage.warning))),
        answer_start=answer_start,
        answer_end=answer_end,
    )


def _marked(sentence: Evidence) -> tuple[int, int] | tuple[None, None]:
    """Where the words stand that answer, when they are likely enough and nobody is warned of the sentence."""
    answer = sentence.answer
    if answer is None or answer.score < MARKED_FROM or sentence.warning:
        return None, None
    start, end = max(answer.start, sentence.start), min(answer.end, sentence.end)
    return (start, end) if start < end else (None, None)


def speaker_in(sentence: Evidence) -> str:
    """Who says it, where the passage reports another's words; "" where the document speaks itself."""
    text, (start, _) = sentence.passage.chunk.text, _within_chunk(sentence)
    return speaker_of(sentence.text, [text[first:last] for first, last in sentence_spans(text) if last <= start])
