"""Files that hold several documents: their rows, their identities, and what goes when they change."""

from indexing_runs import as_text, box, found, write

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
    indexing(docs, load=read.append)
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


def test_a_container_without_any_document_is_one_row(docs, indexing):
    write(docs, a="!x: It is a program.\n!y: It is damaged.", b="!: It is encrypted.", c="")
    assert boxes(indexing, docs) == [
        ("a.txt", "refused", "None of its 2 parts could be read; the first is x: It is a program."),
        ("b.txt", "refused", "It is encrypted."),
        ("c.txt", "refused", "It is empty."),
    ]
    assert boxes(indexing, docs)[0][1] == "refused"


def test_names_inside_are_data_and_kept_apart(docs, indexing):
    members = tuple(
        Member(name, as_text(f"word {number}")) for number, name in enumerate(["x", "x", "/x", "a\nb", "../x"])
    )
    write(docs, box="any")
    report = indexing(docs, load=lambda _: members)
    place = str(docs / "box.txt")
    assert [row.path for row in report.files] == [
        f"{place}/x", f"{place}/x (2)", f"{place}/x (3)", f"{place}/a\\nb", f"{place}/../x",
    ]  # fmt: skip
    assert len(indexing.texts()) == 5
    assert indexing(docs, load=lambda _: members).count("unchanged") == 5


def test_a_document_inside_never_takes_the_place_of_another_file(docs, indexing, tmp_path):
    other = tmp_path / "other"
    write(docs, box="inner.txt: apple\nfree.txt: banana")
    write(other / "box.txt", inner="cherry")
    indexing(other)
    rows = boxes(indexing, docs)
    assert rows[0] == ("box.txt/free.txt", "indexed", "")
    assert rows[1][:2] == ("box.txt/inner.txt", "refused")
    assert indexing.texts() == {"default/box.txt/inner.txt": "cherry", "default/box.txt/free.txt": "banana"}


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
