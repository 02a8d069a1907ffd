"""Every error of ours and of the framework as a problem: handlers, and the layers around all routes, all pure ASGI.

`RequestIds` goes around all others; `install` adds `Failures` and `BodyLimit` inside of all others, so that what they
answer gets everybody's headers. What this module does not do: word the answers (`web.problems`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import HTTPException, RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema import FootnoteError
from web.addresses import API_PATHS
from web.problem_kinds import BY_STATUS, FAILED, NOT_AS_DESCRIBED, NOT_JSON, OTHER, TOO_LARGE, UNAVAILABLE, Kind
from web.problems import Problem, log_failure, problem_of, problem_response

MOST_BYTES = 1_000_000
"""Of a request's body; the longest conversation that is taken is a fraction of it."""
UNREAD = "model_attributes_type"
"""What pydantic says of a body that is no object; one that FastAPI left unread is bytes."""
SEND_JSON = "Send the request as JSON, with the content type application/json."
TOO_LONG = f"The request has more than {MOST_BYTES:,} bytes. Shorten it, or add the long text to the index."


def install(app: FastAPI) -> None:
    """Answer every error of ours and of the framework in one form; called before other layers are added."""
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(FootnoteError, _answer)
    app.add_exception_handler(StarletteHTTPException, _answer_framework)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_middleware(Failures)
    app.add_middleware(BodyLimit)
    app.openapi = partial(_description, app)  # type: ignore[method-assign]  # FastAPI's own way


def _description(app: FastAPI) -> dict[str, Any]:
    """The interface's description without the errors of the framework's own form, which are not answered."""
    if app.openapi_schema is None:
        description = FastAPI.openapi(app)
        operations = [one for path in description["paths"].values() for one in path.values()]
        for operation in operations:
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            description["components"]["schemas"].pop(name, None)
    return FastAPI.openapi(app)


async def _answer(request: Request, error: Exception) -> Response:
    return problem_response(request.scope, problem_of(error, UNAVAILABLE))


async def _answer_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101
    known = BY_STATUS.get(error.status_code)
    kind = known or Kind(OTHER.slug, error.status_code, OTHER.title)
    return problem_response(request.scope, Problem(kind, f"{error.detail}.".replace("..", "."), headers=error.headers))


async def _answer_validation(request: Request, error: Exception) -> Response:
    """What is wrong with a request, without what was sent; its first three faults say enough to mend it."""
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    if any(fault["type"] == UNREAD for fault in faults) and not _is_json(request):
        return problem_response(request.scope, Problem(NOT_JSON, SEND_JSON))
    sentences = [f"{_place(fault['loc'])}: {fault['msg']}." for fault in faults[:3]]
    param = _place(faults[0]["loc"]) if faults else None
    return problem_response(request.scope, Problem(NOT_AS_DESCRIBED, " ".join(sentences), param=param))


def _is_json(request: Request) -> bool:
    """Whether the type of content says that the body is JSON, as FastAPI sees it, which leaves all others unread."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _place(location: Sequence[Any]) -> str:
    """Where in a request: ``history.2.answer``; names that were sent are cut, since they can be any text."""
    named = location[1:] if len(location) > 1 and location[0] == "body" else location
    return ".".join(str(part)[:60] for part in named)


class RequestIds:
    """Gives every request an id of its own, which its response has as ``X-Request-Id``; one that is sent is ignored."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with an id in its state."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = scope.setdefault("state", {})["request_id"] = secrets.token_hex(8)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        await self.app(scope, receive, send_with_id)


class Failures:
    """Answers 500 where anything else was raised, and says in the log what."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a response that has begun can only be broken off."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log_failure(scope, error)
            if not has_begun:
                await problem_response(scope, problem_of(error, FAILED))(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large before anything parses it, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, most: int = MOST_BYTES) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or pass the request on while its body is counted."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PATHS):
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self.most:
            await problem_response(scope, Problem(TOO_LARGE, TOO_LONG))(scope, receive, send)
            return
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > self.most:
                raise HTTPException(413, TOO_LONG)  # the one error that FastAPI lets through while it reads a body
            return message

        await self.app(scope, counted, send)
