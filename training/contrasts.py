"""Pairs of examples that differ in one word and in what is to be said of them, so that an odd word alone says nothing.

A question that was edited by rule reads oddly, and a model that learns from such questions alone learns to see the
edit. Here the same edit stands in question and passage (still answered), in one of them (no longer), or in words of
the passage that the question does not ask about (still answered). In the spirit of contrast sets (Gardner et al.,
https://arxiv.org/abs/2004.02709).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from language import STOP_WORDS
from training.examples import Example
from training.negatives import SWAPS

ENDING = 2
"""Letters at the end of a word that another one shares which takes its place, so that a sentence stays one."""

_TOKEN = re.compile(r"\b\w[\w'’-]*\b")


def contrasts(example: Example, other: Example, draw: random.Random) -> Iterator[Example]:
    """Up to three examples made of one: an answered one and an unanswered one, and as often as not another answered.

    Args:
        example: with an answer and its evidence; others give nothing.
        other: whose passage new words are taken from.
        draw: random numbers.
    """
    if example.answer is None or example.evidence is None:
        return
    shared = _shared_words(example)
    if shared:
        old = draw.choice(shared)
        if new := _like(old, example, other, draw):
            yield replace_word(example, old, new, asked=True, read=True)
            if draw.random() < 0.5:
                yield _unanswered(replace_word(example, old, new, asked=True, read=False))
            else:
                yield _unanswered(replace_word(example, old, new, asked=False, read=True))
    unasked = _words_beside(example)
    if unasked and draw.random() < 0.5:
        old = draw.choice(unasked)
        if new := _like(old, example, other, draw):
            yield replace_word(example, old, new, asked=False, read=True)


def replace_word(example: Example, old: str, new: str, *, asked: bool, read: bool) -> Example:
    """The example with another word in its question, in its passage, or in both; its spans hold the same words."""
    pattern = re.compile(rf"\b{re.escape(old)}\b", re.IGNORECASE)
    first = pattern.sub(lambda match: _cased(new, match.group()), example.first) if asked else example.first
    if not read:
        return replace(example, first=first)
    ends = [match.end() for match in pattern.finditer(example.second)]
    longer = len(new) - len(old)

    def moved(span: tuple[int, int] | None) -> tuple[int, int] | None:
        if span is None:
            return None
        start, end = (place + longer * sum(one <= place for one in ends) for place in span)
        return start, end

    second = pattern.sub(lambda match: _cased(new, match.group()), example.second)
    return replace(example, first=first, second=second, answer=moved(example.answer), evidence=moved(example.evidence))


def _unanswered(example: Example) -> Example:
    return replace(example, answerable=False, answer=None, evidence=None)


def _shared_words(example: Example) -> list[str]:
    """Words of the question that the evidence has too, outside the answer; the telling ones more often than others."""
    assert example.answer and example.evidence  # noqa: S101
    answer = _lower(example.second[slice(*example.answer)])
    held = _lower(example.second[slice(*example.evidence)]) - answer
    found = [word for word in _content(example.first) if word.lower() in held]
    telling = [word for word in found if word[0].isupper() or word[0].isdigit() or word.lower() in SWAPS]
    return telling * 3 + found


def _words_beside(example: Example) -> list[str]:
    """Words of the passage outside the evidence that question, answer and evidence have not."""
    assert example.evidence  # noqa: S101
    start, end = example.evidence
    asked = _lower(example.first) | _lower(example.second[start:end])
    return [word for word in _content(example.second[:start] + " " + example.second[end:]) if word.lower() not in asked]


def _like(old: str, example: Example, other: Example, draw: random.Random) -> str | None:
    """A word of the same kind that neither question nor passage has: a number, an opposite, a name, or any word."""
    known = _lower(example.first) | _lower(example.second)
    if old[0].isdigit():
        place = draw.randrange(len(old))
        if not old[place].isdigit():
            return None
        new = old[:place] + draw.choice("123456789".replace(old[place], "")) + old[place + 1 :]
        return None if new.lower() in known else new
    opposites = [one for one in SWAPS.get(old.lower(), []) if one not in known]
    if opposites and draw.random() < 0.7:
        return draw.choice(opposites)
    taken = [
        word
        for word in sorted(set(_content(other.second)))
        if word[0].isupper() == old[0].isupper() and word[-ENDING:] == old[-ENDING:] and word.lower() not in known
    ]
    return draw.choice(taken) if taken else None


def _content(text: str) -> list[str]:
    words = _TOKEN.findall(text)
    return [word for word in words if (len(word) > 3 or word[0].isdigit()) and word.lower() not in STOP_WORDS]


def _lower(text: str) -> set[str]:
    return {word.lower() for word in _TOKEN.findall(text)}


def _cased(new: str, old: str) -> str:
    return new[0].upper() + new[1:] if old[0].isupper() else new
