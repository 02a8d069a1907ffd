"""From a question to an FTS5 match expression: any of its words and phrases, each quoted, so that none is an operator.

Words carry most of a question. References such as ``3.2``, ``12(3)(a)``, ``2019/20`` or ``COVID-19`` are several tokens
to FTS5 and mean something only in their order, so they become phrases; so does what the reader put in double quotes.
"""

from __future__ import annotations

import re
import unicodedata

from language import STOP_WORDS

MOST_TERMS = 64
"""Terms of a query; a question of 100,000 characters must not become an expression that SQLite refuses."""

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


def match_expression(question: str) -> str:
    """An FTS5 expression that matches any content word or exact phrase of the question; empty when it has no words.

    >>> match_expression('Who said "NOT AND"?')
    '"not and" OR "said" OR "not"'
    >>> match_expression("What does 3.2 say?")
    '"3 2" OR "say"'
    >>> match_expression("the")
    '"the"'
    """
    composed = unicodedata.normalize("NFC", question)
    phrases = exact_phrases(composed)
    words = content_words(_REFERENCE.sub(_named_parts, composed))
    if phrases:
        words = [word for word in words if word not in STOP_WORDS]
    return " OR ".join(f'"{term}"' for term in [*phrases, *words][:MOST_TERMS])


def heading_expression(question: str) -> str:
    """The same expression over titles and headings only; empty when the question has no words."""
    expression = match_expression(question)
    return f"{{title heading}} : ({expression})" if expression else ""


def _named_parts(reference: re.Match[str]) -> str:
    """The parts of a reference that also say something alone: COVID of COVID-19, nothing of 12(3)(a)."""
    parts = (match.group() for match in _WORD.finditer(reference.group()))
    return " ".join(part for part in parts if len(part) > 1 and not part.isdigit())
