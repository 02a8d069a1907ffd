"""Splits an answer with bare markers, such as ``It opened in 1994 [2].``, into sentences that cite by number.

For systems that show their citations in the text alone. The rules are few, so that they can be told in a paragraph
(docs/other-systems.md); a system that knows its sentences had better say them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eval.records import Statement

_NUMBERS = r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]"
_MARKER = re.compile(rf"\s*({_NUMBERS})")
_END = re.compile(rf"[.!?…]++[\"'”’»)]*+(?:\s*{_NUMBERS})*+(?=\s)|[。！？]++(?:\s*{_NUMBERS})*+|\n++")
_CONTINUES = re.compile(r"\s+[a-z]")
_SHORTENED = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|mrs?|ms|dr|prof|st|e\.g|i\.e|cf|vs?|approx|fig|figs|pp|para|sec|vol)\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MarkedAnswer:
    """An answer without its markers, its sentences, and the numbers that they cite in the order of first mention.

    A sentence's citations are places in ``cited``, from 1.
    """

    text: str
    sentences: tuple[Statement, ...]
    cited: tuple[int, ...]


def read_markers(answer: str, available: int) -> MarkedAnswer:
    """Split an answer and map its markers.

    A sentence ends at a line break, and at ``.``, ``!``, ``?`` or ``…`` before white space, unless a small letter
    follows or the stop is of a common abbreviation or an initial. Markers behind the end belong to the sentence before.

    Args:
        answer: with markers such as ``[1]`` or ``[1, 3]``; numbers of four digits and more are years, not markers.
        available: how many passages the numbers can point to; others are no citations, and a problem of the sentence.

    >>> marked = read_markers("It opened in 1994 [2]. Dr. Lee ran it.[2][1]", 2)
    >>> marked.text, marked.cited
    ('It opened in 1994. Dr. Lee ran it.', (2, 1))
    >>> [(sentence.text, sentence.citations) for sentence in marked.sentences]
    [('It opened in 1994.', (1,)), ('Dr. Lee ran it.', (1, 2))]
    """
    found = [(_without_markers(piece), _numbers(piece)) for piece in _pieces(answer)]
    known = (number for _, numbers in found for number in numbers if 1 <= number <= available)
    cited = tuple(dict.fromkeys(known))
    places = {number: place for place, number in enumerate(cited, start=1)}
    sentences = tuple(_statement(text, numbers, places, available) for text, numbers in found)
    return MarkedAnswer(_without_markers(answer), sentences, cited)


def _pieces(answer: str) -> list[str]:
    """The sentences with their markers; markers that stand alone belong to the sentence before."""
    pieces: list[str] = []
    start = 0
    for end in [mark.end() for mark in _END.finditer(answer) if _ends(answer, start, mark)] + [len(answer)]:
        piece, start = answer[start:end].strip(), end
        if piece and not _without_markers(piece) and pieces:
            pieces[-1] += piece
        elif _without_markers(piece):
            pieces.append(piece)
    return pieces


def _ends(answer: str, start: int, mark: re.Match[str]) -> bool:
    """Whether this punctuation ends a sentence; what holds no letter yet, such as ``2.`` of a list, is none."""
    if mark.group()[0] in "\n。！？":
        return True
    before = answer[start : mark.start() + 1]
    is_short = mark.group() == "." and _SHORTENED.search(before[-12:])
    return not (_CONTINUES.match(answer, mark.end()) or is_short) and any(letter.isalpha() for letter in before)


def _without_markers(text: str) -> str:
    return _MARKER.sub("", text).strip()


def _numbers(piece: str) -> tuple[int, ...]:
    marks = " ".join(_MARKER.findall(piece))
    return tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", marks)))


def _statement(text: str, numbers: tuple[int, ...], places: dict[int, int], available: int) -> Statement:
    unknown = [number for number in numbers if number not in places]
    problems = tuple(f"It cites [{number}]; there are {available} passages to cite." for number in unknown)
    return Statement(text, tuple(places[number] for number in numbers if number in places), problems=problems)
