"""Questions that ask two things, or ask after a story: the parts that are looked for one by one, beside the whole.

A passage that answers one half of "What does A welcome, and what does B?" does not answer the question as a model reads
it, so that evidence and judgement of the whole alone would miss both. Nor does the rule on guardians answer a question
that tells a family's story before it asks; the whole is searched for, and what is asked is read by itself too.
"""

from __future__ import annotations

import re

from generator.words import stems
from language import sentence_spans

_ASKING = "what|which|who|whom|whose|when|where|why|how"
_SEAM = re.compile(
    rf"[,;]?\s+(?:and|or|but)\s+(?=(?:(?:by|for|of|to|in|with|from|at|on|about)\s+)?(?:{_ASKING})\b)|\?\s+(?=\w)",
    re.IGNORECASE,
)
MOST_PARTS = 3
"""A question with more of them is looked for as it stands."""


def parts_of(question: str) -> list[str]:
    """The questions within a text that asks several things, or tells a story first; none where it just asks one.

    >>> parts_of("Who welcomed it, and what does the memo ask for?")
    ['Who welcomed it', 'what does the memo ask for?']
    >>> parts_of("I am 17. My mother is ill. Can I become my brother's guardian?")
    ["Can I become my brother's guardian?"]
    """
    asked = asked_in(question)
    parts = [part.strip() for part in _SEAM.split(asked)]
    if not 1 < len(parts) <= MOST_PARTS or not all(stems(part) for part in parts):
        parts = [asked]
    return parts if len(parts) > 1 or (asked != question.strip() and stems(asked)) else []


def asked_in(question: str) -> str:
    """The sentences of a text that ask; its last one where none has a question mark, all of it where all ask.

    >>> asked_in("Can I become a guardian? I am 17.")
    'Can I become a guardian?'
    """
    sentences = [question[start:end] for start, end in sentence_spans(question)]
    asking = [sentence for sentence in sentences if "?" in sentence[-2:]] or sentences[-1:]
    return question.strip() if len(asking) == len(sentences) else " ".join(asking)
