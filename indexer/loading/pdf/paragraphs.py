"""The lines of a PDF to paragraphs and headings, from where they stand on the page; pure functions, no PDF library.

A PDF holds lines, readers want sentences. Two lines belong together when nothing speaks against it: their distance is
the usual one, their type is the same, and the first had no room left for the first word of the second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from indexer.boxes import Boxes, no_boxes
from indexer.loading.pdf.headings import Paragraph, key_of, with_outline, without_running_heads
from indexer.loading.pdf.lines import Line

_BULLET = re.compile(r"[•‣◦▪●○■□►➢✓*\uf0b7\uf0a7\uf0d8\uf0fc–-]\s")
_NUMBER = re.compile(r"(?:\d{1,2}[.)]|\([a-z0-9]{1,3}\)|[a-z]\))\s+\S")
_LEADERS = re.compile(r"(?:\.\s?){6,}|_{6,}")
_LEADER_LINE = re.compile(r".*(?:\.\s?){4,}\s*\w{1,5}")
_LEADER_END = 60  # characters at the end of a line in which its leaders and its number show
_SENTENCE_END = (".", "!", "?", ":", ";", ".”", ".’", '."', ".)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_PART = re.compile(r"([^\W\d_]+)$")
_FIRST_PART = re.compile(r"([^\W\d_]+)")
_ENDINGS = re.compile(  # second halves that are no words, so that the hyphen before them can only be a division
    r"(?:[st]?ions?|t?ional(?:ly)?|(?:men)?tations?|ments?|mental|ingly|tive(?:ly|ness)?|sive(?:ly)?|ity|ities|ness|nesses|lessly|fully"
    r"|ences?|ances?|tures?|cation|gation|nation|ration|tation|zation|sation|lation|cies|cally|ically|bility|tially)"
)
_NEIGHBOURS = 6


@dataclass(frozen=True, slots=True)
class _Habits:
    """What is usual in a document: the size and weight of its body, the distance of lines in sizes, and its words."""

    size: float
    bold: bool
    pitch: float
    words: Counter[str]


def read_paragraphs(
    pages: Sequence[Sequence[Line]], outline: Mapping[int, Mapping[str, int]] | None = None
) -> list[list[Paragraph]]:
    """The paragraphs of each page, in the order of the lines; none runs over the end of its page.

    Args:
        pages: the lines of each.
        outline: the titles that lead to a page (from 0), as `pdf_headings.key_of` writes them, with their depths.
    """
    titles = outline or {}
    rows = [join_rows(page) for page in pages]
    habits = _habits(rows)
    grouped = [_group(page, habits, titles.get(index, {})) for index, page in enumerate(rows)]
    sizes = _heading_sizes((group for page in grouped for group in page), habits)
    paragraphs = [[_paragraph(group, habits, sizes) for group in page] for page in grouped]
    return without_running_heads(with_outline(paragraphs, titles))


def is_divided(before: str, after: str, words: Counter[str]) -> bool:
    """Whether a hyphen between two lines only divides a word: the whole is known, or the second half is no word.

    Args:
        before: the line without its hyphen.
        after: the next line.
        words: the words of the document in lower case, those with hyphens too.
    """
    left, right = _LAST_PART.search(before), _FIRST_PART.match(after)
    if not left or not right or not right[1].islower():
        return False
    whole, divided = f"{left[1]}{right[1]}".lower(), f"{left[1]}-{right[1]}".lower()
    ending = words[divided] == 0 and _ENDINGS.fullmatch(right[1]) is not None
    return words[whole] > words[divided] or ending


def join_rows(lines: Iterable[Line]) -> list[Line]:
    """Put pieces of one row together again, such as a bullet and its text, or the cells of a table."""
    rows: list[Line] = []
    for line in lines:
        last = rows[-1] if rows else None
        rows[-1:] = [join_pieces(last, line)] if last and _on_one_row(last, line) else [*rows[-1:], line]
    return rows


def join_pieces(last: Line, line: Line) -> Line:
    """Two pieces of one row as a line, with a space between."""
    wider = max(last, line, key=lambda piece: len(piece.text))
    before, after = last.text.rstrip(), line.text.lstrip()
    boxes = np.vstack((last.boxes[: len(before)], no_boxes(1), line.boxes[len(line.text) - len(after) :]))
    return replace(
        wider,
        text=f"{before} {after}",
        start=last.start,
        end=line.end,
        bold=last.bold and line.bold,
        hyphen=line.hyphen,
        boxes=boxes,
    )


def _on_one_row(last: Line, line: Line) -> bool:
    if last.hyphen or last.is_row or line.is_row:
        return False
    small, large = sorted((last.size, line.size))
    raised = 0.7 if small < 0.8 * large else 0.4  # the number of a note stands higher than its word
    near = abs(last.baseline - line.baseline) < raised * large
    return near and last.angle == line.angle and line.start > last.end - last.size


def _habits(pages: Sequence[Sequence[Line]]) -> _Habits:
    sizes: Counter[tuple[float, bool]] = Counter()
    words: Counter[str] = Counter()
    pitches = []
    for page in pages:
        for line in page:
            sizes[(round(line.size * 2) / 2, line.bold)] += len(line.text)
            words.update(word.lower() for word in _WORD.findall(line.text))
        for above, below in pairwise(page):
            pitch = (above.baseline - below.baseline) / above.size
            if not above.is_row and not below.is_row and 0.8 < pitch < 2.6 and abs(above.size - below.size) < 0.5:
                pitches.append(pitch)
    (size, bold), _ = sizes.most_common(1)[0] if sizes else ((10.0, False), 0)
    return _Habits(size, bold, median(pitches) if pitches else 1.2, words)


def _group(page: Sequence[Line], habits: _Habits, titles: Collection[str]) -> list[list[Line]]:
    """Cut the lines of a page into paragraphs; a line that is a title of the outline stands alone."""
    groups: list[list[Line]] = []
    for index, line in enumerate(page):
        alone = titles and any(key_of(one.text) in titles for one in page[max(0, index - 1) : index + 1])
        if groups and not alone and _continues(groups[-1], line, page, index, habits):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _continues(group: list[Line], line: Line, page: Sequence[Line], index: int, habits: _Habits) -> bool:
    """Whether ``line`` goes on with the paragraph that ``group`` holds so far."""
    last = group[-1]
    if last.is_row or line.is_row:
        return False
    if last.hyphen:
        return True
    text = line.text.strip()
    if abs(last.size - line.size) > 0.1 * last.size or last.angle != line.angle or _BULLET.match(text):
        return False
    ended = last.text.rstrip().endswith(_SENTENCE_END)
    runs_on = text[:1].islower() and not ended
    pitch = last.baseline - line.baseline
    if pitch <= 0.4 * line.size:  # up the page: the next column
        return runs_on
    beside = min(last.end, line.end) <= max(last.start, line.start)
    if beside or pitch > 1.18 * habits.pitch * line.size or _ends_in_leaders(last.text):
        return False
    neighbours = page[max(0, index - _NEIGHBOURS) : index + _NEIGHBOURS]
    return runs_on or not (_starts_anew(group, line, ended=ended) or _had_room(last, line, neighbours, ended=ended))


def _ends_in_leaders(text: str) -> bool:
    """Whether a line is one of a table of contents; only its end is looked at, since the search is not linear."""
    return _LEADER_LINE.fullmatch(text.rstrip()[-_LEADER_END:]) is not None


def _starts_anew(group: list[Line], line: Line, *, ended: bool) -> bool:
    """Whether a line at the usual distance begins a paragraph: by its weight, its number or its indent."""
    in_item = _is_item(group[0].text)
    if group[-1].bold != line.bold or (_NUMBER.match(line.text.strip()) and (ended or in_item)):
        return True
    return ended and not in_item and line.start > min(before.start for before in group[-3:]) + line.size


def _had_room(last: Line, line: Line, neighbours: Sequence[Line], *, ended: bool) -> bool:
    """Whether the first word of ``line`` would have fitted behind ``last``: then the line was ended on purpose.

    Within a sentence that takes a clearly short line, since words can be kept together by spaces that do not break.
    """
    alike = [
        n.end
        for n in neighbours
        if n.angle == last.angle and not n.is_row and abs(n.start - last.start) < 4 * last.size
    ]
    edge = max(alike, default=last.end)
    if not ended and last.end - last.start > 0.75 * (edge - last.start):
        return False
    first_word = line.text.split(maxsplit=1)[0]
    return last.end + (len(first_word) * 0.5 + 1) * last.size < edge


def _is_item(text: str) -> bool:
    return bool(_BULLET.match(text.lstrip()) or _NUMBER.match(text.lstrip()))


def _heading_sizes(groups: Iterable[list[Line]], habits: _Habits) -> list[float]:
    """The sizes of type that headings have, largest first."""
    return sorted({_rounded(group) for group in groups if _is_large(group, habits)}, reverse=True)


def _rounded(group: list[Line]) -> float:
    return float(round(group[0].size))


def _is_short(group: list[Line]) -> bool:
    text = " ".join(line.text for line in group)
    if group[0].is_row or _BULLET.match(group[0].text.lstrip()):
        return False
    return len(group) <= 4 and len(text) <= 200 and sum(map(str.isalpha, text)) >= 3


def _is_large(group: list[Line], habits: _Habits) -> bool:
    return _is_short(group) and group[0].size >= 1.15 * habits.size


def _level(group: list[Line], habits: _Habits, sizes: list[float]) -> int:
    """The level of a heading, by size of type; short bold paragraphs come below all larger ones. 0: no heading."""
    if _is_large(group, habits):
        return min(sizes.index(_rounded(group)) + 1, 6)
    bold = all(line.bold for line in group) and not habits.bold and group[0].size >= 0.95 * habits.size
    text = group[-1].text.rstrip()
    stands_alone = len(group) <= 2 and not text.endswith((".", ",", ";"))
    return min(len(sizes) + 1, 6) if bold and _is_short(group) and stands_alone else 0


def _paragraph(group: list[Line], habits: _Habits, sizes: list[float]) -> Paragraph:
    text, boxes = _shorten_leaders(*run_together(group, habits.words))
    level = _level(group, habits, sizes)
    is_item = not level and not group[0].is_row and _is_item(group[0].text)
    text = re.sub(r"^[\uf0b7\uf0a7\uf0d8\uf0fc]", "•", text)
    return Paragraph(text, group[0].size, level, is_item, group[0].is_row, boxes)


def run_together(lines: Sequence[Line], words: Counter[str]) -> tuple[str, Boxes]:
    """Lines as one text, with the box of each character; divided words are whole again where that is safe.

    Args:
        lines: at least one.
        words: the words of the document in lower case.
    """
    texts, boxes = [], []
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        cut, glue = _seam(line, following, words)
        text = line.text.strip()
        lead = len(line.text) - len(line.text.lstrip())
        texts += [text[: len(text) - cut], glue]
        boxes += [line.boxes[lead : lead + len(text) - cut], no_boxes(len(glue))]
    return "".join(texts), np.vstack(boxes)


def _shorten_leaders(text: str, boxes: Boxes) -> tuple[str, Boxes]:
    """Leaders as three dots, each with the box of a dot."""
    for found in reversed(list(_LEADERS.finditer(text))):
        start, end = found.span()
        text = f"{text[:start]}... {text[end:]}"
        boxes = np.vstack((boxes[:start], boxes[start : start + 3], no_boxes(1), boxes[end:]))
    return text, boxes


def _seam(line: Line, following: Line | None, words: Counter[str]) -> tuple[int, str]:
    """How a line is joined to the next: the characters that go at its end, and what stands in between.

    Soft hyphens go, real ones are judged, and a dash between words takes no space.
    """
    text = line.text.strip()
    if following is None:
        return 0, "-" if line.hyphen else ""
    after = following.text.strip()
    if text.endswith("\u00ad"):
        return 1, ""
    if line.hyphen:
        return 0, "" if is_divided(text, after, words) else "-"
    if text.endswith(("-", "\u2010")) and text[-2:-1].isalpha():
        return (1, "") if is_divided(text[:-1], after, words) else (0, "")
    return 0, "" if text.endswith(("–", "—")) and not text[-2:-1].isspace() else " "
