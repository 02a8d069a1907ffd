"""An OpenID Connect provider: where it signs people in, and whom it signed in for a code that it sent.

The authorization code flow of OpenID Connect Core 1.0 (https://openid.net/specs/openid-connect-core-1_0.html, section
3.1), with PKCE (RFC 7636) and the advice of RFC 9700. What this module does not do: cookies, sessions, or trust in
anything but a signed ID token (`web.id_tokens`); nothing is asked of the userinfo endpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from access.origins import is_loopback
from web.id_tokens import UNREADABLE, UNSIGNED, Expected, Keys, Person, SignInError, claims_of, key_set, person_of

KEPT_S = 3600.0
"""How long what the provider says of itself is believed."""
FRESH_KEYS_S = 30.0
"""How often at most its keys are asked for again, when a token names one that isn't known."""
TIMEOUT_S = 10.0
LONGEST_ANSWER = 1_000_000


class UnreachableError(SignInError):
    """The provider does not answer as one should."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0, section 3)."""

    authorization: str
    token: str
    keys: str
    names_itself: bool
    """Whether its answers through the browser say whose they are (RFC 9207)."""
    has_groups_scope: bool


@dataclass(frozen=True, slots=True)
class Client:
    """Footnote as the provider knows it; an empty ``secret`` is none, ``groups`` is the claim that lists them."""

    name: str
    secret: Callable[[], str]
    redirect: str
    groups: str


class Provider:
    """One provider, asked about itself when it is needed."""

    def __init__(self, issuer: str, client: Client) -> None:
        self.issuer = issuer
        self._client = client
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, Keys] | None = None

    async def metadata(self) -> Metadata:
        """Where it signs people in.

        Raises:
            UnreachableError: when it does not say, or says it of somebody else.
        """
        if self._metadata is None or time.monotonic() - self._metadata[0] > KEPT_S:
            said = await self._json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if said.get("issuer") != self.issuer:
                raise UnreachableError("the provider names another issuer than the setting oidc_issuer")
            self._metadata = (time.monotonic(), _metadata(said))
        return self._metadata[1]

    async def address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in.

        Raises:
            UnreachableError: when the provider can't be asked.
        """
        metadata = await self.metadata()
        scope = "openid profile groups" if metadata.has_groups_scope else "openid profile"
        async with self._session() as session:
            address, _ = session.create_authorization_url(
                metadata.authorization, state=state, nonce=nonce, code_verifier=verifier, scope=scope
            )
        return str(address)

    async def person(self, code: str, *, verifier: str, nonce: str) -> Person:
        """Whom the provider signed in, for a code that came through the browser.

        Raises:
            SignInError: when the provider does not take the code, or its token is not one for us, of now, for this
                sign-in.
        """
        metadata = await self.metadata()
        try:
            async with self._session() as session:
                answer = await session.fetch_token(
                    metadata.token, grant_type="authorization_code", code=code, code_verifier=verifier,
                    redirect_uri=self._client.redirect,
                )  # fmt: skip
        except AuthlibBaseError as error:
            raise SignInError("the provider did not take the code") from error
        except (httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
            raise UnreachableError(
                f"the provider's answer to the code can't be read ({type(error).__name__})"
            ) from error
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInError("the provider sent no ID token")
        expected = Expected(self.issuer, self._client.name, self._client.groups, nonce)
        return person_of(await self._claims(token), expected)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        """What a token says, when the provider signed it.

        Raises:
            SignInError: when it did not.
        """
        try:
            try:
                return claims_of(token, await self._key_set())
            except UNSIGNED:
                if not await self._renew_keys():
                    raise
                return claims_of(token, await self._key_set())
        except UNREADABLE as error:
            raise SignInError(f"the ID token is not signed by the provider ({type(error).__name__})") from error

    async def _key_set(self) -> Keys:
        if self._keys is None or time.monotonic() - self._keys[0] > KEPT_S:
            said = await self._json((await self.metadata()).keys)
            self._keys = (time.monotonic(), key_set(said))
        return self._keys[1]

    async def _renew_keys(self) -> bool:
        """Forget the keys when they may be out of date: the provider takes new ones now and then."""
        if self._keys is None or time.monotonic() - self._keys[0] < FRESH_KEYS_S:
            return False
        self._keys = None
        return True

    async def _json(self, address: str) -> dict[str, Any]:
        """A JSON object of the provider's.

        Raises:
            UnreachableError: when there is none.
        """
        try:
            async with self._session() as session:
                response = await session.request("GET", address, withhold_token=True)
                response.raise_for_status()
                said = response.json() if len(response.content) <= LONGEST_ANSWER else None
        except (httpx2.HTTPError, ValueError) as error:
            raise UnreachableError(f"{address} does not answer as it should ({type(error).__name__})") from error
        if not isinstance(said, dict):
            raise UnreachableError(f"{address} does not answer with a JSON object")
        return said

    def _session(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=self._client.name,
            client_secret=self._client.secret() or None,
            redirect_uri=self._client.redirect,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )


def is_safe(address: object) -> bool:
    """Whether an address may be asked for keys and tokens: over https, or on this machine."""
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _metadata(said: Mapping[str, Any]) -> Metadata:
    """The parts of what a provider says of itself that we go by.

    Raises:
        UnreachableError: when one is missing, or could be read on the way.
    """
    addresses = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(map(is_safe, addresses)):
        raise UnreachableError("the provider has to name its endpoints, each over https")
    authorization, token, keys = map(str, addresses)
    scopes = said.get("scopes_supported")
    return Metadata(
        authorization,
        token,
        keys,
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        has_groups_scope=isinstance(scopes, list) and "groups" in scopes,
    )
