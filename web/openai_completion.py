"""An answer in OpenAI's form: whole, or as the chunks of a stream.

What this module does not do: word the text with its footnotes (`web.openai_text`), or send anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

import schema
from web.openai_forms import FootnoteForm
from web.openai_request import ChatRequest
from web.openai_text import AnswerText
from web.responses import AsciiJSONResponse, ascii_json

FIELDS = tuple(FootnoteForm.model_fields)
DONE = b"data: [DONE]\n\n"


class Completion:
    """One completion in OpenAI's form, whole or as chunks of a stream."""

    def __init__(self, body: ChatRequest, name: str, created: int) -> None:
        self.body = body
        self.name = name
        self.created = created
        self.text = AnswerText(footnotes=body.footnote.footnotes)
        self.wants_usage = bool(body.stream_options and body.stream_options.include_usage)
        self.has_begun = False

    def whole(self, answer: schema.Answer) -> Response:
        """The response to a request without a stream."""
        message = {"role": "assistant", "content": self.text.rest(answer), "refusal": None, "footnote": extras(answer)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return AsciiJSONResponse(self._framed("chat.completion", [choice]) | {"usage": usage(answer)})

    def event(self, event: schema.Event) -> bytes:
        """The chunks for an event; a comment for a place in the line, and nothing for drafts."""
        match event:
            case schema.Waiting(place, of):
                return b": %d before this one, %d wait\n\n" % (place, of)
            case schema.SentenceChecked(sentence):
                return self._opening() + self._chunk({"content": self.text.sentence(sentence)})
            case schema.Answered(answer):
                last = self._chunk({"footnote": extras(answer)}, finish_reason="stop")
                count = self._frame([], usage(answer)) if self.wants_usage else b""
                rest = self.text.rest(answer)
                return self._opening() + (self._chunk({"content": rest}) if rest else b"") + last + count + DONE
        return self._opening()

    def failure(self, body: Mapping[str, Any]) -> bytes:
        """The error that ends a stream early; clients raise it."""
        return b"data: " + ascii_json(body) + b"\n\n"

    def _opening(self) -> bytes:
        """The first chunk, which says whose message this is."""
        if self.has_begun:
            return b""
        self.has_begun = True
        return self._chunk({"role": "assistant", "content": ""})

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        return self._frame([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}], None)

    def _frame(self, choices: list[dict[str, Any]], count: dict[str, int] | None) -> bytes:
        counted = {"usage": count} if self.wants_usage else {}
        return b"data: " + ascii_json(self._framed("chat.completion.chunk", choices) | counted) + b"\n\n"

    def _framed(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.name,
            "object": kind,
            "created": self.created,
            "model": self.body.model,
            "choices": choices,
        }


def usage(answer: schema.Answer) -> dict[str, int]:
    """Tokens of the language model, in OpenAI's words."""
    read, written = answer.tokens_read or 0, answer.tokens_written or 0
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def extras(answer: schema.Answer) -> dict[str, Any]:
    """What a message says of its answer besides the text (`FootnoteForm`)."""
    record = asdict(answer)
    return {name: record[name] for name in FIELDS}
