"""Which sentences of the evidence a claim is to be compared with, and whether it stands in one of them word for word.

A "not" in some other sentence of the evidence must neither excuse nor accuse a claim.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from generator.support.dates import MONTHS
from generator.support.number_words import in_digits
from generator.words import stems
from language import sentence_spans

LEAST_ADDED = 0.15
"""Share of a claim's content that a further sentence has to add."""

_TIDY = str.maketrans({"“": '"', "”": '"', "’": "'", "‘": "'", "\u00a0": " ", "–": "-"})
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_FRAME = re.compile(r"^According to the (?:document|documents|text|excerpt|excerpts|passage|context|source), ", re.I)
_FORMS = [
    (re.compile(r"(?<=\d)\s?(?:per\s?cent\b|%)"), "%"),
    (re.compile(r"(?<!\bca)(?<!\bwo)(?<=[a-z])n't\b| n't\b"), " not"),
]
_FORMS += [
    (re.compile(rf"\b{name[:3]}(?:t(?=\W))?\.?(?=\s\d)|(?<=\d\s){name[:3]}(?:t(?=\W))?\b\.?"), name) for name in MONTHS
]
_TURNING = re.compile(
    r"\b(?:not|no|never|nor|neither|without|if|unless|whether|false|untrue|deny|denie[sd]|doubt(?:s|ed)?|myth|only)\b|n't\b",
    re.IGNORECASE,
)


def matching_sentences(claim: str, evidence: Sequence[str]) -> list[str]:
    """The fewest sentences that hold what the evidence holds of a claim's content, best first.

    >>> matching_sentences("Rain fell in May.", ["Snow fell. In May rain fell.", "It rained."])
    ['In May rain fell.']
    """
    sentences = [text[start:end] for text in evidence for start, end in sentence_spans(text)]
    rest = [(one, stems(one)) for one in sentences]
    content, chosen = stems(claim), list[str]()
    missing = set(content)
    while rest and missing:
        best = max(rest, key=lambda one: (len(missing & one[1]), len(content & one[1]) / max(1, len(one[1]))))
        gain = len(missing & best[1])
        if not gain or (chosen and gain < LEAST_ADDED * len(content)):
            break
        chosen.append(best[0])
        rest.remove(best)
        missing -= best[1]
    return chosen


def stands_verbatim(claim: str, evidence: Sequence[str]) -> bool:
    """Whether a claim is word for word a sentence of the evidence, or the end of one that nothing in front of it turns.

    Of several sentences each has to be.

    Numbers may be written in another form, and "according to the document" may stand in front of the claim.

    "It is not true that rain fell" does not hold the sentence "rain fell"; a title in front of it does no harm.
    """
    wanted = _FRAME.sub("", tidy(claim))
    if not wanted:
        return False
    lowered = wanted[0].lower() + wanted[1:]
    for text in evidence:
        for start, end in sentence_spans(text):
            held = tidy(text[start:end])
            head = held.removesuffix(wanted)
            is_whole = held[:1].lower() + held[1:] == lowered
            if is_whole or (head != held and head.endswith(" ") and not _TURNING.search(head)):
                return True
    parts = sentence_spans(claim)
    return len(parts) > 1 and all(stands_verbatim(claim[start:end], evidence) for start, end in parts)


def tidy(text: str) -> str:
    """The text with plain quotation marks and single spaces, numbers in one form, and no full stop at its end.

    >>> tidy("Twelve “towns”, or 1,250 people (5 per cent).")
    '12 "towns", or 1250 people (5%)'
    """
    plain = _THOUSANDS.sub("", in_digits(" ".join(text.translate(_TIDY).split())))
    for pattern, said in _FORMS:
        plain = pattern.sub(said, plain)
    return plain.removesuffix(".").strip()
