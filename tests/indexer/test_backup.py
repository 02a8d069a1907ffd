"""A backup is of one moment, whole or refused; what is restored answers as the index did that it was made of."""

import json
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from fakes import IDENTITY, word_vectors
from test_records import scan
from test_store import PAPERS, document

from indexer import restoring
from indexer.backup import MANIFEST, back_up, move
from indexer.catalogue import DATABASE, VECTORS
from indexer.exchanging import exchange
from indexer.locking import writer_lock
from indexer.restoring import restore
from indexer.store import IndexStore
from schema import FootnoteError, Words

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    """An index of four documents, with feedback beside it."""
    folder = tmp_path / "index"
    store = IndexStore(folder, IDENTITY, create=True)
    with store.writing():
        store.put([*(document(path, texts) for path, texts in PAPERS.items()), scan()])
        store.save_vectors()
    store.close()
    (folder / "feedback.jsonl").write_text('{"question": "x"}\n')
    return folder


def contents(folder):
    """Everything that a reader can get of an index."""
    store = IndexStore(folder, IDENTITY)
    try:
        names = [info.source.source_id for info in store.sources()]
        chunks = store.dense(word_vectors(["aspirin words"])[0], 999)
        return (
            (store.sources(), store.known_files("default"), store.fingerprint(), store.notices),
            [(store.text(name), [store.page_view(name, view.number) for view in store.page_views(name)])
             for name in names],
            (chunks, store.lexical(Words(("aspirin", "words")), 999)),
            store.vectors([hit.chunk.chunk_id for hit in chunks]).tobytes(),
        )  # fmt: skip
    finally:
        store.close()


@pytest.mark.parametrize("name", ["copy.zip", "copy"])
def test_what_is_restored_is_what_was_backed_up(folder, tmp_path, name):
    expected = contents(folder)
    manifest = back_up(folder, tmp_path / "kept" / name)
    assert (manifest.documents, manifest.chunks, manifest.generation) == (4, 9, 2)
    assert set(manifest.files) == {DATABASE, "feedback.jsonl"}
    restored, old = restore(tmp_path / "kept" / name, tmp_path / "again")
    assert (restored, old) == (manifest, None)
    assert contents(tmp_path / "again") == expected
    assert (tmp_path / "again" / "feedback.jsonl").read_text() == '{"question": "x"}\n'
    assert (tmp_path / "again" / VECTORS).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "index", "kept"]  # and nothing half done
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [name]


def test_nobody_else_can_read_a_backup(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    back_up(folder, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy.zip").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o700
    assert {stat.S_IMODE((tmp_path / "copy" / name).stat().st_mode) for name in (DATABASE, "feedback.jsonl")} == {0o600}


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [{tests!r}, {here!r}]
from fakes import IDENTITY
from test_store import document
from indexer.store import IndexStore
store = IndexStore(Path(sys.argv[1]), IDENTITY)
with store.writing():
    for number in range(1, 10_000):
        store.put([document(f"{{name}}.md", [f"version {{number}} of {{name}}"] * 3, sha256=str(number))
                   for name in "abc"])
        print(number, flush=True)
"""


def test_a_backup_while_another_process_writes_is_of_one_generation(folder, tmp_path):
    script = WRITER.format(tests=str(ROOT / "tests"), here=str(ROOT / "tests" / "indexer"))
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
        try:
            assert writer.stdout.readline() == "1\n"
            made = [back_up(folder, tmp_path / f"{number}.zip") for number in range(5)]
        finally:
            writer.kill()
    assert len({manifest.generation for manifest in made}) > 1
    for number, manifest in enumerate(made):
        restore(tmp_path / f"{number}.zip", tmp_path / f"again{number}")
        ((infos, _, _, _), texts, _, _) = contents(tmp_path / f"again{number}")
        versions = {info.source.sha256 for info in infos if info.source.path != "scan.pdf"}
        assert len(infos) == manifest.documents == 4
        assert versions == {str(manifest.generation - 2)}
        assert all(f"version {versions.copy().pop()} of" in text for text, _ in texts if "typed" not in text)


def test_a_name_that_is_taken_is_left_alone(folder, tmp_path):
    (tmp_path / "copy.zip").write_text("mine")
    with pytest.raises(FootnoteError, match=r"copy\.zip is there already\. Name a new file or folder"):
        back_up(folder, tmp_path / "copy.zip")
    assert (tmp_path / "copy.zip").read_text() == "mine"


def test_what_is_no_index_or_a_damaged_one_is_not_backed_up(folder, tmp_path):
    with pytest.raises(FootnoteError, match="There is no index in"):
        back_up(tmp_path / "nothing", tmp_path / "copy.zip")
    connection = sqlite3.connect(folder / DATABASE)
    connection.execute("UPDATE source_text SET text = 'other'")
    connection.commit()
    connection.close()
    with pytest.raises(
        FootnoteError, match=r"The index is damaged \(the text of a document is not as it was written\)"
    ):
        back_up(folder, tmp_path / "copy.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


def test_a_full_disk_leaves_nothing_behind(folder, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", full)
    with pytest.raises(FootnoteError, match=r"The backup .*copy\.zip can't be written: No space left on device\.$"):
        back_up(folder, tmp_path / "copy.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


# Refusing


def test_an_index_with_documents_is_replaced_only_when_that_is_said(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    store = IndexStore(folder, IDENTITY)
    store.put([document("new.md", ["later"])])
    store.close()
    with pytest.raises(FootnoteError, match=r"index holds an index of 5 documents\. Add --force to put the backup in"):
        restore(tmp_path / "copy.zip", folder)
    _, old = restore(tmp_path / "copy.zip", folder, force=True)
    assert len(contents(folder)[0][0]) == 4
    assert len(contents(old)[0][0]) == 5
    assert old.parent == folder.parent
    assert old.name.startswith("index.replaced-")


def test_an_empty_folder_and_an_index_without_documents_are_no_obstacle(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    (tmp_path / "empty").mkdir()
    assert restore(tmp_path / "copy.zip", tmp_path / "empty")[1] is None
    IndexStore(tmp_path / "fresh", IDENTITY, create=True).close()
    restore(tmp_path / "copy.zip", tmp_path / "fresh")
    assert contents(tmp_path / "empty") == contents(tmp_path / "fresh") == contents(folder)


def test_a_damaged_index_is_replaced_only_when_that_is_said(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    expected = contents(folder)
    (folder / DATABASE).write_bytes(b"nothing")
    with pytest.raises(FootnoteError, match=r"index is not empty, and can't be read as an index\. Add --force"):
        restore(tmp_path / "copy.zip", folder)
    _, old = restore(tmp_path / "copy.zip", folder, force=True)
    assert contents(folder) == expected
    assert (old / DATABASE).read_bytes() == b"nothing"


def test_a_file_in_the_place_of_the_index_is_left_alone(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    (tmp_path / "file").write_text("mine")
    for force in (False, True):
        with pytest.raises(FootnoteError, match=r"file can't be restored: Not a directory\.$"):
            restore(tmp_path / "copy.zip", tmp_path / "file", force=force)
    assert (tmp_path / "file").read_text() == "mine"


def test_who_has_the_old_index_open_writes_nothing_into_the_new_one(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    expected = contents(folder)
    with closing(IndexStore(folder, IDENTITY)) as store:
        with store.writing():
            store.put([document("new.md", ["later"])])
        restore(tmp_path / "copy.zip", folder, force=True)
        with pytest.raises(FootnoteError, match="was restored or mended by another process"), store.writing():
            store.put([document("lost.md", ["later still"])])
    assert contents(folder) == expected


def test_an_index_that_is_being_written_is_not_replaced(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    with writer_lock(folder, wait_seconds=0), pytest.raises(FootnoteError, match="is being written by another process"):
        restore(tmp_path / "copy.zip", folder, force=True, lock_wait_s=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.zip", "index"]


def test_the_old_index_comes_back_when_the_new_one_cannot_be_put_in_its_place(folder, tmp_path, monkeypatch):
    back_up(folder, tmp_path / "copy.zip")
    expected = contents(folder)

    def refuse(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(restoring, "exchange", lambda *_: False)
    monkeypatch.setattr(restoring, "move", refuse)
    with pytest.raises(FootnoteError, match=r"can't be restored: Input/output error\.$"):
        restore(tmp_path / "copy.zip", folder, force=True)
    assert contents(folder) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.zip", "index"]


@pytest.mark.parametrize("can", [True, False])
def test_two_folders_change_names_or_are_renamed_one_after_the_other(folder, tmp_path, monkeypatch, can):
    if can and not exchange(folder, folder):
        pytest.skip("names can't be exchanged here")
    back_up(folder, tmp_path / "copy.zip")
    expected = contents(folder)
    store = IndexStore(folder, IDENTITY)
    store.put([document("new.md", ["later"])])
    store.close()
    two_steps = []
    monkeypatch.setattr(restoring, "move", lambda *names: two_steps.append(names) or move(*names))
    if not can:
        monkeypatch.setattr(restoring, "exchange", lambda *_: False)
    _, old = restore(tmp_path / "copy.zip", folder, force=True)
    assert bool(two_steps) != can
    assert contents(folder) == expected  # with no notice that commits are lost
    assert len(contents(old)[0][0]) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.zip", "index", old.name]


def test_what_can_not_be_exchanged_stays(tmp_path):
    (tmp_path / "one").mkdir()
    assert not exchange(tmp_path / "one", tmp_path / "none")
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_mutated_backup_is_refused_or_gives_the_same(folder, tmp_path):
    back_up(folder, tmp_path / "copy.zip")
    expected, whole = contents(folder), (tmp_path / "copy.zip").read_bytes()
    chance = random.Random(7)  # noqa: S311
    refused = 0
    for number in range(60):
        data = bytearray(whole)
        place = chance.randrange(len(data)) if number % 3 else len(data) - chance.randrange(1, 900)
        if number % 5:
            data[place] ^= 1 << chance.randrange(8)
        else:
            del data[place:]
        (tmp_path / "bad.zip").write_bytes(data)
        try:
            restore(tmp_path / "bad.zip", tmp_path / "again")
        except FootnoteError as error:
            refused += 1
            assert str(error).startswith(f"{tmp_path / 'bad.zip'} is not a whole backup: ")
            assert not (tmp_path / "again").exists()
        else:  # a date in the archive, or of the manifest
            assert contents(tmp_path / "again") == expected
            shutil.rmtree(tmp_path / "again")
    assert refused > 45


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda manifest: manifest.update(format="99"), "it has format 99, and this version of Footnote reads 3"),
        (lambda manifest: manifest.update(documents=5), "its manifest is of another one"),
        (lambda manifest: manifest["files"].update({"../evil": "00"}), "it holds other files than a backup does"),
        (lambda manifest: manifest["files"].pop(DATABASE), "it holds other files than a backup does"),
        (lambda manifest: manifest["files"].update({DATABASE: "00"}), "catalogue.sqlite3 is not as it was when"),
        (lambda manifest: manifest.pop("chunks"), "its manifest.json is not that of a backup."),
        (lambda manifest: manifest.update(files=[DATABASE]), "its manifest.json is not that of a backup."),
        (lambda manifest: manifest.update(made_at=2026), "its manifest.json is not that of a backup."),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(folder, tmp_path, change, why):
    back_up(folder, tmp_path / "copy")
    path = tmp_path / "copy" / MANIFEST
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    with pytest.raises(FootnoteError) as caught:
        restore(tmp_path / "copy", tmp_path / "again")
    assert why in str(caught.value)
    assert not (tmp_path / "again").exists()


def test_what_holds_no_manifest_is_told_so(tmp_path):
    (tmp_path / "folder").mkdir()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "text")
    for source in (tmp_path / "folder", tmp_path / "other.zip"):
        with pytest.raises(FootnoteError) as caught:
            restore(source, tmp_path / "again")
        assert str(caught.value) == f"{source} is not a whole backup: it holds no manifest.json."


def test_what_is_no_backup_is_refused(tmp_path, folder):
    (tmp_path / "text.zip").write_text("not a backup")
    for source in (tmp_path / "text.zip", tmp_path / "nothing.zip", folder):
        with pytest.raises(FootnoteError, match="is not a whole backup: "):
            restore(source, tmp_path / "again")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, " " * 10_000_000)
    with pytest.raises(FootnoteError, match="it is packed in another way"):
        restore(tmp_path / "bomb.zip", tmp_path / "again")
