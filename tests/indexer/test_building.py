"""Whole indexing runs over real files: every status, every identity, and what an interrupted run leaves."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import IDENTITY, count_words, word_vectors
from indexing_runs import EMPTIED, found, write

from indexer import ahead, committing, run
from indexer.building import index_paths
from indexer.chunking import chunk_document
from indexer.loading import load, load_all
from indexer.loading.members import Member
from indexer.stamps import read_stamped
from indexer.store import IndexStore
from indexer.walking import LEADS_OUT
from schema import Block, Extraction, FileReport, FootnoteError, Page, Words


def test_new_changed_unchanged_and_removed_files(docs, indexing):
    write(docs, a="The apple.", b="The banana.", c="The cherry.")
    assert indexing.rows(docs) == [("a.txt", "indexed", ""), ("b.txt", "indexed", ""), ("c.txt", "indexed", "")]
    assert len(indexing.embedded) == 3
    assert indexing.rows(docs) == [("a.txt", "unchanged", ""), ("b.txt", "unchanged", ""), ("c.txt", "unchanged", "")]
    assert indexing.embedded == []
    write(docs, b="The blueberry.")
    (docs / "c.txt").unlink()
    assert indexing.rows(docs) == [
        ("a.txt", "unchanged", ""),
        ("b.txt", "indexed", ""),
        ("c.txt", "removed", "The file is no longer there."),
    ]
    assert indexing.embedded == ["b\nThe blueberry."]
    assert indexing.texts() == {"default/a.txt": "The apple.", "default/b.txt": "The blueberry."}
    assert [found(indexing.store, word) for word in ("apple", "banana", "blueberry", "cherry")] == [
        ["default/a.txt"], [], ["default/b.txt"], [],
    ]  # fmt: skip
    hits = indexing.store.dense(word_vectors(["b\nThe blueberry."])[0], 9)
    assert [(hit.chunk.source_id, round(hit.score, 5)) for hit in hits][:1] == [("default/b.txt", 1.0)]
    assert len(hits) == 2


def test_a_row_counts_pages_and_chunks(docs, indexing):
    write(
        docs, long="\n\n".join(f"Paragraph {number} has exactly these ten small words in it." for number in range(30))
    )
    (row,) = indexing(docs).files
    assert row == FileReport(str(docs / "long.txt"), "indexed", "", pages=0, chunks=5)
    assert replace(row, status="unchanged") == indexing(docs).files[0]


def test_pages_without_text_make_a_document_partial(docs, indexing):
    write(docs, scan="ignored")
    pages = (Page(1, 0, 4), Page(2, 4, 4))
    extraction = Extraction(
        "Text", (Block("paragraph", 0, 4),), pages, warnings=("one of 2 pages has no text", "slide 2 is hidden.")
    )
    partial = FileReport(str(docs / "scan.txt"), "partial", "One of 2 pages has no text; slide 2 is hidden.", 2, 1)
    assert indexing(docs, load=lambda *_: (Member("", extraction),)).files == (partial,)
    assert indexing(docs).files == (replace(partial, status="unchanged"),)
    (info,) = indexing.store.sources()
    assert (info.status, info.reason, info.pages, info.pages_empty) == ("partial", partial.reason, 2, 1)


def test_a_file_that_cannot_be_read_costs_its_own_row(docs, indexing):
    write(docs, a="apple", b="banana", c="cherry", d="damson", e="")

    def break_some(path, sha256):
        if path.name == "a.txt":
            raise RecursionError("too deep")
        if path.name == "b.txt":
            raise FootnoteError("b.txt is encrypted.")
        if path.name == "c.txt":
            raise MemoryError
        return load_all(path, sha256)

    assert indexing.rows(docs, load=break_some) == [
        ("a.txt", "refused", "It could not be read (RecursionError: too deep)."),
        ("b.txt", "refused", "b.txt is encrypted."),
        ("c.txt", "refused", "It could not be read (MemoryError: )."),
        ("d.txt", "indexed", ""),
        ("e.txt", "refused", "e.txt is empty."),
    ]
    assert list(indexing.texts()) == ["default/d.txt"]


CHANGED = "It changed while it was read: the next run reads it again."


@pytest.mark.parametrize("times", [1, 2])
def test_a_file_that_changes_before_it_is_read_is_read_once_more(docs, indexing, times):
    write(docs, a="apple")
    later = ["banana", "cherry"][:times]

    def read_late(path, sha256):
        if later:
            write(docs, a=later.pop(0))
        return load_all(path, sha256)

    expected = ("a.txt", "indexed", "") if times == 1 else ("a.txt", "refused", CHANGED)
    assert indexing.rows(docs, load=read_late) == [expected]
    assert indexing.texts() == ({"default/a.txt": "banana"} if times == 1 else {})
    assert indexing.rows(docs)[0][1:] == ("unchanged" if times == 1 else "indexed", "")


@pytest.mark.parametrize("times", [1, 2])
def test_a_link_that_is_there_for_just_the_moment_of_reading_leads_nowhere(docs, indexing, tmp_path, times):
    write(docs, a="apple")
    write(tmp_path / "secrets", a="secret")
    moments = [True] * times

    def read_between(path, sha256):
        if not moments:
            return load_all(path, sha256)
        moments.pop()
        behind_a_link(path, tmp_path / "secrets" / "a.txt")
        try:
            return load_all(path, sha256)
        finally:
            path.with_name(".before").replace(path)

    expected = ("a.txt", "indexed", "") if times == 1 else ("a.txt", "refused", CHANGED)
    assert indexing.rows(docs, load=read_between) == [expected]
    assert indexing.texts() == ({"default/a.txt": "apple"} if times == 1 else {})


def behind_a_link(place, target):
    """Something happens on a shared drive between the walk and the reading: a link takes a place."""
    place.rename(place.with_name(".before"))
    place.symlink_to(target)


@pytest.mark.parametrize("name", ["sub/a.txt", "sub"])
@pytest.mark.parametrize("step", ["hashing", "reading"])
def test_a_link_that_takes_the_place_of_a_file_or_folder_leads_nowhere(
    docs, indexing, tmp_path, monkeypatch, name, step
):
    write(docs / "sub", a="apple")
    write(tmp_path / "secrets" / "sub", a="secret")

    def late(work):
        def do(*given):
            behind_a_link(docs / name, tmp_path / "secrets" / name)
            return work(*given)

        return do

    if step == "hashing":
        monkeypatch.setattr(run, "read_stamped", late(read_stamped))
    load = late(indexing.load) if step == "reading" else indexing.load
    assert indexing.rows(docs, load=load) == [("a.txt", "refused", LEADS_OUT)]
    assert (indexing.texts(), bool(indexing.loaded)) == ({}, step == "reading")


def test_a_document_that_can_no_longer_be_read_stays_as_it_was(docs, indexing):
    write(docs, a="apple")
    indexing(docs)
    (docs / "a.txt").write_bytes(b"\x00\x01\x02binary\x00" * 50)
    ((_, status, reason),) = indexing.rows(docs)
    assert status == "refused"
    assert reason.endswith("The version that was indexed before is still searchable.")
    assert indexing.texts() == {"default/a.txt": "apple"}
    write(docs, a="avocado")
    assert indexing.rows(docs) == [("a.txt", "indexed", "")]


def test_a_folder_that_became_empty_keeps_its_documents(docs, indexing):
    write(docs, a="apple", b="banana")
    indexing(docs)
    for file in docs.iterdir():
        file.unlink()
    assert indexing(docs).files == (FileReport(str(docs), "refused", EMPTIED.format("2 documents stay")),)
    docs.rmdir()
    ((name, status, reason),) = indexing.rows(docs)
    assert (name, status) == ("docs", "refused")
    assert reason == f"There is nothing to index at {docs}: No such file or directory."
    assert len(indexing.texts()) == 2


def test_an_unreadable_folder_keeps_its_documents(docs, indexing, monkeypatch):
    closed = docs / "closed"
    closed.mkdir()
    write(docs, a="apple", b="banana")
    write(closed, c="cherry")
    indexing(docs)
    (docs / "b.txt").unlink()
    real = Path.iterdir

    def refuse(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert indexing.rows(docs) == [
        ("a.txt", "unchanged", ""),
        ("closed", "refused", "The folder can't be read: Permission denied."),
        ("b.txt", "removed", "The file is no longer there."),
    ]
    assert list(indexing.texts()) == ["default/a.txt", "default/closed/c.txt"]
    assert indexing.rows(closed) == [("closed", "refused", "The folder can't be read: Permission denied.")]
    assert list(indexing.texts()) == ["default/a.txt", "default/closed/c.txt"]


def test_a_file_keeps_its_identity_however_it_is_named(docs, indexing, monkeypatch):
    sub = docs / "sub"
    sub.mkdir()
    write(docs, a="apple")
    write(sub, b="banana")
    indexing(docs)
    monkeypatch.chdir(sub)
    for path in (sub / "b.txt", sub, docs, docs.parent / "docs", docs / ".." / "docs"):
        assert {status for _, status, _ in indexing.rows(path)} == {"unchanged"}
    for path in ("b.txt", "../sub", "..", "."):
        assert {status for _, status, _ in indexing.rows(Path(path))} == {"unchanged"}
    write(sub, b="blueberry")
    assert indexing.rows(sub / "b.txt") == [("b.txt", "indexed", "")]
    assert indexing.texts() == {"default/a.txt": "apple", "default/sub/b.txt": "blueberry"}
    write(sub, new="nectarine")
    indexing(sub)
    assert "default/sub/new.txt" in indexing.texts()


def test_a_file_first_and_its_folder_later_in_the_same_run(docs, indexing):
    sub = docs / "sub"
    sub.mkdir()
    write(sub, a="apple", b="banana")
    assert [status for _, status, _ in indexing.rows(sub / "a.txt", docs, sub)] == ["indexed", "indexed"]
    assert indexing.texts() == {"default/a.txt": "apple", "default/sub/b.txt": "banana"}
    assert [status for _, status, _ in indexing.rows(docs, sub / "a.txt", docs)] == ["unchanged", "unchanged"]


def test_many_paths_are_looked_up_and_not_compared_with_each_other(docs, indexing, monkeypatch):
    write(docs, **{f"file{number:02}": f"word{number}" for number in range(60)})
    paths = sorted(docs.iterdir())
    indexing(*paths[:30])
    for path in paths[:10]:
        path.unlink()
    compared = []
    is_relative_to = Path.is_relative_to
    monkeypatch.setattr(Path, "is_relative_to", lambda *given: compared.append(given) or is_relative_to(*given))
    statuses = [status for _, status, _ in indexing.rows(*paths[10:])]
    assert statuses == ["unchanged"] * 20 + ["indexed"] * 30
    assert len(compared) < 3 * len(paths)


def test_a_folder_by_another_name_is_the_same_folder(docs, indexing, tmp_path):
    write(docs, a="apple")
    indexing(docs)
    (tmp_path / "link").symlink_to(docs)
    assert indexing.rows(tmp_path / "link") == [("a.txt", "unchanged", "")]
    write(docs, a="avocado")
    assert indexing.rows(tmp_path / "link") == [("a.txt", "indexed", "")]
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    assert indexing.texts() == {"default/a.txt": "avocado"}


def test_a_moved_folder_is_recognised_without_embedding(docs, indexing):
    write(docs, a="apple", b="banana")
    indexing(docs)
    moved = docs.rename(docs.parent / "moved")
    write(moved, b="blueberry")
    assert indexing.rows(moved) == [("a.txt", "unchanged", ""), ("b.txt", "indexed", "")]
    assert indexing.embedded == ["b\nblueberry"]
    assert {file.root for file in indexing.store.known_files("default")} == {str(moved)}
    (moved / "a.txt").unlink()
    assert indexing.rows(moved) == [("b.txt", "unchanged", ""), ("a.txt", "removed", "The file is no longer there.")]
    assert indexing.texts() == {"default/b.txt": "blueberry"}


def test_another_folder_with_the_same_names_is_refused_or_gets_its_own_collection(docs, indexing, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    write(docs, a="apple")
    write(other, a="apricot", b="banana")
    assert indexing.rows(docs, other) == [
        ("a.txt", "indexed", ""),
        (
            "a.txt",
            "refused",
            f"The collection 'default' already has a 'a.txt', from {docs}: "
            "index this folder into a collection of its own with --collection.",
        ),
        ("b.txt", "indexed", ""),
    ]
    assert indexing.texts() == {"default/a.txt": "apple", "default/b.txt": "banana"}
    assert indexing.rows(other, collection="two") == [("a.txt", "indexed", ""), ("b.txt", "indexed", "")]
    assert indexing.texts()["two/a.txt"] == "apricot"
    assert {status for _, status, _ in indexing.rows(docs)} == {"unchanged"}


ODD_NAMES = [
    "quote \"'.txt",
    "new\nline.txt",
    "emoji 😀.txt",
    os.fsdecode(b"latin-\xe9.txt"),
    "back\\slash.txt",
    " .txt",
]


def test_odd_file_names_are_indexed_once(docs, indexing, tmp_path):
    for name in ODD_NAMES:
        (docs / name).write_text(f"about {ODD_NAMES.index(name)}")
    assert indexing(docs).count("indexed") == len(ODD_NAMES)
    assert indexing(docs).count("unchanged") == len(ODD_NAMES)
    assert sorted(indexing.texts().values()) == [f"about {number}" for number in range(len(ODD_NAMES))]
    assert all(name.isprintable() for name in indexing.texts())
    (docs / ODD_NAMES[3]).unlink()
    assert (indexing(docs).count("removed"), indexing(docs).count("unchanged")) == (1, len(ODD_NAMES) - 1)
    other = tmp_path / "other"
    other.mkdir()
    (other / ODD_NAMES[1]).write_text("another file")
    assert [status for _, status, _ in indexing.rows(other)] == ["refused"]
    moved = docs.rename(tmp_path / "moved")
    assert indexing(moved).count("unchanged") == len(ODD_NAMES) - 1


def test_the_index_itself_is_not_indexed(docs, indexing, tmp_path):
    write(docs, a="apple")
    assert indexing.rows(tmp_path) == [("a.txt", "indexed", "")]


def test_a_new_recipe_reads_everything_again_even_if_it_is_interrupted(docs, indexing, monkeypatch):
    monkeypatch.setattr(committing, "BATCH_FILES", 1)
    write(docs, a="apple", b="banana", c="cherry")
    indexing(docs)

    def interrupt(texts):
        if "banana" in texts[0]:
            raise KeyboardInterrupt
        return word_vectors(texts)

    with pytest.raises(KeyboardInterrupt):
        indexing(docs, name="new", embed=interrupt)
    assert [row.status for row in indexing.told] == ["indexed"]
    assert indexing.rows(docs, name="new") == [
        ("a.txt", "unchanged", ""), ("b.txt", "indexed", ""), ("c.txt", "indexed", ""),
    ]  # fmt: skip


def test_an_interrupted_run_keeps_what_it_has_reported(docs, indexing, monkeypatch, tmp_path):
    monkeypatch.setattr(committing, "BATCH_FILES", 2)
    write(docs, a="apple", b="banana", c="cherry", d="damson", e="elder")

    def interrupt(texts):
        if any("cherry" in text for text in texts):
            raise KeyboardInterrupt
        return word_vectors(texts)

    with pytest.raises(KeyboardInterrupt):
        indexing(docs, embed=interrupt)
    assert [(row.path, row.status) for row in indexing.told] == [
        (str(docs / "a.txt"), "indexed"),
        (str(docs / "b.txt"), "indexed"),
    ]
    reader = IndexStore(tmp_path / "index", IDENTITY)
    assert [info.source.path for info in reader.sources()] == ["a.txt", "b.txt"]
    assert len(reader.dense(word_vectors(["apple"])[0], 9)) == 2
    reader.close()
    assert [status for _, status, _ in indexing.rows(docs)] == ["unchanged"] * 2 + ["indexed"] * 3


def test_a_batch_is_read_while_the_one_before_is_embedded(docs, indexing, monkeypatch):
    monkeypatch.setattr(committing, "BATCH_FILES", 1)
    write(docs, a="apple", b="banana", c="cherry")
    read_b = threading.Event()

    def read(path, sha256):
        if path.name == "b.txt":
            read_b.set()
        return load_all(path, sha256)

    def embed(texts):
        assert read_b.wait(60)
        return word_vectors(texts)

    assert {status for _, status, _ in indexing.rows(docs, load=read, embed=embed)} == {"indexed"}


def test_rows_and_progress_are_told_in_the_thread_of_the_run(docs, indexing, monkeypatch):
    monkeypatch.setattr(committing, "BATCH_FILES", 1)
    write(docs, a="apple", b="banana", c="cherry")
    threads = {"embed": set(), "told": set()}

    def embed(texts):
        threads["embed"].add(threading.get_ident())
        return word_vectors(texts)

    index_paths(
        indexing.store,
        [docs],
        collection="default",
        recipe=replace(indexing.recipe, embed=embed),
        on_file=lambda _: threads["told"].add(threading.get_ident()),
        on_progress=lambda _: threads["told"].add(threading.get_ident()),
    )
    assert threads["told"] == {threading.get_ident()}
    assert threads["embed"].isdisjoint(threads["told"])


def test_progress_counts_bytes_up_to_the_total(docs, indexing, monkeypatch):
    monkeypatch.setattr(ahead, "EMBED_CHUNKS", 2)
    monkeypatch.setattr(committing, "BATCH_FILES", 3)
    write(docs, **{f"f{number}": f"Word {number}. " * 40 * number for number in range(9)})
    size = sum(path.stat().st_size for path in docs.iterdir())
    indexing(docs, docs / "f1.txt", docs / "missing")
    steps = [step.done for step in indexing.progress]
    assert steps == sorted(steps)
    assert {step.total for step in indexing.progress} == {size}
    assert steps[-1] == size
    assert {step.unit for step in indexing.progress} == {"bytes"}
    indexing(docs)
    assert [step.done for step in indexing.progress][-1] == size


def test_chunks_in_the_index_are_those_of_the_file(docs, indexing, run_store):
    text = "# Title\n\n" + "\n\n".join(f"Part {number} says something else." * 5 for number in range(12))
    (docs / "a.md").write_text(text)
    indexing(docs)
    expected = chunk_document(load(docs / "a.md"), "default/a.md", max_tokens=60, count_tokens=count_words)
    hits = run_store.lexical(Words(("part", "title")), 99)
    assert sorted((hit.chunk for hit in hits), key=lambda chunk: chunk.start) == expected
    assert indexing.embedded == [f"Title\n{chunk.text}" for chunk in expected]


def test_a_document_without_chunks_is_kept(docs, indexing):
    write(docs, a="ignored")
    assert indexing.rows(docs, load=lambda *_: (Member("", Extraction(" ", ())),)) == [("a.txt", "indexed", "")]
    assert indexing.store.dense(word_vectors(["apple"])[0], 5) == []


def test_a_listener_that_fails_stops_the_run_and_is_not_taken_for_a_bad_file(docs, indexing, run_store):
    write(docs, a="apple")
    indexing(docs)
    rows = []

    def fail(row):
        rows.append(row)
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        index_paths(run_store, [docs], collection="default", recipe=indexing.recipe, on_file=fail)
    assert [row.status for row in rows] == ["unchanged"]
