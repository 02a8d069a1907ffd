"""The widget's side of the server: its script, the tokens of its visitors, and a page of its own for frames.

The script has two names: `/widget.js`, which is today's, and one that holds its hash and never changes, for pages that
pin what they load (subresource integrity). What this module does not do: check tokens (`access.tokens`), let anybody in
(`web.gate`), or answer questions.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import time
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import HTMLResponse, Response

from access.embed import Embed
from access.refusals import Refused
from access.tokens import exchange, mint_host_token, mint_own_token
from access.visitor import Visitor
from web.entrance import Rules
from web.identity import visitor_of
from web.problem_docs import documented
from web.problem_kinds import FOREIGN_PAGE, NO_ADDRESS, NOT_SIGNED_IN
from web.problems import Problem
from web.responses import AsciiJSONResponse, described

WIDGET = Path(__file__).resolve().parent.parent / "widget" / "footnote.js"
FOREVER, BRIEFLY = "public, max-age=31536000, immutable", "public, max-age=300"
NO_STORE = {"cache-control": "no-store"}
FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; frame-ancestors "
)
NO_TOKEN = "Send the token that the page's own server signed, as: Authorization: Bearer TOKEN."  # noqa: S105  (a sentence)
NOT_THIS_PAGE = "There is no such embed, or this page is not one of its origins."
NOTHING = "There is nothing at this address."


class Script:
    """The widget's script, its names and what a browser may check it by."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def path(self) -> str:
        """Its address with the first twelve digits of its sha256."""
        return f"/widget.{hashlib.sha256(self.content).hexdigest()[:12]}.js"

    @cached_property
    def integrity(self) -> str:
        """The value of the attribute ``integrity`` (https://www.w3.org/TR/SRI/)."""
        return "sha384-" + base64.b64encode(hashlib.sha384(self.content).digest()).decode("ascii")

    @cached_property
    def packed(self) -> bytes:
        """The same, compressed as browsers take it; the same bytes at every start."""
        return gzip.compress(self.content, mtime=0)

    def response(self, request: Request, lifetime: str) -> Response:
        """The script, to whatever page asks: it is no secret, and does nothing without a token."""
        headers = {"cache-control": lifetime, "vary": "accept-encoding", "cross-origin-resource-policy": "cross-origin"}
        content = self.content
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers["content-encoding"] = self.packed, "gzip"
        return Response(content, media_type="text/javascript", headers=headers)


def read_script() -> Script:
    """The script as it is on disk."""
    return Script(WIDGET.read_bytes())


def exchanged(rules: Rules, token: str, origin: str) -> tuple[Embed, str, int]:
    """The embed of a host's token, our own token in its place, and the seconds that it lives.

    Why a token is refused stands in the log of the server alone.

    Raises:
        Refused: for a token that is not genuine, not of now, not for this page, or used before.
    """
    common: dict[str, Any] = {
        "embeds": rules.embeds, "keys": rules.keys, "policy": rules.policy.current, "now": time.time()
    }  # fmt: skip
    try:
        visitor = exchange(token, origin=origin, database=rules.database, **common)
        own, seconds = mint_own_token(visitor, **common)
        embed = rules.embeds.get(visitor.embed)
        if embed is None:
            raise Refused("the embed has gone in the meantime")
    except Refused as refused:
        rules.refusals.note("A token of a page's server", refused)
        raise
    return embed, own, seconds


def minted(rules: Rules, name: str, visitor: Visitor, origin: str) -> str:
    """What the server of a page would sign, for somebody who is signed in here.

    Raises:
        Problem: when the page is none of the embed's.
    """
    embed, key = rules.embeds.get(name), rules.keys.of(name)
    if embed is None or not embed.on or key is None or origin not in embed.origins:
        raise Problem(FOREIGN_PAGE, NOT_THIS_PAGE)
    # What they see follows from their groups, which the token carries.
    return mint_host_token(Visitor(visitor.user, visitor.groups, None, name, origin), key, now=time.time(), seconds=60)


class SessionForm(BaseModel):
    """What a widget needs to begin: its token, the seconds that it lives, and how it should look."""

    token: str
    expires_in: int
    name: str
    texts: dict[str, str]
    colours: dict[str, str]
    questions: list[str]


class TokenForm(BaseModel):
    """A token to exchange, as a page's own server would sign it."""

    token: str


class TokenRequest(BaseModel):
    """The embed that a token is wanted for."""

    model_config = ConfigDict(extra="forbid")
    embed: Annotated[str, Field(max_length=64)]


TOKEN_REQUEST = TokenRequest.model_json_schema()


async def read_token_request(request: Request) -> TokenRequest:
    """The embed that is asked for, whatever the type of content says that the body is.

    A page of another origin sends its JSON as text: for any other type the browser would ask first whether cookies may
    be sent, which CORS here always denies.

    Raises:
        RequestValidationError: for what is not such a request.
    """
    try:
        return TokenRequest.model_validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise RequestValidationError([fault | {"loc": ("body", *fault["loc"])} for fault in faults]) from error


def build_widget_router(script: Script, rules: Rules | None) -> APIRouter:
    """The script for everybody and, where there are embeds, the routes of their visitors."""
    router = APIRouter(default_response_class=AsciiJSONResponse)

    @router.get("/widget.js", include_in_schema=False)
    def widget(request: Request) -> Response:
        return script.response(request, BRIEFLY)

    @router.get(script.path, include_in_schema=False)
    def pinned(request: Request) -> Response:
        return script.response(request, FOREVER)

    if rules is not None:
        _add_tokens(router, rules)
        _add_frame(router, rules, script)
    return router


def _add_tokens(router: APIRouter, rules: Rules) -> None:
    @router.post(
        "/api/v1/embed/session",
        summary="Exchange a host's token for one of ours",
        responses=described(SessionForm, "The token, and how the widget should look") | documented(NOT_SIGNED_IN),
    )
    def session(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Problem(NOT_SIGNED_IN, NO_TOKEN, headers={"www-authenticate": "Bearer"})
        embed, own, seconds = exchanged(rules, token.strip(), request.headers.get("origin", ""))
        looks = {"texts": dict(embed.texts), "colours": dict(embed.colours), "questions": list(embed.questions)}
        return AsciiJSONResponse({"token": own, "expires_in": seconds, "name": embed.name, **looks}, headers=NO_STORE)

    @router.post(
        "/api/v1/embed/token",
        summary="A token for who is signed in here, to exchange",
        responses=described(TokenForm, "The token, for one exchange within a minute") | documented(FOREIGN_PAGE),
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": TOKEN_REQUEST}}}},
    )
    def token(body: Annotated[TokenRequest, Depends(read_token_request)], request: Request) -> Response:
        origin = request.headers.get("origin", "")
        signed = minted(rules, body.embed, visitor_of(request), origin)
        # The one answer that a page of another origin may read for a cookie; `minted` has held it to the embed's pages.
        return AsciiJSONResponse({"token": signed}, headers=NO_STORE | {"access-control-allow-credentials": "true"})


def _add_frame(router: APIRouter, rules: Rules, script: Script) -> None:
    @router.get("/embed/{name}", include_in_schema=False)
    def frame(name: str) -> Response:
        embed = rules.embeds.get(name)
        if embed is None or not embed.on:
            raise Problem(NO_ADDRESS, NOTHING)
        headers = NO_STORE | {"content-security-policy": FRAME_POLICY + " ".join(embed.origins)}
        return HTMLResponse(frame_page(embed, script), headers=headers)


def frame_page(embed: Embed, script: Script) -> str:
    """The page for a frame: the widget alone, over the whole of it, for who is signed in here."""
    values: dict[str, Any] = {"embed": embed.name, "token-url": "/api/v1/embed/token", "mode": "inline"}
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in values.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Footnote</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/page/frame.css">'
        f'<script src="{script.path}" integrity="{script.integrity}" defer></script></head>'
        f"<body><main><footnote-widget{attributes}></footnote-widget></main></body></html>"
    )
