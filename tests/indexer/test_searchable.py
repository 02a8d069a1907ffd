"""What an engine outside of the folder is given of a catalogue."""

from contextlib import closing
from dataclasses import replace

import pytest
from contracts.stores import any_of, document, names, vector
from fakes import IDENTITY

from indexer import terms
from indexer.changing import renumber_chunks
from indexer.filtering import stored_fields
from indexer.outside import (
    Outside,
    forget_outside,
    read_outside,
    read_waiting,
    record_outside,
    record_waiting,
)
from indexer.searchable import last_row, rows_of, searchable_after
from indexer.store import IndexStore


@pytest.fixture
def store(tmp_path):
    with closing(IndexStore(tmp_path / "index", IDENTITY, create=True)) as store:
        store.put([document("a/x.md", "one two", "three", title="Rules", date="2022", fields={"team": "red"})])
        store.put([document("b/y.md", "four")])
        yield store


def test_chunks_come_in_the_order_of_their_rows_with_what_filters_ask_for(store):
    first, second, third = searchable_after(store._connection, 0)
    assert [(one.row, one.chunk.text, one.title) for one in (first, second, third)] == [
        (1, "one two", "Rules"),
        (2, "three", "Rules"),
        (3, "four", ""),
    ]
    assert first.document is second.document
    assert (first.document.row, first.document.source_id, first.document.date) == (1, "a/x.md", "2022")
    assert first.vector.tobytes() == vector("one two").tobytes()
    assert [one.row for one in searchable_after(store._connection, 1, 1)] == [2]
    assert searchable_after(store._connection, 3) == []


def test_fields_are_those_that_a_filter_may_ask_for(store):
    rows = [
        document("c/1.md", "x", fields={"n": 3, "yes": True, "none": None, "list": ["a"], "f": 1.5}),
        document("c/2.md", "x", fields={"document_id": "7", "metadata": {"team": "blue"}}),
    ]
    store.put([replace(one, extraction=replace(one.extraction, metadata={})) for one in rows])
    assert set(stored_fields(store._connection, 3)) == {
        *(("n", "3"), ("yes", "true"), ("f", "1.5")),
        *(("title", ""), ("path", "1.md"), ("collection", "c")),
    }
    assert {("document_id", "7"), ("team", "blue")} < set(stored_fields(store._connection, 4))


def test_chunks_that_get_new_rows_are_what_they_were(store):
    before = [(hit.chunk, hit.score) for hit in store.lexical(any_of("one three four rules"), 9)]
    old = rows_of(store._connection, ["a/x.md"])
    with store._commit(["a/x.md"]):
        renumber_chunks(store._connection, "a/x.md")
    assert (old, rows_of(store._connection, ["a/x.md"]), last_row(store._connection)) == ({1, 2}, {4, 5}, 5)
    assert [(hit.chunk, hit.score) for hit in store.lexical(any_of("one three four rules"), 9)] == before
    assert names(store.dense(vector("three"), 1)) == ["a/x.md"]
    assert store.check() == "ok"


def test_an_engine_outside_is_recorded_with_what_is_to_go_from_it(store):
    connection, outside = store._connection, Outside("https://milvus.example:19530", "00ff")
    assert (read_outside(connection), read_waiting(connection)) == (None, [])
    record_outside(connection, outside)
    record_waiting(connection, {9, 3})
    assert (read_outside(connection), read_waiting(connection)) == (outside, [3, 9])
    record_outside(connection, outside)
    assert read_waiting(connection) == []
    forget_outside(connection)
    assert read_outside(connection) is None
    assert store.check() == "ok"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The published Strategies", ["the", "publish", "strategi"]),
        ("Cafés naïve", ["cafe", "naiv"]),
        ("12(3)(a) COVID-19", ["12", "3", "a", "covid", "19"]),
        ("基因组战略", ["基因组战略"]),
        ("a\x00b \ud800", ["a", "b"]),
        ("?! ()", []),
        ("", []),
    ],
)
def test_terms_are_those_of_the_full_text_search(text, expected):
    assert terms.terms_of(["before", text, "after"]) == [["befor"], expected, ["after"]]
