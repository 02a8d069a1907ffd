"""Documents that come as text: indexed exactly as they are, kept level with what is given."""

import re
from itertools import pairwise

import pytest
from fakes import IDENTITY, count_words, word_vectors
from hypothesis import given
from hypothesis import strategies as st

from indexer.building import Recipe
from indexer.corpus import BATCH_DOCUMENTS, index_texts, paragraphs
from indexer.store import IndexStore
from retriever.lexical import question_words
from schema import TextDocument


@pytest.fixture
def store(tmp_path):
    opened = IndexStore(tmp_path / "index", IDENTITY, create=True)
    yield opened
    assert opened.check() == "ok"
    opened.close()


def index(store, documents, *, name="words", collection="default", embedded=None, progress=None):
    def embed(texts):
        (embedded if embedded is not None else []).extend(texts)
        return word_vectors(texts)

    recipe = Recipe(name, None, count_words, embed, max_tokens=20)
    told = progress.append if progress is not None else lambda _: None
    return index_texts(store, documents, collection=collection, recipe=recipe, on_progress=told)


def documents(count):
    return [TextDocument(f"d/{n}#x y", f"Title {n}", f"  Text number {n}.\n\nAnd more. ") for n in range(count)]


def test_texts_and_offsets_stay_as_they_are(store):
    text = "  First paragraph, with\ttabs.\r\n\r\n\u2029Second — one.  \n"
    index(store, [TextDocument("a/b #1?", "A title", text)])
    assert store.text("default/a/b #1?") == text
    found = store.lexical(question_words("Second"), 5)
    assert [one.chunk.text for one in found] == [text[one.chunk.start : one.chunk.end] for one in found]
    assert found[0].source.title == "A title"


def test_each_document_of_a_batch_has_its_own_vectors(store):
    words = ["alpha beta", "gamma delta", "epsilon zeta"]
    index(store, [TextDocument(word[0], "", f"{word}.\n\n{'filler ' * 18}{word}.") for word in words])
    assert [info.chunks for info in store.sources()] == [2, 2, 2]
    for word in words:
        (best, *_) = store.dense(word_vectors([f"{word}."])[0], 6)
        assert best.source.path == word[0]
        assert best.score == pytest.approx(1.0, abs=1e-6)


def test_what_is_there_already_is_not_embedded_again(store):
    embedded = []
    first = index(store, documents(3), embedded=embedded)
    assert [(one.path, one.status) for one in first.files] == [(f"d/{n}#x y", "indexed") for n in range(3)]
    assert len(embedded) == 3
    again = index(store, documents(3), embedded=embedded)
    assert [one.status for one in again.files] == ["unchanged"] * 3
    assert len(embedded) == 3


@pytest.mark.parametrize("change", ["text", "title", "recipe"])
def test_a_changed_document_is_embedded_again(store, change):
    index(store, [TextDocument("a", "Title", "Text.")])
    changed = TextDocument("a", "Other" if change == "title" else "Title", "New." if change == "text" else "Text.")
    report = index(store, [changed], name="other" if change == "recipe" else "words")
    assert [one.status for one in report.files] == ["indexed"]
    assert store.text("default/a") == changed.text
    assert len(store.sources()) == 1


def test_title_and_text_are_told_apart(store):
    index(store, [TextDocument("a", "One", "two three.")])
    assert index(store, [TextDocument("a", "One two", "three.")]).count("indexed") == 1


def test_what_is_not_given_any_more_goes_but_not_from_other_collections(store):
    index(store, documents(2), collection="other")
    index(store, documents(3))
    report = index(store, documents(1))
    assert [(one.path, one.status) for one in report.files] == [
        ("d/0#x y", "unchanged"), ("d/1#x y", "removed"), ("d/2#x y", "removed")
    ]  # fmt: skip
    assert [info.source.source_id for info in store.sources()] == ["default/d/0#x y", "other/d/0#x y", "other/d/1#x y"]


def test_progress_counts_documents_and_ends_with_all_of_them(store):
    progress = []
    index(store, documents(BATCH_DOCUMENTS + 1), progress=progress)
    assert [(one.done, one.total, one.unit) for one in progress] == [
        (BATCH_DOCUMENTS, BATCH_DOCUMENTS + 1, "documents"), (BATCH_DOCUMENTS + 1, BATCH_DOCUMENTS + 1, "documents")
    ]  # fmt: skip


def test_a_document_without_words_is_there_without_chunks(store):
    report = index(store, [TextDocument("empty", "Empty", " \n ")])
    assert [(one.status, one.chunks) for one in report.files] == [("indexed", 0)]
    assert store.text("empty") == " \n "


def test_wrapped_lines_stay_together_and_others_do_not():
    wrapped = "\n".join(["this is a line of prose that somebody wrapped at a width,"] * 6)
    assert [(one.start, one.end) for one in paragraphs(f"{wrapped}\n \n{wrapped}")] == [
        (0, len(wrapped)), (len(wrapped) + 3, 2 * len(wrapped) + 3)
    ]  # fmt: skip
    assert [(one.start, one.end) for one in paragraphs("* one\n* two")] == [(0, 5), (6, 11)]


@given(st.text(st.sampled_from("ab .,\n\r\t\x0b\x1c\x85\u2028\u3000é"), max_size=80) | st.text(max_size=80))
def test_paragraphs_hold_every_character_that_is_no_white_space_once(text):
    blocks = paragraphs(text)
    assert all(before.end <= after.start for before, after in pairwise(blocks))
    outside = text
    for one in reversed(blocks):
        assert text[one.start : one.end] == text[one.start : one.end].strip() != ""
        outside = outside[: one.start] + outside[one.end :]
    assert re.fullmatch(r"\s*", outside)
