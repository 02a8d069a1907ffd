"""Whether the documents answer a question at all, judged from the evidence before the language model writes anything.

The signals are plain numbers that anyone can work out: what cross-encoder and reading model say of the evidence, which
of the question's words, names and years it holds, how far ahead of the others the best passage is. A `Calibration`
turns them into the probability that the documents answer. What this module does not do: fit one (`eval.calibration`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields

from generator.evidence import Evidence
from generator.refusing.calibration import Rule
from generator.words import names, stems, words
from language import STOP_WORDS, sentence_spans
from schema import Passage, Reading

TITLE_CASE_FROM = 4
"""Content words from which a question with a capital on each, the first perhaps aside, is taken for title case."""

WORDS_TOLD = 12
"""Of a question's content words, so many are repeated to the reader."""

DRAFT_HELD, DRAFT_FAILED = 1.5, -1.5
"""Logits that a draft adds whose sentences hold, and one that the model refused or that the evidence does not hold: of
28 answerable and 14 unanswerable squad2 questions the checks kept a draft for 22 and 2, a ratio of more than e^1.5."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for and against an answer; ``None`` where there is nothing to read it from.

    Attributes:
        sentence: the best sentence's cross-encoder logit.
        sentence_rivals: log of the sum of exp(logit less the best logit) over all sentences; 0 without rivals.
        passage: the first passage's score in retrieval.
        passage_margin: how far it is above the second, 0 when there is none.
        question_held: share of the question's content words in the best sentence, its title and headings, 0 to 1.
        names_missing: names and years of the question that no passage holds.
        names_apart: names and years of the question that the best sentence, its title and headings lack.
        reader_answerable: the reading model's highest logit of "this passage answers the question".
        reader_span: its highest score of a span.
        reader_sentence: its highest logit of "this sentence holds the answer".
    """

    sentence: float | None = None
    sentence_rivals: float | None = None
    passage: float | None = None
    passage_margin: float | None = None
    question_held: float | None = None
    names_missing: float | None = None
    names_apart: float | None = None
    reader_answerable: float | None = None
    reader_span: float | None = None
    reader_sentence: float | None = None

    def known(self) -> dict[str, float]:
        """Those that are there and finite, by name."""
        return {name: value for name, value in asdict(self).items() if value is not None and math.isfinite(value)}


SIGNALS = tuple(one.name for one in fields(Signals))
"""The names of all signals."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether to answer, the probability from 0 to 1 that decided it, and a sentence for the reader when not."""

    answerable: bool
    score: float
    reason: str = ""


def signals_of(
    question: str, ranked: Sequence[Evidence], passages: Sequence[Passage], readings: Sequence[Reading] = ()
) -> Signals:
    """What the evidence says of a question.

    Args:
        question: as searched for.
        ranked: the sentences with their logits, best first.
        passages: with their scores, best first.
        readings: what a reading model made of passages, if there is one.
    """
    if not ranked or not passages:
        return Signals()
    best, asked, named = ranked[0], stems(question), _named(question)
    logits = sorted((sentence.logit for sentence in ranked), reverse=True)
    return Signals(
        sentence=logits[0],
        sentence_rivals=math.log(math.fsum(math.exp(logit - logits[0]) for logit in logits)),
        passage=passages[0].score,
        passage_margin=passages[0].score - passages[1].score if len(passages) > 1 else 0.0,
        question_held=_share_held(asked, best.grounds),
        names_missing=float(len(named - _vocabulary(map(_grounds, passages)))),
        names_apart=float(len(named - _vocabulary([best.grounds]))),
        reader_answerable=max((one.answerable for one in readings), default=None),
        reader_span=max((span.score for one in readings for span in one.spans), default=None),
        reader_sentence=max((logit for one in readings for logit in one.sentences), default=None),
    )


def judge_signals(question: str, signals: Signals, rule: Rule, *, missing: Sequence[str] = ()) -> Judgement:
    """Judge a question by the signals of its evidence.

    Args:
        question: as searched for.
        signals: of its evidence.
        rule: the calibration, and the probability from which there is an answer.
        missing: the names and years that no passage holds, as `missing_names` finds them.
    """
    sought = f"looked for: {', '.join(_content(question))}" if _content(question) else "no word of it can be looked for"
    if signals.sentence is None:
        return Judgement(False, 0.0, f"Nothing in the documents matches the question ({sought}).")
    probability = rule.calibration.probability(signals.known())
    if probability >= rule.answer_from:
        return Judgement(True, probability)
    what = f"mentions {', '.join(missing)}" if missing else "answers the question"
    return Judgement(False, probability, f"No passage was found that {what} ({sought}); the nearest ones are shown.")


def after_draft(probability: float, *, held: bool) -> float:
    """The probability that the documents answer, once a language model tried.

    >>> round(after_draft(0.5, held=True), 3), round(after_draft(0.5, held=False), 3), after_draft(1.0, held=False)
    (0.818, 0.182, 1.0)
    """
    if not 0 < probability < 1:
        return probability
    logit = math.log(probability / (1 - probability)) + (DRAFT_HELD if held else DRAFT_FAILED)
    return 1 / (1 + math.exp(-logit))


def missing_names(question: str, passages: Sequence[Passage]) -> list[str]:
    """The names and years of a question that no passage holds, nor its title, headings or date, as they are written."""
    missing = sorted(_named(question) - _vocabulary(map(_grounds, passages)))
    return [_as_written(question, name) for name in missing]


def _named(question: str) -> set[str]:
    """The names and years of a question; no names in one that is set in title case, where every word looks like one.

    The first word of each of its sentences is in doubt.
    """
    capitalised = {name for start, end in sentence_spans(question) for name in names(question[start:end])}
    content = stems(question)
    years = set(_YEAR.findall(question))
    is_title_case = len(content) >= TITLE_CASE_FROM and len(capitalised) >= len(content) - 1
    return years if is_title_case else capitalised | years


def _as_written(question: str, name: str) -> str:
    """A name as the reader wrote it."""
    found = re.search(rf"\b{re.escape(name)}\b", question, re.IGNORECASE)
    return found.group() if found else name


def _content(question: str) -> list[str]:
    """The words of a question that carry content, as the reader wrote them, each once, the first of them."""
    found = dict.fromkeys(word for word in re.findall(r"\w[\w'’&-]*", question) if word.lower() not in STOP_WORDS)
    return list(found)[:WORDS_TOLD]


def _grounds(passage: Passage) -> str:
    """All that a passage tells: its words under its document's title, date and headings."""
    source, chunk = passage.source, passage.chunk
    return "\n".join((source.title, source.date or "", chunk.heading, chunk.text))


def _vocabulary(texts: Iterable[str]) -> set[str]:
    """Every word, name and year of the texts."""
    return {word for text in texts for word in (*words(text), *_names_within(text), *_YEAR.findall(text))}


def _names_within(text: str) -> set[str]:
    """The names of each line by itself, as a line in capitals has none and the first word of one is in doubt."""
    return {name for line in text.splitlines() for name in names(line)}


def _share_held(asked: set[str], text: str) -> float:
    """The share of the question's content that a text holds; 1 for a question without any."""
    return len(asked & stems(text)) / len(asked) if asked else 1.0
