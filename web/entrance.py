"""Who is let in, as the settings say it: the way of finding out who asks, and the rules on what they see.

What this module does not do: HTTP; the gate (`web.gate`) asks what is built here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import APIRouter

from access.database import FILE, Database
from access.embeds import Embeds
from access.keys import SHORTEST_PASSWORD, Keys, keys_path
from access.origins import is_loopback
from access.policy import LivePolicy
from access.refusals import Refused
from access.sessions import Sessions
from access.shared import Shared, open_shared
from access.tokens import read_own_token
from access.visitor import Visitor
from schema import FootnoteError
from settings import Settings
from web.cookies import Cookie
from web.identity import Everybody, Identity
from web.login import build_login_router
from web.proxy import Proxy
from web.refusal_log import RefusalLog
from web.sessions import PasswordSession, Session


@dataclass(frozen=True, slots=True)
class Rules:
    """What is written down on who may see what: the access file, its keys, and what has to be remembered."""

    policy: LivePolicy
    embeds: Embeds
    keys: Keys
    database: Database
    refusals: RefusalLog = field(default_factory=RefusalLog)

    def visitor(self, token: str, origin: str) -> Visitor | None:
        """The visitor of one of our tokens of an embed; ``None`` for any other text, with the reason in the log."""
        try:
            return read_own_token(
                token,
                origin=origin,
                embeds=self.embeds,
                keys=self.keys,
                policy=self.policy.current,
                now=time.time(),
            )
        except Refused as refused:
            self.refusals.note("A visitor's token", refused)
            return None


@dataclass(frozen=True, slots=True)
class Entrance:
    """What stands at the door of one server; by default it is open to everybody on this machine, without embeds."""

    identity: Identity = field(default_factory=Everybody)
    public_url: str = ""
    rules: Rules | None = None
    routers: tuple[APIRouter, ...] = ()
    """The routes that people sign in by."""
    shared: Shared | None = None
    """What this process remembers together with others of the same server."""

    def visitor(self, token: str, origin: str) -> Visitor | None:
        """The visitor of a token of an embed, or ``None``."""
        return self.rules.visitor(token, origin) if self.rules else None

    @property
    def origins(self) -> Sequence[str]:
        """The origins whose pages may read answers: those of the embeds, as of now."""
        return self.rules.embeds.origins if self.rules else ()

    def close(self) -> None:
        """Close what is open, as the server ends."""
        if self.rules:
            self.rules.database.close()
        if self.shared:
            self.shared.close()


def open_entrance(settings: Settings) -> Entrance:
    """The entrance that the settings describe.

    Raises:
        FootnoteError: when a setting or a secret is missing or wrong, or a file can't be used.
    """
    check_listening(settings)
    path = settings.access_file
    rules = Rules(
        policy=LivePolicy(path, required="access_file" in settings.model_fields_set),
        embeds=Embeds(path),
        keys=Keys(keys_path(path)),
        database=Database(settings.state / FILE),
    )
    shared: Shared | None = None
    try:
        identity = _identity(settings, rules)
        shared = open_shared(settings.shared, settings.shared_password.get_secret_value())
        return Entrance(identity, settings.public_url, rules, _routers(settings, identity, rules, shared), shared)
    except FootnoteError:
        Entrance(rules=rules, shared=shared).close()
        raise


def check_listening(settings: Settings) -> None:
    """Refuse to be reached by others while everybody who reaches the server sees everything.

    Raises:
        FootnoteError: saying which setting to change.
    """
    public = urlsplit(settings.public_url).hostname
    if settings.identity == "none" and not (is_loopback(settings.host) and (not public or is_loopback(public))):
        reached = f"listen on {settings.host}" if not is_loopback(settings.host) else f"be {settings.public_url}"
        raise FootnoteError(
            f"Footnote can't {reached} with identity = none: everybody who reaches it would see every document. Set "
            "identity to password, proxy or oidc (in footnote.toml or as FOOTNOTE_IDENTITY), or leave host and "
            "public_url as they are, for this machine only."
        )


def _identity(settings: Settings, rules: Rules) -> Identity:
    match settings.identity:
        case "none":
            return Everybody()
        case "password":
            return _password(settings, rules)
        case "proxy":
            secret = settings.proxy_secret.get_secret_value() or rules.keys.proxy
            return Proxy(addresses=settings.proxy_addresses, secret=secret, policy=rules.policy)
        case "oidc":
            for name in ("oidc_issuer", "oidc_client_id", "public_url"):
                if not getattr(settings, name):
                    raise FootnoteError(f"identity = oidc needs the setting {name}.")
            return Session("oidc", Sessions(rules.database), cookie=_cookie(settings), policy=rules.policy)


def _password(settings: Settings, rules: Rules) -> Identity:
    if not rules.keys.password:
        raise FootnoteError(
            f"identity = password needs a password of at least {SHORTEST_PASSWORD} characters: set FOOTNOTE_PASSWORD, "
            f"or password in {rules.keys.path}."
        )
    sessions = Sessions(rules.database)
    return PasswordSession(sessions, lambda: rules.keys.password, cookie=_cookie(settings), policy=rules.policy)


def _cookie(settings: Settings) -> Cookie:
    return Cookie("footnote", secure=settings.public_url.startswith("https:"))


def _routers(settings: Settings, identity: Identity, rules: Rules, shared: Shared | None) -> tuple[APIRouter, ...]:
    """The routes that people sign in by."""
    if not isinstance(identity, Session):
        return ()
    login = build_login_router(identity, shared)
    if identity.kind != "oidc":
        return (login,)
    from web.oidc import CALLBACK, build_oidc_router  # noqa: PLC0415  (Authlib takes a while, and few need it)
    from web.provider import Client, Provider, is_safe  # noqa: PLC0415

    if not (is_safe(settings.oidc_issuer) and is_safe(settings.public_url)):
        raise FootnoteError("identity = oidc needs https:// in the settings oidc_issuer and public_url.")

    def secret() -> str:
        return settings.oidc_client_secret.get_secret_value() or rules.keys.oidc_client_secret

    client = Client(settings.oidc_client_id, secret, settings.public_url + CALLBACK, settings.oidc_groups)
    return login, build_oidc_router(identity, Provider(settings.oidc_issuer, client), shared)
