"""What every room needs to know of written English: where sentences start and end, and which words carry no content.

Loaders put every list item, table row and paragraph on lines of its own, so a line break always ends a sentence here.
The rules are for European punctuation plus the full-width marks of Chinese and Japanese; they know common English
abbreviations and leave everything that is in doubt together, since a quote that is too long is better than half of one.
"""

from __future__ import annotations

import re

Span = tuple[int, int]

STOP_WORDS = frozenset(
    (
        "a about after all also an and any are as at be because been before being but by can could did do does doing "
        "during each for from further had has have having he her here his how i if in into is it its itself just may "
        "me might more most must my of off on once only or other our out over own shall she should so some such than "
        "that the their them then there these they this those through to too under until up us very was we were what "
        "when where which while who whom whose why will with within would you your"
    ).split()
)

_TITLE = re.compile(r"mrs?|ms|dr|prof|sir|st|e\.?g|i\.?e|cf|vs?|al|approx")
_BEFORE_NUMBER = re.compile(
    r"nos?|arts?|paras?|ss?|secs?|ch|chap|figs?|eq|pp?|vol|ca|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
# The look-behind and the possessive repeats keep a line of a million dots from being tried a million times.
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？]++[」』”’）]*+|\n++")
_LAST_WORD = re.compile(r"(?:^|[\s(\[\"'“‘])([^\s(\[\"'“‘]+)$")
_CONTINUES = re.compile(r"\s+[a-z]")
_NUMBER_FOLLOWS = re.compile(r"\s+\d")
_ASKS = re.compile(r"(?:who|what|which \w+)\s+(?!do\b|does\b|did\b)", re.IGNORECASE)


def sentence_spans(text: str) -> list[Span]:
    """The sentences of a text as (start, end) pairs, in order, without the white space around them.

    Together they hold every character that is not white space.

    >>> text = "It met on 3 Oct. 2022. Dr. Lee spoke (see para. 4). All agreed!"
    >>> [text[start:end] for start, end in sentence_spans(text)]
    ['It met on 3 Oct. 2022.', 'Dr. Lee spoke (see para. 4).', 'All agreed!']
    """
    spans = []
    start = 0
    for mark in _END.finditer(text):
        if _is_boundary(text, start, mark):
            spans.append((start, mark.end()))
            start = mark.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := trim(text, span))]


def trim(text: str, span: Span) -> Span | None:
    """The span without white space at its ends; ``None`` when nothing is left."""
    piece = text[span[0] : span[1]]
    stripped = piece.strip()
    if not stripped:
        return None
    start = span[0] + piece.index(stripped[0])
    return start, start + len(stripped)


def statement(question: str, answer: str) -> str:
    """A question and its answer as one statement: the answer in the place of the word that asks, else after it.

    >>> statement("Who welcomed the plan?", "Wales"), statement("When was it?", "in May")
    ('Wales welcomed the plan.', 'When was it? in May.')
    """
    asked = question.strip().rstrip("?").strip()
    if match := _ASKS.match(asked):
        return f"{answer} {asked[match.end() :]}."
    return f"{asked}? {answer}."


def _is_boundary(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether this punctuation ends a sentence, rather than an abbreviation, an initial or a numbered item."""
    if mark.group()[0] != ".":
        return not (mark.group()[0] in "…" and _CONTINUES.match(text, mark.end()))
    if _CONTINUES.match(text, mark.end()):
        return False
    word = _LAST_WORD.search(text, max(start, mark.start() - 40), mark.start())
    if word is None:
        return True
    last = word.group(1).lower()
    is_initial = len(last) == 1 and last.isalpha() and last not in "ai"
    is_item_number = mark.start() - start <= 4 and last.isdigit()
    before_number = _BEFORE_NUMBER.fullmatch(last) and _NUMBER_FOLLOWS.match(text, mark.end())
    return not (_TITLE.fullmatch(last) or is_initial or is_item_number or before_number)
