"""Words that turn a sentence: a claim's "not", "may", "all" and "rose" against those of the evidence.

A claim's word is compared with the word of its family that stands beside the same content in the sentences that match
the claim. What can't be told by such neighbours (a sentence that says the same in wholly other words) is not told here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from generator.support.turning import OPPOSED, REACH, Family, Turn, content_of, turns

Fault = tuple[str, bool]
"""What is wrong, for the reader, and whether it is grave."""

DENIES = "The sentence denies something that the cited text does not."
DENIED = "The cited text denies what the sentence says."

_GRAVE = {
    frozenset(pair)
    for pair in (
        ("possible", "required"),
        ("possible", "advised"),
        ("advised", "required"),
        ("advised", "certain"),
    )
}
_GRAVE_ONE_WAY = {("certain", "possible"), ("required", "certain")}
"""(said, in the evidence): what may happen is not what will, but what will happen may."""
_TOLD_IF_DROPPED = {"possible", "only", "few"}

_HALF_DENIALS = re.compile(
    r"\b(?:few|little|hardly|barely|instead|rather|except|unless|bann?(?:ed|s)?|prohibit\w*|prevent\w*|den(?:y|ie[sd])|"
    r"reject\w*|stop(?:s|ped)?|lost|only)\b",
    re.IGNORECASE,
)
"""Words that may deny something without a "not": where the evidence has one, a claim's own "not" is only loose."""


def turn_faults(claim: str, sentences: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is wrong with the turning words of a claim, and what is loose, against the sentences that match it."""
    held_text = " ; ".join(sentences)
    mine, held = turns(claim, held_text), [turn for one in sentences for turn in turns(one, claim)]
    content, held_content = content_of(claim, held_text), content_of(held_text, claim)
    found = _negation_faults(_of(mine, "negation"), _of(held, "negation"), content, held_content)
    if found and _HALF_DENIALS.search(held_text):
        found = [(told, grave and told != DENIES) for told, grave in found]
    found += _modal_faults(_of(mine, "modal"), _of(held, "modal"), held_content)
    found += _quantifier_faults(_of(mine, "quantifier"), _of(held, "quantifier"), held_content)
    for turn in held:
        if turn.value in _TOLD_IF_DROPPED and _is_dropped(turn, mine, content):
            found.append((f"The cited text says it with {turn.word!r}, the sentence without.", False))
    found += _direction_faults(_of(mine, "direction"), _of(held, "direction"))
    hard, soft = ([told for told, grave in found if grave == wanted] for wanted in (True, False))
    return list(dict.fromkeys(hard)), list(dict.fromkeys(soft))


def _negation_faults(mine: list[Turn], held: list[Turn], content: set[str], held_content: set[str]) -> list[Fault]:
    faults, met = list[Fault](), set[int]()
    for turn in mine:
        found = [place for place, one in enumerate(held) if place not in met and _same_denial(turn, one)]
        if found:
            met.add(max(found, key=lambda place: turn.shares(held[place])))
        elif len(held) <= len(met) or set(turn.after[:2]) & held_content:
            faults.append((DENIES, True))
    for place, turn in enumerate(held):
        if place not in met and _is_said(turn, content):
            faults.append((DENIED, True))
    return faults


def _same_denial(turn: Turn, other: Turn) -> bool:
    if turn.after and other.after:
        return bool(set(turn.after[:2]) & set(other.after[:2]))
    return bool(set(turn.before) & set(other.before))


def _is_said(turn: Turn, content: set[str]) -> bool:
    """Whether a claim says what a turning word of the evidence speaks of: what follows it, and something before it.

    All three words that follow will do by themselves, since a claim may leave out how a sentence begins.
    """
    if not turn.after:
        return bool(turn.before) and set(turn.before[:2]) <= content
    near = not turn.before or bool(set(turn.before) & content)
    return set(turn.after[:2]) <= content and (near or (len(turn.after) == REACH and set(turn.after) <= content))


def _is_dropped(turn: Turn, mine: Sequence[Turn], content: set[str]) -> bool:
    """Whether a claim says what follows a turning word of the evidence without any word of its family."""
    kept = any(one.family == turn.family and set(one.after[:2]) & set(turn.after[:2]) for one in mine)
    return bool(turn.after) and _is_said(turn, content) and not kept


def _modal_faults(mine: list[Turn], held: list[Turn], held_content: set[str]) -> list[Fault]:
    faults = list[Fault]()
    for turn, other in _paired(mine, held):
        said, its = turn.value, other.value if other else ""
        if other and said != its:
            grave = frozenset((said, its)) in _GRAVE or (said, its) in _GRAVE_ONE_WAY
            faults.append((f"The sentence says {turn.word!r} where the cited text says {other.word!r}.", grave))
        elif not other and said in ("required", "advised") and turn.after and turn.after[0] in held_content:
            faults.append((f"The sentence says {turn.word!r}, the cited text does not.", False))
    return faults


def _quantifier_faults(mine: list[Turn], held: list[Turn], held_content: set[str]) -> list[Fault]:
    faults = list[Fault]()
    for turn, other in _paired(mine, held):
        if other and turn.value != other.value:
            both = {turn.value, other.value}
            grave = "many" not in both or bool({"few", "none", "only"} & both)
            faults.append((f"The sentence says {turn.word!r} where the cited text says {other.word!r}.", grave))
        elif not other and turn.value in ("all", "only", "none") and turn.after and turn.after[0] in held_content:
            faults.append((f"The sentence says {turn.word!r}, the cited text does not.", False))
    return faults


def _paired(mine: Sequence[Turn], held: Sequence[Turn]) -> Iterator[tuple[Turn, Turn | None]]:
    """Each word of a claim with the one of the evidence that shares most of its neighbours, each used once at first.

    Words of the same value go before others that share as much; what is left over takes one that is used, as when a
    claim says "must" twice where the evidence says it of both at once.
    """
    near = {
        (place, other): (turn.shares(one), one.value == turn.value)
        for place, turn in enumerate(mine)
        for other, one in enumerate(held)
        if set(turn.after[:2]) & set(one.after[:2])
    }
    chosen: dict[int, int] = {}
    for place, other in sorted(near, key=lambda pair: near[pair], reverse=True):
        if place not in chosen and other not in chosen.values():
            chosen[place] = other
    for place, turn in enumerate(mine):
        best = max((other for one, other in near if one == place), key=lambda other: near[place, other], default=None)
        found = chosen.get(place, best)
        yield turn, None if found is None else held[found]


def _direction_faults(mine: list[Turn], held: list[Turn]) -> list[Fault]:
    faults = list[Fault]()
    said, told = Counter(one.value for one in mine), Counter(one.value for one in held)
    for turn in mine:
        same = max((turn.shares(one) + 1 for one in held if one.value == turn.value), default=0)
        against = [one for one in held if one.value in OPPOSED[turn.value] and turn.shares(one)]
        other = max(against, key=turn.shares, default=None)
        if other and turn.shares(other) > same and said[other.value] < told[other.value]:
            faults.append((f"The sentence says {turn.word!r} where the cited text says {other.word!r}.", True))
    return faults


def _of(found: Iterable[Turn], family: Family) -> list[Turn]:
    return [turn for turn in found if turn.family == family]
