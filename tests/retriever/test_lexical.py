"""The match expression: no text whatever becomes an operator or an error in a real FTS5 table."""

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexer.full_text import match_expression
from retriever.lexical import MOST_TERMS, content_words, heading_words, question_words

DOCUMENTS = {1: "The strategy was published in October.", 2: "Cafés résumés", 3: "NEAR and NOT are operators"}


@pytest.fixture(scope="module")
def table():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE chunk_fts USING fts5 (text, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO chunk_fts (rowid, text) VALUES (?, ?)", DOCUMENTS.items())
    yield connection
    connection.close()


def found(table, question):
    expression = match_expression(question_words(question))
    if not expression:
        return []
    rows = table.execute("SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ? ORDER BY rowid", (expression,))
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("When was the strategy published?", '"strategy" OR "published"'),
        ("strategy STRATEGY Strategy", '"strategy"'),
        ('"NEAR(a b)" AND text:x* NOT ^y', '"near a b" OR "near" OR "b" OR "text" OR "x" OR "not" OR "y"'),
        ("Does 12(3)(a) of the 2019/20 plan hold?", '"12 3 a" OR "2019 20" OR "plan" OR "hold"'),
        ("COVID-19 and IL-6", '"covid 19" OR "il 6" OR "covid" OR "il"'),
        ("1,200 people or 5 of 7 cats", '"1 200" OR "people" OR "5" OR "7" OR "cats"'),
        ("a well-known e-mail", '"well" OR "known" OR "e" OR "mail"'),
        ("what is 3.2", '"3 2"'),
        ("the “duty of care”", '"duty of care" OR "duty" OR "care"'),
        ("patient's and patients’ data", '"patient\'s" OR "patients" OR "data"'),
        ("what is it", '"what" OR "is" OR "it"'),
        ("", ""),
        ("?! -- ()", ""),
        ("\x00\n\t", ""),
        ("🧬 🧬", ""),
        ("基因组战略", '"基因组战略"'),
    ],
)
def test_expressions_are_quoted_words(question, expression):
    assert match_expression(question_words(question)) == expression


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("publishing strategies", [1]),
        ("cafe", [2]),
        ("re\u0301sume\u0301s", [2]),  # letters and accents apart, as some keyboards and PDFs write them
        ("NEAR", [3]),
        ("NOT operators", [3]),
        ("volcano", []),
    ],
)
def test_words_find_their_documents(table, question, rows):
    assert found(table, question) == rows


@settings(max_examples=300)
@given(st.text() | st.text(alphabet="\"'*^():{}+-ANDORNOTEAR \x00’_²ſİß\ud800"))
@example("x" * 100_000)
@example("a b " * 25_000)
@example('"' * 100_000)
@example(" ".join(f"word{number}" for number in range(20_000)))
@example("a\x00b NUL")
def test_no_text_breaks_the_search(table, text):
    found(table, text)


@pytest.mark.parametrize(
    ("question", "rows"),
    [("3.2", [1]), ("section 3.2 of it", [1, 2, 3]), ("2.3", []), ("12(3)", [3])],
)
def test_references_and_quoted_words_match_only_in_their_order(question, rows):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE chunk_fts USING fts5 (text, tokenize='porter unicode61')")
    texts = ["Section 3.2 applies.", "Rule 2 of section 3, line 3.", "Section 12(3) and article 32."]
    connection.executemany("INSERT INTO chunk_fts VALUES (?)", [(text,) for text in texts])
    assert found(connection, question) == rows
    connection.close()


def test_headings_are_searched_by_the_same_words():
    assert match_expression(heading_words("Who pays the fee?")) == '{title heading} : ("pays" OR "fee")'
    assert not heading_words("?!")


def test_a_question_of_a_novels_length_keeps_its_first_words():
    words = [f"word{number}" for number in range(1000)]
    assert content_words(" ".join(words)) == words
    assert match_expression(question_words(" ".join(words))).count('"') == 2 * MOST_TERMS == 128
    assert match_expression(question_words(" ".join(words))).endswith('"word63"')
