"""Follow-up questions: what is searched for when a question leans on the ones before it.

By rules, in a fraction of a millisecond (`retriever.rewriting`): the last turns are gone through once, each made
standalone with those before it, so that "and in Scotland?" after "and in Wales?" still knows what was asked. Where the
rules are not sure, the question before and this one are searched for together, which no reader needs to see. What this
module does not do: ask a language model, or change the question that the reader sees as asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from language import STOP_WORDS
from retriever.references import Exchange, points_back
from retriever.rewriting import carries_on, has_opening, is_piece, rewrite, stands_alone
from schema import Turn

SHORT_QUESTION = 3
"""Content words; a piece of a question with fewer can hardly stand alone."""
TURNS_READ = 6
"""Turns before a question; what was said earlier is not pointed back to by a pronoun."""
LONGEST_READ = 300
"""Characters of a question that the rules read; a longer one tells its own story."""
ANSWER_READ = 400
"""Characters of an answer that the rules read."""

_WORD = re.compile(r"[^\W_]+")
_REFUSALS = ("the documents do not", "the documents don't", "not in the documents", "i don't know", "i do not know")


@dataclass(frozen=True, slots=True)
class Standalone:
    """What is searched for.

    ``rewritten`` says that it is a question in good English that differs from the one asked, fit to be shown.
    ``used`` holds the places in the history, from 0, of the turns that its words come from; where it holds one and
    ``rewritten`` is false, ``text`` is two questions in a row. ``before`` is the question that a rewritten one carries
    on from: what answers it is most likely near what answered that.
    """

    text: str
    rewritten: bool = False
    used: tuple[int, ...] = ()
    before: str = ""

    @property
    def searched(self) -> str:
        """What passages are searched for: the question, after the one that it carries on from."""
        return f"{self.before} {self.text}".strip()


def standalone_question(question: str, history: Sequence[Turn]) -> str:
    """The text to search for; see `make_standalone`."""
    return make_standalone(question, history).searched


def make_standalone(question: str, history: Sequence[Turn]) -> Standalone:
    """A question that can be understood without the conversation before it.

    Args:
        question: as asked.
        history: the turns before it, oldest first; of these the last ``TURNS_READ`` are read, in part.

    >>> turns = [Turn("When was the strategy published in England?", "On 12 October 2022."), Turn("and in Wales?", "")]
    >>> found = make_standalone("and who welcomed it there?", turns)
    >>> found.text, found.rewritten, found.used
    ('Who welcomed the strategy in Wales?', True, (0, 1))
    >>> found.before
    'When was the strategy published in Wales?'
    """
    if not history:
        return Standalone(question)
    exchanges: list[Exchange] = []
    sources: dict[int, tuple[int, ...]] = {}
    for number in range(max(0, len(history) - TURNS_READ), len(history)):
        turn = history[number]
        question_before = _cut(turn.question)
        asked = _standalone(question_before, exchanges)
        known = asked.text if asked.rewritten or not asked.used else question_before
        if asked.used and not asked.rewritten and is_piece(question_before):
            known = exchanges[-1].question  # "why that one?" says nothing that a later question could be put into
        exchanges.append(Exchange(number, _cut(known), _answer_of(turn)))
        sources[number] = asked.used if asked.rewritten else ()
    found = _standalone(question, exchanges)
    origins = {origin for number in found.used for origin in (number, *sources[number])}
    return replace(found, used=tuple(sorted(origins)))


def leans_back(question: str) -> bool:
    """Whether a question seems to need the ones before it to be understood.

    >>> leans_back("And who welcomed it?"), leans_back("Which priority area covers equitable genomic testing?")
    (True, False)
    """
    if has_opening(question) or points_back(question):
        return True
    if is_piece(question):
        return len([word for word in _WORD.findall(question.lower()) if word not in STOP_WORDS]) < SHORT_QUESTION
    return not stands_alone(question)


def _standalone(question: str, exchanges: Sequence[Exchange]) -> Standalone:
    if not exchanges or len(question) > LONGEST_READ or not leans_back(question):
        return Standalone(question)
    if resolved := rewrite(question, exchanges):
        pointed_to = {one.number: one.question for one in exchanges if carries_on(question)}
        return Standalone(resolved.text, True, resolved.used, pointed_to.get(max(resolved.used, default=-1), ""))
    last = exchanges[-1]
    return Standalone(f"{last.question} {question}".strip(), False, (last.number,))


def _cut(text: str) -> str:
    """The end of a long question, where it asks."""
    return " ".join(text[-LONGEST_READ:].split())


def _answer_of(turn: Turn) -> str:
    """What the rules read of an answer: its beginning, and nothing of a refusal."""
    answer = " ".join(turn.answer[:ANSWER_READ].split())
    if len(turn.answer) > ANSWER_READ:
        answer = answer.rpartition(" ")[0]  # half a name at the cut is no name
    return "" if answer.lower().startswith(_REFUSALS) else answer
