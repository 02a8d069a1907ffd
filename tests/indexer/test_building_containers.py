"""Files that hold several documents: their rows, their identities, and what goes when they change."""

import pytest
from indexing_runs import as_text, box, found, write

from indexer import stamps
from indexer.loading.members import Member
from schema import FileReport


def boxes(indexing, *paths, **options):
    report = indexing(*paths, load=box, **options)
    return [(row.path.rpartition("/docs/")[2], row.status, row.reason) for row in report.files]


def test_each_document_of_a_container_is_searchable_under_its_own_name(docs, indexing):
    write(docs, mail=": The apple.\nfirst.pdf: The banana.\nold/second.pdf: The cherry.")
    rows = boxes(indexing, docs)
    assert rows == [
        ("mail.txt", "indexed", ""), ("mail.txt/first.pdf", "indexed", ""), ("mail.txt/old/second.pdf", "indexed", ""),
    ]  # fmt: skip
    assert indexing.texts() == {
        "default/mail.txt": "The apple.",
        "default/mail.txt/first.pdf": "The banana.",
        "default/mail.txt/old/second.pdf": "The cherry.",
    }
    assert found(indexing.store, "cherry") == ["default/mail.txt/old/second.pdf"]
    assert {info.source.title for info in indexing.store.sources()} == {"mail", "first", "second"}
    assert len({info.source.sha256 for info in indexing.store.sources()}) == 1


def test_an_unchanged_container_is_not_read_and_says_again_what_was_refused(docs, indexing):
    write(docs, box="a: apple\n!b.exe: It is a program.\nc: cherry")
    first = boxes(indexing, docs)
    assert first == [
        ("box.txt/a", "indexed", ""), ("box.txt/c", "indexed", ""), ("box.txt/b.exe", "refused", "It is a program."),
    ]  # fmt: skip
    read = []
    again = boxes(indexing, docs)
    assert again == [(name, "unchanged" if status == "indexed" else status, why) for name, status, why in first]
    indexing(docs, load=lambda *given: read.append(given))
    assert (read, indexing.embedded) == ([], [])


def test_what_a_changed_container_no_longer_holds_is_removed_with_the_same_commit(docs, indexing, monkeypatch):
    write(docs, box="a: apple\nb: banana\nc: cherry")
    boxes(indexing, docs)
    commits = []
    apply = indexing.store.apply
    monkeypatch.setattr(indexing.store, "apply", lambda changes: (commits.append(list(changes)), apply(changes)))
    write(docs, box="a: apple\nb: blueberry\nd: damson")
    assert boxes(indexing, docs) == [
        ("box.txt/a", "indexed", ""), ("box.txt/b", "indexed", ""), ("box.txt/d", "indexed", ""),
    ]  # fmt: skip
    ((change,),) = commits
    assert change.gone == ("default/box.txt/c",)
    assert len(change.documents) == 3
    assert set(indexing.texts()) == {"default/box.txt/a", "default/box.txt/b", "default/box.txt/d"}
    (docs / "box.txt").unlink()
    write(docs, other="e: elder")
    assert [row for row in boxes(indexing, docs) if row[1] == "removed"] == [
        (f"box.txt/{name}", "removed", "The file is no longer there.") for name in "abd"
    ]


def test_a_part_that_can_no_longer_be_read_stays_as_it_was(docs, indexing):
    write(docs, box="a: apple\nb: banana")
    boxes(indexing, docs)
    write(docs, box="a: avocado\n!b: It is damaged.")
    stays = "It is damaged. The version that was indexed before is still searchable."
    assert boxes(indexing, docs) == [("box.txt/a", "indexed", ""), ("box.txt/b", "refused", stays)]
    assert indexing.texts() == {"default/box.txt/a": "avocado", "default/box.txt/b": "banana"}
    assert boxes(indexing, docs) == [("box.txt/a", "unchanged", ""), ("box.txt/b", "refused", stays)]
    (docs / "box.txt").rename(docs / "chest.txt")
    assert boxes(indexing, docs) == [
        ("chest.txt/a", "unchanged", "It was called box.txt before."), ("chest.txt/b", "refused", stays),
    ]  # fmt: skip
    assert indexing.texts() == {"default/chest.txt/a": "avocado", "default/chest.txt/b": "banana"}
    assert boxes(indexing, docs) == [("chest.txt/a", "unchanged", ""), ("chest.txt/b", "refused", stays)]
    write(docs, chest="a: avocado\nb: blueberry")
    boxes(indexing, docs)
    assert indexing.texts()["default/chest.txt/b"] == "blueberry"


STAYS = "It is damaged. The version that was indexed before is still searchable."


def without_b(path, sha256=""):
    """The container, of which the part b can't be read this time."""
    return tuple(Member("b", None, "It is damaged.") if one.name == "b" else one for one in box(path))


def test_of_a_renamed_container_a_part_that_can_no_longer_be_read_stays_under_the_new_name(docs, indexing):
    write(docs, box="a: apple\nb: banana")
    boxes(indexing, docs)
    before = indexing.vectors()["default/box.txt/b"]
    (docs / "box.txt").rename(docs / "chest.txt")
    rows = indexing(docs, load=without_b, name="new").files
    assert [(row.status, row.reason) for row in rows] == [("indexed", ""), ("refused", STAYS)]
    for status in ("unchanged", "unchanged"):
        assert indexing.texts() == {"default/chest.txt/a": "apple", "default/chest.txt/b": "banana"}
        assert found(indexing.store, "banana") == ["default/chest.txt/b"]
        assert indexing.vectors()["default/chest.txt/b"] == before
        rows = indexing(docs, load=without_b, name="new").files
        assert [(row.status, row.reason) for row in rows] == [(status, ""), ("refused", STAYS)]


def test_of_a_container_in_a_moved_folder_a_part_that_can_no_longer_be_read_stays(docs, indexing):
    write(docs, box="a: apple\nb: banana")
    boxes(indexing, docs)
    moved = docs.rename(docs.parent / "moved")
    write(moved, box="a: avocado\n!b: It is damaged.")
    for status in ("indexed", "unchanged", "unchanged"):
        rows = indexing(moved, load=box).files
        assert [(row.status, row.reason) for row in rows] == [(status, ""), ("refused", STAYS)]
        assert indexing.texts() == {"default/box.txt/a": "avocado", "default/box.txt/b": "banana"}
    assert {file.root for file in indexing.store.known_files("default")} == {str(moved)}


def test_a_container_renamed_over_another_keeps_its_own_part_and_not_the_others(docs, indexing):
    write(docs, box="a: apple\nb: banana", chest="a: avocado\nb: blueberry")
    boxes(indexing, docs)
    (docs / "box.txt").replace(docs / "chest.txt")
    for _ in range(2):
        indexing(docs, load=without_b, name="new")
        assert indexing.texts() == {"default/chest.txt/a": "apple", "default/chest.txt/b": "banana"}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_part_that_can_no_longer_be_read_stays_only_where_its_new_name_is_free(docs, indexing, tmp_path, is_there):
    other = tmp_path / "other"
    write(docs, box="a: apple\nb: banana")
    write(other / "chest.txt", b="cherry")
    (other / "chest.txt" / "b.txt").rename(other / "chest.txt" / "b")
    indexing(other)
    boxes(indexing, docs)
    (docs / "box.txt").rename(docs / "chest.txt")
    if not is_there:
        (other / "chest.txt" / "b").unlink()
    reasons = [row.reason for row in indexing(docs, load=without_b, name="new").files]
    assert reasons[1].endswith("--collection.") if is_there else reasons[1] == STAYS
    for _ in range(2):
        assert indexing.texts() == {
            "default/chest.txt/a": "apple", "default/chest.txt/b": "cherry" if is_there else "banana",
        }  # fmt: skip
        indexing(docs, load=without_b, name="new")


@pytest.mark.parametrize("steps", [["box", "box/box"], ["box/box", "box"]])
def test_a_container_moved_to_where_its_own_names_were_keeps_every_part(docs, indexing, steps):
    before, after = (docs / step for step in steps)
    before.parent.mkdir(exist_ok=True)
    before.write_text("z: apple\nbox/z: banana\nbox/box/z: cherry")
    indexing(docs, load=box)
    aside = before.rename(docs.parent / "aside")
    if before.parent != docs:
        before.parent.rmdir()
    after.parent.mkdir(exist_ok=True)
    aside.rename(after)
    assert indexing(docs, load=box).count("unchanged") == 3
    place = f"default/{steps[1]}"
    assert indexing.texts() == {f"{place}/z": "apple", f"{place}/box/z": "banana", f"{place}/box/box/z": "cherry"}


def test_an_earlier_version_of_a_container_that_comes_back_is_read_again(docs, indexing):
    write(docs, box="a: apple\nb: banana")
    boxes(indexing, docs)
    write(docs, box="!a: It is damaged.\nb: blueberry")
    boxes(indexing, docs)
    assert indexing.texts() == {"default/box.txt/a": "apple", "default/box.txt/b": "blueberry"}
    write(docs, box="a: apple\nb: banana")
    assert boxes(indexing, docs) == [("box.txt/a", "indexed", ""), ("box.txt/b", "indexed", "")]
    assert indexing.texts() == {"default/box.txt/a": "apple", "default/box.txt/b": "banana"}


def test_a_stamp_does_not_vouch_for_a_part_of_an_earlier_version(docs, indexing, monkeypatch):
    monkeypatch.setattr(stamps, "RACY_NS", -(10**18))
    write(docs, box="a: apple\n!c: It is a program.")
    boxes(indexing, docs)
    write(docs, box="!a: It is damaged.\nc: cherry")
    boxes(indexing, docs)
    for _ in range(3):
        assert boxes(indexing, docs) == [
            ("box.txt/c", "unchanged", ""),
            ("box.txt/a", "refused", "It is damaged. The version that was indexed before is still searchable."),
        ]  # fmt: skip


def test_a_container_without_any_document_is_one_row(docs, indexing):
    write(docs, a="!x: It is a program.\n!y: It is damaged.", b="!: It is encrypted.", c="")
    assert boxes(indexing, docs) == [
        ("a.txt", "refused", "None of its 2 parts could be read; the first is x: It is a program."),
        ("b.txt", "refused", "It is encrypted."),
        ("c.txt", "refused", "It is empty."),
    ]
    assert boxes(indexing, docs)[0][1] == "refused"


def test_a_container_without_any_document_now_says_once_that_the_earlier_ones_stay(docs, indexing):
    write(docs, a="x: apple\ny: banana")
    boxes(indexing, docs)
    write(docs, a="!x: It is damaged.\n!y: It is damaged.")
    reason = "None of its 2 parts could be read; the first is x: It is damaged."
    assert boxes(indexing, docs) == [
        ("a.txt", "refused", f"{reason} The version that was indexed before is still searchable.")
    ]


def test_names_inside_are_data_and_kept_apart(docs, indexing):
    members = tuple(
        Member(name, as_text(f"word {number}")) for number, name in enumerate(["x", "x", "/x", "a\nb", "../x"])
    )
    write(docs, box="any")
    report = indexing(docs, load=lambda *_: members)
    place = str(docs / "box.txt")
    assert [row.path for row in report.files] == [
        f"{place}/x", f"{place}/x (2)", f"{place}/x (3)", f"{place}/a\\nb", f"{place}/../x",
    ]  # fmt: skip
    assert len(indexing.texts()) == 5
    assert indexing(docs, load=lambda *_: members).count("unchanged") == 5


def test_a_document_inside_never_takes_the_place_of_another_file(docs, indexing, tmp_path):
    other = tmp_path / "other"
    write(docs, box="inner.txt: apple\nfree.txt: banana")
    write(other / "box.txt", inner="cherry")
    indexing(other)
    rows = boxes(indexing, docs)
    assert rows[0] == ("box.txt/free.txt", "indexed", "")
    assert rows[1][:2] == ("box.txt/inner.txt", "refused")
    assert indexing.texts() == {"default/box.txt/inner.txt": "cherry", "default/box.txt/free.txt": "banana"}


@pytest.mark.parametrize("is_there", [True, False])
def test_a_renamed_container_never_takes_the_place_of_another_file(docs, indexing, tmp_path, is_there):
    other = tmp_path / "other"
    write(docs, box="inner.txt: apple\nfree.txt: banana")
    write(other / "chest.txt", inner="cherry")
    indexing(other)
    boxes(indexing, docs)
    (docs / "box.txt").rename(docs / "chest.txt")
    if not is_there:
        (other / "chest.txt" / "inner.txt").unlink()
    boxes(indexing, docs)
    boxes(indexing, docs)
    assert indexing.texts() == {
        "default/chest.txt/inner.txt": "cherry" if is_there else "apple", "default/chest.txt/free.txt": "banana",
    }  # fmt: skip


def test_a_file_in_the_place_of_a_folder_and_back(docs, indexing):
    write(docs / "box.txt", a="apple")
    write(docs, z="zucchini")
    indexing(docs)
    (docs / "box.txt" / "a.txt").unlink()
    (docs / "box.txt").rmdir()
    write(docs, box="a.txt: avocado")
    assert indexing(docs, load=box).count("indexed") == 1
    assert indexing.texts()["default/box.txt/a.txt"] == "avocado"
    (docs / "box.txt").unlink()
    write(docs / "box.txt", a="apricot")
    indexing(docs)
    assert indexing.texts()["default/box.txt/a.txt"] == "apricot"
    assert FileReport(str(docs / "box.txt" / "a.txt"), "unchanged", "", 0, 1) in indexing(docs).files
