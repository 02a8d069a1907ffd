"""Files under new names, and the same content twice: nothing is read or embedded that is known."""

import os

import pytest
from fakes import word_vectors
from indexing_runs import box, found, write

from indexer import committing


def sources(indexing):
    return {info.source.source_id: info.source.title for info in indexing.store.sources()}


def test_a_renamed_file_keeps_its_text_and_vectors(docs, indexing):
    write(docs, a="The apple. " * 40, b="banana")
    indexing(docs)
    vectors = indexing.vectors()["default/a.txt"]
    (docs / "a.txt").rename(docs / "fruit.txt")
    assert indexing.rows(docs) == [
        ("b.txt", "unchanged", ""),
        ("fruit.txt", "unchanged", "It was called a.txt before."),
    ]
    assert (indexing.loaded, indexing.embedded) == ([], [])
    assert sources(indexing) == {"default/b.txt": "b", "default/fruit.txt": "fruit"}
    assert indexing.vectors()["default/fruit.txt"] == vectors
    assert set(found(indexing.store, "apple")) == {"default/fruit.txt"}
    assert found(indexing.store, "fruit")[0] == "default/fruit.txt"
    assert found(indexing.store, "a") == []
    assert indexing.rows(docs) == [("b.txt", "unchanged", ""), ("fruit.txt", "unchanged", "")]


def test_a_title_of_its_own_stays_when_the_file_is_renamed(docs, indexing):
    (docs / "report.md").write_text("# report\n\nText.")
    indexing(docs)
    (docs / "report.md").rename(docs / "other.md")
    indexing(docs)
    assert sources(indexing) == {"default/other.md": "report"}


def test_a_file_moved_to_another_folder_or_another_root_is_the_same_document(docs, indexing, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    write(docs / "old", a="apple", b="banana")
    write(elsewhere, z="zucchini")
    indexing(docs, elsewhere)
    (docs / "new").mkdir()
    (docs / "old" / "a.txt").rename(docs / "new" / "a.txt")
    (docs / "old" / "b.txt").rename(elsewhere / "b.txt")
    rows = indexing.rows(docs, elsewhere)
    assert ("a.txt", "unchanged", "It was called old/a.txt before.") in rows
    assert ("b.txt", "unchanged", "It was called old/b.txt before.") in rows
    assert {status for _, status, _ in rows} == {"unchanged"}
    assert indexing.embedded == []
    assert set(sources(indexing)) == {"default/new/a.txt", "default/b.txt", "default/z.txt"}


def test_a_file_moved_to_a_folder_that_is_indexed_alone_is_the_same_document(docs, indexing, tmp_path):
    write(docs, a="apple", b="banana")
    indexing(docs)
    write(tmp_path / "elsewhere", z="zucchini")
    (docs / "a.txt").rename(tmp_path / "elsewhere" / "c.txt")
    assert indexing.rows(tmp_path / "elsewhere")[0] == ("c.txt", "unchanged", "It was called a.txt before.")
    assert indexing.rows(docs) == [("b.txt", "unchanged", "")]
    assert set(sources(indexing)) == {"default/b.txt", "default/c.txt", "default/z.txt"}


def test_a_file_moved_over_another_takes_its_name(docs, indexing):
    write(docs, draft="apple", final="banana")
    indexing(docs)
    (docs / "draft.txt").replace(docs / "final.txt")
    assert indexing.rows(docs) == [("final.txt", "unchanged", "It was called draft.txt before.")]
    assert indexing.embedded == []
    assert indexing.texts() == {"default/final.txt": "apple"}


def test_a_renamed_container_keeps_all_its_documents(docs, indexing):
    write(docs, box="a: apple\nb: banana\n!c: It is damaged.")
    indexing(docs, load=box)
    before = indexing.vectors()
    (docs / "box.txt").rename(docs / "chest.txt")
    assert indexing.rows(docs, load=box) == [
        ("a", "unchanged", "It was called box.txt before."),
        ("b", "unchanged", "It was called box.txt before."),
        ("c", "refused", "It is damaged."),
    ]
    assert indexing.vectors() == {name.replace("box", "chest"): rows for name, rows in before.items()}
    assert indexing.embedded == []


def test_a_copy_is_a_document_of_its_own_and_takes_the_vectors(docs, indexing, monkeypatch):
    monkeypatch.setattr(committing, "BATCH_FILES", 2)
    text = "\n\n".join(f"Paragraph {number} has exactly these ten small words in it." for number in range(30))
    write(docs, a=text)
    indexing(docs)
    write(docs, b=text, c=text, d=text)
    assert indexing.rows(docs)[1:] == [(f"{name}.txt", "indexed", "") for name in "bcd"]
    assert indexing.embedded == []
    vectors = indexing.vectors()
    assert len(vectors) == 4
    assert all(rows == vectors["default/a.txt"] for rows in vectors.values())


@pytest.mark.parametrize("files", [1, 2, 3, 64])
def test_copies_that_come_together_are_embedded_once(docs, indexing, monkeypatch, files):
    monkeypatch.setattr(committing, "BATCH_FILES", files)
    write(docs, a="apple", b="apple", c="banana", d="apple", e="banana")
    assert indexing(docs).count("indexed") == 5
    assert indexing.embedded == ["a\napple", "c\nbanana"]
    assert indexing.vectors()["default/d.txt"] == word_vectors(["a\napple"]).tolist()


def test_one_file_becoming_two_is_a_rename_and_a_copy(docs, indexing):
    write(docs, a="apple")
    indexing(docs)
    (docs / "a.txt").rename(docs / "b.txt")
    write(docs, c="apple")
    assert indexing.rows(docs) == [("b.txt", "unchanged", "It was called a.txt before."), ("c.txt", "indexed", "")]
    assert indexing.embedded == []
    assert indexing.texts() == {"default/b.txt": "apple", "default/c.txt": "apple"}


def test_files_that_change_places_lose_nothing(docs, indexing):
    write(docs, a="apple", b="banana", c="cherry")
    indexing(docs)
    write(docs, a="cherry", b="apple", c="banana")
    assert indexing(docs).count("indexed") == 3
    assert indexing.texts() == {"default/a.txt": "cherry", "default/b.txt": "apple", "default/c.txt": "banana"}
    assert indexing.embedded == ["b\napple", "c\nbanana"]
    assert indexing.vectors()["default/a.txt"] == word_vectors(["c\ncherry"]).tolist()


def test_logs_that_are_passed_on_lose_nothing(docs, indexing):
    write(docs, log="third", log1="second", log2="first")
    indexing(docs)
    (docs / "log1.txt").rename(docs / "log2.txt")
    (docs / "log.txt").rename(docs / "log1.txt")
    write(docs, log="fourth")
    indexing(docs)
    assert indexing.texts() == {"default/log.txt": "fourth", "default/log1.txt": "third", "default/log2.txt": "second"}


def test_a_new_way_of_reading_reads_copies_and_renamed_files_again(docs, indexing):
    write(docs, a="apple", b="apple")
    indexing(docs)
    (docs / "a.txt").rename(docs / "c.txt")
    assert indexing.rows(docs, name="new") == [("b.txt", "indexed", ""), ("c.txt", "indexed", "")]
    assert len(indexing.embedded) == 1
    assert indexing.texts() == {"default/b.txt": "apple", "default/c.txt": "apple"}


def test_a_rename_is_one_commit_and_an_interrupted_run_takes_it_up(docs, indexing, monkeypatch):
    write(docs, a="apple", b="banana")
    indexing(docs)
    (docs / "a.txt").rename(docs / "x.txt")
    (docs / "b.txt").rename(docs / "y.txt")

    def fail(changes):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(indexing.store, "apply", fail)
        indexing(docs)
    assert indexing.told == []
    assert set(indexing.texts()) == {"default/a.txt", "default/b.txt"}
    assert {reason for _, _, reason in indexing.rows(docs)} == {
        "It was called a.txt before.", "It was called b.txt before.",
    }  # fmt: skip
    assert indexing.embedded == []


def test_a_file_whose_old_place_cannot_be_looked_up_is_a_copy(docs, indexing, tmp_path):
    name = os.fsdecode(b"latin-\xe9.txt")
    (docs / name).write_text("apple")
    indexing(docs)
    write(tmp_path / "other", b="apple")
    assert indexing.rows(tmp_path / "other") == [("b.txt", "indexed", "")]
    assert len(indexing.texts()) == 2
    (docs / name).rename(docs / "a.txt")
    assert indexing(docs).files[0].reason.startswith("It was called latin-")
    assert len(indexing.texts()) == 2
