"""Documents that were added as texts, through LangChain's interface: no file holds them, and no run touches them."""

import sqlite3
from contextlib import closing

import pytest
from fakes import IDENTITY, word_vectors
from indexing_runs import box, found, write

from indexer.backup import back_up
from indexer.catalogue import DATABASE, DamagedIndexError
from indexer.langchain_store import FaissStore
from indexer.mending import mend
from indexer.restoring import restore
from indexer.store import IndexStore
from schema import Filter, FootnoteError

TAKEN = (
    "The collection 'default' already has a '{}', which was added as a text and not read from a file: index this "
    "folder into a collection of its own with --collection, or remove that text."
)
INSIDE = "Another document has this very path: index one of the two into a collection of its own with --collection."


class Words:
    """The fake vectors as LangChain asks for them."""

    identity = IDENTITY

    def embed_documents(self, texts):
        return word_vectors(texts).tolist()


@pytest.fixture
def add(run_store):
    def add(key, text, **metadata):
        FaissStore(run_store, Words()).add_texts([text], [metadata], ids=[key])

    return add


@pytest.mark.parametrize("key", ["7", "gone.txt", "sub/gone.txt", "{docs}/gone.txt", "{docs}", "../docs/gone.txt", "."])
def test_a_run_never_removes_a_text(docs, indexing, add, key, monkeypatch):
    monkeypatch.chdir(docs)
    key = key.format(docs=docs)
    write(docs, a="apple")
    indexing(docs)
    add(key, "quince")
    for _ in range(2):
        assert indexing.rows(docs, remove_missing=True) == [("a.txt", "unchanged", "")]
    (docs / "a.txt").unlink()
    assert [row[1] for row in indexing.rows(docs, remove_missing=True)] == ["removed"]
    assert indexing.texts() == {f"default/{key}": "quince"}


@pytest.mark.parametrize("is_near", [True, False])
def test_a_file_never_takes_the_place_of_a_text(docs, indexing, add, monkeypatch, is_near):
    monkeypatch.chdir(docs if is_near else docs.parent)
    add("a.txt", "quince")
    write(docs, a="apple", b="banana")
    rows = [("a.txt", "refused", TAKEN.format("a.txt")), ("b.txt", "indexed", "")]
    assert indexing.rows(docs) == rows
    write(docs, a="quince")
    assert indexing.rows(docs) == [rows[0], ("b.txt", "unchanged", "")]
    (docs / "b.txt").replace(docs / "a.txt")
    assert indexing.rows(docs)[0] == rows[0]
    assert indexing.texts()["default/a.txt"] == "quince"
    assert indexing.rows(docs, collection="files") == [("a.txt", "indexed", "")]


def test_a_file_at_the_path_that_is_the_id_of_a_text_is_another_document(docs, indexing, add):
    add(str(docs / "a.txt"), "quince")
    write(docs, a="apple")
    assert indexing.rows(docs) == [("a.txt", "indexed", "")]
    assert indexing.rows(docs) == [("a.txt", "unchanged", "")]
    assert indexing.texts() == {"default/a.txt": "apple", f"default/{docs}/a.txt": "quince"}


@pytest.mark.parametrize("is_renamed", [True, False])
def test_a_part_of_a_container_never_takes_the_place_of_a_text(docs, indexing, add, is_renamed):
    add("box.txt/a", "quince")
    write(docs, **{"chest" if is_renamed else "box": "a: apple\nb: banana"})
    if is_renamed:
        indexing(docs, load=box)
        (docs / "chest.txt").rename(docs / "box.txt")
    rows = indexing.rows(docs, load=box)
    assert rows == [("b", "indexed", ""), ("a", "refused", INSIDE)]
    assert indexing.rows(docs, load=box) == [("b", "unchanged", ""), rows[1]]
    assert indexing.texts() == {"default/box.txt/a": "quince", "default/box.txt/b": "banana"}


def test_a_text_that_is_put_in_the_place_of_a_file_stays(docs, indexing, add):
    write(docs, a="apple")
    indexing(docs)
    add("a.txt", "quince")
    assert indexing.rows(docs) == [("a.txt", "refused", TAKEN.format("a.txt"))]
    assert indexing.texts() == {"default/a.txt": "quince"}


def test_a_text_with_the_words_of_a_file_lends_it_no_vectors(docs, indexing, add):
    add("7", "apple")
    write(docs, a="apple")
    indexing(docs)
    assert indexing.embedded == ["a\napple"]


def test_a_text_has_no_file(docs, indexing, add, monkeypatch):
    monkeypatch.chdir(docs)
    write(docs, a="apple")
    for key in ("a.txt", str(docs / "a.txt")):
        add(key, "apple")
        with pytest.raises(FootnoteError, match=r"a\.txt was added as a text: there is no file of it"):
            indexing.store.file_of(key)


def test_a_text_is_listed_viewed_and_filtered_as_a_document(docs, indexing, add, run_store):
    add("7", "The quince.", title="Fruit", team="red", draft=True)
    write(docs, a="The apple.")
    indexing(docs)
    text, file = sorted(run_store.sources(), key=lambda info: info.source.path)
    assert (text.source.source_id, text.source.title, text.source.date) == ("default/7", "Fruit", None)
    assert (text.status, text.chunks, text.pages, text.coverage.characters) == ("indexed", 1, 0, 11)
    assert text.metadata == {"title": "Fruit", "team": "red", "draft": "true", "document_id": "7"}
    assert file.metadata == {}
    (view,) = run_store.page_views("7")
    assert (view.text, view.number, run_store.page_view("7", 1).boxes) == ("The quince.", 1, b"")
    for within, names in [
        (Filter(metadata=(("team", "red"),)), ["default/7"]),
        (Filter(metadata=(("draft", "true"),)), ["default/7"]),
        (Filter(sources=("default/7",)), ["default/7"]),
        (Filter(sources=("default/",)), ["default/7", "default/a.txt"]),
        (Filter(since="2020"), []),
    ]:
        hits = run_store.dense(word_vectors(["the"])[0], 9, within=within)
        assert sorted(hit.source.source_id for hit in hits) == names
    run_store.delete(["default/7"])
    assert found(run_store, "quince") == []


@pytest.mark.parametrize(
    ("key", "text", "metadata"),
    [
        ("7", "quince", {"price": float("nan")}),
        ("7", "quince", {"made": object()}),
        ("7", "quince", {"team": "\ud800"}),
        ("7", "quince\ud800", {}),
        ("7\ud800", "quince", {}),
    ],
)
def test_what_no_filter_could_read_is_refused_and_all_else_is_filtered_on(add, run_store, key, text, metadata):
    add("8", "medlar", team="red")
    with pytest.raises(FootnoteError, match=r"^The text '7.*' can't be stored: .*\."):
        add(key, text, **metadata)
    red = run_store.dense(word_vectors(["any"])[0], 9, within=Filter(metadata=(("team", "red"),)))
    assert [hit.source.source_id for hit in red] == ["default/8"]
    assert len(run_store.sources()) == 1


def test_a_title_is_one_line_whatever_it_holds(add, run_store):
    add("7", "quince", title="Fruit\n\x1b[31mred")
    assert [info.source.title for info in run_store.sources()] == ["Fruit [31mred"]


def test_a_text_comes_back_from_a_backup(docs, indexing, add, run_store, tmp_path):
    add("7", "quince", team="red")
    write(docs, a="apple")
    indexing(docs)
    assert back_up(run_store.folder, tmp_path / "copy.zip").documents == 2
    restore(tmp_path / "copy.zip", tmp_path / "again")
    again = IndexStore(tmp_path / "again", IDENTITY)
    (document,) = FaissStore(again, Words()).get_by_ids(["7"])
    assert (document.page_content, document.metadata) == ("quince", {"team": "red"})
    again.close()


def test_a_text_is_kept_when_the_index_is_mended_and_named_when_it_is_damaged(tmp_path):
    store = IndexStore(tmp_path / "index", IDENTITY, create=True)
    FaissStore(store, Words()).add_texts(["quince", "medlar"], ids=["7", "8"])
    store.close()
    with closing(sqlite3.connect(tmp_path / "index" / DATABASE)) as connection:
        connection.execute("UPDATE source_text SET text = 'x' WHERE source = (SELECT id FROM source WHERE path = '8')")
        connection.commit()
    with pytest.raises(DamagedIndexError):
        IndexStore(tmp_path / "index", IDENTITY)
    mended = mend(tmp_path / "index")
    assert (mended.kept, mended.lost) == (1, ("default/8",))
    store = IndexStore(tmp_path / "index", IDENTITY)
    assert [one.id for one in FaissStore(store, Words()).get_by_ids(["7", "8"])] == ["7"]
    store.close()
