"""The sentences of a corpus from which cases are made: well-formed ones with their neighbours, names and numbers.

A plain split: what it cuts wrongly is left out by `is_usable`, since a case must be beyond doubt.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from schema import TextDocument

_SPLIT = re.compile(r"(?<=[a-z0-9)%\"” ][.!?])[ \t]+(?=[A-Z\"“])|\n+")
_ABBREVIATED = re.compile(r"\b(?:St|Mr|Mrs|Ms|Dr|vs|No|Fig|al|[A-Z])\.$")
_WORD = re.compile(r"[^\W_]+")
NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{2,}(?: (?:of (?:the )?)?[A-Z][a-z]{2,})*\b(?![-–])")
NUMBER = re.compile(r"(?<![\w.,/-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w/]|[.,]\d|-\w)")
MONTHS = "January February March April May June July August September October November December".split()
_CALENDAR = frozenset(MONTHS) | frozenset("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())


@dataclass(frozen=True, slots=True)
class Place:
    """One sentence of a corpus: the document's number, and the sentence's among that document's."""

    document: int
    sentence: int


class Corpus:
    """Documents cut into sentences, with what can be taken from elsewhere in them.

    Args:
        documents: at least two.
    """

    def __init__(self, documents: Sequence[TextDocument]) -> None:
        self.titles = [document.title for document in documents]
        self.sentences = [split(document.text) for document in documents]
        self.places = [
            Place(document, number)
            for document, sentences in enumerate(self.sentences)
            for number, text in enumerate(sentences)
            if is_usable(text)
        ]

    def text(self, place: Place) -> str:
        """The words of a sentence."""
        return self.sentences[place.document][place.sentence]

    @cached_property
    def names(self) -> dict[tuple[int, str], list[str]]:
        """Names by their number of words and the word in front of them, which tells places from people a little."""
        found: dict[tuple[int, str], set[str]] = defaultdict(set)
        for place in self.places:
            text = self.text(place)
            for match in NAME.finditer(text):
                if match.group() not in _CALENDAR:
                    found[name_form(text, match)].add(match.group())
        return {form: sorted(names) for form, names in found.items()}

    @cached_property
    def numbers(self) -> list[str]:
        """Numbers of the corpus as written, years left out, each once."""
        found = {match.group() for place in self.places for match in NUMBER.finditer(self.text(place))}
        return sorted(number for number in found if not is_year(number))

    @cached_property
    def _weights(self) -> tuple[list[set[str]], dict[str, float], dict[str, list[int]]]:
        """The words of each document, the rarity of each word, and the documents of each."""
        sets = [words_of(f"{title} {' '.join(held)}") for title, held in zip(self.titles, self.sentences, strict=True)]
        counts = Counter(word for one in sets for word in one)
        holders: dict[str, list[int]] = defaultdict(list)
        for number, one in enumerate(sets):
            for word in one:
                holders[word].append(number)
        return sets, {word: math.log(1 + len(sets) / count) for word, count in counts.items()}, holders

    def most_similar(self, sentence: str, home: Place) -> Place | None:
        """Where the nearest sentence stands in the other document that shares most of a sentence's words.

        Rare words count more; a document that holds four fifths of the words may say the same and is passed over.
        """
        sets, rarity, holders = self._weights
        wanted = {word for word in words_of(sentence) if word in rarity}
        scores: dict[int, float] = defaultdict(float)
        for word in sorted(wanted):
            if len(holders[word]) <= max(20, len(sets) // 4):
                for number in holders[word]:
                    scores[number] += rarity[word]
        for document in sorted(scores, key=lambda number: (-scores[number], number)):
            places = self._by_document[document]
            if places and document != home.document and len(wanted & sets[document]) < 0.8 * len(wanted):
                return max(places, key=lambda one: len(wanted & words_of(self.text(one))))
        return None

    @cached_property
    def _by_document(self) -> dict[int, list[Place]]:
        found: dict[int, list[Place]] = defaultdict(list)
        for place in self.places:
            found[place.document].append(place)
        return found


def split(text: str) -> list[str]:
    """A text's sentences; a stop behind a title or an initial ends none.

    >>> split("Dr. Lee met J. Smith. It rained.")
    ['Dr. Lee met J. Smith.', 'It rained.']
    """
    found: list[str] = []
    for piece in _SPLIT.split(text):
        if found and _ABBREVIATED.search(found[-1][-5:]):
            found[-1] += " " + piece.strip()
        elif piece.strip():
            found.append(piece.strip())
    return found


def is_usable(text: str) -> bool:
    """Whether it is a whole statement of a length that an answer may have."""
    count = len(text.split())
    balanced = text.count("(") == text.count(")") and text.count('"') % 2 == 0
    return 7 <= count <= 45 and text[0].isupper() and text[-1] == "." and balanced and not text.isupper()


def is_year(number: str) -> bool:
    """Whether digits are most likely a year."""
    return len(number) == 4 and number.isdigit() and 1000 <= int(number) <= 2099


def name_form(text: str, match: re.Match[str]) -> tuple[int, str]:
    """What another name must have in common to take this one's place."""
    before = text[: match.start()].rsplit(maxsplit=1)[-1].lower()
    return len(match.group().split()), before if before in {"in", "of", "by", "at", "from", "to"} else ""


def words_of(text: str) -> set[str]:
    """Words of more than two letters, and numbers, in lower case."""
    return {word.lower() for word in _WORD.findall(text) if len(word) > 2 or word.isdigit()}
