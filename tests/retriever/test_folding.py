"""Near-duplicates folded: what counts as the same clause, and above all what never does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import passage

from retriever.folding import fold_duplicates

CLAUSE = (
    "The tenant must pay the rent of £1,250 on the first working day of each month, by standing order, and must not "
    "sublet the whole or any part of the lawful dwelling to others without the landlord's written consent, which shall "
    "be given within 14 days of a request made after 1 March 2021, as set out in paragraph 3(b) of the schedule below."
)


def folds(better, other):
    """Whether the second of two passages goes into the first."""
    found = [passage("v2.md", better, rank=1), passage("v1.md", other, rank=2)]
    return len(fold_duplicates(found)) == 1


def test_the_better_ranked_stays_and_the_others_go_into_it():
    found = [
        passage("v2.md", CLAUSE, rank=1, score=3.0),
        passage("other.md", "Pets are welcome.", rank=2, score=2.5),
        passage("v1.md", CLAUSE, rank=3, score=2.0, page=4),
        passage("v0.md", CLAUSE.upper(), rank=4, score=1.0),
        passage("more.md", "Bicycles stay outside.", rank=5, score=0.5),
    ]
    first, pets, bicycles = fold_duplicates(found)
    assert first.also == (found[2], found[3])
    assert (first.chunk, first.score, first.rank) == (found[0].chunk, 3.0, 1)
    assert (pets.chunk, pets.rank, pets.also) == (found[1].chunk, 2, ())
    assert (bicycles.chunk, bicycles.rank) == (found[4].chunk, 3)


@pytest.mark.parametrize(
    "other",
    [
        CLAUSE,
        CLAUSE.upper(),
        CLAUSE.replace(", ", " "),
        CLAUSE.replace(" ", "\n"),
        CLAUSE.replace("'", "’"),
        CLAUSE.replace("£1,250", "£1250"),
        CLAUSE.replace("standing order", "a standing order"),
        "Terms. " + CLAUSE,
        CLAUSE[: CLAUSE.index(", which")],
        CLAUSE[CLAUSE.index("by standing") :],
    ],
)
def test_versions_of_a_clause_are_folded(other):
    assert folds(CLAUSE, other)


@pytest.mark.parametrize(
    ("word", "another"),
    [
        ("tenant", "landlord"),
        ("dwelling", "home"),
        ("the whole", "the hole"),
        ("£1,250", "£1,350"),
        ("£1,250", "$1,250"),
        ("£1,250", "£1,25"),
        ("£1,250", "-£1,250"),
        ("14 days", "21 days"),
        ("14 days", "14% days"),
        ("March", "April"),
        ("2021", "2022"),
        ("first", "third"),
        ("must not", "must"),
        ("must pay", "must not pay"),
        ("must pay", "may pay"),
        ("must pay", "needn't pay"),
        ("without", "with"),
        ("the whole or", "the whole and"),
        ("after 1", "before 1"),
        ("lawful", "unlawful"),
        ("(b)", "(c)"),
        ("within 14", "14"),
    ],
)
def test_a_number_a_date_or_a_turn_keeps_clauses_apart(word, another):
    assert word in CLAUSE
    changed = CLAUSE.replace(word, another)
    if word == "within 14":  # only a word of no weight is gone: the example shows that the others are not folded for it
        assert folds(CLAUSE, changed)
    else:
        assert not folds(CLAUSE, changed)
        assert not folds(changed, CLAUSE)


def test_the_same_numbers_in_other_places_are_another_clause():
    tail = " as the parties agreed in writing with one another when the house was let and the deposit was paid in full"
    first = "Rent of 500 pounds and a deposit of 900 pounds are due" + tail
    assert not folds(first, first.replace("500", "x").replace("900", "500").replace("x", "900"))


def test_a_negation_that_moves_is_another_clause():
    tail = " to anybody whose name stands in the list of people that keeps the office of the court in the old town hall"
    assert not folds(
        f"The gardener not the owner gave keys yesterday{tail}", f"The gardener the owner gave keys not{tail}"
    )


def test_what_adds_something_is_shown():
    longer = (
        CLAUSE + " The landlord keeps the roof, the gutters, the drains and the outer walls of the house in repair."
    )
    assert folds(longer, CLAUSE)
    assert not folds(CLAUSE, longer)


def test_marks_alone_and_empty_texts_are_left():
    found = [passage("a.md", "***", rank=1), passage("b.md", "---", rank=2), passage("c.md", "", rank=3)]
    assert fold_duplicates(found) == found
    assert fold_duplicates([]) == []


def test_what_was_folded_before_stays_in_one_level():
    inner = passage("v0.md", CLAUSE, rank=9)
    first = passage("v2.md", CLAUSE, rank=1, also=(passage("v3.md", CLAUSE, rank=8),))
    second = passage("v1.md", CLAUSE, rank=2, also=(inner,))
    (only,) = fold_duplicates([first, second])
    assert [one.source.path for one in only.also] == ["v3.md", "v1.md", "v0.md"]
    assert all(one.also == () for one in only.also)


SENTENCES = st.sampled_from(
    [
        "The tenant must pay the rent on the first day of the month.",
        "The tenant must not pay the rent on the first day of the month.",
        "The landlord keeps the house in good repair at all times and in all weathers.",
        "The landlord keeps the house in good repair at most times and in all weathers.",
        "Notice of 14 days is given in writing.",
        "Notice of 28 days is given in writing.",
        "a",
        "5",
        "…",
    ]
)
TEXTS = st.lists(st.lists(SENTENCES, max_size=4).map(" ".join), max_size=9) | st.lists(st.text(max_size=30), max_size=6)


@given(TEXTS)
def test_folding_loses_no_passage_and_keeps_the_order(texts):
    found = [passage(f"{number}.md", text, rank=number + 1) for number, text in enumerate(texts)]
    kept = fold_duplicates(found)
    everything = [other for one in kept for other in (one, *one.also)]
    assert sorted(one.source.path for one in everything) == sorted(one.source.path for one in found)
    places = [int(one.source.path.split(".")[0]) for one in kept]
    assert places == sorted(places)
    assert [one.rank for one in kept] == list(range(1, len(kept) + 1))
    for place, one in zip(places, kept, strict=True):
        assert all(other.rank > place + 1 for other in one.also)
    assert fold_duplicates(kept) == kept


@given(TEXTS)
def test_only_passages_with_the_same_numbers_and_negations_are_folded(texts):
    found = [passage(f"{number}.md", text, rank=number + 1) for number, text in enumerate(texts)]
    for one in fold_duplicates(found):
        words = one.chunk.text.split()
        for other in one.also:
            for word in ("14", "28", "5", "not", "all", "most"):
                assert word not in other.chunk.text.split() or word in words
