"""Milvus, a server or a file: how it is reached, how long it is waited for, and what its errors say to a user.

The only module that knows pymilvus. What this module does not do: know what is stored (indexer/milvus_rows.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schema import FootnoteError

CONNECT_S = 5.0
"""Seconds to wait for an answer to the first call of a connection."""
CALL_S = 10.0
"""Seconds to wait for a search or another short call."""
FILL_S = 120.0
"""Seconds to wait for a call that writes, flushes or loads."""


class StoreUnavailable(FootnoteError):  # noqa: N818  (it says what is the case, as the doors report it)
    """The search engine could not be reached or did not answer in time: the same question may be answered later."""


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
    raise NotImplementedError


class Connection:
    """An open connection to Milvus; safe to use from several threads.

    Args:
        address: where.
        connect_s: seconds to wait for it.
        call_s: seconds to wait for a short call.

    Raises:
        StoreUnavailable: nothing answers there.
        FootnoteError: pymilvus is not installed; the token is refused; the file is open in another process or its folder
            can be read by others.
    """

    def __init__(self, address: Address, *, connect_s: float = CONNECT_S, call_s: float = CALL_S) -> None:
        raise NotImplementedError

    @property
    def is_lite(self) -> bool:
        """Whether this is Milvus Lite: its BM25 scores are negative, and after filling it is flushed and loaded."""
        raise NotImplementedError

    def call(self, method: str, /, **arguments: Any) -> Any:
        """Call a method of pymilvus' client by its name, once, with a time-out.

        Raises:
            StoreUnavailable: it could not be reached, or did not answer in time.
            FootnoteError: it refused.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the connection; of a file, also the server that pymilvus started for it."""
        raise NotImplementedError
