"""Two small ASGI layers: which Host names are answered, and the security headers of every response.

Pure ASGI and not ``BaseHTTPMiddleware``, which would hide the departure of a reader from a streamed answer.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problem_kinds import NOT_READABLE
from web.problems import Problem, problem_response

# Gradio's page is built from inline scripts and its HTML component compiles its template in the browser, so scripts
# need both unsafe words; no directive lets anything be loaded from, or sent to, another host.
CONTENT_SECURITY_POLICY = "; ".join((
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'self'",
))  # fmt: skip
SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer, browsers would send our own forms with ``Origin: null``
    "cross-origin-resource-policy": "same-origin",
}
HOST = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?", re.IGNORECASE)
"""A Host header: a name or an address, and a port; nothing that could be taken for a path."""
FOREIGN_HOST = (
    "This server does not answer to that name. Open it by its address, or set public_url to the address that browsers "
    "use for it."
)
ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 (compared with, not listened on)


def known_hosts(host: str, *more: str, public_url: str = "") -> frozenset[str]:
    """The names under which a server that listens on ``host`` may be addressed, besides plain addresses."""
    names = {"localhost", host.lower().strip("[]"), *(name.lower() for name in more)}
    if host in ANY_ADDRESS:
        names.add(socket.gethostname().lower())
    if public_url:
        names.add((urlsplit(public_url).hostname or "").lower())
    return frozenset(names - {""})


class HostGuard:
    """Refuses requests whose Host header is a name that isn't ours, which is how DNS rebinding reaches a local server.

    Addresses pass, since only a name can be pointed elsewhere between two requests.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self.app = app
        self.names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 to a foreign name, pass on everything else."""
        if scope["type"] in ("http", "websocket") and not self._known(Headers(scope=scope).getlist("host")):
            await problem_response(scope, Problem(NOT_READABLE, FOREIGN_HOST))(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _known(self, headers: list[str]) -> bool:
        match = HOST.fullmatch(headers[0]) if len(headers) == 1 else None
        if match is None:
            return False
        name = match[1].lower().strip("[]")
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in self.names
        return True


class SecurityHeaders:
    """Adds the security headers to every response, errors and static files included; a route may set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and set the headers when its response starts."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("cache-control", "no-store")  # what one person was shown is not for the next
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
