"""Splits an answer with bare markers, such as ``It opened in 1994 [2].``, into sentences that cite by number.

For systems that show their citations in the text alone. The rules are few, so that they can be told in a paragraph
(docs/other-systems.md); a system that knows its sentences had better say them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.records import Statement

_NUMBERS = r"\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\]"
# The look-behinds keep a run of white space or of dots from being tried again at each of its marks.
_MARKER = re.compile(rf"(?<!\s)\s*+({_NUMBERS})")
_END = re.compile(rf"(?<![.!?…])[.!?…]++[\"'”’»)]*+(?:\s*{_NUMBERS})*+(?=\s)|[。！？]++(?:\s*{_NUMBERS})*+|\n++")
_CONTINUES = re.compile(r"\s+[a-z]")
_SHORTENED = re.compile(
    r"(?<![^\s(])(?:[A-Za-z]|mrs?|ms|dr|prof|st|e\.g|i\.e|cf|vs?|approx|fig|figs|pp|para|sec|vol)\.$",
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
    found = _pieces(answer)
    known = (number for _, numbers in found for number in numbers if 1 <= number <= available)
    cited = tuple(dict.fromkeys(known))
    places = {number: place for place, number in enumerate(cited, start=1)}
    sentences = tuple(_statement(text, numbers, places, available) for text, numbers in found)
    return MarkedAnswer(_without_markers(answer), sentences, cited)


def _pieces(answer: str) -> list[tuple[str, list[int]]]:
    """The sentences with their numbers; markers that stand alone belong to the sentence before."""
    pieces: list[tuple[str, list[int]]] = []
    start = 0
    for end in (*_ends(answer), len(answer)):
        text, numbers = _without_markers(answer[start:end]), _numbers(answer[start:end])
        start = end
        if text:
            pieces.append((text, numbers))
        elif pieces:
            pieces[-1][1].extend(numbers)
    return pieces


def _ends(answer: str) -> Iterator[int]:
    """Where sentences end."""
    start = 0
    for mark in _END.finditer(answer):
        if mark.group()[0] in "\n。！？" or not _goes_on(answer, start, mark):
            yield (start := mark.end())


def _goes_on(answer: str, start: int, mark: re.Match[str]) -> bool:
    """Whether the sentence goes on behind this punctuation, or it is the number of an item, such as ``2.``."""
    is_number = mark.start() - start <= 5 and not any(letter.isalpha() for letter in answer[start : mark.start()])
    is_short = mark.group() == "." and _SHORTENED.search(answer, max(start, mark.start() - 12), mark.end())
    return bool(is_number or is_short or _CONTINUES.match(answer, mark.end()))


def _without_markers(text: str) -> str:
    return _MARKER.sub("", text).strip()


def _numbers(piece: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", " ".join(_MARKER.findall(piece)))]


def _statement(text: str, numbers: Sequence[int], places: Mapping[int, int], available: int) -> Statement:
    numbers = list(dict.fromkeys(numbers))
    unknown = [number for number in numbers if number not in places]
    problems = tuple(f"It cites [{number}]; there are {available} passages to cite." for number in unknown)
    return Statement(text, tuple(places[number] for number in numbers if number in places), problems=problems)
