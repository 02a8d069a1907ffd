"""The session that a cookie names: who asks by it, its beginning and its end, for ``password`` and ``oidc``.

What this module does not do: keep sessions (`access.sessions`), or the pages to sign in on (`web.login`, `web.oidc`).
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import HTTPConnection
from starlette.responses import Response

from access.policy import LivePolicy
from access.sessions import Sessions
from access.visitor import Visitor
from web.cookies import Cookie
from web.identity import Guest

LOGIN = "/login"
HOURS = 12.0
MOST_NAMES = 10_000

Found = TypeVar("Found")


class Session:
    """The way of finding out who asks by the session that a cookie names, for ``password`` and ``oidc``."""

    login = LOGIN

    def __init__(
        self, kind: Literal["password", "oidc"], sessions: Sessions, *, cookie: Cookie, policy: LivePolicy
    ) -> None:
        self.kind = kind
        self.cookie = cookie
        self.names: OrderedDict[str, str] = OrderedDict()
        """What people are called by whom they sign in with, as long as the server runs."""
        self._sessions = sessions
        self._policy = policy
        self._threads = CapacityLimiter(4)  # not those of answers, so that a full house still opens its door

    async def find(self, connection: HTTPConnection) -> Guest | None:
        """Whose session it is; nobody when it has ended or never was."""
        value = self.cookie.read(connection)
        found = await self.run(lambda: self._sessions.find(self._id(value), time.time())) if value else None
        if found is None:
            return None
        user, groups = found
        key = hashlib.sha256(value.encode("latin-1")).hexdigest()[:32]
        # Who has no name is told from others by the session, so that one of a team can't fill the line for all.
        person = user or f"session-{key[:12]}"
        visitor = Visitor(user=person, groups=groups, collections=self._policy.current.collections_of(groups))
        return Guest(visitor, key=key, name=self.names.get(user, ""), can_sign_out=True)

    async def begin(self, request: HTTPConnection, response: Response, user: str, groups: frozenset[str]) -> None:
        """Sign somebody in, with an id that nobody has had before; the session that the browser came with ends."""
        await self._forget(request)
        session = await self.run(lambda: self._sessions.start(user, groups, hours=HOURS))
        self.cookie.set(response, self._value(session), seconds=int(HOURS * 3600))

    async def end(self, request: HTTPConnection, response: Response) -> None:
        """Sign out."""
        await self._forget(request)
        self.cookie.clear(response)

    async def run(self, work: Callable[[], Found]) -> Found:
        """Do in a thread what signing in has to wait for."""
        return await to_thread.run_sync(work, limiter=self._threads)

    async def _forget(self, request: HTTPConnection) -> None:
        if value := self.cookie.read(request):
            await self.run(lambda: self._sessions.end(self._id(value)))

    def remember(self, user: str, name: str) -> None:
        """What the head of the page calls this person."""
        self.names[user] = name
        while len(self.names) > MOST_NAMES:
            self.names.popitem(last=False)

    def _value(self, session: str) -> str:
        """The cookie's value for a session."""
        return session

    def _id(self, value: str) -> str:
        """The session of a cookie's value; of a value that isn't ours, one that there can't be."""
        return value


class PasswordSession(Session):
    """Sessions of people who know the team's password; they end when it changes.

    Each cookie carries a code of the session under the password of now (HMAC, under scrypt of the password, so that a
    cookie helps nobody to guess it).
    """

    def __init__(self, sessions: Sessions, password: Callable[[], str], *, cookie: Cookie, policy: LivePolicy) -> None:
        super().__init__("password", sessions, cookie=cookie, policy=policy)
        self._password = password

    def is_right(self, tried: str) -> bool:
        """Whether this is the password; takes as long for one wrong one as for another."""
        password = self._password()
        return bool(password) and hmac.compare_digest(_digest(tried), _digest(password))

    def _value(self, session: str) -> str:
        return f"{session}.{self._code(session)}"

    def _id(self, value: str) -> str:
        session, _, code = value.partition(".")
        return session if hmac.compare_digest(code.encode("latin-1"), self._code(session).encode()) else ""

    def _code(self, session: str) -> str:
        return hmac.new(_stretched(self._password()), session.encode("latin-1"), hashlib.sha256).hexdigest()


@lru_cache(maxsize=2)
def _stretched(password: str) -> bytes:
    """A key that is slow to try passwords with (RFC 7914; 16 MB and some 50 ms each)."""
    return hashlib.scrypt(password.encode("utf-8", "surrogatepass"), salt=b"footnote session", n=2**14, r=8, p=1)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
