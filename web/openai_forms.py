"""The forms of what is answered in OpenAI's form, for the interface's description; tests hold them against answers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

import schema
from web.responses import described, event_schema


class ModelForm(BaseModel):
    """A model: all documents, or those of one collection."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsForm(BaseModel):
    """The models."""

    object: Literal["list"]
    data: list[ModelForm]


class FootnoteForm(BaseModel):
    """What OpenAI's form has no place for; as in an answer of /api/v1/ask."""

    abstained: bool
    reason: str
    confidence: float | None
    sentences: list[schema.Sentence]
    citations: list[schema.Quote]
    quotes: list[schema.Quote]
    conflicts: list[schema.Conflict]
    searched_for: str
    failure: str


class ReplyForm(BaseModel):
    """The answer: its text with footnotes, and the same as values."""

    role: Literal["assistant"]
    content: str
    refusal: None
    footnote: FootnoteForm


class ChoiceForm(BaseModel):
    """The one answer."""

    index: Literal[0]
    message: ReplyForm
    logprobs: None
    finish_reason: Literal["stop"]


class UsageForm(BaseModel):
    """Tokens that the language model read and wrote; 0 where none was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionForm(BaseModel):
    """A chat completion."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChoiceForm]
    usage: UsageForm


MODELS = described(ModelsForm, "Those that may be seen")
STREAM = {
    "schema": event_schema(["message"]),
    "example": 'data: {"object": "chat.completion.chunk", ...}\n\ndata: [DONE]\n\n',
}
