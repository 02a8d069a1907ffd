"""Evidence: whether the quotes shown, the citations and the passages are the places that hold the answer.

Over answerable questions whose evidence is known. Quotes count also when the answer was refused, since a reader sees
them all the same; sources and pages are those of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from eval.measures.declaration import Judged, Measure, any_question, has_evidence
from eval.measures.matching import can_hold_gold, holds_gold
from eval.records import EvalCase, Evidence, Span

SMITH = "Smith, Troynikov 2024, https://research.trychroma.com/evaluating-chunking"
ATTRIBUTION = "Rashkin et al. 2023, arXiv:2112.12870"
PASSAGES = "Karpukhin et al. 2020, arXiv:2004.04906"
RECORD = "Footnote, docs/decisions/010-evaluation.md"

Stretch = tuple[str, int, int]
"""Characters of a source: its name, the first, and the one after the last."""


def _places(pieces: Iterable[Evidence | Span]) -> list[Stretch]:
    return [(one.source, one.start, one.end) for one in pieces if one.start is not None and one.end is not None]


def merge(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same characters, each once, in order.

    >>> merge([("a", 4, 9), ("a", 0, 5), ("b", 1, 2)])
    [('a', 0, 9), ('b', 1, 2)]
    """
    merged: list[Stretch] = []
    for source, start, end in sorted(stretches):
        if merged and merged[-1][0] == source and start <= merged[-1][2]:
            merged[-1] = (source, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((source, start, end))
    return merged


def length(stretches: Iterable[Stretch]) -> int:
    """How many characters there are in all."""
    return sum(end - start for _, start, end in stretches)


def overlap(left: Iterable[Stretch], right: Iterable[Stretch]) -> int:
    """How many characters two sets of stretches share; each set has to be merged."""
    others = list(right)
    return sum(
        max(0, min(end, other_end) - max(start, other_start))
        for source, start, end in left
        for other, other_start, other_end in others
        if other == source
    )


def _gold(case: EvalCase) -> list[list[Stretch]]:
    """The places that would do, each as its stretches: all as one where they belong together."""
    places = _places(case.evidence)
    return [merge(places)] if case.together else [[place] for place in places]


def _shown(judged: Judged) -> list[Stretch] | None:
    """Where the quotes stand; ``None`` when there are quotes and none says where."""
    places = _places(judged.outcome.quotes)
    return None if judged.outcome.quotes and not places else places


def _quote_recall(judged: Judged) -> float | None:
    if (shown := _shown(judged)) is None:
        return None
    return max(overlap(gold, merge(shown)) / max(length(gold), 1) for gold in _gold(judged.case))


def _quote_precision(judged: Judged) -> float | None:
    if (shown := _shown(judged)) is None:
        return None
    return overlap(merge(_places(judged.case.evidence)), merge(shown)) / max(length(shown), 1)


def _quote_iou(judged: Judged) -> float | None:
    """Of the place that is met best: shared characters over its own and all that were shown beside any place."""
    if (shown := _shown(judged)) is None:
        return None
    beside = length(shown) - overlap(merge(_places(judged.case.evidence)), merge(shown))
    places = _gold(judged.case)
    return max(overlap(gold, merge(shown)) / max(length(gold) + beside, 1) for gold in places)


def _has_offsets(case: EvalCase) -> bool:
    return bool(case.evidence) and len(_places(case.evidence)) == len(case.evidence)


def _has_pages(case: EvalCase) -> bool:
    return any(piece.page is not None for piece in case.evidence)


def _right_source(judged: Judged) -> float | None:
    cited = {span.source for span in judged.cited}
    return _among([piece.source in cited for piece in judged.case.evidence], judged)


def _right_page(judged: Judged) -> float | None:
    pages = {(span.source, page) for span in judged.cited for page in (span.page, None)}
    return _among([(piece.source, piece.page) in pages for piece in judged.case.evidence], judged)


def _among(found: Sequence[bool], judged: Judged) -> float | None:
    """1 when one of the places is among the cited ones (all, where they belong together); of answers alone."""
    enough = all if judged.case.together else any
    return float(enough(found)) if judged.answered else None


def _verbatim(judged: Judged) -> float | None:
    good, shown = judged.outcome.verbatim or (0, 0)
    return good / shown if shown else None


def _quotes_gold_at(k: int) -> Measure:
    first = "quote" if k == 1 else f"{k} quotes"
    return _measure(
        f"quotes_gold_at_{k}",
        f"Share of questions whose evidence stands in the first {first} shown.",
        PASSAGES,
        can_hold_gold,
        lambda judged: float(holds_gold(judged.outcome.quotes[:k], judged.case)),
    )


def _measure(
    name: str,
    definition: str,
    reference: str,
    applies: Callable[[EvalCase], bool],
    of: Callable[[Judged], float | None],
) -> Measure:
    return Measure(name, "evidence", definition, reference, "share", "higher", 0.0, applies, of)


MEASURES = (
    _quotes_gold_at(1),
    _quotes_gold_at(3),
    _quotes_gold_at(5),
    _measure(
        "quote_recall", "Share of the evidence's characters that the quotes show.", SMITH, _has_offsets, _quote_recall
    ),
    _measure(
        "quote_precision",
        "Share of the characters shown as quotes that belong to the evidence.",
        SMITH,
        _has_offsets,
        _quote_precision,
    ),
    _measure(
        "quote_iou",
        "How far quotes and evidence are the same characters: what they share over all that either has.",
        SMITH,
        _has_offsets,
        _quote_iou,
    ),
    _measure(
        "right_source",
        "Share of answers to answerable questions that cite a source with the evidence.",
        ATTRIBUTION,
        has_evidence,
        _right_source,
    ),
    _measure(
        "right_page",
        "Share of answers that cite a page with the evidence; evidence without a page counts by its document.",
        ATTRIBUTION,
        _has_pages,
        _right_page,
    ),
    _measure(
        "passages_gold",
        "Share of questions whose evidence stands whole in one of the passages found.",
        PASSAGES,
        can_hold_gold,
        lambda judged: float(holds_gold(judged.outcome.passages, judged.case)),
    ),
    # An error shows nothing that could be misquoted, so that it has no worst value here.
    Measure(
        "quotes_verbatim",
        "evidence",
        "Share of the quotes and citations shown that stand in their source, character for character.",
        RECORD,
        "share",
        "higher",
        None,
        any_question,
        _verbatim,
    ),
)
