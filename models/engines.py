"""The front of the language model engines: one way to load any of them, one way to stream from any of them.

Each engine's libraries are imported when it is asked for. Does not know the registry: callers pass files and names.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from models.model_server import ModelServer, Patience
from models.speed import SpeedMeter
from schema import FootnoteError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

    from models.llamacpp_chat import LlamaCppChat
    from models.transformers_chat import TransformersChat

Kind = Literal["llamacpp", "transformers", "openai"]
Probabilities = Callable[["Sequence[BaseMessage]", Sequence[str]], dict[str, float]]
"""(messages, choices) -> for each choice the probability that the reply begins with its first token."""

_PROBE = "The committee met in March and agreed on the budget for the coming year, as the chair had proposed in May. "
_PROBE_TIMES = 5
_PROBE_TOKENS = 8
_TRACING_VARIABLES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """A language model that is ready: ``count_tokens`` counts a text, exactly where the model runs in this process.

    ``meter`` learns how fast it is (pass it to `stream_text`). ``first_token_probabilities`` is there with llama.cpp
    only. ``is_local`` is false for a server, which nobody should be made to pay for a measurement; ``server`` is what
    is known of it.
    """

    name: str
    fingerprint: str
    model: BaseChatModel
    count_tokens: Callable[[str], int]
    close: Callable[[], None]
    meter: SpeedMeter = field(default_factory=SpeedMeter)
    first_token_probabilities: Probabilities | None = None
    is_local: bool = True
    server: ModelServer | None = None


def prepare_process() -> None:
    """Set what the libraries read from the environment when they are loaded; call it before anything imports torch.

    LangChain would send every prompt to a tracing service if the reader's shell asked it to. OpenMP's threads would
    spin while they wait for each other, which on a busy machine costs nearly all of the speed (docs/decisions/005).
    """
    for name in _TRACING_VARIABLES:
        os.environ[name] = "false"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def load_chat_model(
    kind: Kind,
    model: str,
    *,
    name: str = "",
    fingerprint: str = "",
    threads: int = 0,
    context_tokens: int = 4096,
    base_url: str = "",
    api_key: str = "",
) -> LoadedEngine:
    """Load a language model.

    Args:
        kind: llamacpp for a GGUF file, transformers for a folder of safetensors, openai for a server.
        model: the file or the folder, or what the server calls the model.
        name: what to call it in answers; by default the file's or the server's name for it.
        fingerprint: changes when the weights change; by default their SHA-256, which takes seconds to compute.
        threads: 0 for every core; a server ignores it.
        context_tokens: room for prompt and answer together; a folder of weights and a server have their own limit.
        base_url: the server's address, such as http://127.0.0.1:8080/v1.
        api_key: the server's key.

    Raises:
        FootnoteError: when the weights or the address are missing or unusable.
    """
    prepare_process()
    if kind == "openai":
        return load_remote_model(model, base_url=base_url, api_key=api_key, name=name, fingerprint=fingerprint)
    chat = _load_local(kind, Path(model), threads, context_tokens)
    name, fingerprint = name or chat.model_name, fingerprint or hash_weights(Path(model))
    return LoadedEngine(
        name,
        fingerprint,
        chat,
        chat.get_num_tokens,
        chat.close,
        first_token_probabilities=getattr(chat, "first_token_probabilities", None),
    )


def load_remote_model(
    model: str,
    *,
    base_url: str,
    api_key: str = "",
    patience: Patience | None = None,
    name: str = "",
    fingerprint: str = "",
) -> LoadedEngine:
    """The model of a server, which is not contacted yet; ``patience`` says how long it is waited for.

    Raises:
        FootnoteError: when there is no usable address.
    """
    prepare_process()
    from models.remote_chat import RemoteChat  # noqa: PLC0415

    patience = patience or Patience()
    remote = RemoteChat(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key),
        connect_s=patience.connect_s,
        first_s=patience.first_s,
        next_s=patience.next_s,
        most_s=patience.most_s,
        max_retries=patience.retries,
    )
    return LoadedEngine(
        name or model,
        fingerprint or f"openai:{model}@{base_url}",
        remote,
        remote.get_num_tokens,
        remote.close,
        is_local=False,
        server=remote.server,
    )


def _load_local(kind: Kind, weights: Path, threads: int, context_tokens: int) -> LlamaCppChat | TransformersChat:
    chat: LlamaCppChat | TransformersChat
    if kind == "llamacpp":
        from models.llamacpp_chat import LlamaCppChat  # noqa: PLC0415

        chat = LlamaCppChat(weights=weights, threads=threads, context_tokens=context_tokens)
    elif kind == "transformers":
        from models.transformers_chat import TransformersChat  # noqa: PLC0415

        chat = TransformersChat(weights=weights, threads=threads)
    else:
        raise FootnoteError(f"There is no engine {kind!r}; there are llamacpp, transformers and openai.")
    chat.load()
    return chat


def stream_text(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    max_tokens: int,
    stop_event: threading.Event,
    meter: SpeedMeter | None = None,
) -> Iterator[str]:
    """Yield an answer's text piece by piece, as the model writes it.

    Closing the iterator, or setting the event from another thread, stops the model. The meter is told what the answer
    took, unless it was stopped.

    Raises:
        FootnoteError: when the model can't answer.
    """
    prepare_process()
    stream = model.stream(list(messages), max_tokens=max_tokens, stop_event=stop_event)
    try:
        for chunk in stream:
            if stop_event.is_set():
                return
            if meter is not None:
                _measure(meter, chunk)
            if chunk.text:
                yield str(chunk.text)
    finally:
        if hasattr(stream, "close"):
            stream.close()


def warm(engine: LoadedEngine, opening: Sequence[BaseMessage], *, stop_event: threading.Event) -> None:
    """Read what every prompt begins with, so that the first question finds it read, and measure the engine's speed.

    The first reading also brings the weights into memory and is no measure. A server is not measured here.

    Args:
        engine: a loaded one; its meter learns.
        opening: the first messages of every prompt; the last of them is a beginning that is continued.
        stop_event: ends it early.

    Raises:
        FootnoteError: when the model can't answer.
    """
    for _ in stream_text(engine.model, opening, max_tokens=1, stop_event=stop_event):
        pass
    if not engine.is_local:
        return
    last = opening[-1]
    probe = last.model_copy(update={"content": f"{last.content}\n\n{_PROBE * _PROBE_TIMES}"})
    messages = [*opening[:-1], probe]
    for _ in stream_text(engine.model, messages, max_tokens=_PROBE_TOKENS, stop_event=stop_event, meter=engine.meter):
        pass


def _measure(meter: SpeedMeter, chunk: AIMessageChunk) -> None:
    """Tell the meter what a chunk says of the whole answer, as the last one does."""
    usage, speeds = chunk.usage_metadata, chunk.response_metadata
    if usage is None:
        return
    new = usage["input_tokens"] - usage.get("input_token_details", {}).get("cache_read", 0)
    for add, tokens, name in (
        (meter.add_reading, new, "read_tokens_per_second"),
        (meter.add_writing, usage["output_tokens"] - 1, "write_tokens_per_second"),
    ):
        if speed := speeds.get(name):
            add(tokens, tokens / speed)


def hash_weights(weights: Path) -> str:
    """The SHA-256 of a file, or of a folder's files with their names, as hexadecimal digits."""
    if weights.is_file():
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for path in sorted(path for path in weights.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(weights)}\0{hash_weights(path)}\n".encode())
    return whole.hexdigest()
