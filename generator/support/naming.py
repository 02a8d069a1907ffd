"""Names of several words, compared with those of the evidence: missing, put in another's place, or exchanged.

Capital letters make a name here, so that languages without them, and text in capitals throughout, have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generator.support.dates import MONTHS
from generator.words import FRAMING, stem, words
from language import STOP_WORDS

_RUN = re.compile(
    r"\b[A-Z][\w&'’-]*(?:\.(?=\s[A-Z]))?(?:\s(?:of\sthe\s|(?:of|de|la|du|von|van|al|bin|for)\s)?[A-Z][\w&'’-]*)*",
    re.UNICODE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_LINKS = frozenset("of the de la du von van al bin for".split())
_MONTH_WORDS = {name.lower() for name in MONTHS} | {name[:3].lower() for name in MONTHS} | {"sept"}
_PLAIN_OPENINGS = STOP_WORDS | FRAMING | frozenset("no not yes however although though".split())
_SKIPPED = _PLAIN_OPENINGS | _LINKS


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words: as written, its words' stems, and the nearest content before and behind it."""

    text: str
    stems: frozenset[str]
    before: str
    after: str
    by: bool
    start: int
    end: int

    @property
    def initials(self) -> str:
        """The capital letters at the beginnings of its words in lower case."""
        return "".join(word[0] for word in self.text.split() if word[0].isupper()).lower()


def find_names(text: str) -> list[Name]:
    """The names of a text; the first word of a sentence is one only with another, or when it is an acronym.

    >>> [name.text for name in find_names("Yesterday the Bank of England met Mervyn King. NHS staff stayed.")]
    ['Bank of England', 'Mervyn King', 'NHS']
    """
    if text.isupper():
        return []
    return [
        Name(
            run,
            frozenset(stems_of(run)),
            _near(text[:start], backwards=True),
            _near(text[end:], backwards=False),
            text[:start].rstrip().endswith(" by"),
            start,
            end,
        )
        for run, start, end in _runs(text)
    ]


def name_faults(claim: str, sentences: Sequence[str], held: str, question: str) -> tuple[list[str], list[str]]:
    """What is wrong with the names of a claim, and what is loose.

    Args:
        claim: one sentence.
        sentences: of the evidence, those that match the claim; a name is wrong where they have another in its place.
        held: all of the evidence.
        question: whose names a claim may repeat.
    """
    known = stems_of(held) | stems_of(question)
    there = [name for one in sentences for name in find_names(one)]
    everywhere = find_names(held)
    mine = find_names(claim)
    hard, soft = [], []
    for name in mine:
        missing = {one for one in name.stems - known if not _is_short_form(one, name, everywhere, held)}
        if not missing or (not name.start and missing == {stem(words(name.text)[0])} != name.stems):
            continue  # all in order, or the first word of a sentence in front of a name
        if other := _in_its_place(name, missing, there, stems_of(claim)):
            hard.append(f"The sentence says {name.text!r} where the cited text says {other.text!r}.")
        else:
            soft.append(f"The name {name.text!r} is not in the cited text.")
    return hard + _exchanged(claim, mine, sentences), soft


def stems_of(text: str) -> set[str]:
    """The stems of all words of a text; of words with an apostrophe, such as d'Argenson, those of its parts too."""
    whole = [word.removesuffix("'s") for word in words(text.replace("’", "'"))]
    return {stem(part) for word in whole for part in (word, *word.split("'")) if part and part not in _LINKS}


def _runs(text: str) -> list[tuple[str, int, int]]:
    """Names with their spans, without a word in front that is capital only because a sentence begins."""
    found = []
    for match in _RUN.finditer(text):
        opening = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1] in ".!?:•"
        parts = list(re.finditer(r"\S+", match.group()))
        first = 0
        while first < len(parts) and parts[first].group().lower() in (_PLAIN_OPENINGS if not first else _SKIPPED):
            first += 1
        if first == len(parts):
            continue
        start = match.start() + parts[first].start()
        run = re.sub(r"['’]s$|['’.]$", "", text[start : match.end()])
        is_single = opening and not first and len(parts) == 1 and not run.isupper()
        is_month = all(part.group().lower().rstrip(".") in _MONTH_WORDS for part in parts[first:])
        if len(run) > 1 and not is_single and not is_month:
            found.append((run, start, start + len(run)))
    return found


def _near(text: str, *, backwards: bool) -> str:
    """The stem of the nearest word of content outside a name; empty at the end of a clause."""
    clause = re.split(r"[.;:!?()]", text)[-1 if backwards else 0]
    found = [match.group() for match in _WORD.finditer(clause)]
    for word in reversed(found) if backwards else found:
        if word.lower() not in STOP_WORDS and not word[0].isupper():
            return stem(word.lower())
    return ""


def _is_short_form(missing: str, name: Name, everywhere: Sequence[Name], held: str) -> bool:
    """Whether it is an acronym of a name of the evidence, or the name whose acronym the evidence has."""
    return any(len(missing) > 1 and missing == one.initials for one in everywhere) or (
        len(name.initials) > 1 and name.initials in words(held)
    )


def _in_its_place(name: Name, missing: set[str], there: Sequence[Name], content: set[str]) -> Name | None:
    """A name of the evidence that the claim does not have, beside the same words or with a part in common."""
    for other in there:
        if other.stems <= content:
            continue
        partly = bool(name.stems & other.stems) and missing < name.stems
        beside = (name.before and name.before == other.before) or (name.after and name.after == other.after)
        if partly or beside:
            return other
    return None


def _exchanged(claim: str, mine: Sequence[Name], sentences: Sequence[str]) -> list[str]:
    """Two names of a claim that stand in each other's place in a sentence, around the same words.

    "by" turns a sentence round, and "and" joins equals, so that their order says nothing.
    """
    for sentence in sentences:
        there = find_names(sentence)
        if any(name.by for name in mine) != any(name.by for name in there):
            continue
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
    between = [match.group().lower() for match in _WORD.finditer(text[one.end : other.start])]
    if one.end > other.start or "and" in between or "or" in between:
        return []
    return [stem(word) for word in between if word not in STOP_WORDS]
