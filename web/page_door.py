"""The door to what Gradio serves: the few routes that the chat page uses, each session's only to the one who began it.

Gradio has many more routes (files, uploads, proxies, named calls), and whoever knows a session's id may read along with
it. What this module does not do: find out who asks; the gate has done that.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.identity import guest_of
from web.problem_kinds import NO_ADDRESS, NOT_READABLE, TOO_LARGE
from web.problems import Problem, problem_response

OPEN = (
    re.compile(r"(GET|HEAD) /"),
    re.compile(r"GET /(config|favicon\.ico|manifest\.json|theme\.css)"),
    re.compile(r"GET /gradio_api/(app_id|info|startup-events|theme\.css)"),
    re.compile(r"GET /(assets|static)/[\s\S]+"),
)
BY_SESSION = (
    re.compile(r"GET /gradio_api/queue/data"),
    re.compile(r"GET /gradio_api/heartbeat/(?P<session>[\s\S]*)"),
    re.compile(r"POST /gradio_api/(queue/join|run/[A-Za-z0-9_.-]{1,100}|reset)"),
)
SESSION = re.compile("[A-Za-z0-9_-]{1,64}")
LONGEST_BODY = 500_000
MOST_SESSIONS = 10_000
NOTHING = "There is nothing at this address."
TOO_LONG = "This is longer than a question can be."
UNREADABLE = "The body of the request can't be read."


class PageDoor:
    """What stands between the routes of the server and Gradio's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the page needs; to anything else there is nothing here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = f"{scope['method']} {scope['path']}"
        try:
            if not any(route.fullmatch(asked) for route in OPEN):
                match = next(filter(None, (route.fullmatch(asked) for route in BY_SESSION)), None)
                if match is None:
                    raise Problem(NO_ADDRESS, NOTHING)
                receive = await self._checked(Request(scope, receive), match)
        except Problem as problem:
            await problem_response(scope, problem)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _checked(self, request: Request, match: re.Match[str]) -> Receive:
        """The rest of a request whose session is the visitor's own.

        Raises:
            Problem: when it is another's, with the words for one that there isn't.
        """
        if request.method == "POST":
            body = await _body(request)
            session = _session(body)
        else:
            body = b""
            asked = parse_qs(request.scope["query_string"].decode("latin-1")).get("session_hash", [""])
            session = match.groupdict().get("session") or (asked[0] if len(asked) == 1 else "")
        if not SESSION.fullmatch(session) or not self._owns(guest_of(request).key, session):
            raise Problem(NO_ADDRESS, NOTHING)
        return _again(body, request.receive) if request.method == "POST" else request.receive

    def _owns(self, key: str, session: str) -> bool:
        """Whether this session is this one's; a new one belongs to who begins it."""
        owner = self._owners.setdefault(session, key)
        self._owners.move_to_end(session)
        while len(self._owners) > MOST_SESSIONS:
            self._owners.popitem(last=False)
        return owner == key


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        Problem: when it is too long.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            raise Problem(TOO_LARGE, TOO_LONG)
    return body


def _session(body: bytes) -> str:
    """The session that the body names.

    Raises:
        Problem: when it names none.
    """
    try:
        asked: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(NOT_READABLE, UNREADABLE) from error
    session = asked.get("session_hash") if isinstance(asked, dict) else None
    if not isinstance(session, str):
        raise Problem(NOT_READABLE, UNREADABLE)
    return session


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then what else comes, such as that the reader has left."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed
