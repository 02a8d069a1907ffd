"""A damaged catalogue is mended with what is whole in it; the rest is named, and read again by the next run."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fakes import IDENTITY, word_vectors
from test_backup import contents
from test_records import scan
from test_store import document

from indexer.catalogue import DATABASE, VECTORS, DamagedIndexError
from indexer.entries import read_meta
from indexer.last_commit import COMMIT, LastCommit, note_commit
from indexer.locking import writer_lock
from indexer.mending import mend
from indexer.store import IndexStore
from schema import FootnoteError, Words

FILES = [f"{number:02}.md" for number in range(20)]


def text_of(name):
    return [f"paragraph {place} of {name} " + "word " * 60 for place in range(8)]


@pytest.fixture
def folder(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    with store.writing():
        store.put([*(document(name, text_of(name)) for name in FILES), scan()])
        store.save_vectors()
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return tmp_path / "index"


def change(folder, *statements):
    """Change rows behind the back of their digests."""
    connection = sqlite3.connect(folder / DATABASE)
    for statement in ("DROP TRIGGER source_changed", "DROP TRIGGER chunk_changed", *statements):
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_whole_documents_are_kept_with_their_vectors_and_the_others_are_named(folder):
    before = contents(folder)
    damaged = (folder / DATABASE).read_bytes()
    change(
        folder, "UPDATE source_text SET text = 'x' WHERE source = 3", "UPDATE chunk SET heading = 'x' WHERE source = 5"
    )
    damaged = (folder / DATABASE).read_bytes()
    with pytest.raises(DamagedIndexError):
        IndexStore(folder, IDENTITY)
    mended = mend(folder)
    assert (mended.kept, mended.lost) == (19, ("default/02.md", "default/04.md"))
    assert mended.damaged.read_bytes() == damaged
    assert mended.sentence.startswith(
        "The database of the index was damaged. 19 documents in it are whole and were kept; not whole: default/02.md, "
        "default/04.md. All others are read again when the folders that hold them are indexed, this one now."
    )
    with IndexStoreOpened(folder) as store:
        assert store.check() == "ok"
        store.put([document(name, text_of(name)) for name in ("02.md", "04.md")])
    after = contents(folder)
    assert after[1] == before[1]
    assert {hit.chunk for hit in after[2][0]} == {hit.chunk for hit in before[2][0]}
    assert sorted(hit.score for hit in after[2][1]) == pytest.approx(sorted(hit.score for hit in before[2][1]))


class IndexStoreOpened:
    """A store as a context."""

    def __init__(self, folder):
        self.store = IndexStore(folder, IDENTITY, create=True)

    def __enter__(self):
        return self.store

    def __exit__(self, *_):
        self.store.close()


def test_what_is_mended_is_found_by_a_new_search(folder):
    change(folder, "DELETE FROM source_text WHERE source = 1")
    mend(folder)
    with IndexStoreOpened(folder) as store:
        found = store.lexical(Words(("paragraph",)), 999)
        assert {hit.source.path for hit in found} == set(FILES[1:])
        assert len(found) == 8 * 19
        assert len(store.dense(word_vectors(["word"])[0], 999)) == 8 * 19 + 3
        assert store.page_view("scan.pdf", 1).boxes == scan().extraction.boxes[0]
    assert not (folder / f"{DATABASE}-wal").exists()


def test_a_mended_index_says_nothing_of_lost_commits(folder):
    note_commit(folder, LastCommit("another", 99))  # the worst case: of the new file nothing is as in the note
    change(folder, "UPDATE source_text SET text = 'x' WHERE source = 3", "DELETE FROM meta WHERE key = 'index'")
    mend(folder)
    with IndexStoreOpened(folder) as store:
        assert not any("lost" in notice for notice in store.notices)
        assert len(read_meta(store._connection, "index")) == 16


def test_what_a_kill_left_of_mending_goes_when_it_is_mended_again(folder):
    (folder / ".footnote-left.part").mkdir()
    shutil.copy(folder / DATABASE, folder / ".footnote-left.part")
    change(folder, "UPDATE source_text SET text = 'x' WHERE source = 3")
    mend(folder)
    assert not list(folder.glob("*.part"))


def test_a_whole_index_is_left_alone(folder):
    before = (folder / DATABASE).read_bytes()
    assert mend(folder) is None
    assert (folder / DATABASE).read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [COMMIT, "LOCK", DATABASE, VECTORS]


@pytest.mark.parametrize(
    "damage", [lambda data: b"\xff" * 50_000, lambda data: data.replace(b"CREATE INDEX", b"CREATE \xffNDEX")]
)
def test_a_file_of_which_nothing_can_be_kept_makes_an_empty_index(folder, damage):
    damaged = damage((folder / DATABASE).read_bytes())
    (folder / DATABASE).write_bytes(damaged)
    mended = mend(folder)
    assert (mended.kept, mended.lost) == (0, ())
    assert mended.damaged.read_bytes() == damaged
    with IndexStoreOpened(folder) as store:
        assert store.sources() == []


@pytest.mark.parametrize("data", [None, b""])
def test_a_lost_file_is_not_mended(folder, data):
    (folder / DATABASE).unlink()
    if data is not None:
        (folder / DATABASE).write_bytes(data)
    with pytest.raises(DamagedIndexError, match=r"is damaged \(it is (missing|empty)\)\. Restore a backup with: "):
        mend(folder)
    assert not list(folder.glob("damaged-*"))


def test_an_index_that_is_being_written_is_not_mended(folder):
    change(folder, "UPDATE source SET title = 'x'")
    with writer_lock(folder, wait_seconds=0), pytest.raises(FootnoteError, match="is being written by another process"):
        mend(folder, lock_wait_s=0)


def test_without_its_embedder_no_vector_is_kept(folder):
    change(folder, "UPDATE meta SET value = replace(value, '00c0ffee', '00c0ffed') WHERE key = 'embedder'")
    assert mend(folder).kept == 0


def test_a_document_that_is_counted_but_not_found_by_its_number_is_not_kept(folder):
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'source'").fetchone()[0]
    data = bytearray((folder / DATABASE).read_bytes())
    start = (root - 1) * size
    assert data[start] == 5  # an inner page: the number of the last row below each of its cells is behind four bytes
    data[start + int.from_bytes(data[start + 12 : start + 14]) + 4] -= 1
    (folder / DATABASE).write_bytes(data)
    assert mend(folder).kept == len(FILES)
    assert len(contents(folder)[0][0]) == len(FILES)


def test_whatever_page_is_overwritten_nothing_wrong_is_kept(folder):
    """Most documents are whole after most such damage, and each that is kept is exactly as it was."""
    whole = (folder / DATABASE).read_bytes()
    before = contents(folder)
    texts = dict(zip([info.source.path for info in before[0][0]], before[1], strict=True))
    vectors = {hit.chunk.chunk_id for hit in before[2][0]}
    chance = random.Random(3)  # noqa: S311
    kept = []
    for place in chance.sample(range(0, len(whole), 4096), 25):
        (folder / DATABASE).write_bytes(whole[:place] + chance.randbytes(4096) + whole[place + 4096 :])
        mended = mend(folder)
        if mended is None:
            continue
        after = contents(folder)
        for info, shown in zip(after[0][0], after[1], strict=True):
            assert shown == texts[info.source.path]
        assert {hit.chunk.chunk_id for hit in after[2][0]} <= vectors
        assert len(after[0][0]) == mended.kept
        kept.append(mended.kept)
    assert len(kept) > 10
    assert sorted(kept)[len(kept) // 2] >= 18


def test_the_log_of_a_damaged_file_is_not_played_into_the_new_one(folder, tmp_path):
    """As after a kill: the last commits are still in the log beside the file."""
    with IndexStoreOpened(folder) as store:
        store.put([document(name, ["later"] * 2, sha256="9") for name in FILES[:4]])
        shutil.copytree(folder, tmp_path / "killed")
    killed = tmp_path / "killed"
    assert (killed / f"{DATABASE}-wal").stat().st_size > 0
    data = bytearray((killed / DATABASE).read_bytes())
    place = data.rindex(b"paragraph 7 of 17.md")
    data[place] ^= 1
    (killed / DATABASE).write_bytes(data)
    mended = mend(killed)
    assert mended.lost == ("default/17.md",)
    assert (killed / f"{mended.damaged.name}-wal").exists()
    infos = contents(killed)[0][0]
    assert {info.source.path for info in infos if info.source.sha256 == "9"} == set(FILES[:4])
    assert len(infos) == mended.kept == 20


class KilledError(BaseException):
    """Stands for a kill."""


def killed_at(point, monkeypatch):
    """From now on the ``point``-th change to a folder, from 1, is not made; returns those that were begun."""
    begun = []

    def killing(name, call):
        def called(path, *arguments, **named):
            begun.append(name)
            if len(begun) == point:
                raise KilledError
            return call(path, *arguments, **named)

        return called

    for name in ("hardlink_to", "rename", "unlink", "replace"):
        monkeypatch.setattr(Path, name, killing(name, getattr(Path, name)))
    return begun


@pytest.mark.parametrize("name_is_lost", [False, True])
@pytest.mark.parametrize("point", range(1, 6))
def test_a_kill_while_mending_hides_no_lost_commits(folder, tmp_path, monkeypatch, point, name_is_lost):
    """What is damaged is the log: without it the database is whole, and of an earlier generation."""
    killed = tmp_path / "killed"
    with IndexStoreOpened(folder) as store:
        store.put([document(name, ["later"] * 2, sha256="9") for name in FILES[:4]])
        store._connection.execute("DROP TRIGGER source_changed")
        store._connection.execute("UPDATE source SET title = 'x' WHERE path = '10.md'")
        if name_is_lost:
            store._connection.execute("DELETE FROM meta WHERE key = 'index'")
        shutil.copytree(folder, killed)
    reader = sqlite3.connect(f"{(killed / DATABASE).as_uri()}?mode=ro", uri=True)  # or closing would empty the log
    reader.execute("SELECT 1 FROM meta").fetchone()
    with monkeypatch.context() as patched, pytest.raises(KilledError):
        begun = killed_at(point, patched)
        mend(killed)
    reader.close()
    assert begun[:point] == ["hardlink_to", "rename", "unlink", "replace", "unlink"][:point]
    if point < 3:
        with pytest.raises(DamagedIndexError):
            IndexStore(killed, IDENTITY)
        mend(killed)
    with IndexStoreOpened(killed) as store:
        later = {info.source.path for info in store.sources() if info.source.sha256 == "9"}
        is_told = any("has lost its last 1 commit:" in notice for notice in store.notices)
        assert (later, is_told) == ((set(), True) if point in (3, 4) else (set(FILES[:4]), False))
