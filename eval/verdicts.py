"""What the difference of two runs comes to: better, worse, no different or not to be told, and the sentence that says so.

Reads figures and knows nothing of how they were found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["better", "worse", "no different", "cannot tell", "not tested"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in two runs, A and B, over the ``pairs`` questions that both have a value for.

    ``a`` and ``b`` are means over these pairs (of a summary: its value), ``difference`` is B less A with its 95 %
    interval from ``low`` to ``high``; all in ``unit``, and ``None`` where there is nothing to compare. ``p`` is of the
    permutation test, ``p_holm`` the same after Holm's correction; both ``None`` where nothing was tested.
    ``smallest_effect`` is the smallest difference that counts, in ``unit``. ``questions_needed`` is about how many
    questions would tell such a difference, where the verdict is "cannot tell" and the pairs allow a guess.
    """

    measure: str
    group: str
    unit: str
    better: str
    pairs: int
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    verdict: Verdict
    words: str
    questions_needed: int | None = None
    smallest_effect: float | None = None
