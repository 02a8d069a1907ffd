"""A host page and an assistant on two origins, over real sockets: what the widget meets in an intranet.

The assistant is the web application over the scripted service of the tests, behind a small layer with the embed's side:
the script, the exchange of tokens, and a check that each request of the interface brings a token that is still good.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fake_service import FakeService
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from web.listening import AnnouncingServer, listen
from web.server import build_app

WIDGET = Path(__file__).resolve().parents[2] / "widget"
SCRIPT = WIDGET / "footnote.js"
DEMO = WIDGET / "demo"
DEMO_SERVER = "https://footnote.example"
"""How the demo pages name the server."""
SIGNED_IN = {"set-cookie": "signed-in=ada; SameSite=Lax; Path=/"}
"""What the host's pages say to whoever opens them."""


def integrity_of(content: bytes) -> str:
    """The value of an ``integrity`` attribute (https://www.w3.org/TR/SRI/)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode("ascii")


def event_bytes(name: str, data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode("ascii")


@dataclass
class Site:
    """What both servers do, and what they were asked; a test may change everything but the two addresses."""

    server: str = ""
    host: str = ""
    service: FakeService = field(default_factory=FakeService)
    pages: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """Pages of the host by path: HTML and headers."""
    origins: list[str] = field(default_factory=list)
    session: dict[str, Any] = field(default_factory=dict)
    """What the exchange answers besides the token."""
    expires_in: float = 600
    token_answer: Response | None = None
    """What the host answers in the place of a token."""
    refusals: list[Response] = field(default_factory=list)
    """What the next requests of the interface are answered."""
    stream: Sequence[bytes] | None = None
    """What a question is answered in the place of the service's answer, piece by piece."""
    page: dict[str, Any] | None = None
    """What a page of a document is, in the place of the service's."""
    minted: list[str] = field(default_factory=list)
    good: dict[str, float] = field(default_factory=dict)
    """Our own tokens with the time they end."""
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    """Method, address with its query, and headers of each request to either server, in order."""
    feedback_bodies: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def reset(self) -> None:
        """As it was when it began."""
        fresh = Site(self.server, self.host, self.service, origins=[self.host])
        self.service.asked.clear()
        self.service.feedback.clear()
        self.__dict__.update(fresh.__dict__)

    def add(self, path: str, body: str, *, head: str = "", headers: Mapping[str, str] | None = None) -> str:
        """Put a page on the host; its whole address."""
        html = f'<!doctype html><html lang="en"><head><title>A page</title>{head}</head><body>{body}</body></html>'
        self.pages[path] = (html.replace(DEMO_SERVER, self.server), headers or {})
        return self.host + path

    def paths(self, prefix: str = "/api/") -> list[str]:
        """What was asked below a path, without queries and without the questions of CORS."""
        return [
            path.split("?")[0] for method, path, _ in self.requests if path.startswith(prefix) and method != "OPTIONS"
        ]

    def expire(self) -> None:
        """End every token now."""
        self.good.clear()


class Recorded:
    """Notes each request before it is passed on."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode()
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            self.site.requests.append((scope["method"], scope["path"] + (f"?{query}" if query else ""), headers))
        await self.app(scope, receive, send)


class Assistant:
    """The embed's side of the server, in front of the application."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self._answer(request)
        if answer is not None:
            await answer(scope, receive, send)
            return
        body = await request.body()
        told = False

        async def again() -> Any:
            nonlocal told
            if told:
                return await receive()  # waits until the reader leaves
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        # The token was checked here; the application itself has no embeds, and takes some requests of its page only.
        told_apart = (b"authorization", b"origin", b"sec-fetch-site")
        headers = [pair for pair in scope["headers"] if pair[0] not in told_apart]
        await self.app({**scope, "headers": headers}, again, send)

    async def _answer(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if path.startswith("/widget."):
            headers = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin"}
            return Response(SCRIPT.read_bytes(), media_type="text/javascript", headers=headers)
        if path == "/api/v1/embed/session":
            return self._exchange(request)
        if path == "/cookie":  # of a third party, which browsers take only where they are told to
            return PlainTextResponse("", headers={"set-cookie": "third=1; SameSite=None; Secure; Path=/"})
        if not path.startswith("/api/"):
            return PlainTextResponse("nothing here", 404)
        return await self._refusal(request) or await self._scripted(request)

    def _exchange(self, request: Request) -> Response:
        """The host's token for one of ours, once."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.site.minted:
            return problem(401, "This token is not known, or was used before.")
        self.site.minted.remove(token)
        own = f"own-{len(self.site.good)}-{time.monotonic_ns()}"
        self.site.good[own] = time.monotonic() + self.site.expires_in
        return JSONResponse({"token": own, "expires_in": self.site.expires_in, "name": "hr", **self.site.session})

    async def _refusal(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.site.good.get(token, 0) < time.monotonic():
            return problem(401, "The token has ended.")
        return self.site.refusals.pop(0) if self.site.refusals else None

    async def _scripted(self, request: Request) -> Response | None:
        path = request.scope["path"]
        if path == "/api/v1/ask":
            self.site.asked.append(await request.json())
            if self.site.stream is not None:
                return StreamingResponse(slowly(self.site.stream), media_type="text/event-stream")
        if path == "/api/v1/feedback":
            self.site.feedback_bodies.append(await request.json())
        if path.endswith("/pages/at") and self.site.page is not None:
            return JSONResponse(self.site.page)
        return None


STILL = b": still here\n\n"
HELD = [STILL] * 1200
"""Pieces that hold a stream at its place until its reader leaves, or for a minute."""


async def slowly(pieces: Sequence[bytes]) -> Any:
    """Each piece on its own, as far as the loop lets it."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0.05 if piece is STILL else 0.002)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as RFC 9457 has it."""
    body = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


class Host:
    """The intranet's own server: its pages, and a token for whoever is signed in there."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if path in self.site.pages:
            html, headers = self.site.pages[path]
            return HTMLResponse(html, headers={**SIGNED_IN, **headers})
        if path == "/footnote-token" and request.method == "POST":
            return self.site.token_answer or self._token(request)
        file = DEMO / path.removeprefix("/demo/")
        if path.startswith("/demo/") and file.is_file():
            kind = {".css": "text/css", ".js": "text/javascript"}.get(file.suffix, "text/html")
            content = file.read_text("utf-8").replace(DEMO_SERVER, self.site.server)
            return Response(content, media_type=kind, headers=SIGNED_IN)
        return PlainTextResponse("", 404 if path != "/favicon.ico" else 204)

    def _token(self, request: Request) -> Response:
        if request.cookies.get("signed-in") != "ada":
            return PlainTextResponse("sign in", 401)
        token = f"host-{time.monotonic_ns()}"
        self.site.minted.append(token)
        return JSONResponse({"token": token})


@contextmanager
def running(app: ASGIApp) -> Iterator[int]:
    """The port of a server over this application, which ends with the block."""
    listener = listen("127.0.0.1", 0)
    ready = threading.Event()
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = AnnouncingServer(config, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(60), "the server did not start"
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def sites(service: Any = None) -> Iterator[Site]:
    """A host on localhost and an assistant on 127.0.0.1, which browsers take for two sites."""
    site = Site(service=service or FakeService())
    guarded = Assistant(build_app(site.service), site)
    cors = CORSMiddleware(
        guarded,
        allow_origins=Live(site),
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        expose_headers=["Retry-After"],
    )
    with running(Recorded(cors, site)) as server, running(Recorded(Host(site), site)) as host:
        site.server, site.host = f"http://127.0.0.1:{server}", f"http://localhost:{host}"
        site.origins.append(site.host)
        yield site


class Live(Sequence[str]):
    """The origins as of now, which is all that the layer for CORS asks."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def __contains__(self, origin: object) -> bool:
        return origin in self.site.origins

    def __len__(self) -> int:
        return len(self.site.origins)

    def __getitem__(self, place: Any) -> Any:
        return self.site.origins[place]
