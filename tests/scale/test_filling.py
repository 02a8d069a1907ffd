"""Another engine for an index: there and back, stopped between batches, and compared before it is trusted."""

import json
from contextlib import closing

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from contracts.stores import any_of, document, names, vector
from fakes import IDENTITY
from typer.testing import CliRunner

from cli import app
from indexer import filling
from indexer.backup import back_up
from indexer.catalogue import VECTORS
from indexer.filling import digest_of, migrate
from indexer.milvus_address import address_of
from indexer.milvus_rows import Rows
from indexer.restoring import restore
from indexer.store import IndexStore
from schema import FootnoteError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
COUNT = 23


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def milvus(tmp_path):
    return address_of(str(tmp_path / "rows.db"))


@pytest.fixture
def folder(tmp_path):
    """An index of 23 passages, some of whose rows have gone."""
    with closing(IndexStore(tmp_path / "index", IDENTITY, create=True)) as store, store.writing():
        store.put([document(f"a/{number:02}.md", f"harbour {number}") for number in range(COUNT + 3)])
        store.delete(["a/03.md", "a/11.md", "a/25.md"])
        store.save_vectors()
    return tmp_path / "index"


def answers(folder, milvus=None):
    with closing(IndexStore(folder, IDENTITY, milvus=milvus)) as store:
        assert store.notices == []
        assert store.check() == "ok"
        return (
            [(hit.chunk, round(hit.score, 5)) for hit in store.dense(vector("harbour 7"), 9)],
            set(names(store.lexical(any_of("harbour"), 99))),
            store.fingerprint(),
        )


def test_there_and_back_is_the_same_index(folder, milvus):
    before = answers(folder)
    there = migrate(folder, milvus)
    assert not (folder / VECTORS).exists()
    assert answers(folder, milvus) == before
    back = migrate(folder, None)
    assert (there.chunks, there.notice, back.notice) == (COUNT, "", "")
    assert back.sha256 == there.sha256
    assert (folder / VECTORS).exists()
    assert answers(folder) == before
    again = migrate(folder, milvus)
    assert again.sha256 == there.sha256
    assert migrate(folder, milvus) == again
    assert answers(folder, milvus) == before


def test_a_filling_that_is_killed_between_batches_goes_on_behind_the_last(folder, milvus, monkeypatch):
    monkeypatch.setattr(filling, "BATCH", 5)
    before, batches = answers(folder), []

    def killed(done, chunks):
        batches.append((done, chunks))
        if len(batches) == 2:
            raise Killed

    with pytest.raises(Killed):
        migrate(folder, milvus, on_batch=killed)
    assert answers(folder) == before
    moved = migrate(folder, milvus, on_batch=lambda *one: batches.append(one))
    assert batches == [(5, COUNT), (10, COUNT), (15, COUNT), (20, COUNT), (23, COUNT)]
    assert moved.chunks == COUNT
    assert answers(folder, milvus) == before


def test_a_filling_begins_anew_when_documents_were_changed_meanwhile(folder, milvus, monkeypatch):
    monkeypatch.setattr(filling, "BATCH", 10)
    with pytest.raises(Killed):
        migrate(folder, milvus, on_batch=lambda *_: (_ for _ in ()).throw(Killed))
    with closing(IndexStore(folder, IDENTITY)) as store:
        store.delete(["a/00.md"])
        store.put([document("a/new.md", "harbour new")])
    before, batches = answers(folder), []
    migrate(folder, milvus, on_batch=lambda *one: batches.append(one))
    assert batches == [(10, COUNT), (20, COUNT), (COUNT, COUNT)]
    assert answers(folder, milvus) == before


def test_what_does_not_hold_what_it_was_given_is_not_trusted(folder, milvus, monkeypatch):
    before = answers(folder)
    upsert = Rows.upsert
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rows, "upsert", lambda self, rows: upsert(self, rows[1:]))
        with pytest.raises(
            FootnoteError, match=r"does not hold what it was given: 22 passages of 23, or other vectors"
        ):
            migrate(folder, milvus)
    assert answers(folder) == before
    assert migrate(folder, milvus).chunks == COUNT


def test_an_index_without_documents_can_be_moved(tmp_path, milvus):
    IndexStore(tmp_path / "index", IDENTITY, create=True).close()
    assert migrate(tmp_path / "index", milvus).chunks == 0
    with closing(IndexStore(tmp_path / "index", IDENTITY, milvus=milvus)) as store:
        store.put([document("a/x.md", "one")])
        assert names(store.dense(vector("one"), 9)) == ["a/x.md"]
    assert migrate(tmp_path / "index", None).chunks == 1


def test_there_has_to_be_an_index(tmp_path, milvus):
    with pytest.raises(FootnoteError, match="There is no index in"):
        migrate(tmp_path / "none", milvus)


def test_a_digest_is_over_ids_and_vectors_in_whatever_batches():
    ids, vectors = np.arange(3), np.ones((3, 2), np.float32)
    whole = digest_of([(ids, vectors)])
    assert whole[0] == 3
    assert digest_of([(ids[:1], vectors[:1]), (ids[1:], vectors[1:])]) == whole
    assert digest_of([(ids, -vectors)]) != whole != digest_of([(ids + 1, vectors)])


def test_the_command_says_what_to_set(folder, milvus, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(app, ["migrate", "--to", "milvus", "--milvus", "rows.db", "--index", str(folder)])
    assert (run.exit_code, run.output) == (
        0,
        f"Milvus at {milvus.uri} searches {COUNT} passages. Set FOOTNOTE_MILVUS={milvus.uri}\n",
    )
    run = CliRunner().invoke(app, ["migrate", "--to", "local", "--index", str(folder), "--json"])
    assert run.exit_code == 0
    assert {key: json.loads(run.output)[key] for key in ("to", "chunks", "notice")} == {
        "to": "local",
        "chunks": COUNT,
        "notice": "",
    }
    run = CliRunner().invoke(app, ["migrate", "--to", "milvus", "--index", str(folder)])
    assert (run.exit_code, run.output) == (
        1,
        "footnote: Say where Milvus is: --milvus FILE.db, or --milvus https://HOST:PORT\n",
    )


def test_a_backup_is_restored_as_an_index_that_searches_itself(folder, milvus, tmp_path):
    before = answers(folder)
    migrate(folder, milvus)
    back_up(folder, tmp_path / "copy.zip")
    restore(tmp_path / "copy.zip", tmp_path / "again")
    assert answers(tmp_path / "again") == answers(folder, milvus) == before
    assert migrate(tmp_path / "again", milvus).chunks == COUNT
    assert answers(tmp_path / "again", milvus) == answers(folder, milvus) == before
