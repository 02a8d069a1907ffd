"""The index on disk: commits, views, both searches against their formulas, damage, other embedders, other writers."""

import json
import math
import os
import random
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from fakes import DIMENSION, IDENTITY, word_vectors
from hypothesis import given
from hypothesis import strategies as st

from indexer import checking, records
from indexer.catalogue import (
    DATABASE,
    VECTORS,
    DamagedIndexError,
    damage_explained,
    open_catalogue,
    transaction,
)
from indexer.changing import Change
from indexer.entries import write_meta
from indexer.last_commit import COMMIT, LastCommit, noted_commit
from indexer.locking import writer_lock
from indexer.store import IndexStore
from indexer.writing import IndexedDocument
from language import sentence_spans
from schema import Block, Chunk, Extraction, Filter, FootnoteError, Page, Source, Words

PAPERS = {
    "a.md": ["aspirin inhibits platelets", "the dose was low"],
    "b.md": ["platelets platelets aggregate", "nothing else here"],
    "c.md": ["a strategy for research", "aspirin again and again aspirin"],
}


def document(path, texts, *, collection="default", title="", pages=(), sha256="0", root="/docs"):
    """A document whose paragraphs are its chunks."""
    source = Source(collection, path, title, None, sha256)
    blocks, chunks, offset = [], [], 0
    for text in texts:
        blocks.append(Block("paragraph", offset, offset + len(text)))
        chunks.append(Chunk(source.source_id, offset, offset + len(text), text))
        offset += len(text) + 2
    extraction = Extraction("\n\n".join(texts), tuple(blocks), tuple(pages))
    return IndexedDocument(source, extraction, chunks, word_vectors([chunk.text for chunk in chunks]), root)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "index"


@pytest.fixture
def store(folder):
    store = IndexStore(folder, IDENTITY, create=True)
    yield store
    store.close()


@pytest.fixture
def filled(store):
    store.put([document(path, texts) for path, texts in PAPERS.items()])
    return store


def hits(passages):
    return [(passage.chunk.source_id, passage.chunk.start) for passage in passages]


def dense(store, text, **options):
    return hits(store.dense(word_vectors([text])[0], options.pop("top_k", 99), **options))


# Commits


def test_what_is_put_is_found_by_name_by_words_and_by_vector(filled):
    assert [info.source.source_id for info in filled.sources()] == ["default/a.md", "default/b.md", "default/c.md"]
    assert filled.text("default/a.md") == filled.text("a.md") == "aspirin inhibits platelets\n\nthe dose was low"
    assert hits(filled.lexical(Words(("dose",)), 9)) == [("default/a.md", 28)]
    (best, *_) = filled.dense(word_vectors(["the dose was low"])[0], 3)
    assert (best.chunk.text, best.rank, best.origin, round(best.score, 6)) == ("the dose was low", 1, "dense", 1.0)
    assert best.chunk.text == filled.text(best.source.source_id)[best.chunk.start : best.chunk.end]


def test_a_replaced_document_leaves_nothing_behind(filled):
    filled.put([document("a.md", ["ibuprofen instead"], sha256="1")])
    assert hits(filled.lexical(Words(("inhibits", "dose")), 9)) == []
    assert hits(filled.lexical(Words(("ibuprofen",)), 9)) == [("default/a.md", 0)]
    assert len(dense(filled, "aspirin")) == 5
    assert filled.find("a.md").sha256 == "1"
    assert filled.check() == "ok"


def test_an_id_that_goes_on_behind_a_nul_is_another_document(filled):
    filled.delete(["default/a.md\x00b"])
    assert filled.find("default/a.md").path == "a.md"


def test_a_deleted_document_leaves_nothing_behind(filled):
    filled.delete(["default/b.md", "default/unknown.md"])
    assert [info.source.path for info in filled.sources()] == ["a.md", "c.md"]
    assert hits(filled.lexical(Words(("aggregate", "nothing")), 9)) == []
    assert {source for source, _ in dense(filled, "platelets")} == {"default/a.md", "default/c.md"}
    with pytest.raises(FootnoteError, match=r"^There is no document 'b.md' in the index. List them with: footnote sou"):
        filled.text("b.md")
    assert filled.check() == "ok"


def test_a_failing_commit_changes_nothing(filled):
    before = filled.fingerprint()
    broken = document("d.md", ["one", "two"])
    with pytest.raises(ValueError, match="zip"):
        filled.put([document("a.md", ["replaced"]), replace(broken, vectors=broken.vectors[:1])])
    assert filled.text("a.md").startswith("aspirin")
    assert filled.fingerprint() == before
    assert len(dense(filled, "aspirin")) == 6
    filled.put([broken])
    assert filled.fingerprint() != before


def test_the_fingerprint_depends_on_the_documents_alone(filled, tmp_path):
    with IndexedElsewhere(tmp_path / "other") as other:
        for path in sorted(PAPERS, reverse=True):
            other.put([document(path, ["old text"], sha256="old")])
            other.put([document(path, PAPERS[path], root="/home")])
        assert other.fingerprint() == filled.fingerprint()
        other.put([document("a.md", PAPERS["a.md"], sha256="new")])
        assert other.fingerprint() != filled.fingerprint()


class IndexedElsewhere:
    """A second index as a context."""

    def __init__(self, folder, *, create=True):
        self.store = IndexStore(folder, IDENTITY, create=create)

    def __enter__(self):
        return self.store

    def __exit__(self, *_):
        self.store.close()


def test_a_path_in_two_collections_must_be_named_in_full(filled):
    filled.put([document("a.md", ["other"], collection="two")])
    with pytest.raises(FootnoteError, match=r"names more than one document\. Say which: default/a\.md, two/a\.md$"):
        filled.text("a.md")
    assert filled.text("two/a.md") == "other"
    assert [info.source.source_id for info in filled.sources("two")] == ["two/a.md"]


def test_removed_text_is_nowhere_on_disk(filled, folder):
    filled.put([document("secret.md", ["xylophone quartz"])])
    vector = word_vectors(["xylophone quartz"]).tobytes()
    filled.save_vectors()
    assert any(b"xylophone" in file.read_bytes() for file in folder.iterdir())
    (folder / ".footnote-left.part").mkdir()  # by a kill while the index was mended
    (folder / ".footnote-left.part" / "x").write_bytes(b"xylophone")
    filled.delete(["default/secret.md"])
    filled.erase_leftovers()
    for file in folder.iterdir():
        data = file.read_bytes()
        assert not any(trace in data for trace in (b"xylophone", b"xylophon", b"quartz", b"secret.md", vector)), file
    assert filled.check() == "ok"
    assert filled.notices == []


@contextmanager
def reading(folder):
    """Another process in the midst of reading the index."""
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM source").fetchone()
        yield connection


def is_on_disk(folder, text):
    return any(text in file.read_bytes() for file in folder.iterdir())


def test_removed_text_that_stays_as_long_as_somebody_reads_is_told(filled, folder, monkeypatch):
    monkeypatch.setattr("indexer.store.ERASING_SECONDS", 0.2)
    filled.put([document("secret.md", ["xylophone quartz"])])
    with reading(folder):
        filled.delete(["default/secret.md"])
        filled.erase_leftovers()
        assert is_on_disk(folder, b"xylophone")
        assert filled.notices == [
            f"Removed text is still in the files of the index {folder}, because another process has been reading it "
            "all the time. It is gone when every process that has the index open has ended."
        ]
    assert filled._connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    filled.close()
    assert not is_on_disk(folder, b"xylophone")


def test_erasing_waits_for_who_is_reading(filled, folder):
    filled.put([document("secret.md", ["xylophone quartz"])])
    with reading(folder) as reader:
        filled.delete(["default/secret.md"])
        timer = threading.Timer(0.5, reader.execute, ["ROLLBACK"])
        timer.start()
        filled.erase_leftovers()
        timer.join()
        assert not is_on_disk(folder, b"xylophone")
    assert filled.notices == []


# Views


TEXTS = st.lists(st.text("aB .!?\n。", max_size=40) | st.just("word " * 900) | st.just("x" * 3500), max_size=6)


@given(TEXTS)
def test_sections_are_the_whole_text_and_no_quote_crosses_them(parts):
    text = "\n\n".join(parts)
    starts = [start for start in range(0, len(text), 1500) if text[start - 1 : start + 1].strip()]
    views = list(records.views(Source("c", "p", "", None, ""), text, (), starts))
    assert "".join(view.text for view in views) == text
    assert [view.number for view in views] == list(range(1, len(views) + 1))
    assert {(view.count, view.is_page) for view in views} == {(len(views), False)}
    assert all(text[view.start : view.start + len(view.text)] == view.text for view in views)
    assert all(len(view.text) <= 2 * records.SECTION_CHARACTERS + 1500 for view in views)
    cuts = {view.start for view in views[1:]}
    for chunk_start, chunk_end in zip([0, *starts], [*starts, len(text)], strict=True):
        for start, end in sentence_spans(text[chunk_start:chunk_end]):
            assert not any(chunk_start + start < cut < chunk_start + end for cut in cuts)


def test_pages_are_shown_as_they_are(store):
    store.put([document("a.pdf", ["one", "three"], pages=[Page(1, 0, 3), Page(2, 3, 3), Page(3, 5, 10)])])
    views = store.page_views("a.pdf")
    assert [(view.number, view.count, view.is_page, view.start, view.text) for view in views] == [
        (1, 3, True, 0, "one"), (2, 3, True, 3, ""), (3, 3, True, 5, "three"),
    ]  # fmt: skip


def test_a_text_without_line_breaks_is_cut_between_its_chunks(store):
    pieces = ["x" * 1499] * 8
    source = Source("default", "a.txt", "", None, "0")
    text = " ".join(pieces)
    chunks = [Chunk(source.source_id, 1500 * n, 1500 * n + 1499, piece) for n, piece in enumerate(pieces)]
    extraction = Extraction(text, (Block("paragraph", 0, len(text)),))
    store.put([IndexedDocument(source, extraction, chunks, word_vectors(pieces))])
    assert [view.start for view in store.page_views("a.txt")] == [0, 3000, 6000, 9000]
    assert "".join(view.text for view in store.page_views("a.txt")) == text


# Searching


def bm25(rows: list[tuple[str, str, str]], terms: list[str], k1=1.2, b=0.75) -> list[float]:
    """SQLite's documented formula: the sum of idf * f * (k1 + 1) / (f + k1 * (1 - b + b * length / mean))."""
    words = [" ".join(row).lower().split() for row in rows]
    mean = sum(map(len, words)) / len(words)
    scores = []
    for row in words:
        score = 0.0
        for term in terms:
            having = sum(term in other for other in words)
            idf = max(math.log((len(rows) - having + 0.5) / (having + 0.5)), 1e-6)
            count = row.count(term)
            score += idf * count * (k1 + 1) / (count + k1 * (1 - b + b * len(row) / mean))
        scores.append(score)
    return scores


def test_lexical_scores_are_bm25(store):
    chance = random.Random(3)  # noqa: S311
    words = ["alpha", "beta", "gamma", "delta", "kappa", "sigma", "omega", "zeta"]
    texts = [" ".join(chance.choices(words, k=chance.randint(2, 12))) for _ in range(30)]
    store.put([document(f"{number:02}.md", [text], title="omega paper") for number, text in enumerate(texts)])
    store.put([document("03.md", [texts[3]], title="omega paper")])  # replaced: the statistics must not count it twice
    terms = ["alpha", "zeta"]
    expected = bm25([("omega paper", "", text) for text in texts], terms)
    found = {hit.source.path: hit.score for hit in store.lexical(Words(("alpha", "zeta")), 99)}
    assert set(found) == {f"{n:02}.md" for n, text in enumerate(texts) if set(terms) & set(text.split())}
    for number, score in enumerate(expected):
        if score:
            assert found[f"{number:02}.md"] == pytest.approx(score, rel=1e-6, abs=1e-9)
    ranked = store.lexical(Words(("alpha", "zeta")), 5)
    assert [hit.score for hit in ranked] == sorted(found.values(), reverse=True)[:5]
    assert [hit.rank for hit in ranked] == [1, 2, 3, 4, 5]


def test_dense_scores_are_inner_products(filled):
    texts = [text for paragraphs in PAPERS.values() for text in paragraphs]
    query = word_vectors(["aspirin and platelets"])[0]
    exact = word_vectors(texts) @ query
    found = filled.dense(query, 4)
    order = sorted(range(len(texts)), key=lambda row: (-exact[row], row))[:4]
    assert [hit.chunk.text for hit in found] == [texts[row] for row in order]
    assert np.allclose([hit.score for hit in found], exact[order], atol=1e-5)


def test_a_small_collection_in_a_big_index_is_searched_as_if_alone(store, tmp_path):
    small = [document(f"{n}.md", [f"aspirin note {n}"], collection="small") for n in range(3)]
    store.put([document(f"{n}.md", ["aspirin aspirin aspirin"], collection="big") for n in range(200)])
    store.put(small)
    with IndexedElsewhere(tmp_path / "alone") as alone:
        alone.put(small)
        query = word_vectors(["aspirin aspirin aspirin"])[0]
        inside, outside = store.dense(query, 3, within=Filter(("small",))), alone.dense(query, 3)
        assert [(hit.chunk, hit.score, hit.rank) for hit in inside] == [
            (hit.chunk, hit.score, hit.rank) for hit in outside
        ]
        assert len(inside) == 3
        found = hits(store.lexical(Words(("aspirin",)), 3, within=Filter(("small",))))
        assert sorted(found) == sorted(hits(alone.lexical(Words(("aspirin",)), 3)))
        assert len(found) == 3
    assert store.dense(query, 3, within=Filter(("none",))) == []
    assert store.lexical(Words(("aspirin",)), 3, within=Filter(("none",))) == []
    assert store.lexical(Words(), 3) == []


def test_a_word_counts_by_the_column_that_it_is_in(store):
    def in_columns(path, title, heading, text):
        whole = document(path, [text], title=title)
        return replace(whole, chunks=[replace(chunk, heading=heading) for chunk in whole.chunks])

    rows = [("omega one", "two six", "three"), ("one", "omega two", "three six"), ("one six", "two", "omega three")]
    store.put([in_columns(f"{n}.md", *row) for n, row in enumerate(rows)])
    store.put([document(f"other{n}.md", ["nothing of it"]) for n in range(9)])

    def order(*weights):
        return [hit.source.path for hit in store.lexical(Words(("omega",)), 9, weights=weights)]

    assert order(1.0, 2.0, 4.0) == ["2.md", "1.md", "0.md"]
    assert order(4.0, 2.0, 1.0) == ["0.md", "1.md", "2.md"]
    assert order(1.0, 3.0, 2.0) == ["1.md", "2.md", "0.md"]
    assert store.lexical(Words(("omega",)), 9) == store.lexical(Words(("omega",)), 9, weights=(1.0, 1.0, 1.0))


# Looking up


def test_a_span_is_the_text_between_two_offsets(store):
    text = "A\x00 na\u00efve 𝒳-ray\n\nof e\u0301tude."
    source = Source("default", "odd.txt", "", None, "0")
    store.put([IndexedDocument(source, Extraction(text, ()), [], np.zeros((0, DIMENSION), np.float32))])
    for start in range(len(text) + 1):
        for end in range(start, len(text) + 3):
            assert store.span("default/odd.txt", start, end) == text[start:end]
    assert store.span("default/odd.txt", -5, 3) == text[:3]
    assert store.span("default/odd.txt", 4, -1) == ""
    with pytest.raises(FootnoteError, match=r"There is no document 'default/none.txt' in the index"):
        store.span("default/none.txt", 0, 1)


def test_vectors_come_in_the_order_of_their_chunks(filled):
    found = filled.dense(word_vectors(["aspirin platelets"])[0], 6)
    ids = [hit.chunk.chunk_id for hit in found]
    expected = word_vectors([hit.chunk.text for hit in found])
    assert np.array_equal(filled.vectors(ids), expected)
    assert np.array_equal(filled.vectors([ids[4], ids[0], ids[4]]), expected[[4, 0, 4]])
    assert filled.vectors([]).shape == (0, DIMENSION)
    with pytest.raises(FootnoteError, match=r"^The passage unknown is no longer in the index: it changed meanwhile\. "):
        filled.vectors([ids[0], "unknown"])


# Generations


def test_a_reader_sees_each_commit_at_its_next_search(filled, folder):
    with IndexedElsewhere(folder, create=False) as reader:
        assert len(dense(reader, "aspirin")) == len(dense(reader, "aspirin", within=Filter(("default",)))) == 6
        filled.put([document("d.md", ["aspirin aspirin"])])
        assert dense(reader, "aspirin")[0] == ("default/d.md", 0)
        assert dense(reader, "aspirin", within=Filter(("default",)))[0] == ("default/d.md", 0)
        filled.delete(["default/d.md", "default/a.md"])
        assert len(dense(reader, "aspirin", within=Filter(("default",)))) == 4
        assert hits(reader.lexical(Words(("dose",)), 9)) == []
        assert reader.fingerprint() == filled.fingerprint()


def test_a_reader_never_sees_half_of_a_commit(store, folder):
    def version(number):
        return [document(f"{name}.md", [f"version {number} of {name}"], sha256=str(number)) for name in "abc"]

    store.put(version(0))
    done = threading.Event()

    def write():
        for number in range(1, 60):
            store.put(version(number))
        done.set()

    writer = threading.Thread(target=write)
    with IndexedElsewhere(folder, create=False) as reader:
        writer.start()
        seen = []
        while not done.is_set():
            for found in (reader.dense(word_vectors(["version of"])[0], 9), reader.lexical(Words(("version",)), 9)):
                versions = {hit.chunk.text.split()[1] for hit in found}
                assert (len(found), len(versions)) == (3, 1)
                assert {hit.source.sha256 for hit in found} == versions
                seen.append(int(*versions))
        writer.join()
    assert seen == sorted(seen)


def test_what_was_removed_takes_no_place_among_the_best(store):
    store.put([document(f"{n}.md", ["aspirin aspirin"]) for n in range(5)])
    store.put([document("far.md", ["something else"])])
    assert len(dense(store, "aspirin", top_k=3)) == 3
    store.delete([f"default/{n}.md" for n in range(4)])
    assert dense(store, "aspirin", top_k=2) == [("default/4.md", 0), ("default/far.md", 0)]


# Damage


def test_a_missing_damaged_or_foreign_vector_file_is_rebuilt_with_a_notice(filled, folder):
    filled.save_vectors()
    expected = dense(filled, "aspirin platelets")
    path = folder / VECTORS
    whole = path.read_bytes()

    def damage(data):
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)

    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for data in (None, b"", whole[:-1], bytes(flipped), b"not a vector file"):
        damage(data)
        with IndexedElsewhere(folder, create=False) as reader:
            assert reader.notices == [f"The file {path} was missing or damaged; it was rebuilt from the database."]
            assert dense(reader, "aspirin platelets") == expected
    with IndexedElsewhere(folder) as writer, writer.writing():
        writer.save_vectors()
    with IndexedElsewhere(folder, create=False) as reader:
        assert reader.notices == []
        assert dense(reader, "aspirin platelets") == expected


def test_an_old_vector_file_is_brought_level(filled, folder):
    filled.save_vectors()
    filled.put([document("a.md", ["ibuprofen"]), document("d.md", ["aspirin"])])
    with IndexedElsewhere(folder, create=False) as reader:
        assert reader.notices == []
        assert dense(reader, "aspirin") == dense(filled, "aspirin")
        assert len(dense(reader, "aspirin")) == 6


def test_an_unchanged_index_is_not_written_again(filled, folder):
    filled.save_vectors()
    before = (folder / VECTORS).stat().st_mtime_ns
    filled.save_vectors()
    with IndexedElsewhere(folder) as again:
        again.save_vectors()
    assert (folder / VECTORS).stat().st_mtime_ns == before


def close_up(store):
    """Close with everything in the one file, so that damage to it counts."""
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()


SENTENCE = r"^The (database|index) \S+ (is damaged|can't be used).*\.$"


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\xff" * 100 + data[100:],
        lambda data: b"This is a text file.\n" * 400,
        lambda data: data[: len(data) // 2],
        lambda data: data[:1000],
        lambda data: data.replace(b"CREATE INDEX source_of_path", b"CREATE \xffNDEX source_of_path"),
        lambda data: b"",
        lambda data: None,
    ],
    ids=["header", "another file", "half", "first kilobyte", "a table that can't be read", "emptied", "missing"],
)
def test_a_damaged_database_is_refused_with_a_sentence(filled, folder, damage, create):
    filled.save_vectors()
    close_up(filled)
    path = folder / DATABASE
    data = damage(path.read_bytes())
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DamagedIndexError) as caught:
        IndexStore(folder, IDENTITY, create=create)
    assert str(caught.value).startswith(f"The database {path} is damaged (")
    assert caught.value.can_be_mended == bool(data)
    assert str(caught.value).endswith(
        "). Index the documents again with the same command as before: what is whole is kept, the rest is read again. "
        "Or restore a backup: footnote restore FILE --force."
        if data
        else ". Or move the folder away and index the documents again."
    )
    assert (path.read_bytes() if path.exists() else None) == data


def test_a_database_without_vector_file_is_missed_too(store, folder):
    with store.writing():
        store.put([document("a.md", ["text"])])
    close_up(store)
    (folder / DATABASE).write_bytes(b"")
    with pytest.raises(DamagedIndexError, match="it is empty"):
        IndexStore(folder, IDENTITY, create=True)


def test_no_page_of_random_bytes_is_a_traceback(filled, folder):
    filled.put([document("long.md", [f"paragraph {n} " + "word " * 200 for n in range(40)])])
    expected = (len(dense(filled, "aspirin")), hits(filled.lexical(Words(("aspirin",)), 9)), filled.text("long.md"))
    close_up(filled)
    path = folder / DATABASE
    whole = path.read_bytes()
    random_bytes = random.Random(5).randbytes(4096)  # noqa: S311
    refused = 0
    for page in range(0, len(whole), 4096):
        path.write_bytes(whole[:page] + random_bytes + whole[page + 4096 :])
        for side_file in (folder / f"{DATABASE}-wal", folder / f"{DATABASE}-shm"):
            side_file.unlink(missing_ok=True)
        try:
            with IndexedElsewhere(folder, create=False) as reader:
                found = (
                    len(dense(reader, "aspirin")),
                    hits(reader.lexical(Words(("aspirin",)), 9)),
                    reader.text("long.md"),
                )
                assert found == expected
        except FootnoteError as error:
            refused += 1
            assert "\n" not in str(error)
            assert str(error).startswith((f"The database {path} is damaged (", f"The index {folder} can't be used: "))
    pages = len(whole) // 4096
    assert refused >= 0.8 * pages > 30


def test_a_full_text_index_out_of_step_is_found_by_the_check(filled, folder, monkeypatch):
    close_up(filled)
    connection = sqlite3.connect(folder / DATABASE)
    connection.execute("INSERT INTO chunk_fts (chunk_fts, rowid, title, heading, text) VALUES ('delete', 1, '', '', ?)",
                       ("aspirin inhibits platelets",))  # fmt: skip
    connection.commit()
    connection.close()
    with pytest.raises(DamagedIndexError, match="the full-text index does not fit the chunks"):
        IndexStore(folder, IDENTITY)
    monkeypatch.setattr(checking, "LARGEST_WHOLE_CHECK", 0)
    with IndexedElsewhere(folder, create=False) as reader:
        assert reader.check().startswith("the full-text index does not fit the chunks: ")


def test_mistakes_of_ours_are_not_called_damage(folder):
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (x UNIQUE)")
    with pytest.raises(sqlite3.IntegrityError), damage_explained(folder), transaction(connection, write=True):
        connection.execute("INSERT INTO t VALUES (1), (1)")
    assert not connection.in_transaction
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError), damage_explained(folder):
        connection.execute("SELECT 1")


# Lost commits


@pytest.fixture
def shortened(store, folder):
    """An index of three commits, the second and third of which are lost."""
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.put([document("a.md", ["first"])])
    log = folder / f"{DATABASE}-wal"
    first = log.read_bytes()
    for text in ("second", "third"):
        store.put([document("a.md", [text])])
    database = (folder / DATABASE).read_bytes()
    store.close()
    (folder / DATABASE).write_bytes(database)
    log.write_bytes(first)
    return folder


def test_lost_commits_are_told_until_the_next_commit(shortened):
    with IndexedElsewhere(shortened, create=False) as reader:
        assert reader.text("a.md") == "first"
        assert reader.notices == [
            f"The index {shortened} has lost its last 2 commits: its database, or the log of it, was damaged or "
            "replaced by an older one. What is left is whole; index your documents again to bring it up to date."
        ]
    with IndexedElsewhere(shortened) as writer:
        assert len(writer.notices) == 1
        writer.put([document("a.md", ["third"])])
    with IndexedElsewhere(shortened, create=False) as reader:
        assert reader.notices == []


def test_a_run_that_had_nothing_to_write_ends_the_notice_too(shortened):
    with IndexedElsewhere(shortened) as writer, writer.writing():
        writer.save_vectors()
    with IndexedElsewhere(shortened) as reader:
        assert reader.notices == []


def test_another_index_in_its_place_is_refused_until_that_is_wanted(filled, folder, tmp_path):
    close_up(filled)
    with IndexedElsewhere(tmp_path / "other") as other:
        other.put([document("other.md", ["text"])])
    shutil.copy(tmp_path / "other" / DATABASE, folder / DATABASE)
    with pytest.raises(FootnoteError, match=rf"database in {folder} is of another index than its file COMMIT: "):
        IndexStore(folder, IDENTITY)
    (folder / COMMIT).unlink()
    with IndexedElsewhere(folder, create=False) as reader:
        assert reader.text("other.md") == "text"


def test_an_index_that_was_made_without_a_name_works_as_before(filled, folder):
    filled._connection.execute("DELETE FROM meta WHERE key = 'index'")
    filled.close()
    (folder / COMMIT).unlink()
    for number in range(2):
        with IndexedElsewhere(folder) as store:
            assert store.notices == []
            store.put([document("a.md", [f"version {number}"])])
    assert noted_commit(folder) == LastCommit("0", 4)


def test_the_note_is_of_the_last_commit_and_of_none_that_was_rolled_back(filled, folder):
    before = noted_commit(folder)
    assert before.generation == 2
    with pytest.raises(sqlite3.IntegrityError):
        filled.put([replace(document("x.md", ["text"]), chunks=document("a.md", PAPERS["a.md"]).chunks[:1])])
    assert noted_commit(folder) == before
    filled.delete(["default/a.md"])
    assert noted_commit(folder) == replace(before, generation=3)


# Openings


@pytest.mark.parametrize("create", [False, True])
def test_an_index_opens_beside_a_writer_in_the_midst_of_a_commit(filled, folder, create):
    filled._connection.execute("BEGIN IMMEDIATE")
    with IndexedElsewhere(folder, create=create) as reader:
        assert reader.text("a.md") == "\n\n".join(PAPERS["a.md"])
        assert reader.notices == []
        assert reader._connection.execute("PRAGMA busy_timeout").fetchone() == (30_000,)
    filled._connection.execute("ROLLBACK")


@contextmanager
def no_room(size):
    """No file may grow above a size: SQLite can't make the memory that processes share."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("left_open", [False, True])
def test_an_index_opens_on_a_full_disk_and_says_so(filled, folder, left_open):
    expected = hits(filled.lexical(Words(("aspirin",)), 9))
    files = {path: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
    filled.close()
    for path, data in files.items() if left_open else ():  # as a kill leaves them
        path.write_bytes(data)
    with no_room(8192), IndexedElsewhere(folder, create=False) as reader:
        assert hits(reader.lexical(Words(("aspirin",)), 9)) == expected
        assert reader.notices == [
            f"The disk that holds {folder} is full, so that only one process at a time can use the index. Free space "
            "on it, then start whatever has the index open again."
        ]
    with IndexedElsewhere(folder, create=False) as reader:
        assert hits(reader.lexical(Words(("aspirin",)), 9)) == expected
        assert reader.notices == []


def test_a_full_disk_is_a_sentence_that_says_what_to_do(filled, folder):
    filled._connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(FootnoteError) as caught:
        filled.put([document("long.md", ["word " * 9000])])
    assert str(caught.value) == (
        f"The index {folder} can't be used: database or disk is full. Free space on the disk that holds {folder}, then "
        "run the same command again; nothing that was reported as indexed is lost."
    )


def test_an_index_that_was_only_begun_is_told_from_one_of_another_format(folder):
    folder.mkdir()
    (folder / DATABASE).touch()
    with pytest.raises(FootnoteError) as caught:
        IndexStore(folder, IDENTITY)
    assert str(caught.value) == (
        f"The index {folder} is not made yet: the command that began it was stopped, or is just at it. Run the same "
        f"command again: footnote index PATH --index {folder}"
    )
    with IndexedElsewhere(folder) as store:
        assert store.sources() == []


# Refusals


def test_another_embedder_is_refused_with_what_to_do(filled, folder):
    others = [
        replace(IDENTITY, sha256="ffff"),
        replace(IDENTITY, name="other", dimension=64),
        replace(IDENTITY, query_prefix="query: "),
    ]
    for other in others:
        for create in (False, True):
            with pytest.raises(FootnoteError) as caught:
                IndexStore(folder, other, create=create)
            assert str(caught.value) == (
                f"The index {folder} was made with the embedder word-hash (00c0ffee, {DIMENSION} dimensions), not with "
                f"{other.name} ({other.sha256}, {other.dimension}); their vectors don't mix. Set "
                "FOOTNOTE_EMBEDDER=word-hash, or index the documents into another folder with --index."
            )


@pytest.mark.parametrize("broken", [np.ones((1, DIMENSION // 2)), np.full((1, DIMENSION), np.nan)])
def test_vectors_that_cannot_be_searched_are_not_written(store, broken):
    store.put([document("a.md", ["aspirin"])])
    later = replace(document("b.md", ["paracetamol"]), vectors=broken.astype(np.float32))
    for write in (store.put, lambda documents: store.apply([Change(documents=tuple(documents))])):
        with pytest.raises(FootnoteError, match=r"^The embedder gave other vectors for default/b\.md than "):
            write([later])
    assert [hit.chunk.text for hit in store.dense(word_vectors(["aspirin"])[0], 5)] == ["aspirin"]


def test_another_format_is_refused(store, folder):
    write_meta(store._connection, "format", "99")
    with pytest.raises(FootnoteError, match=r"has format 99, and this version .* format 3\. Update Footnote, or "):
        IndexStore(folder, IDENTITY, create=True)


def test_a_folder_without_index_is_not_made_by_reading(folder):
    with pytest.raises(FootnoteError, match=r"There is no index in .*index\. Make one with: footnote index PATH "):
        IndexStore(folder, IDENTITY)
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_or_entered_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FootnoteError, match=r"The index folder .* can't be made: Not a directory\."):
        IndexStore(tmp_path / "file" / "index", IDENTITY, create=True)
    closed = tmp_path / "closed"
    IndexStore(closed / "index", IDENTITY, create=True).close()
    closed.chmod(0)
    with ordinary_user():
        for create, what in ((False, "read"), (True, "made")):
            with pytest.raises(FootnoteError, match=rf"The index folder .* can't be {what}: Permission denied\."):
                IndexStore(closed / "index", IDENTITY, create=create)
    closed.chmod(0o700)


class ordinary_user:  # noqa: N801  (reads as a statement)
    """Lay down the powers of root for a while, whom permissions don't stop."""

    def __enter__(self):
        self.effective = os.geteuid()
        if self.effective == 0:
            os.seteuid(65534)

    def __exit__(self, *_):
        os.seteuid(self.effective)


def test_nobody_else_can_read_an_index(folder):
    previous = os.umask(0)
    try:
        with IndexedElsewhere(folder) as store, store.writing():
            store.put([document("a.md", ["text"])])
            store.save_vectors()
            modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}
    finally:
        os.umask(previous)
    assert oct(stat.S_IMODE(folder.stat().st_mode)) == "0o700"
    assert modes == dict.fromkeys([DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", VECTORS, "COMMIT", "LOCK"], "0o600")


# Writers


HOLD = """
import sys
from pathlib import Path
from indexer.locking import writer_lock
with writer_lock(Path(sys.argv[1]), wait_seconds=0):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_writer_waits_and_is_then_told_who_holds_the_lock(store, folder):
    store._lock_wait_s = 0.2
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FootnoteError) as caught, store.writing():
            raise AssertionError("two writers")
        assert str(caught.value) == (
            f"The index {folder} is being written by another process (pid {holder.pid}). "
            "Wait until it is done, or stop it, and try again."
        )
        store._lock_wait_s = 30
        threading.Timer(0.2, lambda: print(file=holder.stdin, flush=True)).start()
        with store.writing():
            assert (folder / "LOCK").read_text() == str(os.getpid())
    holder.wait()


def test_the_lock_of_a_killed_writer_is_free_at_once(store, folder):
    command = [sys.executable, "-c", HOLD, str(folder)]
    cwd = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=cwd) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
        store._lock_wait_s = 0
        with store.writing():
            pass


def test_two_makers_of_an_index_agree_on_one_embedder(folder):
    open_catalogue(folder, create=True).close()
    results = []

    def make():
        try:
            IndexStore(folder, IDENTITY, create=True).close()
        except FootnoteError as error:
            results.append(str(error))

    maker = threading.Thread(target=make)
    with writer_lock(folder, wait_seconds=0):
        maker.start()
        maker.join(timeout=0.3)  # it has seen an index without embedder, and waits for the lock
        assert maker.is_alive()
        connection = sqlite3.connect(folder / DATABASE)
        write_meta(connection, "embedder", json.dumps(asdict(replace(IDENTITY, name="other"))))
        connection.commit()
        connection.close()
    maker.join()
    assert [result.split(" (")[0] for result in results] == [f"The index {folder} was made with the embedder other"]
