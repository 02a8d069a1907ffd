"""Answer measures: the official SQuAD rules and ROUGE-L, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures import tabulate
from eval.measures.answers import common_subsequence, exact_match, gold_texts, rouge_l, token_f1
from eval.records import EvalCase, Outcome, Span, Statement

NAMES = (
    "exact_match",
    "answer_f1",
    "short_answer_f1",
    "cited_f1",
    "gold_contained",
    "rouge_l",
    "gold_in_answer_or_quote",
)


@pytest.mark.parametrize(
    ("text", "gold", "exact", "f1"),
    [
        ("Denver Broncos", "Denver Broncos", 1, 1),
        ("the Denver Broncos!", "Denver Broncos", 1, 1),  # articles and punctuation
        ("DENVER   broncos", "The Denver Broncos.", 1, 1),
        ("Broncos Denver", "Denver Broncos", 0, 1),  # F1 knows no order
        ("Denver", "Denver Broncos", 0, 2 / 3),  # precision 1, recall 1/2
        ("The Denver Broncos won it", "Denver Broncos", 0, 2 / 3),  # precision 1/2, recall 1
        ("Carolina Panthers", "Denver Broncos", 0, 0),
        ("New York New York", "New York", 0, 2 / 3),  # tokens count as often as both have them
        ("an hour", "a hour", 1, 1),
        ("U.S.", "US", 1, 1),
        ("twenty-one", "twenty one", 0, 0),  # a hyphen leaves no gap
        ("don't", "dont", 1, 1),
        ("don’t", "dont", 0, 0),  # a typographic apostrophe is no ASCII punctuation
        ("Beyoncé", "Beyonce", 0, 0),
        ("BEYONCÉ", "beyoncé", 1, 1),
        ("3.14", "314", 1, 1),
        ("東京", "東京", 1, 1),
        ("", "", 1, 1),
        ("the", "", 1, 1),  # nothing is left of either
        ("?!", "a the", 1, 1),
        ("", "Denver", 0, 0),
        ("Denver", "", 0, 0),
        ("the", "Denver", 0, 0),
    ],
)
def test_exact_match_and_f1_follow_the_official_squad_rules(text, gold, exact, f1):
    assert exact_match(text, gold) == exact
    assert token_f1(text, gold) == pytest.approx(f1, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "gold", "value"),
    [
        ("police killed gunman", "police kill gunman", 2 / 3),  # the examples of Lin 2004: 2 of 3 and 3 tokens
        ("police kill gunman", "police killed gunman", 2 / 3),
        ("gunman kill police", "police killed gunman", 1 / 3),
        ("one two three four five", "one x three y five z", 6 / 11),  # 3 in order of 5 and 6
        ("x x x", "x", 1 / 2),
        ("", "", 1),
        ("", "x", 0),
        ("x", "the", 0),
    ],
)
def test_rouge_l_is_the_f_measure_of_the_longest_common_subsequence(text, gold, value):
    assert rouge_l(text, gold) == pytest.approx(value, abs=1e-15)


def common_subsequence_by_table(left, right):
    table = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for row, ours in enumerate(left):
        for column, theirs in enumerate(right):
            longer = max(table[row][column + 1], table[row + 1][column])
            table[row + 1][column + 1] = table[row][column] + 1 if ours == theirs else longer
    return table[-1][-1]


@given(st.lists(st.sampled_from("abcd"), max_size=90), st.lists(st.sampled_from("abcde"), max_size=90))
def test_the_longest_common_subsequence_is_that_of_the_table(left, right):
    assert common_subsequence(left, right) == common_subsequence_by_table(left, right)


@given(st.text("ab the.", max_size=20), st.text("ab the.", max_size=20))
def test_values_are_shares_and_symmetric_and_f1_is_never_below_rouge_l(left, right):
    for of in (exact_match, token_f1, rouge_l):
        assert 0 <= of(left, right) <= 1
        assert of(left, right) == of(right, left)
        assert of(left, left) == 1
    assert exact_match(left, right) <= rouge_l(left, right) <= token_f1(left, right)


def test_an_answer_is_compared_with_each_accepted_one_or_with_all_in_a_row():
    assert gold_texts(EvalCase("1", "q", ("red", "the", "blue"))) == ("red", "blue")
    assert gold_texts(EvalCase("1", "q", ("red", "blue"), together=True)) == ("red blue",)
    assert gold_texts(EvalCase("1", "q", ("the",))) == ("",)


def values(case, outcome):
    columns = tabulate([case], [outcome], lambda *_: "supported", groups=("answers",))
    assert tuple(columns) == NAMES
    figures = {name: pytest.approx(column[0], abs=1e-12) for name, column in columns.items()}
    assert figures.pop("short_answer_f1") == figures["answer_f1"]  # as long as nothing is marked
    del figures["cited_f1"]  # looked at by itself
    return figures


def answered(text, *citations, **others):
    statement = Statement(text, tuple(range(1, len(citations) + 1)))
    return Outcome("1", text, sentences=(statement,), citations=tuple(Span("a", one) for one in citations), **others)


def test_the_nearest_accepted_answer_counts():
    case = EvalCase("1", "q", ("on 12 October", "12 October 2022"))
    wanted = {"exact_match": 0, "answer_f1": 6 / 7, "gold_contained": 1, "rouge_l": 6 / 7, "gold_in_answer_or_quote": 1}
    assert values(case, answered("It: 12 October 2022.")) == wanted


def test_answers_that_belong_together_are_all_wanted():
    case = EvalCase("1", "q", ("red", "dark blue"), together=True)
    wanted = {"exact_match": 0, "answer_f1": 1, "gold_contained": 1, "rouge_l": 2 / 3, "gold_in_answer_or_quote": 1}
    assert values(case, answered("dark blue, red")) == wanted
    wanted = {"exact_match": 0, "answer_f1": 1 / 2, "gold_contained": 0, "rouge_l": 1 / 2, "gold_in_answer_or_quote": 0}
    assert values(case, answered("red")) == wanted
    assert values(case, answered("red", "a dark blue one"))["gold_in_answer_or_quote"] == 1


def test_only_quotes_that_the_answer_cites_can_hold_the_expected_answer():
    case, quotes = EvalCase("1", "q", ("2018",)), (Span("a", "It was in 2018."),)
    assert values(case, answered("Then.", "It was in 2018."))["gold_in_answer_or_quote"] == 1
    assert values(case, answered("Then.", "It was in 2018."))["gold_contained"] == 0
    assert values(case, answered("Then.", quotes=quotes, passages=quotes))["gold_in_answer_or_quote"] == 0
    unused = Outcome("1", "Then.", sentences=(Statement("Then."),), citations=quotes)
    assert values(case, unused)["gold_in_answer_or_quote"] == 0
    in_one_piece = Outcome("1", "Then.", citations=quotes)  # no sentences: it cites all that it names
    assert values(case, in_one_piece)["gold_in_answer_or_quote"] == 1


def test_the_short_answer_is_what_the_first_citation_with_a_mark_marks():
    case = EvalCase("1", "q", ("12 October 2022",))
    plain, marked = Span("a", "In autumn."), Span("a", "It was on 12 October.", marked="12 October")
    other = Span("a", "12 October 2022", marked="12 October 2022")
    answer = answered("It was on that day in the autumn.")
    for cited, wanted in (((plain, marked, other), 4 / 5), ((other, marked), 1), ((plain,), 0), ((), 0)):
        outcome = replace(answer, citations=cited, sentences=(Statement("It was.", tuple(range(1, len(cited) + 1))),))
        columns = tabulate([case], [outcome], lambda *_: "supported", groups=("answers",))
        assert columns["short_answer_f1"][0] == pytest.approx(wanted, abs=1e-12)


def test_the_words_that_an_answer_cites_are_compared_in_one_row():
    case, unused = EvalCase("1", "q", ("on 12 October 2022",)), Span("a", "on 12 October 2022")
    answer = answered("In autumn.", "on 12 October", "in 2022")
    for outcome, wanted in (
        (answer, 2 * 4 / (5 + 4)),
        (replace(answer, sentences=(Statement("In autumn.", (1,)),)), 6 / 7),
        (answered("on 12 October 2022", quotes=(unused,)), 0),
        (replace(answer, abstained=True), 0),
    ):
        columns = tabulate([case], [outcome], lambda *_: "supported", groups=("answers",))
        assert columns["cited_f1"][0] == pytest.approx(wanted, abs=1e-12)


def test_a_refused_question_has_no_right_word():
    case, nothing = (
        EvalCase("1", "q", ("The documents do not say.",)),
        dict.fromkeys(set(NAMES) - {"short_answer_f1", "cited_f1"}, 0),
    )
    assert values(case, answered("The documents do not say.", "do not say", abstained=True)) == nothing
    assert values(case, Outcome("1", "")) == nothing
    assert values(EvalCase("1", "q", ("the",)), Outcome("1", "")) == nothing


def test_a_question_without_expected_answers_says_nothing():
    columns = tabulate(
        [EvalCase("1", "q", unanswerable=True)], [answered("x")], lambda *_: "supported", groups=("answers",)
    )
    assert all(np.isnan(column).all() for column in columns.values())
