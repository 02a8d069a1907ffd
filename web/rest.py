"""The REST interface under /api/v1: ask (JSON or server-sent events) and search, and what there is of documents.

What this module does not do: decide who asks or what they may see (`web.identity`, `web.desk`), or word errors
(`web.problems`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

import schema
from access.visitor import Visitor
from web.answer_forms import AnswerForm, FoundForm
from web.desk import Asked, Desk, Door
from web.documents import documents_router
from web.faults import answered, blamed_for
from web.identity import visitor_of
from web.problem_docs import documented
from web.problem_kinds import BUSY, NO_COLLECTION, NOT_JSON, QUESTION, TOO_LARGE
from web.problems import refused_as
from web.responses import AsciiJSONResponse, EventStream, ascii_json, described, event_schema, whole_answer

CLIENT_CLOSED_REQUEST = 499
LONGEST_PAST_QUESTION, LONGEST_PAST_ANSWER, MOST_TURNS = 20_000, 100_000, 50
COLLECTION = r"^[\w.-]{1,64}$"
STREAM_EXAMPLE = (
    'event: quotes\ndata: {"quotes": [...], "passages": [...], "searched_for": ""}\n\n'
    'event: waiting\ndata: {"place": 2, "of": 3}\n\n'
    'event: token\ndata: {"text": "The strategy "}\n\n'
    'event: sentence\ndata: {"sentence": {...}, "citations": [...]}\n\n'
    'event: answer\ndata: {"question": "When was the strategy published?", ...}\n\n'
)
EVENT_NAMES = ["quotes", "waiting", "token", "sentence", "answer", "error"]
STREAM = {"schema": event_schema(EVENT_NAMES), "example": STREAM_EXAMPLE}


class Described(BaseModel):
    """A JSON object with these fields and no others, each of just its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


def whole(value: Any) -> Any:
    """A number without a fraction as a whole one: for JSON, 5.0 is 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(whole)
"""Stands after the bounds of a whole number, in ``Annotated``."""


class PastTurn(Described):
    """One earlier question with its answer."""

    question: str = Field(max_length=LONGEST_PAST_QUESTION)
    answer: str = Field(max_length=LONGEST_PAST_ANSWER)


Name = Annotated[str, Field(max_length=4_000)]
Date = Annotated[str, Field(max_length=10, pattern=r"^[0-9]{4}(-[0-9]{2}){0,2}$")]
WORDS: dict[str, Any] = {"maxLength": schema.LONGEST_QUESTION, "minLength": 1, "pattern": r"\S"}
"""What the description says of a question. What is somewhat too long, or blank, is told so in our own words."""


class FilterRequest(Described):
    """Which documents may be searched at all: those that every part admits; what is left out admits all."""

    sources: Annotated[list[Name], Field(max_length=1_000, description="Ids, or folders of them, ending in /")] = []
    since: Annotated[Date | None, Field(description="First date: YYYY, YYYY-MM or YYYY-MM-DD")] = None
    until: Annotated[Date | None, Field(description="Last date, included as well")] = None
    metadata: Annotated[dict[Name, Name], Field(max_length=50, description="Stored fields with their values")] = {}

    def to_filter(self) -> schema.Filter:
        """The same as the assistant takes it."""
        return schema.Filter(
            sources=tuple(self.sources), since=self.since, until=self.until, metadata=tuple(self.metadata.items())
        )


class Question(Described):
    """A question over one collection, or over all that may be seen, within a filter."""

    question: str = Field(
        max_length=20_000,
        description="What to answer, in a sentence or a few",
        json_schema_extra=WORDS,
        examples=["When was the strategy published?"],
    )
    collection: str | None = Field(None, pattern=COLLECTION, description="Only its documents")
    filter: FilterRequest = FilterRequest()

    def asked(self, **more: Any) -> Asked:
        """The same as the desk takes it.

        Raises:
            FootnoteError: for a question that can't be one, and a period without a day.
        """
        question = schema.checked_question(self.question)
        schema.checked_period(self.filter.since, self.filter.until)
        return Asked(question, collection=self.collection, within=self.filter.to_filter(), **more)


class SearchRequest(Question):
    """A question whose passages are wanted."""

    top_k: Annotated[int, Field(ge=1, le=100), Whole] | None = Field(
        None, description="Passages; as the settings say when it is left out"
    )


class AskRequest(Question):
    """A question whose answer is wanted, with the conversation before it."""

    history: Annotated[list[PastTurn], Field(max_length=MOST_TURNS, description="Oldest first")] = []


def build_router(desk: Desk) -> APIRouter:
    """The routes over one desk."""
    router = APIRouter(default_response_class=AsciiJSONResponse)
    router.include_router(documents_router(desk))

    @router.post(
        "/api/v1/ask",
        summary="Answer a question",
        description="With `Accept: text/event-stream` the answer comes as server-sent events: `quotes` at once, "
        "`waiting` while others are served, `token` and `sentence` as it is written, `answer` last, or `error`.",
        responses=documented(QUESTION, NO_COLLECTION, TOO_LARGE, NOT_JSON, BUSY)
        | described(AnswerForm, "The answer, or its events", **{"text/event-stream": STREAM}),
    )
    async def ask(body: AskRequest, request: Request) -> Response:
        with refused_as(QUESTION):
            asked = body.asked(history=tuple(schema.Turn(turn.question, turn.answer) for turn in body.history))
        visitor = visitor_of(request)
        desk.check_room(visitor, door_of(visitor), asked)

        def start(stop: threading.Event) -> Iterator[schema.Event]:
            return answered(desk, visitor, door_of(visitor), asked, stop)

        if "text/event-stream" in request.headers.get("accept", ""):
            return EventStream(start, Events())
        answer = await whole_answer(start, request.scope, request.receive)
        if answer is None:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        return AsciiJSONResponse(schema.answer_to_dict(answer))

    @router.post(
        "/api/v1/search",
        summary="Find passages",
        responses=documented(QUESTION, NO_COLLECTION, TOO_LARGE, NOT_JSON, BUSY)
        | described(FoundForm, "The passages, best first"),
    )
    def search(body: SearchRequest, request: Request) -> Response:
        visitor = visitor_of(request)
        with refused_as(QUESTION):
            asked = body.asked(top_k=body.top_k)
        with blamed_for(asked, desk.view(visitor)):
            passages = desk.search(visitor, door_of(visitor), asked)
        found = [schema.passage_to_dict(passage) for passage in passages]
        return AsciiJSONResponse({"question": asked.question, "passages": found})

    return router


def door_of(visitor: Visitor) -> Door:
    """Through which door a visitor of the REST interface came: a widget's token says that it is one."""
    return "widget" if visitor.embed else "rest"


def event_to_dict(event: schema.Event) -> tuple[str, dict[str, Any]]:
    """The name and the data of an event as the stream sends it."""
    match event:
        case schema.QuotesFound(quotes, passages, searched_for):
            return "quotes", {
                "quotes": [asdict(quote) for quote in quotes],
                "passages": [schema.passage_to_dict(passage) for passage in passages],
                "searched_for": searched_for,
            }
        case schema.Waiting():
            return "waiting", asdict(event)
        case schema.Token(text):
            return "token", {"text": text}
        case schema.SentenceChecked(sentence, citations):
            return "sentence", {"sentence": asdict(sentence), "citations": [asdict(quote) for quote in citations]}
        case schema.Answered(answer):
            return "answer", schema.answer_to_dict(answer)


class Events:
    """The stream's form: the name of each event, and its data as JSON."""

    def event(self, event: schema.Event) -> bytes:
        """One frame."""
        return _frame(*event_to_dict(event))

    def failure(self, body: Mapping[str, Any]) -> bytes:
        """The last frame of an answer that failed: the problem that a response would hold."""
        return _frame("error", body)


def _frame(name: str, data: Mapping[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode("ascii"), ascii_json(data))
