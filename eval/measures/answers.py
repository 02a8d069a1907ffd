"""Answers: their words against the expected ones, over the answerable questions that have any.

Any accepted answer will do; where a question takes all of them, the expected answer is all of them in a row. A refusal
of an answerable question is an answer without a right word. Whether an answer is *true* none of these can tell: other
words for the same thing count as wrong, which is why quotes are looked at as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from eval.measures.declaration import Judged, Measure, has_answers
from eval.measures.matching import holds_answer, normalise_answer
from eval.records import EvalCase

SQUAD = "Rajpurkar, Jia, Liang 2018, arXiv:1806.03822"
ROUGE = "Lin 2004, https://aclanthology.org/W04-1013"
CONTAINED = "Liu et al. 2024, arXiv:2307.03172"


def exact_match(text: str, gold: str) -> float:
    """1 when both are the same under SQuAD's normalisation, else 0."""
    return float(normalise_answer(text) == normalise_answer(gold))


def token_f1(text: str, gold: str) -> float:
    """F1 of the tokens that both have, under SQuAD's normalisation; of two texts without tokens it is 1.

    >>> token_f1("on 12 October", "12 October 2022")
    0.6666666666666666
    """
    ours, theirs = normalise_answer(text).split(), normalise_answer(gold).split()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * (Counter(ours) & Counter(theirs)).total() / (len(ours) + len(theirs))


def rouge_l(text: str, gold: str) -> float:
    """F1 of the longest common subsequence of tokens, under SQuAD's normalisation, without stemming.

    >>> rouge_l("police killed the gunman", "gunman killed by police")
    0.2857142857142857
    """
    ours, theirs = normalise_answer(text).split(), normalise_answer(gold).split()
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * common_subsequence(ours, theirs) / (len(ours) + len(theirs))


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Length of the longest common subsequence: one row of the table as the bits of a number (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, token in enumerate(left):
        places[token] = places.get(token, 0) | 1 << place
    full = (1 << len(left)) - 1
    row = full
    for token in right:
        matches = row & places.get(token, 0)
        row = (row + matches | row - matches) & full
    return len(left) - row.bit_count()


def gold_texts(case: EvalCase) -> tuple[str, ...]:
    """What an answer is compared with: each accepted answer, or all in a row where they belong together.

    As in SQuAD's evaluation, an answer without tokens is left out unless there is no other.
    """
    texts = (" ".join(case.answers),) if case.together else case.answers
    return tuple(text for text in texts if normalise_answer(text)) or ("",)


def _best(of: Callable[[str, str], float]) -> Callable[[Judged], float]:
    """The value against the nearest accepted answer."""
    return lambda judged: max(of(judged.outcome.answer, gold) for gold in gold_texts(judged.case))


def _contained(judged: Judged) -> float:
    return float(holds_answer([judged.outcome.answer], judged.case))


def gold_in_answer_or_quote(judged: Judged) -> float:
    """1 when an answer or the words of one of its citations hold the expected answer, else 0."""
    texts = [judged.outcome.answer, *(span.text for span in judged.cited)]
    return float(holds_answer(texts, judged.case))


def short_answer_f1(judged: Judged) -> float:
    """F1 of the words that the first citation with any marks as the answer; of the whole answer where none does."""
    marked = next((span.marked for span in judged.cited if span.marked), judged.outcome.answer)
    return max(token_f1(marked, gold) for gold in gold_texts(judged.case))


def cited_f1(judged: Judged) -> float:
    """F1 of all words that an answer cites, in the order of its citations: what a reader is given to read besides."""
    cited = " ".join(span.text for span in judged.cited)
    return max(token_f1(cited, gold) for gold in gold_texts(judged.case))


def _measure(name: str, definition: str, reference: str, of: Callable[[Judged], float]) -> Measure:
    def unless_refused(judged: Judged) -> float:
        return of(judged) if judged.answered else 0.0

    return Measure(name, "answers", definition, reference, "share", "higher", 0.0, has_answers, unless_refused)


MEASURES = (
    _measure(
        "exact_match",
        "Share of answerable questions whose answer is word for word an expected one, capitals, punctuation and "
        "articles aside.",
        SQUAD,
        _best(exact_match),
    ),
    _measure(
        "answer_f1",
        "How far the words of the answer and of the nearest expected one are the same: lower for missing words and for "
        "extra ones.",
        SQUAD,
        _best(token_f1),
    ),
    _measure(
        "short_answer_f1",
        "The same of the words that the first citation marks as the answer, where the system marks any; else of the "
        "whole answer.",
        SQUAD,
        short_answer_f1,
    ),
    _measure(
        "cited_f1",
        "The same of the words of all that the answer cites: for long answers, which a system that answers in a few "
        "words gives as quotes.",
        SQUAD,
        cited_f1,
    ),
    _measure(
        "gold_contained",
        "Share of answerable questions whose answer holds an expected answer word for word.",
        CONTAINED,
        _contained,
    ),
    _measure(
        "rouge_l",
        "How far the words of the answer come in the order of the nearest expected one: for long answers.",
        ROUGE,
        _best(rouge_l),
    ),
    _measure(
        "gold_in_answer_or_quote",
        "Share of answerable questions whose expected answer stands word for word in the answer or in a passage that "
        "it cites.",
        CONTAINED,
        gold_in_answer_or_quote,
    ),
)
