"""The only place that wires the rooms together: from settings to something that indexes, searches and answers.

Parts are loaded when they are first needed, so that listing documents does not wait for a language model. Every door
(the command line, the page, REST, evaluation) uses the same object and gets the same `Answer`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from feedback import Feedback, append_feedback, read_feedback
from generator.answering import Limits, Question, Writer, answer_events
from generator.checking import check_support
from generator.prompting import opening_messages
from indexer.store import IndexStore
from models import choose_llm, is_present, load_registry, model_folder
from models.engines import LoadedEngine, load_chat_model, prepare_process, stream_text
from models.registry import Model
from prompts import Prompt, load_prompt
from retriever.followup import standalone_question
from retriever.hybrid import HybridRetriever, Stage, retrieve, retrieve_stages
from schema import (
    Answer,
    Answered,
    EmbedderIdentity,
    Event,
    Extraction,
    FileReport,
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
    from models.encoders import SentenceEmbeddings

CONTEXT_TOKENS = 8192
"""Of the language model: the largest evidence budget, a question, the last turn and an answer fit in."""
ENGINE_SETTINGS = ("llm", "llm_base_url", "llm_api_key", "cache", "threads")
"""Settings that decide which language model is loaded, and how."""
READER_VERSION = "1"
"""Part of the recipe: raise it when the same file would be read or chunked differently, and all are read again."""


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
        prepare_process()
        self.settings = settings
        self._lender = lender
        self._embedder = load_registry().get(settings.embedder, "embedder")
        self.store = IndexStore(
            settings.index, identity_of(self._embedder), create=create, lock_wait_s=settings.lock_wait_s
        )

    def close(self) -> None:
        """Free the language model and the database."""
        engine = self.__dict__.get("engine")
        if engine and not self._lends(*ENGINE_SETTINGS):
            engine.close()
        self.store.close()

    # The parts, each loaded at its first use

    @cached_property
    def embeddings(self) -> SentenceEmbeddings:
        """The embedding model."""
        if lender := self._lends("embedder", "cache", "threads"):
            return lender.embeddings
        from models.encoders import load_embeddings  # noqa: PLC0415  (seconds of imports)

        folder, encoder = self._folder(self._embedder), self._embedder.encoder
        if encoder is None:
            raise FootnoteError(f"The model {self._embedder.name} is no embedder.")
        return load_embeddings(
            folder,
            identity_of(self._embedder),
            pooling=encoder.pooling,
            max_tokens=encoder.max_tokens,
            threads=self.settings.threads,
        )

    @cached_property
    def score(self) -> Callable[[str, Sequence[str]], list[float]]:
        """(question, texts) -> one score each: the cross-encoder's logits, or cosines stretched to their range."""
        if lender := self._lends("reranker", "embedder", "cache", "threads"):
            return lender.score
        from models.encoders import cosine_scores, load_reranker  # noqa: PLC0415  (seconds of imports)

        if self.reranker is None:
            return cosine_scores(self.embeddings)
        return load_reranker(self._folder(self.reranker), threads=self.settings.threads).score

    @cached_property
    def reranker(self) -> Model | None:
        """The cross-encoder's entry in the registry; ``None`` when it is switched off or not there."""
        if self.settings.reranker == "none":
            return None
        model = load_registry().get(self.settings.reranker, "reranker")
        return model if is_present(model, self.settings.cache) else None

    @cached_property
    def engine(self) -> LoadedEngine | None:
        """The language model; ``None`` when answers are quotes only."""
        if lender := self._lends(*ENGINE_SETTINGS):
            return lender.engine
        settings, kind, name = self.settings, *self.settings.llm.partition(":")[::2]
        if kind == "openai":
            key = settings.llm_api_key.get_secret_value()
            return load_chat_model("openai", name, base_url=settings.llm_base_url, api_key=key)
        if kind == "transformers" and name:
            return load_chat_model("transformers", name, threads=settings.threads)
        if kind == "llamacpp" and name:
            return load_chat_model("llamacpp", name, threads=settings.threads, context_tokens=CONTEXT_TOKENS)
        model, _ = choose_llm(settings.llm, settings.cache)
        if model is None:
            return None
        weights = model.file(".gguf")
        return load_chat_model(
            "llamacpp",
            str(model_folder(model, settings.cache) / weights.name),
            name=model.name,
            fingerprint=weights.sha256,
            threads=settings.threads,
            context_tokens=CONTEXT_TOKENS,
        )

    @cached_property
    def prompt(self) -> Prompt:
        """What the model is told."""
        return load_prompt("answer")

    def warm_up(self) -> None:
        """Load everything that answering needs and read the prompt's fixed beginning."""
        with self._loading_engine():
            self.score("question", ["text"])
            self.embeddings.embed_query("question")
        if self.engine is not None:
            stop = threading.Event()
            for _ in stream_text(self.engine.model, opening_messages(self.prompt), max_tokens=1, stop_event=stop):
                pass

    @contextmanager
    def _loading_engine(self) -> Iterator[None]:
        """Load the language model beside the body, which loads the encoders: each waits mostly for its own imports."""
        loader = threading.Thread(target=self._try_engine, name="load-language-model", daemon=True)
        loader.start()
        try:
            yield
        finally:
            loader.join()

    def _try_engine(self) -> None:
        # What goes wrong here goes wrong again, and is told, where the engine is used.
        with suppress(FootnoteError):
            _ = self.engine

    def status(self) -> str:
        """One sentence on who answers."""
        if ":" in self.settings.llm:
            return f"Language model: {self.settings.llm.partition(':')[2]}, as asked for."
        return choose_llm(self.settings.llm, self.settings.cache)[1]

    def _lends(self, *names: str) -> Footnote | None:
        """The lender, if it has the same values of these settings."""
        lender, own = self._lender, self.settings
        same = lender and all(getattr(lender.settings, name) == getattr(own, name) for name in names)
        return lender if same else None

    # Documents

    def index(
        self,
        paths: Sequence[Path],
        *,
        collection: str | None = None,
        on_file: Callable[[FileReport], None] = lambda _: None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Add or update files and folders; see `indexer.building.index_paths`."""
        from indexer.building import index_paths  # noqa: PLC0415  (the loaders' libraries)

        return index_paths(
            self.store,
            paths,
            collection=collection or self.settings.collection,
            recipe=self._recipe(),
            on_file=on_file,
            on_progress=on_progress,
        )

    def index_corpus(
        self,
        documents: Sequence[TextDocument],
        *,
        collection: str | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Make a collection hold exactly these texts, unchanged; see `indexer.corpus.index_texts`."""
        from indexer.corpus import index_texts  # noqa: PLC0415

        return index_texts(
            self.store,
            documents,
            collection=collection or self.settings.collection,
            recipe=self._recipe(),
            on_progress=on_progress,
        )

    def _recipe(self) -> Recipe:
        from indexer.building import Recipe  # noqa: PLC0415

        settings = self.settings
        return Recipe(
            name=f"reader {READER_VERSION}, chunks of {settings.chunk_tokens} tokens",
            load=lambda path: _load_within(path, settings.max_characters),
            count_tokens=lambda texts: self.embeddings.count_tokens(texts),  # noqa: PLW0108  (loads at first use)
            embed=lambda texts: self.embeddings.embed(texts),  # noqa: PLW0108
            max_tokens=settings.chunk_tokens,
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
        """One page of a document, or one section when it has no pages, numbered from 1."""
        views = self.store.page_views(source_id)
        for view in views:
            if view.number == number:
                return view
        raise FootnoteError(f"{source_id} has {len(views)} page(s); there is no page {number}.")

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
        top_k: int | None = None,
        history: Sequence[Turn] = (),
    ) -> list[Passage]:
        """The best passages for a question, best first.

        Raises:
            FootnoteError: for a question that can't be one, or a collection that does not exist.
        """
        if collection is not None and collection not in (known := self.store.collections()):
            raise FootnoteError(f"There is no collection {collection!r}. There are: {', '.join(known) or 'none yet'}.")
        return retrieve(
            standalone_question(checked_question(question), history),
            index=self.store,
            embed_query=self.embeddings.embed_query,
            top_k=top_k or self.settings.top_k,
            collection=collection,
        )

    def stages(self, question: str, *, depth: int = 100) -> dict[str, Stage]:
        """Each stage of retrieval on its own, for evaluation; the last, ``pipeline``, is what `ask` reads from."""
        question = checked_question(question)
        found = retrieve_stages(
            question, index=self.store, embed_query=self.embeddings.embed_query, score=self.score, depth=depth
        )
        started = time.monotonic()
        passages = self.search(question, top_k=depth)
        return found | {"pipeline": Stage(passages, (time.monotonic() - started) * 1000)}

    def ask(
        self,
        question: str,
        *,
        collection: str | None = None,
        top_k: int | None = None,
        history: Sequence[Turn] = (),
        quotes_only: bool = False,
        stop: threading.Event | None = None,
    ) -> Iterator[Event]:
        """Answer a question as a stream of events; closing it, or setting ``stop``, stops the language model.

        Raises:
            FootnoteError: for a question that can't be one, or when a part fails.
        """
        started = time.monotonic()
        stop = stop or threading.Event()
        question = checked_question(question)
        history = tuple(Turn(encodable(turn.question), encodable(turn.answer)) for turn in history)
        with nullcontext() if quotes_only or "engine" in self.__dict__ else self._loading_engine():
            passages = self.search(question, collection=collection, top_k=top_k, history=history)
            score = self.score
        engine = None if quotes_only else self.engine
        try:
            yield from answer_events(
                Question(question, standalone_question(question, history), started, history),
                passages,
                score=score,
                writer=self._writer(engine, stop) if engine else None,
                fingerprint=self.fingerprint(engine),
                limits=Limits(self.settings.quotes, self.settings.abstain_below),
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

    def as_retriever(self, *, collection: str | None = None) -> HybridRetriever:
        """The search as a LangChain retriever."""
        from indexer.langchain_store import passage_to_document  # noqa: PLC0415

        return HybridRetriever(
            search=lambda question, k: self.search(question, collection=collection, top_k=k),
            to_document=passage_to_document,
            k=self.settings.top_k,
        )

    def _writer(self, engine: LoadedEngine, stop: threading.Event) -> Writer:
        settings = self.settings
        return Writer(
            stream=lambda messages: stream_text(
                engine.model, messages, max_tokens=settings.answer_tokens, stop_event=stop
            ),
            count_tokens=engine.count_tokens,
            prompt=self.prompt,
            evidence_tokens=settings.prompt_tokens,
            answer_tokens=settings.answer_tokens,
        )

    def fingerprint(self, engine: LoadedEngine | None) -> Fingerprint:
        """What answers are made with when this language model writes them, or none."""
        return Fingerprint(
            index=self.store.fingerprint(),
            embedder=f"{self._embedder.name}@{self.store.identity.sha256[:12]}",
            reranker=f"{self.reranker.name}@{_weights_hash(self.reranker)[:12]}" if self.reranker else "none",
            llm=f"{engine.name}@{engine.fingerprint[:12]}" if engine else "none",
            prompt=self.prompt.sha256[:12],
        )

    def _folder(self, model: Model) -> Path:
        if not is_present(model, self.settings.cache):
            raise FootnoteError(
                f"The weights of {model.name} are not in {self.settings.cache}. "
                f"Fetch them with: footnote models fetch {model.name}"
            )
        return model_folder(model, self.settings.cache)


def check_statement(sentence: str, texts: Sequence[str], question: str) -> Support:
    """The shipped checker's verdict on one sentence and the texts that it cites; needs neither index nor models."""
    return check_support(sentence, texts, question).support


def identity_of(model: Model) -> EmbedderIdentity:
    """What an index records of an embedder of the registry."""
    if model.encoder is None:
        raise FootnoteError(f"The model {model.name} is no embedder.")
    encoder = model.encoder
    return EmbedderIdentity(
        name=model.name,
        sha256=_weights_hash(model),
        dimension=encoder.dimension,
        normalised=encoder.normalised,
        query_prefix=encoder.query_prefix,
        document_prefix=encoder.document_prefix,
    )


def _weights_hash(model: Model) -> str:
    """The hash of a model's largest file: its weights."""
    return max(model.files, key=lambda file: file.size).sha256


def _load_within(path: Path, max_characters: int) -> Extraction:
    """Load a document, refusing one that is too long to index in reasonable time."""
    from indexer.loading import load  # noqa: PLC0415  (the loaders' libraries)

    extraction = load(path)
    if len(extraction.text) > max_characters:
        raise FootnoteError(
            f"It has {len(extraction.text):,} characters; the limit is {max_characters:,} (setting max_characters): "
            "split it, or raise the limit."
        )
    return extraction
