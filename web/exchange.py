"""One question and what is known of its answer so far: the state that the page draws, advanced event by event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from schema import Answer, Answered, Event, Passage, Quote, QuotesFound, Sentence, SentenceChecked, Token, Waiting

Phase = Literal["searching", "writing", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with its answer as far as it has come.

    ``draft`` is what the model wrote and nobody has checked yet; ``notice`` is the sentence of a failure;
    ``searched_for`` is the question that a follow-up was taken to ask; ``before`` counts the questions that are
    answered before this one.
    """

    number: int
    question: str
    phase: Phase = "searching"
    quotes: tuple[Quote, ...] = ()
    passages: tuple[Passage, ...] = ()
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Quote, ...] = ()
    draft: str = ""
    answer: Answer | None = None
    notice: str = ""
    searched_for: str = ""
    before: int = 0

    @property
    def running(self) -> bool:
        """Whether more events may come."""
        return self.phase in ("searching", "writing")


def advance(exchange: Exchange, event: Event) -> Exchange:
    """The exchange after one more event."""
    match event:
        case QuotesFound(quotes, passages, searched_for):
            return replace(exchange, phase="writing", quotes=quotes, passages=passages, searched_for=searched_for)
        case Waiting(place):
            return replace(exchange, before=place)
        case Token(text):
            return replace(exchange, draft=exchange.draft + text, before=0)
        case SentenceChecked(sentence, citations):
            return replace(
                exchange,
                before=0,
                sentences=(*exchange.sentences, sentence),
                citations=merge(exchange.citations, citations),
                draft=unchecked(exchange.draft, sentence.text),
            )
        case Answered(answer):
            return replace(
                exchange,
                phase="done",
                answer=answer,
                quotes=answer.quotes,
                passages=answer.passages,
                sentences=answer.sentences,
                citations=answer.citations,
                draft="",
                before=0,
                searched_for=answer.searched_for,
            )


def unchecked(draft: str, sentence: str) -> str:
    """What remains of a draft after a sentence of it; nothing, when the check changed the sentence's words.

    >>> unchecked("It rained. It sno", "It rained.")
    ' It sno'
    """
    place = draft.find(sentence)
    return draft[place + len(sentence) :] if place >= 0 else ""


def merge(known: tuple[Quote, ...], more: tuple[Quote, ...]) -> tuple[Quote, ...]:
    """Both lists in order of their numbers, each number once."""
    by_number = {quote.number: quote for quote in (*known, *more)}
    return tuple(by_number[number] for number in sorted(by_number))
