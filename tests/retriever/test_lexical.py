"""The match expression: no text whatever becomes an operator or an error in a real FTS5 table."""

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retriever.lexical import MOST_TERMS, content_words, match_expression

DOCUMENTS = {1: "The strategy was published in October.", 2: "Cafés résumés", 3: "NEAR and NOT are operators"}


@pytest.fixture(scope="module")
def table():
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE chunk_fts USING fts5 (text, tokenize='porter unicode61')")
    connection.executemany("INSERT INTO chunk_fts (rowid, text) VALUES (?, ?)", DOCUMENTS.items())
    yield connection
    connection.close()


def found(table, question):
    expression = match_expression(question)
    if not expression:
        return []
    rows = table.execute("SELECT rowid FROM chunk_fts WHERE chunk_fts MATCH ? ORDER BY rowid", (expression,))
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("question", "expression"),
    [
        ("When was the strategy published?", '"strategy" OR "published"'),
        ("strategy STRATEGY Strategy", '"strategy"'),
        ('"NEAR(a b)" AND text:x* NOT ^y', '"near" OR "b" OR "text" OR "x" OR "not" OR "y"'),
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
    assert match_expression(question) == expression


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


def test_a_question_of_a_novels_length_keeps_its_first_words():
    words = [f"word{number}" for number in range(1000)]
    assert content_words(" ".join(words)) == words
    assert match_expression(" ".join(words)).count('"') == 2 * MOST_TERMS == 128
    assert match_expression(" ".join(words)).endswith('"word63"')
