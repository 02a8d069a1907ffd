"""llama.cpp inside this process, through the wheel xllamacpp: GGUF weights on a CPU.

Knows nothing of prompts, of LangChain or of which weights to use. The wheel starts llama.cpp's own web server with
every model; here it listens on a Unix socket in a private folder and wants a random key, so that no page in a browser
and no other user reaches it.
"""

from __future__ import annotations

import ctypes
import secrets
import shutil
import socket
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from models.streaming import Emit, pump, wait_for_turn
from schema import FootnoteError

CLOSE_WAIT_S = 10.0
TOKENIZE_WAIT_S = 60.0
LOOKUP_TOKENS = 3
"""Tokens at the end of an answer that must stand in the prompt too, before what follows them there is guessed."""


def load_library() -> Any:
    """Import xllamacpp; where the system lacks libgomp, lend it the copy that comes with torch.

    Raises:
        FootnoteError: when the library can't be loaded, with the reason.
    """
    try:
        import xllamacpp  # noqa: PLC0415
    except ImportError as error:
        if "libgomp" not in str(error):
            raise FootnoteError(f"llama.cpp (the package xllamacpp) can't be loaded: {error}") from error
        lend_libgomp()
        import xllamacpp  # noqa: PLC0415
    return xllamacpp


def lend_libgomp() -> None:
    """Load torch's copy of libgomp, under the name that xllamacpp looks for.

    Raises:
        FootnoteError: when there is no such copy.
    """
    torch = find_spec("torch")
    folder = Path(torch.origin).parent / "lib" if torch and torch.origin else Path()
    try:
        ctypes.CDLL(str(folder / "libgomp.so.1"), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise FootnoteError("llama.cpp needs the system library libgomp.so.1: install the package libgomp1.") from error


class LlamaServer:
    """One loaded model: decodes one request at a time, lets the others wait, and stops between two batches.

    Args:
        weights: a GGUF file.
        context_tokens: prompt and answer together, in tokens.
        threads: for reading and writing; at least 1.
        read_batch: tokens read between two looks at whether somebody still listens.
        guess_tokens: tokens guessed from the prompt and checked together, by prompt lookup (Saxena 2023); 0: none.
        host: an address to listen on instead of the private Unix socket.
        adjust: has the last word on llama.cpp's parameters; for measurements.

    Raises:
        FootnoteError: when llama.cpp can't load the weights.
    """

    def __init__(
        self,
        weights: Path,
        *,
        context_tokens: int,
        threads: int,
        read_batch: int,
        guess_tokens: int = 0,
        host: str | None = None,
        adjust: Callable[[Any], None] = lambda _: None,
    ) -> None:
        if not weights.is_file():
            raise FootnoteError(f"The weights {weights} are not there: fetch them with 'footnote models fetch'.")
        self.key = secrets.token_urlsafe(32)
        folder = Path(tempfile.mkdtemp(prefix="footnote-"))  # mode 0700: the socket in it is ours alone
        private = hasattr(socket, "AF_UNIX") and host is None
        address = str(folder / "llama.sock") if private else host or "127.0.0.1"
        parameters = _parameters(weights, context_tokens, threads, read_batch)
        if guess_tokens:
            _look_up(parameters, guess_tokens)
        adjust(parameters)
        parameters.api_keys, parameters.hostnames = [self.key], [address]
        try:
            server = load_library().Server(parameters)
        except RuntimeError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise FootnoteError(
                f"llama.cpp can't load {weights}: it is damaged, not a GGUF file, or of a kind that it does not know."
            ) from error
        self.address = str(server.listening_address)
        self._client = httpx.Client(
            base_url="http://llama" if private else self.address,
            transport=httpx.HTTPTransport(uds=address) if private else None,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=TOKENIZE_WAIT_S,
            trust_env=False,
        )
        self._turn, self._closing = threading.Lock(), threading.Event()
        self._holder = [server]  # the one lasting reference: emptying the list frees the model
        self._finalizer = weakref.finalize(self, _close, self._holder, self._client, folder, self._turn, self._closing)

    def chat(self, request: dict[str, Any], stop_event: threading.Event) -> Iterator[dict[str, Any]]:
        """Yield llama.cpp's chunks for a request; nothing when the event is set while others have their turn."""
        if not wait_for_turn(self._turn, stop_event):
            return
        turn, closing = self._turn, self._closing
        if closing.is_set():
            turn.release()
            raise FootnoteError("The language model was closed.")
        server = self._holder[0]

        def produce(emit: Emit[dict[str, Any]]) -> None:
            try:
                server.handle_chat_completions(request, lambda chunk: emit(chunk) or closing.is_set())
            finally:
                turn.release()

        yield from pump(produce, stop_event)

    def close(self) -> None:
        """Stop a running answer and free the memory and the socket; a second call does nothing."""
        self._finalizer()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask one of llama.cpp's own endpoints, for what the wheel has no function for.

        Raises:
            FootnoteError: when it refuses or does not answer.
        """
        try:
            answer = self._client.post(path, json=body).raise_for_status().json()
        except (httpx.HTTPError, RuntimeError) as error:
            raise FootnoteError(f"llama.cpp did not answer {path}: {error}") from error
        return dict(answer)


def _parameters(weights: Path, context_tokens: int, threads: int, read_batch: int) -> Any:
    parameters = load_library().CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx, parameters.n_parallel = context_tokens, 1
    parameters.n_batch = parameters.n_ubatch = read_batch
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
    parameters.ctx_shift = False  # a full context ends the answer; it never drops the beginning of the prompt
    parameters.cache_ram_mib = 0  # the running slot keeps its prefix; copies of older prompts would take up to 8 GB
    parameters.fit_params = False  # fits layers to a GPU's memory, at the price of loading twice
    parameters.warmup, parameters.verbosity, parameters.enable_reasoning = False, -1, 0
    parameters.ui = parameters.ui_mcp_proxy = False
    parameters.endpoint_slots = parameters.endpoint_metrics = parameters.endpoint_props = False
    parameters.cors_origins, parameters.cors_credentials = "null", False
    return parameters


def _look_up(parameters: Any, guess_tokens: int) -> None:
    ngrams = parameters.speculative.ngram_simple
    ngrams.size_n, ngrams.size_m, ngrams.min_hits = LOOKUP_TOKENS, guess_tokens, 1
    parameters.speculative.types = [load_library().common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]


def _close(
    server: list[Any], client: httpx.Client, folder: Path, turn: threading.Lock, closing: threading.Event
) -> None:
    """Stop a running answer, then free the model; runs once, at the latest when the interpreter ends."""
    closing.set()
    if turn.acquire(timeout=CLOSE_WAIT_S):
        turn.release()
    client.close()
    server.clear()
    shutil.rmtree(folder, ignore_errors=True)
