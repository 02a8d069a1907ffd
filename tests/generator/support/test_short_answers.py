"""Short answers, checked together with their questions."""

import pytest

from generator.support.short_answers import NOT_THE_ANSWER, is_no_answer, is_short_answer, with_question

QUESTION = "Who published the strategy in October?"
EVIDENCE = ["Genomics", "NHS England published it."]


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("NHS England", True),
        ("NHS England.", True),
        ("the strategy", False),  # a word of the question
        ("NHS England published it", False),
        (" ".join(["word"] * 12), True),
        (" ".join(["word"] * 13), False),
        ("...", False),
    ],
)
def test_a_few_words_without_one_of_the_question_are_a_short_answer(sentence, short):
    assert is_short_answer(sentence, QUESTION) is short


def test_a_model_is_asked_about_question_and_short_answer_as_one_statement():
    asked = []
    entail = with_question(lambda pairs: asked.extend(pairs) or [0.5] * len(pairs), QUESTION)
    assert entail([("NHS England.", "a"), ("NHS England published it.", "b")]) == [0.5, 0.5]
    assert asked == [("NHS England published the strategy in October.", "a"), ("NHS England published it.", "b")]


@pytest.mark.parametrize(("logit", "wrong"), [(NOT_THE_ANSWER - 0.01, True), (NOT_THE_ANSWER, False), (3.0, False)])
def test_a_short_answer_is_none_where_the_model_surely_denies_it(logit, wrong):
    asked = []
    assert is_no_answer("NHS England.", QUESTION, EVIDENCE, lambda pairs: asked.extend(pairs) or [logit]) is wrong
    assert asked == [("NHS England.", "Genomics NHS England published it.")]


@pytest.mark.parametrize(("sentence", "evidence"), [("NHS England published it.", EVIDENCE), ("NHS England.", [])])
def test_a_whole_sentence_and_one_without_evidence_are_not_asked_about(sentence, evidence):
    assert not is_no_answer(sentence, QUESTION, evidence, lambda _: pytest.fail("asked"))
