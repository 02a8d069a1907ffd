"""Documents that disagree: found where two say the same but for a number or a date, and above all nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.sources.conflicts import find_conflicts
from schema import Quote

QUESTION = (
    "When was the genomics strategy published, what does it cost and how many hubs, staff and years does it have?"
)


def quote(number, words, *, title="The Genomics Strategy", source=None, heading="", date=None):
    name = source or f"default/{number}.md"
    return Quote(number, name, title, date, None, 0, len(words), words, 1.0, heading)


def conflicts(first, second, question=QUESTION, **fields):
    return find_conflicts(question, [quote(1, first, **fields), quote(2, second, **fields)])


DISAGREE = [  # a pair of sentences, and the value of the first
    ("The strategy was published on 12 October 2022.",
     "The strategy was published on 14 October 2022.", "12 October 2022"),
    ("The strategy was published on 12 October 2022.", "The strategy was issued in November 2022.", "12 October 2022"),
    ("The strategy appeared in 2021.", "The strategy was published in 2022.", "2021"),
    ("The Genomics Strategy was launched in 2018.", "The strategy was launched in 2019.", "2018"),
    ("The strategy was published on October 12, 2022.",
     "The strategy was published on 13 October 2022.", "October 12, 2022"),
    ("The strategy starts on 1 April.", "The strategy begins on 1 May.", "1 April"),
    ("The strategy covers the next five years.", "The strategy covers the next ten years.", "five years"),
    ("The strategy runs for 5 years.", "The strategy lasts 36 months.", "5 years"),
    ("The strategy costs £3 million.", "The cost of the strategy is £4 million.", "£3 million"),
    ("The strategy costs £3m.", "The strategy costs £3,500,000.", "£3m"),
    ("The strategy costs $2 billion.", "The strategy costs $2.5bn.", "$2 billion"),
    ("The strategy names 12 hubs.", "The strategy names 14 hubs.", "12"),
    ("The strategy names twelve hubs.", "The strategy names seven hubs.", "twelve"),
    ("The strategy names 1,250 hubs.", "The strategy names 1,350 hubs.", "1,250"),
    ("The strategy names at least 12 hubs.", "The strategy names 9 hubs.", "12"),
    ("The strategy names up to 12 hubs.", "The strategy names 15 hubs.", "12"),
    ("The strategy names 10 to 12 hubs.", "The strategy names 15 hubs.", "10 to 12"),
    ("The strategy names about 12 hubs.", "The strategy names 20 hubs.", "12"),
    ("12 % of hubs have a strategy for staff.", "15 % of hubs have a strategy for staff.", "12 %"),
    ("12 per cent of hubs have a strategy.", "15% of hubs have a strategy.", "12 per cent"),
    ("The strategy reaches 3.5 million staff in the NHS.",
     "The strategy reaches 4 million staff in the NHS.", "3.5 million"),
    ("The strategy pays for 12 hubs and 7 laboratories.", "The strategy pays for 14 hubs and 7 laboratories.", "12"),
    ("According to the report, the strategy names 12 hubs.", "The strategy now names 14 hubs.", "12"),
    ("The strategy needs 40 staff within 2 years.", "The strategy needs 60 staff within 2 years.", "40"),
    ("You must join the strategy within 28 days.", "You must join the strategy within 14 days.", ""),
    ("The survey for the strategy closed in August 2022.",
     "The survey for the strategy ended in September 2022.", "August 2022"),
    ("The strategy was published in autumn 2022.", "The strategy was published in May 2022.", "autumn 2022"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "value"), [row for row in DISAGREE if row[2]])
def test_two_documents_that_state_another_value_disagree(first, second, value):
    (conflict,) = conflicts(first, second)
    assert [said.quote for said in conflict.statements] == [1, 2]
    assert conflict.statements[0].value == value
    assert conflict.statements[1].value in second
    (mirrored,) = conflicts(second, first)
    assert mirrored.statements[1].value == value


AGREE = [
    ("The strategy was published on 12 October 2022.", "The strategy was published in October 2022."),
    ("The strategy was published on 12 October 2022.", "The strategy was published in 2022."),
    ("The strategy was published on 12 October 2022.", "The strategy was published on October 12, 2022."),
    ("The strategy was published on 12 October 2022.", "The strategy was published on 12 October."),
    ("The strategy was published in autumn 2022.", "The strategy was published on 12 October 2022."),
    ("The strategy covers five years.", "The strategy covers 60 months."),
    ("The strategy covers two weeks.", "The strategy covers 14 days."),
    ("The strategy costs £3 million.", "The strategy costs £3,000,000."),
    ("The strategy costs £3 million.", "The strategy costs $4 million."),
    ("The strategy names 12 hubs.", "The strategy names twelve hubs."),
    ("The strategy names 12 hubs.", "The strategy names at least 10 hubs."),
    ("The strategy names 12 hubs.", "The strategy names more than 11 hubs."),
    ("The strategy names 12 hubs.", "The strategy names between 10 and 15 hubs."),
    ("The strategy names 12 hubs.", "The strategy names up to 15 hubs."),
    ("The strategy names 12 hubs.", "The strategy names 12 or more hubs."),
    ("The strategy names about 100 hubs.", "The strategy names 104 hubs."),
    ("The strategy names over 100 hubs.", "The strategy names 120 hubs."),
    ("The strategy names fewer than 100 hubs.", "The strategy names 80 hubs."),
]
UNLIKE = [
    ("The strategy names 12 hubs.", "The strategy names 14 laboratories."),
    ("The strategy names 12 hubs in Wales.", "The strategy names 14 hubs in Scotland."),
    ("The strategy names 12 hubs.", "The strategy names 14 hubs in Scotland."),
    ("In 2021 the strategy named 12 hubs.", "In 2022 the strategy named 14 hubs."),
    ("In 2021 the strategy named 12 hubs.", "The strategy named 14 hubs."),
    ("The strategy names 12 regional hubs.", "The strategy names 14 national hubs."),
    ("The strategy names 12 hubs for children.", "The strategy names 14 hubs for adults."),
    ("The strategy costs £3 million.", "The strategy saves £4 million."),
    ("The strategy costs £3 million a year.", "The strategy costs £15 million."),
    ("The strategy was published on 12 October 2022.", "The strategy was announced to ministers on 1 May 2022."),
    ("The strategy began in 2018.", "The strategy ended in 2022."),
    ("The strategy runs from 1 April 2021 to 31 March 2022.", "The strategy runs from 1 April 2022 to 31 March 2023."),
    ("The strategy does not name 12 hubs.", "The strategy names 14 hubs."),
    ("The strategy must name 12 hubs.", "The strategy may name 14 hubs."),
    ("The strategy names 12 hubs if they are ready.", "The strategy names 14 hubs."),
    ("The strategy board met on 12 October 2022.", "The strategy board met on 14 November 2022."),
    ("The first strategy names 12 hubs.", "The second strategy names 14 hubs."),
    ("Section 3 of the strategy names hubs.", "Section 4 of the strategy names hubs."),
    ("Table 2 of the strategy lists staff.", "Table 3 of the strategy lists staff."),
    ("The strategy builds on Genome 11 and its hubs.", "The strategy builds on Genome 12 and its hubs."),
    ("The strategy names 12 hubs and 3 offices.", "The strategy names 14 hubs."),
    ("The strategy rose by 12 %.", "The strategy fell by 15 %."),
    ("It covers five years.", "It covers ten years."),
    ("The strategy names hubs.", "The strategy names 14 hubs."),
    ("Pets eat 3 apples.", "Pets eat 4 apples."),
    ("A | 12 | 3 | 4 | strategy hubs", "A | 13 | 4 | 5 | 6 | strategy hubs"),
]


@pytest.mark.parametrize(("first", "second"), AGREE + UNLIKE)
def test_what_may_both_be_true_is_no_conflict(first, second):
    assert conflicts(first, second) == ()
    assert conflicts(second, first) == ()


@pytest.mark.parametrize(
    ("titles", "headings"),
    [
        (("Fees for landlords", "Fees for tenants"), ("", "")),
        (("Attendance allowance", "Maternity allowance"), ("Eligibility", "Eligibility")),
        (("Annual report 2021", "Annual report 2022"), ("", "")),
        (("Fees", "Fees"), ("Adults", "Children")),
        (("Pets", "Gardens"), ("", "")),
    ],
)
def test_documents_about_different_things_may_say_different_things(titles, headings):
    said = "The fee is due within {} days of the notice."
    quotes = [
        quote(number, said.format(days), title=title, heading=heading)
        for number, days, title, heading in zip((1, 2), (14, 28), titles, headings, strict=True)
    ]
    assert find_conflicts("When is the fee due?", quotes) == ()


@pytest.mark.parametrize(
    "titles",
    [("Fees 2021", "Fees 2022"), ("Fees (draft)", "Fees"), ("Fees: a briefing", "Summary of fees"), ("Fees", "Fees")],
)
def test_two_versions_of_a_document_disagree(titles):
    said = "You pay the fee within {} days of the notice."
    quotes = [quote(n, said.format(14 * n), title=title) for n, title in enumerate(titles, 1)]
    (conflict,) = find_conflicts("When is the fee due?", quotes)
    assert conflict.about == "You pay the fee within … of the notice"
    assert [said.value for said in conflict.statements] == ["14 days", "28 days"]


def test_a_name_in_both_sentences_is_enough_where_the_titles_say_nothing():
    said = "Spending of the ABPI on research was £{} million."
    quotes = [quote(1, said.format(3), title="A reaction"), quote(2, said.format(4), title="Our year in money")]
    assert len(find_conflicts("What did the ABPI spend on research?", quotes)) == 1


def test_one_document_does_not_disagree_with_itself():
    first, second, _ = DISAGREE[0]
    assert find_conflicts(QUESTION, [quote(1, first, source="a"), quote(2, second, source="a")]) == ()


def test_what_was_not_asked_is_not_shown():
    first, second, _ = DISAGREE[11]
    assert conflicts(first, second, question="Who is the mayor of London?") == ()


def test_three_documents_are_one_conflict_and_two_values_are_two():
    said = "The strategy names {} hubs and {} offices."
    three = [quote(n, said.format(hubs, 3)) for n, hubs in ((1, 12), (2, 14), (3, 15))]
    (conflict,) = find_conflicts(QUESTION, three)
    assert [(one.quote, one.value) for one in conflict.statements] == [(1, "12"), (2, "14"), (3, "15")]
    two = conflicts(said.format(12, 3), said.format(14, 4))
    assert [conflict.statements[0].value for conflict in two] == ["12", "3"]
    assert two[0].about == "The strategy names … hubs and 3 offices"


@given(
    st.lists(
        st.text(max_size=60) | st.sampled_from([row[0] for row in DISAGREE] + [row[1] for row in DISAGREE]), max_size=5
    )
)
def test_a_conflict_names_quotes_that_are_there_in_their_own_words(texts):
    quotes = [quote(number, words) for number, words in enumerate(texts, 1)]
    for conflict in find_conflicts(QUESTION, quotes):
        assert len(conflict.statements) >= 2
        assert len({one.quote for one in conflict.statements}) == len(conflict.statements)
        assert all(one.value in texts[one.quote - 1] for one in conflict.statements)
        assert "…" in conflict.about
