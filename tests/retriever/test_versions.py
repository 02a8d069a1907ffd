"""The newest version of a document before the older, and nothing else moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passages import passage

from retriever.versions import are_versions, is_newer, prefer_newest

CLAUSE = "The fee for a licence is 40 pounds and falls due on the first day of the year."
REVISED = CLAUSE.replace("40", "45")


def source(path, title="Fees", date=None):
    return passage(path, title=title, date=date).source


def order(*found, question=""):
    return [one.source.path for one in prefer_newest(found, question=question)]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (source("a.md", date="2021"), source("b.md", date="2022-03")),
        (source("a.md", date="2021-05"), source("b.md", date="2021-06-01")),
        (source("fees-v1.md"), source("fees-v2.md")),
        (source("fees-v1.9.md"), source("fees-v1.10.md")),
        (source("a.md", "Fees (version 2)"), source("b.md", "Fees (version 3)")),
        (source("fees-2020.md"), source("fees-2021.md")),
        (source("fees-draft.md"), source("fees.md")),
        (source("a.md", "Fees (superseded)"), source("b.md", "Fees")),
        (source("fees-v9.md", date="2020"), source("fees-v1.md", date="2021")),
    ],
)
def test_the_newer_is_told_by_date_then_version_then_year_then_draft(older, newer):
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


def test_what_says_nothing_of_its_age_is_not_newer():
    assert not is_newer(source("a.md"), source("b.md"))
    assert not is_newer(source("a.md", date="2021"), source("b.md", date="2021-05"))
    assert not is_newer(source("a.md", date="2021-05"), source("b.md", date="2021"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (source("fees-v1.md"), source("fees-v2.md", "Other")),
        (source("fees_2020.pdf", "x"), source("fees_2021.docx", "y")),
        (source("2020/fees.md", "x"), source("2021/fees.md", "y")),
        (source("a.md", "Fees, draft of 3 May 2021"), source("b.md", "Fees (final)")),
        (source("a.md", "Fees, 2nd edition"), source("b.md", "Fees")),
    ],
)
def test_versions_differ_in_nothing_but_date_version_or_state(one, other):
    assert are_versions(one, other)
    assert are_versions(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (source("fees.md"), source("fees.md")),
        (source("a.md", "Fees for adults"), source("b.md", "Fees for children")),
        (source("a.md", "Annual report 2020"), source("b.md", "Annual report 2021")),
        (source("a.md", "Untitled"), source("b.md", "Untitled")),
        (source("2020.md", "2020"), source("2021.md", "2021")),
        (source("intro.md", "Norms"), source("section.md", "Norms")),
    ],
)
def test_others_are_no_versions(one, other):
    assert not are_versions(one, other)


def test_the_newest_takes_the_place_of_the_older_and_nothing_else_moves():
    found = [
        passage("first.md", "Something else.", title="Something", score=5.0),
        passage("fees-v1.md", CLAUSE, title="Fees", score=4.0),
        passage("pets.md", "Pets are welcome.", title="Pets", score=3.0),
        passage("fees-v3.md", REVISED, title="Fees", score=2.0),
        passage("fees-v2.md", REVISED, title="Fees", score=1.0),
    ]
    ranked = prefer_newest(found)
    assert [one.source.path for one in ranked] == ["first.md", "fees-v3.md", "pets.md", "fees-v2.md", "fees-v1.md"]
    assert [one.rank for one in ranked] == [1, 2, 3, 4, 5]
    assert [one.score for one in ranked] == [5.0, 2.0, 3.0, 1.0, 4.0]


def test_another_clause_of_a_newer_version_stays_below():
    old, new = passage("fees-v1.md", CLAUSE), passage("fees-v2.md", "Dogs are kept on a lead in the park at all times.")
    assert order(old, new) == ["fees-v1.md", "fees-v2.md"]


@pytest.mark.parametrize("question", ["What was the fee in 2020?", "What did the earlier draft say?"])
def test_who_asks_for_the_past_gets_it(question):
    found = [passage("fees-v1.md", CLAUSE), passage("fees-v2.md", REVISED)]
    assert order(*found) == ["fees-v2.md", "fees-v1.md"]
    assert order(*found, question=question) == ["fees-v1.md", "fees-v2.md"]


def test_a_newer_passage_that_was_folded_comes_out_and_the_older_goes_in():
    newer = passage("b.md", CLAUSE, title="New rules", date="2022", score=1.0, rank=4)
    oldest = passage("c.md", CLAUSE, title="Rules", date="2019", rank=5)
    (only,) = prefer_newest([passage("a.md", CLAUSE, title="Old rules", date="2021", score=2.0, also=(newer, oldest))])
    assert (only.source.path, only.score, only.rank) == ("b.md", 2.0, 1)
    assert [one.source.path for one in only.also] == ["a.md", "c.md"]


def test_what_was_folded_and_is_not_known_to_be_newer_stays_in():
    undated = passage("b.md", CLAUSE, title="Rules")
    (only,) = prefer_newest([passage("a.md", CLAUSE, title="Old things", date="2021", also=(undated,))])
    assert (only.source.path, only.also) == ("a.md", (undated,))


PATHS = st.sampled_from(["fees-v1.md", "fees-v2.md", "fees-2020.md", "fees.md", "pets.md", "draft-fees.md"])


@given(
    st.lists(st.tuples(PATHS, st.sampled_from([CLAUSE, REVISED, "Pets are welcome."]), st.sampled_from([None, "2020"])))
)
def test_no_passage_is_lost_and_a_second_time_changes_nothing(rows):
    found = [passage(path, text, title=path, date=date, start=n) for n, (path, text, date) in enumerate(rows)]
    ranked = prefer_newest(found)
    assert sorted(one.chunk.start for one in ranked) == list(range(len(rows)))
    moved = [one.chunk.start for place, one in enumerate(ranked) if one.chunk.start != place]
    assert all("fees" in rows[place][0] for place in moved)
