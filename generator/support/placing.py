"""Names and numbers in each other's place: "Will tells Merriman" is not "Merriman tells Will".

Every word of such a sentence stands in the evidence, so that only its place tells. A place is what stands directly in
front of a name or number and directly behind it, little words included: "London was taken by York" and "York took
London" have no place in common, and nothing is said of what is told in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from generator.support.naming import Name, find_names
from generator.words import FRAMING, NUMBER_WORDS, stem
from language import STOP_WORDS

REACH = 2
"""Words on each side that make a place."""
MARGIN = 2
"""Words by which two names have to fit each other's places better than their own."""
LONGEST = 5
"""Words of a name."""

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|['’]s\b|[^\W\d_]+")
_LETTERS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_LINKS = frozenset("of de la du von van al bin for".split())
_LISTED = frozenset(("and", "or", ","))
_EDGE = "|"


@dataclass(frozen=True, slots=True)
class Unit:
    """A name, part of a name, or number: its words in lower case, the words around it, and where it stands."""

    words: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    start: int
    end: int

    @property
    def is_number(self) -> bool:
        """Whether it is one number in digits."""
        return self.words[0][0].isdigit()


def place_faults(claim: str, sentences: Sequence[str]) -> list[str]:
    """What of a claim stands in another's place, as sentences.

    Args:
        claim: one sentence.
        sentences: of the evidence, those that match it.
    """
    mine, there = units(claim), [unit for one in sentences for unit in units(one)]
    for one in mine:
        if other := _taken_from(one, mine, there):
            return [f"The sentence says {_shown(one, claim)!r} where the cited text says {' '.join(other.words)!r}."]
    straight = [one for one in sentences if _has_agent(one) == _has_agent(claim)]
    there = [unit for one in straight for unit in units(one)]
    for one, other in combinations(mine, 2):
        if one.end <= other.start and not _is_list(claim[one.end : other.start]) and _exchanged(one, other, there):
            return [f"The sentence exchanges {_shown(one, claim)!r} and {_shown(other, claim)!r}."]
    return _exchanged_around(claim, straight)


def _has_agent(text: str) -> bool:
    """Whether a name stands behind "by", which turns a sentence round: its order says nothing of one without."""
    return any(name.by for name in find_names(text))


def units(text: str) -> list[Unit]:
    """The names of a text with all their parts, and its numbers, in their order.

    >>> [" ".join(one.words) for one in units("In 1998 the Bank of England paid two.")]
    ['1998', 'bank', 'bank of england', 'england', '2']
    """
    tokens = list(_TOKEN.finditer(text))
    plain = [_plain(token.group()) for token in tokens]
    return [
        Unit(
            tuple(plain[first : last + 1]),
            tuple((_EDGE, *plain)[max(0, first + 1 - REACH) : first + 1][::-1]),
            tuple((*plain, _EDGE)[last + 1 : last + 1 + REACH]),
            tokens[first].start(),
            tokens[last].end(),
        )
        for first, last in _spans([token.group() for token in tokens], plain)
    ]


def _spans(written: Sequence[str], plain: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First and last token of each name, of each of its parts, and of each number."""
    for first, word in enumerate(plain):
        if word[0].isdigit():
            yield first, first
        for last in range(first, min(first + LONGEST, len(plain)) if _is_capital(written[first]) else first):
            is_link = plain[last] in _LINKS or (plain[last] == "the" and plain[last - 1] == "of")
            if not _is_capital(written[last]) and not is_link:
                break
            if _is_capital(written[last]):
                yield first, last


def _is_capital(word: str) -> bool:
    return word[0].isupper() and word.lower() not in STOP_WORDS and word.lower() not in FRAMING


def _plain(word: str) -> str:
    lowered = word.lower().replace("’", "'").replace(",", "") if word[0].isdigit() else word.lower().replace("’", "'")
    return NUMBER_WORDS.get(lowered, lowered)


def _taken_from(one: Unit, mine: Sequence[Unit], there: Sequence[Unit]) -> Unit | None:
    """What the evidence has in the very place of a name or number that it has in no such place.

    The place has to be three words of the four around it, one of them no mere little word.
    """
    own = [unit for unit in there if unit.words == one.words]
    if not own or any(any(_fit(one, unit)) for unit in own):
        return None
    for unit in there:
        before, after = _fit(one, unit)
        same = {*one.before[:before], *one.after[:after]} - STOP_WORDS - {_EDGE}
        is_place = before and after and before + after > REACH and same
        is_free = not set(unit.words) & set(one.words) and all(unit.words != other.words for other in mine)
        if is_place and is_free and unit.is_number == one.is_number:
            return unit
    return None


def _exchanged(one: Unit, other: Unit, there: Sequence[Unit]) -> bool:
    """Whether two names stand better in each other's places of the evidence than in their own."""
    if set(one.words) & set(other.words) or one.is_number != other.is_number:
        return False
    ones = [unit for unit in there if unit.words == one.words]
    others = [unit for unit in there if unit.words == other.words]
    crossed, own = (_best(one, others), _best(other, ones)), (_best(one, ones), _best(other, others))
    sides = sum(length > 0 for fit in crossed for length in fit)
    return sides >= 3 and sum(map(sum, crossed)) >= sum(map(sum, own)) + MARGIN


def _best(one: Unit, there: Sequence[Unit]) -> tuple[int, int]:
    """The fit of a unit to the place of these that it fits best."""
    return max((_fit(one, unit) for unit in there), key=sum, default=(0, 0))


def _fit(one: Unit, other: Unit) -> tuple[int, int]:
    """How many words in a row are the same before and after both, from the nearest on."""
    return _same(one.before, other.before), _same(one.after, other.after)


def _same(mine: Sequence[str], its: Sequence[str]) -> int:
    shorter = min(len(mine), len(its))
    return next((place for place in range(shorter) if mine[place] != its[place]), shorter)


def _is_list(between: str) -> bool:
    return bool(_LISTED & set(re.findall(r"\w+|,", between.lower())))


def _shown(unit: Unit, text: str) -> str:
    return text[unit.start : unit.end]


def _exchanged_around(claim: str, sentences: Sequence[str]) -> list[str]:
    """Two names of a claim that stand in each other's place in a sentence, around the same words of content.

    "and" joins equals, so that their order says nothing.
    """
    mine = find_names(claim)
    for sentence in sentences:
        there = find_names(sentence)
        for place, one in enumerate(mine):
            for other in mine[place + 1 :]:
                ahead, behind = _named(other, there), _named(one, there)
                between = _between(claim, one, other)
                if between and ahead and behind and between == _between(sentence, ahead, behind):
                    return [f"The sentence exchanges {one.text!r} and {other.text!r}."]
    return []


def _named(name: Name, there: Sequence[Name]) -> Name | None:
    """The only place where a sentence has a name."""
    found = [one for one in there if name.stems <= one.stems]  # "Yesterday Mr Reese" is Mr Reese
    return found[0] if len(found) == 1 else None


def _between(text: str, one: Name, other: Name) -> list[str]:
    """The stems of what stands between two names that are in this order; nothing for a mere list."""
    between = [match.group().lower() for match in _LETTERS.finditer(text[one.end : other.start])]
    if one.end > other.start or "and" in between or "or" in between:
        return []
    return [stem(word) for word in between if word not in STOP_WORDS]
