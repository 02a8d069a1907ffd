"""The vocabulary of evaluation: what was expected, what a system answered, and a run that holds both.

Frozen values without behaviour; they know nothing of Footnote, so that another system's run is measured by the same
code. Sources are named as their own system names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from schema import Support, Turn

Columns = Mapping[str, np.ndarray]
"""Values by measure: (questions,) float64 each, in the order of the set, NaN where a measure says nothing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A place that supports an answer: a source with a page (from 1), a verbatim quote, its offsets, or none of them.

    ``grade`` is the relevance of the source, from 1; sets of graded judgements go higher.
    """

    source: str
    page: int | None = None
    quote: str = ""
    start: int | None = None
    end: int | None = None
    grade: int = 1


@dataclass(frozen=True, slots=True)
class EvalCase:
    """One question with what is expected of it.

    Any one of ``answers`` will do, and any one place of ``evidence`` holds it; where ``together`` is true it takes all
    of them. An unanswerable case has neither: a refusal is right. ``history`` holds the turns of the conversation
    before the question, oldest first.
    """

    question_id: str
    question: str
    answers: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unanswerable: bool = False
    kind: str = ""
    together: bool = False
    history: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a source that a system showed: a citation, a quote or a retrieved passage, best first.

    ``warning`` is what the system told its reader to beware of in them, ``marked`` those of the words that it marked as
    the answer.
    """

    source: str
    text: str = ""
    title: str = ""
    date: str | None = None
    page: int | None = None
    start: int | None = None
    end: int | None = None
    score: float | None = None
    seen_by_model: bool | None = None
    warning: str = ""
    marked: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with the numbers of its citations, from 1, and the system's own verdict if any."""

    text: str
    citations: tuple[int, ...] = ()
    support: Support | None = None
    score: float | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system gave for one question.

    ``confidence`` is higher the surer the system is that the documents answer; its scale is the system's own.
    ``timings`` are milliseconds by stage. ``verbatim`` counts the quotes and citations that stand in their source at
    their offsets, of all that were shown; ``None`` when nobody looked. ``error`` says why there is no answer at all.
    """

    question_id: str
    answer: str = ""
    abstained: bool = False
    reason: str = ""
    sentences: tuple[Statement, ...] = ()
    citations: tuple[Span, ...] = ()
    quotes: tuple[Span, ...] = ()
    passages: tuple[Span, ...] = ()
    dropped: tuple[Statement, ...] = ()
    confidence: float | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    tokens_read: int | None = None
    tokens_written: int | None = None
    verbatim: tuple[int, int] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class RunFingerprint:
    """What a run was made with: hashes or names that change when the part they name changes; empty where unknown.

    ``questions`` is of the cases that were asked, with all that is expected of them; ``corpus`` of the documents'
    names and contents; ``settings`` of those settings that can change an answer.
    """

    questions: str = ""
    corpus: str = ""
    index: str = ""
    embedder: str = ""
    reranker: str = ""
    llm: str = ""
    prompt: str = ""
    settings: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: cases and outcomes in the order of the set, and every measure of every question.

    ``about`` is for people: the set's path, seed, limit, settings, machine, dates and duration; nothing is computed
    from it. ``outcomes`` has an entry for each case; one without a result carries an ``error``.
    """

    name: str
    fingerprint: RunFingerprint
    cases: tuple[EvalCase, ...]
    outcomes: tuple[Outcome, ...]
    columns: Columns
    about: Mapping[str, Any] = field(default_factory=dict)
