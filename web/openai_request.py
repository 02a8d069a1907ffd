"""A request in OpenAI's form: what of it is answered, refused with a sentence, or accepted and ignored.

Follows https://platform.openai.com/docs/api-reference/chat as far as Footnote can (docs/api.md). What this module does
not do: answer (`web.openai`), or look whether the collection that a model names may be seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

import schema
from web.desk import Asked
from web.openai_messages import IDENTIFIERS, QUESTION_AMONG, TOOLS, Message, conversation
from web.problem_kinds import NO_MODEL, NOT_SUPPORTED
from web.problems import Problem
from web.rest import COLLECTION, MOST_TURNS, Described, Whole

MODEL = "footnote"


@dataclass(frozen=True, slots=True)
class Only:
    """A parameter that Footnote can't honour: the values that ask for nothing, and a sentence for any other."""

    values: tuple[Any, ...]
    sentence: str

    def admits(self, value: Any) -> bool:
        """Whether the value asks for nothing; 1 is not true."""
        return any(type(value) is type(one) and value == one for one in self.values)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The values, for the interface's description."""
        return {"enum": list(self.values), "description": self.sentence}


NO_TOOLS = Only((None, []), TOOLS)
NO_CHOICE = Only((None, "none", "auto"), "Footnote calls no tools, so there is none to choose.")
ONE = Only((None, 1), "Footnote gives one answer to a question; leave n out, or set it to 1.")
NO_LOGPROBS = Only((None, False), "Footnote tells no probabilities of tokens; leave logprobs out.")
NO_TOP = Only((None, 0), "Footnote tells no probabilities of tokens; leave top_logprobs out.")
TEXT_ONLY = Only((None, {"type": "text"}), "Footnote answers in sentences, not in a form of yours; leave it out.")
NO_SOUND = Only((None, ["text"]), "Footnote answers in text alone.")
NO_AUDIO = Only((None,), "Footnote answers in text alone; leave audio out.")
NO_WEB = Only((None,), "Footnote searches the documents of its index and nothing else; leave web_search_options out.")
NO_MODERATION = Only((None,), "Footnote asks no moderation service; leave moderation out.")

Ignored = Field(None, description="Accepted and ignored")
Tag = Annotated[str | None, Field(max_length=IDENTIFIERS, description="Accepted and ignored")]
Count = Annotated[int, Field(ge=1, le=1_000_000_000), Whole]
Seed = Annotated[int, Field(ge=-(2**53), le=2**53), Whole]
Penalty = Annotated[float | None, Field(ge=-2, le=2, description="Accepted and ignored")]


class StreamOptions(Described):
    """What a stream tells besides the answer."""

    include_usage: bool | None = Field(None, description="A last chunk with the count of tokens")
    include_obfuscation: bool | None = Ignored


class Wishes(Described):
    """What is Footnote's own."""

    footnotes: bool = Field(default=True, description="Whether the footnotes stand under the text as well")


class ChatRequest(Described):
    """A chat completion to be made."""

    model: str = Field(max_length=IDENTIFIERS, examples=[MODEL], json_schema_extra={"enum": [MODEL]})
    messages: Annotated[list[Message], Field(min_length=1, max_length=2_000, json_schema_extra=QUESTION_AMONG)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    footnote: Wishes = Wishes()

    tools: Annotated[Any, NO_TOOLS] = None
    tool_choice: Annotated[Any, NO_CHOICE] = None
    functions: Annotated[Any, NO_TOOLS] = None
    function_call: Annotated[Any, NO_CHOICE] = None
    n: Annotated[Any, ONE] = None
    logprobs: Annotated[Any, NO_LOGPROBS] = None
    top_logprobs: Annotated[Any, NO_TOP] = None
    response_format: Annotated[Any, TEXT_ONLY] = None
    modalities: Annotated[Any, NO_SOUND] = None
    audio: Annotated[Any, NO_AUDIO] = None
    web_search_options: Annotated[Any, NO_WEB] = None
    moderation: Annotated[Any, NO_MODERATION] = None

    temperature: float | None = Field(None, ge=0, le=2, description="Accepted and ignored")
    top_p: float | None = Field(None, ge=0, le=1, description="Accepted and ignored")
    max_tokens: Count | None = Ignored
    max_completion_tokens: Count | None = Ignored
    frequency_penalty: Penalty = None
    presence_penalty: Penalty = None
    logit_bias: Annotated[dict[str, float] | None, Field(max_length=1_024, description="Accepted and ignored")] = None
    seed: Seed | None = Ignored
    stop: str | Annotated[list[str], Field(max_length=16)] | None = Ignored
    user: Tag = None
    metadata: Annotated[dict[str, str] | None, Field(max_length=16, description="Accepted and ignored")] = None
    store: bool | None = Ignored
    parallel_tool_calls: bool | None = Ignored
    service_tier: Tag = None
    reasoning_effort: Tag = None
    verbosity: Tag = None
    safety_identifier: Tag = None
    prompt_cache_key: Tag = None
    prompt_cache_retention: Tag = None
    prompt_cache_options: Any = Ignored
    prediction: Any = Ignored

    def asked(self) -> Asked:
        """What the conversation asks: its last message of a user, after the pairs before it.

        Raises:
            Problem: for what Footnote can't do, or a model that there isn't.
            FootnoteError: for a question that can't be one.
        """
        for name, field in type(self).model_fields.items():
            for only in field.metadata:
                if isinstance(only, Only) and not only.admits(getattr(self, name)):
                    raise Problem(NOT_SUPPORTED, only.sentence, param=name)
        turns, question = conversation(self.messages)
        collection = collection_of(self.model)
        return Asked(schema.checked_question(question), collection=collection, history=turns[-MOST_TURNS:])


def collection_of(model: str) -> str | None:
    """The collection that a model's name names; ``None`` for all that may be seen.

    Raises:
        Problem: when there can be no such model.
    """
    name, slash, collection = model.partition("/")
    if name != MODEL or (slash and not re.fullmatch(COLLECTION, collection)):
        raise no_model(model)
    return collection if slash else None


def no_model(model: str) -> Problem:
    """What is said of a model that is not there, or may not be seen."""
    sentence = f"There is no model {model[:100]!r}. GET /v1/models lists {MODEL!r} and one for each collection."
    return Problem(NO_MODEL, sentence, param="model")
