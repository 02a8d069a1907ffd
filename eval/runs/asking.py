"""Asks Footnote: from a case to an outcome, with what the run was made with.

The only place of evaluation that knows the shape of Footnote's answers. What it does not do: judge them, or decide
which questions are asked.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from eval.records import EvalCase, Outcome, RunFingerprint, Span, Statement
from eval.runs.running import Answerer, RunFailedError
from eval.sets.questions import questions_sha
from schema import Answer, FootnoteError, Passage, Quote, Sentence

if TYPE_CHECKING:
    from pipeline import Footnote
    from settings import Settings

SETTINGS = (
    "llm_base_url",
    "precision",
    "rerank_tokens",
    "top_k",
    "quotes",
    "prompt_tokens",
    "answer_tokens",
    "answer_s",
    "promise",
    "calibration",
    "reader",
)
"""Settings that can change an answer and are no model, corpus or chunking: those have their own hashes."""

TEXTS_KEPT = 64
"""Sources whose text is kept in memory between questions, to check quotes against."""


def answerer(footnote: Footnote) -> Answerer:
    """What asks Footnote one question; may be called from several threads.

    It ends the run with ``RunFailedError`` when the documents of the index change under it.
    """
    corpus = footnote.store.fingerprint()
    text = lru_cache(maxsize=TEXTS_KEPT)(footnote.text)

    def ask(case: EvalCase, stop: threading.Event) -> Outcome:
        answer = footnote.answer(case.question, history=case.history, stop=stop)
        if answer.fingerprint.index != corpus:
            raise RunFailedError(
                f"The documents of the index {footnote.settings.index} were changed while the questions were asked, so "
                "that the answers don't belong together. Begin again with --fresh once the index stays as it is."
            )
        if answer.failure:  # what readers get in its place would be measured as the model's
            raise FootnoteError(answer.failure)
        return to_outcome(case, answer, count_verbatim(answer, text))

    return ask


def to_outcome(case: EvalCase, answer: Answer, verbatim: tuple[int, int] | None = None) -> Outcome:
    """An answer as an outcome; numbers that are not finite are left out, as are stages that did not run."""
    return Outcome(
        question_id=case.question_id,
        answer=answer.answer,
        abstained=answer.abstained,
        reason=answer.reason,
        sentences=tuple(map(_to_statement, answer.sentences)),
        citations=tuple(map(_quote_to_span, answer.citations)),
        quotes=tuple(map(_quote_to_span, answer.quotes)),
        passages=tuple(map(_passage_to_span, answer.passages)),
        dropped=tuple(map(_to_statement, answer.dropped)),
        confidence=_finite(answer.confidence),
        timings={stage: value for stage, value in asdict(answer.timings).items() if value is not None},
        tokens_read=answer.tokens_read,
        tokens_written=answer.tokens_written,
        verbatim=verbatim,
    )


def count_verbatim(answer: Answer, text: Callable[[str], str]) -> tuple[int, int]:
    """How many quotes and citations stand in their source at their offsets, character for character; of how many.

    Args:
        answer: with quotes and citations.
        text: the text of a source by its id; best one that remembers. A source that it refuses holds nothing.
    """
    shown = (*answer.quotes, *answer.citations)
    return sum(_stands(quote, text) for quote in shown), len(shown)


def fingerprint_of(footnote: Footnote, cases: Sequence[EvalCase]) -> RunFingerprint:
    """What a run over these cases is made with; loads the language model, whose weights it names."""
    parts, settings, store = footnote.fingerprint(footnote.engine), footnote.settings, footnote.store
    recipes = {file.recipe for collection in store.collections() for file in store.known_files(collection)}
    return RunFingerprint(
        questions=questions_sha(cases),
        corpus=parts.index,
        index=_sha(parts.index, parts.embedder, *sorted(recipes)),
        embedder=parts.embedder,
        reranker=parts.reranker,
        llm=parts.llm,
        prompt=parts.prompt if footnote.engine else "none",
        settings=_sha(*(getattr(settings, name) for name in SETTINGS)),
        version=footnote_version(),
    )


def index_key(settings: Settings, *names: str) -> str:
    """Eight digits that change with what an index is made with: embedder, size of chunks, and any other names."""
    return _sha(settings.embedder, settings.chunk_tokens, *names)[:8]


def footnote_version() -> str:
    """The version of Footnote that runs; empty when it is not installed."""
    try:
        return version("footnote")
    except PackageNotFoundError:
        return ""


def _sha(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _to_statement(sentence: Sentence) -> Statement:
    return Statement(
        sentence.text, sentence.citations, sentence.support, _finite(sentence.score), tuple(sentence.problems)
    )


def _quote_to_span(quote: Quote) -> Span:
    return Span(
        source=quote.source,
        text=quote.quote,
        title=quote.title,
        date=quote.date,
        page=quote.page,
        start=quote.start,
        end=quote.end,
        score=_finite(quote.score),
        warning=quote.warning,
        marked=quote.around_answer[1],
    )


def _passage_to_span(passage: Passage) -> Span:
    chunk = passage.chunk
    return Span(
        source=chunk.source_id,
        text=chunk.text,
        title=passage.source.title,
        date=passage.source.date,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        score=_finite(passage.score),
        seen_by_model=passage.seen_by_model,
    )


def _stands(quote: Quote, text: Callable[[str], str]) -> bool:
    try:
        return bool(quote.quote) and text(quote.source)[quote.start : quote.end] == quote.quote
    except FootnoteError:
        return False


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
