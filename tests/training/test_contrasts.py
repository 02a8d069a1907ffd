"""Contrast sets: one word's difference between an example that is answered and one that is not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.contrasts import contrasts, replace_word
from training.examples import Example

PASSAGE = "Norwich had 40 mills. The first mill of Norwich opened in 1752. Its owner was Ann Hale, a weaver."
SENTENCE = (22, 63)
ANSWERED = Example("When did the first mill of Norwich open?", PASSAGE, True, (58, 62), SENTENCE)
OTHER = Example("?", "Dulwich and Greenwich had barges on the river. The driver sold spare reins in the winter.")


def made(seed, example=ANSWERED):
    return list(contrasts(example, OTHER, random.Random(seed)))  # noqa: S311


def test_the_example_is_what_it_says():
    assert PASSAGE[slice(*ANSWERED.answer)] == "1752"
    assert PASSAGE[slice(*SENTENCE)] == "The first mill of Norwich opened in 1752."


def test_a_word_that_changes_everywhere_leaves_the_question_answered():
    changed = replace_word(ANSWERED, "norwich", "Dulwich College", asked=True, read=True)
    assert changed.first == "When did the first mill of Dulwich College open?"
    assert changed.second.count("Dulwich College") == 2
    assert changed.second[slice(*changed.answer)] == "1752"
    assert changed.second[slice(*changed.evidence)] == "The first mill of Dulwich College opened in 1752."


def test_a_replacement_keeps_the_capital_of_the_word_it_takes_the_place_of():
    changed = replace_word(Example("Mills?", "Mills and mills."), "mills", "inns", asked=True, read=True)
    assert (changed.first, changed.second) == ("Inns?", "Inns and inns.")


@pytest.mark.parametrize("seed", range(40))
def test_a_changed_word_on_one_side_alone_leaves_the_question_without_an_answer(seed):
    for one in made(seed):
        if one.answerable:
            assert one.second[slice(*one.answer)] == "1752"
            continue
        assert (one.answer, one.evidence) == (None, None)
        assert (one.first != ANSWERED.first) != (one.second != PASSAGE)


def test_both_sides_are_changed_in_turn_and_so_are_words_that_nobody_asks_about():
    every = [one for seed in range(60) for one in made(seed)]
    unanswered = [one for one in every if not one.answerable]
    assert {one.second == PASSAGE for one in unanswered} == {True, False}
    beside = [one for one in every if one.answerable and one.first == ANSWERED.first]
    assert beside
    assert all(one.second[slice(*one.evidence)] == PASSAGE[slice(*SENTENCE)] for one in beside)
    assert len(unanswered) == len(every) - len(unanswered) - len(beside)


def test_an_example_without_an_answer_gives_nothing():
    assert made(1, Example("Who?", PASSAGE, False)) == []


@given(st.text("ab ", max_size=30), st.text("ab ", max_size=30), st.sampled_from(["cd", "c", "cdefg"]))
def test_spans_hold_the_same_words_wherever_a_word_changes(before, after, new):
    text = f"{before} answer here {after}"
    start = text.index("answer")
    example = Example("?", text, True, (start, start + 6), (start, start + 11))
    changed = replace_word(example, "ab", new, asked=False, read=True)
    assert changed.second[slice(*changed.answer)] == "answer"
    assert changed.second[slice(*changed.evidence)] == "answer here"
