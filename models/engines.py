"""The front of the language model engines: one way to load any of them, one way to stream from any of them.

Each engine's libraries are imported when it is asked for. Does not know the registry: callers pass files and names.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr

from schema import FootnoteError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from models.llamacpp_chat import LlamaCppChat
    from models.transformers_chat import TransformersChat

Kind = Literal["llamacpp", "transformers", "openai"]
_TRACING_VARIABLES = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2")


@dataclass(frozen=True, slots=True)
class LoadedEngine:
    """A language model that is ready: ``count_tokens`` counts a text, exactly where the model runs in this process."""

    name: str
    fingerprint: str
    model: BaseChatModel
    count_tokens: Callable[[str], int]
    close: Callable[[], None]


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
        from models.remote_chat import RemoteChat  # noqa: PLC0415

        remote = RemoteChat(model=model, base_url=base_url, api_key=SecretStr(api_key))
        fingerprint = fingerprint or f"openai:{model}@{base_url}"
        return LoadedEngine(name or model, fingerprint, remote, remote.get_num_tokens, remote.close)
    chat = _load_local(kind, Path(model), threads, context_tokens)
    name, fingerprint = name or chat.model_name, fingerprint or hash_weights(Path(model))
    return LoadedEngine(name, fingerprint, chat, chat.get_num_tokens, chat.close)


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
    model: BaseChatModel, messages: Sequence[BaseMessage], *, max_tokens: int, stop_event: threading.Event
) -> Iterator[str]:
    """Yield an answer's text piece by piece, as the model writes it.

    Closing the iterator, or setting the event from another thread, stops the model.

    Raises:
        FootnoteError: when the model can't answer.
    """
    prepare_process()
    stream = model.stream(list(messages), max_tokens=max_tokens, stop_event=stop_event)
    try:
        for chunk in stream:
            if stop_event.is_set():
                return
            if chunk.text:
                yield str(chunk.text)
    finally:
        if hasattr(stream, "close"):
            stream.close()


def hash_weights(weights: Path) -> str:
    """The SHA-256 of a file, or of a folder's files with their names, as hexadecimal digits."""
    if weights.is_file():
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for path in sorted(path for path in weights.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(weights)}\0{hash_weights(path)}\n".encode())
    return whole.hexdigest()
