"""The value that says who asks; every door makes one, and everything below a door can only narrow what it may see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    ``user`` is empty for somebody who is let in without a name. ``collections`` are the names of those that may be
    seen, ``None`` for all that there are. ``embed`` is the embed's name when the question comes from somebody else's
    page, and ``origin`` (scheme, host, port) is that page's.
    """

    user: str = ""
    groups: frozenset[str] = frozenset()
    collections: frozenset[str] | None = None
    embed: str = ""
    origin: str = ""
