"""Sentences: tricky cases as a table, and the property that nothing is lost."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import language
from language import STOP_WORDS, sentence_spans, trim


def sentences(text):
    return [text[start:end] for start, end in sentence_spans(text)]


CASES = {
    "plain": ["It began.", "It ended!", "Did it?"],
    "titles": ["Dr. Lee met Prof. Chan.", "Mr. and Mrs. May left."],
    "initials": ["J. R. R. Tolkien wrote it.", "He lived in Oxford."],
    "latin": ["Some drugs, e.g. Aspirin, help.", "Others (cf. Lee et al. 2020) don't, i.e. Not at all."],
    "references": ["See para. 4 and Fig. 2.", "Art. 7 is on p. 12."],
    "months": ["It opened on 3 Oct. 2022.", "It closed in Dec. 2023."],
    "month at the end": ["It closed in Dec.", "The next year was quiet."],
    "decimals": ["It rose by 3.5 per cent.", "Version 2.0 followed."],
    "years": ["It was published in 2022.", "The next came in 2024."],
    "letter at the end": ["They chose plan A.", "Nobody chose the other, said I.", "That was it."],
    "quotes": ['"It works."', "“So it does!”", "He left (at last.)", "They stayed."],
    "ellipsis inside": ["It was … well, slow.", "Then … it stopped…", "Nobody knew."],
    "dots inside": ["It was... well, slow.", "It stopped...", "Nobody knew."],
    "numbered item": ["1. First comes this.", "Then that."],
    "small words after a stop": ["The firm acme inc. was sold.", "It went well."],
    "marks together": ["Really?!", "Yes."],
    "addresses": ["See www.example.org/a.html or 10.1000/182.", "Good."],
}


@pytest.mark.parametrize("expected", CASES.values(), ids=CASES.keys())
def test_sentences_of_english(expected):
    assert sentences(" ".join(expected)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t", []),
        ("no mark", ["no mark"]),
        ("one\ntwo\n\n three ", ["one", "two", "three"]),
        ("a row | of cells\n2. an item", ["a row | of cells", "2. an item"]),
        ("它很好。他说：「好！」她走了？是", ["它很好。", "他说：「好！」", "她走了？", "是"]),
        ("これは本です。あれも。", ["これは本です。", "あれも。"]),
        (".", ["."]),
        ("... !!", ["...", "!!"]),
        ("a.b.c", ["a.b.c"]),
    ],
)
def test_sentences_of_other_shapes(text, expected):
    assert sentences(text) == expected


ALPHABET = st.text(st.sampled_from("aBc1 .!?…。」\"')\n\t\u2028\u00a0é中"), max_size=80) | st.text(max_size=80)


@given(ALPHABET)
def test_sentences_are_in_order_and_hold_every_visible_character(text):
    end = 0
    for start, next_end in sentence_spans(text):
        assert end <= start < next_end
        assert not text[end:start].strip()
        assert text[start:next_end] == text[start:next_end].strip()
        assert "\n" not in text[start:next_end]
        end = next_end
    assert not text[end:].strip()


@given(ALPHABET, st.integers(0, 80), st.integers(0, 80))
def test_trim_is_strip_with_offsets(text, start, end):
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    trimmed = trim(text, (start, end))
    if trimmed is None:
        assert not text[start:end].strip()
    else:
        assert start <= trimmed[0] < trimmed[1] <= end
        assert text[slice(*trimmed)] == text[start:end].strip()


def test_long_texts_are_not_a_problem():
    assert len(sentence_spans("word. " * 200_000)) == 1
    assert len(sentence_spans("Word. " * 200_000)) == 200_000
    assert sentence_spans("x" * 2_000_000) == [(0, 2_000_000)]
    assert len(sentence_spans("." * 500_000 + " " + "." * 500_000)) == 2


def test_the_example_in_the_docstring():
    assert doctest.testmod(language).failed == 0


def test_stop_words_are_lower_case_words():
    assert all(word.isalpha() and word.islower() for word in STOP_WORDS)
    assert {"the", "of", "and"} < STOP_WORDS
    assert not {"not", "no", "never"} & STOP_WORDS
