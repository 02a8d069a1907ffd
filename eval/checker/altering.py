"""Changes one thing in a true sentence so that it is no longer true: the false cases, by kind of change.

Each function gives the changed sentence, or ``None`` where the sentence has nothing of the kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from eval.checker.texts import MONTHS, NAME, NUMBER, Corpus, is_year, name_form

_T = TypeVar("_T")
Alter = Callable[[str, Corpus, np.random.Generator], str | None]

_UNITS = [("mg", "g"), ("million", "billion"), ("thousand", "million"), ("days", "weeks"), ("weeks", "months")]
_UNITS += [("months", "years"), ("hours", "days"), ("minutes", "hours"), ("km", "m"), ("kg", "g")]
_WORDS = "two three four five six seven eight nine ten eleven twelve".split()
_SPELLED = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_MONTH_DATE = re.compile(rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)? )?({'|'.join(MONTHS)})\b(?: (\d{{1,2}})\b(?!\d))?")
_YEAR = re.compile(r"(?<![\w.,/$£€-])(1[0-9]{3}|20\d\d)(?![\w/-]|[.,]\d)")
_DATE_WORDS = [("from", "until"), ("since", "before"), ("until", "since"), ("before", "after"), ("after", "before")]
_VERB = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|will|would|may|might|must|should|do|does|did)\b(?! (?:not|to|no)\b)"
)
_NOT = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|will|would|may|might|must|should)"
    r"(?: not|n['’]t)\b(?! only| just| merely)"
)
_NOT_ELSEWHERE = re.compile(r"\b(?:no longer|never) |\bwithout\b(?= )")
_MODALS = {"may": "must", "must": "may", "might": "must", "can": "must", "should": "may", "will": "may", "shall": "may"}
_MODALS |= {"all": "some", "some": "all", "most": "few", "many": "few", "few": "most", "every": "some"}
_MODALS |= {"always": "sometimes", "sometimes": "always", "usually": "rarely", "often": "rarely", "rarely": "often"}
_MODALS |= {"at least": "at most", "at most": "at least", "up to": "at least", "more than": "less than"}
_MODALS |= {"less than": "more than", "fewer than": "more than"}
_DIRECTIONS = (
    "increase decrease|increases decreases|increased decreased|rise fall|rose fell|rises falls|grew shrank|"
    "higher lower|highest lowest|first last|larger smaller|largest smallest|greater smaller|maximum minimum|"
    "earlier later|positive negative|improved worsened|stronger weaker|oldest youngest|longest shortest|"
    "northern southern|eastern western|north south|east west|upregulated downregulated|promotes inhibits|"
    "enhanced reduced|won lost|began ended|above below|more fewer|best worst|majority minority|include exclude|"
    "includes excludes"
)
_OPPOSITE = {one: other for pair in _DIRECTIONS.split("|") for one, other in (pair.split(), pair.split()[::-1])}
_EXCHANGED = re.compile(r"\band\b|\bor\b|,")


def alter_number(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """Another number of the corpus, one close to it, or another unit."""
    plain = _without_dates(text)
    found = [match for match in NUMBER.finditer(plain) if not is_year(match.group())]
    spelled = list(_SPELLED.finditer(plain))
    if not found and not spelled:
        return None
    match = _one_of([*found, *spelled], rng)
    if match.group() in _WORDS:
        others = [word for word in _WORDS if word != match.group()]
        return _put(text, match.span(), _one_of(others, rng))
    for unit, other in _UNITS:
        if rng.random() < 0.5 and re.match(rf" ?{unit}\b", text[match.end() :]):
            return text[: match.end()] + text[match.end() :].replace(unit, other, 1)
    if rng.random() < 0.5:
        others = [one for one in corpus.numbers if _value(one) != _value(match.group())]
        if others:
            return _put(text, match.span(), _one_of(others, rng))
    return _put(text, match.span(), _near(match.group(), rng))


def alter_date(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """Another day, month or year, or the other word in front of it."""
    choices: list[str] = []
    for match in _MONTH_DATE.finditer(text):
        month = _one_of([one for one in MONTHS if one != match[2]], rng)
        choices.append(_put(text, match.span(2), month))
        for group in (1, 3):
            if match[group] and 1 <= int(match[group]) <= 31:
                choices.append(_put(text, match.span(group), str(int(match[group]) % 28 + int(rng.integers(1, 4)))))
    for match in _YEAR.finditer(text):
        choices.append(_put(text, match.span(), str(int(match[1]) + int(rng.choice([-10, -2, -1, 1, 2, 10])))))
        for word, other in _DATE_WORDS:
            if re.search(rf"\b{word} (?:\w+ )?$", text[: match.start()], re.IGNORECASE) and "to " not in text:
                choices.append(re.sub(rf"\b{word}\b(?= (?:\w+ )?{match[1]})", other, text, count=1))
    choices = [choice for choice in choices if choice != text]
    return _one_of(choices, rng) if choices else None


def alter_name(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """A name of as many words from elsewhere in the corpus, behind the same preposition."""
    found = [match for match in NAME.finditer(text) if match.group() not in MONTHS]
    if not found:
        return None
    match = _one_of(found, rng)
    others = [one for one in corpus.names.get(name_form(text, match), ()) if one not in text]
    return _put(text, match.span(), _one_of(others, rng)) if others else None


def exchange_names(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """Two names of the sentence in each other's place, where more than an "and" or a comma stands between them."""
    found = [match for match in NAME.finditer(text) if match.group() not in MONTHS]
    pairs = [
        (one, other)
        for place, one in enumerate(found)
        for other in found[place + 1 :]
        if one.group() not in other.group()
        and other.group() not in one.group()
        and len(re.findall(r"[a-z]{4,}", between := text[one.end() : other.start()])) >= 1
        and not _EXCHANGED.search(between)
    ]
    if not pairs:
        return None
    one, other = pairs[int(rng.integers(len(pairs)))]
    return text[: one.start()] + other.group() + text[one.end() : other.start()] + one.group() + text[other.end() :]


def add_negation(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """A "not" behind the first verb that takes one."""
    match = _VERB.search(text)
    if not match or re.search(r"\bn['’]t\b|\bnot\b|\bnever\b|\bno\b", text):
        return None
    return f"{text[: match.end()]} not{text[match.end() :]}"


def remove_negation(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """The sentence without its "not", "never" or "no longer", or with "with" for "without"."""
    if match := _NOT.search(text):
        verb = "can" if match[1] == "ca" else match[1]
        return _put(text, match.span(), verb)
    if match := _NOT_ELSEWHERE.search(text):
        return _put(text, match.span(), "with" if match.group() == "without" else "")
    return None


def swap_modal(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """Another quantifier, modal verb or bound."""
    return _swapped(text, _MODALS, rng)


def swap_direction(text: str, corpus: Corpus, rng: np.random.Generator) -> str | None:
    """The opposite of a word of direction or rank."""
    return _swapped(text, _OPPOSITE, rng)


ALTERATIONS: dict[str, Alter] = {
    "number": alter_number,
    "date": alter_date,
    "name": alter_name,
    "names exchanged": exchange_names,
    "negation added": add_negation,
    "negation removed": remove_negation,
    "modal or quantifier": swap_modal,
    "direction": swap_direction,
}
"""The kinds of changed sentences, in the order in which they are shown."""


def _swapped(text: str, table: dict[str, str], rng: np.random.Generator) -> str | None:
    pattern = rf"(?<![-\w])({'|'.join(sorted(table, key=len, reverse=True))})(?![-\w])"
    found = list(re.finditer(pattern, text))
    if not found:
        return None
    match = _one_of(found, rng)
    return _put(text, match.span(), table[match.group()])


def _without_dates(text: str) -> str:
    return _MONTH_DATE.sub(lambda match: " " * len(match.group()), text)


def _near(number: str, rng: np.random.Generator) -> str:
    """Another number of the same form: a digit other than before, or ten times it."""
    place = int(rng.choice([index for index, sign in enumerate(number) if sign.isdigit()]))
    digits = [one for one in "123456789" if one != number[place]]
    changed = number[:place] + _one_of(digits, rng) + number[place + 1 :]
    return changed if rng.random() < 0.8 or "." in number or "," in number else f"{number}0"


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _put(text: str, span: tuple[int, int], said: str) -> str:
    return text[: span[0]] + said + text[span[1] :]


def _one_of(choices: list[_T], rng: np.random.Generator) -> _T:
    return choices[int(rng.integers(len(choices)))]
