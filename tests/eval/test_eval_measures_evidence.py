"""Evidence measures: by hand, and equal to sets of characters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures import tabulate
from eval.measures.evidence import length, merge, overlap
from eval.records import EvalCase, Evidence, Outcome, Span, Statement


def values(case, outcome):
    columns = tabulate([case], [outcome], lambda *_: "supported", groups=("evidence",))
    return {name: None if np.isnan(column[0]) else float(column[0]) for name, column in columns.items()}


def quoted(*stretches, **others):
    return Outcome("1", quotes=tuple(Span(source, start=start, end=end) for source, start, end in stretches), **others)


def cited(*spans, **others):
    sentence = Statement("So.", tuple(range(1, len(spans) + 1)))
    return Outcome("1", "So.", sentences=(sentence,), citations=spans, **others)


def spans(outcome, *, evidence, together=False):
    found = values(EvalCase("1", "q", evidence=evidence, together=together), outcome)
    return tuple(found[name] for name in ("quote_recall", "quote_precision", "quote_iou"))


HUNDRED, FIFTY = Evidence("a", start=100, end=200), Evidence("b", start=0, end=50)


@pytest.mark.parametrize(
    ("quotes", "wanted"),
    [
        ([("a", 100, 200)], (1, 1, 1)),
        ([("a", 150, 250)], (0.5, 0.5, 50 / 150)),
        ([("a", 0, 400)], (1, 0.25, 0.25)),
        ([("a", 120, 140)], (0.2, 1, 0.2)),
        ([("a", 100, 150), ("a", 150, 200)], (1, 1, 1)),
        ([("a", 100, 150), ("c", 0, 150)], (0.5, 0.25, 50 / 250)),
        ([("a", 100, 200), ("a", 100, 200)], (1, 0.5, 0.5)),  # what is shown twice is counted twice
        ([("c", 100, 200)], (0, 0, 0)),
        ([("a", 200, 300)], (0, 0, 0)),
        ([], (0, 0, 0)),
    ],
)
def test_quotes_and_evidence_are_compared_by_characters(quotes, wanted):
    assert spans(quoted(*quotes), evidence=(HUNDRED,)) == pytest.approx(wanted)


def test_the_place_that_is_met_best_counts_and_the_others_are_no_mistake():
    quotes = quoted(("b", 0, 50), ("a", 100, 110), ("c", 0, 40))
    assert spans(quotes, evidence=(HUNDRED, FIFTY)) == pytest.approx((1, 60 / 100, 50 / 90))


def test_places_that_belong_together_are_one():
    quotes = quoted(("b", 0, 50), ("a", 100, 110), ("c", 0, 40))
    assert spans(quotes, evidence=(HUNDRED, FIFTY), together=True) == pytest.approx((60 / 150, 60 / 100, 60 / 190))


def test_characters_say_nothing_where_either_side_has_no_offsets():
    assert spans(quoted(("a", 100, 200)), evidence=(HUNDRED, Evidence("b", quote="x"))) == (None, None, None)
    assert spans(Outcome("1", quotes=(Span("a", "words"),)), evidence=(HUNDRED,)) == (None, None, None)


STRETCHES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 30), st.integers(1, 9)).map(lambda one: (*one[:2], one[1] + one[2]))
)


def characters(stretches):
    return {(source, place) for source, start, end in stretches for place in range(start, end)}


@given(STRETCHES, STRETCHES)
def test_stretches_are_sets_of_characters(left, right):
    assert characters(merge(left)) == characters(left)
    assert length(merge(left)) == len(characters(left))
    assert overlap(merge(left), merge(right)) == len(characters(left) & characters(right))


@given(STRETCHES.filter(bool), STRETCHES, st.booleans())
def test_recall_precision_and_iou_are_shares(gold, shown, together):
    evidence = tuple(Evidence(source, start=start, end=end) for source, start, end in gold)
    recall, precision, iou = spans(quoted(*shown), evidence=evidence, together=together)
    assert 0 <= iou <= recall <= 1
    assert 0 <= precision <= 1
    if together:
        known, seen = characters(gold), characters(shown)
        assert recall == pytest.approx(len(known & seen) / len(known))
        assert precision == pytest.approx(len(known & seen) / max(length(shown), 1))


def test_evidence_is_looked_for_in_the_first_quotes():
    case = EvalCase("1", "q", evidence=(HUNDRED,))
    names = ("quotes_gold_at_1", "quotes_gold_at_3", "quotes_gold_at_5")
    for before, wanted in (
        (0, [1, 1, 1]),
        (1, [0, 1, 1]),
        (2, [0, 1, 1]),
        (3, [0, 0, 1]),
        (4, [0, 0, 1]),
        (5, [0] * 3),
    ):
        found = values(case, quoted(*[("c", 0, 9)] * before, ("a", 90, 210), abstained=True))
        assert [found[name] for name in names] == wanted


def test_without_a_quote_to_look_for_the_expected_answer_will_do():
    case = EvalCase("1", "q", ("red",), (Evidence("a"),))
    assert values(case, Outcome("1", quotes=(Span("a", "It is red."),)))["quotes_gold_at_1"] == 1
    assert values(case, Outcome("1", quotes=(Span("b", "It is red."),)))["quotes_gold_at_1"] == 0
    nothing_to_look_for = EvalCase("1", "q", evidence=(Evidence("a"),))
    assert values(nothing_to_look_for, Outcome("1"))["quotes_gold_at_1"] is None


def test_passages_hold_the_evidence_whole():
    case = EvalCase("1", "q", evidence=(HUNDRED,))
    assert values(case, Outcome("1", passages=(Span("c"), Span("a", start=0, end=200))))["passages_gold"] == 1
    assert values(case, Outcome("1", passages=(Span("a", start=101, end=300),)))["passages_gold"] == 0
    assert values(case, Outcome("1"))["passages_gold"] == 0


PAGES = (Evidence("a", 2), Evidence("b", 3), Evidence("c"))


@pytest.mark.parametrize(
    ("citations", "together", "source", "page"),
    [
        ([Span("a", page=2)], False, 1, 1),
        ([Span("x", page=1), Span("b", page=3)], False, 1, 1),
        ([Span("a", page=3)], False, 1, 0),  # the page of another source
        ([Span("c", page=2)], False, 1, 1),  # a source whose page nobody named
        ([Span("x", page=2)], False, 0, 0),
        ([], False, 0, 0),
        ([Span("a", page=2), Span("b", page=3)], True, 0, 0),
        ([Span("a", page=2), Span("b", page=1), Span("c")], True, 1, 0),
        ([Span("a", page=2), Span("b", page=3), Span("c")], True, 1, 1),
    ],
)
def test_an_answer_cites_the_right_sources_and_pages(citations, together, source, page):
    found = values(EvalCase("1", "q", evidence=PAGES, together=together), cited(*citations))
    assert (found["right_source"], found["right_page"]) == (source, page)


def test_a_refusal_has_no_source_and_a_set_without_pages_no_page():
    case = EvalCase("1", "q", evidence=PAGES)
    refused = values(case, cited(Span("a", page=2), abstained=True))
    assert (refused["right_source"], refused["right_page"]) == (None, None)
    assert values(EvalCase("1", "q", evidence=(Evidence("a"),)), cited(Span("a", page=2)))["right_page"] is None


@pytest.mark.parametrize(("pair", "share"), [((3, 4), 0.75), ((4, 4), 1), ((0, 2), 0), ((0, 0), None), (None, None)])
def test_verbatim_is_a_share_of_what_was_shown_and_looked_up(pair, share):
    assert values(EvalCase("1", "q", unanswerable=True), Outcome("1", verbatim=pair))["quotes_verbatim"] == share
