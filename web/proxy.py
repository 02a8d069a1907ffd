"""``identity = "proxy"``: a single sign-on proxy in front says who asks, in headers that are believed from it alone.

The proxy sends ``X-Footnote-User``, ``X-Footnote-Groups`` (names with commas between) and ``X-Footnote-Proxy`` (the
secret), and removes what it is sent under these names. What this module does not do: read ``X-Forwarded-*``, which
nobody vouches for, or say which collections a group sees.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import unicodedata
from collections.abc import Iterable
from typing import Literal

from starlette.requests import HTTPConnection

from access.policy import LivePolicy, is_group
from access.visitor import Visitor
from schema import FootnoteError
from web.identity import Guest
from web.problem_kinds import NOT_READABLE
from web.problems import Problem

USER, GROUPS, SECRET = CLAIMS = ("x-footnote-user", "x-footnote-groups", "x-footnote-proxy")
SHORTEST_SECRET = 32
LONGEST_USER = 256
MOST_GROUPS = 1_000
NOT_THE_PROXY = "This request names a person and does not come from the sign-on proxy."
TWICE = "The sign-on proxy sent a header twice, or a name that can't be one."

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Proxy:
    """The way of finding out who asks by what the proxy says."""

    kind: Literal["proxy"] = "proxy"
    login = ""

    def __init__(self, *, addresses: Iterable[str], secret: str, policy: LivePolicy) -> None:
        """Believe the proxy at these addresses when it knows the secret.

        Raises:
            FootnoteError: when there is no address, or the secret is too short to be one.
        """
        self._networks = [_network(address) for address in addresses]
        if not self._networks:
            raise FootnoteError("identity = proxy needs proxy_addresses: where the sign-on proxy's requests come from.")
        if len(secret) < SHORTEST_SECRET:
            raise FootnoteError(
                f"identity = proxy needs a secret of at least {SHORTEST_SECRET} characters that the proxy sends as "
                "X-Footnote-Proxy: set FOOTNOTE_PROXY_SECRET."
            )
        self._secret = _digest(secret.encode())
        self._policy = policy

    async def find(self, connection: HTTPConnection) -> Guest | None:
        """The person whom the proxy names; nobody when no header does.

        Raises:
            Problem: for these headers from anybody else, or in a form that the proxy does not send.
        """
        sent = {name: connection.headers.getlist(name) for name in CLAIMS}
        if not any(sent.values()):
            return None
        if any(len(values) > 1 for values in sent.values()):
            raise Problem(NOT_READABLE, TWICE)
        if not (self._is_proxy(connection) and self._knows(sent[SECRET])):
            raise Problem(NOT_READABLE, NOT_THE_PROXY)
        if not sent[USER]:
            return None
        user, groups = _user(sent[USER][0]), _groups(sent[GROUPS][0] if sent[GROUPS] else "")
        visitor = Visitor(user=user, groups=groups, collections=self._policy.current.collections_of(groups))
        return Guest(visitor, key=user, name=user)

    def _is_proxy(self, connection: HTTPConnection) -> bool:
        """Whether the connection itself comes from the proxy, whatever headers say of its way."""
        try:
            address = ipaddress.ip_address(connection.client.host if connection.client else "")
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def _knows(self, secrets: list[str]) -> bool:
        return hmac.compare_digest(_digest("".join(secrets).encode("latin-1")), self._secret)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _network(address: str) -> Network:
    """An address or a network.

    Raises:
        FootnoteError: when it is neither, or all there are.
    """
    try:
        network = ipaddress.ip_network(address)
    except ValueError as error:
        raise FootnoteError(
            f"Setting proxy_addresses: {address!r} is no address or network, such as 10.0.0.5 or 10.0.0.0/24."
        ) from error
    if network.prefixlen == 0:
        raise FootnoteError(f"Setting proxy_addresses: {address} is everybody; name the proxy alone.")
    return network


def _user(sent: str) -> str:
    """A person's name in Unicode's normal form C.

    Raises:
        Problem: when it can't be one, such as two names in one header.
    """
    user = unicodedata.normalize("NFC", _text(sent))
    if not (0 < len(user) <= LONGEST_USER and user.isprintable() and user == user.strip()) or "," in user:
        raise Problem(NOT_READABLE, TWICE)
    return user


def _groups(sent: str) -> frozenset[str]:
    """The groups of a list with commas.

    Raises:
        Problem: when one of them can't be a group's name.
    """
    groups = [one.strip(" ") for one in _text(sent).split(",")] if sent.strip() else []
    if len(groups) > MOST_GROUPS or not all(map(is_group, groups)):
        raise Problem(NOT_READABLE, TWICE)
    return frozenset(groups)


def _text(sent: str) -> str:
    """What the bytes of a header mean in UTF-8; Starlette reads them as Latin-1.

    Raises:
        Problem: when they are no UTF-8.
    """
    try:
        return sent.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(NOT_READABLE, TWICE) from error
