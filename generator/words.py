"""What sentences are compared by: content stems, numbers, names and negations.

Small on purpose: plain rules whose result can be worked out by hand. Numbers written as words count as numbers, so that
"four areas" and "4 areas" agree, and "the second area" does not agree with "the first".
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
} | dict(
    zip(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th 11th 12th".split(),
        strict=True,
    )
)
NEGATIONS = frozenset("no not never neither nor none nobody nothing nowhere without cannot".split())

_WORD = re.compile(r"\d+(?:st|nd|rd|th)\b|\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
_MONTH = "(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DAY = re.compile(
    rf"\b(\d\d?)(?:st|nd|rd|th)(?=\s+(?:of\s+)?{_MONTH}\b)|\b({_MONTH}\s+\d\d?)(?:st|nd|rd|th)\b", re.IGNORECASE
)
_SUFFIX = re.compile(r"(?:'s|’s|ingly|edly|ing|ed|es|ly|s)$")
_NAME = re.compile(r"\b[A-Z][\w&-]*[a-zA-Z]\b")


def words(text: str) -> list[str]:
    """The words and numbers of a text in lower case, numbers without thousands separators.

    >>> words("It's 1,250 people, or four-fifths.")
    ["it's", '1250', 'people', 'or', '4', 'fifths']
    """
    plain_days = _DAY.sub(r"\1\2", text)  # "12th October" is the same day as "12 October"
    return [_normalise(match.group()) for match in _WORD.finditer(plain_days)]


def stems(text: str) -> set[str]:
    """The content of a text as a set: stems of its words without stop words, and its numbers."""
    return {stem(word) for word in words(text) if word not in STOP_WORDS and word not in FRAMING}


def stem(word: str) -> str:
    """A word without its most common English endings; short words and numbers stay as they are."""
    shorter = _SUFFIX.sub("", word)
    return shorter.removesuffix("e") if len(shorter) >= 4 else word


def numbers(text: str) -> set[str]:
    """The numbers of a text, those in words from two to twelve and ordinals such as ``2nd`` included."""
    return {word for word in words(text) if word[0].isdigit()}


def names(text: str) -> set[str]:
    """Capitalised words and acronyms in lower case, without the first word of the text unless it is an acronym.

    A text in capitals throughout has none, since nothing sets its names apart.
    """
    if text.isupper():
        return set()
    found = set()
    for match in _NAME.finditer(text):
        name = match.group()
        if match.start() > 0 or (len(name) > 1 and name.isupper()):
            found.add(name.lower())
    return {name for name in found if name not in STOP_WORDS or name == "may"}  # with a capital, May is a month


def is_negated(text: str) -> bool:
    """Whether a text holds a word of negation."""
    return any(word in NEGATIONS or word.replace("’", "'").endswith("n't") for word in words(text))


def _normalise(word: str) -> str:
    lowered = word.lower()
    if lowered[0].isdigit():
        return re.sub(r",(?=\d{3})", "", lowered)
    return NUMBER_WORDS.get(lowered, lowered)
