"""The only place that wires the rooms together: from settings to something that indexes, searches and answers.

It is about questions; the documents are `library.Library`, the models `parts.Parts`, loaded when they are first needed,
so that listing documents does not wait for a language model. Every door (the command line, the page, REST, evaluation)
uses the same object and gets the same `Answer`; who may not see everything gets a `View` of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from feedback import Feedback, append_feedback, read_feedback
from generator.answering import Limits, LineUp, answer_events
from generator.drafting import Question
from generator.support.checking import check_support
from indexer.filter_checks import checked_filter, described
from indexer.milvus_address import address_of
from indexer.steady import steadily
from indexer.store import IndexStore
from library import Library, Shelf
from models.engines import LoadedEngine
from parts import Parts
from retriever.followup import make_standalone, standalone_question
from retriever.hybrid import HybridRetriever, Searching, Stage, retrieve, retrieve_stages
from retriever.reranking import Reranking
from retriever.versions import prefer_newest
from schema import (
    Answer,
    Answered,
    Event,
    Filter,
    Fingerprint,
    FootnoteError,
    ModelHealth,
    Passage,
    Support,
    Turn,
    checked_question,
    encodable,
)
from settings import Settings

if TYPE_CHECKING:
    from models.encoders import SentenceEmbeddings


class View(Shelf):
    """The assistant over those documents of an index that its ``store`` shows.

    For a view of some collections no others exist: they are not in results, lists, pages, hints, error texts, counts or
    fingerprints, whatever is asked, by whatever name. What is missing and what may not be seen answer alike.
    """

    def view(self, collections: Iterable[str]) -> View:
        """The same assistant, for which only these collections exist, as far as they do for this one."""
        return View(self.settings, self.parts, self.store.narrowed(collections), self._viewer)

    def status(self) -> str:
        """One sentence on who answers."""
        return self.parts.status()

    def fingerprint(self, engine: LoadedEngine | None) -> Fingerprint:
        """What answers are made with when this language model writes them, or none."""
        return self.parts.fingerprint(engine, index=self.store.fingerprint())

    def add_feedback(self, record: Feedback) -> None:
        """Keep what a reader said of an answer, beside the index; it is on disk when this returns.

        A view of some collections keeps nothing of others: of the record's citations those whose documents it shows.
        """
        if self.store.permitted is not None:
            record = _seen(record, self.store.source_ids(), self.store.collections())
        append_feedback(self.settings.index, record)

    # Questions

    def search(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: Filter | None = None,
        top_k: int | None = None,
        history: Sequence[Turn] = (),
    ) -> list[Passage]:
        """The best passages for a question, best first, of all documents or of one collection, within a filter.

        Raises:
            FootnoteError: for a question that can't be one, a filter that names what is not there or a date that is
                none, and a filter that no document passes.
        """
        standalone = standalone_question(checked_question(question), history)
        return self._retrieve(standalone, self._checked(within, collection), top_k, join=True)[0]

    def _retrieve(
        self, question: str, within: Filter | None, top_k: int | None, *, join: bool
    ) -> tuple[list[Passage], str]:
        """The passages, and the fingerprint of the index that they are from."""
        passages, index = steadily(
            self.store,
            lambda steady: retrieve(
                question,
                Searching(steady, self.parts.embeddings.embed_query, within),
                top_k=top_k or self.settings.top_k,
                reranking=self._reranking(),
                join=join,
            ),
        )
        if within and not passages and replace(within, collections=(), permitted=None) != Filter():
            held = "footnote sources --json lists their fields" if within.metadata else "look at: footnote sources"
            raise FootnoteError(f"No document passes the filter ({described(within)}). Widen it; {held}")
        return prefer_newest(passages, question=question), index

    def _checked(self, within: Filter | None, collection: str | None) -> Filter | None:
        """The filter with the collection in it, checked against the index; ``None`` when everything is searched."""
        wanted = within or Filter()
        if collection is not None:
            if wanted.collections and collection not in wanted.collections:
                raise FootnoteError(f"The filter leaves out the collection {collection!r} that is to be searched.")
            wanted = replace(wanted, collections=(collection,))
        if wanted == Filter():
            return None
        return checked_filter(wanted, self.store.collections(), self.store.source_ids() if wanted.sources else [])

    def _reranking(self) -> Reranking | None:
        """The cross-encoder with its budget; ``None`` without one."""
        tokens = self.parts.rerank_tokens
        return Reranking(self.parts.score, tokens) if tokens and self.parts.reranker else None

    def stages(self, question: str, *, depth: int = 100) -> dict[str, Stage]:
        """Each stage of retrieval on its own, for evaluation; the last, ``pipeline``, is what `ask` reads from."""
        question = checked_question(question)
        searching = Searching(self.store, self.parts.embeddings.embed_query)
        found = retrieve_stages(question, searching, depth=depth, reranking=self._reranking())
        started = time.monotonic()
        passages = self.search(question, top_k=depth)
        return found | {"pipeline": Stage(passages, (time.monotonic() - started) * 1000)}

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        within: Filter | None = None,
        top_k: int | None = None,
        history: Sequence[Turn] = (),
        quotes_only: bool = False,
        stop: threading.Event | None = None,
        line_up: LineUp = lambda: (),
    ) -> Iterator[Event]:
        """Answer a question as a stream of events; closing it, or setting ``stop``, stops the language model.

        ``line_up`` is iterated once the quotes are told and before the language model is asked, and its items are told.

        Raises:
            FootnoteError: for a question or a filter that can't be one (see `search`), or when a part fails.
        """
        started = time.monotonic()
        stop = stop or threading.Event()
        question = checked_question(question)
        history = tuple(Turn(encodable(turn.question), encodable(turn.answer)) for turn in history)
        with nullcontext() if quotes_only else self.parts.loading_engine():
            standalone, admitted = make_standalone(question, history), self._checked(within, collection)
            passages, index = self._retrieve(standalone.searched, admitted, top_k, join=False)
            readers, rule = self.parts.readers, self.parts.rule
        engine = None if quotes_only else self.parts.engine
        try:
            yield from answer_events(
                Question(question, standalone.text, started, history, standalone.text if standalone.rewritten else ""),
                passages,
                readers=readers,
                writer=self.parts.writer(engine, stop) if engine else None,
                fingerprint=self.parts.fingerprint(engine, index=index),
                limits=Limits(self.settings.quotes, rule),
                is_stopped=stop.is_set,
                line_up=line_up,
            )
        finally:
            stop.set()

    def answer(self, question: str, **options: object) -> Answer:
        """The whole answer at once; takes the options of `ask`."""
        for event in self.ask(question, **options):  # type: ignore[arg-type]  # the very options of ask
            if isinstance(event, Answered):
                return event.answer
        raise FootnoteError("The answer ended before it was complete.")

    def as_retriever(self, *, collection: str | None = None, within: Filter | None = None) -> HybridRetriever:
        """The search as a LangChain retriever."""
        from indexer.langchain_store import passage_to_document  # noqa: PLC0415

        return HybridRetriever(
            search=lambda question, k: self.search(question, collection=collection, within=within, top_k=k),
            to_document=passage_to_document,
            k=self.settings.top_k,
        )


class Footnote(Library, View):
    """An index with everything that is needed to fill it and to answer from it.

    Args:
        settings: what to use.
        create: make the index when it is not there.
        lender: an open one in this process, whose models are used where the settings name the same; close it last.

    Raises:
        FootnoteError: when there is no index, or it can't be used with these settings.
    """

    def __init__(self, settings: Settings, *, create: bool = False, lender: Footnote | None = None) -> None:
        parts = Parts(settings, lender.parts if lender else None)
        milvus = address_of(settings.milvus, settings.milvus_token.get_secret_value()) if settings.milvus else None
        store = IndexStore(
            settings.index, parts.identity, create=create, lock_wait_s=settings.lock_wait_s, milvus=milvus
        )
        super().__init__(settings, parts, store)

    # Models

    @property
    def embeddings(self) -> SentenceEmbeddings:
        """The embedding model."""
        return self.parts.embeddings

    @property
    def score(self) -> Callable[[str, Sequence[str]], list[float]]:
        """(question, texts) -> one score each; see `parts.Parts.score`."""
        return self.parts.score

    @property
    def engine(self) -> LoadedEngine | None:
        """The language model; ``None`` when answers are quotes only."""
        return self.parts.engine

    def model_health(self) -> ModelHealth | None:
        """How the language model's server stands; ``None`` without one."""
        return self.parts.model_health()

    def warm_up(self) -> None:
        """Load everything that answering needs, so that the first question is as fast as the others."""
        self.parts.warm_up()

    # Feedback

    def feedback(self) -> tuple[Feedback, ...]:
        """What readers said of answers, oldest first."""
        return read_feedback(self.settings.index)


def _seen(record: Feedback, source_ids: Sequence[str], collections: Sequence[str]) -> Feedback:
    """The record with what it says of these documents alone; numbers of wrong citations follow their citations."""
    known = set(source_ids)
    kept = [number for number, one in enumerate(record.citations, start=1) if one.get("source") in known]
    return replace(
        record,
        citations=tuple(record.citations[number - 1] for number in kept),
        wrong_citations=tuple(kept.index(number) + 1 for number in record.wrong_citations if number in kept),
        collection=record.collection if record.collection in collections else None,
    )


def check_statement(sentence: str, texts: Sequence[str], question: str) -> Support:
    """The shipped checker's verdict on one sentence and the texts that it cites; needs neither index nor models."""
    return check_support(sentence, texts, question).support
