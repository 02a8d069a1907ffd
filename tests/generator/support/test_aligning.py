"""Which sentences a claim is compared with, and what counts as word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.support.aligning import matching_sentences, stands_verbatim, tidy


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("It  “rained”\u00a0’s.", 'It "rained" \'s'),
        ("Twelve towns of 1,250 people.", "12 towns of 1250 people"),
        ("5 per cent, 5 percent, 5 % and 5%", "5%, 5%, 5% and 5%"),
        ("on 3 Mar. 2022 and Sept 5", "on 3 March 2022 and September 5"),
        ("Mars has 3 May Days", "Mars has 3 May Days"),
        ("It didn't and it is n't", "It did not and it is not"),
        ("It can't and won't", "It can't and won't"),  # "ca not" would be no word
        ("Pages 3–5...", "Pages 3-5.."),
    ],
)
def test_forms_of_one_thing_are_written_in_one_way(text, tidied):
    assert tidy(text) == tidied


@pytest.mark.parametrize(
    ("claim", "evidence", "stands"),
    [
        ("Rain fell.", ["Rain fell."], True),
        ("Rain fell", ["Snow fell. Rain fell! It was May."], False),  # "!" is not the same end
        ("Rain fell.", ["Snow fell. Rain fell. It was May."], True),
        ("Rain fell.", ["In May Rain fell."], True),
        ("Rain fell.", ["It is not true that Rain fell."], False),
        ("Rain fell.", ["If Rain fell."], False),
        ("Rain fell.", ["Nobody doubted that Rain fell."], False),
        ("Rain fell.", ["Rain fell in May."], False),
        ("Rain fell.", ["No-Rain fell."], False),
        ("Rain fell.", ["Heavy-Rain fell."], False),
        ("rain fell.", ["Rain fell."], True),
        ("Twelve men left on 3 May.", ["12 men left on 3 May."], True),
        ("Twelve men left on 3 May.", ["13 men left on 3 May."], False),
        ("According to the document, rain fell.", ["Rain fell."], True),
        ("According to the text, rain fell.", ["Rain fell."], True),
        ("According to the mayor, rain fell.", ["Rain fell."], False),
        ("Rain fell. Snow fell.", ["It was May. Rain fell. Snow fell. It was June."], True),
        ("Rain fell. Snow fell.", ["Rain fell. It was May. Snow fell."], True),
        ("Rain fell. Snow fell.", ["It is not true that Rain fell. Snow fell."], False),
        (".", ["."], False),
        ("", ["Rain fell."], False),
        ("Rain fell.", [], False),
    ],
)
def test_a_claim_stands_word_for_word_or_does_not(claim, evidence, stands):
    assert stands_verbatim(claim, evidence) == stands


def test_the_fewest_sentences_that_hold_a_claims_content_are_compared_with_it():
    evidence = ["Snow fell in June. Heavy rain fell in May.", "A visitor saw hail in Kent."]
    assert matching_sentences("Heavy rain fell in May, and hail in Kent.", evidence) == [
        "Heavy rain fell in May.",
        "A visitor saw hail in Kent.",
    ]
    assert matching_sentences("Heavy rain fell.", evidence) == ["Heavy rain fell in May."]
    assert matching_sentences("Volcanoes erupt.", evidence) == []


def test_a_sentence_that_adds_too_little_is_not_compared():
    """Ten words of content: one more is a tenth, which is under LEAST_ADDED; two are enough."""
    claim = "Alpha bravo charlie delta echo foxtrot golf hotel india juliet."
    most = "Alpha bravo charlie delta echo foxtrot golf hotel india."
    assert matching_sentences(claim, [f"{most} There juliet sang."]) == [most]
    fewer = "Alpha bravo charlie delta echo foxtrot golf hotel."
    assert matching_sentences(claim, [f"{fewer} There india juliet sang."]) == [fewer, "There india juliet sang."]


def test_of_sentences_that_hold_as_much_the_shorter_is_compared():
    evidence = ["Rain fell on the old town hall of Kent.", "Rain fell once."]
    assert matching_sentences("Rain fell.", evidence) == ["Rain fell once."]


@given(st.lists(st.sampled_from("Rain snow 5 not Mr. May 1,250 twelve fell it's “so” only".split()), max_size=8))
def test_a_tidied_text_is_tidy_and_every_sentence_stands_in_itself(parts):
    text = " ".join(["Hail", *parts, "fell."])
    assert tidy(tidy(text)) == tidy(text)
    assert stands_verbatim(text, [text])
