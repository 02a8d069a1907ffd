"""Versions of one document: where two of them were found for the same thing, the newest stands before the older.

Two documents are versions when their titles, or their paths, differ in nothing but a year, a date, a version number or
a word such as "draft". What this module does not do: drop anything, or move a passage that no other version replaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from language import STOP_WORDS
from schema import Passage, Source

ALIKE = 0.5
"""Share of the different words of content, of both passages together, that two versions of a passage have in common."""

_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:[a-z]{3,6})?"
_VERSION = re.compile(
    r"\b(?:v|ver|version|rev|revision|edition|issue)[ .]*(\d+(?:[. ]\d+)*)\b|\b(\d+)(?:st|nd|rd|th) edition\b"
)
_DATE = re.compile(
    rf"\b(?:(?:19|20)\d\d(?:[ -]?(?:0[1-9]|1[0-2])(?:[ -]?(?:[0-2]\d|3[01]))?)?|\d{{1,2}} {_MONTH}|{_MONTH})\b"
)
_DRAFT = re.compile(r"\b(?:draft|superseded|withdrawn|obsolete|archived?|old|outdated|previous|interim|do not cite)\b")
_STATE = re.compile(r"\b(?:final|new|latest|current|revised|updated?|copy)\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PAST = re.compile(
    r"\b(?:19|20)\d\d\b|\b(?:earlier|previous|former|older|draft|superseded|original|first version|versions?)\b"
)
_PERIODIC = re.compile(
    r"\b(?:annual|quarterly|monthly|weekly|minutes|accounts|statistics|census|budget|bulletin|newsletter)\b"
)


@dataclass(frozen=True, slots=True)
class _Standing:
    """How new a document is: its stated date, whether it is no draft, its version, the year in its name."""

    date: str
    final: bool
    version: tuple[int, ...]
    year: str


def prefer_newest(passages: Sequence[Passage], *, question: str = "") -> list[Passage]:
    """The ranking with versions of one passage in the order of their age, newest first, in the places that they held.

    A passage that was folded into an older version of itself comes out in its place, and the older goes into its
    ``also``. Scores stay with their passages; ranks count from 1.

    Args:
        passages: best first; at most about 100.
        question: one that names a year or an earlier version leaves everything where it is.
    """
    passages = list(passages)
    if _PAST.search(question.lower()):
        return passages
    passages = [_newest_of_folded(passage) for passage in passages]
    for family in _families(passages):
        newest_first = sorted(family, key=lambda place: _age(passages, family, place))
        for place, moved in zip(family, [passages[place] for place in newest_first], strict=True):
            passages[place] = moved
    return [replace(passage, rank=rank) for rank, passage in enumerate(passages, start=1)]


def is_newer(one: Source, other: Source) -> bool:
    """Whether one of two documents is known to be the newer: by stated dates, else by version, year or "draft".

    >>> is_newer(Source("c", "plan-v2.md", "Plan", None, ""), Source("c", "plan-v1.md", "Plan", None, ""))
    True
    """
    ours, theirs = _standing(one), _standing(other)
    shared = min(len(ours.date), len(theirs.date))
    if shared and ours.date[:shared] != theirs.date[:shared]:
        return ours.date > theirs.date
    if ours.version and theirs.version and ours.version != theirs.version:
        return ours.version > theirs.version
    if ours.year and theirs.year and ours.year != theirs.year:
        return ours.year > theirs.year
    return ours.final and not theirs.final


def are_versions(one: Source, other: Source) -> bool:
    """Whether two documents are versions of one: the same title, or path, but for a year, a version or its like.

    Reports of a period ("Annual report 2021") replace nothing.
    """
    if one.source_id == other.source_id or _PERIODIC.search(f"{one.title} {one.path} {other.title}".lower()):
        return False
    titles, paths = (_name(one.title), _name(other.title)), (_name(one.path), _name(other.path))
    return (titles[0] == titles[1] != "" and (one.title != other.title or paths[0] == paths[1])) or paths[0] == paths[
        1
    ] != ""


def _age(passages: Sequence[Passage], family: Sequence[int], place: int) -> tuple[int, int]:
    """How many of its family are newer; those of one age keep their order."""
    source = passages[place].source
    return sum(is_newer(passages[other].source, source) for other in family), place


def _newest_of_folded(passage: Passage) -> Passage:
    """The passage, or a newer one that says the same and was folded into it, with all of the others in ``also``."""
    best = passage
    for other in passage.also:
        if is_newer(other.source, best.source) and (are_versions(other.source, best.source) or _dated(other, best)):
            best = other
    if best is passage:
        return passage
    rest = tuple(replace(one, also=()) for one in (passage, *passage.also) if one is not best)
    return replace(best, also=rest, score=passage.score, rank=passage.rank, seen_by_model=passage.seen_by_model)


def _dated(one: Passage, other: Passage) -> bool:
    return bool(one.source.date and other.source.date)


def _families(passages: Sequence[Passage]) -> list[list[int]]:
    """The places of passages that are versions of one another and say nearly the same."""
    families: list[list[int]] = []
    for place, passage in enumerate(passages):
        home = next((one for one in families if _is_version(passages[one[0]], passage)), None)
        if home is None:
            families.append([place])
        else:
            home.append(place)
    return [family for family in families if len(family) > 1]


def _is_version(one: Passage, other: Passage) -> bool:
    if not are_versions(one.source, other.source):
        return False
    ours, theirs = _content(one.chunk.text), _content(other.chunk.text)
    return len(ours & theirs) >= ALIKE * max(len(ours | theirs), 1)


def _content(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]+", text.lower()) if word not in STOP_WORDS}


def _plain(name: str) -> str:
    """A title or path in lower case with spaces for its marks."""
    return " ".join(re.sub(r"[^\w.]|_", " ", re.sub(r"\.[a-z]{2,5}$", "", name.lower())).split())


def _name(name: str) -> str:
    """What is left of a title or a path without what versions differ in."""
    name = re.sub(r"[^\w]", " ", _plain(name))
    for pattern in (_VERSION, _DATE, _DRAFT, _STATE):
        name = pattern.sub(" ", name)
    return " ".join(word for word in name.split() if not word.isdigit() and word not in STOP_WORDS)


def _standing(source: Source) -> _Standing:
    name = f"{_plain(source.title)} / {_plain(source.path)}"
    version = _VERSION.search(name)
    numbers = (version.group(1) or version.group(2)) if version else ""
    years = _YEAR.findall(name)
    return _Standing(
        source.date or "",
        not _DRAFT.search(name),
        tuple(int(number) for number in re.findall(r"\d+", numbers)),
        max(years, default=""),
    )
