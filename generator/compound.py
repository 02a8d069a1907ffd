"""Questions that ask two things: the parts that are looked for one by one, beside the whole.

A passage that answers one half of "What does A welcome, and what does B?" does not answer the question as a model reads
it, so that evidence and judgement of the whole alone would miss both.
"""

from __future__ import annotations

import re

from generator.words import stems

_ASKING = "what|which|who|whom|whose|when|where|why|how"
_SEAM = re.compile(
    rf"[,;]?\s+(?:and|or|but)\s+(?=(?:(?:by|for|of|to|in|with|from|at|on|about)\s+)?(?:{_ASKING})\b)|\?\s+(?=\w)",
    re.IGNORECASE,
)
MOST_PARTS = 3
"""A question with more of them is a scenario, and is looked for as it stands."""


def parts_of(question: str) -> list[str]:
    """The questions within a question, each with words of its own; none where it asks one thing.

    >>> parts_of("Who welcomed it, and what does the memo ask for?")
    ['Who welcomed it', 'what does the memo ask for?']
    """
    parts = [part.strip() for part in _SEAM.split(question)]
    fit = len(parts) <= MOST_PARTS and all(stems(part) for part in parts)
    return parts if fit and len(parts) > 1 else []
