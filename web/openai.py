"""The OpenAI-compatible endpoint: a chat completion is a question with its conversation, answered with footnotes.

Follows https://platform.openai.com/docs/api-reference/chat as far as Footnote can: what it can't do is refused with a
sentence, what makes no difference here is accepted and ignored (docs/api.md lists both). The answer is streamed by the
sentence, each when it is checked, since a client of this form can't take words back. What this module does not do:
decide who asks or what they may see.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

import schema
from web.desk import Desk
from web.faults import answered
from web.identity import visitor_of
from web.openai_completion import Completion
from web.openai_forms import MODELS, STREAM, CompletionForm, ModelForm
from web.openai_request import MODEL, ChatRequest, no_model
from web.problem_docs import documented_for_openai
from web.problem_kinds import QUESTION, UNAVAILABLE
from web.problems import refused_as, request_id_of
from web.responses import AsciiJSONResponse, EventStream, described, whole_answer
from web.rest import CLIENT_CLOSED_REQUEST


def build_openai_router(desk: Desk) -> APIRouter:
    """The routes under /v1 over one desk."""
    router = APIRouter(default_response_class=AsciiJSONResponse, responses=documented_for_openai())
    started = int(time.time())

    def names(request: Request) -> list[str]:
        with refused_as(UNAVAILABLE):
            infos = desk.view(visitor_of(request)).sources()
        return [MODEL, *(f"{MODEL}/{name}" for name in sorted({info.source.collection for info in infos}))]

    def told(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": started, "owned_by": MODEL}

    @router.get("/v1/models", summary="The models: all documents, or one collection", responses=MODELS)
    def models(request: Request) -> Response:
        return AsciiJSONResponse({"object": "list", "data": [told(name) for name in names(request)]})

    @router.get("/v1/models/{model:text}", summary="One model", responses=described(ModelForm, "The model"))
    def model(model: str, request: Request) -> Response:
        if model not in names(request):
            raise no_model(model)
        return AsciiJSONResponse(told(model))

    @router.post(
        "/v1/chat/completions",
        summary="Answer the last question of a conversation",
        responses=described(CompletionForm, "The answer, or its chunks", **{"text/event-stream": STREAM}),
    )
    async def complete(body: ChatRequest, request: Request) -> Response:
        with refused_as(QUESTION):
            asked = body.asked()
        visitor = visitor_of(request)
        desk.check_room(visitor, "openai", asked)
        completion = Completion(body, f"chatcmpl-{request_id_of(request.scope)}", int(time.time()))

        def start(stop: threading.Event) -> Iterator[schema.Event]:
            if asked.collection is not None and body.model not in names(request):
                raise no_model(body.model)
            return answered(desk, visitor, "openai", asked, stop)

        if body.stream:
            return EventStream(start, completion)
        answer = await whole_answer(start, request.scope, request.receive)
        return Response(status_code=CLIENT_CLOSED_REQUEST) if answer is None else completion.whole(answer)

    return router
