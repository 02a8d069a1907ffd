"""Any OpenAI-compatible server behind LangChain's chat model, through ``init_chat_model``.

Adds what a page with a stop button needs: an answer that can be left while the server is still silent, short limits for
a server that is down, and one sentence that names the address whatever went wrong. Nothing else is contacted.
"""

from __future__ import annotations

import contextlib
import math
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openai
from langchain.chat_models import init_chat_model
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from pydantic import Field, PrivateAttr, SecretStr

from models.speed import Stopwatch
from models.streamed_chat import StreamedChat, Wish
from models.streaming import Emit, pump
from schema import FootnoteError

_PIECES = re.compile(r"[A-Za-z]+|[^\x00-\x7f]|\S|\s+")


class Connections:
    """The connections that one request opens, so that another thread than the one that reads them can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: list[Any] = []
        self._ended = False

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Take note of a connection when httpx reports it; one that comes too late is ended at once."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            with self._lock:
                self._streams.append(info["return_value"])
            if self._ended:
                self.end()

    def end(self) -> None:
        """Shut the sockets down: unlike closing them, that wakes the thread that waits for them."""
        self._ended = True
        with self._lock:
            for stream in self._streams:
                with contextlib.suppress(OSError, ValueError):  # closed already
                    stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class RemoteChat(StreamedChat):
    """A model of an OpenAI-compatible server as a chat model.

    Setting the event, or closing the stream, closes the connection, which is how servers learn of it.
    """

    model: str = Field(description="What the server calls the model")
    base_url: str = Field(description="Address, such as http://127.0.0.1:8080/v1")
    api_key: SecretStr = Field(default=SecretStr(""), description="Key; empty for servers that want none")
    connect_s: float = Field(default=5.0, gt=0, description="Seconds to wait for a connection")
    read_s: float = Field(default=60.0, gt=0, description="Seconds to wait for the next piece of an answer")
    max_retries: int = Field(default=1, ge=0, le=5, description="Attempts after the first one failed to connect")

    _client: httpx.Client = PrivateAttr()
    _current: threading.local = PrivateAttr(default_factory=threading.local)
    _chat: BaseChatModel = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Make LangChain's client; contacts nobody.

        Raises:
            FootnoteError: when there is no usable address.
        """
        super().model_post_init(context)
        if not self.base_url.startswith(("http://", "https://")):
            raise FootnoteError(
                f"The address of the model server is {self.base_url!r}; set llm_base_url to one such as "
                "http://127.0.0.1:8080/v1."
            )
        # A connection for each request: closing it then ends that request, and no other.
        self._client = httpx.Client(
            timeout=httpx.Timeout(self.read_s, connect=self.connect_s),
            limits=httpx.Limits(max_keepalive_connections=0),
            event_hooks={"request": [self._report_connections]},
        )
        self._chat = init_chat_model(
            f"openai:{self.model}",
            base_url=self.base_url,
            api_key=self.api_key.get_secret_value() or "none",
            temperature=self.temperature,
            timeout=httpx.Timeout(self.read_s, connect=self.connect_s),
            max_retries=self.max_retries,
            http_client=self._client,
            use_responses_api=False,
            stream_usage=True,
        )

    def _report_connections(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._current.connections.trace

    @property
    def _llm_type(self) -> str:
        return "openai-compatible"

    def close(self) -> None:
        """Close what is open of the connections."""
        self._client.close()

    def get_num_tokens(self, text: str) -> int:
        """An estimate from above of a text's tokens, since the server's tokenizer is not here.

        Counts a token for each three letters of a word, for each digit, sign and run of white space, and two for each
        character outside ASCII. Byte-pair tokenizers of common models need fewer for prose.
        """
        return sum(_estimate(piece) for piece in _PIECES.findall(text))

    def _messages(self, messages: list[BaseMessage], wish: Wish) -> Iterator[AIMessageChunk]:
        options: dict[str, Any] = {"max_tokens": wish.max_tokens, "stop": list(wish.stop)}
        options = {name: value for name, value in options.items() if value}
        connections, watch = Connections(), Stopwatch()

        def produce(emit: Emit[AIMessageChunk]) -> None:
            self._current.connections = connections
            for chunk in self._chat.stream(messages, **options):
                if chunk.text:
                    watch.mark()
                if emit(_with_speeds(chunk, watch)):
                    return

        try:
            yield from pump(produce, wish.stop_event, abort=connections.end)
        except (openai.OpenAIError, httpx.HTTPError) as error:
            raise FootnoteError(self._explain(error, midway=watch.marked)) from error
        if wish.stop_event.is_set():
            yield AIMessageChunk(content="", chunk_position="last")

    def _explain(self, error: Exception, *, midway: bool) -> str:
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return f"The model server at {self.base_url} refused the key: set llm_api_key to one that it accepts."
        if isinstance(error, openai.APITimeoutError | httpx.TimeoutException):
            return f"The model server at {self.base_url} was silent for too long: check it, or name another."
        if isinstance(error, openai.APIStatusError):
            return f"The model server at {self.base_url} refused the request ({error.status_code}): {error.message}"
        if midway and isinstance(error, openai.APIConnectionError | httpx.HTTPError):
            return (
                f"The model server at {self.base_url} broke off in the middle of an answer: check it, then ask again."
            )
        if isinstance(error, openai.APIConnectionError | httpx.HTTPError):
            return f"The model server at {self.base_url} can't be reached: start it, or set llm_base_url to another."
        return f"The model server at {self.base_url} sent an error: {error}"


def _with_speeds(chunk: AIMessageChunk, watch: Stopwatch) -> AIMessageChunk:
    """The first chunk that tells an answer's costs tells its speed too, network and queue included."""
    if (usage := chunk.usage_metadata) is None or watch.told:
        return chunk
    watch.told = True
    read = usage["input_tokens"] - usage.get("input_token_details", {}).get("cache_read", 0)
    speeds = watch.speeds(read, usage["output_tokens"])
    return chunk.model_copy(update={"response_metadata": chunk.response_metadata | speeds})


def _estimate(piece: str) -> int:
    if piece.isascii():
        return math.ceil(len(piece) / 3) if piece.isalpha() else 1
    return 2
