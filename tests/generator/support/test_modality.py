"""Words that turn a sentence, each beside its words, in a claim and in its evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.support.modality import DENIED, DENIES, turn_faults
from generator.support.turning import OPPOSED, content_of, turns
from generator.words import stem


def values(text, other=""):
    return [(turn.family, turn.value) for turn in turns(text, other)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Members may not vote.", [("modal", "possible"), ("negation", "not")]),
        ("Members can't vote.", [("modal", "possible"), ("negation", "not")]),
        ("Members won’t vote.", [("modal", "certain"), ("negation", "not")]),
        ("Members must vote.", [("modal", "required")]),
        ("Members need to vote.", [("modal", "required")]),
        ("Members are allowed to vote.", [("modal", "possible")]),
        ("Members are unable to vote.", [("modal", "possible"), ("negation", "not")]),
        ("Members failed to vote.", [("negation", "not")]),
        ("Members no longer vote.", [("negation", "not")]),
        ("It is a myth that members vote.", [("negation", "not")]),
        ("Members vote in May.", []),
        ("On 5 May members vote.", []),
        ("No, members vote.", []),
        ("See no. 5 of them.", []),
        ("It is not only rain.", [("quantifier", "only")]),
        ("All members vote.", [("quantifier", "all")]),
        ("Prices rose.", [("direction", "rose")]),
        ("Prices are increasing.", [("direction", "increase")]),
        ("No later than Monday.", [("direction", "latest")]),
        ("Not earlier than Monday.", [("direction", "earliest")]),
        ("No more than five.", [("direction", "maximum")]),
        ("No fewer than five.", [("direction", "minimum")]),
        ("Rain fell once.", [("direction", "fell")]),
    ],
)
def test_these_words_turn_a_sentence(text, found):
    assert values(text) == found


def test_a_prefix_denies_where_the_other_text_has_the_word_without_it():
    assert values("It is unlikely.", "It is likely.") == [("negation", "not")]
    assert values("It is unlikely.", "It is unlikely.") == []
    assert values("It is unlikely.", "It is unlikely and nobody thought it likely.") == []
    assert values("It is a unit.", "It is a t.") == []  # too short a rest


def test_a_turning_word_knows_the_content_beside_it_within_its_clause():
    (turn,) = turns("In spring, old members of both houses never freely vote today in the hall, though snow fell.")[1:2]
    assert (turn.word, turn.before, turn.after) == ("never", ("hous", "member", "old"), (stem("vote"), "today", "hall"))
    short = turns("Members never vote, though snow lies.")[0]
    assert short.after == ("vot",)  # not beyond the comma
    (late,) = turns("The members do not, in five towns.")
    assert late.after == ("5", "town")  # beyond the comma, since the clause has none


def test_adverbs_are_no_neighbours_but_words_that_look_like_them_are():
    assert content_of("They normally apply early for supply, not really.", "") == {"apply", "early", "supp"}


@pytest.mark.parametrize(
    ("claim", "held", "hard", "soft"),
    [
        ("Members vote here.", "Members do not vote here.", [DENIED], []),
        ("Members do not vote here.", "Members vote here.", [DENIES], []),
        ("Members do not vote here.", "Members never vote here.", [], []),
        ("Members do not whistle.", "Members vote here.", [DENIES], []),
        ("Visitors pay for food.", "Students do not pay for food.", [], []),
        (
            "Members do not vote here.",
            "Few members vote here.",
            [],
            [DENIES, "The cited text says it with 'few', the sentence without."],
        ),
        ("Members are entitled to vote.", "Members are not normally entitled to vote.", [DENIED], []),
        ("Use the service from Kent.", "In Paris you no longer use the service from Kent.", [DENIED], []),
        ("Use the service.", "In Paris you do not pay for food.", [], []),
        (
            "It will start even if your lawyer is there.",
            "It will start even if your lawyer is not there.",
            [DENIED],
            [],
        ),
        ("If three relatives live, tell us.", "If not 3 relatives live, tell us.", [DENIED], []),
        ("The grant covers rent costs.", "The grant does not cover food costs but covers rent costs.", [], []),
        (
            "Your doctor must say you do not have to wear a belt.",
            "Your doctor may say you do not have to wear a belt.",
            ["The sentence says 'must' where the cited text says 'may'."],
            [],
        ),
        ("You must pay and must vote.", "You must pay and vote.", [], []),
        ("You must pay.", "You will pay.", ["The sentence says 'must' where the cited text says 'will'."], []),
        ("You will pay.", "You must pay.", [], ["The sentence says 'will' where the cited text says 'must'."]),
        ("You will pay.", "You may pay.", ["The sentence says 'will' where the cited text says 'may'."], []),
        ("You may pay.", "You will pay.", [], ["The sentence says 'may' where the cited text says 'will'."]),
        ("You should pay.", "You pay.", [], ["The sentence says 'should', the cited text does not."]),
        ("You pay.", "You may pay.", [], ["The cited text says it with 'may', the sentence without."]),
        ("Members pay.", "Only members pay.", [], ["The cited text says it with 'only', the sentence without."]),
        ("All members pay.", "Some members pay.", ["The sentence says 'all' where the cited text says 'some'."], []),
        ("Many members pay.", "Most members pay.", [], ["The sentence says 'many' where the cited text says 'most'."]),
        ("Many members pay.", "Few members pay.", ["The sentence says 'many' where the cited text says 'few'."], []),
        ("All members pay.", "Members pay.", [], ["The sentence says 'all', the cited text does not."]),
        (
            "Prices fell in spring.",
            "Prices rose in spring.",
            ["The sentence says 'fell' where the cited text says 'rose'."],
            [],
        ),
        ("Prices fell in June.", "Prices rose in May and fell in June.", [], []),
        (
            "Later prices fell in spring as rents rose.",
            "Prices rose in spring, later they fell.",
            [],
            [],
        ),  # both are said
        (
            "You must be under 60 on the last day of the first year.",
            "You must be under 60 on the first day of the first year.",
            ["The sentence says 'last' where the cited text says 'first'."],
            [],
        ),
        (
            "Send it no earlier than Monday.",
            "Send it no later than Monday.",
            ["The sentence says 'earliest' where the cited text says 'latest'."],
            [],
        ),
    ],
)
def test_faults_of_turning_words_are_told(claim, held, hard, soft):
    assert turn_faults(claim, [held]) == (hard, soft)


def test_opposites_are_opposite_both_ways():
    assert all(one in OPPOSED[other] for one, others in OPPOSED.items() for other in others)


WORDS = [
    "members",
    "not",
    "may",
    "must",
    "all",
    "few",
    "rose",
    "fell",
    "vote",
    "here",
    "only",
    "no",
    ",",
    "first",
    "last",
]


@given(st.lists(st.sampled_from(WORDS), max_size=9))
def test_a_sentence_over_itself_has_no_fault(words):
    text = " ".join(["Old", "houses", *words, "stay."])
    assert turn_faults(text, [text]) == ([], [])


@given(st.sampled_from(["vote", "pay", "travel"]), st.sampled_from(["members", "students", "old people"]))
def test_a_sentence_and_its_denial_are_told_apart_both_ways(verb, who):
    said, denied = f"{who} can {verb} in Kent.", f"{who} can not {verb} in Kent."
    assert turn_faults(said, [denied])[0] == [DENIED]
    assert turn_faults(denied, [said])[0] == [DENIES]
