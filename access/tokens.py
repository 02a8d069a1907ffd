"""The tokens of embeds: from what a host's server signed to a visitor, and to the token of ours that they ask with.

    host's server --mint_host_token--> widget --exchange (once)--> Visitor --mint_own_token--> widget
    each request of the widget --read_own_token--> Visitor

A visitor sees the embed's collections, of these those that the policy gives their groups, and of these those that the
host's token names. It is worked out anew at each request, so that an embed switched off, a page taken off its list, a
key changed or a rule taken away counts at once. What this module does not do: HTTP, and saying what a token has to look
like (`access.claims`).
"""

from __future__ import annotations

import math
import secrets
from typing import Any

from access.claims import HOST, LONGEST_LIFE, OWN, SKEW, Claims, opened, signed
from access.database import Database
from access.embeds import Embed, Embeds
from access.keys import Keys
from access.policy import Policy, narrowed
from access.refusals import Refused
from access.visitor import Visitor


def mint_host_token(visitor: Visitor, key: bytes | str, *, now: float, seconds: int = 300) -> str:
    """What a host's server signs: who its visitor is. Ours does it too, for somebody who is signed in here.

    Args:
        visitor: ``embed`` and ``origin`` have to be there; ``collections`` can only narrow the embed's.
        key: the embed's.
        now: the time, in seconds since 1970.
        seconds: how long it lives, at most 600.
    """
    claims: dict[str, Any] = {
        "iss": visitor.embed,
        "aud": "footnote",
        "origin": visitor.origin,
        "sub": visitor.user,
        "groups": sorted(visitor.groups),
        "iat": math.floor(now),
        "exp": math.floor(now) + seconds,
        "jti": secrets.token_urlsafe(16),
    }
    if visitor.collections is not None:
        claims["collections"] = sorted(visitor.collections)
    return signed(claims, HOST, key.encode("utf-8") if isinstance(key, str) else key)


def exchange(
    token: str, *, origin: str, embeds: Embeds, keys: Keys, database: Database, policy: Policy, now: float
) -> Visitor:
    """The visitor that a host's token names; the token is used up.

    Args:
        token: what the widget sent.
        origin: the request's ``Origin`` header.
        embeds: the embeds.
        keys: their keys.
        database: where used tokens are written down.
        policy: which groups see what.
        now: the time, in seconds since 1970.

    Raises:
        Refused: for any token but a genuine one of now, for this origin, that was not used before.
        FootnoteError: when it can't be written down that it was used.
    """
    claims = opened(token, HOST, keys.of, now=now)
    embed = _embed_for(claims, origin, embeds)
    asked = _asked(claims)
    if asked is not None and narrowed(embed.collections, asked) != asked:
        raise Refused(f"the token of {embed.name} names a collection that is not this embed's")
    visitor = _visitor(claims, embed, policy)
    if not database.use_once(embed.name, claims.jti, until=claims.exp + SKEW, now=now):
        raise Refused(f"the token of {embed.name} was used before")
    return visitor


def mint_own_token(
    visitor: Visitor, *, embeds: Embeds, keys: Keys, policy: Policy, now: float, seconds: int = LONGEST_LIFE
) -> tuple[str, int]:
    """Our token for a visitor of an embed, and the seconds that it lives.

    Raises:
        Refused: when the embed or its key has gone in the meantime.
    """
    embed, key = embeds.get(visitor.embed), keys.own(visitor.embed)
    if embed is None or key is None:
        raise Refused("the visitor's embed, or its key, is gone")
    claims: dict[str, Any] = {
        "iss": visitor.embed,
        "aud": "footnote-visitor",
        "origin": visitor.origin,
        "sub": visitor.user,
        "groups": sorted(visitor.groups),
        "iat": math.floor(now),
        "exp": math.floor(now) + min(seconds, LONGEST_LIFE),
    }
    # What embed and policy say is looked up at each request; only what is narrower has to be carried.
    if visitor.collections is not None and visitor.collections != _seen(embed, policy, visitor.groups, None):
        claims["collections"] = sorted(visitor.collections)
    return signed(claims, OWN, key), claims["exp"] - claims["iat"]


def read_own_token(token: str, *, origin: str, embeds: Embeds, keys: Keys, policy: Policy, now: float) -> Visitor:
    """The visitor that a token of ours was made for, with what they may see now. Nothing is written.

    Raises:
        Refused: for any text but a token of ours, of now, for this origin, of an embed that is on and still has it.
    """
    claims = opened(token, OWN, keys.own, now=now)
    return _visitor(claims, _embed_for(claims, origin, embeds), policy)


def _embed_for(claims: Claims, origin: str, embeds: Embeds) -> Embed:
    """The embed that a genuine token is of, if it is on and the request comes from the page that the token names."""
    embed = embeds.get(claims.iss)
    if embed is None or not embed.on:
        raise Refused(f"there is no embed {claims.iss}, or it is off")
    if claims.origin != origin:
        raise Refused(f"the token of {embed.name} is for another origin than the request's")
    if origin not in embed.origins:
        raise Refused(f"the origin in the token of {embed.name} is not one of the embed's")
    return embed


def _visitor(claims: Claims, embed: Embed, policy: Policy) -> Visitor:
    groups = frozenset(claims.groups) if claims.groups is not None else embed.groups
    if embed.groups:
        groups &= embed.groups
    collections = _seen(embed, policy, groups, _asked(claims))
    if collections is not None and not collections:
        raise Refused(f"there is no collection of {embed.name} that the visitor's groups see")
    return Visitor(claims.sub, groups, collections, embed.name, claims.origin)


def _seen(embed: Embed, policy: Policy, groups: frozenset[str], asked: frozenset[str] | None) -> frozenset[str] | None:
    return policy.collections_of(groups, asked=narrowed(embed.collections, asked))


def _asked(claims: Claims) -> frozenset[str] | None:
    return None if claims.collections is None else frozenset(claims.collections)
