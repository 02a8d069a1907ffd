"""Who asks, as the routes see it: the visitor that the gate in front of all routes found, and the ways of finding one.

What this module does not do: decide what a visitor may see (`access.policy`); a route gets a view of just that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from starlette.requests import HTTPConnection

from access.visitor import Visitor

NOBODY = Visitor(collections=frozenset())
"""Sees nothing: what a route gets that no gate stands before."""


@dataclass(frozen=True, slots=True)
class Guest:
    """A visitor with what only the web needs to know.

    ``key`` tells one person's answers in progress from another's; ``name`` is shown at the head of the page;
    ``can_sign_out`` is whether there is a session to end.
    """

    visitor: Visitor
    key: str = ""
    name: str = ""
    can_sign_out: bool = False


class Identity(Protocol):
    """One way of finding out who asks."""

    @property
    def kind(self) -> Literal["none", "password", "proxy", "oidc"]:
        """The setting that chooses this way."""
        ...

    @property
    def login(self) -> str:
        """Where a browser is sent to sign in; empty when there is no such page."""
        ...

    async def find(self, connection: HTTPConnection) -> Guest | None:
        """Who makes this request, or ``None`` for nobody that is known.

        Raises:
            Problem: when the request claims something that it may not.
        """
        ...


class Everybody:
    """``identity = "none"``: whoever reaches this server is on this machine, and sees everything."""

    kind: Literal["none"] = "none"
    login = ""

    async def find(self, connection: HTTPConnection) -> Guest | None:
        """Anybody."""
        return Guest(Visitor())


def visitor_of(connection: HTTPConnection) -> Visitor:
    """The visitor of this request; one who sees nothing when no gate has let it through."""
    visitor = connection.scope.get("state", {}).get("visitor")
    return visitor if isinstance(visitor, Visitor) else NOBODY


def guest_of(connection: HTTPConnection) -> Guest:
    """The visitor of this request with what only the web needs to know."""
    guest = connection.scope.get("state", {}).get("guest")
    return guest if isinstance(guest, Guest) else Guest(NOBODY)
