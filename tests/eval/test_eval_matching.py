"""Whether texts hold answers and spans hold evidence: tables of what a reader would say."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures.matching import (
    can_hold_gold,
    holds_answer,
    holds_gold,
    holds_some_gold,
    holds_tokens,
    normalise_answer,
)
from eval.records import EvalCase, Evidence, Span


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("", ""),
        ("   \t\n ", ""),
        ("The Cat", "cat"),
        ("a an the", ""),
        ("theatre another banana", "theatre another banana"),  # articles are words, not letters
        ("Beyoncé's", "beyoncés"),
        ("U.S.A.", "usa"),
        ("well-known", "wellknown"),  # punctuation goes without leaving a gap
        ("the-end", "theend"),  # punctuation goes first, so that this is no article
        ("a, b and the c", "b and c"),
        ("1,000.50", "100050"),
        ("“quoted” – it’s", "“quoted” – it’s"),  # only ASCII punctuation goes
        ("ÉCOLE", "école"),
        ("two\u00a0words\u2003here", "two words here"),  # every kind of white space
        (string.punctuation, ""),
    ],
)
def test_answers_are_normalised_by_the_rules_of_squad(text, normal):
    assert normalise_answer(text) == normal


@given(st.text(max_size=60))
def test_a_normal_form_keeps_no_capitals_punctuation_or_outer_space(text):
    normal = normalise_answer(text)
    assert normal == " ".join(normal.split())
    assert not set(normal) & set(string.punctuation)
    assert not {"a", "an", "the"} & set(normal.split(" "))


@pytest.mark.parametrize(
    ("text", "part", "held"),
    [
        ("It was launched in 2018.", "2018", True),
        ("It was launched in 20180.", "2018", False),  # whole tokens
        ("It was launched on the 12th of May", "12th May", False),  # in one run
        ("It came out on 12 October, 2022!", "the 12 October 2022", True),
        ("anything", "the", False),  # nothing is left of it
        ("", "word", False),
        ("", "", False),
    ],
)
def test_a_text_holds_whole_tokens_in_one_run(text, part, held):
    assert holds_tokens(text, part) is held


def test_any_accepted_answer_will_do_unless_they_belong_together():
    either, both = (EvalCase("1", "q", ("red", "blue"), together=together) for together in (False, True))
    assert holds_answer(["It is blue."], either)
    assert not holds_answer(["It is blue."], both)
    assert holds_answer(["It is blue.", "Or red."], both)  # each may stand in another text
    assert not holds_answer(["It is green."], either)
    assert not holds_answer([], either)
    assert not holds_answer(["word"], EvalCase("1", "q"))  # nothing is expected


QUOTE = "NHS England published its first Genomics Strategy on 12 October 2022."
PLACED = Evidence("a.md", None, QUOTE, 100, 100 + len(QUOTE))


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [
        (100, 169, True),  # the same
        (0, 400, True),  # more than it
        (90, 168, True),  # all but the full stop
        (90, 167, False),
        (101, 400, False),  # a letter is missing
        (100, 135, True),  # inside, and half of its 68 characters
        (120, 153, False),  # inside, and less than half
        (90, 160, False),  # cut off
        (0, 100, False),
        (169, 300, False),
    ],
)
def test_by_offsets_a_span_holds_evidence_whole_or_is_a_large_part_of_it(start, end, held):
    assert len(QUOTE) == 69
    case = EvalCase("1", "q", evidence=(PLACED,))
    assert holds_gold([Span("a.md", start=start, end=end)], case) is held
    assert not holds_gold([Span("b.md", start=start, end=end)], case)


def test_offsets_without_words_are_covered_to_the_character():
    case = EvalCase("1", "q", evidence=(Evidence("a.md", start=10, end=14),))
    assert holds_gold([Span("a.md", start=10, end=14)], case)
    assert not holds_gold([Span("a.md", start=10, end=11)], case)
    assert not holds_gold([Span("a.md", start=11, end=20)], case)


def test_offsets_rule_over_words():
    """The same word at another place of the source is another statement."""
    case = EvalCase("1", "q", ("2018",), (Evidence("a.md", None, "2018", 10, 14),))
    assert not holds_gold([Span("a.md", "in 2018", start=50, end=57)], case)
    assert holds_gold([Span("a.md", "in 2018")], case)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (f"Some words before. {QUOTE} And after.", True),
        ("nhs england published its first genomics strategy on 12 october 2022", True),
        ("published its first Genomics Strategy on", True),  # 6 of its 11 tokens
        ("Genomics Strategy on 12 October", False),  # 5 of its 11
        ("NHS England published its second Genomics Strategy on 12 October 2022.", False),
        ("2022", False),
        ("", False),
    ],
)
def test_by_words_a_span_holds_evidence_whole_or_is_a_large_part_of_it(text, held):
    case = EvalCase("1", "q", evidence=(Evidence("a.md", quote=QUOTE),))
    assert holds_gold([Span("a.md", text)], case) is held
    assert not holds_gold([Span("b.md", text)], case)


@pytest.mark.parametrize(
    ("span", "held"),
    [
        (Span("a.md", "It is red.", page=2), True),
        (Span("a.md", "It is red.", page=3), False),  # another page
        (Span("a.md", "It is red."), True),  # its page is not known
        (Span("a.md", "It is blue.", page=2), False),
        (Span("b.md", "It is red.", page=2), False),
        (Span("default/a.md", "It is red.", page=2), False),  # sources by name, exactly
    ],
)
def test_a_page_alone_is_held_by_its_words_that_hold_an_answer(span, held):
    assert holds_gold([span], EvalCase("1", "q", ("red",), (Evidence("a.md", 2),))) is held


def test_any_place_will_do_unless_they_belong_together():
    places = (Evidence("a", quote="one two"), Evidence("b", quote="three four"))
    either, both = (EvalCase("1", "q", evidence=places, together=together) for together in (False, True))
    first, second = Span("a", "one two"), Span("b", "three four")
    assert holds_gold([first], either)
    assert not holds_gold([first], both)
    assert holds_gold([second, first], both)
    assert holds_some_gold(first, both)
    assert not holds_some_gold(Span("a", "three four"), both)
    assert not holds_gold([first], EvalCase("1", "q"))


def test_whether_a_span_holds_evidence_can_be_told_by_words_offsets_or_an_answer():
    page, quoted, placed = Evidence("a", 1), Evidence("a", quote="x"), Evidence("a", start=0, end=1)
    assert not can_hold_gold(EvalCase("1", "q", ("x",)))
    assert not can_hold_gold(EvalCase("1", "q", evidence=(page,)))
    assert not can_hold_gold(EvalCase("1", "q", evidence=(quoted, page)))
    assert not can_hold_gold(EvalCase("1", "q", evidence=(Evidence("a", start=0),)))
    assert can_hold_gold(EvalCase("1", "q", ("x",), (page,)))
    assert can_hold_gold(EvalCase("1", "q", evidence=(quoted, placed)))


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (("Yes",), False),
        (("no.",), False),
        (("the",), False),
        ((" ".join(["word"] * 20),), True),
        ((" ".join(["word"] * 21),), False),  # a paragraph is retold, not quoted
        (("yes", "yes, in May"), True),
    ],
)
def test_an_answer_is_looked_for_only_where_a_source_could_hold_its_words(answers, told):
    case = EvalCase("1", "q", answers, (Evidence("a"),))
    assert can_hold_gold(case) is told
    assert holds_gold([Span("a", f"He said {answers[-1]}")], case) is told
    assert not holds_gold([Span("a", "yes, no")], case)
