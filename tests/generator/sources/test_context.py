"""What a quote needs to be read on its own: always words of its passage, and only where it needs them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.sources.context import LONGEST_CONTEXT, context_of
from language import sentence_spans

TABLE = "When | What | Who\n2018 | The service is launched | NHS\n2021 | It opened. It closed. | UK"


def contexts(text, heading=""):
    """Each sentence of a text with its context."""
    return [(text[start:end], context_of((start, end), text, heading=heading)) for start, end in sentence_spans(text)]


def context(text, sentence, heading=""):
    start = text.index(sentence)
    return context_of((start, start + len(sentence)), text, heading=heading)


def test_a_row_has_the_first_row_of_its_table_and_that_one_needs_none():
    found = dict(contexts(f"Dates. It is a table.\n\n{TABLE}\n\nIt ends."))
    assert found["When | What | Who"] == ""
    assert found["2018 | The service is launched | NHS"] == "When | What | Who"
    assert found["2021 | It opened."] == "When | What | Who"
    assert found["It closed."] == "When | What | Who"
    assert found["It ends."] == ""


def test_a_row_that_says_the_names_of_its_columns_needs_no_header():
    table = "Year | Sold: all | Left\nYear: 2021 | Sold: all: 3\n2022 | 4\nYear: 2023 | 5"
    assert context(table, "Year: 2021 | Sold: all: 3") == ""
    assert context(table, "2022 | 4") == context(table, "Year: 2023 | 5") == "Year | Sold: all | Left"


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize("mark", ["- ", "", "• ", "(a) ", "2. "])
def test_an_item_has_the_line_that_introduces_its_list(gap, mark):
    text = f"Rules are short. The following apply:{gap}{mark}one thing;\n{mark}another thing.\n\nLater it ended."
    assert context(text, "one thing;") == "The following apply:"
    assert context(text, "another thing.") == "The following apply:"
    assert context(text, "Later it ended.") == ""


def test_marked_items_may_stand_apart_and_go_on_in_further_lines():
    text = "You need:\n\n- one thing\n  that goes on\n\n- another thing\n\n- Last thing"
    assert context(text, "- Last thing") == "You need:"


@pytest.mark.parametrize(
    "text",
    [
        "You need:\n- one thing\nThe end came.",
        "You need:\none thing\nThe end came.",
        "You need:\n\none thing\n\nThe end came.",
        "You need:\n\n- one thing\n\nA paragraph.\n\n- The end came.",
        "No list here.\n\n- The end came.",
        "A plan\nThe end came.",
    ],
)
def test_what_is_no_item_of_the_list_has_no_introduction(text):
    assert context(text, "The end came.") == ""


@pytest.mark.parametrize(
    "opening",
    [
        "It ends.", "This is so.", "They met.", "His plan failed.", "However, it ended.",
        "For example, tests are free.", "In 2012, they met.", "Some of them left.", "The latter is free.", "“It ends.”",
        "Therefore tests are free.",
        "As a result, tests are free.", "No, tests are free.", "If so, tests are free.",
    ],
)  # fmt: skip
def test_a_sentence_that_points_back_has_the_one_before(opening):
    assert context(f"Zero is a number. The plan has parts. {opening} More follows.", opening) == "The plan has parts."


@pytest.mark.parametrize(
    "opening",
    [
        "The strategy ends.", "NHS England met.", "Italy is free.", "Sole traders pay.", "Thistles grow.",
        "That-way is a name.", "When you apply, they ask.", "In 2012, the plan ended.", "Not all are free.",
        "Theresa met them.",
    ],
)  # fmt: skip
def test_a_sentence_that_stands_on_its_own_has_none(opening):
    assert context(f"The plan has parts. {opening}", opening) == ""


def test_two_sentences_are_shown_when_the_first_points_back_itself_but_no_third():
    text = "Ann founded it. She led it. She left it. It ended."
    assert context(text, "She left it.") == "Ann founded it. She led it."
    assert context(text, "It ended.") == "She led it. She left it."
    assert context("It began. It ended.", "It began.") == ""


def test_long_sentences_before_are_left_out_from_the_far_end():
    long = f"The plan has {'many ' * 70}parts."
    assert len(long) < LONGEST_CONTEXT
    assert context(f"{long} It is long. It ends.", "It ends.") == f"{long} It is long."
    assert context(f"{long} It is {'very ' * 30}long. It ends.", "It ends.").startswith("It is very")
    assert context(f"{long}{long[:-1]} x. It ends.", "It ends.") == ""


def test_headings_are_no_sentence_before_and_are_not_repeated():
    assert context("The plan\n\nIt ends.", "It ends.") == ""
    assert context("What is it?\n\nIt is a plan.", "It is a plan.") == "What is it?"
    assert context("What is it?\n\nIt is a plan.", "It is a plan.", heading="Top > What is it?") == ""
    assert context(f"{TABLE}\nIt ends.", "It ends.") == ""


def test_a_span_outside_the_passage_has_no_context():
    assert context_of((90, 99), "It ends.") == ""
    assert context_of((0, 0), "") == ""


PIECES = st.sampled_from(
    [
        "It ends. ",
        "The plan is long. ",
        "\n",
        "\n\n",
        "- item\n",
        "item;\n",
        "You need:\n",
        "a | b\n",
        "Is it? ",
        "é😀 ",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=80))
def test_context_is_verbatim_and_stands_before_the_quote(text):
    for start, end in sentence_spans(text):
        found = context_of((start, end), text)
        assert found in text[:start]
        assert found == found.strip()
