"""The gate in front of everything: a request is let through when its path is public or its visitor is known.

Deny by default: what is mounted behind the gate tomorrow is closed until somebody opens it here. Paths are compared as
the router sees them (``scope["path"]``), never as a header tells them. What this module does not do: any one way of
finding out who asks (`web.identity`, `web.sessions`, `web.proxy`, `web.oidc`), or decide what a visitor may see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from access.visitor import Visitor
from web.identity import Guest, Identity
from web.login import own_path
from web.origin import is_cross_site
from web.problem_kinds import FORBIDDEN, FOREIGN_PAGE, NO_ADDRESS, NOT_READABLE, NOT_SIGNED_IN
from web.problems import Problem, problem_response

PUBLIC = frozenset({
    "/livez",
    "/readyz",
    "/login",
    "/login/start",
    "/login/callback",
    "/page/login.css",
    "/page/favicon.svg",
    "/widget.js",
    "/api/v1/embed/session",
})  # fmt: skip
"""Answered to anybody, besides the name of the widget that holds its hash."""

OWN_CHECK = frozenset({"/api/v1/embed/token"})
"""Asked by other origins' pages with the person's cookie, by design; the route holds the origin to its own list."""

EMBED_ROUTES = (
    ("POST", re.compile(r"/api/v1/(ask|search|feedback)")),
    ("GET", re.compile(r"/api/v1/sources/[\s\S]+/pages/(at|[0-9]+|[0-9]+/picture)")),
    ("POST", re.compile(r"/v1/chat/completions")),
    ("GET", re.compile(r"/v1/models(/footnote(/[^/]+)?)?")),
)
"""What an embed's token opens: what a widget asks for, and the OpenAI-compatible endpoint."""

WHOLE_VIEW = re.compile(r"/runs(/[\s\S]*)?")
"""Evaluation quotes documents of every collection, so it is for those who see all of them."""

WITHHELD = re.compile(
    rb"x[-_]forwarded[-_].*|x[-_]gradio[-_]server|forwarded|x[-_]real[-_]ip|x[-_]original[-_].*|x[-_]rewrite[-_]url"
)
"""What a proxy says of the way here; it can be forged, and libraries behind the gate would believe it."""

CLAIMS = {"x-footnote-user", "x-footnote-groups", "x-footnote-proxy"}
_LETTERS = {re.sub("[^a-z]", "", name) for name in CLAIMS}

SIGN_IN = "Sign in first."
FOREIGN = "This request comes from another site's page; Footnote takes it from its own pages and from programs."
BAD_TOKEN = "The token in the Authorization header is not valid here, or not any more."  # noqa: S105  (a sentence)
NOT_FOR_EMBEDS = "An embed's token opens questions, their sources and feedback, and nothing else."
MISSPELT = (
    "A header that names a person is spelt in another way, or there twice. Have the proxy remove what it is sent."
)
UNASKED = "A header names a person, and Footnote is not set to believe headers (identity)."
MOVED = "This server does not stand under a path of another."
NOTHING = "There is nothing at this address."


class Gate:
    """The outermost layer that knows who asks; routes behind it read ``visitor_of``."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        identity: Identity,
        read_token: Callable[[str, str], Visitor | None],
        public: Iterable[str] = (),
        public_url: str = "",
    ) -> None:
        """Put the gate before ``app``.

        Args:
            app: what stands behind.
            identity: the way of finding out who asks.
            read_token: the visitor of an embed's token that was sent with an ``Origin`` (empty when there was none),
                or ``None`` when the token is not valid.
            public: more paths that are answered to anybody.
            public_url: what browsers call this server, when it isn't what they send as ``Host``.
        """
        self.app = app
        self.identity = identity
        self.read_token = read_token
        self.public = PUBLIC | frozenset(public)
        self.public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, with its visitor; answer the rest."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # there are none
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            _check_form(scope, with_claims=self.identity.kind == "proxy")
            guest = None if scope["path"] in self.public else await self._guest(request)
        except Problem as problem:
            await self._refuse(request, problem)(scope, receive, send)
            return
        state = {name: value for name, value in scope.get("state", {}).items() if name not in ("visitor", "guest")}
        if guest is not None:
            state |= {"visitor": guest.visitor, "guest": guest}
        headers = [(name, value) for name, value in scope["headers"] if not _is_withheld(name)]
        await self.app({**scope, "headers": headers, "state": state}, receive, send)

    async def _guest(self, request: Request) -> Guest:
        """Who asks, when they may ask this.

        Raises:
            Problem: when they may not.
        """
        path = request.scope["path"]
        if "authorization" in request.headers and not self._is_any_key(request):
            return self._embed_guest(request)
        if path not in OWN_CHECK and _is_foreign(request):
            raise Problem(FOREIGN_PAGE, FOREIGN)
        guest = await self.identity.find(request)
        if guest is None:
            raise Problem(NOT_SIGNED_IN, SIGN_IN)
        if guest.visitor.collections is not None and WHOLE_VIEW.fullmatch(path):
            raise Problem(NO_ADDRESS, NOTHING)
        return guest

    def _is_any_key(self, request: Request) -> bool:
        """Whether the header is only the key that every OpenAI client has to send, where nobody needs one."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        ours = token.count(".") == 2 or scheme.lower() != "bearer"
        return not ours and self.identity.kind == "none" and request.scope["path"].startswith("/v1/")

    def _embed_guest(self, request: Request) -> Guest:
        """The visitor of an embed's token, on the routes that it opens."""
        values, origins = request.headers.getlist("authorization"), request.headers.getlist("origin")
        scheme, _, token = values[0].partition(" ")
        well_formed = len(values) == 1 and len(origins) <= 1 and scheme.lower() == "bearer"
        visitor = self.read_token(token.strip(), self._origin(request)) if well_formed else None
        if visitor is None:
            raise Problem(NOT_SIGNED_IN, BAD_TOKEN)
        path = request.scope["path"]
        if not any(request.method == method and route.fullmatch(path) for method, route in EMBED_ROUTES):
            raise Problem(FORBIDDEN, NOT_FOR_EMBEDS)
        return Guest(visitor, key=f"{visitor.embed} {visitor.user}")

    def _origin(self, request: Request) -> str:
        """The origin of the page that asks; browsers leave it out where a page of ours only reads, as in a frame."""
        own = self.public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return request.headers.get("origin") or (own if request.headers.get("sec-fetch-site") == "same-origin" else "")

    def _refuse(self, request: Request, problem: Problem) -> Response:
        """The answer to a request that may not pass: for a person in a browser, the way to sign in."""
        if problem.detail == SIGN_IN and self.identity.login and _wants_page(request):
            query = request.scope["query_string"].decode("latin-1")
            asked = own_path(request.scope["path"] + (f"?{query}" if query else ""))
            where = f"?next={quote(asked, safe='')}" if asked != "/" else ""
            return RedirectResponse(self.identity.login + where, status_code=303, headers={"cache-control": "no-store"})
        response = problem_response(request.scope, problem)
        if problem.kind is NOT_SIGNED_IN:
            response.headers["www-authenticate"] = "Bearer"
        return response


def _check_form(scope: Scope, *, with_claims: bool) -> None:
    """Refuse what could make us and what stands behind us read one request in two ways.

    Raises:
        Problem: saying what.
    """
    if scope.get("root_path"):
        raise Problem(NOT_READABLE, MOVED)
    names = [name.decode("latin-1") for name, _ in scope["headers"]]
    claims = [name for name in names if re.sub("[^a-z]", "", name.lower()) in _LETTERS]
    if claims and not with_claims:
        raise Problem(NOT_READABLE, UNASKED)
    if set(claims) - CLAIMS or len(claims) != len(set(claims)):
        raise Problem(NOT_READABLE, MISSPELT)


def _is_withheld(name: bytes) -> bool:
    return WITHHELD.fullmatch(name.lower()) is not None or name.decode("latin-1").lower() in CLAIMS


def _is_foreign(request: Request) -> bool:
    """Whether another site's page asks; a link there that somebody followed is the person's own doing."""
    followed = request.method in ("GET", "HEAD") and request.headers.get("sec-fetch-mode") == "navigate"
    return is_cross_site(request) and not (followed and "origin" not in request.headers)


def _wants_page(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")
