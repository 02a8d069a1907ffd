"""The support check as a table: what is changed in a sentence, and what is said about it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.support.checking import RULES, Blend, Verdict, check_support

EVIDENCE = (
    "NHS England published its first Genomics Strategy on 12 October 2022, with 4 priority areas for all regions."
)
QUESTION = "What did NHS England publish?"


def number(value):
    return f"The number {value} is not in the cited text."


def name(value):
    return f"The name {value!r} is not in the cited text."


def date(value):
    return f"The date {value} is not in the cited text."


def instead(said, held):
    return f"The sentence says {said!r} where the cited text says {held!r}."


DENIES = "The sentence denies something that the cited text does not."


@pytest.mark.parametrize(
    ("sentence", "support", "problems"),
    [
        (EVIDENCE, "supported", ()),
        ("NHS England published its first Genomics Strategy on 12 October 2022.", "supported", ()),
        ("The Genomics Strategy has four priority areas.", "supported", ()),
        ("On 12th October 2022 NHS England published the Genomics Strategy.", "supported", ()),
        ("NHS England’s Genomics Strategy covers all regions.", "supported", ()),
        # Changed numbers and dates
        ("NHS England published its Genomics Strategy on 13 October 2022.", "unsupported", (date("13 October 2022"),)),
        ("NHS England published its Genomics Strategy in October 2021.", "unsupported", (date("October 2021"),)),
        ("The Genomics Strategy has five priority areas.", "unsupported", (number(5),)),
        ("The Genomics Strategy has 40 priority areas.", "unsupported", (number(40),)),
        ("NHS England published its second Genomics Strategy.", "unsupported", (number("2nd"),)),
        ("NHS England published its 3rd Genomics Strategy.", "unsupported", (number("3rd"),)),
        (
            "NHS England published its Genomics Strategy on 1 May 2019.",
            "unsupported",
            (date("1 May 2019"),),
        ),
        # A month is a date, and a name in another's place is wrong; a name that is only added is a loose end
        (
            "NHS Scotland published its first Genomics Strategy.",
            "unsupported",
            (instead("NHS Scotland", "NHS England"),),
        ),
        ("NHS England published its Genomics Strategy in November.", "unsupported", (date("November"),)),
        ("NHS England published its Genomics Strategy in May.", "unsupported", (date("May"),)),
        ("NHS England published its Genomics Strategy with Cardiff.", "partly", (name("Cardiff"),)),
        # Added negation
        ("NHS England did not publish its first Genomics Strategy.", "unsupported", (DENIES,)),
        ("NHS England hasn’t published its Genomics Strategy.", "unsupported", (DENIES,)),
        # Other words
        ("Volcanoes near Naples erupt.", "unsupported", (name("Naples"),)),
        ("The strategy of priority lists cheese recipes.", "partly", ()),  # strategy and priority of five words
    ],
)
def test_changed_facts_are_noticed(sentence, support, problems):
    verdict = check_support(sentence, [EVIDENCE], QUESTION)
    assert (verdict.support, verdict.problems) == (support, problems)


def test_first_is_a_claim_only_where_the_text_counts_otherwise():
    """As an adverb it is often just style: "was first published"; where the text says "second", it is wrong."""
    said = "The strategy was first published in May."
    assert check_support(said, ["The strategy was published in May."], "").support == "partly"
    assert check_support(said, ["The second strategy was published in May."], "").support == "unsupported"
    elsewhere = "The strategy was published in May. On the first page is a map."
    assert check_support(said, [elsewhere], "") == Verdict("supported", 0.962)


def test_a_negation_that_the_text_shares_is_no_problem():
    assert check_support("The cost was not published.", ["The cost was never published."], "").support == "supported"


def test_names_of_the_question_may_be_repeated_but_not_its_numbers():
    evidence = ["The strategy was published in October."]
    question = "Did Wales publish 7 strategies?"
    assert check_support("The strategy of Wales was published in October.", evidence, question).support == "supported"
    assert check_support("The strategy was published in October 7 times.", evidence, question).support == "unsupported"


def test_pieces_of_evidence_hold_a_sentence_together():
    sentence = "The strategy was published in 2022 and costs 5 pounds."
    first, second = "The strategy was published in 2022.", "It costs 5 pounds."
    assert check_support(sentence, [first, second], "").support == "supported"
    assert check_support(sentence, [first], "").problems == (number("5 pound"),)


def test_without_evidence_nothing_is_supported():
    verdict = check_support("The strategy was published.", [], "")
    assert (verdict.support, verdict.score) == ("unsupported", 0.0)
    assert verdict.problems == ("Nothing in the documents was found to match this sentence.",)


@pytest.mark.parametrize(
    ("sentence", "total"),
    [
        ("Rain and more rain fell in spring.", -3.4 + 6.64),  # all of rain, fell, spring; nothing wrong
        ("Rain fell and snow fell in spring.", -3.4 + 6.64 * 0.75),  # three of four
        ("Rain and snow.", -3.4 + 6.64 * 0.5),  # one of two
        (
            "Rain fell in spring 2019.",
            -3.4 + 6.64 * 0.6 - 7.25,
        ),  # three of five (a number counts twice), and a grave fault
        ("Rain fell near Naples in spring.", -3.4 + 6.64 * 0.6 - 4.73),  # near and Naples are missing, and a loose end
    ],
)
def test_scores_are_logistic_in_coverage_and_faults(sentence, total):
    assert Blend(constant=-3.4, coverage=6.64, hard=-7.25, soft=-4.73) == RULES
    assert check_support(sentence, ["Rain fell in spring."], "").score == pytest.approx(expit(total), abs=6e-4)


def expit(total):
    return 1 / (1 + math.exp(-total))


def test_a_model_moves_the_score_and_the_verdict_but_excuses_no_fault():
    evidence, asked = ["Rain fell in spring."], []

    def entail(logit):
        def of(pairs):
            asked.extend(pairs)
            return [logit] * len(pairs)

        return of

    sure, doubtful = "Rain and more rain fell in spring.", "Rain and hail fell in spring."
    high = check_support(sure, evidence, "", entail=entail(4.0))
    assert (high.support, high.score) == ("supported", pytest.approx(expit(-1.9 + 3.79 + 0.81 * 4), abs=6e-4))
    assert check_support(doubtful, evidence, "", entail=entail(-1.0)).support == "partly"  # 0.53
    assert check_support(doubtful, evidence, "", entail=entail(-6.0)).support == "unsupported"  # 0.02
    assert asked == [(sure, evidence[0]), (doubtful, evidence[0]), (doubtful, evidence[0])]
    wrong = check_support("Rain fell in spring 2019.", evidence, "", entail=entail(30.0))
    assert wrong == check_support("Rain fell in spring 2019.", evidence, "")
    assert check_support(evidence[0], evidence, "", entail=entail(-30.0)).support == "supported"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("sentence", "held", "support"),
    [
        ("The dose is 5 mg.", "A dose of 5 mg is the usual.", "supported"),
        ("The dose is 5 g.", "A dose of 5 mg is the usual.", "unsupported"),
        ("The dose is 0.005 g.", "A dose of 5 mg is the usual.", "supported"),
        ("It cost £2.5 million.", "It cost in all £2,500,000.", "supported"),
        ("It cost £2.5 billion.", "It cost in all £2.5 million.", "unsupported"),
        ("A third of adults smoke.", "Some say a third of adults smoke.", "supported"),
        ("Children from 1 April pay.", "Children pay until 1 April.", "unsupported"),
        ("Up to 5 members may vote.", "At least 5 members may vote.", "unsupported"),
        ("Members must vote today.", "Members may vote today.", "unsupported"),
        ("All members vote today.", "Some members vote today.", "unsupported"),
        ("Prices fell in the spring.", "Prices rose in the spring.", "unsupported"),
        ("Prices fall in the spring.", "Prices rise in the spring.", "unsupported"),
        ("The plan is likely to work.", "The plan is unlikely to work.", "unsupported"),
        ("The plan is not likely to work.", "The plan is unlikely to work.", "partly"),  # two words of four
        ("Members can no longer vote today.", "Members can't vote today.", "supported"),
        ("Members vote today.", "Members don't vote today.", "unsupported"),
        ("The fund failed to pay members.", "The fund did not pay members.", "supported"),
        ("It is known that Mr Pugh beat Mr Reese.", "Yesterday Mr Reese beat Mr Pugh.", "unsupported"),
        ("Yesterday Mr Reese beat Mr Pugh.", "It is known that Mr Reese beat Mr Pugh.", "supported"),
        ("Rain fell in Wales.", "It is not true that Rain fell in Wales.", "unsupported"),
    ],
)
def test_a_turned_word_is_noticed_and_another_form_is_not(sentence, held, support):
    assert check_support(sentence, [held], "").support == support


def test_a_negation_counts_in_the_sentence_that_matches_only():
    evidence = ["The fee is £5. Students do not pay for parking."]
    assert check_support("The fee isn't £5.", evidence, "").support == "unsupported"
    assert check_support("A fee is £5.", evidence, "").support == "supported"
    assert check_support("All students pay for parking.", evidence, "").support == "unsupported"


def test_a_number_of_another_sentence_is_half_true():
    evidence = ["In 1347 the plague reached Egypt, its ports and its many other towns. Trade ended in 1348."]
    claim = "In 1348 the plague reached Egypt, its ports and its many other towns."
    verdict = check_support(claim, evidence, "")
    assert (verdict.support, verdict.problems) == ("partly", ("The number 1348 is only elsewhere in the cited text.",))


WORDS = [
    "rain",
    "not",
    "never",
    "all",
    "Some",
    "May",
    "5",
    "5 mg",
    "1,250",
    "third",
    "Wales",
    "first",
    "rose",
    "no",
    "if",
]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_sentence_that_stands_word_for_word_is_supported(said, before):
    claim = "Snow " + " ".join(said) + "."
    evidence = ["Snow " + " ".join([*before, "fell"]) + ". " + claim, "Something else."]
    assert check_support(claim, evidence, "") == Verdict("supported", 0.962)


@given(st.integers(2, 10**9), st.integers(2, 10**9))
def test_another_number_is_never_supported(said, held):
    verdict = check_support(f"The city has {said:,} trees now.", [f"Today the city has {held} trees."], "")
    assert verdict.support == ("supported" if said == held else "unsupported")


def test_two_documents_are_joined_only_by_their_own_words():
    torbett, pritchard = "Its Chief Executive is Richard Torbett.", "Amanda Pritchard was Chief Executive of the NHS."
    evidence, question = [torbett, pritchard], "Who succeeded Amanda Pritchard?"
    claim = "The NHS saw that Richard Torbett succeeded Amanda Pritchard."
    joined = check_support(claim, evidence, question, documents=evidence)
    assert joined.support == "unsupported"
    assert joined.problems == (
        "It joins 2 documents by words that none of them uses: saw, succeed.",
        "Only the question says this, not the cited text: succeeded.",
    )
    assert check_support(claim, evidence, question, documents=[" ".join(evidence)]).problems == joined.problems[1:]
    both = "Chief Executive: it is Richard Torbett, it was Amanda Pritchard."
    assert check_support(both, evidence, question, documents=evidence).problems == ()
    alone = "Amanda Pritchard led the NHS."
    assert check_support(alone, evidence, question, documents=evidence).problems == ()


def test_a_sure_model_stands_in_for_words_that_the_evidence_lacks():
    evidence, claim = (
        ["Berengaria, the bride of Richard, was there."],
        "Berengaria was going to marry Richard some day.",
    )
    assert check_support(claim, evidence, "", entail=lambda pairs: [4.0]).support == "supported"
    assert check_support(claim, evidence, "", entail=lambda pairs: [0.0]).support == "partly"
    far = "Berengaria went skiing yesterday with several noisy neighbours."
    assert check_support(far, evidence, "").support == "unsupported"
    assert check_support(far, evidence, "", entail=lambda pairs: [4.0]).support == "supported"


ASKED = "Who founded the Green Party of Kenya?"
ECHO = "Only the question says this, not the cited text: founded."


def test_a_predicate_that_only_the_question_has_is_a_loose_end_until_a_model_finds_it():
    claim, evidence = (
        "Wangari Maathai founded the Green Party of Kenya.",
        ["Wangari Maathai joined the Green Party of Kenya."],
    )
    verdict = check_support(claim, evidence, ASKED)
    assert (verdict.support, verdict.problems) == ("partly", (ECHO,))
    assert check_support(claim, evidence, "").problems == ()  # no question has said it
    sure = check_support(claim, evidence, ASKED, entail=lambda pairs: [3.0])
    assert (sure.support, sure.problems) == ("supported", ())
    doubtful = check_support(claim, evidence, ASKED, entail=lambda pairs: [-2.0])
    assert (doubtful.support, doubtful.problems) == ("partly", (ECHO,))
    held = "In 1987 Wangari Maathai founded that Green Party of Kenya."
    assert check_support(claim, [held], ASKED).support == "supported"


def test_a_third_of_the_predicate_in_the_evidence_is_no_echo():
    question, evidence = "Who built a tall tower?", ["They saw that Offa liked one tower."]
    for said, is_echo in (("Offa built a tall tower.", True), ("Offa built the tower.", False)):
        assert (check_support(said, evidence, question).problems != ()) == is_echo


@pytest.mark.parametrize(
    ("question", "sentence", "repeats"),
    [
        ("Who founded the Green Party?", "The Green Party was founded.", True),
        ("Who founded the Green Party?", "Offa founded the Green Party.", False),
        ("Was the Green Party founded?", "The Green Party was founded.", False),
        ("Which was founded, the Green Party or the Red Party?", "The Green Party was founded.", False),
        ("How many founded the Green Party?", "Two founded the Green Party.", False),
    ],
)
def test_a_sentence_that_repeats_its_question_is_not_supported(question, sentence, repeats):
    verdict = check_support(sentence, ["They saw that two, Offa among them, founded the Green Party."], question)
    assert ("The sentence only repeats the question." in verdict.problems) == repeats
    assert (verdict.support == "unsupported") == repeats


def test_what_the_document_says_word_for_word_may_repeat_the_question():
    assert check_support("Rain fell.", ["Rain fell."], "When was it that rain fell?").support == "supported"


def test_a_name_of_another_sentence_is_half_true_and_wrong_where_that_has_one_in_its_place():
    ranked = "In 2012 the Economist ranked Warsaw as a city to live in."
    compared = "Warsaw is often compared with Frankfurt."
    question = "Who ranked Warsaw as a city to live in?"
    claim = "Frankfurt ranked Warsaw as a city to live in."
    wrong = check_support(claim, [ranked, compared], question)
    assert (wrong.support, wrong.problems) == ("unsupported", (instead("Frankfurt", "Economist"),))
    nobody = check_support(claim, ["Warsaw has been ranked as a city to live in.", compared], question)
    assert nobody.support == "partly"
    assert nobody.problems == ("The name 'Frankfurt' is only elsewhere in the cited text.",)
    for held in ("It ranked Warsaw as a city to live in.", "Frankfurt ranked all, Warsaw as a city to live in."):
        assert check_support(claim, [compared, held], question).problems == ()
    headed = check_support(claim, ["News of Frankfurt\nWarsaw has been ranked as a city to live in."], question)
    assert headed.problems == ()  # a heading names what is under it


def test_a_yes_in_front_is_no_content():
    assert check_support("Yes, it was in spring that rain fell.", ["Rain fell in spring."], "").score == 0.962
