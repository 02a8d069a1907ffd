"""Follow-up questions with known places: a person's own over the samples, and some made by rule from a public set.

The public set has whole questions only. Where two that follow each other on one paragraph name the same thing, the
second gets a pronoun in its place, so that its first form shows what a perfect rewrite would find. The rule that makes
them shares no code with the rules that are measured. What this module does not do: search or judge.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from schema import Turn

_NAME = re.compile(r"(?:[Tt]he )?(?:[A-Z][\w-]+)(?: (?:of )?[A-Z][\w-]+){0,4}")
_OPENING = frozenset(
    "what when where which who whom whose why how in on at by for is are was were did do does the".split()
)
_HE = re.compile(r"\b(?:he|his|him)\b", re.IGNORECASE)
_SHE = re.compile(r"\b(?:she|hers?)\b", re.IGNORECASE)
_IT = re.compile(r"\bits?\b", re.IGNORECASE)
_AFTER_NAMES = (
    r"\W*$|[,;]| (?:is|was|are|were|has|had|have|did|does|in|on|at|by|for|from|to|with|as|and|or|during|after|before)\b"
)
_BEFORE_OBJECTS = "in|on|at|by|for|from|to|of|with|against|about|under|into|over|through|near|around"
OBJECTS = {"it": "it", "they": "them", "he": "him", "she": "her"}
POSSESSIVES = {"it": "its", "they": "their", "he": "his", "she": "her"}


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A question with the turns before it; ``complete`` is its standalone form where that is known."""

    question_id: str
    question: str
    history: tuple[Turn, ...]
    relevant: tuple[str, ...]
    kind: str = ""
    complete: str = ""


def made_from(folder: Path, *, limit: int, seed: int = 0) -> tuple[FollowUp, ...]:
    """Follow-ups from a set in BEIR form whose questions name the paragraph that they were asked of.

    Args:
        folder: of the set.
        limit: so many of them, drawn by the seed.
        seed: of the draw.
    """
    paragraphs = {one["_id"]: one["text"] for one in _lines(folder / "corpus.jsonl")}
    asked = [one for one in _lines(folder / "queries.jsonl") if not one.get("unanswerable") and "paragraph" in one]
    made = [
        found
        for before, after in pairwise(asked)
        if before["paragraph"] == after["paragraph"]
        for found in _follow_up(before, after, paragraphs[after["paragraph"]])
    ]
    return tuple(random.Random(seed).sample(made, min(limit, len(made))))  # noqa: S311  (a draw, no secret)


def _follow_up(before: dict[str, Any], after: dict[str, Any], paragraph: str) -> Iterator[FollowUp]:
    shared = shared_name(before["text"], after["text"])
    if not shared:
        return
    question = with_pronoun(after["text"], shared, pronoun_for(shared, paragraph))
    turns = (Turn(before["text"], before["answers"][0]),)
    yield FollowUp(after["_id"], question, turns, (after["paragraph"],), "pronoun", after["text"])


def shared_name(before: str, after: str) -> str:
    """The longest name that stands in both questions, as the second has it; empty when there is none.

    >>> shared_name("When was Fresno founded?", "Who designed the park of Fresno?")
    'Fresno'
    """
    first = {_plain(found) for found in _names(before)}
    both = [found for found in _names(after) if _plain(found) in first]
    alone = [name for name in both if re.search(rf"{re.escape(name)}(?:'s|’s|{_AFTER_NAMES})", after)]
    return max(alone, key=len, default="")


def pronoun_for(name: str, paragraph: str) -> str:
    """The pronoun that the paragraph would use: by the name's ending, or by which pronouns it uses most."""
    if name.endswith("s") and not name.endswith("ss"):
        return "they"
    counts = {"it": len(_IT.findall(paragraph)), "he": len(_HE.findall(paragraph)), "she": len(_SHE.findall(paragraph))}
    return max(counts, key=lambda pronoun: counts[pronoun])


def with_pronoun(question: str, name: str, pronoun: str) -> str:
    """The question with a pronoun for the name, also where it owns something.

    >>> with_pronoun("What is Fresno's largest park?", "Fresno", "it")
    'What is its largest park?'
    """
    named = re.escape(name)
    owning = re.sub(rf"{named}(?:'s|’s|'|’)(?=\s)", POSSESSIVES[pronoun], question)
    objects = re.sub(rf"\b({_BEFORE_OBJECTS}) {named}\b", rf"\1 {OBJECTS[pronoun]}", owning)
    return re.sub(rf"{named}\b", pronoun, objects)


def _names(text: str) -> list[str]:
    found = [match[0] for match in _NAME.finditer(text)]
    return [
        name for name in found if _plain(name) not in _OPENING and name.split()[0].lower() not in _OPENING - {"the"}
    ]


def _plain(name: str) -> str:
    return name.lower().removeprefix("the ")


def read_dialogues(path: Path) -> tuple[tuple[FollowUp, ...], dict[str, str]]:
    """The follow-ups of a file of dialogues, one turn a line, with the passages that they were asked of.

    Each line has ``group`` (the dialogue), ``question``, ``passage``, ``answers`` and ``unanswerable``.
    """
    turns: dict[str, list[Turn]] = {}
    found, passages = [], {}
    for one in _lines(path):
        history = turns.setdefault(one["group"], [])
        passages[one["group"]] = one["passage"]
        if history and not one["unanswerable"]:
            found.append(FollowUp(one["id"], one["question"], tuple(history), (one["group"],)))
        history.append(Turn(one["question"], (one["answers"] or [""])[0]))
    return tuple(found), passages


def _lines(path: Path) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
