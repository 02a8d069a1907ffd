"""Citations after the fact: each sentence of the draft is matched with the evidence that holds its words.

Small models cite badly, so they are never asked to: whatever markers a draft holds are removed, and a sentence is cited
to the fewest evidence sentences that cover its content. A sentence that nothing covers stays uncited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.evidence import Evidence
from generator.reading import Entail
from generator.support.aligning import stands_verbatim
from generator.words import numbers, stems

MOST_CITATIONS = 3
LEAST_COVERAGE = 0.35
"""Share of a sentence's content below which evidence is no match for it."""
LEAST_GAIN = 0.15
"""Share of a sentence's content that a further citation has to add."""

SURE = 2.0
"""A model's logit from which what is cited already carries a sentence, so that nothing more is cited."""
TIE = 0.05
"""Difference in covered content below which a model chooses between two places."""

_MARKERS = re.compile(
    r"\s*(?:\[\^?[\d,;\s^–-]+\]|\[\s*(?:source|excerpt|doc(?:ument)?|ref)\.?\s*\d[^\]]*\]|【[^】]*】"
    r"|\(\s*(?:source|excerpt)[^)]*\)|<sup>[\d,\s]*</sup>"
    r"|(?:(?<=[^\W\d_]{3})|(?<=[.!?,;)\"”]))(?:\^\d{1,2}\b|[¹²³⁰⁴-⁹]+))",
    re.IGNORECASE,
)
_SOURCES_LINE = re.compile(
    r"^[\s*_#>-]*(?:sources?|references|citations|footnotes|bibliography|works cited)[\s*_]*:.*$"
    r"|^\s*\[\^?\d{1,3}\]\s*:.*$|^[\s*_#]*(?:sources|references|citations|footnotes|bibliography)[\s*_]*$",
    re.IGNORECASE | re.MULTILINE,
)
_MARKUP = re.compile(r"\*\*|__|`+|^#+\s*|^\s*(?:[-*•]|\d\d?[.)])\s+", re.MULTILINE)


def clean_draft(text: str) -> str:
    r"""A draft without the citation markers, lists of sources and Markdown that the model made up.

    >>> clean_draft("It was **wet**^1 [2].\nSources: [1] Weather")
    'It was wet.'
    """
    return _MARKERS.sub("", _MARKUP.sub("", _SOURCES_LINE.sub("", text))).strip()


def coverage(sentence: str, evidence: Sequence[str]) -> float:
    """The share of the sentence's content that stands in the evidence together, from 0 to 1; numbers count twice."""
    content = stems(sentence)
    if not content:
        return 0.0
    present = content & set().union(*(stems(text) for text in evidence))
    return _weight(present) / _weight(content)


def cite(sentence: str, evidence: Sequence[Evidence], *, entail: Entail | None = None) -> list[Evidence]:
    """The fewest evidence sentences that cover a sentence, best first; none when nothing does.

    A sentence of the evidence that says it word for word is cited alone. A further one has to add words of its own: its
    title and headings do not count. What later choices cover altogether is left out again.

    Args:
        sentence: of the draft.
        evidence: what the model read, best first, which also breaks ties.
        entail: a model that tells of (sentence, text) whether the one follows from the other. It chooses between places
            that cover as much, and ends the search once it is sure.
    """
    for candidate in evidence:
        if stands_verbatim(sentence, [candidate.text]):
            return [candidate]
    cited: list[Evidence] = []
    covered = 0.0
    while len(cited) < MOST_CITATIONS:
        best, gained = _best_addition(sentence, cited, evidence, entail)
        needed = covered + LEAST_GAIN if cited else LEAST_COVERAGE
        if best is None or gained < needed:
            break
        cited.append(best)
        covered = gained
        if entail and entail([(sentence, " ".join(one.grounds for one in cited))])[0] >= SURE:
            break
    return _without_surplus(sentence, cited)


def _best_addition(
    sentence: str, cited: Sequence[Evidence], evidence: Sequence[Evidence], entail: Entail | None
) -> tuple[Evidence | None, float]:
    """The place that covers most together with what is cited, and the share that they cover then."""
    missing = stems(sentence).difference(*(stems(one.grounds) for one in cited))
    rest = [one for one in evidence if one not in cited and missing & stems(one.text)]
    if not rest:
        return None, 0.0
    held = [one.grounds for one in cited]
    gains = [coverage(sentence, [*held, one.text if cited else one.grounds]) for one in rest]
    best = max(gains)
    near = [place for place, gain in enumerate(gains) if gain >= best - (TIE if entail else 0.0)]
    if entail and len(near) > 1:
        logits = entail([(sentence, rest[place].grounds) for place in near])
        chosen = near[max(range(len(near)), key=lambda place: (logits[place], -place))]
    else:
        chosen = near[0]
    return rest[chosen], gains[chosen]


def _without_surplus(sentence: str, cited: list[Evidence]) -> list[Evidence]:
    """What is cited without places that the others cover, the first ones kept rather than the last."""
    for one in reversed(cited):
        others = [other for other in cited if other is not one]
        whole = coverage(sentence, [other.grounds for other in cited])
        if others and coverage(sentence, [other.grounds for other in others]) == whole:
            cited = others
    return cited


def _weight(content: set[str]) -> int:
    """Content words, with numbers (which are what a reader checks first) counted twice."""
    return len(content) + len(numbers(" ".join(content)))
