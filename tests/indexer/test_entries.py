"""What a catalogue says of itself, above all which documents there are."""

import sqlite3

import numpy as np
import pytest
from fakes import IDENTITY

from indexer.catalogue import DamagedIndexError, transaction
from indexer.changing import Change, Relabelled
from indexer.digests import digest
from indexer.entries import read_meta, require_documents, write_meta
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Block, Extraction, Source

LIST = "the list of documents is not as it was written"


def document(name, text="text"):
    extraction = Extraction(text, (Block("paragraph", 0, len(text)),))
    return IndexedDocument(
        Source("default", name, "", None, "0"), extraction, [], np.zeros((0, 32), np.float32), "/docs"
    )


@pytest.fixture
def store(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    yield store
    store.close()


def row_digests(store):
    return [row[0] for row in store._connection.execute("SELECT digest FROM source")]


def recorded(store):
    return read_meta(store._connection, "documents")


def sum_of(store):
    return f"sum {sum(int.from_bytes(one, 'big') for one in row_digests(store)) % 2**128:032x}"


def test_every_kind_of_commit_records_the_sum_of_the_documents(store):
    assert recorded(store) == sum_of(store) == f"sum {0:032x}"
    seen = {recorded(store)}
    label = Relabelled("default/1", Source("default", "8", "New", None, "0"), "/other", {}, "")
    for step in (
        lambda: store.put([document(str(number)) for number in range(5)]),
        lambda: store.put([document("3", "other"), document("3", "twice")]),
        lambda: store.apply([Change(("default/2",), (label,), (document("9"),)), Change(("default/9", "default/no"))]),
        lambda: store.note({"default/0": "noted", "default/no": ""}),
        lambda: store.delete(["default/0", "default/0", "default/no"]),
    ):
        step()
        assert recorded(store) == sum_of(store)
        seen.add(recorded(store))
    assert len(seen) == 6
    assert [info.source.path for info in store.sources()] == ["3", "4", "8"]
    store.delete([info.source.source_id for info in store.sources()])
    assert recorded(store) == f"sum {0:032x}"


def test_a_commit_that_fails_records_nothing(store):
    store.put([document("1")])
    before = recorded(store)
    bad = document("2")
    with pytest.raises(sqlite3.Error):
        store.apply([Change((), (), (document("3"), document("1", "new"), replace_root(bad, None)))])
    assert (recorded(store), sum_of(store)) == (before, before)


def replace_root(document, root):
    return IndexedDocument(*(getattr(document, name) for name in ("source", "extraction", "chunks", "vectors")), root)


def test_a_commit_asks_for_no_documents_but_its_own(store):
    def statements(name):
        said = []
        store._connection.set_trace_callback(said.append)
        store.put([document(name)])
        store.note({f"default/{name}": "noted"})
        store.delete([f"default/{name}"])
        store._connection.set_trace_callback(None)
        return [one.replace(name, "NAME") for one in said if one.startswith("SELECT") and "FROM source" in one]

    few = statements("first")
    store.put([document(str(number)) for number in range(100)])
    assert statements("other") == few != []
    assert all(one.endswith("WHERE source_id = 'default/NAME'") for one in few)


@pytest.mark.parametrize(
    "accident",
    [
        "DELETE FROM source WHERE id = 2",
        "UPDATE source SET digest = (SELECT digest FROM source WHERE id = 1) WHERE id = 2",
        "UPDATE source SET digest = 'text' WHERE id = 2",
        "UPDATE source SET digest = x'' WHERE id = 2",
    ],
)
def test_what_no_commit_did_is_told_and_made_good_by_none_that_follows(store, accident):
    store.put([document("1"), document("2"), document("3")])
    store._connection.execute("PRAGMA foreign_keys = OFF")
    store._connection.execute(accident)
    for name in ("4", "5"):
        with transaction(store._connection, write=False), pytest.raises(sqlite3.DatabaseError, match=LIST):
            require_documents(store._connection)
        store.put([document(name)])
    with pytest.raises(DamagedIndexError):
        IndexStore(store.folder, IDENTITY)


def test_a_document_that_is_put_back_is_told(store):
    store.put([document("1", "old")])
    store._connection.execute("CREATE TEMP TABLE aside AS SELECT * FROM source")
    store.put([document("1", "new")])
    store._connection.execute("PRAGMA foreign_keys = OFF")
    store._connection.execute("DELETE FROM source")
    store._connection.execute("INSERT INTO source SELECT * FROM aside")
    with transaction(store._connection, write=False), pytest.raises(sqlite3.DatabaseError, match=LIST):
        require_documents(store._connection)


def as_of_earlier_versions(store):
    """The entry as it was before there were sums: a digest of all digests, in order."""
    write_meta(store._connection, "documents", digest(*sorted(row_digests(store))).hex())


def test_an_index_of_before_there_were_sums_goes_on_with_one(store):
    store.put([document("1"), document("2")])
    as_of_earlier_versions(store)
    IndexStore(store.folder, IDENTITY).close()
    assert not recorded(store).startswith("sum")
    store.note({"default/1": "noted"})
    assert recorded(store) == sum_of(store)
    as_of_earlier_versions(store)
    store._connection.execute("PRAGMA foreign_keys = OFF")
    store._connection.execute("DELETE FROM source WHERE id = 1")
    with pytest.raises(DamagedIndexError, match=LIST):
        IndexStore(store.folder, IDENTITY)
