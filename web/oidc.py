"""``identity = "oidc"``: `/login/start` sends the browser to the provider, `/login/callback` takes it back.

A sign-in that has begun is kept for ten minutes, under its state, and used at most once, by the browser that began it;
where several processes answer, in what they share, since it may come back to another one. What this module does not do:
believe a provider (`web.provider`), or keep sessions (`web.sessions`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from access.shared import Away, Shared
from web.cookies import Cookie
from web.id_tokens import SignInError
from web.login import START, login_page, own_path
from web.provider import Provider, UnreachableError
from web.sessions import Session

CALLBACK = "/login/callback"
SECONDS = 600
MOST = 10_000
AGAIN = "That sign-in took too long, or began in another window. Sign in again."
REFUSED = "The identity provider did not sign you in. Try again; if it goes on, the log of the server says why."
UNREACHABLE = "The identity provider can't be reached now. Try again in a minute."

_log = logging.getLogger(__name__)


class Begun(NamedTuple):
    """A sign-in under way: its secrets, the page to go to after it, the hash of the browser's cookie, its end."""

    nonce: str
    verifier: str
    target: str
    browser: bytes
    until: float


class SignIns:
    """The sign-ins under way, by their state."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, shared: Shared | None = None) -> None:
        self._clock = clock
        self._shared = shared
        self._begun: OrderedDict[str, Begun] = OrderedDict()

    def begin(self, target: str) -> tuple[str, str, Begun]:
        """A new sign-in: its state, the value of the browser's cookie, and itself."""
        state, browser, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        begun = Begun(nonce, secrets.token_urlsafe(48), target, _digest(browser), self._clock() + SECONDS)
        if not self._was_shared(state, begun):
            self._begun[state] = begun
            while len(self._begun) > MOST:
                self._begun.popitem(last=False)
        return state, browser, begun

    def take(self, state: str, browser: str) -> Begun | None:
        """The sign-in of this state, if this browser began it; it can't be taken again, by anybody."""
        begun = self._begun.pop(state, None) or self._shared_one(state)
        if begun is None or self._clock() > begun.until or not hmac.compare_digest(begun.browser, _digest(browser)):
            return None
        return begun

    def _was_shared(self, state: str, begun: Begun) -> bool:
        """Keep it where every process finds it; whether that could be done."""
        if not self._shared:
            return False
        text = json.dumps([begun.nonce, begun.verifier, begun.target, begun.browser.hex()])
        try:
            return self._shared.put_once(("sign-in", state), text, seconds=SECONDS, most=MOST) is None
        except Away:
            return False

    def _shared_one(self, state: str) -> Begun | None:
        if self._shared:
            with suppress(Away):
                if text := self._shared.take(("sign-in", state)):
                    nonce, verifier, target, browser = json.loads(text)
                    return Begun(nonce, verifier, target, bytes.fromhex(browser), self._clock() + SECONDS)
        return None


def _digest(browser: str) -> bytes:
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).digest()


def build_oidc_router(session: Session, provider: Provider, shared: Shared | None = None) -> APIRouter:
    """`GET /login/start` and `GET /login/callback`."""
    router = APIRouter(include_in_schema=False)
    sign_ins = SignIns(shared=shared)
    cookie = Cookie("footnote-login", secure=session.cookie.secure)

    @router.get(START)
    async def start(request: Request) -> Response:
        target = own_path(request.query_params.get("next", "/"))
        state, browser, begun = await session.run(lambda: sign_ins.begin(target))
        try:
            address = await provider.address(state=state, nonce=begun.nonce, verifier=begun.verifier)
        except UnreachableError as error:
            _log.warning("Nobody can sign in: %s", error)
            return login_page("oidc", begun.target, UNREACHABLE, status=503)
        response = RedirectResponse(address, status_code=303, headers={"cache-control": "no-store"})
        cookie.set(response, browser, seconds=SECONDS)
        return response

    @router.get(CALLBACK)
    async def callback(request: Request) -> Response:
        state, browser = _one(request, "state"), cookie.read(request)
        response = await _answered(request, await session.run(lambda: sign_ins.take(state, browser)))
        cookie.clear(response)
        return response

    async def _answered(request: Request, begun: Begun | None) -> Response:
        if begun is None:
            return login_page("oidc", "/", AGAIN, status=400)
        try:
            metadata = await provider.metadata()
            _check_issuer(request, provider.issuer, required=metadata.names_itself)
            code = _one(request, "code")
            if not code or "error" in request.query_params:
                raise SignInError("the provider said no")
            person = await provider.person(code, verifier=begun.verifier, nonce=begun.nonce)
        except UnreachableError as error:
            _log.warning("Nobody can sign in: %s", error)
            return login_page("oidc", begun.target, UNREACHABLE, status=503)
        except SignInError as error:
            _log.warning("A sign-in was refused: %s", error)
            return login_page("oidc", begun.target, REFUSED, status=403)
        user = f"{provider.issuer}#{person.subject}"
        session.remember(user, person.name)
        response = RedirectResponse(begun.target, status_code=303, headers={"cache-control": "no-store"})
        await session.begin(request, response, user, person.groups)
        return response

    return router


def _one(request: Request, name: str) -> str:
    """A parameter that is there exactly once; empty for anything else."""
    values = request.query_params.getlist(name)
    return values[0] if len(values) == 1 and len(values[0]) <= 4_096 else ""


def _check_issuer(request: Request, issuer: str, *, required: bool) -> None:
    """Hold an answer to be of the provider that was asked (RFC 9207).

    Raises:
        SignInError: when it says that it isn't, or does not say although it always does.
    """
    said = request.query_params.getlist("iss")
    if (said or required) and said != [issuer]:
        raise SignInError("the answer is another provider's")
