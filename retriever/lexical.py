"""From a question to what is looked for by words: its content words, and its phrases.

Words carry most of a question. References such as ``3.2``, ``12(3)(a)``, ``2019/20`` or ``COVID-19`` are several tokens
to a search engine and mean something only in their order, so they become phrases; so does what the reader put in double
quotes. What this module does not do: say it in an engine's own form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from language import STOP_WORDS
from schema import Words

MOST_TERMS = 64
"""Terms of a query; a question of 100,000 characters must not become an expression that an engine refuses."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_REFERENCE = re.compile(r"(?<!\w)(?=[^\W_]*\d|[^\W_]+[-‑–/.]\d)[^\W_]+(?:[-‑–/.:,][^\W_]+|\([^\W_]{1,4}\))+")
"""A run of letters and digits with a digit near its start, joined by punctuation without white space."""
_QUOTED = re.compile(r"[\"“”]([^\"“”]{1,200})[\"“”]")


def content_words(text: str) -> list[str]:
    """The words of a text in lower case, without stop words unless there is nothing else, first occurrences only."""
    composed = unicodedata.normalize("NFC", text)  # an accent that is a character of its own would split its word
    words = list(dict.fromkeys(match.group().lower() for match in _WORD.finditer(composed)))
    return [word for word in words if word not in STOP_WORDS] or words


def exact_phrases(text: str) -> list[str]:
    """What has to stand in a document just so: references and quoted passages, as words in lower case.

    >>> exact_phrases('Does section 12(3)(a) of the 2019/20 plan use "duty of care"?')
    ['12 3 a', '2019 20', 'duty of care']
    """
    composed = unicodedata.normalize("NFC", text)
    found = [match.group() for match in _REFERENCE.finditer(composed)]
    found += [match.group(1) for match in _QUOTED.finditer(composed)]
    phrases = [" ".join(match.group().lower() for match in _WORD.finditer(one)) for one in found]
    return list(dict.fromkeys(phrase for phrase in phrases if " " in phrase))


def question_words(question: str) -> Words:
    """Any content word or exact phrase of the question; nothing when it has no words.

    >>> question_words('Who said "NOT AND"?')
    Words(terms=('said', 'not'), phrases=('not and',), headings_only=False)
    >>> question_words("What does 3.2 say?")
    Words(terms=('say',), phrases=('3 2',), headings_only=False)
    >>> question_words("the")
    Words(terms=('the',), phrases=(), headings_only=False)
    """
    composed = unicodedata.normalize("NFC", question)
    phrases = exact_phrases(composed)
    words = content_words(_REFERENCE.sub(_named_parts, composed))
    if phrases:
        words = [word for word in words if word not in STOP_WORDS]
    phrases = phrases[:MOST_TERMS]
    return Words(tuple(words[: MOST_TERMS - len(phrases)]), tuple(phrases))


def heading_words(question: str) -> Words:
    """The same words in titles and headings only; nothing when the question has no words."""
    return replace(question_words(question), headings_only=True)


def _named_parts(reference: re.Match[str]) -> str:
    """The parts of a reference that also say something alone: COVID of COVID-19, nothing of 12(3)(a)."""
    parts = (match.group() for match in _WORD.finditer(reference.group()))
    return " ".join(part for part in parts if len(part) > 1 and not part.isdigit())
