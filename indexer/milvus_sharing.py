"""Connections to Milvus that several users in one process share: a file can be opened once, a server need not be."""

from __future__ import annotations

import threading

from indexer.milvus_address import Address
from indexer.milvus_client import Connection

_MUTEX = threading.Lock()
_OPEN: dict[Address, tuple[Connection, int]] = {}
"""Each open connection, and how many use it."""


def borrowed(address: Address) -> Connection:
    """A connection to this address, which others may use too; to be given back.

    Raises:
        FootnoteError: as `Connection`.
    """
    with _MUTEX:
        connection, users = _OPEN.get(address) or (Connection(address), 0)
        _OPEN[address] = connection, users + 1
        return connection


def given_back(connection: Connection) -> None:
    """Close a connection if nobody else uses it."""
    with _MUTEX:
        _, users = _OPEN.pop(connection.address)
        if users > 1:
            _OPEN[connection.address] = connection, users - 1
        else:
            connection.close()
