"""The contract of stores, for Milvus in a file."""

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from contracts.stores import StoreContract
from fakes import IDENTITY

from indexer.milvus_address import address_of
from indexer.store import IndexStore

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class TestMilvusLite(StoreContract):
    @pytest.fixture
    def opens(self, tmp_path):
        milvus = address_of(str(tmp_path / "rows.db"))
        return lambda identity=IDENTITY: IndexStore(tmp_path / "index", identity, create=True, milvus=milvus)
