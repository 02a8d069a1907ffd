"""Says a sentence a little differently by rules that keep what it says, for true cases that are no equal strings."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from eval.checker.texts import MONTHS

_DIGITS = "two three four five six seven eight nine ten eleven twelve".split()
_OPENING = re.compile(r"^((?:In|On|At|During|After|Before|Since|Until|By|From|Under|For)\s[^,.;:()]{3,50}), ([^,]+)\.$")
_SAID_BY = re.compile(r"^According to [^,]{3,60}, (\w)")
_CONNECTIVE = re.compile(
    r"^(?:However|Moreover|Furthermore|Therefore|Thus|In addition|For example|Also|Additionally), (\w)"
)
_DATE = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})\b|\b({'|'.join(MONTHS)}) (\d{{1,2}}), (\d{{4}})\b")
_KEPT_CAPITAL = re.compile(
    r"^(?:[A-Z]{2}|I\b|(?!The|This|These|Those|It|In|A|An|There|They|He|She|You|If|We|Its|Their)[A-Z])"
)


def rephrase(text: str, rng: np.random.Generator) -> str:
    """The sentence with one or two of the changes that apply to it, drawn at random; never the sentence itself.

    Args:
        text: a whole sentence with a full stop.
        rng: draws the changes.
    """
    count, said = int(rng.integers(1, 3)), text
    for change in (_CHANGES[place] for place in rng.permutation(len(_CHANGES))):
        if count and (changed := change(said)) != said:
            said, count = changed, count - 1
    return said if said != text else _framed(text)


def _clause_to_the_end(text: str) -> str:
    match = _OPENING.match(text)
    if not match:
        return text
    opening, rest = match.groups()
    return f"{rest[0].upper()}{rest[1:]} {opening[0].lower()}{opening[1:]}."


def _without_speaker(text: str) -> str:
    return _SAID_BY.sub(lambda match: match[1].upper(), text)


def _without_connective(text: str) -> str:
    return _CONNECTIVE.sub(lambda match: match[1].upper(), text)


def _framed(text: str) -> str:
    lowered = text if _KEPT_CAPITAL.match(text) else text[0].lower() + text[1:]
    return f"According to the document, {lowered}"


def _numbers_other_way(text: str) -> str:
    changed = re.sub(r"(?<![\w.,£$/-])([2-9]|1[0-2])(?= [a-z]{4,})", lambda match: _DIGITS[int(match[1]) - 2], text)
    if changed != text:
        return changed
    return re.sub(rf"\b({'|'.join(_DIGITS)})\b(?=[ .,])", lambda match: str(_DIGITS.index(match[1]) + 2), text)


def _thousands(text: str) -> str:
    changed = re.sub(r"(?<![\d.,])(\d{1,3}),(\d{3})(?![\d,])", r"\1\2", text)
    return changed if changed != text else re.sub(r"(?<![\d.,-])(\d{2})(\d{3})(?![\d,.])", r"\1,\2", text)


def _percent(text: str) -> str:
    return re.sub(r"(?<=\d)%", " per cent", text)


def _date_other_way(text: str) -> str:
    def turned(match: re.Match[str]) -> str:
        if match[1]:
            return f"{match[2]} {match[1]}, {match[3]}"
        return f"{match[5]} {match[4][:3]} {match[6]}"

    return _DATE.sub(turned, text)


def _month_short(text: str) -> str:
    return re.sub(
        rf"(?<=\d )({'|'.join(month for month in MONTHS if len(month) > 4)})\b", lambda match: match[1][:3], text
    )


def _without_brackets(text: str) -> str:
    return re.sub(r"\s\([^()]*\)(?=[ ,.])", "", text)


def _without_relative_clause(text: str) -> str:
    changed = re.sub(r", (?:which|who|where|including|such as) [^,;:]{10,}\.$", ".", text)
    return changed if len(changed.split()) >= 6 else text


def _contracted(text: str) -> str:
    changed = re.sub(r"\b(is|are|was|were|does|do|did|has|have|had|could|would|should) not\b", r"\1n't", text)
    return changed if changed != text else re.sub(r"\b(is|are|was|were|do|does|did|has|have)n['’]t\b", r"\1 not", text)


_CHANGES: tuple[Callable[[str], str], ...] = (
    _clause_to_the_end,
    _without_speaker,
    _without_connective,
    _framed,
    _numbers_other_way,
    _thousands,
    _percent,
    _date_other_way,
    _month_short,
    _without_brackets,
    _without_relative_clause,
    _contracted,
)
