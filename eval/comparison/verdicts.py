"""What a difference comes to: better, worse, no different or not to be told, and the sentence that says so.

Reads the figures of one measure in two runs and knows nothing of how they were found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Verdict = Literal["better", "worse", "no different", "cannot tell", "not tested"]

UNITS = {"share": "", "count": "", "s": " s", "tokens": " tokens"}
"""What is written after a figure."""


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


def judge(one: Difference, *, alpha: float, needed: int | None) -> Difference:
    """The same difference with its verdict and the sentence for it.

    Args:
        one: with its figures; whatever verdict it has is not read.
        alpha: the level of the test after Holm's correction.
        needed: how many questions would tell the smallest effect, if these say so.
    """
    judged = replace(one, verdict=_verdict(one, alpha))
    if judged.verdict == "cannot tell" and needed is not None and needed > one.pairs:
        judged = replace(judged, questions_needed=needed)
    return replace(judged, words=_say(judged, varies=needed is not None))


def describe(one: Difference) -> Difference:
    """The same difference with the sentence for a summary, which has an interval but no test."""
    if one.difference is None:
        words = "Not tested: one of the runs can't tell this figure."
    else:
        words = f"Not tested: {_figures(one)}. This is a figure of the whole set, not a mean over its questions."
    return replace(one, verdict="not tested", words=words)


def amount(value: float, unit: str, *, sign: bool = False, fine: bool = False) -> str:
    """A figure in its unit, as people write it: 0.71, +0.07, 1.24 s, 1,310 tokens; ``fine`` gives one more digit."""
    decimals = (1 if unit in ("tokens", "count") else 2) + fine
    if unit in ("tokens", "count") and abs(value) >= 100:
        decimals = 0
    return f"{value:{'+' if sign else ''}z,.{decimals}f}{UNITS.get(unit, f' {unit}')}"


def _verdict(one: Difference, alpha: float) -> Verdict:
    if one.difference is None or one.low is None or one.high is None or one.p_holm is None:
        return "cannot tell"
    smallest = (one.smallest_effect or 0.0) * (1 + 1e-9)  # rounding must not decide
    if one.p_holm < alpha and abs(one.difference) * (1 + 2e-9) >= smallest:
        return "better" if (one.difference > 0) == (one.better == "higher") else "worse"
    return "no different" if max(-one.low, one.high) <= smallest else "cannot tell"


def _say(one: Difference, *, varies: bool) -> str:
    if one.pairs < 2 or one.difference is None or one.smallest_effect is None:
        count = "only one question has" if one.pairs == 1 else "no question has"
        return f"Cannot tell: {count} a value in both runs."
    smallest = amount(one.smallest_effect, one.unit, fine=one.smallest_effect < 0.01)
    if one.verdict == "no different" and one.low == one.high == 0:
        return f"No different: {amount(one.b or 0.0, one.unit)} in both, the same on each of {one.pairs:,} questions."
    if one.verdict == "no different":
        return f"No different within {smallest}: {_figures(one)}."
    if one.verdict != "cannot tell":
        return f"{one.verdict.capitalize()}: {_figures(one)}."
    return f"Cannot tell: {_figures(one)}; {_what_would_tell(one, smallest, varies=varies)}."


def _what_would_tell(one: Difference, smallest: str, *, varies: bool) -> str:
    """What it would take to tell; a number only where these questions allow a guess and are not enough themselves."""
    if one.questions_needed is not None:
        return f"about {_rounded(one.questions_needed):,} questions would tell a difference of {smallest}"
    if not one.smallest_effect:
        return "with a smallest difference of 0 nothing can be said of how many questions it would take"
    if not varies:
        return "every question changed alike, which says nothing of how much they vary"
    return f"it lies too close to {smallest}, the smallest difference that counts"


def _figures(one: Difference) -> str:
    """A, B and their difference with its interval, test and number of questions."""
    assert one.a is not None and one.b is not None and one.difference is not None  # noqa: S101  (checked)
    values = [abs(value) for value in (one.difference, one.low, one.high) if value]
    fine = bool(values) and min(values) < 0.01
    parts = [amount(one.difference, one.unit, sign=True, fine=fine)]
    if one.low is not None and one.high is not None:
        ends = (amount(end, one.unit, sign=True, fine=fine) for end in (one.low, one.high))
        parts.append(f"95 % interval {' to '.join(ends)}")
    if one.p_holm is not None:
        chance = "below 0.001" if one.p_holm < 0.001 else f"{one.p_holm:.2g}"
        parts.append(f"p {chance} after Holm's correction")
    parts.append(f"{one.pairs:,} questions")
    before, after = (amount(value, one.unit, fine=fine) for value in (one.a, one.b))
    return f"{before} -> {after} ({', '.join(parts)})"


def _rounded(count: int) -> int:
    """To two digits: it is a guess."""
    step = int(10 ** max(0, len(str(count)) - 2))
    return -(-count // step) * step
