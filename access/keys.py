"""The secrets: ``footnote-access.keys``, a TOML file beside the access file that only its owner may read.

    server = "..."              # signs our own tokens
    password = "..."            # for identity = "password"; or FOOTNOTE_PASSWORD
    proxy_secret = "..."        # what a single sign-on proxy sends in X-Footnote-Proxy
    oidc_client_secret = "..."
    [embeds]
    handbook = "..."            # shared with the server of the page that embeds us

A key that we make is 32 random bytes, written as 43 characters; the characters themselves are the key, so that every
library takes it as it stands. What this module does not do: sign or check anything.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from access.files import Live, held, write_atomically
from schema import FootnoteError

PASSWORD_VARIABLE = "FOOTNOTE_PASSWORD"  # noqa: S105  (the variable's name)
SHORTEST_KEY, FEWEST_CHARACTERS = 32, 10
"""A key's length, and how many different characters it has at least; of 32 random bytes in hexadecimal about 16."""
SHORTEST_PASSWORD = 12
_SINGLE = ("server", "password", "proxy_secret", "oidc_client_secret")
_DEFAULTS = ("changeme", "change-me", "change_me", "replace", "example", "secret", "password", "footnote", "default")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What stands in the keys file; a secret that isn't there is empty, and none is ever shown."""

    server: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    proxy_secret: str = field(default="", repr=False)
    oidc_client_secret: str = field(default="", repr=False)
    embeds: Mapping[str, str] = field(default_factory=dict, repr=False)


def keys_path(access_file: Path) -> Path:
    """Where the keys stand that belong to an access file."""
    return access_file.with_suffix(".keys")


class Keys:
    """The secrets as of now; see `access.files.Live`.

    Raises:
        FootnoteError: when the file is wrong to begin with, may be read by others, or holds a weak secret.
    """

    def __init__(self, path: Path, *, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._live = Live(path, read_keys)
        self._password = (os.environ if environment is None else environment).get(PASSWORD_VARIABLE, "")
        if self._password:
            check_password(self._password, PASSWORD_VARIABLE)

    def of(self, embed: str) -> bytes | None:
        """The key that the server of an embed's page signs with."""
        key = self._live.current.embeds.get(embed)
        return key.encode("utf-8") if key else None

    def own(self, embed: str) -> bytes | None:
        """The key that we sign the tokens of this embed's visitors with.

        It is made of the server's key and the embed's, so that a token ends when either is changed, and knowing the
        embed's is of no use.
        """
        key, server = self.of(embed), self._live.current.server
        if not key or not server:
            return None
        return hmac.digest(server.encode("utf-8"), b"footnote visitor\0" + key, hashlib.sha256)

    @property
    def password(self) -> str:
        """The password for identity = "password": from the environment or the file; empty when there is none."""
        return self._password or self._live.current.password

    @property
    def proxy(self) -> str:
        """What the proxy in front proves itself with; empty when there is none."""
        return self._live.current.proxy_secret

    @property
    def oidc_client_secret(self) -> str:
        """What we prove ourselves with to the identity provider; empty when there is none."""
        return self._live.current.oidc_client_secret


def read_keys(path: Path) -> Secrets:
    """The secrets in a keys file; none when there is no file.

    Raises:
        FootnoteError: when it can't be read, may be read by others, or holds a weak secret; never with a secret in it.
    """
    return _secrets_of(_document(path), path)


def _secrets_of(document: dict[str, Any], path: Path) -> Secrets:
    embeds = document.pop("embeds", {})
    if unknown := set(document) - set(_SINGLE):
        raise FootnoteError(
            f"{path}: there is no secret {min(unknown)!r}; there are {', '.join(_SINGLE)}, and the table [embeds]."
        )
    if not isinstance(embeds, dict):
        raise FootnoteError(f"{path}: embeds has to be a table, [embeds].")
    found = {**document, **{f"embeds.{name}": key for name, key in embeds.items()}}
    for name, value in found.items():
        _check(name, value, path)
    if len(set(found.values())) < len(found):
        raise FootnoteError(f"{path}: two secrets are the same; each has to be one of its own.")
    return Secrets(**document, embeds=embeds)


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            if mode & 0o077:
                raise FootnoteError(
                    f"{path} may be read by others (mode {mode:04o}). Take that away: chmod 600 {path}. "
                    "If somebody may have read it, change the keys: footnote embed rotate NAME"
                )
            return tomllib.load(stream)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise FootnoteError(f"{path} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        # No word of the parser's: it may quote what it stumbled over.
        raise FootnoteError(f"{path} is not readable TOML.") from None


def _check(name: str, value: Any, path: Path) -> None:
    place = f"{path}: {name}"
    if not isinstance(value, str):
        raise FootnoteError(f"{place}: has to be a text in quotes.")
    if name == "password":
        check_password(value, place)
    elif name == "oidc_client_secret":  # made by the identity provider, not by us
        if not value:
            raise FootnoteError(f"{place}: is empty.")
    elif len(value) < SHORTEST_KEY or len(set(value)) < FEWEST_CHARACTERS or _is_default(value):
        raise FootnoteError(
            f"{place}: is too short, too simple or a default. Take {SHORTEST_KEY} random bytes: "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )


def _is_default(value: str) -> bool:
    return any(word in value.casefold() for word in _DEFAULTS)


def check_password(value: str, place: str) -> None:
    """Refuse a password that is short or one of those that everybody tries first.

    Raises:
        FootnoteError: beginning with ``place``; without the password.
    """
    if len(value) < SHORTEST_PASSWORD:
        raise FootnoteError(f"{place}: a password needs at least {SHORTEST_PASSWORD} characters.")
    if len(set(value)) < 5 or value.casefold().strip("0123456789!?.-_ ") in (*_DEFAULTS, ""):
        raise FootnoteError(f"{place}: this password is one that others try first. Take three or four unusual words.")


def new_key(path: Path, embed: str) -> str:
    """Make a new key for an embed, in place of the one it may have had, and the file when it is not there.

    Raises:
        FootnoteError: when the file is wrong or can't be written.
    """
    key = secrets.token_urlsafe(32)
    with _changed(path) as document:
        document.setdefault("embeds", {})[embed] = key
    return key


def ensure_server_key(path: Path) -> None:
    """Make the server's key, and the file, when they are not there.

    Raises:
        FootnoteError: when the file is wrong or can't be written.
    """
    if not read_keys(path).server:
        with _changed(path):
            pass


def forget_key(path: Path, embed: str) -> None:
    """Take an embed's key away; nothing happens when it has none.

    Raises:
        FootnoteError: when the file is wrong or can't be written.
    """
    if embed in read_keys(path).embeds:
        with _changed(path) as document:
            del document["embeds"][embed]


@contextmanager
def _changed(path: Path) -> Iterator[Any]:
    """The file's document, with a key of the server's, to be changed; afterwards it is written for its owner only."""
    import tomlkit  # noqa: PLC0415  (a server only reads)

    with held(path):
        read_keys(path)
        document = tomlkit.parse(path.read_bytes().decode("utf-8") if path.exists() else _HEADING)
        document.setdefault("server", secrets.token_urlsafe(32))
        yield document
        content = document.as_string()
        _secrets_of(tomllib.loads(content), path)  # nothing is written that can't be read
        write_atomically(path, content.encode("utf-8"), mode=0o600)


_HEADING = "# Secrets of Footnote: readable for its owner only, in no backup that others read, in no repository.\n\n"
