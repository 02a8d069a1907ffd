"""From passages to an answer, as a stream of events: quotes at once, then the draft, checked sentence by sentence.

The evidence decides whether there is an answer; the model phrases it; each of its sentences is matched with the
evidence and kept only when that holds. When the model has nothing to say that holds, the documents' own words are the
answer. What this module does not do: retrieve, load anything, or know which model it talks to.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from langchain_core.messages import BaseMessage

from generator.answerability import Judgement, judge
from generator.checking import check_support
from generator.citing import cite, clean_draft
from generator.evidence import Evidence, ScoreTexts, choose_quotes, rank_evidence, sentences_of, to_quote
from generator.prompting import build_messages, pack_evidence
from language import sentence_spans
from prompts import Prompt
from schema import (
    Answer,
    Answered,
    Event,
    Fingerprint,
    Passage,
    Quote,
    QuotesFound,
    Sentence,
    SentenceChecked,
    Timings,
    Token,
    Turn,
)

REFUSAL = "The documents do not say."
SENTENCES_SCORED = 40
"""Sentences that the cross-encoder reads for one question: the share of a second that it may take on two cores."""

OWN_WORDS_FROM = 4.0
"""Evidence score from which the best quote may stand in for a draft that did not hold."""

ENDINGS = ".!?…\"'”’)]。！？"
"""Characters that a finished sentence may end with."""

StreamText = Callable[[Sequence[BaseMessage]], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Writer:
    """A language model as the generator sees it: messages in, pieces of text out, and a count of its tokens.

    ``evidence_tokens`` is the budget for what it reads, ``answer_tokens`` the length at which it is made to end.
    """

    stream: StreamText
    count_tokens: Callable[[str], int]
    prompt: Prompt
    evidence_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the reader's words, what was searched for, ``time.monotonic()`` at its arrival, earlier turns."""

    text: str
    standalone: str
    started: float
    history: Sequence[Turn] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How many quotes to show, and the judgement's score from which there is an answer at all."""

    quotes: int
    threshold: float


@dataclass(slots=True)
class _Draft:
    """What is known while an answer is made; it becomes an `Answer` at the end."""

    question: Question
    ranked: list[Evidence]
    quotes: list[Quote]
    passages: list[Passage]
    timings: Timings
    sentences: list[Sentence]
    dropped: list[Sentence]
    cited: list[Evidence]
    refused_by_model: bool = False
    text: str = ""
    tokens_read: int | None = None
    tokens_written: int | None = None
    own_words: bool = False
    cut: bool = False
    stopped: bool = False

    def now_ms(self) -> float:
        return round((time.monotonic() - self.question.started) * 1000, 1)


def answer_events(
    question: Question,
    passages: Sequence[Passage],
    *,
    score: ScoreTexts,
    writer: Writer | None,
    fingerprint: Fingerprint,
    limits: Limits,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Answer a question from retrieved passages.

    Args:
        question: what was asked.
        passages: best first.
        score: the cross-encoder.
        writer: the language model; ``None`` answers with the best quote alone.
        fingerprint: what the answer is made with.
        limits: of quotes and of the judgement.
        is_stopped: asked between tokens; true ends the answer where it is.
    """
    retrieved_ms = round((time.monotonic() - question.started) * 1000, 1)
    sentences = sentences_of(passages, limit=SENTENCES_SCORED)
    ranked = rank_evidence(question.standalone, sentences, score)
    chosen = choose_quotes(ranked, limit=limits.quotes)
    shown = [to_quote(sentence, number) for number, sentence in enumerate(chosen, start=1)]
    draft = _Draft(question, ranked, shown, list(passages), Timings(), [], [], [])
    draft.timings = Timings(retrieved_ms, round(draft.now_ms() - retrieved_ms, 1), draft.now_ms())
    yield QuotesFound(tuple(shown), tuple(passages))

    judgement = judge(question.standalone, ranked, threshold=limits.threshold)
    if judgement.answerable and writer is not None:
        yield from _write(draft, chosen, sentences, writer, is_stopped)
        draft.tokens_written = writer.count_tokens(draft.text)
    if _wants_own_words(draft, judgement, has_writer=writer is not None):
        yield _own_words(draft, chosen[0])
    yield Answered(_finish(draft, judgement, fingerprint, has_writer=writer is not None))


def _write(
    draft: _Draft,
    chosen: Sequence[Evidence],
    sentences: Sequence[Evidence],
    writer: Writer,
    is_stopped: Callable[[], bool],
) -> Iterator[Event]:
    """Stream the model's draft and check each sentence as soon as it is complete."""
    packed = pack_evidence(chosen, sentences, budget=writer.evidence_tokens, count_tokens=writer.count_tokens)
    seen = {sentence.passage.chunk.chunk_id for sentence in packed}
    draft.passages = [replace(one, seen_by_model=one.chunk.chunk_id in seen) for one in draft.passages]
    scores = {sentence.key: sentence.score for sentence in draft.ranked}
    readable = sorted(packed, key=lambda sentence: -scores[sentence.key])
    messages = build_messages(writer.prompt, draft.question.text, packed, draft.question.history)
    draft.tokens_read = sum(writer.count_tokens(str(message.content)) for message in messages)
    shown, checked = 0, 0
    for piece in writer.stream(messages):
        if is_stopped():
            break
        if draft.timings.first_token_ms is None:
            draft.timings = replace(draft.timings, first_token_ms=draft.now_ms())
        draft.text += piece
        refuses = _refuses(draft.text, writer.prompt.refusal)
        if refuses:
            draft.refused_by_model = True
            return
        if refuses is None:
            continue  # a reader who sees half a refusal takes it for the answer
        yield Token(draft.text[shown:])
        shown = len(draft.text)
        complete = sentence_spans(draft.text)[:-1]
        for start, end in complete[checked:]:
            yield from _check(draft, draft.text[start:end], readable)
        checked = len(complete)
    draft.stopped = is_stopped()
    if not draft.stopped:
        if shown < len(draft.text):
            yield Token(draft.text[shown:])
        rest = sentence_spans(draft.text)[checked:]
        # A sentence that ran into the limit says half of what it means, which no check can see.
        draft.cut = (
            bool(rest) and draft.text[-1] not in ENDINGS and writer.count_tokens(draft.text) >= writer.answer_tokens
        )
        for start, end in rest[:-1] if draft.cut else rest:
            yield from _check(draft, draft.text[start:end], readable)


def _refuses(text: str, refusal: str) -> bool | None:
    """Whether a draft opens with the refusal, in any case and mark-up; ``None`` while it may still become one."""
    opening, phrase = text.lstrip(" \n\t\"'“”*_`").upper(), refusal[:12]
    if opening.startswith(phrase):
        return True
    return None if phrase.startswith(opening) else False


def _check(draft: _Draft, text: str, readable: Sequence[Evidence]) -> Iterator[Event]:
    """Cite and check one sentence; what the evidence does not hold is dropped and kept on record."""
    text = clean_draft(text)
    if not text:
        return
    cited = cite(text, readable)
    grounds = [evidence.grounds for evidence in cited]
    by_document: dict[str, str] = {}
    for evidence in cited:
        source = evidence.passage.chunk.source_id
        by_document[source] = f"{by_document.get(source, '')} {evidence.grounds}"
    verdict = check_support(text, grounds, draft.question.text, documents=tuple(by_document.values()))
    if verdict.support == "unsupported":
        draft.dropped.append(Sentence(text, (), verdict.support, verdict.score, verdict.problems))
        return
    yield _keep(draft, text, cited, Sentence(text, (), verdict.support, verdict.score, verdict.problems))


def _wants_own_words(draft: _Draft, judgement: Judgement, *, has_writer: bool) -> bool:
    """Whether the documents' own words take the place of a draft that is missing or did not hold."""
    if not judgement.answerable or draft.sentences or draft.stopped or draft.refused_by_model:
        return False
    return not has_writer or judgement.score >= OWN_WORDS_FROM


def _own_words(draft: _Draft, best: Evidence) -> Event:
    """The best quote as the answer: what remains when no model is there, or nothing that it wrote holds."""
    draft.own_words = True
    return _keep(draft, best.text, [best], Sentence(best.text, (), "supported", 1.0))


def _keep(draft: _Draft, text: str, cited: Sequence[Evidence], sentence: Sentence) -> SentenceChecked:
    """Add a sentence to the answer, numbering its citations in order of first use."""
    for evidence in cited:
        if evidence.key not in [known.key for known in draft.cited]:
            draft.cited.append(evidence)
    places = {evidence.key: number for number, evidence in enumerate(draft.cited, start=1)}
    numbered = replace(sentence, text=text, citations=tuple(sorted(places[evidence.key] for evidence in cited)))
    draft.sentences.append(numbered)
    return SentenceChecked(numbered, tuple(to_quote(evidence, places[evidence.key]) for evidence in cited))


def _finish(draft: _Draft, judgement: Judgement, fingerprint: Fingerprint, *, has_writer: bool) -> Answer:
    """The whole record."""
    abstained = not draft.sentences and not draft.stopped
    text = REFUSAL if abstained else " ".join(sentence.text for sentence in draft.sentences)
    return Answer(
        question=draft.question.text,
        answer=text,
        abstained=abstained,
        reason=_reason(draft, judgement, has_writer=has_writer),
        sentences=tuple(draft.sentences),
        citations=tuple(to_quote(evidence, number) for number, evidence in enumerate(draft.cited, start=1)),
        quotes=tuple(draft.quotes),
        passages=tuple(draft.passages),
        timings=replace(draft.timings, total_ms=draft.now_ms()),
        fingerprint=fingerprint,
        dropped=tuple(draft.dropped),
        confidence=round(judgement.score, 4) if math.isfinite(judgement.score) else None,
        tokens_read=draft.tokens_read,
        tokens_written=draft.tokens_written,
    )


def _reason(draft: _Draft, judgement: Judgement, *, has_writer: bool) -> str:
    """Why the answer is as it is, when it is not a full one: the first of these that is true."""
    reasons = (
        (draft.stopped, "The answer was stopped before it was complete."),
        (not judgement.answerable, judgement.reason),
        (draft.refused_by_model, "The passages found do not seem to answer the question; the nearest ones are shown."),
        (not has_writer, "No language model was used: these are the documents' own words."),
        (draft.own_words, "What the language model wrote had no support in the documents; these are their own words."),
        (
            draft.cut,
            "The answer reached its longest length (setting answer_tokens); its unfinished sentence is left out.",
        ),
        (not draft.sentences, "What the language model wrote had no support in the documents; it is left out."),
        (bool(draft.dropped), f"Left out, for want of support in the documents: {len(draft.dropped)} sentence(s)."),
    )
    return next((reason for applies, reason in reasons if applies), "")
