"""Subtitles and transcripts (WebVTT, SRT) to blocks: what is said, and by whom, without the times.

Lines of one speaker that follow one another are one paragraph; where no speaker is named, a pause ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.loading.builder import TextBuilder
from indexer.loading.characters import unify_lines
from indexer.loading.dates import find_date
from indexer.loading.decoding import decode
from schema import Extraction

_TIMES = re.compile(r"\s*((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})\s*-->\s*((?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3})")
_SPEAKER = re.compile(r"<v(?:\.[\w.-]{1,100})?[ \t]+([^<>\n]{1,200})>")
_TAG = re.compile(r"</?[A-Za-z\d][^<>\n]{0,200}>|</?[A-Za-z]>|\{\\[^{}\n]{0,200}\}")
_PAUSE = 2.0  # seconds
_NO_SPEECH = ("WEBVTT", "NOTE", "STYLE", "REGION")


def load(data: bytes) -> Extraction:
    """Read subtitles from bytes."""
    text, warnings = decode(data)
    builder = TextBuilder()
    for speaker, words in _paragraphs(_cues(unify_lines(text))):
        builder.add("paragraph", f"{speaker}: {words}" if speaker else words)
    return builder.build(date=find_date(builder.head()), warnings=warnings)


def _cues(text: str) -> Iterator[tuple[float, float, str]]:
    """When each begins and ends, in seconds, and what is said."""
    for block in re.split(r"\n{2,}", text.lstrip("\ufeff")):
        lines = block.split("\n")
        if lines[0].startswith(_NO_SPEECH) and not _TIMES.match(lines[0]):
            lines = [] if lines[0].startswith(_NO_SPEECH[1:]) else lines[1:]
        at = next((number for number, line in enumerate(lines[:3]) if _TIMES.match(line)), None)
        if at is not None and (times := _TIMES.match(lines[at])):
            yield _seconds(times[1]), _seconds(times[2]), "\n".join(lines[at + 1 :])


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
