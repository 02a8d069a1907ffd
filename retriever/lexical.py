"""From a question to an FTS5 match expression: any of its words, each quoted, so that no input is ever an operator."""

from __future__ import annotations

import re

MOST_TERMS = 64
"""Terms of a query; a question of 100,000 characters must not become an expression that SQLite refuses."""

STOP_WORDS = frozenset(
    (
        "a about after all also an and any are as at be been before but by can could did do does for from had has have "
        "he her his how i if in into is it its may me more most my no not of on or our she should so some such than "
        "that the their them then there these they this those to was we were what when where which who whom whose why "
        "will with would you your"
    ).split()  # noqa: SIM905  (a paragraph of words is easier to read than a list)
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def content_words(text: str) -> list[str]:
    """The words of a text in lower case, without stop words unless there is nothing else, first occurrences only."""
    words = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(text)))
    return [word for word in words if word not in STOP_WORDS] or words


def match_expression(question: str) -> str:
    """An FTS5 expression that matches any content word of the question; empty when it has no words.

    >>> match_expression('Who said "NOT AND"?')
    '"said"'
    >>> match_expression("the")
    '"the"'
    """
    return " OR ".join(f'"{word}"' for word in content_words(question)[:MOST_TERMS])
