"""Fusion of scores and of ranks: values worked out by hand, and the same numbers from a few lines of numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import passage, ranking

from retriever.fusion import fuse_scores, reciprocal_rank_fusion, standardise

PATHS = [f"{letter}.md" for letter in "abcdefghij"]


def test_scores_are_standardised_by_hand():
    # Mean 3, deviations -2, 0, 2, spread sqrt(8 / 3).
    assert standardise(np.array([1.0, 3.0, 5.0])) == pytest.approx([-(1.5**0.5), 0.0, 1.5**0.5])
    assert standardise(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]
    assert standardise(np.array([])).tolist() == []


def test_views_are_added_with_their_weights():
    fused = fuse_scores([(np.array([1.0, 3.0]), 0.75), (np.array([9.0, 1.0]), 0.25), (np.array([5.0, 5.0]), 9.0)])
    assert fused.tolist() == pytest.approx([-0.75 + 0.25, 0.75 - 0.25])


@given(
    st.lists(st.lists(st.floats(-100, 100), min_size=5, max_size=5), min_size=1, max_size=3),
    st.floats(0.1, 10),
    st.floats(-50, 50),
)
def test_neither_the_unit_nor_the_origin_of_a_score_matters(rows, unit, origin):
    views = [(np.array(row), 1.0) for row in rows if np.std(row) > 1e-3]
    if views:
        moved = [(scores * unit + origin, weight) for scores, weight in views]
        assert fuse_scores(moved) == pytest.approx(fuse_scores(views), abs=1e-6)


def test_scores_are_sums_of_reciprocal_ranks():
    dense = ranking("a.md", "b.md", "c.md")
    lexical = ranking("c.md", "a.md", "d.md", origin="lexical")
    fused = reciprocal_rank_fusion([dense, lexical], top_k=10)
    assert [one.chunk.source_id for one in fused] == ["default/a.md", "default/c.md", "default/b.md", "default/d.md"]
    assert [one.score for one in fused] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62, 1 / 63], abs=1e-15)
    assert [one.rank for one in fused] == [1, 2, 3, 4]
    assert {one.origin for one in fused} == {"fused"}


def test_the_given_rank_counts_not_the_place_in_the_list():
    late = passage("late.md", rank=40)
    assert reciprocal_rank_fusion([[late]], top_k=1)[0].score == pytest.approx(1 / 100, abs=1e-15)


def test_ties_are_broken_by_chunk_id_whatever_the_order_of_the_rankings():
    first, second = ranking("a.md"), ranking("b.md", origin="lexical")
    forward = reciprocal_rank_fusion([first, second], top_k=2)
    backward = reciprocal_rank_fusion([second, first], top_k=2)
    assert [one.score for one in forward] == [1 / 61, 1 / 61]
    ids = [one.chunk.chunk_id for one in forward]
    assert ids == sorted(ids) == [one.chunk.chunk_id for one in backward]


def test_nothing_fuses_to_nothing_and_top_k_cuts():
    assert reciprocal_rank_fusion([[], []], top_k=5) == []
    assert len(reciprocal_rank_fusion([ranking(*PATHS)], top_k=3)) == 3


@given(st.lists(st.permutations(PATHS).map(lambda order: order[: len(order) // 2 + 1]), min_size=1, max_size=4))
def test_fusion_agrees_with_numpy(orders):
    """Oracle: a matrix of ranks, infinite where a ranking lacks a passage."""
    ranks = np.full((len(orders), len(PATHS)), np.inf)
    for row, order in enumerate(orders):
        ranks[row, [PATHS.index(path) for path in order]] = np.arange(1, len(order) + 1)
    expected = (1 / (60 + ranks)).sum(axis=0)
    fused = reciprocal_rank_fusion([ranking(*order) for order in orders], top_k=len(PATHS))
    got = {one.source.path: one.score for one in fused}
    assert got == pytest.approx({path: score for path, score in zip(PATHS, expected, strict=True) if score > 0})
    assert [one.score for one in fused] == sorted(got.values(), reverse=True)
