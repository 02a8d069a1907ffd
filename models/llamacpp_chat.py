"""llama.cpp as LangChain's chat model: messages in, streamed text with its costs out. Chooses no weights."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import InputTokenDetails, UsageMetadata
from langchain_core.tools import BaseTool
from pydantic import Field, PrivateAttr

from models.llamacpp import LlamaServer
from models.streamed_chat import StreamedChat, Wish
from schema import FootnoteError

CANDIDATES = 500
"""Tokens whose probability is looked at: all that a model at all considers."""


def available_cores() -> int:
    """The cores that this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class LlamaCppChat(StreamedChat):
    """A GGUF model as a chat model: greedy, so the same messages give the same text; loads at ``load`` or at first use.

    Setting the event, or closing the stream, stops the decoding: between two tokens while the model
    writes, and between two batches of ``read_batch`` tokens while it still reads the prompt.
    """

    weights: Path = Field(description="GGUF file")
    context_tokens: int = Field(default=4096, ge=64, description="Prompt and answer together, in tokens")
    threads: int = Field(default=0, ge=0, description="0: every core")
    read_batch: int = Field(
        default=64, ge=1, description="Tokens of the prompt read between two looks at the stop event"
    )
    guess_tokens: int = Field(
        default=0, ge=0, le=64, description="Tokens of an answer guessed from the prompt and checked together; 0: none"
    )
    seed: int = Field(default=1, ge=0, description="Seed of the sampler; matters above temperature 0 only")

    _server: LlamaServer | None = PrivateAttr(None)
    _loading: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def model_name(self) -> str:
        """The file's name without its ending."""
        return self.weights.stem

    @property
    def _llm_type(self) -> str:
        return "llamacpp"

    def load(self) -> LlamaServer:
        """Load the weights if they are not loaded yet.

        Raises:
            FootnoteError: when they are missing or not a model that llama.cpp knows.
        """
        with self._loading:
            if self._server is None:
                self._server = LlamaServer(
                    self.weights,
                    context_tokens=self.context_tokens,
                    threads=self.threads or available_cores(),
                    read_batch=self.read_batch,
                    guess_tokens=self.guess_tokens,
                )
            return self._server

    def close(self) -> None:
        """Free the memory and the socket; the next use loads the weights again."""
        with self._loading:
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def warm(self, messages: Sequence[BaseMessage]) -> None:
        """Read messages that every prompt starts with, so that the first question finds them read."""
        self.invoke(list(messages), max_tokens=1)

    def get_num_tokens(self, text: str) -> int:
        """The exact number of tokens that a text has in a prompt, by the model's own tokenizer."""
        return len(self.load().post("/tokenize", {"content": text})["tokens"])

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool] | None = None,
    ) -> int:
        """The exact number of tokens of a prompt, with what the model's chat template adds; tools are not counted."""
        body = {"messages": convert_to_openai_messages(list(messages))}
        prompt = self.load().post("/apply-template", body)["prompt"]
        return len(self.load().post("/tokenize", {"content": prompt, "add_special": True})["tokens"])

    def first_token_probabilities(
        self, messages: Sequence[BaseMessage], choices: Sequence[str], *, stop_event: threading.Event | None = None
    ) -> dict[str, float]:
        """For each choice the probability that the reply begins with its first token, by the whole softmax.

        Choices are taken as they are: "Yes" and " yes" are others. 0.0 stands for less than the 500th likeliest token,
        and for all where the event is set. Costs the reading of the prompt, which stays read for a following answer.

        Raises:
            FootnoteError: when the prompt is too long, and for an empty choice.
        """
        server = self.load()
        ids = {choice: server.post("/tokenize", {"content": choice})["tokens"][:1] for choice in choices}
        if empty := [choice for choice, tokens in ids.items() if not tokens]:
            raise FootnoteError(f"A choice has no token: {empty[0]!r}.")
        wish = Wish((), 1, stop_event or threading.Event())
        request = self._request(list(messages), wish) | {"logprobs": True, "top_logprobs": CANDIDATES}
        found: dict[int, float] = {}
        for chunk in server.chat(request, wish.stop_event):
            if "error" in chunk:
                raise FootnoteError(_explain(chunk["error"]))
            for choice in chunk["choices"]:
                for token in (choice.get("logprobs") or {}).get("content", [])[:1]:
                    found |= {one["id"]: math.exp(one["logprob"]) for one in token["top_logprobs"]}
        return {choice: found.get(tokens[0], 0.0) for choice, tokens in ids.items()}

    def _messages(self, messages: list[BaseMessage], wish: Wish) -> Iterator[AIMessageChunk]:
        finish_reason, last = "stopped", {}
        for chunk in self.load().chat(self._request(messages, wish), wish.stop_event):
            if "error" in chunk:
                raise FootnoteError(_explain(chunk["error"]))
            last = chunk
            for choice in chunk["choices"]:
                finish_reason = choice["finish_reason"] or finish_reason
                if text := choice["delta"].get("content"):
                    yield AIMessageChunk(content=text)
        yield self._last_chunk(last, finish_reason)

    def _request(self, messages: list[BaseMessage], wish: Wish) -> dict[str, Any]:
        return {
            "messages": convert_to_openai_messages(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,  # a chunk after each batch of the prompt: the only chance to stop while it is read
            "cache_prompt": True,
            "temperature": self.temperature,
            "seed": self.seed,
            "max_tokens": wish.max_tokens or -1,
            "stop": list(wish.stop),
        }

    def _last_chunk(self, chunk: dict[str, Any], finish_reason: str) -> AIMessageChunk:
        """The end of the stream: what the answer cost, as far as it is known when it was stopped early."""
        metadata: dict[str, Any] = {"model_name": self.model_name, "finish_reason": finish_reason}
        usage, timings = chunk.get("usage"), chunk.get("timings")
        if usage is None or timings is None:
            return AIMessageChunk(content="", response_metadata=metadata, chunk_position="last")
        metadata["read_tokens_per_second"] = timings["prompt_per_second"]
        metadata["write_tokens_per_second"] = timings["predicted_per_second"]
        metadata["guessed_tokens"] = timings.get("draft_n", 0)
        metadata["guessed_right_tokens"] = timings.get("draft_n_accepted", 0)
        costs = UsageMetadata(
            input_tokens=usage["prompt_tokens"],
            output_tokens=usage["completion_tokens"],
            total_tokens=usage["total_tokens"],
            input_token_details=InputTokenDetails(cache_read=timings["cache_n"]),
        )
        return AIMessageChunk(content="", usage_metadata=costs, response_metadata=metadata, chunk_position="last")


def _explain(error: dict[str, Any]) -> str:
    if error.get("type") == "exceed_context_size_error":
        return (
            f"The prompt has {error['n_prompt_tokens']} tokens and the language model's context holds "
            f"{error['n_ctx']}: shorten the question or give the model less evidence (prompt_tokens)."
        )
    return f"llama.cpp could not answer: {error.get('message', error)}"
