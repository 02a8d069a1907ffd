"""Which engine searches an index: the one that its catalogue names, if it is the one that was asked for."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

from indexer.engine import Engine
from indexer.local_engine import LocalEngine
from indexer.milvus_address import Address
from indexer.milvus_engine import MilvusEngine
from indexer.milvus_rows import Rows
from indexer.milvus_sharing import borrowed, given_back
from indexer.opened import OpenCatalogue
from indexer.outside import Outside, read_outside, record_outside
from schema import FootnoteError


def open_engine(catalogue: OpenCatalogue, milvus: Address | None) -> Engine:
    """The engine of an index, inside a snapshot of it.

    Args:
        catalogue: the index.
        milvus: the address that is set; ``None`` for search in the folder of the index.

    Raises:
        FootnoteError: the index is searched by another engine, or its engine can't be used.
    """
    outside = read_outside(catalogue.connection)
    if (outside.uri if outside else "") != (milvus.uri if milvus else ""):
        raise _other_engine(catalogue.folder, outside, milvus)
    if outside is None or milvus is None:
        return LocalEngine(catalogue)
    engine = MilvusEngine(catalogue, outside, milvus)
    try:
        engine.look()
    except BaseException:
        engine.close()
        raise
    return engine


def made_for(connection: sqlite3.Connection, milvus: Address, dimension: int) -> None:
    """Make a new index, which holds no documents, one that Milvus searches; inside the caller's transaction."""
    outside = Outside(milvus.uri, new_name())
    lent = borrowed(milvus)
    try:
        Rows(lent, outside.name, dimension).create()
    finally:
        given_back(lent)
    record_outside(connection, outside)


def new_name() -> str:
    """A name that nothing else in Milvus has."""
    return secrets.token_hex(8)


def _other_engine(folder: Path, outside: Outside | None, milvus: Address | None) -> FootnoteError:
    if outside is None:
        return FootnoteError(
            f"The index {folder} is searched in its own folder, and the setting milvus names "
            f"{milvus.uri if milvus else ''}. Let Milvus search it with: footnote migrate --to milvus. Or leave the "
            "setting milvus empty."
        )
    asked = f"names {milvus.uri}" if milvus else "is empty"
    return FootnoteError(
        f"The index {folder} is searched by Milvus at {outside.uri}, and the setting milvus {asked}. Set "
        f"FOOTNOTE_MILVUS={outside.uri}. Or let something else search it: footnote migrate --to "
        f"{'milvus' if milvus else 'local'}"
    )
