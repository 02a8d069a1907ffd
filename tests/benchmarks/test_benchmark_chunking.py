"""The judge of chunks: tokens of spans, reading to a budget, and overlapping chunks, each against a count by hand."""

import json
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from fakes import count_words
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chunking import Way, chunks_of, overlap_of, read, spans_of
from benchmarks.folding import HARMLESS, folds, numbers_exchanged
from benchmarks.span_sets import Document, Tokens, load_set
from indexer.corpus import paragraphs
from schema import Chunk, Extraction, Passage, Source

TEXT = "One two three. Four five six. Seven eight nine."


def letters(texts):
    """A tokenizer that counts letters: longer words weigh more."""
    return [len(text.strip()) for text in texts]


def document(text, name="a"):
    source = Source("set", name, "Title", None, "0" * 64)
    return Document(source, Extraction(text, paragraphs(text), title="Title"))


def found(*spans):
    source = document(TEXT).source
    return [
        Passage(Chunk("set/a", start, end, TEXT[start:end]), source, 0.0, rank, "fused")
        for rank, (start, end) in enumerate(spans, start=1)
    ]


def test_spans_are_measured_in_tokens_that_they_touch():
    tokens = Tokens([document("zero one", "b"), document(TEXT)], letters)
    assert tokens.count(tokens.of("set/a", 0, 3)) == 3
    assert tokens.count(tokens.of("set/a", 4, 14)) == len("two") + len("three") + 1
    assert tokens.count(tokens.of("set/a", 5, 6)) == 3  # a part of a word is the word
    assert tokens.count(tokens.of("set/a", 3, 4)) == 0
    both = tokens.union((("set/a", 0, 7), ("set/b", 0, 4), ("set/a", 4, 14)))
    assert tokens.count(both) == len("Onetwo") + len("zero") + len("three.")


@given(st.text("ab1 .é\n", max_size=80), st.data())
def test_all_of_a_document_is_all_of_its_tokens(text, data):
    tokens = Tokens([document(text)], letters)
    cut = data.draw(st.integers(0, len(text)))
    whole = tokens.of("set/a", 0, len(text))
    assert tokens.count(whole) == len("".join(text.split()))
    assert np.array_equal(tokens.union((("set/a", 0, cut), ("set/a", cut, len(text)))), whole)


def test_a_budget_is_read_in_the_order_of_the_ranking_and_cuts_the_last():
    tokens = Tokens([document(TEXT)], lambda texts: [1] * len(texts))
    passages = found((30, 47), (0, 14), (15, 29))
    assert tokens.count(read(passages, 6, tokens)) == 6
    assert set(read(passages, 6, tokens)) == {8, 9, 10, 11, 0, 1}
    assert len(read(passages, 99, tokens)) == 12
    repeated = found((0, 14), (0, 14), (15, 29))
    assert set(read(repeated, 8, tokens)) == set(range(8))  # what is there already costs nothing


def test_recall_precision_and_intersection_over_union():
    tokens = Tokens([document(TEXT)], lambda texts: [1] * len(texts))
    wanted = tokens.union(spans_of(found((4, 24))))  # two three . Four five
    got = tokens.union(spans_of(found((0, 14))))
    recall, precision, iou = overlap_of(got, wanted, tokens)
    assert (recall, precision, iou) == pytest.approx((3 / 5, 3 / 4, 3 / 6))
    assert overlap_of(tokens.union(()), wanted, tokens) == (0.0, 0.0, 0.0)


def test_overlapping_chunks_begin_with_the_last_sentences_before_them():
    embedder = SimpleNamespace(model=SimpleNamespace(count_tokens=count_words))
    chunks = list(chunks_of(document(TEXT), Way(6, overlap=3), embedder))
    assert [chunk.text for chunk in chunks] == [
        "One two three.",
        "One two three. Four five six.",
        "Four five six. Seven eight nine.",
    ]
    assert all(chunk.text == TEXT[chunk.start : chunk.end] for chunk in chunks)
    assert len(list(chunks_of(document(TEXT), Way(6), embedder))) == 2


def test_paragraphs_of_an_article_are_one_document_and_spans_are_shifted(tmp_path):
    folder = tmp_path / "squad2"
    folder.mkdir()
    corpus = [{"_id": "p", "title": "Cats", "text": "Cats purr."}, {"_id": "q", "title": "Cats", "text": "They hunt."}]
    spans = [{"query-id": "1", "corpus-id": "q", "start": 5, "end": 9, "text": "hunt"}]
    queries = [{"_id": "1", "text": "What do they do?"}, {"_id": "2", "text": "No answer?"}]
    for name, rows in (("corpus", corpus), ("spans", spans), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (article,), (question,) = load_set(folder)
    ((name, start, end),) = question.spans
    assert name == article.source.source_id
    assert article.extraction.text[start:end] == "hunt"


def test_pages_are_joined_under_their_headings_and_evidence_is_found(tmp_path):
    folder = tmp_path / "conditionalqa"
    folder.mkdir()
    corpus = [
        {"_id": "p#0", "doc": "p", "title": "Rent > Who pays", "text": "You pay.\n- the rent\n"},
        {"_id": "p#1", "doc": "p", "title": "Rent > Help > At home", "text": "Ask the council."},
    ]
    query = {"_id": "1", "text": "Who helps?", "page": "p", "evidence": ["Ask the council.", "nowhere"]}
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in corpus), "utf-8")
    (folder / "queries.jsonl").write_text(json.dumps(query) + "\n", "utf-8")
    (page,), (question,) = load_set(folder)
    text = page.extraction.text
    assert text == "Who pays\n\nYou pay.\n\nthe rent\n\nHelp\n\nAt home\n\nAsk the council."
    assert [block.level for block in page.extraction.blocks if block.kind == "heading"] == [1, 1, 2]
    assert [text[start:end] for _, start, end in question.spans] == ["Ask the council."]


def test_edits_of_the_folding_benchmark_do_what_they_say():
    drawn = Random(0)  # noqa: S311  (no secret)
    text = "It had 12 rooms and 30 windows, and nobody who lived there ever counted either of them twice in one week."
    assert numbers_exchanged(text, drawn) == text.replace("12", "x").replace("30", "12").replace("x", "30")
    for edit in HARMLESS.values():
        edited = edit(text, drawn)
        assert edited is None or edited != text
    assert folds(text, text.lower())
    assert not folds(text, text.replace("12", "13"))
