"""What every store keeps, whatever engine searches it: one suite, for each engine a class that says how to open one.

A class of tests derives from `StoreContract` and gives the fixture ``opens``: a callable that opens the index of the
test with `IDENTITY`, or with another identity, once more each time; the first time it makes it.
"""

from contextlib import closing
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fakes import DIMENSION, IDENTITY, word_vectors

import indexer.store as store_module
from indexer.changing import Change, Relabelled
from indexer.store import IndexedDocument
from schema import Block, Chunk, Extraction, Filter, FootnoteError, Source, Words

FIELDS = {
    "law/acts/2019.md": ("Clean Air Act", "2019", {"author": "Ann", "version": 2}),
    "law/acts/2022.md": ("Noise Act", "2022-05", {"author": "Ben", "draft": True}),
    "law/acts.md": ("All acts", "2022-10-31", {"author": "Ann"}),
    "news/a.md": ("Harbour news", None, {"author": "Cäcilie O'Neil"}),
    "news/b.md": ("Harbour news", "2023-01", {}),
}
"""Documents that a filter chooses from, each with the text ``harbour rules``."""


def document(source_id, *texts, title="", date=None, fields=None, vectors=None):
    """A document of these chunks, one paragraph each."""
    collection, _, path = source_id.partition("/")
    text = "\n\n".join(texts)
    starts = [sum(len(one) + 2 for one in texts[:number]) for number in range(len(texts))]
    source = Source(collection, path, title, date, str(len(text)))
    chunks = [Chunk(source_id, start, start + len(one), one) for start, one in zip(starts, texts, strict=True)]
    blocks = tuple(Block("paragraph", chunk.start, chunk.end) for chunk in chunks)
    rows = word_vectors(texts) if vectors is None else np.array(vectors, np.float32)
    return IndexedDocument(source, Extraction(text, blocks), chunks, rows, metadata=fields or {})


def vector(text):
    return word_vectors([text])[0]


def names(passages):
    return [passage.source.source_id for passage in passages]


def any_of(text):
    return Words(tuple(text.split()))


def found_by(store, text, top_k=99, within=None):
    """The documents that the vector of a text finds at a cosine above 0, and those that its words find."""
    dense = [hit for hit in store.dense(vector(text), top_k, within=within) if hit.score > 1e-6]
    return set(names(dense)), set(names(store.lexical(any_of(text), top_k, within=within)))


def texts_of(store):
    """The texts of all that is found, by vector and by words alike."""
    dense, lexical = store.dense(vector("harbour"), 9), store.lexical(any_of("harbour"), 9)
    assert {hit.chunk for hit in dense} == {hit.chunk for hit in lexical}
    return sorted(hit.chunk.text for hit in dense)


class StoreContract:
    """The tests; ``opens`` is the fixture of each engine."""

    @pytest.fixture
    def store(self, opens):
        with closing(opens()) as store:
            yield store

    @pytest.fixture
    def filed(self, store):
        """The documents of `FIELDS`, and thirty that fit every question better."""
        rows = [
            document(name, "harbour rules", title=title, date=date, fields=fields)
            for name, (title, date, fields) in FIELDS.items()
        ]
        rows += [document(f"other/{number:02}.md", "harbour harbour rules rules") for number in range(30)]
        store.put(rows)
        return store

    # Commits

    def test_what_is_put_is_found_where_it_stands(self, store):
        store.put([document("a/x.md", "aspirin helps", "the dose was low"), document("b/y.md", "ships at anchor")])
        (dense, *_) = store.dense(vector("dose was the low"), 3)
        (lexical,) = store.lexical(any_of("dose"), 3)
        assert dense.chunk == lexical.chunk == Chunk("a/x.md", 15, 31, "the dose was low")
        assert (dense.score, dense.rank, lexical.rank) == (pytest.approx(1.0, abs=1e-6), 1, 1)
        assert lexical.score > 0
        assert store.span("a/x.md", dense.chunk.start, dense.chunk.end) == dense.chunk.text
        assert store.vectors([dense.chunk.chunk_id]).tobytes() == vector("the dose was low").tobytes()

    def test_a_replaced_document_leaves_nothing_behind(self, store):
        store.put([document("a/x.md", "aspirin helps", "the dose was low"), document("b/y.md", "ships at anchor")])
        store.put([document("a/x.md", "ibuprofen instead")])
        assert found_by(store, "aspirin dose") == (set(), set())
        assert found_by(store, "ibuprofen") == ({"a/x.md"}, {"a/x.md"})
        assert len(store.dense(vector("ships"), 99)) == 2

    def test_a_removed_document_leaves_nothing_behind(self, store):
        store.put([document("a/x.md", "aspirin helps"), document("b/y.md", "ships at anchor")])
        store.delete(["a/x.md", "a/unknown.md"])
        store.erase_leftovers()
        assert found_by(store, "aspirin") == (set(), set())
        assert names(store.dense(vector("ships"), 99)) == ["b/y.md"]
        assert store.check() == "ok"

    def test_a_failing_commit_changes_nothing(self, store):
        store.put([document("a/x.md", "aspirin helps")])
        broken = document("b/y.md", "one", "two")
        with pytest.raises(ValueError, match="zip"):
            store.put([document("a/x.md", "replaced"), replace(broken, vectors=broken.vectors[:1])])
        assert found_by(store, "aspirin replaced one") == ({"a/x.md"}, {"a/x.md"})
        store.put([document("c/z.md", "three")])
        assert found_by(store, "three") == ({"c/z.md"}, {"c/z.md"})
        assert found_by(store, "replaced one") == (set(), set())

    def test_new_labels_are_what_filters_and_titles_go_by(self, store):
        store.put([document("a/x.md", "harbour rules", title="Old name", date="2020", fields={"team": "red"})])
        (before,) = store.lexical(any_of("harbour"), 9)
        source = replace(before.source, collection="b", title="Fresh name", date="2021")
        relabelled = Relabelled("a/x.md", source, "", {"team": "blue"}, "")
        store.apply([Change(relabelled=(relabelled,))])
        for text in ("harbour", "fresh"):
            (after,) = store.lexical(any_of(text), 9)
            assert (after.source.source_id, after.source.title) == ("b/x.md", "Fresh name")
            assert (after.chunk.start, after.chunk.text) == (before.chunk.start, before.chunk.text)
        assert store.lexical(any_of("old"), 9) == []
        for old, new in [
            (Filter(("a",)), Filter(("b",))),
            (Filter(sources=("a/x.md",)), Filter(sources=("b/",))),
            (Filter(until="2020"), Filter(since="2021")),
            (Filter(metadata=(("team", "red"),)), Filter(metadata=(("team", "blue"),))),
        ]:
            assert found_by(store, "harbour", within=old) == (set(), set())
            assert found_by(store, "harbour", within=new) == ({"b/x.md"}, {"b/x.md"})
        assert store.check() == "ok"

    # Filters

    @pytest.mark.parametrize(
        ("within", "paths"),
        [
            (Filter(("law",)), "law/acts/2019.md law/acts/2022.md law/acts.md"),
            (Filter(("law", "none")), "law/acts/2019.md law/acts/2022.md law/acts.md"),
            (Filter(("none",)), ""),
            (Filter(sources=("law/acts/",)), "law/acts/2019.md law/acts/2022.md"),
            (Filter(sources=("law/acts/", "news/a.md")), "law/acts/2019.md law/acts/2022.md news/a.md"),
            (Filter(sources=("law/acts.md", "law/gone.md")), "law/acts.md"),
            (Filter(sources=("law/act",)), ""),
            (Filter(since="2022"), "law/acts/2022.md law/acts.md news/b.md"),
            (Filter(since="2022-06"), "law/acts.md news/b.md"),
            (Filter(since="2022-05-20", until="2022"), "law/acts/2022.md law/acts.md"),
            (Filter(since="2019-07", until="2019-08"), "law/acts/2019.md"),
            (Filter(until="2022-10"), "law/acts/2019.md law/acts/2022.md law/acts.md"),
            (Filter(until="2018"), ""),
            (Filter(metadata=(("author", "Ann"),)), "law/acts/2019.md law/acts.md"),
            (Filter(metadata=(("author", "Cäcilie O'Neil"),)), "news/a.md"),
            (Filter(metadata=(("author", "Ann"), ("version", "2"))), "law/acts/2019.md"),
            (Filter(metadata=(("draft", "true"),)), "law/acts/2022.md"),
            (Filter(metadata=(("title", "Noise Act"),)), "law/acts/2022.md"),
            (Filter(metadata=(("date", "2023-01"),)), "news/b.md"),
            (Filter(metadata=(("path", "acts.md"),)), "law/acts.md"),
            (Filter(metadata=(("collection", "news"),)), "news/a.md news/b.md"),
            (Filter(metadata=(("author", "' or 1 == 1"),)), ""),
            (Filter(permitted=("news",)), "news/a.md news/b.md"),
            (Filter(("law",), permitted=("news",)), ""),
            (Filter(permitted=()), ""),
        ],
    )
    def test_a_filter_chooses_before_anything_is_scored(self, filed, within, paths):
        expected = set(paths.split())
        for top_k in {99, len(expected)} - {0}:
            assert found_by(filed, "harbour rules", top_k, within) == (expected, expected)

    def test_what_may_not_be_seen_is_not_there(self, filed):
        reader = filed.narrowed(["news", "none"])
        assert found_by(reader, "harbour") == ({"news/a.md", "news/b.md"}, {"news/a.md", "news/b.md"})
        assert found_by(reader, "harbour", within=Filter(("law",))) == (set(), set())
        assert found_by(filed.narrowed([]), "harbour") == (set(), set())

    # Order and numbers

    def test_scores_are_inner_products_and_equal_ones_come_in_the_order_of_writing(self, store):
        axes = np.eye(DIMENSION, dtype=np.float32)
        rows = [axes[0], axes[1], axes[0], (axes[0] + axes[1]) / np.sqrt(2), axes[0]]
        store.put([document(f"a/{number}.md", "word", vectors=[row]) for number, row in enumerate(rows)])
        found = store.dense(axes[0], 4)
        assert names(found) == ["a/0.md", "a/2.md", "a/4.md", "a/3.md"]
        assert [hit.score for hit in found] == pytest.approx([1, 1, 1, 0.5**0.5], abs=1e-6)
        assert names(store.dense(axes[0], 2)) == ["a/0.md", "a/2.md"]
        assert names(store.lexical(any_of("word"), 3)) == ["a/0.md", "a/1.md", "a/2.md"]

    def test_rare_words_weigh_more_and_headings_can_be_searched_alone(self, store):
        rows = [document(f"a/{number}.md", "common words", title="Plain") for number in range(8)]
        store.put([*rows, document("a/rare.md", "rare", title="Common"), document("a/none.md", "nothing at all")])
        found = store.lexical(any_of("rare common"), 9)
        assert names(found)[0] == "a/rare.md"
        assert all(one.score >= other.score > 0 for one, other in pairwise(found))
        assert names(store.lexical(Words(("common",), headings_only=True), 9)) == ["a/rare.md"]
        assert store.lexical(Words(), 9) == []
        assert store.lexical(any_of("unheard"), 9) == []

    def test_words_are_found_by_their_stems_in_any_alphabet(self, store):
        store.put([document("a/x.md", "Strategies of cafés"), document("a/y.md", "基因组战略 и ещё слова")])
        for question, expected in [
            ("strategy", "a/x.md"),
            ("cafe", "a/x.md"),
            ("слова", "a/y.md"),
            ("基因组战略", "a/y.md"),
        ]:
            assert names(store.lexical(any_of(question), 9)) == [expected]

    def test_fewer_than_none_and_more_than_all_can_be_asked_for(self, filed):
        assert len(filed.dense(vector("harbour"), 999)) == len(filed.lexical(any_of("harbour"), 999)) == 35
        assert filed.dense(vector("harbour"), 0) == filed.lexical(any_of("harbour"), 0) == []

    # Opening

    def test_the_same_questions_have_the_same_answers_after_opening_again(self, filed, opens):
        def answers(store):
            return [
                ask(store, within)
                for within in (None, Filter(("law",)), Filter(since="2022"))
                for ask in (
                    lambda store, within: store.dense(vector("harbour"), 9, within=within),
                    lambda store, within: store.lexical(any_of("harbour acts"), 9, within=within),
                )
            ]

        filed.save_vectors()
        before, print_before = answers(filed), filed.fingerprint()
        assert answers(filed) == before
        filed.close()
        with closing(opens()) as again:
            assert again.notices == []
            assert answers(again) == before
            assert again.fingerprint() == print_before

    def test_another_embedder_is_refused(self, filed, opens):
        filed.close()
        with pytest.raises(FootnoteError, match="made with the embedder word-hash"):
            opens(replace(IDENTITY, name="other"))

    @pytest.mark.parametrize("wrong", [np.nan, np.inf])
    def test_vectors_of_no_numbers_are_refused(self, filed, wrong):
        broken = np.full(DIMENSION, wrong, np.float32)
        with pytest.raises(FootnoteError, match=r"gave other vectors for a/x\.md"):
            filed.put([document("a/x.md", "one", vectors=[broken])])
        for query in (broken, np.ones(DIMENSION - 1, np.float32)):
            with pytest.raises(FootnoteError, match="is not 32 finite numbers"):
                filed.dense(query, 9)
        assert found_by(filed, "one") == (set(), set())

    def test_a_reader_sees_each_commit_whole_and_none_before_it_is_made(self, opens, monkeypatch):
        with closing(opens()) as writer, closing(opens()) as reader:
            writer.put([document(name, "harbour old") for name in ("a/x.md", "a/y.md")])
            insert, seen = store_module.insert_document, []

            def looked_at(connection, document, now):
                insert(connection, document, now)
                seen.append(texts_of(reader))

            monkeypatch.setattr(store_module, "insert_document", looked_at)
            writer.put([document(name, "harbour new", "harbour again") for name in ("a/x.md", "a/y.md")])
            assert seen == [["harbour old"] * 2] * 2
            assert texts_of(reader) == texts_of(writer) == ["harbour again"] * 2 + ["harbour new"] * 2
