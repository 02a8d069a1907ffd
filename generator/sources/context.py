"""What a quote needs to be read on its own, in words of the same document: verbatim, from the passage that holds it.

A table's header row for a row, the line that introduces a list for an item, the sentence before for a quote that opens
with a word that points back. What this module does not do: resolve what a pronoun means, or look outside the passage.
"""

from __future__ import annotations

import re

from language import Span, sentence_spans

CELLS = " | "
"""How loaders write the border between two cells of a table's row."""
SENTENCES_BACK = 2
LONGEST_CONTEXT = 400
"""Characters of sentences before; more than that and a reader had better open the document."""

_POINTS_BACK = re.compile(
    r"[\"'“‘(]?(?:(?:It|This|That|These|Those|They|He|She|Its|Their|His|Her|Such|Both|Neither|Another|However|But|And|Yet|"
    r"So|Also|Then|Therefore|Thus|Hence|Moreover|Furthermore|Instead|Nevertheless|Nonetheless|Otherwise|Similarly|"
    r"Consequently|Likewise|Yes|No)\b(?!-)|(?:The (?:latter|former|same|second|third|other|others)|There (?:is|are)\.|"
    r"In (?:addition|contrast|that case|this case|other words|turn|return)|As (?:a result|such)|"
    r"For (?:example|instance|this|that)|On the (?:other hand|contrary)|By contrast|One of (?:them|these|those)|"
    r"(?:Some|Most|All|Many|Each) of (?:them|these|those|it)|If (?:so|not)|"
    r"After (?:this|that)|Before (?:this|that)|At (?:the same|that) time)\b"
    r"|(?:In|On|By|Since|From|After|During|Until) [^,.]{1,30}, (?:it|they|he|she|this|these)\b)"
)
_BULLET = re.compile(r"\s*(?:[-*•–]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])\s")
_ENDS = re.compile(r"[.!?…:;][\"'”’)\]]*$")


def context_of(span: Span, text: str, *, heading: str = "") -> str:
    """The words of a passage that a reader of one sentence needs first; "" when it can be read on its own.

    Args:
        span: the sentence's start and end in ``text``.
        text: of the passage.
        heading: the path of headings over it, which a reader sees anyway.

    >>> text = "The plan has two parts. It ends in 2027."
    >>> context_of((24, 40), text)
    'The plan has two parts.'
    """
    lines = _lines(text)
    place = next((number for number, (start, end) in enumerate(lines) if start <= span[0] < max(end, start + 1)), None)
    if place is None:
        return ""
    found = _header(place, lines, text) or _introduction(place, lines, text) or _before(span, text)
    known = {part.strip() for part in heading.split(" > ")}
    return "" if found in known or found == text[span[0] : span[1]].strip() else found


def _lines(text: str) -> list[Span]:
    """The lines of a text, without their ends."""
    spans, start = [], 0
    for line in text.split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _header(place: int, lines: list[Span], text: str) -> str:
    """The first row of the table that a line is a row of, unless the line says the names of its columns."""
    first = place
    while first >= 0 and CELLS in text[slice(*lines[first])]:
        first -= 1
    if first + 1 >= place:
        return ""
    header, row = text[slice(*lines[first + 1])].strip(), text[slice(*lines[place])].strip()
    return "" if _says_its_columns(row, header) else header


def _says_its_columns(row: str, header: str) -> bool:
    """Whether each cell of a row begins with the name of a column, as those of spreadsheets do.

    >>> _says_its_columns("Year: 2021 | Sold: 3", "Year | Sold | Left"), _says_its_columns("2021 | 3", "Year | Sold")
    (True, False)
    """
    names = tuple(f"{name}: " for name in header.split(CELLS) if name)
    return all(cell.startswith(names) for cell in row.split(CELLS))


def _introduction(place: int, lines: list[Span], text: str) -> str:
    """The sentence with a colon at its end that introduces the list that a line is an item of."""
    item = text[slice(*lines[place])]
    is_item = bool(_BULLET.match(item))
    blanks = 0
    for number in range(place - 1, -1, -1):
        line = text[slice(*lines[number])]
        if not line.strip():
            blanks += 1
        elif line.rstrip().endswith(":"):
            return _last_sentence(lines[number], text)
        elif is_item:  # above an item with a mark of its own stand others, or the lines that they go on in
            if blanks and not (_BULLET.match(line) or line[0].isspace()):
                return ""
        elif blanks or CELLS in line or _BULLET.match(line) or line[0].isupper() != item[0].isupper():
            return ""  # a paragraph after the list, or one that has nothing to do with it
    return ""


def _last_sentence(span: Span, text: str) -> str:
    line = text[slice(*span)]
    start, end = sentence_spans(line)[-1]
    return line[start:end]


def _before(span: Span, text: str) -> str:
    """The sentence before one that points back, and the one before that if it does as well."""
    spans = sentence_spans(text)
    here = next((number for number, (_, end) in enumerate(spans) if span[0] < end), len(spans))
    first = here
    while (
        first > 0
        and here - first < SENTENCES_BACK
        and _POINTS_BACK.match(text, spans[first][0] if first < here else span[0])
    ):
        if not _leads_to(spans[first - 1], spans[first], text):
            break
        first -= 1
    while first < here and spans[here - 1][1] - spans[first][0] > LONGEST_CONTEXT:
        first += 1
    return text[spans[first][0] : spans[here - 1][1]] if first < here else ""


def _leads_to(before: Span, span: Span, text: str) -> bool:
    """Whether one sentence is what the next goes on from: a finished one, and no heading or row of a table."""
    words = text[slice(*before)]
    return bool(_ENDS.search(words)) and CELLS not in words and text[before[1] : span[0]].count("\n") <= 2
