"""The only place that wires the rooms together: from settings to something that indexes, searches and answers.

It is about documents and questions; the models are `parts.Parts`, loaded when they are first needed, so that listing
documents does not wait for a language model. Every door (the command line, the page, REST, evaluation) uses the same
object and gets the same `Answer`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from feedback import Feedback, append_feedback, read_feedback
from generator.answering import Limits, answer_events
from generator.drafting import Question
from generator.support.checking import check_support
from indexer.filter_checks import checked_filter, described
from indexer.store import IndexStore
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
    FileReport,
    Filter,
    Fingerprint,
    FootnoteError,
    IndexReport,
    PageView,
    Passage,
    Progress,
    SourceInfo,
    Support,
    TextDocument,
    Turn,
    checked_question,
    encodable,
)
from settings import Settings

if TYPE_CHECKING:
    from indexer.building import Recipe
    from indexer.parsing.isolated import Parser
    from models.encoders import SentenceEmbeddings

READER_VERSION = "2"
"""Part of the recipe: raise it when the same file would be read or chunked differently, and all are read again."""
READERS = 2
"""Most processes that read files at a time; there is one until several threads ask."""


class Footnote:
    """An index with everything that is needed to fill it and to answer from it.

    Args:
        settings: what to use.
        create: make the index when it is not there.
        lender: an open one in this process, whose models are used where the settings name the same; close it last.

    Raises:
        FootnoteError: when there is no index, or it can't be used with these settings.
    """

    def __init__(self, settings: Settings, *, create: bool = False, lender: Footnote | None = None) -> None:
        self.settings = settings
        self.parts: Parts = Parts(settings, lender.parts if lender else None)
        self.store = IndexStore(settings.index, self.parts.identity, create=create, lock_wait_s=settings.lock_wait_s)
        self._source_ids: tuple[str, list[str]] = "", []

    def close(self) -> None:
        """Free the language model and the database."""
        if viewer := self.__dict__.get("_viewer"):
            viewer.close()
        self.parts.close()
        self.store.close()

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

    def warm_up(self) -> None:
        """Load everything that answering needs, so that the first question is as fast as the others."""
        self.parts.warm_up()

    def status(self) -> str:
        """One sentence on who answers."""
        return self.parts.status()

    def fingerprint(self, engine: LoadedEngine | None) -> Fingerprint:
        """What answers are made with when this language model writes them, or none."""
        return self.parts.fingerprint(engine, index=self.store.fingerprint())

    # Documents

    def index(
        self,
        paths: Sequence[Path],
        *,
        collection: str | None = None,
        remove_missing: bool = False,
        on_file: Callable[[FileReport], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Add or update files and folders; see `indexer.building.index_paths`."""
        from indexer.building import index_paths  # noqa: PLC0415

        with self._parser() as parser:
            return index_paths(
                self.store,
                paths,
                collection=collection or self.settings.collection,
                recipe=self._recipe(parser),
                remove_missing=remove_missing,
                on_file=on_file,
                on_progress=on_progress,
            )

    def watch(self, paths: Sequence[Path], sync: Callable[[], bool]) -> None:
        """Call ``sync`` now and whenever something changes at the paths; see `indexer.watching.watch`."""
        from indexer.watching import look_at, watch  # noqa: PLC0415

        watch(lambda: look_at(paths, [self.store.folder]), sync)

    def index_corpus(
        self,
        documents: Sequence[TextDocument],
        *,
        collection: str | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Make a collection hold exactly these texts, unchanged; see `indexer.corpus.index_texts`."""
        from indexer.corpus import index_texts  # noqa: PLC0415

        with self._parser() as parser:
            return index_texts(
                self.store,
                documents,
                collection=collection or self.settings.collection,
                recipe=self._recipe(parser),
                on_progress=on_progress,
            )

    def _parser(self) -> Parser:
        """What reads files, in processes that start with the first file; to be closed."""
        from indexer.parsing.isolated import Parser  # noqa: PLC0415
        from indexer.parsing.limits import Limits  # noqa: PLC0415

        settings = self.settings
        limits = Limits(
            settings.file_seconds,
            settings.file_memory_mb,
            settings.max_characters,
            whole_seconds=60 * settings.file_minutes,
        )
        return Parser(limits, workers=READERS)

    def _recipe(self, parser: Parser) -> Recipe:
        from indexer.building import Recipe  # noqa: PLC0415

        settings = self.settings
        return Recipe(
            name=f"reader {READER_VERSION}, chunks of {settings.chunk_tokens} tokens",
            load=parser.parse,
            count_tokens=lambda texts: self.embeddings.count_tokens(texts),  # noqa: PLW0108  (loads at first use)
            embed=lambda texts: self.embeddings.embed(texts),  # noqa: PLW0108
            max_tokens=settings.chunk_tokens,
            reading=parser.reading,
        )

    def sources(self, collection: str | None = None) -> list[SourceInfo]:
        """The documents in the index."""
        return self.store.sources(collection)

    def text(self, source: str) -> str:
        """The extracted text of a document, exactly; offsets of quotes point into it."""
        return self.store.text(source)

    def remove(self, sources: Sequence[str]) -> list[str]:
        """Remove documents and everything derived from them; all of them or, if one is unknown, none."""
        with self.store.writing():
            names = [self.store.find(source).source_id for source in sources]
            self.store.delete(names)
            self.store.erase_leftovers()
        return names

    def page(self, source_id: str, number: int) -> PageView:
        """One page of a document with the places of its characters, or one section when it has no pages, from 1."""
        return self.store.page_view(source_id, number)

    def picture(self, source_id: str, number: int) -> bytes:
        """A page of a PDF as a PNG file, from the file that was indexed.

        Raises:
            FootnoteError: when that file is gone or another one by now, or is no PDF.
        """
        path, source = self.store.file_of(source_id)
        return self._viewer.picture(path, number, source.sha256)

    @cached_property
    def _viewer(self) -> Parser:
        """What draws pages; lives as long as this."""
        return self._parser()

    def page_of(self, source_id: str, start: int) -> int:
        """The number of the page or section that holds an offset."""
        views = self.store.page_views(source_id)
        return max((view.number for view in views if view.start <= start), default=1)

    # Feedback

    def add_feedback(self, record: Feedback) -> None:
        """Keep what a reader said of an answer, beside the index; it is on disk when this returns."""
        append_feedback(self.settings.index, record)

    def feedback(self) -> tuple[Feedback, ...]:
        """What readers said of answers, oldest first."""
        return read_feedback(self.settings.index)

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
        return self._retrieve(standalone, self._checked(within, collection), top_k, join=True)

    def _retrieve(self, question: str, within: Filter | None, top_k: int | None, *, join: bool) -> list[Passage]:
        passages = retrieve(
            question,
            Searching(self.store, self.embeddings.embed_query, within),
            top_k=top_k or self.settings.top_k,
            reranking=self._reranking(),
            join=join,
        )
        if within and not passages and replace(within, collections=()) != Filter():
            raise FootnoteError(
                f"No document passes the filter ({described(within)}). Widen it, or look at: footnote sources"
            )
        return prefer_newest(passages, question=question)

    def _checked(self, within: Filter | None, collection: str | None) -> Filter | None:
        """The filter with the collection in it, checked against the index; ``None`` when everything is searched."""
        wanted = within or Filter()
        if collection is not None:
            if wanted.collections and collection not in wanted.collections:
                raise FootnoteError(f"The filter leaves out the collection {collection!r} that is to be searched.")
            wanted = replace(wanted, collections=(collection,))
        if wanted == Filter():
            return None
        return checked_filter(wanted, self.store.collections(), self._all_source_ids() if wanted.sources else [])

    def _reranking(self) -> Reranking | None:
        """The cross-encoder with its budget; ``None`` without one."""
        tokens = self.parts.rerank_tokens
        return Reranking(self.score, tokens) if tokens and self.parts.reranker else None

    def _all_source_ids(self) -> list[str]:
        """In order of their characters; read again when the index changed."""
        generation = self.store.fingerprint()
        if self._source_ids[0] != generation:
            self._source_ids = generation, sorted(info.source.source_id for info in self.store.sources())
        return self._source_ids[1]

    def stages(self, question: str, *, depth: int = 100) -> dict[str, Stage]:
        """Each stage of retrieval on its own, for evaluation; the last, ``pipeline``, is what `ask` reads from."""
        question = checked_question(question)
        searching = Searching(self.store, self.embeddings.embed_query)
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
    ) -> Iterator[Event]:
        """Answer a question as a stream of events; closing it, or setting ``stop``, stops the language model.

        Raises:
            FootnoteError: for a question or a filter that can't be one (see `search`), or when a part fails.
        """
        started = time.monotonic()
        stop = stop or threading.Event()
        question = checked_question(question)
        history = tuple(Turn(encodable(turn.question), encodable(turn.answer)) for turn in history)
        with nullcontext() if quotes_only else self.parts.loading_engine():
            standalone, admitted = make_standalone(question, history), self._checked(within, collection)
            passages = self._retrieve(standalone.searched, admitted, top_k, join=False)
            readers, rule = self.parts.readers, self.parts.rule
        engine = None if quotes_only else self.engine
        try:
            yield from answer_events(
                Question(question, standalone.text, started, history, standalone.text if standalone.rewritten else ""),
                passages,
                readers=readers,
                writer=self.parts.writer(engine, stop) if engine else None,
                fingerprint=self.fingerprint(engine),
                limits=Limits(self.settings.quotes, rule),
                is_stopped=stop.is_set,
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


def check_statement(sentence: str, texts: Sequence[str], question: str) -> Support:
    """The shipped checker's verdict on one sentence and the texts that it cites; needs neither index nor models."""
    return check_support(sentence, texts, question).support
