"""Citations after the fact: each sentence of the draft is matched with the evidence that holds its words.

Small models cite badly, so they are never asked to: whatever markers a draft holds are removed, and a sentence is cited
to the fewest evidence sentences that cover its content. A sentence that nothing covers stays uncited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.evidence import Evidence
from generator.words import numbers, stems

MOST_CITATIONS = 3
LEAST_COVERAGE = 0.35
"""Share of a sentence's content below which evidence is no match for it."""
LEAST_GAIN = 0.15
"""Share of a sentence's content that a further citation has to add."""

_MARKERS = re.compile(r"\s*(?:\[[\d,;\s^–-]+\]|【[^】]*】|\(\s*(?:source|excerpt)[^)]*\))", re.IGNORECASE)
_MARKUP = re.compile(r"\*\*|__|`+|^#+\s*|^\s*(?:[-*•]|\d\d?[.)])\s+", re.MULTILINE)


def clean_draft(text: str) -> str:
    """A draft without citation markers and Markdown that the model made up."""
    return _MARKUP.sub("", _MARKERS.sub("", text)).strip()


def coverage(sentence: str, evidence: Sequence[str]) -> float:
    """The share of the sentence's content that stands in the evidence together, from 0 to 1; numbers count twice."""
    content = stems(sentence)
    if not content:
        return 0.0
    present = content & set().union(*(stems(text) for text in evidence))
    return _weight(present) / _weight(content)


def cite(sentence: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The fewest evidence sentences that cover a sentence, best first; none when nothing does.

    Args:
        sentence: of the draft.
        evidence: what the model read, best first, which also breaks ties.
    """
    cited: list[Evidence] = []
    covered = 0.0
    while len(cited) < MOST_CITATIONS:
        rest = [candidate for candidate in evidence if candidate not in cited]
        if not rest:
            break
        gains = [coverage(sentence, [one.grounds for one in (*cited, candidate)]) for candidate in rest]
        best = max(range(len(rest)), key=lambda place: (gains[place], -place))
        needed = covered + LEAST_GAIN if cited else LEAST_COVERAGE
        if gains[best] < needed:
            break
        cited.append(rest[best])
        covered = gains[best]
    return cited


def _weight(content: set[str]) -> int:
    """Content words, with numbers (which are what a reader checks first) counted twice."""
    return len(content) + len(numbers(" ".join(content)))
