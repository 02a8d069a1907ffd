"""Whether the text of a page of a PDF is what a reader of the page sees; pure functions over strings.

A check that fails names its reason in a few words. What to do about it is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FEWEST = 20  # visible characters that can be judged
_MOST_GARBAGE = 0.1  # share of the visible characters
_MOST_UNMAPPED = 0.3
_GARBAGE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x7f-\x9f\U000f0000-\U0010ffff]")
_BULLETS = re.compile("[\uf0b7\uf0a7\uf0d8\uf0fc\uf02d\uf0a8\uf0e0]")
_CHARACTER_NUMBER = re.compile(r"\(cid:\d+\)|/(?:g|G|uni|cid)\d{1,5}\b")
_LATIN = re.compile(r"[A-Za-z]")
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_FEWEST_LETTERS = 100
_FEWEST_VOWELS = 0.12  # of the letters; 0.35 to 0.5 in languages with Latin letters, 0.25 in lists of abbreviations
_LONGEST_WORDS = 30  # letters in a word on average, without spaces between words
_FEWEST_PIECES = 40
_SHORT = 4  # characters
_MOST_SHORT = 0.7  # share of a page's lines


def problem_of(lines: Sequence[str], unmapped: float = 0.0) -> str:
    """What is wrong with the text of a page, in a few words; empty when nothing shows.

    Args:
        lines: of the page, as read.
        unmapped: share of its characters of which the font does not tell what they are, 0 to 1.

    >>> problem_of(["(cid:12)(cid:7)(cid:31)(cid:2)"])
    'its characters have lost their meaning'
    """
    text = " ".join(lines)
    visible = len(text) - sum(map(text.count, " \n\t\u00a0"))
    if visible < _FEWEST:
        return ""
    garbage = len(_GARBAGE.findall(text)) - len(_BULLETS.findall(text))
    numbered = sum(map(len, _CHARACTER_NUMBER.findall(text)))
    if garbage + numbered > _MOST_GARBAGE * visible:
        return "its characters have lost their meaning"
    if unmapped > _MOST_UNMAPPED:
        return "its font does not say which characters these are"
    return _problem_of_letters(text) or _problem_of_lines(lines)


def _problem_of_letters(text: str) -> str:
    letters = _LATIN.findall(text)
    if len(letters) < max(_FEWEST_LETTERS, len(text) / 3):
        return ""
    if len(_VOWEL.findall(text)) < _FEWEST_VOWELS * len(letters):
        return "its letters make no words"
    words = [word for word in text.split() if _LATIN.search(word) and "/" not in word]
    if sum(map(len, words)) > _LONGEST_WORDS * max(len(words), 1):
        return "there are no spaces between its words"
    return ""


def _problem_of_lines(lines: Sequence[str]) -> str:
    short = sum(len(line.strip()) <= _SHORT for line in lines)
    return "a table in pieces" if short >= max(_FEWEST_PIECES, _MOST_SHORT * len(lines)) else ""
