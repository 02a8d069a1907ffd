"""Whether texts hold an expected answer, and whether shown spans hold the expected evidence.

The rules that measures and diagnoses share. Sources are compared by name, exactly: whoever reads a question set names
them as the system does. Nothing here weighs or counts.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import lru_cache

from eval.records import EvalCase, Evidence, Span

LEAST_SHARE = 0.5
"""Share of the evidence from which a span that lies inside it holds it: a sentence of two, not a word of a sentence."""

LONGEST_SOUGHT = 20
"""Tokens of the longest expected answer that is looked for in a source: a longer one is retold, not quoted."""

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@lru_cache(maxsize=1024)  # of one question, several measures read the same texts
def normalise_answer(text: str) -> str:
    """Lower case, without ASCII punctuation, English articles and extra white space: the rules of SQuAD's evaluation.

    Rajpurkar, Jia, Liang 2018 (arXiv:1806.03822). Other scripts' punctuation stays, as it does there.

    >>> normalise_answer("  The U.S.  Treasury's  ")
    'us treasurys'
    """
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def holds_tokens(text: str, part: str) -> bool:
    """Whether a text holds all tokens of a part in one run, both normalised; a part without tokens is never held."""
    wanted = normalise_answer(part)
    return bool(wanted) and f" {wanted} " in f" {normalise_answer(text)} "


def holds_answer(texts: Sequence[str], case: EvalCase) -> bool:
    """Whether one of the texts holds one of the accepted answers; where they belong together, whether all are held."""
    enough = all if case.together else any
    return bool(case.answers) and enough(any(holds_tokens(text, answer) for text in texts) for answer in case.answers)


def can_hold_gold(case: EvalCase) -> bool:
    """Whether the case says enough to tell if a span holds its evidence: words, offsets, or an answer to look for."""
    return bool(case.evidence) and (bool(_sought(case)) or all(map(_is_located, case.evidence)))


def holds_gold(spans: Sequence[Span], case: EvalCase) -> bool:
    """Whether the spans hold a place of the evidence; where the places belong together, whether each is held."""
    enough = all if case.together else any
    return bool(case.evidence) and enough(any(_holds(span, piece, case) for span in spans) for piece in case.evidence)


def holds_some_gold(span: Span, case: EvalCase) -> bool:
    """Whether one span holds any place of the evidence, also where it takes more than one."""
    return any(_holds(span, piece, case) for piece in case.evidence)


def _is_located(piece: Evidence) -> bool:
    return bool(piece.quote) or (piece.start is not None and piece.end is not None)


def _sought(case: EvalCase) -> list[str]:
    """The expected answers whose words can be looked for in a source, which "yes" and a whole paragraph are not."""
    lengths = {answer: len(normalise_answer(answer).split()) for answer in case.answers}
    return [
        answer
        for answer, length in lengths.items()
        if 0 < length <= LONGEST_SOUGHT and normalise_answer(answer) not in ("yes", "no")
    ]


def _holds(span: Span, piece: Evidence, case: EvalCase) -> bool:
    """Whether a reader who opens this span finds the evidence there.

    It has to be there whole, or to be the longer of the two and at least half shown. By offsets where both have them,
    else by words. Evidence that is a source or a page alone is held by any of its words that hold an accepted answer.
    """
    if span.source != piece.source:
        return False
    if span.start is not None and span.end is not None and piece.start is not None and piece.end is not None:
        return _covers(span.start, span.end, *_core(piece, piece.start, piece.end))
    if piece.quote:
        return holds_tokens(span.text, piece.quote) or _is_large_part(span.text, piece.quote)
    other_page = piece.page is not None and span.page is not None and piece.page != span.page
    return not other_page and any(holds_tokens(span.text, answer) for answer in _sought(case))


def _core(piece: Evidence, start: int, end: int) -> tuple[int, int]:
    """The offsets of a piece without the punctuation and white space at its ends, which no reader would miss."""
    quote, outer = piece.quote, string.punctuation + string.whitespace
    if len(quote) != end - start or not quote.strip(outer):
        return start, end
    return start + len(quote) - len(quote.lstrip(outer)), end - len(quote) + len(quote.rstrip(outer))


def _covers(start: int, end: int, gold_start: int, gold_end: int) -> bool:
    if start <= gold_start and gold_end <= end:
        return True
    inside = gold_start <= start and end <= gold_end
    return inside and end - start >= LEAST_SHARE * (gold_end - gold_start)


def _is_large_part(text: str, quote: str) -> bool:
    part, whole = normalise_answer(text).split(), normalise_answer(quote).split()
    return len(part) >= LEAST_SHARE * len(whole) and holds_tokens(quote, text)
