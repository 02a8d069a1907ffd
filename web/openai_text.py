"""An answer as plain text for clients that show nothing else: sentences with markers, the footnotes under them.

What this module does not do: HTTP, or any form that OpenAI has for it.
"""

from __future__ import annotations

import re

import schema

_ENDS = tuple(".!?:;…\"'”’)")
_UNDER = re.compile(r"\n\n(?:\[1\]|Note:) ")
_MARKER = re.compile(r" ?(\[\d{1,3}\])+")
_LIVE = re.compile(r"(?<=!)(?=\[)|(?<=\])(?=[(\[:])|(?<=<)(?=[A-Za-z/!?])")


class AnswerText:
    """The text of one answer, piece by piece; with ``footnotes``, what is quoted stands under it.

    >>> sentence = schema.Sentence("It was published in 2022.", (1,), "supported", 1.0)
    >>> text = AnswerText(footnotes=False)
    >>> text.sentence(sentence), text.sentence(sentence)
    ('It was published in 2022. [1]', ' It was published in 2022. [1]')
    """

    def __init__(self, *, footnotes: bool) -> None:
        self.footnotes = footnotes
        self.said = ""

    def sentence(self, sentence: schema.Sentence) -> str:
        """The next piece: a sentence and its markers, apart from the sentence before it."""
        piece = self._apart(sentence)
        self.said += piece
        return piece

    def rest(self, answer: schema.Answer) -> str:
        """The last piece: sentences that have not been said, the footnotes, and why there is no answer, or not all."""
        whole = AnswerText(footnotes=self.footnotes)
        for sentence in answer.sentences:
            whole.sentence(sentence)
        if not whole.said:
            whole.said = " ".join(part for part in (inert(answer.answer), inert(answer.reason)) if part)
        if answer.citations and self.footnotes:
            whole.said += "\n\n" + "\n".join(map(footnote_line, answer.citations))
        if answer.failure and answer.sentences:
            whole.said += f"\n\nNote: {inert(answer.reason)}"
        begun = whole.said.startswith(self.said)
        return whole.said[len(self.said) :] if begun else f"\n\n{whole.said}"

    def _apart(self, sentence: schema.Sentence) -> str:
        markers = "".join(f"[{number}]" for number in sentence.citations)
        piece = f"{inert(sentence.text)} {markers}".rstrip()
        if not self.said:
            return piece
        ended = _MARKER.sub("", self.said[-40:]).endswith(_ENDS)
        return f"{'' if ended else '.'} {piece}"


def footnote_line(quote: schema.Quote) -> str:
    """One footnote: number, title, page and the quoted words, on one line."""
    page = f", page {quote.page}" if quote.page else ""
    return f"[{quote.number}] {inert(quote.title)}{page}: “{inert(quote.quote)}”"


def inert(text: str) -> str:
    r"""The text on one line, in which a space breaks what Markdown would make a picture, a link or a tag.

    Clients of this form render Markdown, and words of a document must not fetch a picture there.

    >>> inert("See ![x](http://example.org)\n<img src=y> [1]: z")
    'See ! [x] (http://example.org) < img src=y> [1] : z'
    """
    return _LIVE.sub(" ", " ".join(text.split()))


def said_before(text: str) -> str:
    """An earlier answer of this form without its footnotes, note and markers, as the conversation takes it."""
    return _MARKER.sub("", _UNDER.split(text, maxsplit=1)[0]).strip()
