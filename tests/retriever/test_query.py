"""Telling a question from its scenario."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retriever.query import LONGEST_WHOLE, parse_query

SCENARIO = (
    "My brother is in prison, and for four years his children have lived with my husband and me. "
    "We are both in good health. "
)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("What is a guardian?", "What is a guardian?"),
        ("I am a guardian. What now?", "I am a guardian. What now?"),  # short: read as it is
        (SCENARIO + "We want to be special guardians. When will the court reply?", "When will the court reply?"),
        (SCENARIO + "Can we apply? We own a small house. What is the fee?", "Can we apply? What is the fee?"),
        (SCENARIO + "Tell us what we should do now about being their guardians.", None),
        ("What " + "really " * 40 + "matters?", None),  # one long question
    ],
)
def test_the_sentences_that_ask_are_the_question_of_a_long_text(text, question):
    query = parse_query(text)
    assert (query.text, query.question) == (text, question or text)


def test_the_limit_is_a_length_in_characters():
    text = "We are here. " + "x" * (LONGEST_WHOLE - 19) + ". Why?"
    assert len(text) == LONGEST_WHOLE
    assert parse_query(text).question == text
    assert parse_query("Oh. " + text).question == "Why?"


@given(st.text(max_size=400))
def test_a_question_is_never_lost(text):
    query = parse_query(text)
    assert query.text == text
    assert bool(query.question) == bool(text)
