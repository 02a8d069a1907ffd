"""What a measure is: a name, a definition, where it comes from, and a function of one question and what was answered.

A `Measure` gives one value for each question, and the figure of a set is their mean. A `Summary` is a figure that is
no mean, such as a percentile: a function of columns. Nothing here computes any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

from eval.records import Columns, EvalCase, Outcome, Span, Statement
from schema import Support

Checker = Callable[[str, Sequence[str], str], Support]
"""From a sentence, the texts that it cites and the question to a verdict."""

Group = Literal["retrieval", "answers", "evidence", "citations", "refusals", "support", "time", "cost"]
Unit = Literal["share", "s", "tokens", "count"]
Direction = Literal["higher", "lower"]


@dataclass(frozen=True, eq=False)
class Judged:
    """One question with its outcome, and what several measures need to know of the two, worked out once."""

    case: EvalCase
    outcome: Outcome
    check: Checker

    @cached_property
    def answered(self) -> bool:
        """Whether there is an answer; an empty one is a refusal, whatever its system calls it."""
        return not self.outcome.abstained and bool(self.statements)

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The answer's sentences; an answer that comes in one piece is one, and cites all of the citations."""
        if self.outcome.sentences or not self.outcome.answer.strip():
            return self.outcome.sentences
        return (Statement(self.outcome.answer, tuple(range(1, len(self.outcome.citations) + 1))),)

    @cached_property
    def cited(self) -> tuple[Span, ...]:
        """The citations that a sentence of the answer points to, in their order, each once."""
        return self.citations_of({number for one in self.statements for number in one.citations})

    def citations_of(self, numbers: set[int] | Sequence[int]) -> tuple[Span, ...]:
        """The citations with these numbers, from 1; a number without a citation points to nothing."""
        return tuple(span for number, span in enumerate(self.outcome.citations, start=1) if number in numbers)

    @cached_property
    def verdict(self) -> Callable[[str, tuple[str, ...]], Support]:
        """The checker's verdict on a sentence and the texts it cites, each pair asked once; none support nothing."""

        @cache
        def ask(sentence: str, texts: tuple[str, ...]) -> Support:
            return self.check(sentence, texts, self.case.question) if texts else "unsupported"

        return ask

    @cached_property
    def ranking(self) -> list[str]:
        """The sources of the passages, best first, each at its first passage."""
        return list(dict.fromkeys(passage.source for passage in self.outcome.passages))

    @cached_property
    def grades(self) -> dict[str, int]:
        """The relevance of each source that the evidence names: its highest grade there."""
        ordered = sorted(self.case.evidence, key=lambda piece: piece.grade)
        return {piece.source: piece.grade for piece in ordered}


@dataclass(frozen=True, slots=True)
class Measure:
    """One value for each question.

    Attributes:
        name: as in results and reports.
        group: of the report.
        definition: one sentence for a reader who knows the documents, not the field.
        reference: the paper or page it comes from.
        unit: of the value.
        better: which way is up.
        worst: the value of a question without a result; ``None`` where there is no worst, as with seconds.
        applies: whether the measure says something about a question, whatever was answered.
        of: the value, ``None`` where the answer leaves nothing to judge. It sees only questions with a result.
    """

    name: str
    group: Group
    definition: str
    reference: str
    unit: Unit
    better: Direction
    worst: float | None
    applies: Callable[[EvalCase], bool]
    of: Callable[[Judged], float | None]

    def value(self, judged: Judged) -> float | None:
        """The value for one question: ``None`` where it says nothing, the worst where there is no result."""
        if not self.applies(judged.case):
            return None
        return self.worst if judged.outcome.error else self.of(judged)


@dataclass(frozen=True, slots=True)
class Summary:
    """One figure for a set of questions: a function of the columns that it ``needs``, over any of their rows.

    The other attributes are those of a `Measure`.
    """

    name: str
    group: Group
    definition: str
    reference: str
    unit: Unit
    better: Direction
    needs: tuple[str, ...]
    of: Callable[[Columns], float | None]

    def value(self, columns: Columns) -> float | None:
        """The figure, ``None`` where these rows can't tell or a column that it needs is not there."""
        return self.of(columns) if all(name in columns for name in self.needs) else None


@dataclass(frozen=True, slots=True)
class Helper:
    """A column that summaries need and nobody reads: NaN says nothing, as in a measure."""

    name: str
    of: Callable[[Judged], float | None]


def any_question(case: EvalCase) -> bool:
    """Applies to every question."""
    return True


def answerable(case: EvalCase) -> bool:
    """Applies to questions that the documents answer."""
    return not case.unanswerable


def has_evidence(case: EvalCase) -> bool:
    """Applies to questions whose evidence names a source."""
    return bool(case.evidence)


def has_answers(case: EvalCase) -> bool:
    """Applies to answerable questions with an expected answer."""
    return bool(case.answers)
