"""The cross-encoder's say: how much it weighs, how much it may read, and what happens to what it didn't read."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import passage

from retriever.reranking import LEAST_WEIGHT, MOST_PAIRS, MOST_WEIGHT, SURE, Reranking, affordable, rerank, weight_of


def fused(*scores, text="A text."):
    return [
        replace(passage(f"{number:02}.md", rank=number, text=text), score=score)
        for number, score in enumerate(scores, start=1)
    ]


def scorer(*logits):
    return lambda question, texts: [logits[place] for place in range(len(texts))]


def test_the_weight_follows_the_best_logit():
    assert weight_of(SURE) == pytest.approx((LEAST_WEIGHT + MOST_WEIGHT) / 2)
    assert weight_of(-11.0) == pytest.approx(LEAST_WEIGHT, abs=1e-5)
    assert weight_of(11.0) == pytest.approx(MOST_WEIGHT, abs=1e-3)
    assert weight_of(SURE + 1) - weight_of(SURE) == pytest.approx(
        (MOST_WEIGHT - LEAST_WEIGHT) * (1 / (1 + math.exp(-1)) - 0.5)
    )


def test_logits_are_added_to_the_fused_scores():
    found = rerank("question", fused(1.0, 0.5, 0.0), Reranking(scorer(-4.0, 2.0, -6.0), 1000))
    weight = weight_of(2.0)
    assert [one.source.path for one in found] == ["02.md", "01.md", "03.md"]
    assert [one.score for one in found] == pytest.approx([0.5 + weight * 2, 1 - weight * 4, -weight * 6])
    assert [one.rank for one in found] == [1, 2, 3]
    assert {one.origin for one in found} == {"reranked"}


def test_an_unsure_cross_encoder_does_not_overturn_a_clear_lead():
    unsure = rerank("question", fused(2.0, 0.0), Reranking(scorer(-10.0, -5.0), 1000))
    assert [one.source.path for one in unsure] == ["01.md", "02.md"]
    sure = rerank("question", fused(2.0, 0.0), Reranking(scorer(4.0, 9.0), 1000))
    assert [one.source.path for one in sure] == ["02.md", "01.md"]


def test_it_reads_titles_and_no_more_than_its_budget():
    read = []

    def score(question, texts):
        read.extend(texts)
        return [0.0] * len(texts)

    passages = fused(3.0, 2.0, 1.0, text="x" * 94)  # "question" and "Title: " and the text: about 27 tokens
    rerank("question", passages, Reranking(score, 60))
    assert read == [f"{one.source.title}: {one.chunk.text}" for one in passages[:2]]
    assert affordable("question", passages, 26) == []
    assert len(affordable("q", fused(*range(50, 0, -1)), 10**6)) == MOST_PAIRS


def test_a_budget_that_pays_for_nothing_leaves_the_order():
    passages = fused(2.0, 1.0)
    assert rerank("question", passages, Reranking(scorer(), 1)) == passages
    assert rerank("question", [], Reranking(scorer(), 1000)) == []


def test_what_was_not_read_stays_below_what_was():
    passages = fused(*range(MOST_PAIRS + 2, 0, -1))
    found = rerank("question", passages, Reranking(scorer(*[-50.0] * MOST_PAIRS), 10**6))
    last_read, first_unread, second_unread = found[-3:]
    assert last_read.score == first_unread.score == pytest.approx(3 - 50 * weight_of(-50.0))
    assert second_unread.score == first_unread.score - 1


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40), st.data())
def test_what_was_not_read_follows_in_order_and_scores_never_rise(scores, data):
    passages = fused(*sorted(scores, reverse=True))
    logits = data.draw(st.lists(st.floats(-12, 12), min_size=MOST_PAIRS, max_size=MOST_PAIRS))
    found = rerank("question", passages, Reranking(scorer(*logits), 10**6))
    assert [one.source.path for one in found[MOST_PAIRS:]] == [one.source.path for one in passages[MOST_PAIRS:]]
    assert sorted(one.source.path for one in found) == sorted(one.source.path for one in passages)
    assert all(a.score >= b.score - 1e-9 for a, b in pairwise(found))
