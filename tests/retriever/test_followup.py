"""What is searched for when a question leans on those before it: exact rewrites, and what has to be left alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retriever.followup import (
    ANSWER_READ,
    LONGEST_READ,
    TURNS_READ,
    Standalone,
    _answer_of,
    leans_back,
    make_standalone,
)
from retriever.followup import standalone_question as standalone
from retriever.phrases import phrases_of
from schema import Turn

PUBLISHED = Turn(
    "When was the strategy published in England?",
    "NHS England published its first Genomics Strategy on 12 October 2022.",
)
REPRESENTS = Turn("What does the ABPI represent?", "The ABPI represents companies.")
CHIEF = Turn("Who is the Chief Executive of the ABPI?", "Richard Torbett.")
PLAN = Turn("Which government plan does the strategy build on?", "Genome UK: 2021 to 2022 implementation plan.")
AREAS = Turn("Which four priority areas does the strategy name?", "Service, testing, data, and research.")
FIRST_AREA = Turn("What is the first priority area?", "Embedding genomics across the NHS.")
BUDGET = Turn("What is the budget of the Genomics Strategy?", "The documents do not say.")
LASTS = Turn("How long is the strategy meant to last?", "The strategy looks five years ahead.")
SURVEY = Turn("When did the prioritisation survey run?", "From August to September 2022.")
ROLE = Turn("What was William Johnson's role in the army?", "He was Superintendent for Indian Affairs.")
NEXT_STEP = Turn(
    "Who called the strategy the next big step?",
    "Amanda Pritchard, the NHS Chief Executive, called it the next big step in healthcare in the NHS.",
)

REWRITES = [
    # a place, a date, a name or a thing in the place of its like
    (PUBLISHED, "and in Wales?", "When was the strategy published in Wales?"),
    (PUBLISHED, "And Wales", "When was the strategy published in Wales?"),
    (PUBLISHED, "What about Wales?", "When was the strategy published in Wales?"),
    (PUBLISHED, "And 2019?", "When was the strategy published in England in 2019?"),
    (LASTS, "And in Scotland?", "How long is the strategy meant to last in Scotland?"),
    (CHIEF, "What about the NHS?", "Who is the Chief Executive of the NHS?"),
    (CHIEF, "And of Genomics England?", "Who is the Chief Executive of Genomics England?"),
    (REPRESENTS, "and Genomics England?", "What does Genomics England represent?"),
    (SURVEY, "and the workshops?", "When did the workshops run?"),
    (PUBLISHED, "and the 2019 version?", "When was the 2019 version of the strategy published in England?"),
    (PUBLISHED, "What about the draft version?", "When was the draft version of the strategy published in England?"),
    (Turn("What does prevention mean?", "Acting in time."), "and diagnosis?", "What does diagnosis mean?"),
    (
        Turn("Which area is the heart of the strategy according to the briefing?", "The second."),
        "And according to Marginalia?",
        "Which area is the heart of the strategy according to Marginalia?",
    ),
    # another question word
    (PUBLISHED, "why?", "Why was the strategy published in England?"),
    (PUBLISHED, "Where?", "Where was the strategy published?"),
    (PUBLISHED, "By whom?", "By whom was the strategy published in England?"),
    (SURVEY, "Why then?", "Why did the prioritisation survey run?"),
    (SURVEY, "Why is that?", "Why did the prioritisation survey run?"),
    # who said that
    (LASTS, "Who said that?", "Who said that the strategy looks five years ahead?"),
    # it, its, that
    (PUBLISHED, "who welcomed it?", "Who welcomed the strategy?"),
    (PUBLISHED, "What's its title?", "What is the strategy's title?"),
    (PUBLISHED, "And its aim?", "What about the strategy's aim?"),
    (
        PUBLISHED,
        "Is there a plan of the government behind it?",
        "Is there a plan of the government behind the strategy?",
    ),
    (PUBLISHED, "Does that strategy cover Wales?", "Does the strategy cover Wales?"),
    (CHIEF, "What did it announce?", "What did the ABPI announce?"),
    (PLAN, "When was it published?", "When was Genome UK: 2021 to 2022 implementation plan published?"),
    (PLAN, "Who wrote that plan?", "Who wrote Genome UK: 2021 to 2022 implementation plan?"),
    (BUDGET, "How much is that?", "How much is the budget of the Genomics Strategy?"),
    (BUDGET, "And who decided on it?", "Who decided on the budget of the Genomics Strategy?"),
    (Turn("What is the vision of the strategy?", ""), "Who shares its aim?", "Who shares the strategy's aim?"),
    (Turn("Who announced a report?", "The ABPI."), "When is it due?", "When is the report due?"),
    # he, she, they, there
    (CHIEF, "When was he appointed?", "When was Richard Torbett appointed?"),
    (NEXT_STEP, "What else did she say?", "What else did Amanda Pritchard say?"),
    (NEXT_STEP, "Is she still in office?", "Is Amanda Pritchard still in office?"),
    (REPRESENTS, "What did they welcome?", "What did the ABPI welcome?"),
    (AREAS, "Which of them is about data?", "Which of the four priority areas is about data?"),
    (PUBLISHED, "what happened there in 2021?", "What happened in England in 2021?"),
    (
        Turn("What is to come?", "Shared data standards and a plan."),
        "Can they be bought?",
        "Can shared data standards and a plan be bought?",
    ),
    # who has what was asked about comes before what answers that
    (ROLE, "What was his Iroquois name?", "What was William Johnson's Iroquois name?"),
    (Turn("What ruined Ann’s plans to reach Acre?", "A storm."), "Who was her father?", "Who was Ann's father?"),
    # what the question names itself is not what its pronoun means
    (
        Turn("What did Robin do in the Foreign Office?", "He was its head."),
        "Did he like the Foreign Office?",
        "Did Robin like the Foreign Office?",
    ),
    (
        Turn("Which songs did Ann Bell release?", "Two songs."),
        "What other songs did they release?",
        "What other songs did Ann Bell release?",
    ),
    (
        Turn("When did the committee publish the album?", "In 2020."),
        "Was the album part of it?",
        "Was the album part of the committee?",
    ),
    # two pronouns for the same
    (CHIEF, "What did he do in his first year?", "What did Richard Torbett do in his first year?"),
    (CHIEF, "How old was he when he was appointed?", "How old was Richard Torbett when he was appointed?"),
    # words that name nothing: how far, and when
    (Turn("How long is one term of the mayor?", "Three years."), "What is its aim?", "What is the mayor's aim?"),
    (Turn("Where is the report today?", "Nobody knows."), "Who hid it?", "Who hid the report?"),
    (
        Turn("On what day does the General Question Time take place?", "Thursday."),
        "Who attends it?",
        "Who attends the General Question Time?",
    ),
    # one of several
    (AREAS, "What is the second one?", "What is the second priority area?"),
    (AREAS, "What is the third?", "What is the third priority area?"),
    (AREAS, "Which one matters most?", "Which priority area matters most?"),
    (AREAS, "Who chose these areas?", "Who chose the four priority areas?"),
    (FIRST_AREA, "and the second?", "What is the second priority area?"),
    (FIRST_AREA, "and the fourth priority area?", "What is the fourth priority area?"),
    # nothing but a word that opens
    (PUBLISHED, "Thanks, and when was the survey held?", "When was the survey held?"),
]


@pytest.mark.parametrize(("turn", "question", "expected"), REWRITES)
def test_a_follow_up_becomes_a_question_of_its_own(turn, question, expected):
    found = make_standalone(question, [turn])
    assert (found.text, found.rewritten) == (expected, True)
    assert standalone(question, [turn]) == found.searched


ALONE = [
    "When was the first Genomics Strategy published?",
    "What is horizon scanning?",
    "What does GMS stand for?",
    "How many years does the strategy cover?",
    "Which priority area covers equitable genomic testing?",
    "Who is Chief Executive of the ABPI?",
    "Is it true that tests are free for patients?",
    "How long does it take to enter the national directory?",
    "Are there any targets for clinical trials?",
    "What did the ABPI say when it reacted?",
    "Which report did the ABPI announce in its reaction?",
    "Did the authors of the memo say that testing works?",
    "Which document that the ABPI published names clinical trials?",
    "Which one action would the authors of the memo begin with?",
    "Back to the strategy: how many years does it cover?",
    "Android phones: which genomics apps are supported?",  # "and" only counts as a whole word
    "Which italics mark the theatre listings?",  # nor do "it" and "the" count inside words
    "What happened to the NHS in the year that followed?",
]


@pytest.mark.parametrize("question", ALONE)
@pytest.mark.parametrize("turn", [PUBLISHED, CHIEF, AREAS])
def test_a_question_with_a_subject_of_its_own_is_left_alone(question, turn):
    assert not leans_back(question)
    assert make_standalone(question, [turn]) == Standalone(question)


UNSURE = [
    (PUBLISHED, "tell me more"),
    (PUBLISHED, "What are the risks?"),
    (PUBLISHED, "and before that?"),
    (PUBLISHED, "What happened in 1983?"),
    (PUBLISHED, "When exactly did he say so?"),
    (CHIEF, "And before him?"),
    (CHIEF, "Why?"),  # "why is the Chief Executive of the ABPI?" says nothing
    (REPRESENTS, "Why?"),  # nor does "why does the ABPI represent?"
    (NEXT_STEP, "When did she say that?"),
    (LASTS, "Is that long enough?"),
    (Turn("Where is the office?", "In Leeds."), "Why?"),  # nor "why is the office?"
    (BUDGET, "Who said that?"),  # a refusal says nothing
    (Turn("Is it only for hospitals?", "No."), "Why?"),
    (Turn("Did the mayor meet the minister?", ""), "What was his role in it?"),
    (CHIEF, "How does he criticise him?"),  # two people, and one is named
    (CHIEF, "What happened after he praised her?"),
    (CHIEF, "Did he like her book?"),
    (CHIEF, "Was he angry because the paper praised her?"),
]


@pytest.mark.parametrize(("turn", "question"), UNSURE)
def test_where_the_rules_are_not_sure_both_questions_are_searched_for(turn, question):
    assert make_standalone(question, [turn]) == Standalone(f"{turn.question} {question}", False, (0,))


def test_the_turns_that_a_question_needs_are_named():
    turns = [PUBLISHED, Turn("and in Wales?", "In 2023."), Turn("Who is the minister?", "Ann Bell.")]
    assert make_standalone("and in Scotland?", turns[:2]) == Standalone(
        "When was the strategy published in Scotland?", True, (0, 1)
    )
    assert make_standalone("How long does it last?", turns) == Standalone(
        "How long does the strategy last?", True, (0, 1), "When was the strategy published in Wales?"
    )
    assert make_standalone("Is she elected?", turns) == Standalone(
        "Is Ann Bell elected?", True, (2,), "Who is the minister?"
    )
    assert make_standalone("And when was the survey held?", turns) == Standalone("When was the survey held?", True, ())


def test_a_day_of_the_week_is_a_date():
    assert [phrase.kind for phrase in phrases_of("The vote is on Thursday.")] == ["thing", "date"]


def test_turns_that_are_too_old_are_not_read():
    later = [Turn(f"Who is Ann Bell{letter}?", "") for letter in "abcdefghij"]
    assert make_standalone("How long does it last?", [PUBLISHED, *later[: TURNS_READ - 1]]).rewritten
    assert not make_standalone("How long does it last?", [PUBLISHED, *later[:TURNS_READ]]).rewritten


def test_an_answer_that_could_do_harm_on_the_page_is_not_quoted():
    for answer in (
        "The plan is at [here](https://example.org/x) now.",
        "The plan is <img src=x> good news.",
        "The plan is at https://example.org now.",
        "The plan is long " + "and long " * 100,
    ):
        assert not make_standalone("Who said that?", [Turn("What is the plan?", answer)]).rewritten


def test_markers_of_footnotes_are_no_part_of_what_was_said():
    turn = Turn("How long?", "The strategy looks five years ahead.[1][2] More follows.")
    assert make_standalone("Who said that?", [turn]).text == "Who said that the strategy looks five years ahead?"


def test_a_whole_question_is_searched_for_after_the_one_that_it_carries_on_from():
    turns = [PUBLISHED, Turn("and in Wales?", "In 2023.")]
    assert standalone("Who welcomed it?", turns) == (
        "When was the strategy published in Wales? Who welcomed the strategy?"
    )
    for whole in ("and in Scotland?", "Why is that?", "And when was the survey held?", "What is horizon scanning?"):
        assert standalone(whole, turns) == make_standalone(whole, turns).text


WORDS = st.sampled_from(
    "and what about why the it that he they its one second Wales 2019 NHS in of strategy was published who said ? . , "
    '" “ [1] <b> \ud83d'.split()
)
TEXTS = st.text(max_size=60) | st.lists(WORDS, max_size=14).map(" ".join)
HISTORIES = st.lists(st.builds(Turn, TEXTS, TEXTS), max_size=8)


@given(TEXTS, HISTORIES)
@settings(deadline=None)
def test_no_conversation_raises_and_what_is_searched_for_is_bounded(question, history):
    found = make_standalone(question, history)
    assert len(found.text) <= 3 * LONGEST_READ + len(question)
    assert all(0 <= number < len(history) for number in found.used)
    assert list(found.used) == sorted(set(found.used))
    assert found.rewritten or found.used or found.text == question
    assert make_standalone(question, history) == found


@given(TEXTS)
@settings(deadline=None)
def test_the_first_question_of_a_conversation_leans_on_nothing(question):
    assert make_standalone(question, ()) == Standalone(question)


@pytest.mark.parametrize("piece", ["a", "the of ", "and it ", '"', "that's ", "[1", "What about ", "A.", "\u00b9"])
def test_a_flood_in_the_history_adds_no_more_than_is_read(piece):
    flood = Turn(piece * 100_000, piece * 100_000)
    assert len(standalone("and it?", [flood] * 50)) <= 2 * LONGEST_READ
    assert len(standalone("Who said that?", [flood] * 50)) <= 2 * max(LONGEST_READ, ANSWER_READ)


def test_half_a_name_at_the_end_of_what_is_read_is_no_name():
    answer = "x " * ((ANSWER_READ - 10) // 2) + "Amanda Pritchard"
    assert answer[ANSWER_READ - 1 : ANSWER_READ + 1] in "Amanda Pritchard"
    exchange = _answer_of(Turn("Who called it so?", answer))
    assert exchange.endswith("x Amanda")
    assert _answer_of(Turn("Who?", "Ann Bell.")) == "Ann Bell."


def test_a_question_that_tells_its_own_story_is_left_alone():
    story = "My brother is in prison and his children live with us. " * 6
    assert standalone(story + "How long will it take?", [PUBLISHED]) == story + "How long will it take?"
