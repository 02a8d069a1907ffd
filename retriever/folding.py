"""Near-duplicates folded: the same clause in two versions of a document is shown once, with both sources.

Over the found passages only. A passage goes into the ``also`` of a better one that holds it word for word, or that has
the same words of content and nearly all of its runs of three words: containment, not resemblance (Broder, "On the
resemblance and containment of documents", 1997), so that what a passage adds is not hidden. Clauses that differ in a
name, a number, a date, a negation or another word that turns a clause around say different things to a reader of law,
and stay apart however alike they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from language import STOP_WORDS
from schema import Passage

SHINGLE = 3
"""Words in a run."""
CONTAINED = 0.8
"""Share of a passage's runs that the better one must hold (docs/decisions/014-chunks-and-expansion.md)."""

WORDS_SHARED = 0.5
"""Share of a passage's different words, cut at white space, below which no pair is looked at more closely."""

TURNING = frozenset(
    (
        "not no never none nor neither nothing nobody non without cannot except unless only "
        "must shall should may might can could will would need "
        "and or either both all any each every some if when before after until since from "
        "least most more less fewer than maximum minimum above below over under up down "
        "include includes including exclude excludes excluding "
        "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty "
        "ninety hundred thousand million billion half third quarter first second fourth fifth once twice "
        "january february march april june july august september october november december "
        "monday tuesday wednesday thursday friday saturday sunday"
    ).split()
)
"""Words that make another clause of the same nouns: negations, duties, conditions, amounts and dates."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|(?:(?<!\w)[-−])?[$€£¥]?\d+(?:[.,:/]\d+)*(?:\s?%)?")
_IN_NUMBERS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d)\s(?=%)")

Run = tuple[str, ...]


class _Reading:
    """A text as it is compared; each part is worked out when it is first needed."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def words(self) -> list[str]:
        """Its words in lower case and its numbers without the commas of thousands, in order."""
        return _WORD.findall(_IN_NUMBERS.sub("", self._text.lower().replace("’", "'")))

    @cached_property
    def runs(self) -> list[Run]:
        """Its runs of words in order; the whole when it is shorter than one."""
        runs = list(zip(*(self.words[start:] for start in range(SHINGLE)), strict=False))
        return runs or [tuple(self.words)]

    @cached_property
    def shingles(self) -> frozenset[Run]:
        """Its different runs."""
        return frozenset(self.runs)

    @cached_property
    def content(self) -> frozenset[str]:
        """Its different words that carry content."""
        return frozenset(self.words) - STOP_WORDS

    @cached_property
    def turning(self) -> list[str]:
        """The words that turn it, in order."""
        return [word for word in self.words if _turns(word)]

    @cached_property
    def spelled(self) -> str:
        """Its words between spaces."""
        return f" {' '.join(self.words)} "


def fold_duplicates(passages: Sequence[Passage]) -> list[Passage]:
    """Move each passage that a better one nearly holds into that one's ``also``.

    Args:
        passages: a ranking, best first; at most about 100, since each is compared with all that stay.

    Returns:
        The ones that stay, in their order, with ranks from 1. Those in ``also`` keep the rank at which they were found.
    """
    readings = [_Reading(passage.chunk.text) for passage in passages]
    alike = _shared_words([passage.chunk.text for passage in passages]) >= WORDS_SHARED
    folded: dict[int, list[Passage]] = {}
    for place, passage in enumerate(passages):
        holders = (better for better in folded if alike[place, better] and _holds(readings[better], readings[place]))
        if (better := next(holders, None)) is None:
            folded[place] = []
        else:
            folded[better] += [replace(passage, also=()), *passage.also]
    return [
        replace(passages[place], rank=rank, also=(*passages[place].also, *others))
        for rank, (place, others) in enumerate(folded.items(), start=1)
    ]


def _shared_words(texts: Sequence[str]) -> np.ndarray:
    """(n, n) float32: the share of the different words of each text (row) that each of the others (column) has."""
    numbers: dict[str, int] = {}
    words = [[numbers.setdefault(word, len(numbers)) for word in set(text.lower().split())] for text in texts]
    has = np.zeros((len(texts), len(numbers)), np.float32)
    for row, places in zip(has, words, strict=True):
        row[places] = 1
    shared: np.ndarray = (has @ has.T) / np.maximum(has.sum(axis=1, keepdims=True), 1)
    return shared


def _holds(better: _Reading, other: _Reading) -> bool:
    """Whether the better passage says what the other says: word for word, or nearly and with the same turns."""
    if not other.words:
        return False
    if other.spelled in better.spelled:
        return True
    if other.turning != better.turning:
        return False
    if better.spelled in other.spelled:  # a page's head before it, say
        return len(better.words) >= CONTAINED * len(other.words)
    shared = len(better.shingles & other.shingles)
    return better.content == other.content and shared >= CONTAINED * len(other.shingles) and _turns_alike(better, other)


def _turns_alike(better: _Reading, other: _Reading) -> bool:
    """Whether each turning word stands in a run that both have."""
    for place, word in enumerate(other.words):
        around = other.runs[max(place - SHINGLE + 1, 0) : place + 1]
        if _turns(word) and better.shingles.isdisjoint(around):
            return False
    return True


def _turns(word: str) -> bool:
    """Whether it is of the list, a number, a contracted negation, or a letter, as sub-paragraphs have."""
    if word.isalpha():
        return word in TURNING or (len(word) == 1 and word not in "ai")
    return not word.endswith("'s")
