"""Where Milvus is, a server or a file, as a user sets it: which addresses are taken, and which are not safe.

What this module does not do: connect (indexer/milvus_client.py); pymilvus is not needed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from schema import FootnoteError


@dataclass(frozen=True, slots=True)
class Address:
    """Where Milvus is: a file (`is_lite`, then ``uri`` is its absolute path) or ``http://``, ``https://``.

    The token is in no ``repr``.
    """

    uri: str
    is_lite: bool
    token: str = field(default="", repr=False)


def address_of(where: str, token: str = "") -> Address:
    """The address that a user has set, checked.

    Args:
        where: ``FILE.db``, or ``https://HOST:PORT``; ``http://`` on loopback alone.
        token: of the server, from the environment.

    Raises:
        FootnoteError: neither a file nor an address; a name and password in it; not loopback without TLS or a token.
    """
    if "://" not in where:
        if not where.endswith(".db"):
            raise FootnoteError(
                f"{where!r} is no place for Milvus. Name a file that ends in .db, or https://HOST:PORT."
            )
        return Address(str(Path(where).expanduser().absolute()), is_lite=True)
    try:
        parts = urlsplit(where)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise FootnoteError(f"The address of Milvus can't be read: {error}. Write https://HOST:PORT.") from error
    if "@" in parts.netloc:
        raise FootnoteError(
            "The address of Milvus holds a name or password, which would be shown with it. Write https://HOST:PORT and "
            "set FOOTNOTE_MILVUS_TOKEN to NAME:PASSWORD."
        )
    shown = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise FootnoteError(f"{shown} is no address of Milvus. Write https://HOST:PORT and nothing after it.")
    if not _is_loopback(host) and (parts.scheme != "https" or not token):
        raise FootnoteError(
            f"{shown} is another machine: Milvus there is used over TLS and with a token alone. Write https://, and "
            "set FOOTNOTE_MILVUS_TOKEN in the environment."
        )
    return Address(f"{parts.scheme}://{parts.netloc if port else f'{parts.netloc}:19530'}", is_lite=False, token=token)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
