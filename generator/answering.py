"""From passages to an answer, as a stream of events: quotes at once, then the draft, checked sentence by sentence.

The evidence decides whether there is an answer; the model phrases it; each of its sentences is matched with the
evidence and kept only when that holds. Where the model is silent, or leaves out what the evidence says, the documents'
own words are the answer. What this module does not do: retrieve, load anything, or know which model it talks to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from generator.drafting import Draft, Question, Writer, write_draft
from generator.evidence import MARKED_FROM, Evidence, choose_quotes, to_quote
from generator.finding import Readers, View, find_evidence, trusted_in
from generator.refusing.answerability import Judgement, after_draft, judge_signals, missing_names, signals_of
from generator.refusing.calibration import Rule
from generator.sources.conflicts import find_conflicts
from generator.support.short_answers import with_question
from generator.words import stems
from schema import Answer, Answered, Conflict, Event, Fingerprint, Passage, QuotesFound, Sentence, Timings, Waiting

LineUp = Callable[[], Iterable[Waiting]]

REFUSAL = "The documents do not say."
_ENDS = tuple(".!?:;…\"'”’)")
OWN_WORDS_FROM, UNMARKED_FROM = 0.45, 0.75
"""Probability, after a draft that failed, from which the best quote stands in for it: where words of the quote are
marked as the answer (of squad2's, 5 of 6 such quotes held it), and where none are."""
SURE_OF_SPAN = 6.0
"""Score of a short answer from which the documents' own words are added to a draft that does not say it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many quotes to show, and when the documents answer at all."""

    quotes: int
    rule: Rule


def answer_events(
    question: Question,
    passages: Sequence[Passage],
    *,
    readers: Readers,
    writer: Writer | None,
    fingerprint: Fingerprint,
    limits: Limits,
    is_stopped: Callable[[], bool] = lambda: False,
    line_up: LineUp = lambda: (),
) -> Iterator[Event]:
    """Answer a question from retrieved passages.

    Args:
        question: what was asked.
        passages: best first.
        readers: the models that find and check evidence.
        writer: the language model; ``None`` answers with the best quote alone.
        fingerprint: what the answer is made with.
        limits: of quotes and of the judgement.
        is_stopped: asked between tokens; true ends the answer where it is.
        line_up: its items are told while the model is busy with others; they end when it is this answer's turn, or
            when it was stopped. Only an answer that the model writes lines up.
    """
    draft = Draft(question, [], list(passages), readers.entail and with_question(readers.entail, question.asked))
    retrieved_ms = draft.now_ms()
    found = find_evidence(question.standalone, passages, readers)
    draft.ranked = found.ranked
    chosen = choose_quotes(found.ranked, limit=limits.quotes)
    draft.quotes = [to_quote(sentence, number) for number, sentence in enumerate(chosen, start=1)]
    draft.timings = Timings(retrieved_ms, round(draft.now_ms() - retrieved_ms, 1), draft.now_ms())
    yield QuotesFound(tuple(draft.quotes), tuple(passages), question.shown)

    trusted = trusted_in(found.ranked)
    judgement, draft.signals = _judge(found.views, passages, limits.rule)
    if judgement.answerable and writer is not None:
        draft.failure = writer.away()
        if not draft.failure:
            yield from line_up()
            draft.stopped = is_stopped()
        if not draft.failure and not draft.stopped:
            yield from write_draft(draft, chosen, found.sentences, writer, is_stopped)
    if judgement.answerable and _wants_own_words(draft, judgement, trusted[0], has_writer=writer is not None):
        draft.own_words = True
        yield draft.keep(Sentence(trusted[0].text, (), "supported", 1.0), [trusted[0]])
    yield Answered(_finish(draft, judgement, fingerprint, has_writer=writer is not None))


def _judge(views: Sequence[View], passages: Sequence[Passage], rule: Rule) -> tuple[Judgement, dict[str, float]]:
    """The judgement of the likeliest part of a question, which is worth answering by itself, and its signals."""
    judged = []
    for view in views:
        signals = signals_of(view.question, trusted_in(view.ranked), passages, view.readings)
        missing = missing_names(view.question, passages)
        judged.append((judge_signals(view.question, signals, rule, missing=missing), signals.known()))
    best, signals_told = max(judged, key=lambda one: one[0].score)
    return (best if best.answerable else replace(judged[0][0], score=best.score)), signals_told


def _wants_own_words(draft: Draft, judgement: Judgement, best: Evidence, *, has_writer: bool) -> bool:
    """Whether the documents' own words are needed: the draft is missing, or does not say what the evidence says."""
    if draft.stopped:
        return False
    if not has_writer or (draft.failure and not draft.sentences):
        return True
    if not draft.sentences:
        is_marked = best.answer is not None and best.answer.score >= MARKED_FROM
        return after_draft(judgement.score, held=False) >= (OWN_WORDS_FROM if is_marked else UNMARKED_FROM)
    return best.answer is not None and best.answer.score >= SURE_OF_SPAN and not _says(draft, best)


def _says(draft: Draft, best: Evidence) -> bool:
    """Whether the draft holds the words of the likeliest answer, or cites them."""
    assert best.answer is not None  # noqa: S101
    start = best.passage.chunk.start
    answer = stems(best.passage.chunk.text[best.answer.start - start : best.answer.end - start])
    return answer <= stems(" ".join(sentence.text for sentence in draft.sentences))


def _finish(draft: Draft, judgement: Judgement, fingerprint: Fingerprint, *, has_writer: bool) -> Answer:
    """The whole record."""
    abstained = not draft.sentences and not draft.stopped
    if draft.failure and not draft.written:
        fingerprint = replace(fingerprint, llm="none")
    return Answer(
        question=draft.question.text,
        answer=REFUSAL if abstained else _in_a_row([sentence.text for sentence in draft.sentences]),
        abstained=abstained,
        reason=_reason(draft, judgement, has_writer=has_writer),
        sentences=tuple(draft.sentences),
        citations=tuple(to_quote(evidence, number) for number, evidence in enumerate(draft.cited, start=1)),
        quotes=tuple(draft.quotes),
        passages=tuple(draft.passages),
        timings=replace(draft.timings, total_ms=draft.now_ms()),
        fingerprint=fingerprint,
        dropped=tuple(draft.dropped),
        confidence=round(_confidence(draft, judgement), 4),
        tokens_read=draft.tokens_read,
        tokens_written=draft.tokens_written,
        conflicts=_conflicts(draft),
        searched_for=draft.question.shown,
        signals=draft.signals,
        failure=draft.failure,
    )


def _in_a_row(texts: Sequence[str]) -> str:
    """Sentences as one text: an answer of few words gets a full stop when something follows it."""
    closed = [text if text.endswith(_ENDS) else f"{text}." for text in texts[:-1]]
    return " ".join([*closed, *texts[-1:]])


def _confidence(draft: Draft, judgement: Judgement) -> float:
    """The judgement's probability, and what became of the draft, if one was made to its end."""
    if draft.tokens_written is None or draft.stopped or draft.failure:
        return judgement.score
    return after_draft(judgement.score, held=bool(draft.written))


def _conflicts(draft: Draft) -> tuple[Conflict, ...]:
    """Where documents disagree on what was asked: of an answer only what it cites, of a refusal all that was found."""
    found = find_conflicts(draft.question.standalone, draft.quotes)
    cited = {evidence.key for evidence in draft.cited}
    told = {quote.number for quote in draft.quotes if not cited or (quote.source, quote.start) in cited}
    return tuple(one for one in found if any(statement.quote in told for statement in one.statements))


def _failed(draft: Draft) -> str:
    """What there is in place of a whole draft, and what happened to it."""
    if not draft.written:
        return f"{draft.failure} These are the documents' own words."
    last = " The last sentence is the documents' own." if draft.own_words else ""
    return f"The answer was cut off; what had been checked is kept.{last} {draft.failure}"


def _reason(draft: Draft, judgement: Judgement, *, has_writer: bool) -> str:
    """Why the answer is as it is, when it is not a full one: the first of these that is true."""
    left_out = f"Left out, for want of support in the documents: {len(draft.dropped)} sentence(s)."
    alone = draft.own_words and len(draft.sentences) == 1
    reasons = (
        (draft.stopped, "The answer was stopped before it was complete."),
        (not judgement.answerable, judgement.reason),
        (not has_writer, "No language model was used: these are the documents' own words."),
        (bool(draft.failure), _failed(draft)),
        (draft.own_words and not alone, "The last sentence is the documents' own: the language model left it out."),
        (alone and draft.refused_by_model, "The language model found no answer; these are the documents' own words."),
        (alone, "What the language model wrote had no support in the documents; these are their own words."),
        (draft.refused_by_model, "The passages found do not seem to answer the question; the nearest ones are shown."),
        (
            draft.cut,
            "The answer reached its longest length (setting answer_tokens); its unfinished sentence is left out.",
        ),
        (
            not draft.sentences,
            "What the language model wrote had no support in the documents; it is left out. The nearest passages "
            "are shown.",
        ),
        (bool(draft.dropped), left_out),
    )
    return next((reason for applies, reason in reasons if applies), "")
