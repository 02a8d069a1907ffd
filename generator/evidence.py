"""Evidence: the sentences of the passages, scored against the question, the best of them as verbatim quotes.

Each sentence carries its offsets from the chunk that it stands in; nothing is searched for again. The score is a
cross-encoder's logit for (question, sentence with its document's title and heading), so that "It was published on 12
October" can be told from another document's sentence of the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from language import sentence_spans
from schema import Passage, Quote

ScoreTexts = Callable[[str, Sequence[str]], list[float]]
"""(question, texts) -> one score for each text, higher is better."""

QUESTION_CHARACTERS = 600
"""Longest end of a question that sentences are scored against."""

SHORTEST_EVIDENCE = 3
"""Words; what is shorter (a label, a page number) is no evidence by itself."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence of a passage: its span in the source's text, and its score for the question."""

    passage: Passage
    start: int
    end: int
    text: str
    score: float = 0.0

    @property
    def key(self) -> tuple[str, int]:
        """Where the sentence stands: source and offset."""
        return self.passage.chunk.source_id, self.start

    @property
    def grounds(self) -> str:
        """What a citation of this sentence vouches for: its words, under its document's title, date and headings."""
        source = self.passage.source
        return " ".join(part for part in (source.title, source.date, self.passage.chunk.heading, self.text) if part)

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
            if text not in headings and len(text.split()) >= SHORTEST_EVIDENCE:
                sentence = Evidence(passage, chunk.start + start, chunk.start + end, text)
                found.setdefault(sentence.key, sentence)
    return list(found.values())[:limit]


def rank_evidence(question: str, sentences: Sequence[Evidence], score: ScoreTexts) -> list[Evidence]:
    """The sentences with their scores, best first; ties keep the passages' order.

    Of a long question the cross-encoder reads the end, where a scenario comes to its point: it reads the question
    again with each sentence, so that its length costs more than anything else.
    """
    scores = score(question[-QUESTION_CHARACTERS:], [sentence.context for sentence in sentences])
    scored = [replace(sentence, score=value) for sentence, value in zip(sentences, scores, strict=True)]
    return sorted(scored, key=lambda sentence: -sentence.score)


def choose_quotes(ranked: Sequence[Evidence], *, limit: int) -> list[Evidence]:
    """The best sentences, each wording once."""
    chosen: dict[str, Evidence] = {}
    for sentence in ranked:
        chosen.setdefault(" ".join(sentence.text.lower().split()), sentence)
        if len(chosen) == limit:
            break
    return list(chosen.values())


def to_quote(sentence: Evidence, number: int) -> Quote:
    """The sentence as a numbered quote."""
    chunk, source = sentence.passage.chunk, sentence.passage.source
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
    )
