"""What the chat models share: LangChain's two ways to ask as one stream of messages that can be stopped."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field


@dataclass(frozen=True, slots=True)
class Wish:
    """How one answer is wanted: what ends it, its longest length in tokens, and the event that stops it."""

    stop: tuple[str, ...]
    max_tokens: int | None
    stop_event: threading.Event


class StreamedChat(BaseChatModel):
    """A chat model that writes piece by piece; a subclass says how.

    ``stream`` and ``invoke`` take ``max_tokens`` and ``stop_event`` (a ``threading.Event``) besides LangChain's own
    arguments. Setting the event, or closing the stream, stops the answer.
    """

    max_tokens: int | None = Field(default=None, ge=1, description="Longest answer, in tokens; None: no limit of ours")
    temperature: float = Field(default=0.0, ge=0.0, le=2.0, description="0: always the likeliest token")
    stop: list[str] | None = Field(default=None, description="Strings that end the answer")

    @abstractmethod
    def _messages(self, messages: list[BaseMessage], wish: Wish) -> Iterator[AIMessageChunk]:
        """The answer in pieces, the last of them with what it cost."""

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        wish = Wish(
            tuple(stop or self.stop or ()),
            kwargs.get("max_tokens") or self.max_tokens,
            kwargs.get("stop_event") or threading.Event(),
        )
        for message in self._messages(messages, wish):
            yield ChatGenerationChunk(message=message)
