"""Names of several words, compared with those of the evidence: missing, or put where another belongs.

Capital letters make a name here, so that languages without them, and text in capitals throughout, have none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from generator.support.dates import MONTHS
from generator.words import FRAMING, stem, stems, words
from language import STOP_WORDS

_PART = r"[A-Z][\w&'’-]*(?:\.\d\w*)*"
_RUN = re.compile(
    rf"\b{_PART}(?:\.(?=\s[A-Z]))?(?:\s(?:of\sthe\s|(?:of|de|la|du|von|van|al|bin|for)\s)?{_PART})*", re.UNICODE
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+")
_ENDS = re.compile(r"[.!?][\"'”’)\]]*\s*$")
_PRONOUN = re.compile(r"\b(?:he|she|it|they|this|these|such|we|you|i)\b|^(?:his|her|its|their|our)\b", re.IGNORECASE)
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


def find_names(text: str, known: Collection[str] = ()) -> list[Name]:
    """The names of a text; the first word of a sentence is one with another, when it is an acronym, or when known.

    Args:
        text: one sentence or more.
        known: words in lower case that are names wherever they stand.

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
        for run, start, end in _runs(text, known)
    ]


def name_faults(claim: str, sentences: Sequence[str], held: str, question: str) -> tuple[list[str], list[str]]:
    """What is wrong with the names of a claim, and what is loose.

    Args:
        claim: one sentence.
        sentences: of the evidence, those that match the claim; a name is wrong where they have another in its place.
        held: all of the evidence.
        question: whose names a claim may repeat.
    """
    everywhere, asked = find_names(held), stems_of(question)
    known = stems_of(held) | asked
    named = {one.text.lower() for one in everywhere} - set(re.findall(r"[^\W\d_]+", held))
    there = [name for one in sentences for name in find_names(one, named)]
    mine = find_names(claim, named)
    predicate = stems(claim).difference(*(one.stems for one in mine))
    hard, soft = list[str](), list[str]()
    for name in mine:
        missing, place = {one for one in name.stems - known if not _is_short_form(one, name, everywhere, held)}, there
        told = f"The name {name.text!r} is not in the cited text."
        if not missing and not name.stems & asked and (apart := _said_of(name, predicate, sentences)):
            missing, place = set(name.stems), find_names(apart, named)
            told = f"The name {name.text!r} is only elsewhere in the cited text."
        if not missing or (not name.start and missing == {stem(words(name.text)[0])} != name.stems):
            continue  # the name is there, or it is the first word of a sentence in front of one
        if other := _in_its_place(name, missing, place, stems_of(claim)):
            hard.append(f"The sentence says {name.text!r} where the cited text says {other.text!r}.")
        else:
            soft.append(told)
    return hard, soft


def _said_of(name: Name, predicate: set[str], sentences: Sequence[str]) -> str | None:
    """The sentence that says what a claim says of a name without naming it, if those that name it say far less of that.

    A heading names what the sentences under it are about, and a pronoun whoever was named before.
    """
    naming = [one for one in sentences if name.stems <= stems_of(one)]
    shares = {one: len(predicate & stems(one)) for one in sentences}
    best = max((one for one in sentences if one not in naming), key=lambda one: shares[one], default="")
    if not best or not naming or any(not _ENDS.search(one) for one in naming) or _PRONOUN.search(best):
        return None
    says_more = shares[best] >= max(1, len(predicate) / 2, 2 * max(shares[one] for one in naming))
    return best if says_more else None


def stems_of(text: str) -> set[str]:
    """The stems of all words of a text; of words with an apostrophe, such as d'Argenson, those of its parts too."""
    whole = [word.removesuffix("'s") for word in words(text.replace("’", "'"))]
    return {stem(part) for word in whole for part in (word, *word.split("'")) if part and part not in _LINKS}


def _runs(text: str, known: Collection[str]) -> list[tuple[str, int, int]]:
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
        is_plain = not run.isupper() and run.lower() not in known
        is_single = opening and not first and len(parts) == 1 and is_plain
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
