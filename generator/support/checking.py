"""The support check: does the cited evidence hold what a sentence says?

Exact rules first: numbers with their units, dates, names, and the words that turn a sentence, each compared with the
sentences of the evidence that match it. What they find wrong makes a sentence unsupported; what they find loose makes
it partly supported at best. A model's logit of support, where there is one, moves the score between those; it never
excuses a number that is not there. The score is a logistic blend (`Blend`) that `footnote eval checker --fit` fits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from generator.citing import LEAST_COVERAGE, coverage
from generator.reading import Entail
from generator.support.aligning import matching_sentences, stands_verbatim
from generator.support.dates import Date, date_faults, dates, without_dates
from generator.support.echoing import REPEATS, echoed, only_repeats
from generator.support.modality import turn_faults
from generator.support.naming import name_faults
from generator.support.placing import place_faults
from generator.support.quantities import AMOUNT, Quantity, amount_faults, quantities
from generator.words import names, stems, words
from schema import Support

FULL_COVERAGE = 0.6
"""Share of a sentence's content from which its words count as held by the evidence."""
DOUBTED, REFUTED = 0.7, 0.2
"""Blended score below which a sentence without a fault is partly supported, and not supported, if a model is asked.

Chosen from the table of thresholds that the command of the weights prints (docs/checker.md).
"""

FIRST = Quantity(Decimal(1), "ordinal")
"""Often a matter of style: it need not stand in the very sentence that matches."""
_ANSWER_OPENING = re.compile(r"^\s*(?:yes|no)[,.:]\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Support with a score from 0 to 1 and what was found wrong, as sentences for the reader."""

    support: Support
    score: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules find: grave faults, loose ends, and the share of the content that the evidence holds, 0 to 1.

    ``echo`` tells of words that are the question's alone: a loose end, unless a model finds that other words of the
    evidence say the same.
    """

    hard: tuple[str, ...]
    soft: tuple[str, ...]
    coverage: float
    verbatim: bool = False
    echo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights of a logistic score: a constant, and one for each sign; ``entail`` for each unit of a model's logit."""

    constant: float
    coverage: float
    hard: float
    soft: float
    entail: float = 0.0

    def probability(self, findings: Findings, logit: float | None = None) -> float:
        """The blended score, from 0 to 1."""
        signs = (1.0, findings.coverage, float(bool(findings.hard)), float(bool(findings.soft)), logit or 0.0)
        weights = (self.constant, self.coverage, self.hard, self.soft, self.entail)
        total = math.fsum(weight * sign for weight, sign in zip(weights, signs, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


RULES = Blend(constant=-3.4, coverage=6.64, hard=-7.25, soft=-4.73)
WITH_MODEL = Blend(constant=-1.9, coverage=3.79, hard=-6.62, soft=-3.23, entail=0.81)
"""Fitted by `footnote eval checker squad2 clapnq_dev conditionalqa --fit scifact --fit medquad_liveqa --limit 100`."""


def check_support(
    sentence: str,
    evidence: Sequence[str],
    question: str,
    *,
    documents: Sequence[str] = (),
    entail: Entail | None = None,
) -> Verdict:
    """Check one sentence of an answer.

    Args:
        sentence: of the answer.
        evidence: the texts it is cited to, with the titles and dates of their documents.
        question: whose names a sentence may repeat.
        documents: the same texts, joined by document. A sentence whose names no single document holds has to be in
            their words: from "X heads A" and "Y heads B" a model makes "X succeeded Y" with every name in its place.
        entail: a model that reads (sentence, evidence) and tells how likely the one follows from the other.

    Returns:
        A verdict; a sentence that stands word for word in its evidence is supported, whatever a model says.
    """
    if not evidence:
        return Verdict("unsupported", 0.0, ("Nothing in the documents was found to match this sentence.",))
    findings = find_faults(sentence, evidence, question, documents=documents)
    asks = entail is not None and not findings.verbatim and not findings.hard
    logit = entail([(sentence, " ".join(evidence))])[0] if asks and entail else None
    score = (WITH_MODEL if logit is not None else RULES).probability(findings, logit)
    doubted = logit is None or score < DOUBTED
    problems = findings.hard + findings.soft + (findings.echo if doubted else ())
    return Verdict(_support(findings, None if logit is None else score), round(score, 3), problems)


def find_faults(sentence: str, evidence: Sequence[str], question: str, *, documents: Sequence[str] = ()) -> Findings:
    """What the rules alone find; the arguments are those of `check_support`, with some evidence."""
    if stands_verbatim(sentence, evidence):
        return Findings((), (), 1.0, verbatim=True)
    claim, held = _ANSWER_OPENING.sub("", sentence), "\n".join(evidence)
    matching = matching_sentences(claim, evidence)
    hard, soft = _number_faults(claim, held, matching)
    for found, loose in (name_faults(claim, matching, held, question), turn_faults(claim, matching)):
        hard, soft = hard + found, soft + loose
    hard += [] if hard else place_faults(claim, matching)
    hard += [REPEATS] if only_repeats(claim, question) else []
    if added := _joining_words(claim, documents):
        hard.append(f"It joins {len(documents)} documents by words that none of them uses: {', '.join(sorted(added))}.")
    share = coverage(claim, [*evidence, _in_other_forms(claim, held)])
    echo = echoed(claim, held, question)
    return Findings(tuple(dict.fromkeys(hard)), tuple(dict.fromkeys(soft)), share, echo=echo)


def _number_faults(claim: str, held: str, matching: Sequence[str]) -> tuple[list[str], list[str]]:
    """Numbers and dates that the evidence does not hold, and those that only another sentence of it holds."""
    of_claim = dates(claim)
    amounts = quantities(without_dates(claim, of_claim))
    hard, soft = _faults_in(amounts, of_claim, held)
    if not hard:
        telling = [one for one in amounts if one != FIRST]
        elsewhere, loose = _faults_in(telling, of_claim, "\n".join(matching))
        told = [fault.replace("is not in the cited text", "is only elsewhere in the cited text") for fault in elsewhere]
        soft = [*dict.fromkeys(soft + told + loose)]
    return hard, soft


def _in_other_forms(claim: str, held: str) -> str:
    """The numbers and units of a claim, if the evidence holds all of them, in whatever form: they are covered then."""
    known = quantities(held)
    if any(not any(one.same_amount(other) for other in known) for one in quantities(claim)):
        return ""
    return " ".join(match.group() for match in AMOUNT.finditer(claim))


def _faults_in(amounts: Sequence[Quantity], of_claim: Sequence[Date], held: str) -> tuple[list[str], list[str]]:
    known = quantities(held)
    years = {int(one.value) for one in known if not one.unit and one.value == one.value.to_integral_value()}
    wrong_dates, loose_dates = date_faults(of_claim, dates(held), years)
    wrong, loose = amount_faults(amounts, known)
    return wrong_dates + wrong, loose_dates + loose


def _support(findings: Findings, blended: float | None) -> Support:
    """The verdict; ``blended`` is the score with a model's part in it, where one was asked."""
    if findings.verbatim:
        return "supported"
    refuted = findings.coverage < LEAST_COVERAGE if blended is None else blended < REFUTED
    if findings.hard or refuted:
        return "unsupported"
    doubted = findings.coverage < FULL_COVERAGE if blended is None else blended < DOUBTED
    return "partly" if findings.soft or doubted or (findings.echo and blended is None) else "supported"


def _joining_words(sentence: str, documents: Sequence[str]) -> set[str]:
    """The content that a sentence adds to documents each of which holds only some of its names."""
    if len(documents) < 2 or any(names(sentence) <= set(words(text)) for text in documents):
        return set()
    return stems(sentence) - stems(" ".join(documents))
