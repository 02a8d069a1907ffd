"""Documents that disagree: two quotes of different sources that state another number or date for the same thing.

Made to be silent rather than wrong: the two sentences must say the same but for the value. A name, a place, a year, a
condition or another word of content that only one of them has makes them statements about different things, unless it
stands in the other document's title. What this module does not do: decide who is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from generator.sources.values import HEDGE, Value, values_of
from generator.words import is_negated, stem, stems, words
from language import STOP_WORDS
from schema import Conflict, Quote, Statement

LEAST_SHARED = 2
"""Words of content that two statements have in common at least."""
MOST_DIFFERENT = 3
"""Values in which two versions of a sentence may differ; what differs in more is a row of another table."""
LONGEST_ABOUT = 90

_HARMLESS = frozenset(
    stem(word)
    for word in (
        "now currently already officially formally total altogether overall finally exactly about around "
        "approximately nearly almost roughly estimated least most more fewer less than minimum maximum next last "
        "coming over under within report document page says said states stated according announced note also however "
        "therefore thus new"
    ).split()
)
"""Words that leave what a sentence is about as it is; those of amounts are read with the values."""

_SAME = {
    stem(word): stem(group.split()[0])
    for group in (
        "published publish publication issued released appeared out",
        "begins begin began starts start started",
        "ends end ended finishes finish finished closes closed",
        "costs cost price priced",
        "employs employ employed employees staff workers",
        "opened open opens launched launch launches",
        "runs run lasts last lasted covers cover spans",
        "contains contain includes include comprises comprise has",
    )
    for word in group.split()
}
"""Words that say the same of a thing with a number or a date, by the first of their group."""

_RECURRING = frozenset(
    stem(word)
    for word in (
        "met meeting meets held played won lost visited fell elected performed toured scored match game election "
        "attacked died born reached updated revised amended sent written wrote dated signed voted recorded measured "
        "accessed earthquake storm concert episode"
    ).split()
)
"""Of these, two dates may both be true."""

_PERIODIC = re.compile(
    r"\b(?:annual|quarterly|monthly|weekly|minutes|accounts|statistics|census|budget|bulletin|yearbook)\b", re.I
)
_PERIOD = re.compile(r"[-–—]| (?:to|and|until) ")
"""What two ends of a period stand beside; of another period, both may be true."""

_KIND_OF_DOCUMENT = frozenset(
    stem(word)
    for word in (
        "briefing note report timeline memo summary plan paper draft version final superseded cite document guide "
        "guidance page statement reaction press release notes news article overview edition revised updated january "
        "february march april june july august september october november december"
    ).split()
)
_NO_SUBJECT = re.compile(r"(?:it|he|she|they|this|that|these|those|there|its|their|his|her|we|i|our|my)\b", re.I)
_YOU = re.compile(r"\b(?:you|your|yours)\b", re.I)
_TURNS = frozenset(
    "must shall should may might can could will would if unless when after before until since from only except "
    "other each per every "
    "up down above below first second third".split()
)


@dataclass(frozen=True)
class _Claim:
    """One quote as it is compared."""

    quote: Quote

    @cached_property
    def values(self) -> list[Value]:
        return values_of(self.quote.quote)

    @cached_property
    def _without_values(self) -> str:
        text, end, parts = self.quote.quote, 0, []
        for value in self.values:
            parts.append(HEDGE.sub("", text[end : value.start]))
            end = value.end
        return " ".join([*parts, text[end:]])

    @cached_property
    def content(self) -> frozenset[str]:
        """Its words of content without its values, those that say the same as one."""
        return frozenset(_SAME.get(word, word) for word in stems(self._without_values)) - _HARMLESS

    @cached_property
    def turns(self) -> frozenset[str]:
        return frozenset(words(self._without_values)) & _TURNS

    @cached_property
    def negated(self) -> bool:
        return is_negated(self.quote.quote)

    @cached_property
    def topic(self) -> frozenset[str]:
        """What its document is about: its title without the words for kinds of documents and without numbers."""
        found = {word for word in stems(self.quote.title) if not word[0].isdigit()}
        return frozenset(_SAME.get(word, word) for word in found - _KIND_OF_DOCUMENT)

    def about_value(self, value: Value) -> str:
        """The words of the sentence around one value, with "…" in its place."""
        text = self.quote.quote
        said = " ".join(f"{text[: value.start]}…{text[value.end :]}".split())
        place = said.index("…")
        start = max(place - LONGEST_ABOUT // 2, 0)
        end = min(start + LONGEST_ABOUT, len(said))
        start = said.find(" ", start) + 1 if start else 0
        return said[start : end if end == len(said) else said.rfind(" ", 0, end)].strip(" .,;:")


def find_conflicts(question: str, quotes: Sequence[Quote]) -> tuple[Conflict, ...]:
    """The values on which quotes of different documents disagree, each with every quote's own words for it.

    Args:
        question: what was asked; what has nothing to do with it is no conflict to be shown.
        quotes: verbatim sentences with their documents' titles, dates and headings; at most about 20.
    """
    asked = _asked(question)
    claims = [claim for claim in map(_Claim, quotes) if claim.values and claim.content & asked]
    found: dict[tuple[int, int], list[tuple[_Claim, Value]]] = {}
    for place, one in enumerate(claims):
        for other in claims[place + 1 :]:
            for number, ours, theirs in _disagreements(one, other):
                key = next((key for key, group in found.items() if (one, ours) in group), (one.quote.number, number))
                group = found.setdefault(key, [(one, ours)])
                if all(claim is not other for claim, _ in group):
                    group.append((other, theirs))
    return tuple(_conflict(group) for group in found.values())


def _conflict(group: Sequence[tuple[_Claim, Value]]) -> Conflict:
    first, value = group[0]
    return Conflict(first.about_value(value), tuple(Statement(claim.quote.number, said.text) for claim, said in group))


def _asked(question: str) -> frozenset[str]:
    found = {_SAME.get(word, word) for word in stems(question)}
    return frozenset(found | {stem(word) for word in words(question) if word not in STOP_WORDS})


def _disagreements(one: _Claim, other: _Claim) -> list[tuple[int, Value, Value]]:
    """The values in which two statements of the same differ, by their number in the first; none when in doubt."""
    if not _say_the_same(one, other):
        return []
    pairs = _aligned(one.values, other.values)
    different = [(number, ours, theirs) for number, ours, theirs in pairs if ours.differs(theirs)]
    dates = [found for found in different if found[1].kind in ("date", "day of the year")]
    if not different or len(different) > MOST_DIFFERENT or (dates and len(different) > 1):
        return []  # with another year, or in another range, another number may be just as true
    if dates and ((one.content | other.content) & _RECURRING or any(_PERIOD.search(found[1].text) for found in dates)):
        return []
    return different


def _aligned(ours: Sequence[Value], theirs: Sequence[Value]) -> list[tuple[int, Value, Value]]:
    """The values of two sentences in pairs; none unless each has its counterpart of the same kind, in order."""
    if [value.kind for value in ours] != [value.kind for value in theirs]:
        return []
    return [(number, first, second) for number, (first, second) in enumerate(zip(ours, theirs, strict=True))]


def _say_the_same(one: _Claim, other: _Claim) -> bool:
    """Whether two sentences are about the same, but for their values."""
    if one.quote.source == other.quote.source or one.negated != other.negated or one.turns != other.turns:
        return False
    shared = one.content & other.content
    ours = one.content - shared - other.topic
    theirs = other.content - shared - one.topic
    if ours or theirs or len(shared) < LEAST_SHARED:
        return False
    return _same_subject(one, other, shared)


def _same_subject(one: _Claim, other: _Claim, shared: frozenset[str]) -> bool:
    """Whether the documents let the sentences be about the same thing: by their topics, or by a name in both."""
    if _periodic(one.quote) or _periodic(other.quote):
        return False
    points = any(_NO_SUBJECT.match(claim.quote.quote) for claim in (one, other))
    addressed = bool(_YOU.search(one.quote.quote))
    if not points and not addressed and _names(one.quote.quote) & _names(other.quote.quote) & shared:
        return True
    ours, theirs = one.topic - other.topic, other.topic - one.topic
    if not one.topic & other.topic or (ours and theirs) or _headings_differ(one.quote, other.quote):
        return False
    return not (ours | theirs) or not addressed


def _names(text: str) -> set[str]:
    """Stems of words with a capital that do not open the sentence, and of acronyms."""
    return {stem(match.group().lower()) for match in re.finditer(r"(?<=\s)[A-Z][\w-]+|\b[A-Z]{2,}\b", text)}


def _periodic(quote: Quote) -> bool:
    return bool(_PERIODIC.search(quote.title))


def _headings_differ(one: Quote, other: Quote) -> bool:
    """Whether both stand under headings that have words the other lacks."""
    ours, theirs = stems(one.heading) - stems(one.title), stems(other.heading) - stems(other.title)
    return bool(ours - theirs) and bool(theirs - ours)
