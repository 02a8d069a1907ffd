"""The messages of a request in OpenAI's form: what they ask, and the turns before it.

What this module does not do: anything with the request's parameters (`web.openai_request`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

import schema
from web.openai_text import said_before
from web.problem_kinds import NOT_SUPPORTED, QUESTION
from web.problems import Problem

IDENTIFIERS = 1_000
"""Characters, of what a client calls itself, its requests and the parts of its messages."""
TOOLS = "Footnote calls no tools: it answers from the documents. Leave the tools out."


class Lenient(BaseModel):
    """A JSON object of which other fields are not read: clients send back what they were sent, and more."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Part(Lenient):
    """A part of a message."""

    type: str = Field(max_length=IDENTIFIERS, json_schema_extra={"enum": ["text"]})
    text: str = ""


class Message(Lenient):
    """A message of the conversation; those of ``system`` and ``developer`` are not read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"] = Field(
        json_schema_extra={"enum": ["system", "developer", "user", "assistant"]}
    )
    content: str | Annotated[list[Part], Field(max_length=1_000)] | None = None

    def text(self) -> str:
        """The words of the message.

        Raises:
            Problem: when a part is a picture, a sound or a file.
        """
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type != "text":
                sentence = f"Footnote reads text, no part of type {part.type[:60]!r}."
                raise Problem(NOT_SUPPORTED, sentence, param="messages")
        return "\n".join(part.text for part in self.content)


_SAID = {"type": "string", "pattern": r"\S"}
_TEXT_PART = {"required": ["type", "text"], "properties": {"type": {"const": "text"}, "text": _SAID}}
QUESTION_AMONG = {
    "contains": {
        "required": ["role", "content"],
        "properties": {
            "role": {"const": "user"},
            "content": {"anyOf": [_SAID, {"type": "array", "contains": _TEXT_PART}]},
        },
    }
}
"""One message at least is a user's and holds words, in JSON Schema."""


def conversation(messages: Sequence[Message]) -> tuple[tuple[schema.Turn, ...], str]:
    """The answered questions before the last question, oldest first, and that question: a user's message with words.

    Raises:
        Problem: when there is no question, or a message is a tool's.
    """
    if any(message.role in ("tool", "function") for message in messages):
        raise Problem(NOT_SUPPORTED, TOOLS, param="messages")
    said = [(message.role, text) for message in messages if (text := message.text()).strip()]
    last = max((place for place, (role, _) in enumerate(said) if role == "user"), default=None)
    if last is None:
        raise Problem(QUESTION, "No message of the role user holds words, so there is no question.", param="messages")
    asked = [one for one in said[: last + 1] if one[0] in ("user", "assistant")]
    pairs = [
        schema.Turn(question, said_before(answer))
        for (asker, question), (answerer, answer) in pairwise(asked)
        if (asker, answerer) == ("user", "assistant")
    ]
    return tuple(pairs), said[last][1]
