"""Milvus beside the catalogue: a writer that is stopped at any step, wrong settings, and what it is told."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from contracts.stores import any_of, document, found_by, names, vector
from fakes import IDENTITY

from indexer.filling import migrate
from indexer.milvus_address import Address, address_of
from indexer.milvus_client import StoreUnavailable
from indexer.milvus_engine import MilvusEngine
from indexer.milvus_numbers import collection_number, rows_for
from indexer.milvus_rows import Rows
from indexer.outside import read_waiting
from indexer.searchable import searchable_after
from indexer.store import IndexStore
from schema import Filter, FootnoteError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Killed(BaseException):
    """Stands for the end of the process: nothing that follows it is done."""


@pytest.fixture
def milvus(tmp_path):
    return address_of(str(tmp_path / "rows.db"))


@pytest.fixture
def opens(tmp_path, milvus):
    return lambda **options: IndexStore(tmp_path / "index", IDENTITY, create=True, **{"milvus": milvus} | options)


def numbers(store):
    """Every row that Milvus holds, in the order of its id."""
    return [int(row) for ids, _ in store._engine.held() for row in ids]


def kill_at(monkeypatch, owner, name, *, after):
    """End the process before or after the next call of a method."""
    plain = getattr(owner, name)

    def killed(*arguments, **named):
        if after:
            plain(*arguments, **named)
        raise Killed

    monkeypatch.setattr(owner, name, killed)


STEPS = [
    (Rows, "delete_born_above", False),
    (Rows, "delete_born_above", True),
    (Rows, "upsert", False),
    (Rows, "upsert", True),
    (MilvusEngine, "committed", False),
    (Rows, "delete", False),
    (Rows, "delete", True),
]
COMMITTED = STEPS[4:]


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_that_is_killed_at_any_step_leaves_one_generation(opens, step):
    with closing(opens()) as store:
        store.put([document("a/x.md", "harbour old"), document("b/y.md", "harbour kept")])
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, step[0], step[1], after=step[2])
            with pytest.raises(Killed):
                store.put([document("a/x.md", "harbour new", "harbour newer")])
    text = "new" if step in COMMITTED else "old"
    with closing(opens()) as store:
        assert store.notices == []
        found = store.lexical(any_of("harbour"), 9)
        assert sorted(hit.chunk.text for hit in found) == sorted(
            ["harbour kept", *(["harbour new", "harbour newer"] if text == "new" else ["harbour old"])]
        )
        assert found_by(store, text) == ({"a/x.md"}, {"a/x.md"})
        store.put([document("c/z.md", "harbour last")])
        rows = [row[0] for row in store._connection.execute("SELECT id FROM chunk ORDER BY id")]
        assert numbers(store) == rows
        assert read_waiting(store._connection) == []


def test_rows_that_could_not_be_dropped_go_with_the_next_commit(opens, monkeypatch):
    with closing(opens()) as store:
        store.put([document("a/x.md", "harbour old")])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Rows, "delete", lambda *_: (_ for _ in ()).throw(StoreUnavailable("gone")))
            store.put([document("a/x.md", "harbour new")])
        assert (numbers(store), read_waiting(store._connection)) == ([1, 2], [1])
        assert [hit.chunk.text for hit in store.dense(vector("harbour"), 1)] == ["harbour new"]
        store.put([document("a/y.md", "harbour too")])
        assert (numbers(store), read_waiting(store._connection)) == ([2, 3], [])


def test_rows_that_could_not_be_dropped_go_with_a_run_that_changes_nothing(opens):
    with closing(opens()) as store:
        store.put([document("a/x.md", "harbour old")])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Rows, "delete", lambda *_: (_ for _ in ()).throw(StoreUnavailable("gone")))
            store.put([document("a/x.md", "harbour new")])
            store.save_vectors()
        assert (numbers(store), read_waiting(store._connection)) == ([1, 2], [1])
    with closing(opens()) as store:
        with store.writing():
            store.save_vectors()
        assert (numbers(store), read_waiting(store._connection)) == ([2], [])


def test_a_milvus_that_fails_before_a_commit_leaves_the_catalogue_as_it_was(opens, monkeypatch):
    with closing(opens()) as store:
        store.put([document("a/x.md", "harbour old")])
        before = store.fingerprint()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Rows, "upsert", lambda *_: (_ for _ in ()).throw(StoreUnavailable("Milvus is gone.")))
            with pytest.raises(StoreUnavailable, match=r"Milvus is gone\."):
                store.put([document("a/y.md", "harbour new")])
        assert store.fingerprint() == before
        assert names(store.dense(vector("harbour"), 9)) == ["a/x.md"]


def test_nobody_waits_for_a_milvus_that_did_not_answer_until_it_does(opens, monkeypatch):
    monkeypatch.setattr("indexer.milvus_presence.LOOK_EVERY_S", 0.05)
    asked = []

    def gone(*_):
        asked.append(threading.current_thread())
        raise StoreUnavailable("Milvus is gone.")

    with closing(opens()) as store:
        store.put([document("a/x.md", "harbour")])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Rows, "_search", gone)
            with pytest.raises(StoreUnavailable, match=r"^Milvus is gone\.$"):
                store.dense(vector("harbour"), 9)
            store.sources()
            for search in (lambda: store.dense(vector("harbour"), 9), lambda: store.lexical(any_of("harbour"), 9)):
                with pytest.raises(
                    StoreUnavailable, match=r"^Milvus is gone\. It is not asked again until it answers\.$"
                ):
                    search()
            with pytest.raises(StoreUnavailable):
                store.require_search()
            assert asked.count(threading.current_thread()) == 1
        store._engine._presence._looker.join(30)
        store.require_search()
        assert found_by(store, "harbour") == ({"a/x.md"}, {"a/x.md"})


def test_an_index_that_another_engine_searches_is_not_opened(tmp_path, opens, milvus):
    opens().close()
    folder = tmp_path / "index"
    with pytest.raises(
        FootnoteError, match=rf"^The index {folder} is searched by Milvus at {milvus.uri}, and the sett"
    ):
        IndexStore(folder, IDENTITY)
    with pytest.raises(FootnoteError, match=r"names /elsewhere\.db\. Set FOOTNOTE_MILVUS="):
        IndexStore(folder, IDENTITY, milvus=Address("/elsewhere.db", is_lite=True))
    IndexStore(tmp_path / "other", IDENTITY, create=True).close()
    with pytest.raises(FootnoteError, match=r"is searched in its own folder, and the setting milvus names .*rows\.db"):
        IndexStore(tmp_path / "other", IDENTITY, milvus=milvus)


def test_rows_that_are_missing_are_told_at_opening(opens, tmp_path):
    with closing(opens()) as store:
        store.put([document("a/x.md", "one"), document("a/y.md", "two")])
        store._engine.rows.delete([1])
    with closing(opens()) as store:
        assert [notice.partition(" holds ")[2] for notice in store.notices] == [
            f"1 passages of the 2 in the index {tmp_path / 'index'}. Fill it again with: footnote migrate --to milvus"
        ]
        store._engine.rows.drop()
    with pytest.raises(FootnoteError, match=r"does not hold the index .* Fill it from the index with: footnote migr"):
        opens()


def test_filters_of_many_documents_are_told_by_labels(opens, monkeypatch):
    monkeypatch.setattr("indexer.milvus_numbers.MOST_SOURCES", 1)
    with closing(opens()) as store:
        rows = [
            document("a/f/x.md", "harbour", date="2020-03", fields={"team": "red"}),
            document("a/f/y.md", "harbour", date="2021", fields={"team": "blue"}),
            document("b/z.md", "harbour", fields={"team": "red"}),
            document("b/odd.md", "harbour", date="spring 2020"),
        ]
        store.put(rows)
        for within, expected in [
            (Filter(("a",)), {"a/f/x.md", "a/f/y.md"}),
            (Filter(("a", "b"), permitted=("b", "c")), {"b/z.md", "b/odd.md"}),
            (Filter(sources=("a/f/", "b/z.md")), {"a/f/x.md", "a/f/y.md", "b/z.md"}),
            (Filter(since="2020-03-20"), {"a/f/x.md", "a/f/y.md", "b/odd.md"}),
            (Filter(until="2021-01"), {"a/f/x.md", "a/f/y.md"}),
            (Filter(metadata=(("team", "red"),)), {"a/f/x.md", "b/z.md"}),
        ]:
            assert found_by(store, "harbour", within=within) == (expected, expected)


def test_what_two_collections_are_told_as_one_is_told_apart_by_the_catalogue(opens, monkeypatch):
    monkeypatch.setattr("indexer.milvus_numbers.MOST_SOURCES", 0)
    monkeypatch.setattr("indexer.milvus_numbers.field_label", lambda *_: 7)
    with closing(opens()) as store:
        store.put([document(f"a/{number}.md", "harbour harbour") for number in range(9)])
        store.put([document("b/y.md", "harbour and more")])
        assert found_by(store, "harbour", 1, Filter(("b",))) == ({"b/y.md"}, {"b/y.md"})


def test_milvus_is_told_numbers_and_terms_and_no_name(opens):
    with closing(opens()) as store:
        one = document("law/acts/x.md", "Rules of harbours", title="Noise Act", date="2022", fields={"team": "red"})
        store.put([replace(one, chunks=[replace(one.chunks[0], heading="Fees")])])
        (row,) = rows_for(searchable_after(store._connection, 0), 5)
    assert (row.chunk, row.source, row.born, row.collection) == (1, 1, 5, collection_number("law"))
    assert (row.first_day, row.last_day) == (20220101, 20221231)
    assert (row.words, row.head) == ("nois act fee rule of harbour", "nois act fee")
    assert len(row.labels) == 2 + 1 + 4  # folders, the field, and title, date, path and collection
    assert row.dense.tobytes() == vector("Rules of harbours").tobytes()


def test_a_process_that_has_the_old_engine_open_writes_nothing(opens, tmp_path):
    with closing(IndexStore(tmp_path / "index", IDENTITY, create=True)) as store:
        store.put([document("a/x.md", "one")])
        migrate(tmp_path / "index", address_of(str(tmp_path / "rows.db")))
        with pytest.raises(FootnoteError, match="since this process opened it: start it again"):
            store.put([document("a/y.md", "two")])
        assert names(store.dense(vector("one"), 9)) == ["a/x.md"]
