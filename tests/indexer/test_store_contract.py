"""The contract of stores, for the engine of one machine."""

import pytest
from contracts.stores import StoreContract
from fakes import IDENTITY

from indexer.store import IndexStore


class TestLocal(StoreContract):
    @pytest.fixture
    def opens(self, tmp_path):
        return lambda identity=IDENTITY: IndexStore(tmp_path / "index", identity, create=True)
