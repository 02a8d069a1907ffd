"""Any OpenAI-compatible server behind LangChain's chat model, through ``init_chat_model``.

Adds what a page with a stop button needs: an answer that can be left while the server is still silent, short limits for
a server that is down, and one sentence that names the address whatever went wrong. Nothing else is contacted.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
from langchain.chat_models import init_chat_model
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from pydantic import Field, PrivateAttr, SecretStr

from models.connections import Connections, names_in, read_list
from models.model_server import LOOK_TIMEOUT_S, ModelServer
from models.remote_failures import failure_of, place_of
from models.speed import Stopwatch
from models.streamed_chat import StreamedChat, Wish
from models.streaming import Emit, pump
from schema import FootnoteError

_PIECES = re.compile(r"[A-Za-z]+|[^\x00-\x7f]|\S|\s+")


class RemoteChat(StreamedChat):
    """A model of an OpenAI-compatible server as a chat model.

    Setting the event, or closing the stream, closes the connection, which is how servers learn of it.
    """

    model: str = Field(description="What the server calls the model")
    base_url: str = Field(description="Address, such as http://127.0.0.1:8080/v1")
    api_key: SecretStr = Field(default=SecretStr(""), description="Key; empty for servers that want none")
    connect_s: float = Field(default=5.0, gt=0, description="Seconds to wait for a connection")
    first_s: float = Field(default=60.0, gt=0, description="Seconds to wait for the first piece of an answer")
    next_s: float = Field(default=20.0, gt=0, description="Seconds to wait for each further piece")
    most_s: float = Field(default=300.0, gt=0, description="Seconds that a whole answer may take")
    max_retries: int = Field(
        default=2, ge=0, le=5, description="Attempts after the first, before an answer's first word"
    )

    _client: httpx.Client = PrivateAttr()
    _current: threading.local = PrivateAttr(default_factory=threading.local)
    _chat: BaseChatModel = PrivateAttr()
    _server: ModelServer = PrivateAttr()

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
        timeout = httpx.Timeout(max(self.first_s, self.next_s), connect=self.connect_s)
        self._client = httpx.Client(
            timeout=timeout,
            limits=httpx.Limits(max_keepalive_connections=0),
            event_hooks={"request": [self._report_connections]},
        )
        self._chat = init_chat_model(
            f"openai:{self.model}",
            base_url=self.base_url,
            api_key=self.api_key.get_secret_value() or "none",
            temperature=self.temperature,
            timeout=timeout,
            max_retries=0,  # ours can be stopped, and the breaker sees them
            http_client=self._client,
            use_responses_api=False,
            stream_usage=True,
        )
        place, key = place_of(self.base_url), self.api_key.get_secret_value()
        explain = partial(failure_of, place=place, key=key)
        self._server = ModelServer(place, look=self._look, explain=explain, retries=self.max_retries)

    @property
    def server(self) -> ModelServer:
        """What is known of the server."""
        return self._server

    def listed(self) -> list[str]:
        """The models that the server says it has; see `models.connections.names_in`."""
        return names_in(self._list(), self._server.place)

    def _look(self) -> str:
        """Why the server can't be reached, or nothing; one that keeps its list to itself is there."""
        try:
            self._list()
        except FootnoteError as error:
            return str(error)
        return ""

    def _list(self) -> httpx.Response:
        self._current.connections = Connections()
        return read_list(self._client, self.base_url, self.api_key.get_secret_value(), timeout_s=LOOK_TIMEOUT_S)

    def _report_connections(self, request: httpx.Request) -> None:
        request.extensions["trace"] = self._current.connections.trace

    @property
    def _llm_type(self) -> str:
        return "openai-compatible"

    def close(self) -> None:
        """Close what is open of the connections, and look for the server no more."""
        self._server.close()
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
        yield from self._server.asked(lambda: self._attempt(messages, options, wish.stop_event), wish.stop_event)
        if wish.stop_event.is_set():
            yield AIMessageChunk(content="", chunk_position="last")

    def _attempt(
        self, messages: list[BaseMessage], options: dict[str, Any], stop_event: threading.Event
    ) -> Iterator[AIMessageChunk]:
        """One request.

        Raises:
            TimeoutError: when the server is silent for too long, or takes too long in all.
            EOFError: when its answer has no end.
            Exception: whatever the client raises.
        """
        connections, watch = Connections(), Stopwatch()
        ends_at, is_whole = time.monotonic() + self.most_s, False

        def produce(emit: Emit[AIMessageChunk]) -> None:
            self._current.connections = connections
            for chunk in self._chat.stream(messages, **options):
                if chunk.text:
                    watch.mark()
                if emit(_with_speeds(chunk, watch)):
                    return

        def patience() -> float:
            return self.next_s if watch.marked else self.first_s

        for chunk in pump(produce, stop_event, abort=connections.end, patience=patience):
            is_whole = is_whole or bool(chunk.response_metadata.get("finish_reason"))
            yield chunk
            if time.monotonic() > ends_at:
                raise TimeoutError
        if not is_whole and not stop_event.is_set():
            raise EOFError


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
