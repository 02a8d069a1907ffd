"""The REST interface under /api/v1: ask (JSON or server-sent events) and search, and what there is of documents."""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import iterate_in_threadpool
from starlette.responses import Response, StreamingResponse

import schema
from web.documents import documents_router
from web.responses import AsciiJSONResponse, or_error
from web.service import Service
from web.streaming import batches

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
CLIENT_CLOSED_REQUEST = 499


class PastTurn(BaseModel):
    """One earlier question with its answer."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=20_000)
    answer: str = Field(max_length=100_000)


Name = Annotated[str, Field(max_length=4_000)]


class FilterRequest(BaseModel):
    """Which documents may be searched at all: those that every part admits; what is left out admits all."""

    model_config = ConfigDict(extra="forbid")
    sources: Annotated[list[Name], Field(max_length=1_000, description="Ids, or folders of them, ending in /")] = []
    since: Annotated[str | None, Field(max_length=40, description="First date: YYYY, YYYY-MM or YYYY-MM-DD")] = None
    until: Annotated[str | None, Field(max_length=40, description="Last date, included as well")] = None
    metadata: Annotated[dict[Name, Name], Field(max_length=50, description="Stored fields with their values")] = {}

    def to_filter(self) -> schema.Filter:
        """The same as the assistant takes it."""
        return schema.Filter(
            sources=tuple(self.sources), since=self.since, until=self.until, metadata=tuple(self.metadata.items())
        )


class Question(BaseModel):
    """A question over one collection, or over all, within a filter."""

    model_config = ConfigDict(extra="forbid")
    question: str = Field(max_length=200_000)
    collection: str | None = Field(None, pattern=r"^[\w.-]{1,64}$")
    filter: FilterRequest = FilterRequest()


class SearchRequest(Question):
    """A question whose passages are wanted."""

    top_k: int | None = Field(None, ge=1, le=100, description="Passages; as the settings say when it is left out")


class AskRequest(Question):
    """A question whose answer is wanted, with the conversation before it."""

    history: Annotated[list[PastTurn], Field(max_length=50)] = []


def build_router(service: Service) -> APIRouter:
    """The routes over one service."""
    router = APIRouter(default_response_class=AsciiJSONResponse)
    router.include_router(documents_router(service))

    @router.post("/api/v1/ask", summary="Answer a question", responses={400: {"description": "Says what to change"}})
    async def ask(body: AskRequest, request: Request) -> Response:
        history = tuple(schema.Turn(turn.question, turn.answer) for turn in body.history)

        def start(stop: threading.Event) -> Iterator[schema.Event]:
            return service.ask(
                schema.checked_question(body.question),
                collection=body.collection,
                within=body.filter.to_filter(),
                history=history,
                stop=stop,
            )

        if "text/event-stream" in request.headers.get("accept", ""):
            return StreamingResponse(_events(start), media_type="text/event-stream", headers=STREAM_HEADERS)
        return await _whole(start, request)

    @router.post("/api/v1/search", summary="Find passages", responses={400: {"description": "Says what to change"}})
    def search(body: SearchRequest) -> Response:
        return or_error(lambda: _found(service, body), 400)

    @router.get("/livez", summary="Whether the process answers")
    async def livez() -> Response:
        return AsciiJSONResponse({"status": "live"})

    @router.get("/readyz", summary="Whether questions can be answered")
    def readyz() -> Response:
        return or_error(lambda: {"status": "ready", "documents": len(service.sources())}, 503)

    return router


def event_to_dict(event: schema.Event) -> tuple[str, dict[str, Any]]:
    """The name and the data of an event as the stream sends it."""
    match event:
        case schema.QuotesFound(quotes, passages, searched_for):
            return "quotes", {
                "quotes": [asdict(quote) for quote in quotes],
                "passages": [schema.passage_to_dict(passage) for passage in passages],
                "searched_for": searched_for,
            }
        case schema.Token(text):
            return "token", {"text": text}
        case schema.SentenceChecked(sentence, citations):
            return "sentence", {"sentence": asdict(sentence), "citations": [asdict(quote) for quote in citations]}
        case schema.Answered(answer):
            return "answer", schema.answer_to_dict(answer)


def _found(service: Service, body: SearchRequest) -> dict[str, Any]:
    """The JSON form of a search, as the command line prints it."""
    question = schema.checked_question(body.question)
    passages = service.search(question, collection=body.collection, within=body.filter.to_filter(), top_k=body.top_k)
    return {"question": question, "passages": [schema.passage_to_dict(passage) for passage in passages]}


async def _events(start: Callable[[threading.Event], Iterator[schema.Event]]) -> AsyncIterator[bytes]:
    """The answer as server-sent events; when the reader leaves, this is cancelled and the answer stops."""
    stop = threading.Event()
    try:
        async for batch in iterate_in_threadpool(batches(start, stop)):
            for event in batch:
                yield _frame(*event_to_dict(event))
    except schema.FootnoteError as error:
        yield _frame("error", {"error": str(error)})
    finally:
        stop.set()


def _frame(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, allow_nan=False)}\n\n".encode("ascii")


async def _whole(start: Callable[[threading.Event], Iterator[schema.Event]], request: Request) -> Response:
    """The finished answer; given up as soon as nobody waits for it any more."""
    stop = threading.Event()
    try:
        async for batch in iterate_in_threadpool(batches(start, stop)):
            if batch and isinstance(batch[-1], schema.Answered):
                return AsciiJSONResponse(schema.answer_to_dict(batch[-1].answer))
            if await request.is_disconnected():
                return Response(status_code=CLIENT_CLOSED_REQUEST)
    except schema.FootnoteError as error:
        return AsciiJSONResponse({"error": str(error)}, status_code=400)
    finally:
        stop.set()
    return AsciiJSONResponse({"error": "The answer ended before it was complete. Ask again."}, status_code=500)
