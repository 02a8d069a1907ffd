"""Words that turn a sentence, with their neighbours: "not", "may", "all", "rose", each beside what it speaks of.

Which words they are, and what they mean, is a list; what two texts make of them is compared in
`generator.support.modality`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from generator.words import FRAMING, NUMBER_WORDS, stem
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
        (r"\b(?:no|not) later than\b", "latest"),
        (r"\b(?:no|not) (?:earlier|sooner) than\b", "earliest"),
        (r"\b(?:no|not) (?:more|greater|higher) than\b", "maximum"),
        (r"\b(?:no|not) (?:fewer|less|lower) than\b", "minimum"),
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
_CARDINALS = {word: number for word, number in NUMBER_WORDS.items() if number.isdigit()}
_NO_ADVERBS = frozenset(
    "apply supply reply comply rely imply multiply family assembly anomaly italy july daily weekly monthly early only "
    "butterfly ally rally".split()
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


OPPOSED = _pairs()


def _direction(word: str) -> str:
    """The word of direction that this is a form of, or an empty text."""
    forms = (word, *(word.removesuffix(end) for end in ("s", "es", "d", "ed", "ing")), word.removesuffix("ing") + "e")
    return next((form for form in forms if form in OPPOSED), "")


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


def _tokens(text: str, other: str) -> list[str]:
    """The words in lower case and the marks that end a clause, with set phrases as one turning word."""
    text = text.replace("’", "'")
    for pattern, said in _PHRASES:
        text = pattern.sub(said, text)
    there = {match.group().lower() for match in _TOKEN.finditer(other)} if other else set()
    found = []
    for match in _TOKEN.finditer(text):
        word = _CARDINALS.get(match.group().lower(), match.group().lower())
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
    """Whether a word is one to know a place by: no turning word, little word or adverb ("normally")."""
    turning = word in _NEGATIONS or word in _MODALS or word in _QUANTIFIERS
    is_adverb = word.endswith("ly") and len(word) > 4 and word not in _NO_ADVERBS
    return not (turning or is_adverb or word in STOP_WORDS or word in FRAMING or word in _STOPS)


def content_of(text: str, other: str) -> set[str]:
    """The stems of the words by which turning words know their places, as a set; ``other`` as in `turns`."""
    return {stem(word) for word in _tokens(text, other) if _is_content(word)}
