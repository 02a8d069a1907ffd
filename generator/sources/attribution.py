"""Who says it: the speaker of a statement that a document reports, and what becomes of that speaker in an answer.

Rules over lists of verbs and of those who speak, for English as it is written: no model. What this module does not do:
decide whether the statement is true, or find speakers that are only implied. "" stands for the document itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.words import stem, stems
from language import STOP_WORDS

LONGEST = 1000
"""Characters of a sentence that are looked at; what is longer is no sentence that somebody said."""
SENTENCES_BACK = 3
"""How far a pronoun, or a quotation that goes on, is followed back to its speaker."""
LEAST_REPORTED = 0.5
"""Share of an answer's content that must stand in what a speaker is reported to say, to be that speaker's."""

_SAY = (
    "says? said argue[sd]? believe[sd]? warn(?:s|ed)? insist(?:s|ed)? recommend(?:s|ed)? suggest(?:s|ed)? stated "
    "announce[sd]? claimed acknowledge[sd]? assert(?:s|ed)? contend(?:s|ed)? predict(?:s|ed)? welcome[sd]? "
    "urge[sd]? critici[sz]e[sd]? estimate[sd]? complain(?:s|ed)? expects? expected propose[sd]? emphasi[sz]e[sd]? "
    "stress(?:es|ed) allege[sd]? advise[sd]? hoped feared praise[sd] condemn(?:s|ed)? deplore[sd]? comment(?:s|ed) "
    "remark(?:s|ed)"
).replace(" ", "|")
"""Verbs that report whatever follows them."""

_SAY_THAT = (
    "add(?:s|ed)? notes noted finds? found holds? held shows? showed reports? reported states? claims? "
    "observe[sd]? wrote writes? explain(?:s|ed)? thinks? thought feels? felt agree[sd]? admit(?:s|ted)? "
    "den(?:y|ies|ied) declare[sd]? maintain(?:s|ed)? considers? considered conclude[sd]? indicate[sd]? "
    "reveal(?:s|ed)? confirm(?:s|ed)? repl(?:y|ies|ied) answer(?:s|ed)? tells? told doubts? doubted hopes? fears?"
).replace(" ", "|")
"""Verbs that report with "that" or a quotation, and have another meaning without."""

_TOLD = (
    "said|says|add(?:s|ed)|wrote|writes|explain(?:s|ed)|ask(?:s|ed)|argue[sd]|warn(?:s|ed)|insist(?:s|ed)|claimed|"
    "repl(?:ies|ied)"
)
"""Verbs that follow what was said, before their subject or after it."""

_VERB = (
    rf"(?:(?:{_SAY})\b|(?:{_SAY_THAT})(?:(?: [\w’'-]+){{0,4}} that\b|[,:]? [“\"])"
    r"|(?:calls?|called) (?:it|this|them|him|her|the \w+ of)\b|describe[sd]? (?:[\w’'-]+ ){1,8}as\b)"
)
_BEFORE_VERB = (
    r"(?:(?:has|have|had|also|then|once|still|first|always|often|never|even|later|further|again|now|all|himself|herself|"
    r"itself|themselves|[a-z]+ly|may|might|would|does not|did not) )*"
)
_NAMED = r"[\w’'&.-]+(?: [\w’'&.-]+){0,9}?"
_ASIDE = r"(?: ?, [^,]{2,80},| \([^)]{2,60}\))?"
_SUBJECT = re.compile(
    rf"^(?:[^,“\"]{{2,60}}, )?(?P<who>{_NAMED}){_ASIDE} {_BEFORE_VERB}(?P<verb>{_VERB})(?P<rest>.*)", re.DOTALL
)
_AFTER = re.compile(rf"(?:[”\"’'],? ?(?:{_TOLD})|, (?:said|says)) (?P<who>{_NAMED})(?=[,.;:”\"]|$)")
_TAIL = re.compile(
    rf"[,”\"] ?(?P<who>{_NAMED}){_ASIDE} {_BEFORE_VERB}(?:{_TOLD})"
    r"(?: (?:on|in|at|to|yesterday|today|last) ?[^,“\"]{0,50})?[.,:]"
)
_ACCORDING = re.compile(
    rf"\b(?:according to|in the (?:words|view|opinion|eyes) of|as (?:reported|stated|argued) by) (?P<who>{_NAMED})"
    r"(?=[,.;:)]|$)",
    re.IGNORECASE,
)
_VIEW = re.compile(
    rf"\b(?:the (?:view|position|opinion|stance|advice) of (?P<of>{_NAMED})|(?P<whose>{_NAMED})[’']s? "
    r"(?:view|position|opinion|stance|advice)) (?:is|was|remains|has been) (?:that|to)\b",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"\b(?:argued|criticised|criticized|described|condemned|praised|proposed|recommended|suggested|welcomed|estimated"
    rf"|called [^.]{{2,40}}) by (?P<who>{_NAMED})(?=[,.;:]| as\b| that\b| to be\b| for\b| in\b|$)"
)
_OWN = re.compile(
    r"(?:one|who|which|this|that|these|those|there|(?:this|the present) (?:\w+ )?(?:report|page|memo|note|document|"
    r"guidance|briefing|paper|article|section|table|timeline|summary|study|review|chapter|leaflet|draft|version))",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"(?:he|she|it|they)", re.IGNORECASE)
_PERSON = re.compile(
    r"(?!(?:The|A|An|In|On|At|By|For|After|Before|All|Under|From|When|While|As|If|This|That|These|Most|Some|Many)\b)"
    r"(?:(?:Dr|Prof|Professor|Sir|Lord|Lady|Mrs?|Ms|Mx|Judge|President|Minister)\.? )?[A-Z][\w’'-]+(?: [A-Z][\w’'-]*)+"
)
_LINKS = re.compile(
    r"(?:(?:and|but|so|yet|though|although|while|because|since|as|for|in|on|at|by|under|from|after|before|with|to|"
    r"during|until) .*?(?=(?:the|two|three|four|five) )|(?:and|but|so|then|yet|though|although|while|because) )",
    re.IGNORECASE,
)
"""What may stand before a speaker without a comma, such as the name of the case that a court decided."""

_SPEAKERS = frozenset(
    (
        "academics activists adviser advisers agency analysts association author authors authority bank board briefing "
        "campaigners chair chairman chairwoman chancellor charities charity club commentators commission committee "
        "company congress consultants council court critics department developers director doctor doctors economists "
        "editor engineers executive experts federation firm foundation government group historians hospital inspectors "
        "institute investigators journalist journalists judge judges jury lawyers leader leaders manager managers "
        "manufacturer mayor members minister ministers ministry mother father nurses observers office "
        "officer officials ombudsman opponents organisation organization others owner panel parliament patients police "
        "president professor prosecutors publisher regulator report reports researcher researchers residents "
        "review scholars scientists secretary senator society sources spokesman spokesperson spokeswoman staff study "
        "studies supporters surgeon survey teacher teachers team trust tribunal union unions university witness "
        "witnesses workers"
    ).split()
)
_NO_NAME = frozenset(
    (
        "evidence data result results finding findings figures experience practice history theory law is are was were "
        "be been being has have had will would can could to that which who when if not as i you we us our my your he "
        "she it they them"
    ).split()
)
"""Words of no speaker's name: what shows something but says nothing, what a clause has, the document's own voice."""

_NO_END = frozenset("a an the and or but of in on at for by with any into no".split())
_ARTICLE = re.compile(r"(?:The|A|An|Some|Many|Most|Several|Its|Their|His|Her|Other|Another|Both|All|Two)\b")
_ASSERTS = frozenset(
    "is are was were has have had will would can could may might must should shall do does did needs need".split()
)
_FIRST_PERSON = re.compile(r"\b(?:I|we|us|our|ours|my|me)\b", re.IGNORECASE)
_OPENS_OTHERWISE = frozenset(
    "however but and or yet so therefore thus also moreover yes no according although instead if".split()
)


def speaker_of(sentence: str, before: Sequence[str] = ()) -> str:
    """Whoever a sentence reports as its speaker, as it writes the name; "" when the document itself speaks.

    Args:
        sentence: of a document.
        before: the sentences before it, in the order of the text; "he added" is whoever spoke there.

    >>> speaker_of("The ABPI welcomed the focus on testing.")
    'the ABPI'
    >>> speaker_of("It was too late, she added.", ["Dr Lee said that it was late."])
    'Dr Lee'
    """
    sentence = " ".join(sentence[:LONGEST].split())
    found, _ = _reported(sentence)
    before = before[-SENTENCES_BACK:]
    if found and not _PRONOUN.fullmatch(found):
        return found
    if found:
        named = _person_opening(before[-1]) if before and found in ("he", "she") else ""
        return (speaker_of(before[-1], before[:-1]) if before else "") or named
    if before and _goes_on(sentence, before[-1]):
        return speaker_of(before[-1], before[:-1])
    return ""


def loses_speaker(answer_sentence: str, quote: str, *, speaker: str = "") -> str:
    """The speaker whose statement a sentence of an answer gives as a fact; "" when it names one or reports nothing.

    Args:
        answer_sentence: the draft's.
        quote: what it is cited to.
        speaker: of the quote, where the sentences before it were needed to tell; else the quote is read for one.
    """
    found, reported = _reported(" ".join(quote[:LONGEST].split()))
    speaker = speaker or ("" if _PRONOUN.fullmatch(found) else found)
    if not speaker or names_speaker(answer_sentence, speaker) or speaker_of(answer_sentence):
        return ""
    content = stems(answer_sentence)
    held = content & stems(reported or quote)
    return speaker if content and len(held) >= LEAST_REPORTED * len(content) else ""


def names_speaker(sentence: str, speaker: str) -> bool:
    """Whether a sentence has a word of the speaker's name: a surname is enough, "the committee" is not "the court"."""
    name = {stem(word.lower()) for word in re.findall(r"[\w’'-]+", speaker) if word.lower() not in STOP_WORDS}
    return bool(name & {stem(word.lower()) for word in re.findall(r"[\w’'-]+", sentence)})


def with_speaker(sentence: str, speaker: str, *, quote: str = "") -> str:
    """The sentence with its speaker in front, or unchanged where that would be no English.

    A first word that may be a name keeps its capital; whether it is one is read from the quote. Sentences in the first
    person, questions, fragments, and those that open with "However" and its like are left alone.

    >>> with_speaker("The first test is free.", "the ABPI")
    'According to the ABPI, the first test is free.'
    """
    opening = re.match(r"[\w’'-]+", sentence)
    plain = set(re.findall(r"[\w’'-]+", sentence)) & _ASSERTS or re.search(r"\b[a-z]+ed\b", sentence)
    if not speaker or not opening or not plain or _FIRST_PERSON.search(sentence) or not sentence.endswith((".", "!")):
        return sentence
    first = opening.group()
    if first.lower() in _OPENS_OTHERWISE:
        return sentence
    if (
        first.lower() in STOP_WORDS
        or first.lower() in ("the", "no", "not", "one", "two", "every")
        or _stands_as(first.lower(), quote)
    ):
        return f"According to {speaker}, {sentence[0].lower()}{sentence[1:]}"
    if not first[0].isupper() or first[1:].lower() != first[1:] or _stands_as(first, quote):
        return f"According to {speaker}, {sentence}"
    return sentence


def _stands_as(word: str, quote: str) -> bool:
    """Whether a quote has the word in this very spelling, elsewhere than at its start."""
    return bool(re.search(rf"(?<=\s){re.escape(word)}\b", quote))


def _reported(sentence: str) -> tuple[str, str]:
    """The speaker that a sentence names, and what it reports of them; a pronoun stays one."""
    for pattern in (_ACCORDING, _AFTER, _PASSIVE, _TAIL, _VIEW, _SUBJECT):
        for match in pattern.finditer(sentence):
            who = (match["of"] or match["whose"]) if pattern is _VIEW else match["who"]
            if speaker := _speaker(who, opens=match.start() == 0 and pattern is _SUBJECT):
                return speaker, match["rest"] if pattern is _SUBJECT else sentence.replace(match.group(), " ")
    return "", ""


def _speaker(words: str, *, opens: bool) -> str:
    """The words as a speaker's name; "" when they are nobody who could speak, or the document's own voice."""
    words = _LINKS.sub("", words.strip(" ,'’"), count=1) if _LINKS.match(words) else words.strip(" ,'’")
    words = words if re.search(r"\b\w\.\w\.$", words) else words.rstrip(".")
    if _PRONOUN.fullmatch(words):
        return words.lower()
    parts = words.split()
    lowered = [part.lower() for part in parts]
    if (
        not parts
        or _OWN.fullmatch(words)
        or set(lowered) & _NO_NAME
        or lowered[-1] in _NO_END
        or words.endswith(("'s", "’s"))
    ):
        return ""
    if opens and len(parts) == 1 and lowered[0] in STOP_WORDS:
        return ""
    names = [one for place, one in enumerate(parts) if one[0].isupper() and not (place == 0 and _ARTICLE.match(one))]
    if not names and not set(lowered) & _SPEAKERS:
        return ""
    if not names and lowered[0] in ("a", "an") and not set(lowered) & {"report", "review", "study", "survey"}:
        return ""
    return words[0].lower() + words[1:] if _ARTICLE.match(words) else words


def _person_opening(sentence: str) -> str:
    """The person whose name opens a sentence."""
    match = _PERSON.match(sentence)
    return match.group() if match else ""


def _goes_on(sentence: str, before: str) -> bool:
    """Whether a sentence belongs to a quotation that the one before began or held."""
    still_open = before.count("“") > before.count("”")
    return still_open or (sentence[:1] in '“"' and before.count('"') + before.count("”") > 0 and sentence[-1:] in '"”')
