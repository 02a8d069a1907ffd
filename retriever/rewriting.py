"""Makes a standalone question of one that leans on those before it, by rules, or says that it can't.

Two kinds of leaning. A whole question with pronouns gets the phrases that they stand for (`retriever.references`). A
piece of a question ("and in Wales?", "what about the ABPI?", "why?") is put into the last question in the place of what
it replaces: the phrase of the same kind, or the question word. A rule that is not sure gives ``None``: a reader is
shown what was searched for, and a wrong question in good English is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from language import STOP_WORDS
from retriever.phrases import (
    ASKING,
    AUXILIARIES,
    LINKS,
    PREPOSITIONS,
    Phrase,
    is_verb,
    is_word,
    phrases_of,
    singular,
    tokens_of,
)
from retriever.references import Exchange, Resolved, points_back, resolve_references

LONGEST_SENTENCE = 200
"""Characters of an answer's sentence that is asked about as a whole."""

_WORD = re.compile(r"[^\W_]+")
_OPENING = re.compile(
    r"(?:(?:(?:ok|okay|well|thanks|yes|no|right|now),|(?:and|but|or|so|also|then)\b,?)\s+){0,3}"
    r"(?:(what about|how about)\s+)?",
    re.IGNORECASE,
)
_SAID_THAT = re.compile(
    r"(who|which \w{1,30}) (said|says|claims|claimed|wrote|thinks) (?:that|so|this|it)\W*", re.IGNORECASE
)
_WHY = re.compile(r"why(?: is| was|'s|’s)? (?:that|this|so)\W*|how (?:so|come)\W*|why\W*", re.IGNORECASE)
_SHORT_FORMS = re.compile(
    r"\b(who|what)s\b|\b(it|he|she|that|there|what|who|where|when|how|why)['’]s\b|\b(they)['’]re\b", re.IGNORECASE
)
_MARKERS = re.compile(r"\[[0-9, ]{1,20}\]|[⁰¹²³⁴-⁹]+")
_EDITIONS = frozenset("version edition draft update revision".split())
_ADVERBS = frozenset("exactly precisely then so roughly else".split())
_TIMES = frozenset("year month day date time place reason long often far much many".split())
_QUESTION_WORDS = ASKING | _ADVERBS | _TIMES | PREPOSITIONS
_ADJUNCTS = frozenset("when where why how".split())


def rewrite(question: str, exchanges: Sequence[Exchange]) -> Resolved | None:
    """A question as a standalone one, with the turns that its words come from.

    Args:
        question: that leans on the turns before it.
        exchanges: the turns before it, oldest first, their questions standalone.

    >>> turn = Exchange(0, "When was the strategy published in England?", "On 12 October 2022.")
    >>> rewrite("and in Wales?", [turn]).text, rewrite("who welcomed it?", [turn]).text
    ('When was the strategy published in Wales?', 'Who welcomed the strategy?')
    """
    opening = _OPENING.match(question := question.strip())
    text = _expanded(question[opening.end() :] if opening else question).strip()
    if _SAID_THAT.fullmatch(text):
        return _finished(_who_said(text, exchanges))
    if not text or not exchanges:
        return None
    asks_about = bool(opening and opening[1])
    if is_piece(text) or _WHY.fullmatch(text):
        return _finished(_fill(text, exchanges, insists=len(text) < len(question)))
    resolved = resolve_references(text, exchanges)
    if asks_about or resolved is None or (not resolved.used and not stands_alone(text)):
        return None
    return _finished(resolved)


def carries_on(question: str) -> bool:
    """Whether a question that leans back is a whole one, and none put into the place of the one before it.

    >>> carries_on("And who welcomed it?"), carries_on("and in Wales?"), carries_on("Why is that?")
    (True, False, False)
    """
    opening = _OPENING.match(question := question.strip())
    text = question[opening.end() :] if opening else question
    return not is_piece(text) and not _WHY.fullmatch(text)


def stands_alone(text: str) -> bool:
    """Whether a question has a subject of its own: a name, or a thing that more than one word tells of.

    >>> stands_alone("What does GMS stand for?"), stands_alone("What are the risks?")
    (True, False)
    """
    subjects = [phrase for phrase in phrases_of(text) if phrase.kind != "date" and not phrase.asked]
    words = [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]
    return (len(words) > 1 and bool(subjects)) or any(phrase.kind != "thing" for phrase in subjects)


def has_opening(question: str) -> bool:
    """Whether a question begins as the continuation of another: with "and", "but", "what about"."""
    found = _OPENING.match(question.strip())
    return bool(found and found.end() > 0)


def is_piece(text: str) -> bool:
    """Whether a text has no verb, so that it is a piece of a question and no whole one.

    >>> is_piece("in Wales?"), is_piece("why exactly?"), is_piece("Who published the strategy?")
    (True, True, False)
    """
    phrases, words = phrases_of(text), [token for token in tokens_of(text) if is_word(token)]
    if len(words) > 2 and words[0].lower == "who":
        return False
    return not any(
        token.lower in AUXILIARIES
        or (is_verb(token.lower) and not any(one.start <= token.start < one.end for one in phrases))
        for token in tokens_of(text)
    )


def _expanded(text: str) -> str:
    """Without the short forms that a phrase could not stand in: "it's" becomes "it is"."""
    return _SHORT_FORMS.sub(lambda found: f"{found[3]} are" if found[3] else f"{found[1] or found[2]} is", text)


def _finished(resolved: Resolved | None) -> Resolved | None:
    """As a question is written: with a capital and a question mark, on one line."""
    if resolved is None:
        return None
    text = " ".join(resolved.text.split()).rstrip(" ?.!,;:")
    return Resolved(f"{text[:1].upper()}{text[1:]}?", resolved.used) if text else None


# Pieces of questions


def _fill(text: str, exchanges: Sequence[Exchange], *, insists: bool) -> Resolved | None:
    last = exchanges[-1]
    if points_back(last.question):  # itself a question that nothing was found for
        return None
    if _is_question_word(text):
        return _with_question_word(text, last)
    resolved = resolve_references(text, exchanges)
    if resolved is None:
        return None
    phrases = phrases_of(resolved.text)
    if phrases and (phrases[0].asked or tokens_of(resolved.text)[0].lower in ASKING):
        return None
    is_same = (
        any(singular(one.head) == singular(phrases[0].head) for one in phrases_of(last.question)) if phrases else False
    )
    if (
        phrases
        and (is_same or not resolved.used)
        and (filled := _exchanged(phrases[0], resolved.text, last, insists=insists))
    ):
        return Resolved(filled, (*resolved.used, last.number) if last.number not in resolved.used else resolved.used)
    is_named = bool(resolved.used) and bool(phrases) and phrases[0].start == 0
    return Resolved(f"What about {resolved.text}", resolved.used) if is_named else None


def _exchanged(piece: Phrase, text: str, last: Exchange, *, insists: bool) -> str | None:
    """The last question with the piece in the place of its counterpart, or at its end."""
    phrases, base = phrases_of(last.question), last.question
    words = text[piece.start :].rstrip(" ?.!,;:")
    lead = text[: piece.start].strip().lower()
    if len(phrases_of(words)) > 4 or not PREPOSITIONS.issuperset(lead.split()):
        return None
    old = counterpart(piece, phrases) or _after(lead, piece, base)
    if old is None:
        return _edition(piece, words, base, phrases) or (_appended(piece, words, base) if insists else None)
    if not insists and piece.kind == "thing":
        return None
    return _put(lead, piece, words, base, old)


def _put(lead: str, piece: Phrase, words: str, base: str, old: Phrase) -> str | None:
    """The question with the words in the place of a phrase; with their own preposition in the place of another."""
    if not lead or base[: old.start].rstrip().lower().endswith(lead):
        return base[: old.start] + words + base[old.end :]
    if not old.preposition or lead != piece.preposition:
        return None
    start = base.lower().rindex(old.preposition, 0, old.start)
    return base[:start] + f"{piece.preposition} {words}" + base[old.end :]


def counterpart(piece: Phrase, phrases: Sequence[Phrase]) -> Phrase | None:
    """The phrase of a question that another one replaces: about the same noun, or of the same kind, if only one is."""
    pool = [one for one in phrases if not one.asked]
    same_noun = [one for one in pool if singular(one.head) == singular(piece.head)]
    if same_noun:
        return same_noun[0]
    if piece.kind in ("date", "place"):
        return next((one for one in pool if one.kind == piece.kind), None)
    if piece.kind in ("name", "person"):
        names = [one for one in pool if one.kind == piece.kind] or [
            one for one in pool if one.kind in ("name", "person")
        ]
        return names[0] if names else None
    things = [one for one in pool if one.kind == "thing" and not one.inner and one.preposition == piece.preposition]
    things = things or (
        [] if piece.preposition else [one for one in pool if one.kind not in ("date", "person") and not one.inner]
    )
    return things[0] if len(things) == 1 and piece.head not in _EDITIONS else None


def _after(lead: str, piece: Phrase, base: str) -> Phrase | None:
    """What stands after the same prepositions as the piece, such as "according to"."""
    if not lead or piece.kind in ("date", "place"):
        return None
    old = [one for one in phrases_of(base) if base[: one.start].rstrip().lower().endswith(lead)]
    return old[0] if len(old) == 1 else None


def _edition(piece: Phrase, words: str, base: str, phrases: Sequence[Phrase]) -> str | None:
    """The last question, asked of an edition of what it is about: "the 2019 version"."""
    subject = next((one for one in phrases if one.kind in ("thing", "name") and not one.asked), None)
    if piece.head not in _EDITIONS or subject is None or piece.preposition:
        return None
    return f"{base[: subject.start]}{words} of {subject.text}{base[subject.end :]}"


def _appended(piece: Phrase, words: str, base: str) -> str | None:
    """The last question with a further condition: a place, a date, or whatever comes with a preposition."""
    preposition = piece.preposition or ("in" if piece.kind in ("place", "date") else "")
    return f"{base.rstrip(' ?.!')} {preposition} {words}" if preposition else None


# Question words


def _is_question_word(text: str) -> bool:
    words = [token.lower for token in tokens_of(text) if is_word(token)]
    return bool(words) and (
        bool(_WHY.fullmatch(text)) or (any(word in ASKING for word in words) and set(words) <= _QUESTION_WORDS)
    )


def _with_question_word(text: str, last: Exchange) -> Resolved | None:
    """The last question with another question word; only where the old one can go without leaving a gap."""
    words = [token.lower for token in tokens_of(text) if is_word(token)]
    asked = "why" if _WHY.fullmatch(text) else " ".join(word for word in words if word not in _ADVERBS)
    tokens = [token for token in tokens_of(last.question) if is_word(token)]
    helper = next((number for number, token in enumerate(tokens[:7]) if token.lower in AUXILIARIES), None)
    if helper is None or asked.split()[0] in ("who", "what", "whom", "whose") or asked == "which":
        return None
    old = [token.lower for token in tokens[:helper]]
    is_adjunct = not old or old[0] in PREPOSITIONS or (old[0] in _ADJUNCTS and not {"much", "many"} & set(old))
    if (
        not is_adjunct
        or (not old and last.answer.lower().startswith("no"))
        or not _has_predicate(last.question, tokens[helper].end)
    ):
        return None
    rest = _without_kind(last.question, _ASKED_KINDS.get(asked, ""))[tokens[helper].start :]
    return Resolved(f"{asked} {rest[0].lower()}{rest[1:]}", (last.number,))


_ASKED_KINDS = {"where": "place", "when": "date"}


def _without_kind(question: str, kind: str) -> str:
    """The question without its phrases of a kind, which the new question word asks for."""
    for phrase in reversed(phrases_of(question)):
        if phrase.kind == kind and phrase.preposition:
            start = question.lower().rindex(phrase.preposition, 0, phrase.start)
            question = question[:start].rstrip() + question[phrase.end :]
    return question


def _has_predicate(question: str, start: int) -> bool:
    """Whether something is said of the subject: "was the plan published", not "is the plan"."""
    subject = next((one for one in phrases_of(question) if one.start >= start), None)
    return subject is not None and bool(question[subject.end :].strip(" ?.!"))


# Who said that


def _who_said(text: str, exchanges: Sequence[Exchange]) -> Resolved | None:
    """A question for the speaker of the last answer's first sentence, where that is a whole one."""
    if not exchanges or not (sentence := key_sentence(exchanges[-1].answer)):
        return None
    said = resolve_references(sentence, exchanges)
    if said is None:
        return None
    words = text.split()
    asker = " ".join(words[:-1]).rstrip()
    first = said.text.split()[0]
    lowered = said.text[0].lower() + said.text[1:] if first.lower() in _LOWERED else said.text
    return Resolved(f"{asker} that {lowered}", tuple(sorted({exchanges[-1].number, *said.used})))


_LOWERED = (
    LINKS
    | PREPOSITIONS
    | frozenset("the a an this that these those it they he she there its their his her all some most".split())
)


def key_sentence(answer: str) -> str:
    """The first sentence of an answer when it is a whole one in plain words; otherwise nothing."""
    plain = " ".join(_MARKERS.sub(" ", answer).split())
    sentence = re.split(r"(?<=[a-z0-9)][.!?])\s+(?=[A-Z])", plain[: 2 * LONGEST_SENTENCE], maxsplit=1)[0].rstrip(" .!")
    is_plain = not any(mark in sentence for mark in ("<", ">", "](", "://", "`", "|", "{", "?"))
    is_whole = len(sentence.split()) >= 4 and not is_piece(sentence)
    return sentence if is_plain and is_whole and len(sentence) <= LONGEST_SENTENCE else ""
