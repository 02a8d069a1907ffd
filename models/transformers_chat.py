"""transformers behind LangChain's chat model: a folder of safetensors, on a GPU when there is one.

Reads local files only and never runs code that comes with weights. GGUF files are for ``llamacpp_chat``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from pydantic import Field, PrivateAttr
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, TextStreamer
from transformers.utils.logging import disable_progress_bar

from models.speed import Stopwatch
from models.streamed_chat import StreamedChat, Wish
from models.streaming import Emit, pump, split_at_stop, wait_for_turn
from schema import FootnoteError

LONGEST_ANSWER = 512
"""Tokens, where nobody sets another limit: transformers needs one."""


class StoppedError(Exception):
    """Nobody listens any more: unwinds a forward pass."""


class Streamer(TextStreamer):
    """Emits an answer's text word by word, without its stop string, and counts its tokens."""

    def __init__(self, tokenizer: Any, emit: Emit[str], stops: tuple[str, ...], stopped: threading.Event) -> None:
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self.emit, self.stops, self.stopped = emit, stops, stopped
        self.held, self.tokens, self.watch = "", 0, Stopwatch()

    def put(self, value: Any) -> None:
        """Take the prompt first, then one token at a time."""
        if not self.next_tokens_are_prompt:
            self.tokens += value.numel()
            self.watch.mark()
        super().put(value)  # type: ignore[no-untyped-call]

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """Emit what can't be part of a stop string; end the answer when one is complete."""
        if self.stopped.is_set():
            return
        shown, self.held, found = split_at_stop(self.held + text, self.stops)
        if stream_end:
            shown, self.held = shown + self.held, ""
        nobody_listens = bool(shown) and self.emit(shown)
        if found or nobody_listens:
            self.stopped.set()


class Engine:
    """A loaded model and its tokenizer; decodes one request at a time and can be stopped inside a forward pass."""

    def __init__(self, folder: Path, device: str) -> None:
        disable_progress_bar()  # type: ignore[no-untyped-call]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype="auto"
        )
        self.model = model.to(device or ("cuda" if torch.cuda.is_available() else "cpu")).eval()
        self.context_tokens = int(model.config.get_text_config().max_position_embeddings)
        self.turn, self._stopped = threading.Lock(), threading.Event()
        for module in self.model.modules():
            if isinstance(module, torch.nn.Linear):
                module.register_forward_pre_hook(self._raise_when_stopped)

    def _raise_when_stopped(self, *_: object) -> None:
        if self._stopped.is_set():
            raise StoppedError

    def encode(self, messages: list[BaseMessage]) -> Any:
        """The prompt as the model's chat template writes it: token ids and mask, each (1, tokens) int64.

        Raises:
            FootnoteError: when it leaves no room for an answer.
        """
        prompt = self.tokenizer.apply_chat_template(
            convert_to_openai_messages(messages), add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        tokens = prompt["input_ids"].shape[1]
        if tokens >= self.context_tokens:
            raise FootnoteError(
                f"The prompt has {tokens} tokens and the language model's context holds {self.context_tokens}: "
                "shorten the question or give the model less evidence (prompt_tokens)."
            )
        return prompt.to(self.model.device)

    def generate(self, prompt: Any, streamer: Streamer, max_tokens: int, temperature: float) -> None:
        """Write an answer to a prompt into a streamer until it ends, is long enough or is stopped."""
        room = self.context_tokens - int(prompt["input_ids"].shape[1])
        sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        ends = self._end_tokens()
        config = GenerationConfig(  # type: ignore[no-untyped-call]
            max_new_tokens=min(max_tokens, room), eos_token_id=ends, pad_token_id=ends[0] if ends else 0, **sampling
        )
        self._stopped = streamer.stopped
        try:
            with torch.inference_mode():
                self.model.generate(**prompt, generation_config=config, streamer=streamer)
        except StoppedError:
            return

    def _end_tokens(self) -> list[int]:
        """The tokens that end an answer: the tokenizer's, and those of the model's own configuration."""
        configured = self.model.generation_config.eos_token_id
        tokens = configured if isinstance(configured, list) else [configured]
        return sorted({token for token in [self.tokenizer.eos_token_id, *tokens] if token is not None})


class TransformersChat(StreamedChat):
    """A local model of transformers as a chat model: greedy by default; loads at ``load`` or at first use.

    Setting the event, or closing the stream, stops the model before its next matrix product.
    """

    weights: Path = Field(description="Folder with safetensors, configuration and tokenizer")
    device: str = Field(default="", description="A device of torch; by default cuda when there is one, else cpu")
    threads: int = Field(default=0, ge=0, description="Threads of torch, for the whole process; 0: as torch decides")

    _engine: Engine | None = PrivateAttr(None)
    _loading: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    @property
    def model_name(self) -> str:
        """The folder's name."""
        return self.weights.name

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def load(self) -> Engine:
        """Load the weights if they are not loaded yet.

        Raises:
            FootnoteError: when they are missing or not a language model that transformers knows.
        """
        with self._loading:
            if self._engine is None:
                if not self.weights.is_dir():
                    raise FootnoteError(
                        f"There is no folder {self.weights}: name one with safetensors and a tokenizer."
                    )
                if self.threads:
                    torch.set_num_threads(self.threads)
                try:
                    self._engine = Engine(self.weights, self.device)
                except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
                    reason = str(error).strip().partition("\n")[0]
                    raise FootnoteError(
                        f"transformers can't load a chat model from {self.weights}: {reason}"
                    ) from error
            return self._engine

    def close(self) -> None:
        """Free the weights' memory; the next use loads them again."""
        with self._loading:
            self._engine = None

    def get_num_tokens(self, text: str) -> int:
        """The exact number of tokens that a text has in a prompt, by the model's own tokenizer."""
        return len(self.load().tokenizer(text, add_special_tokens=False)["input_ids"])

    def _messages(self, messages: list[BaseMessage], wish: Wish) -> Iterator[AIMessageChunk]:
        engine, stopped = self.load(), threading.Event()
        prompt = engine.encode(messages)
        read, written, speeds = int(prompt["input_ids"].shape[1]), 0, dict[str, float]()
        if wait_for_turn(engine.turn, wish.stop_event):

            def produce(emit: Emit[str]) -> None:
                nonlocal written, speeds
                try:
                    streamer = Streamer(engine.tokenizer, emit, wish.stop, stopped)
                    engine.generate(prompt, streamer, wish.max_tokens or LONGEST_ANSWER, self.temperature)
                    written, speeds = streamer.tokens, streamer.watch.speeds(read, streamer.tokens)
                finally:
                    engine.turn.release()

            for text in pump(produce, wish.stop_event, abort=stopped.set):
                yield AIMessageChunk(content=text)
        yield self._last_chunk(read, written, speeds)

    def _last_chunk(self, read: int, written: int, speeds: dict[str, float]) -> AIMessageChunk:
        """The end of the stream, with the answer's cost in tokens and the engine's speed."""
        costs = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        metadata: dict[str, Any] = {"model_name": self.model_name, **speeds}
        return AIMessageChunk(content="", usage_metadata=costs, response_metadata=metadata, chunk_position="last")
