"""The naive recipe that answers are measured beside: the first three passages whole in the prompt, cited by number.

It finds its passages as Footnote does (the same index, embedder, fusion and cross-encoder, neighbours not joined) and
asks the same language model for as long an answer, so that only the answering differs. The markers that the model
writes are its citations, each of them a whole passage, and NOT FOUND in the first sentence is a refusal. Nothing is
checked.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from eval.exchange.markers import MarkedAnswer, read_markers
from eval.records import EvalCase, Outcome, Span, Statement
from models.engines import stream_text
from retriever.hybrid import Searching, retrieve
from retriever.reranking import Reranking
from schema import FootnoteError, Passage

if TYPE_CHECKING:
    from pipeline import Footnote

PASSAGES = 3
REFUSAL = "NOT FOUND"
SYSTEM = (
    "Answer the question from the passages in one to three short sentences. After each sentence, cite the number of "
    f"the passage that says so, such as [1]. If the passages do not answer the question, say only: {REFUSAL}"
)
OPENING = "Passages:"
PROMPT_SHA = hashlib.sha256(f"{SYSTEM}\n{OPENING}\n{PASSAGES}".encode()).hexdigest()[:12]

_BEFORE = re.compile(r"^(?:\W|answer:)+", re.IGNORECASE)
"""What a model may write before its refusal: quotation marks, mark-up, a label."""


@dataclass(frozen=True, slots=True)
class NaiveRecipe:
    """What the recipe is made of: question -> passages, a stream of text, text -> number of its tokens.

    ``stream`` takes messages, an event that ends it when it is set, and the most tokens to write.
    """

    find: Callable[[str], Sequence[Passage]]
    stream: Callable[[Sequence[BaseMessage], threading.Event, int], Iterator[str]]
    count_tokens: Callable[[str], int]
    answer_tokens: int

    def warm_up(self) -> None:
        """Have the model read what every prompt begins with, as it has when another question came before."""
        for _ in self.stream([SystemMessage(SYSTEM), HumanMessage(OPENING)], threading.Event(), 1):
            pass

    def ask(self, case: EvalCase, stop: threading.Event) -> Outcome:
        """Ask one question, until ``stop`` is set."""
        started = time.monotonic()
        passages = list(self.find(case.question)[:PASSAGES])
        timings = {"retrieve_ms": _since(started)}
        messages = build_messages(case.question, passages)
        draft = ""
        for piece in self.stream(messages, stop, self.answer_tokens):
            timings.setdefault("first_token_ms", _since(started))
            draft += piece
        timings["total_ms"] = _since(started)
        return replace(
            read_answer(case.question_id, draft, passages),
            timings=timings,
            tokens_read=sum(self.count_tokens(str(message.content)) for message in messages),
            tokens_written=self.count_tokens(draft),
        )


def naive_recipe(footnote: Footnote) -> NaiveRecipe:
    """The recipe over an open index, with its own retrieval and language model.

    Raises:
        FootnoteError: when there is no language model.
    """
    engine, settings, parts = footnote.engine, footnote.settings, footnote.parts
    if engine is None:
        raise FootnoteError(f"The naive recipe needs a language model. {footnote.status()}")
    searching = Searching(footnote.store, footnote.embeddings.embed_query)
    reranking = Reranking(footnote.score, parts.rerank_tokens) if parts.rerank_tokens and parts.reranker else None
    return NaiveRecipe(
        find=lambda question: retrieve(question, searching, top_k=settings.top_k, reranking=reranking),
        stream=lambda messages, stop, most: stream_text(engine.model, messages, max_tokens=most, stop_event=stop),
        count_tokens=engine.count_tokens,
        answer_tokens=settings.answer_tokens,
    )


def build_messages(question: str, passages: Sequence[Passage]) -> list[BaseMessage]:
    """The instruction, and one message with the numbered passages, each under its title, and the question."""
    blocks = [
        f"[{number}] {' > '.join(filter(None, (passage.source.title, passage.chunk.heading)))}\n{passage.chunk.text}"
        for number, passage in enumerate(passages, start=1)
    ]
    return [SystemMessage(SYSTEM), HumanMessage("\n\n".join((OPENING, *blocks, f"Question: {question}")))]


def read_answer(question_id: str, draft: str, passages: Sequence[Passage]) -> Outcome:
    """What the model wrote, as an outcome: sentences with the markers taken for citations, or a refusal.

    A number that no passage has cites nothing. The recipe knows of no confidence but having answered: 1, or 0 for a
    refusal. The answer's text is without its markers, which would count as words that nobody expects; a marker alone
    is an answer that only points.
    """
    marked, spans = _read_markers(draft, len(passages)), [_to_span(passage) for passage in passages]
    refused = not marked.sentences or is_refusal(marked.sentences[0].text)
    cited = () if refused else tuple(spans[number - 1] for number in marked.cited)
    return Outcome(
        question_id=question_id,
        answer=marked.text,
        abstained=refused,
        sentences=() if refused else marked.sentences,
        citations=cited,
        passages=tuple(spans),
        confidence=float(not refused),
        verbatim=(len(cited), len(cited)),  # whole passages of the index, never copied by the model
    )


def _read_markers(draft: str, available: int) -> MarkedAnswer:
    """As `read_markers`, where markers alone are a sentence too."""
    marked = read_markers(draft, available)
    if marked.sentences:
        return marked
    cited = read_markers(f"See {draft}", available).cited
    pointing = Statement(draft.strip(), tuple(range(1, len(cited) + 1)))
    return MarkedAnswer(draft.strip(), (pointing,) if cited else (), cited)


def is_refusal(opening: str) -> bool:
    """Whether the first sentence of an answer is a refusal.

    It is when it begins with the words, in any case and behind quotation marks or a label, or holds them in capitals.

    >>> [is_refusal(text) for text in ('"Not found."', "The answer is NOT FOUND.", "Gold was not found there.")]
    [True, True, False]
    """
    return REFUSAL in opening or _BEFORE.sub("", opening).upper().startswith(REFUSAL)


def _to_span(passage: Passage) -> Span:
    chunk, source = passage.chunk, passage.source
    return Span(
        source=chunk.source_id,
        text=chunk.text,
        title=source.title,
        date=source.date,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        score=passage.score,
        seen_by_model=True,
    )


def _since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
