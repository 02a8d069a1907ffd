"""From a question to an FTS5 match expression: any of its words, each quoted, so that no input is ever an operator."""

from __future__ import annotations

import re
import unicodedata

from language import STOP_WORDS

MOST_TERMS = 64
"""Terms of a query; a question of 100,000 characters must not become an expression that SQLite refuses."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def content_words(text: str) -> list[str]:
    """The words of a text in lower case, without stop words unless there is nothing else, first occurrences only."""
    composed = unicodedata.normalize("NFC", text)  # an accent that is a character of its own would split its word
    words = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(composed)))
    return [word for word in words if word not in STOP_WORDS] or words


def match_expression(question: str) -> str:
    """An FTS5 expression that matches any content word of the question; empty when it has no words.

    >>> match_expression('Who said "NOT AND"?')
    '"said" OR "not"'
    >>> match_expression("the")
    '"the"'
    """
    return " OR ".join(f'"{word}"' for word in content_words(question)[:MOST_TERMS])
