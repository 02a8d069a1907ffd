"""Puts a calibration into words and characters for a terminal: what it is worth, what promises cost, the curve.

Nothing here computes a figure.
"""

from __future__ import annotations

from collections.abc import Sequence

from eval.calibration.calibrating import Calibrated
from eval.calibration.checking import Check
from generator.refusing.calibration import Operating

HEADINGS = ("promise", "answered", "of these wrong", "unanswerable answered", "answerable refused")
WIDTH, HEIGHT = 50, 8


def check_sentences(name: str, check: Check) -> list[str]:
    """What a calibration is worth on a set, as sentences."""
    about = f"{name}: {check.questions} questions that it was not fitted on, {check.answerable} of them answerable."
    if check.auroc is None or check.interval is None:
        return [f"{about} They are all of one kind, so that nothing can be told apart."]
    alone = f"; by the best sentence's score alone, {check.alone:.3f}" if check.alone is not None else ""
    return [
        about,
        f"  An answerable question gets the higher probability {check.auroc:.3f} of the time (AUROC, 95 % interval "
        f"{check.interval[0]:.3f} to {check.interval[1]:.3f}{alone}).",
        f"  Brier score {check.brier:.3f}; probabilities are off by {check.calibration_error:.3f} on average.",
    ]


def promise_rows(check: Check) -> list[tuple[str, ...]]:
    """What each promise came to on the questions of a check, as a table with headings."""
    return [HEADINGS, *((words, *_shares(point)) for words, point in check.points)]


def rule_sentence(made: Calibrated) -> str:
    """What the threshold in use is, and what it is kept by."""
    return (
        f"To keep {made.promise}, Footnote answers from a probability of {made.at.answer_from:.3f} on: of the "
        f"{sum(made.fitted_on.values())} questions fitted it answers {made.at.answered:.0%}."
    )


def draw_curve(curve: Sequence[tuple[float, float]]) -> list[str]:
    """The risk-coverage curve in characters: coverage to the right, risk upwards, from 0 to the highest risk."""
    if not curve:
        return []
    top = max(0.1, *(risk for _, risk in curve))
    rows = [[" "] * WIDTH for _ in range(HEIGHT)]
    for coverage, risk in curve:
        column, level = min(int(coverage * WIDTH), WIDTH - 1), min(int(risk / top * HEIGHT), HEIGHT - 1)
        rows[HEIGHT - 1 - level][column] = "*"
    names = [f"{top:.0%}", *[""] * (HEIGHT - 2), "0%"]
    lines = [f"{name:>5} |{''.join(row)}".rstrip() for name, row in zip(names, rows, strict=True)]
    axis = "0%".ljust(WIDTH - 4) + "100%"
    return ["wrong", *lines, " " * 6 + "+" + "-" * WIDTH, f"{'':7}{axis} answered"]


def _shares(point: Operating) -> tuple[str, ...]:
    shares = (point.answered, point.wrong, point.false_answers, point.false_refusals)
    return tuple("-" if share is None else f"{share:.0%}" for share in shares)
