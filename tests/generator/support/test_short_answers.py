"""Short answers, checked together with their questions."""

from dataclasses import replace

import pytest
from evidence_building import evidence

from generator.support.short_answers import NO_SOURCE, NOT_THE_ANSWER, is_no_answer, is_short_answer, with_question

QUESTION = "Who published the strategy in October?"
CITED = evidence("NHS England published it.", "It rained in Wales.")
HELD = CITED[0].grounds


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("NHS England", True),
        ("NHS England.", True),
        ("the strategy", True),  # a word of the question's three
        ("October strategy", False),
        ("NHS England published the strategy", False),
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
    assert entail([("NHS England.", "a"), ("NHS England published the strategy.", "b")]) == [0.5, 0.5]
    assert asked == [
        ("NHS England published the strategy in October.", "a"),
        ("NHS England published the strategy.", "b"),
    ]


@pytest.mark.parametrize(("logit", "wrong"), [(NOT_THE_ANSWER - 0.01, True), (NOT_THE_ANSWER, False), (3.0, False)])
def test_a_short_answer_is_none_where_the_model_surely_denies_it(logit, wrong):
    asked = []
    assert is_no_answer("NHS England.", QUESTION, CITED[:1], lambda pairs: asked.extend(pairs) or [logit]) is wrong
    assert asked == [("NHS England.", HELD)]


@pytest.mark.parametrize(
    ("read", "wrong"),
    [([NO_SOURCE - 0.01], True), ([NO_SOURCE], False), ([-9.0, NO_SOURCE], False), ([-9.0, None], False)],
)
def test_a_short_answer_is_none_where_no_cited_passage_answers_the_question(read, wrong):
    cited = [replace(one, answerable=logit) for one, logit in zip(CITED, read, strict=False)]
    assert is_no_answer("NHS England.", QUESTION, cited, lambda _: [3.0]) is wrong


@pytest.mark.parametrize(("sentence", "cited"), [("NHS England published the strategy.", CITED), ("NHS England.", [])])
def test_a_whole_sentence_and_one_without_evidence_are_not_asked_about(sentence, cited):
    assert not is_no_answer(sentence, QUESTION, cited, lambda _: pytest.fail("asked"))
