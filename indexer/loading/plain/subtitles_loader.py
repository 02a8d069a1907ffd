"""Subtitles and transcripts (WebVTT, SRT) to blocks: what is said, and by whom, without the times.

Lines of one speaker that follow one another are one paragraph; where no speaker is named, a pause ends it. Rolling
captions show the last lines again above each new one: a line that stays while the cues change is read once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import unify_lines
from indexer.loading.dates import find_date
from indexer.loading.plain.decoding import decode
from schema import Extraction

_TIME = r"((?:\d{1,4}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}")
_SPEAKER = re.compile(r"<v(?:\.[\w.-]{1,100})?[ \t]+([^<>\n]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z\d][^<>\n]{0,200}>|</?[A-Za-z]>|\{\\[^{}\n]{0,200}\}")
_PAUSE = 2.0  # seconds
_BLINK = 0.1  # seconds: what is gone for less than that has stayed
_MOST_STAYING = 10  # lines: nobody sees more at once
_HEAD = re.compile(r"WEBVTT\b")
_NO_SPEECH = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t\n]|$)")


def load(data: bytes) -> Extraction:
    """Read subtitles from bytes."""
    text, warnings = decode(data)
    builder = TextBuilder()
    for speaker, words in _paragraphs(_unrolled(_cues(unify_lines(text)))):
        builder.add("paragraph", f"{speaker}: {words}" if speaker else words)
    return builder.build(date=find_date(builder.head()), warnings=warnings)


def _cues(text: str) -> Iterator[tuple[float, float, str]]:
    """When each begins and ends, in seconds, and what is said; words behind an empty line go on with the one before."""
    begin = end = None
    for block in re.split(r"\n(?:[ \t]*\n)+", text.lstrip("\ufeff")):
        lines = block.split("\n")
        at = next((number for number, line in enumerate(lines[:3]) if _TIMES.match(line)), None)
        if at is not None and (times := _TIMES.match(lines[at])):
            begin, end = _seconds(times[1]), _seconds(times[2])
            lines = lines[at + 1 :]
        elif _NO_SPEECH.match(block) or _HEAD.match(block):
            continue
        if begin is not None and end is not None:
            yield begin, end, "\n".join(lines)


def _unrolled(cues: Iterable[tuple[float, float, str]]) -> Iterator[tuple[float, float, str]]:
    """The cues without the lines at their top that were the last of the cue before, and have stayed."""
    before: list[str] = []  # the lines that are shown, without their markup
    begun = ended = -math.inf
    for begin, end, text in cues:
        lines = [line for line in text.split("\n") if line.strip()]
        shown = [_TAG.sub("", _SPEAKER.sub(r"\1: ", line)).strip() for line in lines]
        if (begin, end) == (begun, ended):  # the same cue behind an empty line
            stayed, before = 0, before + shown
        else:
            stayed, before = _shared(before, shown) if begin - ended <= _BLINK else 0, shown
        begun, ended = begin, end
        voices = [voice[0] for voice in _SPEAKER.finditer("\n".join(lines[:stayed]))]
        yield begin, end, "".join(voices[-1:]) + "\n".join(lines[stayed:])


def _shared(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines end the one and begin the other."""
    most = min(len(before), len(after), _MOST_STAYING)
    return next((count for count in range(most, 0, -1) if before[-count:] == after[:count]), 0)


def _paragraphs(cues: Iterator[tuple[float, float, str]]) -> Iterator[tuple[str, str]]:
    """Speaker and words, cues of one speech together."""
    speaker, words, ended = "", "", 0.0
    for start, end, text in cues:
        for who, said in _speeches(text):
            if words and (who != speaker or start - ended > _PAUSE):
                yield speaker, words
                words = ""
            speaker, words, ended = who, f"{words} {said}".strip(), end
    if words:
        yield speaker, words


def _speeches(text: str) -> Iterator[tuple[str, str]]:
    """The parts of a cue by speaker; the first may have none."""
    pieces = _SPEAKER.split(text)
    for who, said in zip(["", *pieces[1::2]], pieces[::2], strict=True):
        if said := _TAG.sub("", said).strip():
            yield who.strip(), said


def _seconds(time: str) -> float:
    """A time such as 01:02:03.400.

    >>> _seconds("01:02:03,400")
    3723.4
    """
    total = 0.0
    for part in time.replace(",", ".").split(":"):
        total = 60 * total + float(part)
    return total
