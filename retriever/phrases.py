"""The phrases of a question that another question may point back to: what kind of thing each names, and how many.

Shallow on purpose: tokens, word lists and the order of words, no model. Every list is short enough to be read, every
pass over a text is linear, and only the first characters of a text are looked at. What this module does not do: decide
which phrase a pronoun means (`retriever.references`), or build a question (`retriever.rewriting`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["person", "name", "place", "date", "thing"]

LONGEST_PHRASE = 110
"""Characters; a longer phrase would bury the question that it is put into."""

_TOKEN = re.compile(r'"[^"\n]{1,100}"|“[^”\n]{1,100}”|[^\W_]+(?:[-\'’&./][^\W_]+)*|[^\s\w]')
_MODALS = frozenset("can could will would shall should may might must".split())
_ASKED = ("which", "what", "whose")
_COUNTS = frozenset("one two three four five six seven eight nine ten eleven twelve several".split())
_NOUNS_IN_LY = frozenset("family supply reply assembly anomaly early daily weekly monthly ally only fly".split())
_YEAR = re.compile(r"(?:1[0-9]|20)[0-9]{2}s?")
_NUMBER = re.compile(r"[0-9][0-9.,]*(?:st|nd|rd|th)?")
MONTHS = frozenset(
    "january february march april may june july august september october november december spring summer autumn "
    "monday tuesday wednesday thursday friday saturday sunday".split()
)
DETERMINERS = frozenset("the a an this that these those my your our their its his her each every any some".split())
ASKING = frozenset("who whom whose what which when where why how".split())
AUXILIARIES = frozenset(
    "is are was were be been am do does did has have had can could will would shall should may might must".split()
)
PREPOSITIONS = frozenset(
    "about above according across after against among around as at before behind below between beyond by concerning "
    "despite during except for from in inside into like near of off on onto out outside over per regarding since than "
    "through throughout to toward towards under until up upon via with within without".split()
)
PRONOUNS = frozenset(
    "i me you we us he him she it they them there here himself herself itself themselves one ones someone anyone "
    "everyone somebody anybody something anything everything nothing nobody".split()
)
LINKS = frozenset(
    "and or but nor so if because while whether although though when where that than then not no yes also else only "
    "whos whats ever even just still yet already exactly precisely really actually too very more most much many how "
    "due available ready responsible today tomorrow yesterday".split()
)
VERBS = frozenset(
    "accept achieve add affect agree allow announce appear apply appoint argue arrive ask assume avoid base become "
    "begin believe belong bring build buy call carry cause choose claim close collect come compare concern consider "
    "consist contain continue contribute create decide declare define deliver depend describe develop die differ "
    "discover draw eat elect encourage end enter establish exist expand expect explain express fall feel find follow "
    "form gain get give go govern grow happen hear help hold identify include increase introduce invent involve join "
    "keep know last lead learn leave let live look lose love make mark marry matter mean measure meet mention move "
    "name need occur open oppose originate own pay perform play prefer prevent produce promise propose provide publish "
    "put reach read receive recommend reduce refer reject relate release remain remove replace represent require "
    "respond result run say see seem sell send serve settle show sign speak spend stand start stay stop suggest "
    "support take talk teach tell thank think travel treat try turn understand use visit vote wait want welcome win "
    "work write cover address ban fund sue kill attack divorce retire compete earn merge "
    "host invest teach regulate check complain warn criticise criticize".split()
)
_CLOSED = AUXILIARIES | PREPOSITIONS | PRONOUNS | LINKS | ASKING | DETERMINERS
_IRREGULAR = frozenset(
    "said made given taken found built held led left lost meant met paid sent sold spent stood taught told thought "
    "understood won written known seen shown begun become gone done driven drawn chosen born came went took gave got "
    "became began grew knew saw spoke wrote ran put kept brought bought fought sought drew rose fell felt chose sang "
    "sat threw wore hit flew forgot hid rode stole struck laid heard caught broke broken beat ate eaten drank".split()
)
_VERB_FORMS = (
    VERBS | _IRREGULAR | {form for verb in VERBS for form in (f"{verb}s", f"{verb}es", f"{verb.removesuffix('y')}ies")}
)
_PEOPLE = frozenset(
    "author chair chairman chairwoman chairperson chief director doctor editor executive founder head king leader "
    "manager mayor minister officer owner person pope president professor queen secretary spokesperson spokesman "
    "spokeswoman writer singer actor actress player king emperor duke commissioner governor commentator".split()
)
_PLURALS = frozenset("people children men women criteria staff police".split())
_GROUPS = frozenset(
    "government company organisation organization team committee council party parliament department agency "
    "association union court board family university ministry band group army police staff".split()
)
_PLACES = frozenset(
    "england wales scotland ireland britain uk europe eu usa us america france germany spain italy portugal china "
    "japan india russia canada australia africa asia london paris berlin rome madrid york california texas brazil "
    "mexico norway sweden denmark finland poland greece austria switzerland belgium netherlands".split()
)
_IN_PLACE = frozenset("in at near inside outside within from to across".split())
_DIRECTIONS = frozenset("north south east west northern southern eastern western new great united".split())


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted title or a mark, with its place; ``lower`` is without case."""

    text: str
    start: int
    end: int
    lower: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase: ``start`` and ``end`` in its text, ``head`` the noun that it is about, in lower case.

    ``preposition`` is the word before it when that is one. ``asked``: it is what the question asks for ("which plan").
    ``inner``: it stands in a longer phrase, after "of". ``bare`` is the text without determiner.
    """

    text: str
    start: int
    end: int
    kind: Kind
    plural: bool
    head: str
    bare: str
    preposition: str = ""
    asked: bool = False
    inner: bool = False


@lru_cache(maxsize=256)
def tokens_of(text: str) -> tuple[Token, ...]:
    """The words and marks of a text."""
    return tuple(Token(match[0], match.start(), match.end(), match[0].lower()) for match in _TOKEN.finditer(text))


def is_word(token: Token) -> bool:
    """Whether a token is no mark."""
    return token.text[0].isalnum() or token.text[0] in '"“'


def is_verb(lower: str) -> bool:
    """Whether a word is most often a verb, in any of its forms."""
    return lower in _VERB_FORMS or (lower.endswith("ed") and len(lower) > 3 and not lower.endswith("eed"))


@lru_cache(maxsize=256)
def phrases_of(text: str) -> tuple[Phrase, ...]:
    """The noun phrases of a text in their order; where one holds another after "of", both, the longer first.

    >>> [(phrase.text, phrase.kind) for phrase in phrases_of("When was the report of the ABPI published in Wales?")]
    [('the report of the ABPI', 'thing'), ('the ABPI', 'name'), ('Wales', 'place')]
    """
    tokens = tokens_of(text)
    runs, place = [], 0
    while place < len(tokens):
        end = _end_of_run(tokens, place)
        kept = _without_last_verb(tokens, place, end)
        if kept > place:
            runs.append((place, kept))
        place = max(end, place + 1)
    found = _with_complements(text, tokens, runs)
    return tuple(phrase for phrase in found if phrase.end - phrase.start <= LONGEST_PHRASE)


def _end_of_run(tokens: Sequence[Token], first: int) -> int:
    """The place after a determiner with its nouns, or after nouns alone; ``first`` where none begins."""
    if _is_bare_verb(tokens, first) or _is_extent(tokens, first):
        return first
    nouns = place = _after_determiner(tokens, first)
    while place < len(tokens) and _continues(tokens, first, nouns, place):
        place += 1
    return place if place > nouns else first


def _is_bare_verb(tokens: Sequence[Token], place: int) -> bool:
    """Whether a word is a verb by what stands before it: "who should check", "the one to cite"."""
    before = [token.lower for token in tokens[max(0, place - 2) : place]]
    if before[-1:] == ["to"]:
        return (
            tokens[place].text.islower()
            and tokens[place].lower not in _CLOSED
            and not tokens[place].lower.endswith("s")
        )
    return len(before) == 2 and before[0] == "who" and before[1] in _MODALS


def _is_extent(tokens: Sequence[Token], place: int) -> bool:
    """Whether a word says how far something goes: "long" in "how long is the term"."""
    return place > 0 and tokens[place - 1].lower == "how" and tokens[place].text.islower()


def _after_determiner(tokens: Sequence[Token], first: int) -> int:
    return first + (tokens[first].lower in DETERMINERS or tokens[first].lower in _ASKED)


def _continues(tokens: Sequence[Token], first: int, nouns: int, place: int) -> bool:
    """Whether the word at a place belongs to the phrase that begins at ``first``, its nouns at ``nouns``."""
    token = tokens[place]
    is_month = token.lower in MONTHS and token.text[0].isupper()
    is_closed = token.lower in _CLOSED or (token.lower.endswith("ly") and token.lower not in _NOUNS_IN_LY)
    if not is_word(token) or (is_closed and not is_month and not token.text[0].isupper()):
        return False
    if token.text[0].isupper():
        return token.lower not in _CLOSED or is_month or _is_acronym(token.text)
    if not is_verb(token.lower):
        return True
    follows_article = place == nouns > first and tokens[first].lower in DETERMINERS  # "the proposed budget"
    opens = place == first and (first == 0 or tokens[first - 1].lower in _MODALS)
    is_adjective = (
        opens and token.lower.endswith("ed") and tokens[place + 1 : place + 2] and _is_open(tokens[place + 1])
    )
    return (
        follows_article
        or bool(is_adjective)
        or (place > nouns and all(is_number(one.lower) for one in tokens[nouns:place]))
    )


def _is_open(token: Token) -> bool:
    return is_word(token) and token.lower not in _CLOSED


def is_number(lower: str) -> bool:
    """Whether a word counts: in digits or in words up to twelve."""
    return lower in _COUNTS or bool(_NUMBER.fullmatch(lower))


def _without_last_verb(tokens: Sequence[Token], first: int, end: int) -> int:
    """After "does the ABPI", the last word of the run is the verb, whatever it looks like."""
    nouns = _after_determiner(tokens, first)
    helper = tokens[first - 1].lower if first else ""
    follows = tokens[end].lower if end < len(tokens) else ""
    has_verb = is_verb(follows) or follows in ("of", "have", "be", "and", "or")
    helps = helper in _MODALS or helper in ("do", "does", "did")
    lower_case = tokens[end - 1].text.islower() and not tokens[end - 1].lower.endswith(("ion", "ing", "ity"))
    return end - 1 if helps and not has_verb and end - nouns >= 2 and lower_case else end


def _with_complements(text: str, tokens: Sequence[Token], runs: list[tuple[int, int]]) -> list[Phrase]:
    """The phrases of the runs; one that "of" joins to the next reaches to the end of that."""
    found: list[Phrase] = []
    reach: dict[int, int] = {}
    for number in reversed(range(len(runs))):
        _, end = runs[number]
        joined = number + 1 < len(runs) and runs[number + 1][0] == end + 1 and tokens[end].lower == "of"
        reach[number] = reach[number + 1] if joined else end
    for number, (first, end) in enumerate(runs):
        inner = number > 0 and reach[number - 1] == reach[number]
        found.append(_to_phrase(text, tokens, (first, end, reach[number]), inner=inner))
    return found


def _to_phrase(text: str, tokens: Sequence[Token], run: tuple[int, int, int], *, inner: bool) -> Phrase:
    first, end, reach = run
    asked = tokens[first].lower in _ASKED or (first > 0 and tokens[first - 1].lower in ("many", "much"))
    nouns = _after_determiner(tokens, first)
    core = tokens[nouns:end]
    before = tokens[first - 1].lower if first else ""
    opens = first == 0 and reach < len(tokens) and is_word(tokens[reach])  # any word has a capital there
    start, stop = tokens[first].start, tokens[reach - 1].end
    head = core[-1].text.strip('"“”')
    return Phrase(
        text=text[start:stop],
        start=start,
        end=stop,
        kind="thing" if opens and len(core) == 1 and core[0].text.istitle() else _kind_of(core, before, nouns > first),
        plural=_is_plural(core, asked=asked),
        head=head.lower(),
        bare=text[core[0].start : stop],
        preposition=before if before in PREPOSITIONS else "",
        asked=asked,
        inner=inner,
    )


def _kind_of(core: Sequence[Token], before: str, with_determiner: bool) -> Kind:
    lowers = [token.lower for token in core]
    if _is_date(lowers):
        return "date"
    if lowers[-1] in _PLACES and _PLACES_IN_FULL.issuperset(lowers):
        return "place"
    if lowers[-1] in _PEOPLE:
        return "person"
    if core[-1].text[0] in '"“':
        return "name"
    return _kind_of_name(core, before, with_determiner=with_determiner) if _is_capitalised(core) else "thing"


def _is_date(lowers: Sequence[str]) -> bool:
    dated = [lower in MONTHS or bool(_YEAR.fullmatch(lower)) for lower in lowers]
    return any(dated) and all(
        is_dated or _NUMBER.fullmatch(lower) for is_dated, lower in zip(dated, lowers, strict=True)
    )


def _is_capitalised(core: Sequence[Token]) -> bool:
    return all(token.text[0].isupper() for token in core)


def _kind_of_name(core: Sequence[Token], before: str, *, with_determiner: bool) -> Kind:
    """Two or three capitalised words are a person's name, unless one of them is a word of institutions or places."""
    if before in ("in", "at", "near") and not any(_is_acronym(token.text) for token in core):
        return "place"
    is_full_name = 2 <= len(core) <= 3 and not with_determiner and all(_is_given_name(token.text) for token in core)
    return "person" if is_full_name and _INSTITUTIONAL.isdisjoint(token.lower for token in core) else "name"


_INSTITUTIONS = frozenset(
    "service strategy act plan programme program office review report bank church college genome genomics health "
    "hospital institute kingdom league museum park river school science society state street system war world".split()
)


_PLACES_IN_FULL = _PLACES | _DIRECTIONS
_INSTITUTIONAL = _PLACES_IN_FULL | _GROUPS | _INSTITUTIONS


def _is_plural(core: Sequence[Token], *, asked: bool) -> bool:
    head = core[-1]
    if _is_acronym(head.text) or head.text[0] in '"“':
        return False
    if head.lower in _PLURALS or (asked and head.lower == "data"):
        return True
    ends = head.lower.endswith("s") and not head.lower.endswith(("ss", "us", "is", "ics", "'s", "’s"))
    return ends and len(head.lower) > 3 and not (head.text[0].isupper() and head.lower in _PLACES)


def is_group(phrase: Phrase) -> bool:
    """Whether a phrase names a body of people, which is "they" as often as "it"."""
    return phrase.head in _GROUPS or phrase.kind == "name"


def _is_acronym(text: str) -> bool:
    return len(text) > 1 and sum(map(str.isupper, text)) > 1 and not text.islower() and text.isupper()


def _is_given_name(text: str) -> bool:
    return (
        text[0].isupper()
        and text[1:].replace("-", "").replace("'", "").replace("’", "").isalpha()
        and not (_is_acronym(text))
    )


def singular(noun: str) -> str:
    """A noun for one of what a plural names.

    >>> singular("priority areas"), singular("studies"), singular("classes"), singular("people")
    ('priority area', 'study', 'class', 'person')
    """
    if noun.endswith("people"):
        return noun.removesuffix("people") + "person"
    if noun.endswith("ies") and len(noun) > 5:
        return noun.removesuffix("ies") + "y"
    if noun.endswith(("sses", "ches", "shes", "xes")):
        return noun.removesuffix("es")
    return noun.removesuffix("s") if not noun.endswith(("ss", "us", "is")) else noun
