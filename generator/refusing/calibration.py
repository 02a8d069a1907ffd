"""A calibration: it turns signals of a question and its evidence into a probability, and a promise into a threshold.

The probability that the documents answer is a logistic regression over standardised signals; the table says, for each
probability from which one may answer, how often that went wrong on the questions it was fitted on. So a person sets
refusals by what they mean ("false refusals at most 20%"). What this module does not do: fit (`eval.calibration`),
compute signals (`generator.refusing.answerability`), or read files (`generator.refusing.calibration_files`).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from schema import FootnoteError

Kind = Literal["wrong answers", "false answers", "false refusals"]
KINDS: Mapping[Kind, str] = {
    "wrong answers": "wrong",
    "false answers": "false_answers",
    "false refusals": "false_refusals",
}
"""What a promise may be about, each with its field in the table."""

FEWEST_ANSWERS = 20
"""Answers from which a share of wrong ones says anything: a threshold with fewer keeps no promise about them."""

_PROMISE = re.compile(r"(wrong answers|false answers|false refusals) at most (\d{1,3}(?:\.\d+)?) ?%")


@dataclass(frozen=True, slots=True)
class Feature:
    """One signal: its mean and scale on the questions fitted, and its weight once it is standardised by these."""

    name: str
    mean: float
    scale: float
    weight: float


@dataclass(frozen=True, slots=True)
class Operating:
    """What answering from a probability on meant on the questions fitted; shares from 0 to 1.

    ``answered`` is the share of all questions that got an answer, ``answers`` their number. ``wrong`` is the share of
    these answers that are wrong: the question is unanswerable, or neither answer nor quotes hold what was expected.
    ``false_answers`` is the share of the unanswerable questions that were answered, ``false_refusals`` the share of the
    answerable ones that were refused. ``None`` where there is nothing to take a share of.
    """

    answer_from: float
    answers: int
    answered: float
    wrong: float | None
    false_answers: float | None
    false_refusals: float | None


@dataclass(frozen=True, slots=True)
class Promise:
    """What refusals are set by: of this kind of mistake, at most this share."""

    kind: Kind
    most: float

    def __str__(self) -> str:
        """As it is written in settings."""
        return f"{self.kind} at most {self.most:.4%}".rstrip("%").rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights over signals, and the table that promises are looked up in, by rising ``answer_from``.

    ``fitted_with`` names the models whose scores the signals were; ``about`` is for people: sets, dates, figures.
    """

    features: tuple[Feature, ...]
    bias: float
    table: tuple[Operating, ...]
    fitted_with: Mapping[str, str] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def probability(self, signals: Mapping[str, float | None]) -> float:
        """The probability that the documents answer, from 0 to 1; a signal that is missing counts as its mean."""
        total = self.bias
        for one in self.features:
            value = signals.get(one.name)
            if value is not None and math.isfinite(value):
                total += one.weight * (value - one.mean) / one.scale
        return 1.0 / (1.0 + math.exp(-total)) if total >= 0 else math.exp(total) / (1.0 + math.exp(total))

    def operating_point(self, promise: Promise) -> Operating:
        """The row of the table that keeps a promise and refuses or answers the least for it.

        A limit on false refusals is kept by answering much: of its rows the one with the highest threshold is taken,
        which answers the fewest unanswerable questions. Limits on wrong and on false answers are kept by refusing much:
        of theirs, the one with the lowest threshold.

        Raises:
            FootnoteError: when no row keeps the promise, naming the least that can be promised.
        """
        name = KINDS[promise.kind]
        rows = [row for row in self.table if _says_something(row, name)]
        kept = [row for row in rows if getattr(row, name) <= promise.most]
        if kept:
            return kept[-1 if name == "false_refusals" else 0]
        if not rows:
            raise FootnoteError(
                f"The calibration says nothing of {promise.kind}: none of its questions "
                f"{'is answerable' if name == 'false_refusals' else 'could tell'}. Promise something else."
            )
        least = min(rows, key=lambda row: float(getattr(row, name)))
        raise FootnoteError(
            f"No threshold of the calibration keeps {promise}: the least is {getattr(least, name):.1%}, with "
            f"{least.answered:.0%} of its questions answered. Promise less, or calibrate on other questions."
        )

    @property
    def sha(self) -> str:
        """Twelve digits that change with what the calibration decides; not with what it tells people."""
        decides = [[asdict(one) for one in self.features], self.bias, [asdict(row) for row in self.table]]
        return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Rule:
    """When to answer: from this probability on, by this calibration."""

    calibration: Calibration
    answer_from: float


def rule_of(calibration: Calibration, promise: Promise) -> Rule:
    """The rule that keeps a promise; FootnoteError when the calibration has none."""
    return Rule(calibration, calibration.operating_point(promise).answer_from)


def _says_something(row: Operating, name: str) -> bool:
    return getattr(row, name) is not None and (name != "wrong" or row.answers >= FEWEST_ANSWERS)


def parse_promise(text: str) -> Promise:
    """Read a promise as it is written in settings.

    >>> parse_promise("false refusals at most 20%")
    Promise(kind='false refusals', most=0.2)

    Raises:
        FootnoteError: naming the forms that are understood.
    """
    found = _PROMISE.fullmatch(" ".join(text.lower().split()))
    if not found or float(found[2]) > 100:
        raise FootnoteError(
            f"{text!r} is no promise. Write one of: "
            + ", ".join(f'"{kind} at most 20%"' for kind in KINDS)
            + ", with any percentage up to 100."
        )
    kind: Kind = next(kind for kind in KINDS if kind == found[1])
    return Promise(kind, round(float(found[2]) / 100, 12))


def foreign_models(calibration: Calibration, **models: str) -> str:
    """A sentence on the models that score otherwise than those fitted with; empty when they are the same.

    Args:
        calibration: with the names of its models.
        models: by role, such as ``reranker``, the names and hashes of those in use.
    """
    changes = [
        f"{role} {calibration.fitted_with.get(role, 'none')} (now {name})"
        for role, name in models.items()
        if calibration.fitted_with.get(role, "none") != name
    ]
    return f"The calibration was fitted with {' and '.join(changes)}." if changes else ""
