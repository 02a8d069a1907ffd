"""Which documents and questions of a BEIR set are used."""

from __future__ import annotations

from collections.abc import Sequence

from eval.records import EvalCase
from schema import TextDocument


def choose(
    cases: Sequence[EvalCase], documents: Sequence[TextDocument], *, questions: int, limit: int | None
) -> tuple[list[EvalCase], list[TextDocument]]:
    """The first questions that have evidence, and all documents, or at most ``limit`` of them.

    Under a limit, documents with evidence come before the others, each group in the order of the corpus, and questions
    stay whose evidence is all there. Ranking is easier in so small a corpus: such figures say nothing of the set.
    """
    judged = [case for case in cases if case.evidence]
    if limit is None or limit >= len(documents):
        return judged[:questions], list(documents)
    wanted = {piece.source for case in judged[:questions] for piece in case.evidence}
    kept = sorted(documents, key=lambda one: one.path not in wanted)[:limit]
    there = {one.path for one in kept}
    return [case for case in judged[:questions] if all(piece.source in there for piece in case.evidence)], kept
