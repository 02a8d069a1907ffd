"""New labels for a document that stands: its rows, its words and its vectors, all of it or nothing."""

import sqlite3

import numpy as np
import pytest
from fakes import IDENTITY, word_vectors
from indexing_runs import as_text, found

from indexer.changing import Change, Relabelled
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from schema import Chunk, Source


def document(path, text, title="Old"):
    source = Source("default", path, title, None, "00")
    chunk = Chunk(source.source_id, 0, len(text), text)
    return IndexedDocument(
        source, as_text(text), [chunk], word_vectors([text]), root="/docs", recipe="words", sync="{}"
    )


def relabelled(before, path, title="New", date="2021"):
    return Relabelled(
        f"default/{before}", Source("default", path, title, date, "00"), "/there", {"team": "red"}, "note"
    )


@pytest.fixture
def filled(run_store):
    run_store.apply([Change(documents=(document("a", "apple"), document("b", "banana")))])
    return run_store


def test_a_new_identity_takes_words_and_vectors_along(filled):
    vector = filled.vectors([Chunk("default/a", 0, 5, "apple").chunk_id])
    filled.apply([Change(relabelled=(relabelled("a", "c"),))])
    assert filled.find("c") == Source("default", "c", "New", "2021", "00")
    assert filled.metadata("c") == {"team": "red"}
    assert filled.text("c") == "apple"
    assert np.array_equal(filled.vectors([Chunk("default/c", 0, 5, "apple").chunk_id]), vector)
    assert found(filled, "new") == ["default/c"]
    assert found(filled, "old") == ["default/b"]
    assert [hit.chunk.source_id for hit in filled.dense(word_vectors(["apple"])[0], 1)] == ["default/c"]
    known = {file.source.path: (file.root, file.sync) for file in filled.known_files("default")}
    assert known == {"b": ("/docs", "{}"), "c": ("/there", "note")}
    assert filled.check() == "ok"


def test_a_place_that_is_made_free_can_be_taken_in_the_same_change(filled):
    filled.apply([Change(gone=("default/b",), relabelled=(relabelled("a", "b"),))])
    assert [info.source.path for info in filled.sources()] == ["b"]
    assert filled.text("b") == "apple"


def test_a_place_that_is_taken_changes_nothing_at_all(filled):
    with pytest.raises(sqlite3.IntegrityError):
        filled.apply([Change(documents=(document("z", "zucchini"),)), Change(relabelled=(relabelled("a", "b"),))])
    assert [info.source.path for info in filled.sources()] == ["a", "b"]
    assert filled.check() == "ok"


def test_an_unknown_document_is_ignored(filled):
    filled.apply([Change(relabelled=(relabelled("nowhere", "c"),))])
    assert [info.source.path for info in filled.sources()] == ["a", "b"]


def test_a_reader_sees_new_labels_and_not_what_runs_remember(filled, tmp_path):
    reader = IndexStore(tmp_path / "index", IDENTITY)
    before = reader.fingerprint()
    filled.note({"default/a": "remembered"})
    assert reader.fingerprint() == before
    assert {file.sync for file in reader.known_files("default")} == {"{}", "remembered"}
    filled.apply([Change(relabelled=(relabelled("a", "c"),))])
    assert [hit.source.title for hit in reader.dense(word_vectors(["apple"])[0], 1)] == ["New"]
    assert reader.fingerprint() != before
    reader.close()
