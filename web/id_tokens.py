"""What an ID token says, checked: that the provider signed it, and that it is for us, of now, for this sign-in.

By OpenID Connect Core 1.0, section 3.1.3.7 (https://openid.net/specs/openid-connect-core-1_0.html); no mail address
names a person. The only module that knows `joserfc`. What this module does not do: talk to a provider (`web.provider`).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from access.policy import is_group

ALGORITHMS = ("RS256", "ES256")
"""What an ID token may be signed with: by a key that only the provider has."""
SKEW_S = 60
MOST_GROUPS = 1_000
UNSIGNED = (JoseError, ValueError)
"""What is raised for a token that none of the keys signed; newer keys might have."""
UNREADABLE = (*UNSIGNED, TypeError, KeyError)
"""What is raised for keys and tokens that can't be read as well."""
Keys = KeySet
"""What a provider signs with, as far as it publishes it."""


class SignInError(Exception):
    """A sign-in that came to nothing; the text is for the log and holds no code or token."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider signed in: its own name for them, never one they chose; their groups; what to call them."""

    subject: str
    groups: frozenset[str]
    name: str


@dataclass(frozen=True, slots=True)
class Expected:
    """Of whom, for whom and for which sign-in a token has to be; ``groups`` is the claim that lists them."""

    issuer: str
    client: str
    groups: str
    nonce: str


def key_set(said: Mapping[str, Any]) -> Keys:
    """The keys that a provider publishes; raises one of `UNREADABLE` when they are none."""
    return KeySet.import_key_set(said)  # type: ignore[arg-type]


def claims_of(token: str, keys: Keys) -> Mapping[str, Any]:
    """What a token says, when one of these keys signed it; raises one of `UNREADABLE` when none did."""
    return jwt.decode(token, keys, algorithms=ALGORITHMS).claims


def person_of(claims: Mapping[str, Any], expected: Expected) -> Person:
    """Whom the claims of a genuine token name.

    Raises:
        SignInError: when they are not for us, of now, for this sign-in.
    """
    rules = JWTClaimsRegistry(
        leeway=SKEW_S,
        iss={"essential": True, "value": expected.issuer},
        aud={"essential": True, "value": expected.client},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        rules.validate(dict(claims))
    except (JoseError, TypeError, OverflowError) as error:
        raise SignInError(f"the ID token is not for this sign-in ({type(error).__name__})") from error
    audience, party, said = claims["aud"], claims.get("azp"), claims.get("nonce")
    has_others = isinstance(audience, list) and len(audience) > 1
    if party != expected.client and (has_others or party is not None):
        raise SignInError("the ID token was made for another client")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), expected.nonce.encode()):
        raise SignInError("the ID token belongs to another sign-in")
    if not is_group(claims["sub"]):
        raise SignInError("the ID token's subject can't be a name")
    return Person(claims["sub"], _groups(claims.get(expected.groups)), _name(claims))


def _groups(said: Any) -> frozenset[str]:
    """The groups in a claim: a name or a list of names; what can't be one opens nothing and is left out."""
    names = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    return frozenset(name for name in names[:MOST_GROUPS] if isinstance(name, str) and is_group(name))


def _name(claims: Mapping[str, Any]) -> str:
    names = (claims.get(claim) for claim in ("name", "preferred_username"))
    return next((name[:100] for name in names if isinstance(name, str) and is_group(name[:100])), "")
