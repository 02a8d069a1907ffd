"""What a signed token says, or nothing: from the text to checked claims, in the order that offers a forger least.

Size and shape first, then the header, the key by the token's own issuer, the signature (PyJWT, HS256 and nothing else),
and only then what it says. The rules are those of RFC 8725 (best current practices for JWT). What this module does not
do: say whether an embed, an origin or a collection is allowed (`access.tokens`).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import jwt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr, ValidationError

from access.embed import NAME
from access.policy import COLLECTION, is_group, normal_form
from access.refusals import Refused

LONGEST_LIFE = 600
"""Seconds from ``iat`` to ``exp`` at most."""
SKEW = 60
"""Seconds that another server's clock may be off."""
ALGORITHM = "HS256"

_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}")
_JWS = jwt.PyJWS(algorithms=[ALGORITHM])


def _claim_of(pattern: re.Pattern[str]) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError
        return value

    return AfterValidator(check)


def _group(value: str) -> str:
    if not is_group(value):
        raise ValueError
    return normal_form(value)


def _user(value: str) -> str:
    if value and not is_group(value):
        raise ValueError
    return normal_form(value)


Seconds = Annotated[float, Field(strict=True, ge=0, le=1e11, allow_inf_nan=False)]
Name = Annotated[StrictStr, _claim_of(NAME)]
User = Annotated[StrictStr, AfterValidator(_user)]
Groups = Annotated[tuple[Annotated[StrictStr, AfterValidator(_group)], ...], Field(max_length=500)]
Collections = Annotated[tuple[Annotated[StrictStr, _claim_of(COLLECTION)], ...], Field(max_length=200)]


class Claims(BaseModel):
    """What both kinds of token say. ``iss`` is the embed; times are in seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    iss: Name
    origin: StrictStr
    iat: Seconds
    exp: Seconds
    nbf: Seconds = 0
    sub: User = ""
    groups: Groups | None = None
    collections: Collections | None = None


Said = TypeVar("Said", bound=Claims)


class HostClaims(Claims):
    """What the server of an embedding page says; ``jti`` names this token and no other."""

    aud: Literal["footnote"]
    jti: Annotated[StrictStr, Field(min_length=8, max_length=128)]


class OwnClaims(Claims):
    """What we say to ourselves, on each request of an embed's visitor."""

    aud: Literal["footnote-visitor"]


@dataclass(frozen=True, slots=True)
class Kind(Generic[Said]):
    """A kind of token: its ``typ``, what it says, and its longest form in characters."""

    typ: str
    claims: type[Said]
    longest: int


HOST = Kind("JWT", HostClaims, 4096)
OWN = Kind("footnote+jwt", OwnClaims, 8192)


def opened(token: str, kind: Kind[Said], key_of: Callable[[str], bytes | None], *, now: float) -> Said:
    """What a token of this kind says, if it is genuine and of now.

    Args:
        token: the text, from anybody.
        kind: what it has to be.
        key_of: the key for an issuer, ``None`` for one that we don't know.
        now: the time, in seconds since 1970.

    Raises:
        Refused: for every other text.
    """
    if len(token) > kind.longest or not _SHAPE.fullmatch(token):
        raise Refused("the token has not the shape of one")
    header, payload = (_parsed(part) for part in token.split(".")[:2])
    if None in payload.values():  # a host that forgot a value must not get what leaving the claim out means
        raise Refused("the token has a claim that is null")
    if header != {"alg": ALGORITHM, "typ": kind.typ}:
        raise Refused("the token's header is not as agreed")
    issuer = payload.get("iss")
    key = key_of(issuer) if isinstance(issuer, str) and NAME.fullmatch(issuer) else None
    if not key:
        raise Refused("there is no key for the token's issuer")
    try:
        _JWS.decode(token, key, algorithms=[ALGORITHM])
        claims = kind.claims.model_validate(payload)
    except jwt.InvalidTokenError:
        raise Refused(f"the token's signature is not by the key of {issuer}") from None
    except ValidationError as error:
        raise Refused(f"the token of {issuer} has other claims than agreed: {_places(error)}") from None
    _check_times(claims, now)
    return claims


def _parsed(part: str) -> dict[str, Any]:
    """A part of a token as JSON: an object in UTF-8, no name twice, in the one spelling that base64url has for it."""
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        found = json.loads(content.decode("utf-8"), object_pairs_hook=_no_name_twice, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refused("the token's JSON can't be read") from None
    if not isinstance(found, dict) or base64.urlsafe_b64encode(content).rstrip(b"=") != part.encode("ascii"):
        raise Refused("the token's JSON is not as agreed")
    return found


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object: of two values for one name, one reader takes the first and another the last (RFC 8725, 2.4)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON, and no time is later than Infinity


def _places(error: ValidationError) -> str:
    """The names of the claims that are wrong; of those that we don't know, that there are some."""
    places = {
        str(fault["loc"][0]) if fault["type"] != "extra_forbidden" else "unknown ones" for fault in error.errors()
    }
    return ", ".join(sorted(places))


def _check_times(claims: Claims, now: float) -> None:
    if not 0 < claims.exp - claims.iat <= LONGEST_LIFE:
        raise Refused(f"the token of {claims.iss} lives longer than {LONGEST_LIFE} s")
    if max(claims.iat, claims.nbf) > now + SKEW:
        raise Refused(f"the token of {claims.iss} is of the future")
    if claims.exp <= now - SKEW:
        raise Refused(f"the token of {claims.iss} has expired")


def signed(claims: dict[str, Any], kind: Kind[Any], key: bytes) -> str:
    """A token of this kind; names that are not ASCII stay as short as UTF-8 has them."""
    payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return _JWS.encode(payload, key, algorithm=ALGORITHM, headers={"typ": kind.typ})
