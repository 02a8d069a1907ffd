"""Words that turn a sentence: "not", "may" or "must", "all" or "some", "rose" or "fell", each beside its words.

A claim's word is compared with the word of its family that stands beside the same content in the sentences that match
the claim. What can't be told by such neighbours (a sentence that says the same in wholly other words) is not told here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from generator.words import FRAMING, stem
from language import STOP_WORDS

Family = Literal["negation", "modal", "quantifier", "direction"]

REACH = 3
"""Content words on each side by which a turning word is recognised."""

_PHRASES = [
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in (
        (r"^\s*(?:yes|no),\s", ""),
        (r"\bno\.\s?(?=\d)", ""),
        (r"\bnot (?=only|just|merely|simply|least)|\bwhether or not\b", " "),
        (r"\b(?:no|not) (?:more|greater|fewer|less|later|earlier) than\b", " "),
        (r"\bcan(?:'t|not)\b", "can not"),
        (r"\bwon't\b", "will not"),
        (r"\bshan't\b", "shall not"),
        (r"n't\b", " not"),
        (r"\b(?:not true|not the case|false|untrue|a myth) that\b", "not"),
        (r"\bno longer\b|\bfail(?:s|ed|ing)? to\b|\brefus(?:es|ed|ing) to\b", "not"),
        (r"\b(?:lack(?:s|ed|ing)?|absence of)\b", "without"),
        (r"\b(?:ha(?:s|ve|d) to|needs? to|needed to|(?:is|are|was|were|be) (?:required|obliged) to)\b", "must"),
        (r"\b(?:is|are|was|were|be) unable to\b", "can not"),
        (r"\b(?:is|are|was|were|be) (?:able|allowed|permitted) to\b", "can"),
        (r"\b(?<=\d )May\b|(?<=\bin )May\b|\bMay(?= \d)", "fifth-month"),
    )
]
_NEGATIONS = frozenset("not no never neither nor none nobody nothing nowhere without hardly".split())
_MODALS = {
    word: level
    for level, words in {
        "possible": "may might can could possibly perhaps",
        "advised": "should ought",
        "required": "must shall",
        "certain": "will would",
    }.items()
    for word in words.split()
}
_QUANTIFIERS = {
    word: level
    for level, words in {
        "all": "all every each always everyone everybody everything entirely both",
        "most": "most majority usually mostly often generally typically",
        "many": "many numerous",
        "some": "some several sometimes occasionally certain",
        "few": "few rarely seldom",
        "none": "none nobody never neither",
        "only": "only solely exclusively",
    }.items()
    for word in words.split()
}
_OPPOSITES = (
    "increase decrease|increase reduce|increase decline|rise fall|rose fell|rise decline|grow shrink|grow decline|"
    "grew shrank|more less|more fewer|higher lower|highest lowest|first last|before after|above below|over under|"
    "maximum minimum|most least|larger smaller|largest smallest|greater lesser|greater smaller|bigger smaller|up down|"
    "gain loss|gain lose|early late|earlier later|earliest latest|improve worsen|win lose|won lost|start end|"
    "begin end|began ended|open close|northern southern|eastern western|north south|east west|positive negative|"
    "strong weak|stronger weaker|upregulate downregulate|oldest youngest|older younger|longest shortest|"
    "longer shorter|inside outside|include exclude|allow prohibit|allow forbid|accept reject|agree disagree|"
    "present absent|promote inhibit|activate inhibit|stimulate suppress|enhance inhibit|enhance reduce|"
    "enhance impair|left right|male female|import export|buy sell|until since|until from|faster slower|best worst|"
    "better worse|majority minority|accelerate delay|high low|long short"
)
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non")
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:['-][^\W\d_]+)*|[,;:()—]")
_STOPS = frozenset(",;:()—")


def _pairs() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one, other in (pair.split() for pair in _OPPOSITES.split("|")):
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


_OPPOSED = _pairs()


def _direction(word: str) -> str:
    """The word of direction that this is a form of, or an empty text."""
    forms = (word, *(word.removesuffix(end) for end in ("s", "es", "d", "ed", "ing")), word.removesuffix("ing") + "e")
    return next((form for form in forms if form in _OPPOSED), "")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turning word: its family and value, the word as written, and the content next to it, nearest first."""

    family: Family
    value: str
    word: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def shares(self, other: Turn) -> int:
        """How much of its neighbourhood another turning word has, 0 for none; sides count for more than the middle."""
        same = len(set(self.after) & set(other.after)) + len(set(self.before) & set(other.before))
        nearest = bool(self.after and other.after and self.after[0] == other.after[0])
        return 2 * same + 2 * nearest


def turns(text: str, other: str = "") -> list[Turn]:
    """The turning words of a text.

    Args:
        text: a sentence, or a few.
        other: what it will be compared with; "unlikely" is "not likely" where that speaks of "likely".

    >>> [(one.word, one.value, one.after) for one in turns("Applicants may not travel.")]
    [('may', 'possible', ('travel',)), ('not', 'not', ('travel',))]
    """
    words = _tokens(text, other)
    return [turn for place, word in enumerate(words) for turn in _turns_at(words, place, word)]


def turn_faults(claim: str, sentences: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is wrong with the turning words of a claim, and what is loose, against the sentences that match it."""
    held_text = " ; ".join(sentences)
    mine, held = turns(claim, held_text), [turn for one in sentences for turn in turns(one, claim)]
    content, held_content = _content(claim, held_text), _content(held_text, claim)
    hard = _negation_faults(_of(mine, "negation"), _of(held, "negation"), content, held_content)
    soft: list[str] = []
    for turn in _of(mine, "modal"):
        _sort_in(_modal_fault(turn, _of(held, "modal"), held_content), hard, soft)
    for turn in _of(held, "modal"):
        if turn.value == "possible" and _is_dropped(turn, mine, content):
            soft.append(f"The cited text says it with {turn.word!r}, the sentence without.")
    for turn in _of(mine, "quantifier"):
        _sort_in(_quantifier_fault(turn, _of(held, "quantifier"), held_content), hard, soft)
    for turn in _of(held, "quantifier"):
        if turn.value in ("only", "few") and _is_dropped(turn, mine, content):
            soft.append(f"The cited text says it with {turn.word!r}, the sentence without.")
    hard += _direction_faults(_of(mine, "direction"), _of(held, "direction"))
    return list(dict.fromkeys(hard)), list(dict.fromkeys(soft))


def _negation_faults(mine: list[Turn], held: list[Turn], content: set[str], held_content: set[str]) -> list[str]:
    faults, met = [], set[int]()
    for turn in mine:
        found = [place for place, one in enumerate(held) if place not in met and _same_denial(turn, one)]
        if found:
            met.add(max(found, key=lambda place: turn.shares(held[place])))
        elif len(held) <= len(met) or set(turn.after[:2]) & held_content:
            faults.append("The sentence denies something that the cited text does not.")
    for place, turn in enumerate(held):
        if place not in met and turn.after and set(turn.after[:2]) <= content and _is_near(turn, content):
            faults.append("The cited text denies what the sentence says.")
    return faults


def _same_denial(turn: Turn, other: Turn) -> bool:
    if turn.after and other.after:
        return bool(set(turn.after[:2]) & set(other.after[:2]))
    return bool(set(turn.before) & set(other.before))


def _is_near(turn: Turn, content: set[str]) -> bool:
    """Whether what stands in front of it is in the content too, at least in part."""
    return not turn.before or bool(set(turn.before) & content)


def _is_dropped(turn: Turn, mine: Sequence[Turn], content: set[str]) -> bool:
    """Whether a claim says what follows a turning word of the evidence without any word of its family."""
    follows = turn.after[:2]
    kept = any(one.family == turn.family and set(one.after[:2]) & set(follows) for one in mine)
    return bool(follows) and set(follows) <= content and _is_near(turn, content) and not kept


_GRAVE = {
    frozenset(pair)
    for pair in (
        ("possible", "required"),
        ("possible", "advised"),
        ("advised", "required"),
        ("advised", "certain"),
    )
}


def _modal_fault(turn: Turn, held: list[Turn], held_content: set[str]) -> tuple[str, bool] | None:
    """What is wrong with one modal verb, and whether it is grave."""
    other = _beside(turn, held)
    if other and other.value == turn.value:
        return None
    if other:
        grave = frozenset((turn.value, other.value)) in _GRAVE or (turn.value, other.value) in (
            ("certain", "possible"),
            ("required", "certain"),
        )
        return f"The sentence says {turn.word!r} where the cited text says {other.word!r}.", grave
    if turn.value in ("required", "advised") and turn.after and turn.after[0] in held_content:
        return f"The sentence says {turn.word!r}, the cited text does not.", False
    return None


def _beside(turn: Turn, held: Sequence[Turn]) -> Turn | None:
    """The word of its family that shares most of its neighbours, one of the same value before any other."""
    near = [one for one in held if set(turn.after[:2]) & set(one.after[:2])]
    return max(near, key=lambda one: (turn.shares(one), one.value == turn.value), default=None)


def _quantifier_fault(turn: Turn, held: list[Turn], held_content: set[str]) -> tuple[str, bool] | None:
    other = _beside(turn, held)
    if other and other.value == turn.value:
        return None
    if other:
        grave = "many" not in {turn.value, other.value} or bool({"few", "none", "only"} & {turn.value, other.value})
        return f"The sentence says {turn.word!r} where the cited text says {other.word!r}.", grave
    if turn.value in ("all", "only", "none") and turn.after and turn.after[0] in held_content:
        return f"The sentence says {turn.word!r}, the cited text does not.", False
    return None


def _direction_faults(mine: list[Turn], held: list[Turn]) -> list[str]:
    faults = []
    for turn in mine:
        same = max((turn.shares(one) + 1 for one in held if one.value == turn.value), default=0)
        against = [one for one in held if one.value in _OPPOSED[turn.value] and turn.shares(one)]
        other = max(against, key=turn.shares, default=None)
        if other and turn.shares(other) > same and not any(one.value == other.value for one in mine if not same):
            faults.append(f"The sentence says {turn.word!r} where the cited text says {other.word!r}.")
    return faults


def _of(found: Iterable[Turn], family: Family) -> list[Turn]:
    return [turn for turn in found if turn.family == family]


def _sort_in(fault: tuple[str, bool] | None, hard: list[str], soft: list[str]) -> None:
    if fault:
        (hard if fault[1] else soft).append(fault[0])


def _tokens(text: str, other: str) -> list[str]:
    """The words in lower case and the marks that end a clause, with set phrases as one turning word."""
    text = text.replace("’", "'")
    for pattern, said in _PHRASES:
        text = pattern.sub(said, text)
    there = {match.group().lower() for match in _TOKEN.finditer(other)} if other else set()
    found = []
    for match in _TOKEN.finditer(text):
        word = match.group().lower()
        base = next((word.removeprefix(one).lstrip("-") for one in _PREFIXES if word.startswith(one)), "")
        if len(base) > 3 and base in there and word not in there:
            found += ["not", base]
        else:
            found.append(word)
    return found


def _turns_at(words: Sequence[str], place: int, word: str) -> Iterable[Turn]:
    before = _neighbours(words[place - 1 :: -1] if place else ())
    after = _neighbours(words[place + 1 :])
    if word in _NEGATIONS:
        yield Turn("negation", "not", word, before, after)
    if word in _MODALS:
        yield Turn("modal", _MODALS[word], word, before, after)
    if word in _QUANTIFIERS:
        yield Turn("quantifier", _QUANTIFIERS[word], word, before, after)
    if value := _direction(word):
        yield Turn("direction", value, word, before, after)


def _neighbours(words: Iterable[str]) -> tuple[str, ...]:
    """The nearest content within the clause, or beyond it when the clause has none."""
    found: list[str] = []
    for word in words:
        if word in _STOPS:
            if found:
                break
        elif _is_content(word):
            found.append(stem(word))
            if len(found) == REACH:
                break
    return tuple(found)


def _is_content(word: str) -> bool:
    turning = word in _NEGATIONS or word in _MODALS or word in _QUANTIFIERS
    return not turning and word not in STOP_WORDS and word not in FRAMING and word not in _STOPS


def _content(text: str, other: str) -> set[str]:
    return {stem(word) for word in _tokens(text, other) if _is_content(word)}
