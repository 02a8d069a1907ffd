"""Number words as digits: "two hundred" is 200, "the third" the 3rd, "a third" 33.33%.

For English; what a number measures and bounds is `generator.support.quantities`.
"""

from __future__ import annotations

import re
from decimal import Decimal

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_VALUES = {word: value for value, word in enumerate(_ONES)} | {word: 20 + 10 * i for i, word in enumerate(_TENS)}
SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_FRACTIONS = {"half": 50, "halves": 50, "quarter": 25, "quarters": 25, "fifth": 20, "fifths": 20}

_ALL_WORDS = "|".join((*_ONES, *_TENS))
_SPELLED = re.compile(
    rf"\b(?:(?:a|{_ALL_WORDS})(?=[\s-]+(?:hundred|thousand|million|billion|trillion)\b)|(?:{_ALL_WORDS}))"
    rf"(?:(?:[\s-]+and)?[\s-]+(?:{_ALL_WORDS}|hundred|thousand|million|billion|trillion))*\b",
    re.IGNORECASE,
)
_PART = re.compile(r"\b(a|an|one|two|three|four)[\s-](half|halves|quarters?|thirds?|fifths?)\b(?!\s+of\s+an?\b)", re.I)
_ORDINAL_WORD = re.compile(rf"\b(?:{'|'.join(_ORDINALS)})\b", re.IGNORECASE)


def in_digits(text: str) -> str:
    """The text with its number words, ordinals and common fractions in digits.

    >>> in_digits("Two hundred of the third group, three quarters of twenty-one.")
    '200 of the 3rd group, 75% of 21.'
    """
    text = _PART.sub(_percent, text)
    text = _SPELLED.sub(lambda match: _spelled(match.group()), text)
    return _ORDINAL_WORD.sub(lambda match: ordinal(str(_ORDINALS.index(match.group().lower()) + 1)), text)


def ordinal(number: str) -> str:
    """A whole number in digits with its English ending.

    >>> ordinal("112")
    '112th'
    """
    ending = "th" if number[-2:] in ("11", "12", "13") else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    return number + ending


def _percent(match: re.Match[str]) -> str:
    count = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4}[match[1].lower()]
    part = match[2].lower()
    if part.startswith("third"):
        return f"{round(Decimal(100 * count) / 3, 2)}%"
    return f"{_FRACTIONS[part] * count}%"


def _spelled(words: str) -> str:
    """A number in words as digits; "one" alone stays, since it is a pronoun more often than a number."""
    parts = [part for part in re.split(r"[\s-]+", words.lower()) if part != "and"]
    if parts == ["one"] or (len(parts) == 1 and parts[0] == "a"):
        return words
    total = current = 0
    for place, part in enumerate(parts):
        if part in SCALES:
            current = current * SCALES[part]
            if part != "hundred":
                total, current = total + current, 0
        elif part == "a":
            current = 1
        elif place and _VALUES[part] >= 10 and current % 100:  # "nineteen eighty", "two twenty": not one number
            return words
        else:
            current += _VALUES[part]
    return str(total + current)
