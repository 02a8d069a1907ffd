"""The support check as a table: what is changed in a sentence, and what is said about it."""

import pytest

from generator.checking import check_support

EVIDENCE = (
    "NHS England published its first Genomics Strategy on 12 October 2022, with 4 priority areas for all regions."
)
QUESTION = "What did NHS England publish?"


def number(value):
    return f"The number {value} is not in the cited text."


def name(value):
    return f"The name {value!r} is not in the cited text."


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
        ("NHS England published its Genomics Strategy on 13 October 2022.", "unsupported", (number(13),)),
        ("NHS England published its Genomics Strategy in October 2021.", "unsupported", (number(2021),)),
        ("The Genomics Strategy has five priority areas.", "unsupported", (number(5),)),
        ("The Genomics Strategy has 40 priority areas.", "unsupported", (number(40),)),
        ("NHS England published its second Genomics Strategy.", "unsupported", (number("2nd"),)),
        ("NHS England published its 3rd Genomics Strategy.", "unsupported", (number("3rd"),)),
        (
            "NHS England published its Genomics Strategy on 1 May 2019.",
            "unsupported",
            (number(1), number(2019), name("may")),
        ),
        # Changed names: the words around them hold, so that it is half true at best
        ("NHS Scotland published its first Genomics Strategy.", "partly", (name("scotland"),)),
        ("NHS England published its Genomics Strategy in November.", "partly", (name("november"),)),
        ("NHS England published its Genomics Strategy in May.", "partly", (name("may"),)),
        # Added negation
        ("NHS England did not publish its first Genomics Strategy.", "unsupported", (DENIES,)),
        ("NHS England hasn’t published its Genomics Strategy.", "unsupported", (DENIES,)),
        # Other words
        ("Volcanoes near Naples erupt.", "unsupported", (name("naples"),)),
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
    assert check_support(sentence, [first], "").problems == (number(5),)


def test_without_evidence_nothing_is_supported():
    verdict = check_support("The strategy was published.", [], "")
    assert (verdict.support, verdict.score) == ("unsupported", 0.0)
    assert verdict.problems == ("Nothing in the documents was found to match this sentence.",)


@pytest.mark.parametrize(
    ("sentence", "score"),
    [
        ("Rain fell in spring.", 1.0),  # all of rain, fell, spring
        ("Rain fell and snow fell in spring.", 0.75),  # three of four
        ("Rain and snow.", 0.4),  # one of two: partly, and 0.8 of it
        ("Rain fell in spring 2019.", 0.3),  # three of five (a number counts twice): unsupported, and half of it
    ],
)
def test_scores_are_coverages_less_a_discount(sentence, score):
    assert check_support(sentence, ["Rain fell in spring."], "").score == pytest.approx(score)


def test_two_documents_are_joined_only_by_their_own_words():
    torbett, pritchard = "Its Chief Executive is Richard Torbett.", "Amanda Pritchard was Chief Executive of the NHS."
    evidence, question = [torbett, pritchard], "Who succeeded Amanda Pritchard?"
    claim = "The NHS saw that Richard Torbett succeeded Amanda Pritchard."
    joined = check_support(claim, evidence, question, documents=evidence)
    assert joined.support == "unsupported"
    assert joined.problems == ("It joins 2 documents by words that none of them uses: saw, succeed.",)
    assert check_support(claim, evidence, question, documents=[" ".join(evidence)]).problems == ()
    both = "Chief Executive: it is Richard Torbett, it was Amanda Pritchard."
    assert check_support(both, evidence, question, documents=evidence).problems == ()
    alone = "Amanda Pritchard led the NHS."
    assert check_support(alone, evidence, question, documents=evidence).problems == ()
