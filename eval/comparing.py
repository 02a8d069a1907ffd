"""Compares two runs question by question: pairs them, tests every measure, and says in words what came of it.

Reads runs and nothing else. Runs over other questions or other documents are refused, or compared on what they share.
"""

from __future__ import annotations

from dataclasses import dataclass

from eval.verdicts import Difference, Verdict

__all__ = ["Comparison", "Difference", "Verdict"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A over the ``questions`` that both were asked.

    ``differences`` are in the order of the measures; ``notices`` say what else is different, as sentences;
    ``only_in_a`` and ``only_in_b`` are the ids of questions that were left out.
    """

    name_a: str
    name_b: str
    questions: int
    differences: tuple[Difference, ...]
    min_effect: float
    notices: tuple[str, ...] = ()
    only_in_a: tuple[str, ...] = ()
    only_in_b: tuple[str, ...] = ()
