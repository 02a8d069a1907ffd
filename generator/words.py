"""What sentences are compared by: content stems, numbers, names and negations.

Small on purpose: plain rules whose result can be worked out by hand. Numbers written as words count as numbers, so that
"four areas" and "4 areas" agree.
"""

from __future__ import annotations

import re

from language import STOP_WORDS

FRAMING = frozenset("according excerpt excerpts document documents text states stated said says say".split())
"""Words with which an answer introduces its content; they are not content."""

NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split(),
    )
    if number != 1  # "one" is a pronoun more often than a number
}
NEGATIONS = frozenset(
    "no not never neither nor none without cannot can't won't isn't aren't wasn't doesn't didn't".split()
)

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
_SUFFIX = re.compile(r"(?:'s|’s|ingly|edly|ing|ed|es|ly|s)$")
_NAME = re.compile(r"\b[A-Z][\w&-]*[a-zA-Z]\b")


def words(text: str) -> list[str]:
    """The words and numbers of a text in lower case, numbers without thousands separators.

    >>> words("It's 1,250 people, or four-fifths.")
    ["it's", '1250', 'people', 'or', '4', 'fifths']
    """
    return [_normalise(match.group()) for match in _WORD.finditer(text)]


def stems(text: str) -> set[str]:
    """The content of a text as a set: stems of its words without stop words, and its numbers."""
    return {stem(word) for word in words(text) if word not in STOP_WORDS and word not in FRAMING}


def stem(word: str) -> str:
    """A word without its most common English endings; short words and numbers stay as they are."""
    shorter = _SUFFIX.sub("", word)
    return shorter.removesuffix("e") if len(shorter) >= 4 else word


def numbers(text: str) -> set[str]:
    """The numbers of a text, those in words from two to twelve included."""
    return {word for word in words(text) if word[0].isdigit()}


def names(text: str) -> set[str]:
    """Capitalised words and acronyms in lower case, without the first word of the text unless it is an acronym."""
    found = set()
    for match in _NAME.finditer(text):
        name = match.group()
        if match.start() > 0 or (len(name) > 1 and name.isupper()):
            found.add(name.lower())
    return {name for name in found if name not in STOP_WORDS}


def is_negated(text: str) -> bool:
    """Whether a text holds a word of negation."""
    return any(word.replace("’", "'") in NEGATIONS for word in words(text))


def _normalise(word: str) -> str:
    lowered = word.lower()
    if lowered[0].isdigit():
        return re.sub(r",(?=\d{3})", "", lowered)
    return NUMBER_WORDS.get(lowered, lowered)
