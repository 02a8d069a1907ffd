"""What is no longer there: deleted files and folders go, and what looks like a drive that is not mounted stays."""

import shutil

import pytest
from indexing_runs import EMPTIED, write

from schema import FileReport

GONE = "The file is no longer there."


def empty(folder):
    for path in folder.iterdir():
        path.unlink()


def test_a_folder_that_is_there_and_holds_no_files_keeps_its_documents(docs, indexing):
    write(docs, a="apple")
    write(docs / "share", b="banana", c="cherry")
    indexing(docs)
    empty(docs / "share")
    kept = FileReport(str(docs / "share"), "refused", EMPTIED.format("2 documents stay"))
    assert indexing(docs).files[1:] == (kept,)
    assert indexing(docs).files[1:] == (kept,)
    assert len(indexing.texts()) == 3
    write(docs / "share", b="banana", c="cherry")
    assert {status for _, status, _ in indexing.rows(docs)} == {"unchanged"}


def test_a_folder_that_is_gone_itself_was_deleted(docs, indexing):
    write(docs, a="apple")
    write(docs / "share" / "deep", b="banana")
    indexing(docs)
    shutil.rmtree(docs / "share")
    assert indexing.rows(docs) == [("a.txt", "unchanged", ""), ("b.txt", "removed", GONE)]
    assert list(indexing.texts()) == ["default/a.txt"]


@pytest.mark.parametrize("depth", [1, 2])
def test_what_was_deep_below_an_emptied_folder_stays_too(docs, indexing, depth):
    write(docs, a="apple")
    write(docs / "share" / "x" / "y", b="banana")
    indexing(docs)
    shutil.rmtree(docs / "share" / "x" if depth == 1 else docs / "share" / "x" / "y")
    emptied = docs / "share" if depth == 1 else docs / "share" / "x"
    assert indexing(docs).files[1:] == (FileReport(str(emptied), "refused", EMPTIED.format("1 document stays")),)


def test_a_file_deleted_among_others_goes(docs, indexing):
    write(docs / "share", b="banana", c="cherry")
    indexing(docs)
    (docs / "share" / "c.txt").unlink()
    assert indexing.rows(docs) == [("b.txt", "unchanged", ""), ("c.txt", "removed", GONE)]


def test_hidden_files_do_not_make_an_empty_folder_full(docs, indexing):
    write(docs, a="apple")
    write(docs / "share", b="banana")
    indexing(docs)
    empty(docs / "share")
    (docs / "share" / ".DS_Store").write_text("x")
    assert indexing(docs).files[1].status == "refused"


def test_another_file_of_the_same_name_does_not_take_the_place_of_one_that_may_come_back(docs, indexing, tmp_path):
    write(docs, a="apple")
    indexing(docs)
    (docs / "a.txt").rename(tmp_path / "unmounted.txt")
    (docs / ".hidden").write_text("x")
    write(tmp_path / "other", a="avocado")
    ((_, status, reason),) = indexing.rows(tmp_path / "other")
    assert (status, reason.startswith("The collection 'default' already has a 'a.txt', from ")) == ("refused", True)
    assert indexing.texts() == {"default/a.txt": "apple"}
    write(tmp_path / "other", a="apple")
    assert indexing.rows(tmp_path / "other")[0][1] == "unchanged"
    docs.joinpath(".hidden").unlink()
    docs.rmdir()
    write(tmp_path / "third", a="apricot")
    (tmp_path / "other" / "a.txt").unlink()
    (tmp_path / "other").rmdir()
    assert indexing.rows(tmp_path / "third")[0][1] == "indexed"
    assert indexing.texts() == {"default/a.txt": "apricot"}


def test_missing_documents_can_be_removed_all_the_same(docs, indexing):
    write(docs, a="apple")
    write(docs / "share", b="banana")
    indexing(docs)
    empty(docs / "share")
    assert indexing.rows(docs, remove_missing=True) == [("a.txt", "unchanged", ""), ("b.txt", "removed", GONE)]
    empty_root = docs / "a.txt"
    empty_root.unlink()
    assert indexing.rows(docs) == [("docs", "refused", EMPTIED.format("1 document stays"))]
    assert indexing.rows(docs, remove_missing=True) == [("a.txt", "removed", GONE)]
    assert indexing.texts() == {}


def test_files_that_moved_out_of_a_folder_do_not_make_it_a_warning(docs, indexing):
    write(docs / "inbox", a="apple")
    write(docs / "done", b="banana")
    indexing(docs)
    (docs / "inbox" / "a.txt").rename(docs / "done" / "a.txt")
    assert indexing.rows(docs) == [
        ("a.txt", "unchanged", "It was called inbox/a.txt before."), ("b.txt", "unchanged", ""),
    ]  # fmt: skip
