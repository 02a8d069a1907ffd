"""The models of one set of settings, each loaded when it is first needed, or borrowed from who has loaded them already.

`pipeline.Footnote` holds one `Parts` and knows documents and questions; this module knows neither.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from generator.budget import UNMEASURED_EVIDENCE, evidence_budget
from generator.drafting import Writer
from generator.finding import Readers
from generator.prompting import opening_messages
from generator.reading import Entail
from generator.refusing.answerability import SIGNALS
from generator.refusing.calibration import Rule
from generator.refusing.calibration_files import chosen_rule
from models import choose_llm, is_present, load_registry, model_folder
from models.engines import LoadedEngine, load_chat_model, load_remote_model, prepare_process, stream_text, warm
from models.model_server import Patience
from models.registry import Model
from prompts import Prompt, load_prompt, read_prompt
from schema import EmbedderIdentity, Fingerprint, FootnoteError, ModelAwayError, ModelHealth
from settings import Settings

if TYPE_CHECKING:
    from models.encoders import SentenceEmbeddings
    from models.reader import Reader
    from models.tokenising import Tokeniser

CONTEXT_TOKENS = 8192
"""Of the language model: the largest evidence budget, a question, the last turn and an answer fit in."""
EVIDENCE_S, QUESTION_TOKENS = 1.0, 45
"""Seconds until the language model is asked, and tokens that it reads besides the evidence, for its budget."""
READER_BASE = "ms-marco-minilm-l12"
"""The cross-encoder that the reading model adapts."""
PATIENCE_SETTINGS = ("llm_connect_s", "llm_first_s", "llm_next_s", "llm_most_s", "llm_retries")
"""How long a model server is waited for."""
ENGINE_SETTINGS = ("llm", "llm_base_url", "llm_api_key", "cache", "threads", *PATIENCE_SETTINGS)
"""Settings that decide which language model is loaded, and how."""
FAST_RERANK_TOKENS, SLOW_RERANK_TOKENS = 3500, 1500
"""What two cores read in about a quarter of a second, with matrix units and without."""
ENCODER_SETTINGS = ("cache", "threads", "precision")
"""Settings that decide how embedder and cross-encoder are loaded."""


class Parts:
    """The embedder, the cross-encoder, the language model and its prompt.

    Args:
        settings: which models, where they are, and how many threads they may use.
        lender: other parts of this process, used where its settings name the same models; closed after these.

    Raises:
        FootnoteError: for an embedder that the registry doesn't know. What can't be loaded raises at its first use.
    """

    def __init__(self, settings: Settings, lender: Parts | None = None) -> None:
        prepare_process()
        self.settings = settings
        self._lender = lender
        self.embedder = load_registry().get(settings.embedder, "embedder")
        self.identity = identity_of(self.embedder)
        self._budget: int | None = None

    def close(self) -> None:
        """Free the language model, if it is these parts' own."""
        engine = self.__dict__.get("engine")
        if engine and not self._lends(*ENGINE_SETTINGS):
            engine.close()

    @cached_property
    def embeddings(self) -> SentenceEmbeddings:
        """The embedding model."""
        if lender := self._lends("embedder", *ENCODER_SETTINGS):
            return lender.embeddings
        from models.encoders import load_embeddings  # noqa: PLC0415  (seconds of imports)

        folder, encoder = self._folder(self.embedder), self.embedder.encoder
        if encoder is None:
            raise FootnoteError(f"The model {self.embedder.name} is no embedder.")
        return load_embeddings(
            folder,
            self.identity,
            pooling=encoder.pooling,
            max_tokens=encoder.max_tokens,
            threads=self.settings.threads,
            precision=self.settings.precision,
        )

    @cached_property
    def tokeniser(self) -> Tokeniser:
        """What counts the tokens of the embedding model, without the model."""
        from models.tokenising import Tokeniser  # noqa: PLC0415  (a library that only reading needs)

        return Tokeniser.load(
            self._folder(self.embedder), self.embedder.encoder.max_tokens if self.embedder.encoder else 512
        )

    @cached_property
    def score(self) -> Callable[[str, Sequence[str]], list[float]]:
        """(question, texts) -> one score each: the cross-encoder's logits, or cosines stretched to their range."""
        if lender := self._lends("reranker", "embedder", *ENCODER_SETTINGS):
            return lender.score
        from models.encoders import cosine_scores, load_reranker  # noqa: PLC0415  (seconds of imports)

        if self.reranker is None:
            return cosine_scores(self.embeddings)
        settings = self.settings
        return load_reranker(self._folder(self.reranker), threads=settings.threads, precision=settings.precision).score

    @cached_property
    def reader(self) -> Reader | None:
        """The reading model; ``None`` when it is switched off, or the weights that it adapts are not there."""
        if lender := self._lends("reader", "reranker", *ENCODER_SETTINGS):
            return lender.reader
        if self.reranker is None or self._reader_name() == "none":
            return None
        from models.reader import load_reader  # noqa: PLC0415  (seconds of imports)

        return load_reader(self._folder(self.reranker), threads=self.settings.threads)

    @cached_property
    def reranker(self) -> Model | None:
        """The cross-encoder's entry in the registry; ``None`` when it is switched off or not there."""
        if self.settings.reranker == "none":
            return None
        model = load_registry().get(self.settings.reranker, "reranker")
        return model if is_present(model, self.settings.cache) else None

    @property
    def rerank_tokens(self) -> int:
        """What the cross-encoder may read for one question, in tokens."""
        if self.settings.rerank_tokens >= 0:
            return self.settings.rerank_tokens
        from models.encoders import has_matrix_units  # noqa: PLC0415  (seconds of imports)

        is_fast = self.settings.precision == "bf16" or (self.settings.precision == "auto" and has_matrix_units())
        return FAST_RERANK_TOKENS if is_fast else SLOW_RERANK_TOKENS

    @cached_property
    def readers(self) -> Readers:
        """The models that find and check evidence."""
        reader = self.reader
        return Readers(self.score, reader.read, reader.entail) if reader else Readers(self.score)

    @property
    def entail(self) -> Entail | None:
        """The reading model's logit of support, where there is one."""
        return self.readers.entail

    @cached_property
    def rule(self) -> Rule:
        """When the documents answer a question at all.

        Raises:
            FootnoteError: for a calibration that can't be read, or was made with other models.
        """
        models = {
            "embedder": _named(self.embedder),
            "reranker": _named(self.reranker),
            "reader": self._reader_name(),
        }
        return chosen_rule(self.settings.calibration, self.settings.promise, known=SIGNALS, models=models)

    def _reader_name(self) -> str:
        if self.settings.reader == "none" or self.reranker is None or self.reranker.name != READER_BASE:
            return "none"
        from models.adapters import adapter_hash  # noqa: PLC0415  (reads a file)

        return f"reader@{adapter_hash()[:12]}"

    @cached_property
    def engine(self) -> LoadedEngine | None:
        """The language model; ``None`` when answers are quotes only."""
        if lender := self._lends(*ENGINE_SETTINGS):
            return lender.engine
        settings, kind, name = self.settings, *self.settings.llm.partition(":")[::2]
        if kind == "openai":
            key = settings.llm_api_key.get_secret_value()
            patience = Patience(*(getattr(settings, one) for one in PATIENCE_SETTINGS))
            return load_remote_model(name, base_url=settings.llm_base_url, api_key=key, patience=patience)
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
        """What the model is told.

        Raises:
            FootnoteError: for a prompt of one's own that can't be read or has a fault, with its line.
        """
        return read_prompt(Path(self.settings.prompt)) if self.settings.prompt else load_prompt("answer")

    def writer(self, engine: LoadedEngine, stop: threading.Event) -> Writer:
        """The language model as the generator asks it, until ``stop`` is set."""
        settings = self.settings
        return Writer(
            stream=lambda messages: stream_text(
                engine.model, messages, max_tokens=settings.answer_tokens, stop_event=stop, meter=engine.meter
            ),
            count_tokens=engine.count_tokens,
            prompt=self.prompt,
            evidence_tokens=settings.prompt_tokens or self._measured_budget(engine),
            answer_tokens=settings.answer_tokens,
            away=engine.server.away if engine.server else lambda: "",
        )

    def _measured_budget(self, engine: LoadedEngine) -> int:
        """Tokens of evidence that the promised time has room for: the same for every question of this process."""
        if self._budget is None and (speed := engine.meter.speed) is not None:
            promised = max(self.settings.answer_s - EVIDENCE_S, 0.0)
            self._budget = evidence_budget(
                speed.reading, speed.writing, promised_s=promised, fixed_tokens=QUESTION_TOKENS
            )
        return self._budget or UNMEASURED_EVIDENCE

    def warm_up(self) -> None:
        """Load everything that answering needs and read the prompt's fixed beginning.

        A model server that is away is no obstacle: until it is there, answers are the documents' own words.
        """
        with self.loading_engine():
            self.score("question", ["text"])
            if self.reader is not None:
                self.reader.read("question", [("text", [(0, 4)])])
            self.embeddings.embed_query("question")
        if self.engine is None or (self.engine.server and self.engine.server.look()):
            return
        with suppress(ModelAwayError):  # the server is there, and says no; whoever asks is told
            warm(self.engine, opening_messages(self.prompt), stop_event=threading.Event())

    def model_health(self) -> ModelHealth | None:
        """How the language model's server stands; ``None`` where none is in use, or nothing needed it yet."""
        engine: LoadedEngine | None = self.__dict__.get("engine")
        return engine.server.health() if engine and engine.server else None

    @contextmanager
    def loading_engine(self) -> Iterator[None]:
        """Load the language model beside the body, which loads the encoders: each waits mostly for its own imports."""
        if "engine" in self.__dict__:
            yield
            return
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
            name, health = self.settings.llm.partition(":")[2], self.model_health()
            if health is None or health.is_asked:
                return f"Language model: {name}, as asked for."
            return f"Language model: {name}, which is away. Answers are the documents' own words until it is back."
        return choose_llm(self.settings.llm, self.settings.cache)[1]

    def fingerprint(self, engine: LoadedEngine | None, *, index: str) -> Fingerprint:
        """What answers from an index of this fingerprint are made with when ``engine`` writes them, or none."""
        return Fingerprint(
            index=index,
            embedder=_named(self.embedder),
            reranker=_named(self.reranker),
            llm=f"{engine.name}@{engine.fingerprint[:12]}" if engine else "none",
            prompt=self.prompt.sha256[:12],
            reader=self._reader_name(),
            calibration=self.rule.calibration.sha[:12],
        )

    def _lends(self, *names: str) -> Parts | None:
        """The lender, if it has the same values of these settings."""
        lender, own = self._lender, self.settings
        same = lender and all(getattr(lender.settings, name) == getattr(own, name) for name in names)
        return lender if same else None

    def _folder(self, model: Model) -> Path:
        if not is_present(model, self.settings.cache):
            raise FootnoteError(
                f"The weights of {model.name} are not in {self.settings.cache}. "
                f"Fetch them with: footnote models fetch {model.name}"
            )
        return model_folder(model, self.settings.cache)


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


def _named(model: Model | None) -> str:
    return f"{model.name}@{_weights_hash(model)[:12]}" if model else "none"


def _weights_hash(model: Model) -> str:
    """The hash of a model's largest file: its weights."""
    return max(model.files, key=lambda file: file.size).sha256
