"""What the web's routes answer with: JSON that any bytes of a document survive, and streams of events.

What this module does not do: errors (`web.problems`), or describe the fields of an answer (`web.answer_forms`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

import schema
from web.problem_kinds import UNAVAILABLE
from web.problems import Problem, log_failure, problem_body, problem_of
from web.streaming import Ask, UnforeseenError, follow

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
KEEP_ALIVE = b": still here\n\n"


class AsciiJSONResponse(JSONResponse):
    """JSON with every character beyond ASCII escaped, so that half surrogates from broken files travel too."""

    def render(self, content: Any) -> bytes:
        """The bytes of the body."""
        return ascii_json(content)


def ascii_json(content: Any) -> bytes:
    """JSON in ASCII, without white space; numbers that JSON can't hold are refused."""
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Wording(Protocol):
    """How a stream says events; both answer the bytes to send, if any."""

    def event(self, event: schema.Event) -> bytes:
        """An event; the last one is `schema.Answered`."""
        ...

    def failure(self, body: Mapping[str, Any]) -> bytes:
        """The problem that ends the stream early."""
        ...


class EventStream(Response):
    """An answer as server-sent events.

    What fails before the first of them is raised, so that it is answered with its own status; what fails later is said
    in the stream. When the client leaves, the answer is stopped.
    """

    media_type = "text/event-stream"

    def __init__(self, ask: Ask, wording: Wording) -> None:
        super().__init__(headers=STREAM_HEADERS)
        del self.headers["content-length"]
        self.ask = ask
        self.wording = wording

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; see the class.

        Raises:
            Problem: what kept the answer from its first event.
        """
        has_begun = False

        async def say(content: bytes, *, more: bool = True) -> None:
            nonlocal has_begun
            if not has_begun:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            has_begun = True
            await send({"type": "http.response.body", "body": content, "more_body": more})

        try:
            async with aclosing(follow(self.ask, receive)) as batches:
                async for batch in batches:
                    await say(b"".join(map(self.wording.event, batch)) if batch else KEEP_ALIVE)
        except ClientDisconnect:
            return
        except schema.FootnoteError as error:
            problem = _as_problem(scope, error)
            if not has_begun:
                raise problem from error
            await say(self.wording.failure(problem_body(scope, problem)))
        await say(b"", more=False)


async def whole_answer(ask: Ask, scope: Scope, receive: Receive) -> schema.Answer | None:
    """The finished answer; ``None`` when the client left before it.

    Raises:
        Problem: what kept the answer from being finished.
    """
    try:
        async with aclosing(follow(ask, receive)) as batches:
            async for batch in batches:
                for event in batch:
                    if isinstance(event, schema.Answered):
                        return event.answer
    except schema.FootnoteError as error:
        raise _as_problem(scope, error) from error
    except ClientDisconnect:
        pass
    return None


def _as_problem(scope: Scope, error: schema.FootnoteError) -> Problem:
    """The problem that an answer met; what nobody foresaw goes into the log as well."""
    if isinstance(error, UnforeseenError):
        log_failure(scope, error)
    return problem_of(error, UNAVAILABLE)


# What the description says of them


def described(form: type[BaseModel], description: str, example: Any = None, **more: Any) -> dict[int | str, Any]:
    """What the interface's description says of a response with this form."""
    content = {"application/json": {"example": example}} if example is not None else {}
    return {200: {"model": form, "description": description, "content": content | more}}


def event_schema(names: Sequence[str]) -> dict[str, Any]:
    """What the description says of each event of a stream: its name, one of these, and JSON as text."""
    data = {"type": "string", "contentMediaType": "application/json"}
    properties = {"event": {"type": "string", "enum": list(names)}, "data": data}
    return {"type": "object", "required": ["event", "data"], "properties": properties}
