"""`/login` and `/logout`: a form for the one password of a small team, or the way to the provider.

What this module does not do: talk to a provider (`web.oidc`), know sessions (`web.sessions`), or stand at the gate.
"""

from __future__ import annotations

import math
import re
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse, RedirectResponse, Response

from access.shared import Shared
from web.attempts import Attempts
from web.forms import fields_of
from web.origin import is_cross_site
from web.sessions import LOGIN, PasswordSession, Session
from web.wording import count

START = "/login/start"
OWN_PATH = re.compile(r"/(?:[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*/?)?(?:\?[A-Za-z0-9._~=&%+-]*)?")
LOGIN_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
WRONG = "That is not the password."
FOREIGN = "Another site's page sent this form. Sign in here."
SLOW = "There were too many wrong passwords. Try again in {}."


def own_path(text: str) -> str:
    """A path of this server to go to after signing in; the first page for anything that could lead elsewhere.

    >>> own_path("/runs?run=a"), own_path("//evil.example"), own_path("/login")
    ('/runs?run=a', '/', '/')
    """
    match = OWN_PATH.fullmatch(text) if len(text) <= 1_000 else None
    path = text.partition("?")[0]
    leads_out = match is None or any(set(part) == {"."} for part in path.split("/") if part)
    return "/" if leads_out or path.startswith(LOGIN) or path == "/logout" else text


def build_login_router(session: Session, shared: Shared | None = None) -> APIRouter:
    """`GET` and `POST /login`, and `POST /logout`; the gate has seen that the last comes from a page of ours."""
    router = APIRouter(include_in_schema=False)
    attempts = Attempts(shared=shared)

    @router.get(LOGIN)
    async def form(request: Request) -> Response:
        target = own_path(request.query_params.get("next", "/"))
        return _see(target) if await session.find(request) else login_page(session.kind, target)

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        response = _see(LOGIN)
        await session.end(request, response)
        return response

    if isinstance(session, PasswordSession):
        known = session

        @router.post(LOGIN)
        async def sign_in(request: Request) -> Response:
            fields = await fields_of(request)
            target = own_path(fields.get("next", "/"))
            if is_cross_site(request):
                return login_page("password", target, FOREIGN, status=403)
            address = request.client.host if request.client else ""
            if wait_s := await session.run(lambda: attempts.take(address)):
                return _too_many(target, math.ceil(wait_s))
            if not known.is_right(fields.get("password", "")):
                return login_page("password", target, WRONG, status=401)
            await session.run(lambda: attempts.give_back(address))
            response = _see(target)
            await known.begin(request, response, "", frozenset())
            return response

    return router


def login_page(kind: str, target: str = "/", notice: str = "", *, status: int = 200) -> Response:
    """The page to sign in on, with a sentence on why it didn't work so far."""
    start = START + (f"?{urlencode({'next': target})}" if target != "/" else "")
    html = _template().render(kind=kind, target=target, notice=notice, start=start)
    return HTMLResponse(html, status_code=status, headers=LOGIN_HEADERS)


def _too_many(target: str, seconds: int) -> Response:
    response = login_page("password", target, SLOW.format(count(seconds, "second")), status=429)
    response.headers["retry-after"] = str(seconds)
    return response


def _see(address: str) -> Response:
    return RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("login.html")
