"""A folder of documents and an empty index for indexing runs; the index must be whole when a test ends."""

import pytest
from fakes import IDENTITY
from indexing_runs import Indexing

from indexer.store import IndexStore


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def run_store(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    yield store
    assert store.check() == "ok"
    store.close()


@pytest.fixture
def indexing(run_store):
    return Indexing(run_store)
