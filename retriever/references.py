"""Which phrase of the conversation a pronoun of the next question stands for, by rules of agreement and of order.

The subject of the last question comes first, then what else it names, then its answer; where it asked who or which, the
answer comes before. What does not agree in number or kind is passed over, so that "it" reaches past a question about a
person to the one before. What this module does not do: guess. Where a pronoun finds nothing, the whole question is left
to whoever searches with more words than a reader would be shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from retriever.phrases import (
    ASKING,
    AUXILIARIES,
    DETERMINERS,
    LINKS,
    PREPOSITIONS,
    Phrase,
    Token,
    is_group,
    is_number,
    is_verb,
    is_word,
    phrases_of,
    singular,
    tokens_of,
)

SHORT_ANSWER = 90
"""Characters; a shorter answer is taken for the very thing that was asked for."""

LONGEST_TITLE = 70
"""Characters of an answer that is taken for a title or a name as a whole."""

_ENDS = frozenset(("?", ".", ",", "!"))
_PERSONAL = {
    "he": "he",
    "him": "he",
    "she": "she",
    "her": "she",
    "it": "it",
    "they": "they",
    "them": "they",
    "there": "there",
}
_POSSESSIVE = {"his": "he", "her": "she", "its": "it", "their": "they"}
_POINTING = {"this": "that", "that": "that", "these": "these", "those": "these"}
_ORDINALS = frozenset("first second third fourth fifth sixth seventh eighth ninth tenth last next previous".split())
_POINTERS = frozenset((*_PERSONAL, *_POSSESSIVE, *_POINTING, *_ORDINALS, "one", "ones", "so"))
_FUNCTION_WORDS = AUXILIARIES | PREPOSITIONS | LINKS | ASKING | DETERMINERS
_BEFORE_THAT = AUXILIARIES | PREPOSITIONS | ASKING | LINKS | {","}
_AFTER_THAT = AUXILIARIES | PREPOSITIONS | _ENDS
_BOUNDARIES = frozenset(",;:.?!-–—") | {"and", "but", "or", "as", "since", "after", "before"} | LINKS | ASKING
_SAYING = frozenset(
    "say says said think thinks thought claim claims claimed show shows showed mean argue argued".split()
)
_VAGUE = frozenset(
    "year month day date time way number kind sort name amount part reason place thing percentage share people".split()
)
_INDEFINITE = frozenset("a an which what some any its his her their".split())
_FORMAL = frozenset("true possible legal necessary important likely allowed easy hard difficult better take".split())


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn: its place in the history, its question as a standalone one, its answer ("" for a refusal)."""

    number: int
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A question without pronouns that point back, and the turns that they pointed to."""

    text: str
    used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Change:
    start: int
    end: int
    text: str
    turn: int
    named: str


def points_back(text: str) -> bool:
    """Whether a question holds a pronoun that stands for nothing in the question itself.

    >>> points_back("Who welcomed it?"), points_back("What did the ABPI say when it reacted?")
    (True, False)
    >>> points_back("Is it true that tests are free?")
    False
    """
    return next(_pointers(text), None) is not None


def resolve_references(text: str, exchanges: Sequence[Exchange]) -> Resolved | None:
    """The question with a phrase of the conversation for each pronoun; ``None`` where one of them finds nothing.

    Where two pronouns stand for the same, the second is left, as in "how old was Ann Bell when she left her office".
    """
    changes: list[_Change] = []
    first: dict[str, _Pointer] = {}
    for pointer in _pointers(text):
        change = _change_for(pointer, text, exchanges)
        if change is None or not _can_be_same(first.setdefault(change.named, pointer), pointer, text):
            return None
        if first[change.named] == pointer:
            changes.append(change)
    for change in reversed(changes):
        text = text[: change.start] + change.text + text[change.end :]
    return Resolved(text, tuple(sorted({change.turn for change in changes})))


def _can_be_same(first: _Pointer, second: _Pointer, text: str) -> bool:
    """Whether two pronouns can stand for the same: not in "his role in it" and "does he criticise him"."""
    between = tokens_of(text[first.token.end : second.token.start])
    has_boundary = any(token.lower in _BOUNDARIES for token in between)
    are_same_or_apart = first == second or has_boundary or first.phrase is not None or second.phrase is not None
    return first.kind == second.kind and are_same_or_apart


@dataclass(frozen=True, slots=True)
class _Pointer:
    """A pronoun that points back: its class, its place, and the phrase that it determines, if any."""

    kind: str
    token: Token
    phrase: Phrase | None = None


def _pointers(text: str) -> Iterator[_Pointer]:
    tokens, phrases = tokens_of(text), phrases_of(text)
    for place in range(len(tokens)):
        pointer = _pointer_at(tokens, place, phrases)
        if pointer and not _is_bound(pointer, tokens[:place], phrases):
            yield pointer


def _pointer_at(tokens: Sequence[Token], place: int, phrases: Sequence[Phrase]) -> _Pointer | None:
    token = tokens[place]
    if token.lower not in _POINTERS:
        return None
    determined = next((one for one in phrases if one.start == token.start and len(one.text) > len(token.text)), None)
    if token.lower in _POSSESSIVE and determined:
        return _Pointer(_POSSESSIVE[token.lower], token, determined)
    kind = _kind_at(tokens, place, determined)
    return _Pointer(kind, token, determined if kind == "noun" else None) if kind else None


def _kind_at(tokens: Sequence[Token], place: int, determined: Phrase | None) -> str:
    """The class of a pronoun; empty where it stands for nothing, or for something in its own clause."""
    word = tokens[place].lower
    if word in ("one", "ones"):
        return "one" if place and _is_adjective_of_one(tokens, place) else ""
    if word in _ORDINALS:
        return "ordinal" if _is_ordinal_alone(tokens, place) else ""
    if word in ("that", "this", "it", "so") and _is_clause(tokens, place):
        return "clause"
    if word in _PERSONAL:
        return "" if _is_formal(tokens, place) else _PERSONAL[word]
    if word in _POINTING and _is_pronoun_here(tokens, place, determined):
        return "noun" if determined else _POINTING[word]
    return ""


def _is_adjective_of_one(tokens: Sequence[Token], place: int) -> bool:
    """Whether "one" stands for a noun, as after "the second" or "which"; not as the number in "one of the"."""
    before = [token.lower for token in tokens[max(0, place - 3) : place]]
    follows = tokens[place + 1].lower if place + 1 < len(tokens) else ""
    opens = any(word in ("the", "which", "that", "this", "another", "each", "every") for word in before)
    return opens and (follows not in ("of", "and") and not (follows.isalpha() and _is_noun(follows)))


def _is_noun(lower: str) -> bool:
    return not is_verb(lower) and lower not in _FUNCTION_WORDS


def _is_ordinal_alone(tokens: Sequence[Token], place: int) -> bool:
    follows = tokens[place + 1].lower if place + 1 < len(tokens) else "?"
    return place > 0 and tokens[place - 1].lower == "the" and (follows in AUXILIARIES | {"?", ".", ",", "about"})


def _is_clause(tokens: Sequence[Token], place: int) -> bool:
    """Whether a pronoun stands for all that was said: "when did she say that?", "why did they do it?"."""
    before = tokens[place - 1].lower if place else ""
    follows = tokens[place + 1].lower if place + 1 < len(tokens) else "?"
    ends = not follows.isalpha() or follows in PREPOSITIONS | LINKS
    return ends and before in _SAYING | {"do", "done", "doing", "happen"} and before not in ("show", "shows", "mean")


def _is_formal(tokens: Sequence[Token], place: int) -> bool:
    """Whether "it" or "there" stands for nothing: "is it true that", "how long does it take to", "is there"."""
    before = tokens[place - 1].lower if place else ""
    follows = [token.lower for token in tokens[place + 1 : place + 6]]
    if tokens[place].lower == "there":
        return before in AUXILIARIES or bool(follows and follows[0] in AUXILIARIES)
    if tokens[place].lower != "it":
        return False
    clause = "that" in follows or "to" in follows or "if" in follows
    return clause and bool(_FORMAL & set(follows[:3]))


def _is_pronoun_here(tokens: Sequence[Token], place: int, determined: Phrase | None) -> bool:
    """Whether "that" points back, rather than opening a clause or a relative one."""
    if tokens[place].lower != "that":
        return determined is None or determined.head not in _VAGUE
    before = tokens[place - 1].lower if place else ","
    follows = tokens[place + 1].lower if place + 1 < len(tokens) else "?"
    if before in _SAYING and follows not in _ENDS:
        return False
    points = determined is not None or follows in _AFTER_THAT or follows in _FORMAL or is_verb(follows)
    return points and (before in _BEFORE_THAT or is_verb(before))


def _is_bound(pointer: _Pointer, before: Sequence[Token], phrases: Sequence[Phrase]) -> bool:
    """Whether the question itself names, earlier, what the pronoun stands for.

    A possessive may be bound by a phrase of its own clause, a pronoun only by one of a clause before.
    """
    if pointer.kind not in _TIERS or pointer.kind in ("there", "noun"):
        return False
    boundaries = [token.start for token in before if token.lower in _BOUNDARIES]
    for phrase in phrases:
        names_topic = phrase.preposition in ("", "of", "about", "to", "for")
        is_earlier = phrase.end <= pointer.token.start and not phrase.asked and phrase.head not in _VAGUE
        reaches = pointer.phrase is not None or any(boundary >= phrase.end for boundary in boundaries)
        if is_earlier and names_topic and reaches and any(agrees(phrase) for agrees in _TIERS[pointer.kind]):
            return True
    return False


def _change_for(pointer: _Pointer, text: str, exchanges: Sequence[Exchange]) -> _Change | None:
    if pointer.kind in ("one", "ordinal"):
        return _noun_for_one(pointer, exchanges)
    found = _antecedent(pointer, exchanges, _words_beside(pointer, text)) if pointer.kind != "clause" else None
    if found is None:
        return None
    phrase, turn = found
    if pointer.phrase and phrase.kind == "thing" and (" of " in phrase.text or "'s " in phrase.text):
        phrase = _owner(phrase)
    named = definite(phrase)
    if pointer.kind == "noun" and pointer.phrase:
        return _Change(pointer.phrase.start, pointer.phrase.end, named, turn, named)
    if pointer.phrase is None:
        words = f"in {named}" if pointer.kind == "there" else named
        return _Change(pointer.token.start, pointer.token.end, words, turn, named)
    if " of " in named or named.count(" ") > 2 or named.endswith(('"', "”")):
        bare = pointer.phrase.bare
        return _Change(pointer.phrase.start, pointer.phrase.end, f"the {bare} of {named}", turn, named)
    own = "'" if phrase.plural else "'s"
    return _Change(pointer.token.start, pointer.token.end, named + own, turn, named)


def _owner(phrase: Phrase) -> Phrase:
    """Of "the vision of the strategy" and "the strategy's vision" the strategy: what a possessive goes on about."""
    owner, is_owned, _ = phrase.text.partition("'s ")
    if is_owned:
        return replace(phrase, text=owner, bare=owner, plural=False)
    inner = phrases_of(phrase.text)
    return inner[-1] if len(inner) > 1 and not inner[-1].plural else phrase


def _noun_for_one(pointer: _Pointer, exchanges: Sequence[Exchange]) -> _Change | None:
    """The noun that "one" stands for: of the last plural phrase, or else of what was asked for."""
    for exchange in reversed(exchanges):
        phrases = [*phrases_of(exchange.question), *phrases_of(exchange.answer)]
        things = [one for one in phrases if one.kind == "thing" and not one.inner and _can_be_named(one)]
        counted = [one for one in things if one.bare.split()[0].lower() in _ORDINALS]
        chosen = [one for one in things if one.plural] or [one for one in things if one.asked] or counted
        if chosen:
            noun = _without_numbers(chosen[0], plural=pointer.token.lower == "ones")
            place = pointer.token
            if pointer.kind == "ordinal":
                return _Change(place.end, place.end, f" {noun}", exchange.number, noun)
            return _Change(place.start, place.end, noun, exchange.number, noun)
    return None


def _without_numbers(phrase: Phrase, *, plural: bool) -> str:
    """What a phrase counts, for one of it: "four uses of testing" gives "use of testing"."""
    core, of, rest = phrase.bare.partition(" of ")
    words = core.split()
    while len(words) > 1 and (is_number(words[0].lower()) or words[0].lower() in _ORDINALS):
        words = words[1:]
    return (" ".join(words) if plural else singular(" ".join(words))) + of + rest


def _words_beside(pointer: _Pointer, text: str) -> frozenset[str]:
    """What the question names itself, which no pronoun in it stands for: "when did he go to college"."""
    own = pointer.phrase
    return frozenset(one.lower for one in tokens_of(text) if own is None or not own.start <= one.start < own.end)


def _antecedent(pointer: _Pointer, exchanges: Sequence[Exchange], named: frozenset[str]) -> tuple[Phrase, int] | None:
    if pointer.kind == "noun" and pointer.phrase:
        head = singular(pointer.phrase.head)
        tiers: Sequence[Callable[[Phrase], bool]] = [lambda phrase: singular(phrase.head) == head]
    else:
        tiers = _TIERS[pointer.kind]
    for exchange in reversed(exchanges):
        if points_back(exchange.question) and pointer.kind not in ("he", "she"):
            return None  # what was meant there is not known, and is what is meant here
        for phrases in salient(exchange, pointer.kind):
            for agrees in tiers:
                for phrase in phrases:
                    if agrees(phrase) and phrase.head not in named:
                        return phrase, exchange.number
    return None


def salient(exchange: Exchange, kind: str) -> list[list[Phrase]]:
    """The phrases of a turn that a pronoun of a class may stand for, in groups from the likeliest."""
    asked_for = [one for one in phrases_of(exchange.question) if _can_be_named(one)]
    asked, named = [one for one in asked_for if one.asked], [one for one in asked_for if not one.asked]
    if kind in ("he", "she"):
        named = [*_owners(named), *named]
    is_short = len(exchange.answer) <= SHORT_ANSWER
    answered = [one for one in phrases_of(exchange.answer) if _can_be_named(one) and one.preposition in ("", "by")]
    if not is_short:
        answered = [one for one in answered if one.kind == "person" and one.text.istitle()]
    if is_short and kind in ("they", "these") and (several := all_of(exchange.answer)):
        return [[one for one in asked if one.plural], [one for one in named if one.plural], [several], named, answered]
    if is_short and answered and _asks_for(exchange.question, kind):
        return [[whole_answer(exchange.answer) or answered[0]], named, answered, asked]
    return [asked, named, answered] if asked and asked[0].plural else [named, answered, asked]


def _owners(phrases: Sequence[Phrase]) -> list[Phrase]:
    """Who has what is named: of "William Johnson's role" William Johnson."""
    owned = [one.text.replace("’s ", "'s ").partition("'s ") for one in phrases if one.kind != "person"]
    return [phrases_of(owner)[-1] for owner, is_owned, _ in owned if is_owned and phrases_of(owner)]


def _can_be_named(phrase: Phrase) -> bool:
    """Whether a phrase names something that a later question may mean, rather than a time, a number or a pronoun."""
    first = phrase.text.split()[0].lower()
    head = singular(phrase.head)
    is_vague = phrase.kind == "thing" and head in _VAGUE
    return phrase.kind != "date" and not (is_vague or is_number(head) or first in _POINTING)


def _asks_for(question: str, kind: str) -> bool:
    """Whether a pronoun of this class more likely means what a question asked for than what it named."""
    opening = next((token.lower for token in tokens_of(question) if is_word(token)), "")
    if opening == "who":
        return kind in ("he", "she", "they")
    return any(one.asked and not one.plural and singular(one.head) not in _VAGUE for one in phrases_of(question))


def all_of(answer: str) -> Phrase | None:
    """A short answer that lists things, as one phrase in the plural: "shared standards and a plan"."""
    text = answer.strip(" .")
    phrases = phrases_of(text)
    if " and " not in text or len(phrases) < 2 or phrases[0].start > 0 or _holds_verb(text):
        return None
    if text.split()[0].endswith("ing") and text.split()[1].lower() in DETERMINERS:  # "evolving the service"
        return None
    if phrases[0].kind == "thing":
        text = text[0].lower() + text[1:]
    return replace(phrases[0], text=text, bare=text, end=len(text), plural=True, asked=False, inner=False)


def _holds_verb(text: str) -> bool:
    return any(
        token.lower in AUXILIARIES or (is_verb(token.lower) and token.text.islower()) for token in tokens_of(text)
    )


def whole_answer(answer: str) -> Phrase | None:
    """A short answer without a verb as one phrase, up to its first comma: a title may hold any words."""
    text = re.split(r"[,;(]", answer, maxsplit=1)[0].strip(" .")
    phrases = phrases_of(text)
    if not phrases or phrases[0].start > 0 or len(text) > LONGEST_TITLE or _holds_verb(text):
        return None
    first, last = phrases[0], [one for one in phrases if not one.inner][-1]
    return replace(first, text=text, end=len(text), bare=text[len(first.text) - len(first.bare) :], head=last.head)


def definite(phrase: Phrase) -> str:
    """A phrase as it is named the second time: "a report" and "which report" become "the report"."""
    first = phrase.text.split()[0].lower()
    if first in _INDEFINITE or (phrase.asked and phrase.text == phrase.bare):
        return f"the {phrase.bare}"
    return phrase.text[0].lower() + phrase.text[1:] if first in DETERMINERS else phrase.text


def _is_he(phrase: Phrase) -> bool:
    return phrase.kind == "person" and not phrase.plural


def _is_lone_name(phrase: Phrase) -> bool:
    return phrase.kind == "name" and phrase.text == phrase.bare and phrase.text.istitle()


def _is_it(phrase: Phrase) -> bool:
    return phrase.kind in ("thing", "name") and not phrase.plural


def _is_object(phrase: Phrase) -> bool:
    """A thing that the question is about without a preposition: of "when did the NHS publish the plan" the plan."""
    return _is_it(phrase) and phrase.kind == "thing" and not phrase.preposition and phrase.text != phrase.bare


def _is_plural(phrase: Phrase) -> bool:
    return phrase.plural and phrase.kind != "date"


def _is_they(phrase: Phrase) -> bool:
    return _is_plural(phrase) or is_group(phrase)


_TIERS: dict[str, Sequence[Callable[[Phrase], bool]]] = {
    "he": (_is_he, _is_lone_name),
    "she": (_is_he, _is_lone_name),
    "it": (_is_object, _is_it, lambda phrase: phrase.kind == "place"),
    "that": (_is_object, lambda phrase: _is_it(phrase) and phrase.kind == "thing"),
    "they": (_is_they, _is_he),
    "these": (_is_plural,),
    "there": (lambda phrase: phrase.kind == "place",),
    "noun": (),
}
"""For each kind of pronoun, what it may stand for, in classes from the likeliest."""
